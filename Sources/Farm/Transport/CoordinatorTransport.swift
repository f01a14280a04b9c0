import FarmProtocol
import Foundation
import Synchronization
import ZeroMQ

/// Frames from and to workers, by peer. Used by the reactor thread alone.
protocol CoordinatorTransport: AnyObject {
    /// What arrived, after waiting at most `milliseconds` for it or for `wakeUp`.
    func receive(waitingMilliseconds: Int) throws -> [(Peer, [[UInt8]])]
    /// Sends or drops: whoever needs an answer says it again.
    func send(_ frames: [[UInt8]], to peer: Peer) throws
    /// Wakes `receive` from another thread.
    var wakeUp: WakeUp { get }
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
    var routingID: [UInt8] {
        // A leading zero byte is libzmq's own; ours begins with "w".
        var writer = WireWriter()
        writer.put(worker.rawValue)
        writer.put(incarnation.rawValue)
        return [UInt8(ascii: "w")] + writer.bytes
    }

    init?(routingID: [UInt8]) {
        guard routingID.count == 17, routingID[0] == UInt8(ascii: "w") else { return nil }
        var reader = WireReader(Array(routingID.dropFirst()))
        guard let worker = try? reader.word(), let incarnation = try? reader.word() else { return nil }
        self.init(WorkerID(worker), Incarnation(incarnation))
    }
}

/// A ROUTER socket and the wake-up of its thread.
final class RouterTransport: CoordinatorTransport {
    let wakeUp: WakeUp
    private let socket: Socket
    private var poller = Poller()
    /// Messages that no peer of ours can have sent.
    private(set) var refusedFrameCount = 0

    init(context: Context, endpoint: String) throws {
        wakeUp = try WakeUp()
        var options = SocketOptions()
        options.maximumFrameByteCount = 64 << 20
        socket = try Socket(.router, in: context, options: options)
        _ = try socket.bind(endpoint)
        _ = poller.add(socket)
        _ = poller.add(descriptor: wakeUp.descriptor)
    }

    func receive(waitingMilliseconds: Int) throws -> [(Peer, [[UInt8]])] {
        _ = try poller.wait(timeoutMilliseconds: waitingMilliseconds)
        _ = wakeUp.drain()
        var received: [(Peer, [[UInt8]])] = []
        while received.count < 1024, let frames = try socket.receive() {
            guard let identity = frames.first, let peer = Peer(routingID: identity) else {
                refusedFrameCount += 1
                continue
            }
            received.append((peer, Array(frames.dropFirst())))
        }
        return received
    }

    func send(_ frames: [[UInt8]], to peer: Peer) throws {
        _ = try socket.send(frames: [peer.routingID] + frames)
    }
}

/// A DEALER socket and the wake-up of its thread.
final class DealerTransport: WorkerTransport {
    let wakeUp: WakeUp
    private let socket: Socket
    private var poller = Poller()

    init(context: Context, endpoint: String, peer: Peer) throws {
        wakeUp = try WakeUp()
        var options = SocketOptions()
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

    func receive(waitingMilliseconds: Int) throws -> [(Peer, [[UInt8]])] {
        _ = try poller.wait(timeoutMilliseconds: waitingMilliseconds)
        _ = wakeUp.drain()
        return link.toCoordinator.takeAll().map { (link.peer, $0) }
    }

    func send(_ frames: [[UInt8]], to peer: Peer) throws {
        if peer == link.peer { link.toWorker.post(frames) }
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
