import LoudnessChecks
import Testing

@Suite struct JudgeMessageTests {
    @Test(
        arguments: [
            (.truePeak, -1.4, .atMost(-1), "true peak -1.4 dBTP, allowed -1.0 dBTP: 0.4 dB to spare"),
            (
                .truePeak, -0.4, .atMost(-1),
                "true peak -0.4 dBTP, allowed -1.0 dBTP: 0.6 dB over in L; turn it down, or lower the limiter's ceiling"
            ),
            (
                .truePeak, -0.96, .atMost(-1),
                "true peak -0.96 dBTP, allowed -1.00 dBTP: 0.04 dB over in L; turn it down, or lower the limiter's "
                    + "ceiling"
            ),
            (
                .truePeak, -0.99999999, .atMost(-1),
                "true peak -0.99999999 dBTP, allowed -1.00000000 dBTP: 0.00000001 dB over in L; "
                    + "turn it down, or lower the limiter's ceiling"
            ),
            (
                .integrated, -13.5, .target(-14, tolerance: 0.2),
                "integrated loudness -13.5 LUFS, target -14.0 LUFS within 0.2 LU: 0.3 LU above what is allowed; "
                    + "turn it down 0.5 dB"
            ),
            (
                .integrated, -14.21, .target(-14, tolerance: 0.2),
                "integrated loudness -14.21 LUFS, target -14.00 LUFS within 0.2 LU: 0.01 LU below what is allowed; "
                    + "turn it up 0.21 dB"
            ),
            (
                .integrated, -14.1, .target(-14, tolerance: 0.25),
                "integrated loudness -14.1 LUFS, target -14.0 LUFS within 0.25 LU: 0.1 LU off"
            ),
            (
                .tailSilence, 0.3, .within(0.5, 5),
                "silence at the tail 0.3 s, allowed 0.5 s to 5.0 s: 0.2 s short; leave more silence behind it"
            ),
            (
                .tailSilence, 7, .within(0.5, 5),
                "silence at the tail 7.0 s, allowed 0.5 s to 5.0 s: 2.0 s over; cut the end"
            ),
            (.tailSilence, 1, .within(0.5, 5), "silence at the tail 1.0 s, allowed 0.5 s to 5.0 s: 0.5 s to spare"),
            (
                .duration, 75.04, .atMost(75),
                "duration 75.04 s (1:15.0), allowed 75.00 s (1:15.0): 0.04 s over; cut it"
            ),
            (.peakToLoudness, 7, .atLeast(8), "PLR 7.0 dB, at least 8.0 dB: 1.0 dB short"),
            (
                .clipRuns, 3, .atMost(0),
                "clipped runs 3, allowed 0: 3 over; lower the level ahead of the export"
            ),
            (
                .lowCorrelation, -0.125, .atLeast(0),
                "correlation below 250 Hz -0.13, at least 0.00: 0.13 short; check polarity and width"
            ),
            (.truePeak, -Double.infinity, .atMost(-1), "true peak -inf dBTP, allowed -1.0 dBTP: silence"),
            (
                .integrated, -Double.infinity, .target(-14, tolerance: 0.2),
                "integrated loudness -inf LUFS, target -14.0 LUFS within 0.2 LU: silence; check that the right file "
                    + "was exported"
            ),
            (.integrated, Double.nan, .atMost(-14), "integrated loudness is not a number; render the file again"),
        ] as [(Metric, Double, MetricLimit.Bounds, String)])
    func `a message has value, limit, margin and what to do`(
        _ metric: Metric, _ value: Double, _ bounds: MetricLimit.Bounds, _ message: String
    ) throws {
        #expect(try JudgeBench.finding(metric, value, bounds).message == message)
    }

    @Test func `a value one step of binary beyond the limit shows all its digits`() throws {
        let finding = try JudgeBench.finding(.truePeak, (-1.0).nextUp, .atMost(-1))
        #expect(finding.status == .failed)
        #expect(finding.message.hasPrefix("true peak -0.9999999999999999 dBTP, allowed -1.000000000 dBTP"))
    }

