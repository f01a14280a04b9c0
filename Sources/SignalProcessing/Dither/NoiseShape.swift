/// The filter of the error feedback: the one whose noise the ear notices least.
///
/// Error feedback makes of the white error of a dithered quantiser a noise with the spectrum |H|^2, where H is any
/// filter that begins with 1 (S. Lipshitz, J. Vanderkooy, R. Wannamaker, "Minimally audible noise shaping", JAES
/// 39(11), 1991; R. Wannamaker, "Psychoacoustically optimal noise shaping", JAES 40(7/8), 1992). Among the filters of
/// order 12, the one that minimises the integral of |H W|^2 is the prediction error filter of a process with the
/// spectrum |W|^2: its autocorrelation, by Levinson's recursion (N. Levinson, 1947). It has minimum phase.
///
/// W is the inverse of the threshold of hearing in quiet, in the formula of E. Terhardt ("Calculating virtual pitch",
/// Hearing Research 1, 1979), where it does not reach 35 dB above 1 kHz's 0 dB; beyond, that level stands, so that the
/// noise near half the rate stays within bounds.
struct NoiseShape: Sendable {
    static let order = 12
    private static let highestThresholdDecibels = 35.0

    /// H = 1 + the sum of coefficients[k - 1] z^-k.
    let coefficients: [Double]

    init(rateHertz: Int) {
        let count = 1024
        let half = Double(rateHertz) / 2
        let weights = (0..<count).map { i in
            // 10^(-T/10), the square of what `gain` gives.
            PinnedMath.gain(decibels: -2 * Self.threshold(hertz: (Double(i) + 0.5) / Double(count) * half))
        }
        let correlation = (0...Self.order).map { lag in
            (0..<count).reduce(0.0) { sum, i in
                sum + weights[i] * PinnedMath.cos(Double.pi * (Double(i) + 0.5) / Double(count) * Double(lag))
            }
        }
        coefficients = Self.predictionError(correlation)
    }

    /// In dB; 20 Hz stands for everything below.
    private static func threshold(hertz: Double) -> Double {
        let f = (hertz > 20 ? hertz : 20) / 1000
        let dip = f - 3.3
        let level =
            3.64 * PinnedMath.exp2(-0.8 * PinnedMath.log2(f)) - 6.5 * PinnedMath.exp(-0.6 * dip * dip)
            + 0.001 * f * f * f * f
        return level < highestThresholdDecibels ? level : highestThresholdDecibels
    }

    private static func predictionError(_ correlation: [Double]) -> [Double] {
        var filter = [1.0]
        var error = correlation[0]
        for order in 1..<correlation.count {
            var sum = 0.0
            for j in 0..<order { sum += filter[j] * correlation[order - j] }
            let reflection = -sum / error
            filter.append(0)
            filter = filter.indices.map { filter[$0] + reflection * filter[order - $0] }
            error *= 1 - reflection * reflection
        }
        return Array(filter.dropFirst())
    }
}
