import Foundation
import LoudnessChecks
import Testing

/// The documents that are JSON: the report, SARIF and Code Quality.
@Suite struct ReporterJSONTests {
    private static func schema(_ name: String) throws -> SchemaCheck {
        let file = ReporterGoldenTests.folder.appendingPathComponent("Schemas/\(name).json")
        return try SchemaCheck(schema: String(contentsOf: file, encoding: .utf8))
    }

    private static var reports: [CheckReport] {
        [FixtureReport.album(), FixtureReport.measured(), FixtureReport.hostile(), FixtureReport.large(30), empty]
    }

    private static var empty: CheckReport {
        CheckReport(
            identity: MeterIdentity(lathe: "1", engine: "1", truePeakOversampling: 4, mono: "dual"), items: [])
    }

    // MARK: The report

    @Test func `the JSON report is valid against its schema`() throws {
        let check = try SchemaCheck(schema: CheckReportSchema.document)
        for report in Self.reports {
            #expect(try check.errors(in: ReportFormat.json.document(report)) == [])
        }
    }

    @Test(arguments: [
        ("\"schemaVersion\": 1,", "\"schemaVersion\": 2,", "const"),
        ("\"status\": \"waived\"", "\"status\": \"x\"", "enum"),
        ("\"line\": 5", "\"line\": 0", "minimum"), ("\"integrated\": -14.04,", "\"integrated\": \"-14.04\",", "type"),
        ("\"rateHertz\": 48000,", "", "lacks rateHertz"),
    ])
    func `a broken document does not pass the schema`(found: String, replacement: String, word: String) throws {
        let document = ReportFormat.json.document(FixtureReport.album())
        #expect(document.contains(found))
        let check = try SchemaCheck(schema: CheckReportSchema.document)
        let errors = try check.errors(in: document.replacingOccurrences(of: found, with: replacement))
        #expect(errors.contains { $0.contains(word) }, "\(errors.prefix(3))")
    }

    @Test func `numbers read back bit for bit, silence and absence are not numbers`() throws {
        var report = FixtureReport.album()
        let exact: [Double] = [
            0.1 + 0.2, -14.000000000000002, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e21,
            123_456_789.123_456_78, -0.0,
        ]
        var found = try #require(report.items.last?.measurement)
        found.curves.second = exact + [-.infinity, .nan]
        found.values[.integrated] = .number(exact[1])
        found.values[.crest] = .number(.nan)
        report.items[report.items.count - 1].outcome = .measured(found)
        let tree = try JSONTree.read(ReportFormat.json.document(report))
        let item = try #require(tree["items"]?[report.items.count - 1])
        #expect(item["curves"]?["second"]?.elements.prefix(exact.count).compactMap(\.number) == exact)
        #expect(item["curves"]?["second"]?.elements.suffix(2) == [.null, .null])
        #expect(item["metrics"]?["integrated"]?.number == exact[1])
        #expect(item["metrics"]?["crest"] == nil && item["unmeasurable"]?["crest"] != nil)
        let jingle = try #require(tree["items"]?[1])
        #expect(jingle["silent"] == .array([.text("truePeak"), .text("samplePeak")]))
        #expect(jingle["metrics"] == .object(["duration": .number(0.25)]))
    }

    @Test func `every text reads back as it was`() throws {
        let report = FixtureReport.hostile()
        let tree = try JSONTree.read(ReportFormat.json.document(report))
        for (index, item) in report.items.enumerated() {
            let title = tree["items"]?[index]?["title"]?.text
            #expect(title.map { Array($0.utf8) } == Array(item.title.utf8))
        }
    }

    // MARK: SARIF

