import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// Gives ready tasks to idle workers: by priority, then fairly among jobs, within a job in its order.
    mutating func grantRuns(_ now: Tick) {
        guard activeJobs.contains(where: { !jobs[$0].ready.isEmpty || jobs[$0].blockedCount > 0 }) else { return }
        var available = idle.count { isIdle($0, now) }
        guard available > 0 else { return makeRoom(now) }
        var aside: [(slot: Int, entry: ReadyEntry)] = []
        isChoosy = false
        while available > 0, let slot = nextJob(now), let entry = jobs[slot].ready.popFirst() {
            guard let task = take(entry, slot) else { continue }
            guard hasSpace(for: entry, slot) else {
                aside.append((slot, entry))
                continue
            }
            guard isAdmissible(slot, task) else {
                jobs[slot].tasks[task].isQueued = true
                block(slot, task)
                continue
            }
            if grant(slot, task, now) {
                available -= 1
            } else {
                isChoosy = true
                aside.append((slot, entry))
            }
        }
        for slot in activeJobs where available > 0 && jobs[slot].blockedCount > 0 && jobs[slot].takesWorkers {
            if grantBlocked(slot, now) { available -= 1 }
        }
        for (slot, entry) in aside {
            let task = jobs[slot].programs[entry.program].base + entry.segment
            jobs[slot].tasks[task].isQueued = true
            jobs[slot].ready.insert(entry)
        }
    }

    /// Everything that a job could do is held back and nothing of it runs: the first of it runs after all.
    private mutating func grantBlocked(_ slot: Int, _ now: Tick) -> Bool {
        if let freeBytes, !hasSpaceForAll(freeBytes), slot != firstForSpace { return false }
        guard let task = takeFirstBlocked(slot) else { return false }
        jobs[slot].tasks[task].isQueued = false
        guard isReady(slot, task), !park(slot, task) else { return false }
        if grant(slot, task, now) { return true }
        jobs[slot].tasks[task].isQueued = true
        block(slot, task)
        return false
    }

    /// The task of an entry just taken from the queue, nil if it became stale there.
    private mutating func take(_ entry: ReadyEntry, _ slot: Int) -> Int? {
        let task = jobs[slot].programs[entry.program].base + entry.segment
        jobs[slot].tasks[task].isQueued = false
        return isReady(slot, task) && !park(slot, task) ? task : nil
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
    private func hasSpace(for entry: ReadyEntry, _ slot: Int) -> Bool {
        guard let freeBytes, !hasSpaceForAll(freeBytes) else { return true }
        guard slot == firstForSpace, hasSpace(slot, freeBytes) else { return false }
        return entry.segment <= jobs[slot].oldestSegment || jobs[slot].leaseCount == 0
    }

    private mutating func grant(_ slot: Int, _ task: Int, _ now: Tick) -> Bool {
        if jobs[slot].opinions[task]?.isDispute == true, jobs[slot].opinions[task]?.askedAt == nil {
            jobs[slot].opinions[task]?.askedAt = now
        }
        guard let worker = worker(for: slot, task, now) else { return false }
        let program = Int(jobs[slot].programOf[task])
        let start = task - jobs[slot].programs[program].base
        let horizon = self.horizon(slot, program, from: start, upTo: runLimit(slot, program, start: start))
        lease(worker, slot, program, start..<horizon, isSecondRun: false, now)
        jobs[slot].programs[program].lastWorker = workers[worker].peer.worker
        return true
    }

    /// Gives a run to a worker and tells it.
    mutating func lease(
        _ worker: Int, _ slot: Int, _ program: Int, _ segments: Range<Int>, isSecondRun: Bool, _ now: Tick
    ) {
        leaseCounter += 1
        workers[worker].lease = Lease(
            id: LeaseID(incarnation, leaseCounter), job: slot, program: program, segments: segments,
            isSecondRun: isSecondRun, at: now)
        workers[worker].live = nil
        workers[worker].status = nil
        workers[worker].lastProgress = now
        refreshIdle(worker)
        jobs[slot].leaseCount += 1
        jobs[slot].leaseStartTicks += Int(now.rawValue)
        if isSecondRun {
            jobs[slot].seconds[jobs[slot].programs[program].base + segments.lowerBound] = worker
        } else {
            hold(worker, segments)
        }
        emit(.send(workers[worker].peer, .lease(message(for: worker))))
        announce(segments, of: worker)
    }

    mutating func announce(_ segments: Range<Int>, of worker: Int) {
        guard let lease = workers[worker].lease else { return }
        let first = TaskID(ProgramID(lease.program), segments.lowerBound)
        emit(
            .publish(
                .granted(
                    jobs[lease.job].id, first, segmentCount: segments.count, workers[worker].peer,
                    isSecondRun: lease.isSecondRun)))
    }

    /// How far a new run may reach at most.
    private func runLimit(_ slot: Int, _ program: Int, start: Int) -> Int {
        let state = jobs[slot].programs[program]
        let task = state.base + start
        if policy.scatters || start <= state.isolatedThrough || jobs[slot].opinions[task] != nil {
            return start + 1
        }
        // A windowed program's ready segments are shared among those who have nothing to do.
        // Where more waits than there are workers, runs are short: what is most urgent changes.
        let isContended = jobs[slot].ready.count >= idleCount
        let longest = isContended ? min(policy.contendedSegments, policy.horizonSegments) : policy.horizonSegments
        let share = state.isChained ? longest : max(1, longest / max(1, idleCount))
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
        if state.mustRun {
            if isRunElsewhere(slot, task) { return false }
        } else {
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
    func worker(for slot: Int, _ task: Int, beside other: WorkerID? = nil, _ now: Tick) -> Int? {
        let program = Int(jobs[slot].programOf[task])
        let segment = task - jobs[slot].programs[program].base
        let failedAt = jobs[slot].attempts[task].map { $0.counted + $0.unwell } ?? []
        let opinion = jobs[slot].opinions[task]
        let voters = opinion?.voters ?? []
        let waitsForThird = opinion?.waitsForThird(policy, now) ?? false
        let last = policy.scatters ? jobs[slot].programs[program].lastWorker : nil
        let isPlain = failedAt.isEmpty && voters.isEmpty && last == nil
        var best: (tier: Int, rank: Int, worker: Int)?
        for worker in idle where isIdle(worker, now) && workers[worker].peer.worker != other {
            if waitsForThird, voters.contains(workers[worker].peer.worker) { continue }
            let tier = isPlain ? 0 : reluctance(workers[worker].peer, failedAt, voters, last)
            var rank = 1
            if let live = workers[worker].live {
                rank = live.job == slot && live.program == program && live.segment == segment ? 0 : 2
            }
            if let best, (best.tier, best.rank, best.worker) <= (tier, rank, worker) { continue }
            best = (tier, rank, worker)
        }
        guard let best, !isPlain else { return best?.worker }
        for worker in workers.indices where workers[worker].lease != nil {
            let state = workers[worker]
            guard !state.isGone, !state.isDraining, !isSuspect(state, now) else { continue }
            if reluctance(state.peer, failedAt, voters, last) < best.tier { return nil }
        }
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

    func isIdle(_ worker: Int, _ now: Tick) -> Bool {
        workers[worker].idlePlace >= 0 && !workers[worker].hasLostLink
            && now.ticks(since: workers[worker].lastHeard) <= policy.suspectTicks
            && workers[worker].restsUntil <= now
    }

    /// Enters a worker into the list of idle ones, or takes it out.
    mutating func refreshIdle(_ worker: Int) {
        let belongs = !workers[worker].isGone && !workers[worker].isDraining && workers[worker].lease == nil
        let place = workers[worker].idlePlace
        if belongs, place < 0 {
            workers[worker].idlePlace = idle.count
            idle.append(worker)
        } else if !belongs, place >= 0 {
            workers[worker].idlePlace = -1
            let last = idle.removeLast()
            guard last != worker else { return }
            idle[place] = last
            workers[last].idlePlace = place
        }
    }
}
