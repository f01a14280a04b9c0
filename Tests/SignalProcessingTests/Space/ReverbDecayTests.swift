import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Reverb: decay") struct ReverbDecayTests {
    /// The responses to an impulse on either side, without early reflections.
    private func responses(_ setting: ReverbSetting, seconds: Double, rateHertz: Int = 48_000) -> [ContractSignal] {
        var late = setting
        late.early = -10_000
        late.predelay = 0
        return [(1.0, 0.0), (0, 1)].map { gains in
            late.output(
                of: ContractSignal(frameCount: Int(seconds * Double(rateHertz))) { $0 == 0 ? gains : (0, 0) },
                rateHertz: rateHertz)
        }
    }

    @Test("T60 of low, middle and high octaves is the label's", arguments: [0, 1, 2])
    func bands(type: Int) {
        var worst = (low: 0.0, middle: 0.0, high: 0.0)
        for decay in [0.3, 0.6, 1.2, 2.5, 6] {
            for size in decay > 2 ? [1] : [0.5, 1, 2] {
                let setting = ReverbSetting(type: Double(type), decay: decay, size: size, lowDecay: 1.5)
                let heard = responses(setting, seconds: decay * 1.2 + 0.2)
                func error(_ hertz: Double, _ factor: Double) -> Double {
                    100 * (ReverbDecay.seconds(heard, hertz: hertz) / (decay * factor) - 1).magnitude
                }
                worst.middle = max(worst.middle, error(1000, 1))
                worst.high = max(worst.high, error(8000, 0.5))
                // An octave at 125 Hz is 88 Hz wide: below a second its few modes beat.
                if decay > 1 { worst.low = max(worst.low, error(125, 1.5)) }
            }
        }
        let name = ReverbSetting.types[type]
        let middle = Fact(
            "Reverb", "\(name): T60 (T30 fit) of the octave at 1 kHz, re label, decays of 0.3 to 6 s, sizes 0.5 to 2",
            worst.middle, .atMost(5), unit: "%")
        #expect(middle.holds, "\(middle)")
        let high = Fact(
            "Reverb",
            "\(name): T60 of the octave at 8 kHz, re label x high-decay, decays of 0.3 to 6 s, sizes 0.5 to 2",
            worst.high, .atMost(5), unit: "%")
        #expect(high.holds, "\(high)")
        let low = Fact(
            "Reverb",
            "\(name): T60 of the octave at 125 Hz, re label x low-decay, decays of 1.2 to 6 s, sizes 0.5 to 2",
            worst.low, .atMost(5), unit: "%")
        #expect(low.holds, "\(low)")
    }

    @Test("T60 is the label's at every rate and with all modulation")
    func ratesAndModulation() {
        var worst = 0.0
        for (rate, type) in [(44_100, 0.0), (96_000, 1), (192_000, 2)] {
            for modulation in [0.0, 1] {
                let setting = ReverbSetting(type: type, decay: 1.2, modulation: modulation)
                let heard = responses(setting, seconds: 1.1, rateHertz: rate)
                for (hertz, factor) in [(1000.0, 1.0), (8000, 0.5)] {
                    let seconds = ReverbDecay.seconds(heard, hertz: hertz, rateHertz: rate)
                    worst = max(worst, 100 * (seconds / (1.2 * factor) - 1).magnitude)
                }
            }
        }
        let fact = Fact(
            "Reverb", "T60 at 1 and 8 kHz, re label, 44.1 to 192 kHz, modulation 0 and 100 %", worst, .atMost(5),
            unit: "%")
        #expect(fact.holds, "\(fact)")
    }

    @Test("The output is 100 dB down after the tail, and not long before", arguments: [0, 1, 2])
    func tail(type: Int) {
        var worst = 0.0
        var longest = 0.0
        for (seed, decay, mix) in [
            (12, 0.4, 1.0), (13, 0.4, 1), (14, 0.4, 1), (15, 0.8, 1), (16, 0.8, 1), (12, 1.5, 1), (13, 1.5, 1),
            (12, 1.5, 0.2), (12, 4, 1), (13, 4, 1),
        ] {
            let setting = ReverbSetting(
                type: Double(type), decay: decay, damping: 20_000, mix: mix, highDecay: 1)
            let tail = setting.reverb().tailFrames
            var noise = ContractNoise(seed: UInt64(seed))
            let input = ContractSignal(frameCount: 48_000 + tail + 9600) { i in
                i < 48_000 ? (noise.next(), noise.next()) : (0, 0)
            }
            let output = setting.output(of: input)
            let last = (48_000..<input.count).last {
                max(output.left[$0].magnitude, output.right[$0].magnitude) > 1e-5
            }
            let needed = Double((last ?? 48_000) - 48_000)
            worst = max(worst, needed / Double(tail))
            longest = max(longest, Double(tail) / needed)
        }
        let name = ReverbSetting.types[type]
        let fact = Fact(
            "Reverb", "\(name): time until noise of 0 dB has fallen to -100 dB for good, re the tail stated",
            100 * worst, .atMost(100), unit: "%")
        #expect(fact.holds, "\(fact)")
        let tight = Fact(
            "Reverb", "\(name): the tail stated, re the time that it takes", 100 * longest, .atMost(110), unit: "%")
        #expect(tight.holds, "\(tight)")
    }

    @Test("A low band that decays more slowly has the tail that it takes")
    func lowTail() {
        let setting = ReverbSetting(decay: 1, lowDecay: 2, lowCrossover: 300)
        let tail = setting.reverb().tailFrames
        let input = ContractSignal(frameCount: 48_000 + tail + 4800) { i in
            let x = i < 48_000 ? sin(2 * Double.pi * 70 * Double(i) / 48_000) : 0
            return (x, x)
        }
        let output = setting.output(of: input)
        #expect(output.left[(48_000 + tail)...].allSatisfy { $0.magnitude < 1e-5 })
        #expect(!output.left[(48_000 + tail * 4 / 5)...].allSatisfy { $0.magnitude < 1e-5 })
    }
}
