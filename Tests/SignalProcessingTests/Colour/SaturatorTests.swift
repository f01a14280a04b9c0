import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite("Saturator") struct SaturatorTests {
    static let curves = SaturatorCurve.allCases

    /// Decibels of all aliases together, and of the largest, at 1x, 2x, 4x and 8x.
    private static func aliasBounds(_ curve: SaturatorCurve) -> [(total: Double, largest: Double)] {
        switch curve {
        case .tanh: [(-12, -14), (-40, -40), (-77, -77), (-125, -130)]
        case .tape: [(-13, -16), (-53, -53), (-95, -96), (-125, -140)]
        case .tube: [(-12, -14), (-40, -41), (-78, -81), (-125, -130)]
        case .hard: [(-11, -14), (-59, -59), (-102, -106), (-115, -125)]
        }
    }

    @Test("aliases of a 4987 Hz tone at 0 dBFS, 20 dB into the curve", arguments: curves)
    func aliases(_ curve: SaturatorCurve) {
        for stages in 0...3 {
            // The tube needs time until its high-pass has settled.
            let tone = ColourSpectrum.sine(4987, seconds: curve == .tube ? 3 : 1.25)
            let device = ColourDevice.saturator(curve, drive: 20, bias: 0.3, stages: stages)
            let (total, largest) = ColourSpectrum(tone.through(device)).aliases(of: 4987)
            let bound = Self.aliasBounds(curve)[stages]
            let condition = "4987 Hz, 0 dBFS, 20 dB drive, \(curve), \(1 << stages)x"
            let facts = [
                Fact("Saturator", "aliases and noise together, \(condition)", total, .atMost(bound.total), unit: "dB"),
                Fact("Saturator", "largest alias, \(condition)", largest, .atMost(bound.largest), unit: "dB"),
            ]
            for fact in facts { #expect(fact.holds, "\(fact)") }
        }
    }

    @Test("hard clipping by a few decibels does not alias more than by many: the bend of the way is followed")
    func moderateHardAliases() {
        let device = ColourDevice.saturator(.hard, drive: 6)
        let (total, largest) = ColourSpectrum(ColourSpectrum.sine(4987).through(device)).aliases(of: 4987)
        let condition = "4987 Hz, 0 dBFS, 6 dB drive, hard, 8x"
        let facts = [
            Fact("Saturator", "aliases and noise together, \(condition)", total, .atMost(-130), unit: "dB"),
            Fact("Saturator", "largest alias, \(condition)", largest, .atMost(-135), unit: "dB"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
    }

    @Test("aliases of tape with its emphasis")
    func emphasizedAliases() {
        let device = ColourDevice.saturator(.tape, drive: 20, emphasis: 6)
        let total = ColourSpectrum(ColourSpectrum.sine(4987).through(device)).aliases(of: 4987).total
        let fact = Fact(
            "Saturator", "aliases and noise together, 4987 Hz, 0 dBFS, 20 dB drive, tape with 6 dB of emphasis, 8x",
            total, .atMost(-115), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("small signals pass flat and in time up to 20 kHz", arguments: [44_100, 48_000, 96_000])
    func flatness(rateHertz: Int) {
        var worst = -400.0
        for curve in Self.curves {
            for stages in 1...3 {
                // Without bias the tube is tanh, but for its high-pass.
                guard curve != .tube else { continue }
                let device = ColourDevice.saturator(curve, emphasis: 6, stages: stages, rateHertz: rateHertz)
                let impulse = ContractSignal(frameCount: 2048) { i in (i == 700 ? 1e-4 : 0, 0) }
                let response = impulse.through(device).left
                for hertz in stride(from: 0.0, through: 20_000, by: 400) {
                    var (real, imaginary) = (-1.0, 0.0)
                    for (i, y) in response.enumerated() {
                        let angle = 2 * Double.pi * hertz / Double(rateHertz) * Double(i - 700 - device.latencyFrames)
                        real += 1e4 * Double(y) * cos(angle)
                        imaginary += 1e4 * Double(y) * sin(angle)
                    }
                    worst = max(worst, 10 * log10(real * real + imaginary * imaginary))
                }
            }
        }
        let fact = Fact(
            "Saturator", "small signal less dry signal after the latency, to 20 kHz, 2x to 8x, at \(rateHertz) Hz",
            worst, .atMost(-100), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("small signals are as loud as drive and output make them", arguments: curves)
    func smallSignalGain(_ curve: SaturatorCurve) {
        let device = ColourDevice.saturator(curve, drive: 20, bias: 0.5, emphasis: 6, output: -6)
        var worst = 0.0
        for hertz in [20, 1000, 20_000] {
            let tone = ColourSpectrum.sine(hertz, level: 1e-5, seconds: 2).through(device)
            let level = ColourSpectrum(tone).amplitude(hertz)
            worst = max(worst, abs(20 * log10(level / 1e-5) - 14))
        }
        let fact = Fact(
            "Saturator", "small-signal gain of \(curve) re drive plus output, 20 Hz, 1 and 20 kHz", worst,
            .atMost(curve == .tube ? 0.05 : 0.001), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("the filters leave no images of a tone that the curve does not bend", arguments: 1...3)
    func images(stages: Int) {
        // Half of the ceiling: the hard curve is a straight line.
        let device = ColourDevice.saturator(.hard, stages: stages)
        let tone = ColourSpectrum.sine(19_997, level: 0.5).through(device)
        let fact = Fact(
            "Saturator", "images and noise of a 19,997 Hz tone below the ceiling of hard, \(1 << stages)x",
            ColourSpectrum(tone).aliases(of: 19_997).total, .atMost(-125), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("symmetric curves make odd harmonics only", arguments: [SaturatorCurve.tanh, .tape, .hard])
    func oddHarmonics(_ curve: SaturatorCurve) {
        let device = ColourDevice.saturator(curve, drive: 12)
        let spectrum = ColourSpectrum(ColourSpectrum.sine(997).through(device))
        let fundamental = spectrum.amplitude(997)
        let even = stride(from: 2, to: 24, by: 2).map { spectrum.amplitude($0 * 997) }.max() ?? 0
        let fact = Fact(
            "Saturator", "largest even harmonic of \(curve), 997 Hz, 12 dB drive", 20 * log10(even / fundamental),
            .atMost(-120), unit: "dB")
        #expect(fact.holds, "\(fact)")
        #expect(spectrum.amplitude(2991) > 0.05 * fundamental)
    }

    @Test("a tube's second harmonic leads, and rises with the drive; no direct current is left")
    func evenHarmonics() {
        var last = -200.0
        for drive in [0.0, 3, 6, 9] {
            let device = ColourDevice.saturator(.tube, drive: drive, bias: 0.5)
            let spectrum = ColourSpectrum(ColourSpectrum.sine(1000, level: 0.25, seconds: 3).through(device))
            let levels = (1...8).map { 20 * log10(spectrum.amplitude($0 * 1000)) }
            #expect(levels[1] > levels[2] + 6, "\(levels)")
            #expect(levels[1] - levels[0] > last, "\(levels)")
            last = levels[1] - levels[0]
            if drive == 9 {
                let direct = 20 * log10(max(1e-12, spectrum.amplitude(0)))
                let facts = [
                    Fact(
                        "Saturator", "second harmonic of tube, -12 dBFS, 9 dB drive, bias 50 %", last, .atLeast(-30),
                        unit: "dB"),
                    Fact("Saturator", "direct current left by tube", direct, .atMost(-120), unit: "dBFS"),
                ]
                for fact in facts { #expect(fact.holds, "\(fact)") }
            }
        }
    }

    @Test("the noise floor of a small tone and of a constant", arguments: curves)
    func noiseFloor(_ curve: SaturatorCurve) {
        let device = ColourDevice.saturator(curve, bias: 0.3, emphasis: 6)
        let tone = ColourSpectrum.sine(997, level: 1e-5, seconds: 2).through(device)
        let noise = ColourSpectrum(tone).aliases(of: 997).total - 100
        let fact = Fact(
            "Saturator", "noise of \(curve) beside a tone of -100 dBFS", noise, .atMost(-140), unit: "dBFS")
        #expect(fact.holds, "\(fact)")
        // Equal samples, the way between them has no length: nothing may flicker.
        let constant = ContractSignal(frameCount: 4800) { _ in (0.7, -0.3) }.through(
            ColourDevice.saturator(curve, drive: 12, bias: 0, emphasis: 0))
        if curve != .tube {
            #expect(Set(constant.left[2400...]).count == 1)
            #expect(Set(constant.right[2400...]).count == 1)
        }
    }

    @Test("without oversampling the curve is what it is said to be", arguments: curves)
    func staticCurve(_ curve: SaturatorCurve) {
        let device = ColourDevice.saturator(curve, drive: 20, bias: 0.5, output: -20, stages: 0)
        #expect(device.latencyFrames == 0)
        var worst = 0.0
        for i in -40...40 {
            // One frame at a time, so that the high-pass of the tube has nothing to take.
            let x = Double(i) / 80
            let y = ContractSignal(frameCount: 1) { _ in (x, 0) }.through(device).left[0]
            let u = 10 * Double(Float(x))
            let b = tanh(0.4)
            let exact: Double =
                switch curve {
                case .tanh: tanh(u)
                case .tape: u / (1 + u * u / 1.5625).squareRoot()
                case .tube: (tanh(u + 0.4) - b) / (1 - b * b) * exp(-4 * Double.pi / 48_000)
                case .hard: min(1, max(-1, u))
                }
            worst = max(worst, abs(10 * Double(y) - exact))
        }
        #expect(worst <= 2e-6, "\(worst)")
    }

    @Test("drive, output and mix glide in eight frames", arguments: [(1, 3.0), (4, 12), (5, 0.2)])
    func glides(index: Int, target: Double) throws {
        let values: [Double] = [0, 0, 0, 0, 0, 1, 0]
        var run = ContractRun(try #require(Saturator(parameters: values, rateHertz: 48_000)), isKeyed: false)
        let constant = ContractSignal(frameCount: 64) { _ in (0.5, 0.5) }
        let before = run.process(constant, blockFrames: 64).left[63]
        var changed = values
        changed[index] = target
        run.device.update(parameters: changed)
        let after = run.process(constant, blockFrames: 5, from: 64).left
        let change = after[63] - before
        #expect(change.magnitude > 0.01)
        #expect(Set(after[7...]).count == 1, "arrived after eight frames")
        let steps = zip([before] + after, after).map { ($1 - $0) / change }
        #expect((steps.max() ?? 1) < 0.15, "\(steps)")
    }

    @Test("numbers outside the table are refused")
    func refusals() {
        let good: [Double] = [0, 6, 0.3, 3, 0, 1, 3]
        #expect(Saturator(parameters: good, rateHertz: 48_000) != nil)
        #expect(Saturator(parameters: Array(good.dropLast()), rateHertz: 48_000) == nil)
        for (index, value) in [(0, 4.0), (0, 0.5), (1, -1), (1, .nan), (2, 1.1), (3, 13), (4, 25), (5, 2), (6, 4)] {
            var bad = good
            bad[index] = value
            #expect(Saturator(parameters: bad, rateHertz: 48_000) == nil, "\(index) \(value)")
        }
    }

    @Test("latency and snapshot at 48 kHz, 8x", arguments: curves)
    func sizes(_ curve: SaturatorCurve) throws {
        let run = ContractRun(ColourDevice.saturator(curve), isKeyed: false)
        let latency = Double(run.device.latencyFrames)
        let byteCount = Double(try run.snapshot().count)
        let facts = [
            Fact("Saturator", "latency of \(curve), 8x, 48 kHz", latency, .atMost(97), unit: "frames"),
            Fact("Saturator", "snapshot of \(curve), 8x, 48 kHz", byteCount, .atMost(8192), unit: "bytes"),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
    }
}
