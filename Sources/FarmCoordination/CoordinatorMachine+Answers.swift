package import FarmProtocol
import RenderPlan

extension CoordinatorMachine {
    /// Every live run, by worker.
    package func runs() -> [RunStatus] {
        workers.compactMap { worker in
            guard !worker.isGone, let lease = worker.lease else { return nil }
            return RunStatus(
                peer: worker.peer, job: jobs[lease.job].id, task: TaskID(ProgramID(lease.program), lease.next),
                horizon: lease.horizon, since: lease.segmentSince, isSecondRun: lease.isSecondRun)
        }.sorted { $0.peer < $1.peer }
    }

    /// Tasks that could run now if there were workers, of jobs that are not paused.
    package var readyCount: Int { activeJobs.reduce(0) { jobs[$1].isPaused ? $0 : $0 + readyCount($1) } }

    private func readyCount(_ slot: Int) -> Int {
        jobs[slot].ready.entries.count {
            let task = jobs[slot].programs[$0.program].base + $0.segment
            return jobs[slot].tasks[task].mustRun && jobs[slot].tasks[task].holder < 0
        }
    }

    /// Figures of a live job.
    package func figures(of id: JobID) -> JobFigures? {
        guard let slot = jobSlots[id], jobs[slot].isActive else { return nil }
        let job = jobs[slot]
        return JobFigures(
            doneTasks: job.doneCount, totalTasks: job.tasks.count, runningWorkers: job.leaseCount,
            readyTasks: readyCount(slot), isPaused: job.isPaused, priority: job.priority,
            workerLimit: job.workerLimit)
    }

    /// How a live worker stands, as of the last input.
    package func standing(of peer: Peer) -> WorkerStanding? {
        guard let slot = workerSlots[peer] else { return nil }
        let worker = workers[slot]
        if worker.isDraining { return .draining }
        if isSuspect(worker, now) { return .silent }
        if worker.restsUntil > now { return .resting(until: worker.restsUntil) }
        return worker.lease == nil ? .idle : .rendering
    }

    /// True where the store cannot take the reserves of every job that wants to go on.
    package var isShortOfSpace: Bool { freeBytes.map { !hasSpaceForAll($0) } ?? false }

    /// True where the worker is shut out, for wrong results or by an operator.
    package func isQuarantined(_ worker: WorkerID) -> Bool { distrusted.contains(worker) }

    /// Why a live job does not go on; nil while it does.
    package func waiting(for id: JobID) -> WaitingReason? {
        guard let slot = jobSlots[id], jobs[slot].isActive else { return nil }
        let job = jobs[slot]
        if job.isPaused { return .paused }
        if job.leaseCount > 0 { return slowest(slot) }
        if job.lookUpCount > 0 { return .ledger }
        if readyCount(slot) > 0 { return whyNotGranted(slot) }
        if let task = job.tasks.indices.first(where: { job.tasks[$0].isParked }), let reason = sameWork(slot, task) {
            return reason
        }
        if let reason = heldBack(slot) { return reason }
        for (program, state) in job.programs.enumerated() where state.delivery != nil {
            return .writer(ProgramID(program))
        }
        return job.unsettledCount == 0 && !job.isClosed ? .openEnd : nil
    }

    /// The run that takes longest, if that is much longer than is usual and nothing else of the job goes on.
    private func slowest(_ slot: Int) -> WaitingReason? {
        var worst: (since: Tick, worker: Int)?
        for worker in workers.indices {
            guard let lease = workers[worker].lease, lease.job == slot, !lease.isSecondRun else { continue }
            guard isLate(worker) else { return nil }
            if let worst, worst.since <= lease.segmentSince { continue }
            worst = (lease.segmentSince, worker)
        }
        guard let worst, let lease = workers[worst.worker].lease else { return nil }
        return .slow(
            TaskID(ProgramID(lease.program), lease.next), workers[worst.worker].peer,
            ticks: now.ticks(since: worst.since),
            usualTicks: typical.ticks(for: jobs[slot].programs[lease.program].shape))
    }

    /// Three times as long as is usual, or without a word for a time in which one was due.
    private func isLate(_ worker: Int) -> Bool {
        guard let lease = workers[worker].lease else { return false }
        if isSuspect(workers[worker], now) { return true }
        let elapsed = now.ticks(since: lease.segmentSince)
        guard let usual = typical.ticks(for: jobs[lease.job].programs[lease.program].shape) else {
            return elapsed > policy.speculationTicks
        }
        return elapsed > max(3 * usual, policy.suspectTicks)
    }

    private func whyNotGranted(_ slot: Int) -> WaitingReason? {
        if let freeBytes, !hasSpaceForAll(freeBytes), slot != firstForSpace || !hasSpace(slot, freeBytes) {
            let reserved = activeJobs.reduce(0) { $0 + (jobs[$1].isPaused ? 0 : jobs[$1].reserveBytes) }
            return .space(freeBytes: freeBytes, reservedBytes: reserved)
        }
        let present = workers.filter { !$0.isGone }
        if present.isEmpty { return .noWorker }
        let usable = present.filter { !$0.isDraining && !isSuspect($0, now) && $0.restsUntil <= now }
        if usable.isEmpty { return .noUsableWorker(connected: present.count) }
        let busy = usable.compactMap(\.lease)
        guard busy.count == usable.count else { return nil }
        return .busyWorkers(
            count: busy.count, areMoreImportant: busy.allSatisfy { jobs[$0.job].priority < jobs[slot].priority })
    }

    private func sameWork(_ slot: Int, _ task: Int) -> WaitingReason? {
        guard let key = jobs[slot].tasks[task].key, let places = wanted[key] else { return nil }
        guard let place = places.first(where: { jobs[$0.slot].tasks[$0.task].holder >= 0 }) else { return nil }
        return .sameWork(jobs[place.slot].id, jobs[place.slot].name(of: place.task))
    }

    private func heldBack(_ slot: Int) -> WaitingReason? {
        let job = jobs[slot]
        for program in job.programs {
            guard let segment = program.blocked.first else { continue }
            let behind = program.consumers.min {
                job.programs[$0.consumer].doneCursor < job.programs[$1.consumer].doneCursor
            }
            let task = job.name(of: program.base + segment)
            return .heldBack(task, by: behind.map { ProgramID($0.consumer) } ?? task.program)
        }
        return nil
    }
}
