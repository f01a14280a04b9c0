import FarmKeys
import Foundation
import TestSupport
import Testing
import ZeroMQ

@Suite struct AccessTableTests {
    @Test func `names are 1 to 64 of a small alphabet`() {
        for good in ["a", "0", "worker-1.studio", String(repeating: "x", count: 64)] {
            #expect(AccessTable.isName(good))
        }
        for bad in ["", "-a", ".a", "A", "a b", "a/b", "ä", "a\0", "a\n", String(repeating: "x", count: 65)] {
            #expect(!AccessTable.isName(bad))
        }
    }

    @Test func `allowing, renaming and revoking keep one entry for each key`() throws {
        var table = AccessTable()
        let (first, second) = (try newKey(), try newKey())
        try table.allow(first, name: "one", roles: [.work], at: noon)
        #expect(code { try table.allow(second, name: "one", roles: [.work], at: noon) } == .invalid)
        #expect(code { try table.allow(second, name: "No", roles: [.work], at: noon) } == .invalid)
        #expect(code { try table.allow(second, name: "two", roles: [], at: noon) } == .invalid)
        try table.allow(first, name: "uno", roles: [.submit, .work], at: noon + 1)
        try table.allow(second, name: "one", roles: [.operate], at: noon)
        #expect(table.entries.map(\.name) == ["uno", "one"])
        #expect(table.entries[0].addedAt == noon)
        #expect(table.revoke("nobody", at: noon).isEmpty)
        #expect(table.revoke("uno", at: noon + 2).map(\.key) == [first])
        #expect(table.revoke("uno", at: noon + 3).isEmpty)
        #expect(table.revoke(second.hexadecimal, at: noon).map(\.name) == ["one"])
        #expect(table.entries[0].revokedAt == noon + 2)
        // The name is free again; the key may come back.
        try table.allow(try newKey(), name: "uno", roles: [.work], at: noon)
        try table.allow(first, name: "back", roles: [.work], at: noon)
        #expect(table.entries.count == 3 && table.entries[0].revokedAt == nil)
    }

    @Test func `a table reads back as it was written`() throws {
        var table = AccessTable()
        let (first, second) = (try newKey(), try newKey())
        try table.allow(first, name: "one", roles: [.operate, .work, .submit], at: noon)
        try table.allow(second, name: "two", roles: [.work], at: noon)
        _ = table.revoke("two", at: noon + 60)
        let invitation = Invitation(serverKey: first)
        try table.invite(invitation, name: "three", roles: [.work], expiresAt: noon + 60, at: noon)
        _ = table.redeem(secret: try secret(invitation), key: try newKey(), suffix: nil, at: noon)
        let bytes = try table.json()
        #expect(try AccessTable(json: bytes) == table)
        #expect(try AccessTable(json: bytes).json() == bytes)
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.contains("\"submit\",\n        \"work\",\n        \"operate\""))
        #expect(!text.contains(invitation.token.suffix(16)))
    }

    @Test func `a token is good once, in time, for one key`() throws {
        var table = AccessTable()
        let server = try newKey()
        let invitation = Invitation(serverKey: server)
        try table.invite(invitation, name: "node", roles: [.work], expiresAt: noon + 60, at: noon)
        let (first, second) = (try newKey(), try newKey())
        let secret = try secret(invitation)
        var wrong = secret
        wrong[15] ^= 1
        let before = table
        #expect(table.redeem(secret: wrong, key: first, suffix: nil, at: noon) == .refused(.invalidToken))
        #expect(table.redeem(secret: secret, key: first, suffix: nil, at: noon + 60) == .refused(.invalidToken))
        #expect(table == before)
        let result = table.redeem(secret: secret, key: first, suffix: "rack-2", at: noon + 59)
        let entry = AccessEntryText(name: "node.rack-2", roles: [.work], key: first)
        #expect(AccessEntryText(result) == entry)
        let after = table
        #expect(table.redeem(secret: secret, key: second, suffix: nil, at: noon) == .refused(.invalidToken))
        // The answer was lost: the same key asks again, even late.
        #expect(AccessEntryText(table.redeem(secret: secret, key: first, suffix: nil, at: noon + 90)) == entry)
        #expect(table == after)
        _ = table.revoke("node.rack-2", at: noon + 91)
        #expect(table.redeem(secret: secret, key: first, suffix: nil, at: noon) == .refused(.invalidToken))
        let again = Invitation(serverKey: server)
        try table.invite(again, name: "node", roles: [.work], expiresAt: noon + 60, at: noon)
        // A revoked key does not come back by an invitation.
        #expect(table.redeem(secret: try self.secret(again), key: first, suffix: nil, at: noon) == .refused(.keyKnown))
    }

    @Test func `a taken name, a withdrawn invitation and a long name are refused`() throws {
        var table = AccessTable()
        let server = try newKey()
        let invitation = Invitation(serverKey: server)
        try table.invite(invitation, name: "node", roles: [.work], expiresAt: noon + 60, at: noon)
        try table.allow(try newKey(), name: "node", roles: [.work], at: noon)
        let (key, secret) = (try newKey(), try secret(invitation))
        #expect(table.redeem(secret: secret, key: key, suffix: nil, at: noon) == .refused(.nameTaken))
        let long = String(repeating: "x", count: 60)
        #expect(table.redeem(secret: secret, key: key, suffix: long, at: noon) == .refused(.nameTaken))
        #expect(table.withdrawInvitations(of: "node") == 1)
        #expect(table.redeem(secret: secret, key: key, suffix: "b", at: noon) == .refused(.invalidToken))
        #expect(
            code {
                try table.invite(Invitation(serverKey: server), name: "node", roles: [.work], expiresAt: noon, at: noon)
            } == .invalid)
    }

    @Test func `old invitations are forgotten when a new one is made`() throws {
        var table = AccessTable()
        let server = try newKey()
        for day in 0..<3 {
            let now = noon + Double(day) * 20 * 86_400
            try table.invite(
                Invitation(serverKey: server), name: "n\(day)", roles: [.work], expiresAt: now + 3600, at: now)
        }
        #expect(table.invitations.map(\.name) == ["n1", "n2"])
    }

    @Test func `damaged tables are refused or are tables; nothing crashes`() throws {
        var table = AccessTable()
        for number in 0..<3 { try table.allow(try newKey(), name: "k\(number)", roles: [.work], at: noon) }
        try table.invite(
            Invitation(serverKey: try newKey()), name: "guest", roles: [.submit], expiresAt: noon, at: noon)
        let bytes = try table.json()
        var generator = SeededGenerator(state: 1)
        var refusedCount = 0
        for _ in 0..<400 {
            var damaged = bytes
            let position = Int.random(in: 0..<bytes.count, using: &generator)
            let byte = UInt8.random(in: 0...255, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: damaged.removeLast(Int.random(in: 2..<bytes.count, using: &generator))
            case 1: damaged[position] = byte
            case 2: damaged.insert(byte, at: position)
            default: damaged.removeSubrange(0..<Int.random(in: 1..<bytes.count, using: &generator))
            }
            do {
                let read = try AccessTable(json: damaged)
                // What was accepted is a table like any other.
                #expect(try AccessTable(json: try read.json()) == read)
                #expect(read.entries.allSatisfy { AccessTable.isName($0.name) && !$0.roles.isEmpty })
            } catch let error as FarmKeysError {
                #expect(error.code == .invalid)
                refusedCount += 1
            }
        }
        #expect(refusedCount > 250)
    }

    @Test func `doubled keys and names, other versions and deep nesting are refused`() throws {
        let key = try newKey().z85
        func entry(_ key: String, _ name: String) -> String {
            "{\"key\":\"\(key)\",\"name\":\"\(name)\",\"roles\":[\"work\"],\"addedAt\":\"2026-01-01T00:00:00Z\"}"
        }
        func document(_ entries: [String], version: Int = 1) -> [UInt8] {
            Array("{\"version\":\(version),\"entries\":[\(entries.joined(separator: ","))],\"invitations\":[]}".utf8)
        }
        // A key may hold "\\" nowhere and "/" as it is: Z85 has no character that JSON must escape.
        let other = try newKey().z85
        #expect(try AccessTable(json: document([entry(key, "a"), entry(other, "b")])).entries.count == 2)
        for bad in [
            document([entry(key, "a"), entry(key, "b")]), document([entry(key, "a"), entry(other, "a")]),
            document([entry(key, "A")]), document([entry("short", "a")]), document([], version: 2), [],
            Array("[]".utf8), Array(String(repeating: "[", count: 100_000).utf8),
        ] {
            #expect(code { _ = try AccessTable(json: bad) } == .invalid)
        }
    }

    private func secret(_ invitation: Invitation) throws -> [UInt8] {
        try secretBytes(of: invitation)
    }
}

