import Comparison
import Foundation
import FoundationXML
import TestSupport
import Testing

@Suite struct ReportTests {
    private let music = Studio.music(seconds: 4)
    private static let hostile = "x<script>alert(1)</script> & \"q\" 'z' \u{202E}gpj.wav"

    private func edited(_ studio: Studio, _ b: String = "b.wav") throws -> ComparisonReport {
        try studio.write("a.wav", music)
        try studio.write(b, scaled(music, 1.2, frames: 48_000..<96_000))
        return try studio.compare("a.wav", b)
    }

    @Test func `the page is well-formed, whole in itself, and safe from names`() throws {
        let studio = try Studio()
        let report = try edited(studio, Self.hostile)
        let page = ComparisonPage(report, audioByteLimit: 4_000_000).html
        let parser = XMLParser(data: Data(page.utf8))
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(!page.contains("http:") && !page.contains("https:") && !page.contains("src="))
        #expect(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"))
        #expect(!page.contains("\u{202E}"))
        #expect(page.contains("class=\"player\"") && page.contains("prefers-color-scheme: dark"))
        #expect(page.contains("Content-Security-Policy"))
        #expect(page == ComparisonPage(report, audioByteLimit: 4_000_000).html)
    }

    @Test func `sound in the page stays below its limit`() throws {
        let studio = try Studio()
        let report = try edited(studio)
        let whole = ComparisonPage(report, audioByteLimit: 8_000_000).html
        let none = ComparisonPage(report, audioByteLimit: 0).html
        #expect(!none.contains("class=\"player\"") && none.utf8.count < 100_000)
        for limit in [2_400_000, 1_700_000] {
            let page = ComparisonPage(report, audioByteLimit: limit).html
            #expect(page.contains("class=\"player\""))
            #expect(page.utf8.count - none.utf8.count < limit + 6_000, "\(limit)")
            #expect(page.utf8.count < whole.utf8.count)
        }
        #expect(ComparisonPage(report, audioByteLimit: 10_000).html.contains("leaves no room"))
    }

    @Test func `control characters of a name do not reach the terminal`() throws {
        let studio = try Studio()
        let text = ComparisonText.document(try edited(studio, "b\u{1B}[31m\n.wav"))
        #expect(!text.contains("\u{1B}") && text.contains("b\u{FFFD}[31m .wav"))
    }

