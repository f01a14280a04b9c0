import Comparison
import Foundation
import TestSupport
import Testing

/// What folders hold besides the files that are compared, and where a page may go.
@Suite struct NotLookedAtTests {
    private let music = Studio.music(seconds: 1)

    private func folders(_ studio: Studio) throws {
        try studio.write("A/one.wav", music)
        try studio.write("B/one.wav", music)
    }

    @Test func `linked folders are not followed, so the folders are not called the same`() throws {
        let studio = try Studio()
        try folders(studio)
        for side in ["A", "B"] {
            try studio.write("\(side)-more/two.wav", scaled(music, side == "A" ? 1 : 0.5))
            try FileManager.default.createSymbolicLink(
                atPath: studio.path("\(side)/more"), withDestinationPath: studio.path("\(side)-more"))
        }
        let report = try studio.compare("A", "B")
        #expect(report.exitCode == 1 && !report.isSame)
        #expect(report.passedOver.map(\.id) == ["A/more", "B/more"])
        let text = ComparisonText.document(report)
        #expect(text.contains("not looked at   A/more: a link to a folder"), "\(text)")
        #expect(text.contains("DIFFERENT: 1 bit-identical, 2 not looked at"), "\(text)")
        #expect(ComparisonPage(report, audioByteLimit: 0).html.contains("not looked at"))
    }

    @Test func `links to one folder hold the same sound`() throws {
        let studio = try Studio()
        try folders(studio)
        try studio.write("more/two.wav", music)
        for side in ["A", "B"] {
            try FileManager.default.createSymbolicLink(
                atPath: studio.path("\(side)/more"), withDestinationPath: studio.path("more"))
        }
        #expect(try studio.compare("A", "B").exitCode == 0)
    }

    @Test func `sound of a kind that is not read is named, and only equal bytes let it pass`() throws {
        let studio = try Studio()
        try folders(studio)
        try studio.directory.write("A/CD/two.m4a", "one sound")
        try studio.directory.write("B/CD/two.m4a", "one sound")
        try studio.directory.write("A/notes.txt", "no sound")
        #expect(try studio.compare("A", "B").exitCode == 0)
        try studio.directory.write("B/CD/two.m4a", "or another")
        try studio.directory.write("B/three.AU", "sound")
        let report = try studio.compare("A", "B")
        #expect(report.exitCode == 1)
        #expect(report.passedOver.map(\.id) == ["A/CD/two.m4a", "B/CD/two.m4a", "B/three.AU"])
        #expect(report.passedOver.allSatisfy { $0.reason == .unreadEnding })
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(ComparisonJSON.document(report).utf8)) as? [String: Any])
        let first = try #require((document["notLookedAt"] as? [[String: String]])?.first)
        #expect(first == ["file": "a", "path": "A/CD/two.m4a", "reason": "unreadEnding"])
    }

    @Test func `sound beside render json that it does not name is told of`() throws {
        let studio = try Studio()
        for side in ["A", "B"] { try studio.render(side, [("Ferry", "01 Ferry.wav")], music) }
        try studio.write("B/02 Salt.wav", music)
        let report = try studio.compare("A", "B")
        #expect(report.exitCode == 1)
        #expect(report.passedOver.map(\.id) == ["B/02 Salt.wav"] && report.passedOver[0].reason == .notInRender)
        try studio.write("A/02 Salt.wav", music)
        #expect(try studio.compare("A", "B").exitCode == 0)
    }

    // MARK: What arguments stand for

    @Test func `two album files of other names are compared by their renders`() throws {
        let studio = try Studio()
        for name in ["v3", "v4"] {
            try studio.render("\(name)-render/FLAC", [("Ferry", "01 Ferry.wav")], music)
            try studio.render("\(name)-render", [("Ferry", "01 Ferry.wav"), ("Salt", "02 Salt.wav")], music)
            try studio.directory.write("\(name).yaml", "album: Night Ferry\n")
            try FileManager.default.removeItem(atPath: studio.path("\(name)-render/FLAC"))
        }
        let report = try studio.compare("v3.yaml", "v4.yaml")
        #expect(report.pairs.map(\.pair.title) == ["Ferry", "Salt"] && report.onlyInA.isEmpty)
        #expect(report.pairs.first?.pair.b.id == "v4-render/01 Ferry.wav" && report.exitCode == 0)
        #expect(try studio.compare("v3.yaml", "v4-render").pairs.count == 2)
        let one = try studio.compare("v3-render/02 Salt.wav", "v4.yaml")
        #expect(one.pairs.first?.pair.b.id == "v4-render/02 Salt.wav")
        try studio.directory.write("v5.yaml", "album: Night Ferry\n")
        let error = #expect(throws: ComparisonError.self) { try studio.compare("v3.yaml", "v5.yaml") }
        #expect(error?.description.hasPrefix("v5.yaml has no render beside it (v5-render/render.json).") == true)
    }

    @Test func `folders are the same folders by any path`() throws {
        let studio = try Studio()
        try folders(studio)
        try studio.write("A/CD/two.wav", music)
        try studio.write("B/CD/two.wav", music)
        let report = try studio.compare("./A", "A/../B//")
        #expect(report.pairs.count == 2 && report.onlyInA.isEmpty && report.exitCode == 0)
    }

    // MARK: Where a page may go

    @Test func `a page never replaces sound, a compared file, or what is no file`() throws {
        let studio = try Studio()
        try folders(studio)
        try studio.directory.write("old.html", "<html/>")
        try FileManager.default.copyItem(atPath: studio.path("A/one.wav"), toPath: studio.path("take"))
        try FileManager.default.createSymbolicLink(
            atPath: studio.path("link.html"), withDestinationPath: studio.path("A/one.wav"))
        try studio.directory.write("v3.yaml", "album: Night Ferry\n")
        let arguments = [ComparedArgument("A/one.wav"), ComparedArgument("take")]
        let pairs = try FilePairs(arguments[0], arguments[1], in: studio.directory.path)
        func refusal(_ path: String) -> String? {
            do throws(ComparisonError) {
                try PageDestination.check(
                    path, arguments: arguments + [ComparedArgument("v3.yaml")], pairs: pairs,
                    in: studio.directory.path)
                return nil
            } catch { return error.description }
        }
        for path in ["A/one.wav", "new.WAV", "new.m4a"] {
            #expect(refusal(path)?.contains("ending of a sound file") == true, "\(path)")
        }
        for path in ["take", "link.html", "A/../take", "v3.yaml"] {
            #expect(refusal(path)?.contains("is one of the files that are compared") == true, "\(path)")
        }
        #expect(refusal("A")?.contains("is a folder") == true)
        #expect(refusal("/dev/null")?.contains("no file that can be replaced") == true)
        #expect(refusal("nowhere/c.html")?.contains("there is no folder nowhere/") == true)
        #expect(refusal("old.html") == nil && refusal("A/new.html") == nil)
        #expect(refusal(studio.path("new.html")) == nil)
    }
}
