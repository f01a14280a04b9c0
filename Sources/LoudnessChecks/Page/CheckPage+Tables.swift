/// The figures: one table for each group.
extension CheckPage {
    /// The columns behind title and verdict.
    static let columns: [(label: String, metric: Metric)] = [
        ("I", .integrated), ("S max", .shortTermMaximum), ("M max", .momentaryMaximum), ("LRA", .range),
        ("TP", .truePeak), ("PLR", .peakToLoudness), ("DR", .dynamicRange), ("Duration", .duration),
    ]

    var tables: String {
        // Where not all rows fit, those with something to tell come first; a table's share of the room is its part.
        let total = max(1, index.sections.reduce(0) { $0 + $1.items.count })
        let isTight = total > 3000
        return index.sections.map { section in
            let share = Room.tables / total * section.items.count + 4000
            return table(section, room: isTight ? share : Room.tables, isTight: isTight)
        }.joined()
    }

    private func table(_ section: ReportOutline.Section, room: Int, isTight: Bool) -> String {
        let items =
            isTight
            ? section.items.filter { index.verdict(of: $0.id) >= .warned }
                + section.items.filter { index.verdict(of: $0.id) < .warned } : section.items
        var rows = BoundedParts(byteLimit: room)
        for (number, item) in items.enumerated() { rows.append { row(item, number: number + 1) } }
        var notes = BoundedParts(byteLimit: isTight ? 20_000 : 200_000)
        for item in items {
            guard let reasons = absences(item) else { continue }
            notes.append { "<li><strong>\(PageText.title(item.title, instead: item.id))</strong> \(reasons)</li>\n" }
        }
        let noteList =
            notes.written == 0
            ? "" : "<ul class=\"held\">\n\(notes.html)</ul>\n" + Self.omission(notes, "remarks")
        guard section.group != nil || !section.items.isEmpty else { return "" }
        return """
            <section>
            \(heading(section))\(extras(section.group))<div class="wide">
            <table>
            <thead><tr>\(columnHeads)</tr></thead>
            <tbody>
            \(rows.html)\(total(section.group))</tbody>
            </table>
            </div>
            \(noteList)\(Self.omission(rows, "rows"))</section>

            """
    }

    private func heading(_ section: ReportOutline.Section) -> String {
        guard let group = section.group else {
            return "<h2>\(report.groups.isEmpty ? "Files" : "Other files")</h2>\n"
        }
        // The worst of the group and all in it; the last row has what is said of the whole.
        let verdict = section.items.reduce(index.verdict(of: group.id)) { max($0, index.verdict(of: $1.id)) }
        let badge = report.isJudged && verdict != .unjudged ? " " + verdict.badge() : ""
        return "<h2>\(PageText.title(group.title, instead: group.id))\(badge)</h2>\n"
    }

    /// What only a group has: spread, loudest song, stems against the mix.
    private func extras(_ group: CheckedGroup?) -> String {
        guard let group else { return "" }
        let parts = group.values.entries.compactMap { metric, value -> String? in
            guard !metric.isForFiles else { return nil }
            switch value {
            case .number(let number): return "\(metric.title) <strong>\(PageText.quantity(number, metric))</strong>"
            case .unmeasurable(let reason): return "\(metric.title): \(PageText.text(reason))"
            }
        }
        return parts.isEmpty ? "" : "<p class=\"facts\">\(parts.joined(separator: " · "))</p>\n"
    }

    private var columnHeads: String {
        let verdict = report.isJudged ? "<th scope=\"col\">Verdict</th>" : ""
        let metrics = Self.columns.map { label, metric in
            let hasUnit = metric != .duration && metric.unit != .none
            let unit = hasUnit ? " <span class=\"head-unit\">\(metric.unit.rawValue)</span>" : ""
            let definition = PageText.text("\(metric.title): \(metric.definition)")
            return "<th scope=\"col\"><abbr title=\"\(definition)\">\(label)</abbr>\(unit)</th>"
        }
        return "<th scope=\"col\">Title</th>" + verdict + metrics.joined()
    }

    private func row(_ item: CheckedItem, number: Int) -> String {
        let title = PageText.title(item.title, instead: item.id)
        let link = index.drawnNumber(item.id).map { "<a href=\"#song-\($0)\">\(title)</a>" } ?? title
        // The path, where the title does not show it.
        let path = item.id == item.title ? "" : "<span class=\"path\">\(PageText.text(item.id, atMost: 160))</span>"
        let head = "<th scope=\"row\"><span class=\"index\">\(number)</span>\(link)\(path)</th>"
        let verdict = report.isJudged ? "<td class=\"verdict-cell\">\(index.verdict(of: item.id).badge())</td>" : ""
        guard let measurement = item.measurement else {
            return "<tr>\(head)\(verdict)<td class=\"unmeasured\" colspan=\"\(Self.columns.count)\">"
                + "could not be measured</td></tr>\n"
        }
        return "<tr>\(head)\(verdict)\(cells(measurement.values, item.id))</tr>\n"
    }

    private func total(_ group: CheckedGroup?) -> String {
        guard let group, Self.columns.contains(where: { group.values[$0.metric] != nil }) else { return "" }
        let verdict =
            report.isJudged ? "<td class=\"verdict-cell\">\(index.verdict(of: group.id).badge())</td>" : ""
        return "<tr class=\"total\"><th scope=\"row\">All as one</th>\(verdict)\(cells(group.values, group.id))</tr>\n"
    }

    private func cells(_ values: MetricValues, _ subject: String) -> String {
        // A rule of the policy that the figure itself breaks; drift from a baseline is no fault of the figure.
        let broken = index.findings(of: subject).filter { $0.status == .failed && !$0.rule.hasPrefix("baseline/") }
        return Self.columns.map { label, metric in
            let text: String
            var kind = ""
            switch values[metric] {
            case .number(let value)?:
                let decimals = metric.shownDecimals
                text =
                    metric == .duration
                    ? PageText.quantity(value, metric) : PageText.number(value, decimals: decimals)
                if broken.contains(where: { $0.metric == metric }) { kind = " over" }
            case .unmeasurable?: text = "<span class=\"absent\">none</span>"
            case nil: text = "<span class=\"absent\">–</span>"
            }
            // A mark beside the figure: colour alone says nothing to some.
            let marked = kind.isEmpty ? text : "<span>\(text)</span>"
            return "<td class=\"number\(kind)\" data-name=\"\(label)\">\(marked)</td>"
        }.joined()
    }

    /// "I, PLR: shorter than 400 ms; S max: shorter than 3 s", and why a file has no figures at all; escaped.
    private func absences(_ item: CheckedItem) -> String? {
        switch item.outcome {
        case .failed(let reason): return PageText.text(reason, atMost: 600)
        case .measured(let measurement):
            var reasons: [(reason: String, labels: [String])] = []
            for (label, metric) in Self.columns {
                guard case .unmeasurable(let reason)? = measurement.values[metric] else { continue }
                if let place = reasons.firstIndex(where: { $0.reason == reason }) {
                    reasons[place].labels.append(label)
                } else {
                    reasons.append((reason, [label]))
                }
            }
            guard !reasons.isEmpty else { return nil }
            return PageText.text(
                reasons.map { "no " + $0.labels.joined(separator: ", ") + ": " + $0.reason }.joined(separator: "; "),
                atMost: 600)
        }
    }
}
