import Farm
import Foundation
import Hashing
import Logging
import Metering
import Quantities
import Release
import RenderCompiler
import Session
import SoundFiles
import Storage
import Terminal

/// One `lathe render`, from the session file to the report.
struct RenderJob {
    var session: String
    var options: RenderOptions
    var farm: FarmOptions

    func run() throws {
        guard Machine.hasKernelBaseline else {
            throw Failure(
                code: Exit.couldNotRun,
                message: "this processor (\(Machine.processorModel)) lacks AVX2 or FMA. Lathe needs x86-64-v3.")
        }
        let album = try readSession(session)
        let songs = try deliveredSongs(of: album)
        let plan = try releasePlan(album, songs)
        let store = try openStore(farm.store)
        let folder = try releasing {
            try ReleaseFolder(
                claiming: outputFolder, for: plan, policy: options.overwrite,
                sessionDigest: sessionDigest(album, songs: songs))
        }
        Signals.countInterrupts()
        let display = ProgressDisplay.standardError(
            farm.progress, environment: ProcessInfo.processInfo.environment)
        let start = Date()
        let outcome = try render(album, songs, plan, folder, store) { progress in
            display.update(model(album, progress), now: Date().timeIntervalSince(start))
        }
        display.finish(now: Date().timeIntervalSince(start))
        if let signal = outcome.stoppedBySignal {
            let stopped = "Stopped. What is rendered is kept: the same command carries on."
            note(stopped)
            throw Failure(code: Exit.interrupted(bySignal: signal), printed: [stopped])
        }
        let document = try releasing {
            try RenderReport(
                album: album, plan: plan, folder: folder, outcome: outcome, songs: songs,
                workers: workerCount, version: latheVersion
            ).write()
        }
        _ = try orFail { try store.trimIfNeeded(limitByteCount: try storeLimitBytes(store)) }
        _ = try orFail { try store.close() }
        try conclude(document, folder, outcome)
    }

    // MARK: - Inputs

    private var workerCount: Int { farm.workers ?? ProcessInfo.processInfo.activeProcessorCount }

    /// Where the files go unless the policy numbers it.
    var outputFolder: String {
        if let output = options.output { return absolutePath(output) }
        let file = absolutePath(session)
        let ending = [".yaml", ".yml"].first { file.hasSuffix($0) } ?? ""
        return file.dropLast(ending.count) + "-render"
    }

    /// Indices of the songs that are delivered.
    func deliveredSongs(of album: Album) throws -> [Int] { try chosenSongs(of: album, options.only) }

    /// What makes two renders into one folder the same render: session and choices, not the workers.
    func sessionDigest(_ album: Album, songs: [Int]) -> String {
        let text = "\(album) \(songs) \(options.stems.rawValue) \(farm.segmentSeconds) \(Engine.digest)"
        return Digest.of(Array(text.utf8)).description
    }

    /// The files that the choices lead to.
    func releasePlan(_ album: Album, _ songs: [Int]) throws -> ReleasePlan {
        try releasing {
            try ReleasePlan(
                album: album, stemNames: album.songs.map { try SongCompiler.stemNames($0.song) }, stems: options.stems,
                songs: songs)
        }
    }

    private func render(
        _ album: Album, _ songs: [Int], _ plan: ReleasePlan, _ folder: ReleaseFolder, _ store: Store,
        progress: (AlbumProgress) -> Void
    ) throws -> AlbumOutcome {
        var settings = EmbeddedFarmOptions(
            workerCount: workerCount, storeLimitBytes: try storeLimitBytes(store), executable: executablePath(),
            version: latheVersion)
        settings.usesLedger = !farm.noCache
        settings.auditPercent = farm.audit
        settings.scatters = farm.scatter
        settings.blockFrames = farm.block
        var logger = Logger(label: "lathe") { _ in StandardErrorLog() }
        let level = ProcessInfo.processInfo.environment["LATHE_LOG"]
        logger.logLevel = level.flatMap { Logger.Level(rawValue: $0) } ?? .error
        do {
            return try EmbeddedFarm(store: store, options: settings, logger: logger).render(
                album,
                AlbumJobOptions(
                    deliveredSongs: Set(songs), deliversStems: options.stems == .preMaster,
                    segmentSeconds: farm.segmentSeconds),
                folder: folder, plan: plan, progress: progress)
        } catch let error as StoreError {
            throw Failure(code: Exit.couldNotRun, message: error.message)
        } catch {
            throw Failure(code: Exit.couldNotRun, message: "\(error)")
        }
    }

