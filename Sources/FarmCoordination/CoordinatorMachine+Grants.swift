import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// Gives ready tasks to idle workers, in the order (priority, job, segment, topological rank).
    mutating func grantRuns(_ now: Tick) {
        var available = idleCount == 0 ? 0 : workers.indices.count { isIdle($0, now) }
        guard available > 0 else { return makeRoom(now) }
        var aside: [ReadyEntry] = []
        while available > 0, let entry = ready.popFirst() {
            guard let task = take(entry) else { continue }
            guard hasSpace(for: entry) else {
                aside.append(entry)
                continue
            }
            guard isAdmissible(entry.job, task) else {
                jobs[entry.job].tasks[task].isQueued = true
                block(entry.job, task)
                continue
            }
            if grant(entry.job, task, now) { available -= 1 } else { aside.append(entry) }
        }
        for slot in activeJobs where available > 0 && jobs[slot].blockedCount > 0 {
            guard let task = takeFirstBlocked(slot) else { continue }
            jobs[slot].tasks[task].isQueued = false
            guard isReady(slot, task) else { continue }
            if grant(slot, task, now) {
                available -= 1
            } else {
                jobs[slot].tasks[task].isQueued = true
                block(slot, task)
            }
        }
        for entry in aside {
            let task = jobs[entry.job].programs[entry.program].base + entry.segment
            jobs[entry.job].tasks[task].isQueued = true
            ready.insert(entry)
        }
    }

    /// Work of a higher priority waits and nobody is idle: the least important run stops at its next boundary.
    private mutating func makeRoom(_ now: Tick) {
        guard let first = ready.first, jobs[first.job].isActive else { return }
        var last: (priority: Int, worker: Int)?
        for worker in workers.indices {
            guard let lease = workers[worker].lease, jobs[lease.job].priority > first.priority else {
                continue
            }
            let boundary = max(lease.next, workers[worker].status?.next ?? lease.next) + 1
            guard boundary < lease.horizon, jobs[lease.job].priority > last?.priority ?? .min else {
                continue
            }
            last = (jobs[lease.job].priority, worker)
        }
        guard let last, let lease = workers[last.worker].lease else { return }
        cut(last.worker, at: max(lease.next, workers[last.worker].status?.next ?? lease.next) + 1, now)
    }

    /// The task of an entry just taken from the queue, nil if it became stale there.
    private mutating func take(_ entry: ReadyEntry) -> Int? {
        guard jobs[entry.job].isActive else { return nil }
        let task = jobs[entry.job].programs[entry.program].base + entry.segment
        jobs[entry.job].tasks[task].isQueued = false
        return isReady(entry.job, task) ? task : nil
    }

    private mutating func isReady(_ slot: Int, _ task: Int) -> Bool {
        guard jobs[slot].tasks[task].mustRun, jobs[slot].tasks[task].holder < 0 else { return false }
        guard !jobs[slot].programs[Int(jobs[slot].programOf[task])].isFailed else { return false }
        if hasInputBytes(slot, task, fromLiveState: false) { return true }
        // Bytes were lost while it waited in the queue.
        queueIfReady(slot, task)
        return false
    }

    /// Where the store cannot take the reserves of all jobs, only the oldest job goes on, and of it only the
    /// oldest segment, whose space is reserved.
    private func hasSpace(for entry: ReadyEntry) -> Bool {
        guard let freeBytes else { return true }
        if freeBytes >= activeJobs.reduce(0, { $0 + jobs[$1].reserveBytes }) { return true }
        guard entry.job == activeJobs.first, hasSpace(entry.job, freeBytes) else { return false }
        return entry.segment <= jobs[entry.job].oldestSegment || jobs[entry.job].leaseCount == 0
    }

    private mutating func grant(_ slot: Int, _ task: Int, _ now: Tick) -> Bool {
        guard let worker = worker(for: slot, task, now) else { return false }
        let program = Int(jobs[slot].programOf[task])
        let start = task - jobs[slot].programs[program].base
        leaseCounter += 1
        let id = LeaseID(incarnation, leaseCounter)
        let horizon = self.horizon(slot, program, from: start, upTo: runLimit(slot, program, start: start))
        workers[worker].lease = Lease(
            id: id, job: slot, program: program, start: start, next: start, horizon: horizon, changedAt: now)
        workers[worker].live = nil
        workers[worker].status = nil
        workers[worker].lastProgress = now
        idleCount -= 1
        jobs[slot].leaseCount += 1
        jobs[slot].programs[program].lastWorker = workers[worker].peer.worker
        hold(worker, start..<horizon)
        emit(.send(workers[worker].peer, .lease(message(for: worker))))
        return true
    }

    /// How far a new run may reach at most.
    private func runLimit(_ slot: Int, _ program: Int, start: Int) -> Int {
        let state = jobs[slot].programs[program]
        let task = state.base + start
        if policy.scatters || start <= state.isolatedThrough || jobs[slot].opinions[task] != nil {
            return start + 1
        }
        // A windowed program's ready segments are shared among those who have nothing to do.
        let share = state.isChained ? policy.horizonSegments : max(1, policy.horizonSegments / idleCount)
        return min(start + share, state.shape.segmentCount)
    }

    /// The end of the longest run from `start`, which is ready, that may be rendered without waiting.
    private func horizon(_ slot: Int, _ program: Int, from start: Int, upTo limit: Int) -> Int {
        var end = start + 1
        while end < limit, canGoOn(slot, jobs[slot].programs[program].base + end) { end += 1 }
        return end
    }

    /// True where a run that has rendered the segment before may render this one too.
    private func canGoOn(_ slot: Int, _ task: Int) -> Bool {
        let state = jobs[slot].tasks[task]
        guard state.holder < 0, jobs[slot].opinions[task] == nil else { return false }
        if !state.mustRun {
            // Its key is not known yet; only its own chain is wanting.
            guard state.phase == .waiting, state.unmetCount == 1 else { return false }
            guard let predecessor = jobs[slot].predecessor(of: task) else { return false }
            guard jobs[slot].tasks[predecessor].phase != .done else { return false }
        }
        return hasInputBytes(slot, task, fromLiveState: true) && isAdmissible(slot, task)
    }

    private mutating func hold(_ worker: Int, _ segments: Range<Int>) {
        guard let lease = workers[worker].lease else { preconditionFailure("holding without a lease") }
        let base = jobs[lease.job].programs[lease.program].base
        for segment in segments {
            precondition(jobs[lease.job].tasks[base + segment].holder < 0, "two live leases for one segment")
            jobs[lease.job].tasks[base + segment].holder = Int32(worker)
        }
    }

    /// The LEASE message for a worker's run as it is now.
    func message(for worker: Int) -> Grant {
        guard let lease = workers[worker].lease else { preconditionFailure("no lease to tell of") }
        let base = jobs[lease.job].programs[lease.program].base
        let snapshot = jobs[lease.job].predecessor(of: base + lease.next)
            .flatMap { jobs[lease.job].tasks[$0].result?.snapshot }
        return Grant(
            lease: lease.id, job: jobs[lease.job].id, program: ProgramID(lease.program), start: lease.next,
            snapshot: snapshot, inputs: inputs(of: lease, lease.next..<lease.horizon),
            loadsSnapshot: policy.scatters)
    }

    func inputs(of lease: Lease, _ segments: Range<Int>) -> [[TaskResult]] {
        let base = jobs[lease.job].programs[lease.program].base
        return segments.map { jobs[lease.job].inputResults(of: base + $0) }
    }
}

