import Quantities
import Session
import Testing

@Suite struct TimebaseTests {
    @Test(arguments: [
        (5, 1000, 44_100, 221),  // 220.5 frames: a tie, away from zero
        (15, 1000, 44_100, 662),  // 661.5
        (1, 3, 48_000, 16_000),
        (1, 96_001, 48_000, 0),  // just below half a frame
        (1, 96_000, 48_000, 1),  // exactly half a frame
        (86_400, 1, 192_000, 16_588_800_000),
        (0, 1, 48_000, 0),
    ])
    func `a time rounds to the nearest frame, ties away from zero`(
        _ numerator: Int, _ denominator: Int, _ rate: Int, _ frames: Int
    ) {
        let time = ExactSeconds(Int128(numerator), over: Int128(denominator))
        #expect(time.frames(rateHertz: rate) == frames)
        #expect(
            ExactSeconds(Int128(-numerator), over: Int128(denominator)).frames(rateHertz: rate) == -frames)
    }

    @Test func `a product beyond 128 bits is nil, not a trap`() {
        #expect(ExactSeconds(.max, over: 1).frames(rateHertz: 48_000) == nil)
        #expect(ExactSeconds(1 << 60, over: 1).frames(rateHertz: 48_000) == nil)
    }

    @Test func `a beat is the meter's lower number and the tempo counts quarters`() throws {
        let six = Timebase(
            tempoNumerator: 120, tempoDenominator: 1, meter: Meter(beatsPerBar: 6, beatUnit: 8))
        #expect(try #require(six.duration(beats: 6, over: 1)).seconds == 1.5)
        let four = Timebase(tempoNumerator: 1205, tempoDenominator: 10)
        // 95601.66 frames.
        #expect(try #require(four.duration(beats: 4, over: 1)).frames(rateHertz: 48_000) == 95_602)
        #expect(try #require(four.duration(quarters: 1, over: 2)).seconds == 30.0 / 120.5)
    }

    @Test func `a source's length in song frames rounds up`() {
        let file = SourceFile(
            path: "/a", rateHertz: 44_100, channelCount: 1, frameCount: 44_101, samples: .integer16)
        #expect(file.songFrames(from: 0, songRateHertz: 48_000) == 48_002)  // 48001.09
        #expect(file.songFrames(from: 1, songRateHertz: 48_000) == 48_000)
        #expect(file.songFrames(from: 44_100, songRateHertz: 48_000) == 2)
        #expect(file.songFrames(from: 44_101, songRateHertz: 48_000) == 0)
        #expect(file.songFrames(from: 99_999, songRateHertz: 48_000) == 0)
    }
}
