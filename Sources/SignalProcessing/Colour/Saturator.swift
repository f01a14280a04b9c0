/// What a saturator is made from, in the table's order.
package struct SaturatorParameters: Sendable, Equatable {
    package var curve: SaturatorCurve
    /// Level into the curve, 0 to 40 dB.
    package var driveDecibels: Double
    /// 0 to 1: the operating point of `tube`, b = 0.8 times this; 0 is symmetric.
    package var bias: Double
    /// Treble into `tape` and out of it again, 0 to 12 dB.
    package var emphasisDecibels: Double
    /// -24 to 24 dB, of the wet signal.
    package var outputDecibels: Double
    /// 0 dry to 1 wet, linear.
    package var mix: Double
    /// Doublings of the rate, 0 to 3.
    package var stageCount: Int

    /// nil where these are not numbers that the table allows.
    package init?(values: [Double]) {
        guard values.count == 7, let type = Int(exactly: values[0]), let curve = SaturatorCurve(rawValue: type),
            (0...40).contains(values[1]), (0...1).contains(values[2]), (0...12).contains(values[3]),
            (-24...24).contains(values[4]), (0...1).contains(values[5]),
            let stages = Int(exactly: values[6]), (0...3).contains(stages)
        else { return nil }
        self.curve = curve
        driveDecibels = values[1]
        bias = values[2]
        emphasisDecibels = values[3]
        outputDecibels = values[4]
        mix = values[5]
        stageCount = stages
    }

    /// The level at which the curve sees 1 (of 1.25 for tape).
    var inputGain: Double {
        PinnedMath.gain(decibels: driveDecibels) / (curve == .tape ? SaturatorCurve.tapeScale : 1)
    }
    var wetGain: Double {
        mix * PinnedMath.gain(decibels: outputDecibels) * (curve == .tape ? SaturatorCurve.tapeScale : 1)
    }
    /// b of the tube.
    var operatingPoint: Double { 0.8 * bias }
    var emphasisGain: Double { curve == .tape ? PinnedMath.gain(decibels: emphasisDecibels) : 1 }
}

