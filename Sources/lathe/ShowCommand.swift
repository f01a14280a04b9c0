import ArgumentParser
import Farm
import Foundation
import Quantities
import Release
import Revisions

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a revision: its figures, its files, its session.",
        discussion: """
              lathe show latest
              lathe show album@7 --verify       are the files in its folder still those? every byte is read
              lathe show "mix 3" --session      the session's text as it was
            """)

    @Argument(help: "A revision: a number, a name, latest, latest~2, ALBUM@7.") var revision: String
    @Flag(help: "Read every file and compare its hash, instead of a look at size and time.") var verify = false
    @Flag(help: "Also print the text of every session file.") var session = false
    @Flag(help: "One JSON document on standard output.") var json = false

    func run() throws {
        let found = try findRevision(revision)
        let files = try orFail { try fileStates(found) }
        let sources = found.sourceStates()
        if json {
            try printJSON(ShowDocument(found, files, sources))
        } else {
            for line in head(found, sources) { print(line) }
            for line in songs(found.revision) { print(line) }
            printFiles(files)
            if let text = lostPin(found) { note(text) }
            if session { printSession(found.revision) }
        }
    }

    private func fileStates(_ found: FoundRevision) throws -> [FileLine] {
        let kept = found.revision.pinned.map { KeptDeliverables(store: $0.store) }
        let others = found.log.list().revisions
        return try found.revision.outputs.map { output in
            let folder = found.revision.folder
            let presence = verify ? try output.verifiedPresence(in: folder) : output.presence(in: folder, among: others)
            let isKept = kept?.path(of: output.sha256, byteCount: output.bytes) != nil
            return FileLine(output: output, presence: presence, isKept: isKept)
        }
    }

    private func head(_ found: FoundRevision, _ sources: [SourceState]) -> [String] {
        let revision = found.revision
        var rows: [(String, String)] = [("revision", found.title + (pinMark(revision).map { ", \($0)" } ?? ""))]
        if let message = revision.message { rows.append(("message", printable(message))) }
        if let album = revision.album { rows.append(("album", printable(album))) }
        rows.append(("rendered", "\(localTime(revision.timeSeconds)) by \(printable(revision.who))"))
        let engine = revision.engine == "\(Engine.digest)" ? "this engine" : "another engine than this one"
        let libraries = revision.libraries.sorted { $0.key < $1.key }.map { ", \($0.value)" }.joined()
        rows.append(("by", printable("Lathe \(revision.lathe), \(engine)\(libraries)")))
        let others = revision.session.files.count - 1
        let more = others == 0 ? "" : " and \(others) more \(others == 1 ? "file" : "files")"
        rows.append(("session", printable(revision.session.root) + more + ", digest \(revision.session.digest)"))
        if !revision.options.only.isEmpty {
            rows.append(("only", printable(revision.options.only.joined(separator: ", "))))
        }
        if revision.options.stems != "none" { rows.append(("stems", printable(revision.options.stems))) }
        let tasks = revision.tasks
        rows.append(
            (
                "segments",
                "\(tasks.total): \(tasks.rendered) rendered, \(tasks.reused) reused, \(tasks.retried) retried"
            ))
        if let integrated = revision.albumIntegrated { rows.append(("loudness", "\(oneDecimal(integrated)) LUFS")) }
        rows.append(("folder", printable(revision.folder)))
        rows.append(("record", found.log.path(ofRecord: revision.number)))
        let changed = sources.filter { $0.kind != .same }
        let bytes = sources.reduce(0) { $0 + $1.source.byteCount }
        rows.append(
            (
                "sources",
                "\(sources.count) files, \(sizeText(bytes)): "
                    + (changed.isEmpty ? "all as they were" : "\(changed.count) not as they were")
            ))
        return rows.map { $0.padding(toLength: 10, withPad: " ", startingAt: 0) + $1 }
            + changed.map { "          " + $0.text }
    }

    private func songs(_ revision: Revision) -> [String] {
        ["", "songs"]
            + revision.songs.enumerated().map { index, song in
                var parts: [String] = []
                if let frames = song.frames, song.rate > 0 {
                    let seconds = Double(frames) / Double(song.rate)
                    parts.append(
                        String(format: "%d:%04.1f", Int(seconds) / 60, seconds - Double(Int(seconds) / 60 * 60)))
                }
                if let integrated = song.measurements?.integrated { parts.append("\(oneDecimal(integrated)) LUFS") }
                if let range = song.measurements?.range { parts.append("LRA \(oneDecimal(range)) LU") }
                if let peak = song.measurements?.truePeak { parts.append("\(oneDecimal(peak)) dBTP") }
                if let gain = song.finish?.gain { parts.append("gain \(oneDecimal(gain)) dB") }
                return "\(index + 1). \(printable(song.title))  " + parts.joined(separator: ", ")
            }
    }

    private func printFiles(_ files: [FileLine]) {
        print("")
        let head = ["FILE", "ROLE", "SIZE", "FOLDER", "STORE", "SHA-256"]
        let rows = files.map { file in
            [
                printable(file.output.path), printable(file.output.role), sizeText(file.output.bytes),
                file.presence.rawValue, file.isKept ? "kept" : "", file.output.sha256,
            ]
        }
        let shown = head.indices.filter { $0 != 4 || files.contains(where: \.isKept) }
        printTable(shown.map { head[$0] }, rows.map { row in shown.map { row[$0] } })
        if !verify, files.contains(where: { $0.presence == .touched }) {
            note("touched: the size is right, the time is not. `--verify` reads the bytes.")
        }
    }

    private func printSession(_ revision: Revision) {
        for file in revision.session.files {
            print("\n--- \(printable(file.path))")
            // Line by line: what a terminal would take for an order is not passed on.
            for line in file.text.split(separator: "\n", omittingEmptySubsequences: false) {
                print(
                    line.split(separator: "\t", omittingEmptySubsequences: false).map { printable(String($0)) }
                        .joined(separator: "\t"))
            }
        }
    }
}

private struct FileLine {
    var output: Revision.Output
    var presence: Revision.Output.Presence
    var isKept: Bool
}

private struct ShowDocument: Encodable {
    struct File: Encodable {
        var path: String
        var sha256: String
        var state: Revision.Output.Presence
        var isKept: Bool
    }

    struct Source: Encodable {
        var path: String
        var state: String
    }

    /// The record as it is.
    var revision: Revision
    var record: String
    var isThisEngine: Bool
    /// Whether the store has the files of a pinned one; absent where it is not pinned.
    var isKept: Bool?
    var files: [File]
    var sources: [Source]

    init(_ found: FoundRevision, _ files: [FileLine], _ sources: [SourceState]) {
        revision = found.revision
        record = found.log.path(ofRecord: found.revision.number)
        isThisEngine = found.revision.engine == "\(Engine.digest)"
        isKept = found.revision.pinned.map { KeptDeliverables(store: $0.store).keeps(found.revision) }
        self.files = files.map {
            File(path: $0.output.path, sha256: $0.output.sha256, state: $0.presence, isKept: $0.isKept)
        }
        self.sources = sources.map { Source(path: $0.path, state: $0.kind.rawValue) }
    }
}
