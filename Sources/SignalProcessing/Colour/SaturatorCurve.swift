/// The curves of a saturator. All pass small signals with a gain of 1 and have no memory.
package enum SaturatorCurve: Int, CaseIterable, Sendable {
    /// tanh x: odd harmonics, ceiling 1.
    case tanh
    /// x / sqrt(1 + (x / 1.25)^2), which meets tanh at 1: odd harmonics, softer, ceiling 1.25 (1.9 dB).
    case tape
    /// (tanh(x + b) - tanh b) / (1 - tanh^2 b): even harmonics too, the second first; b is the bias.
    case tube
    /// Clips at +-1: odd harmonics.
    case hard

    /// Ceiling of `tape`.
    static let tapeScale = 1.25

    /// Order of the antiderivative kernel.
    var order: Int {
        switch self {
        case .tanh, .tube: 1
        case .tape: 2
        case .hard: 3
        }
    }
}

/// The curves over the rows of an oversampler. Leaf loops: one call per phase, chunk and channel.
enum CurveRows {
    /// tanh, averaged between samples.
    @inline(never)
    static func tanh(_ work: inout MutableSpan<Float>, before: Int, now: Int, to target: Int, count: Int) {
        var i = 0
        while i < count {
            let y = unsafe PinnedMath.meanTanh(work.vector(at: before &+ i), work.vector(at: now &+ i))
            unsafe work.setVector(y, at: target &+ i)
            i &+= 8
        }
    }

    /// (tanh(x + bias) - rest) / slope, averaged between samples.
    @inline(never)
    static func tube(
        _ work: inout MutableSpan<Float>, before: Int, now: Int, to target: Int, count: Int, _ point: TubePoint
    ) {
        let (bias, rest, inverse) = (point.bias.span, point.rest.span, point.inverseSlope.span)
        var i = 0
        while i < count {
            let shift = lanes(bias, i)
            let y = unsafe PinnedMath.meanTanh(
                work.vector(at: before &+ i) + shift, work.vector(at: now &+ i) + shift)
            unsafe work.setVector((y - lanes(rest, i)) * lanes(inverse, i), at: target &+ i)
            i &+= 8
        }
    }

