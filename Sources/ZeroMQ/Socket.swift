internal import CZeroMQ
internal import Glibc

/// What became of a message.
package enum SendOutcome: Sendable, Hashable {
    /// Queued for the peer, all frames. That is not delivery: only an answer is.
    case sent
    /// No room: the peer's queue is full, or a dealer has no connected router. Nothing was queued.
    case wouldBlock
    /// A router knows no peer with this routing id (any more). Nothing was queued.
    case unroutable
}

/// A message and who sent it.
package struct ReceivedMessage: Sendable {
    package var frames: [[UInt8]]
    /// What the authenticator called the sender; nil on a socket without CURVE, where nobody was asked.
    package var userID: String?
    /// The network address that the connection came from; over `ipc://` what libzmq says of the process, if
    /// anything. For logs and limits, never for trust.
    package var peerAddress: String?

    package init(frames: [[UInt8]], userID: String? = nil, peerAddress: String? = nil) {
        self.frames = frames
        self.userID = userID
        self.peerAddress = peerAddress
    }
}

/// A libzmq socket that never blocks.
///
/// **Threads:** a socket belongs to the thread that first binds, connects, sends, receives or polls with it;
/// use by another one traps. It may be made on one thread and handed over before that. It closes with its
/// last reference.
package final class Socket {
    let handle: UnsafeMutableRawPointer
    /// Keeps the context alive for as long as this socket is open.
    package let context: Context
    package let kind: SocketKind
    /// Received messages that were thrown away: they had more than the allowed number of frames, or came to a
    /// CURVE server without a user id, which no way is known to bring about.
    package private(set) var discardedMessageCount = 0
    private let maximumFrameCount: Int
    private let security: SocketSecurity
    private var owner: pthread_t?
    private var isRelinquished = false

    /// Opens a socket with all of its options set.
    ///
    /// - Throws: `tooManyDescriptors`, `contextTerminated`, `optionRefused` naming the option, or `unsupported`
    ///   where CURVE is wanted and this libzmq has none.
    package init(
        _ kind: SocketKind, in context: Context, options: SocketOptions = SocketOptions()
    ) throws(ZeroMQError) {
        precondition(options.maximumFrameCount > 0, "a message has at least one frame")
        switch options.security {
        case .none: break
        case .curveServer, .curveClient:
            precondition(
                options.maximumFrameByteCount >= SocketOptions.minimumFrameByteCountOfCurve,
                "CURVE needs larger frames for its handshake")
            try requireCurve()
        }
        guard let opened = zmq_socket(context.handle, kind.code) else {
            throw ZeroMQError(systemError: zmq_errno(), operation: "zmq_socket")
        }
        handle = opened
        self.context = context
        self.kind = kind
        maximumFrameCount = options.maximumFrameCount
        security = options.security
        for (name, option, value) in options.integerOptions(for: kind) {
            guard let value = CInt(exactly: value) else { throw Socket.refused(name, value: "\(value)") }
            try set(name, option, to: value)
        }
        try set("MAXMSGSIZE", ZMQ_MAXMSGSIZE, to: Int64(options.maximumFrameByteCount))
        if !options.routingID.isEmpty { try set("ROUTING_ID", ZMQ_ROUTING_ID, to: options.routingID) }
        switch options.security {
        case .none: break
        case .curveServer(let own, let domain):
            // Without a domain libzmq asks nobody and lets every key in.
            precondition((1...255).contains(domain.utf8.count), "a domain has 1 to 255 bytes")
            try context.requireHandler()
            try set("ZAP_DOMAIN", ZMQ_ZAP_DOMAIN, to: Array(domain.utf8))
            try set("CURVE_SERVER", ZMQ_CURVE_SERVER, to: CInt(1))
            try set("CURVE_SECRETKEY", ZMQ_CURVE_SECRETKEY, to: own.secretKey.bytes)
        case .curveClient(let server, let own):
            try set("CURVE_SERVERKEY", ZMQ_CURVE_SERVERKEY, to: server.bytes)
            try set("CURVE_PUBLICKEY", ZMQ_CURVE_PUBLICKEY, to: own.publicKey.bytes)
            try set("CURVE_SECRETKEY", ZMQ_CURVE_SECRETKEY, to: own.secretKey.bytes)
        }
    }

    /// Takes over an open socket that nobody uses, made with the default options.
    init(adopting socket: Context.RawSocket, _ kind: SocketKind, in context: Context, maximumFrameCount: Int) {
        handle = socket.handle
        self.context = context
        self.kind = kind
        self.maximumFrameCount = maximumFrameCount
        security = .none
    }

    /// Gives the open socket away; whoever takes it may be on another thread. Any later use of this one traps.
    func relinquish() -> Context.RawSocket {
        precondition(!isRelinquished, "the socket was given away")
        isRelinquished = true
        return Context.RawSocket(handle: handle)
    }

    deinit {
        // It fails only for a pointer that is no socket.
        if !isRelinquished { _ = zmq_close(handle) }
    }

    /// Listens at `ipc:///path`, `tcp://address:port` (port `*` takes a free one) or `inproc://name`.
    ///
    /// - Returns: the endpoint with the port that was taken.
    /// - Throws: `addressInUse`, `addressUnusable`, `contextTerminated`.
    @discardableResult
    package func bind(_ endpoint: String) throws(ZeroMQError) -> String {
        claim()
        checkSecurity(of: endpoint)
        try Socket.check(endpoint)
        _ = try callZeroMQ("bind \(endpoint)") { zmq_bind(handle, endpoint) }
        var text = [CChar](repeating: 0, count: 512)
        var count = text.count
        _ = try callZeroMQ("read the endpoint of \(endpoint)") {
            zmq_getsockopt(handle, ZMQ_LAST_ENDPOINT, &text, &count)
        }
        // The count includes the terminating zero.
        return String(decoding: text[..<max(0, count - 1)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Connects, and goes on trying in the background until the socket closes.
    ///
    /// - Throws: `addressUnusable`, `contextTerminated`. A peer that is not there yet is no error.
    package func connect(to endpoint: String) throws(ZeroMQError) {
        claim()
        checkSecurity(of: endpoint)
        try Socket.check(endpoint)
        _ = try callZeroMQ("connect to \(endpoint)") { zmq_connect(handle, endpoint) }
    }

    /// Queues one message: all of its frames or none. A router takes the first frame as the peer's routing
    /// id.
    ///
    /// - Throws: `contextTerminated`.
    package func send(frames: [[UInt8]]) throws(ZeroMQError) -> SendOutcome {
        claim()
        precondition(!frames.isEmpty, "a message has at least one frame")
        precondition(kind != .router || frames.count > 1, "a router's message is a routing id and a body")
        for (index, frame) in frames.enumerated() {
            let isLast = index == frames.count - 1
            let outcome = try put(frame, flags: isLast ? ZMQ_DONTWAIT : ZMQ_DONTWAIT | ZMQ_SNDMORE)
            if outcome == .sent { continue }
            // libzmq refuses a frame after the first only when the peer left in the middle of the message. It
            // has then taken back the earlier frames and swallows this message's later ones up to its end;
            // they must be offered, or the start of the next message would be swallowed instead.
            if index > 0 {
                for (later, frame) in frames.enumerated().dropFirst(index + 1) {
                    let more = later == frames.count - 1 ? 0 : ZMQ_SNDMORE
                    _ = try put(frame, flags: ZMQ_DONTWAIT | more)
                }
            }
            return outcome
        }
        return .sent
    }

    /// Takes the next message, or nil when none is waiting. On a router the first frame is the sender's
    /// routing id.
    ///
    /// A message with more frames than allowed is discarded whole and counted in `discardedMessageCount`.
    /// After 64 of those in a row it returns nil, so that a hostile peer cannot hold the thread; polling
    /// reports the rest.
    ///
    /// - Throws: `contextTerminated`.
    package func receive() throws(ZeroMQError) -> [[UInt8]]? {
        try takeMessage(readingSender: false)?.frames
    }

    /// Takes the next message as `receive()` does, and says who sent it.
    ///
    /// - Throws: `contextTerminated`.
    package func receiveMessage() throws(ZeroMQError) -> ReceivedMessage? {
        try takeMessage(readingSender: true)
    }

    private func takeMessage(readingSender: Bool) throws(ZeroMQError) -> ReceivedMessage? {
        claim()
        for _ in 0..<64 {
            var message = ReceivedMessage(frames: [])
            var isTooLong = false
            var hasMore = true
            var index = 0
            while hasMore {
                // The frames of a message arrive together, so only the first one can be missing.
                // A router's first frame is its own, and only sometimes says whom it stands for.
                let isFromPeer = index == (kind == .router ? 1 : 0)
                guard
                    let frame = try takeFrame(
                        keeping: index < maximumFrameCount,
                        readingSender: isFromPeer && (readingSender || isAuthenticating))
                else { return nil }
                hasMore = frame.hasMore
                index += 1
                if isFromPeer { (message.userID, message.peerAddress) = (frame.userID, frame.address) }
                if let bytes = frame.bytes { message.frames.append(bytes) } else { isTooLong = true }
            }
            if !isTooLong && (!isAuthenticating || message.userID != nil) { return message }
            discardedMessageCount += 1
        }
        return nil
    }

    /// Marks the calling thread as the owner, or traps when another one is.
    func claim() {
        precondition(!isRelinquished, "the socket was given away")
        let current = pthread_self()
        if let owner {
            precondition(pthread_equal(owner, current) != 0, "a socket was used by a second thread")
        } else {
            owner = current
        }
    }

    private func put(_ frame: [UInt8], flags: CInt) throws(ZeroMQError) -> SendOutcome {
        do throws(ZeroMQError) {
            let result = try callZeroMQ("zmq_send") {
                frame.withUnsafeBytes { zmq_send(handle, $0.baseAddress, $0.count, flags) }
            }
            return result == nil ? .wouldBlock : .sent
        } catch {
            if error.systemError == EHOSTUNREACH { return .unroutable }
            throw error
        }
    }

    private struct Frame {
        /// nil when it was not to be kept.
        var bytes: [UInt8]?
        var hasMore: Bool
        var userID: String?
        var address: String?
    }

    /// Takes one frame, or nil when none is waiting.
    private func takeFrame(keeping: Bool, readingSender: Bool) throws(ZeroMQError) -> Frame? {
        var message = zmq_msg_t()
        // It always succeeds: an empty message owns nothing.
        _ = zmq_msg_init(&message)
        defer { _ = zmq_msg_close(&message) }
        guard try callZeroMQ("zmq_msg_recv", { zmq_msg_recv(&message, handle, ZMQ_DONTWAIT) }) != nil else {
            return nil
        }
        var frame = Frame(bytes: nil, hasMore: zmq_msg_more(&message) != 0)
        if readingSender {
            // A plain peer can claim any property in its handshake. What an authenticator said comes first, so
            // the user id is true where one must have been asked, and only there.
            if isAuthenticating { frame.userID = property("User-Id", of: &message) }
            frame.address = property("Peer-Address", of: &message)
        }
        guard keeping else { return frame }
        let count = zmq_msg_size(&message)
        if count > 0, let data = zmq_msg_data(&message) {
            frame.bytes = [UInt8](UnsafeRawBufferPointer(start: data, count: count))
        } else {
            frame.bytes = []
        }
        return frame
    }

    /// Whether every connection was let in by an authenticator.
    private var isAuthenticating: Bool {
        if case .curveServer = security { true } else { false }
    }

    private func property(_ name: String, of message: inout zmq_msg_t) -> String? {
        zmq_msg_gets(&message, name).map { String(cString: $0) }
    }

    /// CURVE does nothing inside a process: everybody would be let in.
    private func checkSecurity(of endpoint: String) {
        if case .none = security { return }
        precondition(!endpoint.hasPrefix("inproc:"), "CURVE protects no inproc:// endpoint")
    }

    private func set(_ name: String, _ option: CInt, to bytes: [UInt8]) throws(ZeroMQError) {
        try Socket.require(name, bytes.withUnsafeBytes { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) })
    }

    private func set<Value: BitwiseCopyable>(
        _ name: String, _ option: CInt, to value: Value
    ) throws(ZeroMQError) {
        let result = withUnsafeBytes(of: value) { zmq_setsockopt(handle, option, $0.baseAddress, $0.count) }
        if result != 0 && zmq_errno() == EINVAL { throw Socket.refused(name, value: "\(value)") }
        try Socket.require(name, result)
    }

    private static func require(_ name: String, _ result: CInt) throws(ZeroMQError) {
        if result == 0 { return }
        let code = zmq_errno()
        if code == EINVAL { throw refused(name, value: "its value") }
        throw ZeroMQError(systemError: code, operation: "zmq_setsockopt(\(name))")
    }

    private static func refused(_ name: String, value: String) -> ZeroMQError {
        ZeroMQError(
            code: .optionRefused, operation: "zmq_setsockopt(\(name))", systemError: EINVAL,
            message: "libzmq does not accept \(value); see the range of this option in its manual")
    }

    /// Refuses what libzmq would cut short or wrap around without a word.
    private static func check(_ endpoint: String) throws(ZeroMQError) {
        let path = endpoint.hasPrefix("ipc://") ? endpoint.dropFirst("ipc://".count) : ""
        if path.utf8.count > 107 {
            throw ZeroMQError(
                code: .addressUnusable, operation: endpoint, systemError: ENAMETOOLONG,
                message: "an ipc:// path has at most 107 bytes; set TMPDIR or XDG_RUNTIME_DIR shorter")
        }
        if endpoint.hasPrefix("tcp://"), let port = endpoint.split(separator: ":").last, port != "*",
            UInt16(port) == nil
        {
            throw ZeroMQError(
                code: .addressUnusable, operation: endpoint, systemError: EINVAL,
                message: "a port is a number from 0 to 65535, or * for a free one")
        }
    }
}
