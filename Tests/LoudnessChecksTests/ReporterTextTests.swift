import Foundation
import LoudnessChecks
import Testing

/// The documents that people or line-wise readers get.
@Suite struct ReporterTextTests {
    // MARK: GitHub

    @Test func `annotations are one command a line, the roll-up first, and no more than are shown`() {
        for report in [FixtureReport.album(), FixtureReport.hostile(), FixtureReport.large(300)] {
            let lines = ReportFormat.github.document(report).split(separator: "\n")
            for line in lines {
                #expect(
                    line.range(of: #"^::(error|warning|notice) [^:,=]+=[^:]*::.+$"#, options: .regularExpression) != nil
                )
            }
            #expect(lines.first?.hasPrefix("::error title=Loudness::") == true)
            for level in ["error", "warning", "notice"] {
                #expect(lines.count { $0.hasPrefix("::\(level) ") } <= 10)
            }
        }
        let large = ReportFormat.github.document(FixtureReport.large(300))
        #expect(large.contains("241 of them not shown here, see the job summary"))
    }

    @Test func `a command's text is escaped as the runner reads it`() {
        var report = FixtureReport.album()
        report.findings = report.findings.filter { $0.rule == "policy/true-peak" }
        report.findings[0].message = "100 % of\r\nit\n::stop"
        report.findings[0].anchor?.file = "a,b:c%.yaml"
        let line = ReportFormat.github.document(report).split(separator: "\n")[1]
        #expect(
            line.hasPrefix(
                "::error file=a%2Cb%3Ac%25.yaml,line=6,title=Salt%3A policy/true-peak::100 %25 of  it ::stop"))
    }

    @Test func `a passed report is a notice`() {
        var report = FixtureReport.album()
        report.findings = report.findings.filter { $0.status == .passed }
        report.items = report.items.filter { $0.measurement != nil }
        report.groups = report.groups.filter { $0.failure == nil }
        #expect(
            ReportFormat.github.document(report)
                == "::notice title=Loudness::3 rules kept in 3 songs, 2 stems and 1 file: passed\n")
    }

    @Test func `summary and comment stay below their limits and say what they left out`() {
        let report = FixtureReport.large(10_000, textLength: 60)
        for (document, limit) in [(GitHubSummary.markdown(report), 1 << 20), (MarkdownReport.comment(report), 65_536)] {
            #expect(document.utf8.count < limit)
            #expect(document.utf8.count > limit / 2)
            #expect(document.contains("**Cut here: "))
        }
        #expect(!GitHubSummary.markdown(FixtureReport.album()).contains("Cut here"))
    }

    @Test func `a song's curve is drawn by blocks`() {
        let summary = GitHubSummary.markdown(FixtureReport.album(songSeconds: 8))
        #expect(summary.contains("| ▆▆▇▇█▇▇▆ | ✅ passed |"))
    }

    @Test func `hostile text stays in its cell`() {
        for document in [
            GitHubSummary.markdown(FixtureReport.hostile()), MarkdownReport.comment(FixtureReport.hostile()),
        ] {
            // Code spans show everything as it is.
            let document = document.replacingOccurrences(of: "`[^`\n]*`", with: "", options: .regularExpression)
            #expect(!document.contains("<script") && !document.contains("@everyone") && !document.contains("http://"))
            #expect(!document.contains("[x]("))
            var columns = 0
            for line in document.split(separator: "\n") where line.hasPrefix("| ") {
                let bars = line.split(separator: "|", omittingEmptySubsequences: false).count
                if line.hasPrefix("| Title") || line.hasPrefix("| Platform") { columns = bars }
                #expect(bars == columns, "\(line)")
            }
        }
    }

    // MARK: OpenMetrics

    @Test func `metrics are OpenMetrics: families whole, samples unique, an end`() throws {
        for report in [FixtureReport.album(), FixtureReport.hostile(), FixtureReport.measured()] {
            let document = ReportFormat.metrics.document(report)
            #expect(document.hasSuffix("\n# EOF\n"))
            var family = ""
            var families: [String] = []
            var samples: Set<String> = []
            for line in document.split(separator: "\n", omittingEmptySubsequences: false).dropLast(2) {
                let words = line.split(separator: " ")
                if line.hasPrefix("# TYPE ") {
                    family = String(words[2])
                    families.append(family)
                    #expect(words[3] == "gauge")
                } else if line.hasPrefix("# ") {
                    #expect(["UNIT", "HELP"].contains(words[1]) && words[2] == family)
                    if words[1] == "UNIT" { #expect(family.hasSuffix("_" + words[3])) }
                } else {
                    let form = #"^[a-z_]+(\{([a-z]+="([^"\\]|\\.)*",?)+\})? (-?[0-9]+(\.[0-9]+)?|-Inf)$"#
                    #expect(line.range(of: form, options: .regularExpression) != nil, "\(line)")
                    #expect(line.hasPrefix(family) && !line.contains("#"))
                    #expect(samples.insert(line.split(separator: "} ").first.map(String.init) ?? "").inserted)
                }
            }
            #expect(Set(families).count == families.count && families.count > 20)
        }
    }

    // MARK: CSV

    /// RFC 4180, section 2.
    private func records(_ text: String) -> [[String]] {
        var records: [[String]] = [[""]]
        var isQuoted = false
        var scalars = Array(text.unicodeScalars)[...]
        while let scalar = scalars.popFirst() {
            let field = (records.count - 1, records[records.count - 1].count - 1)
            switch scalar {
            case "\"" where isQuoted && scalars.first == "\"":
                records[field.0][field.1] += "\""
                scalars.removeFirst()
            case "\"": isQuoted.toggle()
            case "," where !isQuoted: records[field.0].append("")
            case "\r" where !isQuoted && scalars.first == "\n":
                scalars.removeFirst()
                records.append([""])
            default: records[field.0][field.1].unicodeScalars.append(scalar)
            }
        }
        return records.dropLast()
    }

    @Test func `a CSV file has one record an item and one a group, all as long as the header`() {
        for report in [FixtureReport.album(), FixtureReport.hostile(), FixtureReport.measured()] {
            let records = records(ReportFormat.csv.document(report))
            #expect(records.count == 1 + report.items.count + report.groups.count)
            #expect(records.allSatisfy { $0.count == 13 + Metric.all.count })
        }
        let album = records(ReportFormat.csv.document(FixtureReport.album()))
        let column = album[0].firstIndex(of: "integrated (LUFS)") ?? 0
        #expect(album[1][0] == "mix/Ferry.wav" && album[1][column] == "-14.040")
    }

    @Test func `no text of a CSV file is a formula`() {
        for record in records(ReportFormat.csv.document(FixtureReport.hostile())).dropFirst() {
            for text in record.prefix(12) {
                #expect(!["=", "+", "-", "@", "\t"].contains(text.first), "\(text)")
            }
        }
    }

    // MARK: Text

    @Test func `tables keep their columns with wide characters, and long titles give way`() {
        var report = FixtureReport.album()
        report.items[4].title = "音の渡し船 🎚️"
        report.items[2].title = String(repeating: "A long name ", count: 30)
        let lines = TextReport.document(report, style: .init(width: 80)).split(separator: "\n")
        let rows = lines.filter { $0.hasSuffix("passed") || $0.hasSuffix("FAILED") || $0.hasSuffix("warning") }
        #expect(rows.contains { $0.contains("…") })
        #expect(lines.filter { !$0.contains("then") && !$0.contains("Profile") }.allSatisfy { $0.count <= 80 })
        #expect(lines.first { $0.contains("音") }?.contains("FAILED") == true)
    }

    @Test func `colours change no word`() {
        let report = FixtureReport.album()
        let coloured = TextReport.document(report, style: .init(hasColour: true))
        let plain = coloured.replacingOccurrences(of: "\u{1B}\\[[0-9]+m", with: "", options: .regularExpression)
        #expect(plain == TextReport.document(report) && plain != coloured)
    }

    @Test func `the roll-up counts what weighs`() {
        var report = FixtureReport.album()
        let last = { ReportFormat.text.document(report).split(separator: "\n").last.map(String.init) }
        #expect(last() == "3 errors, 1 warning, 1 note, 1 waived in 3 songs, 2 stems and 2 files: FAILED")
        report.findings.removeAll { $0.severity == .error }
        report.items.removeAll { $0.measurement == nil }
        #expect(last() == "1 warning, 1 note in 3 songs, 2 stems and 1 file: passed")
        report.isStrict = true
        let strict = "1 warning, 1 note in 3 songs, 2 stems and 1 file: FAILED (strict: warnings fail)"
        #expect(last() == strict)
    }

    @Test func `a time that the message names is not said twice`() {
        var report = FixtureReport.album()
        report.findings = report.findings.filter { $0.rule == "baseline/integrated" }
        #expect(ReportFormat.text.document(report).contains("than the baseline (0:06 to 0:15)"))
        report.findings[0].message = "0.9 LU louder from 0:06 to 0:15"
        #expect(ReportFormat.text.document(report).contains("from 0:06 to 0:15\n"))
        report.findings[0].message = "0.9 LU louder than the 10:06 of before"
        #expect(ReportFormat.text.document(report).contains("of before (0:06 to 0:15)"))
    }

    // MARK: All

    @Test(arguments: ReportFormat.allCases.filter { $0 != .html })
    func `no control character and nothing that turns a line around gets out`(format: ReportFormat) {
        let document = format.document(FixtureReport.hostile())
        let bad = document.unicodeScalars.filter {
            ($0.value < 32 && $0 != "\n" && $0 != "\r") || (0x7F...0x9F).contains($0.value)
                || (0x202A...0x202E).contains($0.value) || $0.value == 0x2028 || $0.value == 0xFFFE
        }
        #expect(bad.isEmpty)
        if format != .csv { #expect(!document.utf8.contains(13)) }
    }
}
