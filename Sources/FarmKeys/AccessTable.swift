package import Foundation
package import Quantities
package import ZeroMQ

/// One key's line in the table of who may do what.
package struct AccessEntry: Sendable, Hashable {
    package var key: CurveKey
    /// What people call the machine or the person: see `AccessTable.isName`.
    package var name: String
    package var roles: Set<Role>
    package var addedAt: Date
    /// When it lost its access; nil while it has it.
    package var revokedAt: Date?
}

/// An invitation that was given out.
package struct InvitationRecord: Sendable, Hashable {
    package var secretHash: ContentHash
    package var name: String
    package var roles: Set<Role>
    package var expiresAt: Date
    package var usedAt: Date?
    package var usedBy: CurveKey?
}

/// Who may do what on a farm, and who is invited: a value, as it stands in `allowed.json`.
///
/// No two entries have one key, and no two that are not revoked have one name.
package struct AccessTable: Sendable, Equatable {
    package private(set) var entries: [AccessEntry] = []
    package private(set) var invitations: [InvitationRecord] = []

    /// The most entries, and the most invitations, of a table.
    package static let maximumCount = 10_000
    /// The longest name in bytes.
    package static let maximumNameByteCount = 64
    /// How long a used or expired invitation is kept for people to look at.
    static let invitationKeptSeconds = 30.0 * 86_400

    package init() {}

    /// Whether it is a name: 1 to 64 of a-z, 0-9, "." and "-", the first a letter or a digit.
    package static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (1...maximumNameByteCount).contains(bytes.count), let first = bytes.first else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        return isAlphanumeric(first)
            && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-") }
    }

    /// Lets a key in, or changes its name and roles; a revoked one has its access back.
    ///
    /// - Throws: `invalid` for a name that is none or taken and for no roles at all, `limitExceeded`.
    package mutating func allow(_ key: CurveKey, name: String, roles: Set<Role>, at now: Date) throws {
        try Self.check(name: name, roles: roles)
        try checkFree(name, for: key)
        let index = entries.firstIndex { $0.key == key }
        guard let index else {
            guard entries.count < Self.maximumCount else {
                throw FarmKeysError(.limitExceeded, "the table has \(Self.maximumCount) keys, as many as it may")
            }
            entries.append(AccessEntry(key: key, name: name, roles: roles, addedAt: now))
            return
        }
        entries[index].name = name
        entries[index].roles = roles
        entries[index].revokedAt = nil
    }

    /// Takes the access of a name or of a key away.
    ///
    /// - Returns: the keys that lost it; empty where nobody of that name had any.
    package mutating func revoke(_ nameOrKey: String, at now: Date) -> [AccessEntry] {
        let key = CurveKey(text: nameOrKey)
        var revoked: [AccessEntry] = []
        for index in entries.indices where entries[index].revokedAt == nil {
            guard entries[index].name == nameOrKey || entries[index].key == key else { continue }
            entries[index].revokedAt = now
            revoked.append(entries[index])
        }
        return revoked
    }

    /// Notes an invitation.
    ///
    /// - Throws: as `allow`.
    package mutating func invite(
        _ invitation: Invitation, name: String, roles: Set<Role>, expiresAt: Date, at now: Date
    ) throws {
        try Self.check(name: name, roles: roles)
        try checkFree(name, for: nil)
        let oldest = now.addingTimeInterval(-Self.invitationKeptSeconds)
        invitations.removeAll { ($0.usedAt ?? $0.expiresAt) < oldest }
        guard invitations.count < Self.maximumCount else {
            throw FarmKeysError(.limitExceeded, "there are \(Self.maximumCount) invitations, as many as there may be")
        }
        invitations.append(
            InvitationRecord(secretHash: invitation.secretHash, name: name, roles: roles, expiresAt: expiresAt))
    }

    /// Withdraws the unused invitations of a name.
    ///
    /// - Returns: how many there were.
    package mutating func withdrawInvitations(of name: String) -> Int {
        let count = invitations.count
        invitations.removeAll { $0.name == name && $0.usedAt == nil }
        return count - invitations.count
    }

    /// What became of a token that a key presented.
    package enum Redemption: Sendable, Equatable {
        /// The key is in the table now, or was by this very token: the answer may have been lost.
        case accepted(AccessEntry)
        case refused(Refusal)
    }

    /// Why a token did not help. Whoever has no valid token learns no more than that.
    package enum Refusal: String, Sendable, Hashable {
        /// No such token, used by another key, or expired.
        case invalidToken
        /// The name that the key would have is taken.
        case nameTaken
        /// The key was revoked, or is in the table already.
        case keyKnown
        /// The table is full.
        case full
    }

    /// Lets the key in by an unused token and uses the token up, or changes nothing.
    ///
    /// - Parameter suffix: what the machine wants to be called behind the invitation's name; nil for just that.
    package mutating func redeem(
        secret: [UInt8], key: CurveKey, suffix: String?, at now: Date
    ) -> Redemption {
        let hash = Invitation.hash(of: secret)
        // All are compared, and each whole: the time says nothing about which one nearly was it.
        var found: Int?
        for (index, invitation) in invitations.enumerated() {
            let difference = invitation.secretHash.words ^ hash.words
            if difference.x | difference.y | difference.z | difference.w == 0 { found = index }
        }
        guard let found else { return .refused(.invalidToken) }
        let invitation = invitations[found]
        let entry = entries.first { $0.key == key }
        if invitation.usedAt != nil {
            guard invitation.usedBy == key, let entry, entry.revokedAt == nil else { return .refused(.invalidToken) }
            return .accepted(entry)
        }
        guard now < invitation.expiresAt else { return .refused(.invalidToken) }
        if entry != nil { return .refused(.keyKnown) }
        guard entries.count < Self.maximumCount else { return .refused(.full) }
        let name = suffix.map { invitation.name + "." + $0 } ?? invitation.name
        guard Self.isName(name), (try? checkFree(name, for: key)) != nil else { return .refused(.nameTaken) }
        let made = AccessEntry(key: key, name: name, roles: invitation.roles, addedAt: now)
        entries.append(made)
        invitations[found].usedAt = now
        invitations[found].usedBy = key
        return .accepted(made)
    }

    private static func check(name: String, roles: Set<Role>) throws {
        guard isName(name) else {
            throw FarmKeysError(
                .invalid, "\"\(name)\" is no name: use 1 to 64 of a-z, 0-9, \".\" and \"-\", first a letter or digit")
        }
        guard !roles.isEmpty else {
            throw FarmKeysError(.invalid, "a key needs at least one role: submit, work, operate")
        }
    }

    private func checkFree(_ name: String, for key: CurveKey?) throws {
        if entries.contains(where: { $0.name == name && $0.key != key && $0.revokedAt == nil }) {
            throw FarmKeysError(.invalid, "the name \(name) is another key's; choose one, or revoke that key first")
        }
    }
}

