import Foundation
import Testing
import ZeroMQ

@Suite(.serialized) struct SecurityTests {
    @Test(arguments: ["tcp", "ipc"])
    func `an allowed key gets in, and its messages carry its user id`(transport: String) throws {
        let directory = try EndpointDirectory()
        let farm = try SecureFarm(transport: transport == "ipc" ? directory.endpoint() : "tcp://127.0.0.1:*")
        let (first, second) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
        farm.allowed.allow(first.publicKey)
        farm.allowed.allow(second.publicKey)
        for keys in [first, second] {
            let dealer = try farm.client(keys)
            let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            #expect(try sendEventually(dealer, [bytes("hello"), payload]) == .sent)
            let message = try #require(try farm.receive())
            #expect(Array(message.frames.dropFirst()) == [bytes("hello"), payload])
            #expect(message.userID == keys.publicKey.z85)
            if transport == "tcp" { #expect(message.peerAddress == "127.0.0.1") }
            #expect(try farm.router.send(frames: [message.frames[0], bytes("welcome")]) == .sent)
            #expect(try receive(dealer) == [bytes("welcome")])
        }
        let request = try #require(farm.allowed.requests.first)
        #expect(request.domain == "farm" && request.mechanism == "CURVE" && request.key == first.publicKey)
        if transport == "tcp" { #expect(request.address == "127.0.0.1") }
        #expect(farm.authenticator?.counts == Authenticator.Counts(allowedCount: 2))
    }

    @Test func `an unknown key is refused and counted`() throws {
        let farm = try SecureFarm()
        let dealer = try farm.client(try CurveKeyPair.generate())
        #expect(try farm.staysOutside(dealer))
        #expect((farm.authenticator?.counts.refusedCount ?? 0) > 0)
        #expect(farm.authenticator?.counts.allowedCount == 0)
    }

    @Test func `a plain peer is refused by a CURVE server without a question`() throws {
        let farm = try SecureFarm()
        let dealer = try Socket(.dealer, in: farm.context, options: options { _ in })
        try dealer.connect(to: farm.endpoint)
        #expect(try farm.staysOutside(dealer))
        let peer = try HandmadePeer(
            endpoint: farm.endpoint, properties: [("Socket-Type", "DEALER"), ("User-Id", "root")])
        for _ in 0..<20 {
            peer.send(message: [1])
            #expect(try farm.receive(within: 10) == nil)
        }
        #expect(farm.allowed.requests.isEmpty)
    }

    @Test func `a client with a wrong server key gets nowhere`() throws {
        let farm = try SecureFarm()
        let keys = try CurveKeyPair.generate()
        farm.allowed.allow(keys.publicKey)
        let dealer = try farm.client(keys, server: try CurveKeyPair.generate().publicKey)
        #expect(try farm.staysOutside(dealer))
        #expect(farm.allowed.requests.isEmpty)
    }

    @Test func `a CURVE client does not talk to a plain server`() throws {
        let context = try Context()
        let router = try Socket(.router, in: context)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let server = try CurveKeyPair.generate().publicKey
        let dealer = try Socket(
            .dealer, in: context,
            options: try options(curve: .curveClient(server: server, own: .generate())))
        try dealer.connect(to: endpoint)
        for _ in 0..<40 {
            #expect(try dealer.send(frames: [[1]]) == .wouldBlock)
            #expect(try router.receive() == nil)
            usleep(5_000)
        }
    }

    @Test func `without an authenticator nobody gets in`() throws {
        let farm = try SecureFarm(isAuthenticated: false)
        let dealer = try farm.client(try CurveKeyPair.generate())
        #expect(try farm.staysOutside(dealer))
    }

    @Test func `a client that came before the authenticator gets in when it is there`() throws {
        let farm = try SecureFarm(isAuthenticated: false)
        let keys = try CurveKeyPair.generate()
        farm.allowed.allow(keys.publicKey)
        let dealer = try farm.client(keys)
        #expect(try farm.staysOutside(dealer))
        farm.authenticator = try Authenticator(in: farm.context, verdict: farm.allowed.verdict)
        #expect(try sendEventually(dealer, [[1]]) == .sent)
        #expect(try farm.receive()?.userID == keys.publicKey.z85)
    }

    @Test func `after the authenticator stopped nobody gets in, and it stops twice`() throws {
        let farm = try SecureFarm()
        let keys = try CurveKeyPair.generate()
        farm.allowed.allow(keys.publicKey)
        #expect(farm.authenticator?.isServing == true)
        farm.authenticator?.stop()
        farm.authenticator?.stop()
        #expect(farm.authenticator?.isServing == false)
        #expect(try farm.staysOutside(try farm.client(keys)))
        // Another one can take its place.
        farm.authenticator = try Authenticator(in: farm.context, verdict: farm.allowed.verdict)
        #expect(throws: ZeroMQError.self) { try Authenticator(in: farm.context) { _ in .deny } }
        #expect(try sendEventually(try farm.client(keys), [[1]]) == .sent)
    }

    @Test func `a revoked key is refused at its next connection; the open one goes on`() throws {
        let farm = try SecureFarm()
        let keys = try CurveKeyPair.generate()
        farm.allowed.allow(keys.publicKey)
        let connected = try farm.client(keys)
        #expect(try sendEventually(connected, [[1]]) == .sent)
        #expect(try farm.receive() != nil)
        farm.allowed.revoke(keys.publicKey)
        #expect(try farm.staysOutside(try farm.client(keys)))
        #expect((farm.authenticator?.counts.refusedCount ?? 0) > 0)
        // This is why the owner of the router looks the user id of every message up.
        #expect(try sendEventually(connected, [[2]]) == .sent)
        #expect(try farm.receive()?.userID == keys.publicKey.z85)
    }

    @Test func `a refused client must make a new socket once it is allowed`() throws {
        let farm = try SecureFarm()
        let keys = try CurveKeyPair.generate()
        let refused = try farm.client(keys)
        #expect(try farm.staysOutside(refused))
        farm.allowed.allow(keys.publicKey)
        #expect(try farm.staysOutside(refused, for: 500))
        #expect(try sendEventually(try farm.client(keys), [[1]]) == .sent)
    }

    @Test func `a client can tell being let in, being refused, and talking to another server`() throws {
        let farm = try SecureFarm()
        let (member, stranger) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
        farm.allowed.allow(member.publicKey)
        #expect(try farm.firstEvent(member).event == .connected)
        #expect(try farm.firstEvent(stranger).event == .refused)
        let other = try farm.firstEvent(member, server: stranger.publicKey)
        #expect(other.event == .disconnected || other.event == .failed)
    }

    @Test func `a property that a plain peer claims is not its user id`() throws {
        let context = try Context()
        let router = try Socket(.router, in: context)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let peer = try HandmadePeer(
            endpoint: endpoint,
            properties: [("Socket-Type", "DEALER"), ("User-Id", "root"), ("Peer-Address", "10.0.0.1")])
        var message: ReceivedMessage?
        #expect(
            try eventually {
                peer.send(message: bytes("let me in"))
                message = try router.receiveMessage()
                return message != nil
            })
        #expect(message?.frames.last == bytes("let me in"))
        #expect(message?.userID == nil)
        #expect(message?.peerAddress == "127.0.0.1")
    }

    @Test(arguments: [Eavesdropper.Mischief.replay, .change])
    func `what is said again or changed on its way is not heard`(mischief: Eavesdropper.Mischief) throws {
        let farm = try SecureFarm()
        let keys = try CurveKeyPair.generate()
        farm.allowed.allow(keys.publicKey)
        let between = try Eavesdropper(before: farm.endpoint)
        do {
            let dealer = try farm.client(keys, through: between.endpoint)
            #expect(try sendEventually(dealer, [bytes("first")]) == .sent)
            #expect(try farm.receive()?.frames.last == bytes("first"))
            between.plan(mischief)
            #expect(try dealer.send(frames: [bytes("second")]) == .sent)
            if mischief == .replay { #expect(try farm.receive()?.frames.last == bytes("second")) }
            #expect(try farm.receive(within: 150) == nil)
            // The connection ended with that; the client comes back by itself.
            var heard: ReceivedMessage?
            #expect(
                try eventually {
                    _ = try dealer.send(frames: [bytes("third")])
                    heard = try farm.router.receiveMessage()
                    return heard != nil
                })
            #expect(heard?.frames.last == bytes("third") && heard?.userID == keys.publicKey.z85)
            #expect(farm.authenticator?.counts.allowedCount == 2)
        }
        farm.hangUp()
        between.stop()
    }

    @Test func `with hand-over off, an allowed peer cannot take another one's route`() throws {
        let farm = try SecureFarm { $0.allowsHandOver = false }
        let (owner, thief) = (try CurveKeyPair.generate(), try CurveKeyPair.generate())
        farm.allowed.allow(owner.publicKey)
        farm.allowed.allow(thief.publicKey)
        let first = try farm.client(owner)
        #expect(try sendEventually(first, [[1]]) == .sent)
        let route = try #require(try farm.receive()?.frames.first)
        // libzmq gives connections ids that begin with zero and does not let its own sockets choose such a one;
        // the thief waits for an id that it can name.
        #expect(route.count == 5 && route[0] == 0)
        let named = try farm.client(owner) { $0.routingID = bytes("w") }
        #expect(try sendEventually(named, [[2]]) == .sent)
        #expect(try farm.receive()?.frames.first == bytes("w"))
        let second = try farm.client(thief) { $0.routingID = bytes("w") }
        #expect(try farm.staysOutsideOrUnheard(second))
        #expect(try farm.router.send(frames: [bytes("w"), bytes("secret")]) == .sent)
        #expect(try receive(named) == [bytes("secret")])
        #expect(try second.receive() == nil)
    }

    @Test func `heartbeats, hand-over, handshake time and size limits work under CURVE`() throws {
        let farm = try SecureFarm {
            $0.heartbeatIntervalMilliseconds = 50
            $0.heartbeatTimeoutMilliseconds = 2000
            $0.heartbeatTimeToLiveMilliseconds = 3000
            $0.handshakeIntervalMilliseconds = 3000
            $0.maximumFrameByteCount = SocketOptions.minimumFrameByteCountOfCurve
        }
        let keys = try CurveKeyPair.generate()
        farm.allowed.allow(keys.publicKey)
        let dealer = try farm.client(keys) { $0.routingID = bytes("w") }
        #expect(try sendEventually(dealer, [[1]]) == .sent)
        #expect(try farm.receive()?.frames == [bytes("w"), [1]])
        usleep(200_000)
        // Heartbeats kept it: the very connection is still there.
        #expect(try dealer.send(frames: [[2]]) == .sent)
        #expect(try farm.receive()?.frames == [bytes("w"), [2]])
        #expect(farm.authenticator?.counts.allowedCount == 1)
        let returned = try farm.client(keys) { $0.routingID = bytes("w") }
        #expect(try sendEventually(returned, [[3]]) == .sent)
        #expect(try farm.receive()?.frames == [bytes("w"), [3]])
        #expect(try returned.send(frames: [[UInt8](repeating: 0, count: 2000)]) == .sent)
        #expect(try farm.receive(within: 200) == nil)
        // It was dropped for that, came back, and is heard again.
        #expect(
            try eventually {
                _ = try returned.send(frames: [[4]])
                return try farm.router.receive() == [bytes("w"), [4]]
            })
    }

