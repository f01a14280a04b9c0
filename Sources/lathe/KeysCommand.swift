import ArgumentParser
import FarmKeys
import Foundation
import ZeroMQ

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Who may do what on a farm of several machines.",
        discussion: """
            Once, on the coordinator's machine:
              lathe keys new                                       its own key pair
            For each other machine, by a token (on the coordinator's, then on the other one):
              lathe keys invite studio-2 --roles work              prints a token that works once, for an hour
              lathe keys enrol TOKEN --connect tcp://farm:7700     makes keys there, hands them in, knows the farm
            or by hand:
              lathe keys new && lathe keys trust FARM-KEY          on the other machine
              lathe keys allow KEY --name studio-2 --roles work    on the coordinator's
            Roles: submit (own jobs), work (render), operate (everything). A running coordinator sees every change at
            once. A KEY is 40 characters in quotes, or the 64 hexadecimal digits that `lathe keys show` prints.
            """,
        subcommands: [
            New.self, Show.self, Allow.self, Revoke.self, List.self, Invite.self, Enrol.self, Trust.self,
        ])

    struct Place: ParsableArguments {
        @Option(help: ArgumentHelp("The folder of keys (default: ~/.config/lathe/keys).", valueName: "folder"))
        var keys: String?

        var directory: String {
            keys.map(absolutePath) ?? KeyRing.defaultDirectory(environment: ProcessInfo.processInfo.environment)
        }
    }

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes this machine's key pair. Never overwrites one.")
        @OptionGroup var place: Place

        func run() throws {
            let ring = try keysOrFail { try KeyRing.create(directory: place.directory) }
            printKey(of: ring)
            print("Its secret key is \(ring.directory)/secret.key: keep a copy of it where nobody else reads.")
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "This machine's public key and the farm's.")
        @OptionGroup var place: Place
        @Flag(help: "One JSON document on standard output.") var json = false

        private struct Document: Encodable {
            var directory: String
            var key: String
            var keyHexadecimal: String
            var farmKey: String?
        }

        func run() throws {
            let ring = try keysOrFail { try KeyRing(directory: place.directory) }
            let farm = try keysOrFail { try ring.savedFarmKey() }
            let key = ring.keys.publicKey
            if json {
                return try printJSON(
                    Document(
                        directory: ring.directory, key: key.z85, keyHexadecimal: key.hexadecimal, farmKey: farm?.z85))
            }
            printKey(of: ring)
            print("farm        \(farm?.z85 ?? "not known: this is the coordinator's machine, or it was not enrolled")")
        }
    }

    struct Allow: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lets a key in, or changes what it may do.",
            discussion: "Example: lathe keys allow KEY --name studio-2 --roles submit,work")
        @OptionGroup var place: Place
        @Argument(help: "40 characters in quotes, or 64 hexadecimal digits.") var key: String
        @Option(help: "What to call it: a-z, 0-9, \".\" and \"-\".") var name: String
        @Option(help: "submit, work, operate, with commas.") var roles: String

        func run() throws {
            let key = try publicKey(key)
            let roles = try roleSet(roles)
            let file = AccessFile(directory: place.directory)
            try keysOrFail { try file.change { try $0.allow(key, name: name, roles: roles, at: Date()) } }
            print("\(name) may \(roleText(roles)): \(key)")
        }
    }

    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Takes a key's access away, and a name's unused invitations.",
            discussion: "Open connections are not heard any more from the next message on.")
        @OptionGroup var place: Place
        @Argument(help: "A name, or a key.") var name: String

        func run() throws {
            let file = AccessFile(directory: place.directory)
            let (revoked, withdrawnCount) = try keysOrFail {
                try file.change { ($0.revoke(name, at: Date()), $0.withdrawInvitations(of: name)) }
            }
            guard !revoked.isEmpty || withdrawnCount > 0 else {
                throw Failure(
                    code: Exit.couldNotRun,
                    message: "nobody called \(name) has access. `lathe keys list` shows who has.")
            }
            for entry in revoked { print("\(entry.name) may nothing any more: \(entry.key)") }
            if withdrawnCount > 0 { print("\(withdrawnCount) unused invitations of \(name) are void") }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The keys, what they may do, and open invitations.")
        @OptionGroup var place: Place
        @Flag(help: "One JSON document on standard output.") var json = false

        func run() throws {
            let file = AccessFile(directory: place.directory)
            let table = try keysOrFail {
                // Says what is wrong with the folder before it says that nobody has access.
                _ = try KeyRing(directory: place.directory)
                return try file.load()
            }
            if json { return try printJSON(ListDocument(table)) }
            if table.entries.isEmpty { print("no key is allowed yet: see `lathe keys invite` and `lathe keys allow`") }
            for entry in table.entries {
                let state = entry.revokedAt.map { "revoked \(timeText($0))" } ?? roleText(entry.roles)
                print("\(padded(entry.name, 24)) \(entry.key)  \(state)")
            }
            let open = table.invitations.filter { $0.usedAt == nil && $0.expiresAt > Date() }
            for invitation in open {
                print(
                    "\(padded(invitation.name, 24)) \(padded("invited", 40))  \(roleText(invitation.roles)), "
                        + "until \(timeText(invitation.expiresAt))")
            }
        }
    }

    struct Invite: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints a token that lets one new key in.",
            discussion: """
                Standard output is the token alone. Whoever has it first gets in: pass it on as you would a password.
                Example: lathe keys invite studio-2 --roles work --valid 15m
                """)
        @OptionGroup var place: Place
        @Argument(help: "What the new key is called: a-z, 0-9, \".\" and \"-\".") var name: String
        @Option(help: "submit, work, operate, with commas.") var roles: String
        @Option(help: "How long it is valid: 90s, 15m, 1h, 7d; at most 30d.") var valid = "1h"

        func run() throws {
            let roles = try roleSet(roles)
            let expiresAt = Date(timeIntervalSinceNow: try durationSeconds(valid))
            let invitation = try keysOrFail {
                let ring = try KeyRing(directory: place.directory)
                let invitation = Invitation(serverKey: ring.keys.publicKey)
                try AccessFile(directory: place.directory).change {
                    try $0.invite(invitation, name: name, roles: roles, expiresAt: expiresAt, at: Date())
                }
                return invitation
            }
            print(invitation.token)
            note("valid once, until \(timeText(expiresAt)), for a key called \(name) that may \(roleText(roles))")
            note("there: lathe keys enrol TOKEN --connect tcp://HOST:7700")
        }
    }

    struct Enrol: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Hands this machine's key in with a token, and keeps the farm's key.",
            discussion: "Makes the key pair where there is none yet.")
        @OptionGroup var place: Place
        @Argument(help: "What `lathe keys invite` printed; - reads it from standard input.") var token: String
        @Option(help: "The coordinator, as workers write it: tcp://HOST:7700.") var connect: String
        @Option(help: "Be called NAME.SUFFIX.") var suffix: String?

        func run() throws {
            let text = token == "-" ? readLine() ?? "" : token
            guard let invitation = Invitation(token: text.trimmingCharacters(in: .whitespaces)) else {
                throw Failure(
                    code: Exit.couldNotRun,
                    message: "that is no token: it is one line that begins with \"\(Invitation.prefix)\".")
            }
            guard let endpoint = FarmEndpoint(connect) else {
                throw Failure(
                    code: Exit.couldNotRun,
                    message: "\"\(connect)\" is no endpoint. Write tcp://HOST:PORT, as workers do.")
            }
            let (name, roles) = try keysOrFail {
                let ring = try ring()
                return try Enrolment.enrol(invitation, at: endpoint.enrolment, ring: ring, suffix: suffix)
            }
            print("this machine is \(name) and may \(roleText(roles))")
        }

        private func ring() throws -> KeyRing {
            do {
                return try KeyRing(directory: place.directory)
            } catch let error as FarmKeysError where error.code == .absent {
                return try KeyRing.create(directory: place.directory)
            }
        }
    }

    struct Trust: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "States the farm's key by hand, where no token is used.")
        @OptionGroup var place: Place
        @Argument(help: "The coordinator's public key, from `lathe keys show` there.") var key: String

        func run() throws {
            let key = try publicKey(key)
            try keysOrFail { try KeyRing(directory: place.directory).saveFarmKey(key) }
            print("the farm is \(key)")
        }
    }
}

