import Metering
import Quantities
import Testing

@Suite struct SignalRunTests {
    private let rate = 8000

    @Test func `three samples at full scale are a clip run, two are not`() throws {
        var plane = [Float](repeating: 0.1, count: 20_000)
        for (start, values) in [
            (100, [1, 1]), (200, [1, 1, 1]), (300, [-1, -1, -1, -1]), (400, [1, 1, -1, -1]),
            (500, [0x1.fffcp-1, 1, 1.5]),
        ] as [(Int, [Float])] {
            for (i, value) in values.enumerated() { plane[start + i] = value }
        }
        let runs = try signalSummary([plane], rate: rate).channels[0].clipRuns
        #expect(runs.count == 3)
        #expect(runs.longestFrameCount == 4)
        #expect(
            runs.places == [
                SampleRun(frame: 200, frameCount: 3), SampleRun(frame: 300, frameCount: 4),
                SampleRun(frame: 500, frameCount: 3),
            ])
    }

    @Test func `the greatest sample of 16 bits is full scale, the next one is not`() throws {
        var plane = [Float](repeating: 0, count: 1000)
        for i in 0..<3 { plane[10 + i] = 32_767 / 32_768 }
        #expect(try signalSummary([plane], rate: rate).channels[0].clipRuns.count == 1)
        for i in 0..<3 { plane[10 + i] = 32_766 / 32_768 }
        let channel = try signalSummary([plane], rate: rate).channels[0]
        #expect(channel.clipRuns.count == 0)
        #expect(channel.flatTopRuns.places == [SampleRun(frame: 10, frameCount: 3)])
    }

    @Test func `a run over the border of two seconds is one run`() throws {
        for (start, length) in [(7998, 3), (7999, 2), (7990, 10), (8000, 3), (7999, 8002), (0, 24_000)] {
            var plane = [Float](repeating: 0, count: 24_000)
            for i in start..<start + length { plane[i] = -1 }
            let runs = try signalSummary([plane], rate: rate).channels[0].clipRuns
            #expect(runs.places == (length < 3 ? [] : [SampleRun(frame: start, frameCount: length)]))
            #expect(runs.count == runs.places.count)
            #expect(runs.longestFrameCount == (length < 3 ? 0 : length))
        }
    }

    @Test func `all runs are counted and the first thousand are kept`() throws {
        // 3 of 5 samples, one sign after the other.
        let plane = (0..<20_000).map { $0 % 5 < 3 ? Float($0 / 5 % 2 == 0 ? 1 : -1) : 0 }
        let runs = try signalSummary([plane], rate: rate).channels[0].clipRuns
        #expect(runs.count == 4000)
        #expect(runs.longestFrameCount == 3)
        #expect(runs.places == (0..<1000).map { SampleRun(frame: 5 * $0, frameCount: 3) })
    }

    @Test func `flat tops are those of the whole song's extremes only`() throws {
        var plane = sine(440, seconds: 4, rate: rate, peak: 0.5)
        for i in 0..<5 { plane[1000 + i] = 0.6 }
        for i in 0..<4 { plane[9000 + i] = 0.7 }
        for i in 0..<6 { plane[15_997 + i] = 0.7 }
        for i in 0..<7 { plane[25_000 + i] = 0.65 }
        for i in 0..<3 { plane[30_000 + i] = -0.9 }
        let channel = try signalSummary([plane], rate: rate).channels[0]
        #expect(channel.clipRuns.count == 0)
        #expect(
            channel.flatTopRuns.places == [
                SampleRun(frame: 9000, frameCount: 4), SampleRun(frame: 15_997, frameCount: 6),
                SampleRun(frame: 30_000, frameCount: 3),
            ])
        let quiet = plane.map { $0 * 0.1 }
        #expect(try signalSummary([quiet], rate: rate).channels[0].flatTopRuns.count == 0)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func `clip runs equal a plain search`(seed: UInt64) throws {
        let noise = whiteNoise(seconds: 3.3, rate: rate, peak: 0.5, seed: seed)
        let ceiling: Float = seed % 2 == 0 ? 1 : 0.75
        var plane = withStretches(
            of: [ceiling, -ceiling], lengths: 1...6, count: 600, in: noise, seed: seed)
        plane = withStretches(of: [ceiling], lengths: 1...9000, count: Int(seed % 3), in: plane, seed: seed)
        let channel = try signalSummary([plane], rate: rate).channels[0]
        let found = seed % 2 == 0 ? channel.clipRuns : channel.flatTopRuns
        let tops = plainRuns(plane.count) { plane[$0] == ceiling }
        let bottoms = plainRuns(plane.count) { plane[$0] == -ceiling }
        let expected = (tops + bottoms)
            .filter { $0.frameCount >= 3 }.sorted { $0.frame < $1.frame }
        #expect(expected.count > 2)
        #expect(found.places == expected)
        #expect(found.count == expected.count)
        #expect(found.longestFrameCount == expected.map(\.frameCount).max())
        #expect((seed % 2 == 0 ? channel.flatTopRuns : channel.clipRuns).count == 0)
    }

    @Test func `head, tail and inner silence are told apart`() throws {
        var plane = sine(440, seconds: 5, rate: rate, peak: 0.5).map { $0 + 0.6 }
        for i in 0..<8100 { plane[i] = i < 500 ? 0 : 0.00009 }
        for i in 20_000..<20_300 { plane[i] = 0 }
        for i in 25_000..<27_000 { plane[i] = -0.00005 }
        for i in 39_000..<40_000 { plane[i] = i < 39_900 ? 0.0001 : 0 }
        let summary = try signalSummary([plane, plane.map { -$0 }], rate: rate)
        #expect(summary.headSilenceFrameCount == 8100)
        #expect(summary.headDigitalSilenceFrameCount == 500)
        #expect(summary.tailSilenceFrameCount == 1000)
        #expect(summary.tailDigitalSilenceFrameCount == 100)
        #expect(summary.longestInnerSilence == SampleRun(frame: 25_000, frameCount: 2000))
        #expect(summary.longestDropOut == SampleRun(frame: 20_000, frameCount: 300))
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>) func `silence equals a plain search`(seed: UInt64) throws {
        let noise = whiteNoise(seconds: 4.1, rate: rate, peak: 0.01, seed: seed)
        let planes = (0..<2).map { channel in
            let lengths = seed % 4 == 0 ? 1...9000 : 1...700
            let plane = withStretches(
                of: [0, 0.00005], lengths: lengths, count: 60, in: noise, seed: 1000 * seed)
            return channel == 0 ? plane : withStretches(of: [0.5], lengths: 1...1, count: 30, in: plane, seed: seed)
        }
        let summary = try signalSummary(planes, rate: rate)
        let count = planes[0].count
        let (zeroHead, zeroTail) = (summary.headDigitalSilenceFrameCount, summary.tailDigitalSilenceFrameCount)
        for (limit, head, tail, inner) in [
            (Float(0), zeroHead, zeroTail, summary.longestDropOut),
            (1e-4, summary.headSilenceFrameCount, summary.tailSilenceFrameCount, summary.longestInnerSilence),
        ] {
            let runs = plainRuns(count) { frame in planes.allSatisfy { abs($0[frame]) <= limit } }
            let first = runs.first.flatMap { $0.frame == 0 ? $0 : nil }
            let last = runs.last.flatMap { $0.frame + $0.frameCount == count ? $0 : nil }
            #expect(head == first?.frameCount ?? 0)
            #expect(tail == last?.frameCount ?? 0)
            var longest: SampleRun?
            for run in runs where run != first && run != last && run.frameCount >= 128 {
                if run.frameCount > longest?.frameCount ?? 0 { longest = run }
            }
            #expect(inner == longest)
        }
    }
}
