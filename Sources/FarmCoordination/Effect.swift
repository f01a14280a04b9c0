package import FarmProtocol
package import Quantities
package import RenderPlan

/// Everything that the coordinator asks of its host, to be done in the order given.
package enum Effect: Sendable, Hashable {
    case send(Peer, FarmMessage)
    /// Compute the task's key, read the ledger, answer with `Input.lookedUp`. Records persisted before this
    /// effect count, synced or not.
    case lookUp(LookUp)
    /// Append to the ledger; answer with `Input.persisted` once synced. Records are synced in order.
    case persist(EntryID, LedgerRecord)
    /// The bytes may not be evicted.
    case pin(Pin)
    case unpin(Pin)
    /// These bytes were found missing or wrong: forget them.
    case discard(JobID, [Digest])
    /// Give the window to the deliverables' writer; it answers `consumed` or `undeliverable` with the number.
    case deliver(Delivery)
    /// Windows from this segment on were wrong: the writer goes back to it, and to its temporary name. A
    /// delivery of this program that it has not answered yet is void.
    case rewind(JobID, ProgramID, toSegment: Int)
    /// End this worker's process, by force (embedded farm); elsewhere it was told to leave.
    case kill(Peer, Refusal)
    case alarm(Alarm)
    case wake(at: Tick)
    case publish(FarmEvent)
}

/// Number of a ledger record in one life of the coordinator; records are synced in this order.
package struct EntryID: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let rawValue: UInt64
    package init(_ rawValue: UInt64) { self.rawValue = rawValue }
    package static func < (a: EntryID, b: EntryID) -> Bool { a.rawValue < b.rawValue }
    package var description: String { "e\(rawValue)" }
}

/// What a task's key is made of.
package struct LookUp: Sendable, Hashable {
    package let number: UInt64
    package let job: JobID
    package let task: TaskID
    /// Results of its dependencies, in the order of its shape.
    package let inputs: [TaskResult]
    /// The state at its start; nil at frame 0 and in programs without state.
    package let snapshot: Digest?
}

/// What goes into the ledger.
package enum LedgerRecord: Sendable, Hashable {
    case accepted(JobID)
    case result(LedgerEntry)
    /// The entry under this key was wrong or descends from a wrong one.
    case dropped(TaskKey)
    /// Every window of this deliverable was written.
    case delivered(JobID, ProgramID)
    case ended(JobID, JobOutcome)
}

/// A key's result with its provenance.
package struct LedgerEntry: Sendable, Hashable {
    package let key: TaskKey
    package let result: TaskResult
    package let job: JobID
    package let task: TaskID
    package let peer: Peer
    package let costMicroseconds: Int

    package init(key: TaskKey, result: TaskResult, job: JobID, task: TaskID, peer: Peer, costMicroseconds: Int) {
        self.key = key
        self.result = result
        self.job = job
        self.task = task
        self.peer = peer
        self.costMicroseconds = costMicroseconds
    }
}

/// Bytes of one result that a live job will still read.
package struct Pin: Sendable, Hashable {
    package enum Kind: UInt8, Sendable, Hashable { case outputs, snapshot }
    package let job: JobID
    package let task: TaskID
    package let kind: Kind
    package let digests: [Digest]
}

/// A window for the deliverables' writer.
///
/// Windows of one program come in order, one at a time.
package struct Delivery: Sendable, Hashable {
    package let number: UInt64
    package let job: JobID
    package let task: TaskID
    package let result: TaskResult
}

/// How a job ended.
package enum JobOutcome: Sendable, Hashable {
    /// Everything that could be rendered was; songs that could not are listed.
    case finished(failures: [TaskFailure])
    case cancelled
    case stopped(reason: String)
}

/// A task that was given up, and its song with it.
package struct TaskFailure: Sendable, Hashable {
    package let task: TaskID
    package let song: Int
    package let reason: String
}

/// Something that must never happen, happened.
///
/// Exit code 4.
package enum Alarm: Sendable, Hashable {
    /// Two results for one key. A third run decides.
    case disputed(JobID, TaskID, TaskKey, [Claim])
    /// The third run's verdict: the standing result, whose claims were wrong, how many results were dropped as
    /// descendants, and which deliverables had already been given windows that descend from a wrong one.
    case settled(
        JobID, TaskID, TaskKey, standing: TaskResult, wrong: [WorkerID], droppedCount: Int,
        touchedDeliverables: [ProgramID])
    /// No two runs agree.
    case undecided(JobID, TaskID, TaskKey, [Claim])
}

/// Who said what in a dispute; nobody is named where the ledger does not say who made it.
package struct Claim: Sendable, Hashable {
    package let peer: Peer?
    package let result: TaskResult
}

/// News for whoever watches.
///
/// Claims among them (accepted, delivered, ended) come only after the ledger's sync.
package enum FarmEvent: Sendable, Hashable {
    case accepted(JobID)
    case rejected(JobID, reason: String)
    case joined(Peer)
    case left(Peer, counted: Bool)
    case reused(JobID, TaskID)
    case committed(JobID, TaskID, costMicroseconds: Int)
    /// Ran again because bytes were missing or for an audit, with the same digests.
    case repeated(JobID, TaskID)
    /// Every segment of the program has a result: what waits for it (measurements) may be read.
    case completed(JobID, ProgramID)
    /// A dispute took results back. Whoever extended the job from values of these programs must start it anew.
    case retracted(JobID, [ProgramID])
    case attemptFailed(JobID, TaskID, Peer, counted: Bool, reason: String)
    case songFailed(JobID, TaskFailure)
    case distrusted(WorkerID)
    /// An operator shut the worker out, or let it in again.
    case quarantined(WorkerID)
    case pardoned(WorkerID)
    /// A hello was answered with a refusal.
    case turnedAway(Peer, Refusal, reason: String)
    /// A run was given to a worker, or lengthened: so many segments from this task on. A second run is one of a
    /// segment that another worker takes too long over.
    case granted(JobID, TaskID, segmentCount: Int, Peer, isSecondRun: Bool)
    case paused(JobID)
    case resumed(JobID)
    /// The worker was lost again and again: it gets no work for so long.
    case resting(Peer, ticks: Int)
    /// A result or report that came under no lease of its sender.
    case refused(Peer, LeaseID)
    /// Every window of the deliverable was consumed and recorded: it may get its final name.
    case delivered(JobID, ProgramID)
    case ended(JobID, JobOutcome)
}
