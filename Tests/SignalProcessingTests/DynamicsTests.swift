import Glibc
import SignalProcessing
import Testing

@Suite struct DynamicsTests {
    static let rates: [Double] = [44100, 48000, 96000, 192000]

    // MARK: - Static curve

    @Test(arguments: [48000.0, 192_000], [0.0, 6, 20])
    func staticCurveOfSineAndSquareIsThePapers(rate: Double, knee: Double) {
        for release in [0.01, 0.1, 0.5] {
            let design = CompressorCoefficients(
                thresholdDecibels: -24, ratio: 4, attackSeconds: 0.01, releaseSeconds: release,
                kneeDecibels: knee,
                makeUpDecibels: 3, rateHertz: rate)
            // Four levels at once, one a lane, in 1 dB steps from -50 to 0 dB.
            for top in stride(from: -50.0, through: 0, by: 4) {
                for isSquare in [false, true] {
                    let levels = (0..<4).map { min(0, top + Double($0)) }
                    let gains = settledGains(design, levels, rate: rate, isSquare: isSquare)
                    for (level, gain) in zip(levels, gains) {
                        let expected = curve(level, threshold: -24, ratio: 4, knee: knee) + 3
                        #expect(
                            abs(gain - expected) < 0.05, "\(level) dB, square \(isSquare), release \(release)"
                        )
                    }
                }
            }
        }
    }

    @Test func infiniteRatioLimitsAndRatioOneDoesNothing() {
        let limit = CompressorCoefficients(
            thresholdDecibels: -20, ratio: .infinity, attackSeconds: 0.005, releaseSeconds: 0.1,
            rateHertz: 48000)
        for gain in settledGains(limit, [-8, -8, -8, -8], rate: 48000, isSquare: true) {
            #expect(abs(gain + 12) < 0.001)
        }
        let none = CompressorCoefficients(
            thresholdDecibels: -60, ratio: 1, attackSeconds: 0.005, releaseSeconds: 0.1, rateHertz: 48000)
        var processor = Compressor(lanes: [none, none, none, none], rateHertz: 48000)
        let input = LaneChecks.frames(.noise, from: 0, count: 3000)
        #expect(LaneChecks.bits(LaneChecks.run(&processor, input)) == LaneChecks.bits(input))
    }

    /// The hold of 5 ms bridges half a period from 100 Hz up.
    @Test func lowTonesSettleOnTheCurveToo() {
        let design = CompressorCoefficients(
            thresholdDecibels: -30, ratio: 4, attackSeconds: 0.01, releaseSeconds: 0.05, rateHertz: 48000)
        for tone in [100.0, 160, 440] {
            let gains = settledGains(design, [-20, -15, -10, -5], rate: 48000, isSquare: false, tone: tone)
            for (level, gain) in zip([-20.0, -15, -10, -5], gains) {
                #expect(
                    abs(gain - curve(level, threshold: -30, ratio: 4, knee: 0)) < 0.05,
                    "\(tone) Hz, \(level) dB")
            }
        }
    }

    @Test func meanSquareDetectorReadsTheRootMeanSquare() {
        let design = CompressorCoefficients(
            thresholdDecibels: -30, ratio: 2, attackSeconds: 0.02, releaseSeconds: 0.1, detector: .rms,
            rateHertz: 48000)
        for (isSquare, offset) in [(false, -3.0103), (true, 0)] {
            let gains = settledGains(design, [-20, -15, -10, -5], rate: 48000, isSquare: isSquare)
            for (level, gain) in zip([-20.0, -15, -10, -5], gains) {
                #expect(abs(gain - curve(level + offset, threshold: -30, ratio: 2, knee: 0)) < 0.05)
            }
        }
    }

    // MARK: - Times

    @Test(arguments: [(0.001, 0.05), (0.01, 0.1), (0.03, 0.02), (0.1, 1.0), (0.0005, 0.005)])
    func timesTo63PercentKeepTheirLabels(attack: Double, release: Double) throws {
        for rate in Self.rates {
            let design = CompressorCoefficients(
                thresholdDecibels: -40, ratio: 4, attackSeconds: attack, releaseSeconds: release,
                rateHertz: rate)
            // The tenths of the hold's window that a step can fall into: the label is the mean over them.
            var (attacks, releases) = (0.0, 0.0)
            for shift in 0..<8 {
                let offset = 1_000_003 + shift * Int((rate * 0.0005).rounded()) / 8
                var processor = Compressor(lanes: [design, nil, nil, nil], rateHertz: rate)
                let (high, low) = (Float(pow(10, -10.0 / 20)), Float(pow(10, -30.0 / 20)))
                let (before, during, after) = (
                    Int(rate * 0.2), Int(rate * 8 * attack) + 2, Int(rate * 10 * release)
                )
                let input =
                    [LaneFrame](repeating: LaneFrame(repeating: low), count: before)
                    + [LaneFrame](repeating: LaneFrame(repeating: high), count: during)
                    + [LaneFrame](repeating: LaneFrame(repeating: low), count: after)
                let output = LaneChecks.run(&processor, input, from: offset)
                let gains = zip(output, input).map { 20 * log10(Double($0[0] / $1[0])) }
                // 20 dB step above the threshold at 4:1: the reduction goes from 7.5 to 22.5 dB.
                let aim = gains[before - 1] + 0.6321 * (gains[before + during - 1] - gains[before - 1])
                let onset = try #require((before..<before + during).first { gains[$0] <= aim })
                attacks += Double(onset - before + 1) / rate
                let end = before + during
                let back = gains[end - 1] + 0.6321 * (gains[end + after - 1] - gains[end - 1])
                let offsetFrame = try #require((end..<end + after).first { gains[$0] >= back })
                releases += Double(offsetFrame - end + 1) / rate
            }
            #expect(abs(attacks / 8 - attack) < 0.05 * attack + 1 / rate, "attack at \(rate): \(attacks / 8)")
            #expect(
                abs(releases / 8 - release) < 0.05 * release + 1 / rate, "release at \(rate): \(releases / 8)"
            )
        }
    }

    // MARK: - Link, key, identity

    @Test func bothChannelsGetTheGainOfTheLouder() {
        let design = Self.design()
        var linked = Compressor(lanes: [design, design, design, design], rateHertz: 48000)
        var input = [LaneFrame](repeating: LaneFrame(), count: 9600)
        for i in input.indices {
            let wave = Float(sin(2 * .pi * 1000 * Double(i) / 48000))
            input[i] = LaneFrame(
                0.5 * wave, 0.05 * wave, 0, 0.5 * wave, 0.05 * wave, 0.5 * wave, 0, 0.5 * wave)
        }
        let output = LaneChecks.run(&linked, input)
        for i in 9000..<9600 {
            for pair in 0..<2 where abs(input[i][pair]) > 0.01 {
                let (left, right) = (
                    output[i][pair] / input[i][pair], output[i][pair + 4] / input[i][pair + 4]
                )
                #expect(abs(left / right - 1) < 1e-5)
                #expect(left < 0.5)
            }
        }
    }

    @Test func theKeyRulesTheLanesThatUseIt() throws {
        let keyed = Self.design(usesKey: true)
        let own = Self.design()
        let input = LaneChecks.frames(.noise, from: 0, count: 4800).map { $0 * 0.001 }
        let key = LaneChecks.frames(.tone, from: 0, count: 4800)
        var processor = Compressor(lanes: [keyed, own, nil, keyed], rateHertz: 48000)
        let output = LaneChecks.run(&processor, input, key: key)
        #expect(LaneChecks.bits(output, lane: 1) == LaneChecks.bits(input, lane: 1), "below its threshold")
        #expect(LaneChecks.bits(output, lane: 6) == LaneChecks.bits(input, lane: 6))
        // The key's gain is that of a compressor which hears the key as its signal.
        var reference = Compressor(lanes: [own, own, own, own], rateHertz: 48000)
        let heard = LaneChecks.run(&reference, key)
        for i in stride(from: 3006, to: 4800, by: 48) {
            let expected = heard[i][0] / key[i][0]
            #expect(abs(output[i][0] / input[i][0] - expected) < 1e-5)
            #expect(abs(output[i][7] / input[i][7] - expected) < 1e-5)
            #expect(expected < 0.5)
        }
    }

    @Test func lanesWithoutTheStageAreBitExact() throws {
        var input = LaneChecks.frames(.noise, from: 0, count: 1000)
        input[3] = LaneFrame(repeating: -0.0)
        input[4] = LaneFrame(repeating: .leastNonzeroMagnitude)
        input[5][1] = .nan
        input[6][7] = .infinity
        var processor = Compressor(lanes: [Self.design(), nil, Self.design(), .identity], rateHertz: 48000)
        let output = LaneChecks.run(&processor, input)
        for lane in [1, 5, 3, 7] {
            #expect(LaneChecks.bits(output, lane: lane) == LaneChecks.bits(input, lane: lane))
        }
        #expect(LaneChecks.bits(output, lane: 2) != LaneChecks.bits(input, lane: 2))
        // What passes through does not reach the state either.
        _ = try LaneChecks.snapshot(processor)
    }

    @Test func belowTheThresholdNothingChanges() {
        let input = LaneChecks.frames(.music, from: 0, count: 5000).map { $0 * 0.01 }
        var processor = Compressor(lanes: Array(repeating: Self.design(), count: 4), rateHertz: 48000)
        #expect(LaneChecks.bits(LaneChecks.run(&processor, input)) == LaneChecks.bits(input))
    }

    // MARK: - Contract

    @Test func blocksOfAnyLengthGiveTheSameBits() {
        LaneChecks.expectBlockInvariance(
            Self.mixed(), key: LaneChecks.frames(.noise, from: -100, count: 9001))
        LaneChecks.expectBlockInvariance(Compressor(lanes: Self.lanes, rateHertz: 44100))
    }

    @Test func aLaneDoesNotDependOnItsNeighboursOrItsPlace() {
        let input = LaneChecks.frames(.music, from: 0, count: 3001)
        for subject in Self.lanes {
            var seen: [[UInt32]] = []
            for place in 0..<4 {
                for mates in [
                    [CompressorCoefficients?](repeating: nil, count: 4), Self.lanes, Self.lanes.reversed(),
                ] {
                    var lanes = mates
                    lanes[place] = subject
                    let placed = input.map { frame in
                        var moved = frame
                        (moved[place], moved[place + 4]) = (frame[0], frame[4])
                        return moved
                    }
                    var processor = Compressor(lanes: lanes, rateHertz: 48000)
                    let output = LaneChecks.run(&processor, placed)
                    seen.append(
                        LaneChecks.bits(output, lane: place) + LaneChecks.bits(output, lane: place + 4))
                }
            }
            for other in seen { #expect(other == seen[0]) }
        }
    }

    @Test func snapshotsRestoreExactly() throws {
        try LaneChecks.expectScatteredEqualsWhole(
            Self.mixed(), key: LaneChecks.frames(.noise, from: 99, count: 7000))
        #expect(try LaneChecks.snapshot(Self.mixed()).count == 208)
    }

    @Test(arguments: LaneChecks.Stimulus.allCases)
    func statesConvergeByTheSecondBoundary(stimulus: LaneChecks.Stimulus) throws {
        let fresh = Compressor(lanes: Self.lanes, rateHertz: 48000)
        var used = fresh
        _ = LaneChecks.run(&used, LaneChecks.frames(.noise, from: 7, count: 48000))
        let boundaries = try #require(try LaneChecks.boundariesToConverge(fresh, used, stimulus))
        #expect(boundaries <= 2, "\(stimulus): \(boundaries)")
    }

    @Test func notFiniteStateIsRefused() throws {
        for bad in [Float.nan, .infinity] {
            for lane in [1, 4] {
                var processor = Compressor(lanes: Self.lanes, rateHertz: 48000)
                var input = LaneChecks.frames(.noise, from: 0, count: 10)
                input[5][lane] = bad
                _ = LaneChecks.run(&processor, input)
                #expect(throws: SnapshotError.notFinite) { try LaneChecks.snapshot(processor) }
            }
        }
    }

    @Test func coefficientsSurviveTheirList() {
        for lane in Self.lanes.compactMap({ $0 }) + [.identity, Self.design(usesKey: true)] {
            #expect(lane.values.count == CompressorCoefficients.valueCount)
            #expect(CompressorCoefficients(values: lane.values) == lane)
        }
        #expect(CompressorCoefficients(values: []) == nil)
        var wrong = Self.design().values
        wrong[9] = 11
        #expect(CompressorCoefficients(values: wrong) == nil)
    }

    // MARK: - Fixtures

    private static func design(usesKey: Bool = false) -> CompressorCoefficients {
        CompressorCoefficients(
            thresholdDecibels: -30, ratio: 4, attackSeconds: 0.005, releaseSeconds: 0.1, kneeDecibels: 6,
            usesKey: usesKey, rateHertz: 48000)
    }

    /// Peak, mean square, a slower attack than release, and a long release.
    private static let lanes: [CompressorCoefficients?] = [
        design(),
        CompressorCoefficients(
            thresholdDecibels: -25, ratio: 3, attackSeconds: 0.02, releaseSeconds: 0.2, detector: .rms,
            rateHertz: 48000),
        CompressorCoefficients(
            thresholdDecibels: -20, ratio: 8, attackSeconds: 0.2, releaseSeconds: 0.003, kneeDecibels: 3,
            makeUpDecibels: 4, rateHertz: 48000),
        CompressorCoefficients(
            thresholdDecibels: -35, ratio: .infinity, attackSeconds: 0, releaseSeconds: 0.5,
            rateHertz: 48000),
    ]

    private static func mixed() -> Compressor {
        Compressor(lanes: [design(usesKey: true), lanes[1], nil, lanes[3]], rateHertz: 48000)
    }

    /// Gain in decibels that each lane settles to, for a wave of the lane's peak level, measured over 20 ms.
    private func settledGains(
        _ design: CompressorCoefficients, _ levels: [Double], rate: Double, isSquare: Bool,
        tone: Double = 1000
    ) -> [Double] {
        var processor = Compressor(lanes: [design, design, design, design], rateHertz: rate)
        let count = Int(rate * 0.4)
        let peaks = levels.map { pow(10, $0 / 20) }
        let input = (0..<count).map { n in
            let s = sin(2 * .pi * tone * Double(n) / rate + 0.25 * .pi)
            var frame = LaneFrame()
            for lane in 0..<8 { frame[lane] = Float(peaks[lane % 4] * (isSquare ? (s < 0 ? -1 : 1) : s)) }
            return frame
        }
        let output = LaneChecks.run(&processor, input)
        return (0..<4).map { lane in
            var (before, after) = (0.0, 0.0)
            for i in count - Int(rate * 0.02)..<count {
                before += Double(input[i][lane]) * Double(input[i][lane])
                after += Double(output[i][lane]) * Double(output[i][lane])
            }
            return 10 * log10(after / before)
        }
    }

    /// Equation 4 of Giannoulis, Massberg and Reiss: output minus input level in decibels.
    private func curve(_ x: Double, threshold: Double, ratio: Double, knee: Double) -> Double {
        let over = x - threshold
        if 2 * over <= -knee { return 0 }
        if 2 * over < knee { return (1 / ratio - 1) * pow(over + knee / 2, 2) / (2 * knee) }
        return over / ratio - over
    }
}
