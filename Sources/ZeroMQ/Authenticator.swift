internal import CZeroMQ
internal import Glibc
internal import Synchronization

/// A peer that asks to be let in: it has proved that it has the secret key of `key`.
package struct AuthenticationRequest: Sendable {
    /// The domain of the socket that it connects to.
    package let domain: String
    /// The network address that it comes from; empty over `ipc://`.
    package let address: String
    /// Always "CURVE": peers with another mechanism are refused without a question.
    package let mechanism: String
    package let key: CurveKey
}

/// Whether a peer is let in.
package enum AuthenticationVerdict: Sendable, Hashable {
    /// All that it sends carries this user id: 1 to 255 bytes without a zero.
    case allow(userID: String)
    case deny
}

/// Answers for every socket of a context who may connect (the handler of ZAP, ZeroMQ RFC 27).
///
/// It serves from its creation to `stop()`, on a thread of its own. There can be one in a context at a time; while
/// there is none, nobody gets in. The verdict is asked once for each connection, before anything of the peer is
/// read: what should hold for every message must be looked up with the message's user id.
package final class Authenticator: Sendable {
    /// What happened since the start.
    package struct Counts: Sendable, Hashable {
        /// Connections let in.
        package var allowedCount = 0
        /// Connections refused: by the verdict, or for a mechanism that is not CURVE.
        package var refusedCount = 0
        /// Requests that libzmq cannot have made; they get no verdict.
        package var malformedCount = 0

        package init(allowedCount: Int = 0, refusedCount: Int = 0, malformedCount: Int = 0) {
            self.allowedCount = allowedCount
            self.refusedCount = refusedCount
            self.malformedCount = malformedCount
        }
    }

    private let shared: Shared
    private let thread: Mutex<pthread_t?>

    /// Starts to serve.
    ///
    /// - Parameter verdict: called on the authenticator's thread; connections wait for it.
    /// - Throws: `addressInUse` when the context has an authenticator already, `tooManyDescriptors`,
    ///   `contextTerminated`.
    package init(
        in context: Context, verdict: @escaping @Sendable (AuthenticationRequest) -> AuthenticationVerdict
    ) throws(ZeroMQError) {
        let shared = Shared(wakeUp: try WakeUp())
        let socket = Socket(adopting: try context.takeHandler(), .router, in: context, maximumFrameCount: 16)
        let box = Unmanaged.passRetained(Service(socket: socket, shared: shared, verdict: verdict))
        var made = pthread_t()
        let code = pthread_create(
            &made, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Service>.fromOpaque(pointer).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        if code != 0 {
            box.release()
            throw ZeroMQError(systemError: code, operation: "start the authenticator's thread")
        }
        self.shared = shared
        thread = Mutex(made)
    }

    deinit { stop() }

    /// Ends the service: from then on nobody gets in. Returns when the thread is gone; may be called twice, but
    /// not by the verdict.
    package func stop() {
        let running = thread.withLock { thread in
            defer { thread = nil }
            return thread
        }
        guard let running else { return }
        shared.isStopping.store(true, ordering: .releasing)
        shared.wakeUp.signal()
        _ = pthread_join(running, nil)
    }

    package var counts: Counts { shared.counts.withLock { $0 } }

    /// Whether it still answers; it stops by itself only when the context ends or libzmq fails.
    package var isServing: Bool { shared.isServing.load(ordering: .acquiring) }
}

/// What the authenticator and its thread both see.
private final class Shared: Sendable {
    let wakeUp: WakeUp
    let isStopping = Atomic(false)
    let isServing = Atomic(true)
    let counts = Mutex(Authenticator.Counts())

    init(wakeUp: WakeUp) { self.wakeUp = wakeUp }
}

/// What the thread owns.
private final class Service {
    private let socket: Socket
    private let shared: Shared
    private let verdict: @Sendable (AuthenticationRequest) -> AuthenticationVerdict

    init(
        socket: Socket, shared: Shared, verdict: @escaping @Sendable (AuthenticationRequest) -> AuthenticationVerdict
    ) {
        self.socket = socket
        self.shared = shared
        self.verdict = verdict
    }

    deinit { socket.context.returnHandler(socket.relinquish()) }

    func run() {
        // An error here is the end of the context: nobody is left to be let in or to be told.
        try? serve()
        shared.isServing.store(false, ordering: .releasing)
    }

    private func serve() throws(ZeroMQError) {
        var poller = Poller()
        _ = poller.add(socket)
        _ = poller.add(descriptor: shared.wakeUp.descriptor)
        while !shared.isStopping.load(ordering: .acquiring) {
            _ = try poller.wait(timeoutMilliseconds: -1)
            shared.wakeUp.drain()
            while !shared.isStopping.load(ordering: .acquiring), let frames = try socket.receive() {
                guard let reply = answer(frames) else { continue }
                // Where the peer left meanwhile, there is nobody to answer.
                _ = try socket.send(frames: reply)
            }
        }
    }

    /// The reply with its address in front; nil for what cannot be answered.
    private func answer(_ frames: [[UInt8]]) -> [[UInt8]]? {
        guard let message = ZAPRequest(frames) else {
            shared.counts.withLock { $0.malformedCount += 1 }
            return nil
        }
        guard case .valid(let request) = message.content else {
            if case .otherMechanism = message.content {
                shared.counts.withLock { $0.refusedCount += 1 }
                return message.reply(status: "400", text: "only CURVE is allowed", userID: "")
            }
            shared.counts.withLock { $0.malformedCount += 1 }
            return message.reply(status: "500", text: "the request is malformed", userID: "")
        }
        switch verdict(request) {
        case .allow(let userID):
            precondition((1...255).contains(userID.utf8.count) && !userID.utf8.contains(0), "an unusable user id")
            shared.counts.withLock { $0.allowedCount += 1 }
            return message.reply(status: "200", text: "OK", userID: userID)
        case .deny:
            shared.counts.withLock { $0.refusedCount += 1 }
            return message.reply(status: "400", text: "this key is not allowed", userID: "")
        }
    }
}

/// A request as RFC 27 lays it out: an empty frame, the version, the request's id, domain, address, the peer's
/// routing id, mechanism, credentials.
package struct ZAPRequest: Sendable {
    /// What it asks.
    package enum Content: Sendable {
        case valid(AuthenticationRequest)
        case otherMechanism
        case malformed
    }

    package let content: Content
    private let sender: [UInt8]
    private let id: [UInt8]

    /// nil where not even a reply can be made.
    package init?(_ frames: [[UInt8]]) {
        guard frames.count >= 4, frames[1].isEmpty, (1...255).contains(frames[3].count) else { return nil }
        sender = frames[0]
        id = frames[3]
        content = ZAPRequest.content(Array(frames.dropFirst(2)))
    }

    /// A verdict in the form that libzmq reads, with its address in front.
    package func reply(status: String, text: String, userID: String) -> [[UInt8]] {
        [sender, [], Array("1.0".utf8), id, Array(status.utf8), Array(text.utf8), Array(userID.utf8), []]
    }

    private static func content(_ body: [[UInt8]]) -> Content {
        guard body.count >= 6, body[0] == Array("1.0".utf8), body[2...5].allSatisfy({ $0.count <= 255 }),
            let domain = String(validating: body[2], as: UTF8.self),
            let address = String(validating: body[3], as: UTF8.self)
        else { return .malformed }
        guard body[5] == Array("CURVE".utf8) else { return .otherMechanism }
        guard body.count == 7, let key = CurveKey(bytes: body[6]) else { return .malformed }
        return .valid(AuthenticationRequest(domain: domain, address: address, mechanism: "CURVE", key: key))
    }
}
