import ArgumentParser
import Farm
import Foundation
import Quantities
import Session
import SessionDiff

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What changed between two sessions, in a mix engineer's words.",
        discussion: """
              lathe diff 6 7                                  two revisions of the album here: see `lathe log`
              lathe diff latest album.yaml                    what changed since the last render
              lathe diff ferry-monday.yaml ferry.yaml
              lathe diff ../night-ferry-v1/album.yaml album.yaml --all
              lathe diff old/album.yaml album.yaml --json | jq '.changes[] | select(.isHeard)'
            Songs, tracks, clips and devices are recognised where they were moved or renamed. Changes that are alike
            are told in one line. Exit code 0: no change; 1: changes; 2: it could not run.
            """)

    @Argument(help: "The earlier session: an album or song file, or a revision.") var before: String
    @Argument(help: "The later session.") var after: String
    @Flag(help: "A line for each change: nothing is joined or folded.") var all = false
    @Flag(help: "One JSON document on standard output (docs/schemas/session-diff-1.json).") var json = false

    func run() throws {
        var (earlier, later) = try bothSessions()
        SourceContents.compare(&earlier, &later)
        let changes = SessionComparison.changes(from: earlier, to: later)
        let lines = ChangeLines.lines(of: changes, all: all)
        if json {
            try print(DiffDocument(before: before, after: after, changes: changes, lines: lines).encoded())
        } else {
            for line in lines { print(line) }
            print(Self.summary(of: changes))
        }
        if !changes.isEmpty { throw Failure(code: Exit.checkFailed, hasDocument: json) }
    }

    /// Reads both, so that the mistakes of both are shown.
    private func bothSessions() throws -> (ComparedSession, ComparedSession) {
        let results = [before, after].map { argument in Result { try Self.session(argument) } }
        let printed = results.flatMap { result -> [String] in
            guard case .failure(let error) = result, let failure = error as? Failure else { return [] }
            return failure.printed
        }
        do {
            var (earlier, later) = (try results[0].get(), try results[1].get())
            // What a revision knows of its audio is compared with what lies there now.
            if earlier.contents.isEmpty, !later.contents.isEmpty { SourceContents.read(&earlier, against: later) }
            if later.contents.isEmpty, !earlier.contents.isEmpty { SourceContents.read(&later, against: earlier) }
            return (earlier, later)
        } catch var failure as Failure {
            failure.printed = printed
            throw failure
        }
    }

    /// What an argument names: a session file, or where there is none of that name, a revision.
    static func session(_ argument: String) throws -> ComparedSession {
        if !FileManager.default.fileExists(atPath: absolutePath(argument)), isRevisionReference(argument) {
            return try findRevision(argument).session()
        }
        let album = try readSession(argument)
        // As the reader spells the paths of audio files.
        let steps = absolutePath(argument).split(separator: "/").filter { $0 != "." }
        return ComparedSession(album: album, folder: "/" + steps.dropLast().joined(separator: "/"))
    }

    private static func summary(of changes: [SessionChange]) -> String {
        guard !changes.isEmpty else { return "no change in the session" }
        let heard = changes.count(where: \.isHeard)
        let count = changes.count == 1 ? "1 change" : "\(changes.count) changes"
        if heard == 0 { return "\(count), of names and titles only: not heard" }
        if heard == changes.count { return count }
        return "\(count), \(changes.count - heard) of them not heard"
    }
}

/// Whether files of one name in two folders hold the same bytes.
enum SourceContents {
    /// Looks at the audio of a session as it lies there now, to be compared with what a revision knows of it: what has
    /// another size or time is read.
    static func read(_ session: inout ComparedSession, against revision: ComparedSession) {
        session.contents = session.sourceStates()
        for (path, state) in session.contents {
            guard let sound = revision.sounds[path] else { continue }
            let isSame = state == revision.contents[path]
            session.sounds[path] = isSame ? sound : (try? SourceMemory.sound(ofFile: path))?.description
        }
    }

    /// Adds what is found to both sessions. Files of one size and time of change are taken for the same, as copies are.
    static func compare(_ before: inout ComparedSession, _ after: inout ComparedSession) {
        guard before.folder != after.folder else { return }
        var paths: [String: String] = [:]
        for entry in before.album.songs {
            for source in entry.song.sources { paths[before.name(of: source)] = source.path }
        }
        for entry in after.album.songs {
            for source in entry.song.sources {
                guard let path = paths[after.name(of: source)], path != source.path,
                    after.contents[source.path] == nil
                else { continue }
                let isSame = isSame(path, source.path)
                before.contents[path] = path
                after.contents[source.path] = isSame ? path : source.path
            }
        }
    }

    private static func isSame(_ a: String, _ b: String) -> Bool {
        let (x, y) = (attributes(a), attributes(b))
        guard let x, let y, x[.size] as? NSNumber == y[.size] as? NSNumber else { return false }
        if x[.modificationDate] as? Date == y[.modificationDate] as? Date { return true }
        let isOneFile =
            x[.systemFileNumber] as? NSNumber == y[.systemFileNumber] as? NSNumber
            && x[.systemNumber] as? NSNumber == y[.systemNumber] as? NSNumber
        return isOneFile || FileManager.default.contentsEqual(atPath: a, andPath: b)
    }

    private static func attributes(_ path: String) -> [FileAttributeKey: Any]? {
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        // A file that is gone differs from every other.
        return try? FileManager.default.attributesOfItem(atPath: resolved)
    }
}

/// What `lathe diff --json` writes: docs/schemas/session-diff-1.json.
struct DiffDocument: Encodable {
    struct Item: Encodable {
        var kind: String
        var name: String
        var formerName: String?
    }

    struct Stretch: Encodable {
        var startSeconds: Double
        var endSeconds: Double?
    }

    struct Change: Encodable {
        var kind: String
        var song: String?
        var songNumber: Int?
        var item: Item
        var what: String
        var from: String?
        var to: String?
        var stretches: [Stretch]
        var isHeard: Bool
        var text: String

        init(_ change: SessionChange) {
            kind = change.kind.rawValue
            song = change.song
            songNumber = change.songNumber
            item = Item(
                kind: change.item.kind.rawValue, name: change.item.name, formerName: change.item.formerName)
            what = change.what
            from = change.from
            to = change.to
            stretches = change.stretches.map { Stretch(startSeconds: $0.startSeconds, endSeconds: $0.endSeconds) }
            isHeard = change.isHeard
            text = change.text
        }
    }

    var schemaVersion = 1
    var lathe = latheVersion
    var before: String
    var after: String
    var isEqual: Bool
    var changes: [Change]
    /// As without `--json`.
    var lines: [String]
    /// None: a diff that could not run has another document.
    var failures: [String] = []

    init(before: String, after: String, changes: [SessionChange], lines: [String]) {
        self.before = before
        self.after = after
        isEqual = changes.isEmpty
        self.changes = changes.map(Change.init)
        self.lines = lines
    }

    /// Readable JSON in which no name can do anything to a terminal.
    func encoded() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let text = String(decoding: try encoder.encode(self), as: UTF8.self)
        var view = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            // Outside strings there are only line ends and blanks; inside, these can be written as escapes.
            guard scalar != "\n", isUnsafe(scalar) else {
                view.append(scalar)
                continue
            }
            for unit in String(scalar).utf16 {
                let code = String(unit, radix: 16)
                view.append(contentsOf: ("\\u" + String(repeating: "0", count: 4 - code.count) + code).unicodeScalars)
            }
        }
        return String(view)
    }
}
