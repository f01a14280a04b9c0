/// The settings of a delay, in the table's order and units.
package struct DelayParameters: Sendable, Equatable {
    package static let names = [
        "left", "right", "feedback", "high-cut", "low-cut", "ping-pong", "mix", "modulation-rate",
        "modulation-depth",
    ]
    /// From here up the high cut is off, and from there down the low cut.
    package static let openHighCutHertz = 20_000.0
    package static let openLowCutHertz = 10.0
    static let longestSeconds = 10

    /// Delay of the left channel, 1 frame to 10 s; likewise `rightFrames`.
    package var leftFrames: Int
    package var rightFrames: Int
    /// Part of each echo that returns, 0 to 0.95.
    package var feedback: Double
    /// -3 dB of the feedback path's low-pass, 200 to 20,000 Hz (none).
    package var highCutHertz: Double
    /// -3 dB of its high-pass, 10 (none) to 2000 Hz.
    package var lowCutHertz: Double
    /// Both inputs feed the left line, and each line feeds the other.
    package var isPingPong: Bool
    /// 0 dry to 1 wet, linear.
    package var mix: Double
    /// Cycles a second of the delays' swing, 0.01 to 10 Hz.
    package var modulationHertz: Double
    /// The swing to either side, 0 (none) to 0.01 s.
    package var modulationSeconds: Double

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double], rateHertz: Int) {
        guard values.count == Self.names.count, rateHertz > 0, values.allSatisfy(\.isFinite),
            let left = Int(exactly: values[0]), let right = Int(exactly: values[1]),
            (1...Self.longestSeconds * rateHertz).contains(left),
            (1...Self.longestSeconds * rateHertz).contains(right), (0...0.95).contains(values[2]),
            (200...20_000).contains(values[3]), (10...2000).contains(values[4]),
            values[5] == 0 || values[5] == 1,
            (0...1).contains(values[6]), (0.01...10).contains(values[7]), (0...0.01).contains(values[8])
        else { return nil }
        (leftFrames, rightFrames, feedback) = (left, right, values[2])
        (highCutHertz, lowCutHertz) = (values[3], values[4])
        (isPingPong, mix) = (values[5] == 1, values[6])
        (modulationHertz, modulationSeconds) = (values[7], values[8])
    }

    /// Step a of the low-pass y += a (x - y); 1 is none.
    func highCutStep(rate: Double) -> Double {
        highCutHertz >= min(Self.openHighCutHertz, rate * 0.49)
            ? 1 : Self.lowPassStep(hertz: highCutHertz, rate: rate)
    }

    /// g / (1 + g) of the trapezoidal low-pass that is taken off, g = tan(pi f / rate); 0 is none.
    func lowCutStep(rate: Double) -> Double {
        guard lowCutHertz > Self.openLowCutHertz else { return 0 }
        let g = PinnedMath.tan(Double.pi * lowCutHertz / rate)
        return g / (1 + g)
    }

    /// a of y += a (x - y) with exactly -3 dB at a frequency: a = sqrt(c^2 + 2c) - c, c = 1 - cos w.
    private static func lowPassStep(hertz: Double, rate: Double) -> Double {
        let c = 1 - PinnedMath.cos(2 * Double.pi * hertz / rate)
        return (c * c + 2 * c).root - c
    }
}
