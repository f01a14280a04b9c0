import FarmProtocol
import RenderPlan

/// Which job gets the next worker: the most important; among equals the one with the fewest workers, so that each
/// gets an equal share or what it wants, whichever is less; among those the one that was served least.
extension CoordinatorMachine {
    /// The job whose turn it is, of those that have something ready and may have another worker.
    func nextJob(_ now: Tick) -> Int? {
        var best: Int?
        for slot in activeJobs where !jobs[slot].ready.isEmpty && jobs[slot].takesWorkers {
            if let best, !precedes(slot, best, now) { continue }
            best = slot
        }
        return best
    }

    private func precedes(_ a: Int, _ b: Int, _ now: Tick) -> Bool {
        let own = (jobs[a].priority, jobs[a].leaseCount)
        let other = (jobs[b].priority, jobs[b].leaseCount)
        return own == other ? jobs[a].served(now) < jobs[b].served(now) : own < other
    }

    /// True where a run may not be lengthened because another job has a better right to its worker: a more
    /// important one, or one of the same importance with fewer workers.
    func mustYield(_ slot: Int, _ now: Tick) -> Bool {
        guard activeJobs.count > 1 else { return false }
        guard let other = activeJobs.first(where: { isEntitled($0, before: slot, now) }) else { return false }
        return other != slot
    }

    private func isEntitled(_ other: Int, before slot: Int, _ now: Tick) -> Bool {
        guard other != slot, !jobs[other].ready.isEmpty, jobs[other].takesWorkers else { return false }
        guard jobs[other].priority == jobs[slot].priority else { return jobs[other].priority < jobs[slot].priority }
        let (few, many) = (jobs[other].leaseCount, jobs[slot].leaseCount)
        return few + 1 < many || (few < many && jobs[other].served(now) < jobs[slot].served(now))
    }

    /// Work waits that has a better right to a worker than what runs, and nobody is idle: the least entitled run
    /// stops at its next boundary.
    mutating func makeRoom(_ now: Tick) {
        guard activeJobs.count > 1, let first = nextJob(now) else { return }
        guard activeJobs.contains(where: { givesWay($0, to: first, endingCount: 0) }) else { return }
        // Runs that stop anyway make room already.
        let endingCount = workers.count { worker in
            worker.lease.map { $0.isCut && givesWay($0.job, to: first, endingCount: 0) } ?? false
        }
        guard endingCount < jobs[first].ready.count else { return }
        var victim: (priority: Int, leaseCount: Int, worker: Int)?
        for worker in workers.indices {
            guard let lease = workers[worker].lease, !lease.isCut else { continue }
            guard givesWay(lease.job, to: first, endingCount: endingCount) else { continue }
            guard boundary(of: worker) < lease.horizon else { continue }
            let rank = (jobs[lease.job].priority, jobs[lease.job].leaseCount)
            if let victim, rank <= (victim.priority, victim.leaseCount) { continue }
            victim = (rank.0, rank.1, worker)
        }
        guard let victim else { return }
        cut(victim.worker, at: boundary(of: victim.worker), now)
    }

    /// True where a run of a job ends for `first`, which gets the workers of so many runs that end already.
    private func givesWay(_ slot: Int, to first: Int, endingCount: Int) -> Bool {
        guard jobs[slot].leaseCount > 0 else { return false }
        guard jobs[slot].priority == jobs[first].priority else { return jobs[slot].priority > jobs[first].priority }
        return jobs[slot].leaseCount - endingCount > jobs[first].leaseCount + endingCount + 1
    }

    /// The end of the segment that a worker renders.
    func boundary(of worker: Int) -> Int {
        guard let lease = workers[worker].lease else { return 0 }
        return max(lease.next, workers[worker].status?.next ?? lease.next) + 1
    }

    /// A job was served: what others are owed for it is bounded.
    mutating func forgiveDebts(to slot: Int, _ now: Tick) {
        let least = jobs[slot].served(now) - policy.debtTicks
        for other in activeJobs where jobs[other].priority == jobs[slot].priority {
            jobs[other].servedTicks += max(0, least - jobs[other].served(now))
        }
    }

    /// A job that had nothing to do starts level with its equals: what it did not ask for it is not owed.
    mutating func catchUp(_ slot: Int) {
        var least: Int?
        for other in activeJobs where other != slot && jobs[other].priority == jobs[slot].priority {
            guard jobs[other].leaseCount > 0 || !jobs[other].ready.isEmpty, !jobs[other].isPaused else { continue }
            least = min(least ?? .max, jobs[other].served(now))
        }
        guard let least else { return }
        jobs[slot].servedTicks += max(0, least - jobs[slot].served(now))
    }
}

// MARK: Orders of clients

extension CoordinatorMachine {
    mutating func pause(_ id: JobID, _ now: Tick) {
        guard let slot = jobSlots[id], jobs[slot].isActive, !jobs[slot].isPaused else { return }
        jobs[slot].isPaused = true
        for worker in workers.indices where workers[worker].lease?.job == slot {
            cut(worker, at: boundary(of: worker), now)
        }
        emit(.publish(.paused(id)))
    }

    mutating func resume(_ id: JobID) {
        guard let slot = jobSlots[id], jobs[slot].isActive, jobs[slot].isPaused else { return }
        jobs[slot].isPaused = false
        catchUp(slot)
        emit(.publish(.resumed(id)))
    }

    mutating func reprioritise(_ id: JobID, _ priority: Int) {
        guard let slot = jobSlots[id], jobs[slot].isActive, jobs[slot].priority != priority else { return }
        jobs[slot].priority = priority
        catchUp(slot)
    }
}
