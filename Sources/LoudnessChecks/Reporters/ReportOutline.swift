extension Finding {
    /// "error", "warning", "note", or "waived".
    var word: String {
        if status == .waived { return "waived" }
        return switch severity {
        case .error: "error"
        case .warn: "warning"
        case .note: "note"
        }
    }

    /// "at 1:42.3", "1:42 to 2:10"; nil where it is about no time, or its message already says it.
    var place: String? {
        guard let startSeconds else { return nil }
        let start = NumberText.time(startSeconds)
        // A time that the message names already is not said twice.
        let times = message.split { !($0.isNumber || $0 == ":" || $0 == ".") }
        guard !times.contains(where: { $0 == start || $0.hasPrefix(start + ".") }) else { return nil }
        guard let endSeconds, endSeconds - startSeconds >= 1 else {
            return "at " + NumberText.time(startSeconds, tenths: true)
        }
        return start + " to " + NumberText.time(endSeconds)
    }

    /// The message with its place in time and, where it was waived, the reason.
    var sentence: String {
        // Sinks drop a finding without words.
        var text = message.isEmpty ? (demand.isEmpty ? rule : demand) : message
        if let place { text += " (\(place))" }
        if status == .waived { text += "; waived: " + (waiver ?? "no reason given") }
        return text
    }
}

/// A report in the order in which people read it: group by group, with what belongs to each.
struct ReportOutline {
    struct Section {
        var group: CheckedGroup?
        var items: [CheckedItem] = []
        /// Broken rules, waived or not, in the order of the report.
        var broken: [Finding] = []
        var advice: [PlatformAdvice] = []
    }

    /// The columns of every table for people.
    static let columns: [(label: String, metric: Metric)] = [
        ("I", .integrated), ("S max", .shortTermMaximum), ("M max", .momentaryMaximum), ("LRA", .range),
        ("TP", .truePeak), ("PLR", .peakToLoudness),
    ]

    let report: CheckReport
    let sections: [Section]
    private let verdicts: [String: Verdict]
    private let subjectsWithFailure: Set<String>

    init(_ report: CheckReport) {
        self.report = report
        var verdicts: [String: Verdict] = [:]
        var failing: Set<String> = []
        for finding in report.findings {
            let verdict = finding.verdict(isStrict: report.isStrict)
            verdicts[finding.subject] = max(verdicts[finding.subject] ?? .unjudged, verdict)
            if finding.status == .failed { failing.insert(finding.subject) }
        }
        for item in report.items where item.measurement == nil { verdicts[item.id] = .failed }
        for group in report.groups where group.failure != nil { verdicts[group.id] = .failed }
        self.verdicts = verdicts
        subjectsWithFailure = failing
        sections = Self.sections(of: report)
    }

    private static func sections(of report: CheckReport) -> [Section] {
        var sections = report.groups.map { Section(group: $0) }
        // The last one takes what belongs to no group.
        sections.append(Section())
        var groupIndex: [String: Int] = [:]
        for (index, group) in report.groups.enumerated() { groupIndex[group.id] = index }
        var sectionOf: [String: Int] = [:]
        for (index, group) in report.groups.enumerated() {
            for id in group.itemIDs { sectionOf[id] = sectionOf[id] ?? index }
        }
        var listed: Set<String> = []
        var itemsByID: [String: CheckedItem] = [:]
        for item in report.items { itemsByID[item.id] = item }
        for (index, group) in report.groups.enumerated() {
            // An item that two groups name stands in the first.
            sections[index].items = group.itemIDs.compactMap { listed.insert($0).inserted ? itemsByID[$0] : nil }
            sectionOf[group.id] = sectionOf[group.id] ?? index
        }
        for item in report.items where sectionOf[item.id] == nil {
            let index = item.group.flatMap { groupIndex[$0] } ?? report.groups.count
            sections[index].items.append(item)
            sectionOf[item.id] = index
        }
        for finding in report.findings where finding.status != .passed {
            sections[sectionOf[finding.subject] ?? report.groups.count].broken.append(finding)
        }
        for advice in report.advice {
            sections[sectionOf[advice.subject] ?? report.groups.count].advice.append(advice)
        }
        return sections.filter { $0.group != nil || !$0.items.isEmpty || !$0.broken.isEmpty || !$0.advice.isEmpty }
    }

    func verdict(of subject: String) -> Verdict { verdicts[subject] ?? .unjudged }

