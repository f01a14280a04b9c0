import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Limiter: automation") struct LimiterAutomationTests {
    private func run(_ values: [Double], rateHertz: Int = 48_000) throws -> ContractRun {
        ContractRun(try #require(TruePeakLimiter(parameters: values, rateHertz: rateHertz)), isKeyed: false)
    }

    /// Through a limiter that is given new parameters every eight frames; nil where they stay.
    private func output(
        of signal: ContractSignal, _ run: inout ContractRun, parameters: (Int) -> [Double]?
    ) -> ContractSignal {
        var out = signal
        for start in stride(from: 0, to: signal.count, by: 8) {
            if let values = parameters(start) { run.device.update(parameters: values) }
            run.step(&out, start, min(8, signal.count - start), start)
        }
        return out
    }

    /// Decibels above the ceiling that the frames came in with: what eight meters read of each plateau.
    @Test("An automated ceiling holds for the frames that come in with it", arguments: [0.01, 0.08, 1])
    func ceiling(release: Double) throws {
        var noise = ContractNoise(seed: 5)
        let signal = ContractSignal(frameCount: 57_600) { i in
            let fall = pow(10, -0.1 * Double(i % 640) / 64)
            let other = i / 2400 % 2 == 0 ? 1.8 * noise.next() : 2 * sin(0.5 * Double.pi * Double(i))
            return (2 * fall * noise.next(), other)
        }
        let plateau = 2400
        let ceilings = (0..<24).map { [-1.0, -12, -6, -3, -20, -19, -0.5][$0 % 7] }
        var run = try run([ceilings[0], release, 0])
        let out = output(of: signal, &run) { $0 % plateau == 0 ? [ceilings[$0 / plateau], release, 0] : nil }
        let latency = run.device.latencyFrames
        var (above, below) = (-100.0, 0.0)
        for (i, ceiling) in ceilings.enumerated().dropLast() {
            let frames = i * plateau + latency..<(i + 1) * plateau + latency
            let read = LimiterMeter.all.map {
                max($0.truePeakDecibels(Array(out.left[frames])), $0.truePeakDecibels(Array(out.right[frames])))
            }
            above = max(above, (read.max() ?? 0) - ceiling)
            if release < 0.05 { below = min(below, (read.max() ?? 0) - ceiling) }
        }
        let fact = Fact(
            "Limiter", "true peak above a ceiling that jumps every 50 ms, release \(Int(release * 1000)) ms, noise",
            above, .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
        // The slow stage of the release has 50 ms too.
        #expect(below > -6, "the gain comes back: \(below)")
    }

    @Test("A ceiling that moves leaves no clicks", arguments: [(-3.0, -20.0), (-20, -3)])
    func clicks(first: Double, last: Double) throws {
        let signal = ContractSignal(frameCount: 48_000) { i in
            let x = 0.9 * sin(2 * Double.pi * 200 * Double(i) / 48_000)
            return (x, 0.8 * x)
        }
        for jumps in [false, true] {
            var run = try run([first, 0.08, 0])
            let out = output(of: signal, &run) { start in
                guard start >= 24_000 && start <= 33_600 else { return nil }
                let t = jumps ? 1 : Double(start - 24_000) / 9600
                return [first + t * (last - first), 0.08, 0]
            }
            // Second differences twice are a high-pass of fourth order.
            let x = out.left[23_000...].map(Double.init)
            var largest = 0.0
            for i in 4..<x.count {
                let d = x[i] - 4 * x[i - 1] + 6 * x[i - 2] - 4 * x[i - 3] + x[i - 4]
                largest = max(largest, d.magnitude / 16)
            }
            let fact = Fact(
                "Limiter",
                "largest fourth difference (clicks) while the ceiling \(jumps ? "jumps" : "goes in 200 ms") from "
                    + "\(Int(first)) to \(Int(last)) dBTP, tone of 200 Hz",
                20 * log10(largest), .atMost(-75), unit: "dB")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test("A release that was moved is that of the new label, whatever it was", arguments: [0.005, 0.04, 0.3])
    func release(target: Double) throws {
        /// Frames from a burst's end to 63 % of the recovery, the release moved before it begins.
        func frames(from former: Double) throws -> Int {
            var run = try run([-6, former, 0])
            let burst = ContractSignal(frameCount: 96_000) { i in
                let x = i >= 48_000 && i < 48_120 ? 1 : 0.2
                return (x, x)
            }
            let out = output(of: burst, &run) { $0 == 24_000 ? [-6, target, 0] : nil }
            let end = 48_120 + run.device.latencyFrames
            let gains = out.left.map { 20 * log10(Double($0) / 0.2) }
            return ((end..<gains.count).first { gains[$0] >= gains[end] * exp(-1) } ?? .max) - end
        }
        let expected = try frames(from: target)
        for former in [0.002, 0.05, 2] {
            let found = try frames(from: former)
            #expect(found == expected, "\(former): \(found), not \(expected)")
        }
    }

    @Test("Once it is settled it is the limiter of the new values, bit for bit")
    func arrival() throws {
        let values: [[Double]] = [[-1, 0.08, 0], [-9, 0.01, 0], [-3, 1, 0], [-12, 0.002, 0]]
        let signal = ContractSignal.mixed(frameCount: 24_000)
        let silence = ContractSignal(frameCount: 96_000) { _ in (0, 0) }
        for first in values {
            for last in values where last != first {
                var moved = try run(first)
                _ = moved.process(signal, blockFrames: 512)
                moved.device.update(parameters: last)
                // Until the slow release of 1 s is nothing.
                for k in 0..<12 { _ = moved.process(silence, blockFrames: 512, from: 24_000 + 96_000 * k) }
                var fresh = try run(last)
                let (a, b) = (
                    moved.process(signal, blockFrames: 512, from: 1_176_000),
                    fresh.process(signal, blockFrames: 64, from: 1_176_000)
                )
                let isSame = a.hasSameBits(as: b)
                #expect(isSame, "\(first) to \(last)")
            }
        }
    }

    @Test("A state handed over while settings wait goes on with them", arguments: [8, 40, 64, 72, 400])
    func handover(after frames: Int) throws {
        let signal = ContractSignal.mixed(frameCount: 24_000)
        let loud = [0.0, 0.2, 12]
        for last in [[-9.0, 0.01, 12], [-1, 2, 12]] {
            var whole = try run(loud)
            _ = whole.process(signal, blockFrames: 512)
            whole.device.update(parameters: last)
            _ = whole.process(signal.slice(0..<frames), blockFrames: 512, from: 24_000)
            try whole.crossBoundary()
            var second = try run(last)
            try second.restore(try whole.snapshot())
            let rest = signal.slice(frames..<24_000)
            let a = whole.process(rest, blockFrames: 512, from: 24_000 + frames)
            let isSame = a.hasSameBits(as: second.process(rest, blockFrames: 7, from: 24_000 + frames))
            #expect(isSame)
            // And one of the old values goes on to its own.
            var third = try run(loud)
            try third.restore(try whole.snapshot())
            #expect(third.process(signal, blockFrames: 512, from: 48_000).isFinite)
        }
    }
}
