/// SARIF 2.1.0 for code scanning: each rule once, a result for each broken rule of a subject.
///
/// GitHub keeps 5,000 results and refuses 10 MB of gzip: more become one result that counts them, and the gravest
/// stay. It shows an alert at a pull request only on lines of the difference, hence `FindingPlaces`.
package enum SARIFReport {
    static let resultLimit = 5_000
    /// Bytes of JSON, which gzip never makes noticeably longer.
    static let byteLimit = 9_000_000

    /// The whole log, within both limits.
    package static func document(_ report: CheckReport) -> String {
        let broken = report.findings.filter { $0.status != .passed }
        let prints = Fingerprint.all(broken)
        let places = FindingPlaces(report)
        var kept = fill(Array(broken.indices), broken, prints, places)
        if kept.omitted > 0 {
            // Not all can stay: the gravest do.
            let order = broken.indices.sorted { a, b in
                let (left, right) = (weight(broken[a]), weight(broken[b]))
                return left == right ? a < b : left > right
            }
            kept = fill(order, broken, prints, places)
            kept.results.append(rollUp(kept.omitted, report, places, &kept.rules))
        }
        return log(report, kept.rules.descriptors, kept.results).document
    }

    private struct Kept {
        var rules = Rules()
        var results: [JSONValue] = []
        var omitted = 0
    }

    /// Takes findings in order until a limit is reached; where one is, a result is left for the roll-up.
    private static func fill(
        _ order: [Int], _ broken: [Finding], _ prints: [String], _ places: FindingPlaces
    ) -> Kept {
        var kept = Kept()
        var room = byteLimit
        for (position, index) in order.enumerated() {
            let isLast = position == order.count - 1
            let ruleCost = kept.rules.byteCount(broken[index])
            let (result, size) = result(broken[index], prints[index], places, kept.rules.index(of: broken[index]))
            room -= size + ruleCost
            let limit = isLast ? resultLimit : resultLimit - 1
            guard room >= 0, kept.results.count < limit else {
                kept.omitted = order.count - kept.results.count
                break
            }
            kept.rules.insert(broken[index])
            kept.results.append(result)
        }
        return kept
    }

    private static func weight(_ finding: Finding) -> Int {
        guard finding.status == .failed else { return 0 }
        return switch finding.severity {
        case .error: 3
        case .warn: 2
        case .note: 1
        }
    }

    // MARK: Rules

    private struct Rules {
        private(set) var descriptors: [JSONValue] = []
        private var indices: [String: Int] = [:]

        /// The index that the finding's rule has or would have.
        func index(of finding: Finding) -> Int { indices[finding.rule] ?? descriptors.count }

        /// What the rule adds to the document.
        func byteCount(_ finding: Finding) -> Int {
            indices[finding.rule] == nil ? descriptor(finding).document.utf8.count * 2 : 0
        }

        mutating func insert(_ finding: Finding) {
            guard indices[finding.rule] == nil else { return }
            indices[finding.rule] = descriptors.count
            descriptors.append(descriptor(finding))
        }

        private func descriptor(_ finding: Finding) -> JSONValue {
            let demand = SinkText.line(finding.demand.isEmpty ? finding.rule : finding.demand, atMost: 1_000)
            var help = demand
            if let metric = finding.metric { help += " " + metric.title + ": " + metric.definition }
            return .members([
                ("id", .text(SinkText.name(finding.rule, atMost: 255))),
                ("shortDescription", text(demand)), ("fullDescription", text(demand)), ("help", text(help)),
                ("defaultConfiguration", .members([("level", .text(level(finding.severity)))])),
                ("properties", .members([("precision", .text("very-high"))])),
            ])
        }
    }

    private static func text(_ text: String) -> JSONValue { .members([("text", .text(text))]) }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .error: "error"
        case .warn: "warning"
        case .note: "note"
        }
    }

    // MARK: Results

    private static func result(
        _ finding: Finding, _ print: String, _ places: FindingPlaces, _ ruleIndex: Int
    ) -> (JSONValue, Int) {
        let isWaived = finding.status == .waived
        let title = SinkText.line(finding.subjectTitle.isEmpty ? finding.subject : finding.subjectTitle, atMost: 200)
        let message = title + ": " + SinkText.line(finding.sentence, atMost: 2_000) + "."
        let reason = finding.waiver.map { SinkText.line($0, atMost: 1_000) } ?? ""
        let suppression = JSONValue.members([
            // Without a status it is accepted, and editions of the schema differ in that word.
            ("kind", .text("external")),
            ("justification", .text(reason.isEmpty ? "waived" : reason)),
        ])
        let value = JSONValue.members([
            ("ruleId", .text(SinkText.name(finding.rule, atMost: 255))), ("ruleIndex", .integer(ruleIndex)),
            // Code scanning does not read suppressions: what is waived must not weigh as an error there.
            ("level", .text(isWaived ? "note" : level(finding.severity))), ("message", text(message)),
            ("locations", .array([location(places.anchor(of: finding), finding)])),
            ("partialFingerprints", fingerprints(print)),
            ("suppressions", isWaived ? .array([suppression]) : nil),
            ("properties", properties(finding)),
        ])
        // Counted without the indentation that it gets inside the document.
        return (value, value.document.utf8.count * 3 / 2)
    }

    /// GitHub reads only `primaryLocationLineHash`.
    private static func fingerprints(_ print: String) -> JSONValue {
        .members([
            ("latheRuleAndSubject/v1", .text(print)), ("primaryLocationLineHash", .text(print.prefix(16) + ":1")),
        ])
    }

    private static func location(_ anchor: SourceAnchor?, _ finding: Finding?) -> JSONValue {
        let logical = finding.map { finding in
            JSONValue.array([
                .members([
                    ("name", .text(SinkText.line(finding.subjectTitle, atMost: 200))),
                    ("fullyQualifiedName", .text(SinkText.name(finding.subject))),
                    ("kind", .text(finding.scope.rawValue)),
                ])
            ])
        }
        let physical = anchor.map { anchor in
            JSONValue.members([
                (
                    "artifactLocation",
                    .members([("uri", .text(FindingPlaces.uri(anchor.file))), ("uriBaseId", .text("%SRCROOT%"))])
                ),
                (
                    "region",
                    .members([
                        ("startLine", .integer(anchor.line)), ("startColumn", .integer(1)),
                        ("endLine", .integer(anchor.line)), ("endColumn", .integer(2)),
                    ])
                ),
            ])
        }
        return .members([("physicalLocation", physical), ("logicalLocations", logical)])
    }

    private static func properties(_ finding: Finding) -> JSONValue {
        .members([
            ("metric", .optional(finding.metric?.name)),
            ("unit", .optional(finding.metric.flatMap { $0.unit == .none ? nil : $0.unit.rawValue })),
            ("value", .optional(finding.value)), ("limit", .optional(finding.limit)),
            ("margin", .optional(finding.margin)), ("startSeconds", .optional(finding.startSeconds)),
            ("endSeconds", .optional(finding.endSeconds)),
        ])
    }

    private static func rollUp(
        _ omitted: Int, _ report: CheckReport, _ places: FindingPlaces, _ rules: inout Rules
    ) -> JSONValue {
        let finding = Finding(
            rule: "lathe/roll-up", demand: "All findings fit into the limits of code scanning.", subject: "report",
            subjectTitle: "Report", scope: .file, status: .failed, severity: report.passes ? .note : .error,
            message: "\(SinkText.count(omitted, "more finding")) left out here, the limit is reached. "
                + ReportOutline(report).rollUp)
        let index = rules.index(of: finding)
        rules.insert(finding)
        return .members([
            ("ruleId", .text(finding.rule)), ("ruleIndex", .integer(index)), ("level", .text(level(finding.severity))),
            ("message", text(finding.message + ".")), ("locations", .array([location(places.whole, finding)])),
            ("partialFingerprints", fingerprints(Fingerprint.of([finding.rule]))),
        ])
    }

    // MARK: Log

    private static func log(_ report: CheckReport, _ rules: [JSONValue], _ results: [JSONValue]) -> JSONValue {
        let category = SinkText.name(report.policy ?? report.baseline ?? "default", atMost: 200)
        let driver = JSONValue.members([
            ("name", .text("Lathe")), ("version", .text(SinkText.line(report.identity.lathe))),
            ("rules", .array(rules)),
            ("properties", .members([("meter", .text(ReportOutline(report).identity))])),
        ])
        let root = JSONValue.members([("description", text("The folder that the check ran in."))])
        let run = JSONValue.members([
            ("tool", .members([("driver", driver)])),
            ("automationDetails", .members([("id", .text("lathe-check/\(category)/"))])),
            ("originalUriBaseIds", .members([("%SRCROOT%", root)])), ("columnKind", .text("utf16CodeUnits")),
            ("results", .array(results)),
        ])
        return .members([
            ("$schema", .text("https://json.schemastore.org/sarif-2.1.0.json")), ("version", .text("2.1.0")),
            ("runs", .array([run])),
        ])
    }
}
