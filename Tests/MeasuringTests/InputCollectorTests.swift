import Foundation
import LoudnessChecks
import Measuring
import RenderHarness
import Testing

/// What arguments of `measure` and `check` stand for.
@Suite struct InputCollectorTests {
    private func collect(_ workshop: Workshop, _ arguments: [String], mix: String? = nil) throws -> InputSet {
        try InputCollector.collect(arguments, in: workshop.path, mix: mix)
    }

    private func ids(_ workshop: Workshop, _ arguments: [String]) throws -> [String] {
        try collect(workshop, arguments).items.map(\.id)
    }

    @Test func `a folder is its sound files in order of their names, without hidden and unfinished ones`() throws {
        let workshop = try Workshop()
        for name in ["b.wav", "a.FLAC", "B.wav", "notes.txt", ".hidden.wav", ".lathe-1.wav", "disc 2/01.wav"] {
            try workshop.write("masters/\(name)", "x")
        }
        let set = try collect(workshop, ["masters"])
        #expect(set.items.map(\.id) == ["masters/B.wav", "masters/a.FLAC", "masters/b.wav", "masters/disc 2/01.wav"])
        #expect(set.groups.map(\.id) == ["masters", "masters/disc 2"])
        #expect(set.items.map(\.scope) == [.song, .song, .song, .song])
        #expect(try ids(workshop, ["masters/"]) == (try ids(workshop, ["./masters/../masters"])))
    }

    @Test func `a folder that was typed with two dots is that folder`() throws {
        let workshop = try Workshop()
        for name in ["one/b.wav", "two/x"] { try workshop.write(name, "x") }
        let set = try InputCollector.collect(["."], in: workshop.path("two/../one/."))
        #expect(set.items.map(\.id) == ["b.wav"])
    }

    @Test func `files named twice are measured once, in the order of the arguments`() throws {
        let workshop = try Workshop()
        for name in ["b.wav", "a.wav"] { try workshop.write(name, "x") }
        #expect(try ids(workshop, ["b.wav", "a.wav", workshop.path("b.wav"), "./a.wav"]) == ["b.wav", "a.wav"])
        #expect(try ids(workshop, [".", "a.wav", "."]) == ["a.wav", "b.wav"])
    }

    @Test func `a quoted pattern searches folders below, a name with brackets is a name`() throws {
        let workshop = try Workshop()
        for name in ["a/one.wav", "a/deep/two.wav", "a/deep/two.txt", "b/three.wav", "odd[1].wav"] {
            try workshop.write(name, "x")
        }
        let all = ["a/deep/two.wav", "a/one.wav", "b/three.wav", "odd[1].wav"]
        #expect(try ids(workshop, ["**/*.wav"]) == all)
        #expect(try ids(workshop, ["a/*.wav"]) == ["a/one.wav"])
        #expect(try ids(workshop, ["odd[1].wav"]) == ["odd[1].wav"])
        #expect(throws: InputError.self) { try collect(workshop, ["a/*.flac"]) }
    }

    @Test func `files below a folder named stems are stems`() throws {
        let workshop = try Workshop()
        for name in ["out/song.wav", "out/stems/Song/Drums.wav"] { try workshop.write(name, "x") }
        let set = try collect(workshop, ["out"])
        #expect(set.items.map(\.scope) == [.song, .stem])
    }

    @Test func `a mix makes stems of all other files`() throws {
        let workshop = try Workshop()
        for name in ["kick.wav", "bass.wav", "mix.wav"] { try workshop.write(name, "x") }
        let set = try collect(workshop, ["kick.wav", "bass.wav", "mix.wav"], mix: "mix.wav")
        #expect(set.items.map(\.id) == ["kick.wav", "bass.wav", "mix.wav"])
        #expect(set.items.map(\.scope) == [.stem, .stem, .song])
        #expect(set.groups.first?.mixID == "mix.wav")
    }

