import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct TransientShaperTests {
    /// Sensitivity 10 dB, lengths of 25 and 200 ms.
    private static func shaper(attack: Double, sustain: Double, mix: Double = 1) throws -> TransientShaper {
        try #require(
            TransientShaper(parameters: [attack, sustain, 0.025, 0.2, 10, mix, 0], rateHertz: 48_000))
    }

    /// Gain in decibels at the frames where the signal is not near a zero crossing.
    private static func gains(_ out: [Double], _ signal: [Double], _ range: Range<Int>) -> [Double] {
        let peak = signal[range].reduce(0) { max($0, abs($1)) }
        return range.filter { abs(signal[$0]) > 0.3 * peak }.map { DynamicsBench.decibels(out[$0] / signal[$0]) }
    }

    /// Clicks: a tone that starts 26 dB louder than it goes on, every half second.
    private static func clicks(level: Double) -> [Double] {
        DynamicsBench.tone(2000, 96_000, rate: 48_000) { frame in
            level + (frame % 24_000 < 2400 ? 0 : -26)
        }.map { Double(Float($0)) }
    }

    @Test(arguments: [9.0, -9])
    func aClickGetsTheWholeAttackGain(attack: Double) throws {
        let signal = Self.clicks(level: -6)
        let out = DynamicsBench.run(try Self.shaper(attack: attack, sustain: 0), signal)
        let onset = Self.gains(out, signal, 48_024..<48_060)
        let rest = Self.gains(out, signal, 62_000..<72_000)
        let fact = Fact(
            "Transient shaper", "gain in the first millisecond of a click, off the label of \(Int(attack)) dB",
            onset.map { abs($0 - attack) }.max() ?? .nan, .atMost(0.5), unit: "dB")
        #expect(fact.holds, "\(fact)")
        let steady = Fact(
            "Transient shaper", "gain of a steady tone, attack \(Int(attack)) dB", rest.map { abs($0) }.max() ?? .nan,
            .atMost(0.01), unit: "dB")
        #expect(steady.holds, "\(steady)")
    }

    @Test func aTransientLastsAsLongAsItsLabel() throws {
        let signal = DynamicsBench.tone(2000, 48_000, rate: 48_000) { $0 < 24_000 ? -40 : -20 }
        let out = DynamicsBench.run(try Self.shaper(attack: 10, sustain: 0), signal)
        // From the frame of the whole gain on, which a step of 20 dB reaches at once.
        let course = (24_000..<36_000).filter { abs(signal[$0]) > 0.05 }
        let end = course.first { $0 > 24_100 && DynamicsBench.decibels(out[$0] / signal[$0]) < 10 * exp(-1) } ?? 0
        let fact = Fact(
            "Transient shaper", "time in which a transient's gain falls by 63 %, off its label",
            abs(Double(end - 24_000) / 1200 - 1) * 100, .atMost(5), unit: "%")
        #expect(fact.holds, "\(fact)")
    }

    @Test func aDecayGetsItsShareOfTheSustainGain() throws {
        // 30 dB a second: the slow envelope lags by 180 ms of it, 5.4 dB of the 10 that get the whole gain.
        let signal = DynamicsBench.tone(2000, 96_000, rate: 48_000) { -6 - 30 * Double($0) / 48_000 }
        for sustain in [8.0, -8] {
            let out = DynamicsBench.run(try Self.shaper(attack: 0, sustain: sustain), signal)
            let gains = Self.gains(out, signal, 72_000..<84_000)
            let fact = Fact(
                "Transient shaper", "sustain gain on a decay of 30 dB/s, off the theory, \(Int(sustain)) dB",
                gains.map { abs($0 - 0.54 * sustain) }.max() ?? .nan, .atMost(0.1), unit: "dB")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test func theLevelDoesNotMatter() throws {
        let shaper = try Self.shaper(attack: 9, sustain: -7)
        let loud = Self.clicks(level: -1)
        let quiet = loud.map { Double(Float($0 * DynamicsBench.gain(-37))) }
        let (a, b) = (DynamicsBench.run(shaper, loud), DynamicsBench.run(shaper, quiet))
        var worst = 0.0
        for i in 24_000..<96_000 where abs(loud[i]) > 0.01 {
            worst = max(worst, abs(DynamicsBench.decibels(a[i] / b[i]) - 37))
        }
        let fact = Fact(
            "Transient shaper", "difference of gains at -1 and -38 dB", worst, .atMost(0.01), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func noAmountAndNoMixPassEveryBit() throws {
        let signal = Self.clicks(level: -6)
        #expect(DynamicsBench.run(try Self.shaper(attack: 0, sustain: 0), signal) == signal)
        #expect(DynamicsBench.run(try Self.shaper(attack: 12, sustain: 12, mix: 0), signal) == signal)
    }
}