/// What a redemption made of a key.
struct AccessEntryText: Equatable {
    var name: String
    var roles: Set<Role>
    var key: CurveKey

    init(name: String, roles: Set<Role>, key: CurveKey) { (self.name, self.roles, self.key) = (name, roles, key) }

    init?(_ redemption: AccessTable.Redemption) {
        guard case .accepted(let entry) = redemption else { return nil }
        self.init(name: entry.name, roles: entry.roles, key: entry.key)
    }
}

/// The 16 bytes of a token, read as RFC 4648 has it.
func secretBytes(of invitation: Invitation) throws -> [UInt8] {
    let text = invitation.token.dropFirst(Invitation.prefix.count)
        .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    return Array(try #require(Data(base64Encoded: text)).dropFirst(32))
}

@Suite struct InvitationTests {
    @Test func `a token reads back, and holds the server's key and 16 bytes in base64url`() throws {
        let server = try newKey()
        let invitation = Invitation(serverKey: server)
        let token = invitation.token
        #expect(token.hasPrefix("lathe-invite:") && token.utf8.count == 77)
        #expect(Invitation(token: token)?.serverKey == server)
        #expect(Invitation(token: token)?.secretHash == invitation.secretHash)
        #expect(try secretBytes(of: invitation).count == 16)
        #expect(Invitation(serverKey: server).token != token)
        #expect(!"\(invitation)".contains(token.suffix(20)))
    }

    @Test func `mutated tokens are none, or other tokens, never the same one`() throws {
        let invitation = Invitation(serverKey: try newKey())
        let bytes = Array(invitation.token.utf8)
        var generator = SeededGenerator(state: 2)
        for _ in 0..<500 {
            var mutated = bytes
            let position = Int.random(in: 0..<bytes.count, using: &generator)
            let byte = UInt8.random(in: 1...255, using: &generator)
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: mutated.remove(at: position)
            case 1: mutated.insert(byte, at: position)
            default: mutated[position] ^= byte
            }
            let read = Invitation(token: String(decoding: mutated, as: UTF8.self))
            if let read { #expect(read.token != invitation.token && read.token.utf8.elementsEqual(mutated)) }
        }
        for bad in ["", "lathe-invite:", invitation.token + "=", " " + invitation.token] {
            #expect(Invitation(token: bad) == nil)
        }
    }
}
