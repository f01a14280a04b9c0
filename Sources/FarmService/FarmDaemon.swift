import Farm
import FarmCoordination
package import FarmKeys
package import FarmMonitoring
import FarmProtocol
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
    /// A job that ended this long ago goes, with its release; nil: when a client removes it.
    package var retentionSeconds: Double?
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
    var answered = AnsweredRequests()
    /// The worker that was turned away last; nil once one was let in.
    var lastRefusal: (worker: String, reason: String)?
    /// Workers that get no work, whatever life of them comes; kept over restarts.
    var quarantined: Set<WorkerID> = []
    private let transport: RouterTransport
    private let context: Context
    private let published: Locked<FarmStatus>
    let preparations = WorkQueue(named: "preparation")
    let finishings = WorkQueue(named: "finishing")
    private var nextStatus: UInt64 = 0
    private var nextTidyUp: UInt64 = 0
    private var announcedAlarmCount = 0
    /// The disk holds less than is never to be touched.
    private(set) var isShortOfSpace = false
    /// The process has as many files and connections open as it may.
    private var lacksDescriptors = false
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
        if let ticks = TestFault.hangTicks { policy.hangTicks = ticks }
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
        removeExpired()
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
        let hadDescriptors = !lacksDescriptors
        lacksDescriptors = !Machine.hasDescriptors
        if lacksDescriptors {
            found.append("no file can be opened any more: raise the limit of open files (ulimit -n, LimitNOFILE)")
            if hadDescriptors { logger.error("out of file descriptors: new connections and files have to wait") }
        }
        if let failure = host.syncFailure { found.append("the ledger cannot be written: \(failure)") }
        obstacles.withLock { $0 = found }
        let alarms = host.figures.alarms
        for alarm in alarms.dropFirst(announcedAlarmCount) { announce(nil, alarm) }
        announcedAlarmCount = alarms.count
    }

    /// Of the disk, never touched: a full disk helps nobody.
    static let reserveBytes = 256 << 20

    func job(_ id: String) -> DaemonJob? { jobs.first { $0.id == id } }
    /// One that is hosted.
    func job(numbered number: JobID) -> DaemonJob? { jobs.first { $0.work != nil && JobID($0.number) == number } }
}

/// Tasks that are done one after the other on a thread of their own.
final class WorkQueue: Sendable {
    private let queue: DispatchQueue
    init(named name: String) { queue = DispatchQueue(label: name) }
    func post(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }
}
