import Farm
import FarmCoordination
package import FarmKeys
package import FarmMonitoring
package import FarmProtocol
import FarmTransfer
import Foundation
package import Logging
import Quantities
import Release
import RenderPlan
import SessionFiles
import Storage
import ZeroMQ

/// How a coordinator is set up.
package struct DaemonOptions: Sendable {
    package var endpoint: FarmEndpoint
    /// Packs, ledger, sources, jobs and releases.
    package var directory: String
    package var storeLimitBytes: Int
    package var sourceLimitBytes: Int
    package var auditPercent = 0
    package var version: String
    /// nil: only this machine can reach it, and whoever does may do everything.
    package var keys: FarmSecurity?

    package init(
        endpoint: FarmEndpoint, directory: String, storeLimitBytes: Int, sourceLimitBytes: Int, version: String,
        keys: FarmSecurity?
    ) {
        self.endpoint = endpoint
        self.directory = directory
        self.storeLimitBytes = storeLimitBytes
        self.sourceLimitBytes = sourceLimitBytes
        self.version = version
        self.keys = keys
    }
}

/// A coordinator that lives as long as its machine: `lathe coordinator`.
///
/// One thread runs it: jobs, clients and workers meet there. Reading sessions, finishing files and moving bytes have
/// threads of their own, whose news come through a mailbox.
package final class FarmDaemon {
    let options: DaemonOptions
    private let lock: DirectoryLock
    let store: Store
    let vault: SourceVault
    let host: CoordinatorHost
    let hub: TransferHub
    let folder: JobFolder
    let logger: Logger
    let startedAtSeconds = Date().timeIntervalSince1970
    let delivered: DeliveredFiles
    let news: Mailbox<News>
    /// In order of submission.
    var jobs: [DaemonJob] = []
    var workers: [Peer: WorkerNews] = [:]
    var counters = FarmCounters()
    /// Workers that get no work, whatever life of them comes; kept over restarts.
    var quarantined: Set<WorkerID> = []
    private let transport: RouterTransport
    private let context: Context
    private let published: Locked<FarmStatus>
    private let preparations = WorkQueue(named: "preparation")
    private let finishings = WorkQueue(named: "finishing")
    private var nextStatus: UInt64 = 0
    private var nextTidyUp: UInt64 = 0
    private var announcedAlarmCount = 0
    /// The disk holds less than is never to be touched.
    private(set) var isShortOfSpace = false
    /// Told of every job that ended and of alarms, for webhooks.
    package var announce: (JobStatus?, _ alarm: String?) -> Void = { _, _ in }
    package let pulse = Pulse()
    private let obstacles = Locked<[String]>([])

    /// What other threads have to say.
    enum News: Sendable {
        case source(job: String, ContentHash, Result<Void, TransferError>)
        case prepared(job: String, Result<PreparedJob, ServiceError>)
        case finished(job: String, files: [DeliveredEntry], failures: [String])
    }

    /// What is known of a worker beyond its leases.
    struct WorkerNews {
        var joinedAtSeconds: Double
        var failedAttempts = 0
    }

    /// Opens the store, binds the sockets, and takes up the jobs that were under way.
    ///
    /// - Throws: `StoreError`, `ZeroMQError`, `ServiceError`: each says what to do.
    package init(_ options: DaemonOptions, logger: Logger) throws {
        self.options = options
        self.logger = logger
        lock = try DirectoryLock(options.directory)
        store = try Store(directory: options.directory)
        vault = try SourceVault(
            directory: options.directory + "/sources", limitByteCount: options.sourceLimitBytes)
        folder = try JobFolder(directory: options.directory + "/jobs")
        context = try Context()
        let delivered = DeliveredFiles()
        self.delivered = delivered
        let security = options.keys
        try security?.start(context, logger: logger)
        var control = SocketOptions()
        control.heartbeatIntervalMilliseconds = 1000
        control.heartbeatTimeoutMilliseconds = 3000
        control.heartbeatTimeToLiveMilliseconds = 4000
        control.security = security?.serverSecurity ?? .none
        transport = try RouterTransport(
            context: context, endpoint: options.endpoint.control, options: control,
            speaksFor: security.map { security in { security.mayWork($0, as: $1.worker.rawValue) } })
        var data = SocketOptions()
        data.security = control.security
        let log = logger
        hub = try TransferHub(
            context: context, endpoint: options.endpoint.data, options: data,
            rights: { userID, routingID in
                if let peer = Peer(routingID: routingID) {
                    guard security?.mayWork(userID, as: peer.worker.rawValue) != false else { return nil }
                    return .worker
                }
                guard ClientID(routingID) != nil, let who = Principal(userID, security) else { return nil }
                return .client { job, _ in delivered.mayFetch(job, who) }
            },
            source: CombinedSource([StoreSource(store), vault, delivered])
        ) { event in log.warning("transfer", metadata: ["event": "\(event)"]) }
        var policy = Policy()
        policy.auditPercent = options.auditPercent
        policy.waitsForSpace = true
        // Machines come and go: what one of them lost is no verdict on a song.
        policy.uncountedAttempts = 50
        host = CoordinatorHost(
            store: store, transport: transport, policy: policy,
            incarnation: try Lives.next(in: options.directory + "/coordinator.life"),
            provenance: Provenance(
                worker: "", incarnation: "", processorModel: Machine.processorModel, latheVersion: options.version),
            storeLimitBytes: options.storeLimitBytes, usesLedger: true, workerPlace: .elsewhere, logger: logger)
        news = Mailbox(wakeUp: transport.wakeUp)
        published = Locked(FarmStatus(lathe: options.version, startedAtSeconds: startedAtSeconds))
        host.fetcher = HubFetcher(hub: hub, store: store)
        let vault = vault
        host.locateSource = { vault.path(of: $0) }
        host.clientSpoke = { [unowned self] in hear($0) }
        host.observe = { [unowned self] in notice($0) }
        takeUpJobs()
        for worker in readQuarantined() {
            quarantined.insert(worker)
            host.take(.quarantine(worker))
        }
    }

    private func readQuarantined() -> [WorkerID] {
        guard let data = FileManager.default.contents(atPath: options.directory + "/quarantined") else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { UInt64($0) }.map {
            WorkerID($0)
        }
    }

    func setQuarantined(_ worker: WorkerID, _ isOut: Bool) {
        if isOut { quarantined.insert(worker) } else { quarantined.remove(worker) }
        let lines = quarantined.sorted().map { "\($0.rawValue)\n" }.joined()
        do { try writeDurably(Array(lines.utf8), to: options.directory + "/quarantined") } catch {
            logger.error("quarantine not recorded", metadata: ["reason": "\(error)"])
        }
    }

    /// The farm as it was a quarter of a second ago; from any thread.
    package var status: @Sendable () -> FarmStatus {
        let published = published
        return { published.withLock { $0 } }
    }

    /// Why it cannot take work now, one sentence each; from any thread.
    package var notReady: @Sendable () -> [String] {
        let obstacles = obstacles
        return { obstacles.withLock { $0 } }
    }

    /// Runs until a signal asks it to stop. What is under way stays as it is and goes on at the next start.
    package func run() throws {
        while Signals.stopSignal == 0 { try turn() }
        logger.notice("stopping", metadata: ["signal": "\(Signals.stopSignal)"])
        hub.stop()
        options.keys?.stop()
        host.stop()
        for job in jobs { job.work?.render.close() }
        // Not closed: threads that read sessions or finish files may be using it. The next to open it clears up.
        try store.sync()
    }

    /// One turn of the loop.
    package func turn(waitingMilliseconds: Int = 50) throws {
        try host.turn(waitingMilliseconds: waitingMilliseconds)
        for item in news.takeAll() { take(item) }
        for job in jobs where job.work?.render.isOver == true && !job.isFinishing { finish(job) }
        pulse.beat()
        let now = monotonicMilliseconds()
        if now >= nextStatus {
            nextStatus = now + 250
            let status = describe()
            published.withLock { $0 = status }
        }
        if now >= nextTidyUp {
            nextTidyUp = now + 1_000
            tidyUp()
        }
    }

    private func tidyUp() {
        options.keys?.reload(logger)
        for peer in host.state.livePeers where options.keys?.mayStillWork(as: peer.worker.rawValue) == false {
            logger.warning("worker's key was revoked", metadata: ["worker": "\(peer)"])
            host.take(.revoked(peer))
        }
        var found: [String] = []
        do {
            try vault.trim()
            let free = try DiskSpace(ofDirectory: options.directory).availableByteCount - Self.reserveBytes
            host.take(.storeSpace(freeBytes: max(0, free)))
            isShortOfSpace = free <= 0
            if free <= 0 { found.append("the disk of \(options.directory) is full: jobs wait for space") }
        } catch {
            logger.error("the store's space is not known", metadata: ["reason": "\(error)"])
            found.append("the store's disk cannot be looked at: \(error)")
        }
        if let failure = host.syncFailure { found.append("the ledger cannot be written: \(failure)") }
        obstacles.withLock { $0 = found }
        let alarms = host.figures.alarms
        for alarm in alarms.dropFirst(announcedAlarmCount) { announce(nil, alarm) }
        announcedAlarmCount = alarms.count
    }

    /// Of the disk, never touched: a full disk helps nobody.
    static let reserveBytes = 256 << 20

    // MARK: - The life of a job

    private func takeUpJobs() {
        let (records, unreadable) = folder.load()
        for path in unreadable { logger.error("job not readable, left alone", metadata: ["file": "\(path)"]) }
        for record in records {
            let job = DaemonJob(record)
            jobs.append(job)
            delivered.set(job, in: folder)
            if !record.state.isOver { begin(job, client: nil) }
        }
    }

    /// Gets a job going: its audio, then its session.
    func begin(_ job: DaemonJob, client: ClientID?) {
        guard !job.isPreparing, job.work == nil, !job.record.state.isOver else { return }
        do {
            let wanted = Set(job.record.submission.sources.map(\.hash)).subtracting(job.pinned)
            job.missing = Set(try vault.pin(wanted.sorted()))
            job.pinned.formUnion(wanted.subtracting(job.missing))
        } catch {
            return fail(job, ["its audio cannot be kept: \(error)"])
        }
        guard job.missing.isEmpty else {
            set(job, .uploading)
            if let client { upload(job, from: client) }
            return
        }
        if job.record.state != .paused { set(job, .preparing) }
        job.isPreparing = true
        let submission = job.record.submission
        let number = job.number
        let release = folder.releaseFolder(job.id)
        let (vault, reader, news) = (vault, store.reader, news)
        preparations.post {
            let result: Result<PreparedJob, ServiceError>
            do {
                result = .success(
                    try JobPreparation.prepare(
                        submission, number: number, releaseFolder: release, vault: vault, reader: reader))
            } catch let error as SessionErrors {
                result = .failure(ServiceError(error.description))
            } catch {
                result = .failure(ServiceError("\(error)"))
            }
            news.post(.prepared(job: submission.id, result))
        }
    }

    /// Asks the client for what is missing, each file once.
    private func upload(_ job: DaemonJob, from client: ClientID) {
        for source in job.record.submission.sources where job.missing.contains(source.hash) {
            job.fetching.insert(source.hash)
            let (id, hash, news) = (job.id, source.hash, news)
            hub.pull(
                .source(hash), byteCount: source.byteCount, from: [TransferPeer(routingID: client.bytes)],
                into: VaultSink(hash, vault: vault, pins: true)
            ) { news.post(.source(job: id, hash, $0)) }
        }
    }

    private func take(_ item: News) {
        switch item {
        case .source(let id, let hash, let result):
            guard let job = job(id), !job.record.state.isOver else {
                // It was cancelled meanwhile: its sink pinned the file for nobody.
                if case .success = result { vault.unpin([hash]) }
                return
            }
            job.fetching.remove(hash)
            switch result {
            case .success:
                job.missing.remove(hash)
                // Its sink pinned it; where two clients' pulls joined, both did.
                if !job.pinned.insert(hash).inserted { vault.unpin([hash]) }
            case .failure where !job.missing.contains(hash): break
            case .failure(let error):
                job.waiting = "waits for its audio (\(error)): give the same `lathe submit` again"
                logger.notice("audio not received", metadata: ["job": "\(id)", "reason": "\(error)"])
            }
            if job.missing.isEmpty, job.record.state == .uploading {
                job.waiting = nil
                begin(job, client: nil)
            }
        case .prepared(let id, let result):
            guard let job = job(id) else { return }
            job.isPreparing = false
            switch result {
            case .failure(let error): fail(job, error.description.split(separator: "\n").map(String.init))
            case .success(let work):
                job.work = work
                guard !job.isCancelled else { return drop(job) }
                let isPaused = job.record.state == .paused
                work.render.submit(
                    to: host, priority: job.record.submission.priority, workerLimit: job.record.submission.workerLimit,
                    isPaused: isPaused)
                if !isPaused { set(job, .rendering) }
            }
        case .finished(let id, let files, let failures):
            guard let job = job(id) else { return }
            job.isFinishing = false
            host.forget(JobID(job.number))
            job.work = nil
            job.record.files = files.map {
                JobStatus.File(path: $0.path, byteCount: $0.byteCount, sha256: "\($0.hash)")
            }
            job.record.failures = failures
            if job.isCancelled {
                conclude(job, .cancelled)
            } else {
                let hasSound = files.contains {
                    $0.path != ReleasePlan.documentName && $0.path != ReleasePlan.reportName
                }
                conclude(job, failures.isEmpty ? .done : hasSound ? .incomplete : .failed)
            }
        }
    }

    /// Reads a source again that a worker found bad: where it is, it goes, and the next submission sends it anew.
    func lookAgain(at hash: ContentHash) {
        let (vault, logger) = (vault, logger)
        preparations.post {
            guard (try? vault.verify(hash)) != true else { return }
            logger.error("audio in the vault was damaged and is gone", metadata: ["hash": "\(hash)"])
        }
    }

    /// Everything that will be rendered is: the files are completed elsewhere.
    private func finish(_ job: DaemonJob) {
        guard let work = job.work else { return }
        job.isFinishing = true
        let figures = host.figures(of: JobID(job.number))
        job.record.renderedTasks = figures.renderedTasks + figures.repeatedTasks
        job.record.reusedTasks = figures.reusedTasks
        job.record.totalTasks = figures.totalTasks
        job.record.songs = describe(job).songs.map { song in
            var song = song
            if song.failure == nil, song.done == song.total { song.stage = "done" }
            return song
        }
        let (id, version, news) = (job.id, options.version, news)
        finishings.post {
            let (files, failures) = JobPreparation.finish(work, figures: figures, version: version)
            news.post(.finished(job: id, files: files, failures: failures))
        }
    }

    /// A job that was cancelled while it was prepared.
    private func drop(_ job: DaemonJob) {
        job.work?.render.close()
        job.work = nil
        conclude(job, .cancelled)
    }

    func fail(_ job: DaemonJob, _ reasons: [String]) {
        job.record.failures = reasons
        conclude(job, .failed)
    }

    func conclude(_ job: DaemonJob, _ state: JobStatus.State) {
        job.record.endedAtSeconds = Date().timeIntervalSince1970
        job.waiting = nil
        vault.unpin(job.pinned.sorted())
        job.pinned = []
        set(job, state)
        delivered.set(job, in: folder)
        note(job, .ended, detail: state.rawValue)
        logger.notice("job ended", metadata: ["job": "\(job.id)", "state": "\(state.rawValue)"])
        announce(describe(job), nil)
    }

    func set(_ job: DaemonJob, _ state: JobStatus.State) {
        if job.record.state != state { note(job, .stage, detail: state.rawValue) }
        job.record.state = state
        save(job)
    }

    func save(_ job: DaemonJob) {
        do { try folder.save(job.record) } catch {
            logger.error("job not recorded", metadata: ["job": "\(job.id)", "reason": "\(error)"])
        }
    }

    func job(_ id: String) -> DaemonJob? { jobs.first { $0.id == id } }
    func job(numbered number: JobID) -> DaemonJob? { jobs.first { JobID($0.number) == number } }
}

