internal import CZeroMQ
internal import Synchronization

/// What becomes of a socket's connections, as far as libzmq tells.
///
/// For remarks to people, and for one decision: a dealer that was refused is never connected again by libzmq, so its
/// owner closes it and makes another one. It belongs to the socket's thread.
package final class ConnectionMonitor {
    /// One thing that happened to one connection.
    package enum Event: Sendable, Hashable {
        /// The handshake is done: messages can go both ways.
        case connected
        /// The server's authenticator said no. This socket will not be connected again.
        case refused
        /// The handshake failed otherwise: no CURVE there, another server key, or silence.
        case failed
        /// A connection ended, or one broke off before its handshake was done.
        case disconnected
    }

    /// Readable when there may be an event: for `Poller.add`.
    package let socket: Socket
    private let observed: Socket
    private static let count = Atomic(0)

    /// Watches a socket from now on: make it before the socket connects.
    ///
    /// - Throws: `tooManyDescriptors`, `contextTerminated`.
    package init(of observed: Socket) throws(ZeroMQError) {
        observed.claim()
        let number = Self.count.add(1, ordering: .relaxed).newValue
        let endpoint = "inproc://lathe.monitor.\(number)"
        let events =
            ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
            | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_DISCONNECTED
        _ = try callZeroMQ("zmq_socket_monitor") { zmq_socket_monitor(observed.handle, endpoint, events) }
        socket = try Socket(.pair, in: observed.context)
        try socket.connect(to: endpoint)
        self.observed = observed
    }

    deinit { _ = zmq_socket_monitor(observed.handle, nil, 0) }

    /// The next event, or nil when there is none.
    ///
    /// - Throws: `contextTerminated`.
    package func next() throws(ZeroMQError) -> Event? {
        while let frames = try socket.receive() {
            // The first frame is the event's number in 16 bits and a value in 32, in this machine's order.
            guard let head = frames.first, head.count == 6 else { continue }
            let number = CInt(head.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) })
            switch number {
            case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .connected
            case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused
            case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL, ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return .failed
            case ZMQ_EVENT_DISCONNECTED: return .disconnected
            default: continue
            }
        }
        return nil
    }
}
