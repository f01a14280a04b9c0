package import FarmProtocol
package import Quantities
package import RenderPlan

/// The worker's side of the protocol, as a value: what is rendered next, what is said, what is kept.
///
/// It holds every result until the coordinator says COMMIT or DROP, goes on from its live state without waiting
/// for anybody, and leaves when the coordinator has not been heard of for too long.
package struct WorkerMachine: Sendable {
    package let peer: Peer
    package let engine: Digest
    package let policy: WorkerPolicy

    var coordinator: Incarnation?
    var helloCount: UInt64 = 0
    var isWelcome = false
    var lastHeard: Tick
    var lastSpoken: Tick?
    var isDraining = false
    var hasLeft = false
    var credit = Credit(results: 1, bytes: 0)
    var run: Run?
    /// The newest lease number of this coordinator that was seen; older ones are over.
    var newestLease: UInt64 = 0
    var live: LiveState?
    /// Since when the engine has been told to stop and has not said that it did.
    var abandonedAt: Tick?
    var uncommitted: [Held] = []
    var effects: [WorkerEffect] = []

    package init(peer: Peer, engine: Digest, policy: WorkerPolicy = WorkerPolicy(), at now: Tick) {
        self.peer = peer
        self.engine = engine
        self.policy = policy
        lastHeard = now
    }

    /// Takes in one thing that happened and returns what is to be done about it, in order.
    package mutating func handle(_ input: WorkerInput, at now: Tick) -> [WorkerEffect] {
        guard !hasLeft else { return [] }
        switch input {
        case .timer: timerFired(now)
        case .message(let message):
            lastHeard = now
            received(message, now)
        case .progress(let lease, let segment, let frames): progressed(lease, segment, frames)
        case .abandoned: abandonedAt = nil
        case .rendered(let rendering):
            if abandonedAt == nil { rendered(rendering, now) } else { abandonedAt = nil }
        case .failed where abandonedAt != nil, .unreadable where abandonedAt != nil: abandonedAt = nil
        case .failed(let lease, let segment, let reason):
            gaveUp(lease, segment, now) {
                .failed(FailureReport(lease: $0, job: $1, task: $2, reason: reason))
            }
        case .unreadable(let lease, let segment, let digests):
            gaveUp(lease, segment, now) {
                .unreadable(UnreadableReport(lease: $0, job: $1, task: $2, digests: digests))
            }
        case .linkLost: leave(.lostLink, now)
        case .terminate: terminate(now)
        }
        if !hasLeft {
            startNext()
            leaveIfDrained(now)
        }
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

}

extension WorkerMachine {
    /// Results that wait for a COMMIT or DROP; at most the credit.
    package var uncommittedCount: Int { uncommitted.count }
    /// The lease that is in force here.
    package var lease: LeaseID? { run?.lease }
}

/// The worker's constants, in ticks.
package struct WorkerPolicy: Hashable, Sendable {
    package var heartbeatTicks = 500
    /// A result without an answer is sent again after this long.
    package var resendTicks = 5_000
    /// After this silence of the coordinator the worker leaves.
    package var linkTicks = 30_000
    /// An engine that was told to stop and has not after this long hangs: the process leaves.
    package var abandonTicks = 10_000
    /// What it says it speaks.
    package var protocolVersions = Limits.protocolVersions

    package init() {}
}

/// Everything that can happen to a worker.
///
/// Every `WorkerEffect.render` is answered by exactly one of `rendered`, `failed`, `unreadable` and, if it was
/// told to stop, `abandoned`.
package enum WorkerInput: Sendable, Hashable {
    /// At start and at every tick asked for by `WorkerEffect.wake`.
    case timer
    case message(FarmMessage)
    /// Frames of the segment rendered so far.
    case progress(LeaseID, segment: Int, frames: Int)
    case rendered(Rendering)
    case failed(LeaseID, segment: Int, reason: String)
    /// Bytes of inputs or of the snapshot were missing or wrong.
    case unreadable(LeaseID, segment: Int, [Digest])
    /// The engine has stopped after `WorkerEffect.abandon` and is free.
    case abandoned
    /// The connection is gone for good.
    case linkLost
    /// SIGTERM: finish the running segment, hand back the rest, leave. A second one: leave at once.
    case terminate
}

/// A rendered segment, with the key that the worker derived for it.
package struct Rendering: Sendable, Hashable {
    package var lease: LeaseID
    package var segment: Int
    package var key: TaskKey
    package var result: TaskResult
    package var costMicroseconds: Int

    package init(lease: LeaseID, segment: Int, key: TaskKey, result: TaskResult, costMicroseconds: Int) {
        self.lease = lease
        self.segment = segment
        self.key = key
        self.result = result
        self.costMicroseconds = costMicroseconds
    }
}

/// Everything that a worker asks of its host.
package enum WorkerEffect: Sendable, Hashable {
    /// A `.result` is sent with its bytes.
    case send(FarmMessage)
    case render(RenderOrder)
    /// Stop what is being rendered at the next block and answer `abandoned`; the live state is gone.
    case abandon
    /// The bytes of this result are no longer needed here.
    case discard(ResultName)
    case exit(ExitReason)
    case wake(at: Tick)
}

/// One segment to render now.
///
/// There is never more than one under way.
package struct RenderOrder: Sendable, Hashable {
    package enum Start: Sendable, Hashable {
        /// Frame 0 of a chain, or a program without state.
        case beginning
        /// From the state the engine holds since the segment before; its rounded snapshot is this part.
        case live(Part)
        case snapshot(Part)
    }

    package let lease: LeaseID
    package let job: JobID
    package let task: TaskID
    package let start: Start
    /// Results of its dependencies, in key order.
    package let inputs: [TaskResult]
}

/// Why a worker leaves.
package enum ExitReason: Sendable, Hashable {
    case drained
    case terminated
    case lostLink
    /// The engine does not stop.
    case hung
    /// In the coordinator's words, if it gave any.
    case refused(Refusal, reason: String = "")
}

/// The run that a worker renders.
struct Run: Sendable {
    let lease: LeaseID
    let job: JobID
    let program: ProgramID
    let start: Int
    let snapshot: Part?
    let loadsSnapshot: Bool
    /// Per segment from `start` on.
    var inputs: [[TaskResult]]
    /// The first segment that is not rendered.
    var next: Int
    var horizon: Int
    var frames = 0
    var isRendering = false
    /// A STOP cut it short: no late EXTEND may lengthen it again.
    var isStopped = false
    /// The state's rounded snapshot at `next`, once a segment was rendered.
    var tail: Part?
    /// It came to an early end; said again until the coordinator ends the lease.
    var failure: FarmMessage?
    var failureSentAt: Tick?
}

/// Where the engine's state stands: what the next segment of this chain would start from.
struct LiveState: Sendable {
    let job: JobID
    let program: ProgramID
    let segment: Int
    let snapshot: Part
}

/// A result without an answer.
struct Held: Sendable {
    let report: ResultReport
    let byteCount: Int
    var sentAt: Tick
}
