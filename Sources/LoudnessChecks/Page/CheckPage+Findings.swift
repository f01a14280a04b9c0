/// What is broken, what is accepted, what holds.
extension CheckPage {
    var findings: String {
        guard report.isJudged else { return "" }
        let failed = report.findings.filter { $0.status == .failed }
        let ordered = [Severity.error, .warn, .note].flatMap { severity in failed.filter { $0.severity == severity } }
        let waived = report.findings.filter { $0.status == .waived }
        let passed = report.findings.filter { $0.status == .passed }
        guard !report.findings.isEmpty else { return "" }
        var cards = BoundedParts(byteLimit: Room.findings)
        for finding in ordered { cards.append { card(finding) } }
        let body =
            ordered.isEmpty
            ? "<p class=\"facts\">No rule is broken.</p>\n"
            : rules(ordered) + "<ul class=\"findings\">\n\(cards.html)</ul>\n" + Self.omission(cards, "findings")
        return "<section>\n<h2>Findings</h2>\n\(body)\(accepted(waived))\(held(passed))</section>\n"
    }

    /// Where many are broken: which rules, how often.
    private func rules(_ broken: [Finding]) -> String {
        guard broken.count > 20 else { return "" }
        var rules: [(name: String, demand: String, counts: [Int])] = []
        // Only looked up, never walked.
        var places: [String: Int] = [:]
        for finding in broken {
            let place = places[finding.rule] ?? rules.count
            if place == rules.count {
                places[finding.rule] = place
                rules.append((finding.rule, finding.demand, [0, 0, 0]))
            }
            rules[place].counts[finding.severity == .error ? 0 : finding.severity == .warn ? 1 : 2] += 1
        }
        let names = ["Errors", "Warnings", "Notes"]
        let rows = rules.prefix(60).map { rule in
            let cells = zip(names, rule.counts).map { name, count in
                "<td class=\"number\" data-name=\"\(name)\">\(count)</td>"
            }
            return "<tr><th scope=\"row\"><code>\(PageText.text(rule.name, atMost: 80))</code>"
                + "<span class=\"path\">\(PageText.text(PageText.sentence(rule.demand)))</span></th>"
                + "\(cells.joined())</tr>\n"
        }
        let heads = names.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let others = rules.count - rows.count
        let rest = others > 0 ? "<p class=\"facts\">and \(others) more rules</p>\n" : ""
        return """
            <table class="rules">
            <thead><tr><th scope="col">Broken rule</th>\(heads)</tr></thead>
            <tbody>
            \(rows.joined())</tbody>
            </table>
            \(rest)
            """
    }

    private func accepted(_ waived: [Finding]) -> String {
        guard !waived.isEmpty else { return "" }
        var cards = BoundedParts(byteLimit: Room.waived)
        for finding in waived { cards.append { card(finding) } }
        let list = "<ul class=\"findings\">\n\(cards.html)</ul>\n" + Self.omission(cards, "waived findings")
        return "<details open=\"open\"><summary>\(waived.count) waived</summary>\n\(list)</details>\n"
    }

    private func held(_ passed: [Finding]) -> String {
        guard !passed.isEmpty else { return "" }
        var rows = BoundedParts(byteLimit: Room.passed)
        for finding in passed {
            rows.append {
                "<li><strong>\(PageText.title(finding.subjectTitle, instead: finding.subject))</strong> "
                    + "<code>\(PageText.text(finding.rule, atMost: 80))</code> \(PageText.text(finding.message))</li>\n"
            }
        }
        let word = passed.count == 1 ? "1 rule passed" : "\(passed.count) rules passed"
        return "<details><summary>\(word)</summary>\n<ul class=\"held\">\n\(rows.html)</ul>\n"
            + Self.omission(rows, "passed rules") + "</details>\n"
    }

