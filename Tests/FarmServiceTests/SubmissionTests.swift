import FarmService
import Foundation
import Quantities
import SessionFiles
import TestSupport
import Testing

@Suite struct SubmissionTests {
    private static let hash = ContentHash(words: SIMD4(1, 2, 3, 4))

    private static func submission(_ change: (inout Submission) -> Void = { _ in }) -> Submission {
        var submission = Submission(
            id: "0123456789abcdef", root: "/anna/song.yaml", title: "Ferry",
            texts: [Submission.Text(path: "/anna/song.yaml", text: "lathe: 1\n")],
            sources: [Submission.Source(path: "/anna/kick.wav", hash: hash, byteCount: 1000)], stems: "none")
        change(&submission)
        return submission
    }

    @Test func `a sound submission has no violation`() {
        #expect(Self.submission().violation == nil)
    }

    @Test func `what no client of ours sends is refused with the reason`() {
        let cases: [(String, (inout Submission) -> Void)] = [
            ("sixteen", { $0.id = "0123456789ABCDEF" }), ("sixteen", { $0.id = "../../etc/passwd" }),
            ("sixteen", { $0.id = "" }), ("not among its files", { $0.root = "/etc/passwd" }),
            ("absolute", { $0.sources[0].path = "kick.wav" }), ("one name", { $0.sources[0].path = $0.root }),
            ("empty", { $0.sources[0].byteCount = 0 }), ("too long", { $0.sources[0].byteCount = .max }),
            ("title", { $0.title = String(repeating: "x", count: 2_000) }),
            ("segment", { $0.segmentSeconds = .nan }), ("segment", { $0.segmentSeconds = 1e9 }),
            ("priority", { $0.priority = .min }), ("workers", { $0.workerLimit = 0 }), ("no song", { $0.songs = [] }),
            ("too many files", { $0.texts = Array(repeating: $0.texts[0], count: 5_000) }),
        ]
        for (word, change) in cases {
            let violation = Self.submission(change).violation
            #expect(violation?.contains(word) == true, "\(word): \(violation ?? "taken")")
        }
    }

    @Test func `a job's name is sixteen digits and reads back`() {
        for number in [0, 1, 0xFFFF_FFFF_FFFF_FFFF, 0x0123_4567_89AB_CDEF] as [UInt64] {
            #expect(JobName.number(JobName.text(number)) == number)
        }
        for name in ["", "0", "0123456789abcdeg", "0123456789abcdef0", "０１２３４５６７８９abcdef"] {
            #expect(JobName.number(name) == nil, "\(name)")
        }
    }

    @Test func `a session of another machine is read from what was sent and from nothing else`() throws {
        // Both exist on this machine; neither was sent.
        let tree = SubmittedFiles(texts: ["/s/album.yaml": Array("lathe: 1\n".utf8)], others: ["/s/a.wav"])
        #expect(tree.kind(of: "/s/album.yaml") == .file)
        #expect(tree.kind(of: "/s/./a.wav") == .file)
        #expect(tree.kind(of: "/etc/passwd") == .missing)
        #expect(tree.contents(of: "/etc/passwd") == nil)
        #expect(tree.contents(of: "/s/../etc/passwd") == nil)
        #expect(tree.names(in: "/etc").isEmpty)
    }

    @Test func `a life is larger than every life before it, and cannot be counted out`() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path + "/life"
        var lives: [UInt64] = []
        for _ in 0..<20 { lives.append(try Lives.nextNumber(in: path)) }
        #expect(lives == lives.sorted() && Set(lives).count == lives.count)
        #expect(Set(zip(lives, lives.dropFirst()).map { $1 - $0 }).count > 10)
        // The clock was far ahead once: later lives are larger all the same.
        try "9000000000000000000\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try Lives.nextNumber(in: path) > 9_000_000_000_000_000_000)
    }
}
