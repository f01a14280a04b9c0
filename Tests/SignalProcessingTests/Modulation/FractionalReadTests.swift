import Foundation
import SignalProcessing
import TestSupport
import Testing

/// The interpolator of chorus, flanger and modulated delay, through a chorus of one voice, wholly wet.
@Suite("Fractional delay") struct FractionalReadTests {
    private func voice(delayFrames: Double, depthFrames: Double = 0, hertz: Double = 1) throws -> Chorus {
        try #require(
            Chorus(
                parameters: [hertz, depthFrames / 48_000, delayFrames / 48_000, 0, 0, 1, 1], rateHertz: 48_000
            ))
    }

    @Test("A delay held between frames has a flat response and the right phase")
    func response() throws {
        var (flat, high, late) = (0.0, 0.0, 0.0)
        for fraction in [0.1, 0.25, 0.5, 0.7771, 0.95] {
            let impulse = TimeMeasure.impulse(try voice(delayFrames: 100 + fraction), frameCount: 300).left
            for hertz in stride(from: 500.0, through: 19_000, by: 500) {
                let answer = TimeMeasure.response(impulse, hertz: hertz)
                let error = abs(TimeMeasure.decibels(answer.magnitude))
                if hertz <= 15_000 { flat = max(flat, error) } else { high = max(high, error) }
                let w = 2 * Double.pi * hertz / 48_000
                let turned = answer * Complex(cos(w * (100 + fraction)), sin(w * (100 + fraction)))
                if hertz <= 15_000 { late = max(late, abs(atan2(turned.imaginary, turned.real)) / w) }
            }
        }
        let response = Fact(
            "Fractional delay", "ripple from 0.5 to 15 kHz, 48 kHz, worst of five fractions", flat,
            .atMost(0.01), unit: "dB")
        #expect(response.holds, "\(response)")
        let top = Fact(
            "Fractional delay", "loss at 15.5 to 19 kHz, 48 kHz, the same", high, .atMost(2), unit: "dB")
        #expect(top.holds, "\(top)")
        let time = Fact(
            "Fractional delay", "error of the delay from 0.5 to 15 kHz, the same", late, .atMost(0.001),
            unit: "frames")
        #expect(time.holds, "\(time)")
        let whole = TimeMeasure.impulse(try voice(delayFrames: 123), frameCount: 300).left
        #expect(whole.enumerated().allSatisfy { abs($1 - ($0 == 123 ? 1 : 0)) < 1e-7 })
    }

    @Test(
        "A swinging delay adds next to nothing to a tone",
        arguments: [(1000.0, -98.0), (5000, -98), (10_000, -98), (15_000, -80)])
    func distortion(_ tone: (hertz: Double, limit: Double)) throws {
        // A quarter tone up and down and more: 2 ms at 1 Hz.
        let answer = TimeMeasure.analytic(
            try voice(delayFrames: 720, depthFrames: 96), hertz: tone.hertz, frameCount: 48_000)
        let w = 2 * Double.pi * tone.hertz / 48_000
        var power = 0.0
        for n in 1000..<48_000 {
            let place = Double(n) - 720 - 96 * sin(2 * Double.pi * Double(n) / 48_000)
            let rest = answer.left[n] - Complex(cos(w * place), sin(w * place))
            power += rest.real * rest.real + rest.imaginary * rest.imaginary
        }
        let level = 10 * log10(power / 47_000)
        let fact = Fact(
            "Fractional delay", "THD+N of a tone of \(Int(tone.hertz)) Hz under a swing of 2 ms at 1 Hz",
            level,
            .atMost(tone.limit), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }
}
