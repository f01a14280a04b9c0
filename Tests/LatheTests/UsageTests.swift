import Foundation
import RenderHarness
import Testing

/// Exit codes and messages of commands that cannot run.
@Suite struct UsageTests {
    @Test(arguments: [
        (["frobnicate"], "frobnicate"), (["render"], "session"),
        (["render", "a.yaml", "--workers", "-1"], "workers"),
        (["render", "a.yaml", "--workers", "257"], "--workers goes from 0 to 256"),
        (["render", "a.yaml", "--audit", "101"], "--audit goes from 0 to 100"),
        (["render", "a.yaml", "--stems", "via-master"], "stems"),
        (["render", "a.yaml", "--overwrite", "maybe"], "overwrite"),
        (["render", "a.yaml", "--progress", "loud"], "progress"), (["store"], "store"),
        (["store", "prune", "--to", "5XB"], "5XB"),
    ])
    func `bad usage ends with 2 and says what is wrong`(arguments: [String], word: String) throws {
        let run = try Workshop().run(arguments)
        // A verb without its subcommand is answered with its help.
        #expect(run.status == (arguments == ["store"] ? 0 : 2))
        #expect((run.errors + run.output).contains(word), "\(run.errors)")
        if run.status == 2 { #expect(run.output.isEmpty) }
    }

    @Test(arguments: ["--returns", "--pass"])
    func `a flag that this version does not have is refused by name`(flag: String) throws {
        let run = try Workshop().run(["render", "a.yaml", flag, "x"])
        #expect(run.status == 2)
        #expect(run.errors.contains("\(flag) is not part of version"))
    }

    @Test(arguments: [[], ["session"], ["policy"], ["report"], ["comparison"]])
    func `a schema is one JSON document for an editor`(subject: [String]) throws {
        let run = try Workshop().run(["schema"] + subject)
        #expect(run.status == 0 && run.errors.isEmpty)
        #expect(try JSON(Array(run.output.utf8))["$schema"].string?.contains("json-schema.org") == true)
    }

    @Test func `help and version are results`() throws {
        let workshop = try Workshop()
        for arguments in [["--help"], ["help"], ["help", "render"], ["help", "store"], ["--version"]] {
            let run = try workshop.run(arguments)
            #expect(run.status == 0, "\(arguments)")
            #expect(!run.output.isEmpty && run.errors.isEmpty, "\(arguments)")
        }
    }

    @Test func `a missing file and a broken session end with 2 and every mistake with its place`() throws {
        let workshop = try Workshop()
        let missing = try workshop.run(["render", workshop.path("none.yaml")])
        #expect(missing.status == 2)
        #expect(missing.errors.contains("none.yaml:1:1: error: "))
        try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 0.2)
        try workshop.write(
            "song.yaml",
            """
            lathe: 1
            song: Broken
            tracks:
              - name: A
                clips: [{file: sounds/chord.wav, gian: 3 dB}]
                fader: loud
            """)
        for arguments in [["render"], ["plan"]] {
            let run = try workshop.run(arguments + [workshop.path("song.yaml"), "--json"])
            #expect(run.status == 2)
            #expect(run.errors.contains("song.yaml:5:38: error: "), "\(run.errors)")
            #expect(run.errors.contains("song.yaml:6:12: error: "), "\(run.errors)")
            #expect(run.errors.contains("gain"), "the nearest known key is named: \(run.errors)")
            let document = try JSON(Array(run.output.utf8))
            let failures = document["failures"].elements.compactMap { $0["what"].string }
            #expect(failures.count == 2)
            #expect(failures.allSatisfy { $0.contains("song.yaml:") })
        }
        #expect(!workshop.exists("song-render"), "nothing is written for a session that cannot be read")
    }

    @Test func `files that are there are left alone unless told otherwise`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        let render = [
            "render", workshop.path("song.yaml"), "--store", workshop.path("store"), "--workers", "0",
        ]
        #expect(try workshop.run(render).status == 0)
        let before = try workshop.bytes("song-render/01 Short.wav")
        let refused = try workshop.run(render + ["--json"])
        #expect(refused.status == 2)
        #expect(refused.errors.contains("--overwrite replace"), "\(refused.errors)")
        #expect(try JSON(Array(refused.output.utf8))["failures"].elements.count == 1)
        let numbered = try workshop.run(render + ["--overwrite", "number"])
        #expect(numbered.status == 0)
        #expect(try workshop.bytes("song-render 2/01 Short.wav") == before)
        try workshop.write("song-render/01 Short.wav", "somebody's own")
        #expect(try workshop.run(render + ["--overwrite", "replace"]).status == 0)
        #expect(try workshop.bytes("song-render/01 Short.wav") == before)
    }

    @Test func `only the songs that were asked for, by title or number`() throws {
        let workshop = try Workshop()
        try workshop.writePairAlbum(seconds: 1)
        let run = try workshop.run([
            "render", workshop.path("pair.yaml"), "--only", "second", "--workers", "0", "--store",
            workshop.path("store"),
        ])
        #expect(run.status == 0, "\(run.errors)")
        #expect(workshop.files("pair-render").filter { $0.hasSuffix(".wav") } == ["02 Second.wav"])
        let unknown = try workshop.run(["render", workshop.path("pair.yaml"), "--only", "third"])
        #expect(unknown.status == 2)
        #expect(unknown.errors.contains("\"First\", \"Second\""), "\(unknown.errors)")
    }
}

/// `song.yaml`: one second of a chord.
func writeSong(_ workshop: Workshop) throws {
    try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 1)
    try workshop.write(
        "song.yaml", "{lathe: 1, song: Short, tracks: [{name: Chord, clips: [{file: sounds/chord.wav}]}]}")
}
