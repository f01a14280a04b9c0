internal import CZeroMQ

/// The patterns that Lathe uses.
package enum SocketKind: Sendable {
    /// Talks to many peers, each by its routing id, which is the first frame of every message.
    case router
    /// Talks to one router.
    case dealer
    /// One to one, mostly over `inproc://`.
    case pair

    var code: CInt {
        switch self {
        case .router: ZMQ_ROUTER
        case .dealer: ZMQ_DEALER
        case .pair: ZMQ_PAIR
        }
    }
}

/// What a socket is made with. libzmq applies most options only to later connections, so all of them are set
/// before the first bind or connect, and none can be changed after that. Times are milliseconds.
package struct SocketOptions: Sendable {
    /// How long closing waits for unsent messages. Lingering is not delivery: acknowledge, then close with 0.
    package var lingerMilliseconds: Int = 0
    /// Messages queued per peer for sending, approximately; a fuse, as flow control counts bytes of credit
    /// above.
    package var sendHighWaterMark: Int = 1000
    /// Messages queued per peer after receiving, approximately.
    package var receiveHighWaterMark: Int = 1000
    /// The largest frame accepted from a peer; a peer that sends more is disconnected. Handshakes count too: with
    /// CURVE at least `minimumFrameByteCountOfCurve`.
    package var maximumFrameByteCount: Int = 1 << 21
    /// Above what the frames of a CURVE handshake have.
    package static let minimumFrameByteCountOfCurve = 1024
    /// The most frames in a received message; a message with more is discarded whole and counted.
    package var maximumFrameCount: Int = 64
    /// Interval of connection heartbeats; 0 sends none. They are answered by the peer's I/O thread, and so
    /// say nothing about its application.
    package var heartbeatIntervalMilliseconds: Int = 0
    /// Silence after a heartbeat that drops the connection; 0 means the interval.
    package var heartbeatTimeoutMilliseconds: Int = 0
    /// What the peer is told to drop the connection after, below 65,536 because of a defect in libzmq 4.3.4.
    package var heartbeatTimeToLiveMilliseconds: Int = 0
    /// First delay before a lost connection is tried again.
    package var reconnectIntervalMilliseconds: Int = 200
    /// The delay doubles up to this one.
    package var reconnectIntervalMaximumMilliseconds: Int = 10_000
    /// How long a peer may take for its handshake.
    package var handshakeIntervalMilliseconds: Int = 5_000
    /// Connections that may wait to be accepted.
    package var backlog: Int = 1024
    /// A dealer's name at its router, 1 to 255 bytes, the first one not zero; empty lets the router choose.
    package var routingID: [UInt8] = []
    /// Whether a peer may take over the routing id of a connected one. It must where peers come back under their
    /// names. It must not where peers distrust each other: they leave `routingID` empty, the router then gives
    /// each connection a new id, and whoever claims an id that is taken is ignored.
    package var allowsHandOver = true
    /// How long sent bytes may stay unacknowledged by the peer's machine before a tcp connection is given up.
    package var unacknowledgedMaximumMilliseconds: Int = 15_000
    /// Encryption and authentication; none by default.
    package var security: SocketSecurity = .none

    package init() {}

    /// Every integer option with its value, in the order in which they are set.
    func integerOptions(for kind: SocketKind) -> [(name: String, option: CInt, value: Int)] {
        var all: [(String, CInt, Int)] = [
            ("LINGER", ZMQ_LINGER, lingerMilliseconds),
            ("SNDHWM", ZMQ_SNDHWM, sendHighWaterMark),
            ("RCVHWM", ZMQ_RCVHWM, receiveHighWaterMark),
            ("HEARTBEAT_IVL", ZMQ_HEARTBEAT_IVL, heartbeatIntervalMilliseconds),
            ("HEARTBEAT_TTL", ZMQ_HEARTBEAT_TTL, heartbeatTimeToLiveMilliseconds),
            ("RECONNECT_IVL", ZMQ_RECONNECT_IVL, reconnectIntervalMilliseconds),
            ("RECONNECT_IVL_MAX", ZMQ_RECONNECT_IVL_MAX, reconnectIntervalMaximumMilliseconds),
            ("HANDSHAKE_IVL", ZMQ_HANDSHAKE_IVL, handshakeIntervalMilliseconds),
            ("BACKLOG", ZMQ_BACKLOG, backlog),
            ("IPV6", ZMQ_IPV6, 0),
            // A peer that vanishes without a word is noticed in 90 s even without heartbeats.
            ("TCP_KEEPALIVE", ZMQ_TCP_KEEPALIVE, 1),
            ("TCP_KEEPALIVE_IDLE", ZMQ_TCP_KEEPALIVE_IDLE, 60),
            ("TCP_KEEPALIVE_INTVL", ZMQ_TCP_KEEPALIVE_INTVL, 10),
            ("TCP_KEEPALIVE_CNT", ZMQ_TCP_KEEPALIVE_CNT, 3),
            ("TCP_MAXRT", ZMQ_TCP_MAXRT, unacknowledgedMaximumMilliseconds),
        ]
        if heartbeatTimeoutMilliseconds > 0 {
            all.append(("HEARTBEAT_TIMEOUT", ZMQ_HEARTBEAT_TIMEOUT, heartbeatTimeoutMilliseconds))
        }
        switch kind {
        case .router:
            // Without MANDATORY a router silently drops what it cannot deliver; without HANDOVER a peer that
            // comes back under its old name is ignored.
            all.append(("ROUTER_MANDATORY", ZMQ_ROUTER_MANDATORY, 1))
            all.append(("ROUTER_HANDOVER", ZMQ_ROUTER_HANDOVER, allowsHandOver ? 1 : 0))
        case .dealer:
            // Queue only for a router that has answered, so that a send without one is seen as such.
            all.append(("IMMEDIATE", ZMQ_IMMEDIATE, 1))
        case .pair: break
        }
        return all
    }
}
