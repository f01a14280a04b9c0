import Farm
import FarmService
import Foundation
import Quantities
import Release
import Session
import SessionDiff
import SessionFiles
import Storage
import Terminal

/// What changed between two states of a session, in a mix engineer's words; a line each.
///
/// - Parameter old: nil for the first render.
func sessionChanges(from old: SessionInput?, to new: SessionInput) -> [String] {
    guard let old else { return [] }
    let compared = { (input: SessionInput) in
        let steps = absolutePath(input.path).split(separator: "/").filter { $0 != "." }
        return ComparedSession(album: input.album, folder: "/" + steps.dropLast().joined(separator: "/"))
    }
    return ChangeLines.lines(of: SessionComparison.changes(from: compared(old), to: compared(new)))
}

/// `lathe watch-session`: one farm that stays, and a render after every save.
final class WatchSession {
    private let sessions: [String]
    private let options: RenderOptions
    private let farmOptions: FarmOptions
    private let display: ProgressDisplay
    private let start = Date()
    private var albums: [WatchedAlbum] = []
    private var editCount = 0
    /// Albums are to be begun whose audio the workers do not know yet.
    private var needsRestart = false

    private struct Running {
        /// Its number in the farm.
        var id: UInt64
        var input: SessionInput
        /// The files that it was begun for.
        var changes: [String]
        var changedAt: Double
    }

    /// An album that is watched.
    private struct WatchedAlbum {
        var watch = SessionWatch()
        /// The latest that could be read.
        var input: SessionInput
        /// What the folder holds, where all of it was delivered.
        var delivered: SessionInput?
        /// What is being rendered.
        var running: Running?
        var isWanted = true
        /// Smaller goes first.
        var priority: Int
        /// Files that changed since the latest render was begun, and when that was seen first.
        var changes: [String] = []
        var changedAt: Double = 0
        var errors: [String] = []
        /// Its folder is not to be had yet.
        var hold: Hold?
    }

    /// A folder that another render writes to.
    private struct Hold {
        /// Until then it may be the writers of the render before, which are letting go of it.
        var graceEnd: Double
        /// When it is asked for again.
        var nextTry = 0.0
        var isSaid = false
    }

    init(sessions: [String], options: RenderOptions, farm: FarmOptions) {
        self.sessions = sessions
        self.options = options
        farmOptions = farm
        let shown = ProgressDisplay.standardError(
            farm.progress, environment: ProcessInfo.processInfo.environment)
        // Plain lines of every render would drown the one that counts.
        display = shown.mode == .plain ? ProgressDisplay.standardError(.none, environment: [:]) : shown
    }

    func run() throws {
        let batch = try SessionInputs(sessions, options: options, segmentSeconds: farmOptions.segmentSeconds)
        let store = try openStore(farmOptions.store)
        let embedded = try farmOptions.embeddedFarm(store)
        for (index, input) in batch.inputs.enumerated() {
            var album = WatchedAlbum(input: input, priority: index)
            album.watch.watch(Self.files(of: input))
            albums.append(album)
        }
        Signals.countInterrupts()
        try orFail {
            let farm = try AlbumFarm(embedded, albums: albums.map(\.input.album))
            try follow(farm)
            for end in try farm.stop() { conclude(end) }
        }
        display.clear()
        _ = try orFail { try store.close() }
        throw Failure(code: Exit.interrupted(bySignal: Signals.stopSignal), message: nil, hasDocument: true)
    }

    private var now: Double { Date().timeIntervalSince(start) }

    private func follow(_ farm: AlbumFarm) throws {
        var nextLook = 0.0
        while Signals.stopSignal == 0 {
            if now >= nextLook {
                for index in albums.indices {
                    if albums[index].watch.look(now: now) { read(index, farm) } else { dropStale(index, farm) }
                }
                nextLook = now + 0.2
            }
            try begin(farm)
            for end in try farm.turn() { conclude(end) }
            show(farm)
        }
    }

    // MARK: - Files

    private static func files(of input: SessionInput) -> Set<String> {
        Set(input.files.contents.keys).union(input.album.songs.flatMap { $0.song.sources.map(\.path) })
    }

