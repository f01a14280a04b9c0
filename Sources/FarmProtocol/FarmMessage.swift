package import Quantities
package import RenderPlan

/// Everything that a worker and its coordinator say to each other.
///
/// Values only: the codec is elsewhere.
///
/// Every message may be lost, doubled, late or out of order: whoever waits for an answer says it again, and
/// hearing a message twice changes nothing.
package enum FarmMessage: Hashable, Sendable {
    // From the worker
    case hello(Hello)
    case heartbeat(WorkerReport)
    case result(ResultReport)
    case failed(FailureReport)
    case unreadable(UnreadableReport)
    /// Everything is handed back, the process leaves.
    case goodbye

    // From the coordinator
    case welcome(Welcome)
    /// The coordinator does not know this peer (it is new itself, or gave the peer up): say hello again.
    case identify(coordinator: Incarnation)
    /// This peer gets no work; it leaves. The reason is for people, and may be empty.
    case refuse(Refusal, reason: String = "")
    case beat(coordinator: Incarnation)
    case lease(Grant)
    case extend(HorizonExtension)
    /// The run ends before segment `at`; what was rendered from there on is not wanted.
    case stop(LeaseID, at: Int)
    /// The lease is over: forget it and whatever of it is still held.
    case end(LeaseID)
    /// The result is stored: the worker may discard it.
    case commit(ResultName)
    /// The result is not wanted: the worker discards it.
    case drop(ResultName)
    /// Finish the running segment, hand back the rest and leave.
    case drain
}

/// Names one result: which task of which job, computed under which lease and key.
package struct ResultName: Hashable, Sendable {
    package var lease: LeaseID
    package var job: JobID
    package var task: TaskID
    package var key: TaskKey

    package init(lease: LeaseID, job: JobID, task: TaskID, key: TaskKey) {
        self.lease = lease
        self.job = job
        self.task = task
        self.key = key
    }
}

/// A worker's introduction, said until it is answered.
package struct Hello: Hashable, Sendable {
    /// The versions that it speaks: the coordinator chooses the highest that both do.
    package var protocolVersions: ClosedRange<Int>
    /// Counted up with every hello of this life; the welcome repeats it, so that a late welcome is known as such.
    package var number: UInt64
    /// Digest of the kernels and processor versions: another engine would compute other bits.
    package var engine: Digest
    package var report: WorkerReport
    /// Results that no coordinator has committed yet.
    package var held: [ResultName]

    package init(
        protocolVersions: ClosedRange<Int> = Limits.protocolVersions, number: UInt64, engine: Digest,
        report: WorkerReport, held: [ResultName]
    ) {
        self.protocolVersions = protocolVersions
        self.number = number
        self.engine = engine
        self.report = report
        self.held = held
    }

    /// A worker that speaks one version only.
    package init(
        protocolVersion: Int, number: UInt64, engine: Digest, report: WorkerReport, held: [ResultName]
    ) {
        self.init(
            protocolVersions: protocolVersion...protocolVersion, number: number, engine: engine, report: report,
            held: held)
    }
}

/// The answer to a hello.
package struct Welcome: Hashable, Sendable {
    package var number: UInt64
    /// The version that both speak from here on.
    package var protocolVersion: Int
    package var coordinator: Incarnation
    package var credit: Credit
    /// The lease that stays in force; any other is over.
    package var lease: LeaseID?
    /// KEEP: these held results are wanted and should be sent (again).
    ///
    /// DROP: all others.
    package var keep: [ResultName]

    package init(
        number: UInt64, protocolVersion: Int = Limits.protocolVersion, coordinator: Incarnation, credit: Credit,
        lease: LeaseID?, keep: [ResultName]
    ) {
        self.number = number
        self.protocolVersion = protocolVersion
        self.coordinator = coordinator
        self.credit = credit
        self.lease = lease
        self.keep = keep
    }
}

/// How much a worker may hold uncommitted.
///
/// At the limit it stops rendering until a COMMIT or DROP.
package struct Credit: Hashable, Sendable {
    package var results: Int
    package var bytes: Int

    package init(results: Int, bytes: Int) {
        precondition(results > 0, "a worker without credit can never deliver")
        self.results = results
        self.bytes = bytes
    }
}

