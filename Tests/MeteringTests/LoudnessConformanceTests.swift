import Foundation
import Metering
import Quantities
import Testing

/// The synthetic signals of EBU Tech 3341 v4 Table 1 and EBU Tech 3342 Table 1.
@Suite struct LoudnessConformanceTests {
    static let rates = [44_100, 48_000, 96_000, 192_000]

    private func expect(_ loudness: LUFS?, _ expected: Double, _ what: String) {
        let value = loudness?.value ?? .nan
        #expect(abs(value - expected) <= 0.1, "\(what): \(value), expected \(expected)")
    }

    @Test("EBU Tech 3341 cases 1 and 2: all scales read a steady tone", arguments: rates)
    func steadyTone(rate: Int) throws {
        for level in [-23.0, -33.0] {
            let summary = try measure(toneSequence([Tone(20, level)], rate: rate), rate: rate)
            expect(summary.integrated, level, "I")
            expect(summary.momentaryMaximum, level, "M")
            expect(summary.shortTermMaximum, level, "S")
        }
    }

    @Test("EBU Tech 3341 cases 3 to 6: the gates and the surround weights", arguments: rates)
    func gates(rate: Int) throws {
        let three = [Tone(10, -36), Tone(60, -23), Tone(10, -36)]
        let four = [Tone(10, -72)] + three + [Tone(10, -72)]
        let five = [Tone(20, -26), Tone(20.1, -20), Tone(20, -26)]
        for (number, tones) in [(3, three), (4, four), (5, five)] {
            let summary = try measure(toneSequence(tones, rate: rate), rate: rate)
            expect(summary.integrated, -23, "case \(number)")
        }
        let surround = toneSequence([Tone(20, channels: [-28, -28, -24, -30, -30])], rate: rate)
        let summary = try measure(surround, rate: rate, weights: [1, 1, 1, 1.41, 1.41])
        expect(summary.integrated, -23, "case 6")
    }

    @Test("EBU Tech 3341 cases 9 and 12: constant short-term and momentary loudness", arguments: rates)
    func constantCurves(rate: Int) throws {
        let nine = (0..<5).flatMap { _ in [Tone(1.34, -20), Tone(1.66, -30)] }
        let shortTerm = try measure(toneSequence(nine, rate: rate), rate: rate).shortTermCurve(everyHops: 1)
        #expect(shortTerm.count == 1201)
        for value in shortTerm { expect(value, -23, "case 9") }
        let twelve = (0..<25).flatMap { _ in [Tone(0.18, -20), Tone(0.22, -30)] }
        let momentary = try measure(toneSequence(twelve, rate: rate), rate: rate).momentaryCurve(everyHops: 1)
        #expect(momentary.count == 961)
        for value in momentary { expect(value, -23, "case 12") }
    }

    @Test("EBU Tech 3341 cases 10 and 13: greatest values wherever the burst lies", arguments: rates)
    func burstFiles(rate: Int) throws {
        for i in 0..<20 {
            let ten = [Tone(Double(i) * 0.15, nil), Tone(3, -23), Tone(1, nil)]
            expect(
                try measure(toneSequence(ten, rate: rate), rate: rate).shortTermMaximum, -23,
                "case 10, \(i)")
            let thirteen = [Tone(Double(i) * 0.02, nil), Tone(0.4, -23), Tone(1, nil)]
            expect(
                try measure(toneSequence(thirteen, rate: rate), rate: rate).momentaryMaximum, -23,
                "case 13, \(i)")
        }
    }

    @Test("EBU Tech 3341 cases 11 and 14: rising bursts, each read in turn", arguments: rates)
    func burstsInTurn(rate: Int) throws {
        func bursts(_ seconds: Double, _ shift: Double) -> [Tone] {
            var tones: [Tone] = []
            for i in 0..<20 {
                let silence = Double(i) * shift
                tones.append(Tone(silence, nil))
                tones.append(Tone(seconds, Double(i) - 38))
                tones.append(Tone(seconds - silence, nil))
            }
            return tones
        }
        let eleven = try measure(toneSequence(bursts(3, 0.15), rate: rate), rate: rate)
            .shortTermCurve(everyHops: 1)
        let fourteen = try measure(toneSequence(bursts(0.4, 0.02), rate: rate), rate: rate)
            .momentaryCurve(everyHops: 1)
        for i in 0..<20 {
            // The reading up to the end of burst i; element k of a curve is complete `length` hops later.
            let elevenEnd = 600 * i + 15 * i
            expect(eleven[...elevenEnd].max(), Double(i) - 38, "case 11, \(i)")
            let fourteenEnd = 80 * i + 2 * i
            expect(fourteen[...fourteenEnd].max(), Double(i) - 38, "case 14, \(i)")
        }
    }

    @Test("EBU Tech 3342 cases 1 to 4: the loudness range", arguments: rates)
    func loudnessRange(rate: Int) throws {
        let cases: [([Double], Double)] = [
            ([-20, -30], 10), ([-20, -15], 5), ([-40, -20], 20), ([-50, -35, -20, -35, -50], 15),
        ]
        for (levels, expected) in cases {
            let tones = levels.map { Tone(20, $0) }
            let once = try #require(
                try measure(toneSequence(tones, rate: rate), rate: rate).rangeLoudnessUnits)
            #expect(abs(once - expected) <= 1, "\(levels): \(once)")
            // "The result must not change if the signal is repeated."
            let twice = try #require(
                try measure(toneSequence(tones + tones, rate: rate), rate: rate).rangeLoudnessUnits)
            #expect(abs(twice - expected) <= 1, "\(levels), repeated: \(twice)")
        }
    }

    @Test("BS.1770: 997 Hz at full scale in one channel reads -3.01", arguments: sessionRates)
    func calibration(rate: Int) throws {
        let tone = (0..<5 * rate).map { Float(sin(2 * Double.pi * 997 * Double($0) / Double(rate))) }
        let silence = [Float](repeating: 0, count: tone.count)
        let left = try #require(try measure([tone, silence], rate: rate).integrated).value
        // Exact at 48 kHz; elsewhere the filter's re-derivation reads up to 0.03 LU off.
        #expect(abs(left + 3.01) < (rate == 48_000 ? 0.002 : 0.03))
        let mono = try #require(try measure([tone], rate: rate).integrated).value
        #expect(mono == left)
        let both = try #require(try measure([tone, tone], rate: rate).integrated).value
        #expect(abs(both - left - 10 * log10(2)) < 1e-9)
    }
}
