import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct GateTests {
    private static let rate = 48_000

    /// Threshold -20 dB; no filter.
    private static func gate(
        hysteresis: Double = 6, ratio: Double = 1e300, attack: Double = 0.00005, hold: Double = 0,
        release: Double = 0.001, range: Double = 40, lookAhead: Double = 0, lowCut: Double = 20, rate: Int = rate
    ) throws -> Gate {
        let values = [-20, hysteresis, ratio, attack, hold, release, range, lookAhead, lowCut, 20_000]
        return try #require(Gate(parameters: values, rateHertz: rate))
    }

    /// Frames at which the gain goes through -20 dB of its range of 40: up, then down, and so on.
    ///
    /// The gain is read off a constant under a key.
    private static func crossings(_ gate: Gate, key: [Double]) -> [Int] {
        let out = DynamicsBench.run(gate, [Double](repeating: 1, count: key.count), key: key)
        return (1..<out.count).filter { (out[$0 - 1] > 0.1) != (out[$0] > 0.1) }
    }

    @Test func thresholdsAreExactForTones() throws {
        var (openError, closeError) = (0.0, 0.0)
        for hertz in [100.0, 101.3, 440, 997, 3301, 7919] {
            for hysteresis in [0.0, 6] {
                // Half a decibel a second, up through the threshold and down through the closing level.
                func level(_ frame: Int) -> Double {
                    let t = Double(frame) / 48_000
                    return t < 1 ? -20.25 + 0.5 * t : -20 - hysteresis + 0.25 - 0.5 * (t - 1)
                }
                let key = DynamicsBench.tone(hertz, 96_000, rate: 48_000, level)
                let found = Self.crossings(try Self.gate(hysteresis: hysteresis), key: key)
                try #require(found.count == 2, "\(hertz) Hz: \(found)")
                openError = max(openError, abs(level(found[0]) + 20))
                closeError = max(closeError, abs(level(found[1]) + 20 + hysteresis))
            }
        }
        for (name, error) in [("opening", openError), ("closing", closeError)] {
            let fact = Fact(
                "Gate", "\(name) level off its label, tones from 100 Hz up", error, .atMost(0.05), unit: "dB")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test func neitherZeroCrossingsNorARippleMakeItChatter() throws {
        var changes = 0
        for hertz in [100.0, 440, 5000] {
            // Steady, a hair above the threshold, without hysteresis.
            let steady = DynamicsBench.tone(hertz, 48_000, rate: 48_000) { _ in -19.9 }
            changes = max(changes, Self.crossings(try Self.gate(hysteresis: 0), key: steady).count - 1)
            // A ripple of 1 dB down from the threshold.
            for ripple in [3.0, 12, 50] {
                let key = DynamicsBench.tone(hertz, 96_000, rate: 48_000) { frame in
                    -20.45 + 0.5 * sin(2 * .pi * ripple * Double(frame) / 48_000)
                }
                changes = max(changes, Self.crossings(try Self.gate(hysteresis: 1.5), key: key).count - 1)
            }
        }
        let fact = Fact(
            "Gate", "closings on a steady tone without hysteresis, and on a ripple of 1 dB with 1.5 dB of it",
            Double(changes), .atMost(0), unit: "")
        #expect(fact.holds, "\(fact)")
    }

    @Test(arguments: [0.0, 0.01])
    func holdIsExactInFrames(lookAhead: Double) throws {
        var worst = 0
        for (hold, last) in [(0.01, 10_007), (0.1, 9999), (0.02075, 12_345)] {
            let gate = try Self.gate(hold: hold, lookAhead: lookAhead)
            // The last frame at the closing level; nothing after it.
            let key = (0..<30_000).map { (5000...last).contains($0) ? 0.5 : 0 }
            let out = DynamicsBench.run(gate, [Double](repeating: 1, count: key.count), key: key)
            let closing = try #require((last + 1..<out.count).first { out[$0] < 1 })
            let expected = last + Int((hold * 48_000).rounded()) + gate.latencyFrames
            worst = max(worst, abs(closing - expected))
        }
        let fact = Fact(
            "Gate", "hold off its label, look-ahead of \(Int(lookAhead * 1000)) ms", Double(worst), .atMost(0),
            unit: "frames")
        #expect(fact.holds, "\(fact)")
    }

    @Test func timesKeepTheirLabels() throws {
        var (attackError, releaseError) = (0.0, 0.0)
        for (attack, release) in [(0.002, 0.02), (0.01, 0.15), (0.1, 0.05)] {
            for rate in [44_100, 192_000] {
                let gate = try Self.gate(hysteresis: 0, attack: attack, hold: 0.0055, release: release, rate: rate)
                let (up, down) = (rate / 2, rate * 3 / 2)
                let count = down + Int(10 * release * Double(rate)) + rate / 10
                let key = (0..<count).map { (up..<down).contains($0) ? 0.5 : 0 }
                let ones = [Double](repeating: 1, count: count)
                let out = DynamicsBench.run(gate, ones, key: key)
                let held = down - 1 + Int((0.0055 * Double(rate)).rounded())
                let rise = DynamicsBench.framesTo63(out, over: ones, from: up, end: down) / Double(rate)
                let fall = DynamicsBench.framesTo63(out, over: ones, from: held, end: count) / Double(rate)
                attackError = max(attackError, abs(rise / attack - 1) * 100)
                releaseError = max(releaseError, abs(fall / release - 1) * 100)
            }
        }
        for (name, error) in [("attack", attackError), ("release", releaseError)] {
            let fact = Fact("Gate", "\(name) to 63 % of the change in dB, off its label", error, .atMost(5), unit: "%")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test func staticCurveOfTheExpander() throws {
        var worst = 0.0
        for (ratio, range) in [(2.0, 60.0), (1.5, 60), (3, 20), (1, 60)] {
            let gate = try Self.gate(ratio: ratio, attack: 0.005, release: 0.05, range: range)
            for level in stride(from: -45.0, through: -15, by: 3) {
                let tone = DynamicsBench.tone(440, 48_000, rate: 48_000) { _ in level }
                let out = DynamicsBench.run(gate, tone)
                let found = DynamicsBench.amplitude(out[24_000...], hertz: 440, rate: 48_000)
                let expected = level - min(range, (ratio - 1) * max(0, -20 - level))
                worst = max(worst, abs(DynamicsBench.decibels(found) - expected))
            }
        }
        let fact = Fact("Gate", "deviation from the static curve, expander on tones", worst, .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func lookAheadOpensBeforeTheSound() throws {
        let gate = try Self.gate(attack: 0.0005, range: 80, lookAhead: 0.005)
        #expect(gate.latencyFrames == 240)
        let signal = (0..<9600).map { $0 < 4800 ? 0 : 0.5 }
        let out = DynamicsBench.run(gate, signal)
        #expect(out[4800 + 239] == 0)
        let fact = Fact(
            "Gate", "loss at an onset with 5 ms of look-ahead, attack 0.5 ms, range 80 dB",
            -DynamicsBench.decibels(out[4800 + 240] / 0.5), .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func keyFilterHearsWhatItLetsThrough() throws {
        let low = DynamicsBench.tone(60, 24_000, rate: 48_000) { min(-3, -90 + 0.01 * Double($0)) }
        #expect(Self.crossings(try Self.gate(lowCut: 1000), key: low).isEmpty)
        #expect(Self.crossings(try Self.gate(), key: low).count == 1)
    }
}
