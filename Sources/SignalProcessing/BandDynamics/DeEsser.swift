/// The settings of a de-esser, in the table's order and units.
package struct DeEsserParameters: Sendable, Equatable {
    /// What is turned down while the band is loud.
    package enum Mode: Int, Sendable {
        /// Takes off the band only.
        case split
        /// Takes off the whole signal.
        case wide
    }

    /// What is turned down.
    package var mode: Mode
    /// Centre of the band, 1 to 16 kHz.
    package var frequencyHertz: Double
    /// Q of the band, 0.3 to 10.
    package var quality: Double
    /// Of the band's level, -80 to 0 dB.
    package var thresholdDecibels: Double
    /// 1 or more; 1e300 stands for infinity.
    package var ratio: Double
    /// The largest reduction, 0 to 40 dB.
    package var rangeDecibels: Double
    /// 63 % of the change in decibels, 0.05 to 100 ms.
    package var attackSeconds: Double
    /// 63 % of the change in decibels, 5 ms to 2 s.
    package var releaseSeconds: Double

    static let names = ["mode", "frequency", "q", "threshold", "ratio", "range", "attack", "release"]

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == 8, let mode = Int(exactly: values[0]).flatMap(Mode.init),
            (1000...16_000).contains(values[1]), (0.3...10).contains(values[2]), (-80...0).contains(values[3]),
            values[4] >= 1, (0...40).contains(values[5]), (0.00005...0.1).contains(values[6]),
            (0.005...2).contains(values[7])
        else { return nil }
        self.mode = mode
        frequencyHertz = values[1]
        quality = values[2]
        thresholdDecibels = values[3]
        ratio = values[4]
        rangeDecibels = values[5]
        attackSeconds = values[6]
        releaseSeconds = values[7]
    }
}

