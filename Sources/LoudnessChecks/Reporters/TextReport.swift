/// The report for a person at a terminal.
package enum TextReport {
    /// How the terminal is written to.
    package struct Style: Sendable, Hashable {
        /// Whether the terminal shows colours; the words say everything without them.
        package var hasColour: Bool
        /// Columns; lines of findings are broken there, and titles give way.
        package var width: Int

        /// - Parameter width: 40 columns or more.
        package init(hasColour: Bool = false, width: Int = 100) {
            self.hasColour = hasColour
            self.width = max(40, width)
        }

        func inked(_ text: String, _ ink: TextTable.Ink) -> String {
            hasColour && ink != .plain && !text.isEmpty ? "\u{1B}[\(ink.rawValue)m\(text)\u{1B}[0m" : text
        }
    }

    /// The whole report; for one file that is not judged, all that was measured.
    package static func document(_ report: CheckReport, style: Style = Style()) -> String {
        let outline = ReportOutline(report)
        var lines: [String] = []
        if !report.isJudged, report.items.count == 1, let item = report.items.first, let found = item.measurement {
            lines = single(item, found, style)
        } else {
            for section in outline.sections { lines += text(of: section, in: outline, style) + [""] }
        }
        if report.isJudged {
            lines += sources(report, style)
        }
        lines.append(style.inked(outline.identity, .dim))
        if report.isJudged || report.items.count != 1 || report.items.first?.measurement == nil {
            lines.append(style.inked(outline.rollUp, report.isJudged ? (report.passes ? .green : .red) : .bold))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    // MARK: Groups

    private static func text(of section: ReportOutline.Section, in outline: ReportOutline, _ style: Style) -> [String] {
        var lines = [style.inked(outline.title(of: section), .bold)]
        let titles = outline.titles(of: section)
        lines += table(section, titles, in: outline).lines(indent: 2, width: style.width, style: style)
        if let group = section.group {
            lines += extras(group, outline, style)
            if let failure = group.failure {
                lines += wrapped("  ", "not measured as a whole: " + SinkText.line(failure), 4, style)
            }
        }
        for (item, title) in zip(section.items, titles) { lines += reasons(item, title, outline, style) }
        let findings = section.broken.enumerated().sorted { a, b in
            rank(a.element) == rank(b.element) ? a.offset < b.offset : rank(a.element) > rank(b.element)
        }
        if !findings.isEmpty { lines.append("") }
        for (_, finding) in findings { lines += line(of: finding, style) }
        return lines + advice(section.advice, style)
    }

    private static func table(
        _ section: ReportOutline.Section, _ titles: [String], in outline: ReportOutline
    ) -> TextTable {
        let columns = ReportOutline.columns
        let isJudged = outline.report.isJudged
        var table = TextTable(isRight: [false] + columns.map { _ in true } + [false])
        table.append([.init("Title", .dim)] + columns.map { .init($0.label, .dim) })
        table.append([.init("")] + columns.map { .init($0.metric.unit.rawValue, .dim) })
        let row = { (title: String, id: String, values: MetricValues?, ink: TextTable.Ink) in
            let verdict = outline.verdict(of: id)
            let cells = columns.map { column in
                TextTable.Cell(ReportOutline.cell(column.metric, values?[column.metric]), ink)
            }
            table.append(
                [.init(title, ink)] + cells + (isJudged ? [.init(verdict.word, TextReport.ink(verdict))] : []))
        }
        for (item, title) in zip(section.items, titles) { row(title, item.id, item.measurement?.values, .plain) }
        if let group = section.group, ReportOutline.hasRow(group) {
            row("all as one", group.id, group.values, .bold)
        }
        return table
    }

    /// What only a group has, with the verdict where no row of the table tells it.
    private static func extras(_ group: CheckedGroup, _ outline: ReportOutline, _ style: Style) -> [String] {
        let verdict = outline.verdict(of: group.id)
        let isTold = ReportOutline.hasRow(group) || verdict == .unjudged
        let text = ReportOutline.extras(group) ?? (isTold ? "" : "as a whole")
        guard !text.isEmpty else { return [] }
        return wrapped("  ", text + (isTold ? "" : ": " + style.inked(verdict.word, ink(verdict))), 2, style)
    }

    /// Why an item has no figures, or not all; nothing where a finding says it.
    private static func reasons(
        _ item: CheckedItem, _ title: String, _ outline: ReportOutline, _ style: Style
    ) -> [String] {
        switch item.outcome {
        case .failed(let reason):
            return outline.hasFailure(item.id)
                ? [] : wrapped(style.inked("  error    ", .red), "\(title): \(SinkText.line(reason))", 11, style)
        case .measured(let found):
            return ReportOutline.absences(found.values, of: ReportOutline.columns).flatMap {
                wrapped("  -        ", "\(title): no \($0)", 11, style)
            }
        }
    }

    private static func line(of finding: Finding, _ style: Style) -> [String] {
        let word = finding.word
        let label = "  " + word + String(repeating: " ", count: max(1, 9 - word.count))
        let text =
            SinkText.line(finding.subjectTitle.isEmpty ? finding.subject : finding.subjectTitle, atMost: 120)
            + ": " + SinkText.line(finding.sentence, atMost: 1_000)
        let anchor = finding.anchor.map { "  \(SinkText.name($0.file)):\($0.line)" } ?? ""
        return wrapped(style.inked(label, ink(finding)), text, 11, style)
            + [style.inked("           " + SinkText.line(finding.rule) + anchor, .dim)]
    }

    private static func advice(_ advice: [PlatformAdvice], _ style: Style) -> [String] {
        guard !advice.isEmpty else { return [] }
        var lines = ["", style.inked("  What playback will do", .dim)]
        let room = advice.reduce(0) { max($0, $1.platform.count) }
        let column = min(24, room) + 2
        var subject: String?
        for entry in advice {
            if entry.subject != subject { lines.append("  " + SinkText.line(entry.subjectTitle)) }
            subject = entry.subject
            let platform = SinkText.line(entry.platform, atMost: column - 2)
            let label = "    " + platform + String(repeating: " ", count: max(2, column - platform.count))
            let peak = NumberText.quantity(entry.truePeakAfter, .truePeak)
            lines += wrapped(label, SinkText.line(entry.message, atMost: 200) + ", then \(peak)", 4 + column, style)
        }
        return lines
    }

    private static func sources(_ report: CheckReport, _ style: Style) -> [String] {
        var lines: [String] = []
        if let policy = report.policy { lines.append("Policy    " + SinkText.name(policy)) }
        if let baseline = report.baseline { lines.append("Baseline  " + SinkText.name(baseline)) }
        for profile in report.profiles {
            let text = "\(profile.title) (\(profile.profileClass), \(profile.source), verified \(profile.verifiedOn))"
            lines += wrapped("Profile   ", SinkText.line(text), 10, style)
        }
        return lines.map { style.inked($0, .dim) }
    }

    // MARK: One file

    private static func single(_ item: CheckedItem, _ found: Measurement, _ style: Style) -> [String] {
        let form = found.form
        var lines = [style.inked(SinkText.line(item.title.isEmpty ? item.id : item.title), .bold)]
        if item.title != item.id { lines.append("  " + SinkText.name(item.id)) }
        let channels = form.channelNames.joined(separator: " ")
        lines.append(
            SinkText.line(
                "  \(form.container), \(form.encoding), \(form.rateHertz) Hz, \(form.layout) (\(channels)), "
                    + NumberText.time(form.durationSeconds, tenths: true)))
        lines.append("")
        var table = TextTable(isRight: [false, true, false])
        var absent: [String] = []
        for (metric, value) in found.values.entries {
            switch value {
            case .number: table.append([.init(metric.title), cell(metric, value), .init(metric.unit.rawValue, .dim)])
            case .unmeasurable(let reason):
                table.append([.init(metric.title), .init("-")])
                absent.append(SinkText.line("\(metric.title): \(reason)"))
            }
        }
        lines += table.lines(indent: 2, width: style.width, style: style)
        if !absent.isEmpty { lines.append("") }
        for line in absent { lines += wrapped("  - ", line, 4, style) }
        lines += peaks(found, style)
        lines += events("True-peak overs", found.overs, found.values[.overs], style) {
            NumberText.quantity($0.value, .truePeak)
        }
        lines += events("Clipped runs", found.clips, found.values[.clipRuns], style) {
            SinkText.count(Int(min(max($0.value, 0), 1e15)), "sample")
        }
        return lines + [""]
    }

    private static func cell(_ metric: Metric, _ value: MetricValue) -> TextTable.Cell {
        .init(ReportOutline.cell(metric, value), .bold)
    }

    private static func peaks(_ found: Measurement, _ style: Style) -> [String] {
        guard !found.channels.isEmpty else { return [] }
        var table = TextTable(isRight: [false, true, true])
        table.append([.init("Channel", .dim), .init("TP dBTP", .dim), .init("peak dBFS", .dim)])
        for channel in found.channels {
            table.append([
                .init(SinkText.line(channel.name)), .init(NumberText.fixed(channel.truePeak, decimals: 1)),
                .init(NumberText.fixed(channel.samplePeak, decimals: 1)),
            ])
        }
        return [""] + table.lines(indent: 2, width: style.width, style: style)
    }

    private static func events(
        _ title: String, _ events: [SoundEvent], _ count: MetricValue?, _ style: Style, value: (SoundEvent) -> String
    ) -> [String] {
        guard !events.isEmpty else { return [] }
        let shown = events.prefix(10)
        var table = TextTable(isRight: [true, false, true])
        for event in shown {
            table.append([
                .init(NumberText.time(event.timeSeconds, tenths: true)), .init(SinkText.line(event.channel)),
                .init(value(event)),
            ])
        }
        var lines = ["", style.inked("  " + title, .dim)] + table.lines(indent: 2, width: style.width, style: style)
        let total = max(events.count, count?.number.map { Int(min(max($0, 0), 1e15)) } ?? 0)
        if total > shown.count { lines.append("  and \(total - shown.count) more") }
        return lines
    }

    // MARK: Lines

    /// Errors first; what is waived last.
    private static func rank(_ finding: Finding) -> Int {
        guard finding.status == .failed else { return 0 }
        return switch finding.severity {
        case .error: 3
        case .warn: 2
        case .note: 1
        }
    }

    private static func ink(_ verdict: Verdict) -> TextTable.Ink {
        switch verdict {
        case .failed: .red
        case .warned: .yellow
        case .noted, .waived: .cyan
        case .passed: .green
        case .unjudged: .dim
        }
    }

    private static func ink(_ finding: Finding) -> TextTable.Ink { ink(finding.verdict(isStrict: false)) }

    /// The text broken at blanks; lines after the first are indented.
    private static func wrapped(_ label: String, _ text: String, _ indent: Int, _ style: Style) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        for word in text.split(separator: " ") {
            let size = SinkText.columns(String(word))
            if used > 0, indent + used + 1 + size > style.width {
                lines.append(line)
                (line, used) = ("", 0)
            }
            line += (used > 0 ? " " : "") + word
            used += size + (used > 0 ? 1 : 0)
        }
        lines.append(line)
        let margin = String(repeating: " ", count: indent)
        return lines.enumerated().map { ($0.offset == 0 ? label : margin) + $0.element }
    }
}