// The file's form.
extension AccessTable {
    private struct Document: Codable {
        var version: Int
        var entries: [Entry]
        var invitations: [Record]
    }

    private struct Entry: Codable {
        var key: String
        var name: String
        var roles: [Role]
        var addedAt: Date
        var revokedAt: Date?
    }

    private struct Record: Codable {
        var secretSHA256: ContentHash
        var name: String
        var roles: [Role]
        var expiresAt: Date
        var usedAt: Date?
        var usedBy: String?
    }

    /// Reads the file's bytes; anything that this module would not have written is refused whole.
    ///
    /// - Throws: `invalid`, `limitExceeded`.
    package init(json bytes: [UInt8]) throws {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        let document: Document
        do { document = try decoder.decode(Document.self, from: Data(bytes)) } catch {
            throw FarmKeysError(.invalid, "it is no table of keys (half written or changed by hand?)")
        }
        guard document.version == 1 else {
            throw FarmKeysError(.invalid, "it has version \(document.version), and this Lathe knows 1 only")
        }
        guard document.entries.count <= Self.maximumCount, document.invitations.count <= Self.maximumCount else {
            throw FarmKeysError(.limitExceeded, "it has more than \(Self.maximumCount) entries")
        }
        func key(_ text: String) throws -> CurveKey {
            guard let key = CurveKey(z85: text) else { throw FarmKeysError(.invalid, "it holds a key that is none") }
            return key
        }
        entries = try document.entries.map { entry in
            try Self.check(name: entry.name, roles: Set(entry.roles))
            return AccessEntry(
                key: try key(entry.key), name: entry.name, roles: Set(entry.roles), addedAt: entry.addedAt,
                revokedAt: entry.revokedAt)
        }
        guard Set(entries.map(\.key)).count == entries.count else {
            throw FarmKeysError(.invalid, "it holds a key twice")
        }
        let names = entries.filter { $0.revokedAt == nil }.map(\.name)
        guard Set(names).count == names.count else { throw FarmKeysError(.invalid, "it holds a name twice") }
        invitations = try document.invitations.map { record in
            try Self.check(name: record.name, roles: Set(record.roles))
            return InvitationRecord(
                secretHash: record.secretSHA256, name: record.name, roles: Set(record.roles),
                expiresAt: record.expiresAt, usedAt: record.usedAt, usedBy: try record.usedBy.map(key))
        }
    }

    /// The file's bytes; the same table always gives the same ones.
    package func json() throws -> [UInt8] {
        func sorted(_ roles: Set<Role>) -> [Role] { Role.allCases.filter(roles.contains) }
        let document = Document(
            version: 1,
            entries: entries.map {
                Entry(
                    key: $0.key.z85, name: $0.name, roles: sorted($0.roles), addedAt: $0.addedAt,
                    revokedAt: $0.revokedAt)
            },
            invitations: invitations.map {
                Record(
                    secretSHA256: $0.secretHash, name: $0.name, roles: sorted($0.roles), expiresAt: $0.expiresAt,
                    usedAt: $0.usedAt, usedBy: $0.usedBy?.z85)
            })
        let encoder = JSONEncoder()
        encoder.dateEncodingStrategy = .iso8601
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(document)) + [UInt8(ascii: "\n")]
    }
}
