import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct CompressorTimeTests {
    private static let attacks = [0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1]
    private static let releases = [0.02, 0.05, 0.08, 0.1, 0.2, 0.3, 0.5, 1.0]

    /// Times to 63 % of four lanes, after steps of 20 dB up and down above the threshold.
    private func times(
        _ lanes: [(attack: Double, release: Double)], _ detector: CompressorDetector, _ rate: Int, from first: Int
    ) -> [(attack: Double, release: Double)] {
        var device = CompressorLaboratory.compressor(
            lanes.map { lane in
                CompressorParameters.usual {
                    $0.thresholdDecibels = -50
                    $0.attackSeconds = lane.attack
                    $0.releaseSeconds = lane.release
                    $0.detector = detector
                }
            }, rateHertz: rate)
        let (low, high) = (LaneFrame(repeating: Float(0.03)), LaneFrame(repeating: Float(0.3)))
        let longest = lanes.reduce(0) { max($0, $1.release) }
        let (before, during) = (rate, rate * 6 / 5)
        let after = Int(Double(rate) * 1.2 * longest) + rate / 100
        let input =
            [LaneFrame](repeating: low, count: before) + [LaneFrame](repeating: high, count: during)
            + [LaneFrame](repeating: low, count: after)
        let output = CompressorLaboratory.run(&device, input, from: first)
        return (0..<4).map { lane in
            let gains = CompressorLaboratory.gains(output, input, lane: lane)
            let quiet = CompressorLaboratory.curve(20 * log10(0.03), threshold: -50, ratio: 4, knee: 0)
            let loud = CompressorLaboratory.curve(20 * log10(0.3), threshold: -50, ratio: 4, knee: 0)
            let part = 1 - exp(-1.0)
            let down = (before..<before + during).first { gains[$0] <= quiet + part * (loud - quiet) }
            let end = before + during
            let up = (end..<end + after).first { gains[$0] >= loud + part * (quiet - loud) }
            let (attack, release) = ((down ?? .max / 2) - before + 1, (up ?? .max / 2) - end + 1)
            return (Double(attack) / Double(rate), Double(release) / Double(rate))
        }
    }

    @Test(
        "attack and release cover 63 % of a change in dB in the time of the label",
        arguments: [CompressorDetector.peak, .rms], [44_100, 48_000, 192_000])
    func labels(detector: CompressorDetector, rate: Int) {
        var (worstAttack, worstRelease) = (0.0, 0.0)
        for group in 0..<4 {
            // Every attack with two releases, the second time round with others.
            let lanes = (0..<4).map { i in
                let index = (group % 2) * 4 + i
                return (Self.attacks[index], Self.releases[(index + (group < 2 ? 0 : 3)) % 8])
            }
            // The step falls anywhere in a bucket of the hold.
            for shift in [0, 11, 21] where shift == 0 || detector == .peak && rate == 48_000 {
                for (label, measured) in zip(lanes, times(lanes, detector, rate, from: 960_000 + shift)) {
                    worstAttack = max(worstAttack, 100 * abs(measured.attack / label.0 - 1))
                    worstRelease = max(worstRelease, 100 * abs(measured.release / label.1 - 1))
                }
            }
        }
        let conditions = "time to 63 % of a 20 dB step, \(detector), \(Double(rate) / 1000) kHz, off the label by"
        let attack = Fact("Compressor", "attack of 1 to 100 ms: \(conditions)", worstAttack, .atMost(5), unit: "%")
        #expect(attack.holds, "\(attack)")
        let release = Fact(
            "Compressor", "release of 20 ms to 1 s: \(conditions)", worstRelease, .atMost(5), unit: "%")
        #expect(release.holds, "\(release)")
    }

    @Test("look-ahead: the gain is there before the step")
    func lookAhead() {
        let (rate, frames) = (48_000, 240)
        var device = CompressorLaboratory.compressor(
            [1, 2, 5, nil].map { (attackMilliseconds: Double?) in
                attackMilliseconds.map { milliseconds in
                    CompressorParameters.usual {
                        $0.attackSeconds = milliseconds / 1000
                        $0.thresholdDecibels = -50
                        $0.lookAheadSeconds = 0.005
                    }
                }
            })
        #expect(device.latencyFrames == frames)
        let longest = CompressorParameters.usual { $0.lookAheadSeconds = 0.02 }
        #expect(Compressor.latencyFrames(parameters: longest.values, rateHertz: 44_100) == 882)
        let input = (0..<rate).map { LaneFrame(repeating: $0 < rate / 2 ? 0.03 : 0.3) }
        let output = CompressorLaboratory.run(&device, input, blockFrames: 100)
        #expect(output[1000][3] == input[1000][3])
        for (lane, attack) in [(0, 0.001), (1, 0.002), (2, 0.005)] {
            // The first loud frame has seen the attack for the look-ahead and one frame.
            let gain = 20 * log10(Double(output[rate / 2 + frames][lane]) / 0.3)
            #expect(output[rate / 2 + frames - 1][lane] < 0.03)
            let settled = CompressorLaboratory.curve(20 * log10(0.3), threshold: -50, ratio: 4, knee: 0)
            let law = 15 * exp(-0.005 / attack)
            let fact = Fact(
                "Compressor", "overshoot of a 20 dB step at 4:1, look-ahead 5 ms, attack \(Int(attack * 1000)) ms",
                gain - settled, .atMost(law + 0.01), unit: "dB")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test("bus compressor: quick after short peaks, slow after long reduction")
    func programmeDependence() {
        func recovery(after seconds: Double, isAutomatic: Bool) -> Double {
            var parameters = BusCompressorParameters(thresholdDecibels: -30, ratio: 4)
            parameters.attackSeconds = 0.001
            parameters.releaseSeconds = 0.3
            parameters.releasesByItself = isAutomatic
            parameters.kneeDecibels = 0
            var device = CompressorLaboratory.busCompressor(parameters)
            let loud = Int(48_000 * seconds)
            let input = (0..<48_000 + loud + 144_000).map { i in
                LaneFrame(repeating: i >= 48_000 && i < 48_000 + loud ? 0.5 : 0.01)
            }
            let output = CompressorLaboratory.run(&device, input)
            let gains = CompressorLaboratory.gains(output, input, lane: 1)
            let end = 48_000 + loud
            let aim = gains[end - 1] * exp(-1.0)
            let frame = (end..<gains.count).first { gains[$0] >= aim } ?? .max / 2
            return Double(frame - end) / 48_000
        }
        let short = Fact(
            "Bus compressor", "auto-release: time to recover 63 % after 50 ms of reduction",
            1000 * recovery(after: 0.05, isAutomatic: true), .atMost(110), unit: "ms")
        #expect(short.holds, "\(short)")
        let long = Fact(
            "Bus compressor", "auto-release: time to recover 63 % after 2 s of reduction",
            1000 * recovery(after: 2, isAutomatic: true), .atLeast(1000), unit: "ms")
        #expect(long.holds, "\(long)")
        let between = 1000 * recovery(after: 0.5, isAutomatic: true)
        #expect(between > 250 && between < 900, "\(between) ms after 0.5 s")
        for seconds in [0.05, 2] {
            let fixed = Fact(
                "Bus compressor", "release of 300 ms after \(seconds) s of reduction, off the label by",
                100 * abs(recovery(after: seconds, isAutomatic: false) / 0.3 - 1), .atMost(5), unit: "%")
            #expect(fixed.holds, "\(fixed)")
        }
    }
}
