/// What one stereo strip of a compressor does, as numbers of its kernel; levels in log2 units (6.02 dB).
struct CompressorLane: Sendable, Equatable {
    var detectsMeanSquare = false
    var threshold = 0.0
    /// 1 - 1/ratio: decibels taken off per decibel above the threshold.
    var slope = 0.0
    var kneeWidth = 0.0
    /// The most that is taken off.
    var range = 0.0
    var makeUp = 0.0
    /// What is left of a distance to the target after one frame, when the reduction grows.
    var attackPole = 0.0
    /// The same when the reduction shrinks.
    var releasePole = 0.0
    /// The same two of the second envelope of a programme-dependent release; nil without one.
    var slowPoles: SlowPoles?
    /// Whole detector buckets whose maximum is held; 0 to `PeakHold.bucketCount`.
    var heldBuckets = 0
    /// The poles of the mean square's window, two equal ones.
    var windowPole = 0.0
    var lowCut: KeyFilterSection?
    var highCut: KeyFilterSection?
    var link = 1.0
    var mix = 1.0
    var lookAheadFrames = 0

    struct SlowPoles: Sendable, Equatable {
        var attack: Double
        var release: Double
    }

    /// Of a lane that passes.
    static let identity = CompressorLane()

    static let decibelsPerUnit = 6.020599913279624

    /// The step that the times of the RMS detector are labelled for is 20 dB; its longest window.
    static let longestWindowSeconds = 0.0125
    private static let shortestWindowSeconds = 0.001

    private init() {}

    init(_ parameters: CompressorParameters, rateHertz: Double) {
        let (attack, release) = (parameters.attackSeconds, parameters.releaseSeconds)
        detectsMeanSquare = parameters.detector == .rms
        shape(
            thresholdDecibels: parameters.thresholdDecibels, ratio: parameters.ratio,
            kneeDecibels: parameters.kneeDecibels, rangeDecibels: parameters.rangeDecibels)
        makeUp = parameters.makeUpDecibels / Self.decibelsPerUnit
        if parameters.makesUpByItself { makeUp += 0.5 * reduction(level: 0) }
        if detectsMeanSquare {
            listenToPower(
                attackSeconds: attack, releaseSeconds: release, averagingSeconds: parameters.averagingSeconds,
                rateHertz: rateHertz)
        } else {
            attackPole = Self.pole(seconds: attack, rateHertz: rateHertz)
            holdPeaks(releaseSeconds: release, rateHertz: rateHertz)
        }
        lowCut = Self.lowCut(parameters.keyLowCutHertz, rateHertz: rateHertz)
        if parameters.keyHighCutHertz < CompressorParameters.highestKeyHertz {
            highCut = KeyFilterSection(hertz: parameters.keyHighCutHertz, rateHertz: rateHertz)
        }
        link = parameters.link
        mix = parameters.mix
        lookAheadFrames = Self.frames(seconds: parameters.lookAheadSeconds, rateHertz: rateHertz)
    }

    init(_ parameters: BusCompressorParameters, rateHertz: Double) {
        shape(
            thresholdDecibels: parameters.thresholdDecibels, ratio: parameters.ratio,
            kneeDecibels: parameters.kneeDecibels, rangeDecibels: 60)
        makeUp = parameters.makeUpDecibels / Self.decibelsPerUnit
        attackPole = Self.pole(seconds: parameters.attackSeconds, rateHertz: rateHertz)
        if parameters.releasesByItself {
            holdPeaks(releaseSeconds: BusCompressor.fastReleaseSeconds, rateHertz: rateHertz)
            slowPoles = SlowPoles(
                attack: Self.pole(seconds: BusCompressor.slowAttackSeconds, rateHertz: rateHertz),
                release: Self.pole(seconds: BusCompressor.slowReleaseSeconds, rateHertz: rateHertz))
        } else {
            holdPeaks(releaseSeconds: parameters.releaseSeconds, rateHertz: rateHertz)
        }
        lowCut = Self.lowCut(parameters.keyLowCutHertz, rateHertz: rateHertz)
        mix = parameters.mix
    }

    /// The static curve: what is taken off at a steady level.
    func reduction(level: Double) -> Double {
        let above = max(0, level - threshold + kneeWidth / 2)
        let inside = min(above, kneeWidth)
        let knee = kneeWidth > 0 ? inside * inside / (2 * kneeWidth) : 0
        return min(range, slope * (knee + above - inside))
    }

    static func frames(seconds: Double, rateHertz: Double) -> Int {
        Int((seconds * rateHertz).rounded(.toNearestOrEven))
    }

    static func pole(seconds: Double, rateHertz: Double) -> Double {
        seconds > 0 ? PinnedMath.exp(-1 / (seconds * rateHertz)) : 0
    }

    private static func lowCut(_ hertz: Double, rateHertz: Double) -> KeyFilterSection? {
        hertz > CompressorParameters.lowestKeyHertz ? KeyFilterSection(hertz: hertz, rateHertz: rateHertz) : nil
    }

    private mutating func shape(
        thresholdDecibels: Double, ratio: Double, kneeDecibels: Double, rangeDecibels: Double
    ) {
        threshold = thresholdDecibels / Self.decibelsPerUnit
        slope = 1 - 1 / ratio
        kneeWidth = kneeDecibels / Self.decibelsPerUnit
        range = rangeDecibels / Self.decibelsPerUnit
    }

    /// The hold delays the release, so the exponential is that much shorter: both together keep the label.
    private mutating func holdPeaks(releaseSeconds: Double, rateHertz: Double) {
        heldBuckets = PeakHold.heldBuckets(releaseSeconds: releaseSeconds, rateHertz: rateHertz)
        let hold = PeakHold.meanSeconds(heldBuckets: heldBuckets, rateHertz: rateHertz)
        releasePole = Self.pole(seconds: releaseSeconds - hold, rateHertz: rateHertz)
    }

    /// The window takes a part of both times, which is taken off the exponentials.
    ///
    /// How much depends on the label over the window's length alone: after a step of 20 dB the level in dB goes as
    /// 10 log10(0.01 + 0.99 (1 - (1 + u) e^-u)), or back as 10 log10(0.01 + 0.99 (1 + u) e^-u), u the time over half
    /// the window, and an exponential follows it. The polynomials in q = window/label fit what was found by solving
    /// for the exponential that makes 63 % at the label. A longer averaging time leaves the exponentials as
    /// short as the longest window that keeps the label does.
    private mutating func listenToPower(
        attackSeconds: Double, releaseSeconds: Double, averagingSeconds: Double, rateHertz: Double
    ) {
        let fitting = min(Self.longestWindowSeconds, min(2 * attackSeconds, releaseSeconds / 8))
        let window = max(averagingSeconds, max(Self.shortestWindowSeconds, fitting))
        windowPole = Self.pole(seconds: window / 2, rateHertz: rateHertz)
        var q = min(2, window / attackSeconds)
        let rise = 0.42384 + q * (0.31622 + q * (-0.38337 + q * (0.14464 - 0.01755 * q)))
        attackPole = Self.pole(seconds: attackSeconds * (1 - q * rise), rateHertz: rateHertz)
        q = min(0.125, window / releaseSeconds)
        let fall = 2.08765 + q * (0.85361 + q * (-1.53936 + 19.43016 * q))
        releasePole = Self.pole(seconds: releaseSeconds * (1 - q * fall), rateHertz: rateHertz)
    }
}
