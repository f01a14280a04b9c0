import Comparison
import Foundation
import Quantities
import TestSupport
import Testing

@Suite struct PairComparisonTests {
    private let music = Studio.music(seconds: 6)

    @Test func `equal bytes are said to be equal, and nothing else is measured`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", music)
        let report = try studio.compare("a.wav", "b.wav")
        #expect(report.pairs[0].relation == .identicalFiles)
        #expect(report.exitCode == 0 && report.isSame)
    }

    @Test func `equal samples in another wrapping are equal`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.flac("b.flac", music)
        let report = try studio.compare("a.wav", "b.flac")
        #expect(report.pairs[0].relation == .identicalSamples && report.exitCode == 0)
    }

    @Test func `equal samples at a depth that holds them are equal`() throws {
        let studio = try Studio()
        let coarse = music.map { $0.map { ($0 * 32_768).rounded() / 32_768 } }
        try studio.write("a.wav", coarse, format: .integer16)
        try studio.write("b.wav", coarse, format: .float32)
        let report = try studio.compare("a.wav", "b.wav")
        #expect(report.pairs[0].relation == .identicalSamples && report.exitCode == 0)
    }

    @Test(arguments: [0, 1, 143_999, 144_000, 287_999])
    func `one flipped bit is found at its frame and channel`(frame: Int) throws {
        let studio = try Studio()
        var changed = music
        changed[1][frame] += 0x1p-23
        try studio.write("a.wav", music)
        try studio.write("b.wav", changed)
        let result = try studio.result("a.wav", "b.wav")
        let first = try #require(result.aligned?.first)
        #expect(first.frame == frame && first.channel == 1 && first.frameInB == frame)
        #expect(abs(first.valueB - first.valueA - 0x1p-23) < 1e-12)
        #expect(result.aligned?.differingFrameCount == 1)
        #expect(result.relation == .different)
        let peak = try #require(result.aligned?.peakDecibels)
        #expect(abs(peak - 20 * log10(0x1p-23)) < 0.001)
        #expect(result.aligned?.peakPlace?.frame == frame)
    }

    @Test(arguments: [1, -1, 480, -7_919, 23_999])
    func `a shift is found to the frame`(shift: Int) throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        let shifted = music.map { plane in
            shift > 0 ? [Double](repeating: 0, count: shift) + plane : Array(plane.dropFirst(-shift))
        }
        try studio.write("b.wav", shifted)
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.alignment?.lagFrames == shift && result.alignment?.isConfident == true)
        #expect(result.aligned?.peakDecibels == -.infinity)
        #expect((result.asIs?.peakDecibels ?? -.infinity) > -40)
        #expect(result.extras.count == 1 && result.extras[0].isHead && result.extras[0].frames.count == abs(shift))
        // The same sound, but not at the same place.
        #expect(result.relation == .different)
    }

    @Test func `unlike sounds are compared as they stand`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", Studio.music(seconds: 7).map { $0.suffix(240_000).map { $0 * $0 } })
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.alignment?.lagFrames == 0 && result.alignment?.isConfident == false)
        #expect(result.gain?.isConfident == false && result.matched == nil)
    }

    @Test(arguments: [0.5, -3.0, 0.02])
    func `a gain is found, and what is left without it`(decibels: Double) throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", scaled(music, pow(10, decibels / 20)))
        let result = try studio.result("a.wav", "b.wav")
        let gain = try #require(result.gain)
        #expect(gain.isConfident && !gain.isPolarityFlipped)
        let fact = Fact(
            "Comparison", "gain of \(decibels) dB over a file of 24 bits, error", abs(gain.decibels - decibels),
            .atMost(0.0001), unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect((result.matched?.peakDecibels ?? 0) < -130)
        #expect(result.regions.isEmpty && result.relation == .different)
    }

    @Test func `an edit does not pull the gain to its side`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        let louder = scaled(music, pow(10, 0.5 / 20))
        try studio.write("b.wav", scaled(louder, 2, frames: 48_000..<96_000))
        let result = try studio.result("a.wav", "b.wav")
        #expect(abs((result.gain?.decibels ?? 0) - 0.5) < 0.001)
        #expect(result.regions.count == 1)
        #expect(abs((result.regions.first?.startSeconds ?? 0) - 1) < 0.02)
        // Besides the gain.
        #expect(abs((result.regions.first?.loudnessChange ?? 0) - 6.02) < 0.05)
    }

    @Test func `flipped polarity is recognised`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", scaled(music, -1))
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.gain?.isPolarityFlipped == true && result.alignment?.lagFrames == 0)
        #expect(abs(result.gain?.decibels ?? 1) < 0.001)
        #expect((result.matched?.peakDecibels ?? 0) <= -130)
    }

    @Test func `an edited region is found with its place, loudness and band`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        let edited = scaled(music, pow(10, 1.8 / 20), frames: 144_000..<216_000)
        try studio.write("b.wav", edited)
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.regions.count == 1)
        let region = try #require(result.regions.first)
        let error = max(abs(region.startSeconds - 3), abs(region.endSeconds - 4.5))
        let fact = Fact("Comparison", "edges of a region from 3.0 to 4.5 s", error, .atMost(0.1), unit: "s")
        #expect(fact.holds, "\(fact)")
        #expect(abs((region.loudnessChange ?? 0) - 1.8) < 0.05)
        let change = try #require(result.loudnessChanges.first)
        #expect(result.loudnessChanges.count == 1 && abs(change.change - 1.8) < 0.2)
        #expect(abs(change.startSeconds - 3) < 0.25 && abs(change.endSeconds - 4.5) < 0.25)
        #expect(result.gain?.isConfident == false)
    }

    @Test func `changes nearer than the gap are one`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        var edited = scaled(music, 1.1, frames: 48_000..<60_000)
        edited = scaled(edited, 1.1, frames: 72_000..<96_000)
        try studio.write("b.wav", edited)
        #expect(try studio.result("a.wav", "b.wav").regions.count == 1)
        var options = ComparisonOptions()
        options.gapSeconds = 0.2
        #expect(try studio.result("a.wav", "b.wav", options).regions.count == 2)
    }

    @Test func `what only one file has is told of with its level`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", music.map { $0 + [Double](repeating: 0, count: 1000) })
        let silent = try studio.result("a.wav", "b.wav", .tolerance(-90))
        #expect(silent.extras.count == 1 && silent.extras[0].side == .b && !silent.extras[0].isHead)
        #expect(silent.extras[0].frames == FrameRange(288_000, 289_000))
        #expect(silent.extras[0].peakDecibels == -.infinity && silent.relation == .withinTolerance)
        #expect(try studio.result("a.wav", "b.wav").relation == .different)
        try studio.write("c.wav", music.map { Array($0.dropLast(4800)) })
        let cut = try studio.result("a.wav", "c.wav", .tolerance(-90))
        #expect(cut.extras.first?.side == .a && cut.relation == .different)
        #expect(cut.aligned?.peakDecibels == -.infinity)
    }

    @Test func `the tolerance is held against the greatest sample of the residual`() throws {
        let studio = try Studio()
        var changed = music
        changed[0][100_000] += 0x1p-15
        try studio.write("a.wav", music)
        try studio.write("b.wav", changed)
        let level = 20 * log10(0x1p-15)
        #expect(try studio.compare("a.wav", "b.wav", .tolerance(level + 0.01)).exitCode == 0)
        #expect(try studio.compare("a.wav", "b.wav", .tolerance(level - 0.01)).exitCode == 1)
        #expect(try studio.compare("a.wav", "b.wav").exitCode == 1)
    }

    @Test func `offset and gain are forgiven only where that is asked for`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", scaled(music.map { [Double](repeating: 0, count: 100) + $0 }, 0.9))
        var options = ComparisonOptions.tolerance(-120)
        #expect(try studio.result("a.wav", "b.wav", options).relation == .different)
        options.allowsOffset = true
        #expect(try studio.result("a.wav", "b.wav", options).relation == .different)
        options.allowsGain = true
        #expect(try studio.result("a.wav", "b.wav", options).relation == .withinTolerance)
    }

    @Test func `rounding to 16 bits is no change, but a difference`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", music, format: .integer16)
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.relation == .different && result.regions.isEmpty)
        #expect(ComparisonText.document(try studio.compare("a.wav", "b.wav")).contains("rounding to 16 bits"))
    }

    @Test func `other rates and channels are said, not pretended away`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", Studio.music(seconds: 6, rate: 44_100), rate: 44_100)
        let rates = try studio.result("a.wav", "b.wav", .tolerance(0))
        #expect(rates.incomparable?.contains("rates differ") == true && rates.residual == nil)
        #expect(rates.relation == .different)
        try studio.write("mono.wav", [music[0]])
        try studio.write("two.wav", [music[0], music[0]])
        let mono = try studio.result("mono.wav", "two.wav", .tolerance(-60))
        #expect(mono.aligned?.peakDecibels == -.infinity && mono.relation == .different)
    }

    @Test func `samples that are no number are named`() throws {
        let studio = try Studio()
        var broken = music
        broken[1][100_001] = .nan
        try studio.write("a.wav", music, format: .float32)
        try studio.write("b.wav", broken, format: .float32)
        let report = try studio.compare("a.wav", "b.wav", .tolerance(0))
        #expect(report.exitCode == 1)
        let text = ComparisonText.document(report)
        #expect(text.contains("B holds 1 sample that is no number") && text.contains("frame 100001"), "\(text)")
        #expect(text.contains("0:02.083, R"), "\(text)")
    }

    @Test func `the same figures from any number of threads and any cut`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", scaled(music, 1.05, frames: 100_000..<130_000))
        let documents = try [(1, 32), (3, 1), (2, 2), (5, 4)].map { workers, seconds in
            var options = ComparisonOptions()
            options.workerCount = workers
            options.stretchSeconds = seconds
            return ComparisonJSON.document(try studio.compare("a.wav", "b.wav", options))
        }
        #expect(Set(documents).count == 1)
    }

    @Test(arguments: [64, 400, 11_024, 48_001])
    func `files of any length are compared`(frames: Int) throws {
        let studio = try Studio()
        let short = music.map { Array($0.prefix(frames)) }
        var changed = short
        changed[0][frames - 1] = 0.5
        try studio.write("a.wav", short)
        try studio.write("b.wav", changed)
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.aligned?.first?.frame == frames - 1 && result.regions.count == 1)
    }

    @Test func `digital silence against sound`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music.map { [Double](repeating: 0, count: $0.count) })
        try studio.write("b.wav", music)
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.relation == .different && result.alignment?.lagFrames == 0 && result.gain?.isConfident == false)
        #expect(!ComparisonText.document(try studio.compare("a.wav", "b.wav")).contains("nan"))
    }
}
