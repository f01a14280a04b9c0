import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Reverb: character") struct ReverbCharacterTests {
    @Test("Echoes are as dense as noise after a time of each type", arguments: [(0, 170.0), (1, 70.0), (2, 60.0)])
    func echoDensity(type: Int, milliseconds: Double) {
        var reached = 0.0
        for decay in [1.0, 2.5] {
            let output = ReverbSetting(type: Double(type), decay: decay, predelay: 0).response(
                frameCount: 48_000, right: 0)
            let times = stride(from: 10.0, through: 600, by: 5)
            let first = times.first { t in
                ReverbFigures.echoDensity(output.left, at: Int(48 * t), rateHertz: 48_000) > 0.9
                    && ReverbFigures.echoDensity(output.right, at: Int(48 * t), rateHertz: 48_000) > 0.9
            }
            reached = max(reached, first ?? 1000)
        }
        let fact = Fact(
            "Reverb", "\(ReverbSetting.types[type]): normalised echo density (Abel & Huang) above 0.9 after", reached,
            .atMost(milliseconds), unit: "ms")
        #expect(fact.holds, "\(fact)")
    }

    @Test("Nothing rings: the late spectrum is that of noise", arguments: [0, 1, 2])
    func spectrum(type: Int) {
        let decay = [2.0, 1.0, 1.5][type]
        let setting = ReverbSetting(type: Double(type), decay: decay, damping: 16_000, highDecay: 1)
        let output = setting.response(frameCount: 72_000, right: 0.3)
        let (peak, flatness) = ReverbFigures.spectrum(output.left[9600..<57_600], rateHertz: 48_000)
        let name = ReverbSetting.types[type]
        let flat = Fact(
            "Reverb", "\(name): spectral flatness of the late reverberation (0.56 is noise), \(decay) s", flatness,
            .atLeast(0.4), unit: "")
        #expect(flat.holds, "\(flat)")
        let high = Fact(
            "Reverb", "\(name): highest of 600 spectral peaks re their mean (8 dB is noise), \(decay) s", peak,
            .atMost(13), unit: "dB")
        #expect(high.holds, "\(high)")
    }

    @Test("Mono keeps the power of both sides, which are decorrelated", arguments: [0, 1, 2])
    func mono(type: Int) {
        var loss = 0.0
        for right in [1.0, 0, -1] {
            let output = ReverbSetting(type: Double(type)).response(frameCount: 96_000, right: right)
            let mono = zip(output.left, output.right).map { $0 + $1 }
            let both = ReverbFigures.power(output.left[...]) + ReverbFigures.power(output.right[...])
            loss = max(loss, (10 * log10(ReverbFigures.power(mono[...]) / both)).magnitude)
            #expect(ReverbFigures.correlation(output, 4800..<96_000).magnitude < 0.2)
        }
        let fact = Fact(
            "Reverb", "\(ReverbSetting.types[type]): power of the mono sum re that of both sides", loss, .atMost(1.5),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
        var narrow = ReverbSetting(type: Double(type))
        narrow.width = 0
        let output = narrow.response(frameCount: 9600, right: 0)
        #expect(output.left == output.right)
    }

    @Test("Steady noise comes out about as loud as it goes in, and DC does not build up", arguments: [0, 1, 2])
    func levels(type: Int) {
        var worst = 0.0
        var direct = 0.0
        for decay in [0.5, 2, 20] {
            let setting = ReverbSetting(type: Double(type), decay: decay, damping: 20_000, highDecay: 1)
            let count = 48_000 * Int(2 + decay)
            var noise = ContractNoise(seed: 31)
            let input = ContractSignal(frameCount: count) { _ in (noise.next(), noise.next()) }
            let output = setting.output(of: input)
            let ratio =
                ReverbFigures.power(output.left[(count - 48_000)...]) / ReverbFigures.power(input.left[...])
            worst = max(worst, (10 * log10(ratio)).magnitude)
            for side in [1.0, -1] {
                let steady = setting.output(of: ContractSignal(frameCount: count) { _ in (1, side) })
                let last = max(steady.left[count - 1].magnitude, steady.right[count - 1].magnitude)
                direct = max(direct, Double(last))
            }
        }
        let name = ReverbSetting.types[type]
        let level = Fact("Reverb", "\(name): level of steady noise re the input's", worst, .atMost(2), unit: "dB")
        #expect(level.holds, "\(level)")
        let dc = Fact(
            "Reverb", "\(name): DC at the output re that at the input, decays of 0.5 to 20 s", 20 * log10(direct),
            .atMost(3), unit: "dB")
        #expect(dc.holds, "\(dc)")
    }

    @Test("Nothing sounds before the predelay; a plate starts then, a hall with its reflections")
    func onset() throws {
        for (type, range) in [(0, 2400 + 100..<2400 + 2400), (1, 2400 + 20..<2400 + 700), (2, 2400..<2401)] {
            let output = ReverbSetting(type: Double(type), predelay: 0.05).response(frameCount: 9600)
            let first = try #require(output.left.firstIndex { $0 != 0 })
            #expect(range.contains(first), "\(ReverbSetting.types[type]) starts at \(first)")
        }
    }

    @Test("Early reflections have the level asked for")
    func early() {
        func difference(_ decibels: Double) -> [Float] {
            let with = ReverbSetting(type: 1, early: decibels).response(frameCount: 4800)
            let without = ReverbSetting(type: 1, early: -10_000).response(frameCount: 4800)
            return zip(with.left, without.left).map { $0 - $1 }
        }
        let natural = ReverbFigures.power(difference(0)[...])
        let less = ReverbFigures.power(difference(-6)[...])
        #expect(natural > 0)
        #expect((10 * log10(less / natural) + 6).magnitude < 0.01)
    }

    @Test("Modulation moves with the song's frame alone")
    func modulation() throws {
        let setting = ReverbSetting(type: 2, decay: 1, modulation: 1)
        let impulse = ContractSignal(frameCount: 24_000) { $0 == 0 ? (1, 1) : (0, 0) }
        func heard(at frame: Int, modulation: Double = 1) -> ContractSignal {
            var moved = setting
            moved.modulation = modulation
            var run = ContractRun(moved.reverb(), isKeyed: false)
            return run.process(impulse, blockFrames: 1000, from: frame)
        }
        #expect(heard(at: 480_000).hasSameBits(as: heard(at: 480_000)))
        #expect(!heard(at: 480_000).hasSameBits(as: heard(at: 0)))
        #expect(heard(at: -480_000).isFinite)
        #expect(heard(at: 480_000, modulation: 0).hasSameBits(as: heard(at: 0, modulation: 0)))
    }
}