/// Why a peer gets no work.
package enum Refusal: UInt8, Hashable, Sendable {
    case protocolVersion = 1
    case engine = 2
    /// A later life of the same worker is known.
    case superseded = 3
    /// Its results were found wrong.
    case distrusted = 4
    /// It made no progress.
    case hung = 5
    case tooManyWorkers = 6
    /// Its key was revoked.
    case revoked = 7
}

/// What a worker is doing: sent as a heartbeat, and at once when it changes in a way that matters.
package struct WorkerReport: Hashable, Sendable {
    package var lease: LeaseStatus?
    package var isDraining: Bool

    package init(lease: LeaseStatus? = nil, isDraining: Bool = false) {
        self.lease = lease
        self.isDraining = isDraining
    }
}

/// How far a worker has come in its run.
package struct LeaseStatus: Hashable, Sendable {
    package var lease: LeaseID
    /// The first segment that is not rendered yet.
    package var next: Int
    /// The first segment that it will not render.
    package var horizon: Int
    /// Frames of segment `next` that are rendered: what tells a slow segment from a hung one.
    package var frames: Int
    /// False while it waits for credit, for its horizon, or for the lease's end.
    package var isRendering: Bool

    package init(lease: LeaseID, next: Int, horizon: Int, frames: Int, isRendering: Bool) {
        self.lease = lease
        self.next = next
        self.horizon = horizon
        self.frames = frames
        self.isRendering = isRendering
    }
}

/// A run of segments `[start, start + inputs.count)` of one program.
package struct Grant: Hashable, Sendable {
    package var lease: LeaseID
    package var job: JobID
    package var program: ProgramID
    package var start: Int
    /// The state at the start; nil at frame 0 and in programs without state.
    package var snapshot: Part?
    /// Per segment, the results it reads, in key order.
    package var inputs: [[TaskResult]]
    /// True in tests: the snapshot is loaded from its bytes even where the live state is at hand.
    package var loadsSnapshot: Bool

    /// The first segment that is not part of the run (so far).
    package var horizon: Int { start + inputs.count }

    package init(
        lease: LeaseID, job: JobID, program: ProgramID, start: Int, snapshot: Part?,
        inputs: [[TaskResult]], loadsSnapshot: Bool
    ) {
        self.lease = lease
        self.job = job
        self.program = program
        self.start = start
        self.snapshot = snapshot
        self.inputs = inputs
        self.loadsSnapshot = loadsSnapshot
    }
}

/// More segments for a run: those from `from` on.
package struct HorizonExtension: Hashable, Sendable {
    package var lease: LeaseID
    package var from: Int
    package var inputs: [[TaskResult]]

    package init(lease: LeaseID, from: Int, inputs: [[TaskResult]]) {
        self.lease = lease
        self.from = from
        self.inputs = inputs
    }
}

/// A rendered segment.
///
/// Its bytes travel beside the message; the host verifies them before the machine hears of it.
package struct ResultReport: Hashable, Sendable {
    package var name: ResultName
    package var result: TaskResult
    /// CPU time in microseconds: provenance, never an input to a decision.
    package var costMicroseconds: Int

    package init(name: ResultName, result: TaskResult, costMicroseconds: Int) {
        self.name = name
        self.result = result
        self.costMicroseconds = costMicroseconds
    }
}

/// A segment that could not be rendered, with the reason in the words of whoever refused.
package struct FailureReport: Hashable, Sendable {
    package var lease: LeaseID
    package var job: JobID
    package var task: TaskID
    package var reason: String

    package init(lease: LeaseID, job: JobID, task: TaskID, reason: String) {
        self.lease = lease
        self.job = job
        self.task = task
        self.reason = reason
    }
}

/// Inputs or a snapshot whose bytes were missing or did not match their digest.
package struct UnreadableReport: Hashable, Sendable {
    package var lease: LeaseID
    package var job: JobID
    package var task: TaskID
    package var digests: [Digest]

    package init(lease: LeaseID, job: JobID, task: TaskID, digests: [Digest]) {
        self.lease = lease
        self.job = job
        self.task = task
        self.digests = digests
    }
}
