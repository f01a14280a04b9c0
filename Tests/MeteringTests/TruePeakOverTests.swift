import Foundation
import Metering
import Quantities
import Testing

@Suite struct TruePeakOverTests {
    private static let rate = 48_000
    private static let song = musicLike(seconds: 4.237, rate: rate).map { $0.map { max(-0.5, min(0.5, 5 * $0)) } }

    private func overs(_ planes: [[Float]], _ threshold: Float, cut: Int? = nil) throws -> LoudnessSummary {
        try measure(planes, rate: Self.rate, segmentFrameCount: cut ?? planes[0].count, overThreshold: threshold)
    }

    /// Every frame's greatest point, interpolated one by one in Double.
    private func framePeaks(_ plane: [Float]) -> [Double] {
        func bessel(_ x: Double) -> Double {
            (1...40).reduce((sum: 1.0, term: 1.0)) { state, k in
                let term = state.term * pow(x / 2 / Double(k), 2)
                return (state.sum + term, term)
            }.sum
        }
        let taps = (1..<4).map { phase in
            (-11...12).map { j -> Double in
                let t = Double(phase) / 4 - Double(j)
                return sin(.pi * t) / (.pi * t) * bessel(6 * (1 - t * t / 144).squareRoot()) / bessel(6)
            }
        }
        var peaks = plane.map { Double($0.magnitude) }
        for frame in -12..<plane.count + 12 {
            for phase in taps {
                var sum = 0.0
                for (tap, value) in phase.enumerated() where plane.indices.contains(frame + tap - 11) {
                    sum += value * Double(plane[frame + tap - 11])
                }
                let at = max(0, min(plane.count - 1, frame))
                peaks[at] = max(peaks[at], abs(sum))
            }
        }
        return peaks
    }

    @Test func `Overs are the chains of points above the threshold that lie less than 10 ms apart`() throws {
        let plane = Array(Self.song[0][30_000..<60_000])
        let peaks = framePeaks(plane)
        let threshold: Float = 0.52
        var expected: [(start: Int, end: Int, peak: Double)] = []
        for (frame, peak) in peaks.enumerated() where peak > Double(threshold) {
            if let last = expected.last, frame - (last.end - 1) < 480 {
                expected[expected.count - 1] = (last.start, frame + 1, max(last.peak, peak))
            } else {
                expected.append((frame, frame + 1, peak))
            }
        }
        let found = try overs([plane], threshold)
        #expect(expected.count > 5)
        #expect(found.overCount == expected.count)
        for (over, wanted) in zip(found.overs, expected) {
            #expect(over.startFrame == wanted.start && over.endFrame == wanted.end)
            #expect(abs(Double(over.peak) / wanted.peak - 1) < 1e-6)
            #expect(abs(peaks[over.peakFrame] / wanted.peak - 1) < 1e-6)
        }
        let frame = try #require(found.channelPeaks?[0].truePeakFrame)
        #expect(abs(peaks[frame] / (peaks.max() ?? 0) - 1) < 1e-6)
    }

