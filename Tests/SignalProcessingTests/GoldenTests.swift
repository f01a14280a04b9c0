import Quantities
import SignalProcessing
import Testing

/// Processor x stimulus -> digest of the output's bits. A row that changes is a change of sound: raise the
/// processor's version, list it under "Sound" in CHANGELOG.md, and write the new digest that the failure prints.
@Suite struct GoldenTests {
    /// In the order of `cases`; the version the row was recorded with stands beside it.
    static let recorded: [String: (version: UInt32, digest: String)] = goldenDigests

    @Test("no processor changes its bits without a new version", arguments: GoldenCase.allCases)
    func bits(_ golden: GoldenCase) throws {
        let (version, digest) = golden.run()
        let row = Self.recorded[golden.rawValue]
        #expect(
            row?.version == version && row?.digest == digest,
            "\(golden.rawValue): version \(version), digest \"\(digest)\"")
    }
}

enum GoldenCase: String, CaseIterable, Sendable {
    case equalizer, equalizerInDouble, compressorPeak, compressorRMS, gain, limiter, delay, reverb
    case conversion44to48, conversion96to44, quantiser16, quantiser24

    private static let frameCount = 24_000

    /// Noise bursts over a falling tone over a second of silence: what any of them reacts to.
    private static func stimulus(_ seed: UInt64) -> [Float] {
        var state = seed
        return (0..<frameCount).map { i in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let noise = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
            let isBurst = i / 3000 % 2 == 0
            let tone = Float(PinnedMath.sin(Double(i % 4800) * 0.02))
            return i > 20_000 ? 0 : (isBurst ? 0.7 * noise : 0) + 0.5 * tone
        }
    }

    func run() -> (version: UInt32, digest: String) {
        let left = Self.stimulus(1)
        let right = Self.stimulus(2)
        let rate = 48_000
        switch self {
        case .equalizer, .equalizerInDouble:
            let high = self == .equalizerInDouble ? 15_000.0 : 9000.0
            let bands =
                FilterDesign.band(
                    .highPass, frequencyHertz: 60, gainDecibels: 0, q: 0.7, slopeDecibelsPerOctave: 24,
                    rateHertz: Double(rate))
                + FilterDesign.band(
                    .bell, frequencyHertz: 900, gainDecibels: -4, q: 1.3, slopeDecibelsPerOctave: 12,
                    rateHertz: Double(rate))
                + FilterDesign.band(
                    .highShelf, frequencyHertz: high, gainDecibels: 3, q: 0.7, slopeDecibelsPerOctave: 12,
                    rateHertz: Double(rate))
            let chain = EqualizerChain(sections: bands.map { [$0, nil, nil, nil] })
            return (EqualizerSection.version, lanes(chain, left, right))
        case .compressorPeak, .compressorRMS:
            let numbers = CompressorCoefficients(
                thresholdDecibels: -20, ratio: 4, attackSeconds: 0.005, releaseSeconds: 0.1, kneeDecibels: 6,
                makeUpDecibels: 2, detector: self == .compressorPeak ? .peak : .rms, rateHertz: Double(rate))
            let compressor = Compressor(lanes: [numbers, nil, nil, nil], rateHertz: Double(rate))
            return (Compressor.version, lanes(compressor, left, right))
        case .gain:
            let stage = GainStage(lanes: [GainCoefficients(gainDecibels: -2.5, invertsRight: true), nil, nil, nil])
            return (GainStage.version, lanes(stage, left, right))
        case .limiter:
            let numbers = LimiterCoefficients.design(
                ceilingDecibels: -1, releaseSeconds: 0.08, gainDecibels: 6, rateHertz: rate)
            return (TruePeakLimiter.version, stereo(TruePeakLimiter(numbers), left, right))
        case .delay:
            let numbers = DelayCoefficients.design(
                leftFrames: 1200, rightFrames: 1777, feedback: 0.5, highCutHertz: 6000, lowCutHertz: 100,
                isPingPong: true, mix: 0.4, rateHertz: rate)
            return (StereoDelay.version, stereo(StereoDelay(numbers), left, right))
        case .reverb:
            let numbers = ReverbCoefficients.design(
                decaySeconds: 1.5, predelaySeconds: 0.01, dampingHertz: 5000, size: 1, width: 1, mix: 0.5,
                rateHertz: rate)
            return (FDNReverb.version, stereo(FDNReverb(numbers), left, right))
        case .conversion44to48: return (PolyphaseConverter.version, converted(left, 44_100, 48_000))
        case .conversion96to44: return (PolyphaseConverter.version, converted(left, 96_000, 44_100))
        case .quantiser16, .quantiser24:
            let noise = DitherNoise(seed: 7, outputOrdinal: 1, channel: 0)
            let quantiser = Quantiser(bits: self == .quantiser16 ? 16 : 24, dither: noise)
            return (Quantiser.version, quantised(left, quantiser))
        }
    }

    private func lanes(_ processor: some LaneProcessor, _ left: [Float], _ right: [Float]) -> String {
        var processor = processor
        var frames = zip(left, right).map { SIMD8<Float>($0, 0, 0, 0, $1, 0, 0, 0) }
        frames.withUnsafeMutableBufferPointer { buffer in
            var span = buffer.mutableSpan
            processor.process(&span, key: nil, at: 0)
        }
        return digest(frames.flatMap { [$0[0].bitPattern, $0[4].bitPattern] })
    }

    private func stereo(_ processor: some StereoProcessor, _ left: [Float], _ right: [Float]) -> String {
        var (processor, left, right) = (processor, left, right)
        left.withUnsafeMutableBufferPointer { l in
            right.withUnsafeMutableBufferPointer { r in
                var a = l.mutableSpan
                var b = r.mutableSpan
                processor.process(left: &a, right: &b, at: 0)
            }
        }
        return digest(zip(left, right).flatMap { [$0.bitPattern, $1.bitPattern] })
    }

    private func converted(_ x: [Float], _ from: Int, _ to: Int) -> String {
        let converter = PolyphaseConverter(from: from, to: to)
        let count = 4096
        let needed = converter.inputRange(forOutput: 1000..<1000 + count)
        let input = needed.map { x.indices.contains($0) ? x[$0] : 0 }
        var output = [Float](repeating: 0, count: count)
        output.withUnsafeMutableBufferPointer { buffer in
            var span = buffer.mutableSpan
            converter.process(
                input: input.span, inputStart: needed.lowerBound, output: &span, outputStart: 1000)
        }
        return digest(output.map(\.bitPattern))
    }

    private func quantised(_ x: [Float], _ quantiser: Quantiser) -> String {
        let needed = quantiser.inputRange(forOutput: 0..<x.count)
        let input = needed.map { x.indices.contains($0) ? x[$0] : 0 }
        var output = [Int32](repeating: 0, count: x.count)
        output.withUnsafeMutableBufferPointer { buffer in
            var span = buffer.mutableSpan
            _ = quantiser.process(input: input.span, inputStart: needed.lowerBound, output: &span, outputStart: 0)
        }
        return digest(output.map { UInt32(bitPattern: $0) })
    }

    /// FNV-1a over 64 bits: enough to see a changed bit.
    private func digest(_ words: [UInt32]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for word in words {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                hash = (hash ^ UInt64(UInt8(truncatingIfNeeded: word >> shift))) &* 0x100_0000_01b3
            }
        }
        return String(hash, radix: 16)
    }
}