    @inline(always)
    static func lanes(_ span: Span<Float>, _ index: Int) -> ColourLane {
        unsafe span.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 4, as: ColourLane.self)
    }

    /// x / sqrt(1 + x^2): both moments between samples.
    @inline(never)
    static func tape(
        _ work: inout MutableSpan<Float>, before: Int, now: Int, to target: Int, moment: Int, count: Int
    ) {
        let half = ColourLane(repeating: 0.5)
        var i = 0
        while i < count {
            let (mean, lean) = unsafe PinnedMath.meanRootCurve(
                work.vector(at: before &+ i), work.vector(at: now &+ i))
            unsafe work.setVector((mean * half) - lean, at: target &+ i)
            unsafe work.setVector((mean * half) + lean, at: moment &+ i)
            i &+= 8
        }
    }

    /// What a hard clipper takes away: three moments.
    @inline(never)
    static func excess(
        _ work: inout MutableSpan<Float>, _ way: ClipWay, to target: Int, moments: (Int, Int), count: Int,
        low: Span<Float>
    ) {
        var i = 0
        while i < count {
            let (a, b) = way.ends(work, i)
            let bend = way.bend(work, i, a, b)
            let taken = ClipMoments(a, b, bend: bend, low: lanes(low, i), knee: .zero, isHard: true)
            unsafe work.setVector(taken.first, at: target &+ i)
            unsafe work.setVector(taken.second, at: moments.0 &+ i)
            unsafe work.setVector(taken.third, at: moments.1 &+ i)
            i &+= 8
        }
    }

    /// From what a clipper takes away to what it leaves: the way between the samples less that.
    @inline(never)
    static func complement(
        _ work: inout MutableSpan<Float>, _ way: ClipWay, to target: Int, moments: (Int, Int), count: Int
    ) {
        let (most, least) = (ColourLane(repeating: 1.0 / 8), ColourLane(repeating: 1.0 / 24))
        let third = ColourLane(repeating: 1.0 / 3)
        var i = 0
        while i < count {
            let (a, b) = way.ends(work, i)
            let bend = way.bend(work, i, a, b)
            let outer = bend * ColourLane(repeating: 1.0 / 80)
            let inner = bend * ColourLane(repeating: 7.0 / 120)
            let taken = unsafe work.vector(at: target &+ i)
            unsafe work.setVector((a * most + b * least) - outer - taken, at: target &+ i)
            let second = unsafe work.vector(at: moments.0 &+ i)
            unsafe work.setVector((a + b) * third - inner - second, at: moments.0 &+ i)
            let last = unsafe work.vector(at: moments.1 &+ i)
            unsafe work.setVector((a * least + b * most) - outer - last, at: moments.1 &+ i)
            i &+= 8
        }
    }

    /// What a clipper with a knee takes away: three moments.
    @inline(never)
    static func soft(
        _ work: inout MutableSpan<Float>, _ way: ClipWay, to target: Int, moments: (Int, Int), count: Int,
        low: Span<Float>, knee: Span<Float>
    ) {
        var i = 0
        while i < count {
            let (a, b) = way.ends(work, i)
            let threshold = lanes(low, i)
            // Most of a programme stands below; NaN passes by the dry way. (Not in the cheaper loop above, which the
            // compiler then takes apart into scalars.)
            guard (threshold - a.unsigned.atLeast(b.unsigned)).hasSign else {
                clear(&work, target, moments, i)
                i &+= 8
                continue
            }
            let bend = way.bend(work, i, a, b)
            let taken = ClipMoments(a, b, bend: bend, low: threshold, knee: lanes(knee, i), isHard: false)
            unsafe work.setVector(taken.first, at: target &+ i)
            unsafe work.setVector(taken.second, at: moments.0 &+ i)
            unsafe work.setVector(taken.third, at: moments.1 &+ i)
            i &+= 8
        }
    }

    @inline(always)
    private static func clear(_ work: inout MutableSpan<Float>, _ target: Int, _ moments: (Int, Int), _ index: Int) {
        unsafe work.setVector(.zero, at: target &+ index)
        unsafe work.setVector(.zero, at: moments.0 &+ index)
        unsafe work.setVector(.zero, at: moments.1 &+ index)
    }

    /// Adds rows to a row.
    @inline(never)
    static func add(_ work: inout MutableSpan<Float>, _ first: Int, _ second: Int?, to target: Int, count: Int) {
        var i = 0
        while i < count {
            var sum = unsafe work.vector(at: target &+ i) + work.vector(at: first &+ i)
            if let second { unsafe sum += work.vector(at: second &+ i) }
            unsafe work.setVector(sum, at: target &+ i)
            i &+= 8
        }
    }
}

/// Where the two samples of a way lie and their outer neighbours, which say how it bends.
struct ClipWay {
    let last: Int
    let before: Int
    let now: Int
    let next: Int

    /// To `phase` - 1: the newest phase is the neighbour. Without oversampling the way has no length and no bend.
    init(_ rows: PhaseRows, channel: Int, phase: Int) {
        let places = rows.phaseCount == 1 ? (0, 0, 0, 0) : (phase - 3, phase - 2, phase - 1, phase)
        last = rows.first(channel: channel, phase: places.0)
        before = rows.first(channel: channel, phase: places.1)
        now = rows.first(channel: channel, phase: places.2)
        next = rows.first(channel: channel, phase: places.3)
    }

    @inline(always)
    func ends(_ work: borrowing MutableSpan<Float>, _ i: Int) -> (a: ColourLane, b: ColourLane) {
        unsafe (work.vector(at: before &+ i), work.vector(at: now &+ i))
    }

    /// The mean second difference at both ends.
    @inline(always)
    func bend(_ work: borrowing MutableSpan<Float>, _ i: Int, _ a: ColourLane, _ b: ColourLane) -> ColourLane {
        unsafe ((work.vector(at: next &+ i) - b) - (a - work.vector(at: last &+ i))) * ColourLane(repeating: 0.5)
    }
}

