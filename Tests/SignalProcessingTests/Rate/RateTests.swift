import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Rate conversion") struct RateTests {
    /// Output frames `range` of an endless stream given as a function of the input frame.
    private func converted(
        _ converter: PolyphaseConverter, _ range: Range<Int>, _ input: (Int) -> Double
    ) -> [Float] {
        let frames = converter.inputRange(forOutput: range)
        let samples = frames.map { Float(input($0)) }
        var output = [Float](repeating: 0, count: range.count)
        var span = output.mutableSpan
        converter.process(
            input: samples.span, inputStart: frames.lowerBound, output: &span, outputStart: range.lowerBound)
        return output
    }

    private func tone(_ hertz: Double, rate: Int) -> (Int) -> Double {
        { sin(2 * Double.pi * (hertz * Double($0) / Double(rate)).truncatingRemainder(dividingBy: 1)) }
    }

    private func rmsDecibels(_ x: [Float]) -> Double {
        10 * log10(x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(x.count) + 1e-300)
    }

    /// All pairs of session rates that differ in kind, usual and unusual rates of sources, and two hopeless ratios.
    static let pairs = [
        [44_100, 48_000], [48_000, 44_100], [96_000, 44_100], [44_100, 96_000], [192_000, 44_100],
        [44_100, 192_000],
        [96_000, 48_000], [48_000, 96_000], [88_200, 44_100], [88_200, 48_000], [176_400, 48_000],
        [192_000, 48_000],
        [22_050, 48_000], [32_000, 44_100], [37_800, 48_000], [44_056, 48_000], [44_100, 47_999],
        [44_100, 47_993],
    ]
    /// Those with a transform.
    static let usualPairs = pairs.filter { ![44_056, 47_999, 47_993].contains($0[0]) && $0[1] % 100 == 0 }

    private static func name(_ pair: [Int]) -> String { "\(pair[0]) to \(pair[1]) Hz" }

    @Test("THD+N of 997 Hz is at most -150 dB, level and phase are kept", arguments: pairs)
    func tone(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        let first = 100_000
        let output = converted(converter, first..<first + 20_000, tone(997, rate: pair[0])).map(Double.init)
        let fit = RateToneFit(output, cyclesPerFrame: 997 / Double(pair[1]), firstFrame: first)
        // What rounding to Float32 before and after leaves, -151 to -152 dB, is all there is.
        let fact = Fact(
            "Rate converter", "THD+N of 997 Hz at full scale, \(Self.name(pair))", fit.residualDecibels,
            .atMost(-150),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect(abs(fit.amplitude - 1) < 1e-6)
        // Zero-phase: output frame n lies at input frame n M / L.
        #expect(abs(fit.phase) < 1e-6)
    }

    @Test("The pass band is flat within 0.01 dB to 20 kHz at 44.1 kHz, and in proportion", arguments: pairs)
    func flatness(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        let edge = 20_000.0 / 44_100 * Double(pair.min() ?? 0)
        var worst = 0.0
        for part in [0.001, 0.25, 0.5, 0.8, 0.9, 0.95, 0.98, 1] {
            let hertz = edge * part
            let output = converted(converter, 0..<8000, tone(hertz, rate: pair[0])).map(Double.init)
            let fit = RateToneFit(output, cyclesPerFrame: hertz / Double(pair[1]))
            worst = max(worst, abs(20 * log10(fit.amplitude)))
        }
        let fact = Fact(
            "Rate converter", "deviation up to 0.907 of half the lower rate, \(Self.name(pair))", worst,
            .atMost(0.01),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("Aliases and images are at most -140 dB", arguments: pairs)
    func aliases(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        var worst = -Double.infinity
        if pair[0] > pair[1] {
            for ratio in [1.0, 1.02, 1.043, 1.2, 1.36, 1.9] where ratio * Double(pair[1]) < Double(pair[0]) {
                let hertz = ratio * Double(pair[1]) / 2
                let output = converted(converter, 0..<8000, tone(hertz, rate: pair[0]))
                worst = max(worst, rmsDecibels(output) + 3.01)
            }
        } else {
            // An image would be part of what the fit leaves.
            for part in [0.3, 0.7, 0.9] {
                let hertz = part * Double(pair[0]) / 2
                let output = converted(converter, 0..<8000, tone(hertz, rate: pair[0])).map(Double.init)
                worst = max(
                    worst, RateToneFit(output, cyclesPerFrame: hertz / Double(pair[1])).residualDecibels)
            }
        }
        let fact = Fact(
            "Rate converter", "aliases and images, \(Self.name(pair))", worst, .atMost(-140), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("23 and 30 kHz leave nothing at 96 to 44.1 kHz")
    func knownAliases() {
        let converter = PolyphaseConverter(from: 96_000, to: 44_100)
        for hertz in [23_000.0, 30_000] {
            let level = rmsDecibels(converted(converter, 0..<20_000, tone(hertz, rate: 96_000))) + 3.01
            // The input's own rounding is what comes through: -154 dB, spread.
            let fact = Fact(
                "Rate converter", "what is left of \(Int(hertz / 1000)) kHz, 96,000 to 44,100 Hz", level,
                .atMost(-150),
                unit: "dB")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test("Against a sum of products in Double: no more than the rounding to Float32", arguments: usualPairs)
    func reference(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        var noise = TestNoise(seed: 9)
        let frames = converter.inputRange(forOutput: 0..<600)
        let samples = frames.map { _ in Float(noise.uniform() - 0.5) }
        let output = converted(converter, 0..<600) { Double(samples[$0 - frames.lowerBound]) }
        // The same window, written down again with libm.
        let lower = Double(pair.min() ?? 0) / Double(pair[0])
        let cutoff = (20_000.0 / 44_100 + 0.5) / 2 * lower
        let reach = Double(converter.filterReach)
        let beta = 0.1102 * (180 - 8.7)
        func bessel(_ x: Double) -> Double {
            (0..<128).reduce(0) { $0 + exp(x * cos(Double.pi * Double($1) / 64) - beta) } / 128
        }
        func weight(_ t: Double) -> Double {
            guard abs(t) < reach else { return 0 }
            let window = bessel(beta * (1 - t * t / (reach * reach)).squareRoot()) / bessel(beta)
            return t == 0 ? 2 * cutoff : sin(2 * Double.pi * cutoff * t) / (Double.pi * t) * window
        }
        for n in stride(from: 0, to: 600, by: 61) {
            let position = Double(n) * Double(pair[0]) / Double(pair[1])
            var sum = 0.0
            for k in Int(position) - converter.filterReach...Int(position) + converter.filterReach + 1 {
                sum += Double(samples[k - frames.lowerBound]) * weight(position - Double(k))
            }
            #expect(abs(Double(output[n]) - sum) < 4e-8)
        }
    }

    @Test("Digital silence stays digital silence, from the filter's reach on", arguments: pairs)
    func silence(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        var random = TestNoise(seed: 2)
        let noise = (0..<4000).map { _ in random.uniform() - 0.5 }
        let output = converted(converter, 0..<30_000) { (1000..<5000).contains($0) ? noise[$0 - 1000] : 0 }
        func position(_ n: Int) -> Double { Double(n) * Double(pair[0]) / Double(pair[1]) }
        let reach = Double(converter.filterReach)
        for n in output.indices {
            if position(n) < 1000 - reach || position(n) > 5000 + reach { #expect(output[n].bitPattern == 0) }
            if position(n) > 1000, position(n) < 4999 { #expect(output[n] != 0) }
        }
        #expect(converted(converter, -500..<20_000) { _ in 0 }.allSatisfy { $0.bitPattern == 0 })
    }

    @Test("Loud and soft: -100 dB keeps its own THD+N beside full scale", arguments: [[96_000, 44_100]])
    func dynamics(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        let sine = tone(997, rate: pair[0])
        // Full scale up to frame 50,000, -100 dB from there on.
        let output = converted(converter, 22_968 + 200..<22_968 + 8200) {
            $0 < 50_000 ? sine($0) : 1e-5 * sine($0)
        }
        let fit = RateToneFit(
            output.map(Double.init), cyclesPerFrame: 997 / Double(pair[1]), firstFrame: 22_968 + 200)
        // What the sharp end of the loud part leaves beyond the filter's reach is 240 dB down.
        #expect(fit.residualDecibels <= -140)
        #expect(abs(fit.amplitude - 1e-5) < 1e-11)
    }

    @Test("Any window of any length gives the same bits as the whole", arguments: pairs)
    func windows(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        func noise(_ frame: Int) -> Double {
            var noise = TestNoise(seed: UInt64(bitPattern: Int64(frame)))
            return noise.uniform() - 0.5
        }
        let start = -1000
        let whole = converted(converter, start..<4000, noise)
        var random = TestNoise(seed: 1)
        for _ in 0..<20 {
            let first = Int(random.uniform() * 4000) - 1000
            let length = min(Int(random.uniform() * 900) + 1, 4000 - first)
            let window = converted(converter, first..<first + length, noise)
            #expect(window == Array(whole[(first - start)..<(first - start + length)]))
        }
    }

    @Test("Lengths are rounded up, ranges are exact integers")
    func lengths() {
        let converter = PolyphaseConverter(from: 44_100, to: 48_000)
        #expect(converter.interpolation == 160)
        #expect(converter.decimation == 147)
        #expect(converter.outputFrameCount(forInput: 441_000) == 480_000)
        #expect(converter.outputFrameCount(forInput: 1) == 2)
        #expect(converter.outputFrameCount(forInput: 147) == 160)
        #expect(converter.outputFrameCount(forInput: 148) == 162)
        #expect(converter.outputFrameCount(forInput: 0) == 0)
        // Never more than the history on either side of the positions, at least the filter's reach.
        let (history, reach) = (converter.historyFrames, converter.filterReach)
        for (range, first, last) in [
            (0..<1, 0, 0), (160..<161, 147, 147), (-1..<0, -1, -1), (-320..<4000, -294, 3674),
        ] {
            let needed = converter.inputRange(forOutput: range)
            #expect(needed.lowerBound <= first + 1 - reach && needed.lowerBound >= first - history)
            #expect(needed.upperBound >= last + 1 + reach && needed.upperBound <= last + 1 + history)
        }
        #expect(converter.inputRange(forOutput: 5..<5).isEmpty)
        // Far out, where a Double of seconds would have lost the frame.
        let far = 160 * 1_000_000_000
        let needed = converter.inputRange(forOutput: far..<far + 1)
        #expect(needed.contains(147 * 1_000_000_000) && needed.count <= 2 * history)
        // A ratio of large numbers has no blocks.
        let direct = PolyphaseConverter(from: 44_056, to: 48_000)
        #expect(direct.historyFrames == direct.filterReach)
        #expect(direct.inputRange(forOutput: 0..<1) == 1 - direct.filterReach..<direct.filterReach + 1)
    }

    @Test("An impulse comes out centred and symmetric")
    func alignment() {
        let converter = PolyphaseConverter(from: 48_000, to: 96_000)
        let output = converted(converter, 0..<4001) { $0 == 1000 ? 1 : 0 }
        let peak = output.indices.max { output[$0] < output[$1] }
        #expect(peak == 2000)
        for offset in 1..<200 { #expect(abs(output[2000 + offset] - output[2000 - offset]) < 1e-7) }
    }

    @Test("Equal rates are the identity")
    func identity() {
        let converter = PolyphaseConverter(from: 48_000, to: 48_000)
        let input = tone(15_000, rate: 48_000)
        #expect(converted(converter, -20..<500, input) == (-20..<500).map { Float(input($0)) })
        #expect(converter.outputFrameCount(forInput: 77) == 77)
    }
}
