import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Clipper") struct ClipperTests {
    @Test("what stays below the ceiling passes bit for bit", arguments: [0, 1, 2, 3], [true, false])
    func identity(stages: Int, isStrict: Bool) {
        let signal = ContractSignal(frameCount: 9600) { i in
            let t = Double(i) / 48_000
            let fade = min(1, Double(i) / 2000)
            return (fade * 0.88 * sin(2 * Double.pi * 997 * t), -fade * 0.6 * sin(2 * Double.pi * 15_000 * t))
        }
        let device = ColourDevice.clipper(ceiling: -1, isStrict: isStrict, stages: stages)
        let out = signal.through(device)
        let latency = device.latencyFrames
        #expect(out.slice(latency..<9600).hasSameBits(as: signal.slice(0..<9600 - latency)))
    }

    enum Overload: String, CaseIterable {
        case noise, drums, tone, clicks, quarterRate

        var signal: ContractSignal {
            var noise = ContractNoise(seed: 21)
            return ContractSignal(frameCount: 12_000) { i in
                let t = Double(i) / 48_000
                switch self {
                case .noise: return (3 * noise.next(), 2 * noise.next())
                case .drums:
                    let beat = t.truncatingRemainder(dividingBy: 0.125)
                    let drum = exp(-beat * 30) * sin(2 * Double.pi * 60 * beat) + exp(-beat * 200) * noise.next()
                    return (2.8 * drum, 2 * drum)
                case .tone: return (8 * sin(2 * Double.pi * 4987 * t), sin(2 * Double.pi * 9000 * t))
                case .clicks: return (noise.next() > 0.98 ? 5 : 0, noise.next() > 0 ? 1.2 : -1.2)
                case .quarterRate: return (2 * sin(Double.pi / 2 * Double(i) + Double.pi / 4), i / 50 % 2 == 0 ? 3 : -3)
                }
            }
        }
    }

    @Test("no sample is above the ceiling", arguments: Overload.allCases)
    func ceiling(_ overload: Overload) {
        var worst = -400.0
        for ceiling in [0.0, -1, -12] {
            for softness in [0.0, 0.3, 1] {
                for stages in 0...3 {
                    let device = ColourDevice.clipper(
                        gain: 3, ceiling: ceiling, softness: softness, isStrict: true, stages: stages)
                    let top = Double(Float(PinnedMath.gain(decibels: ceiling)))
                    worst = max(worst, 20 * log10(overload.signal.through(device).peak / top))
                }
            }
        }
        let fact = Fact("Clipper", "largest sample re ceiling, \(overload.rawValue)", worst, .atMost(0), unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect(worst > -1)
    }

    @Test("what rings above the ceiling where it is not strict")
    func ringing() {
        let device = ColourDevice.clipper(gain: 20)
        let over = 20 * log10(ColourSpectrum.sine(4987).through(device).peak)
        let fact = Fact(
            "Clipper", "ringing above the ceiling of a 4987 Hz tone driven 20 dB, not strict", over, .atMost(2.1),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    /// Decibels of all aliases together and of the largest.
    @Test(
        "aliases of a 4987 Hz tone at 0 dBFS, 20 dB above the ceiling",
        arguments: [
            (0.0, false, 3, -115.0, -120.0), (0.2, false, 3, -120, -125), (1, false, 3, -125, -135),
            (0, false, 2, -102, -106), (0, false, 1, -59, -59), (0, false, 0, -11, -14), (0, true, 3, -81, -86),
        ])
    func aliases(softness: Double, isStrict: Bool, stages: Int, total: Double, largest: Double) {
        let device = ColourDevice.clipper(gain: 20, softness: softness, isStrict: isStrict, stages: stages)
        let found = ColourSpectrum(ColourSpectrum.sine(4987).through(device)).aliases(of: 4987)
        let setting = "softness \(Int(softness * 100)) %\(isStrict ? ", strict" : ""), \(1 << stages)x"
        let condition = "4987 Hz 20 dB above the ceiling, \(setting)"
        let facts = [
            Fact("Clipper", "aliases and noise together, \(condition)", found.total, .atMost(total), unit: "dB"),
            Fact("Clipper", "largest alias, \(condition)", found.largest, .atMost(largest), unit: "dB"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
    }

    @Test("aliases and even harmonics of 6 dB of clipping")
    func moderate() {
        let device = ColourDevice.clipper(gain: 6)
        let aliases = ColourSpectrum(ColourSpectrum.sine(4987).through(device)).aliases(of: 4987)
        let spectrum = ColourSpectrum(ColourSpectrum.sine(997).through(device))
        let even = stride(from: 2, to: 24, by: 2).map { spectrum.amplitude($0 * 997) }.max() ?? 0
        let evenDecibels = 20 * log10(even / spectrum.amplitude(997))
        let condition = "4987 Hz 6 dB above the ceiling, 8x"
        let facts = [
            Fact("Clipper", "aliases and noise together, \(condition)", aliases.total, .atMost(-130), unit: "dB"),
            Fact("Clipper", "largest alias, \(condition)", aliases.largest, .atMost(-135), unit: "dB"),
            Fact(
                "Clipper", "largest even harmonic, 997 Hz 6 dB above the ceiling", evenDecibels, .atMost(-120),
                unit: "dB"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
    }

    @Test("the knee is a parabola from one end to the other", arguments: [0.0, 0.25, 1])
    func staticCurve(softness: Double) {
        let device = ColourDevice.clipper(softness: softness, stages: 0)
        var worst = 0.0
        for i in -300...300 {
            let x = Double(i) / 100
            let y = ContractSignal(frameCount: 1) { _ in (x, 0) }.through(device).left[0]
            let over = min(max(abs(x) - 1 + softness, 0), 2 * softness)
            let beyond = max(abs(x) - 1 - softness, 0)
            let taken = (softness == 0 ? 0 : over * over / (4 * softness)) + beyond
            worst = max(worst, abs(Double(y) - (x < 0 ? taken - abs(x) : abs(x) - taken)))
        }
        #expect(worst <= 5e-7, "\(worst)")
    }

    @Test("a knee of no width is none")
    func kneeToHard() {
        let signal = ContractSignal.mixed(frameCount: 9600)
        let hard = signal.through(ColourDevice.clipper(gain: 12, softness: 0))
        let soft = signal.through(ColourDevice.clipper(gain: 12, softness: 1e-5))
        let difference = zip(hard.left, soft.left).map { abs($0 - $1) }.max() ?? 1
        #expect(difference < 2e-5, "\(difference)")
    }

    @Test("numbers outside the table are refused")
    func refusals() {
        let good: [Double] = [0, -1, 0, 1, 3]
        #expect(Clipper(parameters: good, rateHertz: 48_000) != nil)
        #expect(Clipper(parameters: good + [0], rateHertz: 48_000) == nil)
        for (index, value) in [(0, 25.0), (1, 0.1), (1, -25), (2, -0.1), (2, .nan), (3, 0.5), (4, 4), (4, 1.5)] {
            var bad = good
            bad[index] = value
            #expect(Clipper(parameters: bad, rateHertz: 48_000) == nil, "\(index) \(value)")
        }
    }
}
