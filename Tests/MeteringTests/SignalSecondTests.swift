import Metering
import Quantities
import Testing

@Suite struct SignalSecondTests {
    private static let songs: [(name: String, rate: Int, planes: [[Float]])] = {
        let music = musicLike(seconds: 4.3, rate: 44_100)
        let clipped = musicLike(seconds: 4.3, rate: 8000, channels: 3).map { plane in
            withStretches(of: [1, -1, 0, .nan], lengths: 1...300, count: 100, in: plane, seed: 5)
        }
        return [
            ("music", 44_100, music), ("faults", 8000, clipped), ("mono", 48_000, [whiteNoise(seconds: 2.0)]),
            ("16 bits", 8000, musicLike(seconds: 2.01, rate: 8000).map { quantised($0, bits: 16) }),
            ("silence", 8000, [[Float]](repeating: [Float](repeating: 0, count: 8001), count: 2)),
        ]
    }()

    /// Everything that a summary says, as text.
    private func report(_ summary: SignalSummary) -> [String] {
        var lines: [String] = []
        for channel in summary.channels {
            lines.append("\(channel.samplePeak) \(String(describing: channel.samplePeakFrame))")
            lines.append("\(channel.rms as Any) \(channel.crestFactor as Any) \(channel.offset as Any)")
            lines.append("\(channel.clipRuns) \(channel.flatTopRuns) \(channel.bitDepth)")
            lines.append("\(channel.dynamicRange?.value as Any) \(channel.firstNonFiniteFrame as Any)")
        }
        lines.append("\(summary.frameCount) \(summary.nonFiniteSampleCount) \(summary.bitDepth)")
        lines.append("\(summary.headSilenceFrameCount) \(summary.tailSilenceFrameCount)")
        lines.append("\(summary.longestDropOut as Any) \(summary.longestInnerSilence as Any)")
        lines.append("\(summary.correlation as Any) \(summary.leastCorrelation as Any)")
        lines.append("\(summary.monoSumLoss?.value as Any) \(summary.sideToMid?.value as Any)")
        lines.append("\(summary.balance?.value as Any) \(summary.lowFrequencyCorrelation as Any)")
        lines.append("\(summary.bandLevels.map(\.value)) \(summary.spectrumEdge as Any)")
        lines.append("\(summary.bandwidthHertz as Any) \(summary.meanLinePowers)")
        for second in 0..<summary.secondCount {
            lines.append("\(summary.rms(second: second).value) \(summary.correlation(second: second) as Any)")
            lines.append("\(summary.bandPowers(second: second))")
        }
        return lines
    }

    /// Workers get seconds at random, each with its own copy of the frames at its own alignment.
    @Test(arguments: 0..<5) func `any assignment of seconds to workers gives the same bits`(song: Int) throws {
        let (_, rate, planes) = Self.songs[song]
        let expected = signalSeconds(of: planes, rate: rate, spectrum: true)
        let report = report(try signalSummary(planes, rate: rate, spectrum: true))
        for seed in 1...3 as ClosedRange<UInt64> {
            var generator = SeededGenerator(state: seed)
            var found: [Int: SignalSecond] = [:]
            let workerCount = Int.random(in: 1...4, using: &generator)
            let workers = (0..<workerCount).map { _ in SignalAnalyzer(rateHertz: rate, channelCount: planes.count) }
            for second in expected.indices.shuffled(using: &generator) {
                guard let worker = workers.randomElement(using: &generator) else { continue }
                let frames = second * rate..<min((second + 1) * rate, planes[0].count)
                let shift = Int.random(in: 0..<16, using: &generator)
                // Other frames around them must not matter.
                let around = [Float](repeating: Float.random(in: -1...1, using: &generator), count: shift)
                let copies = planes.map { around + $0[frames] + [.nan, 1, 1, 1] }
                let pointers = copies.map { copy in
                    let pointer = UnsafeMutablePointer<Float>.allocate(capacity: copy.count)
                    pointer.initialize(from: copy, count: copy.count)
                    return pointer
                }
                defer { for pointer in pointers { pointer.deallocate() } }
                found[second] = worker.measure(
                    planes: pointers.map { UnsafePointer($0 + shift) }, frameCount: frames.count, second: second)
            }
            var summary = SignalSummary(rateHertz: rate, channelCount: planes.count)
            for second in expected.indices {
                let record = try #require(found[second])
                #expect(record.bytes == expected[second].bytes)
                try summary.append(try SignalSecond(bytes: record.bytes))
            }
            #expect(self.report(summary) == report)
        }
    }

    @Test(arguments: 0..<5) func `records survive their bytes`(song: Int) throws {
        let (_, rate, planes) = Self.songs[song]
        for spectrum in [true, false] {
            for record in signalSeconds(of: planes, rate: rate, spectrum: spectrum) {
                let copy = try SignalSecond(bytes: record.bytes)
                #expect(copy == record)
                #expect(copy.bytes == record.bytes)
            }
        }
    }

    @Test func `cut, long and changed bytes are refused or stay canonical`() throws {
        let (_, rate, planes) = Self.songs[1]
        let bytes = signalSeconds(of: planes, rate: rate, spectrum: true)[1].bytes
        for count in stride(from: 0, to: bytes.count, by: 13) {
            #expect(throws: MeasurementError.malformed) { try SignalSecond(bytes: Array(bytes[..<count])) }
        }
        #expect(throws: MeasurementError.malformed) { try SignalSecond(bytes: bytes + [0]) }
        var generator = SeededGenerator(state: 1)
        var refused = 0
        for _ in 0..<3000 {
            var changed = bytes
            let place = Int.random(in: changed.indices, using: &generator)
            changed[place] = UInt8.random(in: 0...255, using: &generator)
            guard let record = try? SignalSecond(bytes: changed) else {
                refused += 1
                continue
            }
            #expect(record.bytes == changed)
            // Nothing that was read may trap later.
            var summary = SignalSummary(rateHertz: record.rateHertz, channelCount: record.channelCount)
            if record.second == 0 { try summary.append(record) }
        }
        #expect(refused > 100)
    }

    @Test func `a second out of place is refused and changes nothing`() throws {
        let planes = musicLike(seconds: 2.5, rate: 8000)
        let seconds = signalSeconds(of: planes, rate: 8000, spectrum: false)
        let other = SignalAnalyzer(rateHertz: 16_000, channelCount: 2).measure(song: planes, second: 0)
        let mono = SignalAnalyzer(rateHertz: 8000, channelCount: 1).measure(song: [planes[0]], second: 0)
        let withSpectrum = SignalAnalyzer(rateHertz: 8000, channelCount: 2).measure(song: planes, second: 1)
        var summary = SignalSummary(rateHertz: 8000, channelCount: 2)
        for wrong in [seconds[1], other, mono] {
            #expect(throws: MeasurementError.outOfPlace) { try summary.append(wrong) }
        }
        try summary.append(seconds[0])
        for wrong in [seconds[0], seconds[2], withSpectrum] {
            #expect(throws: MeasurementError.outOfPlace) { try summary.append(wrong) }
        }
        try summary.append(seconds[1])
        try summary.append(seconds[2])
        #expect(summary.frameCount == 20_000)
        let after = SignalAnalyzer(rateHertz: 8000, channelCount: 2, measuresSpectrum: false)
            .measure(song: planes + [], second: 2)
        #expect(throws: MeasurementError.outOfPlace) { try summary.append(after) }
    }
}
