import Foundation
import Metering
import Quantities
import Testing

@Suite struct SegmentMeasurementTests {
    static let song = musicLike(seconds: 4.237, rate: 48_000)

    @Test(
        "Every way to cut a song gives the same bits",
        arguments: [480_000, 48_000, 96_001, 203_376, 30_011, 4801, 480, 479, 37])
    func cuts(segmentFrameCount: Int) throws {
        // The short windows see a shorter piece: they cost a second of filtering each.
        let planes = segmentFrameCount < 1000 ? Self.song.map { Array($0[20_000..<80_000]) } : Self.song
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 2)
        let whole = segments(of: planes, analyzer, planes[0].count)[0]
        let parts = segments(of: planes, analyzer, segmentFrameCount)
        for channel in 0..<2 {
            let joined = parts.flatMap { $0.hopEnergies(channel: channel) }
            #expect(joined.map(\.bitPattern) == whole.hopEnergies(channel: channel).map(\.bitPattern))
            #expect(parts.map { $0.samplePeaks[channel] }.max() == whole.samplePeaks[channel])
            // What is left out of the interpolation depends on the cut; the peak must not.
            #expect(parts.map { $0.truePeaks[channel] }.max() == whole.truePeaks[channel])
        }
        #expect(whole.hopCount == planes[0].count / 480)
        #expect(whole.truePeaks[0] > whole.samplePeaks[0])

