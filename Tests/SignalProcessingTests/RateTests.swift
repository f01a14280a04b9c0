import Foundation
import SignalProcessing
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

    static let pairs = [
        [44_100, 48_000], [48_000, 44_100], [96_000, 44_100], [44_100, 96_000], [192_000, 44_100],
        [96_000, 48_000],
        [48_000, 96_000], [22_050, 48_000], [32_000, 44_100], [37_800, 48_000], [44_056, 48_000],
        [44_100, 47_999], [44_100, 47_993],
    ]

    @Test("THD+N of 997 Hz is at most -140 dB, level and phase are kept", arguments: pairs)
    func tone(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        let first = 100_000
        let output = converted(converter, first..<first + 20_000, tone(997, rate: pair[0])).map(Double.init)
        let fit = RateToneFit(output, cyclesPerFrame: 997 / Double(pair[1]), firstFrame: first)
        #expect(fit.residualDecibels <= -140)
        #expect(abs(fit.amplitude - 1) < 1e-6)
        // Zero-phase: output frame n lies at input frame n M / L.
        #expect(abs(fit.phase) < 1e-6)
    }

    @Test("The pass band is flat within 0.01 dB to 20 kHz at 44.1 kHz, and in proportion", arguments: pairs)
    func flatness(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        let edge = 20_000.0 / 44_100 * Double(pair.min() ?? 0)
        for part in [0.001, 0.25, 0.5, 0.8, 0.9, 0.95, 0.98, 1] {
            let hertz = edge * part
            let output = converted(converter, 0..<8000, tone(hertz, rate: pair[0])).map(Double.init)
            let fit = RateToneFit(output, cyclesPerFrame: hertz / Double(pair[1]))
            #expect(abs(20 * log10(fit.amplitude)) < 0.01)
        }
    }

    @Test("Aliases and images are at most -140 dB", arguments: pairs)
    func aliases(pair: [Int]) {
        let converter = PolyphaseConverter(from: pair[0], to: pair[1])
        if pair[0] > pair[1] {
            for ratio in [1.0, 1.02, 1.043, 1.2, 1.36, 1.9] where ratio * Double(pair[1]) < Double(pair[0]) {
                let hertz = ratio * Double(pair[1]) / 2
                let output = converted(converter, 0..<8000, tone(hertz, rate: pair[0]))
                #expect(rmsDecibels(output) <= -140 - 3.01)
            }
        } else {
            // An image would be part of what the fit leaves.
            for part in [0.3, 0.7, 0.9] {
                let hertz = part * Double(pair[0]) / 2
                let output = converted(converter, 0..<8000, tone(hertz, rate: pair[0])).map(Double.init)
                #expect(RateToneFit(output, cyclesPerFrame: hertz / Double(pair[1])).residualDecibels <= -140)
            }
        }
    }

    @Test("23 and 30 kHz leave nothing at 96 to 44.1 kHz")
    func knownAliases() {
        let converter = PolyphaseConverter(from: 96_000, to: 44_100)
        for hertz in [23_000.0, 30_000] {
            #expect(rmsDecibels(converted(converter, 0..<20_000, tone(hertz, rate: 96_000))) < -143)
        }
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
        let history = converter.historyFrames
        #expect(converter.inputRange(forOutput: 0..<1) == 1 - history..<history + 1)
        #expect(converter.inputRange(forOutput: 160..<161) == 148 - history..<148 + history)
        #expect(converter.inputRange(forOutput: -1..<0) == -history..<history)
        #expect(converter.inputRange(forOutput: 5..<5).isEmpty)
        // Far out, where a Double of seconds would have lost the frame.
        let far = 160 * 1_000_000_000
        #expect(
            converter.inputRange(forOutput: far..<far + 1).lowerBound == 147 * 1_000_000_000 + 1 - history)
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