    @Test func `what cannot be measured is said with what to do`() throws {
        let workshop = try Workshop()
        try workshop.write("empty/readme.txt", "x")
        try workshop.write("album.yaml", "lathe: 1")
        let cases = [
            ("nowhere.wav", "nowhere.wav does not exist. Check the path; quote it if it holds blanks."),
            ("empty", "empty holds no sound file. Name the folder that does."),
            (
                "album.yaml",
                "album.yaml has no render beside it (album-render/render.json). Run `lathe render album.yaml`."
            ),
            ("/dev/null", "/dev/null is neither a file nor a folder. Name sound files or folders."),
        ]
        for (argument, message) in cases {
            let error = #expect(throws: InputError.self) { try collect(workshop, [argument]) }
            #expect(error?.description == message)
        }
    }

    @Test func `a link to its own folder is not followed for ever`() throws {
        let workshop = try Workshop()
        try workshop.write("masters/a.wav", "x")
        try FileManager.default.createSymbolicLink(
            atPath: workshop.path("masters/again"), withDestinationPath: workshop.path("masters"))
        #expect(try ids(workshop, ["masters"]) == ["masters/a.wav"])
        #expect(try ids(workshop, ["**/*.wav"]) == ["masters/a.wav"])
    }

    @Test func `a render is read by its document: groups by delivery, stems with their mix, what is missing`() throws {
        let workshop = try Workshop()
        try workshop.write(
            "album.yaml",
            """
            lathe: 1
            album: Pair
            songs:
              - file: one.yaml   # first
              - {gap: 1 s, file: two.yaml}
            """)
        func file(_ path: String, _ role: String) -> String {
            """
            {"path": "\(path)", "role": "\(role)", "format": "wav", "bits": 24, "rate": 48000, "channels": 2,
             "frames": 48000, "bytes": 1, "sha256": "0", "pcmSha256": "\(path)"}
            """
        }
        try workshop.write(
            "album-render/render.json",
            """
            {"lathe": "1", "libraries": {}, "album": "Pair", "warnings": [], "failures": [],
             "loudness": {"target": -14, "ceiling": -1, "by": "album"},
             "songs": [
              {"title": "One", "rate": 48000, "files": [
                \(file("WAV/01 One.wav", "master")),
                \(file("CD/01 One.wav", "master"))],
               "stems": [\(file("stems/One/Drums.wav", "stem")), \(file("stems/One/mix.wav", "pre-master"))]},
              {"title": "Two", "rate": 48000, "files": [\(file("WAV/02 Two.wav", "master"))], "stems": []},
              {"title": "Three", "rate": 48000, "files": [], "stems": []}]}
            """)
        for name in ["WAV/01 One.wav", "CD/01 One.wav", "stems/One/Drums.wav", "stems/One/mix.wav"] {
            try workshop.write("album-render/\(name)", "x")
        }
        let set = try collect(workshop, ["album.yaml"])
        #expect(
            set.groups.map(\.id) == ["album-render/WAV", "album-render/CD", "album-render/stems of One"])
        #expect(set.groups[0].title == "Pair, WAV")
        #expect(set.groups[0].loudness == RecordedTarget(target: -14, ceiling: -1, isForAlbum: true))
        #expect(set.groups[2].mixID == "album-render/stems/One/mix.wav")
        #expect(set.items.map(\.scope) == [.song, .song, .stem, .stem])
        #expect(set.items[0].recordedPCMSHA256 == "WAV/01 One.wav")
        // Findings point at the song's line in the album file.
        #expect(set.items[0].anchor?.file == "album.yaml" && set.items[0].anchor?.line == 4)
        #expect(set.missing.map(\.title) == ["Two", "Three", "Three"])
        #expect(set.missing.map(\.group) == ["album-render/WAV", "album-render/WAV", "album-render/CD"])
        #expect(try collect(workshop, ["album.yaml", "album-render"]).missing == set.missing)
        #expect(set.missing.contains { $0.anchor?.line == 5 && $0.reason.contains("is missing") })
        // Without the album file they point at the document.
        let folder = try collect(workshop, ["album-render"])
        #expect(folder.items[0].anchor?.file == "album-render/render.json")
        #expect((folder.items[0].anchor?.line ?? 0) > 4)
    }
}
