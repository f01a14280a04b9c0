import Reports

/// The report for people: one HTML page without scripts and without anything from elsewhere, which is well-formed XML
/// too.
///
/// The same report gives the same bytes. However many files there are, the page stays below about 8 MB: what does not
/// fit is counted, and JSON and CSV have it.
package struct CheckPage {
    let report: CheckReport
    let index: PageIndex

    /// Bytes that parts of the page may take, together 7.85 MB.
    enum Room {
        static let findings = 1_300_000
        static let passed = 300_000
        static let waived = 300_000
        static let tables = 2_000_000
        static let songs = 3_300_000
        static let advice = 500_000
        static let unread = 150_000
    }

    package init(_ report: CheckReport) {
        self.report = report
        index = PageIndex(report)
    }

    /// The whole document, UTF-8.
    package var html: String {
        [head, header, unread, findings, tables, advice, songs, glossary, footer].joined()
    }

    private var head: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8"/>
        <meta name="viewport" content="width=device-width, initial-scale=1"/>
        <meta name="color-scheme" content="light dark"/>
        <title>\(documentTitle)</title>
        <style>
        \(ReportStyle.css)
        \(PageStyle.css)
        </style>
        </head>
        <body>
        <main>

        """
    }

    /// The one group's title, or what the page is.
    private var name: String? {
        guard report.groups.count == 1, let group = report.groups.first else { return nil }
        return group.title.isEmpty ? group.id : group.title
    }

    private var documentTitle: String {
        let kind = report.isJudged ? "loudness check" : "measurements"
        let verdict = report.isJudged && report.hasVerdict ? (report.passes ? "PASSED: " : "FAILED: ") : ""
        guard let name else { return verdict + (verdict.isEmpty ? "Measurements" : kind) }
        return verdict + PageText.text(name, atMost: 120) + ", " + kind
    }

    // MARK: Header

    private var header: String {
        let kind = report.isJudged ? "Loudness check" : "Measurements"
        let title = name.map { "<bdi>\(PageText.text($0, atMost: 160))</bdi>" } ?? kind
        let above = name == nil ? "" : "<p class=\"artist\">\(kind)</p>\n"
        return """
            <header>
            \(report.isJudged ? verdict : "")<h1>\(title)</h1>
            \(above)\(report.isJudged ? counts : "")<p class="facts">\(facts.joined(separator: " · "))</p>
            \(profiles)</header>

            """
    }

    private var verdict: String {
        guard report.hasVerdict else {
            return "<p class=\"verdict\"><span class=\"badge plain\">NOTHING JUDGED</span></p>\n"
        }
        let words = report.passes ? "PASSED" : "FAILED"
        let sign = report.passes ? "✓" : "✕"
        let kind = report.passes ? "good" : "bad"
        let strict = report.isStrict ? " <span class=\"facts\">strict: warnings fail</span>" : ""
        let badge = "<span class=\"badge \(kind)\"><span aria-hidden=\"true\">\(sign)</span> \(words)</span>"
        return "<p class=\"verdict\">\(badge)\(strict)</p>\n"
    }

    private var counts: String {
        let waived = report.findings.count { $0.status == .waived }
        let passed = report.findings.count { $0.status == .passed }
        let cells: [(name: String, count: Int, kind: String)] = [
            ("Errors", report.count(.error), "bad"), ("Warnings", report.count(.warn), "fair"),
            ("Notes", report.count(.note), "plain"), ("Waived", waived, "plain"), ("Rules passed", passed, "good"),
        ]
        let tiles = cells.map { cell in
            "<div class=\"\(cell.count > 0 ? cell.kind : "zero")\"><dt>\(cell.name)</dt><dd>\(cell.count)</dd></div>"
        }
        return "<dl class=\"counts\">\(tiles.joined())</dl>\n"
    }

    private var facts: [String] {
        let identity = report.identity
        var facts = [index.subjectCount]
        if let policy = report.policy { facts.append("policy <code>\(PageText.text(policy))</code>") }
        if let baseline = report.baseline { facts.append("baseline <code>\(PageText.text(baseline))</code>") }
        facts.append(
            "Lathe \(PageText.text(identity.lathe, atMost: 40)), meter \(PageText.text(identity.engine, atMost: 40)), "
                + "true peak \(identity.truePeakOversampling)×, mono \(PageText.text(identity.mono, atMost: 20))")
        return facts
    }

    private var profiles: String {
        guard !report.profiles.isEmpty else { return "" }
        let rows = report.profiles.prefix(100).map { profile in
            "<li><strong>\(PageText.title(profile.title, instead: profile.id))</strong> "
                + "<span class=\"badge plain\">\(PageText.text(profile.profileClass, atMost: 40))</span> "
                + "<span class=\"facts\">verified \(PageText.text(profile.verifiedOn, atMost: 40)), "
                + "source: \(PageText.text(profile.source))</span></li>\n"
        }
        let list = "<ul class=\"profiles\">\n\(rows.joined())</ul>\n"
        guard report.profiles.count > 4 else { return list }
        return "<details class=\"sources\"><summary>\(report.profiles.count) profiles took part: "
            + report.profiles.prefix(12).map { PageText.title($0.title, instead: $0.id) }.joined(separator: ", ")
            + "</summary>\n\(list)</details>\n"
    }

    // MARK: Files without figures

    /// Those that no finding tells of.
    private var unread: String {
        var parts = BoundedParts(byteLimit: Room.unread)
        for item in report.items {
            guard case .failed(let reason) = item.outcome,
                !index.findings(of: item.id).contains(where: { $0.rule == "lathe/unreadable" })
            else { continue }
            parts.append {
                "<li><strong>\(PageText.title(item.title, instead: item.id))</strong> "
                    + "<code>\(PageText.text(item.id))</code><br/>\(PageText.text(reason, atMost: 600))</li>\n"
            }
        }
        for group in report.groups {
            guard let reason = group.failure else { continue }
            parts.append {
                "<li><strong>\(PageText.title(group.title, instead: group.id))</strong> as a whole<br/>"
                    + "\(PageText.text(reason, atMost: 600))</li>\n"
            }
        }
        guard parts.written + parts.omitted > 0 else { return "" }
        return """
            <section class="notice bad">
            <h2>Could not be measured</h2>
            <ul>
            \(parts.html)</ul>
            \(Self.omission(parts, "more"))</section>

            """
    }

    /// What is said where parts were left out.
    static func omission(_ parts: BoundedParts, _ what: String) -> String {
        guard parts.omitted > 0 else { return "" }
        return "<p class=\"facts\">\(parts.omitted) \(what) left out here: the JSON and CSV reports have all.</p>\n"
    }

    /// Each figure of the page in a sentence.
    private var glossary: String {
        let shown = Metric.all.filter { metric in
            report.items.contains { $0.measurement?.values[metric] != nil }
                || report.groups.contains { $0.values[metric] != nil }
        }
        guard !shown.isEmpty else { return "" }
        let entries = shown.map { metric in
            let label = Self.columns.first { $0.metric == metric }?.label
            let short = label.map { $0 == metric.title ? "" : " (\($0))" } ?? ""
            return "<dt>\(metric.title)\(short)</dt><dd>\(PageText.text(metric.definition))</dd>\n"
        }
        return """
            <section>
            <details><summary>What the figures mean</summary>
            <dl class="form">
            \(entries.joined())</dl>
            </details>
            </section>

            """
    }

    private var footer: String {
        """
        <footer>Loudness after ITU-R BS.1770 and EBU R 128, range after EBU Tech 3342. In the charts a value stands at \
        the middle of its window.\(report.isJudged ? " Verdicts compare unrounded values." : "")</footer>
        </main>
        </body>
        </html>

        """
    }
}
