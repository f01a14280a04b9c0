/// An equalizer and a gain that give a song the average spectrum, width and level of a reference.
///
/// As Matchering does (mid and side average spectra of both, a smoothed linear-phase filter from their ratio), but at
/// the session's rate, of files of any length and rate, with a bound on what it may do, and with the curve to look at.
///
/// The ratio of the densities, each averaged over the smoothing width around every point of a logarithmic grid, less
/// the median of the mid's ratio (so that it corrects what is different and leaves the rest at 0 dB), times the amount,
/// within the clamp. Below 30 Hz and above 0.45 of the lowest rate or 20 kHz the curve keeps its last value. Where one
/// of the two files has less than -110 dBFS in the band there is nothing to compare: 0 dB. The gain brings the song,
/// thus equalized, to the reference's level. Peaks are the limiter's business.
package struct ReferenceMatch: Sendable {
    /// Changes whenever the same input would give other bits.
    package static let version: UInt32 = 1

    /// In hertz, 24 points an octave from 20 Hz on, up to 20 kHz.
    package let frequencies: [Double]
    package let midDecibels: [Double]
    package let sideDecibels: [Double]
    /// What brings the equalized song to the reference's level; 0 where one of both is silent.
    package let levelDecibels: Double
    /// Of the mid and of the side, equally long.
    package let mid: LinearPhaseKernel
    package let side: LinearPhaseKernel

    /// How it is set; the numbers of its row in the table of devices.
    package struct Settings: Sendable, Equatable {
        /// The keys of the table in order.
        package static let names = ["amount", "clamp", "smoothing", "level", "mode"]

        /// 0 to 1.
        package var amount = 1.0
        /// 0 to 12 dB.
        package var clampDecibels = 6.0
        /// Width over which spectra are averaged, 0.05 to 2 octaves.
        package var smoothingOctaves = 1.0 / 3
        /// Whether the level is matched too; for `impulse(of:)`.
        package var isLevelMatched = true
        /// Whether both sides are given one curve, that of their sum, instead of one for mid and one for side.
        package var isStereo = false

        package init() {}

        /// nil where the numbers are not ones that the table allows.
        package init?(values: [Double]) {
            guard values.count == Self.names.count, (0...1).contains(values[0]), (0...12).contains(values[1]),
                (0.05...2).contains(values[2]), values[3] == 0 || values[3] == 1, values[4] == 0 || values[4] == 1
            else { return nil }
            amount = values[0]
            clampDecibels = values[1]
            smoothingOctaves = values[2]
            isLevelMatched = values[3] == 1
            isStereo = values[4] == 1
        }
    }

    /// Designs the match of `target` to `reference`, for a session of `rateHertz`.
    package static func design(
        reference: SpectrumProfile, target: SpectrumProfile, _ settings: Settings = Settings(), rateHertz: Int
    ) -> ReferenceMatch {
        let frequencies = (0...239).map { 20 * PinnedMath.exp2(Double($0) / 24) }.filter { $0 <= 20_000 }
        let lowestRate = min(rateHertz, reference.rateHertz, target.rateHertz)
        let highest = min(20_000, 0.45 * Double(lowestRate))
        let comparison = Comparison(reference, target, settings.smoothingOctaves, 30...highest)
        var mid = comparison.ratios(frequencies) { $0.midDensity }
        var side = comparison.ratios(frequencies) { $0.sideDensity }
        if settings.isStereo {
            mid = comparison.ratios(frequencies) { profile in
                zip(profile.midDensity, profile.sideDensity).map { $0 + $1 }
            }
            side = mid
        }
        let middle = median(zip(frequencies, mid).compactMap { 30...16_000 ~= $0 ? $1 : nil })
        let curve = { (ratio: Double?) -> Double in
            guard let ratio else { return 0 }
            let wanted = (ratio - middle) * settings.amount
            return max(-settings.clampDecibels, min(settings.clampDecibels, wanted))
        }
        let curves = (mid.map(curve), side.map(curve))
        let level = levelMatch(reference, target, frequencies, curves)
        let kernels = kernels(frequencies, curves, rateHertz)
        return ReferenceMatch(
            frequencies: frequencies, midDecibels: curves.0, sideDecibels: curves.1, levelDecibels: level,
            mid: kernels.0, side: kernels.1)
    }

    /// The impulse response of the match: one channel where mid and side are equal, else true stereo.
    ///
    /// With M and S the filters of mid and side, left to left and right to right (M + S) / 2, across (M - S) / 2.
    package func impulse(isLevelMatched: Bool) -> [[Float]] {
        let gain = isLevelMatched ? PinnedMath.gain(decibels: levelDecibels) : 1
        if mid.taps == side.taps { return [mid.taps.map { Float(Double($0) * gain) }] }
        let pairs = zip(mid.taps, side.taps).map { (Double($0) * gain, Double($1) * gain) }
        let straight = pairs.map { Float(0.5 * ($0 + $1)) }
        let across = pairs.map { Float(0.5 * ($0 - $1)) }
        return [straight, across, across, straight]
    }

    /// The match without delay: the convolution hears `mid.latencyFrames` ahead.
    package func kernel(isLevelMatched: Bool) -> ConvolutionKernel {
        ConvolutionKernel(impulse: impulse(isLevelMatched: isLevelMatched), lookaheadFrames: mid.latencyFrames)
    }

    /// A curve at any frequency: straight between the points of the grid, constant beyond.
    package static func decibels(_ curve: [Double], at hertz: Double) -> Double {
        guard hertz > 20, let last = curve.last else { return curve.first ?? 0 }
        let place = 24 * PinnedMath.log2(hertz / 20)
        let i = Int(place)
        guard i + 1 < curve.count else { return last }
        return curve[i] + (place - Double(i)) * (curve[i + 1] - curve[i])
    }

    private static func kernels(
        _ frequencies: [Double], _ curves: ([Double], [Double]), _ rateHertz: Int
    ) -> (LinearPhaseKernel, LinearPhaseKernel) {
        let design = { (curve: [Double], tapCount: Int?) in
            LinearPhaseKernel.design(
                magnitude: { PinnedMath.gain(decibels: decibels(curve, at: $0)) }, rateHertz: rateHertz,
                tapCount: tapCount)
        }
        let mid = design(curves.0, nil)
        if curves.0 == curves.1 { return (mid, mid) }
        let side = design(curves.1, nil)
        if mid.taps.count < side.taps.count { return (design(curves.0, side.taps.count), side) }
        return (mid, mid.taps.count > side.taps.count ? design(curves.1, mid.taps.count) : side)
    }

    private static func levelMatch(
        _ reference: SpectrumProfile, _ target: SpectrumProfile, _ frequencies: [Double], _ curves: ([Double], [Double])
    ) -> Double {
        var (before, after) = (0.0, 0.0)
        for k in target.midDensity.indices {
            let hertz = Double(k) * target.binHertz
            let gains = (
                PinnedMath.gain(decibels: decibels(curves.0, at: hertz)),
                PinnedMath.gain(decibels: decibels(curves.1, at: hertz))
            )
            let (mid, side) = (target.midDensity[k], target.sideDensity[k])
            before += mid + side
            after += mid * gains.0 * gains.0 + side * gains.1 * gains.1
        }
        let powers = (reference.midPower + reference.sidePower, target.midPower + target.sidePower)
        guard powers.0 > 0, powers.1 > 0, before > 0, after > 0 else { return 0 }
        return 10 * PinnedMath.log10(powers.0 / powers.1 * (before / after))
    }

    private static func median(_ values: [Double]) -> Double {
        guard !values.isEmpty else { return 0 }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}

/// Two profiles, compared in bands.
private struct Comparison {
    let reference: SpectrumProfile
    let target: SpectrumProfile
    let octaves: Double
    /// Where they can be compared, in hertz.
    let range: ClosedRange<Double>

    init(_ reference: SpectrumProfile, _ target: SpectrumProfile, _ octaves: Double, _ range: ClosedRange<Double>) {
        self.reference = reference
        self.target = target
        self.octaves = octaves
        self.range = range
    }

    /// The reference against the target in decibels, around each frequency; nil where one of both has nothing.
    func ratios(_ frequencies: [Double], _ density: (SpectrumProfile) -> [Double]) -> [Double?] {
        let (a, b) = (Bands(density(reference), reference.binHertz), Bands(density(target), target.binHertz))
        let half = PinnedMath.exp2(octaves / 2)
        return frequencies.map { hertz in
            let centre = min(max(hertz, range.lowerBound), range.upperBound)
            let band = centre / half...min(centre * half, range.upperBound * 1.1)
            let (x, y) = (a.power(band), b.power(band))
            guard x > 1e-11, y > 1e-11 else { return nil }
            return 10 * PinnedMath.log10(x / y)
        }
    }
}

/// The power of a band of a density that is constant around each bin.
private struct Bands {
    private let sums: [Double]
    private let binHertz: Double

    init(_ density: [Double], _ binHertz: Double) {
        var sum = 0.0
        var sums = [0.0]
        for value in density {
            sum += value * binHertz
            sums.append(sum)
        }
        self.sums = sums
        self.binHertz = binHertz
    }

    func power(_ band: ClosedRange<Double>) -> Double { below(band.upperBound) - below(band.lowerBound) }

    private func below(_ hertz: Double) -> Double {
        let place = max(0, hertz / binHertz + 0.5)
        let i = Int(place)
        guard i + 1 < sums.count else { return sums[sums.count - 1] }
        return sums[i] + (place - Double(i)) * (sums[i + 1] - sums[i])
    }
}
