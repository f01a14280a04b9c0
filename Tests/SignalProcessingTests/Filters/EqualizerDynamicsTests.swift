import Foundation
import SignalProcessing
import TestSupport
import Testing

/// The bands whose gain a detector moves.
@Suite struct EqualizerDynamicsTests {
    typealias Settings = EqualizerSettings

    /// A tone's gain in decibels over time, from its amplitude every 8 frames.
    private func gains(_ values: [Double], frequency: Double, levels: (Int) -> Double, count: Int) throws -> [Double] {
        var device = try EqualizerTests.equalizer([values, nil, nil, nil])
        // Two phases 90 degrees apart: the envelope at every frame. They go through two strips of the same kind.
        var quadrature = try EqualizerTests.equalizer([values, nil, nil, nil])
        func signal(_ phase: Double) -> [LaneFrame] {
            (0..<count).map { n in
                LaneFrame(repeating: Float(levels(n) * sin(2 * .pi * frequency * Double(n) / 48_000 + phase)))
            }
        }
        let a = LaneChecks.run(&device, signal(0))
        let b = LaneChecks.run(&quadrature, signal(.pi / 2))
        return (0..<count).map { n in
            10 * log10(Double(a[n][0] * a[n][0] + b[n][0] * b[n][0])) - 20 * log10(levels(n))
        }
    }

