import ArgumentParser
import Farm
import Foundation
import Release
import Revisions

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Delivers an earlier revision again.",
        discussion: """
            The files of a pinned revision come from the store. Those of another one are rendered from the recorded
            session, which reuses what the store still has, and compared with what was recorded.
              lathe restore 7 -o ~/out
              lathe restore "mix 3" -o ~/out --session     the session's own files too
              lathe restore 7 -o ~/out --farm tcp://mix-server:7700
            Exit 1: the files are there, but some are not what was delivered then; the reason is given.
            """)

    @Argument(help: "A revision: a number, a name, latest, latest~2, ALBUM@7.") var revision: String
    @Option(name: .short, help: "The folder to write (default: ALBUM-revision-N beside the album).")
    var output: String?
    @Flag(help: "Also write the session's files as they were.") var session = false
    @Flag(help: "Render again even what is kept in the store.") var render = false
    @Flag(help: "Render though sources were changed since: the result is another one.") var changedSources = false
    @Option(help: "What to do with files that are there: fail, replace or number.")
    var overwrite: OverwritePolicy = .fail
    @OptionGroup var farm: FarmOptions

    @Option(
        name: .customLong("farm"),
        help: ArgumentHelp("Render on this farm instead of this machine.", valueName: "endpoint"))
    var farmEndpoint: String?
    @Option(help: ArgumentHelp("With --farm: the folder of keys (default: ~/.config/lathe/keys).", valueName: "folder"))
    var keys: String?

    func validate() throws {
        guard farmEndpoint != nil else { return }
        // The store here may have the files of a pinned one: --store stays.
        let own = farm.ownAffairs.filter { $0.name != "--store" }
        for affair in own where affair.isGiven {
            throw ValidationError("\(affair.name) is the farm's own affair: leave it out with --farm.")
        }
    }

    func run() throws {
        let found = try findRevision(revision)
        var restore = RevisionRestore(found: found, farm: farm)
        restore.endpoint = try farmEndpoint.map(parsedEndpoint)
        restore.keys = keys
        restore.overwrite = overwrite
        restore.writesSession = session
        restore.alwaysRenders = render
        restore.acceptsChangedSources = changedSources
        let standard = "\(found.log.folder)/\(found.log.stem)-revision-\(found.revision.number)"
        let restored = try restore.run(into: output.map(absolutePath) ?? standard)
        if farm.json { try printJSON(RestoreDocument(found, restored)) } else { report(found, restored) }
        for failure in restored.failures { complain(failure) }
        if !restored.failures.isEmpty { throw Failure(code: Exit.notRendered, hasDocument: farm.json) }
        if restored.files.contains(where: { $0.verdict == .different || $0.verdict == .missing }) {
            throw Failure(code: Exit.checkFailed, hasDocument: farm.json)
        }
    }

    private func report(_ found: FoundRevision, _ restored: Restored) {
        let count = restored.files.count
        let same = restored.files.count { $0.verdict == .same }
        print(
            restored.isFromStore
                ? "\(count) files of \(found.title) from the store into \(restored.folder)"
                : "\(count) files of \(found.title) rendered into \(restored.folder); \(restored.segments)")
        for file in restored.files where file.verdict != .same {
            print("  \(printable(file.path)): \(file.text)")
        }
        print(
            same == count
                ? "All of them are the files of that revision, byte for byte."
                : "\(same) of \(count) are the files of that revision, byte for byte.")
        if session { print("Session: \(restored.sessionFiles.count) files in \(restored.folder)") }
    }
}

/// What a restore came to.
struct Restored {
    /// How a file compares with the recorded one.
    enum Verdict: String, Encodable {
        case same
        /// The same samples in other bytes: another encoder.
        case sameSamples
        case different
        case missing
    }

    struct File: Encodable {
        var path: String
        var verdict: Verdict
        /// Why it is not the same.
        var reason: String?

        var text: String {
            switch verdict {
            case .same: "the same"
            case .sameSamples: "the same samples in another file: \(reason ?? "")"
            case .different: "other samples: \(reason ?? "")"
            case .missing: "is not among what was rendered: \(reason ?? "")"
            }
        }
    }

    var folder: String
    var isFromStore: Bool
    var files: [File]
    var sessionFiles: [String] = []
    var failures: [String] = []
    var segments = ""
}

private struct RestoreDocument: Encodable {
    var revision: Int
    var folder: String
    var isFromStore: Bool
    var files: [Restored.File]
    var session: [String]
    var failures: [String]

    init(_ found: FoundRevision, _ restored: Restored) {
        revision = found.revision.number
        folder = restored.folder
        isFromStore = restored.isFromStore
        files = restored.files
        session = restored.sessionFiles
        failures = restored.failures
    }
}
