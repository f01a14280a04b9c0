import Foundation
import Revisions
import TestSupport
import Testing

@Suite struct RevisionReferenceTests {
    @Test func `a reference is a number, latest, steps before it, or a name`() throws {
        #expect(try RevisionReference("7").which == .number(7))
        #expect(try RevisionReference("007").which == .number(7))
        #expect(try RevisionReference("latest").which == .latest(back: 0))
        #expect(try RevisionReference("latest~2").which == .latest(back: 2))
        #expect(try RevisionReference("mix 3").which == .name("mix 3"))
        let album = try RevisionReference("a@b/album.yaml@latest~1")
        #expect(album.album == "a@b/album.yaml" && album.which == .latest(back: 1))
    }

    @Test(arguments: [
        "", "@7", "album@", "latest~", "latest~x", "latest~-1", "7~1", "a/b", "-7", "99999999999999999999",
        "a\u{1B}[2J", "~", " x",
    ])
    func `anything else is refused with the notation`(text: String) {
        let error = #expect(throws: RevisionError(.notAReference, "")) { try RevisionReference(text) }
        #expect(error?.message.contains("latest~2") == true)
        #expect(error?.message.contains("\u{1B}") == false)
    }

    @Test(arguments: [
        "", "7", "12", "latest", "Latest", "a@b", "a~1", "a/b", "a\\b", "-x", ".x", " x", "x ", "a  b", "a\nb",
        "a\u{0}b", "\u{202E}abc", "\u{1B}[31m", "a\u{200B}b", "a\u{A0}b", String(repeating: "x", count: 65),
        "e" + String(repeating: "\u{301}", count: 300),
    ])
    func `a name that could be taken for something else is refused`(name: String) {
        #expect(throws: RevisionError(.badName, "")) { try RevisionName.check(name) }
    }

    @Test(arguments: ["v1", "mix 3", "Mix-03_final", "für Jörg", "完成", "2026-11-21", "1st", "100 %", "x.y"])
    func `a name that can be typed is taken`(name: String) throws {
        try RevisionName.check(name)
        #expect(try RevisionReference(name).which == .name(name))
    }

    @Test func `each notation finds its revision`() throws {
        let bench = try Bench()
        for number in 1...4 { try bench.record(draft(name: number == 2 ? "mix 2" : nil, message: "\(number)")) }
        #expect(try bench.find("3") == 3)
        #expect(try bench.find("latest") == 4)
        #expect(try bench.find("latest~3") == 1)
        #expect(try bench.find("MIX 2") == 2)
        for album in ["one", "./one", "one.yaml", "one.yml", bench.directory.path + "/one", ".", bench.directory.path] {
            #expect(try bench.find("\(album)@mix 2") == 2, "\(album)")
        }
    }

    @Test func `what is not there is said with what is`() throws {
        let bench = try Bench()
        #expect(bench.message("7").contains("no album in this folder has revisions"))
        #expect(bench.message("one@7").contains("one has no revisions"))
        for number in 1...3 { try bench.record(draft(name: number == 2 ? "master" : nil, message: "\(number)")) }
        #expect(bench.message("9") == "one has no revision 9; it has 3, from 1 to 3")
        #expect(bench.message("latest~3").contains("it has 3, from 1 to 3"))
        #expect(bench.message("mastr").contains("did you mean \"master\""))
        #expect(bench.message("lastest").contains("did you mean \"latest\""))
        #expect(bench.message("zzz").contains("there are \"master\""))
        #expect(bench.message("on@1").contains("did you mean one"))
        #expect(bench.message("./on@1").contains("did you mean ./one"))
        #expect(bench.message("nowhere/else@1").contains("has no revisions"))
    }

    @Test func `with several albums here the candidates are named`() throws {
        let bench = try Bench("album")
        try bench.record(draft())
        let other = RevisionLog(folder: bench.directory.path, stem: "ferry")
        _ = try other.record(draft())
        _ = try other.record(draft(message: "2"))
        for text in ["1", "./@1"] {
            let message = bench.message(text)
            #expect(message.contains("album") && message.contains("ferry") && message.contains("@latest"), "\(message)")
        }
        #expect(try bench.find("ferry@latest") == 2)
        #expect(try bench.find("album@latest") == 1)
    }

    @Test(arguments: [
        ("/a/album.yaml", "/a", "album"), ("/a/b/Song One.yml", "/a/b", "Song One"), ("/album.yaml", "/", "album"),
        ("/a/./b//c.yaml", "/a/b", "c"), ("/a/..yaml", "/a", "..yaml"), ("/a/.yaml", "/a", ".yaml"),
        ("/a/...yaml", "/a", "...yaml"), ("/a/session", "/a", "session"), ("/a/x.YAML", "/a", "x"),
    ])
    func `a session's log lies beside it`(path: String, folder: String, stem: String) {
        let log = RevisionLog(ofSession: path)
        #expect(log.folder == folder && log.stem == stem)
    }
}
