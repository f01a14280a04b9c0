import LoudnessChecks
import Testing

@Suite struct BaselineTests {
    private func accept(
        _ report: CheckReport, after previous: LoudnessLock? = nil, by: String = "Ben", reason: String = "why",
        isPartial: Bool = false
    ) throws -> LoudnessLock {
        try LoudnessLock.accepting(
            report, previous: previous, by: by, reason: reason, date: "2026-11-22", isPartial: isPartial)
    }

    private func refusal(
        _ report: CheckReport, after previous: LoudnessLock? = nil, by: String = "Ben", isPartial: Bool = false
    )
        -> String
    {
        do {
            _ = try accept(report, after: previous, by: by, isPartial: isPartial)
            return ""
        } catch { return "\(error)" }
    }

    @Test func `accepting records who, why and when`() throws {
        let lock = try accept(Checks.report([Take("1.wav")]))
        #expect(lock.acceptance == .init(by: "Ben", reason: "why", date: "2026-11-22"))
        #expect(lock.summary(since: nil) == "a new baseline of 1 file\n")
    }

    @Test func `accepting what is already accepted changes nothing`() throws {
        let report = Checks.report([Take("1.wav"), Take("2.wav", seed: 2)])
        let previous = try Checks.lock(report)
        let lock = try accept(report, after: previous)
        #expect(lock.text == previous.text)
        #expect(lock.summary(since: previous) == "nothing changed\n")
    }

    @Test func `the summary has one line for each thing that changed`() throws {
        let takes = (1...5).map { Take("0\($0).wav", seed: UInt64($0)) }
        var after = takes
        after[0].raise(102..<130, by: 0.9, tilt: 1.4)
        after[0].values[.integrated] = -14.0
        after[1].id = "06.wav"
        after[2] = Take("07.wav", seed: 70)
        after[3].hash = Take.hash(4_000)
        let previous = try Checks.lock(Checks.report(takes))
        let lock = try accept(Checks.report(after, album: -13.9), after: previous)
        #expect(
            lock.summary(since: previous) == """
                01.wav: integrated -14.2 to -14.0 LUFS, 0.9 LU louder from 1:42 to 2:10, brightness +1.4 dB
                04.wav: other samples, the same figures
                02.wav is now 06.wav
                07.wav: new, -14.2 LUFS
                03.wav: removed
                album.yaml: integrated -14.0 to -13.9 LUFS
                1 unchanged

                """)
    }

    @Test func `the summary names another meter, cuts and new figures`() throws {
        let take = Take("01.wav")
        var after = take
        after.insert(4, at: 80)
        after.values[.width] = -3
        let previous = try Checks.lock(Checks.report([take]))
        let identity = MeterIdentity(lathe: "0.5.0", engine: "4", truePeakOversampling: 4, mono: "as-is")
        let lock = try accept(Checks.report([after], identity: identity), after: previous)
        #expect(
            lock.summary(since: previous) == """
                measured by another meter: Lathe 0.4.0 to 0.5.0, meter 3 to 4
                01.wav: width not measured to -3.0 dB, 4 s inserted at 1:20

                """)
    }

    @Test func `what has no figures cannot be accepted`() throws {
        var report = Checks.report([Take("1.wav"), Take("2.wav")])
        report.items[1].outcome = .failed("no sound file")
        #expect(refusal(report).contains("2.wav has no figures: no sound file"))
        report = Checks.report([Take("1.wav")])
        report.groups[0].failure = "rates differ"
        #expect(refusal(report).contains("rates differ"))
        #expect(refusal(Checks.report([])).contains("no file was measured"))
        #expect(refusal(Checks.report([Take("1.wav")]), by: " ").contains("--reason"))
    }

    @Test func `accepting a part leaves the rest as it was`() throws {
        let takes = [Take("1.wav", seed: 1), Take("2.wav", seed: 2), Take("3.wav", seed: 3)]
        let previous = try Checks.lock(Checks.report(takes))
        var changed = takes[1]
        changed.raise(10..<90, by: 1)
        let lock = try accept(Checks.report([changed], album: -9), after: previous, isPartial: true)
        #expect(lock.items.map(\.id) == ["1.wav", "2.wav", "3.wav"])
        #expect(lock.item("1.wav") == previous.item("1.wav") && lock.item("2.wav") != previous.item("2.wav"))
        #expect(lock.groups == previous.groups)
        let other = MeterIdentity(lathe: "0.4.0", engine: "4", truePeakOversampling: 4, mono: "as-is")
        #expect(
            refusal(Checks.report([changed], identity: other), after: previous, isPartial: true)
                .contains("accept all files at once"))
    }

    @Test func `after accepting, the check passes in every mode`() throws {
        var takes = (1...4).map { Take("0\($0).wav", seed: UInt64($0)) }
        let previous = try Checks.lock(Checks.report(takes))
        takes[0].raise(20..<60, by: 3)
        takes[1].remove(30..<40)
        takes[2].id = "9.wav"
        let report = Checks.report(takes, album: -13)
        let lock = try LoudnessLock.parse(try accept(report, after: previous).text, file: Checks.path)
        for mode in DriftMode.allCases {
            #expect(Checks.failures(Drift.compare(lock, lockPath: Checks.path, with: report, mode: mode)) == [])
        }
    }
}