        var summary = LoudnessSummary(rateHertz: 48_000, channelCount: 2)
        for part in parts { try summary.append(part) }
        let reference = try measure(planes, rate: 48_000, segmentFrameCount: planes[0].count)
        #expect(summary.integrated == reference.integrated)
        #expect(summary.rangeLoudnessUnits == reference.rangeLoudnessUnits)
        #expect(summary.momentaryMaximum == reference.momentaryMaximum)
        #expect(summary.truePeak == reference.truePeak)
        #expect(summary.lastFrameAboveFloor == reference.lastFrameAboveFloor)
        #expect(summary.frameCount == planes[0].count)
    }

    @Test("Far below any signal, cuts still change no bit of the peak")
    func denormalPeaks() {
        let plane = (0..<4000).map { Float(bitPattern: UInt32($0 % 7) | ($0 % 3 == 0 ? 0x8000_0000 : 0)) }
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 1)
        let whole = segments(of: [plane], analyzer, 4000)[0].truePeaks[0]
        for count in [33, 1000] {
            #expect(segments(of: [plane], analyzer, count).map { $0.truePeaks[0] }.max() == whole)
        }
    }

    @Test("What a window does not need cannot change its measurement", arguments: [4, 16])
    func neighbours(points: UInt32) throws {
        let oversampling = try #require(Oversampling(rawValue: points))
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 1, oversampling: oversampling)
        var plane = Self.song[0]
        let window = FrameRange(100_000, 110_000)
        let needed = analyzer.framesNeeded(for: window, songFrameCount: plane.count)
        let before = analyzer.measure(planes: [plane], window: window, songFrameCount: plane.count)
        // Poison whatever the window does not need.
        for i in plane.indices where !needed.contains(i) { plane[i] = .nan }
        let after = analyzer.measure(planes: [plane], window: window, songFrameCount: plane.count)
        #expect(before == after)
        let exact = analyzer.measure(
            planes: [Array(plane[needed.start..<needed.end])], firstFrame: needed.start, window: window,
            songFrameCount: plane.count)
        #expect(before == exact)
    }

    @Test("A window on a whole second needs 200 ms before it and a few frames after")
    func framesNeeded() {
        for rate in sessionRates {
            let analyzer = LoudnessAnalyzer(rateHertz: rate, channelCount: 2)
            let needed = analyzer.framesNeeded(
                for: FrameRange(10 * rate, 20 * rate), songFrameCount: 60 * rate)
            #expect(needed == FrameRange(10 * rate - rate / 5, 20 * rate + 12))
            let first = analyzer.framesNeeded(for: FrameRange(0, 10 * rate), songFrameCount: 10 * rate)
            #expect(first == FrameRange(0, 10 * rate))
        }
    }

    @Test("No window reads further than the stated reach", arguments: sessionRates)
    func reach(rate: Int) {
        let analyzer = LoudnessAnalyzer(rateHertz: rate, channelCount: 2)
        let reach = LoudnessAnalyzer.reach(rateHertz: rate)
        var longest = 0
        for start in stride(from: 5 * rate, to: 7 * rate, by: 61) {
            let window = FrameRange(start, start + rate + start % 977)
            let needed = analyzer.framesNeeded(for: window, songFrameCount: 60 * rate)
            longest = max(longest, window.start - needed.start)
            #expect(needed.end - window.end <= reach.lookaheadFrames)
        }
        #expect(longest <= reach.historyFrames)
        #expect(longest > reach.historyFrames - rate / 100)
    }

    @Test("Pieces of any size, in any order, give the same bits as whole planes")
    func pieces() {
        let planes = Self.song
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 2)
        let window = FrameRange(48_000, 144_000)
        let whole = analyzer.measure(planes: planes, window: window, songFrameCount: planes[0].count)
        var meter = analyzer.meter(for: window, songFrameCount: planes[0].count)
        for channel in [1, 0] {
            for start in stride(from: 0, to: planes[0].count, by: 65_536).reversed() {
                let part = Array(planes[channel][start..<min(start + 65_536, planes[0].count)])
                meter.load(part.span, channel: channel, from: start)
            }
        }
        #expect(meter.finish() == whole)
    }

    @Test("Energies are those of the standard's filter run once", arguments: [44_100, 48_000, 192_000])
    func reference(rate: Int) throws {
        let plane = musicLike(seconds: 3.5, rate: rate, channels: 1)[0]
        // ITU-R BS.1770-5 Annex 1 in direct form I; away from 48 kHz by the bilinear transform of its
        // prototypes.
        let (b, a, c) = Self.coefficients(rate: rate)
        var (x1, x2, y1, y2, z1, z2) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        let weighted = plane.map { sample -> Double in
            let x = Double(sample)
            let y = b[0] * x + b[1] * x1 + b[2] * x2 - a[0] * y1 - a[1] * y2
            let z = y - 2 * y1 + y2 - c[0] * z1 - c[1] * z2
            (x2, x1, y2, y1, z2, z1) = (x1, x, y1, y, z1, z)
            return z
        }
        let analyzer = LoudnessAnalyzer(rateHertz: rate, channelCount: 1)
        let hop = rate / 100
        let measured = segments(of: [plane], analyzer, 10 * rate)[0]
        #expect(measured.hopCount == 350)
        for (index, energy) in measured.hopEnergies.enumerated() {
            let expected = weighted[index * hop..<(index + 1) * hop].reduce(0) { $0 + $1 * $1 }
            #expect(abs(energy - expected) <= 1e-11 * expected + 1e-18, "hop \(index)")
        }
    }

    private static func coefficients(rate: Int) -> (b: [Double], a: [Double], c: [Double]) {
        if rate == 48_000 {
            return (
                [1.53512485958697, -2.69169618940638, 1.19839281085285],
                [-1.69065929318241, 0.73248077421585], [-1.99004745483398, 0.99007225036621]
            )
        }
        let k = tan(Double.pi * 1681.974450955533 / Double(rate))
        let (q, vh) = (0.7071752369554196, pow(10, 3.999843853973347 / 20))
        let vb = pow(vh, 0.4996667741545416)
        let a0 = 1 + k / q + k * k
        let h = tan(Double.pi * 38.13547087602444 / Double(rate))
        let p = 0.5003270373238773
        let c0 = 1 + h / p + h * h
        return (
            [(vh + vb * k / q + k * k) / a0, 2 * (k * k - vh) / a0, (vh - vb * k / q + k * k) / a0],
            [2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0],
            [2 * (h * h - 1) / c0, (1 - h / p + h * h) / c0]
        )
    }

    @Test("Peaks are those of the interpolation computed point by point", arguments: Oversampling.allCases)
    func peakReference(oversampling: Oversampling) throws {
        let (reach, beta) = oversampling == .quadruple ? (12, 6.0) : (16, 8.0)
        let count = Int(oversampling.rawValue)
        func bessel(_ x: Double) -> Double {
            (1...60).reduce((sum: 1.0, term: 1.0)) { state, k in
                let term = state.term * pow(x / 2 / Double(k), 2)
                return (state.sum + term, term)
            }.sum
        }
        func tap(_ t: Double) -> Double {
            guard abs(t) <= Double(reach) else { return 0 }
            let window = bessel(beta * (1 - pow(t / Double(reach), 2)).squareRoot()) / bessel(beta)
            return (t == 0 ? 1 : sin(.pi * t) / (.pi * t)) * window
        }
        let plane = Array(Self.song[0][0..<24_000])
        var expected = 0.0
        for phase in 0..<count {
            let taps = (1 - reach...reach).map { tap(Double(phase) / Double(count) - Double($0)) }
            for frame in 0..<plane.count {
                var sum = 0.0
                for j in 0..<2 * reach {
                    let i = frame + j + 1 - reach
                    if plane.indices.contains(i) { sum += taps[j] * Double(plane[i]) }
                }
                expected = max(expected, abs(sum))
            }
        }
        let peak = try measure([plane], rate: 48_000, oversampling: oversampling).truePeaks[0]
        #expect(abs(Double(peak) / expected - 1) < 1e-6)
    }

    @Test("The last frame above -100 dBFS is found wherever it lies")
    func lastFrame() {
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 2)
        let window = FrameRange(48_000, 96_123)
        for frame in [-1, 0, 1, 31, 32, 33, 47_999, 48_000, 48_095, 48_096, 48_121, 48_122] {
            var planes = [[Float]](repeating: [Float](repeating: 1e-5, count: 120_000), count: 2)
            for i in 0..<48_000 { planes[0][i] = 1 }
            for i in 96_123..<120_000 { planes[1][i] = 1 }
            if frame >= 0 { planes[frame % 2][48_000 + frame] = -1.0001e-5 }
            let measured = analyzer.measure(planes: planes, window: window, songFrameCount: 120_000)
            #expect(measured.lastFrameAboveFloor == frame)
        }
    }

    @Test("NaN and infinity are counted once, and measured as silence")
    func nonFinite() {
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 1)
        var plane = Self.song[0]
        for i in [50_000, 50_001, 130_000] { plane[i] = 0 }
        let clean = segments(of: [plane], analyzer, 96_000)
        plane[50_000] = .nan
        plane[50_001] = -.infinity
        plane[130_000] = .infinity
        let dirty = segments(of: [plane], analyzer, 96_000)
        #expect(dirty.map(\.nonFiniteSampleCount) == [2, 1, 0])
        #expect(dirty.map(\.hopEnergies) == clean.map(\.hopEnergies))
        #expect(dirty.map(\.truePeaks) == clean.map(\.truePeaks))
    }

    @Test("The canonical bytes come back as they were")
    func canonicalBytes() throws {
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 2, oversampling: .sixteenfold)
        for measurement in segments(of: Self.song, analyzer, 100_003) {
            let bytes = measurement.bytes
            #expect(bytes.count == 48 + 16 + 16 * measurement.hopCount)
            #expect(try SegmentMeasurement(bytes: bytes) == measurement)
        }
        // The layout is a file format: its first bytes never change.
        let head = segments(of: Self.song, analyzer, 100_003)[0].bytes.prefix(32)
        #expect(
            Array(head) == [
                0x4c, 0x4d, 0x53, 0x31, 0x80, 0xbb, 0, 0, 2, 0, 0, 0, 16, 0, 0, 0,
                0xa3, 0x86, 1, 0, 0, 0, 0, 0, 0xa2, 0x86, 1, 0, 0, 0, 0, 0,
            ])
    }

    @Test("Bytes that no meter wrote are refused")
    func malformedBytes() throws {
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 1)
        let bytes = segments(of: [Array(Self.song[0][0..<5000])], analyzer, 5000)[0].bytes
        for count in 0..<bytes.count {
            #expect(throws: MeasurementError.malformed) {
                try SegmentMeasurement(bytes: Array(bytes[0..<count]))
            }
        }
        #expect(throws: MeasurementError.malformed) { try SegmentMeasurement(bytes: bytes + [0]) }
        // Offset and value of a byte that must not be so: magic, rate, channels, oversampling, the top bytes
        // of the counts, a negative peak, a peak that is NaN, a negative energy.
        let damage: [(Int, UInt8)] = [
            (0, 0), (5, 0xff), (8, 0), (8, 65), (12, 5), (23, 0x80), (23, 0x7f), (31, 0x7f), (39, 0x7f),
            (39, 0x80), (47, 0x7f), (51, 0x80), (54, 0x7f), (55, 0xff), (63, 0x80), (63, 0x7f),
        ]
        for (offset, value) in damage {
            var damaged = bytes
            damaged[offset] = value
            if offset == 54 { damaged[55] = 0x7f; damaged[54] = 0xff }
            if offset == 63 && value == 0x7f { damaged[62] = 0xff }
            #expect(throws: MeasurementError.malformed, "offset \(offset)") {
                try SegmentMeasurement(bytes: damaged)
            }
        }
    }
}
