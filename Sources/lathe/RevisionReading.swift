import FarmService
import Foundation
import Quantities
import Revisions
import Session
import SessionDiff
import SessionFiles

/// The revision that a REV on the command line means.
func findRevision(_ text: String) throws -> FoundRevision {
    try orFail { try RevisionReference(text).find(from: FileManager.default.currentDirectoryPath) }
}

/// Whether words on a command line that name no file can mean a revision: what ends like a file is a path mistyped.
func isRevisionReference(_ text: String) -> Bool {
    let endings = [".yaml", ".yml", ".wav", ".flac", ".aif", ".aiff", ".ogg", ".mp3", ".json"]
    return !endings.contains { text.lowercased().hasSuffix($0) } && (try? RevisionReference(text)) != nil
}

/// Where the deliverables of a revision can be read: in the folder they were delivered to while they are there
/// untouched, else restored into a folder below `scratch`, which the caller removes.
///
/// - Throws: a `Failure`, such as for sources that are gone.
func deliverableFolder(of found: FoundRevision, farm: FarmOptions, scratch: String) throws -> String {
    let revision = found.revision
    let others = found.log.list().revisions
    let isThere = revision.soundOutputs.allSatisfy { $0.presence(in: revision.folder, among: others) == .same }
    if isThere { return revision.folder }
    let restore = RevisionRestore(found: found, farm: farm)
    let restored = try restore.run(into: "\(scratch)/\(found.log.stem)-\(revision.number)")
    // What came out otherwise is not that revision, and must not be heard as it.
    let strangers = restored.files.filter { $0.verdict == .different || $0.verdict == .missing }
    guard strangers.isEmpty, restored.failures.isEmpty else {
        let lines = strangers.map { "\($0.path): \($0.text)" } + restored.failures
        for line in lines { complain(line) }
        throw Failure(
            code: Exit.couldNotRun,
            message: "the files of \(found.title) are gone, and rendered again it is another one. Of a revision that is"
                + " pinned (`lathe pin`) the files are kept.", printed: lines)
    }
    return restored.folder
}

extension FoundRevision {
    /// The session as it was, read from the record alone: its audio may be gone.
    ///
    /// - Throws: a `Failure`, with the session's mistakes where this version of Lathe finds some.
    func album() throws -> Album {
        var sounds: [String: Revision.Source.Sound] = [:]
        for source in revision.sources { sounds[log.absolute(source.path)] = source.sound }
        let reader = SessionReader(files: SubmittedFiles(texts: texts, others: Set(sounds.keys))) { path in
            guard let sound = sounds[path], let samples = SampleFormat(rawValue: sound.samples) else {
                throw RevisionError(.damaged, "the record does not say what was in it")
            }
            return ProbedFile(
                rateHertz: sound.rate, channelCount: sound.channels, frameCount: sound.frames, samples: samples)
        }
        return try read(reader)
    }

    /// The same with its audio as it is now, to be rendered.
    func albumToRender() throws -> Album {
        let audio = Set(revision.sources.map { log.absolute($0.path) })
        return try read(SessionReader(files: SubmittedFiles(texts: texts, others: audio)))
    }

    /// The session to be compared with another one, with its audio files told apart by size and time.
    func session() throws -> ComparedSession {
        var contents: [String: String] = [:]
        var sounds: [String: String] = [:]
        for source in revision.sources {
            contents[log.absolute(source.path)] = source.state
            sounds[log.absolute(source.path)] = source.sound?.digest
        }
        return ComparedSession(album: try album(), folder: log.folder, contents: contents, sounds: sounds)
    }

    /// The session's files, by absolute path.
    var texts: [String: [UInt8]] {
        var texts: [String: [UInt8]] = [:]
        for file in revision.session.files { texts[log.absolute(file.path)] = Array(file.text.utf8) }
        return texts
    }

    private func read(_ reader: SessionReader) throws -> Album {
        do {
            return try reader.readAlbum(path: log.absolute(revision.session.root))
        } catch {
            try? FileHandle.standardError.write(contentsOf: Data((error.description + "\n").utf8))
            throw Failure(
                code: Exit.couldNotRun, message: "the session of \(title) cannot be read by this version of Lathe.",
                printed: error.diagnostics.map(\.description))
        }
    }

