/// The numbers of one second-order filter section, as a plan carries them: computed once in Double, then
/// frozen.
///
/// The section is a state-variable filter in incremental states `p` and `r` (the topology-preserving
/// trapezoidal filter of Zavalishin, *The Art of VA Filter Design*, and Simper, with the states rewritten so
/// that every term added to them is small at low frequencies). Per sample, from the old states:
///
///     t = x - p
///     y = direct * x + difference * t + rate * r
///     p' = (p + r) + stepP * t
///     r' = r + stepR * t
package struct SectionCoefficients: Sendable, Hashable {
    /// How a lane runs the section.
    package enum Precision: UInt8, Sendable {
        /// The output is the input, bit for bit.
        case identity = 0
        /// Float32: error -120 dB or better while the corner is at or below a quarter of the sample rate.
        case single = 1
        /// Double inside, Float32 at the section's input and output.
        case double = 2
    }

    package let precision: Precision
    /// What one unit of `t` adds to p: e(1 + C).
    package let stepP: Double
    /// What one unit of `t` adds to r: 2e.
    package let stepR: Double
    package let direct: Double
    package let difference: Double
    package let rate: Double
    /// g, the warped corner: tan(pi f / rate), for shelves times or over the root of A.
    package let corner: Double
    /// C = (g + K) / g, which with `corner` converts the states between two sets of coefficients.
    package let ratio: Double

    package static let identity = SectionCoefficients(
        precision: .identity, stepP: 0, stepR: 0, direct: 1, difference: 0, rate: 0, corner: 0, ratio: 0)

    /// How many numbers `values` holds.
    package static let valueCount = 8

    /// The canonical list of numbers, for plans and keys; `init(values:)` reads it back exactly.
    package var values: [Double] {
        [Double(precision.rawValue), stepP, stepR, direct, difference, rate, corner, ratio]
    }

    /// Reads `values`; nil when the count is wrong, a number is not finite or the precision is unknown.
    package init?(values: [Double]) {
        guard values.count == Self.valueCount, values.allSatisfy(\.isFinite),
            let code = UInt8(exactly: values[0]), let precision = Precision(rawValue: code)
        else { return nil }
        self.init(
            precision: precision, stepP: values[1], stepR: values[2], direct: values[3],
            difference: values[4],
            rate: values[5], corner: values[6], ratio: values[7])
    }

    init(
        precision: Precision, stepP: Double, stepR: Double, direct: Double, difference: Double, rate: Double,
        corner: Double, ratio: Double
    ) {
        self.precision = precision
        self.stepP = stepP
        self.stepR = stepR
        self.direct = direct
        self.difference = difference
        self.rate = rate
        self.corner = corner
        self.ratio = ratio
    }
}
