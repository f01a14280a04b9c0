/// A `TruePeakLimiter` as plain numbers, frozen by the compiler.
package struct LimiterCoefficients: Sendable, Equatable {
    /// The detector holds the peaks this far below the ceiling, to leave room for what a meter of
    /// another window finds and for what the changing gain adds between the samples.
    package static let marginDecibels = 0.03

    static let longestHoldSeconds = 0.01

    /// No release has a longer hold at this rate.
    static func longestHoldFrames(rateHertz: Int) -> Int { Int((longestHoldSeconds * Double(rateHertz)).rounded(.up)) }

    /// Linear gain before the limiter.
    package var inputGain: Double
    /// Linear true-peak level that the gain is computed for: the ceiling less the margin.
    package var threshold: Double
    /// Per-frame steps of the exponentials: 1 - exp(-1 / (seconds x rate)).
    package var fastRelease: Double
    package var slowAttack: Double
    package var slowRelease: Double
    /// Frames for which the gain stays down after a peak, before the release begins.
    package var holdFrames: Int
    /// 1, 2 or 4: the look-ahead in units of that at 44.1 and 48 kHz.
    package var lookAheadScale: Int

    /// - Parameters:
    ///   - ceilingDecibels: true-peak ceiling in dBTP, at most 0.
    ///   - releaseSeconds: time in which the gain after an isolated peak makes good 63 % of its reduction, once it was
    ///     held for an eighth of that time, at most 10 ms and at least 1.6. Under lasting reduction a slower release
    ///     takes over: it builds up and recovers with 5 times that time constant, the recovery with at most 1 s (or
    ///     `releaseSeconds` if that is longer). So by default: after 5 ms above the ceiling the gain recovers with 80
    ///     ms, after 2 s of limiting with 400 ms.
    ///   - gainDecibels: gain before the limiter.
    ///   - rateHertz: rate of the signal.
    package static func design(
        ceilingDecibels: Double, releaseSeconds: Double, gainDecibels: Double, rateHertz: Int
    ) -> LimiterCoefficients {
        func step(_ seconds: Double) -> Double { 1 - PinnedMath.exp(-1 / (seconds * Double(rateHertz))) }
        return LimiterCoefficients(
            inputGain: gain(decibels: gainDecibels),
            threshold: PinnedMath.gain(decibels: ceilingDecibels - marginDecibels),
            fastRelease: step(releaseSeconds), slowAttack: step(5 * releaseSeconds),
            slowRelease: step(max(releaseSeconds, min(1, 5 * releaseSeconds))),
            holdFrames: Int((min(longestHoldSeconds, releaseSeconds / 8) * Double(rateHertz)).rounded(.up)),
            lookAheadScale: rateHertz > 128_000 ? 4 : rateHertz > 64_000 ? 2 : 1)
    }

    /// Exactly 1 at 0 dB.
    static func gain(decibels: Double) -> Double { decibels == 0 ? 1 : PinnedMath.gain(decibels: decibels) }

    package init(
        inputGain: Double, threshold: Double, fastRelease: Double, slowAttack: Double, slowRelease: Double,
        holdFrames: Int, lookAheadScale: Int
    ) {
        self.inputGain = inputGain
        self.threshold = threshold
        self.fastRelease = fastRelease
        self.slowAttack = slowAttack
        self.slowRelease = slowRelease
        self.holdFrames = holdFrames
        self.lookAheadScale = lookAheadScale
    }

    /// All numbers, in the order of the properties.
    package var values: [Double] {
        [
            inputGain, threshold, fastRelease, slowAttack, slowRelease, Double(holdFrames),
            Double(lookAheadScale),
        ]
    }

    /// The coefficients whose `values` these are; nil if they cannot be.
    package init?(values: [Double]) {
        guard values.count == 7, values.allSatisfy(\.isFinite), values[1] > 0,
            values[2...4].allSatisfy({ $0 >= 0 && $0 <= 1 }), (0...65_536).contains(values[5]),
            values[5] == values[5].rounded(), [1, 2, 4].contains(values[6])
        else { return nil }
        self.init(
            inputGain: values[0], threshold: values[1], fastRelease: values[2], slowAttack: values[3],
            slowRelease: values[4], holdFrames: Int(values[5]), lookAheadScale: Int(values[6]))
    }
}