/// Keeps a second coordinator out of a directory, for as long as this object or its process lives.
final class DirectoryLock {
    private let descriptor: Int32

    init(_ directory: String) throws {
        descriptor = open(directory + "/coordinator.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw ServiceError("\(directory) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ServiceError("another coordinator works in \(directory): stop it, or give this one another --store")
        }
    }

    deinit { close(descriptor) }
}

/// Tasks that are done one after the other on a thread of their own.
final class WorkQueue: Sendable {
    private let queue: DispatchQueue
    init(named name: String) { queue = DispatchQueue(label: name) }
    func post(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}

/// Numbers of lives: larger after every start, whatever the clock does, and not to be guessed: a life is part of the
/// name under which messages reach a process.
package enum Lives {
    /// The next number, which is recorded in the file before it is returned.
    package static func next(in path: String) throws -> Incarnation { Incarnation(try nextNumber(in: path)) }

    /// `next` as a plain number.
    package static func nextNumber(in path: String) throws -> UInt64 {
        let last = FileManager.default.contents(atPath: path).flatMap {
            UInt64(String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
        }
        // 41 bits of milliseconds last until 2039, 42 until 2109.
        let clock = UInt64(max(0, Date().timeIntervalSince1970 * 1000)) & (1 << 42 - 1)
        let step = UInt64.random(in: 1..<(1 << 21))
        // A file that somebody spoilt must not end the numbers.
        let next = max(last.map { $0 < 1 << 63 ? $0 + step : 0 } ?? 0, clock << 21 | step)
        try writeDurably(Array("\(next)\n".utf8), to: path)
        return next
    }
}
