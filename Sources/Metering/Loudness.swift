internal import Quantities
internal import SignalProcessing

/// The arithmetic of gates and levels on mean squares.
enum Loudness {
    /// 400 ms.
    static let momentaryHopCount = 40
    /// 3 s.
    static let shortTermHopCount = 300

    /// -70 LUFS, the absolute gate.
    private static let absoluteGate = PinnedMath.gain(decibels: 2 * (-70 + 0.691))
    /// -10 LU as a ratio of powers: the relative gate of the integrated loudness.
    private static let relativeGateRatio = 0.1
    /// -20 LU as a ratio of powers: the relative gate of the loudness range.
    private static let rangeGateRatio = 0.01

    /// BS.1770-5 Annex 1: -0.691 + 10 log10 of the weighted mean square.
    static func level(_ power: Double) -> LUFS { LUFS(-0.691 + 10 * PinnedMath.log10(power)) }

    /// The gated mean of gating blocks; nil when none is above the gates. Both gates are strict.
    static func gated(blocks: [Double]) -> LUFS? {
        let audible = blocks.filter { $0 > absoluteGate }
        guard let absolute = mean(audible) else { return nil }
        let relativeGate = absolute * relativeGateRatio
        return mean(audible.filter { $0 > relativeGate }).map(level)
    }

    /// EBU Tech 3342: the spread in LU between the 10th and the 95th percentile, by nearest rank, of what is
    /// not below -70 LUFS and not more than 20 LU below the mean of that; nil when nothing is left.
    static func range(_ shortTermPowers: [Double]) -> Double? {
        let audible = shortTermPowers.filter { $0 >= absoluteGate }
        guard let mean = mean(audible) else { return nil }
        let gate = mean * rangeGateRatio
        let sorted = audible.filter { $0 >= gate }.sorted()
        guard !sorted.isEmpty else { return nil }
        func percentile(_ percent: Double) -> Double {
            let rank = Double(sorted.count - 1) * percent / 100
            return sorted[Int(rank.rounded(.toNearestOrAwayFromZero))]
        }
        return level(percentile(95)).value - level(percentile(10)).value
    }

    private static func mean(_ powers: [Double]) -> Double? {
        powers.isEmpty ? nil : powers.reduce(0, +) / Double(powers.count)
    }
}