    /// `album@7`, with the name where there is one.
    var title: String {
        let name = revision.name.map { " \"\(printable($0))\"" } ?? ""
        return "\(printable(log.stem))@\(revision.number)\(name)"
    }

    /// Every recorded source as it is now, in the recorded order.
    func sourceStates() -> [SourceState] {
        revision.sources.map { source in
            let path = log.absolute(source.path)
            guard let now = Revision.Source(ofFile: path, relativeTo: log.folder) else {
                return SourceState(source: source, path: path, kind: .gone, folder: log.folder)
            }
            if now.byteCount != source.byteCount {
                return SourceState(
                    source: source, path: path, kind: .changed, byteCountNow: now.byteCount, folder: log.folder)
            }
            let isSame = now.modified == source.modified && now.inode == source.inode
            return SourceState(source: source, path: path, kind: isSame ? .same : .touched, folder: log.folder)
        }
    }
}

/// "pinned", and whether its files are kept; nil where it is not pinned.
func pinMark(_ revision: Revision) -> String? {
    guard let pin = revision.pinned else { return nil }
    return KeptDeliverables(store: pin.store).keeps(revision) ? "pinned" : "pinned (files not kept)"
}

/// What to do about a pinned revision whose files the store does not have: the album was copied and the pin taken back
/// in the other place, or somebody deleted them. Nil where there is nothing to do.
func lostPin(_ found: FoundRevision) -> String? {
    guard let pin = found.revision.pinned, !KeptDeliverables(store: pin.store).keeps(found.revision) else { return nil }
    let head = "warning: \(found.title) is pinned, but \(printable(pin.store)) does not keep its files"
    guard FileManager.default.fileExists(atPath: pin.store) else {
        return "\(head): it is not there. Is its disk mounted?"
    }
    let reference = "\(printable(found.log.stem))@\(found.revision.number)"
    return "\(head) any more. `lathe pin \(reference)` keeps them anew while they lie in their folder; where not,"
        + " `lathe restore \(reference) -o DIR` first, then `lathe pin \(reference) --from DIR`."
}

extension ComparedSession {
    /// What its audio files are told apart by, as they are now.
    func sourceStates() -> [String: String] {
        var states: [String: String] = [:]
        for source in album.songs.flatMap(\.song.sources) where states[source.path] == nil {
            states[source.path] = Revision.Source(ofFile: source.path, relativeTo: folder)?.state
        }
        return states
    }
}

extension Revision.Source {
    fileprivate var state: String { "\(byteCount) bytes of \(modified)" }
}

/// A recorded source, and what a look at the file says.
struct SourceState {
    enum Kind: String {
        case same
        /// The size is right, time or inode are not: copied, moved or changed.
        case touched
        case changed
        case gone
    }

    var source: Revision.Source
    /// Absolute.
    var path: String
    var kind: Kind
    var byteCountNow: Int?
    /// The album's.
    var folder: String

    /// As recorded, without what a song's own folder added to it.
    var shownPath: String { printable(plainPath(source.path, below: folder)) }

    /// What is wrong, for a list.
    var text: String {
        let recorded =
            "\(source.byteCount) bytes of \(localTime(source.modified / 1_000_000_000)) were recorded"
            + (source.digest.map { ", digest \($0)" } ?? "")
        switch kind {
        case .same: return "\(shownPath): as it was"
        case .touched: return "\(shownPath): has another time or place on the disk; \(recorded)"
        case .changed: return "\(shownPath): has \(byteCountNow ?? 0) bytes; \(recorded)"
        case .gone: return "\(shownPath): is gone; \(recorded)"
        }
    }
}

/// Seconds since 1970 as a date and time of this place.
func localTime(_ seconds: Int) -> String {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm"
    return formatter.string(from: Date(timeIntervalSince1970: Double(seconds)))
}

/// Says on standard error which records cannot be read.
func noteDamaged(_ records: [DamagedRecord]) {
    for record in records { note("warning: \(record.path) \(record.reason)") }
}
