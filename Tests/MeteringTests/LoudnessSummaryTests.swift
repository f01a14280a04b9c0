import Foundation
import Metering
import Quantities
import Testing

@Suite struct LoudnessSummaryTests {
    private func tone(_ seconds: Double, _ level: Double, rate: Int = 48_000) throws -> LoudnessSummary {
        try measure(toneSequence([Tone(seconds, level)], rate: rate), rate: rate)
    }

    @Test("Below 400 ms nothing is measurable; 400 ms are enough")
    func shortSongs() throws {
        let short = try tone(0.399, -20)
        #expect(short.integrated == nil)
        #expect(short.momentaryMaximum == nil)
        #expect(short.shortTermMaximum == nil)
        #expect(short.rangeLoudnessUnits == nil)
        #expect(short.truePeak != nil)
        let enough = try tone(0.4, -20)
        #expect(abs((enough.integrated?.value ?? 0) + 20) < 0.1)
        #expect(enough.shortTermMaximum == nil)
        let empty = LoudnessSummary(rateHertz: 48_000, channelCount: 2)
        #expect(empty.integrated == nil)
        #expect(empty.truePeak == nil)
        #expect(empty.samplePeak == nil)
    }

    @Test("Silence is not measurable, its peak is minus infinity")
    func silence() throws {
        let summary = try measure(toneSequence([Tone(5, nil)], rate: 48_000), rate: 48_000)
        #expect(summary.integrated == nil)
        #expect(summary.momentaryMaximum == nil)
        #expect(summary.shortTermMaximum == nil)
        #expect(summary.rangeLoudnessUnits == nil)
        #expect(summary.truePeak?.value == -.infinity)
        #expect(summary.lastFrameAboveFloor == -1)
        // Below the absolute gate there is a maximum, but no integrated loudness.
        let quiet = try tone(5, -75)
        #expect(quiet.integrated == nil)
        #expect(quiet.rangeLoudnessUnits == nil)
        #expect(abs((quiet.momentaryMaximum?.value ?? 0) + 75) < 0.1)
    }

    @Test("A song with a sample that is no number has no loudness")
    func nonFinite() throws {
        var planes = toneSequence([Tone(2, -20)], rate: 48_000)
        planes[1][5000] = .nan
        let summary = try measure(planes, rate: 48_000)
        #expect(summary.nonFiniteSampleCount == 1)
        #expect(summary.integrated == nil)
        #expect(summary.truePeak == nil)
        #expect(LoudnessSummary.integrated(pooling: [try tone(2, -20), summary]) == nil)
    }

    @Test("An album pools the gating blocks of its songs under one relative gate")
    func album() throws {
        let (loud, soft) = (try tone(20, -20), try tone(20, -40))
        // The soft song lies below the album's gate, though not below its own.
        let gated = try #require(LoudnessSummary.integrated(pooling: [loud, soft])).value
        #expect(abs(gated + 20) < 0.1)
        // The mistake: the power mean of what each song reads after its own gate.
        let each = try [loud, soft].map { try #require($0.integrated).value }
        let mistaken = 10 * log10(each.reduce(0) { $0 + pow(10, $1 / 10) } / 2)
        #expect(abs(gated - mistaken) > 2.9)
        // Within 10 LU both count: the mean of powers.
        let near = try tone(20, -26)
        let pooled = try #require(LoudnessSummary.integrated(pooling: [loud, near])).value
        let expected = 10 * log10((pow(10, -2.0) + pow(10, -2.6)) / 2)
        #expect(abs(pooled - expected) < 0.02)
        // Longer songs weigh more; no block spans two songs; one song is itself.
        let long = try tone(60, -26)
        let weighted = try #require(LoudnessSummary.integrated(pooling: [loud, long])).value
        let blocks = (20.0 - 0.3, 60.0 - 0.3)
        let mean = (blocks.0 * pow(10, -2) + blocks.1 * pow(10, -2.6)) / (blocks.0 + blocks.1)
        #expect(abs(weighted - 10 * log10(mean)) < 0.02)
        #expect(LoudnessSummary.integrated(pooling: [loud]) == loud.integrated)
        #expect(LoudnessSummary.integrated(pooling: []) == nil)
        // Songs at different rates pool: blocks are mean squares.
        let double = try tone(20, -26, rate: 96_000)
        let mixed = try #require(LoudnessSummary.integrated(pooling: [loud, double])).value
        #expect(abs(mixed - expected) < 0.03)
    }

    @Test("A truncated song has the loudness of a shorter one", arguments: [96_000, 96_001, 200_479, 0])
    func truncation(frameCount: Int) throws {
        let planes = musicLike(seconds: 5, rate: 48_000)
        var summary = try measure(planes, rate: 48_000)
        summary.truncate(toFrameCount: frameCount)
        let shorter = try measure(planes.map { Array($0[0..<frameCount]) }, rate: 48_000)
        #expect(summary.integrated == shorter.integrated)
        #expect(summary.momentaryMaximum == shorter.momentaryMaximum)
        #expect(summary.rangeLoudnessUnits == shorter.rangeLoudnessUnits)
        #expect(summary.frameCount == frameCount)
        #expect(summary.lastFrameAboveFloor == shorter.lastFrameAboveFloor)
        summary.truncate(toFrameCount: 1_000_000)
        #expect(summary.frameCount == frameCount)
    }

    @Test("A measurement that cannot come next is refused and changes nothing")
    func outOfPlace() throws {
        let planes = musicLike(seconds: 3, rate: 48_000)
        let analyzer = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 2)
        let parts = segments(of: planes, analyzer, 48_000 + 241)
        var summary = LoudnessSummary(rateHertz: 48_000, channelCount: 2)
        try summary.append(parts[0])
        let before = summary.momentaryMaximum
        #expect(throws: MeasurementError.outOfPlace) { try summary.append(parts[0]) }
        let mono = LoudnessAnalyzer(rateHertz: 48_000, channelCount: 1)
        let other = LoudnessAnalyzer(rateHertz: 96_000, channelCount: 2)
        #expect(throws: MeasurementError.outOfPlace) {
            try summary.append(segments(of: [planes[0]], mono, 48_000)[0])
        }
        #expect(throws: MeasurementError.outOfPlace) {
            try summary.append(segments(of: planes, other, 96_000)[0])
        }
        #expect(summary.momentaryMaximum == before)
        try summary.append(parts[1])
        #expect(summary.frameCount == 2 * (48_000 + 241))
    }
}
