import Foundation
import FoundationXML
import LoudnessChecks
import Testing

/// JUnit XML, read by an XML parser and held against the form that Jenkins' schema gives it.
@Suite struct ReporterJUnitTests {
    /// What may stand in an element, and its attributes: all, required.
    private static let forms: [String: (children: Set<String>, attributes: Set<String>, required: Set<String>)] = [
        "testsuites": (["testsuite"], ["name", "tests", "failures", "errors"], []),
        "testsuite": (
            ["properties", "testcase", "system-out"], ["name", "tests", "failures", "errors", "skipped"],
            ["name", "tests", "failures", "errors"]
        ),
        "properties": (["property"], [], []),
        "property": ([], ["name", "value"], ["name", "value"]),
        "testcase": (["failure", "skipped", "system-out"], ["name", "classname"], ["name", "classname"]),
        "failure": ([], ["type", "message"], ["type", "message"]),
        "skipped": ([], ["message"], ["message"]),
        "system-out": ([], [], []),
    ]

    private final class Reader: NSObject, XMLParserDelegate {
        var errors: [String] = []
        var path: [String] = []
        var cases: [(suite: String, name: String, result: String)] = []
        var suites: [(name: String, tests: Int, failures: Int, skipped: Int)] = []
        var texts: [String] = []

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            guard let form = ReporterJUnitTests.forms[name] else { return errors.append("unknown element \(name)") }
            if let parent = path.last, ReporterJUnitTests.forms[parent]?.children.contains(name) == false {
                errors.append("\(name) in \(parent)")
            }
            let keys = Set(attributes.keys)
            if !keys.isSubset(of: form.attributes) || !form.required.isSubset(of: keys) {
                errors.append("\(name) with \(keys.sorted())")
            }
            path.append(name)
            let number = { (key: String) in Int(attributes[key] ?? "") ?? -1 }
            switch name {
            case "testsuite":
                suites.append((attributes["name"] ?? "", number("tests"), number("failures"), number("skipped")))
            case "testcase": cases.append((suites.last?.name ?? "", attributes["name"] ?? "", "passed"))
            case "failure", "skipped": cases[cases.count - 1].result = name
            case "system-out" where path.dropLast().last == "testcase": cases[cases.count - 1].result = "warned"
            default: break
            }
            texts += attributes.keys.sorted().map { attributes[$0] ?? "" }
        }

        func parser(_ parser: XMLParser, foundCharacters text: String) { texts.append(text) }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
        ) { if path.popLast() != name { errors.append("\(name) closes nothing") } }
    }

    private func read(_ document: String) -> Reader {
        let reader = Reader()
        let parser = XMLParser(data: Data(document.utf8))
        parser.delegate = reader
        if !parser.parse() { reader.errors.append("not well formed at line \(parser.lineNumber)") }
        return reader
    }

    @Test func `documents have the form of the schema, true counts and unique names`() {
        var twice = FixtureReport.album()
        twice.findings += twice.findings
        let reports = [
            FixtureReport.album(), FixtureReport.measured(), FixtureReport.hostile(), FixtureReport.large(300), twice,
        ]
        for report in reports {
            let reader = read(ReportFormat.junit.document(report))
            #expect(reader.errors == [])
            #expect(Set(reader.cases.map { $0.suite + "\n" + $0.name }).count == reader.cases.count)
            for suite in reader.suites {
                let cases = reader.cases.filter { $0.suite == suite.name }
                #expect(suite.tests == cases.count)
                #expect(suite.failures == cases.count { $0.result == "failure" })
                #expect(suite.skipped == cases.count { $0.result == "skipped" })
            }
        }
        #expect(!read("<testsuites><b/></testsuites>").errors.isEmpty)
        #expect(!read("<testsuites><testsuite></testsuites>").errors.isEmpty)
    }

    @Test func `warnings pass with words, fail where strict, and what is waived is skipped`() {
        var report = FixtureReport.album()
        let count = { (result: String) in read(ReportFormat.junit.document(report)).cases.count { $0.result == result }
        }
        #expect(count("failure") == 3 && count("warned") == 2 && count("skipped") == 1 && count("passed") == 3)
        report.isStrict = true
        #expect(count("failure") == 4 && count("warned") == 1)
    }

    @Test func `a file that is only measured is a case too, and one that cannot be read fails`() {
        var report = FixtureReport.album()
        report.isJudged = false
        report.findings = []
        let cases = read(ReportFormat.junit.document(report)).cases
        #expect(cases.count == report.items.count)
        #expect(cases.filter { $0.result == "failure" }.map(\.name) == ["extra/broken.wav: measured"])
    }

    @Test func `nothing that an attacker writes leaves its place`() {
        let reader = read(ReportFormat.junit.document(FixtureReport.hostile()))
        #expect(reader.texts.contains { $0.contains("]]><script>alert(1)</script>") })
        #expect(!reader.texts.joined().unicodeScalars.contains { $0.value < 9 || $0.value == 0x202E })
    }

    @Test func `a file that would be too large loses passed cases first and says so`() {
        let report = FixtureReport.large(400, textLength: 100)
        let whole = JUnitReport.document(report, byteLimit: .max)
        let cut = JUnitReport.document(report, byteLimit: 800_000)
        #expect(whole.utf8.count > 800_000 && cut.utf8.count <= 800_000)
        let reader = read(cut)
        #expect(reader.errors == [])
        #expect(reader.cases.count { $0.result == "failure" } == read(whole).cases.count { $0.result == "failure" })
        #expect(reader.cases.count { $0.result == "passed" } < 40)
        #expect(reader.texts.contains { $0.contains("left out: the file would be too large") })
    }
}
