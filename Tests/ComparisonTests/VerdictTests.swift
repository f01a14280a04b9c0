import Comparison
import Foundation
import Quantities
import TestSupport
import Testing

/// What is called equal, within the tolerance, louder, or a change, where that is easily said wrongly.
@Suite struct VerdictTests {
    private let music = Studio.music(seconds: 4)

    private func text(_ studio: Studio, _ a: String, _ b: String) throws -> String {
        ComparisonText.document(try studio.compare(a, b))
    }

    // MARK: Equal or not

    @Test func `a residual beyond what a float holds does not pass the tolerance`() throws {
        let studio = try Studio()
        var (a, b) = (music, music)
        a[0][50_000] = -3e38
        b[0][50_000] = 3e38
        try studio.write("a.wav", a, format: .float32)
        try studio.write("b.wav", b, format: .float32)
        let report = try studio.compare("a.wav", "b.wav", .tolerance(-60))
        #expect(report.exitCode == 1)
        guard case .compared(let result) = report.pairs[0].outcome else { return #expect(Bool(false)) }
        #expect((result.judgedPeakDecibels ?? 0) > 700 && result.judgedPeakDecibels?.isFinite == true)
        #expect(result.regions.first?.peakDecibels == result.judgedPeakDecibels)
    }

    @Test func `64-bit floats that differ below 32 bits are not identical samples`() throws {
        let studio = try Studio()
        let exact = music.map { $0.map { Double(Float($0)) } }
        try studio.floats("a.wav", exact)
        try studio.floats("b.wav", exact.map { $0.map { $0 * (1 + 0x1p-40) } })
        let result = try studio.result("a.wav", "b.wav")
        #expect(result.relation == .different && result.isEqualAsFloats)
        let text = try text(studio, "a.wav", "b.wav")
        #expect(text.contains("equal as 32-bit floats") && !text.contains("IDENTICAL"), "\(text)")
        #expect(try studio.result("a.wav", "b.wav", .tolerance(-140)).relation == .withinTolerance)
        // Another tag before the same audio.
        try studio.floats("c.wav", exact, note: "take")
        #expect(try studio.result("a.wav", "c.wav").relation == .identicalSamples)
        try studio.floats("d.wav", exact, bits: 32)
        #expect(try studio.result("a.wav", "d.wav").relation == .different)
    }

    @Test func `other loudspeakers for the same samples are a difference`() throws {
        let studio = try Studio()
        let six = (0..<6).map { music[$0 % 2] }
        for (name, mask) in [("a.wav", 0x3F), ("b.wav", 0x60F), ("c.wav", 0x70F & ~0x8)] as [(String, UInt32)] {
            try studio.floats(name, six, bits: 32, mask: mask)
        }
        // Both are 5.1.
        #expect(try studio.result("a.wav", "b.wav").relation == .identicalSamples)
        let result = try studio.result("a.wav", "c.wav", .tolerance(0))
        #expect(result.hasOtherLoudspeakers && result.relation == .different)
        let text = try text(studio, "a.wav", "c.wav")
        #expect(text.contains("DIFFERENT: the channels are for other loudspeakers"), "\(text)")
    }

    @Test func `a flipped polarity is no gain that may be allowed`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", scaled(music, -1))
        var options = ComparisonOptions.tolerance(-90)
        options.allowsGain = true
        #expect(try studio.result("a.wav", "b.wav", options).relation == .different)
        try studio.write("c.wav", scaled(music, 0.9))
        #expect(try studio.result("a.wav", "c.wav", options).relation == .withinTolerance)
    }

    // MARK: Place and gain

    @Test func `a shorter file is found at its place, and nothing is said of offsets where sound is equal`() throws {
        let studio = try Studio()
        let long = Studio.music(seconds: 14)
        try studio.write("a.wav", long)
        try studio.write("b.wav", long.map { Array($0.prefix(240_000)) })
        #expect(try studio.result("a.wav", "b.wav").alignment?.isConfident == true)
        #expect(try !text(studio, "a.wav", "b.wav").contains("offset"))
        try studio.write("c.wav", long.map { [Double](repeating: 0, count: 100) + $0.prefix(240_000) })
        #expect(try studio.result("a.wav", "c.wav").alignment?.lagFrames == 100)
        // Equal where both have sound: a second of silence, and then only A goes on.
        let silence = [Double](repeating: 0, count: 48_000)
        try studio.write("d.wav", [silence, silence])
        try studio.write("e.wav", long.map { silence + $0 })
        #expect(try !text(studio, "d.wav", "e.wav").contains("Timing"))
    }

