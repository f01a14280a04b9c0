import Foundation
import Metering
import Quantities
import Testing

@Suite struct SongMeterTests {
    private func expectEqual(_ a: LoudnessSummary, _ b: LoudnessSummary, _ what: String) {
        #expect(a.frameCount == b.frameCount, "\(what)")
        #expect(a.samplePeaks == b.samplePeaks, "\(what)")
        #expect(a.truePeaks == b.truePeaks, "\(what)")
        #expect(a.truePeakFrames == b.truePeakFrames, "\(what)")
        #expect(a.overs == b.overs && a.overCount == b.overCount, "\(what)")
        #expect(a.lastFrameAboveFloor == b.lastFrameAboveFloor, "\(what)")
        #expect(a.nonFiniteSampleCount == b.nonFiniteSampleCount, "\(what)")
        #expect(a.integrated == b.integrated, "\(what)")
        #expect(a.rangeLoudnessUnits == b.rangeLoudnessUnits, "\(what)")
        #expect(a.momentaryCurve(everyHops: 1) == b.momentaryCurve(everyHops: 1), "\(what)")
        #expect(a.shortTermCurve(everyHops: 1) == b.shortTermCurve(everyHops: 1), "\(what)")
    }

    /// Lengths around the windows of 4 s (8 for one channel), and of none at all.
    static let lengths = [0, 1, 11, 79, 80, 400, 7999, 8000, 31_999, 32_000, 32_005, 32_012, 32_013, 64_011, 70_123]

    @Test(arguments: lengths)
    func `A song read from start to end has the bits of its windows`(frameCount: Int) throws {
        let music = musicLike(seconds: 9, rate: 8000, channels: 3).map { Array($0[0..<frameCount]) }
        for channels in 1...3 {
            let planes = Array(music[0..<channels])
            let weights = [Double](repeating: 1, count: channels)
            for threshold: Float? in [nil, 0.2] {
                let expected = try measure(
                    planes, rate: 8000, segmentFrameCount: 30_011, overThreshold: threshold, weights: weights)
                for pieces in [[1 << 30], [4096], [1, 7, 900], [32_000], [31_000, 13]] {
                    let song = measureSong(
                        planes, rate: 8000, pieceFrameCounts: pieces, overThreshold: threshold, weights: weights)
                    expectEqual(song, expected, "\(channels) channels, pieces of \(pieces), \(frameCount) frames")
                }
            }
        }
    }

    @Test func `A meter that is used again remembers nothing of the last song`() throws {
        let long = musicLike(seconds: 9.3, rate: 8000, seed: 2).map { $0.map { 3 * $0 } }
        let short = musicLike(seconds: 2.7, rate: 8000, seed: 3)
        let analyzer = LoudnessAnalyzer(rateHertz: 8000, channelCount: 2, overThreshold: 0.1)
        var meter = SongMeter(analyzer, into: LoudnessSummary(rateHertz: 8000, channelCount: 2))
        for song in [long, short, long, short, short] {
            push(song, into: &meter, pieceFrameCounts: [1000])
            expectEqual(
                meter.finish(), measureSong(song, rate: 8000, overThreshold: 0.1), "\(song[0].count) frames")
        }
        // Given up half-way, with samples that are no numbers.
        var broken = long
        for i in stride(from: 0, to: 60_000, by: 999) { broken[0][i] = .nan }
        push(broken, into: &meter)
        meter.restart()
        push(short, into: &meter)
        expectEqual(meter.finish(), measureSong(short, rate: 8000, overThreshold: 0.1), "after a restart")
    }

    @Test func `Samples that are no numbers are counted once, wherever they lie`() throws {
        var planes = musicLike(seconds: 9.3, rate: 8000)
        // The end of the first window, its lookahead, the next one's history.
        for frame in [0, 30_399, 30_400, 31_999, 32_000, 32_005, 32_011, 32_012, 63_999, 64_000, 64_003, 74_399] {
            planes[frame % 2][frame] = frame % 3 == 0 ? .nan : -.infinity
        }
        planes[0][32_000] = .nan
        planes[1][32_000] = .infinity
        let song = measureSong(planes, rate: 8000, pieceFrameCounts: [777])
        #expect(song.nonFiniteSampleCount == 13)
        let expected = try measure(planes, rate: 8000, segmentFrameCount: 30_011)
        #expect(expected.nonFiniteSampleCount == 13)
        #expect(song.truePeaks == expected.truePeaks)
        #expect(song.momentaryCurve(everyHops: 1) == expected.momentaryCurve(everyHops: 1))
    }

    @Test func `A reader's error reaches the caller, and the meter can start again`() {
        struct Lost: Error {}
        let planes = musicLike(seconds: 5, rate: 8000)
        let analyzer = LoudnessAnalyzer(rateHertz: 8000, channelCount: 2)
        var meter = SongMeter(analyzer, into: LoudnessSummary(rateHertz: 8000, channelCount: 2))
        #expect(throws: Lost.self) {
            try meter.append(frameCount: 40_000) { frames, _ throws(Lost) in
                if frames.end > 33_000 { throw Lost() }
            }
        }
        meter.restart()
        push(planes, into: &meter)
        expectEqual(meter.finish(), measureSong(planes, rate: 8000), "after an error")
    }
}