    private func card(_ finding: Finding) -> String {
        let verdict = finding.verdict(isStrict: false)
        let word = finding.status == .waived ? "waived" : finding.severity == .error ? "error" : verdict.word
        let title = PageText.title(finding.subjectTitle, instead: finding.subject)
        let subject = index.drawnNumber(finding.subject).map { "<a href=\"#song-\($0)\">\(title)</a>" } ?? title
        // What is so stands ahead of the first semicolon, what to do behind it.
        let message = finding.message.isEmpty ? finding.demand : finding.message
        let cut = Self.firstClause(message)
        let remedy = PageText.text(PageText.sentence(cut.rest), atMost: 1000)
        let mend = remedy.isEmpty ? "" : "<p class=\"mend\">\(remedy)</p>\n"
        let reason = finding.status == .waived ? finding.waiver ?? "no reason given" : nil
        let waiver = reason.map { "<p class=\"mend\">Waived: \(PageText.text($0, atMost: 600))</p>\n" } ?? ""
        return """
            <li class="finding \(verdict.kind)">
            <p class="finding-head">\(verdict.badge(word)) <strong>\(subject)</strong> \
            <code>\(PageText.text(finding.rule, atMost: 80))</code></p>
            <p class="message">\(PageText.text(PageText.sentence(cut.first), atMost: 1000))</p>
            \(mend)\(waiver)\(figures(finding))</li>

            """
    }

    static func firstClause(_ message: String) -> (first: String, rest: String) {
        let marks = message.unicodeScalars
        var place = marks.startIndex
        while place < marks.endIndex {
            let next = marks.index(after: place)
            if marks[place] == ";", next < marks.endIndex, marks[next] == " " {
                return (String(marks[..<place]), String(marks[marks.index(after: next)...]))
            }
            place = next
        }
        return (message, "")
    }

    private func figures(_ finding: Finding) -> String {
        var entries: [(name: String, text: String)] = []
        let isDrift = finding.rule.hasPrefix("baseline/")
        if let metric = finding.metric, let value = finding.value {
            let unit = isDrift ? metric.differenceUnit : metric.unit.rawValue
            let decimals = Self.decimals(finding, metric)
            let text = { (number: Double, unit: String, isSigned: Bool) in
                PageText.withUnit(PageText.number(number, decimals: decimals, isSigned: isSigned), unit)
            }
            entries.append((isDrift ? "Change" : metric.title, text(value, unit, isDrift)))
            if let limit = finding.limit { entries.append(("Limit", (isDrift ? "±" : "") + text(limit, unit, false))) }
            if let margin = finding.margin {
                let side = margin < 0 ? "outside" : "inside"
                entries.append(("Margin", text(margin.magnitude, metric.differenceUnit, false) + " " + side))
            }
        }
        let time = FindingTimes.text(finding)
        if !time.isEmpty { entries.append(("Where", time)) }
        if !finding.demand.isEmpty, finding.demand != finding.message {
            entries.append(("Demand", PageText.text(PageText.sentence(finding.demand), atMost: 400)))
        }
        if let anchor = finding.anchor, !anchor.file.isEmpty {
            entries.append(("Named in", "<code>\(PageText.text(anchor.file)):\(anchor.line)</code>"))
        }
        guard !entries.isEmpty else { return "" }
        let cells = entries.map { "<div><dt>\($0.name)</dt><dd>\($0.text)</dd></div>" }
        return "<dl class=\"figures\">\(cells.joined())</dl>\n"
    }

    /// Enough to tell the value of a broken rule from its limit.
    private static func decimals(_ finding: Finding, _ metric: Metric) -> Int {
        var decimals = metric.shownDecimals
        guard finding.status != .passed, let value = finding.value, let margin = finding.margin, margin != 0 else {
            return decimals
        }
        let isHidden = { (count: Int) in
            NumberText.fixed(margin.magnitude, decimals: count) == NumberText.fixed(0, decimals: count)
                || finding.limit.map {
                    NumberText.fixed($0, decimals: count) == NumberText.fixed(value, decimals: count)
                } == true
        }
        while decimals < 9, isHidden(decimals) { decimals += 1 }
        return decimals
    }
}
