/// Decides which ranges to ask of which peer next, and what to make of the answers.
///
/// It knows no socket, clock or file: ticks are milliseconds that the caller counts, and what it wants done comes out
/// of `takeRequests` and `takeEffects`, in that order of time in which they are to be done. A range counts against
/// the windows from the moment it is asked for until it is written (`written`), so that they bound memory.
package struct PullMachine: Sendable {
    /// One range asked of one peer.
    package struct Request: Hashable, Sendable {
        package let peer: TransferPeer
        package let number: UInt64
        package let name: BlobName
        package let offset: Int
        package let count: Int
    }

    /// What the caller is to do, in order. A transfer has the number of the wish that began it.
    package enum Effect: Hashable, Sendable {
        /// Open the sink, or start it over.
        case begin(PullID, byteCount: Int)
        /// All bytes are written: check and keep them, then call `verified`.
        case verify(PullID)
        /// Throw away what was written.
        case abandon(PullID)
        /// A wish has ended: without an error, the bytes are there.
        case settle(PullID, transfer: PullID, TransferError?)
        case event(TransferEvent)
    }

    /// What an answer was.
    package enum Reception: Hashable, Sendable {
        /// To be written at the offset the answer named; then `written` is to be called.
        case accepted(transfer: PullID)
        /// Its request was answered or given up before.
        case late
        /// It was never asked for, or of another peer.
        case unasked
        /// It is not what was asked for.
        case wrong
    }

    struct Transfer {
        let id: PullID
        let name: BlobName
        let byteCount: Int
        var wishes: [(id: PullID, urgency: Urgency)]
        /// The first one is asked.
        var peers: [TransferPeer]
        /// Counts the starts: what belongs to an earlier one is void.
        var start = 0
        /// The first byte never asked for since the start.
        var next = 0
        /// Ranges asked for in vain.
        var holes: [(offset: Int, count: Int)] = []
        var unwrittenByteCount: Int
        /// Requests that are not answered, or not written.
        var numbers: [UInt64] = []
        /// Who sent bytes since the start.
        var senders: [TransferPeer] = []
        /// Times that the first peer alone sent wrong bytes.
        var wrongCount = 0
        var wrongPeers: [TransferPeer] = []
        /// Times that bytes of several peers together were wrong.
        var mixedCount = 0
        var isVerifying = false
        /// The queue of the first peer that holds a valid entry.
        var queued: Urgency?

        var urgency: Urgency { wishes.map(\.urgency).min() ?? .prefetch }
        var hasMoreToAsk: Bool { next < byteCount || !holes.isEmpty }
    }

    struct PeerState {
        /// By urgency; entries may be stale.
        var queues = [Fifo](repeating: Fifo(), count: Urgency.allCases.count)
        /// Transfers that name it.
        var transferCount = 0
        var outstandingByteCount = 0
        var outstandingCount = 0
        /// Since when an answer is waited for, or when the last one came.
        var heardAt: UInt64 = 0
        /// Since when it has been silent without a word, counted over the rounds of asking again.
        var silentSince: UInt64?
        var busyUntil: UInt64 = 0
        var busyCount = 0
        /// Grows with quick answers and shrinks with silence: on a slow link a large range is taken for silence.
        var rangeByteCount: Int
        /// Grows and shrinks likewise, so that a slow link is not filled for minutes.
        var windowByteCount: Int
        /// Forgotten; it goes with its last range.
        var isGone = false
        var isInRotation = false
    }

    struct Outstanding {
        let request: Request
        let transfer: PullID
        let start: Int
        var sentAt: UInt64
        var isBeingWritten = false
    }

    package let limits: TransferLimits
    package private(set) var outstandingByteCount = 0
    package private(set) var peakOutstandingByteCount = 0
    package internal(set) var lateCount = 0
    package internal(set) var unaskedCount = 0
    package internal(set) var resentCount = 0
    package internal(set) var wrongBytesCount = 0
    package internal(set) var finishedCount = 0
    package internal(set) var failedCount = 0

    var transfers: [PullID: Transfer] = [:]
    var transferOfName: [BlobName: PullID] = [:]
    var transferOfWish: [PullID: PullID] = [:]
    var peers: [TransferPeer: PeerState] = [:]
    var requests: [UInt64: Outstanding] = [:]
    var effects: [Effect] = []
    /// Requests to be sent again.
    var resends: [Request] = []
    private let firstNumber: UInt64
    private var nextNumber: UInt64
    /// Peers with something queued, in turn.
    private var rotation: [TransferPeer] = []
    private var checkedAt: UInt64 = 0

    /// - Parameter firstNumber: of the requests; another one in each life, so that an answer to an earlier life is not
    ///   taken for one to this.
    package init(limits: TransferLimits = TransferLimits(), firstNumber: UInt64 = 1) {
        precondition((1...(1 << 20)).contains(limits.rangeByteCount), "a range has at most 1 MiB")
        self.limits = limits
        self.firstNumber = firstNumber
        nextNumber = firstNumber
    }

    /// Whether `advance` has something to watch: then it is to be called a few times a second.
    package var isWaiting: Bool { !requests.isEmpty || !rotation.isEmpty }

    /// Wishes that have not ended.
    package var wishCount: Int { transferOfWish.count }

    /// Bytes asked of one peer and not yet written.
    package func outstandingByteCount(of peer: TransferPeer) -> Int { peers[peer]?.outstandingByteCount ?? 0 }

    // MARK: Requests

    /// The requests to send now: one range of each peer in turn, as far as the windows go.
    package mutating func takeRequests(now: UInt64) -> [Request] {
        var taken = resends
        resends = []
        var isAnyTaken = true
        while isAnyTaken, !rotation.isEmpty {
            isAnyTaken = false
            for peer in rotation {
                guard let request = nextRequest(of: peer, now: now) else { continue }
                taken.append(request)
                isAnyTaken = true
            }
            rotation.removeAll { peer in
                guard let state = peers[peer] else { return true }
                let isEmpty = state.queues.allSatisfy(\.isEmpty)
                if isEmpty { peers[peer]?.isInRotation = false }
                return isEmpty
            }
        }
        // Whoever got the last of the global window is last in the next turn.
        if let last = taken.last?.peer, let index = rotation.firstIndex(of: last), index + 1 < rotation.count {
            rotation = Array(rotation[(index + 1)...] + rotation[...index])
        }
        return taken
    }

    /// What the caller is to do now, in order.
    package mutating func takeEffects() -> [Effect] {
        defer { effects = [] }
        return effects
    }

    private mutating func nextRequest(of peer: TransferPeer, now: UInt64) -> Request? {
        guard let state = peers[peer], now >= state.busyUntil, hasRoom(state) else { return nil }
        for urgency in Urgency.allCases {
            while let id = peers[peer]!.queues[urgency.rawValue].first {
                guard let transfer = transfers[id], transfer.queued == urgency, transfer.peers.first == peer,
                    transfer.hasMoreToAsk
                else {
                    dequeue(peer, urgency)
                    continue
                }
                return ask(id, of: peer, now: now)
            }
        }
        return nil
    }

    private mutating func dequeue(_ peer: TransferPeer, _ urgency: Urgency) {
        guard let id = peers[peer]?.queues[urgency.rawValue].removeFirst() else { return }
        if let transfer = transfers[id], transfer.queued == urgency, transfer.peers.first == peer {
            transfers[id]!.queued = nil
        }
    }

    private func hasRoom(_ state: PeerState) -> Bool {
        let range = state.rangeByteCount
        if outstandingByteCount > 0, outstandingByteCount + range > limits.totalWindowByteCount { return false }
        if state.outstandingCount == 0 { return true }
        // A peer that has fallen silent is tried with one range at a time.
        if state.silentSince != nil || state.outstandingCount >= limits.peerRequestCount { return false }
        return state.outstandingByteCount + range <= state.windowByteCount
    }

    private mutating func ask(_ id: PullID, of peer: TransferPeer, now: UInt64) -> Request {
        let limit = peers[peer]!.rangeByteCount
        let (offset, count) = transfers[id]!.takeRange(atMost: limit)
        let request = Request(
            peer: peer, number: nextNumber, name: transfers[id]!.name, offset: offset, count: count)
        nextNumber &+= 1
        transfers[id]!.numbers.append(request.number)
        requests[request.number] = Outstanding(
            request: request, transfer: id, start: transfers[id]!.start, sentAt: now)
        if peers[peer]!.outstandingCount == 0 { peers[peer]!.heardAt = now }
        peers[peer]!.outstandingByteCount += count
        peers[peer]!.outstandingCount += 1
        outstandingByteCount += count
        peakOutstandingByteCount = max(peakOutstandingByteCount, outstandingByteCount)
        return request
    }

    /// Takes a request off the books; what it counted is free again.
    mutating func release(_ number: UInt64) {
        guard let outstanding = requests.removeValue(forKey: number) else { return }
        transfers[outstanding.transfer]?.numbers.removeAll { $0 == number }
        outstandingByteCount -= outstanding.request.count
        peers[outstanding.request.peer]?.outstandingByteCount -= outstanding.request.count
        peers[outstanding.request.peer]?.outstandingCount -= 1
    }

    /// Whether a request of this number was made.
    func wasMade(_ number: UInt64) -> Bool { number &- firstNumber < nextNumber &- firstNumber }

    /// Puts a transfer with something left to ask into the queue of its first peer.
    mutating func enqueue(_ id: PullID) {
        guard let transfer = transfers[id], let peer = transfer.peers.first, transfer.hasMoreToAsk else { return }
        let urgency = transfer.urgency
        if transfer.queued == urgency { return }
        transfers[id]!.queued = urgency
        peers[peer]!.queues[urgency.rawValue].append(id)
        guard !peers[peer]!.isInRotation else { return }
        peers[peer]!.isInRotation = true
        rotation.append(peer)
    }

    // MARK: Time

    /// Looks for peers that have fallen silent. Ticks never go back.
    package mutating func advance(now: UInt64) {
        guard now >= checkedAt + min(50, limits.silenceMilliseconds / 4) else { return }
        checkedAt = now
        var silent: Set<TransferPeer> = []
        var lost: [UInt64] = []
        for (number, outstanding) in requests where !outstanding.isBeingWritten {
            guard let state = peers[outstanding.request.peer] else { continue }
            let quiet = now - min(now, max(outstanding.sentAt, state.heardAt))
            if quiet >= limits.silenceMilliseconds {
                silent.insert(outstanding.request.peer)
            } else if now - min(now, outstanding.sentAt) >= 8 * limits.silenceMilliseconds {
                lost.append(number)
            }
        }
        for number in lost.sorted() { resend(number, now: now) }
        for peer in silent.sorted(by: { $0.routingID.lexicographicallyPrecedes($1.routingID) }) {
            heardNothing(of: peer, now: now)
        }
    }

    mutating func resend(_ number: UInt64, now: UInt64) {
        guard let outstanding = requests[number] else { return }
        requests[number]!.sentAt = now
        resentCount += 1
        resends.append(outstanding.request)
    }

    /// Notes that one more transfer names a peer.
    mutating func addPeer(_ peer: TransferPeer) {
        let start = PeerState(
            rangeByteCount: min(256 << 10, limits.rangeByteCount),
            windowByteCount: min(1 << 20, limits.peerWindowByteCount))
        peers[peer, default: start].transferCount += 1
        peers[peer]!.isGone = false
    }

    mutating func removePeer(_ peer: TransferPeer) {
        guard peers[peer] != nil else { return }
        peers[peer]!.transferCount -= 1
        guard peers[peer]!.transferCount == 0 else { return }
        // The next wish finds it with a clean sheet, but for what is known of its link.
        peers[peer]!.silentSince = nil
        peers[peer]!.busyUntil = 0
        peers[peer]!.busyCount = 0
    }

    /// Drops the state of a forgotten peer when nothing refers to it.
    mutating func dropIfGone(_ peer: TransferPeer) {
        guard let state = peers[peer], state.isGone, state.transferCount == 0, state.outstandingCount == 0 else {
            return
        }
        peers[peer] = nil
        if state.isInRotation { rotation.removeAll { $0 == peer } }
    }
}

extension PullMachine.Transfer {
    mutating func takeRange(atMost limit: Int) -> (offset: Int, count: Int) {
        if var hole = holes.popLast() {
            if hole.count > limit {
                holes.append((hole.offset + limit, hole.count - limit))
                hole.count = limit
            }
            return hole
        }
        let range = (offset: next, count: min(limit, byteCount - next))
        next += range.count
        return range
    }

    /// Everything is to be asked for again.
    mutating func startOver() {
        start += 1
        next = 0
        holes = []
        unwrittenByteCount = byteCount
        senders = []
        isVerifying = false
        queued = nil
    }
}

/// A queue whose first element is taken in constant time.
struct Fifo: Sendable {
    private var elements: [PullID] = []
    private var head = 0

    var isEmpty: Bool { head == elements.count }
    var first: PullID? { isEmpty ? nil : elements[head] }

    mutating func append(_ id: PullID) { elements.append(id) }

    mutating func removeFirst() -> PullID? {
        guard let first else { return nil }
        head += 1
        if head > 64 && head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return first
    }
}
