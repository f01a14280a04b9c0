import Foundation
import LoudnessChecks
import Testing

@Suite struct `Charts of a page` {
    /// The points of the curve of a kind, in the units of the picture.
    private func points(_ kind: String, in document: String) throws -> [[Double]] {
        let tree = try PageTree(document)
        let curve = tree.elements.first { $0.name == "polyline" && $0.attributes["class"] == kind }
        return try #require(curve?.attributes["points"]).split(separator: " ").map { point in
            point.split(separator: ",").compactMap { Double($0) }
        }
    }

    private func page(_ measurement: LoudnessChecks.Measurement, _ findings: [Finding] = []) -> String {
        var report = CheckReport(
            identity: MeterIdentity(lathe: "1", engine: "1", truePeakOversampling: 4, mono: "as-is"),
            items: [CheckedItem(id: "a.wav", title: "a", scope: .song, outcome: .measured(measurement))])
        report.findings = findings
        return CheckPage(report).html
    }

    @Test func `put a value at the middle of its window and at its level`() throws {
        var found = PageFixture.measurement(
            momentary: [-12, -24, -.infinity] + Array(repeating: -18, count: 94), shortTerm: [-18, -9, .nan])
        found.values[.integrated] = .number(-18)
        let html = page(found)
        // 10 s are 1000 wide; the scale goes from -6 LUFS to -42 LUFS over 200.
        #expect(try points("momentary", in: html).prefix(3) == [[20, 33.3], [30, 100], [40, 200]])
        #expect(try points("short", in: html) == [[150, 66.7], [160, 16.7], [170, 200]])
        #expect(html.contains("<line class=\"integrated\" x1=\"0\" y1=\"66.7\" x2=\"1000\" y2=\"66.7\"/>"))
    }

    @Test func `keep the greatest and the least value of a long curve`() throws {
        var values = Array(repeating: -20.0, count: 36_000)
        values[12_345] = -7
        values[23_456] = -40
        var found = PageFixture.measurement(momentary: values)
        found.form.frameCount = 48_000 * 3600
        found.values[.integrated] = .number(-20)
        let points = try points("momentary", in: page(found))
        #expect(points.count <= 800)
        // From -6 to -42.
        #expect(points.map { $0[1] }.min() == 5.6 && points.map { $0[1] }.max() == 188.9)
        let top = try #require(points.first { $0[1] == 5.6 })
        #expect((top[0] - 1000 * 1234.7 / 3600).magnitude < 0.06)
        #expect(zip(points, points.dropFirst()).allSatisfy { $0[0] <= $1[0] })
    }

    private func finding(
        _ demand: String, value: Double, limit: Double, status: Finding.Status = .failed, rule: String = "policy/i"
    ) -> Finding {
        Finding(
            rule: rule, demand: demand, subject: "a.wav", subjectTitle: "a", scope: .song, status: status,
            severity: .error, message: "m", value: value, limit: limit, metric: .integrated)
    }

    @Test func `show the band that a rule allows`() throws {
        var found = PageFixture.measurement(momentary: Array(repeating: -13, count: 97))
        found.values[.integrated] = .number(-13)
        // The scale goes from -12 LUFS to -48 LUFS over 200.
        for (demand, limit, y, height, text) in [
            ("integrated loudness -14.0 LUFS within 1.0 LU", -13.0, "5.6", "11.1", "−15.0 to −13.0"),
            ("integrated loudness from -16.0 LUFS to -12.5 LUFS", -12.5, "2.8", "19.4", "−16.0 to −12.5"),
        ] {
            let html = page(found, [finding(demand, value: -13, limit: limit, status: .passed)])
            let rect = try #require(try PageTree(html).elements.first { $0.attributes["class"] == "band" })
            #expect(rect.attributes["y"] == y && rect.attributes["height"] == height)
            #expect(html.contains("allowed \(text)\u{A0}LUFS"))
        }
    }

    @Test(arguments: [
        (-9.0, -13.0, Finding.Status.failed, "at most −13.0"), (-20, -16, .failed, "at least −16.0"),
        (-14, -13, .passed, "at most −13.0"), (-14, -16, .passed, "at least −16.0"),
    ])
    func `show the one bound that a finding tells`(
        value: Double, limit: Double, status: Finding.Status, text: String
    ) {
        var found = PageFixture.measurement(momentary: Array(repeating: value, count: 97))
        found.values[.integrated] = .number(value)
        // A demand that does not agree with the bound is not believed.
        let html = page(
            found, [finding("loudness -99.0 LUFS within 1.0 LU", value: value, limit: limit, status: status)])
        #expect(html.contains("allowed \(text)\u{A0}LUFS") && html.contains("<line class=\"target\""))
    }

    @Test func `take no drift for a target`() {
        var found = PageFixture.measurement(momentary: Array(repeating: -14, count: 97))
        found.values[.integrated] = .number(-14)
        let html = page(found, [finding("stays", value: 0.9, limit: 0.5, rule: "baseline/integrated")])
        #expect(!html.contains("class=\"target\"") && !html.contains("class=\"band\"") && !html.contains("allowed"))
    }

    @Test func `gather overs that lie on one another, and tell of all`() throws {
        var found = PageFixture.measurement(momentary: Array(repeating: -14, count: 97))
        found.overs = (0..<1000).map {
            SoundEvent(frame: $0, timeSeconds: Double($0) / 100, channel: $0 == 7 ? "R" : "L", value: $0 == 7 ? 2 : 1)
        }
        let marks = try PageTree(page(found)).elements.filter { $0.attributes["class"] == "over-mark" }
        #expect(marks.count == 120)
        #expect(
            marks[0].attributes["title"]
                == "9 true-peak overs from 0:00.0 to 0:00.1, the highest in R: 2.0\u{A0}dBTP")
    }

    @Test func `draw octaves as bars and the mean of the group as a line`() throws {
        var report = CheckReport(
            identity: MeterIdentity(lathe: "1", engine: "1", truePeakOversampling: 4, mono: "as-is"), items: [])
        for (name, level) in [("a", -20.0), ("b", -32.0)] {
            var found = PageFixture.measurement()
            found.octaveLevels = Array(repeating: level, count: 10)
            report.items.append(
                CheckedItem(id: name, title: name, scope: .song, group: "g", outcome: .measured(found)))
        }
        report.groups = [CheckedGroup(id: "g", title: "g", itemIDs: ["a", "b"])]
        let html = CheckPage(report).html
        let bars = try PageTree(html).elements.filter { $0.attributes["class"] == "bar" }
        #expect(bars.count == 20)
        // From -18 dBFS to -66 dBFS over 110.
        #expect(bars.first?.attributes["y"] == "4.6" && bars.last?.attributes["y"] == "32.1")
        #expect(bars[1].attributes["x"] == "112.0" && bars[1].attributes["width"] == "76.0")
        #expect(try points("mean", in: html).first == [50, 18.3])
        report.groups = []
        #expect(!CheckPage(report).html.contains("class=\"mean\""))
    }
}

