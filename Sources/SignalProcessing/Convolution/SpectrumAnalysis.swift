/// Measures the average spectra of mid and side, the level and the width of a whole file, in a stream.
///
/// Frames of about a third of a second (2^14 points at 44.1 and 48 kHz, twice as many at twice the rate) with Hann's
/// window, half overlapping, from the first frame of the file on (P. Welch, 1967); mid (L + R) / 2 and side
/// (L - R) / 2 are one complex transform. Sums are Double, in the order of the frames: the blocks that the file comes
/// in do not matter. Frames below -70 dBFS do not count; the level is gated again at 10 dB below their mean, as in
/// ITU-R BS.1770.
package struct SpectrumAnalysis {
    package let rateHertz: Int
    private let size: Int
    private let transform: FourierTransform
    private let window: [Double]
    private var mid: [Double]
    private var side: [Double]
    /// The frames that do not make a whole one yet.
    private var waitingMid: [Double] = []
    private var waitingSide: [Double] = []
    private var frameCount = 0
    /// Of each frame of the analysis that counts: mean squares of mid and side.
    private var powers: [SIMD2<Double>] = []

    /// - Parameter rateHertz: Of the file, 8 to 384 kHz.
    package init(rateHertz: Int) {
        self.rateHertz = rateHertz
        var size = 16_384
        while 3 * size < rateHertz { size *= 2 }
        self.size = size
        transform = FourierTransform(size: size)
        window = (0..<size).map { n in
            let sine = FourierTransform.unit(2 * n + 1, of: 4 * size).imaginary
            return sine * sine
        }
        mid = Array(repeating: 0, count: size / 2 + 1)
        side = mid
    }

    /// Takes the next frames of the file; for a mono file, `left` twice.
    package mutating func add(left: Span<Float>, right: Span<Float>) {
        precondition(left.count == right.count, "channels of different lengths")
        frameCount += left.count
        for i in left.indices {
            let (l, r) = (Double(left[i]), Double(right[i]))
            waitingMid.append((l + r) * 0.5)
            waitingSide.append((l - r) * 0.5)
            if waitingMid.count == size { takeFrame() }
        }
    }

    /// What was measured. An end that is shorter than half a frame of the analysis is left out; a file that is shorter
    /// than one counts with silence after it.
    package consuming func finish() -> SpectrumProfile {
        if frameCount > 0, frameCount < size {
            let rest = Array(repeating: 0.0, count: size - waitingMid.count)
            waitingMid += rest
            waitingSide += rest
            takeFrame()
        }
        let count = Double(max(1, powers.count))
        // Power in a bin of unit width: of the window's power 3/8, both sides of the spectrum.
        let scale = 2 / (count * 0.375 * Double(size) * Double(rateHertz))
        let gated = Self.gated(powers)
        return SpectrumProfile(
            rateHertz: rateHertz, frameCount: frameCount, binHertz: Double(rateHertz) / Double(size),
            midDensity: mid.map { $0 * scale }, sideDensity: side.map { $0 * scale },
            midPower: gated[0], sidePower: gated[1])
    }

    private mutating func takeFrame() {
        var power = SIMD2<Double>.zero
        for i in 0..<size {
            let frame = SIMD2(waitingMid[i], waitingSide[i])
            power.addProduct(frame, frame)
        }
        power /= Double(size)
        // -70 dBFS, of both channels' mean square; NaN does not pass.
        if power[0] + power[1] > 1e-7, (power[0] + power[1]).isFinite {
            powers.append(power)
            var (x, y) = (waitingMid, waitingSide)
            for i in 0..<size {
                x[i] *= window[i]
                y[i] *= window[i]
            }
            let z = transform.transformed(real: x, imaginary: y)
            for k in 0...size / 2 {
                let m = (size - k) % size
                let (a, b) = (z.real[k] + z.real[m], z.imaginary[k] - z.imaginary[m])
                let (c, d) = (z.imaginary[k] + z.imaginary[m], z.real[m] - z.real[k])
                mid[k] += 0.25 * (a * a).addingProduct(b, b)
                side[k] += 0.25 * (c * c).addingProduct(d, d)
            }
        }
        waitingMid.removeFirst(size / 2)
        waitingSide.removeFirst(size / 2)
    }

    private static func gated(_ powers: [SIMD2<Double>]) -> SIMD2<Double> {
        guard !powers.isEmpty else { return .zero }
        let mean = powers.reduce(SIMD2.zero, +) / Double(powers.count)
        let loud = powers.filter { $0[0] + $0[1] >= 0.1 * (mean[0] + mean[1]) }
        return loud.reduce(SIMD2.zero, +) / Double(max(1, loud.count))
    }
}

/// What `SpectrumAnalysis` measured.
package struct SpectrumProfile: Sendable, Equatable {
    package let rateHertz: Int
    /// Frames of the file.
    package let frameCount: Int
    /// Distance of two bins.
    package let binHertz: Double
    /// Mean square per hertz, for bins from 0 to half the rate.
    package let midDensity: [Double]
    package let sideDensity: [Double]
    /// Gated mean squares; 0 for silence.
    package let midPower: Double
    package let sidePower: Double

    /// Gated mean square of a channel, in dBFS; -infinity for silence.
    package var levelDecibels: Double { 10 * PinnedMath.log10(midPower + sidePower) }
    /// Side against mid, in decibels: 0 for independent channels, -infinity for mono.
    package var widthDecibels: Double {
        midPower + sidePower == 0 ? -.infinity : 10 * PinnedMath.log10(sidePower / midPower)
    }
}
