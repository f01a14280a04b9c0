/// Something that happened to a job or to one of its tasks.
package struct TaskEvent: Codable, Sendable, Equatable {
    /// What happened. A text, so that a reader one version behind can show a kind it does not know.
    package struct Kind: RawRepresentable, Codable, Sendable, Hashable {
        package var rawValue: String

        package init(rawValue: String) { self.rawValue = rawValue }

        /// The job was accepted.
        package static let submitted = Kind(rawValue: "submitted")
        /// The job came to another stage; `detail` names it.
        package static let stage = Kind(rawValue: "stage")
        /// A worker was given the task.
        package static let started = Kind(rawValue: "started")
        /// A second worker was given the task, as the first is slow.
        package static let doubled = Kind(rawValue: "doubled")
        /// The result was accepted.
        package static let committed = Kind(rawValue: "committed")
        /// An earlier render had done the task.
        package static let reused = Kind(rawValue: "reused")
        /// The attempt ended without a result; `detail` says why.
        package static let failed = Kind(rawValue: "failed")
        /// The worker was lost, frozen or too slow: the task goes to another.
        package static let lost = Kind(rawValue: "lost")
        /// The result is gone or was wrong: the task is rendered again.
        package static let repeated = Kind(rawValue: "repeated")
        /// Something that somebody has to look at.
        package static let alarm = Kind(rawValue: "alarm")
        /// The job does not go on; `detail` says why.
        package static let waiting = Kind(rawValue: "waiting")
        /// The job is over; `detail` is its state.
        package static let ended = Kind(rawValue: "ended")
    }

    /// From 1 on, without gaps, in the order of happening.
    package var sequence: UInt64
    /// Since 1970. The clock may be set back; the sequence never goes back.
    package var atSeconds: Double
    package var kind: Kind
    /// Song, stage and segment in words; empty for the whole job.
    package var task: String
    package var worker: String?
    package var detail: String?

    package init(
        sequence: UInt64, atSeconds: Double, kind: Kind, task: String = "", worker: String? = nil,
        detail: String? = nil
    ) {
        self.sequence = sequence
        self.atSeconds = atSeconds
        self.kind = kind
        self.task = task
        self.worker = worker
        self.detail = detail
    }
}

/// The last events of one job, in memory: what `lathe watch` and `lathe status --history` read.
///
/// A value without a lock: its owner guards it. Memory grows with what happened, up to the capacity.
package struct TaskHistory: Sendable {
    /// Some of the events, oldest first.
    package struct Page: Codable, Sendable, Equatable {
        package var events: [TaskEvent]
        /// What to ask for next: `events(after: next)`.
        package var next: UInt64
        /// So many events after the asked sequence had been dropped already.
        package var missedCount: UInt64
        /// There is more to ask for now.
        package var hasMore: Bool

        package init(events: [TaskEvent], next: UInt64, missedCount: UInt64, hasMore: Bool) {
            self.events = events
            self.next = next
            self.missedCount = missedCount
            self.hasMore = hasMore
        }
    }

    /// Events kept of a job unless said otherwise.
    package static let defaultCapacity = 50_000
    /// Texts are cut to so many bytes.
    package static let textByteLimit = 400

    package let capacity: Int
    /// The sequence before the first event's.
    private let before: UInt64
    private var ring: [TaskEvent] = []
    /// Where the oldest event is once the ring is full.
    private var start = 0
    /// The sequence of the newest event; 0 before the first.
    package private(set) var lastSequence: UInt64 = 0

    /// - Parameters:
    ///   - firstSequence: of the first event. Larger than any of an earlier coordinator, it keeps those that asked then
    ///     from missing what happens now.
    ///   - capacity: at least 1.
    package init(firstSequence: UInt64 = 1, capacity: Int = TaskHistory.defaultCapacity) {
        precondition(capacity >= 1 && firstSequence >= 1, "a history keeps at least one event")
        before = firstSequence - 1
        lastSequence = before
        self.capacity = capacity
    }

    /// Adds an event; the oldest makes room. Answers its sequence.
    @discardableResult
    package mutating func append(
        at seconds: Double, _ kind: TaskEvent.Kind, task: String = "", worker: String? = nil, detail: String? = nil
    ) -> UInt64 {
        lastSequence += 1
        let event = TaskEvent(
            sequence: lastSequence, atSeconds: seconds, kind: kind, task: Self.cut(task), worker: worker.map(Self.cut),
            detail: detail.map(Self.cut))
        if ring.count < capacity {
            ring.append(event)
        } else {
            ring[start] = event
            start = (start + 1) % capacity
        }
        return lastSequence
    }

    /// The events after a sequence, at most `limit` of them, oldest first.
    ///
    /// A sequence of the future (a client that knew an earlier coordinator) starts again with the oldest event kept.
    package func events(after sequence: UInt64, limit: Int) -> Page {
        precondition(limit >= 1, "a page has room for an event")
        let oldest = lastSequence - UInt64(ring.count)
        let asked = sequence > lastSequence ? before : max(before, sequence)
        let from = max(asked, oldest)
        let count = min(limit, Int(lastSequence - from))
        let first = Int(from - oldest)
        let events = (first..<first + count).map { ring[(start + $0) % ring.count] }
        let next = from + UInt64(count)
        return Page(events: events, next: next, missedCount: from - asked, hasMore: next < lastSequence)
    }

    /// The newest events, at most `limit` of them, oldest first.
    package func newest(_ limit: Int) -> Page {
        precondition(limit >= 1, "a page has room for an event")
        return events(after: lastSequence - UInt64(min(limit, ring.count)), limit: limit)
    }

    /// Forgets all but the newest events, so that a job that ended long ago takes little memory.
    package mutating func keepNewest(_ limit: Int) {
        guard ring.count > limit else { return }
        ring = newest(limit).events
        start = 0
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > textByteLimit else { return text }
        var end = text.startIndex
        var room = textByteLimit - 3
        while end < text.endIndex {
            let length = text[end].utf8.count
            guard length <= room else { break }
            room -= length
            end = text.index(after: end)
        }
        return text[..<end] + "..."
    }
}
