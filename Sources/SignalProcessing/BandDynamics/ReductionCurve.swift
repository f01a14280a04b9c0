/// What dynamics with one level for both channels share: chunks of 128 frames, in short loops over eight frames.
enum DynamicsChunk {
    static let frameCount = 128
    /// 20 log10 2: levels are computed in units of one doubling.
    static let decibelsPerUnit = 6.020599913279624

    /// What is left of a distance after one frame, with 63 % (1 - 1/e) of it covered in `seconds`.
    static func pole(seconds: Double, rateHertz: Double) -> Double {
        seconds > 0 ? PinnedMath.exp(-1 / (seconds * rateHertz)) : 0
    }

    static func units(_ decibels: Double) -> Float { Float(decibels / decibelsPerUnit) }

    /// peaks[i] = the larger magnitude of the two channels at `start` + i.
    static func peaks(
        _ left: Span<Float>, _ right: Span<Float>, _ start: Int, _ count: Int, _ peaks: inout MutableSpan<Float>
    ) {
        var i = 0
        while i + 8 <= count {
            let l = magnitude(left.lanes(at: start + i))
            let r = magnitude(right.lanes(at: start + i))
            peaks.setLanes(l.replacing(with: r, where: r .> l), at: i)
            i += 8
        }
        while i < count {
            let (l, r) = (left[start + i].magnitude, right[start + i].magnitude)
            peaks[i] = r > l ? r : l
            i += 1
        }
    }

    @inline(always)
    static func magnitude(_ x: SIMD8<Float>) -> SIMD8<Float> {
        unsafeBitCast(unsafeBitCast(x, to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7fff_ffff), to: SIMD8<Float>.self)
    }

    /// y = x gain, and every bit of x where the gain is 1, subnormals too.
    static func apply(_ gains: Span<Float>, to samples: inout MutableSpan<Float>, _ start: Int, _ count: Int) {
        let one = SIMD8<Float>(repeating: 1)
        var i = 0
        while i + 8 <= count {
            let x = samples.lanes(at: start + i)
            let gain = gains.lanes(at: i)
            let y = x * gain
            samples.setLanes(y.replacing(with: x, where: gain .== one), at: start + i)
            i += 8
        }
        while i < count {
            if gains[i] != 1 { samples[start + i] *= gains[i] }
            i += 1
        }
    }
}

/// Level to gain reduction, in units of one doubling, 0 or more.
///
/// Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design", J. Audio Eng. Soc. 60(6), 2012: with u
/// the level above the knee's lower edge, u^2 / (2 width) inside the knee and u - width / 2 above it, times the slope.
/// At most the range.
struct ReductionCurve<Lanes: SIMD & Sendable>: Sendable where Lanes.Scalar == Float {
    var offset = Lanes()
    var kneeWidth = Lanes()
    var kneeScale = Lanes()
    var slope = Lanes()
    var range = Lanes()

    /// - Parameter ratio: 1 or more; from a thousand million on it counts as infinite.
    mutating func set(
        lane: Int, thresholdDecibels: Double, ratio: Double, kneeDecibels: Double, rangeDecibels: Double
    ) {
        let width = DynamicsChunk.units(kneeDecibels)
        slope[lane] = Float(1 - 1 / ratio)
        offset[lane] = width / 2 - DynamicsChunk.units(thresholdDecibels)
        kneeWidth[lane] = width
        kneeScale[lane] = width > 0 ? slope[lane] / (2 * width) : 0
        range[lane] = DynamicsChunk.units(rangeDecibels)
    }
}

extension ReductionCurve where Lanes == SIMD8<Float> {
    @inline(always)
    func reduction(_ level: SIMD8<Float>) -> SIMD8<Float> {
        let zero = SIMD8<Float>()
        var u = offset + PinnedMath.log2(level)
        u = u.replacing(with: zero, where: u .< zero)
        let inside = u.replacing(with: kneeWidth, where: u .> kneeWidth)
        let above = u - inside
        let reduction = (inside * inside * kneeScale).addingProduct(slope, above)
        return reduction.replacing(with: range, where: reduction .> range)
    }
}

/// The smooth branching filter on a gain reduction (Giannoulis et al., equation 16), in Double.
struct ReductionEnvelope: Sendable {
    var reduction = 0.0
    /// What is left of a distance after one frame, where the reduction grows.
    var growPole = 0.0
    /// The same where it shrinks.
    var shrinkPole = 0.0

    mutating func smooth(_ targets: inout MutableSpan<Float>, count: Int) {
        var state = reduction
        let (grow, shrink) = (growPole, shrinkPole)
        let (growInput, shrinkInput) = (1 - grow, 1 - shrink)
        // Both branches are computed from the old state, so the recurrence is one product and one choice. Above the
        // state the faster of the two lies higher, below it lower.
        if grow > shrink {
            for i in 0..<count {
                let target = Double(targets[i])
                let grown = (growInput * target).addingProduct(grow, state)
                let shrunk = (shrinkInput * target).addingProduct(shrink, state)
                state = shrunk < grown ? shrunk : grown
                targets[i] = Float(state)
            }
        } else {
            for i in 0..<count {
                let target = Double(targets[i])
                let grown = (growInput * target).addingProduct(grow, state)
                let shrunk = (shrinkInput * target).addingProduct(shrink, state)
                state = shrunk > grown ? shrunk : grown
                targets[i] = Float(state)
            }
        }
        reduction = state
    }
}

/// Values of automated gains on their way from one point of the control grid to the next.
///
/// A new value is reached eight frames after its update, along a line, so that a step on the grid makes no click. On
/// a multiple of eight frames it has always arrived: it is no state.
struct GridGlide: Sendable {
    static let frameCount = 8
    private var origin: Float
    private(set) var target: Float

    init(_ value: Double) {
        origin = Float(value)
        target = origin
    }

    mutating func move(to value: Double) {
        origin = target
        target = Float(value)
    }

    /// The value at k frames after the update is `base` + `step` k; `isUnderWay` until k is 8.
    func line(isUnderWay: Bool) -> (base: Float, step: Float) {
        isUnderWay ? (origin, (target - origin) / Float(Self.frameCount)) : (target, 0)
    }
}
