import Foundation
import Revisions
import TestSupport
import Testing

@Suite struct PlainPathTests {
    @Test(arguments: [
        ("/a/b", "/a/b"), ("/a//b/./c/", "/a/b/c"), ("/a/b/../c", "/a/c"), ("/a/b/../../c", "/c"), ("/../a", "/a"),
        ("/", "/"), ("/a/..", "/"), ("/a/...", "/a/..."),
    ])
    func `a path is shown without detours`(path: String, plain: String) {
        #expect(plainPath(path) == plain)
    }

    @Test func `behind a link the way up is not what it looks like, and stays`() throws {
        let directory = try TemporaryDirectory("plain")
        try directory.write("real/deep/x", "")
        try FileManager.default.createSymbolicLink(
            atPath: directory.path + "/link", withDestinationPath: directory.path + "/real/deep")
        #expect(plainPath(directory.path + "/link/../x") == directory.path + "/link/../x")
        #expect(plainPath(directory.path + "/real/../link/./../../x") == directory.path + "/link/../../x")
        #expect(plainPath("link/../x", below: directory.path) == "link/../x")
        #expect(plainPath("real/../x", below: directory.path) == "x")
    }

    @Test func `a path that leads out of the folder stays relative`() {
        #expect(plainPath("../audio/./a.wav", below: "/album") == "../audio/a.wav")
        #expect(plainPath("songs/../../audio/a.wav", below: "/album") == "../audio/a.wav")
        #expect(plainPath("songs/../audio/a.wav", below: "/album") == "audio/a.wav")
        #expect(plainPath("/x/../a.wav", below: "/album") == "/a.wav")
    }
}
