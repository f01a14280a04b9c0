package import Quantities
internal import SignalProcessing

/// Sums over the first two channels.
struct StereoSums {
    var (left, right, product) = (0.0, 0.0, 0.0)

    init(_ seconds: ArraySlice<SignalSummary.Second>) {
        for second in seconds {
            left += second.left
            right += second.right
            product += second.product
        }
    }

    init(left: Double, right: Double, product: Double) {
        (self.left, self.right, self.product) = (left, right, product)
    }

    /// Pearson's without taking the means away; nil where a channel is silent.
    var correlation: Double? {
        guard left > 0, right > 0 else { return nil }
        // Exactly 1 for equal channels.
        if left == right { return min(1, max(-1, product / left)) }
        let power = left * right
        let estimate = PinnedMath.exp2(PinnedMath.log2(power) / 2)
        return min(1, max(-1, 2 * product / (estimate + power / estimate)))
    }

    /// Of the power of (L + R) / 2, times four.
    var mid: Double { max(0, left + right + 2 * product) }
    var side: Double { max(0, left + right - 2 * product) }
}

/// The stereo image, of the first two channels; nil for mono.
extension SignalSummary {
    /// The least correlation of a window of 3 s.
    package struct LeastCorrelation: Sendable, Hashable {
        package let correlation: Double
        /// The window's first second.
        package let second: Int
    }

    /// -60 dBFS: the mean power of both channels below which a window has no correlation worth the name.
    private static let leastWindowPower = 0.5e-6
    /// -120 dBFS.
    private static let leastLowPower = 0.5e-12
    private static let windowSecondCount = 3

    private var sums: StereoSums { StereoSums(seconds[...]) }

    /// From -1 (one channel is the other upside down) to 1 (equal but for their level); nil where a channel is silent.
    package var correlation: Double? { sums.correlation }

    /// Of windows of three whole seconds, one each second, as far as they are above -60 dBFS and no channel is silent.
    /// A song below 3 s is one window.
    package var leastCorrelation: LeastCorrelation? {
        guard channelCount > 1, !seconds.isEmpty else { return nil }
        var least: LeastCorrelation?
        let whole = seconds.last?.frameCount == rateHertz ? seconds.count : seconds.count - 1
        let length = whole < Self.windowSecondCount ? seconds.count : Self.windowSecondCount
        for first in 0...max(0, whole - length) {
            let window = seconds[first..<first + length]
            let sums = StereoSums(window)
            let frames = window.reduce(0) { $0 + $1.frameCount }
            guard sums.left + sums.right > 2 * Self.leastWindowPower * Double(frames),
                let correlation = sums.correlation
            else { continue }
            if correlation < least?.correlation ?? 2 {
                least = LeastCorrelation(correlation: correlation, second: first)
            }
        }
        return least
    }

    /// What a sum to mono costs: the mean power of L and R over the power of (L + R) / 2, in dB. 0 for equal channels,
    /// 3.01 for independent ones of equal level, infinity where they cancel; nil for silence.
    package var monoSumLoss: Decibels? {
        let sums = sums
        guard channelCount > 1, sums.left + sums.right > 0 else { return nil }
        return Decibels(10 * PinnedMath.log10(2 * (sums.left + sums.right) / sums.mid))
    }

    /// Width: the power of the side signal (L - R) / 2 over that of the mid signal (L + R) / 2, in dB. -infinity for
    /// mono, 0 for independent channels; nil for silence.
    package var sideToMid: Decibels? {
        let sums = sums
        guard channelCount > 1, sums.left + sums.right > 0 else { return nil }
        return Decibels(10 * PinnedMath.log10(sums.side / sums.mid))
    }

    /// The power of L over that of R in dB, positive when left is louder; nil for silence.
    package var balance: Decibels? {
        let sums = sums
        guard channelCount > 1, sums.left + sums.right > 0 else { return nil }
        return Decibels(10 * PinnedMath.log10(sums.left / sums.right))
    }

    /// The correlation of what lies below 250 Hz (0 Hz left out), from the spectra: negative values do not fit on a
    /// record. Nil without spectra, and where a channel has less than -120 dBFS there.
    package var lowFrequencyCorrelation: Double? {
        guard channelCount > 1, frameCount > 0 else { return nil }
        var sums = StereoSums(left: 0, right: 0, product: 0)
        for second in seconds {
            guard let spectrum = second.spectrum else { return nil }
            let weight = Double(second.frameCount)
            sums.left = sums.left.addingProduct(weight, spectrum.lowLeft)
            sums.right = sums.right.addingProduct(weight, spectrum.lowRight)
            sums.product = sums.product.addingProduct(weight, spectrum.lowProduct)
        }
        guard min(sums.left, sums.right) > Self.leastLowPower * Double(frameCount) else { return nil }
        return sums.correlation
    }
}
