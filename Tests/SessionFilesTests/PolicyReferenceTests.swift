import Foundation
import LoudnessChecks
import SessionFiles
import TestSupport
import Testing

/// docs/policies.md is what the reader's own table says, and its examples are read.
@Suite struct PolicyReferenceTests {
    /// `LATHE_RECORD=1` writes the file anew (`make doc` does): look at the difference before you commit it.
    @Test func `docs policies md says what the reader reads`() throws {
        let file = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/policies.md")
        if ProcessInfo.processInfo.environment["LATHE_RECORD"] == "1" {
            try Data(policyReference().utf8).write(to: file)
        }
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(written == policyReference(), "docs/policies.md is out of date: run `make doc`")
    }

    @Test func `every example of the page is a policy`() throws {
        let examples = policyReference().matches(of: /```yaml\n((?s).*?)```/).map { String($0.output.1) }
        #expect(examples.count == 3)
        let folder = try TemporaryDirectory()
        for (index, example) in examples.enumerated() {
            let policy = try PolicyReader.read(path: try folder.write("\(index).yaml", example))
            #expect(!policy.rules.isEmpty)
        }
    }

    @Test func `the page has every metric and its links lead to its own headings`() {
        let text = policyReference()
        for metric in Metric.all { #expect(text.contains("\n| `\(metric.keyName)` | \(metric.unit.rawValue) |")) }
        for link in text.matches(of: /\]\(#([a-z-]+)\)/) { #expect(text.contains("\n## \(link.1)\n"), "\(link.1)") }
    }

    @Test func `the JSON schema is JSON, its references resolve and it has the reader's keys`() throws {
        let text = policyJSONSchema()
        let schema = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let definitions = try #require(schema["$defs"] as? [String: Any])
        let references = text.matches(of: /#\/\$defs\/([a-z-]+)/)
        #expect(references.count > 20)
        for reference in references { #expect(definitions[String(reference.1)] != nil) }
        let waiver = try #require(definitions["waiver"] as? [String: Any])
        #expect(waiver["required"] as? [String] == ["rule", "reason", "until"])
        let rule = try #require(definitions["rule"] as? [String: Any])
        #expect(rule["additionalProperties"] as? Bool == false)
        let keys = try #require(rule["properties"] as? [String: Any]).keys.sorted()
        #expect(
            keys == [
                "at-least", "at-most", "files", "form", "id", "metric", "optional", "scope", "severity", "target",
                "tolerance",
            ])
    }

    @Test func `the messages of the page are those of the judge`() throws {
        let today = try #require(CalendarDay("2026-11-21"))
        let examples = policyReference().matches(of: /```yaml\n((?s).*?)```/).map { String($0.output.1) }
        let folder = try TemporaryDirectory()
        let policy = try PolicyReader.read(path: try folder.write("p.yaml", try #require(examples.first)))
        var song = Measurement(
            form: FileForm(
                container: "WAV", encoding: "24-bit PCM", bits: 24, rateHertz: 48_000, channelCount: 2,
                frameCount: 48_000,
                layout: "stereo", channelNames: ["L", "R"], byteCount: 1))
        song.values[.nonFiniteSamples] = .number(0)
        song.values[.truePeak] = .number(-0.4)
        song.overs = [SoundEvent(frame: 0, timeSeconds: 102.3, channel: "L", value: -0.4)]
        let report = CheckReport(
            identity: MeterIdentity(lathe: "1", engine: "1", truePeakOversampling: 4, mono: "as-is"),
            items: [CheckedItem(id: "a.wav", title: "a", scope: .song, outcome: .measured(song))])
        let finding = try #require(Judge(policy: policy, today: today).judge(report).findings.first)
        #expect(policyReference().contains("\n    \(finding.message)\n"))
    }
}
