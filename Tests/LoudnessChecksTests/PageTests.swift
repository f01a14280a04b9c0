import Foundation
import LoudnessChecks
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct `The page of a check` {
    private let html = CheckPage(FixtureReport.album()).html

    @Test(arguments: [
        FixtureReport.album(), FixtureReport.measured(), FixtureReport.hostile(), FixtureReport.large(250),
        CheckReport(identity: FixtureReport.album().identity, items: []), PageFixture.odd(),
    ])
    func `is well-formed, names each place once and links only to places that it has`(report: CheckReport) throws {
        let tree = try PageTree(CheckPage(report).html)
        let ids = tree.elements.compactMap { $0.attributes["id"] }
        #expect(Set(ids).count == ids.count)
        for link in tree.elements.compactMap({ $0.attributes["href"] }) {
            #expect(ids.contains(String(link.dropFirst())), "\(link)")
        }
        #expect(tree.elements.first?.name == "html")
    }

    @Test func `stands alone: no script, nothing from elsewhere, no path of a machine`() throws {
        let tree = try PageTree(html)
        let loading: Set<String> = ["script", "link", "img", "iframe", "object", "embed", "base", "form"]
        #expect(!tree.elements.contains { loading.contains($0.name) })
        for name in ["src", "srcset", "onclick", "onload"] {
            #expect(!tree.elements.contains { $0.attributes[name] != nil })
        }
        #expect(!html.contains("url(") && !html.contains("@import") && !html.contains("://"))
        #expect(!html.contains("file:") && !html.contains(NSTemporaryDirectory()))
    }

    @Test func `is the same bytes for the same report`() {
        #expect(Array(CheckPage(FixtureReport.album()).html.utf8) == Array(html.utf8))
        var other = FixtureReport.album()
        other.findings[0].message = "changed"
        #expect(CheckPage(other).html != html)
    }

    @Test func `escapes every text of others`() throws {
        let report = FixtureReport.hostile()
        let page = CheckPage(report).html
        let tree = try PageTree(page)
        #expect(!tree.elements.contains { $0.name == "script" })
        #expect(page.contains("]]&gt;&lt;script&gt;alert(1)&lt;/script&gt;"))
        for scalar in ["\u{202E}", "\u{0}", "\u{1B}", "\u{FFFE}", "\u{2028}"] as [Unicode.Scalar] {
            #expect(!page.unicodeScalars.contains(scalar))
        }
        #expect(page.contains("한국어 日本語"))
    }

    @Test func `says first whether the check passed, and counts what the report counts`() throws {
        let report = FixtureReport.album()
        let tree = try PageTree(html)
        let tiles = tree.texts(inside: "counts")
        let waived = report.findings.count { $0.status == .waived }
        let passed = report.findings.count { $0.status == .passed }
        #expect(
            tiles == [
                "Errors", "\(report.count(.error))", "Warnings", "\(report.count(.warn))", "Notes",
                "\(report.count(.note))", "Waived", "\(waived)", "Rules passed", "\(passed)",
            ])
        #expect(tree.texts(inside: "verdict").joined().contains("FAILED"))
        let verdict = try #require(html.range(of: "class=\"verdict\""))
        #expect(verdict.lowerBound < (try #require(html.range(of: "<h1>"))).lowerBound)
        for kind in ["bad", "fair", "plain"] {
            let shown = tree.elements.count { $0.attributes["class"] == "finding \(kind)" }
            let wanted = kind == "bad" ? report.count(.error) : kind == "fair" ? report.count(.warn) : nil
            #expect(shown == wanted ?? (report.count(.note) + waived))
        }
    }

    @Test func `passes where nothing is broken, and fails for a warning where it is strict`() {
        var report = FixtureReport.album()
        report.findings.removeAll { $0.status == .failed && $0.severity == .error }
        report.items.removeAll { $0.measurement == nil }
        report.groups.removeAll { $0.failure != nil }
        #expect(CheckPage(report).html.contains("</span> PASSED"))
        report.isStrict = true
        let strict = CheckPage(report).html
        #expect(strict.contains("</span> FAILED") && strict.contains("strict: warnings fail"))
    }

    @Test func `names policy, baseline, meter and profiles with class, date and source`() {
        for text in [
            "<code>loudness.yaml</code>", "<code>loudness.lock</code>", "meter 1, true peak 4×, mono as-is",
            "verified 2026-11-01, source: Spotify artists help", ">advisory</span>",
        ] {
            let isThere = html.contains(text)
            #expect(isThere, "\(text)")
        }
    }

    @Test func `gives no verdict on what was only measured`() throws {
        let page = CheckPage(FixtureReport.measured()).html
        let body = try #require(page.range(of: "<body>")).lowerBound
        for word in ["PASSED", "FAILED", "Verdict", "Findings", "class=\"badge", "class=\"counts"] {
            let isThere = page[body...].contains(word)
            #expect(!isThere, "\(word)")
        }
        #expect(page.contains("<h1>Measurements</h1>") && page.contains("true peak 16×, mono dual"))
    }

    @Test func `shows an unmeasurable figure with its reason, and a file that could not be read`() {
        #expect(html.contains("no I, M max, PLR: shorter than 400 ms; no S max, LRA: shorter than 3 s"))
        #expect(html.contains("could not be measured"))
        #expect(html.contains("the data chunk ends after 12 of 441000 frames"))
        var report = FixtureReport.album()
        report.findings = []
        report.isJudged = false
        #expect(CheckPage(report).html.contains("<h2>Could not be measured</h2>"))
    }

    @Test func `tells of a finding what, limit, margin, time and place, and how to mend it`() throws {
        var report = FixtureReport.album()
        report.findings = [
            Finding(
                rule: "policy/true-peak", demand: "true peak at most -1.0 dBTP", subject: "mix/Salt.wav",
                subjectTitle: "Salt", scope: .song, status: .failed, severity: .error,
                message: "true peak -0.98 dBTP, allowed -1.00 dBTP: 0.02 dB over; turn it down", value: -0.98,
                limit: -1, margin: -0.02, metric: .truePeak, anchor: SourceAnchor(file: "a.yaml", line: 6),
                startSeconds: 3.5, endSeconds: 3.5)
        ]
        let tree = try PageTree(CheckPage(report).html)
        #expect(
            tree.texts(inside: "figures").joined(separator: "|")
                == "True peak|−0.98\u{A0}dBTP|Limit|−1.00\u{A0}dBTP|Margin|0.02\u{A0}dB outside|Where|at 0:03.5|"
                + "Demand|True peak at most -1.0 dBTP|Named in|a.yaml:6")
        #expect(tree.texts(inside: "mend") == ["Turn it down"])
        #expect(tree.texts(inside: "message") == ["True peak -0.98 dBTP, allowed -1.00 dBTP: 0.02 dB over"])
    }

    @Test func `counts broken rules where there are many`() throws {
        let report = FixtureReport.large(300)
        let page = CheckPage(report).html
        #expect(
            try PageTree(page).texts(inside: "rules").joined(separator: "|")
                == "Broken rule|Errors|Warnings|Notes|policy/true-peak|At most -1.0 dBTP.|"
                + "\(report.count(.error))|\(report.count(.warn))|\(report.count(.note))")
        #expect(!html.contains("class=\"rules\""))
    }

    @Test func `speaks of drift in units of a difference`() {
        #expect(html.contains("<dd>+0.9\u{A0}LU</dd>") && html.contains("<dd>±0.5\u{A0}LU</dd>"))
    }

    @Test func `shades the stretch of a finding where it lies in its song`() throws {
        let tree = try PageTree(CheckPage(FixtureReport.album(songSeconds: 60)).html)
        let marks = tree.elements.filter { $0.attributes["class"]?.hasPrefix("stretch ") == true }
        // 6 s to 15 s of 60, 8.04 s to 8.5 s, and a moment at 0.0257 s.
        #expect(
            marks.map { $0.attributes["style"] ?? "" } == [
                "left:0.04%;width:0.00%", "left:10.00%;width:15.00%", "left:13.40%;width:0.77%",
            ])
        #expect(marks.map { $0.attributes["class"] ?? "" } == ["stretch bad", "stretch fair", "stretch plain"])
    }

    @Test func `marks overs and clipped runs with time, channel and value`() throws {
        let tree = try PageTree(html)
        let overs = tree.elements.filter { $0.attributes["class"] == "over-mark" }
        #expect(overs.count == 12)
        #expect(overs.first?.attributes["title"] == "True-peak over at 0:00.0 in R: 0.3\u{A0}dBTP")
        // Of a scale from 3 to -18: 0.34 lies 2.66 / 21 from the top.
        #expect(overs.first?.attributes["style"] == "left:0.11%;top:12.7%")
        let clips = tree.elements.filter { $0.attributes["class"] == "clip-mark" }
        #expect(clips.map { $0.attributes["title"] ?? "" }.first == "Clipped run at 0:02.0 in L: 5 samples")
    }

    @Test func `has a chart, a spectrum and peaks for each song, and the gain of each service`() throws {
        let tree = try PageTree(html)
        let measured = FixtureReport.album().items.count { $0.measurement != nil }
        #expect(tree.elements.count { $0.name == "article" } == measured)
        #expect(tree.elements.count { $0.attributes["class"] == "plot spectrum" } == measured - 1)
        #expect(html.contains("Spectrum in octaves: 31.5 Hz −41.0\u{A0}dBFS, 63 Hz −28.5\u{A0}dBFS"))
        #expect(html.contains("−4.7\u{A0}dB<span class=\"after\">peak −4.4\u{A0}dBTP</span>"))
        #expect(html.contains("0123456789abcdef0123456789abcdef"))
        #expect(tree.elements.filter { $0.name == "svg" }.allSatisfy { $0.attributes["aria-label"]?.isEmpty == false })
        #expect(tree.elements.filter { $0.name == "th" }.allSatisfy { $0.attributes["scope"] != nil })
    }

    @Test func `draws only songs with trouble where there are very many, and says so`() throws {
        var report = FixtureReport.large(400)
        for index in report.findings.indices where index % 100 != 0 { report.findings[index].status = .passed }
        for index in report.findings.indices { report.findings[index].severity = .error }
        let page = CheckPage(report).html
        #expect(try PageTree(page).elements.count { $0.name == "article" } == 4)
        #expect(page.contains("400 files are too many to draw all: there are charts for 4 that failed or have warn"))
    }

    @Test func `stays below eight megabytes for ten thousand files and for long texts`() {
        let reports = [FixtureReport.large(10_000), FixtureReport.large(3_000, textLength: 3_000), PageFixture.heavy()]
        for report in reports {
            let page = CheckPage(report).html
            #expect(page.utf8.count < 8_000_000)
            #expect(page.contains("left out here: the JSON and CSV reports have all"))
        }
    }
}

