internal import Foundation
internal import Synchronization
internal import ZeroMQ

/// What the other threads have for the thread of a hub or link.
final class TransferInbox: Sendable {
    typealias Completion = @Sendable (Result<Void, TransferError>) -> Void

    enum Command: Sendable {
        case pull(Wish)
        case cancel(PullID)
        case setUrgency(PullID, Urgency)
        case forget(TransferPeer)
        case reconnected(TransferPeer)
        /// From the writer: a range is in its sink, or was thrown away.
        case written(UInt64)
        case sinkFailed(PullID, TransferError)
        case verified(PullID, Bool)
        case joined(PullID, TransferError?)
        case stop
    }

    struct Wish: Sendable {
        let id: PullID
        let name: BlobName
        let byteCount: Int
        let peers: [TransferPeer]
        let sink: any BlobSink
        let urgency: Urgency
        let completion: Completion
    }

    private struct State {
        var commands: [Command] = []
        var isClosed = false
        var nextID: UInt64 = 1
    }

    let wakeUp: WakeUp
    let counters = Mutex(TransferCounters())
    /// The thread that takes the commands.
    let reader = Mutex<pthread_t?>(nil)
    private let state = Mutex(State())

    init() throws(ZeroMQError) { wakeUp = try WakeUp() }

    func nextID() -> PullID {
        state.withLock { state in
            defer { state.nextID += 1 }
            return PullID(state.nextID)
        }
    }

    /// - Returns: false after the end.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let wasEmpty = state.withLock { state -> Bool? in
            if state.isClosed { return nil }
            state.commands.append(command)
            return state.commands.count == 1
        }
        guard let wasEmpty else { return false }
        // Whoever takes the commands takes all of them, so one signal is enough.
        if wasEmpty { wakeUp.signal() }
        return true
    }

    func takeAll(closing: Bool = false) -> [Command] {
        state.withLock { state in
            defer { state.commands = [] }
            if closing { state.isClosed = true }
            return state.commands
        }
    }
}

/// The thread of a hub or link, and how the others reach it.
final class TransferEngine: Sendable {
    enum Role: Sendable {
        case hub
        /// With the routing id of the socket.
        case link([UInt8])
    }

    struct Setup: Sendable {
        let context: Context
        let role: Role
        let endpoint: String
        let options: SocketOptions
        let limits: TransferLimits
        let rights: @Sendable (_ userID: String?, _ routingID: [UInt8]) -> TransferRights?
        let source: any BlobSource
        let onEvent: @Sendable (TransferEvent) -> Void
    }

    let endpoint: String
    private let inbox: TransferInbox
    private let ended = DispatchSemaphore(value: 0)

    init(
        context: Context, role: Role, endpoint: String, options: SocketOptions, limits: TransferLimits,
        rights: @escaping @Sendable (String?, [UInt8]) -> TransferRights?, source: any BlobSource,
        onEvent: @escaping @Sendable (TransferEvent) -> Void
    ) throws(ZeroMQError) {
        let inbox = try TransferInbox()
        let setup = Setup(
            context: context, role: role, endpoint: endpoint,
            options: Self.completed(options, role: role, limits: limits), limits: limits, rights: rights,
            source: source, onEvent: onEvent)
        let started = DispatchSemaphore(value: 0)
        let ended = ended
        let box = StartBox()
        let thread = Thread {
            inbox.reader.withLock { $0 = pthread_self() }
            let loop: TransferLoop
            do throws(ZeroMQError) {
                loop = try TransferLoop(setup, inbox: inbox)
                box.outcome.withLock { $0 = .success(loop.endpoint) }
                started.signal()
            } catch {
                box.outcome.withLock { $0 = .failure(error) }
                started.signal()
                ended.signal()
                return
            }
            loop.run()
            withExtendedLifetime(loop) {}
            ended.signal()
        }
        thread.name = "transfer"
        thread.stackSize = 4 << 20
        thread.start()
        started.wait()
        self.inbox = inbox
        switch box.outcome.withLock({ $0 }) {
        case .success(let endpoint): self.endpoint = endpoint
        case .failure(let error): throw error
        case nil: preconditionFailure("the thread says how it began")
        }
    }

    var counters: TransferCounters { inbox.counters.withLock { $0 } }

    func pull(
        _ name: BlobName, byteCount: Int, from peers: [TransferPeer], into sink: any BlobSink, urgency: Urgency,
        completion: @escaping TransferInbox.Completion
    ) -> PullID {
        let id = inbox.nextID()
        let wish = TransferInbox.Wish(
            id: id, name: name, byteCount: byteCount, peers: peers, sink: sink, urgency: urgency,
            completion: completion)
        if !inbox.post(.pull(wish)) { completion(.failure(.stopped)) }
        return id
    }

    func cancel(_ pull: PullID) { inbox.post(.cancel(pull)) }
    func setUrgency(_ urgency: Urgency, of pull: PullID) { inbox.post(.setUrgency(pull, urgency)) }
    func reconnected(_ peer: TransferPeer) { inbox.post(.reconnected(peer)) }
    func forget(_ peer: TransferPeer) { inbox.post(.forget(peer)) }

    func stop(waiting: Bool) {
        inbox.post(.stop)
        guard waiting, inbox.reader.withLock({ $0 }) != pthread_self() else { return }
        ended.wait()
        // For whoever else waits.
        ended.signal()
    }

    private final class StartBox: Sendable {
        let outcome = Mutex<Result<String, ZeroMQError>?>(nil)
    }

    /// What the data sockets are made with: heartbeats notice a frozen machine in 3 s; the marks are a fuse, since flow
    /// is bounded by what is asked.
    private static func completed(_ given: SocketOptions, role: Role, limits: TransferLimits) -> SocketOptions {
        var options = given
        options.lingerMilliseconds = 0
        let mark = max(4, 2 * limits.peerWindowByteCount / limits.rangeByteCount)
        options.sendHighWaterMark = mark
        options.receiveHighWaterMark = mark
        // CURVE wraps each frame into some bytes more.
        options.maximumFrameByteCount = TransferFrame.rangeByteCount + (64 << 10)
        // Routing id, header, bytes.
        options.maximumFrameCount = 3
        options.heartbeatIntervalMilliseconds = 1_000
        options.heartbeatTimeoutMilliseconds = 3_000
        options.heartbeatTimeToLiveMilliseconds = 4_000
        options.reconnectIntervalMilliseconds = min(given.reconnectIntervalMilliseconds, 100)
        options.reconnectIntervalMaximumMilliseconds = min(given.reconnectIntervalMaximumMilliseconds, 2_000)
        if case .link(let routingID) = role { options.routingID = routingID }
        return options
    }
}

/// Milliseconds of the clock that nobody sets.
func monotonicMilliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}
