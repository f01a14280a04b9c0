package import FarmCoordination
package import FarmProtocol
package import RenderPlan

/// For named scenarios: faults by hand instead of by dice.
extension World {
    /// Runs until the condition holds; false where it never does.
    package func advance(until condition: (World) -> Bool) -> Bool {
        while !condition(self) { guard advance() else { return false } }
        return true
    }

    /// Runs on until every job ended, and checks everything.
    package func finish() {
        while violation == nil, !(isHealed && checker.allJobsEnded), advance() {}
        if violation == nil { finalChecks() }
    }

    /// Ends a worker's process by a signal; a new one starts soon after.
    package func kill(_ worker: WorkerID, bySignal signal: Int32 = 9) {
        guard let slot = workers.firstIndex(where: { $0.id == worker }) else { return }
        end(slot, .signal(signal), isSeen: true)
    }

    /// Ends the coordinator's process; unsynced records may be lost.
    ///
    /// It starts again soon after.
    package func killCoordinator() {
        store.isTouched = true
        crashCoordinator()
    }

    /// Turns the stored bytes of a task's first output into something else.
    package func corruptOutput(of task: TaskID, in job: JobID) {
        guard let digest = result(of: task, in: job)?.outputs.first?.first?.digest else { return }
        store.isGood[digest] = false
        store.isTouched = true
    }

    /// Removes every blob that no pin holds.
    package func evictUnpinned() {
        for digest in store.evictable { store.remove(digest) }
    }

    /// Removes every blob, pinned or not.
    package func loseAllBytes() {
        store.isTouched = true
        for digest in store.digests { store.remove(digest) }
    }

    /// What the coordinator of this moment holds for a task.
    package func result(of task: TaskID, in job: JobID) -> TaskResult? {
        coordinator?.machine.result(of: task, in: job)
    }

    /// Workers whose result waits for a COMMIT.
    package var workersWithUncommittedResults: [WorkerID] {
        workers.filter { $0.machine.map { $0.uncommittedCount > 0 } ?? false }.map(\.id)
    }

    /// Workers that hold a lease now.
    package var busyWorkerCount: Int { coordinator?.machine.busyWorkerCount ?? 0 }

    /// When the job's end was published.
    package func endedAt(_ job: JobID) -> UInt64? { checker.endedAt[job] }

    package func outcome(of job: JobID) -> JobOutcome? { checker.outcomes[job] }

    /// Segments that workers began to render.
    package var renderCount: Int { checker.renderCount }

    /// How many segments of chains went on from live state, and how many from a snapshot's bytes.
    package var startCounts: (live: Int, loaded: Int) { checker.startCounts }

    /// Runs that the worker of the program's run before got.
    package var sameWorkerCount: Int { checker.sameWorkerCount }
}