/// The operating point of a tube, frame by frame of a chunk.
struct TubePoint: Sendable {
    private(set) var bias = [Float](repeating: 0, count: Oversampler.chunkFrames + 8)
    /// tanh(bias), by the same steps as the curve, so that silence stays exactly silent.
    private(set) var rest = [Float](repeating: 0, count: Oversampler.chunkFrames + 8)
    /// 1 / (1 - tanh^2(bias)).
    private(set) var inverseSlope = [Float](repeating: 1, count: Oversampler.chunkFrames + 8)

    mutating func prepare(_ frames: [Float], count: Int) {
        Self.fill(&bias, &rest, &inverseSlope, frames, count: count)
    }

    private static func fill(
        _ bias: inout [Float], _ rest: inout [Float], _ inverse: inout [Float], _ frames: [Float], count: Int
    ) {
        let one = ColourLane(repeating: 1)
        let frames = frames.span
        var bias = bias.mutableSpan
        var rest = rest.mutableSpan
        var inverse = inverse.mutableSpan
        for i in stride(from: 0, to: count, by: 8) {
            let b = CurveRows.lanes(frames, i)
            let y = PinnedMath.meanTanh(b, b)
            unsafe bias.setVector(b, at: i)
            unsafe rest.setVector(y, at: i)
            unsafe inverse.setVector(one / (one - y * y), at: i)
        }
    }
}

extension Oversampler {
    /// What stands between `interpolate` and `decimate`.
    enum Stage {
        case tanh
        case tape
        case tube(TubePoint)
        /// Leaves what is within the thresholds.
        case hard([Float])
        /// Gives what is taken away beyond the thresholds: without a knee, and with knees as wide as these.
        case excess([Float])
        case softExcess([Float], knees: [Float])

        var order: Int {
            switch self {
            case .tanh, .tube: 1
            case .tape: 2
            case .hard, .excess, .softExcess: 3
            }
        }
    }

    mutating func apply(_ stage: Stage, count: Int) {
        let (factor, curveInput, curveOutput, moments) = (factor, curveInput, curveOutput, moments)
        var span = work.mutableSpan
        for channel in 0..<2 {
            for phase in 0..<factor {
                let now = curveInput.first(channel: channel, phase: phase)
                // Without oversampling there is no kernel either: the way has no length.
                let before = factor == 1 ? now : curveInput.first(channel: channel, phase: phase - 1)
                let way = ClipWay(curveInput, channel: channel, phase: phase)
                let target = curveOutput.first(channel: channel, phase: phase)
                let places = (
                    moments[0].first(channel: channel, phase: phase), moments[1].first(channel: channel, phase: phase)
                )
                switch stage {
                case .tanh: CurveRows.tanh(&span, before: before, now: now, to: target, count: count)
                case .tube(let point):
                    CurveRows.tube(&span, before: before, now: now, to: target, count: count, point)
                case .tape:
                    CurveRows.tape(&span, before: before, now: now, to: target, moment: places.0, count: count)
                case .hard(let low):
                    CurveRows.excess(&span, way, to: target, moments: places, count: count, low: low.span)
                    CurveRows.complement(&span, way, to: target, moments: places, count: count)
                case .excess(let low):
                    CurveRows.excess(&span, way, to: target, moments: places, count: count, low: low.span)
                case .softExcess(let low, let knees):
                    CurveRows.soft(
                        &span, way, to: target, moments: places, count: count, low: low.span, knee: knees.span)
                }
            }
            guard stage.order > 1 else { continue }
            for phase in 0..<factor {
                let second = moments[0].first(channel: channel, phase: factor == 1 ? 0 : phase - 1)
                let third = moments[1].first(channel: channel, phase: factor == 1 ? 0 : phase - 2)
                let target = curveOutput.first(channel: channel, phase: phase)
                CurveRows.add(&span, second, stage.order == 2 ? nil : third, to: target, count: count)
            }
        }
    }
}