@Suite struct `A plot of one file` {
    @Test func `is valid XML with its title escaped, whatever the figures`() throws {
        for item in FixtureReport.hostile().items + FixtureReport.album().items + PageFixture.odd().items {
            guard let found = item.measurement else { continue }
            let svg = LoudnessPlot(found, title: item.title).svg
            let tree = try PageTree(svg)
            #expect(tree.elements.first?.name == "svg")
            #expect(!tree.elements.contains { $0.name == "script" })
            #expect(svg == LoudnessPlot(found, title: item.title).svg)
            #expect(svg.utf8.count < 200_000)
        }
    }

    @Test func `has curves, the integrated line, overs and a legend of what it shows`() throws {
        let found = try #require(FixtureReport.measured().items.first?.measurement)
        let tree = try PageTree(LoudnessPlot(found, title: "Salt").svg)
        #expect(
            tree.elements.filter { $0.name == "polyline" }.map { $0.attributes["class"] } == ["momentary", "short"])
        // Twelve overs and the key of the legend.
        #expect(tree.elements.count { $0.name == "path" && $0.attributes["class"] == "over" } == 13)
        let texts = try PageTree(LoudnessPlot(found, title: "Salt").svg)
        #expect(texts.elements.contains { $0.attributes["class"] == "back" })
        #expect(LoudnessPlot(found, title: "Salt").svg.contains("true-peak overs: 12"))
        #expect(LoudnessPlot(found, title: "Salt").svg.contains("integrated −9.3\u{A0}LUFS"))
    }

    @Test func `puts known values at known places`() throws {
        var found = PageFixture.measurement(momentary: [-12] + Array(repeating: -24, count: 96))
        found.values[.integrated] = .number(-24)
        let tree = try PageTree(LoudnessPlot(found, title: "x").svg)
        let curve = try #require(tree.elements.first { $0.attributes["class"] == "momentary" }?.attributes["points"])
        // 0.2 s of 10 s over 1104 from 64 on; 0 to 370 from 96 on for -6 to -42 LUFS.
        #expect(curve.hasPrefix("86.1,157.7 97.1,281.0 "))
    }

    @Test func `says that a file is too short for curves`() {
        let svg = LoudnessPlot(PageFixture.measurement(), title: "x").svg
        #expect(svg.contains("too short for curves"))
        #expect(!svg.contains("polyline"))
    }
}

