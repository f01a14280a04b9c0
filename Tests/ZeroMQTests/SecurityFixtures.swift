import Foundation
import Synchronization
import Testing
import ZeroMQ

/// The keys that an authenticator of a test lets in.
final class AllowedKeys: Sendable {
    private let keys = Mutex<Set<CurveKey>>([])
    private let asked = Mutex<[AuthenticationRequest]>([])

    func allow(_ key: CurveKey) { keys.withLock { _ = $0.insert(key) } }
    func revoke(_ key: CurveKey) { keys.withLock { _ = $0.remove(key) } }
    var requests: [AuthenticationRequest] { asked.withLock { $0 } }

    @Sendable func verdict(_ request: AuthenticationRequest) -> AuthenticationVerdict {
        asked.withLock { $0.append(request) }
        return keys.withLock { $0.contains(request.key) } ? .allow(userID: request.key.z85) : .deny
    }
}

/// A CURVE router on a free port of the loopback and its clients.
final class SecureFarm {
    let context: Context
    let serverKeys: CurveKeyPair
    let allowed = AllowedKeys()
    let router: Socket
    let endpoint: String
    var authenticator: Authenticator?
    /// A socket that nobody holds closes, and what it had queued is gone.
    private var clients: [Socket] = []

    init(
        isAuthenticated: Bool = true, transport: String = "tcp://127.0.0.1:*",
        _ change: (inout SocketOptions) -> Void = { _ in }
    ) throws {
        context = try Context()
        serverKeys = try CurveKeyPair.generate()
        if isAuthenticated { authenticator = try Authenticator(in: context, verdict: allowed.verdict) }
        let security = SocketSecurity.curveServer(serverKeys, domain: "farm")
        router = try Socket(
            .router, in: context,
            options: options {
                $0.security = security
                change(&$0)
            })
        endpoint = try router.bind(transport)
    }

    deinit { authenticator?.stop() }

    /// Closes all clients.
    func hangUp() { clients = [] }

    func client(
        _ keys: CurveKeyPair, server: CurveKey? = nil, through endpoint: String? = nil,
        _ change: (inout SocketOptions) -> Void = { _ in }
    ) throws -> Socket {
        let dealer = try Socket(
            .dealer, in: context,
            options: options {
                $0.security = .curveClient(server: server ?? serverKeys.publicKey, own: keys)
                change(&$0)
            })
        try dealer.connect(to: endpoint ?? self.endpoint)
        clients.append(dealer)
        return dealer
    }

    /// What becomes of a client's connections until something is said of one, at most five seconds.
    func firstEvent(
        _ keys: CurveKeyPair, server: CurveKey? = nil
    ) throws -> (event: ConnectionMonitor.Event?, dealer: Socket) {
        let dealer = try Socket(
            .dealer, in: context,
            options: options { $0.security = .curveClient(server: server ?? serverKeys.publicKey, own: keys) })
        let monitor = try ConnectionMonitor(of: dealer)
        try dealer.connect(to: endpoint)
        var poller = Poller()
        _ = poller.add(monitor.socket)
        for _ in 0..<100 {
            if let event = try monitor.next() { return (event, dealer) }
            _ = try poller.wait(timeoutMilliseconds: 50)
        }
        return (nil, dealer)
    }

    /// Waits for a message at the router, at most five seconds.
    func receive(within milliseconds: Int = 5000) throws -> ReceivedMessage? {
        let deadline = Date(timeIntervalSinceNow: Double(milliseconds) / 1000)
        var poller = Poller()
        _ = poller.add(router)
        repeat {
            if let message = try router.receiveMessage() { return message }
            _ = try poller.wait(timeoutMilliseconds: 20)
        } while Date() < deadline
        return nil
    }