    @Test func `an offset that does not fit is said with its correlation`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", Studio.music(seconds: 5).map { $0.suffix(192_000).map { $0 * $0 } })
        let text = try text(studio, "a.wav", "b.wav")
        #expect(text.contains("no offset fits well enough (correlation 0."), "\(text)")
    }

    @Test func `a gain that holds in some seconds is not said to hold throughout`() throws {
        let studio = try Studio()
        let long = Studio.music(seconds: 20)
        try studio.write("a.wav", long)
        try studio.write("b.wav", scaled(long, pow(10, 1 / 20.0), frames: 0..<528_000))
        let part = try text(studio, "a.wav", "b.wav")
        #expect(part.contains("B is 1.00 dB louder in 11 of 20 s"), "\(part)")
        try studio.write("c.wav", scaled(long, pow(10, 1 / 20.0)), format: .integer16)
        let whole = try text(studio, "a.wav", "c.wav")
        #expect(whole.contains("B is 1.00 dB louder throughout"), "\(whole)")
    }

    // MARK: Changes

    @Test func `of more than a thousand changes the greatest are kept and all are counted`() throws {
        let studio = try Studio()
        let count = 44_100 * 23
        let quiet = (0..<count).map { 0.1 * sin(0.01 * Double($0)) }
        var changed = quiet
        for click in 0..<1100 { changed[click * 882 + 100] += click == 1099 ? 0.5 : 0.01 + 1e-5 * Double(click % 7) }
        try studio.write("a.wav", [quiet], rate: 44_100)
        try studio.write("b.wav", [changed], rate: 44_100)
        var options = ComparisonOptions()
        options.gapSeconds = 0
        let report = try studio.compare("a.wav", "b.wav", options)
        guard case .compared(let result) = report.pairs[0].outcome else { return #expect(Bool(false)) }
        #expect(result.regionCount == 1100 && result.regions.count == 1000)
        #expect(zip(result.regions, result.regions.dropFirst()).allSatisfy { $0.startSeconds < $1.startSeconds })
        #expect((result.regions.last?.peakDecibels ?? -100) > -7)
        let text = ComparisonText.document(report)
        #expect(text.contains("the greatest of 1100,") && text.contains("--json has the greatest 1000"), "\(text)")
        #expect(ComparisonJSON.document(report).contains("\"regionCount\": 1100"))
    }

    @Test func `one edit is one change even without a gap`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", scaled(music, 1.2, frames: 48_000..<96_000))
        var options = ComparisonOptions()
        options.gapSeconds = 0
        let result = try studio.result("a.wav", "b.wav", options)
        #expect(result.regions.count == 1 && result.regions.first?.frames == FrameRange(48_000, 96_000))
    }

    @Test func `sound outside of the octaves is not put into one of them`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", music.map { $0.enumerated().map { $0 / 48_000 == 1 ? $1 + 0.01 : $1 } })
        let constant = try studio.result("a.wav", "b.wav")
        #expect(constant.regions.map { $0.band?.words } == ["mostly DC"])
        let high = Studio.music(seconds: 3, rate: 96_000)
        try studio.write("c.wav", high, rate: 96_000)
        let whistle = { (i: Int) in 0.01 * sin(2 * .pi * 35_000 * Double(i) / 96_000) }
        try studio.write("d.wav", high.map { $0.enumerated().map { $1 + whistle($0) } }, rate: 96_000)
        let beyond = try studio.result("c.wav", "d.wav")
        #expect(beyond.regions.map { $0.band?.words } == ["mostly outside 20 Hz to 20 kHz"])
    }

    @Test func `rounding is told from dither, and a tone is neither`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        let step = 0x1p-15
        var state: UInt64 = 7
        func random() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
        try studio.write("plain.wav", music, format: .integer16)
        try studio.write("dithered.wav", music.map { $0.map { $0 + step * (random() + random()) } }, format: .integer16)
        let tone = { (i: Int) in step * 1.2 * sin(2 * .pi * 1000 * Double(i) / 48_000) }
        try studio.write(
            "tone.wav", music.map { $0.enumerated().map { $1 + tone($0) } }, format: .integer16)
        try studio.write("step.wav", music.map { $0.map { $0 + step * 2.6 * random().sign0 } }, format: .integer16)
        #expect(try text(studio, "a.wav", "plain.wav").contains("no more than rounding to 16 bits leaves"))
        let dithered = try text(studio, "a.wav", "dithered.wav")
        #expect(dithered.contains("no more than rounding to 16 bits with dither leaves"), "\(dithered)")
        #expect(try !text(studio, "a.wav", "tone.wav").contains("no more than"))
        #expect(try !text(studio, "a.wav", "step.wav").contains("no more than"))
    }

    @Test func `the page offers no difference where samples cannot be compared`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", Studio.music(seconds: 4, rate: 44_100), rate: 44_100)
        let page = ComparisonPage(try studio.compare("a.wav", "b.wav"), audioByteLimit: 8_000_000).html
        #expect(page.contains("data-side=\"b\"") && !page.contains("data-side=\"d\""))
        #expect(!page.contains("class=\"boost\""))
        try studio.write("c.wav", scaled(music, 1.1))
        let other = ComparisonPage(try studio.compare("a.wav", "c.wav"), audioByteLimit: 8_000_000).html
        #expect(other.contains("data-side=\"d\"") && other.contains("class=\"boost\""))
    }
}

extension Double {
    /// -1 or 1.
    fileprivate var sign0: Double { self < 0 ? -1 : 1 }
}
