import Foundation
import Metering
import Quantities
import TestSupport
import Testing

/// EBU Tech 3341 v4 Table 1, cases 15 to 23, with their tolerance of +0.2 and -0.4 dB.
@Suite struct TruePeakConformanceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var number: Int
        var framesPerPeriod: Double
        var amplitude: Double
        var phaseDegrees: Double
        var expected: Double
        var testDescription: String { "case \(number)" }
    }

    static let tones = [
        Case(number: 15, framesPerPeriod: 4, amplitude: 0.5, phaseDegrees: 0, expected: -6),
        Case(number: 16, framesPerPeriod: 4, amplitude: 0.5, phaseDegrees: 45, expected: -6),
        Case(number: 17, framesPerPeriod: 6, amplitude: 0.5, phaseDegrees: 60, expected: -6),
        Case(number: 18, framesPerPeriod: 8, amplitude: 0.5, phaseDegrees: 67.5, expected: -6),
        Case(number: 19, framesPerPeriod: 4, amplitude: 1.41, phaseDegrees: 45, expected: 3),
    ]

    static let rates = LoudnessConformanceTests.rates

    /// States the worst errors of some cases, with four and with sixteen points per frame.
    private func expect(_ what: String, _ signals: (Int) -> [(plane: [Float], expected: Double)]) throws {
        let all = Self.rates.map { (rate: $0, signals: signals($0)) }
        for oversampling in Oversampling.allCases {
            var (over, under) = (0.0, 0.0)
            for (rate, signals) in all {
                for (plane, expected) in signals {
                    let peak = try #require(
                        measureSong([plane, plane], rate: rate, oversampling: oversampling).truePeak)
                    over = max(over, peak.value - expected)
                    under = max(under, expected - peak.value)
                }
            }
            let statement = "\(what) at 44.1 to 192 kHz, \(oversampling.rawValue) points per frame"
            for fact in [
                Fact("Loudness meter", "\(statement), reads high by", over, .atMost(0.2), unit: "dB"),
                Fact("Loudness meter", "\(statement), reads low by", under, .atMost(0.4), unit: "dB"),
            ] { #expect(fact.holds, "\(fact)") }
        }
    }

    @Test func `Tones whose samples miss the peak`() throws {
        try expect("EBU Tech 3341 cases 15 to 19") { rate in
            Self.tones.map { test in
                let count = rate
                let fade = rate / 100
                let plane = (0..<count).map { frame in
                    let phase = 2 * Double.pi * (Double(frame) / test.framesPerPeriod + test.phaseDegrees / 360)
                    let gain = min(1, Double(min(frame, count - 1 - frame)) / Double(fade))
                    return Float(test.amplitude * gain * sin(phase))
                }
                return (plane, test.expected)
            }
        }
    }

    @Test func `A single period at full scale inside a lower tone, at four offsets`() throws {
        // At four times the rate: fs/6 has 24 frames per period, fs/4 has 16.
        func tone(_ count: Int, _ amplitude: Double, _ framesPerPeriod: Double) -> [Double] {
            (0..<count).map { frame in amplitude * sin(2 * Double.pi * Double(frame) / framesPerPeriod) }
        }
        let fine = tone(24 * 200, 0.5, 24) + tone(16, 1, 16) + tone(24 * 200, 0.5, 24)
        // The anti-alias filter: a sinc at half the lower rate under a Blackman window, 513 taps.
        let filter = (-256...256).map { (k: Int) -> Double in
            let t = Double.pi * Double(k) / 4
            let x = Double.pi * Double(k) / 257
            let window: Double = 0.42 + 0.5 * cos(x) + 0.08 * cos(2 * x)
            return k == 0 ? 0.25 : 0.25 * sin(t) / t * window
        }
        // Frames are all that counts: the signals are the same at every rate.
        let planes = (0..<4).map { offset in
            var plane: [Float] = []
            for centre in stride(from: 256 + offset, to: fine.count - 256, by: 4) {
                var sum = 0.0
                for k in -256...256 { sum += filter[k + 256] * fine[centre + k] }
                plane.append(Float(sum))
            }
            for i in 0..<100 {
                plane[i] *= Float(i) / 100
                plane[plane.count - 1 - i] *= Float(i) / 100
            }
            return plane
        }
        try expect("EBU Tech 3341 cases 20 to 23") { _ in planes.map { ($0, 0) } }
    }

    @Test("Sixteen points per frame see what four miss: crests of a tone at 0.40 fs")
    func strictMode() throws {
        // Points of four lie at multiples of a tenth of a period, the crest at a quarter: cos(18 degrees) is
        // -0.436 dB.
        let rate = 48_000
        let plane = (0..<rate).map { frame -> Float in
            let fade = min(1, Double(min(frame, rate - 1 - frame)) / 480)
            return Float(0.5 * fade * sin(2 * Double.pi * 0.4 * Double(frame)))
        }
        let exact = 20 * log10(0.5)
        let four = try #require(try measure([plane], rate: rate).truePeak).value
        let strict = try measure([plane], rate: rate, oversampling: .sixteenfold)
        let sixteen = try #require(strict.truePeak).value
        #expect(abs(four - exact + 0.436) < 0.02)
        #expect(abs(sixteen - exact) < 0.02)
    }

    @Test("The true peak is at least the sample peak, and of a lone sample exactly it")
    func loneSample() throws {
        var plane = [Float](repeating: 0, count: 48_000)
        plane[777] = -0.75
        let summary = try measure([plane], rate: 48_000)
        #expect(summary.samplePeaks == [0.75])
        #expect(summary.truePeaks == [0.75])
        #expect(try #require(summary.truePeak).value == summary.samplePeak?.value)
    }

    @Test("Overs before the first and after the last sample of the song count")
    func songEdges() throws {
        // An alternating signal cut off hard overshoots beside its edge.
        let inner: [Float] = [0.9, 0.9]
        let plane = inner + [Float](repeating: 0, count: 1000)
        let mirrored = Array(plane.reversed())
        let first = try measure([plane], rate: 48_000).truePeaks[0]
        let last = try measure([mirrored], rate: 48_000).truePeaks[0]
        #expect(first > 1.1)
        #expect(abs(first - last) < 1e-6)
    }
}
