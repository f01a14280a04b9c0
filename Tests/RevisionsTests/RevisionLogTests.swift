import Foundation
import Revisions
import TestSupport
import Testing

@Suite struct RevisionLogTests {
    @Test func `a record reads back as it was written, under the next number`() throws {
        let bench = try Bench()
        #expect(bench.log.list().revisions.isEmpty && bench.log.latest() == nil)
        #expect(try bench.record(draft(name: "mix 1", message: "first")) == 1)
        #expect(try bench.record(draft(session: "song: Two")) == 2)
        let list = bench.log.list()
        #expect(list.revisions.map(\.number) == [1, 2] && list.damaged.isEmpty)
        var expected = draft(name: "mix 1", message: "first")
        expected.number = 1
        #expect(list.revisions.first == expected)
        #expect(bench.log.path(ofRecord: 2).hasSuffix("/.lathe/revisions/one/000002.json"))
    }

    @Test func `the same render again is not recorded, unless it has a name or a message`() throws {
        let bench = try Bench()
        try bench.record(draft(message: "first"))
        #expect(try bench.record(draft()) == 1)
        #expect(try bench.record(draft(message: "again")) == 2)
        #expect(try bench.record(draft(name: "again")) == 3)
        #expect(try bench.record(draft(sha256: digits("b"))) == 4, "other bytes are another render")
        #expect(try bench.record(draft(session: "song: x", sha256: digits("b"))) == 5)
        #expect(try bench.record(draft()) == 6, "as an earlier one, but not as the last")
    }

    @Test func `the session's digest is of names and texts`() {
        func digest(_ contents: [String: String], root: String = "/a/one.yaml") -> String {
            Revision.SessionText(root: root, contents: contents.mapValues { Array($0.utf8) }).digest
        }
        let one = digest(["/a/one.yaml": "x", "/a/two.yaml": "y"])
        #expect(one == digest(["/a/two.yaml": "y", "/a/one.yaml": "x"]))
        #expect(one != digest(["/a/one.yaml": "y", "/a/two.yaml": "x"]))
        #expect(one != digest(["/a/one.yaml": "xy", "/a/two.yaml": ""]))
        #expect(one == digest(["/b/one.yaml": "x", "/b/two.yaml": "y"], root: "/b/./one.yaml"), "albums may be moved")
    }

