import FarmKeys
import Foundation
import Synchronization
import TestSupport
import Testing
import ZeroMQ

@Suite struct AccessControlTests {
    private struct Place {
        let temporary: TemporaryDirectory
        let directory: String
        let file: AccessFile

        init() throws {
            temporary = try TemporaryDirectory("access")
            directory = keyDirectory(temporary)
            _ = try KeyRing.create(directory: directory)
            file = AccessFile(directory: directory)
        }

        func allow(_ key: CurveKey, _ name: String, _ roles: Set<Role>) throws {
            try file.change { try $0.allow(key, name: name, roles: roles, at: noon) }
        }
    }

    @Test func `without a table nobody has any role`() throws {
        let place = try Place()
        let access = try AccessControl(directory: place.directory)
        let key = try newKey()
        #expect(access.roles(ofUserID: key.z85).isEmpty)
        #expect(access.entry(ofUserID: nil) == nil)
        #expect(!access.allows(.work, userID: nil))
        #expect(access.problem == nil)
    }

    @Test func `a change by another process is seen, and a revocation at once`() throws {
        let place = try Place()
        let access = try AccessControl(directory: place.directory)
        let key = try newKey()
        #expect(access.reloadIfChanged() == .unchanged)
        try place.allow(key, "one", [.submit, .work])
        #expect(access.reloadIfChanged() == .reloaded)
        #expect(access.reloadIfChanged() == .unchanged)
        #expect(access.roles(ofUserID: key.z85) == [.submit, .work])
        #expect(access.allows(.work, userID: key.z85) && !access.allows(.operate, userID: key.z85))
        #expect(access.entry(ofUserID: key.z85)?.name == "one")
        _ = try place.file.change { $0.revoke("one", at: noon) }
        #expect(access.reloadIfChanged() == .reloaded)
        #expect(access.roles(ofUserID: key.z85).isEmpty && access.entry(ofUserID: key.z85) == nil)
    }

    @Test func `a table that cannot be used leaves the last good one in force, and is spoken of once`() throws {
        let place = try Place()
        let key = try newKey()
        try place.allow(key, "one", [.work])
        let good = try Data(contentsOf: URL(fileURLWithPath: place.file.path))
        let access = try AccessControl(directory: place.directory)
        func write(_ data: Data) throws {
            try data.write(to: URL(fileURLWithPath: place.file.path), options: .atomic)
            chmod(place.file.path, 0o600)
        }
        try write(good.prefix(good.count / 2))
        guard case .kept(let problem) = access.reloadIfChanged() else {
            Issue.record("half a table was taken")
            return
        }
        #expect(problem.contains(place.file.path) && access.problem == problem)
        #expect(access.reloadIfChanged() == .unchanged)
        #expect(access.allows(.work, userID: key.z85))
        // At a start there is no good one.
        #expect(code { _ = try AccessControl(directory: place.directory) } == .invalid)
        // And nobody writes over what may still be mended.
        #expect(code { try place.allow(key, "two", [.work]) } == .invalid)
        unlink(place.file.path)
        guard case .kept = access.reloadIfChanged() else {
            Issue.record("a missing table was taken for an empty one")
            return
        }
        #expect(access.allows(.work, userID: key.z85))
        try write(good)
        #expect(access.reloadIfChanged() == .reloaded)
        #expect(access.problem == nil)
        chmod(place.file.path, 0o666)
        guard case .kept = access.reloadIfChanged() else {
            Issue.record("a table that anybody can write was taken")
            return
        }
    }

    @Test func `changes by many threads are all there afterwards`() async throws {
        let place = try Place()
        let keys = try (0..<24).map { _ in try newKey() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, key) in keys.enumerated() {
                group.addTask { try place.allow(key, "k\(number)", [.work]) }
            }
            try await group.waitForAll()
        }
        #expect(Set(try place.file.load().entries.map(\.key)) == Set(keys))
        #expect(try permissions(place.file.path) == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.directory).sorted()
        #expect(names == ["allowed.json", "allowed.lock", "public.key", "secret.key"])
    }

    @Test func `connections are judged by domain and table, messages by the table as it is`() throws {
        let place = try Place()
        let (member, revoked, stranger) =
            (try CurveKeyPair.generate(), try CurveKeyPair.generate(), try CurveKeyPair.generate())
        try place.allow(member.publicKey, "member", [.work])
        try place.allow(revoked.publicKey, "revoked", [.work])
        _ = try place.file.change { $0.revoke("revoked", at: noon) }
        let access = try AccessControl(directory: place.directory)
        let context = try Context()
        let authenticator = try Authenticator(in: context) { access.verdict(for: $0) }
        defer { authenticator.stop() }
        let server = try CurveKeyPair.generate()
        var sockets: [Socket] = []
        func router(_ domain: String) throws -> (Socket, String) {
            var options = SocketOptions()
            options.security = .curveServer(server, domain: domain)
            let socket = try Socket(.router, in: context, options: options)
            return (socket, try socket.bind("tcp://127.0.0.1:*"))
        }
        /// The user id under which the router hears a client; nil when it hears nothing for a while.
        func heard(
            _ keys: CurveKeyPair, _ router: (socket: Socket, endpoint: String), patience: Int = 60
        ) throws -> String? {
            var options = SocketOptions()
            options.security = .curveClient(server: server.publicKey, own: keys)
            let dealer = try Socket(.dealer, in: context, options: options)
            sockets.append(dealer)
            try dealer.connect(to: router.endpoint)
            for _ in 0..<patience {
                _ = try dealer.send(frames: [[1]])
                usleep(5_000)
                // What an earlier client said more than once may still come in.
                while let message = try router.socket.receiveMessage() {
                    if message.userID != member.publicKey.z85 || keys.publicKey == member.publicKey {
                        return message.userID
                    }
                }
            }
            return nil
        }
        let farm = try router(FarmDomain.farm)
        #expect(try heard(member, farm, patience: 1000) == member.publicKey.z85)
        #expect(try heard(revoked, farm) == nil)
        #expect(try heard(stranger, farm) == nil)
        let enrolment = try router(FarmDomain.enrolment)
        #expect(try heard(stranger, enrolment, patience: 1000) == stranger.publicKey.z85)
        #expect(try heard(revoked, enrolment) == nil)
        #expect(try heard(member, try router("elsewhere")) == nil)
        // Revoked while connected: the open connection still talks, and has no role any more.
        _ = try place.file.change { $0.revoke("member", at: noon) }
        access.reloadIfChanged()
        #expect(try sockets[0].send(frames: [[2]]) == .sent)
        var message: ReceivedMessage?
        for _ in 0..<1000 where message?.frames.last != [2] {
            message = try farm.0.receiveMessage()
            if message == nil { usleep(5_000) }
        }
        #expect(message?.frames.last == [2] && message?.userID == member.publicKey.z85)
        #expect(!access.allows(.work, userID: message?.userID))
    }
}
