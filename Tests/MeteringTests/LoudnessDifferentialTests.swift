import CEbur128
import Foundation
import Metering
import Quantities
import TestSupport
import Testing

/// Against libebur128, an independent implementation of EBU R 128.
@Suite struct LoudnessDifferentialTests {
    private struct Reading {
        var integrated = 0.0
        var range = 0.0
        var shortTermMaximum = -Double.infinity
    }

    private func reference(_ planes: [[Float]], rate: Int) throws -> Reading {
        let mode = Int32(EBUR128_MODE_I.rawValue | EBUR128_MODE_LRA.rawValue)
        var state = ebur128_init(UInt32(planes.count), UInt(rate), mode)
        defer { ebur128_destroy(&state) }
        let piece = rate / 10
        var interleaved = [Float](repeating: 0, count: piece * planes.count)
        var reading = Reading()
        for start in stride(from: 0, to: planes[0].count, by: piece) {
            let count = min(piece, planes[0].count - start)
            for (channel, plane) in planes.enumerated() {
                for i in 0..<count { interleaved[i * planes.count + channel] = plane[start + i] }
            }
            try #require(ebur128_add_frames_float(state, interleaved, count) == 0)
            var shortTerm = 0.0
            if start + count >= 3 * rate, ebur128_loudness_shortterm(state, &shortTerm) == 0 {
                reading.shortTermMaximum = max(reading.shortTermMaximum, shortTerm)
            }
        }
        try #require(ebur128_loudness_global(state, &reading.integrated) == 0)
        try #require(ebur128_loudness_range(state, &reading.range) == 0)
        return reading
    }

    /// Something with verses, breaks and a quiet end.
    private func programme(rate: Int, channels: Int, seed: UInt64) -> [[Float]] {
        let planes = musicLike(seconds: 48, rate: rate, channels: channels, seed: seed)
        let sections: [Float] = [0.15, 0.5, 0.5, 1, 0.3, 1, 1, 0.02]
        let length = 6 * rate
        return planes.map { plane in
            plane.enumerated().map { $1 * sections[min($0 / length, sections.count - 1)] }
        }
    }

    @Test func `Integrated loudness and loudness range agree with libebur128`() throws {
        var (integrated, range, shortTerm) = (0.0, 0.0, 0.0)
        for (rate, channels, layout) in [
            (48_000, 1, "mono"), (44_100, 2, "stereo"), (48_000, 2, "stereo"), (96_000, 2, "stereo"),
            (48_000, 6, "5.1"),
        ] {
            let planes = programme(rate: rate, channels: channels, seed: UInt64(rate + channels))
            let theirs = try reference(planes, rate: rate)
            let weights = try #require(ChannelLayout.named(layout)).weights()
            let ours = measureSong(planes, rate: rate, weights: weights)
            let loudness = try #require(ours.integrated).value
            let spread = try #require(ours.rangeLoudnessUnits)
            #expect(spread > 5, "the programme is no test of a range")
            integrated = max(integrated, abs(loudness - theirs.integrated))
            range = max(range, abs(spread - theirs.range))
            let greatest = try #require(ours.shortTermCurve(everyHops: 10).max()).value
            shortTerm = max(shortTerm, abs(greatest - theirs.shortTermMaximum))
        }
        let signals = "mono, stereo, 5.1 at 44.1 to 96 kHz"
        for fact in [
            Fact("Loudness meter", "I against libebur128, \(signals)", integrated, .atMost(0.001), unit: "LU"),
            Fact("Loudness meter", "LRA against libebur128, \(signals)", range, .atMost(0.2), unit: "LU"),
            Fact(
                "Loudness meter", "max S at 10 Hz against libebur128, \(signals)", shortTerm, .atMost(0.001),
                unit: "LU"),
        ] { #expect(fact.holds, "\(fact)") }
    }
}
