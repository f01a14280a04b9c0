import Foundation
package import ZeroMQ

/// How a machine's key gets into the table by a one-time token.
///
/// The machine connects to the enrolment endpoint with its own key, insisting on the server key that the token
/// names, and sends one message: magic, the token's secret, the name that it would like (may be empty). The answer
/// is magic, 1 or 0, its name or the reason, its roles. The key is the one that CURVE proved, never one that a
/// message claims.
package enum Enrolment {
    static let magic = Array("LEN1".utf8)
    static let maximumTextByteCount = 255

    /// Serves enrolment at an endpoint until the service is stopped.
    ///
    /// - Parameters:
    ///   - endpoint: `FarmEndpoint.enrolment`.
    ///   - context: one in which an `Authenticator` asks `access`.
    ///   - report: called on the service's thread with what is worth a line in the log.
    /// - Throws: `ZeroMQError` when the endpoint cannot be bound.
    package static func serve(
        at endpoint: String, in context: Context, keys: CurveKeyPair, access: AccessControl,
        report: @escaping @Sendable (EnrolmentEvent) -> Void = { _ in }
    ) throws -> EnrolmentService {
        try EnrolmentService(endpoint: endpoint, context: context, keys: keys, access: access, report: report)
    }

    /// Presents a token and, once accepted, keeps the farm's key in the ring.
    ///
    /// A lost answer does no harm: the same key may present the same token again.
    ///
    /// - Parameters:
    ///   - endpoint: `FarmEndpoint.enrolment`.
    ///   - suffix: what this machine wants to be called behind the invitation's name.
    /// - Returns: the name and the roles that it has now.
    /// - Throws: `FarmKeysError` `exists` where the ring belongs to another farm, `refused`, `noAnswer`, `invalid`;
    ///   `ZeroMQError`.
    package static func enrol(
        _ invitation: Invitation, at endpoint: String, ring: KeyRing, suffix: String? = nil,
        timeoutMilliseconds: Int = 10_000
    ) throws -> (name: String, roles: Set<Role>) {
        if let saved = try ring.savedFarmKey(), saved != invitation.serverKey {
            // Said before the token is used up.
            try ring.saveFarmKey(invitation.serverKey)
        }
        let context = try Context()
        var options = SocketOptions()
        options.security = .curveClient(server: invitation.serverKey, own: ring.keys)
        options.maximumFrameByteCount = 1024
        options.maximumFrameCount = 4
        let socket = try Socket(.dealer, in: context, options: options)
        let monitor = try ConnectionMonitor(of: socket)
        try socket.connect(to: endpoint)
        let question = [magic, invitation.secret, Array((suffix ?? "").utf8)]
        let deadline = DispatchTime.now().uptimeNanoseconds + UInt64(max(0, timeoutMilliseconds)) * 1_000_000
        var poller = Poller()
        let registration = poller.add(socket, for: .writable)
        _ = poller.add(monitor.socket)
        var isSent = false
        while true {
            while let event = try monitor.next() {
                guard event == .refused else { continue }
                throw FarmKeysError(
                    .refused, "the coordinator refuses this machine's key: it was revoked. Make new keys (--keys)")
            }
            if !isSent, try socket.send(frames: question) == .sent {
                isSent = true
                poller.change(registration, to: .readable)
            }
            if isSent, let answer = try socket.receive() {
                let accepted = try understand(answer)
                try ring.saveFarmKey(invitation.serverKey)
                return accepted
            }
            let now = DispatchTime.now().uptimeNanoseconds
            guard now < deadline else { break }
            _ = try poller.wait(timeoutMilliseconds: Int((deadline - now) / 1_000_000) + 1)
        }
        throw FarmKeysError(
            .noAnswer,
            "no answer from \(endpoint) in \(timeoutMilliseconds / 1000) s. Is the coordinator running, is that port "
                + "open (two above the farm's own), and is the token this coordinator's?")
    }

    /// - Throws: `refused` with the coordinator's reason; `invalid` for an answer that is none.
    package static func understand(_ frames: [[UInt8]]) throws -> (name: String, roles: Set<Role>) {
        guard frames.count == 4, frames[0] == magic, frames.allSatisfy({ $0.count <= maximumTextByteCount }),
            let text = String(validating: frames[2], as: UTF8.self),
            let roleText = String(validating: frames[3], as: UTF8.self)
        else { throw FarmKeysError(.invalid, "the coordinator's answer is none; is it of another version?") }
        if frames[1] == [0] {
            let known = EnrolmentRefusal(rawValue: text)
            throw FarmKeysError(.refused, known?.remedy ?? "the coordinator refused, for a reason unknown here")
        }
        let roles = roleText.split(separator: ",", omittingEmptySubsequences: false).map { Role(rawValue: String($0)) }
        guard frames[1] == [1], AccessTable.isName(text), roles.count <= Role.allCases.count,
            roles.allSatisfy({ $0 != nil })
        else { throw FarmKeysError(.invalid, "the coordinator's answer is none; is it of another version?") }
        return (text, Set(roles.compactMap { $0 }))
    }
}

