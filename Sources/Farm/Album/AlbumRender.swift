import FarmCoordination
import FarmProtocol
import Foundation
package import Quantities
package import Release
import RenderCompiler
package import Session
package import Storage

/// One album on its way from a session to the files of a release: its job, the writers of its files, its outcome.
///
/// Everything but `close` is called on the coordinator's thread.
package final class AlbumRender {
    let job: AlbumJob
    private let sink: FileSink
    private let beganAt = monotonicMilliseconds()
    private var written: [DeliveredRole: FileSink.Outcome] = [:]

    /// Compiles the mixes and begins the files.
    ///
    /// - Parameters:
    ///   - folder: Where the files go; not to be used elsewhere until `close` has returned.
    ///   - plan: The files.
    ///   - reader: Reads the store's packs.
    ///   - files: See `AlbumJob`.
    ///   - waitsForSpace: a full disk holds it up instead of failing files.
    package convenience init(
        id: UInt64 = 1, album: Album, options: AlbumJobOptions, folder: ReleaseFolder, plan: ReleasePlan,
        reader: PackReader, files: [String: (hash: ContentHash, byteCount: Int)] = [:], waitsForSpace: Bool = false
    ) throws {
        try self.init(
            id: id, album: album, options: options, folder: folder, plan: plan, reader: reader, files: files,
            waitsForSpace: waitsForSpace, placement: nil)
    }

    /// - Parameter placement: See `AlbumJob`.
    init(
        id: UInt64 = 1, album: Album, options: AlbumJobOptions, folder: ReleaseFolder, plan: ReleasePlan,
        reader: PackReader, files: [String: (hash: ContentHash, byteCount: Int)] = [:], waitsForSpace: Bool = false,
        placement: SourcePlacement?
    ) throws {
        let isPooled = album.loudness.isEnabled && album.loudness.target != nil && album.loudness.scope == .album
        let all = Set(album.songs.indices)
        let isWhole = options.deliveredSongs == all
        // Some songs of an album are judged by the ceiling alone: the target is that of all together.
        var loudness = album.loudness
        if isPooled && !isWhole { loudness.target = nil }
        sink = try FileSink(
            reader: reader, folder: folder, planned: Self.roles(of: plan), loudness: loudness,
            pooledSongs: isPooled && isWhole ? all : [], waitsForSpace: waitsForSpace,
            keepsFiles: options.keepsFiles)
        do {
            job = try AlbumJob(
                id: JobID(id), album: album, options: options, sink: sink, files: files, placement: placement)
        } catch {
            _ = sink.close()
            throw error
        }
    }

    private static func roles(of plan: ReleasePlan) -> [DeliveredRole: PlannedFile] {
        var roles: [DeliveredRole: PlannedFile] = [:]
        for file in plan.files {
            guard let song = file.song else { continue }
            switch file.role {
            case .master: roles[.master(song: song, delivery: file.delivery ?? 0)] = file
            case .stem: roles[.stem(song: song, index: file.stem ?? 0)] = file
            case .preMaster: roles[.preMaster(song: song)] = file
            case .document, .report: break
            }
        }
        return roles
    }

    /// Nothing more will be rendered for it.
    package var isOver: Bool { job.outcome != nil }

    /// It was given up by whoever asked for it.
    var isCancelled: Bool { job.outcome == .cancelled }

    /// Hands the mixes to the farm.
    package func submit(to host: CoordinatorHost, priority: Int = 0, workerLimit: Int? = nil, isPaused: Bool = false) {
        job.submit(to: host, priority: priority, workerLimit: workerLimit, isPaused: isPaused)
    }

    /// How far it is.
    package func progress(_ host: CoordinatorHost, restartCount: Int = 0) -> AlbumProgress {
        AlbumProgress(
            songs: job.songProgress, pass: job.pass, figures: host.figures(of: job.id), stage: job.stage,
            elapsedSeconds: elapsedSeconds, songSeconds: job.songSeconds, restartCount: restartCount)
    }

    private var elapsedSeconds: Double { Double(monotonicMilliseconds() - beganAt) / 1000 }

    /// Waits until every file asked for is written and unfinished ones are removed.
    package func close() { written = sink.close() }

    /// What it came to, once it is closed.
    package func outcome(_ figures: FarmFigures) -> AlbumOutcome {
        var result = AlbumOutcome(
            songs: job.songs.map { song in
                AlbumOutcome.SongOutcome(
                    failure: song.failure, frameCount: song.frameCount, rateHertz: song.plan.rateHertz,
                    lengthRule: song.lengthRule, stemNames: song.plan.stems.map(\.name),
                    loudness: song.loudness,
                    finishes: song.finishes.map {
                        AlbumOutcome.FinishFigures(
                            rateHertz: $0.rateHertz, gainDecibels: $0.gainDecibels, passCount: $0.passCount,
                            reductionDecibels: $0.reductionDecibels)
                    })
            }, delivered: [:], failedFiles: [:], warnings: job.warnings, figures: figures,
            wallSeconds: elapsedSeconds, restartCount: 0)
        for (role, outcome) in written {
            switch outcome {
            case .delivered(let file, let check): result.delivered[role] = (file, check)
            case .failed(let reason): result.failedFiles[role] = reason
            }
        }
        if case .stopped(let reason) = job.outcome { result.stopReason = reason }
        return result
    }
}
