package import Quantities
internal import SignalProcessing

/// The stereo image second by second.
extension SignalSummary {
    /// Width of one second: the power of the side signal (L - R) / 2 over that of the mid signal (L + R) / 2, in dB.
    /// -infinity for mono signals; nil with one channel, and for silence.
    package func sideToMid(second: Int) -> Decibels? {
        let sums = StereoSums(seconds[second...second])
        guard channelCount > 1, sums.left + sums.right > 0 else { return nil }
        return Decibels(10 * PinnedMath.log10(sums.side / sums.mid))
    }
}