    @Test func `many that end at once get a number each`() async throws {
        let bench = try Bench()
        let log = bench.log
        let numbers = try await withThrowingTaskGroup(of: Int.self) { group in
            for index in 0..<16 {
                group.addTask {
                    guard case .recorded(let revision) = try log.record(draft(message: "\(index)")) else { return 0 }
                    return revision.number
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(numbers.sorted() == Array(1...16))
        #expect(bench.log.list().revisions.count == 16)
        let names = try FileManager.default.contentsOfDirectory(atPath: bench.log.directory)
        #expect(names.count == 16, "\(names)")
    }

    @Test func `a number that somebody takes on the way is not taken twice`() throws {
        let bench = try Bench()
        try bench.record(draft())
        let taken = bench.log.path(ofRecord: 2)
        let recording = try bench.log.record(draft(message: "second")) {
            // As by another machine, whose lock this one does not see.
            _ = FileManager.default.createFile(atPath: taken, contents: Data("{}".utf8))
        }
        guard case .recorded(let revision) = recording else {
            Issue.record("nothing was recorded")
            return
        }
        #expect(revision.number == 3)
        #expect(try bench.log.revision(3).message == "second")
        #expect(FileManager.default.contents(atPath: taken) == Data("{}".utf8))
    }

    @Test func `what a killed writer left is no record and goes with the next`() throws {
        let bench = try Bench()
        try bench.record(draft())
        let leftover = bench.log.directory + "/.99-1.writing"
        try "half a rec".write(toFile: leftover, atomically: false, encoding: .utf8)
        #expect(bench.log.list().revisions.count == 1 && bench.log.list().damaged.isEmpty)
        #expect(try bench.record(draft(message: "next")) == 2)
        #expect(!FileManager.default.fileExists(atPath: leftover))
    }

    @Test(arguments: [
        ("", "no record"), ("nonsense", "no record"), ("[]", "no record"), ("{\"format\": 2}", "newer Lathe"),
        ("{\"format\": 1}", "is missing"),
    ])
    func `a damaged record is named and passed over, and keeps its number`(text: String, reason: String) throws {
        let bench = try Bench()
        for message in ["1", "2", "3"] { try bench.record(draft(message: message)) }
        try bench.write(3, text)
        let list = bench.log.list()
        #expect(list.revisions.map(\.number) == [1, 2])
        #expect(list.damaged.map(\.number) == [3])
        #expect(list.damaged.first?.reason.contains(reason) == true, "\(list.damaged)")
        #expect(bench.log.latest()?.number == 2)
        #expect(bench.message("3").contains("000003.json"))
        #expect(try bench.record(draft(message: "4")) == 4)
    }

    @Test func `the last revision is not an older one because its record is damaged`() throws {
        let bench = try Bench()
        for message in ["1", "2", "3"] { try bench.record(draft(message: message)) }
        #expect(try bench.find("latest") == 3)
        try bench.write(3, "{")
        #expect(bench.message("latest").contains("000003.json"))
        #expect(bench.message("latest~1").contains("000003.json"))
        #expect(try bench.find("2") == 2)
    }

    @Test(arguments: [
        ("\"segmentSeconds\" : 10", "\"segmentSeconds\" : 0"),
        ("\"segmentSeconds\" : 10", "\"segmentSeconds\" : 1e300"),
        ("\"byteCount\" : 100", "\"byteCount\" : 9223372036854775807"), ("\"bytes\" : 3", "\"bytes\" : -3"),
    ])
    func `a record with sizes that no file has is damaged`(sound: String, hostile: String) throws {
        let bench = try Bench()
        try bench.record(draft())
        let path = bench.log.path(ofRecord: 1)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try #require(text.contains(sound), "\(text)")
        try bench.write(1, text.replacing(sound, with: hostile))
        #expect(bench.log.list().damaged.count == 1)
    }

    @Test func `an album that was moved finds what was made of it, inside its folder and elsewhere`() throws {
        let bench = try Bench("two")
        var inside = draft(message: "inside")
        inside.folder = bench.directory.path + "/album/two-render"
        var outside = draft(message: "outside")
        outside.folder = "/elsewhere/two-render"
        let log = RevisionLog(folder: bench.directory.path + "/album", stem: "two")
        for draft in [inside, outside] { _ = try log.record(draft) }
        #expect(log.list().revisions.map(\.folder) == [inside.folder, outside.folder])
        let (old, new) = (log.folder, bench.directory.path + "/renamed")
        try FileManager.default.moveItem(atPath: old, toPath: new)
        let moved = RevisionLog(folder: new, stem: "two")
        #expect(moved.list().revisions.map(\.folder) == [new + "/two-render", outside.folder])
        // The same render again, from there.
        var again = draft()
        again.folder = new + "/other"
        guard case .unchanged(let revision) = try moved.record(again) else { return #expect(Bool(false)) }
        #expect(revision.folder == new + "/other")
        #expect(try moved.revision(2).folder == new + "/other")
        #expect(try moved.change(1, name: "mix 1").folder == new + "/two-render")
    }

    @Test(arguments: [false, true])
    func `a render that came to the same elsewhere stands there`(isPinned: Bool) throws {
        let bench = try Bench()
        /// As delivered into a folder, with its documents and the times of its files.
        func delivered(into folder: String, modified: Int) throws -> Revision {
            var made = draft()
            made.folder = "\(bench.directory.path)/\(folder)"
            let files = [("01 One.wav", "one"), ("render.json", folder)]
            for (name, text) in files { try bench.directory.write("\(folder)/\(name)", text) }
            made.outputs = files.map { name, text in
                Revision.Output(
                    path: name, role: name == "render.json" ? "document" : "master", bytes: text.utf8.count,
                    sha256: digits("a"))
            }
            for (index, output) in made.outputs.enumerated() {
                var times = stat()
                #expect(stat("\(made.folder)/\(output.path)", &times) == 0)
                made.outputs[index].modified = Int(times.st_mtim.tv_sec) * 1_000_000_000 + Int(times.st_mtim.tv_nsec)
            }
            made.sources[0].modified = modified
            return made
        }
        func stands(_ draft: Revision) -> Bool {
            let expected = RevisionLog.Expected(
                session: draft.session, options: draft.options, engine: draft.engine, libraries: draft.libraries,
                sources: draft.sources)
            return bench.log.standing(expected, in: draft.folder)?.number == 1
        }
        let first = try delivered(into: "out", modified: 1)
        #expect(try bench.record(first) == 1)
        #expect(stands(first))
        if isPinned {
            let pin = Revision.Pin(id: String(digits("c").prefix(32)), time: "2026-01-01T00:00:00Z", store: "/s")
            try bench.log.change(1, pin: .pin(pin))
            #expect(stands(first))
        }
        // The audio was touched, and the codecs were upgraded: what came out is the same.
        var second = try delivered(into: "elsewhere", modified: 2)
        second.libraries["flac"] = "1.5.0"
        #expect(!stands(second))
        guard case .unchanged(let moved) = try bench.log.record(second) else { return #expect(Bool(false)) }
        #expect(moved.sources == second.sources && moved.libraries == second.libraries)
        #expect(try bench.log.revision(1) == moved)
        #expect(stands(second))
        #expect(!stands(first))
        // With other libraries a render may give other bytes.
        var third = second
        third.libraries["flac"] = "1.6.0"
        #expect(!stands(third))
        // A pinned one's documents are those that are kept: there must be some.
        try bench.directory.write("elsewhere/render.json", "of a later render")
        #expect(stands(second) == isPinned)
        try FileManager.default.removeItem(atPath: second.folder + "/render.json")
        #expect(!stands(second))
    }

    @Test func `what the samples of audio are stays known where it is not learned anew`() throws {
        let bench = try Bench()
        var made = draft()
        made.sources[0].sound = Revision.Source.Sound(rate: 48_000, channels: 2, frames: 9, samples: 1, digest: "d")
        try bench.record(made)
        var again = made
        again.folder = "/album/other"
        again.sources[0].sound?.digest = nil
        try bench.record(again)
        #expect(try bench.log.revision(1).sources == made.sources)
        // Of a file that was touched nobody knows it.
        again.sources[0].modified = 2
        try bench.record(again)
        #expect(try bench.log.revision(1).sources == again.sources)
    }

    @Test func `a number that nobody can have is nobody's`() throws {
        let bench = try Bench()
        try bench.record(draft())
        try bench.write(Int.max, "{}")
        #expect(try bench.record(draft(message: "next")) == 2)
    }

    @Test func `a record cut off anywhere is damaged, never a crash`() throws {
        let bench = try Bench()
        try bench.record(draft(name: "x", message: "y"))
        let whole = try #require(FileManager.default.contents(atPath: bench.log.path(ofRecord: 1)))
        for count in stride(from: 0, to: whole.count - 2, by: 7) {
            try bench.write(1, String(decoding: whole.prefix(count), as: UTF8.self))
            #expect(bench.log.list().damaged.count == 1)
        }
    }

    @Test(arguments: [
        ("\"path\" : \"01 One.wav\"", "\"path\" : \"../../01 One.wav\""),
        ("\"path\" : \"01 One.wav\"", "\"path\" : \"/etc/passwd\""),
        ("\"sha256\" : \"aa", "\"sha256\" : \"../"), ("\"number\" : 1", "\"number\" : 7"),
        ("\"root\" : \"one.yaml\"", "\"root\" : \"two.yaml\""), ("2023-11-14T", "yesterday"),
        ("\"bytes\" : 3", "\"bytes\" : -3"), ("\"bytes\" : 3", "\"bytes\" : 1e99"),
        ("\"name\" : \"good\"", "\"name\" : \"latest~2\""),
    ])
    func `a hostile record is refused`(from: String, to: String) throws {
        let bench = try Bench()
        try bench.record(draft(name: "good"))
        let path = bench.log.path(ofRecord: 1)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        #expect(text.contains(from), "\(text)")
        try bench.write(1, text.replacing(from, with: to))
        #expect(bench.log.list().damaged.count == 1)
    }

    @Test func `what is no regular file is not waited for`() throws {
        let bench = try Bench()
        try bench.record(draft())
        #expect(mkfifo(bench.log.path(ofRecord: 2), 0o600) == 0)
        try FileManager.default.createSymbolicLink(
            atPath: bench.log.path(ofRecord: 3), withDestinationPath: bench.log.path(ofRecord: 1))
        #expect(bench.log.list().damaged.map(\.number) == [2, 3])
    }

    @Test func `keys of a newer version are passed over, and stay when a name is given`() throws {
        let bench = try Bench()
        try bench.record(draft())
        let path = bench.log.path(ofRecord: 1)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try bench.write(
            1,
            text.replacing(
                "{\n  \"album\"",
                with: "{\n  \"aFuture\" : {\"x\" : [1, 2.5, true, null, 18446744073709551615]},\n  \"album\""))
        try bench.log.change(1, name: "kept", message: "more")
        let changed = try String(contentsOfFile: path, encoding: .utf8)
        for piece in ["aFuture", "2.5", "18446744073709551615", "\"kept\"", "\"more\"", "-14.04"] {
            #expect(changed.contains(piece), "\(piece) in \(changed)")
        }
        var expected = draft(name: "kept", message: "more")
        expected.number = 1
        #expect(try bench.log.revision(1) == expected)
    }

    @Test func `a name is unique, whatever its case and accents`() throws {
        let bench = try Bench()
        try bench.record(draft(name: "Café"))
        #expect(throws: RevisionError(.nameTaken, "")) { try bench.record(draft(name: "cafe\u{301}")) }
        try bench.record(draft(message: "x"))
        #expect(throws: RevisionError(.nameTaken, "")) { try bench.log.change(2, name: "CAFÉ") }
        try bench.log.change(1, name: "CAFÉ")
        #expect(try bench.log.revision(1).name == "CAFÉ")
    }

    @Test func `a folder that cannot be written is an error with the system's reason`() throws {
        let bench = try Bench()
        try bench.directory.write(".lathe", "a file")
        #expect(throws: RevisionError(.notWritten, "")) { try bench.record(draft()) }
    }

    @Test func `pruning keeps the pinned, the named, the newest and the last`() throws {
        let bench = try Bench()
        for number in 1...8 {
            try bench.record(
                draft(name: number == 2 ? "v1" : nil, message: "\(number)", time: 1_700_000_000 + number * 86_400))
        }
        try bench.log.change(4, pin: .pin(Revision.Pin(id: String(digits("c").prefix(32)), time: "", store: "/s")))
        func gone(_ retention: RevisionRetention) throws -> [Int] {
            try bench.log.prune(retention, isDryRun: true).map(\.number)
        }
        #expect(try gone(RevisionRetention()) == [])
        #expect(try gone(RevisionRetention(keptCount: 0)) == [7, 6, 5, 3, 1])
        #expect(try gone(RevisionRetention(keptCount: 3)) == [5, 3, 1])
        #expect(try gone(RevisionRetention(keptSinceSeconds: 1_700_000_000 + 3 * 86_400)) == [1])
        #expect(try gone(RevisionRetention(keptCount: 3, keptSinceSeconds: 1_700_000_000 + 5 * 86_400)) == [3, 1])
        #expect(bench.log.list().revisions.count == 8)
        #expect(try bench.log.prune(RevisionRetention(keptCount: 3), isDryRun: false).map(\.number) == [5, 3, 1])
        #expect(bench.log.list().revisions.map(\.number) == [2, 4, 6, 7, 8])
        #expect(try bench.record(draft(message: "next")) == 9, "numbers are not given twice")
    }
}