private struct ListDocument: Encodable {
    struct Key: Encodable {
        var name: String
        var key: String
        var roles: [String]
        var addedAt: String
        var revokedAt: String?
    }

    struct Invitation: Encodable {
        var name: String
        var roles: [String]
        var expiresAt: String
        var usedAt: String?
        var usedBy: String?
    }

    var keys: [Key]
    var invitations: [Invitation]

    init(_ table: AccessTable) {
        keys = table.entries.map {
            Key(
                name: $0.name, key: $0.key.z85, roles: roleNames($0.roles), addedAt: timeText($0.addedAt),
                revokedAt: $0.revokedAt.map(timeText))
        }
        invitations = table.invitations.map {
            Invitation(
                name: $0.name, roles: roleNames($0.roles), expiresAt: timeText($0.expiresAt),
                usedAt: $0.usedAt.map(timeText), usedBy: $0.usedBy?.z85)
        }
    }
}

/// Turns an error of keys or of ZeroMQ into the command's.
private func keysOrFail<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch let error as FarmKeysError {
        throw Failure(code: Exit.couldNotRun, message: error.message)
    } catch let error as ZeroMQError {
        throw Failure(code: Exit.couldNotRun, message: error.description)
    }
}

private func printKey(of ring: KeyRing) {
    print("folder      \(ring.directory)")
    print("public key  \(ring.keys.publicKey)")
    print("            \(ring.keys.publicKey.hexadecimal)")
}

private func publicKey(_ text: String) throws -> CurveKey {
    if let key = CurveKey(text: text) { return key }
    throw Failure(
        code: Exit.couldNotRun,
        message: "\"\(text)\" is no key. Give the 64 hexadecimal digits that `lathe keys show` prints on that machine.")
}

private func roleNames(_ roles: Set<Role>) -> [String] { Role.allCases.filter(roles.contains).map(\.rawValue) }

private func roleText(_ roles: Set<Role>) -> String { roleNames(roles).joined(separator: ", ") }

private func roleSet(_ text: String) throws -> Set<Role> {
    let roles = text.split(separator: ",", omittingEmptySubsequences: false).map { part in
        Role(rawValue: part.trimmingCharacters(in: .whitespaces))
    }
    let known = roles.compactMap { $0 }
    guard known.count == roles.count else {
        throw Failure(
            code: Exit.couldNotRun, message: "\"\(text)\" are no roles. Write submit, work, operate, with commas.")
    }
    return Set(known)
}

/// A time as people write it: 90s, 15m, 1h, 7d.
private func durationSeconds(_ text: String) throws -> Double {
    let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    let limit = 30 * 86_400
    if let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()), (1...limit).contains(number),
        number * unit <= limit
    {
        return Double(number * unit)
    }
    throw Failure(code: Exit.couldNotRun, message: "\"\(text)\" is no time. Write 90s, 15m, 1h or 7d; at most 30d.")
}

private func timeText(_ date: Date) -> String { date.formatted(.iso8601) }

private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}
