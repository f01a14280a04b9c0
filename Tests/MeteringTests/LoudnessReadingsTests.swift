import Foundation
import Metering
import Quantities
import Testing

@Suite struct LoudnessReadingsTests {
    private func tone(_ tones: [Tone], overThreshold: Float? = nil) -> LoudnessSummary {
        measureSong(toneSequence(tones, rate: 48_000), rate: 48_000, overThreshold: overThreshold)
    }

    @Test func `What cannot be measured says why`() {
        let scales = LoudnessScale.allCases
        let short = tone([Tone(0.399, -20)])
        #expect(scales.map(short.unmeasurable) == [400, 400, 3000, 3000].map { .shorterThan(milliseconds: $0) })
        let middle = tone([Tone(2.999, -20)])
        #expect(
            scales.map(middle.unmeasurable)
                == [nil, nil, .shorterThan(milliseconds: 3000), .shorterThan(milliseconds: 3000)])
        #expect(scales.map(tone([Tone(3, -20)]).unmeasurable) == [nil, nil, nil, nil])
        #expect(scales.map(tone([Tone(5, nil)]).unmeasurable) == [.silent, .silent, .silent, .silent])
        // Below the absolute gate, but not silent.
        #expect(scales.map(tone([Tone(5, -75)]).unmeasurable) == [.silent, nil, nil, .silent])
        var planes = toneSequence([Tone(5, -20)], rate: 48_000)
        planes[0][9] = .nan
        let dirty = measureSong(planes, rate: 48_000)
        #expect(scales.map(dirty.unmeasurable) == [.nonFinite, .nonFinite, .nonFinite, .nonFinite])
        #expect(dirty.channelPeaks == nil)
        #expect(dirty.peakToLoudnessRatio == nil)
    }

    @Test func `A range is stable from 60 s on`() {
        #expect(!tone([Tone(59.99, -20)]).isRangeStable)
        #expect(tone([Tone(60, -20)]).isRangeStable)
    }

    @Test func `The greatest loudness is named with its first window`() throws {
        let summary = tone([Tone(5, -40), Tone(4, -20), Tone(2, -40), Tone(4, -20)])
        let shortTerm = try #require(summary.shortTermMaximumWindow)
        #expect(shortTerm.loudness == summary.shortTermMaximum)
        #expect(shortTerm.frames.count == 3 * 48_000)
        #expect(shortTerm.frames.start >= 5 * 48_000 && shortTerm.frames.end <= 9 * 48_000)
        let momentary = try #require(summary.momentaryMaximumWindow)
        #expect(momentary.loudness == summary.momentaryMaximum)
        #expect(momentary.frames.count == 19_200)
        // The filter's ringing where the tone begins is a little louder than the tone, and comes first.
        #expect((5 * 48_000 - 960...9 * 48_000).contains(momentary.frames.start))
    }

    @Test func `Peaks per channel, with the frame of the greatest point`() throws {
        var planes = toneSequence([Tone(2, -40)], rate: 48_000)
        planes[0][12_345] = 0.5
        planes[1][77_777] = -0.25
        let peaks = try #require(measureSong(planes, rate: 48_000, overThreshold: 1).channelPeaks)
        #expect(peaks.map(\.truePeakFrame) == [12_345, 77_777])
        #expect(abs(peaks[0].sample.value - 20 * log10(0.5)) < 1e-9)
        #expect(abs(peaks[1].sample.value - 20 * log10(0.25)) < 1e-9)
        #expect(peaks.allSatisfy { $0.truePeak.value >= $0.sample.value && $0.truePeak.value < $0.sample.value + 0.2 })
        let bare = try #require(measureSong(planes, rate: 48_000).channelPeaks)
        #expect(bare.map(\.truePeakFrame) == [nil, nil])
        #expect(bare.map(\.truePeak) == peaks.map(\.truePeak))
    }

    @Test func `Ratios of peak to loudness`() throws {
        // A tone of -20 dBFS reads -20 LUFS in stereo; one sample of -6 dBFS stands 14 LU above it.
        var planes = toneSequence([Tone(12, -20)], rate: 48_000)
        planes[1][2 * 48_000] = 0.5
        let summary = measureSong(planes, rate: 48_000, overThreshold: .infinity)
        let long = try #require(summary.peakToLoudnessRatio)
        #expect(abs(long - 14) < 0.2)
        // Where that sample is not among the 3 s, the tone's crests stand 0 LU above it.
        let short = try #require(summary.peakToShortTermMinimum)
        #expect(abs(short.ratioLoudnessUnits) < 0.1)
        #expect(short.frames.start > 2 * 48_000 && short.frames.count == 3 * 48_000)
        #expect(measureSong(planes, rate: 48_000).peakToShortTermMinimum == nil)
        #expect(tone([Tone(2.9, -20)], overThreshold: 1).peakToShortTermMinimum == nil)
        #expect(tone([Tone(5, nil)], overThreshold: 1).peakToShortTermMinimum == nil)
    }
}
