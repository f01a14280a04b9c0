import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct DeEsserTests {
    /// Band at 6.5 kHz, Q 1, threshold -30 dB.
    private static func deEsser(
        mode: Double, ratio: Double = 4, range: Double = 40, attack: Double = 0.001, release: Double = 0.06,
        rate: Int = 48_000
    ) throws -> DeEsser {
        try #require(
            DeEsser(parameters: [mode, 6500, 1, -30, ratio, range, attack, release], rateHertz: rate))
    }

    @Test(arguments: [0.0, 1])
    func idleItPassesEveryBit(mode: Double) throws {
        // Faded in: a start in mid-wave is a click, which the band hears.
        let voice = DynamicsBench.tone(220, 48_000, rate: 48_000) { min(-12, -100 + 0.01 * Double($0)) }
        let hiss = DynamicsBench.tone(6500, 48_000, rate: 48_000) { _ in -40 }
        let signal = zip(voice, hiss).map { Double(Float($0 + $1)) }
        let out = DynamicsBench.run(try Self.deEsser(mode: mode), signal)
        let residual = zip(out, signal).reduce(0) { max($0, abs($1.0 - $1.1)) }
        let fact = Fact(
            "De-esser", "idle null, \(mode == 0 ? "split" : "wide")", DynamicsBench.decibels(residual), .atMost(-120),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect(residual == 0)
    }

    @Test(arguments: [0.0, 1])
    func staticCurveAtTheCentre(mode: Double) throws {
        var worst = 0.0
        for (ratio, range) in [(2.0, 40.0), (8, 40), (1e300, 40), (8, 10)] {
            for level in stride(from: -40.0, through: 0, by: 4) {
                let tone = DynamicsBench.tone(6500, 36_000, rate: 48_000) { _ in level }
                let out = DynamicsBench.run(try Self.deEsser(mode: mode, ratio: ratio, range: range), tone)
                let found = DynamicsBench.amplitude(out[24_000...], hertz: 6500, rate: 48_000)
                let expected = level - min(range, max(0, level + 30) * (1 - 1 / ratio))
                worst = max(worst, abs(DynamicsBench.decibels(found) - expected))
            }
        }
        let fact = Fact(
            "De-esser", "deviation from the static curve at the band's centre, \(mode == 0 ? "split" : "wide")", worst,
            .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func splitTakesOffTheBandOnly() throws {
        let voice = DynamicsBench.tone(300, 48_000, rate: 48_000) { _ in -12 }
        let hiss = DynamicsBench.tone(6500, 48_000, rate: 48_000) { _ in -12 }
        let out = DynamicsBench.run(
            try Self.deEsser(mode: 0, ratio: 1e300, range: 10), zip(voice, hiss).map { $0 + $1 })
        let low = DynamicsBench.decibels(DynamicsBench.amplitude(out[24_000...], hertz: 300, rate: 48_000)) + 12
        let high = DynamicsBench.decibels(DynamicsBench.amplitude(out[24_000...], hertz: 6500, rate: 48_000)) + 12
        let fact = Fact(
            "De-esser", "change of 300 Hz while 6.5 kHz is turned down by 10 dB, split", abs(low), .atMost(0.05),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect(abs(high + 10) < 0.05)
    }

    @Test func timesKeepTheirLabels() throws {
        var (attackError, releaseError) = (0.0, 0.0)
        for (attack, release) in [(0.003, 0.02), (0.01, 0.06), (0.05, 0.3)] {
            for rate in [44_100, 192_000] {
                let (up, down) = (rate / 4, rate * 3 / 4)
                let count = down + Int(10 * release * Double(rate))
                let tone = DynamicsBench.tone(6500, count, rate: Double(rate)) { (up..<down).contains($0) ? -6 : -29 }
                let out = DynamicsBench.run(
                    try Self.deEsser(mode: 1, attack: attack, release: release, rate: rate), tone)
                let rise = DynamicsBench.framesTo63(out, over: tone, from: up, end: down) / Double(rate)
                let fall = DynamicsBench.framesTo63(out, over: tone, from: down, end: count) / Double(rate)
                attackError = max(attackError, abs(rise / attack - 1) * 100)
                releaseError = max(releaseError, abs(fall / release - 1) * 100)
            }
        }
        for (name, error) in [("attack", attackError), ("release", releaseError)] {
            let fact = Fact(
                "De-esser", "\(name) to 63 % of the change in dB, off its label", error, .atMost(5), unit: "%")
            #expect(fact.holds, "\(fact)")
        }
    }
}
