package import FarmKeys
import Foundation
import Logging
import Synchronization
package import ZeroMQ

/// What a farm with keys asks of whoever comes, and what each side brings.
///
/// A coordinator's: the connection proves a key (CURVE, ZAP), and every message is looked at with that key's roles as
/// they are at that moment.
package final class FarmSecurity: Sendable {
    private let ring: KeyRing
    private let access: AccessControl
    private let endpoint: FarmEndpoint
    private let running = Mutex<(authenticator: Authenticator?, enrolment: EnrolmentService?)>((nil, nil))

    private init(ring: KeyRing, access: AccessControl, endpoint: FarmEndpoint) {
        self.ring = ring
        self.access = access
        self.endpoint = endpoint
    }

    /// For a coordinator; nil where it needs no keys, since only this machine reaches it.
    ///
    /// - Throws: `ServiceError` for an endpoint that others reach where there are no keys; `FarmKeysError`.
    package static func server(of endpoint: FarmEndpoint, keysDirectory: String?) throws -> FarmSecurity? {
        // `ipc://` is guarded by its directory's permissions.
        if endpoint.control.hasPrefix("ipc://") { return nil }
        let directory = keysDirectory ?? defaultDirectory
        let ring: KeyRing
        do {
            ring = try KeyRing(directory: directory)
        } catch let error as FarmKeysError where error.code == .absent {
            if endpoint.isLocal, keysDirectory == nil { return nil }
            throw ServiceError(
                "\(endpoint) can be reached from other machines, and \(directory) has no keys: whoever came could"
                    + " submit and render. `lathe keys new` makes them; or bind tcp://127.0.0.1:7700 for this machine"
            )
        }
        return FarmSecurity(ring: ring, access: try AccessControl(directory: ring.directory), endpoint: endpoint)
    }

    /// A client's side: its own key and the farm's, where it has them. A farm of this machine may have none.
    package static func client(of endpoint: FarmEndpoint, keysDirectory: String?) throws -> SocketSecurity {
        try own(of: endpoint, keysDirectory)?.security ?? .none
    }

    /// A worker's lasting number and its side of the connection.
    package static func worker(
        of endpoint: FarmEndpoint, keysDirectory: String?, directory: String, slot: Int
    ) throws -> (number: UInt64, security: SocketSecurity) {
        if let own = try own(of: endpoint, keysDirectory) {
            return (WorkerIdentity.number(of: own.key, slot: slot), own.security)
        }
        return (try anonymousNumber(directory) << 16 | UInt64(slot), .none)
    }

    private static func own(
        of endpoint: FarmEndpoint, _ keysDirectory: String?
    ) throws -> (key: CurveKey, security: SocketSecurity)? {
        if endpoint.control.hasPrefix("ipc://") { return nil }
        let directory = keysDirectory ?? defaultDirectory
        do {
            let ring = try KeyRing(directory: directory)
            // On the coordinator's own machine the ring may be the coordinator's.
            let isOwnFarm = FileManager.default.fileExists(atPath: directory + "/allowed.json")
            guard let farm = try ring.savedFarmKey() ?? (isOwnFarm ? ring.keys.publicKey : nil) else {
                if endpoint.isLocal { return nil }
                _ = try ring.farmKey()
                return nil
            }
            return (ring.keys.publicKey, .curveClient(server: farm, own: ring.keys))
        } catch let error as FarmKeysError where error.code == .absent && endpoint.isLocal && keysDirectory == nil {
            return nil
        }
    }

    /// Without keys a worker's directory is its name.
    private static func anonymousNumber(_ directory: String) throws -> UInt64 {
        let path = directory + "/worker.id"
        if let data = FileManager.default.contents(atPath: path),
            let number = UInt64(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)),
            number < 1 << 48
        {
            return number
        }
        let number = UInt64.random(in: 1..<(1 << 48))
        try writeDurably(Array("\(number)\n".utf8), to: path)
        return number
    }

    private static var defaultDirectory: String {
        KeyRing.defaultDirectory(environment: ProcessInfo.processInfo.environment)
    }

    // MARK: - The coordinator's gate

    var serverSecurity: SocketSecurity { .curveServer(ring.keys, domain: FarmDomain.farm) }

    /// Guards the context's sockets, which are bound afterwards, and takes new keys in.
    func start(_ context: Context, logger: Logger) throws {
        let access = access
        let authenticator = try Authenticator(in: context) { access.verdict(for: $0) }
        let enrolment = try Enrolment.serve(
            at: endpoint.enrolment, in: context, keys: ring.keys, access: access
        ) { event in
            logger.notice("enrolment", metadata: ["event": "\(event)"])
        }
        running.withLock { $0 = (authenticator, enrolment) }
    }

    func stop() {
        let (authenticator, enrolment) = running.withLock { running in
            defer { running = (nil, nil) }
            return running
        }
        enrolment?.stop()
        authenticator?.stop()
    }

    /// Whether the owner of a key may speak for a worker.
    func mayWork(_ userID: String?, as number: UInt64) -> Bool {
        guard let entry = access.entry(ofUserID: userID), entry.roles.contains(.work) else { return false }
        return WorkerIdentity.isOwned(number, by: entry.key)
    }

    /// Whether some key that may work owns this worker's number.
    func mayStillWork(as number: UInt64) -> Bool { owner(of: number) != nil }

    func entry(_ userID: String?) -> AccessEntry? { access.entry(ofUserID: userID) }

    func workerName(_ number: UInt64) -> String? { owner(of: number)?.name }

    private func owner(of number: UInt64) -> AccessEntry? {
        access.table.entries.first {
            $0.revokedAt == nil && $0.roles.contains(.work) && WorkerIdentity.isOwned(number, by: $0.key)
        }
    }

    var refusedConnectionCount: Int { running.withLock { $0.authenticator?.counts.refusedCount ?? 0 } }

    func reload(_ logger: Logger) {
        switch access.reloadIfChanged() {
        case .unchanged: break
        case .reloaded: logger.notice("keys were changed")
        case .kept(let problem): logger.error("keys cannot be read", metadata: ["reason": "\(problem)"])
        }
    }
}
