internal import Synchronization
package import ZeroMQ

/// The ZAP domains of a farm's sockets.
package enum FarmDomain {
    /// Control and data: for keys of the table only.
    package static let farm = "farm"
    /// Enrolment: any key that was not revoked may connect, and may say one thing.
    package static let enrolment = "enrol"
}

/// Who may do what, for every thread of a running coordinator.
///
/// The user id of a connection is its key in Z85. A connection outlives a revocation, so what counts is what the
/// table says when a message is looked at: `allows` for each one. A change of the file is seen by the next
/// `reloadIfChanged()`, which costs one look at the file: call it at every tick.
package final class AccessControl: Sendable {
    /// What a look at the file found.
    package enum Reload: Sendable, Equatable {
        case unchanged
        case reloaded
        /// The file is there no more or cannot be used: the table before it holds. Said once for each such file.
        case kept(problem: String)
    }

    private struct State {
        var table: AccessTable
        var active: [String: AccessEntry] = [:]
        var revoked: Set<CurveKey> = []
        var stamp: PrivateFiles.Stamp?
        var problem: String?

        init(_ table: AccessTable, _ stamp: PrivateFiles.Stamp?) {
            self.table = table
            self.stamp = stamp
            for entry in table.entries {
                if entry.revokedAt == nil { active[entry.key.z85] = entry } else { revoked.insert(entry.key) }
            }
        }
    }

    private let file: AccessFile
    private let state: Mutex<State>

    /// Reads the table of a directory; without a file nobody is allowed.
    ///
    /// - Throws: `FarmKeysError` for a file that cannot be used: there is no good table to go on with.
    package init(directory: String) throws {
        file = AccessFile(directory: directory)
        try file.files.checkDirectory()
        let read = try file.read()
        state = Mutex(State(read?.table ?? AccessTable(), read?.stamp))
    }

    /// The table as it was read last.
    package var table: AccessTable { state.withLock { $0.table } }

    /// What is wrong with the file now; nil while it is in use as it stands.
    package var problem: String? { state.withLock { $0.problem } }

    /// Takes a changed file in.
    @discardableResult
    package func reloadIfChanged() -> Reload {
        state.withLock { state in
            let stamp = file.stamp
            if stamp == state.stamp { return .unchanged }
            // Remembered whatever comes: a bad file is read, and spoken of, once.
            state.stamp = stamp
            do {
                guard let read = try file.read() else {
                    return keep(&state, "\(file.path) is gone; the keys that it held keep their access. Restore it")
                }
                state = State(read.table, read.stamp)
                return .reloaded
            } catch {
                return keep(&state, "\(error). Until then the table before it holds")
            }
        }
    }

    /// The authenticator's question: who may connect.
    @Sendable package func verdict(for request: AuthenticationRequest) -> AuthenticationVerdict {
        reloadIfChanged()
        let userID = request.key.z85
        let isIn = state.withLock { state in
            switch request.domain {
            case FarmDomain.farm: state.active[userID] != nil
            case FarmDomain.enrolment: !state.revoked.contains(request.key)
            default: false
            }
        }
        return isIn ? .allow(userID: userID) : .deny
    }

    /// Whether the sender of a message has a role; nobody without a user id has any.
    package func allows(_ role: Role, userID: String?) -> Bool {
        entry(ofUserID: userID)?.roles.contains(role) ?? false
    }

    /// What the sender may do: nothing, when it is unknown or was revoked.
    package func roles(ofUserID userID: String?) -> Set<Role> { entry(ofUserID: userID)?.roles ?? [] }

    /// The sender's entry; nil when it is unknown or was revoked.
    package func entry(ofUserID userID: String?) -> AccessEntry? {
        guard let userID else { return nil }
        return state.withLock { $0.active[userID] }
    }

    /// Changes the file, and goes by the change before it returns.
    ///
    /// - Throws: as `AccessFile.change`.
    package func change<Result>(_ body: (inout AccessTable) throws -> Result) throws -> Result {
        let result = try file.change(body)
        reloadIfChanged()
        return result
    }

    private func keep(_ state: inout State, _ problem: String) -> Reload {
        state.problem = problem
        return .kept(problem: problem)
    }
}
