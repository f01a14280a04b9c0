import Foundation
import RenderHarness
import Testing

/// Folders that cannot be written or read, and paths as they are shown.
@Suite struct PlaceTests {
    /// Commands that write into `place`, which lies below a file.
    private static let writers: [[String]] = [
        ["render", "song.yaml", "-o", "place"],
        ["render", "song.yaml", "song2.yaml", "-o", "place"],
        ["render", "song.yaml", "-o", "place", "--range", "0 s..0.5 s"],
        ["render", "song.yaml", "-o", "file", "--range", "0 s..0.5 s"],
        ["render", "song.yaml", "-o", "file"],
        ["restore", "song@1", "-o", "place"],
        ["restore", "song@1", "-o", "file"],
        ["restore", "song@1", "-o", "place", "--render"],
        ["pin", "song@1", "--store", "place"],
        ["demo", "place"],
        ["check", "song-render/01 Short.wav", "--format", "json=place/x.json"],
        ["render", "song.yaml", "--store", "place", "-o", "new"],
        ["coordinator", "--bind", "tcp://127.0.0.1:1", "--store", "place"],
        ["worker", "--connect", "tcp://127.0.0.1:1", "--store", "place"],
    ]

    @Test(arguments: writers)
    func `a place that cannot be written is said with its path and what to do`(command: [String]) throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        let rendered = try workshop.run(
            ["render", "song.yaml", "--workers", "0", "--progress", "none"], under: ["env", "-C", workshop.path])
        try #require(rendered.status == 0, "\(rendered.errors)")
        try workshop.write("file", "somebody's")
        let arguments = command.map { $0.replacing("place", with: "file/below") }
        let run = try workshop.run(arguments, under: ["env", "-C", workshop.path])
        #expect(run.status == 2, "\(run.status) \(run.errors)")
        #expect(run.errors.contains(workshop.path("file")) || run.errors.contains("file/below"), "\(run.errors)")
        for word in ["NSCocoaErrorDomain", "NSPOSIX", "Domain=", "Error Domain", "UserInfo"] {
            #expect(!run.errors.contains(word), "\(run.errors)")
        }
        let remedies = ["Move it away", "move it away", "choose", "Choose", "chosen", "--store"]
        #expect(remedies.contains { run.errors.contains($0) }, "\(run.errors)")
        #expect(try workshop.bytes("file") == Array("somebody's".utf8))
    }

    @Test func `paths are shown without detours`() throws {
        let workshop = try Workshop()
        try writeSong(workshop)
        for folder in ["demo", "real/deep"] {
            try FileManager.default.createDirectory(
                atPath: workshop.path(folder), withIntermediateDirectories: true)
        }
        let run = try workshop.run(
            ["render", "../song.yaml", "-o", ".././demo//../first", "--workers", "0", "--progress", "none"],
            under: ["env", "-C", workshop.path("demo")])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains(" files in \(workshop.path("first"));"), "\(run.output)")
        #expect(run.output.contains("Report: \(workshop.path("first/report.html"))"), "\(run.output)")
        let show = try workshop.run(["show", "../demo/../song@1"], under: ["env", "-C", workshop.path("demo")])
        let record = workshop.path(".lathe/revisions/song/000001.json")
        #expect(show.output.contains("record    \(record)"), "\(show.output)")
        #expect(!show.output.contains("/../"), "\(show.output)")
        // Behind a link `..` leads elsewhere.
        try FileManager.default.createSymbolicLink(
            atPath: workshop.path("link"), withDestinationPath: workshop.path("real/deep"))
        let linked = try workshop.run(
            ["render", "song.yaml", "-o", "link/../out", "--workers", "0", "--progress", "none"],
            under: ["env", "-C", workshop.path])
        #expect(linked.status == 0, "\(linked.errors)")
        #expect(workshop.exists("real/out/01 Short.wav") && !workshop.exists("out"))
    }

    private func writeSong(_ workshop: Workshop) throws {
        try workshop.sound("sounds/chord.wav", Sounds.chord, seconds: 1)
        for name in ["song", "song2"] {
            try workshop.write(
                "\(name).yaml", "{lathe: 1, song: Short, tracks: [{name: C, clips: [{file: sounds/chord.wav}]}]}")
        }
    }
}