    @Test(arguments: [48_000, 96_001, 30_011, 4801, 480, 479, 37])
    func `Every way to cut a song gives the same overs, frames and hop peaks`(cut: Int) throws {
        let planes = cut < 1000 ? Self.song.map { Array($0[22_000..<34_000]) } : Self.song
        for threshold: Float in [0.3, 0.51, .infinity] {
            let whole = try overs(planes, threshold)
            let parts = try overs(planes, threshold, cut: cut)
            #expect(whole.overs == parts.overs)
            #expect(whole.overCount == parts.overCount)
            #expect(whole.channelPeaks == parts.channelPeaks)
            #expect(whole.peakToShortTermMinimum?.frames == parts.peakToShortTermMinimum?.frames)
            #expect(
                whole.peakToShortTermMinimum?.ratioLoudnessUnits == parts.peakToShortTermMinimum?.ratioLoudnessUnits)
            #expect(whole.overs.isEmpty == (threshold == .infinity))
            #expect(try measure(planes, rate: Self.rate).truePeak == whole.truePeak)
        }
    }

    @Test func `Nine ms apart is one over, ten are two`() throws {
        for (gap, count) in [(432, 1), (479, 1), (480, 2), (481, 2)] {
            for cut in [48_000, 1000, 333] {
                var plane = [Float](repeating: 0, count: 5000)
                // A quarter of a frame beside a lone sample there is 0.9 of it.
                plane[900] = 0.9
                plane[900 + gap] = -0.93
                let found = try overs([plane], 0.87, cut: cut)
                #expect(found.overCount == count, "gap \(gap), cut \(cut)")
                #expect(found.overs[0].startFrame == 900)
                #expect(found.overs.last?.peakFrame == 900 + gap)
                #expect(found.overs.last?.endFrame == 900 + gap + 1)
                #expect(found.overs.map(\.peak).max() == 0.93)
            }
        }
    }

    @Test func `Points before and after the song count for its first and last frame`() throws {
        let plane: [Float] = [0.9, 0.9] + [Float](repeating: 0, count: 998) + [0.9, 0.9]
        let found = try overs([plane], 0.95)
        #expect(found.overs.map(\.startFrame) == [0, 1000])
        #expect(found.overs.map(\.endFrame).allSatisfy { (1...1002).contains($0) })
        #expect(found.overs.allSatisfy { $0.peak > 1.1 })
    }

    @Test func `A thousand overs are kept, all are counted, in the order of time`() throws {
        var planes = [[Float]](repeating: [Float](repeating: 0, count: 800 * 1000), count: 2)
        for i in 0..<800 {
            planes[0][1000 * i + 100] = 0.9
            planes[1][1000 * i + 150] = 0.93
        }
        let found = try overs(planes, 0.87, cut: 48_000)
        #expect(found.overCount == 1600)
        #expect(found.overs.count == LoudnessSummary.keptOverCount)
        #expect(found.overs.map(\.channel) == (0..<1000).map { $0 % 2 })
        #expect(found.overs.map(\.startFrame) == (0..<1000).map { 1000 * ($0 / 2) + ($0 % 2 == 0 ? 100 : 150) })
    }

    @Test func `The first of several equal peaks is named`() throws {
        var plane = [Float](repeating: 0, count: 20_000)
        for frame in [1234, 5000, 15_000] { plane[frame] = frame == 5000 ? -0.5 : 0.5 }
        for cut in [20_000, 1000, 4321] {
            #expect(try overs([plane], .infinity, cut: cut).channelPeaks?[0].truePeakFrame == 1234)
        }
        let silence = try overs([[Float](repeating: 0, count: 1000)], 0)
        #expect(silence.channelPeaks?[0].truePeakFrame == nil)
        #expect(silence.overs.isEmpty)
    }

    @Test func `The detailed bytes come back as they were, and damaged ones are refused`() throws {
        let analyzer = LoudnessAnalyzer(rateHertz: Self.rate, channelCount: 2, overThreshold: 0.51)
        let plain = LoudnessAnalyzer(rateHertz: Self.rate, channelCount: 2)
        let detailed = segments(of: Self.song, analyzer, 100_003)
        for (measurement, bare) in zip(detailed, segments(of: Self.song, plain, 100_003)) {
            #expect(!measurement.overs.isEmpty)
            let bytes = measurement.bytes
            #expect(try SegmentMeasurement(bytes: bytes) == measurement)
            #expect(bytes[4..<bare.bytes.count] == bare.bytes[4...])
            #expect(bytes[0..<4] == [0x4c, 0x4d, 0x53, 0x32])
        }
        let short = segments(of: Self.song.map { Array($0[30_000..<36_000]) }, analyzer, 6000)[0]
        let bytes = short.bytes
        let overCount = short.overs.count
        #expect(overCount > 0)
        for count in 0..<bytes.count {
            #expect(throws: MeasurementError.malformed) { try SegmentMeasurement(bytes: Array(bytes[0..<count])) }
        }
        #expect(throws: MeasurementError.malformed) { try SegmentMeasurement(bytes: bytes + [0]) }
        // Top bytes: of the threshold, the count, a peak's frame, an over's channel, its frames, a hop's peak.
        let details = 48 + 16 + 16 * short.hopCount
        let over = details + 8 + 16
        let peaks = over + 32 * overCount
        for offset in [3, 7, 15].map({ details + $0 }) + [3, 15, 23, 31].map({ over + $0 }) + [peaks + 3] {
            var damaged = bytes
            damaged[offset] ^= 0xff
            #expect(throws: MeasurementError.malformed, "offset \(offset)") { try SegmentMeasurement(bytes: damaged) }
        }
    }

    @Test func `Measurements with another threshold are out of place`() throws {
        let parts = segments(
            of: Self.song, LoudnessAnalyzer(rateHertz: Self.rate, channelCount: 2, overThreshold: 0.5), 48_000)
        let others = segments(of: Self.song, LoudnessAnalyzer(rateHertz: Self.rate, channelCount: 2), 48_000)
        var summary = LoudnessSummary(rateHertz: Self.rate, channelCount: 2)
        try summary.append(parts[0])
        #expect(summary.overThreshold == 0.5)
        #expect(throws: MeasurementError.outOfPlace) { try summary.append(others[1]) }
        try summary.append(parts[1])
    }
}
