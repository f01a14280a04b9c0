/// What a reader is told of one finding, file or group; the greater outweighs the lesser.
enum PageVerdict: Int, Comparable {
    /// Nothing was demanded of it.
    case unjudged
    case passed
    case noted
    case waived
    case warned
    case failed

    init(_ finding: Finding, isStrict: Bool) {
        self =
            switch (finding.status, finding.severity) {
            case (.passed, _): .passed
            case (.waived, _): .waived
            case (.failed, .error): .failed
            case (.failed, .warn): isStrict ? .failed : .warned
            case (.failed, .note): .noted
            }
    }

    static func < (a: PageVerdict, b: PageVerdict) -> Bool { a.rawValue < b.rawValue }

    /// Which of the style sheet's colours it has.
    var kind: String {
        switch self {
        case .unjudged: "none"
        case .noted, .waived: "plain"
        case .passed: "good"
        case .warned: "fair"
        case .failed: "bad"
        }
    }

    var word: String {
        switch self {
        case .unjudged: "not judged"
        case .passed: "passed"
        case .noted: "note"
        case .waived: "waived"
        case .warned: "warning"
        case .failed: "failed"
        }
    }

    /// A sign and a word: nothing hangs on the colour alone.
    func badge(_ word: String? = nil) -> String {
        let sign =
            switch self {
            case .unjudged: "–"
            case .passed: "✓"
            case .noted: "i"
            case .waived: "~"
            case .warned: "!"
            case .failed: "✕"
            }
        return "<span class=\"badge \(kind)\"><span aria-hidden=\"true\">\(sign)</span> \(word ?? self.word)</span>"
    }
}

/// A report's parts by name, put in order once.
struct PageIndex {
    struct Section {
        var group: CheckedGroup?
        var items: [CheckedItem]
    }

    /// Above this only songs with failures or warnings are drawn.
    static let drawnLimit = 200

    /// Groups in the order of the report, then what belongs to none.
    let sections: [Section]
    /// Songs with a chart, in the order of the sections.
    let drawn: [CheckedItem]
    let measuredCount: Int
    // Only looked up, never walked: their order decides nothing.
    private let findings: [String: [Finding]]
    private let verdicts: [String: PageVerdict]
    private let drawnNumbers: [String: Int]

    init(_ report: CheckReport) {
        var findings: [String: [Finding]] = [:]
        var verdicts: [String: PageVerdict] = [:]
        for finding in report.findings {
            findings[finding.subject, default: []].append(finding)
            let verdict = PageVerdict(finding, isStrict: report.isStrict)
            verdicts[finding.subject] = max(verdicts[finding.subject] ?? .unjudged, verdict)
        }
        for item in report.items where item.measurement == nil { verdicts[item.id] = .failed }
        for group in report.groups where group.failure != nil { verdicts[group.id] = .failed }
        let sections = Self.sections(of: report)
        let measured = sections.flatMap(\.items).filter { $0.measurement != nil }
        let isAll = measured.count <= Self.drawnLimit || !report.isJudged
        let wanted = isAll ? measured : measured.filter { verdicts[$0.id] ?? .unjudged >= .warned }
        self.sections = sections
        self.findings = findings
        self.verdicts = verdicts
        drawn = Array(wanted.prefix(Self.drawnLimit))
        measuredCount = measured.count
        drawnNumbers = Dictionary(
            drawn.enumerated().map { ($0.element.id, $0.offset + 1) }, uniquingKeysWith: { first, _ in first })
    }

    func findings(of subject: String) -> [Finding] { findings[subject] ?? [] }
    func verdict(of subject: String) -> PageVerdict { verdicts[subject] ?? .unjudged }

    /// From 1; nil where the song has no chart.
    func drawnNumber(_ id: String) -> Int? { drawnNumbers[id] }

    private static func sections(of report: CheckReport) -> [Section] {
        let items = Dictionary(report.items.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: Set<String> = []
        var sections = report.groups.map { group in
            Section(
                group: group, items: group.itemIDs.compactMap { seen.insert($0).inserted ? items[$0] : nil })
        }
        let places = Dictionary(
            report.groups.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var rest = Section(group: nil, items: [])
        for item in report.items where seen.insert(item.id).inserted {
            if let place = item.group.flatMap({ places[$0] }) {
                sections[place].items.append(item)
            } else {
                rest.items.append(item)
            }
        }
        return rest.items.isEmpty ? sections : sections + [rest]
    }
}
