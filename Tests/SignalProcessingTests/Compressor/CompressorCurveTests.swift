import Foundation
import SignalProcessing
import TestSupport
import Testing

@Suite struct CompressorCurveTests {
    @Test("static curve of sine and square, 1 dB steps", arguments: [0.0, 6, 20])
    func staticCurve(knee: Double) {
        var (worstSine, worstSquare) = (0.0, 0.0)
        for release in [0.05, 0.5] {
            let parameters = CompressorParameters.usual {
                $0.releaseSeconds = release
                $0.kneeDecibels = knee
                $0.makeUpDecibels = 3
            }
            for top in stride(from: -48.0, through: 0, by: 4) {
                let levels = (0..<4).map { min(0, top + Double($0)) }
                for isSquare in [false, true] {
                    let gains = CompressorLaboratory.settledGains(parameters, levels, isSquare: isSquare)
                    for (level, gain) in zip(levels, gains) {
                        let expected =
                            CompressorLaboratory.curve(level, threshold: -24, ratio: 4, knee: knee) + 3
                        if isSquare {
                            worstSquare = max(worstSquare, abs(gain - expected))
                        } else {
                            worstSine = max(worstSine, abs(gain - expected))
                        }
                    }
                }
            }
        }
        let conditions = "static curve, peak, knee \(Int(knee)) dB, 1 dB steps from -48 to 0 dBFS"
        let sine = Fact("Compressor", "\(conditions), 1 kHz sine", worstSine, .atMost(0.05), unit: "dB")
        #expect(sine.holds, "\(sine)")
        let square = Fact("Compressor", "\(conditions), 1 kHz square", worstSquare, .atMost(0.001), unit: "dB")
        #expect(square.holds, "\(square)")
    }

