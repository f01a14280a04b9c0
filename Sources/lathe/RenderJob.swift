import Farm
import Foundation
import Quantities
import Release
import Revisions
import Session
import Storage
import Terminal

/// One `lathe render`, from the session files to the reports: one farm for all of them.
struct RenderJob {
    var sessions: [String]
    var options: RenderOptions
    var farm: FarmOptions
    var revision = RevisionChoice()

    func run() throws {
        var batch = try SessionInputs(sessions, options: options, segmentSeconds: farm.segmentSeconds)
        var recordings = try self.recordings(batch, mayStand: farm.leavesStanding(batch, options))
        // An earlier run of the command delivered these, and nothing has changed since.
        let standing = zip(batch.inputs, recordings).map { RenderedAlbum(input: $0, standing: $1.standing) }
        batch.inputs = zip(batch.inputs, standing).filter { $1 == nil }.map(\.0)
        recordings = recordings.filter { $0.standing == nil }
        let rendered = batch.inputs.isEmpty ? [] : try render(batch, recordings)
        var next = rendered.makeIterator()
        try conclude(standing.compactMap { $0 ?? next.next() }, isBatch: batch.isBatch)
    }

    /// - Returns: one for each that is to be rendered, in their order.
    private func render(_ batch: SessionInputs, _ recordings: [RevisionRecording]) throws -> [RenderedAlbum] {
        let store = try openStore(farm.store)
        if farm.rehash {
            for input in batch.inputs {
                _ = try orFail { try SourceMemory.forget(input.album, in: store, segmentSeconds: farm.segmentSeconds) }
            }
        }
        let embedded = try farm.embeddedFarm(store)
        let orders = zip(batch.inputs, try batch.claimed(options.overwrite)).map { input, folder in
            AlbumOrder(album: input.album, options: albumOptions(input), folder: folder, plan: input.plan)
        }
        Signals.countInterrupts()
        let display = ProgressDisplay.standardError(
            farm.progress, environment: ProcessInfo.processInfo.environment)
        let start = Date()
        var progress = BatchProgress(batch.inputs)
        var rendered = [RenderedAlbum?](repeating: nil, count: batch.inputs.count)
        let signal = try orFail {
            try embedded.render(orders) { latest in
                let elapsed = Date().timeIntervalSince(start)
                display.update(progress.model(latest, elapsedSeconds: elapsed), now: elapsed)
            } ended: { index, end in
                rendered[index] = RenderedAlbum(input: batch.inputs[index], end: end)
                // At once: what stops the others later is nothing to it.
                recordings[index].learnSounds(of: batch.inputs[index].album, from: store)
                rendered[index]?.record(recordings[index])
                if case .failure(let error) = end { progress.fail(index, "\(error)") }
            }
        }
        display.finish(now: Date().timeIntervalSince(start))
        if let signal {
            // An album that is whole has its folder.
            let leavesStanding = revision.isRecorded && farm.leavesStanding(batch, options)
            let isEnough = !batch.isBatch || options.overwrite == .replace || leavesStanding
            let ending = isEnough ? "." : ", with --overwrite replace where an album is whole by now."
            let stopped = "Stopped. What is rendered is kept: the same command carries on\(ending)"
            note(stopped)
            throw Failure(code: Exit.interrupted(bySignal: signal), printed: [stopped])
        }
        _ = try orFail { try store.trimIfNeeded(limitByteCount: try storeLimitBytes(store)) }
        _ = try orFail { try store.close() }
        return rendered.compactMap { $0 }
    }

    /// What will be the records of these renders, in their order.
    func recordings(_ batch: SessionInputs, mayStand: Bool = false) throws -> [RevisionRecording] {
        try batch.inputs.map {
            try RevisionRecording(
                $0, choice: revision, options: options, segmentSeconds: farm.segmentSeconds, isBatch: batch.isBatch,
                mayStand: mayStand)
        }
    }

    func albumOptions(_ input: SessionInput) -> AlbumJobOptions {
        var chosen = AlbumJobOptions(
            deliveredSongs: Set(input.songs), deliversStems: options.stems == .preMaster,
            segmentSeconds: farm.segmentSeconds)
        chosen.keepsFiles = !farm.noCache && !farm.rehash
        return chosen
    }

    // MARK: - Results

    private func conclude(_ albums: [RenderedAlbum], isBatch: Bool) throws {
        var hasDocument = farm.json
        if isBatch {
            if farm.json {
                try printJSON(BatchDocument(albums))
            } else {
                for album in albums { for line in album.batchSummary { print(line) } }
            }
        } else if let document = albums.first?.document {
            if farm.json {
                print(String(decoding: try document.encoded(), as: UTF8.self), terminator: "")
            } else {
                for line in albums[0].summary { print(line) }
            }
        } else {
            hasDocument = false
        }
        var unprinted: String?
        for album in albums {
            let place = isBatch ? "\(album.input.path): " : ""
            // The document that says it on standard output is made of what ends the command.
            if !isBatch, album.document == nil {
                unprinted = album.failures.first
            } else {
                for failure in album.failures { complain(place + failure) }
            }
            // Of a render that was, they were said then.
            guard album.standing == nil else { continue }
            for warning in album.document?.warnings ?? [] { note("warning: \(place)\(warning)") }
        }
        let code = albums.map(\.exitCode).max() ?? 0
        if code != 0 { throw Failure(code: code, message: unprinted, hasDocument: hasDocument) }
    }
}

/// An album that a command rendered, or failed to.
struct RenderedAlbum {
    var input: SessionInput
    /// A failure is why it was not even begun; nil where it was not to be.
    private var end: Result<AlbumEnd, any Error>?
    /// What is said of its revision.
    var revision: String?

