/// What a compressor listens to.
package enum LevelDetector: String, Sendable, Hashable {
    /// The larger of the two channels' magnitudes.
    case peak
    /// The root of the mean square of both channels, over a one-pole window of 10 ms.
    case rms
}

/// The numbers of one stereo lane of a compressor, as a plan carries them; levels in log2 units (6.02 dB).
package struct CompressorCoefficients: Sendable, Hashable {
    /// False passes the lane through, bit for bit.
    package let isActive: Bool
    package let detectsMeanSquare: Bool
    /// Listens to the key instead of the signal.
    package let usesKey: Bool
    package let threshold: Double
    /// 1 - 1/ratio: decibels taken off per decibel above the threshold.
    package let slope: Double
    package let kneeWidth: Double
    package let makeUp: Double
    /// What is left of a distance to the target after one frame, when the reduction grows.
    package let attackPole: Double
    /// The same when the reduction shrinks.
    package let releasePole: Double
    /// Whole detector buckets whose maximum is held; 0 to `PeakHold.bucketCount`.
    package let heldBuckets: Int

    package static let identity = CompressorCoefficients(
        isActive: false, detectsMeanSquare: false, usesKey: false, threshold: 0, slope: 0, kneeWidth: 0,
        makeUp: 0,
        attackPole: 0, releasePole: 0, heldBuckets: 0)

    /// Designs one lane.
    ///
    /// - Parameters:
    ///   - ratio: 1 or more; infinity limits.
    ///   - attackSeconds: Time in which the gain reduction, in dB, covers 63 % (1 - 1/e) of a step up.
    ///   - releaseSeconds: The same for a step down, including the time the peak detector holds.
    ///   - kneeDecibels: Width of the quadratic knee, half of it on each side of the threshold.
    package init(
        thresholdDecibels: Double, ratio: Double, attackSeconds: Double, releaseSeconds: Double,
        kneeDecibels: Double = 0, makeUpDecibels: Double = 0, detector: LevelDetector = .peak,
        usesKey: Bool = false,
        rateHertz: Double
    ) {
        precondition(
            ratio >= 1 && attackSeconds >= 0 && releaseSeconds >= 0 && kneeDecibels >= 0 && rateHertz > 0,
            "compressor parameters")
        let decibelsPerUnit = 6.020599913279624
        let held =
            detector == .peak ? PeakHold.heldBuckets(releaseSeconds: releaseSeconds, rateHertz: rateHertz) : 0
        // The hold delays the release, so the exponential is that much shorter: both together keep the label.
        let decay = releaseSeconds - PeakHold.meanSeconds(heldBuckets: held, rateHertz: rateHertz)
        self.init(
            isActive: true, detectsMeanSquare: detector == .rms, usesKey: usesKey,
            threshold: thresholdDecibels / decibelsPerUnit, slope: 1 - 1 / ratio,
            kneeWidth: kneeDecibels / decibelsPerUnit, makeUp: makeUpDecibels / decibelsPerUnit,
            attackPole: Self.pole(seconds: attackSeconds, rateHertz: rateHertz),
            releasePole: Self.pole(seconds: decay, rateHertz: rateHertz), heldBuckets: held)
    }

    /// How many numbers `values` holds.
    package static let valueCount = 10

    /// The canonical list of numbers, for plans and keys; `init(values:)` reads it back exactly.
    package var values: [Double] {
        [
            isActive ? 1 : 0, detectsMeanSquare ? 1 : 0, usesKey ? 1 : 0, threshold, slope, kneeWidth, makeUp,
            attackPole, releasePole, Double(heldBuckets),
        ]
    }

    /// Reads `values`; nil when the count is wrong or a number is out of its range.
    package init?(values: [Double]) {
        guard values.count == Self.valueCount, values.allSatisfy(\.isFinite),
            values[0...2].allSatisfy({ $0 == 0 || $0 == 1 }), values[7] >= 0, values[7] < 1, values[8] >= 0,
            values[8] < 1, values[5] >= 0, let held = Int(exactly: values[9]),
            (0...PeakHold.bucketCount).contains(held)
        else { return nil }
        self.init(
            isActive: values[0] == 1, detectsMeanSquare: values[1] == 1, usesKey: values[2] == 1,
            threshold: values[3], slope: values[4], kneeWidth: values[5], makeUp: values[6],
            attackPole: values[7],
            releasePole: values[8], heldBuckets: held)
    }

    static func pole(seconds: Double, rateHertz: Double) -> Double {
        seconds > 0 ? PinnedMath.exp(-1 / (seconds * rateHertz)) : 0
    }

    private init(
        isActive: Bool, detectsMeanSquare: Bool, usesKey: Bool, threshold: Double, slope: Double,
        kneeWidth: Double,
        makeUp: Double, attackPole: Double, releasePole: Double, heldBuckets: Int
    ) {
        self.isActive = isActive
        self.detectsMeanSquare = detectsMeanSquare
        self.usesKey = usesKey
        self.threshold = threshold
        self.slope = slope
        self.kneeWidth = kneeWidth
        self.makeUp = makeUp
        self.attackPole = attackPole
        self.releasePole = releasePole
        self.heldBuckets = heldBuckets
    }
}