    /// Whether a client stays outside for a while: it can queue nothing and nothing arrives.
    func staysOutside(_ dealer: Socket, for milliseconds: Int = 300) throws -> Bool {
        let deadline = Date(timeIntervalSinceNow: Double(milliseconds) / 1000)
        repeat {
            if try dealer.send(frames: [bytes("hello")]) == .sent { return false }
            if try router.receiveMessage() != nil { return false }
            usleep(5_000)
        } while Date() < deadline
        return true
    }
}

/// A peer that speaks ZMTP 3.0 by hand: it shakes hands without security, with the properties given.
final class HandmadePeer {
    private let descriptor: Int32

    init(endpoint: String, properties: [(String, String)]) throws {
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: port)
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(connected == 0)
        var greeting: [UInt8] = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + bytes("NULL")
        greeting += [UInt8](repeating: 0, count: 64 - greeting.count)
        let ready =
            [5] + bytes("READY")
            + properties.flatMap { name, value in
                [UInt8(name.utf8.count)] + bytes(name) + [0, 0, 0, UInt8(value.utf8.count)] + bytes(value)
            }
        send(greeting)
        // Whoever says everything at once is dropped: the greeting comes back first.
        var answer = [UInt8](repeating: 0, count: 64)
        var answeredCount = 0
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        while answeredCount < 64 {
            let count = read(descriptor, &answer, 64 - answeredCount)
            // A server that wants CURVE leaves here.
            if count <= 0 { break }
            answeredCount += count
        }
        send([4, UInt8(ready.count)] + ready)
    }

    deinit { close(descriptor) }

    /// One message of one frame; libzmq may lose what comes together with the handshake.
    func send(message: [UInt8]) { send([0, UInt8(message.count)] + message) }

    /// What a peer that was dropped cannot send is lost without a signal.
    private func send(_ bytes: [UInt8]) {
        _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}

/// Somebody between a client and a server of the loopback, who can say again, or change, what the client says.
final class Eavesdropper: Sendable {
    enum Mischief: Sendable { case none, replay, change }

    let endpoint: String
    private let listener: Int32
    private let mischief = Mutex(Mischief.none)
    private let done = DispatchSemaphore(value: 0)

    /// What to do with the next bytes of the client.
    func plan(_ next: Mischief) { mischief.withLock { $0 = next } }

    init(before server: String) throws {
        let serverPort = try #require(server.split(separator: ":").last.flatMap { UInt16($0) })
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = loopback(port: 0)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                _ = bind(listener, pointer, size)
                _ = listen(listener, 8)
                _ = getsockname(listener, pointer, &size)
            }
            return UInt16(bigEndian: $0.pointee.sin_port)
        }
        self.listener = listener
        endpoint = "tcp://127.0.0.1:\(port)"
        Thread.detachNewThread { [self] in
            // One connection after the other; the thread ends with the listener.
            while true {
                let client = accept(listener, nil, nil)
                if client < 0 { break }
                let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                var address = loopback(port: serverPort)
                _ = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                relay(client, server)
                close(client)
                close(server)
            }
            done.signal()
        }
    }

    /// Ends the relay; the clients must be closed before.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        done.wait()
        close(listener)
    }

    private func takePlan() -> Mischief {
        mischief.withLock { mischief in
            defer { mischief = .none }
            return mischief
        }
    }

    private func relay(_ client: Int32, _ server: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        var items = [client, server].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            _ = poll(&items, 2, 10_000)
            for (from, to) in [(0, 1), (1, 0)] where items[from].revents != 0 {
                let count = read(items[from].fd, &buffer, buffer.count)
                if count <= 0 { return }
                let now = from == 0 ? takePlan() : .none
                if now == .change { buffer[count - 1] ^= 1 }
                for _ in 0..<(now == .replay ? 2 : 1) {
                    _ = Foundation.send(items[to].fd, buffer, count, Int32(MSG_NOSIGNAL))
                }
            }
            if items.allSatisfy({ $0.revents == 0 }) { return }
        }
    }
}

private func loopback(port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return address
}
