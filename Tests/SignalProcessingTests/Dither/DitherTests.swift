import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Dither and quantising") struct DitherTests {
    private let seeded = DitherNoise(seed: 42, outputOrdinal: 0, channel: 0)

    /// Quantises frames `range` of a stream given as a function of the frame.
    private func quantised(
        _ quantiser: Quantiser, _ range: Range<Int>, _ input: (Int) -> Float
    ) -> (values: [Int32], clipped: Int) {
        let frames = quantiser.inputRange(forOutput: range)
        let samples = frames.map(input)
        var output = [Int32](repeating: .min, count: range.count)
        var span = output.mutableSpan
        let clipped = quantiser.process(
            input: samples.span, inputStart: frames.lowerBound, output: &span, outputStart: range.lowerBound)
        return (output, clipped)
    }

    @Test("The noise is triangular: 2 LSB peak to peak, mean 0, variance 1/6, fourth moment 1/15, white")
    func distribution() {
        let count = 1_000_000
        let noise = (0..<count).map { seeded.value(at: $0 - 1000) }
        let n = Double(count)
        #expect(noise.allSatisfy { $0 > -1 && $0 < 1 })
        #expect(abs(noise.reduce(0, +) / n) < 5 * (1.0 / 6 / n).squareRoot())
        #expect(abs(noise.reduce(0) { $0 + $1 * $1 } / n - 1.0 / 6) < 0.001)
        #expect(abs(noise.reduce(0) { $0 + $1 * $1 * $1 * $1 } / n - 1.0 / 15) < 0.001)
        for lag in [1, 2, 3, 4, 7, 8, 16, 64, 1024] {
            var sum = 0.0
            for i in lag..<count { sum += noise[i] * noise[i - lag] }
            #expect(abs(sum / n * 6) < 5 / n.squareRoot())
        }
    }

    @Test("Channels, outputs and seeds are independent, the same key repeats")
    func keys() {
        let n = 200_000
        let others = [
            DitherNoise(seed: 42, outputOrdinal: 0, channel: 1),
            DitherNoise(seed: 42, outputOrdinal: 1, channel: 0),
            DitherNoise(seed: 43, outputOrdinal: 0, channel: 0),
            DitherNoise(seed: 0, outputOrdinal: 0, channel: 0),
        ]
        for other in others {
            var sum = 0.0
            for i in 0..<n { sum += seeded.value(at: i) * other.value(at: i) }
            #expect(abs(sum / Double(n) * 6) < 5 / Double(n).squareRoot())
        }
        let again = DitherNoise(seed: 42, outputOrdinal: 0, channel: 0)
        #expect((0..<1000).allSatisfy { again.value(at: $0) == seeded.value(at: $0) })
    }

    @Test("Total noise is -96.3 dB re 1.0 at 16 bits, -144.5 dB at 24, whatever the signal")
    func totalNoise() {
        // Signals between and on the steps: without dither their errors differ by more than 20 dB.
        let signals: [(String, (Int) -> Float)] = [
            ("on a step", { _ in 0x1p-3 }), ("between two", { _ in Float(0x1p-3 + 0x1p-16) }),
            ("a quarter", { _ in Float(0x1p-3 + 0x1p-17) }),
            ("tone", { Float(0.3 * sin(0.1234567 * Double($0))) }),
        ]
        var levels: [Double] = []
        for (name, signal) in signals {
            let count = 400_000
            let output = quantised(Quantiser(bits: 16, dither: seeded), 0..<count, signal).values
            var mean = 0.0
            var square = 0.0
            for i in 0..<count {
                let error = Double(output[i]) - Double(signal(i)) * 32_768
                mean += error / Double(count)
                square += error * error / Double(count)
            }
            #expect(abs(mean) < 5 * 0.5 / Double(count).squareRoot(), "\(name)")
            levels.append(10 * log10(square) - 20 * log10(32_768))
            #expect(abs((levels.last ?? 0) + 96.33) < 0.03, "\(name)")
        }
        let (least, most) = (levels.min() ?? 0, levels.max() ?? 0)
        let facts = [
            Fact("Dither", "total noise at 16 bits, TPDF, re 1.0, at most", most, .atMost(-96.3), unit: "dB"),
            Fact(
                "Dither", "total noise at 16 bits, TPDF, re 1.0, at least", least, .atLeast(-96.36),
                unit: "dB"),
            Fact(
                "Dither", "change of the noise level with the signal, 16 bits", most - least, .atMost(0.05),
                unit: "dB"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
        let output = quantised(Quantiser(bits: 24, dither: seeded), 0..<400_000) { _ in 0.01 }.values
        let square =
            output.reduce(0.0) { $0 + pow(Double($1) - Double(Float(0.01)) * 8_388_608, 2) } / 400_000
        #expect(abs(10 * log10(square) - 20 * log10(8_388_608) + 144.49) < 0.03)
    }

    @Test("Harmonics of a -90 dBFS tone stay in the noise with dither, and do not without")
    func harmonics() {
        let count = 1 << 18
        let cycles = 5461
        let amplitude = pow(10, -90.0 / 20)
        func signal(_ i: Int) -> Float {
            Float(amplitude * sin(2 * Double.pi * Double((i * cycles) % count) / Double(count)))
        }
        func level(_ x: [Int32], harmonic: Int) -> Double {
            var re = 0.0
            var im = 0.0
            for i in 0..<count {
                let angle = 2 * Double.pi * Double((i * cycles * harmonic) % count) / Double(count)
                re += Double(x[i]) * cos(angle)
                im += Double(x[i]) * sin(angle)
            }
            return 2 * (re * re + im * im).squareRoot() / Double(count)
        }
        let dithered = quantised(Quantiser(bits: 16, dither: seeded), 0..<count, signal).values
        let plain = quantised(Quantiser(bits: 16, dither: nil), 0..<count, signal).values
        // Amplitude of white noise of variance 1/4 in one bin: Rayleigh, mean square 1 / count.
        let floor = (1.0 / Double(count)).squareRoot()
        #expect(abs(level(dithered, harmonic: 1) - amplitude * 32_768) < 5 * floor)
        let highest = (2...9).map { level(dithered, harmonic: $0) }.max() ?? 0
        let fact = Fact(
            "Dither",
            "harmonics of -90 dBFS at 1 kHz, 16 bits, highest, re what the noise has in their place",
            20 * log10(highest / floor), .atMost(12), unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect((2...9).contains { level(plain, harmonic: $0) > 40 * floor })
    }

    @Test("Rounds halves to even, clips at full scale and counts what it clipped")
    func rounding() {
        let step: Float = 0x1p-15
        let cases: [(Float, Int32)] = [
            (0, 0), (-0.0, 0), (0.5 * step, 0), (1.5 * step, 2), (2.5 * step, 2), (-0.5 * step, 0),
            (-1.5 * step, -2), (0.499 * step, 0), (0.501 * step, 1), (0.25, 8192), (-1, -32_768),
            (1 - step, 32_767), (1, 32_767), (1.5, 32_767), (-1.001, -32_768), (.infinity, 32_767),
            (-.infinity, -32_768), (3e38, 32_767), (.nan, 0),
        ]
        let result = quantised(Quantiser(bits: 16, dither: nil), 0..<cases.count) { cases[$0].0 }
        #expect(result.values == cases.map(\.1))
        #expect(result.clipped == 6)
        let fine = quantised(Quantiser(bits: 24, dither: nil), 0..<3) { [0x1p-23, -1, 1][$0] }
        #expect(fine.values == [1, -8_388_608, 8_388_607])
        #expect(fine.clipped == 1)
    }

    @Test("Silence stays silence, from the reach after the last sample to the reach before the next")
    func blanking() {
        let reach = Quantiser.blankingReachFrames
        let quantiser = Quantiser(bits: 16, dither: seeded)
        #expect(quantised(quantiser, 0..<5000) { _ in 0 }.values.allSatisfy { $0 == 0 })
        let output = quantised(quantiser, 0..<5000) {
            $0 <= 1000 || $0 >= 3000 ? 0.01 : ($0 == 2000 ? -0.0 : 0)
        }.values
        #expect(output[(1001 + reach)..<(3000 - reach)].allSatisfy { $0 == 0 })
        // At the edges it is dithered: a third of the values is not zero.
        let edge = output[1001..<(1001 + reach)] + output[(3000 - reach)..<3000]
        #expect(edge.filter { $0 != 0 }.count > edge.count / 6)
        // A zero-crossing of a tone is not silence.
        let tone = quantised(quantiser, 0..<5000) { $0 % 500 < 499 ? 0 : 0.001 }.values
        #expect(tone.filter { $0 != 0 }.count > 1000)
    }

    @Test("Any window gives the same bytes as the whole, and the same key the same bytes")
    func windows() {
        let quantiser = Quantiser(bits: 16, dither: seeded)
        func signal(_ i: Int) -> Float { (i / 900) % 3 == 1 ? 0 : Float(0.2 * sin(0.05 * Double(i))) }
        let whole = quantised(quantiser, -500..<9000, signal).values
        #expect(whole.contains(0))
        var random = TestNoise(seed: 4)
        for length in [1, 7, 64, 1000, 4096] {
            for _ in 0..<20 {
                let first = Int(random.uniform() * Double(9500 - length)) - 500
                let window = quantised(quantiser, first..<first + length, signal).values
                #expect(window == Array(whole[(first + 500)..<(first + 500 + length)]))
            }
        }
        let other = Quantiser(bits: 16, dither: DitherNoise(seed: 43, outputOrdinal: 0, channel: 0))
        #expect(quantised(other, -500..<9000, signal).values != whole)
    }
}
