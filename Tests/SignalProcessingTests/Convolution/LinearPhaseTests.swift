import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct LinearPhaseTests {
    /// |H(j f)| of the analogue bell.
    private static func bell(_ hertz: Double, _ decibels: Double, _ quality: Double) -> @Sendable (Double) -> Double {
        { f in
            let (a, x) = (pow(10, decibels / 40), f / hertz)
            let (p, q) = (1 - x * x, x / quality)
            return sqrt((p * p + q * q * a * a) / (p * p + q * q / (a * a)))
        }
    }

    private static func highPass(_ hertz: Double, order: Int) -> @Sendable (Double) -> Double {
        { f in f == 0 ? 0 : 1 / sqrt(1 + pow(hertz / f, 2 * Double(order))) }
    }

    private static func highShelf(_ hertz: Double, _ decibels: Double) -> @Sendable (Double) -> Double {
        { f in
            let (g, x) = (pow(10, decibels / 20), f / hertz)
            return sqrt((1 + g * g * x * x) / (1 + x * x))
        }
    }

    private static let targets: [@Sendable (Double) -> Double] = [
        bell(1000, 6, 1), bell(60, -9, 2), bell(12_000, 12, 3), highPass(30, order: 4), highShelf(8000, -6),
        bell(35, 4, 4), bell(31, 6, 5), bell(440, -12, 40),
    ]

    /// Gain and group delay in frames at a frequency.
    private static func response(_ taps: [Float], _ hertz: Double, _ rate: Double) -> (gain: Double, delay: Double) {
        var (a, b, c, d) = (0.0, 0.0, 0.0, 0.0)
        let step = (cos(2 * .pi * hertz / rate), -sin(2 * .pi * hertz / rate))
        var (x, y) = (1.0, 0.0)
        for n in taps.indices {
            if n % 256 == 0 {
                let angle = -2 * Double.pi * hertz / rate * Double(n)
                (x, y) = (cos(angle), sin(angle))
            }
            let h = Double(taps[n])
            a += h * x
            b += h * y
            c += h * x * Double(n)
            d += h * y * Double(n)
            (x, y) = (x * step.0 - y * step.1, x * step.1 + y * step.0)
        }
        return (sqrt(a * a + b * b), (a * c + b * d) / (a * a + b * b))
    }

    @Test func `magnitude and group delay are those of the target`() {
        var (deviation, ripple) = (0.0, 0.0)
        for rate in [44_100, 48_000, 96_000] {
            for target in rate == 48_000 ? Self.targets : [Self.targets[2], Self.targets[3]] {
                let kernel = LinearPhaseKernel.design(magnitude: target, rateHertz: rate)
                #expect(kernel.taps.count % 2 == 1 && kernel.taps.count <= 131_073)
                #expect(kernel.latencyFrames == (kernel.taps.count - 1) / 2)
                #expect(kernel.taps == kernel.taps.reversed())
                for i in 0...40 {
                    // Around the narrow bands.
                    let narrow: [Double] = [29, 31, 33, 434, 440, 443, 451]
                    let hertz =
                        i < 34 ? 20 * pow(1000, Double(i) / 33) : narrow[i - 34]
                    let (gain, delay) = Self.response(kernel.taps, hertz, Double(rate))
                    deviation = max(deviation, abs(20 * log10(gain / target(hertz))))
                    ripple = max(ripple, abs(delay - Double(kernel.latencyFrames)))
                }
                #expect(kernel.deviationDecibels <= 0.02)
                #expect(kernel.preRingDecibels < -10)
            }
        }
        let magnitude = Fact(
            "Linear-phase equalizer", "deviation from the analogue magnitude, 20 Hz to 20 kHz, eight targets",
            deviation, .atMost(0.02), unit: "dB")
        #expect(magnitude.holds, "\(magnitude)")
        let delay = Fact(
            "Linear-phase equalizer", "deviation of the group delay from (taps - 1) / 2", ripple, .atMost(0.01),
            unit: "frames")
        #expect(delay.holds, "\(delay)")
    }

    @Test func `the pre-ring of a bell is stated`() {
        let kernel = LinearPhaseKernel.design(magnitude: Self.bell(1000, 6, 1), rateHertz: 48_000)
        let fact = Fact(
            "Linear-phase equalizer", "energy more than 1 ms ahead of the sound, bell of +6 dB at 1 kHz, Q 1",
            kernel.preRingDecibels, .atMost(-30), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `a flat target is an impulse and its convolution the input`() throws {
        let flat = LinearPhaseKernel.design(magnitude: { _ in 1 }, rateHertz: 48_000)
        #expect(flat.taps.count == 4097)
        #expect(flat.taps[2048] == 1 && flat.taps.filter { $0 == 0 }.count == 4096)
        #expect(flat.preRingDecibels == -.infinity)
        let signal = TapSignal.noise(50_000)
        let output = try SegmentedConvolution(kernel: flat.kernel()).render(signal, frameCount: 50_000)
        let fact = Fact(
            "Linear-phase equalizer", "flat setting against the input, noise", differenceDecibels(output, signal),
            .atMost(-120), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `gain and inverse gain cancel`() throws {
        let signal = TapSignal.noise(80_000)
        let up = LinearPhaseKernel.design(magnitude: Self.bell(3000, 9, 1.5), rateHertz: 48_000)
        let down = LinearPhaseKernel.design(magnitude: Self.bell(3000, -9, 1.5), rateHertz: 48_000)
        let once = try SegmentedConvolution(kernel: up.kernel()).render(signal, frameCount: 80_000)
        let twice = try SegmentedConvolution(kernel: down.kernel()).render(once, frameCount: 80_000)
        // The ends lack what lies beyond the signal.
        let middle = 20_000..<60_000
        let error = differenceDecibels(
            TapSignal(left: Array(twice.left[middle]), right: Array(twice.right[middle])),
            TapSignal(left: Array(signal.left[middle]), right: Array(signal.right[middle])))
        #expect(error < -60, "\(error)")
    }
}
