/// A time in seconds as an exact fraction, so that rounding to frames never depends on binary floating point.
///
/// 5 ms at 44.1 kHz is 220.5 frames: as a Double product that tie would fall either way.
package struct ExactSeconds: Sendable, Equatable {
    package let numerator: Int128
    /// More than zero.
    package let denominator: Int128

    /// - Precondition: `denominator > 0`.
    package init(_ numerator: Int128, over denominator: Int128) {
        precondition(denominator > 0, "a time needs a positive denominator")
        self.numerator = numerator
        self.denominator = denominator
    }

    package static let zero = ExactSeconds(0, over: 1)

    /// The same time in floating point, rounded once.
    package var seconds: Double { Double(numerator) / Double(denominator) }

    /// The nearest frame, ties away from zero; nil if the intermediate product leaves 128 bits or the result
    /// 53.
    package func frames(rateHertz: Int) -> Int? {
        let (scaled, didOverflow) = numerator.multipliedReportingOverflow(by: Int128(rateHertz))
        if didOverflow { return nil }
        let (quotient, remainder) = scaled.magnitude.quotientAndRemainder(dividingBy: denominator.magnitude)
        // remainder >= denominator - remainder is "a half or more" without doubling.
        let rounded =
            remainder >= denominator.magnitude - remainder && remainder != 0 ? quotient + 1 : quotient
        guard rounded < 1 << 53 else { return nil }
        return scaled < 0 ? -Int(rounded) : Int(rounded)
    }
}

/// Beats in a bar and the note value of a beat.
package struct Meter: Sendable, Equatable {
    /// 1 to 64.
    package var beatsPerBar: Int
    /// 1, 2, 4, 8, 16 or 32.
    package var beatUnit: Int

    package init(beatsPerBar: Int, beatUnit: Int) {
        self.beatsPerBar = beatsPerBar
        self.beatUnit = beatUnit
    }

    package static let common = Meter(beatsPerBar: 4, beatUnit: 4)
}

/// What turns bars, beats and note values into seconds.
///
/// `tempo` counts quarter notes per minute whatever the meter; a beat is the meter's lower number. 6/8 at 120
/// therefore has six beats of 0.25 s in a bar.
package struct Timebase: Sendable, Equatable {
    /// Quarter notes per minute as `tempoNumerator / tempoDenominator`, both more than zero.
    package let tempoNumerator: Int
    package let tempoDenominator: Int
    package let meter: Meter

    /// - Precondition: both tempo terms are more than zero.
    package init(tempoNumerator: Int, tempoDenominator: Int, meter: Meter = .common) {
        precondition(tempoNumerator > 0 && tempoDenominator > 0, "a tempo is more than zero")
        self.tempoNumerator = tempoNumerator
        self.tempoDenominator = tempoDenominator
        self.meter = meter
    }

    /// The duration of `numerator / denominator` quarter notes; nil where 128 bits do not hold it.
    package func duration(quarters numerator: Int128, over denominator: Int128) -> ExactSeconds? {
        let (above, overflowAbove) = numerator.multipliedReportingOverflow(by: 60 * Int128(tempoDenominator))
        let (below, overflowBelow) = denominator.multipliedReportingOverflow(by: Int128(tempoNumerator))
        guard !overflowAbove, !overflowBelow else { return nil }
        return ExactSeconds(above, over: below)
    }

    /// The duration of `numerator / denominator` beats of the meter; nil where 128 bits do not hold it.
    package func duration(beats numerator: Int128, over denominator: Int128) -> ExactSeconds? {
        duration(quarters: numerator * 4, over: denominator * Int128(meter.beatUnit))
    }
}
