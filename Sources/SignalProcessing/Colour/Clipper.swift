/// What a clipper is made from, in the table's order.
package struct ClipperParameters: Sendable, Equatable {
    /// Before the clipper, -24 to 24 dB.
    package var gainDecibels: Double
    /// Largest sample that comes out, -24 to 0 dB.
    package var ceilingDecibels: Double
    /// 0 to 1: half the width of the knee, of the ceiling.
    package var softness: Double
    /// Whether what rings above the ceiling is taken back, so that no sample is above it.
    package var isStrict: Bool
    /// Doublings of the rate, 0 to 3.
    package var stageCount: Int

    /// nil where these are not numbers that the table allows.
    package init?(values: [Double]) {
        guard values.count == 5, (-24...24).contains(values[0]), (-24...0).contains(values[1]),
            (0...1).contains(values[2]), values[3] == 0 || values[3] == 1,
            let stages = Int(exactly: values[4]), (0...3).contains(stages)
        else { return nil }
        gainDecibels = values[0]
        ceilingDecibels = values[1]
        softness = values[2]
        isStrict = values[3] == 1
        stageCount = stages
    }

    var ceiling: Double { PinnedMath.gain(decibels: ceilingDecibels) }
    /// Where the knee begins: (1 - softness) times the ceiling; it is as wide as twice the rest.
    var threshold: Double { ceiling * (1 - softness) }
    var knee: Double { 2 * ceiling * (softness > 1e-6 ? softness : 1e-6) }
}

/// A clipper for drum buses and masters: what stands out is taken away within the band, the rest stays bit for bit.
///
/// Hard, or with a quadratic knee from (1 - softness) to (1 + softness) times the ceiling. What the curve takes away is
/// found at the oversampled rate, averaged between samples with a quadratic B-spline (`ClipMoments`), limited to the
/// band, and subtracted from the delayed signal. So where nothing stands out the output is the input times the gain,
/// exactly, and at 0 dB the input.
///
/// Limited to the band, a flat top rings above the ceiling: by up to 2.1 dB for a tone driven into a square, less than
/// 1 dB for a few decibels on music. With `strict` a smooth dip of the gain of 2.6 ms takes that back
/// (`OvershootGuard`), and a clip at the session's rate takes what rounding leaves: no sample is above the ceiling.
/// Without it a limiter has to follow.
///
/// - Gain, ceiling and softness glide over 8 frames.
/// - Latency: whole frames, for 8x 97 at 48 kHz, and 62 if strict; without oversampling none. Tail: as much.
/// - Snapshot: below 16 kB. Re-convergence: the latency twice.
package struct Clipper: StereoDevice {
    package static let version: UInt32 = 2
    package static let parameterNames = ["gain", "ceiling", "softness", "strict", "oversampling"]

    package let latencyFrames: Int
    package var tailFrames: Int { latencyFrames + 16 }

    private let isStrict: Bool
    private var oversampler: Oversampler
    /// nil where it is not strict, and at the session's rate, where nothing rings.
    private var overshootGuard: OvershootGuard?
    private var glide = ColourGlide()
    private var gain: ColourRamp
    private var ceiling: ColourRamp
    private var threshold: ColourRamp
    private var knee: ColourRamp
    /// Whether there is no knee, at neither end of the glide.
    private var isHard: Bool
    private var wasHard: Bool

    package init?(parameters: [Double], rateHertz: Int) {
        guard let values = ClipperParameters(values: parameters), rateHertz >= 8000 else { return nil }
        let order = SaturatorCurve.hard.order
        oversampler = Oversampler(
            OversamplingDesign(stageCount: values.stageCount, order: order, rateHertz: rateHertz), order: order)
        isStrict = values.isStrict
        overshootGuard = isStrict && values.stageCount > 0 ? OvershootGuard(rateHertz: rateHertz) : nil
        latencyFrames = oversampler.latencyFrames + (overshootGuard?.delayFrames ?? 0)
        gain = ColourRamp(PinnedMath.gain(decibels: values.gainDecibels))
        ceiling = ColourRamp(values.ceiling)
        threshold = ColourRamp(values.threshold)
        knee = ColourRamp(values.knee)
        isHard = values.softness == 0
        wasHard = isHard
    }

    package mutating func update(parameters: [Double]) {
        guard let values = ClipperParameters(values: parameters) else { return }
        gain.move(to: PinnedMath.gain(decibels: values.gainDecibels))
        ceiling.move(to: values.ceiling)
        threshold.move(to: values.threshold)
        knee.move(to: values.knee)
        wasHard = isHard
        isHard = values.softness == 0
        glide.begin()
    }

    package mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let (count, position) = glide.next(remaining: left.count - start)
            gain.prepare(position: position, count: count)
            ceiling.prepare(position: position, count: count)
            threshold.prepare(position: position, count: count)
            knee.prepare(position: position, count: count)
            oversampler.take(left, right, from: start, count: count, gain: gain.frames)
            oversampler.interpolate(count: count)
            let isHard = isHard && (position == nil || wasHard)
            oversampler.apply(
                isHard ? .excess(threshold.frames) : .softExcess(threshold.frames, knees: knee.frames), count: count)
            oversampler.decimate(count: count)
            subtract(from: 0, &left, at: start, count: count)
            subtract(from: 1, &right, at: start, count: count)
            overshootGuard?.process(&left, &right, at: start, count: count, ceilings: ceiling.frames)
            oversampler.advance(count: count)
            glide.advance(count: count)
            start += count
        }
    }

    private func subtract(from channel: Int, _ output: inout MutableSpan<Float>, at start: Int, count: Int) {
        let taken = oversampler.output.first(channel: channel, phase: 0)
        let delayed = oversampler.input.first(channel: channel, phase: 0) - oversampler.latencyFrames
        let work = oversampler.work.span
        let ceilings = ceiling.frames.span
        Self.subtract(work, taken, delayed, ceilings, isStrict && overshootGuard == nil, &output, start, count)
    }

    @inline(never)
    private static func subtract(
        _ work: Span<Float>, _ taken: Int, _ delayed: Int, _ ceiling: Span<Float>, _ isStrict: Bool,
        _ output: inout MutableSpan<Float>, _ start: Int, _ count: Int
    ) {
        var i = 0
        while i < count {
            let x = CurveRows.lanes(work, delayed &+ i)
            let r = CurveRows.lanes(work, taken &+ i)
            // A zero keeps its sign where nothing is taken away.
            var y = (x - r).replacing(with: x, where: r .== .zero)
            if isStrict {
                let top = CurveRows.lanes(ceiling, i)
                y = y.atMost(top).atLeast(-top)
            }
            if i + 8 <= count {
                unsafe output.setVector(y, at: start &+ i)
            } else {
                for k in 0..<count - i { output[start + i + k] = y[k] }
            }
            i &+= 8
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        oversampler.write(to: &snapshot)
        overshootGuard?.write(to: &snapshot)
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try oversampler.read(from: &snapshot)
        try overshootGuard?.read(from: &snapshot)
        glide.end()
        wasHard = isHard
    }
}