    @Test func `SARIF has what the standard and code scanning demand`() throws {
        let check = try Self.schema("sarif-2.1.0-used")
        for report in Self.reports { #expect(try check.errors(in: ReportFormat.sarif.document(report)) == []) }
        let lame = ReportFormat.sarif.document(FixtureReport.album()).replacingOccurrences(of: "%SRCROOT%", with: "x")
        #expect(try !check.errors(in: lame).isEmpty)
    }

    private func results(_ document: String) throws -> [JSONTree] {
        try JSONTree.read(document)["runs"]?[0]?["results"]?.elements ?? []
    }

    @Test func `each broken rule has a result on a line of text, and each result its rule`() throws {
        let report = FixtureReport.album()
        let tree = try JSONTree.read(ReportFormat.sarif.document(report))
        let run = try #require(tree["runs"]?[0])
        let rules = run["tool"]?["driver"]?["rules"]?.elements.compactMap { $0["id"]?.text } ?? []
        let results = run["results"]?.elements ?? []
        #expect(results.count == report.findings.count { $0.status != .passed })
        #expect(Set(rules).count == rules.count)
        for result in results {
            #expect(rules[Int(result["ruleIndex"]?.number ?? -1)] == result["ruleId"]?.text)
            let uri = result["locations"]?[0]?["physicalLocation"]?["artifactLocation"]?["uri"]?.text ?? ""
            #expect(["album.yaml", "loudness.lock", "loudness.yaml"].contains(uri), "\(uri) is no text of the release")
        }
        let waived = results.filter { $0["suppressions"] != nil }
        #expect(waived.count == 1 && waived[0]["level"]?.text == "note")
        let why = waived[0]["suppressions"]?[0]?["justification"]?.text
        #expect(why == "the single stays as loud as it was released, until 2027-03-01")
    }

    @Test func `a fingerprint stays when value, line and neighbours change`() throws {
        let report = FixtureReport.album()
        var changed = report
        changed.findings.removeFirst()
        for index in changed.findings.indices {
            changed.findings[index].value = 1
            changed.findings[index].message = "changed"
            changed.findings[index].anchor?.line += 10
        }
        let prints = { (report: CheckReport) in
            try results(ReportFormat.sarif.document(report)).map { $0["partialFingerprints"] }
        }
        #expect(try prints(changed) == Array(prints(report).dropFirst()))
        #expect(try Set(prints(report)).count == prints(report).count)
    }

    @Test func `above the limits the gravest results stay and one says what is missing`() throws {
        let document = SARIFReport.document(FixtureReport.large(6_000))
        // Decoding this much takes longer than writing it: its lines tell.
        let lines = document.utf8.split(separator: UInt8(ascii: "\n")).map { String(Substring($0)) }
        let rules = lines.filter { $0.hasPrefix("          \"ruleId\": ") }
        #expect(rules.count == 5_000 && document.utf8.count < 10_000_000)
        #expect(rules.last?.hasSuffix("\"lathe/roll-up\",") == true)
        #expect(document.contains("401 more findings left out here"))
        let levels = lines.filter { $0.hasPrefix("          \"level\": ") }
        #expect(levels.count == 5_000 && levels.prefix(1_800).allSatisfy { $0.contains("\"error\"") })
        let wide = SARIFReport.document(FixtureReport.large(5_000, textLength: 9_000))
        #expect(wide.utf8.count < 10_000_000 && wide.utf8.count > 5_000_000)
        #expect(wide.contains("\"lathe/roll-up\""))
    }

    // MARK: Code Quality

    @Test func `Code Quality has what GitLab demands, and no two issues are one`() throws {
        let check = try Self.schema("gitlab-code-quality")
        var twice = FixtureReport.album()
        // Two stretches of drift in one song.
        twice.findings += twice.findings.filter { $0.rule == "baseline/integrated" }
        for report in Self.reports + [twice] {
            let document = ReportFormat.gitlab.document(report)
            #expect(try check.errors(in: document) == [])
            let issues = try JSONTree.read(document).elements
            #expect(issues.count == report.findings.count { $0.status == .failed })
            #expect(Set(issues.map { $0["fingerprint"] }).count == issues.count)
        }
        let cut = ReportFormat.gitlab.document(FixtureReport.large(6_000))
        #expect(cut.components(separatedBy: "\"check_name\"").count == 5_001)
        #expect(cut.contains("\"description\": \"401 more findings left out"))
    }
}
