import ArgumentParser
import Farm
import Foundation
import Quantities
import Release
import Revisions
import Session
import SessionFiles
import SoundFiles
import Storage

/// What a render says of itself in the log.
struct RevisionOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("What is new in this revision.", valueName: "text"))
    var message: String?
    @Option(help: "A name for this revision, such as \"mix 3\": REV on later command lines.") var name: String?
    @Flag(help: "Render without recording a revision.") var noRevision = false

    func validate() throws {
        if noRevision, message != nil || name != nil {
            throw ValidationError("--no-revision records nothing: leave out --message and --name.")
        }
        do {
            if let name { try RevisionName.check(name) }
            if let message { try RevisionName.check(message: message) }
        } catch {
            throw ValidationError(error.message)
        }
    }

    var choice: RevisionChoice { RevisionChoice(isRecorded: !noRevision, message: message, name: name) }
}

/// Whether and how a render is recorded.
struct RevisionChoice {
    var isRecorded = true
    var message: String?
    var name: String?
}

/// Records a render beside its album: made before anything is rendered, told of its end.
final class RevisionRecording {
    private let log: RevisionLog
    private let root: String
    private let typed: String
    private let choice: RevisionChoice
    private let options: Revision.Options
    private var session: Revision.SessionText?
    private var sources: [Revision.Source] = []
    /// The last revision, where its folder has all that this render would deliver: it need not be rendered.
    private(set) var standing: Revision?

    /// - Parameters:
    ///   - isBatch: whether it is one of several, not all of which have the songs that were asked for by name.
    ///   - mayStand: whether what lies in the folder may do.
    /// - Throws: a `Failure` where the name is taken, before hours are spent on the render.
    init(
        _ input: SessionInput, choice: RevisionChoice, options render: RenderOptions, segmentSeconds: Double,
        isBatch: Bool, mayStand: Bool = false
    ) throws {
        root = absolutePath(input.path)
        log = RevisionLog(ofSession: root)
        typed = input.path
        self.choice = choice
        let only = isBatch && !render.only.isEmpty ? input.songs.map { String($0 + 1) } : render.only
        options = Revision.Options(only: only, stems: render.stems.rawValue, segmentSeconds: segmentSeconds)
        begin(input.album, input.files)
        if mayStand { standing = findStanding(input.folder) }
        if choice.isRecorded, standing == nil, let name = choice.name { try orFail { try log.checkIsFree(name) } }
    }

    /// As `standing`: with the name and the message that were asked for.
    private func findStanding(_ folder: String) -> Revision? {
        guard choice.isRecorded, let session, !ReleaseFolder.isUnfinished(folder) else { return nil }
        let expected = RevisionLog.Expected(
            session: session, options: options, engine: "\(Engine.digest)", libraries: SoundLibraries.versions,
            sources: sources)
        guard let found = log.standing(expected, in: folder) else { return nil }
        let isNamed = choice.name.map { RevisionName.key($0) == found.name.map(RevisionName.key) } ?? true
        return isNamed && (choice.message.map { $0 == found.message } ?? true) ? found : nil
    }

    /// Takes down the session's texts, and its audio as it is now.
    func begin(_ album: Album, _ files: RecordedFiles) {
        guard choice.isRecorded else { return }
        session = Revision.SessionText(root: root, contents: files.contents)
        var sounds: [String: SourceFile] = [:]
        for entry in album.songs { for source in entry.song.sources { sounds[source.path] = source } }
        sources = sounds.sorted { $0.key < $1.key }.compactMap { path, sound in
            var source = Revision.Source(ofFile: path, relativeTo: log.folder)
            source?.sound = Revision.Source.Sound(
                rate: sound.rateHertz, channels: sound.channelCount, frames: sound.frameCount,
                samples: sound.samples.rawValue)
            return source
        }
    }

    /// Notes what the samples of each audio file are, as the ledger knows them after the render, so that `lathe diff`
    /// tells a new recording from a file that was only tagged or wrapped anew.
    func learnSounds(of album: Album, from store: Store) {
        guard choice.isRecorded else { return }
        let before = (log.latest()?.sources ?? []).reduce(into: [String: Revision.Source]()) { $0[$1.path] = $1 }
        var unknown: [String: Int] = [:]
        for (number, source) in sources.enumerated() {
            if let known = before[source.path], known.isSameFile(as: source), let digest = known.sound?.digest {
                sources[number].sound?.digest = digest
            } else {
                unknown[log.absolute(source.path)] = number
            }
        }
        guard !unknown.isEmpty else { return }
        // Without it they are told apart by size and time.
        let sounds = (try? SourceMemory.sounds(of: album, in: store, only: Set(unknown.keys))) ?? [:]
        for (path, number) in unknown {
            // The render read what lay there when it began.
            let now = Revision.Source(ofFile: path, relativeTo: log.folder)
            guard now?.isSameFile(as: sources[number]) == true else { continue }
            sources[number].sound?.digest = sounds[path]?.description
        }
    }

    /// Records a render that was delivered whole; where it cannot, it warns, and the render stands all the same.
    ///
    /// - Parameter folder: the one that was written.
    /// - Returns: the last line of the render's summary.
    func finish(_ document: RenderDocument, folder: String) -> String? {
        guard choice.isRecorded, let session, document.failures.isEmpty else { return nil }
        do {
            var draft = Revision(
                time: timeText(time(nil)), who: "\(NSUserName())@\(machineName())", engine: "\(Engine.digest)",
                session: session, options: options, sources: sources,
                outputs: try Revision.Output.delivered(document, in: folder), document: document, folder: folder)
            draft.message = choice.message
            draft.name = choice.name
            return try describe(record(draft))
        } catch {
            note("warning: the render is complete, but it is not recorded as a revision: \(error)")
            return nil
        }
    }

    private func record(_ draft: Revision) throws -> RevisionLog.Recording {
        do {
            return try log.record(draft) { RenderCrash.revision.reached() }
        } catch let error as RevisionError where error.code == .nameTaken {
            // It was free when the render began.
            note("warning: \(error)")
            var nameless = draft
            nameless.name = nil
            return try log.record(nameless)
        }
    }

    private func describe(_ recording: RevisionLog.Recording) -> String {
        switch recording {
        case .unchanged(let revision):
            return "Revision \(revision.number) still: nothing changed since, and nothing new is recorded."
        case .recorded(let revision):
            let prefix = referencePrefix
            guard let before = log.numbers.last(where: { $0 < revision.number }) else {
                let album = prefix.isEmpty ? "" : " " + prefix.dropLast()
                return "Revision \(revision.number): lathe log\(album) lists what is recorded"
            }
            let both = "\(prefix)\(before) \(prefix)\(revision.number)"
            return "Revision \(revision.number): lathe diff \(both) shows what changed"
        }
    }

    /// What is to be typed before a number in this folder, `ALBUM@`; empty where the number is enough.
    private var referencePrefix: String {
        let here = FileManager.default.currentDirectoryPath
        if log.folder == here, RevisionLog.logs(in: here).count == 1 { return "" }
        let ending = [".yaml", ".yml"].first { typed.hasSuffix($0) } ?? ""
        let album = String(typed.dropLast(ending.count))
        return album.contains(" ") ? "\"\(album)\"@" : album + "@"
    }
}

/// This machine's name, without its domain.
private func machineName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return text.split(separator: ".").first.map(String.init) ?? text
}
