import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Chorus and flanger") struct ChorusFlangerTests {
    private func chorus(_ values: [Double]) throws -> Chorus {
        try #require(Chorus(parameters: values, rateHertz: 48_000))
    }

    private func flanger(_ values: [Double]) throws -> Flanger {
        try #require(Flanger(parameters: values, rateHertz: 48_000))
    }

    @Test(
        "The swing has its depth, its rate and its phase, five hours into a song too",
        arguments: [0, 1_000_000_000])
    func swing(first: Int) throws {
        // A turn is 60,000 frames.
        let answer = TimeMeasure.analytic(
            try chorus([0.8, 0.002, 0.015, 0, 0, 1, 1]), hertz: 10, frameCount: 70_000, from: first)
        let (left, right) = (TimeMeasure.delays(answer.left), TimeMeasure.delays(answer.right))
        var largest = 0.0
        for n in 1000..<70_000 {
            let wave = 96 * sin(2 * Double.pi * Double((first + n) % 60_000) / 60_000)
            // One voice a side: the right one half a turn ahead.
            largest = max(largest, abs(left[n] - 720 - wave), abs(right[n] - 720 + wave))
        }
        let fact = Fact(
            "Chorus", "deviation of the delay from its sine, 2 ms at 0.8 Hz, from frame \(first) on",
            largest / 48,
            .atMost(0.0005), unit: "ms")
        #expect(fact.holds, "\(fact)")
    }

    @Test("Voices have the power of the input, and mono stays mono at no width")
    func power() throws {
        var noise = TestNoise(seed: 4)
        let signal = StereoSignal(frameCount: 96_000) { _ in
            let x = 0.3 * noise.normal()
            return (x, x)
        }
        var largest = 0.0
        for voices in 1...4 {
            let output = TimeMeasure.run(
                try chorus([0.8, 0.002, 0.015, Double(voices - 1), 0, 1, 1]), signal)
            for samples in [output.left, output.right] {
                let before = signal.left.reduce(0) { $0 + Double($1 * $1) }
                largest = max(largest, abs(10 * log10(samples.reduce(0) { $0 + Double($1 * $1) } / before)))
            }
            #expect(output.left != output.right)
            let narrow = TimeMeasure.run(
                try chorus([0.8, 0.002, 0.015, Double(voices - 1), 0, 0, 0.5]), signal)
            #expect(zip(narrow.left, narrow.right).allSatisfy { abs($0 - $1) < 1e-7 })
        }
        let fact = Fact(
            "Chorus", "level of 1 to 4 voices re the input, noise", largest, .atMost(0.5), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("The width leaves the mono sum")
    func monoSum() throws {
        let signal = ConvergenceStimulus.music.signal(frameCount: 20_000, rateHertz: 48_000)
        let wide = TimeMeasure.run(try chorus([0.8, 0.002, 0.015, 2, 0, 1, 0.5]), signal)
        let narrow = TimeMeasure.run(try chorus([0.8, 0.002, 0.015, 2, 0, 0.2, 0.5]), signal)
        #expect(
            (0..<20_000).allSatisfy {
                abs(wide.left[$0] + wide.right[$0] - narrow.left[$0] - narrow.right[$0]) < 2e-6
            })
    }

    @Test("The flanger's delay goes from its shortest to that plus the depth")
    func sweep() throws {
        let answer = TimeMeasure.analytic(
            try flanger([1, 0.003, 0.0005, 0, 180, 1]), hertz: 10, frameCount: 60_000)
        let (left, right) = (
            TimeMeasure.delays(answer.left)[1000...], TimeMeasure.delays(answer.right)[1000...]
        )
        let errors = [left.lowest - 24, right.lowest - 24, left.highest - 168, right.highest - 168].map {
            abs($0) / 48
        }
        let fact = Fact(
            "Flanger", "deviation of shortest and longest delay, 0.5 ms and 3 ms more", errors.highest,
            .atMost(0.0005),
            unit: "ms")
        #expect(fact.holds, "\(fact)")
        // Half a turn apart: together they stay.
        #expect(zip(left, right).allSatisfy { abs($0 + $1 - 192) < 0.02 })
    }

    @Test("Notches lie at odd multiples of half the delay's inverse, and feedback makes peaks")
    func comb() throws {
        let impulse = TimeMeasure.impulse(try flanger([1, 0, 0.001, 0, 0, 0.5]), frameCount: 400).left
        var deepest = -300.0
        for k in 0..<12 {
            let gain = TimeMeasure.response(impulse, hertz: 1000 * (Double(k) + 0.5)).magnitude
            deepest = max(deepest, TimeMeasure.decibels(gain))
        }
        let notch = Fact(
            "Flanger", "gain at the first 12 notches, 1 ms, no feedback", deepest, .atMost(-60), unit: "dB")
        #expect(notch.holds, "\(notch)")
        var error = 0.0
        for feedback in [0.4, 0.9, -0.9] {
            let answer = TimeMeasure.impulse(
                try flanger([1, 0, 0.001, feedback, 0, 0.5]), frameCount: 24_000
            ).left
            // Negative feedback has its peaks between.
            for k in 1..<12 {
                let turn = feedback > 0 ? 1.0 : -1
                let hertz = 1000 * (Double(k) + (feedback > 0 ? 0 : 0.5))
                let expected = TimeMeasure.decibels(abs(0.5 + 0.5 * turn / (1 - feedback * turn)))
                error = max(
                    error,
                    abs(TimeMeasure.decibels(TimeMeasure.response(answer, hertz: hertz).magnitude) - expected)
                )
            }
        }
        let peak = Fact(
            "Flanger", "deviation of peaks from the feedback's formula, 40 and +-90 %", error, .atMost(0.1),
            unit: "dB")
        #expect(peak.holds, "\(peak)")
    }

    @Test("A jump of depth is no click")
    func glide() throws {
        var device = try flanger([0.5, 0, 0.001, 0, 0, 1])
        let tone = StereoSignal(frameCount: 24_008) { i in
            let x = sin(2 * Double.pi * 100 * Double(i) / 48_000)
            return (x, x)
        }
        var output = processed(
            StereoSignal(left: Array(tone.left[..<24_000]), right: Array(tone.right[..<24_000])), by: &device
        )
        .left
        device.update(parameters: [0.5, 0.003, 0.001, 0, 0, 1])
        output +=
            processed(
                StereoSignal(left: Array(tone.left[24_000...]), right: Array(tone.right[24_000...])),
                by: &device, from: 24_000
            ).left
        // The read head moves by 18 frames a frame: a slope as much steeper as that, and not a jump.
        let steps = (23_990..<24_008).map { abs(output[$0] - output[$0 - 1]) }
        #expect(steps.highest < 0.0131 * 20)
    }
}
