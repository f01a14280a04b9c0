import Foundation
import Quantities
import RenderHarness
import Testing

/// `render` as it records, `log`, `show`, `restore`, `pin`, `unpin` and `store prune`: as a user types them in the
/// folder of the album.
@Suite struct RevisionCommandTests {
    /// An album of one short song, and commands in its folder.
    private struct Studio {
        let workshop: Workshop

        init() throws {
            workshop = try Workshop()
            try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 1)
            try write(gain: "0 dB")
            try workshop.write(
                "album.yaml",
                """
                lathe: 1
                album: Short
                songs: [{file: song.yaml}]
                loudness: {target: -20 LUFS, ceiling: -1 dBTP}
                deliver: [{format: wav, bits: 24}, {format: flac, bits: 16}]
                """)
        }

        /// The song, with its only clip so loud.
        func write(gain: String) throws {
            try workshop.write(
                "song.yaml",
                """
                lathe: 1
                song: Short
                tracks:
                  - {name: Chord, clips: [{file: sounds/chord.wav, gain: \(gain)}], devices: [{delay: {time: 90 ms}}]}
                """)
        }

        func run(_ arguments: String..., environment: [String: String] = [:]) throws -> LatheProcess.Finished {
            try workshop.run(arguments, environment: environment, under: ["env", "-C", workshop.path])
        }

        func render(_ more: String..., environment: [String: String] = [:]) throws -> LatheProcess.Finished {
            let arguments =
                ["render", "album.yaml", "--workers", "0", "--overwrite", "replace", "--segment-seconds", "0.5"] + more
            return try workshop.run(arguments, environment: environment, under: ["env", "-C", workshop.path])
        }

        /// Two revisions, the second with another gain; the files of the first are answered.
        func renderTwo() throws -> [String: [UInt8]] {
            try #require(try render("-m", "first").status == 0)
            let sounds = try workshop.delivered("album-render").sounds
            try write(gain: "-6 dB")
            try #require(try render("-m", "quieter").status == 0)
            try #require(try workshop.delivered("album-render").sounds != sounds)
            return sounds
        }