    /// The revision whose files lie in its folder unchanged: nothing was rendered.
    private(set) var standing: Revision?

    init(input: SessionInput, end: Result<AlbumEnd, any Error>) {
        self.input = input
        self.end = end
    }

    /// nil where there is no such revision.
    init?(input: SessionInput, standing: Revision?) {
        guard let standing else { return nil }
        self.input = input
        self.standing = standing
    }

    /// Where its files are; nil where it could not be begun.
    var folder: String? { standing?.folder ?? (try? end?.get())?.folder }

    var document: RenderDocument? {
        guard let standing else { return (try? end?.get())?.document }
        let path = "\(standing.folder)/\(ReleasePlan.documentName)"
        return FileManager.default.contents(atPath: path).flatMap { try? RenderDocument.decoded([UInt8]($0)) }
    }

    /// What went wrong, a line each.
    var failures: [String] {
        switch end {
        case nil: return []
        case .failure(let error): return [(error as? StoreError)?.message ?? "\(error)"]
        case .success(let end):
            if let reason = end.reportFailure { return [reason] }
            return (end.document?.failures ?? []).map { [$0.song, $0.what].compactMap { $0 }.joined(separator: ": ") }
        }
    }

    /// INTERFACE's codes; of several albums the largest counts.
    var exitCode: Int32 {
        if standing != nil { return 0 }
        guard let end = try? end?.get(), end.reportFailure == nil else { return Exit.couldNotRun }
        if !end.outcome.figures.alarms.isEmpty { return Exit.digestAlarm }
        return end.isWhole ? 0 : Exit.notRendered
    }

    /// Records it where all of it was delivered.
    mutating func record(_ recording: RevisionRecording) {
        guard let end = try? end?.get(), end.isWhole, let document = end.document else { return }
        revision = recording.finish(document, folder: end.folder)
    }

    /// A line for each song, and what was written.
    var summary: [String] {
        if let standing {
            return [
                "already rendered, unchanged: \(standing.soundOutputs.count) files in \(standing.folder)"
                    + " (revision \(standing.number))"
            ]
        }
        guard let end = try? end?.get(), let document = end.document else { return [] }
        return document.songs.enumerated().map { "\($0 + 1). \(Self.line($1))" } + Self.files(document, end.folder)
            + [revision].compactMap { $0 }
    }

    /// The same under the album's name.
    var batchSummary: [String] {
        let title = "\(input.album.title)  (\(input.path))"
        return summary.isEmpty ? ["\(title): not rendered"] : [title] + summary.map { "  \($0)" }
    }

    private static func line(_ song: RenderDocument.Song) -> String {
        let seconds = song.frames.map { Double($0) / Double(song.rate) } ?? 0
        var parts = [String(format: "%d:%04.1f", Int(seconds) / 60, seconds - Double(Int(seconds) / 60 * 60))]
        if let integrated = song.measurements?.integrated { parts.append("\(oneDecimal(integrated)) LUFS") }
        if let peak = song.measurements?.truePeak { parts.append("\(oneDecimal(peak)) dBTP") }
        if let gain = song.finish?.gain { parts.append("gain \(oneDecimal(gain)) dB") }
        if let null = song.stemsNull {
            parts.append("stems null " + (null.peak.map { "\(oneDecimal($0)) dBFS" } ?? "exactly"))
        }
        return "\(song.title)  " + parts.joined(separator: ", ")
    }

    private static func files(_ document: RenderDocument, _ folder: String) -> [String] {
        let files = document.songs.flatMap { $0.files + $0.stems }
        var lines: [String] = []
        if let farm = document.farm {
            let speed = farm.timesRealTime.map { String(format: ", %.0f x real time", $0) } ?? ""
            let finish = farm.finish.map { $0.rendered > 0 ? " (\($0.rendered) to finish)" : "" } ?? ""
            lines.append(
                "\(files.count) files in \(folder); \(farm.tasks.rendered) segments rendered\(finish),"
                    + " \(farm.tasks.reused) reused, \(farm.tasks.retried) retried"
                    + String(format: ", %.1f s", farm.wallSeconds ?? 0) + speed)
            if let lost = farm.tasks.lost {
                lines.append(
                    "\(lost) of them had been rendered before and were no longer in the store. If it keeps too little,"
                        + " set LATHE_STORE_LIMIT (bytes) higher.")
            }
        }
        lines.append("Report: \(folder)/\(ReleasePlan.reportName)")
        return lines
    }
}

/// What `--json` prints of several albums: `renders`, in the order of the command, each with its `render.json` as
/// `render` (absent where nothing was rendered), and every failure of all of them.
struct BatchDocument: Encodable {
    struct Render: Encodable {
        var session: String
        var folder: String?
        var exitCode: Int32
        /// Nothing was rendered: its files were there, unchanged since.
        var isUnchanged: Bool
        var render: RenderDocument?
    }

    struct Failure: Encodable {
        var session: String
        var what: String
    }

    var lathe = latheVersion
    var renders: [Render]
    var failures: [Failure]

    init(_ albums: [RenderedAlbum]) {
        renders = albums.map { album in
            Render(
                session: album.input.path, folder: album.folder, exitCode: album.exitCode,
                isUnchanged: album.standing != nil, render: album.document)
        }
        failures = albums.flatMap { album in
            album.failures.map { Failure(session: album.input.path, what: $0) }
        }
    }
}

/// Turns a release's error into the command's.
func releasing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as ReleaseError {
        throw Failure(code: Exit.couldNotRun, message: error.description)
    }
}
