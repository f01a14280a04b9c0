import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Stereo delay") struct DelayTests {
    /// Without cuts, so that echoes are single frames.
    private func device(
        left: Int = 500, right: Int = 700, feedback: Double = 0.5, highCut: Double = 20_000,
        lowCut: Double = 10,
        pingPong: Bool = false, mix: Double = 1, rate: Double = 0.5, depth: Double = 0
    ) throws -> StereoDelay {
        try #require(
            StereoDelay(
                parameters: [
                    Double(left), Double(right), feedback, highCut, lowCut, pingPong ? 1 : 0, mix, rate,
                    depth,
                ], rateHertz: 48_000))
    }

    @Test("Echoes come at multiples of each channel's delay, each softer by the feedback")
    func times() throws {
        var latest = 0
        var largest = 0.0
        for (left, right) in [(1, 2), (48, 63), (500, 700), (12_345, 9001)] {
            let output = TimeMeasure.impulse(
                try device(left: left, right: right), frameCount: 5 * max(left, right))
            for (samples, delay) in [(output.left, left), (output.right, right)] {
                for (i, x) in samples.enumerated() where x != 0 {
                    latest = max(latest, i % delay)
                    largest = max(largest, abs(Double(x) - pow(0.5, Double(i / delay - 1))))
                }
                #expect(samples[delay] == 1)
                #expect(samples[..<delay].allSatisfy { $0 == 0 })
            }
        }
        let time = Fact(
            "Delay", "deviation of an echo from the frame it is set to", Double(latest), .atMost(0),
            unit: "frames")
        #expect(time.holds, "\(time)")
        let decay = Fact(
            "Delay", "deviation of an echo from the feedback's power, cuts off, 50 %", largest, .atMost(0),
            unit: "")
        #expect(decay.holds, "\(decay)")
    }

    @Test("Ping-pong: echoes alternate between the channels")
    func pingPong() throws {
        let output = TimeMeasure.impulse(try device(pingPong: true), frameCount: 4000, right: 0)
        var left: [Int: Float] = [:]
        var right: [Int: Float] = [:]
        for i in 0..<4000 {
            if output.left[i] != 0 { left[i] = output.left[i] }
            if output.right[i] != 0 { right[i] = output.right[i] }
        }
        #expect(left == [500: 0.5, 1700: 0.125, 2900: 0.03125])
        #expect(right == [1200: 0.25, 2400: 0.0625, 3600: 0.015625])
    }

    @Test("Dry and wet are mixed linearly")
    func mix() throws {
        let output = TimeMeasure.impulse(try device(feedback: 0, mix: 0.25), frameCount: 1000)
        #expect(output.left[0] == 0.75)
        #expect(output.left[500] == 0.25)
    }

    @Test("The cuts are 3 dB down at their frequencies, once per return")
    func cuts() throws {
        // The second echo has passed the filters once, the first not at all.
        func error(_ hertz: Double, isHigh: Bool) throws -> Double {
            let frames = 20_000
            let delay = try device(
                left: frames, right: frames, highCut: isHigh ? hertz : 20_000, lowCut: isHigh ? 10 : hertz)
            let second = Array(TimeMeasure.impulse(delay, frameCount: 3 * frames).left[(2 * frames)...])
            return abs(
                TimeMeasure.decibels(TimeMeasure.response(second, hertz: hertz).magnitude / 0.5) + 3.0103)
        }
        let high = Fact(
            "Delay", "high cut, deviation from -3.01 dB at its corner, 0.2, 2 and 8 kHz",
            try max(error(200, isHigh: true), error(2000, isHigh: true), error(8000, isHigh: true)),
            .atMost(0.01),
            unit: "dB")
        #expect(high.holds, "\(high)")
        let low = Fact(
            "Delay", "low cut, deviation from -3.01 dB at its corner, 80, 200 and 2000 Hz",
            try max(error(80, isHigh: false), error(200, isHigh: false), error(2000, isHigh: false)),
            .atMost(0.01),
            unit: "dB")
        #expect(low.holds, "\(low)")
    }

    @Test("The tail is when the worst signal is below -100 dB, and not a pass later")
    func tail() throws {
        var after = 0.0
        var before = Double.infinity
        for feedback in [0.0, 0.35, 0.8, 0.95] {
            for isPingPong in [false, true] {
                let (left, right) = isPingPong ? (100, 100) : (100, 60)
                let delay = try device(left: left, right: right, feedback: feedback, pingPong: isPingPong)
                // A pulse in step with the delay, for so long that all echoes add up.
                let length = 100 * 500
                let signal = StereoSignal(frameCount: length + delay.tailFrames + 400) { i in
                    i < length && (i - length + 1) % 100 == 0 ? (1, 1) : (0, 0)
                }
                let output = TimeMeasure.run(delay, signal)
                let end = length - 1 + delay.tailFrames
                after = max(after, Double(output.left[(end + 1)...].reduce(0) { max($0, $1.magnitude) }))
                if feedback > 0, !isPingPong { before = min(before, Double(output.left[end])) }
            }
        }
        let late = Fact(
            "Delay", "level after the stated tail, pulses in step, feedback 0 to 95 %",
            TimeMeasure.decibels(after),
            .atMost(-100), unit: "dB")
        #expect(late.holds, "\(late)")
        let early = Fact(
            "Delay", "level of the last pass of the stated tail", TimeMeasure.decibels(before),
            .atLeast(-100), unit: "dB")
        #expect(early.holds, "\(early)")
    }

    @Test("A modulated delay swings as far and as often as it says")
    func modulation() throws {
        let delay = try device(left: 1000, right: 1000, feedback: 0, rate: 1, depth: 0.003)
        let answer = TimeMeasure.analytic(delay, hertz: 10, frameCount: 60_000)
        let (left, right) = (TimeMeasure.delays(answer.left), TimeMeasure.delays(answer.right))
        var largest = 0.0
        for n in 2000..<60_000 {
            let turn = 2 * Double.pi * Double(n) / 48_000
            largest = max(
                largest, abs(left[n] - 1000 - 144 * sin(turn)), abs(right[n] - 1000 - 144 * cos(turn)))
        }
        let fact = Fact(
            "Delay", "deviation of the modulated delay from its sine, 3 ms at 1 Hz", largest / 48,
            .atMost(0.001), unit: "ms")
        #expect(fact.holds, "\(fact)")
    }

    @Test("A step of the mix takes eight frames")
    func glide() throws {
        var delay = try device(feedback: 0, mix: 0)
        var output = processed(StereoSignal(frameCount: 800) { _ in (1, -1) }, by: &delay).left
        delay.update(parameters: [500, 700, 0, 20_000, 10, 0, 1, 0.5, 0])
        output +=
            processed(StereoSignal(frameCount: 80) { i in (i == 7 ? 0.5 : 0, 0) }, by: &delay, from: 800).left
        // The echo is 1, the input 0 from here on.
        #expect(output[800..<807].enumerated().allSatisfy { abs(Double($1) - Double($0 + 1) / 8) < 1e-6 })
        #expect(output[807] == 1 && output[808] == 1)
    }

    @Test("The low cut comes and goes without a jump, and without a constant left in the loop")
    func lowCutGlide() throws {
        var delay = try device(left: 100, right: 100, feedback: 0.5, lowCut: 200)
        var output: [Float] = []
        for (k, lowCut) in [200.0, 10, 500, 10].enumerated() {
            delay.update(parameters: [100, 100, 0.5, 20_000, lowCut, 0, 1, 0.5, 0])
            let isOver = k == 3
            output +=
                processed(
                    StereoSignal(frameCount: 8000) { i in (isOver && i >= 3000 ? 0 : 0.5, 0) }, by: &delay,
                    from: 8000 * k
                ).left
        }
        // Where no echo sets in, the half of what was cut comes back within 8 frames.
        let steps = zip(output, output.dropFirst()).enumerated().filter { $0.offset % 100 != 99 }
        #expect(steps.allSatisfy { abs($0.element.0 - $0.element.1) < 0.26 / 8 + 0.05 })
        #expect(output.suffix(1000).allSatisfy { abs($0) < 1e-9 })
    }

    @Test("Numbers outside the table are refused")
    func refusals() {
        let good: [Double] = [500, 700, 0.5, 20_000, 10, 0, 1, 0.5, 0]
        for (index, value) in [
            (0, 0.0), (1, 0.5), (1, 480_001), (2, 0.96), (2, -.infinity), (5, 2), (6, 1.1), (8, 0.02),
        ] {
            var broken = good
            broken[index] = value
            #expect(StereoDelay(parameters: broken, rateHertz: 48_000) == nil)
        }
        #expect(StereoDelay(parameters: good, rateHertz: 48_000) != nil)
    }

    @Test("The snapshot has the stated size")
    func snapshot() throws { #expect(try snapshotBytes(device()).count == 16 + 4 * 1200) }
}