    /// Reads a session again; one that cannot be read leaves the last good one standing.
    private func read(_ index: Int, _ farm: AlbumFarm) {
        let hasNewAudio = albums[index].watch.hasNewAudio
        let names = albums[index].watch.takeChanges()
        if albums[index].changes.isEmpty { albums[index].changedAt = albums[index].watch.changedAt ?? now }
        albums[index].changes = Set(albums[index].changes + names).sorted()
        let files = RecordedFiles()
        let path = albums[index].input.path
        do {
            let album = try SessionReader(files: files).readAlbum(path: absolutePath(path))
            let songs = try chosenSongs(of: album, options.only)
            let input = try SessionInput(
                path: path, files: files, album: album, songs: songs, folder: albums[index].input.folder,
                stems: options.stems, segmentSeconds: farmOptions.segmentSeconds)
            albums[index].errors = []
            albums[index].watch.watch(Self.files(of: input))
            albums[index].watch.retry(false, now: now)
            take(input, index, farm)
        } catch {
            let lines =
                (error as? SessionErrors)?.diagnostics.map(\.description)
                ?? [(error as? Failure)?.message.map { "\(path): error: \($0)" } ?? "\(path): error: \(error)"]
            albums[index].watch.watch(albums[index].watch.paths.union(files.contents.keys))
            albums[index].watch.retry(true, now: now)
            // What was to be rendered of the audio as it was cannot be any more.
            if hasNewAudio { albums[index].isWanted = false }
            guard lines != albums[index].errors else { return }
            // A song of several albums: its mistakes are shown once.
            let isShown = albums.contains { $0.errors == lines }
            albums[index].errors = lines
            say(Line(event: "error", session: path, failures: lines)) {
                (isShown ? [] : lines) + ["\(Self.time()) \(path) cannot be read: the last good render stays."]
            }
        }
    }

    /// Audio that is being written anew would fail the render that reads it.
    private func dropStale(_ index: Int, _ farm: AlbumFarm) {
        guard let running = albums[index].running, albums[index].watch.hasNewAudio else { return }
        albums[index].isWanted = true
        farm.cancel(running.id)
    }

    private func take(_ input: SessionInput, _ index: Int, _ farm: AlbumFarm) {
        let isText = albums[index].changes.allSatisfy(SessionWatch.isText)
        let before = albums[index].running?.input ?? albums[index].delivered
        albums[index].input = input
        if isText, !albums[index].isWanted, let before, before.album == input.album, before.songs == input.songs {
            // A comment, or what was undone before anything came of it.
            guard albums[index].running == nil else { return }
            let changes = albums[index].changes
            albums[index].changes = []
            let line = Line(event: "unchanged", session: input.path, changed: changes)
            return say(line) { ["\(Self.time()) \(input.path): nothing that is rendered changed"] }
        }
        editCount += 1
        albums[index].priority = -editCount
        albums[index].isWanted = true
        if let running = albums[index].running { farm.cancel(running.id) }
    }

    // MARK: - Renders

    private func begin(_ farm: AlbumFarm) throws {
        if needsRestart {
            guard !farm.isBusy else { return }
            needsRestart = false
            try farm.restart(for: albums.map(\.input.album))
        }
        let waiting = albums.indices.filter {
            albums[$0].isWanted && albums[$0].running == nil && !albums[$0].watch.isUnsettled
                && (albums[$0].hold?.nextTry ?? 0) <= now
        }
        for index in waiting.sorted(by: { albums[$0].priority < albums[$1].priority }) where !needsRestart {
            try begin(index, farm)
        }
    }

    private func begin(_ index: Int, _ farm: AlbumFarm) throws {
        let input = albums[index].input
        do {
            let folder = try input.claim(.replace)
            albums[index].hold = nil
            let order = AlbumOrder(
                album: input.album,
                options: AlbumJobOptions(
                    deliveredSongs: Set(input.songs), deliversStems: options.stems == .preMaster,
                    segmentSeconds: farmOptions.segmentSeconds), folder: folder, plan: input.plan)
            guard let id = try farm.begin(order, priority: albums[index].priority) else {
                // New workers know the new audio. What runs now is begun again, and finds what it had rendered.
                needsRestart = true
                for other in albums.indices {
                    guard let running = albums[other].running else { continue }
                    albums[other].isWanted = true
                    farm.cancel(running.id)
                }
                return
            }
            albums[index].isWanted = false
            albums[index].running = Running(
                id: id, input: input, changes: albums[index].changes, changedAt: albums[index].changedAt)
            albums[index].changes = []
            say(Line(event: "begun", session: input.path, changed: albums[index].running?.changes ?? [])) { [] }
        } catch let error as ReleaseError where error.code == .inUse {
            wait(index, error.path)
        } catch let error as StoreError where !error.isLoss {
            throw error
        } catch {
            albums[index].isWanted = false
            albums[index].hold = nil
            let line = Line(event: "error", session: input.path, failures: ["\(error)"])
            say(line) { ["\(input.path): error: \(error)"] }
        }
    }

