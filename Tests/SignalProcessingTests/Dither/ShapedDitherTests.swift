import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Noise-shaped dither") struct ShapedDitherTests {
    private static let segment = 480_000
    private let seeded = DitherNoise(seed: 42, outputOrdinal: 0, channel: 0)

    private func shaped(_ rateHertz: Int = 44_100, segmentFrames: Int = segment) -> ShapedQuantiser {
        ShapedQuantiser(bits: 16, dither: seeded, rateHertz: rateHertz, segmentFrames: segmentFrames)
    }

    /// Frames `range` of a stream given as a function of the frame, in blocks.
    private func quantised(
        _ quantiser: ShapedQuantiser, _ range: Range<Int>, block: Int = 65_536, _ input: (Int) -> Float
    ) -> (values: [Int32], clipped: Int) {
        var quantiser = quantiser
        var values: [Int32] = []
        var clipped = 0
        var frame = range.lowerBound
        while frame < range.upperBound {
            let count = min(block, range.upperBound - frame)
            let frames = quantiser.inputRange(forOutput: frame..<frame + count)
            let samples = frames.map(input)
            var output = [Int32](repeating: .min, count: count)
            var span = output.mutableSpan
            clipped += quantiser.process(
                input: samples.span, inputStart: frames.lowerBound, output: &span, outputStart: frame)
            values += output
            frame += count
        }
        return (values, clipped)
    }

    private func plain(_ range: Range<Int>, _ input: (Int) -> Float) -> [Int32] {
        let quantiser = Quantiser(bits: 16, dither: seeded)
        let frames = quantiser.inputRange(forOutput: range)
        let samples = frames.map(input)
        var output = [Int32](repeating: .min, count: range.count)
        var span = output.mutableSpan
        _ = quantiser.process(
            input: samples.span, inputStart: frames.lowerBound, output: &span, outputStart: range.lowerBound)
        return output
    }

    private func errors(_ values: [Int32], _ input: (Int) -> Float) -> [Double] {
        values.indices.map { Double(values[$0]) - Double(input($0)) * 32_768 }
    }

    /// Mean power per bin of a Hann-windowed transform of 1,024 frames, in LSB^2; the mean of all bins is the power.
    private func spectrum(_ x: [Double]) -> [Double] {
        let n = 1024
        let cosines = (0..<n).map { cos(2 * Double.pi * Double($0) / Double(n)) }
        let window = cosines.map { (1 - $0) * (2.0 / 3).squareRoot() }
        var power = [Double](repeating: 0, count: n / 2)
        let blocks = x.count / n
        for block in 0..<blocks {
            let part = (0..<n).map { x[block * n + $0] * window[$0] }
            for k in 0..<n / 2 {
                var (re, im) = (0.0, 0.0)
                for i in 0..<n {
                    re += part[i] * cosines[(k * i) % n]
                    im += part[i] * cosines[(k * i + n / 4) % n]
                }
                power[k] += (re * re + im * im) / Double(n * blocks)
            }
        }
        return power
    }

    /// IEC 61672-1 Annex E.
    private static func weightA(_ f: Double) -> Double {
        let s = f * f
        let gain =
            1.2589 * 12_194 * 12_194 * s * s
            / ((s + 20.6 * 20.6) * ((s + 107.7 * 107.7) * (s + 737.9 * 737.9)).squareRoot()
                * (s + 12_194 * 12_194))
        return gain * gain
    }

    /// Terhardt's threshold of hearing in quiet, as a weight of powers.
    private static func weightHearing(_ hertz: Double) -> Double {
        let f = max(hertz, 20) / 1000
        return pow(
            10, -(3.64 * pow(f, -0.8) - 6.5 * exp(-0.6 * (f - 3.3) * (f - 3.3)) + 0.001 * pow(f, 4)) / 10)
    }

    private func decibels(_ a: Double, re b: Double) -> Double { 10 * log10(a / b) }

    @Test("The noise is less audible than plain dither's", arguments: [44_100, 48_000, 96_000])
    func audibility(rateHertz: Int) {
        func signal(_ i: Int) -> Float { Float(0.1 * sin(0.0317 * Double(i))) }
        let count = 1024 * 48
        let shaped = spectrum(errors(quantised(shaped(rateHertz), 0..<count, signal).values, signal))
        let plain = spectrum(errors(plain(0..<count, signal), signal))
        func weighted(_ power: [Double], _ weight: (Double) -> Double) -> Double {
            power.indices.reduce(0) { sum, k in
                sum + power[k] * weight((Double(k) + 0.5) / 1024 * Double(rateHertz))
            }
        }
        let hearing = decibels(weighted(plain, Self.weightHearing), re: weighted(shaped, Self.weightHearing))
        func upTo12(_ f: Double) -> Double { f < 12_000 ? Self.weightA(f) : 0 }
        let lower = decibels(weighted(plain, upTo12), re: weighted(shaped, upTo12))
        let total = decibels(weighted(shaped) { _ in 1 }, re: weighted(plain) { _ in 1 })
        let facts = [
            Fact(
                "Noise-shaped dither",
                "less noise than TPDF, weighted by the threshold of hearing, \(rateHertz) Hz", hearing,
                .atLeast(15), unit: "dB"),
            Fact(
                "Noise-shaped dither", "less noise than TPDF up to 12 kHz, A-weighted, \(rateHertz) Hz",
                lower,
                .atLeast(10), unit: "dB"),
            Fact(
                "Noise-shaped dither", "more noise than TPDF without a weighting, \(rateHertz) Hz", total,
                .atMost(14),
                unit: "dB"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
    }

    @Test("No noise modulation: the noise is the same whatever the signal")
    func modulation() {
        // On a step, between two, and in between; moving slowly; a tone.
        let signals: [(Int) -> Float] = [
            { _ in 0x1p-3 }, { _ in Float(0x1p-3 + 0x1p-16) }, { _ in Float(0x1p-3 + 0x1p-17) },
            { Float(0.01 + 1e-9 * Double($0)) }, { Float(0.3 * sin(0.1234567 * Double($0))) },
        ]
        let count = 200_000
        let levels = signals.map { signal in
            let x = errors(quantised(shaped(), 0..<count, signal).values, signal)
            let mean = x.reduce(0, +) / Double(count)
            #expect(abs(mean) < 0.01)
            return 10 * log10(x.reduce(0) { $0 + $1 * $1 } / Double(count))
        }
        let spread = (levels.max() ?? 0) - (levels.min() ?? 0)
        let fact = Fact(
            "Noise-shaped dither", "change of the noise level with the signal, 16 bits", spread, .atMost(0.1),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("Neither limit cycles nor harmonics: constants leave no tone, a tone of -90 dBFS no harmonic")
    func tones() {
        let count = 1 << 17
        let cycles = 2731
        func level(_ x: [Double], cycles: Int) -> Double {
            var (re, im) = (0.0, 0.0)
            for i in 0..<count {
                let angle = 2 * Double.pi * Double((i * cycles) % count) / Double(count)
                re += x[i] * cos(angle)
                im += x[i] * sin(angle)
            }
            return 2 * (re * re + im * im).squareRoot() / Double(count)
        }
        let amplitude = pow(10, -90.0 / 20)
        func signal(_ i: Int) -> Float {
            Float(amplitude * sin(2 * Double.pi * Double((i * cycles) % count) / Double(count)))
        }
        let output = quantised(shaped(), 0..<count, signal).values.map(Double.init)
        // White noise of variance 1/4 in one bin: Rayleigh, mean square 1 / count; the shape is below 1 in this region.
        let floor = (1.0 / Double(count)).squareRoot()
        #expect(abs(level(output, cycles: cycles) - amplitude * 32_768) < 5 * floor)
        let highest = (2...7).map { level(output, cycles: cycles * $0) }.max() ?? 0
        let fact = Fact(
            "Noise-shaped dither",
            "harmonics of -90 dBFS at 1 kHz, highest, re what plain dither has in their place",
            20 * log10(highest / floor), .atMost(12), unit: "dB")
        #expect(fact.holds, "\(fact)")
        // A limit cycle would be a line well above its neighbours.
        for constant: Float in [0x1p-16, 3 * 0x1p-17, 1.234e-5] {
            let x = errors(quantised(shaped(), 0..<49_152) { _ in constant }.values) { _ in constant }
            let power = spectrum(x)
            for k in 3..<power.count - 3 {
                let around = (power[k - 3] + power[k - 2] + power[k + 2] + power[k + 3]) / 4
                #expect(power[k] < 3 * around)
            }
        }
    }

    @Test("Blocks of any length and segments in any order give the same bits")
    func blocks() {
        let quantiser = shaped(segmentFrames: 4000)
        func signal(_ i: Int) -> Float { (i / 1500) % 3 == 1 ? 0 : Float(0.2 * sin(0.05 * Double(i))) }
        let whole = quantised(quantiser, -4000..<12_000, block: 100_000, signal).values
        for block in [1, 7, 64, 1000, 4096] {
            #expect(quantised(quantiser, -4000..<12_000, block: block, signal).values == whole)
        }
        for segment in [2, 0, 1, -1] {
            let part = quantised(quantiser, segment * 4000..<(segment + 1) * 4000, signal).values
            #expect(part == Array(whole[(segment + 1) * 4000..<(segment + 2) * 4000]))
        }
        #expect(quantised(shaped(segmentFrames: 5000), 0..<12_000, signal).values != Array(whole[4000...]))
    }

    @Test("A segment's start is as quiet as a millisecond of plain dither")
    func segmentStart() {
        // The shape's own energy over the frames that the last errors would have corrected.
        func signal(_ i: Int) -> Float { Float(0.1 * sin(0.0317 * Double(i))) }
        let length = 480
        let count = length * 800
        let x = errors(quantised(shaped(segmentFrames: length), 0..<count, signal).values, signal)
        let y = errors(quantised(shaped(), 0..<count, signal).values, signal)
        func audible(_ x: [Double]) -> Double {
            let power = spectrum(x)
            return power.indices.reduce(0) {
                $0 + power[$1] * Self.weightHearing((Double($1) + 0.5) / 1024 * 44_100)
            }
        }
        let plainPower = audible(errors(plain(0..<count / 4, signal), signal))
        // Per restart, in frames of plain dither.
        let frames =
            (audible(Array(x[..<(count / 4)])) - audible(Array(y[..<(count / 4)]))) / plainPower
            * Double(length)
        let fact = Fact(
            "Noise-shaped dither", "a segment's start, heard as plain dither of this length, 44,100 Hz",
            frames / 44.1,
            .atMost(1), unit: "ms")
        #expect(fact.holds, "\(fact)")
    }

    @Test("Silence stays silence, clipping is counted, NaN is nothing")
    func edges() {
        let reach = ShapedQuantiser.blankingReachFrames
        #expect(quantised(shaped(), 0..<5000) { _ in 0 }.values.allSatisfy { $0 == 0 })
        let output = quantised(shaped(), 0..<5000) { $0 <= 1000 || $0 >= 3000 ? 0.01 : 0 }.values
        #expect(output[(1001 + reach)..<(3000 - reach)].allSatisfy { $0 == 0 })
        #expect(output[1001..<(1001 + reach)].contains { $0 != 0 })
        let loud = quantised(shaped(), 0..<1000) { $0 % 100 == 50 ? 1.5 : -0.5 }
        #expect(loud.clipped == 10)
        for (i, value) in loud.values.enumerated() {
            #expect(i % 100 == 50 ? value == 32_767 : abs(value + 16_384) < 40)
        }
        let broken = quantised(shaped(), 0..<1000) { $0 == 500 ? .nan : $0 == 600 ? .infinity : 0.25 }
        #expect(broken.values[600] == 32_767 && broken.clipped >= 1)
        #expect(broken.values[700...].allSatisfy { abs($0 - 8192) < 40 })
    }
}
