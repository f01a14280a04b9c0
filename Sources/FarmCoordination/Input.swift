package import FarmProtocol
package import Quantities
package import RenderPlan

/// Everything that can happen to the coordinator.
package enum Input: Sendable, Hashable {
    /// At start and at every tick asked for by `Effect.wake`.
    case timer
    case message(from: Peer, FarmMessage)
    /// The transport saw the connection go, or could not send; if nothing is heard for `Policy.lostLinkTicks`, the
    /// worker is given up.
    case linkLost(Peer)
    /// The host saw the process end (embedded workers).
    case exited(Peer, ProcessEnd)
    /// A RESULT whose bytes are verified and in the store.
    ///
    /// They are not pinned yet: the host keeps them until it is to send COMMIT or DROP for the result, or END
    /// for its lease.
    case stored(from: Peer, ResultReport)
    /// A RESULT whose bytes did not match their digests.
    case unverified(from: Peer, ResultName)
    case submit(JobSpecification)
    /// Programs that became known later; they may read every earlier program.
    case extend(JobID, [ProgramShape])
    /// No further programs will come.
    case close(JobID)
    case cancel(JobID)
    /// Its runs end at their next boundary; results are kept, and so is its place.
    case pause(JobID)
    case resume(JobID)
    /// Smaller goes first; runs of less important jobs end at their next boundary where nobody is idle.
    case reprioritise(JobID, Int)
    /// The worker finishes its segment, hands back the rest and leaves.
    case drain(WorkerID)
    /// No work for it any more, whatever life of it comes, until it is pardoned. What it did is kept.
    case quarantine(WorkerID)
    case pardon(WorkerID)
    /// The key of this peer was revoked: it is gone, and does not come back.
    case revoked(Peer)
    case lookedUp(LookUpAnswer)
    /// Bytes that a job has just had pinned were gone by then: others had evicted them, or the store itself.
    case absent(JobID, [Digest])
    /// The deliverables' writer has taken over a window's bytes.
    case consumed(delivery: UInt64)
    /// The deliverables' writer, reading `delivery`, found these bytes missing or wrong.
    case undeliverable(delivery: UInt64, [Digest])
    /// Every ledger record up to this one is synced.
    case persisted(EntryID)
    /// What the store can still take, in bytes; absent until first said means "enough".
    case storeSpace(freeBytes: Int)
}

/// How a worker process ended.
package enum ProcessEnd: Sendable, Hashable {
    case code(Int32)
    case signal(Int32)

    /// Signals of the process's own making count against the task: ILL 4, ABRT 6, BUS 7, FPE 8, SEGV 11
    /// (signal(7), Linux on x86-64 and arm64).
    ///
    /// A code other than 0 is a trap that was caught: it counts too.
    var isCounted: Bool {
        switch self {
        case .code(let code): code != 0
        case .signal(let number): [4, 6, 7, 8, 11].contains(number)
        }
    }
}

/// A job as its client submits it.
package struct JobSpecification: Sendable, Hashable {
    package var id: JobID
    /// Smaller goes first.
    package var priority: Int
    package var shapes: [ProgramShape]
    /// The bytes that its oldest unfinished segment must always be able to store.
    package var reserveBytes: Int
    /// At most so many workers at once; nil for no limit.
    package var workerLimit: Int?
    /// It waits for `Input.resume` from the start: a paused job after a restart of the coordinator.
    package var isPaused: Bool

    package init(
        id: JobID, priority: Int = 0, shapes: [ProgramShape], reserveBytes: Int = 0, workerLimit: Int? = nil,
        isPaused: Bool = false
    ) {
        precondition(workerLimit.map { $0 > 0 } ?? true, "a job without workers never ends")
        self.id = id
        self.priority = priority
        self.shapes = shapes
        self.reserveBytes = reserveBytes
        self.workerLimit = workerLimit
        self.isPaused = isPaused
    }
}

/// The host's answer to `Effect.lookUp`: the task's key, and what the ledger holds under it.
package struct LookUpAnswer: Sendable, Hashable {
    package var number: UInt64
    package var job: JobID
    package var task: TaskID
    package var key: TaskKey
    /// The recorded result; nil is a miss.
    package var entry: TaskResult?
    /// Who made it, in this coordinator's life or an earlier one; nil where that is not known.
    package var producer: Peer?
    /// Digests of the entry whose bytes the store does not hold.
    package var absent: [Digest]

    package init(
        number: UInt64, job: JobID, task: TaskID, key: TaskKey, entry: TaskResult?, producer: Peer? = nil,
        absent: [Digest] = []
    ) {
        self.number = number
        self.job = job
        self.task = task
        self.key = key
        self.entry = entry
        self.producer = producer
        self.absent = absent
    }
}
