import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// Moves runs on: past what is committed, and up to what has become ready.
    ///
    /// A run of nothing is over.
    mutating func extendRuns(_ now: Tick) {
        while let worker = extensible.popLast() {
            guard var lease = workers[worker].lease else { continue }
            let slot = lease.job
            let base = jobs[slot].programs[lease.program].base
            while lease.next < lease.horizon, !holds(worker, base + lease.next) { lease.next += 1 }
            if lease.next != workers[worker].lease?.next {
                lease.held.removeAll { $0.name.task.segment < lease.next }
                lease.segmentSince = now
                workers[worker].lastProgress = now
                workers[worker].lease = lease
            }
            if jobs[slot].programs[lease.program].isChained, !lease.isSecondRun { extend(worker, now) }
            if let lease = workers[worker].lease, lease.next == lease.horizon { finish(worker) }
        }
    }

    /// Moves the horizon forward if inputs have come and nobody more important waits.
    private mutating func extend(_ worker: Int, _ now: Tick) {
        guard var lease = workers[worker].lease, !lease.isCut, !policy.scatters else { return }
        guard !workers[worker].isDraining else { return }
        let slot = lease.job
        let state = jobs[slot].programs[lease.program]
        guard lease.horizon > state.isolatedThrough, lease.start > state.isolatedThrough else { return }
        guard jobs[slot].opinions[state.base + lease.start] == nil || lease.next > lease.start else { return }
        guard !isSuspect(workers[worker], now), !jobs[slot].isPaused else { return }
        if let freeBytes, !hasSpaceForAll(freeBytes) { return }
        let before = lease.horizon
        if isChoosy || (idleCount == 0 && mustYield(slot, now)) { return }
        guard lease.horizon < state.shape.segmentCount else { return }
        var ahead = policy.horizonSegments
        if idleCount == 0, let urgent = mostUrgent(slot) {
            let margin = Int32(clamping: state.shape.costPerSegment)
            if urgent > jobs[slot].tails[state.base + lease.horizon].addingReportingOverflow(margin).partialValue {
                return
            }
            ahead = min(ahead, policy.contendedSegments)
        }
        let limit = min(lease.next + ahead, state.shape.segmentCount)
        while lease.horizon < limit, canExtend(slot, state.base + lease.horizon, worker) {
            lease.horizon += 1
        }
        guard lease.horizon > before else { return }
        lease.changedAt = now
        workers[worker].lease = lease
        for segment in before..<lease.horizon {
            jobs[slot].tasks[state.base + segment].holder = Int32(worker)
        }
        announce(before..<lease.horizon, of: worker)
        emit(
            .send(
                workers[worker].peer,
                .extend(
                    HorizonExtension(
                        lease: lease.id, from: before, inputs: inputs(of: lease, before..<lease.horizon)))))
    }

    /// The tail of what the job would run next if there were a worker.
    private mutating func mostUrgent(_ slot: Int) -> Int32? {
        while let first = jobs[slot].ready.first {
            let task = jobs[slot].programs[first.program].base + first.segment
            if jobs[slot].tasks[task].mustRun, jobs[slot].tasks[task].holder < 0 { return first.tail }
            // It was taken up by a run since it was queued.
            _ = jobs[slot].ready.popFirst()
            jobs[slot].tasks[task].isQueued = false
        }
        return nil
    }

    private func canExtend(_ slot: Int, _ task: Int, _ worker: Int) -> Bool {
        let state = jobs[slot].tasks[task]
        guard state.holder < 0, jobs[slot].opinions[task] == nil else { return false }
        if !state.mustRun, state.phase != .waiting || state.unmetCount != 1 { return false }
        if state.mustRun, isRunElsewhere(slot, task) { return false }
        if state.phase == .waiting {
            // What is wanting must be this run's own segment, not some input.
            let predecessor = jobs[slot].tasks[task - 1]
            guard predecessor.holder == Int32(worker), predecessor.phase != .done else { return false }
        }
        return hasInputBytes(slot, task, fromLiveState: true) && isAdmissible(slot, task)
    }

    /// Takes the segments from `segment` on out of a run and tells the worker.
    mutating func cut(_ worker: Int, at segment: Int, _ now: Tick) {
        guard var lease = workers[worker].lease, segment < lease.horizon else { return }
        let base = jobs[lease.job].programs[lease.program].base
        let from = max(segment, lease.next)
        let freed = letGo(worker, base + from..<base + lease.horizon)
        lease.horizon = from
        lease.isCut = true
        lease.changedAt = now
        lease.held.removeAll { $0.name.task.segment >= from }
        workers[worker].lease = lease
        emit(.send(workers[worker].peer, .stop(lease.id, at: from)))
        offer(lease.job, freed)
        extensible.append(worker)
    }

    /// Ends a run all of whose segments are committed: the worker keeps its live state for the next.
    private mutating func finish(_ worker: Int) {
        guard let lease = workers[worker].lease, lease.next == lease.horizon else { return }
        closeLease(worker)
        if jobs[lease.job].programs[lease.program].isChained, !lease.isBeaten {
            workers[worker].live = (lease.job, lease.program, lease.horizon)
        }
    }

    /// Ends a run wherever it is; its open segments may be granted again.
    mutating func endLease(_ worker: Int) {
        guard let lease = workers[worker].lease else { return }
        let base = jobs[lease.job].programs[lease.program].base
        let freed = letGo(worker, base + lease.next..<base + lease.horizon)
        closeLease(worker)
        offer(lease.job, freed)
    }

    /// Takes tasks out of a worker's run. Returns those that nobody has any more; where two had one, it stays with
    /// the other.
    private mutating func letGo(_ worker: Int, _ tasks: Range<Int>) -> [Int] {
        guard let lease = workers[worker].lease else { return [] }
        let slot = lease.job
        var freed: [Int] = []
        for task in tasks where holds(worker, task) {
            let second = jobs[slot].seconds.removeValue(forKey: task)
            if lease.isSecondRun { continue }
            jobs[slot].tasks[task].holder = Int32(second ?? -1)
            if let second { workers[second].lease?.isSecondRun = false } else { freed.append(task) }
        }
        return freed
    }

    /// Tasks whose run ended without their results may be run again, here or for another job.
    private mutating func offer(_ slot: Int, _ tasks: [Int]) {
        for task in tasks {
            queueIfReady(slot, task)
            freed(slot, task)
        }
    }

    private mutating func closeLease(_ worker: Int) {
        guard let lease = workers[worker].lease else { return }
        workers[worker].lease = nil
        workers[worker].status = nil
        workers[worker].ended.append(EndedLease(id: lease.id, job: lease.job, program: lease.program))
        if workers[worker].ended.count > 4 { workers[worker].ended.removeFirst() }
        jobs[lease.job].leaseCount -= 1
        jobs[lease.job].leaseStartTicks -= Int(lease.grantedAt.rawValue)
        jobs[lease.job].servedTicks += now.ticks(since: lease.grantedAt)
        forgiveDebts(to: lease.job, now)
        refreshIdle(worker)
        emit(.send(workers[worker].peer, .end(lease.id)))
    }

    /// Ends all runs of a job that are of the programs meant.
    mutating func endLeases(_ slot: Int, where isMeant: (Lease) -> Bool) {
        for worker in workers.indices {
            guard let lease = workers[worker].lease, lease.job == slot, isMeant(lease) else { continue }
            endLease(worker)
        }
    }
}