        var records: [String] { workshop.files(".lathe/revisions/album") }
    }

    @Test func `a render records a revision, an edit the next, and nothing changed nothing`() throws {
        let studio = try Studio()
        let first = try studio.render()
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.output.hasSuffix("\nRevision 1: lathe log lists what is recorded\n"), "\(first.output)")
        let same = try studio.render()
        #expect(same.output.contains("\nRevision 1 still: nothing changed"), "\(same.output)")
        try studio.write(gain: "-6 dB")
        let second = try studio.render("-m", "quieter", "--name", "mix 2")
        #expect(second.output.hasSuffix("\nRevision 2: lathe diff 1 2 shows what changed\n"), "\(second.output)")
        #expect(try studio.render("--no-revision").status == 0)
        #expect(studio.records == ["000001.json", "000002.json"])

        let log = try studio.run("log")
        let lines = log.output.split(separator: "\n")
        #expect(lines.count == 3, "\(log.output)")
        #expect(lines[0].hasPrefix("REV") && lines[1].hasPrefix("2 ") && lines[2].hasPrefix("1 "))
        for word in ["mix 2", "quieter", "-20.0"] { #expect(lines[1].contains(word), "\(word) in \(lines[1])") }
        let document = try JSON(Array(try studio.run("log", "album.yaml", "--json").output.utf8))
        #expect(document["revisions"].elements.map { $0["number"].int } == [2, 1])
        #expect(document["revisions"].elements.first?["message"].string == "quieter")

        let show = try studio.run("show", "mix 2", "--session", "--verify")
        #expect(show.status == 0, "\(show.errors)")
        for word in ["album@2 \"mix 2\"", "quieter", "01 Short.wav", "01 Short.flac", "gain: -6 dB", "LUFS", "same"] {
            #expect(show.output.contains(word), "\(word) in \(show.output)")
        }
        // The files of revision 1 were replaced by those of 2.
        let old = try JSON(Array(try studio.run("show", "1", "--json", "--verify").output.utf8))
        #expect(old["files"].elements.prefix(2).map { $0["state"].string } == ["changed", "changed"])
        #expect(old["revision"]["session"]["files"].elements.count == 2)
        #expect(old["isThisEngine"].bool == true)
    }

    @Test func `revisions are compared with each other and with the session as it is`() throws {
        let studio = try Studio()
        _ = try studio.renderTwo()
        let both = try studio.run("diff", "1", "latest")
        #expect(both.status == 1 && both.output.contains("gain 0 to -6 dB"), "\(both.output)\(both.errors)")
        #expect(try studio.run("diff", "latest", "album.yaml").status == 0)
        try studio.workshop.sound("sounds/chord.wav", Sounds.thump, seconds: 1)
        let recorded = try studio.run("diff", "latest", "album.yaml")
        #expect(recorded.status == 1 && recorded.output.contains("content changed"), "\(recorded.output)")
        // Two revisions are compared without the audio that they were made of.
        try studio.workshop.remove("sounds")
        #expect(try studio.run("diff", "1", "2").output == both.output)
        let missing = try studio.run("diff", "1", "albun.yaml")
        #expect(missing.status == 2 && missing.errors.contains("did you mean"), "\(missing.errors)")
        #expect(try studio.run("diff", "1", "7").errors.contains("it has 2, from 1 to 2"))
    }

    @Test func `a file that is only tagged anew is no change, neither now nor between two revisions`() throws {
        let studio = try Studio()
        try #require(try studio.render().status == 0)
        var bytes = try studio.workshop.bytes("sounds/chord.wav")
        bytes += Array("LIST".utf8) + [12, 0, 0, 0] + Array("INFOISFT".utf8) + [0, 0, 0, 0]
        let size = UInt32(bytes.count - 8)
        for place in 0..<4 { bytes[4 + place] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(place))) }
        try Data(bytes).write(to: URL(fileURLWithPath: studio.workshop.path("sounds/chord.wav")))
        let now = try studio.run("diff", "latest", "album.yaml")
        #expect(now.status == 0, "\(now.output)\(now.errors)")
        let render = try studio.render("-m", "tagged", "--json")
        #expect(try JSON(Array(render.output.utf8))["farm"]["finish"]["rendered"].int == 0)
        let both = try studio.run("diff", "1", "2")
        #expect(both.status == 0 && both.output == "no change in the session\n", "\(both.output)\(both.errors)")
        try studio.workshop.sound("sounds/chord.wav", Sounds.thump, seconds: 1)
        try #require(try studio.render("-m", "another take").status == 0)
        let recorded = try studio.run("diff", "2", "3")
        #expect(recorded.status == 1 && recorded.output.contains("content changed"), "\(recorded.output)")
    }

    @Test func `two revisions can be heard side by side though one is overwritten`() throws {
        let studio = try Studio()
        _ = try studio.renderTwo()
        #expect(try studio.run("compare", "2", "album-render", "--progress", "none").status == 0)
        let other = try studio.run("compare", "1", "2", "--progress", "none")
        #expect(other.status == 1, "\(other.errors)")
        #expect(other.output.contains("01 Short.wav") && !other.output.contains("only in"), "\(other.output)")
        #expect(try studio.run("compare", "1", "nowhere.wav").status == 2)
        #expect(studio.records.count == 2)
    }

    @Test func `compare reads revisions from the store that is named`() throws {
        let studio = try Studio()
        try #require(try studio.render("-m", "first", "--store", "kept").status == 0)
        try #require(try studio.run("pin", "1", "--store", "kept").status == 0)
        try studio.write(gain: "-6 dB")
        try #require(try studio.render("-m", "quieter", "--store", "kept").status == 0)
        try FileManager.default.moveItem(
            atPath: studio.workshop.path("kept"), toPath: studio.workshop.path("moved"))
        try studio.workshop.remove("sounds")
        let lost = try studio.run("compare", "1", "2", "--progress", "none")
        #expect(lost.status == 2 && lost.errors.contains("sources"), "\(lost.errors)")
        let found = try studio.run("compare", "1", "2", "--progress", "none", "--store", "moved")
        #expect(found.status == 1 && found.output.contains("01 Short.wav"), "\(found.output)\(found.errors)")
    }

    @Test func `an earlier revision is restored byte for byte, from the ledger and with an empty store`() throws {
        let studio = try Studio()
        let sounds = try studio.renderTwo()
        let restored = try studio.run("restore", "1", "-o", "again", "--workers", "0")
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(restored.output.contains("All of them are the files of that revision"), "\(restored.output)")
        #expect(restored.output.contains(" 0 segments rendered"), "\(restored.output)")
        #expect(try studio.workshop.delivered("again").sounds == sounds)

        try studio.workshop.remove("cache")
        let empty = try studio.run("restore", "latest~1", "-o", "new", "--session", "--json", "--workers", "0")
        #expect(empty.status == 0, "\(empty.errors)")
        #expect(try studio.workshop.delivered("new").sounds == sounds)
        let document = try JSON(Array(empty.output.utf8))
        #expect(document["files"].elements.allSatisfy { $0["verdict"].string == "same" })
        #expect(try String(decoding: studio.workshop.bytes("new/song.yaml"), as: UTF8.self).contains("gain: 0 dB"))
        #expect(try studio.workshop.bytes("new/album.yaml") == studio.workshop.bytes("album.yaml"))
        // What is there is not overwritten unasked.
        #expect(try studio.run("restore", "1", "-o", "new", "--workers", "0").status == 2)
        #expect(studio.records.count == 2, "a restore is no revision")
    }

    @Test func `an album that was moved is restored all the same`() throws {
        let studio = try Studio()
        let sounds = try studio.renderTwo()
        for name in ["album.yaml", "song.yaml", "sounds", ".lathe"] {
            try FileManager.default.createDirectory(
                atPath: studio.workshop.path("moved"), withIntermediateDirectories: true)
            try FileManager.default.moveItem(
                atPath: studio.workshop.path(name), toPath: studio.workshop.path("moved/\(name)"))
        }
        let restored = try studio.run("restore", "moved/album@1", "-o", "again", "--workers", "0")
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(try studio.workshop.delivered("again").sounds == sounds)
    }

    @Test func `sources that are gone or changed are named before anything is rendered`() throws {
        let studio = try Studio()
        let sounds = try studio.renderTwo()
        let wave = try studio.workshop.bytes("sounds/chord.wav")
        try studio.workshop.sound("sounds/chord.wav", Sounds.thump, seconds: 0.9)
        let changed = try studio.run("restore", "1", "-o", "again", "--workers", "0")
        #expect(changed.status == 2)
        #expect(changed.errors.contains("sounds/chord.wav: has ") && changed.errors.contains("\(wave.count) bytes"))
        let other = try studio.run("restore", "1", "-o", "other", "--workers", "0", "--changed-sources")
        #expect(other.status == 1, "\(other.errors)")
        #expect(other.output.contains("sources were changed (sounds/chord.wav)"), "\(other.output)")
        try studio.workshop.remove("sounds/chord.wav")
        let gone = try studio.run("restore", "1", "-o", "again", "--workers", "0")
        #expect(gone.status == 2)
        #expect(gone.errors.contains("sounds/chord.wav: is gone"), "\(gone.errors)")
        #expect(!studio.workshop.exists("again"))
        // Put back by a copy, the file has another inode and time, which is no fault.
        try Data(wave).write(to: URL(fileURLWithPath: studio.workshop.path("sounds/chord.wav")))
        #expect(try studio.run("restore", "1", "-o", "again", "--workers", "0").status == 0)
        #expect(try studio.workshop.delivered("again").sounds == sounds)
    }

    @Test func `a pinned revision needs neither sources nor ledger, and no prune takes it`() throws {
        let studio = try Studio()
        try #require(try studio.render().status == 0)
        let sounds = try studio.workshop.delivered("album-render").sounds
        let report = try studio.workshop.bytes("album-render/render.json")
        let pinned = try studio.run("pin", "latest", "--name", "master 1")
        #expect(pinned.status == 0, "\(pinned.errors)")
        #expect(pinned.output.contains("album@1 \"master 1\" is pinned: 2 files"), "\(pinned.output)")
        try studio.write(gain: "-6 dB")
        for message in ["2", "3"] { try #require(try studio.render("-m", message).status == 0) }

        #expect(try studio.run("log").output.contains("master 1, pinned"))
        let dry = try studio.run("store", "prune", "--to", "0", "--dry-run")
        #expect(dry.output.contains("would be evicted") && dry.output.contains("4 files of 1 pinned revision stay"))
        #expect(try studio.run("store", "prune", "--to", "0").status == 0)
        let log = try studio.run("log", "--prune", "--keep", "1")
        #expect(log.output.hasPrefix("1 revision of album removed"), "\(log.output)")
        #expect(studio.records == ["000001.json", "000003.json"])
        #expect(try studio.run("store", "stat").output.contains("of 1 pinned revision"))

        try studio.workshop.remove("sounds")
        let restored = try studio.run("restore", "master 1", "-o", "again")
        #expect(restored.status == 0, "\(restored.errors)")
        #expect(restored.output.contains("from the store"), "\(restored.output)")
        #expect(try studio.workshop.delivered("again").sounds == sounds)
        #expect(try studio.workshop.bytes("again/render.json") == report)

        #expect(try studio.run("unpin", "master 1").status == 0)
        #expect(try studio.run("store", "prune", "--dry-run").output.contains("4 files of unpinned revisions would"))
        #expect(try studio.run("store", "prune").output.contains("4 files of unpinned revisions removed"))
        #expect(try studio.run("restore", "master 1", "-o", "once more").status == 2)
    }

    @Test func `a revision whose files are gone is pinned from where it was restored`() throws {
        let studio = try Studio()
        let sounds = try studio.renderTwo()
        let refused = try studio.run("pin", "1")
        #expect(refused.status == 2)
        #expect(refused.errors.contains("lathe pin 1 --from DIR"), "\(refused.errors)")
        #expect(try studio.run("restore", "1", "-o", "again", "--workers", "0").status == 0)
        #expect(try studio.run("pin", "1", "--from", "again").status == 0)
        #expect(try studio.run("pin", "1").output.contains("is pinned"), "twice is once")
        try studio.workshop.remove("sounds")
        #expect(try studio.run("restore", "1", "-o", "third").status == 0)
        #expect(studio.workshop.files("third") == sounds.keys.sorted())
        for (name, bytes) in sounds { #expect(try studio.workshop.bytes("third/" + name) == bytes, "\(name)") }
    }

    @Test func `two renders that end at once are two revisions`() throws {
        let studio = try Studio()
        try #require(try studio.render().status == 0)
        let runs = try ["a", "b"].map { name in
            try studio.workshop.start(
                [
                    "render", "album.yaml", "--workers", "0", "-o", name, "--segment-seconds", "0.5", "--name", name,
                ], under: ["env", "-C", studio.workshop.path])
        }
        for run in runs { #expect(run.wait().status == 0) }
        let document = try JSON(Array(try studio.run("log", "--json").output.utf8))
        #expect(document["revisions"].elements.compactMap { $0["number"].int } == [3, 2, 1])
        #expect(Set(document["revisions"].elements.compactMap { $0["name"].string }) == ["a", "b"])
    }

    @Test func `a render that is killed before its record has a number leaves none`() throws {
        let studio = try Studio()
        try #require(try studio.render().status == 0)
        try studio.write(gain: "-6 dB")
        let killed = try studio.render(environment: ["LATHE_TEST_CRASH_RENDER": "revision:1"])
        #expect(killed.status == 128 + SIGKILL)
        #expect(studio.records.filter { $0.hasSuffix(".json") } == ["000001.json"])
        #expect(try studio.run("log").output.split(separator: "\n").count == 2)
        #expect(try studio.render().output.contains("Revision 2: lathe diff 1 2"))
        #expect(studio.records == ["000001.json", "000002.json"])
    }

    @Test func `a revision that cannot be recorded is a warning, and the render stands`() throws {
        let studio = try Studio()
        try studio.workshop.write(".lathe", "somebody's file")
        let run = try studio.render()
        #expect(run.status == 0)
        #expect(run.errors.contains("warning: the render is complete, but it is not recorded"), "\(run.errors)")
        #expect(try studio.workshop.delivered("album-render").sounds.count == 2)
        let log = try studio.run("log")
        #expect(log.status == 2 && log.errors.contains("/.lathe/revisions cannot be read (Not a"), "\(log.errors)")
        #expect(log.errors.contains("move it away"), "\(log.errors)")
        // Nor is a folder of records that cannot be listed an empty one.
        try studio.workshop.remove(".lathe")
        try studio.workshop.write(".lathe/revisions/album", "somebody's file")
        let album = try studio.run("log", "album.yaml")
        #expect(album.status == 2 && album.errors.contains("revisions/album cannot be read"), "\(album.errors)")
    }

    @Test func `a failed render is no revision`() throws {
        let studio = try Studio()
        try studio.workshop.sound("sounds/chord.wav", Sounds.broken, seconds: 1, samples: .float32)
        #expect(try studio.render().status == 3)
        #expect(studio.records.isEmpty)
    }

    @Test func `a name is refused before anything is rendered`() throws {
        let studio = try Studio()
        try #require(try studio.render("--name", "mix").status == 0)
        for (name, word) in [("7", "number"), ("a@b", "@"), ("MIX", "is called \"mix\" already"), ("a\u{1B}[2J", "?")] {
            let run = try studio.render("--name", name)
            #expect(run.status == 2, "\(name)")
            #expect(run.errors.contains(word) && !run.errors.contains("\u{1B}"), "\(run.errors)")
        }
        let both = try studio.render("--no-revision", "-m", "x")
        #expect(both.status == 2 && both.errors.contains("--no-revision records nothing"))
        #expect(studio.records.count == 1)
        let damaged = try studio.run("show", "2")
        #expect(damaged.status == 2 && damaged.errors.contains("it has only 1"), "\(damaged.errors)")
        try studio.workshop.write(".lathe/revisions/album/000002.json", "{")
        let log = try studio.run("log")
        #expect(log.status == 0 && log.errors.contains("000002.json is no record of a revision"), "\(log.errors)")
        // The last is damaged: an older one is not shown in its place.
        #expect(try studio.run("show", "latest").errors.contains("000002.json is no record"))
        #expect(try studio.run("show", "1").output.contains("album@1"))
        #expect(try studio.run("show", "2").errors.contains("000002.json is no record"))
    }
}
