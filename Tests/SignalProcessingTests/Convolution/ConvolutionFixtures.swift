import Foundation
import SignalProcessing

extension ContractSubject {
    /// Convolution is a windowed computation, not a processor with state: there is nothing to put to the contract.
    static let convolution: [ContractSubject] = []
}

/// White noise of +-1, the same on every run.
struct TapNoise {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> Float {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Float(Int32(truncatingIfNeeded: state >> 32)) * 0x1p-31
    }

    mutating func frames(_ count: Int, gain: Float = 1) -> [Float] { (0..<count).map { _ in next() * gain } }
}

/// A response that falls by 60 dB over its length.
func decayingResponse(channels: Int, frameCount: Int, seed: UInt64 = 7) -> [[Float]] {
    var noise = TapNoise(seed: seed)
    return (0..<channels).map { _ in
        (0..<frameCount).map { noise.next() * Float(exp(-6.9 * Double($0) / Double(frameCount))) }
    }
}

struct TapSignal: Equatable {
    var left: [Float]
    var right: [Float]

    static func noise(_ frameCount: Int, seed: UInt64 = 1) -> TapSignal {
        var noise = TapNoise(seed: seed)
        return TapSignal(left: noise.frames(frameCount, gain: 0.25), right: noise.frames(frameCount, gain: 0.25))
    }

    /// Sample `n`, 0 outside.
    func frame(_ n: Int) -> (Double, Double) {
        left.indices.contains(n) ? (Double(left[n]), Double(right[n])) : (0, 0)
    }
}

/// Convolves a signal segment by segment, as a farm would.
struct SegmentedConvolution {
    let kernel: ConvolutionKernel
    var segmentFrames = 480_000
    /// In which order; nil: one after the other.
    var order: [Int]?
    /// One convolver for all segments, or one each.
    var isShared = true

    func render(_ signal: TapSignal, frameCount: Int) throws -> TapSignal {
        var output = TapSignal(
            left: Array(repeating: .nan, count: frameCount), right: Array(repeating: .nan, count: frameCount))
        let starts = Array(stride(from: 0, to: frameCount, by: segmentFrames))
        var convolver = StereoConvolver(kernel: kernel)
        for index in order ?? Array(starts.indices) {
            let start = starts[index]
            if !isShared { convolver = StereoConvolver(kernel: kernel) }
            var place = start
            try convolver.render(frameCount: min(segmentFrames, frameCount - start)) { first, count, left, right in
                for i in 0..<count {
                    let (x, y) = signal.frame(start + first + i)
                    left[i] = Float(x)
                    right[i] = Float(y)
                }
            } write: { count, left, right in
                for i in 0..<count {
                    output.left[place + i] = left[i]
                    output.right[place + i] = right[i]
                }
                place += count
            }
        }
        return output
    }
}

/// Decibels of the root mean square of the difference, against that of `reference`.
func differenceDecibels(_ output: TapSignal, _ reference: TapSignal) -> Double {
    var (error, power) = (0.0, 0.0)
    for (a, b) in [(output.left, reference.left), (output.right, reference.right)] {
        for (x, y) in zip(a, b) {
            error += (Double(x) - Double(y)) * (Double(x) - Double(y))
            power += Double(y) * Double(y)
        }
    }
    return 10 * log10(error / power)
}

/// The error against the sum of products in Double, at `count` frames spread over the output.
func directErrorDecibels(
    _ output: TapSignal, _ signal: TapSignal, _ impulse: [[Float]], count: Int, lookahead: Int = 0
) -> Double {
    var (error, power) = (0.0, 0.0)
    let channels = impulse.map { $0.map(Double.init) }
    let (x, y) = (signal.left.map(Double.init), signal.right.map(Double.init))
    for step in 0..<count {
        let n = (output.left.count - 1) * (2 * step + 1) / (2 * count)
        let newest = n + lookahead
        var (left, right) = (0.0, 0.0)
        let oldest = max(0, newest - x.count + 1)
        for k in oldest..<max(oldest, min(channels[0].count, newest + 1)) {
            let (l, r) = (x[newest - k], y[newest - k])
            switch channels.count {
            case 1: (left, right) = (left + channels[0][k] * l, right + channels[0][k] * r)
            case 2: (left, right) = (left + channels[0][k] * l, right + channels[1][k] * r)
            default:
                left += channels[0][k] * l + channels[2][k] * r
                right += channels[1][k] * l + channels[3][k] * r
            }
        }
        for (sum, value) in zip([left, right], [output.left[n], output.right[n]]) {
            error += (sum - Double(value)) * (sum - Double(value))
            power += sum * sum
        }
    }
    return 10 * log10(error / power)
}