/// The one thing that a machine can say to the enrolment endpoint, as it arrives: magic, secret, wished name.
package struct EnrolmentQuestion: Sendable, Hashable {
    let secret: [UInt8]
    /// What it wants to be called behind the invitation's name; nil for just that.
    package let suffix: String?

    /// nil for what is no question.
    package init?(_ frames: [[UInt8]]) {
        guard frames.count == 3, frames[0] == Enrolment.magic, frames[1].count == Invitation.secretByteCount,
            let suffix = String(validating: frames[2], as: UTF8.self), suffix.isEmpty || AccessTable.isName(suffix)
        else { return nil }
        secret = frames[1]
        self.suffix = suffix.isEmpty ? nil : suffix
    }
}

/// Why a coordinator refused an enrolment.
package enum EnrolmentRefusal: String, Sendable, Hashable, CaseIterable {
    case invalidToken = "invalid-token"
    case nameTaken = "name-taken"
    case keyKnown = "key-known"
    case tableFull = "table-full"
    case tooManyAttempts = "too-many-attempts"
    case notWritten = "not-written"

    /// What the machine's owner can do.
    package var remedy: String {
        switch self {
        case .invalidToken: "the token is not valid: unknown, used, or expired. Ask for a new invitation"
        case .nameTaken: "the name is taken. Ask for an invitation with another one, or wish for another one"
        case .keyKnown: "the coordinator knows this key already. `lathe keys allow` there changes what it may do"
        case .tableFull: "the coordinator's table is full"
        case .tooManyAttempts: "too many attempts. Try again in a minute"
        case .notWritten: "the coordinator could not write its table; its log says why. The token is still good"
        }
    }

    init(_ refusal: AccessTable.Refusal) {
        self =
            switch refusal {
            case .invalidToken: .invalidToken
            case .nameTaken: .nameTaken
            case .keyKnown: .keyKnown
            case .full: .tableFull
            }
    }
}

/// What an enrolment service has to say.
package enum EnrolmentEvent: Sendable {
    case accepted(AccessEntry, address: String)
    /// `detail` is for the log only.
    case refused(EnrolmentRefusal, key: CurveKey, address: String, detail: String?)
    /// A message that is no question; its sender gets no answer.
    case malformed(address: String)
    /// The service ended by itself.
    case failed(String)
}

/// How often one may try: a window of a minute, so many for each address and so many in all.
package struct EnrolmentLimiter {
    /// Attempts of one address in a window.
    package static let perAddress = 10
    /// Attempts of all addresses in a window.
    package static let inAll = 100
    private static let windowSeconds = 60.0

    private var windowStart = -Double.infinity
    private var counts: [String: Int] = [:]
    private var total = 0

    package init() {}

    /// Counts an attempt, and says whether it may be made. The table of addresses never has more than `inAll` lines.
    package mutating func admits(_ address: String, atSeconds now: Double) -> Bool {
        if now - windowStart >= Self.windowSeconds || now < windowStart {
            windowStart = now
            counts.removeAll(keepingCapacity: true)
            total = 0
        }
        guard total < Self.inAll, counts[address, default: 0] < Self.perAddress else { return false }
        counts[address, default: 0] += 1
        total += 1
        return true
    }
}
