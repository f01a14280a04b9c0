/// A `TruePeakLimiter` as plain numbers, frozen by the compiler.
package struct LimiterCoefficients: Sendable, Equatable {
    /// The detector holds the peaks this far below the ceiling, to leave room for what a meter of
    /// another window finds and for what the changing gain adds between the samples.
    package static let marginDecibels = 0.03

    /// Linear gain before the limiter.
    package var inputGain: Double
    /// Linear true-peak level that the gain is computed for: the ceiling less the margin.
    package var threshold: Double
    /// Per-frame steps of the exponentials: 1 - exp(-1 / (seconds x rate)).
    package var fastRelease: Double
    package var slowAttack: Double
    package var slowRelease: Double
    /// 1, 2 or 4: the look-ahead in units of that at 44.1 and 48 kHz.
    package var lookAheadScale: Int

    /// - Parameters:
    ///   - ceilingDecibels: true-peak ceiling in dBTP, at most 0.
    ///   - releaseSeconds: time in which the gain after an isolated peak makes good 63 % of its reduction.
    ///     Under lasting reduction a slower one takes over: it builds up with 4 times that time constant and
    ///     recovers with 6 times, at most 1 s (or `releaseSeconds` if that is longer).
    ///   - gainDecibels: gain before the limiter.
    ///   - rateHertz: rate of the signal.
    package static func design(
        ceilingDecibels: Double, releaseSeconds: Double, gainDecibels: Double, rateHertz: Int
    ) -> LimiterCoefficients {
        func step(_ seconds: Double) -> Double { 1 - PinnedMath.exp(-1 / (seconds * Double(rateHertz))) }
        return LimiterCoefficients(
            inputGain: gainDecibels == 0 ? 1 : PinnedMath.gain(decibels: gainDecibels),
            threshold: PinnedMath.gain(decibels: ceilingDecibels - marginDecibels),
            fastRelease: step(releaseSeconds), slowAttack: step(4 * releaseSeconds),
            slowRelease: step(max(releaseSeconds, min(1, 6 * releaseSeconds))),
            lookAheadScale: rateHertz > 128_000 ? 4 : rateHertz > 64_000 ? 2 : 1)
    }

    package init(
        inputGain: Double, threshold: Double, fastRelease: Double, slowAttack: Double, slowRelease: Double,
        lookAheadScale: Int
    ) {
        self.inputGain = inputGain
        self.threshold = threshold
        self.fastRelease = fastRelease
        self.slowAttack = slowAttack
        self.slowRelease = slowRelease
        self.lookAheadScale = lookAheadScale
    }

    /// All numbers, in the order of the properties.
    package var values: [Double] {
        [inputGain, threshold, fastRelease, slowAttack, slowRelease, Double(lookAheadScale)]
    }

    /// The coefficients whose `values` these are; nil if they cannot be.
    package init?(values: [Double]) {
        guard values.count == 6, values.allSatisfy(\.isFinite), values[1] > 0,
            values[2...4].allSatisfy({ $0 >= 0 && $0 <= 1 }), [1, 2, 4].contains(values[5])
        else { return nil }
        self.init(
            inputGain: values[0], threshold: values[1], fastRelease: values[2], slowAttack: values[3],
            slowRelease: values[4], lookAheadScale: Int(values[5]))
    }
}
