import CLinuxProcess
import FarmCoordination
package import FarmKeys
import FarmProtocol
import FarmTransfer
import Foundation
package import Logging
import Quantities
import Storage
import Synchronization
package import ZeroMQ

/// How a worker on any machine is set up: `lathe worker --connect`.
package struct RemoteWorkerOptions: Sendable {
    package var endpoint: FarmEndpoint
    package var security: SocketSecurity
    /// The worker's lasting number: of its key and slot where the farm has keys.
    package var number: UInt64
    /// This life of it; a later life has a larger number.
    package var life: UInt64
    package var storeDirectory: String
    package var partLimitBytes: Int
    package var sourceLimitBytes: Int
    /// A coordinator's vault that this machine sees too.
    package var sharedSources: String?
    package var blockFrames = 512
    /// After this silence of the coordinator the worker gives up what it holds and introduces itself anew.
    package var linkMilliseconds = 600_000

    package init(
        endpoint: FarmEndpoint, security: SocketSecurity, number: UInt64, life: UInt64, storeDirectory: String,
        partLimitBytes: Int, sourceLimitBytes: Int, sharedSources: String? = nil
    ) {
        self.endpoint = endpoint
        self.security = security
        self.number = number
        self.life = life
        self.storeDirectory = storeDirectory
        self.partLimitBytes = partLimitBytes
        self.sourceLimitBytes = sourceLimitBytes
        self.sharedSources = sharedSources
    }
}

/// How a remote worker's life ended.
package enum RemoteWorkerEnd: Sendable, Equatable {
    /// It handed everything back, as it was told to.
    case left
    /// The coordinator was silent too long.
    case lostLink
    /// The engine does not stop: the process must end.
    case hung
    /// The coordinator does not want it, in words for whoever runs it.
    case refused(String)
}

/// One life of a worker that shares nothing with its coordinator but a line.
package enum RemoteWorker {
    /// Works until told to leave.
    ///
    /// - Parameter parent: its supervisor, with which it dies; nil for none.
    package static func run(_ options: RemoteWorkerOptions, parent: Int32?, logger: Logger) throws -> RemoteWorkerEnd {
        if let parent { liveNoLonger(than: parent) }
        if parent == nil { Signals.countTerminations() } else { Signals.countSupervisorsSignals() }
        let store = try Store(directory: options.storeDirectory + "/parts")
        let cache = PartCache(store: store, limitByteCount: options.partLimitBytes)
        let vault = try SourceVault(
            directory: options.storeDirectory + "/sources", limitByteCount: options.sourceLimitBytes)
        let peer = Peer(WorkerID(options.number), Incarnation(options.life))
        let context = try Context()
        var socketOptions = SocketOptions()
        socketOptions.security = options.security
        let link = try TransferLink(
            context: context, endpoint: options.endpoint.data, options: socketOptions, routingID: peer.routingID,
            source: StoreSource(store)
        ) { event in logger.warning("transfer", metadata: ["event": "\(event)"]) }
        defer { link.stop() }
        socketOptions.heartbeatIntervalMilliseconds = 1000
        socketOptions.heartbeatTimeoutMilliseconds = 3000
        socketOptions.heartbeatTimeToLiveMilliseconds = 4000
        let transport = try DealerTransport(
            context: context, endpoint: options.endpoint.control, peer: peer, options: socketOptions)
        Signals.wakeUpDescriptor.store(transport.wakeUp.descriptor, ordering: .relaxed)
        defer { Signals.wakeUpDescriptor.store(-1, ordering: .relaxed) }
        var configuration = WorkerConfiguration(
            worker: options.number, incarnation: options.life, storeDirectory: store.directory,
            namespace: store.namespace.name, pack: try store.createPack().rawValue, sources: SourceTable(paths: []),
            blockFrames: options.blockFrames, linkMilliseconds: options.linkMilliseconds)
        configuration.sources.isByContent = true
        let pack = configuration.pack
        let supplies = RemoteSupplies(
            cache: cache, vault: vault, shared: options.sharedSources.map { SharedVault(directory: $0) }, link: link)
        let host = try WorkerHost(configuration, transport: transport, supplies: supplies) {
            Signals.terminationCount
        }
        host.firstContactMilliseconds = 15_000
        host.tidyUp = {
            _ = try? cache.trim()
            _ = try? vault.trim()
            if !store.hasPack(PackID(pack)) {
                // What it rendered went with it: a new process begins with a new pack.
                logger.error("the worker's store is gone", metadata: ["store": "\(options.storeDirectory)"])
                _exit(storeLostExitCode)
            }
        }
        let reason = try host.run()
        switch reason {
        case .drained, .terminated: return .left
        case .lostLink: return .lostLink
        case .hung: return .hung
        case .refused(let refusal, let reason): return .refused(reason.isEmpty ? refusal.words : reason)
        }
    }

    /// As for a lost link: it says nothing about the work that it had.
    private static let storeLostExitCode: Int32 = 75

    private static func liveNoLonger(than parent: Int32) {
        lathe_die_with_parent()
        guard getppid() == parent else { exit(0) }
        startThread(named: "parent watch") {
            while getppid() == parent { usleep(200_000) }
            _exit(0)
        }
    }
}

extension Refusal {
    /// Why a worker gets no work, and what to do.
    package var words: String {
        switch self {
        case .protocolVersion: "coordinator and worker speak different protocols: install the same version of Lathe"
        case .engine: "coordinator and worker would compute other samples: install the same version of Lathe"
        case .superseded: "a later worker of the same key and slot is at work"
        case .distrusted: "its results were found wrong: test this machine's memory, then ask the operator"
        case .hung: "it made no progress"
        case .revoked: "its key was revoked"
        case .tooManyWorkers: "the farm has all the workers that it can have"
        }
    }
}
