import ArgumentParser
import Foundation
import Quantities
import Revisions

struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Lists the revisions of an album, newest first.",
        discussion: """
            Every complete render is a revision, kept beside the album in .lathe/revisions.
              lathe log                            the one album in this folder
              lathe log album.yaml -n 10
              lathe log --prune --keep 50 --days 30 --dry-run
            REV on other command lines is a number of this list, a name, latest or latest~2; where the folder has
            several albums, or from elsewhere, ALBUM@REV.
            """)

    @Argument(help: "An album or song file, or a folder with one (default: this folder).") var album: String?
    @Option(name: [.customShort("n"), .customLong("count")], help: "So many at most.") var count: Int?
    @Flag(help: "Remove old records. Pinned and named ones stay, and the last one.") var prune = false
    @Option(help: ArgumentHelp("With --prune: keep so many of the newest.", valueName: "count")) var keep: Int?
    @Option(help: ArgumentHelp("With --prune: keep what is not older than so many days.", valueName: "days"))
    var days: Int?
    @Flag(help: "With --prune: say what would go, change nothing.") var dryRun = false
    @Flag(help: "One JSON document on standard output.") var json = false

    func validate() throws {
        if prune, keep == nil, days == nil {
            throw ValidationError("--prune needs --keep COUNT or --days DAYS: what neither keeps goes.")
        }
        if !prune, keep != nil || days != nil || dryRun {
            throw ValidationError("--keep, --days and --dry-run belong to --prune.")
        }
        for (name, value) in [("--keep", keep), ("--days", days), ("--count", count)] {
            guard let value, !(0...1_000_000).contains(value) else { continue }
            throw ValidationError("\(name) goes from 0 to 1000000.")
        }
    }

    func run() throws {
        let log = try orFail { try RevisionReference.log(album, from: FileManager.default.currentDirectoryPath) }
        if prune { return try prune(log) }
        let list = log.list()
        let revisions = Array(list.revisions.reversed().prefix(count ?? .max))
        if json { return try printJSON(LogDocument(log, revisions, list.damaged)) }
        let rows = revisions.map(row)
        // A column in which nobody wrote anything is left out.
        let head = ["REV", "TIME", "WHO", "SONGS", "RENDERED", "REUSED", "LUFS", "NAME", "MESSAGE"]
        let shown = head.indices.filter { column in column < 7 || rows.contains { !$0[column].isEmpty } }
        printTable(shown.map { head[$0] }, rows.map { row in shown.map { row[$0] } })
        noteDamaged(list.damaged)
        for revision in revisions { if let text = lostPin(FoundRevision(log: log, revision: revision)) { note(text) } }
    }

    private func row(_ revision: Revision) -> [String] {
        return [
            "\(revision.number)", localTime(revision.timeSeconds), printable(revision.who, limit: 30),
            "\(revision.songs.count)", "\(revision.tasks.rendered)", "\(revision.tasks.reused)",
            revision.albumIntegrated.map { oneDecimal($0) } ?? "",
            [revision.name.map { printable($0) }, pinMark(revision)].compactMap { $0 }.joined(separator: ", "),
            printable(revision.message ?? "", limit: 100),
        ]
    }

    private func prune(_ log: RevisionLog) throws {
        let since = days.map { Int(time(nil)) - $0 * 86_400 }
        let retention = RevisionRetention(keptCount: keep, keptSinceSeconds: since)
        let gone = try orFail { try log.prune(retention, isDryRun: dryRun) }
        if json { return try printJSON(LogDocument(log, gone, [])) }
        let verb = dryRun ? "would be removed" : "removed"
        let word = gone.count == 1 ? "revision" : "revisions"
        print("\(gone.count) \(word) of \(log.stem) \(verb)")
        for revision in gone { print("  \(revision.number)  \(localTime(revision.timeSeconds))") }
    }
}

/// What `--json` prints: everything of a revision but its texts and files.
private struct LogDocument: Encodable {
    struct Entry: Encodable {
        var number: Int
        var name: String?
        var message: String?
        var time: String
        var who: String
        var lathe: String
        var sessionDigest: String
        var songs: Int
        var tasks: Revision.Tasks
        var albumIntegrated: Double?
        var folder: String
        var isPinned: Bool
        /// Whether the store has the files of a pinned one; absent where it is not pinned.
        var isKept: Bool?
    }

    struct Damaged: Encodable {
        var number: Int
        var path: String
        var reason: String
    }

    var album: String
    var folder: String
    var revisions: [Entry]
    var damaged: [Damaged]

    init(_ log: RevisionLog, _ revisions: [Revision], _ damaged: [DamagedRecord]) {
        album = log.stem
        folder = log.folder
        self.revisions = revisions.map { revision in
            Entry(
                number: revision.number, name: revision.name, message: revision.message, time: revision.time,
                who: revision.who, lathe: revision.lathe, sessionDigest: revision.session.digest,
                songs: revision.songs.count, tasks: revision.tasks, albumIntegrated: revision.albumIntegrated,
                folder: revision.folder, isPinned: revision.pinned != nil,
                isKept: revision.pinned.map { KeptDeliverables(store: $0.store).keeps(revision) })
        }
        self.damaged = damaged.map { Damaged(number: $0.number, path: $0.path, reason: $0.reason) }
    }
}
