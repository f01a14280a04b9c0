import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Phaser") struct PhaserTests {
    private func phaser(_ values: [Double]) throws -> Phaser {
        try #require(Phaser(parameters: values, rateHertz: 48_000))
    }

    @Test("n stages have n / 2 notches where they should be")
    func notches() throws {
        var deepest = -300.0
        var count = 0
        for (choice, stages) in PhaserParameters.stageCounts.enumerated() {
            let impulse = TimeMeasure.impulse(
                try phaser([1, 0, 1000, Double(choice), 0, 0, 0.5]), frameCount: 24_000
            ).left
            for k in stride(from: 1, to: stages, by: 2) {
                // The bilinear transform's frequency.
                let corner = tan(Double.pi * 1000 / 48_000) * tan(Double.pi * Double(k) / Double(2 * stages))
                let hertz = atan(corner) / Double.pi * 48_000
                let gain = TimeMeasure.response(impulse, hertz: hertz).magnitude
                deepest = max(deepest, TimeMeasure.decibels(gain))
                count += 1
            }
            #expect(abs(TimeMeasure.decibels(TimeMeasure.response(impulse, hertz: 0.001).magnitude)) < 0.001)
        }
        #expect(count == 15)
        let fact = Fact(
            "Phaser", "gain at the notches of 4, 6, 8 and 12 stages", deepest, .atMost(-60), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("Feedback lifts the peaks by its formula")
    func feedback() throws {
        var error = 0.0
        for feedback in [0.5, 0.9, -0.9] {
            let impulse = TimeMeasure.impulse(
                try phaser([1, 0, 1000, 1, feedback, 0, 0.5]), frameCount: 96_000
            ).left
            // Six stages turn by two whole turns at the corner's tan(pi / 6), by one and a half between.
            for k in [2.0, 4] {
                let order = feedback > 0 ? k : k + 1
                let corner = tan(Double.pi * 1000 / 48_000) * tan(Double.pi * order / 12)
                let turn = feedback > 0 ? 1.0 : -1
                let expected = TimeMeasure.decibels(abs(0.5 + 0.5 * turn / (1 - feedback * turn)))
                let gain = TimeMeasure.response(impulse, hertz: atan(corner) / Double.pi * 48_000).magnitude
                error = max(error, abs(TimeMeasure.decibels(gain) - expected))
            }
        }
        let fact = Fact(
            "Phaser", "deviation of peaks from the feedback's formula, 50 and +-90 %", error, .atMost(0.1),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test(
        "The sweep has its octaves, its rate and its phase, five hours into a song too",
        arguments: [0, 1_000_000_000])
    func sweep(first: Int) throws {
        // A tone of 800 Hz through four stages tells their frequency: its phase is -8 atan(f / frequency).
        let answer = TimeMeasure.analytic(
            try phaser([0.5, 1, 800, 0, 0, 90, 1]), hertz: 800, frameCount: 100_000, from: first)
        let w = 2 * Double.pi * 800 / 48_000
        var largest = 0.0
        for (samples, ahead) in [(answer.left, 0), (answer.right, 24_000)] {
            for n in 4000..<100_000 {
                let turned = samples[n] * Complex(cos(w * Double(n)), -sin(w * Double(n)))
                // From 0 at high frequencies of the stages to -4 pi at low ones: here from -1.18 pi to -2.82 pi.
                var angle = atan2(turned.imaginary, turned.real)
                while angle > -0.5 * Double.pi { angle -= 2 * Double.pi }
                if angle < -2.7 * Double.pi { angle += 2 * Double.pi }
                if angle > -1 * Double.pi { angle -= 2 * Double.pi }
                let ratio = tan(Double.pi * 800 / 48_000) / tan(-angle / 8)
                let octaves = log2(atan(ratio) / Double.pi * 48_000 / 800)
                let expected = sin(2 * Double.pi * Double((first + n + ahead) % 96_000) / 96_000)
                largest = max(largest, abs(octaves - expected))
            }
        }
        let fact = Fact(
            "Phaser",
            "deviation of the stages' frequency from its sine, 1 octave at 0.5 Hz, from frame \(first) on",
            largest, .atMost(0.02), unit: "octaves")
        #expect(fact.holds, "\(fact)")
    }

    @Test("Jumps of frequency, feedback and mix are no clicks")
    func glide() throws {
        var device = try phaser([0.5, 0, 500, 1, 0, 0, 0.5])
        var output = processed(StereoSignal(frameCount: 8000) { _ in (1, 1) }, by: &device).left
        device.update(parameters: [0.5, 0, 4000, 1, -0.5, 0, 1])
        output += processed(StereoSignal(frameCount: 8000) { _ in (1, 1) }, by: &device, from: 8000).left
        // From 1 to 1 / 1.5 for a constant.
        let steps = (7990..<8100).map { abs(output[$0] - output[$0 - 1]) }
        #expect(steps.highest < 0.2)
        #expect(abs(output[15_999] - 2 / 3) < 1e-4)
    }
}
