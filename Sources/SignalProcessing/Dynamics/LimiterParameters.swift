/// The settings of a limiter, in the table's order and units.
package struct LimiterParameters: Sendable, Equatable {
    /// No true peak passes this level, -40 to 0 dBTP.
    package var ceilingDecibels: Double
    /// Recovery from an isolated peak, 1 ms to 10 s; see `LimiterCoefficients.design`.
    package var releaseSeconds: Double
    /// Gain before the limiter, -24 to 36 dB.
    package var gainDecibels: Double

    static let names = ["ceiling", "release", "gain"]

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == 3, (-40...0).contains(values[0]), (0.001...10).contains(values[1]),
            (-24...36).contains(values[2])
        else { return nil }
        ceilingDecibels = values[0]
        releaseSeconds = values[1]
        gainDecibels = values[2]
    }

    /// The numbers of the limiter at a rate in Hz.
    package func coefficients(rateHertz: Int) -> LimiterCoefficients {
        .design(
            ceilingDecibels: ceilingDecibels, releaseSeconds: releaseSeconds, gainDecibels: gainDecibels,
            rateHertz: rateHertz)
    }
}

extension TruePeakLimiter: StereoDevice {
    package static var parameterNames: [String] { LimiterParameters.names }

    package init?(parameters: [Double], rateHertz: Int) {
        guard let settings = LimiterParameters(values: parameters) else { return nil }
        self.init(
            settings.coefficients(rateHertz: rateHertz),
            longestHoldFrames: LimiterCoefficients.longestHoldFrames(rateHertz: rateHertz), rateHertz: rateHertz)
    }

    /// The gain glides to its new value in 8 frames; ceiling and release are those of the frames from here on.
    package mutating func update(parameters: [Double]) {
        guard let rateHertz, let settings = LimiterParameters(values: parameters) else { return }
        let coefficients = settings.coefficients(rateHertz: rateHertz)
        glide(toGain: coefficients.inputGain)
        set(coefficients)
    }
}
