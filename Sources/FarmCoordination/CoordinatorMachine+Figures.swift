package import FarmProtocol
package import RenderPlan

/// One run as it is now.
package struct RunStatus: Sendable, Hashable {
    package let peer: Peer
    package let job: JobID
    /// The first segment of it that is not committed.
    package let task: TaskID
    /// The first segment that is not part of it.
    package let horizon: Int
    /// Since when it has been at that segment.
    package let since: Tick
    package let isSecondRun: Bool
}

/// A job in numbers.
package struct JobFigures: Sendable, Hashable {
    package var doneTasks: Int
    package var totalTasks: Int
    package var runningWorkers: Int
    /// Tasks that could run now if there were workers.
    package var readyTasks: Int
    package var isPaused: Bool
    package var priority: Int
    package var workerLimit: Int?
}

/// Where a worker stands with the coordinator.
package enum WorkerStanding: Sendable, Hashable {
    case idle, rendering, draining, silent
    /// It was lost too often and gets no work before this.
    case resting(until: Tick)
}

/// Why a job does not go on; the host puts it into words.
package enum WaitingReason: Sendable, Hashable {
    case paused
    /// No worker is connected.
    case noWorker
    /// So many are connected, and all of them leave, are silent or rest.
    case noUsableWorker(connected: Int)
    /// All workers render jobs of higher priority, or of the same.
    case busyWorkers(count: Int, areMoreImportant: Bool)
    /// The store's free bytes do not last for the reserves of the jobs that want to go on.
    case space(freeBytes: Int, reservedBytes: Int)
    /// Another task of the same key is being run for another job, or elsewhere in this one.
    case sameWork(JobID, TaskID)
    /// A segment takes long: who has it, for how long, and how long is usual (where that is known).
    case slow(TaskID, Peer, ticks: Int, usualTicks: Int?)
    /// The task may not run ahead of this program, which is behind.
    case heldBack(TaskID, by: ProgramID)
    /// The writer of the deliverables has not taken over this program's next window.
    case writer(ProgramID)
    /// Look-ups in the ledger are under way.
    case ledger
    /// Everything that is known is done; further programs are to come.
    case openEnd
}

extension CoordinatorMachine {
    /// Live workers that hold a lease.
    package var busyWorkerCount: Int { workers.count { !$0.isGone && $0.lease != nil } }
}