    @Test func `CURVE inside a process, which would protect nothing, traps`() async {
        await #expect(processExitsWith: .failure) {
            let context = try Context()
            let socket = try Socket(
                .router, in: context, options: try options(curve: .curveServer(.generate(), domain: "farm")))
            _ = try socket.bind("inproc://open")
        }
    }
}

/// Requests as anybody inside the process could send them.
@Suite(.serialized) struct AuthenticatorTests {
    private static let key = [UInt8](repeating: 7, count: 32)
    private static let good: [[UInt8]] = [
        [], bytes("1.0"), bytes("1"), bytes("farm"), bytes("10.0.0.1"), bytes("id"), bytes("CURVE"), key,
    ]

    private func replies(to requests: [[[UInt8]]]) throws -> (replies: [[[UInt8]]], counts: Authenticator.Counts) {
        let context = try Context()
        let authenticator = try Authenticator(in: context) { .allow(userID: "\($0.address) \($0.key.bytes[0])") }
        defer { authenticator.stop() }
        let dealer = try Socket(.dealer, in: context)
        try dealer.connect(to: "inproc://zeromq.zap.01")
        for request in requests { #expect(try sendEventually(dealer, request) == .sent) }
        // The last one is good, so that its reply ends the wait.
        #expect(try sendEventually(dealer, Self.good) == .sent)
        var replies: [[[UInt8]]] = []
        while let reply = try receive(dealer) {
            replies.append(reply)
            if reply[3] == bytes("200") { break }
        }
        return (replies, authenticator.counts)
    }

    private static func reply(_ status: String, _ text: String, _ userID: String = "") -> [[UInt8]] {
        [[], bytes("1.0"), bytes("1"), bytes(status), bytes(text), bytes(userID), []]
    }

    @Test func `a request is answered as RFC 27 wants it`() throws {
        let (replies, counts) = try replies(to: [])
        #expect(replies == [Self.reply("200", "OK", "10.0.0.1 7")])
        #expect(counts == Authenticator.Counts(allowedCount: 1))
    }

    @Test(arguments: [("NULL", [[UInt8]]()), ("PLAIN", [bytes("user"), bytes("password")]), ("curve", [key])])
    func `only CURVE is allowed`(mechanism: String, credentials: [[UInt8]]) throws {
        let request = Array(Self.good[..<6]) + [bytes(mechanism)] + credentials
        let (replies, counts) = try replies(to: [request])
        #expect(replies.first == Self.reply("400", "only CURVE is allowed"))
        #expect(counts == Authenticator.Counts(allowedCount: 1, refusedCount: 1))
    }

    @Test func `malformed requests get no verdict, and the service goes on`() throws {
        var requests: [[[UInt8]]] = [
            Self.good.dropLast(),  // no key
            Self.good + [[1]],  // two credentials
            Self.good.dropLast() + [[UInt8](repeating: 7, count: 31)],
            Self.good.dropLast() + [[UInt8](repeating: 7, count: 33)],
        ]
        for (index, frame) in [
            (1, bytes("2.0")), (3, [0xff]), (4, [0xc3]), (3, [UInt8](repeating: 65, count: 256)),
        ] {
            var request = Self.good
            request[index] = frame
            requests.append(request)
        }
        var (replies, counts) = try replies(to: requests)
        let malformed = Self.reply("500", "the request is malformed")
        #expect(replies.dropLast() == Array(repeating: malformed, count: requests.count)[...])
        #expect(counts.malformedCount == requests.count && counts.allowedCount == 1)
        // To these nothing can be said.
        let mute: [[[UInt8]]] = [[[]], [[1]], [[], bytes("1.0")], Array(Self.good.dropFirst())]
        (replies, counts) = try self.replies(to: mute)
        #expect(replies.count == 1)
        #expect(counts.malformedCount == mute.count && counts.allowedCount == 1)
    }

    @Test func `mutated requests are never allowed under another key`() throws {
        var state: UInt64 = 11
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(truncatingIfNeeded: state >> 33) % bound
        }
        var requests: [[[UInt8]]] = []
        for _ in 0..<300 {
            var request = Self.good
            switch random(3) {
            case 0: request.remove(at: random(request.count))
            case 1: request.insert(request[random(request.count)], at: random(request.count))
            default:
                // Not the key: another key is another good request.
                let frame = [1, 6][random(2)]
                request[frame][random(request[frame].count)] ^= UInt8(1 + random(255))
            }
            if request != Self.good { requests.append(request) }
        }
        let (replies, counts) = try replies(to: requests)
        // An empty frame too many or a removed neutral frame shifts the fields: it is refused either way.
        #expect(replies.count(where: { $0[3] == bytes("200") }) == 1)
        #expect(counts.allowedCount == 1)
        #expect(counts.refusedCount + counts.malformedCount == requests.count)
    }
}

private func options(curve: SocketSecurity) throws -> SocketOptions { options { $0.security = curve } }

extension SecureFarm {
    /// Whether nothing of what a client may be able to queue is heard.
    fileprivate func staysOutsideOrUnheard(_ dealer: Socket) throws -> Bool {
        for _ in 0..<40 {
            _ = try dealer.send(frames: [bytes("mine")])
            if try router.receiveMessage() != nil { return false }
            usleep(5_000)
        }
        return true
    }
}