/// A de-esser for a stereo signal: takes off a band, or all, while the band is loud.
///
/// A band-pass (state-variable filter, 0 dB at its centre) hears both channels; the louder one's peak, held for up to
/// 5 ms, passes the feed-forward log-domain gain computer of Giannoulis, Massberg and Reiss (J. Audio Eng. Soc. 60(6),
/// 2012); attack and release are the times to 63 % of a change in decibels. In the split mode the output is
/// x - (1 - gain) band(x), a bell whose centre has exactly that gain: far from the band nothing changes, and
/// without reduction the signal passes bit for bit, in phase.
///
/// Latency 0 frames, tail 0.1 s, snapshot 104 bytes. Re-convergence: by the second segment boundary, for releases up to
/// 0.5 s, on any input.
package struct DeEsser: StereoDevice {
    /// Changes whenever the bits change.
    package static let version: UInt32 = 1
    package static let parameterNames = DeEsserParameters.names

    package let latencyFrames = 0
    package let tailFrames: Int
    private let rateHertz: Double
    private let mode: DeEsserParameters.Mode
    private var band: StereoSection
    private var bandSettings = SIMD2<Double>()
    private var window: PeakWindow
    private var curve = ReductionCurve<SIMD8<Float>>()
    private var envelope = ReductionEnvelope()
    private var releaseSeconds = 0.0

    package init?(parameters: [Double], rateHertz: Int) {
        guard let settings = DeEsserParameters(values: parameters) else { return nil }
        self.init(settings, rateHertz: Double(rateHertz))
    }

    /// - Parameter rateHertz: Sample rate of the signal.
    package init(_ settings: DeEsserParameters, rateHertz: Double) {
        self.rateHertz = rateHertz
        mode = settings.mode
        tailFrames = Int(rateHertz / 10)
        band = StereoSection(Self.section(settings, rateHertz))
        bandSettings = SIMD2(settings.frequencyHertz, settings.quality)
        window = PeakWindow(laneCount: 1, rateHertz: rateHertz)
        set(settings)
    }

    package mutating func update(parameters: [Double]) {
        guard let settings = DeEsserParameters(values: parameters) else { return }
        let wanted = SIMD2(settings.frequencyHertz, settings.quality)
        if wanted != bandSettings { band.retune(Self.section(settings, rateHertz)) }
        bandSettings = wanted
        set(settings)
    }

    package mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        var bandLeft = InlineArray<128, Float>(repeating: 0)
        var bandRight = InlineArray<128, Float>(repeating: 0)
        var gains = InlineArray<128, Float>(repeating: 0)
        var leftBand = bandLeft.mutableSpan
        var rightBand = bandRight.mutableSpan
        var gain = gains.mutableSpan
        var start = 0
        while start < left.count {
            let count = min(DynamicsChunk.frameCount, left.count - start)
            filter(left.span, right.span, start, count, &leftBand, &rightBand)
            DynamicsChunk.peaks(leftBand.span, rightBand.span, 0, count, &gain)
            window.follow(&gain, count: count, at: frame + start)
            for i in stride(from: 0, to: count, by: 8) { gain.setLanes(curve.reduction(gain.lanes(at: i)), at: i) }
            envelope.smooth(&gain, count: count)
            for i in stride(from: 0, to: count, by: 8) {
                gain.setLanes(PinnedMath.exp2(SIMD8() - gain.lanes(at: i)), at: i)
            }
            if mode == .split {
                Self.takeOff(leftBand.span, gain.span, from: &left, start, count)
                Self.takeOff(rightBand.span, gain.span, from: &right, start, count)
            } else {
                DynamicsChunk.apply(gain.span, to: &left, start, count)
                DynamicsChunk.apply(gain.span, to: &right, start, count)
            }
            start += count
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        snapshot.put(recursive: envelope.reduction)
        band.write(to: &snapshot)
        window.write(to: &snapshot)
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        envelope.reduction = try snapshot.recursiveDouble()
        try band.read(from: &snapshot)
        try window.read(from: &snapshot)
    }

    private static func section(_ settings: DeEsserParameters, _ rateHertz: Double) -> BandSection {
        let corner = BandSection.corner(frequencyHertz: settings.frequencyHertz, rateHertz: rateHertz)
        return BandSection(.bandPass, corner: corner, quality: settings.quality)
    }

    private mutating func set(_ settings: DeEsserParameters) {
        for lane in 0..<8 {
            curve.set(
                lane: lane, thresholdDecibels: settings.thresholdDecibels, ratio: settings.ratio, kneeDecibels: 0,
                rangeDecibels: settings.rangeDecibels)
        }
        envelope.growPole = DynamicsChunk.pole(seconds: settings.attackSeconds, rateHertz: rateHertz)
        guard releaseSeconds != settings.releaseSeconds else { return }
        releaseSeconds = settings.releaseSeconds
        let held = window.heldBuckets(releaseSeconds: releaseSeconds, rateHertz: rateHertz, most: 10)
        window.hold(held, lane: 0)
        // The hold is part of the release: both together keep the label.
        envelope.shrinkPole = DynamicsChunk.pole(
            seconds: releaseSeconds - window.meanSeconds(heldBuckets: held, rateHertz: rateHertz), rateHertz: rateHertz)
    }

    @inline(never)
    private mutating func filter(
        _ left: Span<Float>, _ right: Span<Float>, _ start: Int, _ count: Int, _ bandLeft: inout MutableSpan<Float>,
        _ bandRight: inout MutableSpan<Float>
    ) {
        var section = band
        for i in 0..<count {
            let y = SIMD2<Float>(section.step(SIMD2(Double(left[start + i]), Double(right[start + i]))))
            bandLeft[i] = y[0]
            bandRight[i] = y[1]
        }
        band = section
    }

    /// x - (1 - gain) band; every bit of x where the gain is 1.
    @inline(never)
    private static func takeOff(
        _ band: Span<Float>, _ gains: Span<Float>, from samples: inout MutableSpan<Float>, _ start: Int, _ count: Int
    ) {
        let one = SIMD8<Float>(repeating: 1)
        var i = 0
        while i + 8 <= count {
            let x = samples.lanes(at: start + i)
            let gain = gains.lanes(at: i)
            let y = x.addingProduct(gain - one, band.lanes(at: i))
            samples.setLanes(y.replacing(with: x, where: gain .== one), at: start + i)
            i += 8
        }
        while i < count {
            let x = samples[start + i]
            if gains[i] != 1 { samples[start + i] = x.addingProduct(gains[i] - 1, band[i]) }
            i += 1
        }
    }
}
