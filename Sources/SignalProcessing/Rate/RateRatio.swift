/// The ratio of two rates in lowest terms, and positions in exact integers: output frame n lies at input position
/// n M / L.
struct RateRatio: Sendable, Equatable {
    /// L and M: `interpolation` output frames span `decimation` input frames.
    let interpolation: Int
    let decimation: Int

    init(from: Int, to: Int) {
        precondition(from > 0 && to > 0, "rates are positive")
        let divisor = Self.greatestCommonDivisor(from, to)
        interpolation = to / divisor
        decimation = from / divisor
    }

    /// Input frame at or before an output frame, and the distance from it in units of 1 / L.
    func position(of outputFrame: Int) -> (frame: Int, phase: Int) {
        let ticks = outputFrame * decimation
        let (quotient, remainder) = ticks.quotientAndRemainder(dividingBy: interpolation)
        return remainder < 0 ? (quotient - 1, remainder + interpolation) : (quotient, remainder)
    }

    /// The first output frame at or after an input frame.
    func firstOutput(atOrAfter inputFrame: Int) -> Int {
        let ticks = inputFrame * interpolation
        let (quotient, remainder) = ticks.quotientAndRemainder(dividingBy: decimation)
        return remainder > 0 ? quotient + 1 : quotient
    }

    /// The `reach` input frames on either side of the positions of a range of output frames.
    func inputRange(forOutput range: Range<Int>, reach: Int) -> Range<Int> {
        let first = position(of: range.lowerBound).frame
        guard !range.isEmpty else { return first..<first }
        let last = position(of: range.upperBound - 1).frame
        return first + 1 - reach..<last + 1 + reach
    }

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}
