import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Test signals") struct TestSignalTests {
    private func rendered(
        _ signal: TestSignal, _ range: Range<Int>, block: Int = 4096
    ) -> (left: [Float], right: [Float]) {
        var left = [Float](repeating: .nan, count: range.count)
        var right = left
        var start = 0
        while start < range.count {
            let count = min(block, range.count - start)
            fill(signal, &left, &right, start, count, range.lowerBound + start)
            start += count
        }
        return (left, right)
    }

    @inline(never)
    private func fill(
        _ signal: TestSignal, _ left: inout [Float], _ right: inout [Float], _ start: Int, _ count: Int,
        _ frame: Int
    ) {
        left.withUnsafeMutableBufferPointer { l in
            right.withUnsafeMutableBufferPointer { r in
                var a = MutableSpan(
                    _unsafeElements: UnsafeMutableBufferPointer(rebasing: l[start..<start + count]))
                var b = MutableSpan(
                    _unsafeElements: UnsafeMutableBufferPointer(rebasing: r[start..<start + count]))
                signal.render(left: &a, right: &b, at: frame)
            }
        }
    }

    private func signal(_ shape: TestSignal.Shape, _ decibels: Double = 0, _ rateHertz: Int = 48_000) throws
        -> TestSignal
    {
        try #require(TestSignal(shape, levelDecibels: decibels, rateHertz: rateHertz))
    }

    static let shapes: [TestSignal.Shape] = [
        .tone(hertz: 997), .sweep(fromHertz: 20, toHertz: 20_000, seconds: 1), .whiteNoise(seed: 1),
        .pinkNoise(seed: 2),
        .impulses(everyFrames: 480), .twin(lowHertz: 19_000, highHertz: 20_000),
        .staircase(hertz: 997, firstDecibels: -60, stepDecibels: 1, stepSeconds: 0.1, stepCount: 60),
        .quarterRateBursts(onFrames: 300, offFrames: 700),
    ]

    @Test("Any part is the same as in the whole, in any block", arguments: shapes)
    func parts(_ shape: TestSignal.Shape) throws {
        let signal = try signal(shape, -3)
        let whole = rendered(signal, -1000..<20_000, block: 100_000)
        #expect(whole.left.allSatisfy(\.isFinite) && whole.left.contains { $0 != 0 })
        for block in [1, 7, 1000, 4096] {
            let other = rendered(signal, -1000..<20_000, block: block)
            #expect(other.left == whole.left && other.right == whole.right)
        }
        let part = rendered(signal, 5003..<5777)
        #expect(part.left == Array(whole.left[6003..<6777]) && part.right == Array(whole.right[6003..<6777]))
        let far = 10_000_000_000
        #expect(
            rendered(signal, far..<far + 100).left
                == Array(rendered(signal, far - 50..<far + 100).left[50...]))
    }

    @Test(
        "A tone's phase is exact at frame ten thousand million, and before frame 0",
        arguments: [997.0, 440.25, 19_997])
    func tone(hertz: Double) throws {
        let signal = try signal(.tone(hertz: hertz), -6, 44_100)
        var worst = 0.0
        for first in [-100_000_000, 0, 10_000_000_000] {
            let x = rendered(signal, first..<first + 2000)
            #expect(x.left == x.right)
            for i in 0..<2000 {
                // Quarter hertz are whole numbers here, and whole numbers below 2^63 do not round.
                let quarters = (Int(hertz * 4) * ((first + i) % (44_100 * 4))) % (44_100 * 4)
                let exact = pow(10, -6.0 / 20) * sin(2 * Double.pi * Double(quarters) / (44_100 * 4))
                worst = max(worst, abs(Double(x.left[i]) - exact))
            }
        }
        let fact = Fact(
            "Test signals", "error of a tone of \(hertz) Hz up to frame 10,000,000,000", 20 * log10(worst),
            .atMost(-144),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("A quarter of the rate has its samples at the level")
    func bursts() throws {
        let x = rendered(try signal(.quarterRateBursts(onFrames: 8, offFrames: 4), -6), -4..<24).left
        let level = Float(pow(10, -6.0 / 20))
        #expect(x[..<4].allSatisfy { $0 == 0 })
        for (i, sign) in [1, 1, -1, -1, 1, 1, -1, -1, 0, 0, 0, 0, 1, 1, -1].enumerated() {
            #expect(abs(x[4 + i] - level * Float(sign)) < 1e-7)
        }
    }

    @Test("A sweep passes its frequencies at their times, and stops")
    func sweep() throws {
        let signal = try signal(.sweep(fromHertz: 20, toHertz: 20_000, seconds: 2))
        #expect(signal.frameCount == 96_000)
        let x = rendered(signal, -10..<96_100).left.map(Double.init)
        #expect(x[..<10].allSatisfy { $0 == 0 } && x[96_010...].allSatisfy { $0 == 0 })
        // Zero crossings in 20 ms around a time: f = 20 * 1000^(t / 2).
        for seconds in [0.8, 1.2, 1.6, 1.9] {
            let centre = Int(seconds * 48_000) + 10
            let crossings = (centre - 480..<centre + 480).count { x[$0] < 0 && x[$0 + 1] >= 0 }
            let expected = 0.02 * 20 * pow(1000, seconds / 2)
            #expect(abs(Double(crossings) - expected) <= 1.5)
        }
        #expect(x.allSatisfy { abs($0) <= 1 })
    }

    @Test("White noise: variance, fourth moment, no correlation over time or between channels or seeds")
    func white() throws {
        let n = 300_000
        let x = rendered(try signal(.whiteNoise(seed: 5), -20), 0..<n)
        let other = rendered(try signal(.whiteNoise(seed: 6), -20), 0..<n).left
        func mean(_ value: (Int) -> Double) -> Double { (0..<n).reduce(0) { $0 + value($1) } / Double(n) }
        let power = mean { pow(Double(x.left[$0]), 2) }
        #expect(abs(10 * log10(power) + 20) < 0.03)
        #expect(abs(mean { pow(Double(x.left[$0]), 4) } / (power * power) - 3) < 0.06)
        let bound = 5 / Double(n).squareRoot()
        #expect(abs(mean { Double(x.left[$0]) * Double(x.right[$0]) } / power) < bound)
        #expect(abs(mean { Double(x.left[$0]) * Double(other[$0]) } / power) < bound)
        for lag in [1, 2, 8, 1000] {
            #expect(
                abs(mean { $0 < lag ? 0 : Double(x.left[$0]) * Double(x.left[$0 - lag]) } / power) < bound)
        }
    }

    /// Mean power at a frequency in cycles per frame, from Hann windows of `length` frames.
    private func power(_ x: [Float], cycles: Double, length: Int) -> Double {
        var total = 0.0
        let blocks = x.count / length
        for block in 0..<blocks {
            var (re, im) = (0.0, 0.0)
            for i in 0..<length {
                let window = 1 - cos(2 * Double.pi * Double(i) / Double(length))
                let angle = 2 * Double.pi * (cycles * Double(i)).truncatingRemainder(dividingBy: 1)
                re += window * Double(x[block * length + i]) * cos(angle)
                im += window * Double(x[block * length + i]) * sin(angle)
            }
            total += (re * re + im * im) / 1.5 / Double(length)
        }
        return total / Double(blocks)
    }

    @Test("Pink noise falls by 3.01 dB an octave from 20 Hz to 20 kHz")
    func pink() throws {
        let signal = try signal(.pinkNoise(seed: 7))
        let x = rendered(signal, 0..<(1 << 20)).left
        let level = 10 * log10(x.reduce(0.0) { $0 + Double($1) * Double($1) } / Double(x.count))
        #expect(abs(level) < 0.5)
        // Ten octaves up from 23.4 Hz; in each, the mean of eight frequencies.
        var points: [(octave: Double, decibels: Double)] = []
        for octave in 0..<10 {
            let length = max(256, 32_768 >> octave)
            var sum = 0.0
            var centre = 0.0
            for k in 0..<8 {
                let hertz = 23.4375 * pow(2, Double(octave) + Double(k) / 8)
                guard hertz < 22_000 else { continue }
                // Per octave, that is times the frequency: pink is level.
                let part = power(
                    Array(x[..<(1 << (octave < 5 ? 20 : 18))]), cycles: hertz / 48_000, length: length)
                sum += part * hertz
                centre += 1
            }
            points.append((Double(octave), 10 * log10(sum / centre)))
        }
        let meanOctave = points.reduce(0) { $0 + $1.octave } / Double(points.count)
        let mean = points.reduce(0) { $0 + $1.decibels } / Double(points.count)
        let slope =
            points.reduce(0) { $0 + ($1.octave - meanOctave) * ($1.decibels - mean) }
            / points.reduce(0) { $0 + pow($1.octave - meanOctave, 2) }
        let worst = points.map { abs($0.decibels - mean) }.max() ?? 9
        let facts = [
            Fact(
                "Test signals", "slope of pink noise per octave, off -3.01 dB, 23 Hz to 20 kHz", abs(slope),
                .atMost(0.1),
                unit: "dB"),
            Fact(
                "Test signals", "octaves of pink noise off their mean, 23 Hz to 20 kHz (measured from 22 s)",
                worst,
                .atMost(0.5), unit: "dB"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
    }

    @Test("Impulses, twin tones and staircases have their levels")
    func levels() throws {
        let impulses = rendered(try signal(.impulses(everyFrames: 100), -6), 0..<1000).left
        #expect(impulses.indices.allSatisfy { (impulses[$0] != 0) == ($0 % 100 == 0) })
        #expect(abs(impulses[0] - Float(pow(10, -0.3))) < 1e-7)
        let twin = rendered(try signal(.twin(lowHertz: 1000, highHertz: 3000), -3), 0..<48_000).left
        let power = 10 * log10(twin.reduce(0.0) { $0 + Double($1) * Double($1) } / 48_000)
        // Two sines of half the amplitude: a quarter of the power of two, so 6.02 dB below one's 3.01.
        #expect(abs(power - (-3 - 6.0206)) < 0.01)
        let stairs = try signal(
            .staircase(hertz: 1000, firstDecibels: -40, stepDecibels: 5, stepSeconds: 0.1, stepCount: 9))
        #expect(stairs.frameCount == 43_200)
        let x = rendered(stairs, 0..<43_300).left
        for step in 0..<9 {
            let peak = x[(step * 4800)..<((step + 1) * 4800)].map(\.magnitude).max() ?? 0
            #expect(abs(20 * log10(Double(peak)) - Double(5 * step - 40)) < 0.001)
        }
        #expect(x[43_200...].allSatisfy { $0 == 0 })
    }

    @Test("What cannot be is refused, and what is says so")
    func edges() throws {
        let impossible: [TestSignal.Shape] = [
            .tone(hertz: -1), .tone(hertz: 24_001), .tone(hertz: .nan), .impulses(everyFrames: 0),
            .sweep(fromHertz: 0, toHertz: 100, seconds: 1), .sweep(fromHertz: 200, toHertz: 100, seconds: 1),
            .sweep(fromHertz: 20, toHertz: 20_000, seconds: 0), .quarterRateBursts(onFrames: 0, offFrames: 1),
            .staircase(hertz: 100, firstDecibels: 0, stepDecibels: 1, stepSeconds: 1, stepCount: 0),
        ]
        for shape in impossible { #expect(TestSignal(shape, levelDecibels: 0, rateHertz: 48_000) == nil) }
        #expect(TestSignal(.tone(hertz: 1), levelDecibels: .infinity, rateHertz: 48_000) == nil)
        #expect(try signal(.tone(hertz: 997), -20).description == "tone, 997 Hz, -20 dBFS, 48000 Hz")
        #expect(try signal(.tone(hertz: 997), -20) == signal(.tone(hertz: 997), -20))
        for shape in Self.shapes { #expect(try signal(shape).description.hasSuffix(", 0 dBFS, 48000 Hz")) }
        #expect(try signal(.tone(hertz: 997)).frameCount == nil)
    }
}
