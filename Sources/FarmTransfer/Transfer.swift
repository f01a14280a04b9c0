/// Who is at the other end of a data socket, by the routing id of its socket.
///
/// A restart of a process is a new peer: its routing id holds the number of its life.
package struct TransferPeer: Hashable, Sendable, CustomStringConvertible {
    /// 1 to 255 bytes, the first one not zero; empty for the coordinator.
    package let routingID: [UInt8]

    package init(routingID: [UInt8]) { self.routingID = routingID }

    /// The one peer of every `TransferLink`.
    package static let coordinator = TransferPeer(routingID: [])

    /// The routing id in hexadecimal digits.
    package var description: String {
        if routingID.isEmpty { return "coordinator" }
        return routingID.map { byte in
            let digits = String(byte, radix: 16)
            return byte < 16 ? "0" + digits : digits
        }.joined()
    }
}

/// One wish for a blob. Several wishes for the same name share one transfer.
package struct PullID: Hashable, Sendable, Comparable {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: PullID, b: PullID) -> Bool { a.rawValue < b.rawValue }
}

/// What is asked for first.
package enum Urgency: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// A render waits for it.
    case needed = 0
    /// It will be wanted later.
    case prefetch = 1

    /// The more urgent one is the smaller.
    package static func < (a: Urgency, b: Urgency) -> Bool { a.rawValue < b.rawValue }
}

/// Why a peer does not hand over a range.
package enum Unavailability: UInt8, Sendable, Hashable, Error {
    /// It has no such blob.
    case unknown = 1
    /// It had, and the bytes are gone, damaged or changed since they were hashed.
    case unreadable = 2
    /// It does not give this blob to this peer.
    case refused = 3
    /// Not now: ask again in a moment.
    case busy = 4
}

/// How a transfer ended without its bytes.
package enum TransferError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The last peer that was asked said so.
    case unavailable(Unavailability, TransferPeer)
    /// These peers sent bytes that are not those of the name, twice each.
    case wrongBytes([TransferPeer])
    /// The peer's blob of this name has another size than was said.
    case wrongSize(TransferPeer, byteCount: Int)
    /// The peer left (`forget`), and there is no other.
    case gone(TransferPeer)
    /// The peer did not answer for as long as `TransferLimits.patienceMilliseconds`.
    case silent(TransferPeer)
    /// The bytes could not be kept here; `isDiskFull` where room would help.
    case sink(String, isDiskFull: Bool)
    /// The size is beyond what is transferred at all, or differs from that of a transfer under way.
    case sizeRefused(byteCount: Int)
    case cancelled
    /// The hub or link was stopped.
    case stopped

    package var description: String {
        switch self {
        case .unavailable(let reason, let peer): "\(peer) says: \(reason)"
        case .wrongBytes(let peers): "wrong bytes from \(peers.map(\.description).joined(separator: ", "))"
        case .wrongSize(let peer, let byteCount): "the blob of \(peer) has \(byteCount) bytes, not what was said"
        case .gone(let peer): "\(peer) is gone"
        case .silent(let peer): "\(peer) does not answer"
        case .sink(let message, _): message
        case .sizeRefused(let byteCount): "a blob of \(byteCount) bytes is refused"
        case .cancelled: "cancelled"
        case .stopped: "stopped"
        }
    }
}

/// What one peer may ask for.
package struct TransferRights: Sendable {
    package var mayAskForParts: Bool
    package var mayAskForSources: Bool
    /// Whether it may have a file of a job's delivery. Called on the hub's thread.
    package var mayAskForDeliverable: @Sendable (_ job: UInt64, _ file: Int) -> Bool

    package init(
        mayAskForParts: Bool, mayAskForSources: Bool,
        mayAskForDeliverable: @escaping @Sendable (_ job: UInt64, _ file: Int) -> Bool = { _, _ in false }
    ) {
        self.mayAskForParts = mayAskForParts
        self.mayAskForSources = mayAskForSources
        self.mayAskForDeliverable = mayAskForDeliverable
    }

    /// Parts and sources.
    package static let worker = TransferRights(mayAskForParts: true, mayAskForSources: true)

    /// The deliverables that the closure allows.
    package static func client(_ allows: @escaping @Sendable (_ job: UInt64, _ file: Int) -> Bool) -> TransferRights {
        TransferRights(mayAskForParts: false, mayAskForSources: false, mayAskForDeliverable: allows)
    }

    /// Whatever there is: what a link gives its coordinator.
    package static let all = TransferRights(mayAskForParts: true, mayAskForSources: true) { _, _ in true }

    /// Whether the peer may ask for the blob.
    package func allow(_ name: BlobName) -> Bool {
        switch name {
        case .part: mayAskForParts
        case .source: mayAskForSources
        case .deliverable(let job, let file): mayAskForDeliverable(job, file)
        }
    }
}

/// The bounds of a hub or a link.
package struct TransferLimits: Sendable {
    /// The largest range of one request, in bytes; at most 1 MiB.
    package var rangeByteCount = 1 << 20
    /// Bytes asked of one peer and not yet written here.
    package var peerWindowByteCount = 8 << 20
    /// Bytes asked of all peers together and not yet written here.
    package var totalWindowByteCount = 256 << 20
    /// Requests under way with one peer, however small.
    package var peerRequestCount = 256
    /// A request is sent again when the peer has said nothing for this long.
    package var silenceMilliseconds: UInt64 = 5_000
    /// A peer that has said nothing for this long is given up; nil: never, as for a link, whose coordinator comes
    /// back.
    package var patienceMilliseconds: UInt64? = 30_000
    /// Requests of one peer that wait to be served; beyond it they are answered with `busy`.
    package var servedRequestCount = 512
    /// Peers that a hub remembers at once; messages of more are dropped and counted.
    package var peerCount = 4_096

    package init() {}

    /// The largest blob, in bytes.
    static let blobByteCount = 1 << 40
}

/// What has happened since the start; bytes are payload.
package struct TransferCounters: Sendable, Hashable {
    package var receivedByteCount = 0
    package var sentByteCount = 0
    package var servedRequestCount = 0
    /// Requests that rights forbade, or of peers without any.
    package var refusedCount = 0
    /// Requests answered with `unknown`, `unreadable` or `busy`.
    package var unavailableCount = 0
    /// Messages that no peer of ours can have sent.
    package var malformedCount = 0
    /// Answers to requests that were answered or cancelled before.
    package var lateCount = 0
    /// Answers to requests that were never made, or of another peer.
    package var unaskedCount = 0
    package var resentCount = 0
    /// Blobs whose bytes were not those of their name.
    package var wrongBytesCount = 0
    package var finishedCount = 0
    package var failedCount = 0
    /// Sends put off because a peer's queue was full, or it was not there.
    package var blockedCount = 0
    /// Messages dropped since a peer's queue here was full.
    package var droppedCount = 0
    /// The most bytes that were ever outstanding at once.
    package var peakOutstandingByteCount = 0

    package init() {}
}

/// What is worth a line in a log. At most 20 a second are told; the counters count all.
package enum TransferEvent: Sendable, Hashable {
    case malformed(TransferPeer, String)
    case refused(TransferPeer, BlobName)
    /// The source had the blob and could not read it.
    case unreadable(TransferPeer, BlobName)
    case unasked(TransferPeer)
    /// A whole blob arrived with bytes that are not those of its name.
    case wrongBytes(TransferPeer, BlobName)
    case silent(TransferPeer)
    /// The socket failed; the hub or link has stopped.
    case failed(String)
}
