import Foundation
import Metering
import Quantities
import TestSupport
import Testing

@Suite struct SignalStereoTests {
    @Test func `equal channels correlate fully and lose nothing in mono`() throws {
        let plane = whiteNoise(seconds: 2)
        let summary = try signalSummary([plane, plane], spectrum: true)
        #expect(summary.correlation == 1)
        #expect(summary.monoSumLoss == Decibels(0))
        #expect(summary.sideToMid == .silence)
        #expect(summary.balance == Decibels(0))
        #expect(abs(try #require(summary.lowFrequencyCorrelation) - 1) < 1e-12)
        #expect(summary.correlation(second: 1) == 1)
    }

    @Test func `a channel upside down cancels in mono`() throws {
        let plane = whiteNoise(seconds: 2)
        let summary = try signalSummary([plane, plane.map { -$0 }], spectrum: true)
        #expect(summary.correlation == -1)
        #expect(summary.monoSumLoss == Decibels(.infinity))
        #expect(summary.sideToMid == Decibels(.infinity))
        #expect(abs(try #require(summary.lowFrequencyCorrelation) + 1) < 1e-12)
        #expect(summary.bandLevels.allSatisfy { $0.value < -250 })
    }

    @Test func `correlation does not depend on level, balance does`() throws {
        let plane = whiteNoise(seconds: 2)
        let summary = try signalSummary([plane, plane.map { $0 * 0.25 }])
        #expect(abs(try #require(summary.correlation) - 1) < 1e-9)
        #expect(abs(try #require(summary.balance).value - 12.041199827) < 1e-6)
    }

    @Test func `independent channels lose 3 dB in mono and are as wide as deep`() throws {
        let summary = try signalSummary([whiteNoise(seconds: 5, seed: 1), whiteNoise(seconds: 5, seed: 2)])
        #expect(abs(try #require(summary.correlation)) < 0.01)
        #expect(abs(try #require(summary.monoSumLoss).value - 3.0103) < 0.05)
        #expect(abs(try #require(summary.sideToMid).value) < 0.1)
    }

    @Test func `one channel alone has no correlation and loses 3 dB`() throws {
        let summary = try signalSummary([whiteNoise(seconds: 1), [Float](repeating: 0, count: 48_000)])
        #expect(summary.correlation == nil)
        #expect(abs(try #require(summary.monoSumLoss).value - 3.010299957) < 1e-9)
        #expect(summary.balance == Decibels(.infinity))
        #expect(summary.sideToMid == Decibels(0))
        #expect(summary.leastCorrelation == nil)
    }

    @Test func `the correlation of tones is the cosine of their phase`() throws {
        var (worst, worstLow) = (0.0, 0.0)
        for degrees in stride(from: 0.0, through: 180, by: 30) {
            let planes = [sine(200, seconds: 1, peak: 0.5), sine(200, seconds: 1, peak: 0.2, turns: degrees / 360)]
            let summary = try signalSummary(planes, spectrum: true)
            let expected = cos(degrees * .pi / 180)
            worst = max(worst, abs(try #require(summary.correlation) - expected))
            worstLow = max(worstLow, abs(try #require(summary.lowFrequencyCorrelation) - expected))
        }
        for (what, figure) in [("", worst), (" below 250 Hz", worstLow)] {
            let fact = Fact(
                "Signal meter", "correlation\(what) of tones 0 to 180 degrees apart", figure, .atMost(1e-6), unit: "")
            #expect(fact.holds, "\(fact)")
        }
    }

    @Test func `the low frequencies are judged apart from the rest`() throws {
        let (bass, voice) = (sine(60, seconds: 4, peak: 0.2), sine(2000, seconds: 4, peak: 0.6))
        let planes = [zip(bass, voice).map { $0 + $1 }, zip(bass, voice).map { $1 - $0 }]
        let summary = try signalSummary(planes, spectrum: true)
        #expect(abs(try #require(summary.correlation) - 0.8) < 0.001)
        #expect(try #require(summary.lowFrequencyCorrelation) < -0.999)
    }

    @Test func `the least correlation has its place, and quiet windows have none`() throws {
        let rate = 8000
        let left = whiteNoise(seconds: 12.5, rate: rate)
        var right = left
        for i in 5 * rate..<8 * rate { right[i] = -left[i] }
        let least = try #require(try signalSummary([left, right], rate: rate).leastCorrelation)
        #expect(least.second == 5)
        #expect(least.correlation == -1)
        // At -80 dBFS.
        var (quietLeft, quietRight) = (left, right)
        for i in 4 * rate..<9 * rate {
            quietLeft[i] *= 0.0001
            quietRight[i] *= 0.0001
        }
        let rest = try #require(try signalSummary([quietLeft, quietRight], rate: rate).leastCorrelation)
        #expect(rest.correlation > 0.99)
    }

    @Test func `the least correlation of a short song is its correlation`() throws {
        let planes = [whiteNoise(seconds: 2.5, seed: 1), whiteNoise(seconds: 2.5, seed: 2)]
        let summary = try signalSummary(planes)
        #expect(summary.leastCorrelation?.correlation == summary.correlation)
        #expect(summary.leastCorrelation?.second == 0)
    }
}