    @Test func `the first over above the limit is the place`() throws {
        let measurement = JudgeBench.measurement([(.truePeak, -0.4)]) {
            $0.overs = [
                SoundEvent(frame: 1, timeSeconds: 3, channel: "R", value: -1.2),
                SoundEvent(frame: 2, timeSeconds: 102.3, channel: "L", value: -0.9),
                SoundEvent(frame: 3, timeSeconds: 150, channel: "R", value: -0.4),
            ]
        }
        let report = JudgeBench.judge(
            JudgeBench.report(JudgeBench.item(measurement)), JudgeBench.policy(JudgeBench.rule(.truePeak, .atMost(-1))))
        let finding = try #require(report.findings.first)
        #expect(finding.message.hasPrefix("true peak -0.4 dBTP, allowed -1.0 dBTP: 0.6 dB over at 1:42.3 in L"))
        #expect(finding.startSeconds == 102.3)
    }

    @Test func `an album's peak names the song`() throws {
        let report = JudgeBench.report(
            JudgeBench.item("01.wav"), JudgeBench.item("02.wav", JudgeBench.measurement([(.truePeak, 0.2)])),
            groups: [JudgeBench.group(["01.wav", "02.wav"], [(.truePeak, 0.2)])])
        let judged = JudgeBench.judge(
            report, JudgeBench.policy(JudgeBench.rule(.truePeak, .atMost(-1), scope: .album)))
        #expect(judged.findings.first?.message.contains("1.2 dB over in 02.wav") == true)
    }

    @Test func `value, bound and margin are unrounded`() throws {
        let finding = try JudgeBench.finding(.truePeak, -0.4321, .atMost(-1))
        #expect(finding.value == -0.4321)
        #expect(finding.limit == -1)
        #expect(finding.margin == -1 + 0.4321)
        #expect(finding.demand == "true peak at most -1.0 dBTP")
        let below = try JudgeBench.finding(.integrated, -15, .target(-14, tolerance: 0.25))
        #expect(below.limit == -14.25)
        #expect(below.margin == -0.75)
    }
}

@Suite struct JudgeEdgeTests {
    /// -13.8 is 2e-16 farther from -14 than 0.2 is.
    @Test(arguments: [-13.8, -14.2, -14.0, -13.9])
    func `a target passes at the ends of its tolerance`(_ value: Double) throws {
        let finding = try JudgeBench.finding(.integrated, value, .target(-14, tolerance: 0.2))
        #expect(finding.status == .passed)
        #expect(try #require(finding.margin) >= 0)
    }

    @Test(arguments: [-13.7999, -14.2001, -13.0, -Double.infinity, Double.infinity])
    func `a target fails beyond its tolerance`(_ value: Double) throws {
        #expect(try JudgeBench.finding(.integrated, value, .target(-14, tolerance: 0.2)).status == .failed)
    }

    @Test func `limits pass at equality and fail one step beyond`() throws {
        #expect(try JudgeBench.finding(.truePeak, -1, .atMost(-1)).status == .passed)
        #expect(try JudgeBench.finding(.truePeak, (-1.0).nextUp, .atMost(-1)).status == .failed)
        #expect(try JudgeBench.finding(.range, 3, .atLeast(3)).status == .passed)
        #expect(try JudgeBench.finding(.range, 3.0.nextDown, .atLeast(3)).status == .failed)
        #expect(try JudgeBench.finding(.range, 3, .within(3, 5)).status == .passed)
        #expect(try JudgeBench.finding(.range, 5, .within(3, 5)).status == .passed)
        #expect(try JudgeBench.finding(.range, 5.0.nextUp, .within(3, 5)).status == .failed)
    }

    @Test func `silence passes a ceiling and fails a floor`() throws {
        let quiet = try JudgeBench.finding(.truePeak, -.infinity, .atMost(-1))
        #expect(quiet.status == .passed)
        #expect(quiet.margin == .infinity)
        #expect(try JudgeBench.finding(.integrated, -.infinity, .atLeast(-20)).status == .failed)
    }

    @Test func `what is not measured or cannot be fails and says why`() throws {
        let bare = JudgeBench.measurement { measurement in
            measurement.values[.integrated] = .unmeasurable("shorter than 400 ms")
            measurement.values[.range] = nil
        }
        let judged = JudgeBench.judge(
            JudgeBench.report(JudgeBench.item(bare)),
            JudgeBench.policy(
                JudgeBench.rule(.integrated, .atMost(-10), id: "a"), JudgeBench.rule(.range, .atMost(9), id: "b")))
        #expect(judged.findings.map(\.status) == [.failed, .failed])
        #expect(
            judged.findings.map(\.message) == [
                "integrated loudness cannot be measured: shorter than 400 ms; a rule with `files:` can leave this out",
                "loudness range was not measured; what a rule demands must be measured",
            ])
        #expect(!judged.passes)
        #expect(judged.findings[0].value == nil)
    }
}