    // MARK: - Progress and results

    private func model(_ album: Album, _ progress: AlbumProgress) -> ProgressModel {
        let done = progress.songs.reduce(0) { $0 + $1.done }
        let total = progress.songs.reduce(0) { $0 + $1.total }
        let fraction = total == 0 ? 0 : Double(done) / Double(total)
        let elapsed = progress.elapsedSeconds
        let remaining = fraction > 0.05 && elapsed > 1 ? elapsed * (1 - fraction) / fraction : nil
        return ProgressModel(
            songs: zip(album.songs, progress.songs).map { entry, song in
                ProgressModel.Song(
                    title: entry.song.title, stage: song.stage, segmentsDone: song.done, segmentCount: song.total,
                    failure: song.failure, isFinished: song.stage == "done")
            }, pass: progress.pass, workersBusy: progress.figures.busyWorkerCount,
            workerCount: progress.figures.workerCount, reusedCount: progress.figures.reusedTasks,
            retriedCount: progress.figures.retriedTasks + progress.restartCount,
            timesRealTime: elapsed > 0.5 ? fraction * progress.songSeconds / elapsed : nil,
            remainingSeconds: remaining)
    }

    private func conclude(_ document: RenderDocument, _ folder: ReleaseFolder, _ outcome: AlbumOutcome) throws {
        if farm.json {
            print(String(decoding: try document.encoded(), as: UTF8.self), terminator: "")
        } else {
            for line in summary(document, folder) { print(line) }
        }
        for failure in document.failures {
            complain([failure.song, failure.what].compactMap { $0 }.joined(separator: ": "))
        }
        for warning in document.warnings { note("warning: \(warning)") }
        if !outcome.figures.alarms.isEmpty {
            throw Failure(code: Exit.digestAlarm, hasDocument: farm.json)
        }
        if !document.failures.isEmpty { throw Failure(code: Exit.notRendered, hasDocument: farm.json) }
        folder.complete()
    }

    private func summary(_ document: RenderDocument, _ folder: ReleaseFolder) -> [String] {
        var lines: [String] = []
        for (index, song) in document.songs.enumerated() {
            let seconds = song.frames.map { Double($0) / Double(song.rate) } ?? 0
            var parts = [String(format: "%d:%04.1f", Int(seconds) / 60, seconds - Double(Int(seconds) / 60 * 60))]
            if let integrated = song.measurements?.integrated { parts.append("\(oneDecimal(integrated)) LUFS") }
            if let peak = song.measurements?.truePeak { parts.append("\(oneDecimal(peak)) dBTP") }
            if let gain = song.finish?.gain { parts.append("gain \(oneDecimal(gain)) dB") }
            if let null = song.stemsNull {
                parts.append("stems null " + (null.peak.map { "\(oneDecimal($0)) dBFS" } ?? "exactly"))
            }
            lines.append("\(index + 1). \(song.title)  " + parts.joined(separator: ", "))
        }
        let files = document.songs.flatMap { $0.files + $0.stems }
        if let farm = document.farm {
            let speed = farm.timesRealTime.map { String(format: ", %.0f x real time", $0) } ?? ""
            lines.append(
                "\(files.count) files in \(folder.path); \(farm.tasks.rendered) segments rendered,"
                    + " \(farm.tasks.reused) reused, \(farm.tasks.retried) retried"
                    + String(format: ", %.1f s", farm.wallSeconds ?? 0) + speed)
        }
        lines.append("Report: \(folder.path)/\(ReleasePlan.reportName)")
        return lines
    }
}

/// Turns a release's error into the command's.
func releasing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as ReleaseError {
        throw Failure(code: Exit.couldNotRun, message: error.description)
    }
}

/// Log lines for whoever asked for them with LATHE_LOG=notice.
private struct StandardErrorLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level = .error

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = (event.metadata ?? [:]).sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        note("\(event.level): \(event.message)\(fields)")
    }
}
