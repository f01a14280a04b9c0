import Comparison
import Foundation
import TestSupport
import Testing

@Suite struct FilePairsTests {
    private let music = Studio.music(seconds: 1)

    @Test func `folders are paired by path, and what is missing is named`() throws {
        let studio = try Studio()
        for name in ["A/one.wav", "A/CD/two.wav", "A/gone.wav", "B/one.wav", "B/CD/two.wav", "B/new.wav"] {
            try studio.write(name, music)
        }
        let report = try studio.compare("A", "B")
        #expect(report.pairs.map(\.pair.a.id) == ["A/one.wav", "A/CD/two.wav"])
        #expect(report.onlyInA == ["A/gone.wav"] && report.onlyInB == ["B/new.wav"])
        #expect(report.exitCode == 1)
        let text = ComparisonText.document(report)
        #expect(text.contains("only in A       A/gone.wav") && text.contains("2 bit-identical,"), "\(text)")
    }

    @Test func `another ending is another wrapping of the same file`() throws {
        let studio = try Studio()
        try studio.write("A/one.wav", music)
        try studio.flac("one.flac", music)
        try FileManager.default.createDirectory(atPath: studio.path("B"), withIntermediateDirectories: true)
        try FileManager.default.moveItem(atPath: studio.path("one.flac"), toPath: studio.path("B/one.flac"))
        let report = try studio.compare("A/", "B/")
        #expect(report.pairs.count == 1 && report.pairs[0].relation == .identicalSamples && report.exitCode == 0)
    }

    @Test func `a file is compared with the one of its name in a folder`() throws {
        let studio = try Studio()
        try studio.write("one.wav", music)
        try studio.write("B/one.wav", music)
        #expect(try studio.compare("one.wav", "B").exitCode == 0)
        #expect(try studio.compare("B", "one.wav").pairs.first?.pair.a.id == "B/one.wav")
        try studio.write("other.wav", music)
        #expect(throws: ComparisonError("B holds no other.wav. Name two files, or two folders.")) {
            try studio.compare("other.wav", "B")
        }
    }

    @Test func `files of a revision are named by it, not by where they lie`() throws {
        let studio = try Studio()
        try studio.write("scratch/7/one.wav", music)
        try studio.write("B/one.wav", music)
        let pairs = try FilePairs(
            ComparedArgument(name: "album@7", path: studio.path("scratch/7")), ComparedArgument("B"),
            in: studio.directory.path)
        #expect(pairs.pairs.first?.a.id == "album@7/one.wav")
    }

    @Test func `what cannot be compared is named with the remedy`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.directory.write("text.wav", "no sound")
        let report = try studio.compare("a.wav", "text.wav")
        #expect(report.exitCode == 2 && report.failures.count == 1)
        #expect(report.failures[0].hasPrefix("text.wav: is not a sound file"), "\(report.failures)")
        #expect(throws: ComparisonError.self) { try studio.compare("a.wav", "nowhere.wav") }
        try FileManager.default.createDirectory(atPath: studio.path("empty"), withIntermediateDirectories: true)
        let error = #expect(throws: ComparisonError.self) { try studio.compare("empty", "empty") }
        #expect(error?.description.hasPrefix("empty holds no sound file") == true, "\(String(describing: error))")
    }

    @Test func `renders are paired by song, whatever their place on the album`() throws {
        let studio = try Studio()
        try studio.render("A", [("Ferry", "01 Ferry.wav"), ("Salt", "02 Salt.wav")], music)
        try studio.render("B", [("Salt", "01 Salt.wav"), ("Ferry", "02 Ferry.wav"), ("Rope", "03 Rope.wav")], music)
        let report = try studio.compare("A", "B")
        #expect(report.pairs.map(\.pair.title) == ["Ferry", "Salt"])
        #expect(report.pairs.first?.pair.b.id == "B/02 Ferry.wav")
        #expect(report.onlyInB == ["B/03 Rope.wav"])
    }
}
