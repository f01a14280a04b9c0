/// GitLab's Code Quality report: a JSON array with one issue for each broken rule that no waiver accepts.
package enum GitLabCodeQuality {
    /// More issues than a merge request can show; the gravest stay and one counts the rest.
    static let issueLimit = 5_000

    /// The whole array.
    package static func document(_ report: CheckReport) -> String {
        let broken = report.findings.filter { $0.status == .failed }
        let prints = Fingerprint.all(broken)
        var order = Array(broken.indices)
        if broken.count > issueLimit {
            order.sort { a, b in
                broken[a].severity == broken[b].severity ? a < b : broken[a].severity > broken[b].severity
            }
            order.removeLast(broken.count - issueLimit + 1)
        }
        let places = FindingPlaces(report)
        var issues = order.map { index in
            let finding = broken[index]
            let title = SinkText.line(
                finding.subjectTitle.isEmpty ? finding.subject : finding.subjectTitle, atMost: 200)
            return issue(
                title + ": " + SinkText.line(finding.sentence, atMost: 1_000), rule: finding.rule, prints[index],
                severity(finding.severity), places.anchor(of: finding) ?? SourceAnchor(file: finding.subject, line: 1))
        }
        if order.count < broken.count {
            let text = SinkText.count(broken.count - order.count, "more finding") + " left out here. "
            issues.append(
                issue(
                    text + ReportOutline(report).rollUp, rule: "lathe/roll-up", Fingerprint.of(["lathe/roll-up"]),
                    report.passes ? "info" : "major", places.whole ?? SourceAnchor(file: ".", line: 1)))
        }
        return JSONValue.array(issues).document
    }

    private static func issue(
        _ description: String, rule: String, _ print: String, _ severity: String, _ anchor: SourceAnchor
    ) -> JSONValue {
        .members([
            ("description", .text(description)), ("check_name", .text(SinkText.name(rule))),
            ("fingerprint", .text(print)), ("severity", .text(severity)),
            (
                "location",
                .members([
                    ("path", .text(SinkText.name(anchor.file, atMost: 4_000))),
                    ("lines", .members([("begin", .integer(anchor.line))])),
                ])
            ),
        ])
    }

    private static func severity(_ severity: Severity) -> String {
        switch severity {
        case .error: "major"
        case .warn: "minor"
        case .note: "info"
        }
    }
}
