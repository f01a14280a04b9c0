package import FarmProtocol
import Foundation
import Synchronization
package import ZeroMQ

/// The routing identity of a client's sockets, of its own making and unguessable.
package struct ClientID: Hashable, Sendable {
    package let bytes: [UInt8]

    /// nil for what no client of ours uses: "c" and sixteen bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 17, bytes[0] == UInt8(ascii: "c") else { return nil }
        self.bytes = bytes
    }

    /// A fresh one.
    package init() {
        var generator = SystemRandomNumberGenerator()
        bytes = [UInt8(ascii: "c")] + (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }
}

/// What arrived, and from whom.
package struct Arrival: Sendable {
    package enum Sender: Hashable, Sendable {
        case worker(Peer)
        case client(ClientID)
    }

    package var sender: Sender
    package var frames: [[UInt8]]
    /// Whose key the connection proved; nil where the socket asks for none.
    package var userID: String?
}

/// Frames from and to workers and clients. Used by the reactor thread alone.
package protocol CoordinatorTransport: AnyObject {
    /// What arrived, after waiting at most `milliseconds` for it or for `wakeUp`.
    func receive(waitingMilliseconds: Int) throws -> [Arrival]
    /// Sends or drops: whoever needs an answer says it again.
    ///
    /// - Returns: false where there is no connection to the recipient (any more).
    @discardableResult
    func send(_ frames: [[UInt8]], to recipient: Arrival.Sender) throws -> Bool
    /// Wakes `receive` from another thread.
    var wakeUp: WakeUp { get }
    /// Messages that no peer of ours can have sent, or that their sender may not send.
    var refusedFrameCount: Int { get }
}

/// Frames from and to the coordinator.
protocol WorkerTransport: AnyObject {
    func receive(waitingMilliseconds: Int) throws -> [[[UInt8]]]
    /// Whether the frames are on their way; not, where there is no connection yet or no room.
    func send(_ frames: [[UInt8]]) throws -> Bool
    var wakeUp: WakeUp { get }
}

extension Peer {
    /// The routing identity of a worker's socket: its name and its life, so that a restart is a new peer.
    package var routingID: [UInt8] {
        // A leading zero byte is libzmq's own; ours begins with "w".
        var bytes = [UInt8](repeating: UInt8(ascii: "w"), count: 17)
        for place in 0..<8 {
            bytes[1 + place] = UInt8(truncatingIfNeeded: worker.rawValue >> UInt64(8 * place))
            bytes[9 + place] = UInt8(truncatingIfNeeded: incarnation.rawValue >> UInt64(8 * place))
        }
        return bytes
    }

    package init?(routingID: [UInt8]) {
        guard routingID.count == 17, routingID[0] == UInt8(ascii: "w") else { return nil }
        var (worker, incarnation) = (UInt64(0), UInt64(0))
        for place in 0..<8 {
            worker |= UInt64(routingID[1 + place]) << UInt64(8 * place)
            incarnation |= UInt64(routingID[9 + place]) << UInt64(8 * place)
        }
        self.init(WorkerID(worker), Incarnation(incarnation))
    }
}

/// A ROUTER socket and the wake-up of its thread.
package final class RouterTransport: CoordinatorTransport {
    package let wakeUp: WakeUp
    private let socket: Socket
    private var poller = Poller()
    /// Whether the owner of a key may speak for a worker; nil where the socket is only reached by ourselves.
    private let speaksFor: ((String?, Peer) -> Bool)?
    package private(set) var refusedFrameCount = 0

    package init(
        context: Context, endpoint: String, options: SocketOptions = SocketOptions(),
        speaksFor: ((String?, Peer) -> Bool)? = nil
    ) throws {
        wakeUp = try WakeUp()
        self.speaksFor = speaksFor
        var options = options
        options.maximumFrameByteCount = 32 << 20
        options.maximumFrameCount = 8
        options.receiveHighWaterMark = 256
        socket = try Socket(.router, in: context, options: options)
        _ = try socket.bind(endpoint)
        _ = poller.add(socket)
        _ = poller.add(descriptor: wakeUp.descriptor)
    }

    /// See `CoordinatorTransport`.
    package func receive(waitingMilliseconds: Int) throws -> [Arrival] {
        _ = try poller.wait(timeoutMilliseconds: waitingMilliseconds)
        _ = wakeUp.drain()
        var received: [Arrival] = []
        var byteCount = 0
        // What a peer may make this process hold at once is bounded by bytes, not by messages.
        while received.count < 1024, byteCount < 64 << 20, let message = try socket.receiveMessage() {
            byteCount += message.frames.reduce(0) { $0 + $1.count }
            guard let identity = message.frames.first, let sender = sender(identity, message.userID) else {
                refusedFrameCount += 1
                continue
            }
            received.append(
                Arrival(sender: sender, frames: Array(message.frames.dropFirst()), userID: message.userID))
        }
        return received
    }

    private func sender(_ identity: [UInt8], _ userID: String?) -> Arrival.Sender? {
        if let peer = Peer(routingID: identity) {
            return speaksFor?(userID, peer) == false ? nil : .worker(peer)
        }
        return ClientID(identity).map { .client($0) }
    }

    /// See `CoordinatorTransport`.
    @discardableResult
    package func send(_ frames: [[UInt8]], to recipient: Arrival.Sender) throws -> Bool {
        let identity =
            switch recipient {
            case .worker(let peer): peer.routingID
            case .client(let client): client.bytes
            }
        return try socket.send(frames: [identity] + frames) != .unroutable
    }
}

