import Session
import SessionFiles
import Testing

/// `--range A..B`.
@Suite struct ListeningRangeTests {
    @Test(arguments: [
        ("1:02..1:30", 62.0, 90.0, "1.02-1.30"), ("62 s..90.25 s", 62.0, 90.25, "1.02-1.30.25"),
        (" 0:00 .. 0:00.5", 0.0, 0.5, "0.00-0.00.5"), ("1:00:05..1:02:03.125", 3605, 3723.125, "1.00.05-1.02.03.125"),
        ("3|1..4|2.5", 4.0, 6.75, "bar 3.1-4.2.5"),
    ])
    func `a range is two times, and names its file`(text: String, start: Double, end: Double, name: String) throws {
        let range = try ListeningRange(text)
        #expect(range.fileText == name)
        let timebase = Timebase(tempoNumerator: 120, tempoDenominator: 1)
        let frames = try range.frames(rateHertz: 48_000, timebase: timebase)
        #expect(frames == Int(start * 48_000)..<Int(end * 48_000))
    }

    @Test(arguments: [
        "", "1:02", "1:02...1:30..2:00", "1:30..1:02", "1:02..1:02", "1..2", "-1 s..2 s", "a..b", "1|1..1:30",
        "2|1..1|4", "0|1..1|1", "1 bar..2 bars", "480 samples..960 samples", "1:02-1:30",
    ])
    func `what is no range says how one is written`(text: String) {
        #expect(throws: ListeningRange.Malformed.self) { try ListeningRange(text) }
    }

    @Test func `musical times need a tempo and the beats of the song's meter`() throws {
        let range = try ListeningRange("1|1..2|4")
        #expect(throws: ListeningRange.Malformed.self) { try range.frames(rateHertz: 48_000, timebase: nil) }
        let waltz = Timebase(
            tempoNumerator: 60, tempoDenominator: 1, meter: Meter(beatsPerBar: 3, beatUnit: 4))
        #expect(throws: ListeningRange.Malformed.self) { try range.frames(rateHertz: 48_000, timebase: waltz) }
        let common = Timebase(tempoNumerator: 60, tempoDenominator: 1)
        #expect(try range.frames(rateHertz: 10, timebase: common) == 0..<70)
    }
}