    /// Another render has the folder: what is wanted stays wanted, and is begun when the folder is free.
    private func wait(_ index: Int, _ folder: String) {
        var hold = albums[index].hold ?? Hold(graceEnd: now + 3)
        hold.nextTry = now + (now < hold.graceEnd ? 0.1 : 1)
        let isNews = now >= hold.graceEnd && !hold.isSaid
        hold.isSaid = hold.isSaid || isNews
        albums[index].hold = hold
        guard isNews else { return }
        var line = Line(event: "waiting", session: albums[index].input.path, changed: albums[index].changes)
        line.folder = folder
        say(line) {
            [
                "\(Self.time()) \(line.session): \(folder) is being written by another render."
                    + " Waiting for it to end; the newest state is rendered then."
            ]
        }
    }

    private func conclude(_ end: AlbumEnd) {
        guard let index = albums.firstIndex(where: { $0.running?.id == end.id }), let running = albums[index].running
        else { return }
        albums[index].running = nil
        guard !end.isCancelled else {
            // What it was begun for goes into the next one.
            albums[index].changes = Set(albums[index].changes + running.changes).sorted()
            albums[index].changedAt = running.changes.isEmpty ? albums[index].changedAt : running.changedAt
            return say(Line(event: "cancelled", session: running.input.path, changed: running.changes)) { [] }
        }
        let input = running.input
        let rendered = RenderedAlbum(input: input, end: .success(end))
        let figures = end.outcome.figures
        var line = Line(event: "render", session: input.path, changed: running.changes)
        line.changes = sessionChanges(from: albums[index].delivered, to: input)
        line.folder = end.folder
        line.rendered = figures.renderedTasks
        line.reused = figures.reusedTasks
        line.seconds = ((now - running.changedAt) * 1000).rounded() / 1000
        line.exitCode = rendered.exitCode
        line.failures = rendered.failures
        albums[index].delivered = end.isWhole ? input : nil
        say(line) {
            let what = line.changed.isEmpty ? "" : "\(line.changed.joined(separator: ", ")): "
            let summary =
                "\(Self.time()) \(input.album.title): \(what)\(figures.renderedTasks) segments rendered,"
                + " \(figures.reusedTasks) reused, \(oneDecimal(line.seconds ?? 0)) s"
            return [summary] + line.changes.map { "  \($0)" } + line.failures.map { "error: \($0)" }
        }
    }

    // MARK: - Output

    /// What `--json` prints: an object a line.
    private struct Line: Encodable {
        /// `begun`, `cancelled`, `render`, `unchanged`, `waiting` or `error`.
        var event: String
        var session: String
        /// Names of the files that were saved.
        var changed: [String] = []
        /// What that changed in the session.
        var changes: [String] = []
        var folder: String?
        var rendered: Int?
        var reused: Int?
        /// From the moment a save was seen to the last file.
        var seconds: Double?
        var exitCode: Int32?
        var failures: [String] = []
    }

    private func say(_ line: Line, _ text: () -> [String]) {
        guard farmOptions.json else {
            let lines = text()
            guard !lines.isEmpty else { return }
            display.clear()
            let isResult = line.event != "error" && line.event != "waiting"
            let handle: FileHandle = isResult ? .standardOutput : .standardError
            return handle.write(Data((lines.joined(separator: "\n") + "\n").utf8))
        }
        display.clear()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // It holds nothing but text and finite numbers, which always encode.
        guard let bytes = try? encoder.encode(line) else { return }
        try? FileHandle.standardOutput.write(contentsOf: bytes + Data("\n".utf8))
    }

    private func show(_ farm: AlbumFarm) {
        guard display.mode != .none else { return }
        let running = albums.compactMap { album in album.running.map { ($0, farm.progress(of: $0.id)) } }
        guard !running.isEmpty else { return }
        let progress = BatchProgress(running.map(\.0.input))
        let states = running.map(\.1)
        let elapsed = states.reduce(0) { max($0, $1?.elapsedSeconds ?? 0) }
        display.update(progress.model(states, elapsedSeconds: elapsed), now: now)
    }

    private static func time() -> String {
        var seconds = time_t(Date().timeIntervalSince1970)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return String(format: "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec)
    }
}