/// A DEALER socket and the wake-up of its thread.
final class DealerTransport: WorkerTransport {
    let wakeUp: WakeUp
    private let socket: Socket
    private var poller = Poller()

    init(context: Context, endpoint: String, peer: Peer, options: SocketOptions = SocketOptions()) throws {
        wakeUp = try WakeUp()
        var options = options
        options.maximumFrameByteCount = 64 << 20
        options.routingID = peer.routingID
        socket = try Socket(.dealer, in: context, options: options)
        try socket.connect(to: endpoint)
        _ = poller.add(socket)
        _ = poller.add(descriptor: wakeUp.descriptor)
    }

    func receive(waitingMilliseconds: Int) throws -> [[[UInt8]]] {
        _ = try poller.wait(timeoutMilliseconds: waitingMilliseconds)
        _ = wakeUp.drain()
        var received: [[[UInt8]]] = []
        while received.count < 1024, let frames = try socket.receive() { received.append(frames) }
        return received
    }

    func send(_ frames: [[UInt8]]) throws -> Bool { try socket.send(frames: frames) == .sent }
}

/// The same two ends inside one process (`--workers 0`): the same frames, without a socket.
final class InProcessLink: Sendable {
    fileprivate let toCoordinator: Mailbox<[[UInt8]]>
    fileprivate let toWorker: Mailbox<[[UInt8]]>
    let peer: Peer

    init(peer: Peer) throws {
        self.peer = peer
        toCoordinator = Mailbox(wakeUp: try WakeUp())
        toWorker = Mailbox(wakeUp: try WakeUp())
    }

    func coordinatorEnd() -> any CoordinatorTransport { CoordinatorEnd(self) }
    func workerEnd() -> any WorkerTransport { WorkerEnd(self) }
}

private final class CoordinatorEnd: CoordinatorTransport {
    private let link: InProcessLink
    private var poller = Poller()
    var wakeUp: WakeUp { link.toCoordinator.wakeUp }

    init(_ link: InProcessLink) {
        self.link = link
        _ = poller.add(descriptor: link.toCoordinator.wakeUp.descriptor)
    }

    var refusedFrameCount: Int { 0 }

    func receive(waitingMilliseconds: Int) throws -> [Arrival] {
        _ = try poller.wait(timeoutMilliseconds: waitingMilliseconds)
        _ = wakeUp.drain()
        return link.toCoordinator.takeAll().map { Arrival(sender: .worker(link.peer), frames: $0) }
    }

    func send(_ frames: [[UInt8]], to recipient: Arrival.Sender) throws -> Bool {
        if recipient == .worker(link.peer) { link.toWorker.post(frames) }
        return true
    }
}

private final class WorkerEnd: WorkerTransport {
    private let link: InProcessLink
    private var poller = Poller()
    var wakeUp: WakeUp { link.toWorker.wakeUp }

    init(_ link: InProcessLink) {
        self.link = link
        _ = poller.add(descriptor: link.toWorker.wakeUp.descriptor)
    }

    func receive(waitingMilliseconds: Int) throws -> [[[UInt8]]] {
        _ = try poller.wait(timeoutMilliseconds: waitingMilliseconds)
        _ = wakeUp.drain()
        return link.toWorker.takeAll()
    }

    func send(_ frames: [[UInt8]]) throws -> Bool {
        link.toCoordinator.post(frames)
        return true
    }
}
