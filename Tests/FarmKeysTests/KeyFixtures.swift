import FarmKeys
import Foundation
import Synchronization
import TestSupport
import Testing
import ZeroMQ

/// A number generator of the tests: the same numbers every time.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

/// The moment at which tests take place.
let noon = Date(timeIntervalSince1970: 1_800_000_000)

/// A directory for keys inside a temporary one.
func keyDirectory(_ temporary: TemporaryDirectory, _ name: String = "keys") -> String { temporary.path + "/" + name }

/// The code of the error that `body` throws.
func code(_ body: () throws -> Void) -> FarmKeysError.Code? {
    do {
        try body()
        return nil
    } catch { return (error as? FarmKeysError)?.code }
}

func permissions(_ path: String) throws -> Int {
    try #require(
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
}

func newKey() throws -> CurveKey { try CurveKeyPair.generate().publicKey }

/// A coordinator as far as keys go: its ring, its table, its authenticator, and enrolment on a free port.
final class EnrolmentDeskFixture {
    let temporary: TemporaryDirectory
    let ring: KeyRing
    let access: AccessControl
    let file: AccessFile
    let context: Context
    let authenticator: Authenticator
    let service: EnrolmentService
    let events = Events()

    final class Events: Sendable {
        private let all = Mutex<[String]>([])
        func add(_ event: EnrolmentEvent) {
            let text =
                switch event {
                case .accepted(let entry, _): "accepted \(entry.name)"
                case .refused(let refusal, _, _, _): "refused \(refusal.rawValue)"
                case .malformed: "malformed"
                case .failed: "failed"
                }
            all.withLock { $0.append(text) }
        }
        var texts: [String] { all.withLock { $0 } }
    }

    init() throws {
        temporary = try TemporaryDirectory("keys")
        ring = try KeyRing.create(directory: keyDirectory(temporary, "coordinator"))
        file = AccessFile(directory: ring.directory)
        access = try AccessControl(directory: ring.directory)
        context = try Context()
        let (access, events) = (access, events)
        authenticator = try Authenticator(in: context) { access.verdict(for: $0) }
        service = try Enrolment.serve(
            at: "tcp://127.0.0.1:*", in: context, keys: ring.keys, access: access, report: { events.add($0) })
    }

    deinit {
        service.stop()
        authenticator.stop()
    }

    func machine(_ name: String) throws -> KeyRing {
        try KeyRing.create(directory: keyDirectory(temporary, name))
    }

    func invitation(_ name: String, roles: Set<Role> = [.work], expiresAt: Date = .distantFuture) throws -> Invitation {
        let invitation = Invitation(serverKey: ring.keys.publicKey)
        try file.change { try $0.invite(invitation, name: name, roles: roles, expiresAt: expiresAt, at: Date()) }
        return invitation
    }

    func enrol(
        _ invitation: Invitation, _ ring: KeyRing, suffix: String? = nil, timeoutMilliseconds: Int = 5000
    ) throws -> (name: String, roles: Set<Role>) {
        try Enrolment.enrol(
            invitation, at: service.endpoint, ring: ring, suffix: suffix, timeoutMilliseconds: timeoutMilliseconds)
    }
}
