import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct MultibandTests {
    /// Settings of a band: threshold, ratio, attack, release, knee, range, make-up, bypass.
    private static let neutral = [0.0, 1, 0.01, 0.1, 0, 60, 0, 0]

    private static func device(_ tops: [Double], rate: Int, mix: Double = 1, _ band: (Int) -> [Double]) throws
        -> Multiband
    {
        let values = [mix] + (tops + [20_000]).enumerated().flatMap { [$1] + band($0) }
        return try #require(Multiband(parameters: values, rateHertz: rate))
    }

    private static func impulseResponse(_ tops: [Double], rate: Int, _ band: (Int) -> [Double]) throws -> [Double] {
        let seconds = min(0.4, max(0.02, 8 / (tops.first ?? 100)))
        var impulse = [Double](repeating: 0, count: Int(seconds * Double(rate)))
        impulse[0] = 1
        return DynamicsBench.run(try device(tops, rate: rate, band), impulse)
    }

    // MARK: - Crossovers

    @Test(arguments: [44_100, 48_000, 88_200, 96_000, 176_400, 192_000])
    func untouchedBandsAddUpFlat(rate: Int) throws {
        var worst = 0.0
        let crossovers: [[Double]] = [
            [1000], [200, 3000], [120, 1000, 6000], [60, 70, 16_000], [90, 400, 2500, 8000], [250, 500, 1000, 2000],
        ]
        for tops in crossovers {
            let response = try Self.impulseResponse(tops, rate: rate) { _ in Self.neutral }
            worst = max(worst, DynamicsBench.ripple(response, rate: Double(rate), points: 40))
        }
        let fact = Fact(
            "Multiband", "ripple of the sum of 2 to 5 untouched bands, 20 Hz to 20 kHz, \(rate) Hz", worst,
            .atMost(0.01), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func lowestCrossoversAddUpFlat() throws {
        for rate in [44_100, 192_000] {
            let response = try Self.impulseResponse([20, 25, 20_000], rate: rate) { _ in Self.neutral }
            #expect(DynamicsBench.ripple(response, rate: Double(rate), points: 30) < 0.01)
        }
    }

    /// What a make-up of 6.02 dB adds is the band itself.
    @Test func bandsAreLinkwitzRileyOfFourthOrder() throws {
        let rate = 48_000.0
        var worst = 0.0
        let flat = try Self.impulseResponse([1000], rate: 48_000) { _ in Self.neutral }
        for band in 0...1 {
            let raised = try Self.impulseResponse([1000], rate: 48_000) { i in
                i == band ? [0, 1, 0.01, 0.1, 0, 60, DynamicsBench.decibels(2), 0] : Self.neutral
            }
            let only = zip(raised, flat).map { $0 - $1 }
            for hertz in stride(from: 100.0, to: 10_000, by: 150) {
                let ratio = tan(.pi * hertz / rate) / tan(.pi * 1000 / rate)
                let low = 1 / (1 + pow(ratio, 4))
                let expected = band == 0 ? low : 1 - low
                guard expected > 0.001 else { continue }
                let found = DynamicsBench.magnitude(only, hertz: hertz, rate: rate)
                worst = max(worst, abs(DynamicsBench.decibels(found / expected)))
            }
        }
        let fact = Fact(
            "Multiband", "a band's deviation from Linkwitz-Riley, 24 dB/oct, down to -60 dB", worst, .atMost(0.02),
            unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func crossoversAreAsPreciseAsDouble() throws {
        var worst = -Double.infinity
        for (tops, rate) in [
            ([120.0, 1000, 6000], 48_000), ([20, 200, 2000], 192_000), ([500, 8000, 16_000], 44_100),
        ] {
            var noise = ContractNoise(seed: 8)
            let signal = (0..<2 * rate).map { _ in Double(Float(noise.next() * 0.5)) }
            let out = DynamicsBench.run(try Self.device(tops, rate: rate) { _ in Self.neutral }, signal)
            var expected = signal
            for hertz in tops { Self.allPass(&expected, hertz: hertz, rate: Double(rate)) }
            let error = zip(out, expected).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            worst = max(worst, 10 * log10(error / signal.reduce(0) { $0 + $1 * $1 }))
        }
        let fact = Fact(
            "Multiband", "error of the sum of four untouched bands against Double, re signal, noise", worst,
            .atMost(-120), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    /// Second-order all-pass with Butterworth poles, direct form, by the bilinear transform.
    private static func allPass(_ x: inout [Double], hertz: Double, rate: Double) {
        let g = tan(.pi * hertz / rate)
        let scale = 1 / (1 + g * (g + 2.squareRoot()))
        let (a1, a2) = (2 * (g * g - 1) * scale, (1 + g * (g - 2.squareRoot())) * scale)
        var (x1, x2, y1, y2) = (0.0, 0.0, 0.0, 0.0)
        for i in x.indices {
            let y = a2 * x[i] + a1 * x1 + x2 - a1 * y1 - a2 * y2
            (x2, x1, y2, y1) = (x1, x[i], y1, y)
            x[i] = y
        }
    }

    /// A step of the make-up gain is a line over eight frames.
    @Test func anAutomatedStepIsALine() throws {
        func values(_ makeUp: Double, _ mix: Double) -> [Double] {
            [mix, 1000, 0, 1, 0.01, 0.1, 0, 60, makeUp, 0, 20_000, 0, 1, 0.01, 0.1, 0, 60, makeUp, 0]
        }
        var device = try #require(Multiband(parameters: values(0, 1), rateHertz: 48_000))
        let ones = [Double](repeating: 0.25, count: 48_000)
        _ = DynamicsBench.run(&device, ones)
        device.update(parameters: values(12, 1))
        let raised = DynamicsBench.run(&device, Array(ones[..<16]), from: 48_000)
        for (i, x) in raised.enumerated() {
            let expected = 12 * min(1, Double(i + 1) / 8)
            #expect(abs(DynamicsBench.decibels(x / 0.25) - expected) < 0.001, "frame \(i)")
        }
        device.update(parameters: values(12, 0))
        let dry = DynamicsBench.run(&device, Array(ones[..<16]), from: 48_016)
        #expect(abs(dry[3] / 0.25 - (1 + DynamicsBench.gain(12)) / 2) < 0.001)
        #expect(abs(dry[7] / 0.25 - 1) < 0.0001)
    }

    @Test func sweptCrossoversMakeNoBurst() throws {
        var device = try Self.device([200, 1000, 6000], rate: 48_000) { _ in Self.neutral }
        let tone = DynamicsBench.tone(997, 48_000, rate: 48_000) { _ in -6 }
        var left: [Float] = []
        for start in stride(from: 0, to: 48_000, by: 8) {
            let turn = Double(start) / 48_000
            let tops = [200 * pow(4, turn), 1000 * pow(0.9, turn), 6000 * pow(0.3, turn), 20_000]
            device.update(parameters: [1] + tops.flatMap { [$0] + Self.neutral })
            left += DynamicsBench.run(&device, Array(tone[start..<start + 8]), from: start).map(Float.init)
        }
        let peak = left[1000...].reduce(0) { max($0, abs(Double($1))) }
        let least = stride(from: 1000, to: 47_900, by: 50).map { start in
            left[start..<start + 50].reduce(0) { max($0, abs(Double($1))) }
        }.min()
        let worst = max(DynamicsBench.decibels(peak) + 6, -6 - DynamicsBench.decibels(least ?? 0))
        let fact = Fact(
            "Multiband", "level change of a tone under crossovers swept by two octaves in a second", worst,
            .atMost(0.1), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func crossingCrossoversCountAsEqual() throws {
        func values(_ tops: [Double]) -> [Double] { [1] + tops.flatMap { [$0] + Self.neutral } }
        #expect(Multiband(parameters: values([20_000]), rateHertz: 48_000) == nil)
        #expect(Multiband(parameters: values([1, 2, 3, 4, 5, 6]), rateHertz: 48_000) == nil)
        var crossed = try #require(Multiband(parameters: values([500, 2000, 20_000]), rateHertz: 48_000))
        var impulse = [Double](repeating: 0, count: 4800)
        impulse[0] = 1
        crossed.update(parameters: values([2000, 500, 20_000]))
        #expect(DynamicsBench.ripple(DynamicsBench.run(&crossed, impulse), rate: 48_000) < 0.01)
    }

    // MARK: - Gains

    @Test(arguments: [(997.0, 0.1, 0.0), (997, 0.5, 6), (60, 0.1, 3)])
    func staticCurveOfATone(hertz: Double, release: Double, knee: Double) throws {
        var worst = 0.0
        // The tone lies more than four octaves inside the middle band, or the lowest one.
        let tops: [Double] = hertz < 100 ? [1000, 8000] : [40, 16_000]
        let band = hertz < 100 ? 0 : 1
        for (ratio, range) in [(4.0, 60.0), (1e300, 60), (4, 12)] {
            let device = try Self.device(tops, rate: 48_000) { i in
                i == band ? [-30, ratio, 0.005, release, knee, range, 2, 0] : Self.neutral
            }
            for level in stride(from: -45.0, through: 0, by: 5) {
                let tone = DynamicsBench.tone(hertz, 72_000, rate: 48_000) { _ in level }
                let out = DynamicsBench.run(device, tone)
                let found = DynamicsBench.amplitude(out[48_000...], hertz: hertz, rate: 48_000)
                let change = DynamicsBench.decibels(found) - level
                let over = level + 30
                let slope = 1 - 1 / ratio
                let reduction: Double =
                    2 * abs(over) < knee
                    ? slope * (over + knee / 2) * (over + knee / 2) / (2 * knee) : max(0, over) * slope
                worst = max(worst, abs(change - 2 + min(reduction, range)))
            }
        }
        let fact = Fact(
            "Multiband",
            "deviation from the static curve, tone of \(Int(hertz)) Hz inside a band, knee \(Int(knee)) dB",
            worst, .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test func timesKeepTheirLabels() throws {
        var (attackError, releaseError) = (0.0, 0.0)
        for (attack, release) in [(0.005, 0.05), (0.02, 0.1), (0.08, 0.4), (0.05, 0.02)] {
            for rate in [44_100, 96_000] {
                // The low band, turned down: a step of the tone leaves some ringing in it.
                let low = [0.0, 1, 0.01, 0.1, 0, 60, -24, 0]
                let device = try Self.device([20], rate: rate) { i in
                    i == 1 ? [-40, 4, attack, release, 0, 60, 0, 0] : low
                }
                let plain = try Self.device([20], rate: rate) { i in i == 1 ? Self.neutral : low }
                let (up, down) = (rate / 5, rate * 6 / 5)
                let end = down + Int(10 * max(release, 0.02) * Double(rate)) + rate / 10
                let tone = DynamicsBench.tone(6100, end, rate: Double(rate)) { $0 < up || $0 >= down ? -30 : -10 }
                let out = DynamicsBench.run(device, tone)
                let reference = DynamicsBench.run(plain, tone)
                let rise = DynamicsBench.framesTo63(out, over: reference, from: up, end: down) / Double(rate)
                let fall = DynamicsBench.framesTo63(out, over: reference, from: down, end: end) / Double(rate)
                attackError = max(attackError, abs(rise / attack - 1) * 100)
                releaseError = max(releaseError, abs(fall / release - 1) * 100)
            }
        }
        for (name, error) in [("attack", attackError), ("release", releaseError)] {
            let fact = Fact(
                "Multiband", "\(name) to 63 % of the change in dB, off its label", error, .atMost(5), unit: "%")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test func mixSharesTheGainAndBypassLeavesTheBand() throws {
        let tone = DynamicsBench.tone(997, 48_000, rate: 48_000) { _ in -10 }
        for (mix, bypass) in [(1.0, 0.0), (0.5, 0), (0, 0), (1, 1)] {
            let device = try Self.device([40, 16_000], rate: 48_000, mix: mix) { i in
                i == 1 ? [-30, 2, 0.005, 0.1, 0, 60, 0, bypass] : Self.neutral
            }
            let out = DynamicsBench.run(device, tone)
            let found = DynamicsBench.amplitude(out[24_000...], hertz: 997, rate: 48_000) / DynamicsBench.gain(-10)
            let gain = bypass == 1 ? 1 : 1 + mix * (DynamicsBench.gain(-10) - 1)
            #expect(abs(DynamicsBench.decibels(found / gain)) < 0.01, "mix \(mix), bypass \(bypass)")
        }
    }
}