@Suite struct JudgeSubjectTests {
    private func rules(_ report: CheckReport) -> [String] { report.findings.map { "\($0.subject) \($0.rule)" } }

    @Test func `findings are in the order of subjects, then rules`() {
        let policy = JudgeBench.policy(
            JudgeBench.rule(.integrated, .atMost(0), id: "z", scope: .album),
            JudgeBench.rule(.truePeak, .atMost(0), id: "b"),
            JudgeBench.rule(.range, .atMost(30), id: "a", scope: .file),
            JudgeBench.rule(.crest, .atMost(30), id: "s", scope: .stem))
        let report = JudgeBench.report(
            JudgeBench.item("b.wav"), JudgeBench.item("a.wav", scope: .file), JudgeBench.item("s.wav", scope: .stem),
            groups: [JudgeBench.group(["b.wav", "a.wav"])])
        #expect(
            rules(JudgeBench.judge(report, policy)) == [
                "b.wav policy/b", "b.wav policy/a", "a.wav policy/b", "a.wav policy/a", "s.wav policy/a",
                "s.wav policy/s",
                ". policy/z",
            ])
    }

    @Test func `an unreadable file fails once, whatever the rules`() throws {
        let lost = CheckedItem(
            id: "x.wav", title: "x", scope: .song, outcome: .failed("the header ends early. copy it again."))
        let judged = JudgeBench.judge(
            JudgeBench.report(lost, groups: [JudgeBench.group(["x.wav"], [(.integrated, -14)])]),
            JudgeBench.policy(
                JudgeBench.rule(.truePeak, .atMost(-1)),
                JudgeBench.rule(.integrated, .atMost(0), id: "i", scope: .album)))
        #expect(rules(judged) == ["x.wav lathe/unreadable", ". policy/i"])
        #expect(judged.findings[0].message == "the header ends early. copy it again")
        // The album's figure is one without that song.
        #expect(judged.findings[1].status == .failed)
        #expect(judged.findings[1].message == "integrated loudness cannot be measured: x.wav could not be measured")
    }

    @Test func `samples that are no numbers fail without any rule, and so does not looking`() {
        for (value, message) in [
            (MetricValue.number(3), "3 samples are no numbers; render it again"),
            (.number(1), "1 sample is no number; render it again"), (nil, "the samples were not looked at"),
        ] as [(MetricValue?, String)] {
            let item = JudgeBench.item(JudgeBench.measurement { $0.values[.nonFiniteSamples] = value })
            let judged = JudgeBench.judge(
                JudgeBench.report(item), JudgeBench.policy(waivers: [Waiver(rule: "lathe/not-a-number", reason: "no")]))
            #expect(judged.findings.first?.rule == "lathe/not-a-number")
            #expect(judged.findings.first?.message == message)
            #expect(!judged.passes)
        }
    }

    @Test func `a rule that finds nothing fails unless it is optional`() {
        var rule = JudgeBench.rule(.crest, .atMost(30), id: "stems", scope: .stem, severity: .note, line: 7)
        let report = JudgeBench.report(JudgeBench.item())
        let judged = JudgeBench.judge(report, JudgeBench.policy(rule))
        #expect(rules(judged) == ["policy/stems lathe/nothing-to-check"])
        #expect(judged.findings.first?.anchor == SourceAnchor(file: "policy.yaml", line: 7))
        #expect(!judged.passes)
        rule.isOptional = true
        #expect(JudgeBench.judge(report, JudgeBench.policy(rule)).passes)
    }

    @Test func `a rule whose patterns match nothing fails`() throws {
        var rule = JudgeBench.rule(.truePeak, .atMost(0))
        rule.files = [try Glob("flac/*.flac")]
        #expect(
            rules(JudgeBench.judge(JudgeBench.report(JudgeBench.item()), JudgeBench.policy(rule))) == [
                "policy/r lathe/nothing-to-check"
            ])
        rule.files.append(try Glob("01*"))
        #expect(
            rules(JudgeBench.judge(JudgeBench.report(JudgeBench.item()), JudgeBench.policy(rule))) == [
                "01 Ferry.wav policy/r"
            ])
    }

    @Test func `a check without files or with a profile that matches none fails`() throws {
        let none = Judge(policy: nil, today: JudgeBench.today).judge(JudgeBench.report())
        #expect(rules(none) == [". lathe/nothing-to-check"])
        let stems = Judge(policy: nil, profiles: [try #require(Profile.named("spotify"))], today: JudgeBench.today)
            .judge(JudgeBench.report(JudgeBench.item("s.wav", scope: .stem)))
        #expect(rules(stems) == ["spotify lathe/nothing-to-check"])
    }

    @Test func `stems against the mix is asked of sets of stems, and other metrics of albums are not`() {
        let report = JudgeBench.report(
            JudgeBench.item("a.wav"), JudgeBench.item("s.wav", scope: .stem),
            groups: [
                JudgeBench.group(["a.wav"], [(.integrated, -14)]),
                {
                    var group = CheckedGroup(id: "stems", title: "Stems", itemIDs: ["s.wav"])
                    group.values[.stemsNull] = .number(-60)
                    return group
                }(),
            ])
        let judged = JudgeBench.judge(
            report,
            JudgeBench.policy(
                JudgeBench.rule(.stemsNull, .atMost(-90), id: "null", scope: .stem),
                JudgeBench.rule(.integrated, .atMost(-10), id: "i", scope: .album)))
        #expect(rules(judged) == [". policy/i", "stems policy/null"])
        #expect(
            judged.findings[1].message
                == "stems against the mix -60.0 dBFS, allowed -90.0 dBFS: 30.0 dB over; export the stems again with "
                + "this mix"
        )
        #expect(judged.findings[1].scope == .stem)
    }

    @Test func `an item's own anchor comes before the rule's`() {
        let anchor = SourceAnchor(file: "album.yaml", line: 9)
        let policy = JudgeBench.policy(JudgeBench.rule(.truePeak, .atMost(-9), line: 4))
        let own = JudgeBench.judge(JudgeBench.report(JudgeBench.item(anchor: anchor)), policy)
        #expect(own.findings.first?.anchor == anchor)
        let other = JudgeBench.judge(JudgeBench.report(JudgeBench.item()), policy)
        #expect(other.findings.first?.anchor == SourceAnchor(file: "policy.yaml", line: 4))
    }

    @Test func `rules that come along and findings of a baseline take part`() throws {
        var report = JudgeBench.report(JudgeBench.item())
        func drift(_ subject: String) -> Finding {
            Finding(
                rule: "baseline/integrated", demand: "as before", subject: subject, subjectTitle: "x", scope: .song,
                status: .failed, severity: .error, message: "1.0 LU louder")
        }
        report.findings = [drift("gone.wav"), drift("01 Ferry.wav")]
        let album = Rule(
            source: "album", id: "true-peak", scope: .song, .limit(MetricLimit(.truePeak, .atMost(-1))))
        let judged = Judge(
            policy: JudgeBench.policy(
                waivers: [Waiver(rule: "baseline/integrated", files: try Glob("01*"), reason: "new mix")]),
            extraRules: [album], today: JudgeBench.today
        ).judge(report)
        #expect(
            rules(judged) == [
                "01 Ferry.wav album/true-peak", "01 Ferry.wav baseline/integrated", "gone.wav baseline/integrated",
            ])
        #expect(judged.findings.map(\.status) == [.passed, .waived, .failed])
    }

    @Test func `what an album file asks for is asked of its own group`() throws {
        var items = [("a/1.wav", -14.05), ("b/1.wav", -11.0)].map { id, loudness in
            JudgeBench.item(id, JudgeBench.measurement([(.integrated, loudness)]))
        }
        for index in items.indices { items[index].group = String(items[index].id.prefix(1)) }
        let rules =
            Rule.release(target: -14, ceiling: -1, isForAlbum: false, group: "a")
            + Rule.release(target: -14, ceiling: -2, isForAlbum: true, group: "b")
        var report = CheckReport(identity: JudgeBench.identity, items: items)
        report.groups = [("a", -9.0), ("b", -13.95)].map { id, loudness in
            var group = CheckedGroup(id: id, title: id, itemIDs: [id + "/1.wav"])
            group.values[.integrated] = .number(loudness)
            return group
        }
        let judged = Judge(policy: nil, extraRules: rules, today: JudgeBench.today).judge(report)
        #expect(
            judged.findings.map { "\($0.subject) \($0.rule) \($0.status)" } == [
                "a/1.wav album/loudness passed", "a/1.wav album/true-peak passed", "b/1.wav album/true-peak failed",
                "b album/loudness passed",
            ])
    }

    @Test func `ten thousand files are judged in one go`() {
        let song = JudgeBench.measurement()
        let ids = (0..<10_000).map { "sounds/\($0).wav" }
        var report = CheckReport(identity: JudgeBench.identity, items: ids.map { JudgeBench.item($0, song) })
        report.groups = [JudgeBench.group(ids, [(.integrated, -14)])]
        let judged = JudgeBench.judge(
            report,
            JudgeBench.policy(
                JudgeBench.rule(.truePeak, .atMost(-1), id: "a"),
                JudgeBench.rule(.integrated, .atMost(-10), id: "b", scope: .album)))
        #expect(judged.findings.count == 10_001)
        #expect(judged.passes)
    }

    @Test func `the same input gives the same report`() {
        let policy = JudgeBench.policy(JudgeBench.rule(.truePeak, .atMost(-9)), profiles: Profile.all.map(\.id))
        let report = JudgeBench.report(
            JudgeBench.item(), groups: [JudgeBench.group(["01 Ferry.wav"], [(.integrated, -14), (.truePeak, -1)])])
        let first = JudgeBench.judge(report, policy)
        for _ in 0..<3 { #expect(JudgeBench.judge(report, policy) == first) }
    }
}

