import Foundation
import SignalProcessing
import TestSupport
import Testing

/// The equalizer at work: numerics, lanes, placement and automation.
@Suite struct EqualizerTests {
    typealias Settings = EqualizerSettings
    static let noKeys = [false, false, false, false]

    static func equalizer(_ lanes: [[Double]?], _ rate: Int = 48_000, keys: [Bool] = noKeys) throws -> Equalizer {
        try #require(Equalizer(lanes: lanes, keys: keys, rateHertz: rate))
    }

    /// Every shape, narrow and wide, low and high: Float32 or Double as the design chose.
    static func numericBands(_ rate: Int) -> [[Double]] {
        var bands: [[Double]] = []
        for f in [20.0, 60, 300, 1000, 4000, 9000, 13_000, 16_000, 19_000, 0.47 * Double(rate)] where f <= 40_000 {
            for q in [0.3, 0.7071, 2, 10] {
                for gain in [-24.0, -12, 3, 12, 24] { bands.append(Settings.band(.bell, f, gain: gain, q: q)) }
                bands += [
                    Settings.band(.notch, f, q: q), Settings.band(.bandPass, f, q: q),
                    Settings.band(.highPass, f, q: q), Settings.band(.lowPass, f, q: q),
                ]
            }
            for gain in [-18.0, -6, 6, 18] {
                for shape in [EqualizerBand.Shape.lowShelf, .highShelf, .tilt] {
                    bands += [Settings.band(shape, f, gain: gain, q: 1), Settings.band(shape, f, gain: gain, slope: 6)]
                }
            }
            // Above, the steepest reach -117 dB: the next test.
            for slope in [6, 18, 24, 48, 96] where slope < 96 || f < 0.45 * Double(rate) {
                bands += [Settings.band(.highPass, f, slope: slope), Settings.band(.lowPass, f, slope: slope)]
            }
        }
        while bands.count % 4 != 0 { bands.append(Settings.band(.bell, 1000, gain: 1)) }
        return bands
    }

