import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct FourierTests {
    /// Bin k of the transform, by definition.
    private func bin(_ k: Int, _ x: [Double], _ y: [Double]) -> (Double, Double) {
        var (real, imaginary) = (0.0, 0.0)
        // Sums of sums, or their own rounding would be what is measured.
        for start in stride(from: 0, to: x.count, by: 256) {
            var (a, b) = (0.0, 0.0)
            for n in start..<start + 256 {
                let angle = -2 * Double.pi * Double(n * k % x.count) / Double(x.count)
                let (c, s) = (cos(angle), sin(angle))
                a += x[n] * c - y[n] * s
                b += x[n] * s + y[n] * c
            }
            real += a
            imaginary += b
        }
        return (real, imaginary)
    }

    @Test func `the transform is the sum that defines it`() {
        var worst = -Double.infinity
        for stages in 8...20 {
            let size = 1 << stages
            var noise = TapNoise(seed: UInt64(stages))
            let (x, y) = (noise.frames(size).map(Double.init), noise.frames(size).map(Double.init))
            let z = FourierTransform(size: size).transformed(real: x, imaginary: y)
            var (error, power) = (0.0, 0.0)
            let bins = size <= 512 ? Array(0..<size) : [0, 1, 2, 3, 5, size / 8 + 3, size / 2, size / 2 + 1, size - 1]
            for k in stages > 16 ? Array(bins.suffix(3)) : bins {
                let (real, imaginary) = bin(k, x, y)
                error += pow(real - z.real[k], 2) + pow(imaginary - z.imaginary[k], 2)
                power += real * real + imaginary * imaginary
            }
            worst = max(worst, 10 * log10(error / power))
        }
        let fact = Fact(
            "Fourier transform", "error against the sum that defines it, noise, 2^8 to 2^20 points", worst,
            .atMost(-280), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `a transform of a transform is the signal reversed`() {
        for size in [256, 512, 2048, 32_768] {
            let transform = FourierTransform(size: size)
            var noise = TapNoise(seed: 3)
            let (x, y) = (noise.frames(size).map(Double.init), noise.frames(size).map(Double.init))
            let once = transform.transformed(real: x, imaginary: y)
            let twice = transform.transformed(real: once.real, imaginary: once.imaginary)
            for n in 0..<size {
                let m = (size - n) % size
                #expect(abs(twice.real[m] / Double(size) - x[n]) < 1e-13)
                #expect(abs(twice.imaginary[m] / Double(size) - y[n]) < 1e-13)
            }
        }
    }
}
