import Foundation
import Metering
import SignalProcessing

/// The summary of a whole song.
func signalSummary(_ planes: [[Float]], rate: Int = 48_000, spectrum: Bool = false) throws -> SignalSummary {
    var summary = SignalSummary(rateHertz: rate, channelCount: planes.count)
    for second in signalSeconds(of: planes, rate: rate, spectrum: spectrum) { try summary.append(second) }
    return summary
}

func signalSeconds(of planes: [[Float]], rate: Int, spectrum: Bool) -> [SignalSecond] {
    let analyzer = SignalAnalyzer(rateHertz: rate, channelCount: planes.count, measuresSpectrum: spectrum)
    return (0..<(planes[0].count + rate - 1) / rate).map { analyzer.measure(song: planes, second: $0) }
}

func sine(
    _ hertz: Double, seconds: Double, rate: Int = 48_000, peak: Double = 1, turns: Double = 0
) -> [Float] {
    (0..<Int(seconds * Double(rate))).map {
        Float(peak * sin(2 * Double.pi * (hertz * Double($0) / Double(rate) + turns)))
    }
}

/// White noise, -`peak` to `peak`.
func whiteNoise(seconds: Double, rate: Int = 48_000, peak: Float = 0.5, seed: UInt64 = 1) -> [Float] {
    var generator = SeededGenerator(state: seed)
    return (0..<Int(seconds * Double(rate))).map { _ in Float.random(in: -peak...peak, using: &generator) }
}

/// Rounded to a number of bits; with triangular dither if asked for.
func quantised(_ plane: [Float], bits: Int, isDithered: Bool = false) -> [Float] {
    var generator = SeededGenerator(state: 7)
    let scale = Double(1 << (bits - 1))
    return plane.map {
        let dither =
            isDithered
            ? Double.random(in: -0.5...0.5, using: &generator) + Double.random(in: -0.5...0.5, using: &generator) : 0
        return Float((Double($0) * scale + dither).rounded() / scale)
    }
}

/// Converted to another rate by the project's converter.
func converted(_ plane: [Float], from: Int, to: Int) -> [Float] {
    let converter = PolyphaseConverter(from: from, to: to)
    let count = converter.outputFrameCount(forInput: plane.count)
    let needed = converter.inputRange(forOutput: 0..<count)
    let input =
        [Float](repeating: 0, count: max(0, -needed.lowerBound)) + plane
        + [Float](repeating: 0, count: max(0, needed.upperBound - plane.count))
    var output = [Float](repeating: 0, count: count)
    var span = output.mutableSpan
    converter.process(
        input: input.span, inputStart: min(0, needed.lowerBound), output: &span, outputStart: 0)
    return output
}

/// A Butterworth low-pass of even order: 6 dB per octave and order.
func lowPassed(_ plane: [Float], hertz: Double, order: Int, rate: Int) -> [Float] {
    var signal = plane.map(Double.init)
    let k = tan(Double.pi * hertz / Double(rate))
    for section in 0..<order / 2 {
        let damping = 2 * sin(Double.pi * (2 * Double(section) + 1) / Double(2 * order))
        let a0 = 1 + damping * k + k * k
        let (b, a1, a2) = (k * k / a0, 2 * (k * k - 1) / a0, (1 - damping * k + k * k) / a0)
        var (s1, s2) = (0.0, 0.0)
        for i in signal.indices {
            let x = signal[i]
            let y = b * x + s1
            s1 = 2 * b * x - a1 * y + s2
            s2 = b * x - a2 * y
            signal[i] = y
        }
    }
    return signal.map { Float($0) }
}

/// A share of a signal's frames replaced by stretches of a value.
func withStretches(
    of values: [Float], lengths: ClosedRange<Int>, count: Int, in plane: [Float], seed: UInt64
) -> [Float] {
    var generator = SeededGenerator(state: seed)
    var plane = plane
    for _ in 0..<count {
        let length = Int.random(in: lengths, using: &generator)
        let start = Int.random(in: 0..<plane.count, using: &generator)
        guard let value = values.randomElement(using: &generator) else { continue }
        for i in start..<min(start + length, plane.count) { plane[i] = value }
    }
    return plane
}

/// The runs of frames that satisfy a condition, found the plain way.
func plainRuns(_ count: Int, _ condition: (Int) -> Bool) -> [SampleRun] {
    var runs: [SampleRun] = []
    for frame in 0..<count where condition(frame) {
        if let last = runs.last, last.frame + last.frameCount == frame {
            runs[runs.count - 1].frameCount += 1
        } else {
            runs.append(SampleRun(frame: frame, frameCount: 1))
        }
    }
    return runs
}
