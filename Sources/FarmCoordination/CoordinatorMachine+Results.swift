import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// A RESULT whose bytes are in the store.
    mutating func stored(_ report: ResultReport, from peer: Peer, _ now: Tick) {
        let name = report.name
        guard let worker = workerSlots[peer], !workers[worker].isGone else {
            acquit(name, peer)
            return emit(.send(peer, .identify(coordinator: incarnation)))
        }
        heard(worker, now)
        guard let slot = jobSlots[name.job], jobs[slot].isActive, let task = jobs[slot].index(of: name.task)
        else { return drop(name, peer) }
        guard isOwn(name, worker, slot) else {
            emit(.publish(.refused(peer, name.lease)))
            return drop(name, peer)
        }
        let isLive =
            workers[worker].lease?.id == name.lease
            && workers[worker].lease?.covers(name.task.segment) == true
        switch jobs[slot].tasks[task].phase {
        case .failed: drop(name, peer)
        case .waiting, .lookingUp:
            guard isLive else {
                // What a worker brings over from an earlier coordinator is judged when its key is known.
                if !workers[worker].adopted.contains(name.lease) { drop(name, peer) }
                return
            }
            holdResult(report, worker)
        case .missed:
            guard jobs[slot].tasks[task].key == name.key else {
                return wrongKey(name, task, slot, worker, isLive: isLive, now)
            }
            commit(slot, task, report, by: worker)
        case .done:
            guard jobs[slot].tasks[task].key == name.key else {
                return wrongKey(name, task, slot, worker, isLive: isLive, now)
            }
            repeated(slot, task, report, by: worker, isLive: isLive)
        }
    }

    /// The process ended before its result was here, and the task was blamed: it had been done, and what came after it
    /// ended the process.
    private mutating func acquit(_ name: ResultName, _ peer: Peer) {
        guard let slot = jobSlots[name.job], jobs[slot].isActive, let task = jobs[slot].index(of: name.task),
            jobs[slot].tasks[task].key == name.key
        else { return }
        jobs[slot].attempts[task]?.counted.removeAll { $0 == peer }
    }

    /// True where the lease of a result is one that this very peer was given, for that program.
    private func isOwn(_ name: ResultName, _ worker: Int, _ slot: Int) -> Bool {
        let state = workers[worker]
        if let lease = state.lease, lease.id == name.lease {
            return lease.job == slot && lease.program == name.task.program.rawValue
                && name.task.segment >= lease.start
        }
        if state.adopted.contains(name.lease) { return true }
        return state.ended.contains {
            $0.id == name.lease && $0.job == slot && $0.program == name.task.program.rawValue
        }
    }

    private mutating func drop(_ name: ResultName, _ peer: Peer) { emit(.send(peer, .drop(name))) }

    /// A result that came before its key is known waits in the lease; there are at most as many as the run is
    /// long.
    private mutating func holdResult(_ report: ResultReport, _ worker: Int) {
        guard let lease = workers[worker].lease else { return }
        guard !lease.held.contains(where: { $0.name.task == report.name.task }) else { return }
        workers[worker].lease?.held.append(report)
    }

    /// Commits the held result of a task whose key just came; false where there is none.
    mutating func takeHeldResult(_ slot: Int, _ task: Int, _ now: Tick) -> Bool {
        let name = jobs[slot].name(of: task)
        let runs = [Int(jobs[slot].tasks[task].holder), jobs[slot].seconds[task] ?? -1].filter { $0 >= 0 }
        let holds = { (state: WorkerState) in state.lease?.held.first { $0.name.task == name } }
        guard let worker = runs.first(where: { holds(workers[$0]) != nil }), let report = holds(workers[worker])
        else { return false }
        workers[worker].lease?.held.removeAll { $0.name.task == name }
        guard jobs[slot].tasks[task].key == report.name.key else {
            wrongKey(report.name, task, slot, worker, isLive: true, now)
            return true
        }
        commit(slot, task, report, by: worker)
        return true
    }

    /// The worker computed from other inputs than the coordinator holds.
    ///
    /// Under a live lease that is a fault of this worker; a late one merely descends from something that was
    /// taken back.
    private mutating func wrongKey(
        _ name: ResultName, _ task: Int, _ slot: Int, _ worker: Int, isLive: Bool, _ now: Tick
    ) {
        drop(name, workers[worker].peer)
        guard isLive else { return }
        attemptFailed(
            slot, task, by: worker, isCounted: false, reason: "computed under a key that is not the task's",
            now)
        endLease(worker)
    }

    /// The first result of a task.
    private mutating func commit(_ slot: Int, _ task: Int, _ report: ResultReport, by worker: Int) {
        let peer = workers[worker].peer
        jobs[slot].missing.subtract(digests(of: report.result))
        if let lease = workers[worker].lease, lease.id == report.name.lease, lease.next == report.name.task.segment {
            typical.add(now.ticks(since: lease.segmentSince), jobs[slot].programs[lease.program].shape)
        }
        endRivals(slot, task, of: worker, now)
        persist(
            .result(
                LedgerEntry(
                    key: report.name.key, result: report.result, job: report.name.job, task: report.name.task,
                    peer: peer, costMicroseconds: report.costMicroseconds)))
        emit(.send(peer, .commit(report.name)))
        emit(
            .publish(
                .committed(report.name.job, report.name.task, costMicroseconds: report.costMicroseconds)))
        becomeDone(slot, task, report.result, by: peer)
        served(report.name.key, report.result)
    }

    /// A further result of a done task: welcome if it is the same, an alarm if it is not.
    private mutating func repeated(
        _ slot: Int, _ task: Int, _ report: ResultReport, by worker: Int, isLive: Bool
    ) {
        let peer = workers[worker].peer
        jobs[slot].missing.subtract(digests(of: report.result))
        emit(.send(peer, .commit(report.name)))
        if jobs[slot].opinions[task] != nil {
            // A message that comes twice is no second opinion: a worker has one say, unless it was asked again.
            let isAsked = isLive && Int(jobs[slot].tasks[task].holder) == worker
            if isAsked || jobs[slot].opinions[task]?.voters.contains(peer.worker) == false {
                release(slot, task)
                vote(slot, task, Claim(peer: peer, result: report.result))
            }
        } else if report.result != jobs[slot].tasks[task].result {
            dispute(slot, task, report.result, by: peer)
        } else if jobs[slot].tasks[task].runsAgain {
            jobs[slot].tasks[task].runsAgain = false
            settled(slot, task)
            emit(.publish(.repeated(report.name.job, report.name.task)))
            wakeReaders(slot, task)
            served(report.name.key, report.result)
        }
    }

    func digests(of result: TaskResult) -> [Digest] {
        var all = result.outputs.flatMap { $0.map(\.digest) }
        if let snapshot = result.snapshot { all.append(snapshot.digest) }
        return all
    }
}
