/// An equalizer in its linear-phase mode: the curves of its bands as one symmetrical impulse response.
///
/// The magnitude is that of `EqualizerResponse`; every frequency is delayed alike, and the convolution hears ahead by
/// that much, so there is no latency. Bands on left or right act before those on mid and side, as in the other mode.
/// Dynamic parts rest: this equalizer does not change over time.
package enum LinearPhaseEqualizer {
    /// Designs the response; nil where the numbers are not those of an equalizer.
    ///
    /// - Parameter parameters: As `EqualizerParameters`.
    package static func kernel(parameters: [Double], rateHertz: Int) -> ConvolutionKernel? {
        guard let parameters = EqualizerParameters(values: parameters) else { return nil }
        let placements = Set(parameters.bands.map(\.placement))
        guard !placements.isSubset(of: [.stereo]) else {
            return LinearPhaseKernel.design(magnitude: magnitude(parameters.bands, [.stereo]), rateHertz: rateHertz)
                .kernel()
        }
        // What a side of the input becomes on its way to mid and to side.
        let paths: [Set<EqualizerBand.Placement>] = [
            [.stereo, .left, .mid], [.stereo, .left, .side], [.stereo, .right, .mid], [.stereo, .right, .side],
        ]
        func designs(_ tapCount: Int?) -> [LinearPhaseKernel] {
            paths.map {
                LinearPhaseKernel.design(
                    magnitude: magnitude(parameters.bands, $0), rateHertz: rateHertz, tapCount: tapCount)
            }
        }
        let free = designs(nil)
        let longest = free.reduce(0) { max($0, $1.taps.count) }
        let equal = free.allSatisfy { $0.taps.count == longest } ? free : designs(longest)
        func sum(_ mid: Int, _ side: Int, _ sign: Float) -> [Float] {
            zip(equal[mid].taps, equal[side].taps).map { ($0 + sign * $1) * 0.5 }
        }
        return ConvolutionKernel(
            impulse: [sum(0, 1, 1), sum(0, 1, -1), sum(2, 3, -1), sum(2, 3, 1)],
            lookaheadFrames: (longest - 1) / 2)
    }

    /// Product of the magnitudes of the bands on these channels.
    private static func magnitude(
        _ bands: [EqualizerBand], _ placements: Set<EqualizerBand.Placement>
    ) -> (Double) -> Double {
        let heard = bands.filter { placements.contains($0.placement) }
        return { hertz in
            heard.reduce(1.0) { gain, band in
                let value = EqualizerResponse.value(of: band, gainDecibels: band.gainDecibels, atHertz: hertz)
                return gain * value.power.root
            }
        }
    }
}
