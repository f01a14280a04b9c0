import Foundation
import FoundationXML
import RenderHarness
import Testing

/// `lathe check` as CI runs it.
@Suite struct CheckCommandTests {
    private static let policy = """
        lathe-policy: 1
        name: Test
        rules:
          - {id: peak, scope: song, metric: true-peak, at-most: -1 dBTP}
          - {id: loudness, scope: album, metric: integrated, target: -14 LUFS, tolerance: 30 LU}
          - {id: tail, scope: song, metric: tail-silence, at-most: 1 s, severity: warn}
        """

    /// A folder with two songs, the second too hot.
    private func masters() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.sound("masters/a.wav", Sounds.chord, seconds: 4)
        try workshop.sound("masters/b.wav", loud, seconds: 4)
        try workshop.write("loudness.yaml", Self.policy)
        return workshop
    }

    private func loud(_ frame: Int, _ rate: Int) -> (Double, Double) {
        let value = Sounds.chord(frame, rate)
        return (min(0.99, 3 * value.0), min(0.99, 3 * value.1))
    }

    private func check(_ workshop: Workshop, _ arguments: [String], _ environment: [String: String] = [:]) throws
        -> LatheProcess.Finished
    {
        try workshop.run(["check", "--progress", "none"] + arguments, environment: environment)
    }

    @Test func `0 when all passes, 1 when a rule is broken, 2 when the policy is wrong`() throws {
        let workshop = try masters()
        let policy = ["--policy", workshop.path("loudness.yaml")]
        let good = try check(workshop, [workshop.path("masters/a.wav")] + policy)
        #expect(good.status == 0, "\(good)")
        let bad = try check(workshop, [workshop.path("masters")] + policy)
        #expect(bad.status == 1 && bad.output.contains("allowed -1.0 dBTP"), "\(bad)")
        let unitless = Self.policy.replacingOccurrences(of: "at-most: -1 dBTP", with: "at-most: -1")
        try workshop.write("loudness.yaml", unitless)
        let wrong = try check(workshop, [workshop.path("masters")] + policy)
        #expect(wrong.status == 2 && wrong.output.isEmpty)
        #expect(wrong.errors.contains("loudness.yaml:4:"), "\(wrong.errors)")
        let unknown = try check(workshop, [workshop.path("masters"), "--profile", "spotifi"])
        #expect(unknown.status == 2 && unknown.errors.contains("there is no profile spotifi"))
    }

    @Test func `a file that cannot be read fails, and the others are judged`() throws {
        let workshop = try masters()
        try workshop.write("masters/c.wav", "RIFF....")
        let policy = workshop.path("loudness.yaml")
        let run = try check(workshop, [workshop.path("masters"), "--json", "--policy", policy])
        #expect(run.status == 1)
        let findings = try JSON(Array(run.output.utf8))["findings"].elements
        #expect(findings.contains { $0["rule"].string == "lathe/unreadable" && $0["status"].string == "failed" })
        let judged = findings.filter { $0["rule"].string == "policy/peak" }
        #expect(judged.contains { $0["subject"].string?.hasSuffix("a.wav") == true && $0["status"].string == "passed" })
    }

    @Test func `warnings fail only a strict check`() throws {
        let workshop = try Workshop()
        try workshop.sound("a.wav", { f, r in f < r ? Sounds.chord(f, r) : (0, 0) }, seconds: 4)
        try workshop.write("loudness.yaml", Self.policy)
        let arguments = [workshop.path("a.wav"), "--policy", workshop.path("loudness.yaml")]
        #expect(try check(workshop, arguments).status == 0)
        #expect(try check(workshop, arguments + ["--strict"]).status == 1)
    }

    @Test func `an accepted baseline passes, a louder stretch is named by its time, accepted it passes again`() throws {
        let workshop = try Workshop()
        func song(_ gain: Double) throws {
            try workshop.sound(
                "masters/a.wav",
                { frame, rate in
                    let value = Sounds.chord(frame, rate)
                    let factor = (10 * rate..<20 * rate).contains(frame) ? gain : 0.3
                    return (factor * value.0, factor * value.1)
                }, seconds: 30)
        }
        try song(0.3)
        let lock = workshop.path("loudness.lock")
        let arguments = [workshop.path("masters"), "--baseline", lock]
        let absent = try check(workshop, arguments)
        #expect(absent.status == 2 && absent.errors.contains("--accept"))
        let accept = arguments + ["--accept", "--reason", "first", "--by", "tests", "--today", "2026-01-02"]
        #expect(try check(workshop, accept).status == 0)
        let text = try workshop.bytes("loudness.lock")
        #expect(String(decoding: text, as: UTF8.self).contains("first"))
        for mode in ["exact", "engine", "revision"] {
            let run = try check(workshop, arguments + ["--mode", mode])
            #expect(run.status == 0, "\(mode): \(run)")
        }
        // The same again changes nothing.
        #expect(try check(workshop, accept).status == 0)
        #expect(try workshop.bytes("loudness.lock") == text)
        try song(0.6)
        let drifted = try check(workshop, arguments + ["--strict"])
        #expect(drifted.status == 1)
        #expect(drifted.output.contains("0:10"), "\(drifted.output)")
        #expect(try check(workshop, arguments + ["--mode", "exact"]).status == 1)
        let again = arguments + ["--accept", "--reason", "louder chorus", "--by", "tests", "--today", "2026-02-03"]
        let accepted = try check(workshop, again)
        #expect(accepted.status == 0 && accepted.output.contains("a.wav"), "\(accepted)")
        #expect(try check(workshop, arguments + ["--mode", "exact"]).status == 0)
    }

    @Test func `a render is checked against its own album file, and a changed or missing master is found`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum()
        let render = try workshop.run([
            "render", workshop.path("pair.yaml"), "--store", workshop.path("store"), "--stems", "pre-master",
            "--workers", "0",
        ])
        #expect(render.status == 0, "\(render.errors)")
        let good = try check(workshop, [workshop.path("pair.yaml"), "--json"])
        let findings = try JSON(Array(good.output.utf8))["findings"].elements
        #expect(good.status == 0, "\(good.output)")
        #expect(findings.contains { $0["rule"].string == "album/true-peak" })
        #expect(findings.contains { $0["rule"].string == "mix/stems" && $0["status"].string == "passed" })
        #expect(findings.contains { $0["rule"].string == "render/samples" })
        let masters = workshop.files("pair-render").filter { $0.hasSuffix(".wav") && !$0.contains("stems/") }
        let first = try #require(masters.first)
        var bytes = try workshop.bytes("pair-render/\(first)")
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: URL(fileURLWithPath: workshop.path("pair-render/\(first)")))
        let changed = try check(workshop, [workshop.path("pair.yaml")])
        #expect(changed.status == 1 && changed.output.contains("changed since"), "\(changed.output)")
        try workshop.remove("pair-render/\(first)")
        let missing = try check(workshop, [workshop.path("pair.yaml")])
        #expect(missing.status == 1 && missing.output.contains("is missing"), "\(missing.output)")
    }

    @Test func `many reports are written at once, each whole, beside text on standard output`() throws {
        let workshop = try masters()
        let files = ["junit": "j.xml", "sarif": "s.sarif", "html": "r.html", "json": "r.json", "csv": "r.csv"]
        let run = try check(
            workshop,
            [workshop.path("masters"), "--policy", workshop.path("loudness.yaml")]
                + files.sorted { $0.key < $1.key }.flatMap { ["--format", "\($0.key)=\(workshop.path($0.value))"] })
        #expect(run.status == 1 && run.output.contains("FAILED"), "\(run.output)")
        for file in files.values { #expect(try workshop.bytes(file).count > 200, "\(file)") }
        _ = try XMLDocument(data: Data(try workshop.bytes("j.xml")))
        #expect(try JSON(workshop.bytes("s.sarif"))["version"].string == "2.1.0")
    }
}
