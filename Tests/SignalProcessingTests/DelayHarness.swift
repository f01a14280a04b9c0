import Foundation
import SignalProcessing
import Testing

/// A stereo signal of a test, both channels of equal length.
struct StereoSignal: Equatable {
    var left: [Float]
    var right: [Float]

    init(frameCount: Int, _ frame: (Int) -> (Double, Double)) {
        left = []
        right = []
        for i in 0..<frameCount {
            let (x, y) = frame(i)
            left.append(Float(x))
            right.append(Float(y))
        }
    }

    init(left: [Float], right: [Float]) {
        self.left = left
        self.right = right
    }

    var hasSameBits: (StereoSignal) -> Bool {
        { other in
            left.map(\.bitPattern) == other.left.map(\.bitPattern)
                && right.map(\.bitPattern) == other.right.map(\.bitPattern)
        }
    }
}

/// A linear congruential generator (Knuth's MMIX constants), upper bits only.
struct TestNoise {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    /// Uniform in [0, 1).
    mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }

    /// Normal, variance 1 (Box & Muller).
    mutating func normal() -> Double {
        (-2 * log(uniform() + 1e-300)).squareRoot() * cos(2 * Double.pi * uniform())
    }
}

/// What the re-convergence tests are made with.
enum ConvergenceStimulus: String, CaseIterable {
    case noise, music, silence, constant, tone

    func signal(frameCount: Int, rateHertz: Int) -> StereoSignal {
        var noise = TestNoise(seed: 99)
        let rate = Double(rateHertz)
        return StereoSignal(frameCount: frameCount) { i in
            let t = Double(i) / rate
            switch self {
            case .noise: return (0.4 * noise.normal(), 0.4 * noise.normal())
            case .music:
                let beat = t.truncatingRemainder(dividingBy: 0.5)
                let kick = 0.9 * exp(-beat * 12) * sin(2 * Double.pi * 55 * beat)
                let pad = 0.2 * sin(2 * Double.pi * 220 * t) + 0.15 * sin(2 * Double.pi * 331 * t)
                let hat = 0.3 * exp(-beat * 60) * noise.normal()
                return (1.4 * (kick + pad + hat), 1.4 * (kick - pad + 0.5 * hat))
            case .silence: return (0, 0)
            case .constant: return (0.7, 0.7)
            case .tone: return (1.2 * sin(2 * Double.pi * 1000 * t), 0.6 * sin(2 * Double.pi * 1000 * t))
            }
        }
    }
}

/// Runs a processor over a signal in blocks of one length.
func processed<P: StereoProcessor>(
    _ signal: StereoSignal, by processor: inout P, blockFrames: Int = 4096, from first: Int = 0
) -> StereoSignal {
    var left = signal.left
    var right = signal.right
    var start = 0
    while start < left.count {
        let end = min(start + blockFrames, left.count)
        var x = Array(left[start..<end])
        var y = Array(right[start..<end])
        var p = x.mutableSpan
        var q = y.mutableSpan
        processor.process(left: &p, right: &q, at: first + start)
        left.replaceSubrange(start..<end, with: x)
        right.replaceSubrange(start..<end, with: y)
        start = end
    }
    return StereoSignal(left: left, right: right)
}

func snapshotBytes<P: StereoProcessor>(_ processor: P) throws -> [UInt8] {
    var writer = SnapshotWriter()
    processor.write(to: &writer)
    return try writer.finish()
}

func restore<P: StereoProcessor>(_ processor: inout P, from bytes: [UInt8]) throws {
    var reader = SnapshotReader(bytes)
    try processor.read(from: &reader)
    #expect(reader.isAtEnd)
}

/// The same bits for every block length, and for a hand-over by snapshot to a fresh processor against a
/// restore in place.
func expectBlockInvariance<P: StereoProcessor>(_ make: () -> P, rateHertz: Int) throws {
    let signal = ConvergenceStimulus.music.signal(frameCount: 9000, rateHertz: rateHertz)
    var reference = make()
    let expected = processed(signal, by: &reference, blockFrames: 9000)
    for blockFrames in [1, 7, 64, 4096] {
        var processor = make()
        #expect(processed(signal, by: &processor, blockFrames: blockFrames).hasSameBits(expected))
        #expect(try snapshotBytes(processor) == snapshotBytes(reference))
    }
    let bytes = try snapshotBytes(reference)
    try restore(&reference, from: bytes)
    var fresh = make()
    try restore(&fresh, from: bytes)
    #expect(try snapshotBytes(fresh) == bytes)
    let a = processed(signal, by: &reference, from: 9000)
    let b = processed(signal, by: &fresh, blockFrames: 333, from: 9000)
    #expect(a.hasSameBits(b))
}

/// The first ten-second boundary at which two processors with different pasts and the same input have equal
/// snapshots, each restored from its own bytes at every boundary as the engine does; nil beyond `limit`.
func convergenceBoundary<P: StereoProcessor>(
    _ make: () -> P, _ stimulus: ConvergenceStimulus, rateHertz: Int, limit: Int
) throws -> Int? {
    let segment = 10 * rateHertz
    let signal = stimulus.signal(frameCount: segment, rateHertz: rateHertz)
    var processors = [make(), make()]
    for k in 0..<2 {
        var noise = TestNoise(seed: UInt64(k + 5))
        let past = StereoSignal(frameCount: rateHertz) { _ in
            (Double(1 + k) * 0.5 * noise.normal(), 0.5 * noise.normal())
        }
        _ = processed(past, by: &processors[k], from: -rateHertz)
        let bytes = try snapshotBytes(processors[k])
        try restore(&processors[k], from: bytes)
    }
    for boundary in 1...limit {
        var snapshots: [[UInt8]] = []
        for k in 0..<2 {
            _ = processed(signal, by: &processors[k], from: (boundary - 1) * segment)
            snapshots.append(try snapshotBytes(processors[k]))
            try restore(&processors[k], from: snapshots[k])
        }
        if snapshots[0] == snapshots[1] { return boundary }
    }
    return nil
}

/// One NaN at the input makes the snapshot refuse, even long after.
func expectPoisonRefused<P: StereoProcessor>(_ make: () -> P) {
    for poison in [Float.nan, .infinity] {
        var processor = make()
        var signal = StereoSignal(frameCount: 6000) { _ in (0.1, 0.1) }
        signal.right[100] = poison
        _ = processed(signal, by: &processor)
        #expect(throws: SnapshotError.notFinite) { try snapshotBytes(processor) }
    }
}
