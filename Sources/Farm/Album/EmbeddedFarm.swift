import FarmCoordination
import FarmProtocol
import Foundation
import Hashing
package import Logging
package import Metering
import Quantities
package import Release
import RenderCompiler
import RenderPlan
package import Session
import SoundFiles
package import Storage
import ZeroMQ

/// How to run a farm for one command.
package struct EmbeddedFarmOptions: Sendable {
    /// Worker processes; 0 renders in this process, with the same tasks and the same bytes.
    package var workerCount: Int
    package var usesLedger = true
    package var auditPercent = 0
    package var scatters = false
    package var blockFrames = 512
    package var storeLimitBytes: Int
    /// This executable, started again for each worker.
    package var executable: String
    package var version: String

    package init(workerCount: Int, storeLimitBytes: Int, executable: String, version: String) {
        self.workerCount = workerCount
        self.storeLimitBytes = storeLimitBytes
        self.executable = executable
        self.version = version
    }
}

/// What a render came to, for reports.
package struct AlbumOutcome: Sendable {
    package struct SongOutcome: Sendable {
        package var failure: String?
        package var frameCount: Int?
        package var rateHertz: Int
        package var lengthRule: String
        package var stemNames: [String]
        /// Of the mix.
        package var loudness: LoudnessSummary?
        package var finishes: [FinishFigures]
    }

    package struct FinishFigures: Sendable {
        package var rateHertz: Int
        package var gainDecibels: Double
        package var passCount: Int
        package var reductionDecibels: Double
    }

    package var songs: [SongOutcome]
    package var delivered: [DeliveredRole: (file: DeliveredFile, check: DeliveredCheck?)]
    package var failedFiles: [DeliveredRole: String]
    package var warnings: [String]
    package var figures: FarmFigures
    package var wallSeconds: Double
    package var restartCount: Int
    /// Set when a signal stopped the render: nothing is lost, the same command carries on.
    package var stoppedBySignal: Int?
    /// Why the farm itself gave up.
    package var stopReason: String?
}

/// Progress, from the coordinator's thread, about ten times a second.
package struct AlbumProgress: Sendable {
    package struct Song: Sendable {
        package var done: Int
        package var total: Int
        package var failure: String?
        package var stage: String
    }

    package var songs: [Song]
    package var pass: Int
    package var figures: FarmFigures
    package var stage: String
    package var elapsedSeconds: Double
    package var songSeconds: Double
    package var restartCount: Int
}

/// A coordinator in this process with its own worker processes: what `lathe render` starts.
package struct EmbeddedFarm {
    let store: Store
    let options: EmbeddedFarmOptions
    let logger: Logger

    package init(store: Store, options: EmbeddedFarmOptions, logger: Logger) {
        self.store = store
        self.options = options
        self.logger = logger
    }

    /// Renders an album to files. Call it from a thread that lives as long as the process.
    ///
    /// - Parameters:
    ///   - folder: Where the files go; not to be used elsewhere until this returns.
    ///   - files: The planned file of each role.
    ///   - progress: Told about ten times a second.
    package func render(
        _ album: Album, _ jobOptions: AlbumJobOptions, folder: ReleaseFolder, files: [DeliveredRole: PlannedFile],
        progress: (AlbumProgress) -> Void
    ) throws -> AlbumOutcome {
        let began = monotonicMilliseconds()
        let isPooled = album.loudness.isEnabled && album.loudness.target != nil && album.loudness.scope == .album
        let all = Set(album.songs.indices)
        let isWhole = jobOptions.deliveredSongs == all
        // Some songs of an album are judged by the ceiling alone: the target is that of all together.
        var loudness = album.loudness
        if isPooled && !isWhole { loudness.target = nil }
        let sink = try FileSink(
            reader: store.reader, folder: folder, planned: files, loudness: loudness,
            pooledSongs: isPooled && isWhole ? all : [])
        let job: AlbumJob
        do {
            job = try AlbumJob(album: album, options: jobOptions, sink: sink)
        } catch {
            _ = sink.close()
            throw error
        }
        let run = try FarmRun(self, job: job)
        let host = run.host
        host.driver = job
        job.submit(to: host)
        var nextProgress: UInt64 = 0
        var stopSignal: Int?
        while !host.hasEnded {
            try run.turn()
            if Signals.stopSignal != 0 {
                stopSignal = Signals.stopSignal
                break
            }
            let now = monotonicMilliseconds()
            if now >= nextProgress {
                nextProgress = now + 100
                progress(state(job, host, run, began))
            }
        }
        run.stop()
        let outcomes = sink.close()
        try store.flush()
        progress(state(job, host, run, began))
        return outcome(job, host, run, outcomes, began: began, stopSignal: stopSignal)
    }

    /// Opens and closes a local socket.
    package static func checkTransport() throws -> String {
        let directory = try PrivateDirectory()
        defer { directory.remove() }
        _ = try RouterTransport(context: try Context(), endpoint: "ipc://\(directory.path)/farm")
        return "libzmq \(Context.libraryVersion)"
    }

    private func state(_ job: AlbumJob, _ host: CoordinatorHost, _ run: FarmRun, _ began: UInt64) -> AlbumProgress {
        AlbumProgress(
            songs: job.songProgress, pass: job.pass, figures: host.figures, stage: job.stage,
            elapsedSeconds: Double(monotonicMilliseconds() - began) / 1000,
            songSeconds: job.songSeconds, restartCount: run.restartCount)
    }

    private func outcome(
        _ job: AlbumJob, _ host: CoordinatorHost, _ run: FarmRun, _ outcomes: [DeliveredRole: FileSink.Outcome],
        began: UInt64, stopSignal: Int?
    ) -> AlbumOutcome {
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
            }, delivered: [:], failedFiles: [:], warnings: job.warnings, figures: host.figures,
            wallSeconds: Double(monotonicMilliseconds() - began) / 1000, restartCount: run.restartCount,
            stoppedBySignal: stopSignal)
        for (role, outcome) in outcomes {
            switch outcome {
            case .delivered(let file, let check): result.delivered[role] = (file, check)
            case .failed(let reason): result.failedFiles[role] = reason
            }
        }
        if case .stopped(let reason) = job.outcome { result.stopReason = reason }
        return result
    }
}