    @Test("the error against Double is below -120 dB", arguments: [44_100, 48_000, 192_000])
    func error(rate: Int) throws {
        let input = LaneChecks.frames(.noise, from: 0, count: 4000)
        let bands = Self.numericBands(rate)
        let designs = EqualizerDesign.sections(
            try bands.map { try #require(EqualizerBand(values: $0)) }, rateHertz: Double(rate))
        var worst = (-400.0, "")
        for start in stride(from: 0, to: bands.count, by: 4) {
            var device = try Self.equalizer((0..<4).map { Settings.device(bands[start + $0]) }, rate)
            let output = LaneChecks.run(&device, input)
            for lane in 0..<4 {
                let signal = input.map { Double($0[lane]) }
                let exact = Self.double(signal, designs[start + lane])
                let error = Self.rms(zip(output, exact).map { Double($0[lane]) - $1 })
                let decibels = 20 * log10(error / max(Self.rms(signal), Self.rms(exact)))
                if !(decibels <= worst.0) { worst = (decibels, "\(bands[start + lane])") }
            }
        }
        let fact = Fact(
            "Equalizer", "error of one band against Double on noise, re the larger of input and output, \(rate) Hz",
            worst.0, .atMost(-120), unit: "dB")
        #expect(fact.holds, "\(fact), \(worst.1)")
    }

    @Test("the steepest low-pass next to half the rate")
    func steepestError() throws {
        let values = Settings.band(.lowPass, 20_700, slope: 96)
        let design = EqualizerDesign.sections(try #require(EqualizerBand(values: values)), rateHertz: 44_100)
        var device = try Self.equalizer([Settings.device(values), nil, nil, nil], 44_100)
        let input = LaneChecks.frames(.noise, from: 0, count: 8000)
        let signal = input.map { Double($0[0]) }
        let exact = Self.double(signal, design)
        let error = Self.rms(zip(LaneChecks.run(&device, input), exact).map { Double($0[0]) - $1 })
        let fact = Fact(
            "Equalizer", "error of a low-pass of 96 dB/oct at 20.7 kHz against Double on noise, 44100 Hz",
            20 * log10(error / Self.rms(signal)), .atMost(-115), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("a boost and its cut null")
    func null() throws {
        var worst = -400.0
        let input = LaneChecks.frames(.noise, from: 0, count: 8000)
        for shape in [EqualizerBand.Shape.bell, .lowShelf, .highShelf, .tilt] {
            let lanes = [60.0, 1000, 10_000, 16_000].map { f in
                Settings.device(Settings.band(shape, f, gain: 6, q: 1), Settings.band(shape, f, gain: -6, q: 1))
            }
            var device = try Self.equalizer(lanes, 44_100)
            let output = LaneChecks.run(&device, input)
            for lane in 0..<8 {
                let residue = Self.rms(zip(output, input).map { Double($0[lane]) - Double($1[lane]) })
                worst = max(worst, 20 * log10(residue / Self.rms(input.map { Double($0[lane]) })))
            }
        }
        let fact = Fact(
            "Equalizer", "+6 dB and then -6 dB of the same band, against the input", worst, .atMost(-120), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("what is heard is the analogue curve of all bands, at left, right, mid and side")
    func response() throws {
        let values = Settings.device(
            Settings.band(.highPass, 60, slope: 24), Settings.band(.bell, 400, gain: -4, q: 1.4),
            Settings.band(.bell, 2000, gain: 6, q: 2, on: .mid), Settings.band(.highShelf, 9000, gain: 6, on: .side),
            Settings.band(.lowShelf, 200, gain: 3), Settings.band(.tilt, 900, gain: -3, slope: 6))
        let analogue = EqualizerResponse(try #require(EqualizerParameters(values: values)))
        for (channel, left, right) in [(EqualizerResponse.Channel.mid, 1.0, 1.0), (.side, 1, -1)] {
            var device = try Self.equalizer([values, nil, nil, nil], 44_100)
            var impulse = [LaneFrame](repeating: LaneFrame(), count: 22_050)
            impulse[0][0] = Float(left)
            impulse[0][4] = Float(right)
            let output = LaneChecks.run(&device, impulse).map { Double($0[0]) }
            for f in [30.0, 60, 150, 400, 1000, 2000, 5000, 9000, 15_000, 19_900] {
                let (got, wanted) = (Self.decibels(output, f / 44_100), analogue.decibels(channel, atHertz: f))
                #expect(abs(got - wanted) < 0.1, "\(channel) at \(f) Hz: \(got), not \(wanted)")
            }
        }
    }

    @Test("a band on one channel leaves the other alone")
    func placement() throws {
        let noise = LaneChecks.frames(.noise, from: 0, count: 4000)
        func residue(_ placement: EqualizerBand.Placement, _ input: [LaneFrame], lane: Int) throws -> Double {
            let values = Settings.device(
                Settings.band(.lowShelf, 200, gain: 6, on: placement),
                Settings.band(.bell, 9000, gain: -9, on: placement))
            var device = try Self.equalizer([values, nil, nil, nil])
            let output = LaneChecks.run(&device, input)
            return Self.rms(zip(output, input).map { Double($0[lane]) - Double($1[lane]) })
                / Self.rms(input.map { Double($0[lane]) })
        }
        let side = noise.map { LaneFrame(lowHalf: $0.lowHalf, highHalf: -$0.lowHalf) }
        let middle = noise.map { LaneFrame(lowHalf: $0.lowHalf, highHalf: $0.lowHalf) }
        #expect(try residue(.left, noise, lane: 4) == 0)
        #expect(try residue(.right, noise, lane: 0) == 0)
        let worst = max(try residue(.mid, side, lane: 0), try residue(.side, middle, lane: 4))
        let fact = Fact(
            "Equalizer", "what a band on mid does to a side signal, and the reverse", 20 * log10(max(worst, 1e-20)),
            .atMost(-120), unit: "dB")
        #expect(fact.holds, "\(fact)")
        for (placement, input) in [(EqualizerBand.Placement.mid, middle), (.side, side), (.left, noise)] {
            #expect(try residue(placement, input, lane: 0) > 0.1)
        }
    }

    @Test("a strip has the same bits whatever its neighbours and its place")
    func lanes() throws {
        let strips = [Settings.usual, Settings.steep, Settings.placed, Settings.dynamic, nil]
        let input = LaneChecks.frames(.music, from: 0, count: 3000)
        for (index, strip) in strips.enumerated() {
            var expected: [UInt32] = []
            for place in 0..<4 {
                for isAlone in [true, false] {
                    let lanes = (0..<4).map { lane in
                        lane == place ? strip : (isAlone ? nil : strips[(index + 1 + lane) % strips.count])
                    }
                    let placed = input.map { frame in
                        var moved = frame
                        (moved[place], moved[place + 4]) = (frame[0], frame[4])
                        return moved
                    }
                    var device = try Self.equalizer(lanes)
                    let output = LaneChecks.run(&device, placed)
                    let bits = LaneChecks.bits(output, lane: place) + LaneChecks.bits(output, lane: place + 4)
                    if expected.isEmpty { expected = bits }
                    #expect(bits == expected, "strip \(index) at \(place), alone: \(isAlone)")
                }
            }
        }
    }

    @Test("a band of 0 dB and a strip without bands keep every bit")
    func neutral() throws {
        var input = LaneChecks.frames(.noise, from: 0, count: 1000)
        input[3] = LaneFrame(repeating: -0.0)
        input[4] = LaneFrame(repeating: .leastNonzeroMagnitude)
        input[5] = LaneFrame(repeating: .infinity)
        input[6] = LaneFrame(repeating: .nan)
        var device = try Self.equalizer([Settings.neutral, nil, Settings.usual, Settings.neutral])
        let output = LaneChecks.run(&device, input)
        for lane in [0, 1, 3, 4, 5, 7] {
            #expect(LaneChecks.bits(output, lane: lane) == LaneChecks.bits(input, lane: lane))
        }
    }

    @Test("updated parameters arrive where new ones start, with and without new sections")
    func updates() throws {
        let pairs = [
            (Settings.usual, Settings.moved),
            (
                Settings.device(Settings.band(.bell, 100), Settings.band(.highShelf, 400, gain: 2)),
                Settings.device(Settings.band(.bell, 15_000, gain: 9), Settings.band(.highShelf, 12_000, gain: -9))
            ),
        ]
        let input = LaneChecks.frames(.noise, from: 0, count: 12_000)
        for (from, to) in pairs {
            for (a, b) in [(from, to), (to, from)] {
                var moved = try Self.equalizer([a, a, nil, nil])
                _ = LaneChecks.run(&moved, Array(input[..<4000]))
                moved.update(lane: 0, parameters: b)
                let output = LaneChecks.run(&moved, Array(input[4000...]), from: 4000)
                var fresh = try Self.equalizer([b, a, nil, nil])
                _ = LaneChecks.run(&fresh, Array(input[..<4000]))
                let expected = LaneChecks.run(&fresh, Array(input[4000...]), from: 4000)
                for lane in [0, 4] {
                    let error = Self.rms((6000..<8000).map { Double(output[$0][lane]) - Double(expected[$0][lane]) })
                    #expect(error < 1e-6)
                }
                for lane in [1, 5] {
                    #expect(LaneChecks.bits(output, lane: lane) == LaneChecks.bits(expected, lane: lane))
                }
            }
        }
    }

    /// Frequency, gain and q move over their ranges in a second, every 8 frames: the level stays within that of the
    /// loudest setting on the way and a little.
    @Test(
        "automation makes no bursts",
        arguments: [EqualizerBand.Shape.bell, .lowShelf, .highShelf, .lowPass, .highPass, .notch])
    func transients(shape: EqualizerBand.Shape) throws {
        func values(_ position: Double) -> [Double] {
            let gain = 12 * cos(9 * position)
            return Settings.device(
                Settings.band(
                    shape, 40 * pow(400, position), gain: gain, q: shape == .lowPass ? 0.7071 : 0.7 + 2 * position))
        }
        var device = try Self.equalizer([values(0), values(0), nil, nil])
        let input = LaneChecks.frames(.tone, from: 0, count: 24_000)
        var output: [LaneFrame] = []
        for start in stride(from: 0, to: 24_000, by: 8) {
            // Lane 0 sweeps, lane 1 jumps from end to end.
            device.update(lane: 0, parameters: values(Double(start) / 24_000))
            if start % 800 == 0 { device.update(lane: 1, parameters: values(start % 1600 == 0 ? 0 : 1)) }
            output += LaneChecks.run(&device, Array(input[start..<start + 8]), from: start)
        }
        // The tone is at 1 kHz.
        var loudest = 0.0
        for step in 0...1000 {
            let parameters = try #require(EqualizerParameters(values: values(Double(step) / 1000)))
            loudest = max(loudest, EqualizerResponse(parameters).decibels(.left, atHertz: 1000))
        }
        for (lane, name, bound) in [(0, "swept from 40 Hz to 16 kHz in half a second", 1.0), (1, "switched", 6)] {
            let peak = output.reduce(0) { max($0, Double(abs($1[lane]))) }
            let fact = Fact(
                "Equalizer", "\(shape) \(name) while a tone sounds: peak over that of the loudest setting",
                20 * log10(peak / 0.5) - loudest, .atMost(bound), unit: "dB")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test("process and update allocate nothing")
    func allocations() throws {
        var device = try Self.equalizer([Settings.usual, Settings.steep, Settings.placed, Settings.dynamic])
        var block = LaneChecks.frames(.noise, from: 0, count: 4096)
        let (usual, moved) = (Settings.usual, Settings.moved)
        device.update(lane: 0, parameters: moved)
        let count = allocationCount {
            for round in 0..<4 {
                var span = block.mutableSpan
                device.process(&span, key: nil, at: 4096 * round)
                device.update(lane: 0, parameters: round % 2 == 0 ? moved : usual)
            }
        }
        #expect(count == 0)
    }

    // MARK: - References

    /// The sections in Double throughout.
    static func double(_ signal: [Double], _ design: (sections: [SectionCoefficients], scale: Double)) -> [Double] {
        var signal = signal.map { $0 * design.scale }
        for section in design.sections {
            var (p, r) = (0.0, 0.0)
            for i in signal.indices {
                let t = signal[i] - p
                let y = section.direct * signal[i] + section.difference * t + section.rate * r
                p = p + r + section.stepP * t
                r += section.stepR * t
                signal[i] = y
            }
        }
        return signal
    }

    static func rms(_ signal: [Double]) -> Double {
        (signal.reduce(0) { $0 + $1 * $1 } / Double(max(1, signal.count))).squareRoot()
    }

    /// Level of an impulse response at a fraction of the rate.
    static func decibels(_ response: [Double], _ fraction: Double) -> Double {
        var (real, imaginary) = (0.0, 0.0)
        for (n, x) in response.enumerated() {
            let angle = 2 * Double.pi * (fraction * Double(n)).truncatingRemainder(dividingBy: 1)
            real += x * cos(angle)
            imaginary -= x * sin(angle)
        }
        return 10 * log10(real * real + imaginary * imaginary)
    }
}