@Suite struct JudgeWaiverTests {
    private func judged(_ waivers: Waiver..., today: String = "2026-11-21", value: Double = 0) throws -> CheckReport {
        JudgeBench.judge(
            JudgeBench.report(JudgeBench.item("m/01 Ferry.wav", JudgeBench.measurement([(.truePeak, value)]))),
            JudgeBench.policy(JudgeBench.rule(.truePeak, .atMost(-1), id: "peak"), waivers: waivers),
            today: try #require(CalendarDay(today)))
    }

    private let end = CalendarDay("2026-12-31")

    @Test func `a waiver helps through its last day`() throws {
        let waiver = Waiver(rule: "peak", files: try Glob("01*.wav"), reason: "approved", until: end)
        for day in ["2026-11-21", "2026-12-31"] {
            let report = try judged(waiver, today: day)
            #expect(report.findings.map(\.status) == [.waived])
            #expect(report.findings[0].waiver == "approved, until 2026-12-31")
            #expect(report.passes)
        }
    }

    @Test func `the day after it helps no more and is a warning`() throws {
        let anchor = SourceAnchor(file: "policy.yaml", line: 12)
        let report = try judged(
            Waiver(rule: "peak", reason: "approved", until: end, anchor: anchor), today: "2027-01-01")
        #expect(report.findings.map(\.rule) == ["policy/peak", "lathe/waiver-expired"])
        #expect(report.findings.map(\.severity) == [.error, .warn])
        #expect(report.findings[0].message.hasSuffix("; its waiver ended on 2026-12-31"))
        #expect(report.findings[1].anchor == anchor)
        #expect(!report.passes)
    }

    @Test func `a newer waiver takes the place of an expired one`() throws {
        let report = try judged(
            Waiver(rule: "peak", reason: "old", until: CalendarDay("2026-01-01")),
            Waiver(rule: "peak", reason: "new", until: end))
        #expect(report.findings.map(\.status) == [.waived, .failed])
        #expect(report.findings[0].waiver == "new, until 2026-12-31")
        #expect(report.passes)
    }

    @Test func `a waiver that excused nothing is a note`() throws {
        for report in [
            try judged(Waiver(rule: "peak", files: try Glob("02*"), reason: "r", until: end)),
            try judged(Waiver(rule: "peak", reason: "r", until: end), value: -2),
        ] {
            #expect(report.findings.last?.rule == "lathe/waiver-unused")
            #expect(report.findings.last?.severity == .note)
        }
        #expect(try judged(Waiver(rule: "peak", reason: "r", until: end), value: -2).passes)
    }

    @Test func `a waiver of a form covers its parts and no rule that only begins so`() {
        let rules = [FormDemand.bits([.integer(16)]), .rates([48_000])].map {
            Rule(source: "policy", id: "form/\($0.key)", scope: .file, .form($0))
        }
        var policy = JudgeBench.policy(waivers: [
            Waiver(rule: "form", reason: "r"), Waiver(rule: "form/ra", reason: "r"),
        ])
        policy.rules = rules
        let report = JudgeBench.judge(JudgeBench.report(JudgeBench.item()), policy)
        #expect(report.findings.map(\.status) == [.waived, .waived, .failed])
        #expect(report.findings[2].rule == "lathe/waiver-unused")
    }
}
