import FarmKeys
import Foundation
import Synchronization
import TestSupport
import Testing
import ZeroMQ

@Suite(.serialized) struct EnrolmentTests {
    @Test func `a machine enrols, knows the farm's key, and may connect`() throws {
        let desk = try EnrolmentDeskFixture()
        let ring = try desk.machine("node")
        let invitation = try desk.invitation("node", roles: [.work, .submit])
        let (name, roles) = try desk.enrol(try #require(Invitation(token: invitation.token)), ring, suffix: "left")
        #expect(name == "node.left" && roles == [.work, .submit])
        #expect(try ring.farmKey() == desk.ring.keys.publicKey)
        // At once, for the coordinator itself and on disk.
        #expect(desk.access.entry(ofUserID: ring.keys.publicKey.z85)?.name == "node.left")
        #expect(try desk.file.load().entries.map(\.key) == [ring.keys.publicKey])
        // The answer may have been lost: once more does no harm.
        #expect(try desk.enrol(invitation, ring).name == "node.left")
        #expect(desk.service.counts.acceptedCount == 2)
    }

    @Test func `of two machines with one token exactly one gets in`() async throws {
        let desk = try EnrolmentDeskFixture()
        let invitation = try desk.invitation("node")
        let rings = try (0..<6).map { try desk.machine("m\($0)") }
        let endpoint = desk.service.endpoint
        let names = await withTaskGroup(of: String?.self) { group in
            for ring in rings {
                group.addTask {
                    try? Enrolment.enrol(invitation, at: endpoint, ring: ring, timeoutMilliseconds: 5000).name
                }
            }
            return await group.reduce(into: []) { $0.append($1) }.compactMap { $0 }
        }
        #expect(names == ["node"])
        #expect(try desk.file.load().entries.count == 1)
        #expect(desk.service.counts.acceptedCount == 1 && desk.service.counts.refusedCount == 5)
        #expect(rings.count(where: { (try? $0.farmKey()) != nil }) == 1)
    }

    @Test func `of two coordinators' threads with one token exactly one gets it`() async throws {
        // Two processes that share the directory differ from this in nothing: the lock is the file's.
        let desk = try EnrolmentDeskFixture()
        let invitation = try desk.invitation("node")
        let secret = try secretBytes(of: invitation)
        let keys = try (0..<8).map { _ in try newKey() }
        let file = desk.file
        let accepted = await withTaskGroup(of: Bool.self) { group in
            for key in keys {
                group.addTask {
                    let result = try? file.change { $0.redeem(secret: secret, key: key, suffix: nil, at: Date()) }
                    if case .accepted = result { return true }
                    return false
                }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(accepted == 1)
    }

    @Test func `used, expired, withdrawn and made-up tokens are refused alike`() throws {
        let desk = try EnrolmentDeskFixture()
        let used = try desk.invitation("used")
        _ = try desk.enrol(used, try desk.machine("first"))
        let expired = try desk.invitation("late", expiresAt: Date(timeIntervalSinceNow: -1))
        let withdrawn = try desk.invitation("gone")
        _ = try desk.file.change { $0.withdrawInvitations(of: "gone") }
        let ring = try desk.machine("second")
        for invitation in [used, expired, withdrawn, Invitation(serverKey: desk.ring.keys.publicKey)] {
            do {
                _ = try desk.enrol(invitation, ring)
                Issue.record("it was accepted")
            } catch let error as FarmKeysError {
                #expect(error.code == .refused && error.message == EnrolmentRefusal.invalidToken.remedy)
            }
        }
        #expect(try ring.savedFarmKey() == nil)
        #expect(desk.service.counts.refusedCount == 4)
        #expect(desk.events.texts.suffix(4) == Array(repeating: "refused invalid-token", count: 4)[...])
    }

    @Test func `a revoked key cannot even ask`() throws {
        let desk = try EnrolmentDeskFixture()
        let ring = try desk.machine("node")
        _ = try desk.enrol(try desk.invitation("node"), ring)
        _ = try desk.file.change { $0.revoke("node", at: Date()) }
        let again = try desk.invitation("node")
        #expect(code { _ = try desk.enrol(again, ring) } == .refused)
        #expect(desk.service.counts.refusedCount == 0)
        #expect(try desk.file.load().entries.count == 1)
    }

    @Test func `a token of another coordinator gets no answer, and a ring keeps to its farm`() throws {
        let desk = try EnrolmentDeskFixture()
        let ring = try desk.machine("node")
        let foreign = Invitation(serverKey: try newKey())
        #expect(code { _ = try desk.enrol(foreign, ring, timeoutMilliseconds: 300) } == .noAnswer)
        try ring.saveFarmKey(try newKey())
        let invitation = try desk.invitation("node")
        #expect(code { _ = try desk.enrol(invitation, ring) } == .exists)
        // The token was not spent on that.
        #expect(try desk.file.load().invitations.first?.usedAt == nil)
    }

    @Test func `a table that cannot be written refuses and leaves the token good`() throws {
        let desk = try EnrolmentDeskFixture()
        let ring = try desk.machine("node")
        let invitation = try desk.invitation("node")
        let good = try Data(contentsOf: URL(fileURLWithPath: desk.file.path))
        try Data("{".utf8).write(to: URL(fileURLWithPath: desk.file.path))
        do {
            _ = try desk.enrol(invitation, ring)
            Issue.record("it was accepted")
        } catch let error as FarmKeysError { #expect(error.message == EnrolmentRefusal.notWritten.remedy) }
        try good.write(to: URL(fileURLWithPath: desk.file.path))
        #expect(try desk.enrol(invitation, ring).name == "node")
    }

    @Test func `more than ten attempts a minute from one address are refused unread`() throws {
        let desk = try EnrolmentDeskFixture()
        let ring = try desk.machine("node")
        let wrong = Invitation(serverKey: desk.ring.keys.publicKey)
        for _ in 0..<10 { #expect(code { _ = try desk.enrol(wrong, ring) } == .refused) }
        let right = try desk.invitation("node")
        do {
            _ = try desk.enrol(right, ring)
            Issue.record("it was accepted")
        } catch let error as FarmKeysError { #expect(error.message == EnrolmentRefusal.tooManyAttempts.remedy) }
        #expect(desk.service.counts.limitedCount == 1)
    }

    @Test func `ten attempts a minute for each address, a hundred for all`() {
        var limiter = EnrolmentLimiter()
        func admitted(_ addresses: some Sequence<Int>, times: Int, at now: Double) -> Int {
            var count = 0
            for address in addresses {
                for _ in 0..<times where limiter.admits("10.0.0.\(address)", atSeconds: now) { count += 1 }
            }
            return count
        }
        #expect(admitted(0..<1, times: 50, at: 5) == 10)
        #expect(admitted(1..<2, times: 3, at: 64) == 3)
        #expect(admitted(0..<1, times: 5, at: 65) == 5)
        #expect(admitted(0..<200, times: 1, at: 66) == 95)
        #expect(admitted(300..<400, times: 1, at: 124) == 0)
        #expect(admitted(300..<400, times: 1, at: 125) == 100)
        // A clock that ran back does not lock everybody out.
        #expect(admitted(0..<1, times: 1, at: 1) == 1)
    }

    @Test func `whatever else is said there is counted and gets no answer`() throws {
        let desk = try EnrolmentDeskFixture()
        let ring = try desk.machine("node")
        let invitation = try desk.invitation("node")
        let secret = try secretBytes(of: invitation)
        let magic = Array("LEN1".utf8)
        let context = try Context()
        var options = SocketOptions()
        options.security = .curveClient(server: desk.ring.keys.publicKey, own: ring.keys)
        let dealer = try Socket(.dealer, in: context, options: options)
        try dealer.connect(to: desk.service.endpoint)
        var messages: [[[UInt8]]] = [
            [[]], [magic], [magic, secret], [magic, secret, [], []], [magic, secret, Array("Upper".utf8)],
            [magic, secret, [0xff]], [magic, secret + [0], []], [magic, [], []], [Array("LEN2".utf8), secret, []],
            // The key is not for a message to say.
            [magic, secret, [], try newKey().bytes],
        ]
        var generator = SeededGenerator(state: 3)
        for _ in 0..<40 {
            messages.append(
                (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                    (0..<Int.random(in: 0...200, using: &generator)).map { _ in .random(in: 0...255, using: &generator)
                    }
                })
        }
        for message in messages {
            var outcome = try dealer.send(frames: message)
            for _ in 0..<500 where outcome != .sent {
                usleep(5_000)
                outcome = try dealer.send(frames: message)
            }
            #expect(outcome == .sent)
        }
        // The good one comes last, and is the only one that is answered.
        #expect(try desk.enrol(invitation, ring).name == "node")
        #expect(try dealer.receive() == nil)
        // Another connection was answered; the messages of this one may still be on their way.
        for _ in 0..<3_000 where desk.service.counts.malformedCount <= 10 { usleep(10_000) }
        let counts = desk.service.counts
        #expect(counts.refusedCount == 0 && counts.limitedCount == 0 && counts.acceptedCount == 1)
        #expect(counts.malformedCount > 10)
    }

    @Test func `a service that cannot listen says so`() throws {
        let desk = try EnrolmentDeskFixture()
        #expect(throws: ZeroMQError.self) {
            try Enrolment.serve(
                at: desk.service.endpoint, in: desk.context, keys: desk.ring.keys, access: desk.access)
        }
    }
}
