import Foundation
import RenderHarness
import Testing

/// `lathe diff` as a producer types it.
@Suite struct DiffCommandTests {
    private static let song = """
        lathe: 1
        song: Ferry
        tracks:
          - name: Vox
            clips: [{file: sounds/chord.wav, at: 1 s}]
            devices:
              - compressor: {threshold: -18 dB, ratio: 2, attack: 10 ms, release: 120 ms}
            fader: -3 dB
            automation: {fader: [[0 s, -3 dB], [72 s, -3 dB]]}
          - name: Keys
            clips: [{file: sounds/chord.wav}]

        """
    private static let album = """
        lathe: 1
        album: Night Ferry
        songs: [{file: ferry.yaml}]
        loudness: {target: -14 LUFS}

        """

    /// `old/` and `new/`, alike.
    private func sessions() throws -> Workshop {
        let workshop = try Workshop()
        for folder in ["old", "new"] {
            try workshop.sound("\(folder)/sounds/chord.wav", Sounds.chord, seconds: 1)
            try workshop.write("\(folder)/ferry.yaml", Self.song)
            try workshop.write("\(folder)/album.yaml", Self.album)
        }
        return workshop
    }

    private func edit(_ workshop: Workshop, _ file: String, _ edits: [(String, String)]) throws {
        var text = String(decoding: try workshop.bytes(file), as: UTF8.self)
        for (old, new) in edits {
            #expect(text.contains(old))
            text = text.replacingOccurrences(of: old, with: new)
        }
        try workshop.write(file, text)
    }

    private func diff(
        _ workshop: Workshop, _ more: [String] = [], _ a: String = "old/album.yaml", _ b: String = "new/album.yaml"
    )
        throws -> LatheProcess.Finished
    {
        try workshop.run(["diff", workshop.path(a), workshop.path(b)] + more)
    }

    @Test func `a copy of a session in another folder is the same session`() throws {
        let run = try diff(try sessions())
        #expect(run.status == 0 && run.output == "no change in the session\n", "\(run)")
    }

    @Test func `edits are told in a mix engineer's words, and end with 1`() throws {
        let workshop = try sessions()
        try edit(
            workshop, "new/ferry.yaml",
            [
                ("[72 s, -3 dB]", "[72 s, -2.5 dB]"), ("ratio: 2", "ratio: 3"), ("at: 1 s", "at: 1012 ms"),
                ("  - name: Keys\n", "  - name: Keys\n    mute: true\n"),
            ])
        try edit(workshop, "new/album.yaml", [("-14 LUFS", "-16 LUFS")])
        let run = try diff(workshop)
        #expect(run.status == 1 && run.errors.isEmpty, "\(run.errors)")
        #expect(
            run.output == """
                Night Ferry: loudness target -14 to -16 LUFS
                Ferry: Vox clip moved 0:01.000 to 0:01.012 (12 ms later)
                Ferry: Vox compressor ratio 2:1 to 3:1
                Ferry: Vox fader -3.0 to -2.5 dB from 1:12
                Ferry: Keys muted
                5 changes

                """)
    }

    @Test func `a new recording under an old name is noticed`() throws {
        let workshop = try sessions()
        try workshop.sound("new/sounds/chord.wav", { f, r in Sounds.chord(f + 1, r) }, seconds: 1)
        let run = try diff(workshop)
        #expect(run.status == 1 && run.output.contains("Ferry: file chord.wav content changed"), "\(run.output)")
    }

    @Test func `the JSON document has what its schema says, and nothing on standard error`() throws {
        let workshop = try sessions()
        try edit(
            workshop, "new/ferry.yaml", [("[72 s, -3 dB]", "[72 s, -2.5 dB]"), ("song: Ferry", "song: The Ferry")])
        let run = try diff(workshop, ["--json"])
        #expect(run.status == 1 && run.errors.isEmpty, "\(run.errors)")
        let document = try JSON(Array(run.output.utf8))
        #expect(document["isEqual"].bool == false)
        let changes = document["changes"].elements
        #expect(changes.map { $0["isHeard"].bool } == [false, true])
        #expect(changes.map { $0["item"]["kind"].string } == ["song", "track"])
        #expect(changes[1]["what"].string == "fader")
        #expect(changes[1]["from"].string == "-3 dB" && changes[1]["to"].string == "-2.5 dB")
        #expect(changes[1]["stretches"].elements.first?["startSeconds"].double == 72)
        #expect(document["lines"].elements.count == 2)

        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let schema = try JSONSerialization.jsonObject(
            with: Data(contentsOf: root.appending(path: "docs/schemas/session-diff-1.json")))
        let written = try JSONSerialization.jsonObject(with: Data(run.output.utf8))
        let (rules, found) = (try #require(schema as? [String: Any]), try #require(written as? [String: Any]))
        #expect(Self.unknownKeys(found, rules, rules) == [])
    }

    /// Keys of a document that its schema does not describe, or demands in vain.
    private static func unknownKeys(_ value: Any, _ schema: [String: Any], _ root: [String: Any]) -> [String] {
        var schema = schema
        if let name = (schema["$ref"] as? String)?.split(separator: "/").last {
            schema = (root["$defs"] as? [String: [String: Any]])?[String(name)] ?? [:]
        }
        if let list = value as? [Any], let items = schema["items"] as? [String: Any] {
            return list.flatMap { unknownKeys($0, items, root) }
        }
        guard let object = value as? [String: Any] else { return [] }
        let properties = schema["properties"] as? [String: [String: Any]] ?? [:]
        let missing = (schema["required"] as? [String] ?? []).filter { object[$0] == nil }.map { "no \($0)" }
        return missing
            + object.flatMap { key, value in properties[key].map { unknownKeys(value, $0, root) } ?? [key] }.sorted()
    }

    @Test func `a hostile name does nothing to a terminal`() throws {
        let workshop = try sessions()
        try edit(workshop, "new/ferry.yaml", [("name: Vox", "name: \"V\\u202e31mox\"")])
        for flags in [[], ["--all"], ["--json"]] {
            let run = try diff(workshop, flags)
            #expect(run.status == 1, "\(run.errors)")
            let unsafe = run.output.unicodeScalars.filter {
                ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) || $0.value == 0x202E
            }
            #expect(unsafe.isEmpty && run.output.contains("31m"), "\(run.output)")
        }
    }

    @Test func `a session that cannot be read ends with 2, and the mistakes of both are told`() throws {
        let workshop = try sessions()
        try edit(workshop, "old/ferry.yaml", [("fader: -3 dB", "fader: loud")])
        try edit(workshop, "new/ferry.yaml", [("ratio: 2", "ratoi: 2")])
        let run = try diff(workshop, ["--json"])
        #expect(run.status == 2)
        #expect(run.errors.contains("old/ferry.yaml:8:") && run.errors.contains("new/ferry.yaml:7:"), "\(run.errors)")
        #expect(try JSON(Array(run.output.utf8))["failures"].elements.isEmpty == false)
        #expect(try diff(workshop, [], "none.yaml").status == 2)
    }
}