    @Test("static curve of the RMS detector")
    func staticCurveOfPower() {
        let parameters = CompressorParameters.usual {
            $0.detector = .rms
            $0.kneeDecibels = 6
        }
        var worst = 0.0
        for top in stride(from: -40.0, through: 0, by: 4) {
            let levels = (0..<4).map { min(0, top + Double($0)) }
            for (isSquare, offset) in [(false, -3.0103), (true, 0)] {
                let gains = CompressorLaboratory.settledGains(parameters, levels, isSquare: isSquare)
                for (level, gain) in zip(levels, gains) {
                    let expected =
                        CompressorLaboratory.curve(level + offset, threshold: -24, ratio: 4, knee: 6)
                    worst = max(worst, abs(gain - expected))
                }
            }
        }
        let fact = Fact(
            "Compressor", "static curve, RMS, 1 dB steps from -40 to 0 dBFS, 1 kHz sine and square, 5 ms / 100 ms",
            worst, .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test(
        "a fast attack does not follow the power's ripple",
        arguments: [(1000.0, 0.001, 0.0), (440, 0.002, 0), (100, 0.01, 0), (100, 0.001, 0.02), (50, 0.001, 0.04)])
    func fastPower(toneHertz: Double, attackSeconds: Double, averagingSeconds: Double) {
        let levels = [-12.0, -6, -3, 0]
        var worst = 0.0
        for release in [0.1, 0.5] {
            let parameters = CompressorParameters.usual {
                $0.detector = .rms
                $0.attackSeconds = attackSeconds
                $0.releaseSeconds = release
                $0.averagingSeconds = averagingSeconds
            }
            let gains = CompressorLaboratory.settledGains(
                parameters, levels, isSquare: false, toneHertz: toneHertz, seconds: release < 0.2 ? 0.6 : 2.5)
            for (level, gain) in zip(levels, gains) {
                let expected = CompressorLaboratory.curve(level - 3.0103, threshold: -24, ratio: 4, knee: 0)
                worst = max(worst, abs(gain - expected))
            }
        }
        let averaging = averagingSeconds > 0 ? ", averaging \(Int(averagingSeconds * 1000)) ms" : ""
        let fact = Fact(
            "Compressor",
            "static curve, RMS, attack \(Int(attackSeconds * 1000)) ms\(averaging), \(Int(toneHertz)) Hz sine", worst,
            .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("a longer averaging time leaves the curve as it is and slows the gain")
    func averaging() {
        func attack(_ averagingSeconds: Double) -> Double {
            let parameters = CompressorParameters.usual {
                $0.detector = .rms
                $0.thresholdDecibels = -50
                $0.averagingSeconds = averagingSeconds
            }
            var device = CompressorLaboratory.compressor([parameters, nil, nil, nil])
            let input = (0..<96_000).map { LaneFrame(repeating: $0 < 48_000 ? 0.03 : 0.3) }
            let gains = CompressorLaboratory.gains(CompressorLaboratory.run(&device, input), input, lane: 0)
            let aim = gains[47_999] - 15 * (1 - exp(-1.0))
            return Double((gains.firstIndex { $0 <= aim } ?? .max / 2) - 47_999) / 48
        }
        // What an attack of 5 ms has by itself is 10 ms.
        let (short, same, long) = (attack(0), attack(0.01), attack(0.1))
        #expect(short == same)
        #expect(long > 30 && long < 60, "\(long) ms")
    }

    /// The hold bridges half a period from 100 Hz up.
    @Test("low tones settle on the curve too")
    func lowTones() {
        let parameters = CompressorParameters.usual {
            $0.attackSeconds = 0.01
            $0.releaseSeconds = 0.06
        }
        var worst = 0.0
        for tone in [100.0, 163, 440] {
            let levels = [-20.0, -15, -10, -5]
            let gains = CompressorLaboratory.settledGains(parameters, levels, isSquare: false, toneHertz: tone)
            for (level, gain) in zip(levels, gains) {
                worst = max(worst, abs(gain - CompressorLaboratory.curve(level, threshold: -24, ratio: 4, knee: 0)))
            }
        }
        let fact = Fact(
            "Compressor", "static curve, peak, sines of 100 to 440 Hz, 10 ms / 60 ms", worst, .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("ratio infinity and the range")
    func limits() {
        for (range, expected) in [(60.0, -16.0), (12, -12), (3, -3)] {
            let parameters = CompressorParameters.usual {
                $0.ratio = 1e300
                $0.rangeDecibels = range
            }
            let gains = CompressorLaboratory.settledGains(parameters, [-8, -8, -8, -8], isSquare: true)
            let fact = Fact(
                "Compressor", "gain 16 dB above the threshold at inf:1, range \(Int(range)) dB, off by",
                abs(gains[2] - expected), .atMost(0.001), unit: "dB")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test("automatic make-up is half of the reduction at 0 dBFS")
    func autoMakeUp() {
        var worst = 0.0
        let settings = [(-24.0, 4.0, 0.0, 60.0), (-40, 2, 12, 60), (-2, 8, 20, 60), (-30, 1e300, 0, 10)]
        for (threshold, ratio, knee, range) in settings {
            let parameters = CompressorParameters.usual {
                $0.thresholdDecibels = threshold
                $0.ratio = ratio
                $0.kneeDecibels = knee
                $0.rangeDecibels = range
                $0.makesUpByItself = true
                $0.makeUpDecibels = 1
            }
            let gain = CompressorLaboratory.settledGains(parameters, [-79, 0, 0, 0], isSquare: true)[0]
            let full = max(-range, CompressorLaboratory.curve(0, threshold: threshold, ratio: ratio, knee: knee))
            worst = max(worst, abs(gain - 1 + full / 2))
        }
        let fact = Fact("Compressor", "automatic make-up against its law", worst, .atMost(0.001), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("corners of the key's filters", arguments: [(100.0, true), (1000, true), (1000, false), (8000, false)])
    func keyFilter(corner: Double, isLowCut: Bool) {
        func reduction(_ tone: Double, isFiltered: Bool) -> Double {
            let parameters = CompressorParameters.usual {
                $0.thresholdDecibels = -60
                $0.ratio = 1e300
                $0.attackSeconds = 0.02
                $0.releaseSeconds = 0.2
                $0.detector = .rms
                if isFiltered, isLowCut { $0.keyLowCutHertz = corner }
                if isFiltered, !isLowCut { $0.keyHighCutHertz = corner }
            }
            return -CompressorLaboratory.settledGains(
                parameters, [-10, -10, -10, -10], isSquare: false, toneHertz: tone, seconds: 1.5)[0]
        }
        let kind = isLowCut ? "low cut" : "high cut"
        let loss = reduction(corner, isFiltered: false) - reduction(corner, isFiltered: true)
        let fact = Fact(
            "Compressor", "key \(kind) at \(Int(corner)) Hz: attenuation there, off -3.01 dB by", abs(loss - 3.0103),
            .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact)")
        let outside = isLowCut ? corner / 4 : corner * 2
        let slope = reduction(outside, isFiltered: false) - reduction(outside, isFiltered: true)
        #expect(slope > (isLowCut ? 23 : 11), "\(kind) \(corner): \(slope)")
    }
}