    @Test("the static curve is that of the parameters")
    func curve() throws {
        var worst = 0.0
        for (range, ratio) in [(-12.0, 4.0), (9, 2), (-36, 100)] {
            for frequency in [150.0, 2000, 9000] {
                let band = Settings.band(
                    .bell, frequency, gain: 2, q: 1, threshold: -30, range: range, ratio: ratio, attack: 0.002,
                    release: 0.02)
                for level in [-60.0, -31, -29, -24, -18, -6] {
                    let amplitude = pow(10, level / 20)
                    let got = try gains(
                        Settings.device(band), frequency: frequency, levels: { _ in amplitude }, count: 4000)
                    let change = min(max(0, level + 30) * (1 - 1 / ratio), abs(range))
                    worst = max(worst, abs(got[3999] - (2 + (range < 0 ? -change : change))))
                }
            }
        }
        let fact = Fact(
            "Equalizer", "dynamic bell, gain at the centre against the static curve", worst, .atMost(0.1), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("attack and release take their time", arguments: [0.005, 0.02, 0.1])
    func times(seconds: Double) throws {
        var worst = 0.0
        for frequency in seconds < 0.01 ? [6000.0] : [1000, 6000] {
            for isRelease in [false, true] {
                let band = Settings.band(
                    .bell, frequency, q: 0.7, threshold: -40, range: -12, ratio: 100,
                    attack: isRelease ? 0.002 : seconds, release: isRelease ? seconds : 0.005)
                let change = 12_000
                let (quiet, loud) = (pow(10, -42.0 / 20), pow(10, -27.0 / 20))
                let got = try gains(
                    Settings.device(band), frequency: frequency,
                    levels: { ($0 < change) == isRelease ? loud : quiet },
                    count: change + Int(seconds * 4 * 48_000))
                let target = isRelease ? -12 / M_E : -12 * (1 - 1 / M_E)
                let crossing = try #require(
                    // At once after a fall the band still rings.
                    (change + (isRelease ? Int(seconds * 14_400) : 0)..<got.count).first {
                        isRelease ? got[$0] > target : got[$0] < target
                    })
                worst = max(worst, abs(Double(crossing - change) / 48_000 / seconds - 1) * 100)
            }
        }
        let fact = Fact(
            "Equalizer", "dynamic bell, time to 63 % of the change in dB against a label of \(Int(seconds * 1000)) ms",
            worst, .atMost(5), unit: "%")
        #expect(fact.holds, "\(fact)")
    }

    @Test("idle bands null, and far from the band nothing moves")
    func idle() throws {
        let input = LaneChecks.frames(.noise, from: 0, count: 20_000).map { $0 * 0.01 }
        let values = Settings.device(
            Settings.band(.bell, 300, threshold: -20, range: -12),
            Settings.band(.highShelf, 9000, threshold: -20, range: 6),
            Settings.band(.tilt, 900, on: .side, threshold: -20, range: 6))
        var device = try EqualizerTests.equalizer([values, values, nil, nil])
        let output = LaneChecks.run(&device, input)
        let residue = EqualizerTests.rms((0..<20_000).map { Double(output[$0][0]) - Double(input[$0][0]) })
        let decibels = 20 * log10(max(residue, 1e-20) / EqualizerTests.rms(input.map { Double($0[0]) }))
        let fact = Fact(
            "Equalizer", "dynamic bands below their thresholds, against the input", decibels, .atMost(-120), unit: "dB")
        #expect(fact.holds, "\(fact)")

        // A loud tone at 300 Hz brings the band down; a soft one at 8 kHz keeps its level.
        let tones = (0..<20_000).map { n in
            let angle = 2 * Double.pi * Double(n) / 48_000
            let value: Double = 0.5 * sin(300 * angle) + 0.01 * sin(8000 * angle)
            return LaneFrame(repeating: Float(value))
        }
        let bell = Settings.device(Settings.band(.bell, 300, q: 2, threshold: -30, range: -12, ratio: 10))
        var working = try EqualizerTests.equalizer([bell, nil, nil, nil])
        let heard = LaneChecks.run(&working, tones)
        func level(_ frequency: Double) -> Double {
            EqualizerTests.decibels((14_000..<20_000).map { Double(heard[$0][0]) }, frequency / 48_000)
                - EqualizerTests.decibels((14_000..<20_000).map { Double(tones[$0][0]) }, frequency / 48_000)
        }
        #expect(abs(level(300) + 12) < 0.1)
        #expect(abs(level(8000)) < 0.1)
    }

    @Test("a keyed strip listens to its key alone")
    func key() throws {
        let values = Settings.device(Settings.band(.bell, 1000, q: 1, threshold: -30, range: -12, ratio: 100))
        let tone = LaneChecks.frames(.tone, from: 0, count: 9600)
        let soft = tone.map { $0 * 0.01 }
        func gain(_ signal: [LaneFrame], key: [LaneFrame]) throws -> Double {
            var device = try EqualizerTests.equalizer([values, nil, nil, nil], keys: [true, false, false, false])
            let output = LaneChecks.run(&device, signal, key: key)
            return 20
                * log10(
                    EqualizerTests.rms((8000..<9600).map { Double(output[$0][0]) })
                        / EqualizerTests.rms((8000..<9600).map { Double(signal[$0][0]) }))
        }
        #expect(abs(try gain(soft, key: tone) + 12) < 0.1)
        #expect(abs(try gain(tone, key: soft)) < 1e-6)
    }

    @Test("automated dynamic bands keep the snapshot's promise")
    func snapshots() throws {
        let moved = Settings.device(
            Settings.band(.highPass, 50), Settings.band(.bell, 300, gain: 1, q: 2, threshold: -35, range: -9, ratio: 4),
            Settings.band(.highShelf, 5000, gain: -2, threshold: -45, range: 6, ratio: 3),
            Settings.band(.bell, 2500, gain: 0, on: .side, threshold: -50, range: -6))
        let input = LaneChecks.frames(.music, from: 0, count: 8000)
        var one = try EqualizerTests.equalizer([Settings.dynamic, Settings.usual, nil, nil])
        _ = LaneChecks.run(&one, Array(input[..<4000]))
        one.update(lane: 0, parameters: moved)
        _ = LaneChecks.run(&one, Array(input[4000..<6000]), from: 4000)
        let bytes = try LaneChecks.snapshot(one)
        try LaneChecks.restore(&one, bytes)
        var other = try EqualizerTests.equalizer([moved, Settings.usual, nil, nil])
        try LaneChecks.restore(&other, bytes)
        for device in [one, other] { #expect(try LaneChecks.snapshot(device) == bytes) }
        one.update(lane: 0, parameters: Settings.dynamic)
        other.update(lane: 0, parameters: Settings.dynamic)
        let (a, b) = (
            LaneChecks.run(&one, Array(input[6000...]), from: 6000),
            LaneChecks.run(&other, Array(input[6000...]), blockLength: 100, from: 6000)
        )
        #expect(LaneChecks.bits(a) == LaneChecks.bits(b))
    }
}
