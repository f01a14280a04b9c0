import FarmCoordination
import FarmProtocol
import Foundation
import Hashing
package import Logging
import Quantities
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

    /// Opens and closes a local socket.
    package static func checkTransport() throws -> String {
        let directory = try PrivateDirectory()
        defer { directory.remove() }
        _ = try RouterTransport(context: try Context(), endpoint: "ipc://\(directory.path)/farm")
        return "libzmq \(Context.libraryVersion)"
    }
}

/// Coordinator, link and workers of one command.
final class FarmRun {
    let host: CoordinatorHost
    private var workers: EmbeddedWorkers?
    private let link: InProcessLink?
    private let directory: PrivateDirectory?
    private let hasStopped = StopFlag()
    /// Why the worker inside this process is no more; nobody starts another one.
    private let inProcessEnd = Locked<String?>(nil)

    var restartCount: Int { workers?.restartCount ?? 0 }

    init(_ farm: EmbeddedFarm, sources: SourceTable) throws {
        var policy = Policy()
        policy.auditPercent = farm.options.auditPercent
        policy.scatters = farm.options.scatters
        // Its workers are started again here, with delays of their own.
        policy.flapTicks = 0
        if farm.options.workerCount == 0 {
            // A worker in this process stands still when the process does (Ctrl-Z), and neither dies nor can be killed
            // without it.
            policy.deadTicks = 1 << 40
            policy.hangTicks = 1 << 40
        }
        let provenance = Provenance(
            worker: "", incarnation: "", processorModel: Machine.processorModel, latheVersion: farm.options.version)
        // One life of this process: later lives must have larger numbers, whatever the wall clock does meanwhile.
        var clock = timespec()
        clock_gettime(CLOCK_BOOTTIME, &clock)
        let incarnation = Incarnation(UInt64(clock.tv_sec) * 1_000_000 + UInt64(clock.tv_nsec) / 1000)
        let template = WorkerConfiguration(
            worker: 1, incarnation: 1, storeDirectory: farm.store.directory, namespace: farm.store.namespace.name,
            pack: 0, sources: sources, blockFrames: farm.options.blockFrames,
            linkMilliseconds: farm.options.workerCount == 0 ? 1 << 40 : 30_000)
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
            usesLedger: farm.options.usesLedger,
            workerPlace: farm.options.workerCount == 0 ? .thisProcess : .thisMachine, logger: farm.logger)
        if let link { try startInProcessWorker(template, link, farm.store) }
        let workers = workers
        host.killWorker = { workers?.kill($0) }
    }

    func turn() throws {
        try workers?.poll { host.post(.exited($0, $1)) }
        if let reason = inProcessEnd.withLock({ $0 }), !hasStopped.isSet { throw FarmError(reason) }
        try host.turn(waitingMilliseconds: 50)
    }

    /// Ends the workers; what they were at is given up.
    func stop() {
        hasStopped.set()
        workers?.stop()
        host.stop()
        directory?.remove()
    }

    private func startInProcessWorker(
        _ template: WorkerConfiguration, _ link: InProcessLink, _ store: Store
    ) throws {
        var configuration = template
        configuration.pack = try store.createPack().rawValue
        let hasStopped = hasStopped
        let end = inProcessEnd
        startThread(named: "worker") { [configuration] in
            do {
                let host = try WorkerHost(configuration, transport: link.workerEnd()) { hasStopped.isSet ? 2 : 0 }
                let exit = try host.run()
                end.withLock { $0 = "the worker of this process ended by itself (\(exit))" }
            } catch {
                end.withLock { $0 = "the worker of this process cannot run: \(error)" }
            }
        }
    }
}
