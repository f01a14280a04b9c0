/// JUnit XML: a suite for each group, a case for each rule and subject.
///
/// The form is that of Jenkins' `junit-10.xsd`. There is no time in it, as the same report gives the same bytes.
/// JUnit knows no warning: one passes and says so in `system-out`, unless the check is strict. A waived rule is a
/// skipped case. GitLab drops the second of two cases with one name and refuses 30 MB, so names are unique and the
/// least important cases give way: passed ones first.
package enum JUnitReport {
    /// Below GitLab's 30 MB for a file.
    package static let byteLimit = 28_000_000

    /// The whole document, of at most that many bytes.
    package static func document(_ report: CheckReport, byteLimit: Int = byteLimit) -> String {
        let outline = ReportOutline(report)
        let all = suites(of: outline)
        let whole = render(all, outline, omitted: 0)
        guard whole.utf8.count > byteLimit else { return whole }
        // Everything of one rank is dropped before anything of the next; within a rank the front is kept.
        var room = byteLimit - 10_000
        var kept = all.map { Suite(name: $0.name, properties: [], cases: []) }
        for suite in kept { room -= suite.name.utf8.count * 12 + 300 }
        var omitted = 0
        for rank in [Rank.failed, .warned, .skipped, .passed] {
            for (index, suite) in all.enumerated() {
                for test in suite.cases where test.rank == rank {
                    let size = test.byteCountAtMost(className: suite.name)
                    room -= size
                    if room >= 0 { kept[index].cases.append(test) } else { omitted += 1 }
                }
            }
        }
        return render(kept, outline, omitted: omitted)
    }

    private enum Rank { case failed, warned, skipped, passed }

    private struct Case {
        var name: String
        var rank: Rank
        /// Of the failure: the severity.
        var type = ""
        var message = ""
        var details = ""

        /// Escapes take at most six bytes for one.
        func byteCountAtMost(className: String) -> Int {
            200 + 6 * (name.utf8.count + className.utf8.count + 2 * message.utf8.count + details.utf8.count)
        }
    }

    private struct Suite {
        var name: String
        var properties: [(String, String)]
        var cases: [Case]
    }

    // MARK: Content

    private static func suites(of outline: ReportOutline) -> [Suite] {
        let report = outline.report
        var suites = outline.sections.map { section in
            let name = section.group.map { SinkText.name($0.id, atMost: 200) } ?? outline.title(of: section)
            return Suite(name: name, properties: properties(section, outline), cases: [])
        }
        var suiteOf: [String: Int] = [:]
        for (index, section) in outline.sections.enumerated() {
            for item in section.items { suiteOf[item.id] = index }
            if let group = section.group { suiteOf[group.id] = suiteOf[group.id] ?? index }
            for finding in section.broken { suiteOf[finding.subject] = suiteOf[finding.subject] ?? index }
        }
        if suites.isEmpty || report.findings.contains(where: { suiteOf[$0.subject] == nil }) {
            suites.append(Suite(name: "Other", properties: [], cases: []))
        }
        var names: Set<String> = []
        for finding in report.findings {
            let index = suiteOf[finding.subject] ?? suites.count - 1
            let stem = SinkText.name(finding.subject, atMost: 200) + ": " + SinkText.name(finding.rule, atMost: 200)
            suites[index].cases.append(test(finding, unique(stem, &names), report.isStrict))
        }
        for (index, section) in outline.sections.enumerated() {
            for item in section.items where !report.isJudged || item.measurement == nil {
                if outline.hasFailure(item.id) { continue }
                let name = unique(SinkText.name(item.id, atMost: 200) + ": measured", &names)
                var test = Case(name: name, rank: .passed)
                if case .failed(let reason) = item.outcome {
                    test = Case(name: name, rank: .failed, type: "error", message: SinkText.line(reason))
                }
                suites[index].cases.append(test)
            }
        }
        return suites
    }

    private static func unique(_ stem: String, _ names: inout Set<String>) -> String {
        var name = stem
        var ordinal = 1
        while !names.insert(name).inserted {
            ordinal += 1
            name = "\(stem) (\(ordinal))"
        }
        return name
    }

    private static func test(_ finding: Finding, _ name: String, _ isStrict: Bool) -> Case {
        let message = SinkText.line(finding.sentence, atMost: 2_000)
        switch finding.verdict(isStrict: isStrict) {
        case .passed, .unjudged: return Case(name: name, rank: .passed)
        case .waived: return Case(name: name, rank: .skipped, message: message)
        case .warned, .noted: return Case(name: name, rank: .warned, type: finding.word, message: message)
        case .failed:
            var details = SinkText.line(finding.demand, atMost: 2_000) + "\n" + message
            if let anchor = finding.anchor { details += "\n\(SinkText.name(anchor.file)):\(anchor.line)" }
            return Case(name: name, rank: .failed, type: finding.word, message: message, details: details)
        }
    }

    private static func properties(_ section: ReportOutline.Section, _ outline: ReportOutline) -> [(String, String)] {
        var result = [("meter", outline.identity)]
        let add = { (id: String, values: MetricValues) in
            for (metric, value) in values.entries {
                let unit = metric.unit == .none ? "" : " " + metric.unit.rawValue
                let text =
                    switch value {
                    case .number(let number): NumberText.fixed(number, decimals: metric.decimals) + unit
                    case .unmeasurable(let reason): "unmeasurable: " + SinkText.line(reason)
                    }
                result.append((SinkText.name(id, atMost: 200) + " " + metric.name, text))
            }
        }
        for item in section.items { if let found = item.measurement { add(item.id, found.values) } }
        if let group = section.group { add(group.id, group.values) }
        return result
    }

    // MARK: XML

    private static func render(_ suites: [Suite], _ outline: ReportOutline, omitted: Int) -> String {
        var xml = XMLText()
        let cases = suites.flatMap(\.cases)
        let failures = cases.count { $0.rank == .failed }
        let counts = [("tests", "\(cases.count)"), ("failures", "\(failures)"), ("errors", "0")]
        xml.element("testsuites", [("name", "lathe check")] + counts) { xml in
            for suite in suites { render(suite, omitted: omitted, outline.rollUp, &xml) }
        }
        return xml.text
    }

    private static func render(_ suite: Suite, omitted: Int, _ rollUp: String, _ xml: inout XMLText) {
        let failures = suite.cases.count { $0.rank == .failed }
        let skipped = suite.cases.count { $0.rank == .skipped }
        let attributes = [
            ("name", suite.name), ("tests", "\(suite.cases.count)"), ("failures", "\(failures)"), ("errors", "0"),
            ("skipped", "\(skipped)"),
        ]
        xml.element("testsuite", attributes) { xml in
            xml.element("properties") { xml in
                for (name, value) in suite.properties { xml.element("property", [("name", name), ("value", value)]) }
            }
            for test in suite.cases { render(test, in: suite.name, &xml) }
            let cut =
                omitted == 0
                ? ""
                : "; \(SinkText.count(omitted, "case")) and the values left out: the file"
                    + " would be too large"
            xml.element("system-out", text: rollUp + cut)
        }
    }

    private static func render(_ test: Case, in suite: String, _ xml: inout XMLText) {
        let attributes = [("name", test.name), ("classname", suite)]
        switch test.rank {
        case .passed: xml.element("testcase", attributes)
        case .skipped:
            xml.element("testcase", attributes) { $0.element("skipped", [("message", test.message)]) }
        case .warned:
            xml.element("testcase", attributes) {
                $0.element("system-out", text: "\(test.type): \(test.message)")
            }
        case .failed:
            xml.element("testcase", attributes) {
                $0.element("failure", [("type", test.type), ("message", test.message)], text: test.details)
            }
        }
    }
}
