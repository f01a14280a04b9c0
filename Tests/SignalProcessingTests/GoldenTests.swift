import Quantities
import SignalProcessing
import Testing

/// Processor x stimulus -> digest of the output's bits. A row that changes is a change of sound: raise the
/// processor's version, list it under "Sound" in CHANGELOG.md, and write the new digest that the failure prints.
@Suite struct GoldenTests {
    static let recorded: [String: (version: UInt32, digest: String)] = goldenDigests

    @Test("no device changes its bits without a new version", arguments: ContractSubject.all)
    func devices(_ subject: ContractSubject) throws {
        var run = ContractRun(subject)
        let signal = GoldenStimulus.stereo(frameCount: 24_000)
        let out = run.process(signal, blockFrames: 512)
        let digest = GoldenStimulus.digest(zip(out.left, out.right).flatMap { [$0.bitPattern, $1.bitPattern] })
        check(subject.name, subject.version, digest)
    }

    @Test("no conversion or quantiser changes its bits without a new version", arguments: GoldenStream.allCases)
    func streams(_ golden: GoldenStream) throws {
        let (version, digest) = golden.run()
        check(golden.rawValue, version, digest)
    }

    private func check(_ name: String, _ version: UInt32, _ digest: String) {
        let row = Self.recorded[name]
        #expect(
            row?.version == version && row?.digest == digest,
            "changed bits; the row is now:     \"\(name)\": (\(version), \"\(digest)\"),")
    }
}

/// The same on every machine: no libm in it.
enum GoldenStimulus {
    static func stereo(frameCount: Int) -> ContractSignal {
        var signal = ContractSignal(frameCount: 0) { _ in (0, 0) }
        signal.left = mono(1, frameCount)
        signal.right = mono(2, frameCount)
        return signal
    }

    /// Noise bursts over a falling tone over a sixth of a second of silence: what any of them reacts to.
    static func mono(_ seed: UInt64, _ frameCount: Int) -> [Float] {
        var state = seed
        return (0..<frameCount).map { i in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let noise = Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
            let isBurst = i / 3000 % 2 == 0
            let tone = Float(PinnedMath.sin(Double(i % 4800) * 0.02))
            return i > frameCount * 5 / 6 ? 0 : (isBurst ? 0.7 * noise : 0) + 0.5 * tone
        }
    }

    /// FNV-1a over 64 bits: enough to see a changed bit.
    static func digest(_ words: [UInt32]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for word in words {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                hash = (hash ^ UInt64(UInt8(truncatingIfNeeded: word >> shift))) &* 0x100_0000_01b3
            }
        }
        return String(hash, radix: 16)
    }
}

enum GoldenStream: String, CaseIterable, Sendable {
    case conversion44to48, conversion96to44, quantiser16, quantiser24

    func run() -> (version: UInt32, digest: String) {
        let left = GoldenStimulus.mono(1, 24_000)
        switch self {
        case .conversion44to48: return (PolyphaseConverter.version, converted(left, 44_100, 48_000))
        case .conversion96to44: return (PolyphaseConverter.version, converted(left, 96_000, 44_100))
        case .quantiser16, .quantiser24:
            let noise = DitherNoise(seed: 7, outputOrdinal: 1, channel: 0)
            let quantiser = Quantiser(bits: self == .quantiser16 ? 16 : 24, dither: noise)
            return (Quantiser.version, quantised(left, quantiser))
        }
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
        return GoldenStimulus.digest(output.map(\.bitPattern))
    }

    private func quantised(_ x: [Float], _ quantiser: Quantiser) -> String {
        let needed = quantiser.inputRange(forOutput: 0..<x.count)
        let input = needed.map { x.indices.contains($0) ? x[$0] : 0 }
        var output = [Int32](repeating: 0, count: x.count)
        output.withUnsafeMutableBufferPointer { buffer in
            var span = buffer.mutableSpan
            _ = quantiser.process(input: input.span, inputStart: needed.lowerBound, output: &span, outputStart: 0)
        }
        return GoldenStimulus.digest(output.map { UInt32(bitPattern: $0) })
    }
}