/// Coordinator, link and workers of one render.
final class FarmRun {
    let host: CoordinatorHost
    private var workers: EmbeddedWorkers?
    private let link: InProcessLink?
    private let directory: PrivateDirectory?
    private let hasStopped = StopFlag()

    var restartCount: Int { workers?.restartCount ?? 0 }

    init(_ farm: EmbeddedFarm, job: AlbumJob) throws {
        var policy = Policy()
        policy.auditPercent = farm.options.auditPercent
        policy.scatters = farm.options.scatters
        let provenance = Provenance(
            worker: "", incarnation: "", processorModel: Machine.processorModel, latheVersion: farm.options.version)
        // One life of this process: later lives must have larger numbers, whatever the wall clock does meanwhile.
        var clock = timespec()
        clock_gettime(CLOCK_BOOTTIME, &clock)
        let incarnation = Incarnation(UInt64(clock.tv_sec) * 1_000_000 + UInt64(clock.tv_nsec) / 1000)
        let template = WorkerConfiguration(
            worker: 1, incarnation: 1, storeDirectory: farm.store.directory, namespace: farm.store.namespace.name,
            pack: 0, sources: job.sources, blockFrames: farm.options.blockFrames, linkMilliseconds: 30_000)
        let transport: any CoordinatorTransport
        if farm.options.workerCount == 0 {
            let link = try InProcessLink(peer: template.peer)
            self.link = link
            directory = nil
            transport = link.coordinatorEnd()
        } else {
            let directory = try PrivateDirectory()
            self.directory = directory
            link = nil
            let endpoint = "ipc://\(directory.path)/farm"
            transport = try RouterTransport(context: try Context(), endpoint: endpoint)
            workers = EmbeddedWorkers(
                count: farm.options.workerCount, store: farm.store, executable: farm.options.executable,
                directory: directory.path, endpoint: endpoint, template: template)
        }
        host = CoordinatorHost(
            store: farm.store, transport: transport, policy: policy, incarnation: incarnation,
            provenance: provenance, storeLimitBytes: farm.options.storeLimitBytes,
            usesLedger: farm.options.usesLedger, isWorkerHere: farm.options.workerCount == 0, logger: farm.logger)
        if let link { try startInProcessWorker(template, link, farm.store) }
        let workers = workers
        host.killWorker = { workers?.kill($0) }
    }

    func turn() throws {
        try workers?.poll { host.post(.exited($0, $1)) }
        try host.turn(waitingMilliseconds: 50)
    }

    func stop() {
        hasStopped.set()
        workers?.stop()
        directory?.remove()
    }

    private func startInProcessWorker(
        _ template: WorkerConfiguration, _ link: InProcessLink, _ store: Store
    ) throws {
        var configuration = template
        configuration.pack = try store.createPack().rawValue
        let hasStopped = hasStopped
        startThread(named: "worker") { [configuration] in
            do {
                let host = try WorkerHost(configuration, transport: link.workerEnd()) { hasStopped.isSet ? 2 : 0 }
                _ = try host.run()
            } catch {
                FileHandle.standardError.write(Data("error: the worker cannot run: \(error)\n".utf8))
            }
        }
    }
}
