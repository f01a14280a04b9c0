/// The report as a comment at a pull request.
package enum MarkdownReport {
    /// GitHub refuses comments above 65,536 characters.
    static let byteLimit = 65_000

    /// The verdict, what is broken, the tables and what playback will do.
    package static func comment(_ report: CheckReport) -> String {
        document(report, byteLimit: byteLimit, hasCurves: false)
    }

    static func document(_ report: CheckReport, byteLimit: Int, hasCurves: Bool) -> String {
        let outline = ReportOutline(report)
        // The last line says what was left out, and needs room too.
        var lines = BoundedLines(byteLimit: byteLimit - 300)
        let verdict = report.hasVerdict ? (report.passes ? "passed" : "FAILED") : "nothing judged"
        let heading = "### Loudness" + (report.isJudged ? ": " + verdict : "")
        for line in [heading, "", MarkdownText.escaped(outline.rollUp), ""] { lines.append(line) }
        writeFindings(outline, limit: byteLimit / 1_300, to: &lines)
        for section in outline.sections { writeTable(section, outline, hasCurves: hasCurves, to: &lines) }
        writeAdvice(report, to: &lines)
        lines.append("<sub>" + footer(report, outline) + "</sub>")
        if lines.omitted > 0 {
            let count = SinkText.count(lines.omitted, "line")
            lines.close("")
            lines.close(
                "**Cut here: \(count) left out, this place holds no more.** The JSON and HTML reports have all.")
        }
        return lines.text
    }

    private static func writeFindings(_ outline: ReportOutline, limit: Int, to lines: inout BoundedLines) {
        let broken = outline.report.findings.filter { $0.status != .passed }
        let groups: [(String, [Finding])] = [
            ("Error", broken.filter { $0.status == .failed && $0.severity == .error }),
            ("Warning", broken.filter { $0.status == .failed && $0.severity == .warn }),
            ("Note", broken.filter { $0.status == .failed && $0.severity == .note }),
            ("Waived", broken.filter { $0.status == .waived }),
        ]
        for (word, findings) in groups {
            for finding in findings.prefix(limit) {
                let title = finding.subjectTitle.isEmpty ? finding.subject : finding.subjectTitle
                let place = finding.anchor.map { ", " + MarkdownText.code("\($0.file):\($0.line)") } ?? ""
                lines.append(
                    "- **\(word)** " + MarkdownText.escaped(title, atMost: 120) + ": "
                        + MarkdownText.escaped(finding.sentence, atMost: 1_000) + " ("
                        + MarkdownText.code(finding.rule) + place + ")")
            }
            if findings.count > limit { lines.append("- **\(word)** and \(findings.count - limit) more of these") }
        }
        for item in outline.report.items where !outline.hasFailure(item.id) {
            guard case .failed(let reason) = item.outcome else { continue }
            lines.append(
                "- **Error** " + MarkdownText.escaped(item.title.isEmpty ? item.id : item.title) + ": "
                    + MarkdownText.escaped(reason, atMost: 1_000))
        }
        if !broken.isEmpty { lines.append("") }
    }

    private static func writeTable(
        _ section: ReportOutline.Section, _ outline: ReportOutline, hasCurves: Bool, to lines: inout BoundedLines
    ) {
        guard !section.items.isEmpty else { return }
        let isJudged = outline.report.isJudged
        lines.append("#### " + MarkdownText.escaped(outline.title(of: section)))
        lines.append("")
        let columns = ReportOutline.columns
        let heads = columns.map { "\($0.label) \($0.metric.unit.rawValue)" }
        let words = (hasCurves ? ["Loudness"] : []) + (isJudged ? ["Verdict"] : [])
        lines.append("| Title | " + (heads + words).joined(separator: " | ") + " |")
        let rules = ["---"] + columns.map { _ in "---:" } + words.map { _ in "---" }
        lines.append("| " + rules.joined(separator: " | ") + " |")
        let row = { (title: String, id: String, values: MetricValues?, curve: String) in
            let cells = columns.map { ReportOutline.cell($0.metric, values?[$0.metric]) }
            let ends = (hasCurves ? [curve] : []) + (isJudged ? [word(outline.verdict(of: id))] : [])
            return "| " + ([title] + cells + ends).joined(separator: " | ") + " |"
        }
        for (item, title) in zip(section.items, outline.titles(of: section)) {
            let curve = Sparkline.text(item.measurement?.curves.second ?? [])
            lines.append(row(MarkdownText.escaped(title, atMost: 120), item.id, item.measurement?.values, curve))
        }
        if let group = section.group, ReportOutline.hasRow(group) {
            lines.append(row("**all as one**", group.id, group.values, ""))
        }
        if let group = section.group, let extras = ReportOutline.extras(group) {
            let verdict = outline.verdict(of: group.id)
            lines.append("")
            lines.append(MarkdownText.escaped(extras) + (verdict == .unjudged ? "" : ": \(word(verdict))"))
        }
        if let failure = section.group?.failure {
            lines.append("")
            lines.append("Not measured as a whole: " + MarkdownText.escaped(failure))
        }
        lines.append("")
    }

    private static func word(_ verdict: Verdict) -> String {
        switch verdict {
        case .failed: "❌ failed"
        case .warned: "⚠️ warning"
        case .passed: "✅ passed"
        default: verdict.word
        }
    }

    private static func writeAdvice(_ report: CheckReport, to lines: inout BoundedLines) {
        guard !report.advice.isEmpty else { return }
        lines.append("#### What playback will do")
        lines.append("")
        lines.append("| Platform | Title | Gain | Peak then |")
        lines.append("| --- | --- | --- | ---: |")
        for advice in report.advice {
            lines.append(
                "| " + MarkdownText.escaped(advice.platform, atMost: 60) + " | "
                    + MarkdownText.escaped(advice.subjectTitle, atMost: 120) + " | "
                    + MarkdownText.escaped(advice.message, atMost: 200) + " | "
                    + NumberText.quantity(advice.truePeakAfter, .truePeak) + " |")
        }
        lines.append("")
    }

    private static func footer(_ report: CheckReport, _ outline: ReportOutline) -> String {
        var parts = [MarkdownText.escaped(outline.identity)]
        if let policy = report.policy { parts.append("policy " + MarkdownText.code(policy)) }
        if let baseline = report.baseline { parts.append("baseline " + MarkdownText.code(baseline)) }
        parts += report.profiles.map { MarkdownText.escaped("\($0.title) of \($0.verifiedOn)", atMost: 120) }
        return parts.joined(separator: "; ")
    }
}

/// The summary of a GitHub job: what its step appends to the file that `GITHUB_STEP_SUMMARY` names.
package enum GitHubSummary {
    /// GitHub drops a summary above 1 MiB whole.
    static let byteLimit = 1_000_000

    /// The Markdown of a comment, with room for more rows and a curve of each song's loudness.
    package static func markdown(_ report: CheckReport) -> String {
        MarkdownReport.document(report, byteLimit: byteLimit, hasCurves: true)
    }
}

/// A curve of block characters.
enum Sparkline {
    /// 24 blocks at most for the whole song; the lowest is 12 LU or more below the highest.
    static func text(_ levels: [Double], width: Int = 24) -> String {
        guard let top = levels.filter(\.isFinite).max() else { return "" }
        let blocks = Array("▁▂▃▄▅▆▇█")
        let count = min(width, levels.count)
        return String(
            (0..<count).map { index in
                let part = levels[index * levels.count / count..<(index + 1) * levels.count / count]
                let level = part.filter(\.isFinite).max() ?? -.infinity
                let step = ((level - (top - 12)) / 12 * 7).rounded(.toNearestOrAwayFromZero)
                return blocks[Int(max(0, min(7, step)))]
            })
    }
}
