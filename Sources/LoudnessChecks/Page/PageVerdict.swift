extension Verdict {
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

    /// The page's colours shout enough.
    private var quietWord: String { self == .unjudged ? "not judged" : word.lowercased() }

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
        return "<span class=\"badge \(kind)\"><span aria-hidden=\"true\">\(sign)</span> \(word ?? quietWord)</span>"
    }
}

/// A report's parts by name, put in order once.
struct PageIndex {
    /// Above this only songs with failures or warnings are drawn.
    static let drawnLimit = 200

    /// Groups in the order of the report, then what belongs to none.
    let sections: [ReportOutline.Section]
    /// Songs with a chart, in the order of the sections.
    let drawn: [CheckedItem]
    let measuredCount: Int
    // Only looked up, never walked: their order decides nothing.
    private let findings: [String: [Finding]]
    private let outline: ReportOutline
    private let drawnNumbers: [String: Int]

    init(_ report: CheckReport) {
        let outline = ReportOutline(report)
        var findings: [String: [Finding]] = [:]
        for finding in report.findings { findings[finding.subject, default: []].append(finding) }
        let sections = outline.sections.filter { $0.group != nil || !$0.items.isEmpty }
        let measured = sections.flatMap(\.items).filter { $0.measurement != nil }
        let isAll = measured.count <= Self.drawnLimit || !report.isJudged
        let wanted = isAll ? measured : measured.filter { outline.verdict(of: $0.id) >= .warned }
        self.sections = sections
        self.findings = findings
        self.outline = outline
        drawn = Array(wanted.prefix(Self.drawnLimit))
        measuredCount = measured.count
        drawnNumbers = Dictionary(
            drawn.enumerated().map { ($0.element.id, $0.offset + 1) }, uniquingKeysWith: { first, _ in first })
    }

    func findings(of subject: String) -> [Finding] { findings[subject] ?? [] }
    func verdict(of subject: String) -> Verdict { outline.verdict(of: subject) }
    /// "3 songs, 4 stems and 1 file".
    var subjectCount: String { outline.subjectCount }

    /// From 1; nil where the song has no chart.
    func drawnNumber(_ id: String) -> Int? { drawnNumbers[id] }
}