@Suite struct `A page of what the judge found` {
    private func judged() -> CheckReport {
        var report = FixtureReport.album()
        report.findings = []
        report.advice = []
        var policy = Policy(path: "policy.yaml", name: "house")
        policy.rules = [
            Rule(source: "policy", id: "i", scope: .song, .limit(MetricLimit(.integrated, .target(-14, tolerance: 1)))),
            Rule(source: "policy", id: "tp", scope: .song, .limit(MetricLimit(.truePeak, .atMost(-1)))),
            Rule(source: "policy", id: "s", scope: .stem, .limit(MetricLimit(.integrated, .within(-30, -12.25)))),
        ]
        let day = CalendarDay("2026-11-21")
        return Judge(policy: policy, profiles: Profile.all, today: day!).judge(report)
    }

    @Test func `has the band and the ceiling of its rules, whichever end decided`() throws {
        let html = CheckPage(judged()).html
        let tree = try PageTree(html)
        let keys = tree.texts(inside: "key band-key")
        #expect(
            keys == [
                "allowed −15.0 to −13.0\u{A0}LUFS", "allowed −15.0 to −13.0\u{A0}LUFS",
                "allowed −15.0 to −13.0\u{A0}LUFS", "allowed −30.0 to −12.3\u{A0}LUFS",
                "allowed −30.0 to −12.3\u{A0}LUFS",
            ])
        #expect(tree.elements.count { $0.attributes["class"] == "band" } == 5)
        // Of all that is demanded the lowest, which is A/85's.
        #expect(tree.texts(inside: "key ceiling-key").contains("ceiling −2.0\u{A0}dBTP"))
    }

    @Test func `says how to mend what is broken, and where it is`() throws {
        let tree = try PageTree(CheckPage(judged()).html)
        #expect(tree.texts(inside: "mend").contains("Turn it down 4.7 dB"))
        #expect(tree.texts(inside: "mend").contains("Turn it down, or lower the limiter's ceiling"))
        #expect(tree.elements.contains { $0.attributes["class"] == "stretch bad" })
    }

    @Test func `has a column for each service that changes a level, and words for the others`() throws {
        let report = judged()
        let tree = try PageTree(CheckPage(report).html)
        let words = tree.texts(inside: "advice")
        for advice in report.advice where advice.gain != 0 { #expect(words.contains(advice.platform)) }
        #expect(words.contains("Spotify") && !words.contains("Bandcamp"))
    }
}
