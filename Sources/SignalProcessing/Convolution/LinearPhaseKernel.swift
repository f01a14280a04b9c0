/// A symmetrical FIR filter with the magnitude of any target: the linear-phase mode of an equalizer.
///
/// The target is sampled on a grid four times as fine as the filter is long and transformed back; what results is cut
/// to an odd length by a window that leaves the middle half alone and falls off as a raised cosine (J. Smith, "Spectral
/// Audio Signal Processing", ch. "FIR digital filter design", the frequency-sampling and window methods joined).
/// The length is the shortest of a doubling series that keeps the response within 0.01 dB of the target from 20 Hz to
/// 20 kHz, at most 65,537 taps at 44.1 and 48 kHz, twice that at twice the rate. Narrow bands at low frequencies
/// take the longest, and those with a quality above a sixth of their frequency in hertz fall short of their peak
/// (0.6 dB for 31 Hz with a quality of 20): `deviationDecibels` tells.
///
/// The delay is (taps - 1) / 2 at every frequency, exactly; `kernel()` hears that much ahead instead. A flat target is
/// a unit impulse.
package struct LinearPhaseKernel: Sendable {
    /// Symmetrical, of odd length.
    package let taps: [Float]
    /// (taps - 1) / 2.
    package var latencyFrames: Int { taps.count / 2 }
    /// Largest deviation from the target, 20 Hz to 20 kHz, where the target is above -60 dB.
    package let deviationDecibels: Double
    /// Energy more than 1 ms ahead of the middle, in decibels of all; -infinity where there is none.
    package let preRingDecibels: Double

    /// Taps of the shortest and of the longest filter at 44.1 and 48 kHz.
    package static let tapRange = 4097...65_537
    private static let toleranceDecibels = 0.01

    /// Designs a filter.
    ///
    /// - Parameters:
    ///   - magnitude: Linear gain at a frequency in hertz from 0 to half the rate; not negative, finite.
    ///   - rateHertz: Of the session.
    ///   - tapCount: A power of two and one more; nil: as many as it takes.
    package static func design(
        magnitude: (Double) -> Double, rateHertz: Int, tapCount: Int? = nil
    ) -> LinearPhaseKernel {
        var scale = 1
        while 64_000 * scale < rateHertz { scale *= 2 }
        var half = tapCount.map { $0 / 2 } ?? tapRange.lowerBound / 2 * scale
        while true {
            let kernel = LinearPhaseKernel(magnitude, rateHertz, half: half)
            let isLongest = tapCount != nil || half >= tapRange.upperBound / 2 * scale
            if isLongest || kernel.deviationDecibels <= toleranceDecibels { return kernel }
            half *= 2
        }
    }

    /// For both channels, without delay: the convolution hears ahead.
    package func kernel() -> ConvolutionKernel {
        ConvolutionKernel(impulse: [taps], lookaheadFrames: latencyFrames)
    }

    private init(_ magnitude: (Double) -> Double, _ rateHertz: Int, half: Int) {
        let size = 8 * half
        let transform = FourierTransform(size: size)
        let bin = Double(rateHertz) / Double(size)
        var target = [Double](repeating: 0, count: size)
        for k in 0...size / 2 {
            target[k] = magnitude(Double(k) * bin)
            target[(size - k) % size] = target[k]
        }
        let zeros = [Double](repeating: 0, count: size)
        let response = transform.transformed(real: target, imaginary: zeros).real
        let peak = response.reduce(0) { max($0, $1.magnitude) }
        var taps = [Float](repeating: 0, count: 2 * half + 1)
        for n in 0...half {
            let edge = Double(n - half / 2) / Double(half - half / 2 + 1)
            let window = edge <= 0 ? 1 : 0.5 + 0.5 * PinnedMath.cos(Double.pi * edge)
            // -260 dB is rounding: a flat target is to be a single tap.
            let value = response[n].magnitude < peak * 1e-13 ? 0 : response[n] * window / Double(size)
            taps[half + n] = Float(value)
            taps[half - n] = Float(value)
        }
        self.taps = taps
        var padded = zeros
        for n in 0...half {
            padded[n] = Double(taps[half + n])
            padded[(size - n) % size] = Double(taps[half - n])
        }
        let reached = transform.transformed(real: padded, imaginary: zeros).real
        deviationDecibels = max(Self.deviation(reached, target, bin), Self.grain(magnitude, target, bin))
        let ahead = rateHertz / 1000
        let energy = { (range: Range<Int>) in range.reduce(0.0) { $0 + Double(taps[$1]) * Double(taps[$1]) } }
        let all = energy(0..<taps.count)
        preRingDecibels =
            all > 0 ? 10 * PinnedMath.log10(energy(0..<max(0, half - ahead)) / all) : -.infinity
    }

    /// How far the target is, between the points where it was sampled, from a cubic through them, 20 Hz to 1 kHz: a
    /// band too narrow for the grid would else go unseen.
    private static func grain(_ magnitude: (Double) -> Double, _ target: [Double], _ bin: Double) -> Double {
        let first = max(1, Int(20 / bin))
        let last = min(Int(1000 / bin), target.count / 2 - 2)
        var worst = 0.0
        for k in first...last {
            let expected = (9 * (target[k] + target[k + 1]) - target[k - 1] - target[k + 2]) / 16
            let wanted = magnitude((Double(k) + 0.5) * bin)
            guard wanted > 1e-3, expected > 0 else { continue }
            worst = max(worst, PinnedMath.decibels(gain: expected / wanted).magnitude)
        }
        return worst
    }

    private static func deviation(_ reached: [Double], _ target: [Double], _ bin: Double) -> Double {
        let first = Int((20 / bin).rounded(.up))
        let last = min(Int((20_000 / bin).rounded(.down)), target.count / 2)
        var worst = 0.0
        for k in first...last where target[k] > 1e-3 {
            worst = max(worst, PinnedMath.decibels(gain: reached[k].magnitude / target[k]).magnitude)
        }
        return worst
    }
}
