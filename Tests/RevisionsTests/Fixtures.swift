import Release
import Revisions
import TestSupport

/// A revision of one song, as a render would describe it.
func draft(
    session: String = "song: One", name: String? = nil, message: String? = nil, sha256: String = digits("a"),
    time: Int = 1_700_000_000
) -> Revision {
    var revision = Revision(
        time: timeText(time), who: "anna@studio", engine: "00",
        session: Revision.SessionText(root: "/album/one.yaml", contents: ["/album/one.yaml": Array(session.utf8)]),
        options: Revision.Options(only: [], stems: "none", segmentSeconds: 10),
        sources: [Revision.Source(path: "audio/a.wav", byteCount: 100, modified: 1, inode: 2)],
        outputs: [
            Revision.Output(path: "01 One.wav", role: "master", song: "One", frames: 10, bytes: 3, sha256: sha256)
        ],
        document: RenderDocument(
            lathe: "0.1.0", libraries: ["flac": "1.4.2"], album: "One", albumIntegrated: -14.04,
            songs: [RenderDocument.Song(title: "One", frames: 10, rate: 48_000, lengthRule: "length")]),
        folder: "/album/one-render")
    revision.name = name
    revision.message = message
    return revision
}

/// A hash of one digit.
func digits(_ digit: Character) -> String { String(repeating: digit, count: 64) }

/// A log in a folder of its own.
struct Bench {
    let directory: TemporaryDirectory
    let log: RevisionLog

    init(_ stem: String = "one") throws {
        directory = try TemporaryDirectory("revisions")
        log = RevisionLog(folder: directory.path, stem: stem)
    }

    @discardableResult
    func record(_ draft: Revision) throws -> Int {
        switch try log.record(draft) {
        case .recorded(let revision), .unchanged(let revision): revision.number
        }
    }

    /// Puts bytes in the place of a record.
    func write(_ number: Int, _ text: String) throws {
        try directory.write(String(log.path(ofRecord: number).dropFirst(directory.path.count + 1)), text)
    }

    func find(_ text: String) throws -> Int {
        try RevisionReference(text).find(from: directory.path).revision.number
    }

    func message(_ text: String) -> String {
        do {
            _ = try find(text)
            return "found"
        } catch {
            return "\(error)"
        }
    }
}
