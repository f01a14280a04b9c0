import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Reverb: automation") struct ReverbAutomationTests {
    /// Power above 10 kHz of what a low tone makes when parameters change: clicks, and little else.
    private func clicks(from first: ReverbSetting, to last: ReverbSetting) -> Double {
        let signal = ContractSignal(frameCount: 48_000) { i in
            let x = 0.5 * sin(2 * Double.pi * 200 * Double(i) / 48_000)
            return (x, 0.8 * x)
        }
        var run = ContractRun(first.reverb(), isKeyed: false)
        var out = signal
        for start in stride(from: 0, to: 48_000, by: 8) {
            if start >= 24_000 && start < 33_600 {
                let t = Double(start - 24_000) / 9600
                run.device.update(parameters: zip(first.values, last.values).map { $0 + t * ($1 - $0) })
            }
            run.step(&out, start, 8, start)
        }
        // Second differences twice are a high-pass of fourth order.
        let x = out.left[23_000..<48_000].map(Double.init)
        var power = 0.0
        for i in 4..<x.count {
            let d = x[i] - 4 * x[i - 1] + 6 * x[i - 2] - 4 * x[i - 3] + x[i - 4]
            power = max(power, d.magnitude / 16)
        }
        return 20 * log10(power)
    }

    @Test("A change over 200 ms leaves no clicks", arguments: [0, 1, 2])
    func ramps(type: Int) {
        let first = ReverbSetting(type: Double(type), decay: 2, damping: 6000)
        let last = ReverbSetting(
            type: Double(type), decay: 4, damping: 3000, width: 0.3, mix: 0.4, lowDecay: 2, lowCrossover: 400,
            highDecay: 0.8, diffusion: 0.4, early: -6)
        let fact = Fact(
            "Reverb",
            "\(ReverbSetting.types[type]): largest fourth difference (clicks) while all parameters move in 200 ms, "
                + "re full scale, tone of -6 dB",
            clicks(from: first, to: last), .atMost(-80), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("A decay that changes the lengths of the lines leaves no clicks", arguments: [0, 1, 2], [true, false])
    func otherLengths(type: Int, isFalling: Bool) {
        let long = ReverbSetting(type: Double(type), decay: 2)
        var short = long
        short.decay = 0.2
        let name = ReverbSetting.types[type]
        let fact = Fact(
            "Reverb",
            "\(name): largest fourth difference (clicks) while the decay goes from "
                + "\(isFalling ? "2 to 0.2" : "0.2 to 2") s in 200 ms and lines change their lengths, tone of -6 dB",
            isFalling ? clicks(from: long, to: short) : clicks(from: short, to: long), .atMost(-60), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("After an update it is the reverb of the new values, and a state handed over before goes on with it")
    func arrival() throws {
        var moved = ReverbSetting()
        (moved.decay, moved.mix, moved.lowDecay) = (0.5, 0.7, 1.6)
        let signal = ContractSignal.mixed(frameCount: 24_000)
        var first = ContractRun(ReverbSetting().reverb(), isKeyed: false)
        _ = first.process(signal, blockFrames: 512)
        try first.crossBoundary()
        var second = ContractRun(ReverbSetting().reverb(), isKeyed: false)
        try second.restore(try first.snapshot())
        first.device.update(parameters: moved.values)
        second.device.update(parameters: moved.values)
        let a = first.process(signal, blockFrames: 8, from: 24_000)
        #expect(a.hasSameBits(as: second.process(signal, blockFrames: 4096, from: 24_000)))
        #expect(first.device.tailFrames == moved.reverb().tailFrames)
        // A fresh one of the new values takes up the state with the same bits once the glide is over.
        try first.crossBoundary()
        var fresh = ContractRun(moved.reverb(), isKeyed: false)
        try fresh.restore(try first.snapshot())
        let b = first.process(signal, blockFrames: 512, from: 48_000)
        #expect(b.hasSameBits(as: fresh.process(signal, blockFrames: 512, from: 48_000)))
    }

    @Test("Decays of 6 s and of 12 s forget their past")
    func longReconvergence() throws {
        for (decay, input, limit) in [(6.0, ConvergenceInput.music, 4), (12, .silence, 6)] {
            let setting = ReverbSetting(decay: decay)
            let signal = ContractSignal.convergence(input, frameCount: 480_000, rateHertz: 48_000)
            var runs = [3, 4].map { seed in
                var run = ContractRun(setting.reverb(), isKeyed: false)
                _ = run.process(.mixed(frameCount: 48_000, seed: UInt64(seed)), blockFrames: 4096)
                return run
            }
            var reached = 0
            for boundary in 1...limit where reached == 0 {
                for k in 0..<2 {
                    _ = runs[k].process(signal, blockFrames: 8192, from: boundary * 480_000)
                    try runs[k].crossBoundary()
                }
                if try runs[0].snapshot() == runs[1].snapshot() { reached = boundary }
            }
            let fact = Fact(
                "Reverb", "segments of 10 s until two states are bit-equal, decay \(Int(decay)) s, \(input)",
                Double(reached == 0 ? 99 : reached), .atMost(Double(limit)), unit: "segments")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test("Numbers that the table does not allow are refused")
    func refusals() {
        for (index, value) in [(0, 3.0), (0, 0.5), (1, 0.05), (2, 0.6), (3, 400), (4, 3), (7, 5), (9, .nan), (12, 13)] {
            var values = ReverbSetting().values
            values[index] = value
            #expect(FDNReverb(parameters: values, rateHertz: 48_000) == nil, "parameter \(index)")
        }
        #expect(FDNReverb(parameters: [], rateHertz: 48_000) == nil)
        #expect(ReverbSetting().values.count == FDNReverb.parameterNames.count)
    }
}