    @Test func `the text fits its width and says what a producer asks`() throws {
        let studio = try Studio()
        let text = ComparisonText.document(try edited(studio), width: 80)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 82 }, "\(text)")
        #expect(text.contains("0:01.000 - 0:02.000"), "\(text)")
        #expect(text.contains("1.6 LU louder, mostly 180 Hz to 355 Hz"), "\(text)")
        #expect(!text.contains("Louder or softer"), "\(text)")
        #expect(text.contains("\n\nDIFFERENT: 1 change, residual peak -2"), "\(text)")
    }

    @Test func `the document has the keys that scripts rely on`() throws {
        let studio = try Studio()
        let report = try edited(studio)
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(ComparisonJSON.document(report).utf8)) as? [String: Any])
        #expect(
            document.keys.sorted() == [
                "a", "allowsGain", "allowsOffset", "b", "exitCode", "failures", "gap", "lathe", "notLookedAt",
                "onlyInA", "onlyInB", "pairs", "same", "schemaVersion", "summary",
            ])
        let pair = try #require((document["pairs"] as? [[String: Any]])?.first)
        #expect(
            pair.keys.sorted() == [
                "a", "b", "curves", "firstDifference", "gain", "judgedPeak", "loudnessChanges", "metrics", "octaves",
                "offset", "onlyIn", "regionCount", "regions", "relation", "residual", "threshold", "title",
            ])
        let first = try #require(pair["firstDifference"] as? [String: Any])
        #expect(first.keys.sorted() == ["a", "b", "channel", "frame", "frameInB", "timeSeconds"])
        let region = try #require((pair["regions"] as? [[String: Any]])?.first)
        #expect(
            region.keys.sorted() == [
                "endSeconds", "frame", "frameCount", "highHertz", "loudnessChange", "lowHertz", "peak", "rms",
                "startSeconds", "summary",
            ])
        let metrics = try #require(pair["metrics"] as? [String: Any])
        #expect(metrics["integrated"] != nil && metrics["truePeak"] != nil && metrics["width"] != nil)
    }

    @Test func `a report of nothing but reasons is a document, too`() throws {
        let report = ComparisonReport(
            lathe: "test", nameA: "a", nameB: "b", options: ComparisonOptions(), failures: ["a does not exist."])
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(ComparisonJSON.document(report).utf8)) as? [String: Any])
        #expect(document["exitCode"] as? Int == 2 && (document["failures"] as? [String])?.count == 1)
    }

    @Test func `the schema that is published is the one in the code, and documents hold to it`() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let published = try String(
            contentsOf: folder.appendingPathComponent("docs/schemas/compare-report-1.json"), encoding: .utf8)
        #expect(published == ComparisonSchema.document)
        let studio = try Studio()
        let report = try edited(studio)
        let schema = try JSONSerialization.jsonObject(with: Data(published.utf8))
        let document = try JSONSerialization.jsonObject(with: Data(ComparisonJSON.document(report).utf8))
        #expect(SchemaWords(schema).faults(document).isEmpty, "\(SchemaWords(schema).faults(document))")
    }

    @Test func `documents of channels and places hold to the schema, and their pages are well-formed`() throws {
        let schema = SchemaWords(try JSONSerialization.jsonObject(with: Data(ComparisonSchema.document.utf8)))
        let long = Studio.music(seconds: 40, rate: 8000)
        let gap = long.map { Array($0[..<160_000]) + [Double](repeating: 0, count: 99) + Array($0[160_000...]) }
        let pairs = [
            [gap[1], gap[0]], [long[0], long[1].map { -$0 }], [long[0], [Double](repeating: 0, count: 320_000)],
            [zip(long[0], long[1]).map { 0.5 * ($0 + $1) }],
        ]
        for planes in pairs {
            let studio = try Studio()
            try studio.write("a.wav", long, rate: 8000)
            try studio.write("b.wav", planes, rate: 8000)
            let report = try studio.compare("a.wav", "b.wav")
            let text = ComparisonJSON.document(report)
            #expect(text.contains("\"undone\"") && text.contains("\"restored\""), "\(text.prefix(3000))")
            let faults = schema.faults(try JSONSerialization.jsonObject(with: Data(text.utf8)))
            #expect(faults.isEmpty, "\(faults)")
            let page = ComparisonPage(report, audioByteLimit: 500_000).html
            #expect(XMLParser(data: Data(page.utf8)).parse() && page.contains("B is heard as it stands"))
        }
    }

    @Test func `octaves are named as people say them`() throws {
        let high = try #require(OctaveRange(powers: [0, 0, 0, 0, 0, 0, 0, 0.1, 0.5, 0.5]))
        #expect(high.words == "mostly above 5.6 kHz")
        let low = try #require(OctaveRange(powers: [1, 1, 0.1, 0, 0, 0, 0, 0, 0, 0]))
        #expect(low.words == "mostly below 90 Hz")
        #expect(OctaveRange(powers: [Double](repeating: 1, count: 10))?.words.hasPrefix("at all") == true)
        #expect(OctaveRange(powers: [Double](repeating: 0, count: 10)) == nil)
    }
}

/// The words of JSON Schema that ours uses, with members that the schema does not know as faults.
private struct SchemaWords {
    private let root: [String: Any]

    init(_ schema: Any) { root = schema as? [String: Any] ?? [:] }

    func faults(_ document: Any) -> [String] { faults(document, root, "$") }

    private func faults(_ value: Any, _ schema: [String: Any], _ place: String) -> [String] {
        if let reference = schema["$ref"] as? String {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            guard let target = (root["$defs"] as? [String: Any])?[name] as? [String: Any] else {
                return ["\(place): no \(reference)"]
            }
            return faults(value, target, place)
        }
        var found: [String] = []
        if let object = value as? [String: Any] {
            guard schema["type"] as? String == "object" else { return ["\(place): an object"] }
            let known = schema["properties"] as? [String: Any] ?? [:]
            for name in schema["required"] as? [String] ?? [] where object[name] == nil {
                found.append("\(place): no \(name)")
            }
            for (name, member) in object {
                let inner = (known[name] ?? schema["additionalProperties"]) as? [String: Any]
                if let inner {
                    found += faults(member, inner, place + "." + name)
                } else {
                    found.append("\(place): \(name) is unknown")
                }
            }
        } else if let array = value as? [Any] {
            guard let inner = schema["items"] as? [String: Any] else { return ["\(place): a list"] }
            for element in array { found += faults(element, inner, place + "[]") }
        } else if let values = schema["enum"] as? [String] {
            if !values.contains(value as? String ?? "") { found.append("\(place): \(value)") }
        } else {
            let types = (schema["type"] as? String).map { [$0] } ?? schema["type"] as? [String] ?? []
            let isFitting = types.contains { type in
                switch type {
                case "string": value is String
                case "number", "integer", "boolean": value is NSNumber
                case "null": value is NSNull
                default: false
                }
            }
            if !isFitting { found.append("\(place): \(value)") }
        }
        return found
    }
}
