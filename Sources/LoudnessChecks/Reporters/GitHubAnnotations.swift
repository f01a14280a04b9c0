internal import Reports

/// GitHub workflow commands: lines on standard output that become annotations of the run and of the changed files.
///
/// A step shows about ten errors, ten warnings and ten notices. The roll-up comes first and takes one of them; what
/// would not be shown is not written, but counted in the roll-up.
package enum GitHubAnnotations {
    static let shownPerLevel = 10

    /// The lines, the roll-up first.
    package static func commands(_ report: CheckReport) -> String {
        let places = FindingPlaces(report)
        let outline = ReportOutline(report)
        let top = report.passes ? (report.count(.warn) > 0 ? "warning" : "notice") : "error"
        var rest = ""
        var omitted = 0
        for (severity, level) in [(Severity.error, "error"), (.warn, "warning"), (.note, "notice")] {
            let findings = report.findings.filter { $0.status == .failed && $0.severity == severity }
            let shown = findings.prefix(shownPerLevel - (level == top ? 1 : 0))
            omitted += findings.count - shown.count
            for finding in shown { rest += command(level, finding, places.anchor(of: finding)) }
        }
        var message = outline.rollUp
        if omitted > 0 { message += "; \(omitted) of them not shown here, see the job summary" }
        let unread = report.items.filter { !report.isJudged && $0.measurement == nil }
        if !unread.isEmpty {
            message += "; " + unread.prefix(5).map { SinkText.name($0.id, atMost: 200) }.joined(separator: ", ")
        }
        let first = line(unread.isEmpty ? top : "error", [("title", "Loudness")], message)
        return first + rest
    }

    private static func command(_ level: String, _ finding: Finding, _ anchor: SourceAnchor?) -> String {
        var properties: [(String, String)] = []
        if let anchor { properties += [("file", anchor.file), ("line", String(anchor.line))] }
        let subject = SinkText.line(finding.subjectTitle.isEmpty ? finding.subject : finding.subjectTitle, atMost: 120)
        properties.append(("title", "\(subject): \(SinkText.line(finding.rule, atMost: 120))"))
        return line(level, properties, SinkText.line(finding.sentence, atMost: 1_000))
    }

    private static func line(_ level: String, _ properties: [(String, String)], _ message: String) -> String {
        let list = properties.map { "\($0.0)=\(escaped($0.1, isProperty: true))" }.joined(separator: ",")
        return "::\(level) \(list)::\(escaped(message, isProperty: false))\n"
    }

    /// As the runner reads it back: percent and line ends everywhere, colon and comma in properties.
    private static func escaped(_ text: String, isProperty: Bool) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "%": result += "%25"
            case "\r": result += "%0D"
            case "\n": result += "%0A"
            case ":" where isProperty: result += "%3A"
            case "," where isProperty: result += "%2C"
            default: result.unicodeScalars.append(ReportText.isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            }
        }
    }
}
