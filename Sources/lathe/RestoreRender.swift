import Farm
import Foundation
import Release
import Session
import Storage
import Terminal

/// Renders the session of a revision on this machine's cores.
struct RestoreRender {
    var album: Album
    var plan: ReleasePlan
    var folder: ReleaseFolder
    /// Indices of the songs that are delivered.
    var songs: [Int]
    var stems: StemsChoice
    var segmentSeconds: Double
    var farm: FarmOptions

    /// - Returns: what was written as render.json.
    func run(_ store: Store) throws -> RenderDocument {
        let embedded = try farm.embeddedFarm(store)
        let order = AlbumOrder(
            album: album,
            options: AlbumJobOptions(
                deliveredSongs: Set(songs), deliversStems: stems == .preMaster, segmentSeconds: segmentSeconds),
            folder: folder, plan: plan)
        Signals.countInterrupts()
        let display = ProgressDisplay.standardError(
            farm.progress, environment: ProcessInfo.processInfo.environment)
        let start = Date()
        var end: Result<AlbumEnd, any Error>?
        let signal = try orFail {
            try embedded.render([order]) { latest in
                guard let progress = latest.first ?? nil else { return }
                display.update(model(progress), now: Date().timeIntervalSince(start))
            } ended: {
                end = $1
            }
        }
        display.finish(now: Date().timeIntervalSince(start))
        if let signal {
            let stopped = "Stopped. What is rendered is kept: the same command carries on."
            note(stopped)
            throw Failure(code: Exit.interrupted(bySignal: signal), printed: [stopped])
        }
        let ended = try orFail { try end?.get() }
        guard let document = ended?.document else {
            throw Failure(code: Exit.couldNotRun, message: ended?.reportFailure ?? "nothing was rendered")
        }
        return document
    }

    private func model(_ progress: AlbumProgress) -> ProgressModel {
        ProgressModel(
            songs: zip(album.songs, progress.songs).map { entry, song in
                ProgressModel.Song(
                    title: entry.song.title, stage: song.stage, segmentsDone: song.done, segmentCount: song.total,
                    failure: song.failure, isFinished: song.stage == "done")
            }, pass: progress.pass, workersBusy: progress.figures.busyWorkerCount,
            workerCount: progress.figures.workerCount, reusedCount: progress.figures.reusedTasks,
            retriedCount: progress.figures.retriedTasks + progress.restartCount)
    }
}