/// Saturation: a curve without memory, antialiased by its antiderivative and by oversampling.
///
/// Between two samples of the oversampled signal the curve is averaged over the straight way that leads from one to the
/// other, with a B-spline of first (tanh, tube), second (tape) or third order (hard) as weight (Parker, Zavalishin, Le
/// Bivic, DAFx-16; Bilbao, Esqueda, Parker, Valimaki, IEEE SPL 2017), in forms without cancellation (`PinnedMath`,
/// `ClipMoments`), so in Float32 lanes and without a second formula for short ways. What the weight takes from the
/// treble the last filter returns: small signals pass flat to 20 kHz, with the gain of drive plus output.
///
/// - Drive, bias, output, emphasis and mix glide over 8 frames. Mix 0 % is the input, bit for bit, after the latency.
/// - Aliases and noise of a 4987 Hz tone at 0 dBFS, 20 dB into the curve, at 8x: tanh -128 dB, tape -130, tube -130,
///   hard -113 (its largest alias -116; 6 dB into it -109 and -113).
/// - Without oversampling (1x) there is neither kernel nor filter nor latency, and aliases are as they fall.
/// - `tube` loses its direct current in a 2 Hz high-pass; `tape` is between a treble shelf and its inverse.
/// - Latency: whole frames, for 8x 97 at 48 kHz, 160 at 44.1 kHz. Tail: as much; tube 1 s (the high-pass).
/// - Snapshot: below 8 kB. Re-convergence: the latency twice; tube and tape the next boundary.
package struct Saturator: StereoDevice {
    package static let version: UInt32 = 2
    package static let parameterNames = ["type", "drive", "bias", "emphasis", "output", "mix", "oversampling"]

    package let latencyFrames: Int
    package let tailFrames: Int

    private let curve: SaturatorCurve
    private var oversampler: Oversampler
    private var emphasis: ColourEmphasis
    private var blocker: ColourBlocker
    private var dry: DryLine
    private var glide = ColourGlide()
    private var inputGain: ColourRamp
    private var wetGain: ColourRamp
    private var dryGain: ColourRamp
    private var emphasisGain: ColourRamp
    /// The bias of the tube; the threshold of the clipper, 1.
    private var point: ColourRamp
    private var tubePoint = TubePoint()

    package init?(parameters: [Double], rateHertz: Int) {
        guard let values = SaturatorParameters(values: parameters), rateHertz >= 8000 else { return nil }
        curve = values.curve
        let design = OversamplingDesign(
            stageCount: values.stageCount, order: values.curve.order, rateHertz: rateHertz)
        oversampler = Oversampler(design, order: values.curve.order)
        latencyFrames = design.latencyFrames
        tailFrames =
            design.latencyFrames + 16 + (values.curve == .tube ? ColourBlocker.tailFrames(rateHertz: rateHertz) : 0)
            + (values.curve == .tape ? rateHertz / 500 : 0)
        emphasis = ColourEmphasis(rateHertz: rateHertz)
        blocker = ColourBlocker(rateHertz: rateHertz)
        dry = DryLine(delayFrames: design.latencyFrames)
        inputGain = ColourRamp(values.inputGain)
        wetGain = ColourRamp(values.wetGain)
        dryGain = ColourRamp(1 - values.mix)
        emphasisGain = ColourRamp(values.emphasisGain)
        point = ColourRamp(values.curve == .hard ? 1 : values.operatingPoint)
    }

    package mutating func update(parameters: [Double]) {
        guard var values = SaturatorParameters(values: parameters) else { return }
        values.curve = curve
        inputGain.move(to: values.inputGain)
        wetGain.move(to: values.wetGain)
        dryGain.move(to: 1 - values.mix)
        emphasisGain.move(to: values.emphasisGain)
        if curve == .tube { point.move(to: values.operatingPoint) }
        glide.begin()
    }

    package mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let (count, position) = glide.next(remaining: left.count - start)
            inputGain.prepare(position: position, count: count)
            wetGain.prepare(position: position, count: count)
            dryGain.prepare(position: position, count: count)
            emphasisGain.prepare(position: position, count: count)
            point.prepare(position: position, count: count)
            oversampler.take(left, right, from: start, count: count, gain: inputGain.frames)
            dry.take(left, right, from: start, count: count)
            colour(count: count, isGliding: position != nil)
            dry.mix(
                &left, &right, at: start, count: count, with: oversampler, dryGain: dryGain.frames,
                wetGain: wetGain.frames)
            oversampler.advance(count: count)
            dry.advance(count: count)
            glide.advance(count: count)
            start += count
        }
    }

    /// From the oversampler's input to its output.
    private mutating func colour(count: Int, isGliding: Bool) {
        if curve == .tape { shelve(oversampler.input, count: count, isGliding: isGliding, isAfter: false) }
        oversampler.interpolate(count: count)
        switch curve {
        case .tanh: oversampler.apply(.tanh, count: count)
        case .tape: oversampler.apply(.tape, count: count)
        case .tube:
            tubePoint.prepare(point.frames, count: count)
            oversampler.apply(.tube(tubePoint), count: count)
        case .hard: oversampler.apply(.hard(point.frames), count: count)
        }
        oversampler.decimate(count: count)
        if curve == .tape { shelve(oversampler.output, count: count, isGliding: isGliding, isAfter: true) }
        if curve == .tube {
            let left = oversampler.output.first(channel: 0, phase: 0)
            let right = oversampler.output.first(channel: 1, phase: 0)
            blocker.process(&oversampler.work, left: left, right: right, count: count)
        }
    }

    private mutating func shelve(_ rows: PhaseRows, count: Int, isGliding: Bool, isAfter: Bool) {
        let step = isGliding ? 1 : count
        let left = rows.first(channel: 0, phase: 0)
        let right = rows.first(channel: 1, phase: 0)
        let gains = emphasisGain.frames
        for i in stride(from: 0, to: count, by: step) {
            let gain = Double(gains[i])
            if isAfter {
                emphasis.restore(
                    &oversampler.work, left: left + i, right: right + i, count: step, gain: gain)
            } else {
                emphasis.emphasize(
                    &oversampler.work, left: left + i, right: right + i, count: step, gain: gain)
            }
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        oversampler.write(to: &snapshot)
        dry.write(to: &snapshot)
        if curve == .tape { emphasis.write(to: &snapshot) }
        if curve == .tube { blocker.write(to: &snapshot) }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try oversampler.read(from: &snapshot)
        try dry.read(from: &snapshot)
        if curve == .tape { try emphasis.read(from: &snapshot) }
        if curve == .tube { try blocker.read(from: &snapshot) }
        glide.end()
    }
}