    /// Whether a broken rule tells of the item already.
    func hasFailure(_ subject: String) -> Bool { subjectsWithFailure.contains(subject) }

    /// What a section is called.
    func title(of section: Section) -> String {
        guard let group = section.group else { return report.groups.isEmpty ? "Files" : "Other files" }
        return SinkText.line(group.title.isEmpty ? group.id : group.title)
    }

    /// Titles of the section's items; those that are not unique there carry the path.
    func titles(of section: Section) -> [String] {
        var counts: [String: Int] = [:]
        for item in section.items { counts[item.title, default: 0] += 1 }
        return section.items.map { item in
            if item.title.isEmpty { return SinkText.name(item.id) }
            let title = SinkText.line(item.title)
            return counts[item.title, default: 0] > 1 ? title + " (" + SinkText.name(item.id) + ")" : title
        }
    }

    /// "3 songs, 4 stems and 1 file".
    var subjectCount: String {
        let parts: [String] = [(CheckScope.song, "song"), (.stem, "stem"), (.file, "file")].compactMap { scope, noun in
            let count = report.items.count { $0.scope == scope }
            return count == 0 ? nil : SinkText.count(count, noun)
        }
        guard let last = parts.last else { return "0 files" }
        return parts.count == 1 ? last : parts.dropLast().joined(separator: ", ") + " and " + last
    }

    /// The report in one line, without a full stop: "2 errors, 1 warning in 12 songs: FAILED".
    var rollUp: String {
        let unread = report.items.count { $0.measurement == nil }
        guard report.isJudged else {
            return "\(subjectCount) measured" + (unread == 0 ? "" : ", \(unread) of them could not be read: FAILED")
        }
        var parts: [String] = []
        let waived = report.findings.count { $0.status == .waived }
        for (severity, noun) in [(Severity.error, "error"), (.warn, "warning"), (.note, "note")] {
            let count = report.count(severity)
            if count > 0 { parts.append(SinkText.count(count, noun)) }
        }
        if waived > 0 { parts.append("\(waived) waived") }
        guard report.hasVerdict else {
            return "no rule was judged in \(subjectCount)" + (parts.isEmpty ? "" : ", " + parts.joined(separator: ", "))
        }
        if parts.isEmpty {
            parts.append(SinkText.count(report.findings.count { $0.status == .passed }, "rule") + " kept")
        }
        let text = parts.joined(separator: ", ")
        let strict = report.isStrict && report.count(.error) == 0 && !report.passes ? " (strict: warnings fail)" : ""
        return text + " in " + subjectCount + ": " + (report.passes ? "passed" : "FAILED") + strict
    }

    /// "Lathe 1.0, meter 3, true peak 4x, mono as-is": what every figure depends on.
    var identity: String {
        let identity = report.identity
        return SinkText.line(
            "Lathe \(identity.lathe), meter \(identity.engine), true peak \(identity.truePeakOversampling)x, "
                + "mono \(identity.mono)")
    }

    /// A figure with one decimal for a table, "-" where there is none.
    static func cell(_ metric: Metric, _ value: MetricValue?) -> String {
        guard let number = value?.number else { return "-" }
        return NumberText.fixed(number, decimals: metric.shownDecimals)
    }

    /// "spread of the songs 4.7 LU, loudest song -9.3 LUFS": what only a group has; nil where nothing.
    static func extras(_ group: CheckedGroup) -> String? {
        let parts = group.values.entries.compactMap { metric, value -> String? in
            guard !metric.isForFiles, let number = value.number else { return nil }
            return metric.title.lowercased() + " " + NumberText.quantity(number, metric)
        }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// Whether a group has any figure of the columns.
    static func hasRow(_ group: CheckedGroup) -> Bool { columns.contains { group.values[$0.metric] != nil } }

    /// "I, LRA: shorter than 400 ms": why columns of the table say "-", one entry for each reason.
    static func absences(_ values: MetricValues, of metrics: [(label: String, metric: Metric)]) -> [String] {
        var reasons: [(reason: String, labels: [String])] = []
        for (label, metric) in metrics {
            guard case .unmeasurable(let reason)? = values[metric] else { continue }
            if let index = reasons.firstIndex(where: { $0.reason == reason }) {
                reasons[index].labels.append(label)
            } else {
                reasons.append((reason, [label]))
            }
        }
        return reasons.map { SinkText.line($0.labels.joined(separator: ", ") + ": " + $0.reason) }
    }
}
