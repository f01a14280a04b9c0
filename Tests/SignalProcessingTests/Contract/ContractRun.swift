import Foundation
import SignalProcessing

/// A stereo stimulus of the contract tests.
struct ContractSignal: Sendable {
    var left: [Float]
    var right: [Float]

    var count: Int { left.count }

    init(frameCount: Int, _ frame: (Int) -> (Double, Double)) {
        left = []
        right = []
        left.reserveCapacity(frameCount)
        right.reserveCapacity(frameCount)
        for i in 0..<frameCount {
            let (x, y) = frame(i)
            left.append(Float(x))
            right.append(Float(y))
        }
    }

    /// Noise bursts over a low tone, with a second of silence at the end of every four.
    static func mixed(frameCount: Int, seed: UInt64 = 1, rateHertz: Int = 48_000) -> ContractSignal {
        var noise = ContractNoise(seed: seed)
        return ContractSignal(frameCount: frameCount) { i in
            let t = Double(i) / Double(rateHertz)
            let isBurst = i / 3000 % 2 == 0
            if i / rateHertz % 4 == 3 { return (0, 0) }
            let tone = 0.4 * sin(2 * Double.pi * 220 * t)
            let (x, y) = (noise.next(), noise.next())
            return (tone + (isBurst ? 0.5 * x : 0), tone * 0.7 + (isBurst ? 0.5 * y : 0))
        }
    }

    static func convergence(_ input: ConvergenceInput, frameCount: Int, rateHertz: Int) -> ContractSignal {
        var noise = ContractNoise(seed: 99)
        let rate = Double(rateHertz)
        return ContractSignal(frameCount: frameCount) { i in
            let t = Double(i) / rate
            switch input {
            case .noise: return (0.4 * noise.next(), 0.4 * noise.next())
            case .music:
                let beat = t.truncatingRemainder(dividingBy: 0.5)
                let kick = 0.9 * exp(-beat * 12) * sin(2 * Double.pi * 55 * beat)
                let pad = 0.2 * sin(2 * Double.pi * 220 * t) + 0.15 * sin(2 * Double.pi * 331 * t)
                let hat = 0.3 * exp(-beat * 60) * noise.next()
                return (kick + pad + hat, kick - pad + 0.5 * hat)
            case .silence: return (0, 0)
            case .constant: return (0.7, 0.7)
            case .tone: return (sin(2 * Double.pi * 1000 * t), 0.6 * sin(2 * Double.pi * 1000 * t))
            }
        }
    }

    func slice(_ range: Range<Int>) -> ContractSignal {
        var cut = self
        cut.left = Array(left[range])
        cut.right = Array(right[range])
        return cut
    }

    func hasSameBits(as other: ContractSignal) -> Bool {
        left.count == other.left.count && zip(left, other.left).allSatisfy { $0.bitPattern == $1.bitPattern }
            && zip(right, other.right).allSatisfy { $0.bitPattern == $1.bitPattern }
    }

    var isFinite: Bool { left.allSatisfy(\.isFinite) && right.allSatisfy(\.isFinite) }
    var peak: Double { Double((left + right).reduce(0) { max($0, $1.magnitude) }) }
}

/// Uniform in -1..<1 (Knuth's MMIX constants, upper bits).
struct ContractNoise {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

    mutating func next() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-52 - 1
    }
}

/// A device at work in a test, as the engine works it.
struct ContractRun {
    var device: any StereoDevice
    let isKeyed: Bool
    private let key = ContractSignal.mixed(frameCount: 8192, seed: 77)
    /// The key of one block; longer ones make room.
    private var keyLeft = [Float](repeating: 0, count: 512)
    private var keyRight = [Float](repeating: 0, count: 512)

    init(_ subject: ContractSubject) {
        device = subject.make()
        isKeyed = subject.isKeyed
    }

    init(_ device: any StereoDevice, isKeyed: Bool) {
        self.device = device
        self.isKeyed = isKeyed
    }

    /// The signal's frames from song frame `first` on, in blocks of one length.
    mutating func process(_ signal: ContractSignal, blockFrames: Int, from first: Int = 0) -> ContractSignal {
        var out = signal
        var start = 0
        while start < signal.count {
            let count = min(blockFrames, signal.count - start)
            step(&out, start, count, first + start)
            start += count
        }
        return out
    }

    /// One block in place.
    mutating func step(_ signal: inout ContractSignal, _ start: Int, _ count: Int, _ frame: Int) {
        if isKeyed {
            if keyLeft.count < count {
                keyLeft = [Float](repeating: 0, count: count)
                keyRight = keyLeft
            }
            for i in 0..<count {
                let k = ((frame + i) % key.count + key.count) % key.count
                keyLeft[i] = key.left[k]
                keyRight[i] = key.right[k]
            }
            let (keyLeft, keyRight) = (keyLeft, keyRight)
            Self.run(
                &device, &signal, start, count, frame, keyLeft.span.extracting(0..<count),
                keyRight.span.extracting(0..<count))
        } else {
            Self.run(&device, &signal, start, count, frame)
        }
    }

    @inline(never)
    private static func run(
        _ device: inout any StereoDevice, _ signal: inout ContractSignal, _ start: Int, _ count: Int, _ frame: Int
    ) {
        signal.left.withUnsafeMutableBufferPointer { l in
            signal.right.withUnsafeMutableBufferPointer { r in
                var left = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: l[start..<start + count]))
                var right = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: r[start..<start + count]))
                device.process(left: &left, right: &right, at: frame)
            }
        }
    }

    @inline(never)
    private static func run(
        _ device: inout any StereoDevice, _ signal: inout ContractSignal, _ start: Int, _ count: Int, _ frame: Int,
        _ keyLeft: Span<Float>, _ keyRight: Span<Float>
    ) {
        signal.left.withUnsafeMutableBufferPointer { l in
            signal.right.withUnsafeMutableBufferPointer { r in
                var left = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: l[start..<start + count]))
                var right = MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: r[start..<start + count]))
                device.process(left: &left, right: &right, keyLeft: keyLeft, keyRight: keyRight, at: frame)
            }
        }
    }

    /// The snapshot's bytes.
    func snapshot() throws -> [UInt8] {
        var writer = SnapshotWriter()
        device.write(to: &writer)
        return try writer.finish()
    }

    mutating func restore(_ bytes: [UInt8]) throws {
        var reader = SnapshotReader(bytes)
        try device.read(from: &reader)
        guard reader.isAtEnd else { throw SnapshotError.malformed }
    }

    /// What the engine does at every segment's end.
    mutating func crossBoundary() throws { try restore(try snapshot()) }
}