// MARK: Who gets it

extension CoordinatorMachine {
    /// The idle worker that suits a task best, nil if a busy one suits it so much better that it must wait.
    ///
    /// A worker with the chain's live state comes first: it saves loading the snapshot, no more, so nobody
    /// waits for it while it is busy. A worker that has not failed at the task or not yet given its opinion is
    /// worth waiting for.
    private func worker(for slot: Int, _ task: Int, _ now: Tick) -> Int? {
        let program = Int(jobs[slot].programOf[task])
        let segment = task - jobs[slot].programs[program].base
        let failedAt = jobs[slot].attempts[task]?.counted ?? []
        let voters = jobs[slot].opinions[task]?.voters ?? []
        let last = policy.scatters ? jobs[slot].programs[program].lastWorker : nil
        let isPlain = failedAt.isEmpty && voters.isEmpty && last == nil
        var best: (tier: Int, rank: Int, worker: Int)?
        var bestTier = Int.max
        for worker in workers.indices {
            let state = workers[worker]
            guard !state.isGone, !state.isDraining, !isSuspect(state, now) else { continue }
            let tier = isPlain ? 0 : reluctance(state.peer, failedAt, voters, last)
            bestTier = min(bestTier, tier)
            guard state.lease == nil else { continue }
            var rank = 1
            if let live = state.live {
                rank = live.job == slot && live.program == program && live.segment == segment ? 0 : 2
            }
            if let best, (best.tier, best.rank) <= (tier, rank) { continue }
            best = (tier, rank, worker)
        }
        guard let best, best.tier == bestTier else { return nil }
        return best.worker
    }

    /// How much rather another worker should have a task: the same voice twice is worse than a life that failed,
    /// and that is worse than a new life of a worker that failed.
    private func reluctance(
        _ peer: Peer, _ failedAt: [Peer], _ voters: [WorkerID], _ last: WorkerID?
    ) -> Int {
        var tier = 0
        if failedAt.contains(where: { $0.worker == peer.worker }) { tier += 1 }
        if failedAt.contains(peer) { tier += 2 }
        if peer.worker == last { tier += 4 }
        if voters.contains(peer.worker) { tier += 8 }
        return tier
    }

    func isSuspect(_ worker: WorkerState, _ now: Tick) -> Bool {
        worker.hasLostLink || now.ticks(since: worker.lastHeard) > policy.suspectTicks
    }

    private func isIdle(_ worker: Int, _ now: Tick) -> Bool {
        let state = workers[worker]
        return !state.isGone && !state.isDraining && state.lease == nil && !isSuspect(state, now)
    }
}
