/// A `StereoDelay` as plain numbers, frozen by the compiler.
package struct DelayCoefficients: Sendable, Equatable {
    /// Longest delay: 10 s at 192 kHz.
    package static let longestDelayFrames = 1_920_000

    /// 1 to `longestDelayFrames`.
    package var leftFrames: Int
    package var rightFrames: Int
    /// 0 to 0.95.
    package var feedback: Double
    /// Steps of the one-pole filters in the feedback path; 1 passes everything (high cut), 0 cuts nothing
    /// (low cut).
    package var highCutStep: Double
    package var lowCutStep: Double
    package var isPingPong: Bool
    package var dryGain: Double
    package var wetGain: Double

    /// - Parameters:
    ///   - leftFrames: delay of the left channel in frames, 1 to `longestDelayFrames`; likewise
    ///     `rightFrames`.
    ///   - feedback: part of each echo that returns, 0 to 0.95.
    ///   - highCutHertz: -3 dB of the feedback path's low-pass (6 dB per octave); from half the rate on none.
    ///   - lowCutHertz: -3 dB of its high-pass (6 dB per octave, the input less a low-pass: 0.1 dB off at 200
    ///     Hz and 48 kHz, 1 dB at 2 kHz); 0 is none.
    ///   - isPingPong: both inputs feed the left line, and each line feeds the other.
    ///   - mix: 0 dry to 1 wet, linear.
    ///   - rateHertz: rate of the signal.
    package static func design(
        leftFrames: Int, rightFrames: Int, feedback: Double, highCutHertz: Double, lowCutHertz: Double,
        isPingPong: Bool, mix: Double, rateHertz: Int
    ) -> DelayCoefficients {
        let rate = Double(rateHertz)
        return DelayCoefficients(
            leftFrames: leftFrames, rightFrames: rightFrames, feedback: feedback,
            highCutStep: lowPassStep(hertz: highCutHertz, rate: rate),
            lowCutStep: lowCutHertz <= 0 ? 0 : lowPassStep(hertz: lowCutHertz, rate: rate),
            isPingPong: isPingPong,
            dryGain: 1 - mix, wetGain: mix)
    }

    /// a of y += a (x - y) with exactly -3 dB at a frequency: a = sqrt(c^2 + 2c) - c, c = 1 - cos w.
    private static func lowPassStep(hertz: Double, rate: Double) -> Double {
        guard hertz < rate / 2 else { return 1 }
        let c = 1 - PinnedMath.cos(2 * Double.pi * hertz / rate)
        return (c * c + 2 * c).root - c
    }

    package init(
        leftFrames: Int, rightFrames: Int, feedback: Double, highCutStep: Double, lowCutStep: Double,
        isPingPong: Bool, dryGain: Double, wetGain: Double
    ) {
        self.leftFrames = leftFrames
        self.rightFrames = rightFrames
        self.feedback = feedback
        self.highCutStep = highCutStep
        self.lowCutStep = lowCutStep
        self.isPingPong = isPingPong
        self.dryGain = dryGain
        self.wetGain = wetGain
    }

    /// All numbers, in the order of the properties; a Boolean is 0 or 1.
    package var values: [Double] {
        [
            Double(leftFrames), Double(rightFrames), feedback, highCutStep, lowCutStep, isPingPong ? 1 : 0,
            dryGain,
            wetGain,
        ]
    }

    /// The coefficients whose `values` these are; nil if they cannot be.
    package init?(values: [Double]) {
        guard values.count == 8, values.allSatisfy(\.isFinite),
            let left = Int(exactly: values[0]), let right = Int(exactly: values[1]),
            (1...Self.longestDelayFrames).contains(left), (1...Self.longestDelayFrames).contains(right),
            (0...0.95).contains(values[2]), (0...1).contains(values[3]), (0...1).contains(values[4]),
            values[5] == 0 || values[5] == 1
        else { return nil }
        self.init(
            leftFrames: left, rightFrames: right, feedback: values[2], highCutStep: values[3],
            lowCutStep: values[4], isPingPong: values[5] == 1, dryGain: values[6], wetGain: values[7])
    }

    /// Frames until the echoes of an impulse are below -100 dB: n + 1 passes of the longer line, where n is
    /// the least number of returns with feedback^n < 10^-5.
    ///
    /// The filters only shorten that.
    package var tailFrames: Int {
        var passes = 1
        var level = 1.0
        while level >= 1e-5 && feedback > 0 {
            level *= feedback
            passes += 1
        }
        return passes * max(leftFrames, rightFrames)
    }
}
