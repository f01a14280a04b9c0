internal import Reports

/// A table for spreadsheets, RFC 4180: one row for each file, behind a group's files one for the group.
package enum CSVReport {
    /// The whole table, with a line of headers.
    package static func document(_ report: CheckReport) -> String {
        let outline = ReportOutline(report)
        var rows = [header]
        for section in outline.sections {
            for item in section.items { rows.append(row(item, outline)) }
            if let group = section.group { rows.append(row(group, outline)) }
        }
        return rows.map { $0.joined(separator: ",") + "\r\n" }.joined()
    }

    private static let facts = [
        "path", "title", "scope", "group", "verdict", "failure", "unmeasurable", "container", "encoding", "rate (Hz)",
        "channels", "layout", "frames",
    ]

    private static let header =
        facts.map(cell) + Metric.all.map { $0.unit == .none ? $0.name : "\($0.name) (\($0.unit.rawValue))" }.map(cell)

    private static func row(_ item: CheckedItem, _ outline: ReportOutline) -> [String] {
        let found = item.measurement
        let form = found?.form
        var failure: String?
        if case .failed(let reason) = item.outcome { failure = reason }
        return
            [
                cell(item.id), cell(item.title), item.scope.rawValue, cell(item.group ?? ""),
                verdict(item.id, outline), cell(failure ?? ""), cell(absences(found?.values)),
                cell(form?.container ?? ""), cell(form?.encoding ?? ""), form.map { String($0.rateHertz) } ?? "",
                form.map { String($0.channelCount) } ?? "", cell(form?.layout ?? ""),
                form.map { String($0.frameCount) } ?? "",
            ] + numbers(found?.values)
    }

    private static func row(_ group: CheckedGroup, _ outline: ReportOutline) -> [String] {
        [
            cell(group.id), cell(group.title), CheckScope.album.rawValue, "", verdict(group.id, outline),
            cell(group.failure ?? ""), cell(absences(group.values)), "", "", "", "", "", "",
        ] + numbers(group.values)
    }

    private static func verdict(_ id: String, _ outline: ReportOutline) -> String {
        let verdict = outline.verdict(of: id)
        return verdict == .unjudged ? "" : verdict.word.lowercased()
    }

    private static func numbers(_ values: MetricValues?) -> [String] {
        Metric.all.map { metric in
            values?[metric]?.number.map { NumberText.fixed($0, decimals: metric.decimals) } ?? ""
        }
    }

    private static func absences(_ values: MetricValues?) -> String {
        (values?.entries ?? []).compactMap { metric, value in
            if case .unmeasurable(let reason) = value { "\(metric.name): \(reason)" } else { nil }
        }.joined(separator: "; ")
    }

    /// One line, quoted where the format asks for it; an apostrophe keeps spreadsheets from reading it as a formula.
    private static func cell(_ text: String) -> String {
        // Not the cleaned text: a tab or line end in front of a formula is skipped by some spreadsheets.
        let first = text.unicodeScalars.first { $0.value > 0x20 && !ReportText.isUnsafe($0) }
        let isFormula = first.map { "=+-@\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".unicodeScalars.contains($0) } ?? false
        // A spreadsheet's cell holds 32,767 characters.
        let line = (isFormula ? "'" : "") + SinkText.name(text, atMost: 20_000)
        guard line.unicodeScalars.contains(where: { $0 == "\"" || $0 == "," }) else {
            return line
        }
        return "\"" + line.unicodeScalars.reduce(into: "") { $0 += $1 == "\"" ? "\"\"" : String($1) } + "\""
    }
}
