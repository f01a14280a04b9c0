import SignalProcessing

/// Sums over all channels of one second: A by A, A by B, B by B.
struct PairSums: Sendable, Equatable {
    var (aa, ab, bb) = (0.0, 0.0, 0.0)
    var frameCount = 0
}

/// One gain by which B differs from A throughout.
package struct GainOffset: Sendable, Equatable {
    /// What B is louder by; 0 where no one gain explains the difference.
    package let decibels: Double
    /// Whether B is A upside down.
    package let isPolarityFlipped: Bool
    /// The correlation of A and B where they were compared, 0 to 1.
    package let correlation: Double
    /// Whether one gain, or the polarity, explains at least three quarters of the residual's power.
    package let isConfident: Bool
    /// Seconds in which A and B have sound, and those of them in which B has this gain, as far as rounding shows.
    package let secondCount: Int
    package let fittingSecondCount: Int

    /// What B is multiplied with to stand at A's level.
    var factor: Double {
        guard isConfident else { return 1 }
        return (isPolarityFlipped ? -1 : 1) / PinnedMath.gain(decibels: decibels)
    }

    static let none = GainOffset(
        decibels: 0, isPolarityFlipped: false, correlation: 0, isConfident: false, secondCount: 0,
        fittingSecondCount: 0)
    /// -84 dBFS, summed over channels: what two dithers at 16 bits leave hides there.
    private static let roundingPower = 4e-9

    /// Least squares over the seconds that fit one gain.
    ///
    /// The gain of most seconds (their median) decides which those are, so a second in which something else was
    /// changed does not pull the figure to its side.
    static func estimate(_ seconds: [PairSums]) -> GainOffset {
        let active = seconds.filter { $0.aa > 1e-9 * Double($0.frameCount) && $0.bb > 0 }
        guard !active.isEmpty else { return .none }
        let middle = median(active.map { $0.ab / $0.aa })
        let misfits = active.map { misfit($0, gain: middle) / $0.bb }
        let limit = max(4 * median(misfits), 1e-6)
        var kept = PairSums()
        for (second, misfit) in zip(active, misfits) where misfit <= limit {
            kept.aa += second.aa
            kept.ab += second.ab
            kept.bb += second.bb
        }
        guard kept.aa > 0, kept.bb > 0 else { return .none }
        let gain = kept.ab / kept.aa
        let correlation = min(1, kept.ab.magnitude / (kept.aa * kept.bb).squareRoot())
        let left = misfit(kept, gain: gain)
        let asIs = max(0, kept.bb - 2 * kept.ab + kept.aa)
        let decibels = PinnedMath.decibels(gain: gain.magnitude)
        let isUnity = gain > 0 && decibels.magnitude < 0.0005
        let isConfident = !isUnity && decibels.isFinite && left <= 0.01 * kept.bb && asIs >= 4 * left
        let fitting = active.count { second in
            let left = misfit(second, gain: gain)
            return left <= 0.25 * (gain - 1) * (gain - 1) * second.aa
                || left <= roundingPower * Double(second.frameCount)
        }
        return GainOffset(
            decibels: isConfident ? decibels : 0, isPolarityFlipped: isConfident && gain < 0,
            correlation: correlation, isConfident: isConfident, secondCount: active.count,
            fittingSecondCount: isConfident ? fitting : 0)
    }

    /// The power that one gain leaves.
    private static func misfit(_ sums: PairSums, gain: Double) -> Double {
        max(0, sums.bb - 2 * gain * sums.ab + gain * gain * sums.aa)
    }

    private static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted[sorted.count / 2]
    }
}