/// Elements and texts of a document that parses as XML.
final class PageTree: NSObject, XMLParserDelegate {
    struct Element {
        var name: String
        var attributes: [String: String]
    }

    struct Malformed: Error {
        var line: Int
        var reason: String
    }

    private(set) var elements: [Element] = []
    /// Each text with the classes of the elements around it.
    private var texts: [(classes: [String], text: String)] = []
    private var open: [String] = []

    init(_ document: String) throws {
        super.init()
        let parser = XMLParser(data: Data(document.utf8))
        parser.delegate = self
        guard parser.parse() else {
            throw Malformed(line: parser.lineNumber, reason: "\(String(describing: parser.parserError))")
        }
    }

    func texts(inside name: String) -> [String] {
        texts.filter { $0.classes.contains(name) }.map(\.text)
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements.append(Element(name: name, attributes: attributes))
        open.append(attributes["class"] ?? "")
        texts.append((open, ""))
    }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        open.removeLast()
        texts.append((open, ""))
    }

    func parser(_ parser: XMLParser, foundCharacters text: String) {
        guard !texts.isEmpty else { return }
        texts[texts.count - 1].text += text
    }

    func parserDidEndDocument(_ parser: XMLParser) {
        texts = texts.map { ($0.classes, $0.text.trimmingCharacters(in: .whitespacesAndNewlines)) }
            .filter { !$0.text.isEmpty }
    }
}
