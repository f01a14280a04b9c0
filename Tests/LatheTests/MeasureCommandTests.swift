import Foundation
import RenderHarness
import Testing

/// `lathe measure` as a person or a script runs it.
@Suite struct MeasureCommandTests {
    @Test func `one JSON document, with what could not be measured in failures`() throws {
        let workshop = try Workshop()
        try workshop.sound("masters/a.wav", Sounds.chord, seconds: 4)
        try workshop.write("masters/b.wav", "no sound")
        let run = try workshop.run(["measure", workshop.path("masters"), "--json"])
        #expect(run.status == 2)
        let document = try JSON(Array(run.output.utf8))
        #expect(document["schemaVersion"].int == 1)
        let items = document["items"].elements
        #expect(items.count == 2)
        #expect(items[0]["metrics"]["integrated"].double != nil)
        // The file, and with it the album.
        #expect(document["failures"].elements.count == 2)
        #expect(run.errors.contains("1 of 2 files could not be measured"), "\(run.errors)")
    }

    @Test func `a table for a person, and one file in full`() throws {
        let workshop = try Workshop()
        try workshop.sound("masters/a.wav", Sounds.chord, seconds: 4)
        try workshop.sound("masters/b.wav", Sounds.chord, seconds: 0.2)
        let table = try workshop.run(["measure", workshop.path("masters"), "--progress", "none"])
        #expect(table.status == 0 && table.errors.isEmpty, "\(table.errors)")
        #expect(table.output.contains("a.wav") && table.output.contains("LUFS"))
        #expect(table.output.contains("shorter than 400 ms"), "\(table.output)")
        let one = try workshop.run(["measure", workshop.path("masters/a.wav"), "--progress", "none"])
        #expect(one.output.contains("Correlation") && one.output.contains("Used bit depth"), "\(one.output)")
        let quick = try workshop.run(["measure", workshop.path("masters/a.wav"), "--quick", "--progress", "none"])
        #expect(quick.status == 0 && !quick.output.contains("Correlation"))
    }

    @Test func `the same bytes from one thread and from many, in every format`() throws {
        let workshop = try Workshop()
        try workshop.sound("masters/long.wav", Sounds.chord, seconds: 131)
        for format in ["text", "json", "csv", "markdown", "html", "metrics", "junit", "sarif", "github", "gitlab"] {
            let runs = try ["1", "2", "5"].map { workers in
                try workshop.run([
                    "measure", workshop.path("masters"), "--workers", workers, "--format", format, "--progress", "none",
                ])
            }
            #expect(runs.allSatisfy { $0.status == 0 }, "\(format): \(runs[0].errors)")
            #expect(Set(runs.map(\.output)).count == 1 && !runs[0].output.isEmpty, "\(format)")
        }
    }

    @Test func `a plot is drawn of one file`() throws {
        let workshop = try Workshop()
        try workshop.sound("a.wav", Sounds.chord, seconds: 5)
        let run = try workshop.run([
            "measure", workshop.path("a.wav"), "--plot", workshop.path("a.svg"), "--progress", "none",
        ])
        #expect(run.status == 0, "\(run.errors)")
        let svg = String(decoding: try workshop.bytes("a.svg"), as: UTF8.self)
        #expect(svg.contains("<svg") && svg.contains("LUFS"))
    }

    @Test(arguments: ["measure", "check"])
    func `a command that cannot run says so in its JSON document too`(verb: String) throws {
        let run = try Workshop().run([verb, "nowhere.wav", "--json"])
        #expect(run.status == 2)
        let document = try JSON(Array(run.output.utf8))
        #expect(document["schemaVersion"].int == 1)
        let failures = document["failures"].elements
        #expect(failures.count == 1 && failures[0]["reason"].string?.contains("does not exist") == true)
    }

    @Test func `what cannot run says why and ends with 2`() throws {
        let workshop = try Workshop()
        let cases: [([String], String)] = [
            (["measure"], "paths"), (["measure", "nowhere.wav"], "does not exist"),
            (["measure", workshop.path("sounds")], "holds no sound file"),
            (["measure", "x.wav", "--format", "pdf"], "format"),
            (["measure", "x.wav", "--json", "--format", "csv"], "standard output"),
            (["measure", "x.wav", "--true-peak", "8"], "true-peak"),
        ]
        for (arguments, words) in cases {
            let run = try workshop.run(arguments)
            #expect(run.status == 2 && (run.output.isEmpty || arguments.contains("--json")), "\(arguments): \(run)")
            #expect(run.errors.contains(words), "\(arguments): \(run.errors)")
        }
    }
}
