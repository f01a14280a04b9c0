import FarmProtocol
import Quantities
import RenderPlan

// MARK: Messages

extension CoordinatorMachine {
    mutating func received(_ message: FarmMessage, from peer: Peer, _ now: Tick) {
        if case .hello(let hello) = message { return greet(peer, hello, now) }
        guard let worker = workerSlots[peer] else {
            return emit(.send(peer, .identify(coordinator: incarnation)))
        }
        heard(worker, now)
        switch message {
        case .heartbeat(let report): reported(report, worker, now)
        case .failed(let report): failed(report, worker, now)
        case .unreadable(let report): unreadable(report, worker, now)
        case .goodbye: depart(worker, isCounted: false, isLost: false, reason: "the worker left", now)
        case .result(let report):
            // The host verifies a result's bytes before the machine may hear of it.
            emit(.send(peer, .drop(report.name)))
        case .hello, .welcome, .identify, .refuse, .beat, .lease, .extend, .stop, .end, .commit, .drop,
            .drain:
            // What only a coordinator says means nothing here.
            return
        }
    }

    mutating func heard(_ worker: Int, _ now: Tick) {
        workers[worker].lastHeard = now
        workers[worker].linkLostAt = nil
    }

    private mutating func greet(_ peer: Peer, _ hello: Hello, _ now: Tick) {
        if let (refusal, reason) = refusal(of: peer, hello) {
            emit(.send(peer, .refuse(refusal, reason: reason)))
            return emit(.publish(.turnedAway(peer, refusal, reason: reason)))
        }
        // An earlier life of the same worker is over, whether its end was seen or not.
        for slot in workers.indices where !workers[slot].isGone {
            guard workers[slot].peer.worker == peer.worker, workers[slot].peer < peer else { continue }
            depart(slot, isCounted: false, reason: "the worker came back as another process", now)
        }
        let worker = workerSlots[peer] ?? join(peer, now)
        heard(worker, now)
        let keep = hello.held.prefix(Limits.heldResultCount).filter { isWanted($0, worker) }
        for name in keep where name.lease.coordinator != incarnation {
            if !workers[worker].adopted.contains(name.lease) { workers[worker].adopted.append(name.lease) }
        }
        let lease = workers[worker].lease.flatMap { $0.id == hello.report.lease?.lease ? $0.id : nil }
        emit(
            .send(
                peer,
                .welcome(
                    Welcome(
                        number: hello.number,
                        protocolVersion: min(hello.protocolVersions.upperBound, Limits.protocolVersion),
                        coordinator: incarnation, credit: policy.credit, lease: lease, keep: Array(keep)))))
        reported(hello.report, worker, now)
    }

    private func refusal(of peer: Peer, _ hello: Hello) -> (Refusal, reason: String)? {
        let (theirs, ours) = (hello.protocolVersions, Limits.protocolVersions)
        if !theirs.overlaps(ours) {
            return (
                .protocolVersion,
                "the worker speaks protocol \(span(theirs)), this coordinator \(span(ours)): "
                    + "install the same release of Lathe on both"
            )
        }
        if hello.engine != engine {
            return (
                .engine,
                "the worker renders with engine \(hello.engine), this coordinator with \(engine): "
                    + "other bits, so install the same release of Lathe on both"
            )
        }
        if revoked.contains(peer) { return (.revoked, "its key was revoked") }
        if distrusted.contains(peer.worker) {
            return (.distrusted, "the worker is in quarantine; an operator may pardon it")
        }
        if workers.contains(where: { !$0.isGone && $0.peer.worker == peer.worker && $0.peer > peer }) {
            return (.superseded, "a later process of the same worker is here")
        }
        if workerSlots[peer] == nil, workerSlots.count >= Limits.workerCount {
            return (.tooManyWorkers, "the farm has \(Limits.workerCount) workers, its limit")
        }
        return nil
    }

    private func span(_ versions: ClosedRange<Int>) -> String {
        versions.count == 1 ? "\(versions.lowerBound)" : "\(versions.lowerBound) to \(versions.upperBound)"
    }

    private mutating func join(_ peer: Peer, _ now: Tick) -> Int {
        let state = WorkerState(peer: peer, now: now)
        let slot: Int
        if let free = freeWorkerSlots.popLast() {
            slot = free
            workers[slot] = state
        } else {
            slot = workers.count
            workers.append(state)
        }
        workerSlots[peer] = slot
        refreshIdle(slot)
        emit(.publish(.joined(peer)))
        rest(slot, now)
        return slot
    }

    /// KEEP or DROP for a result that a worker still holds.
    private func isWanted(_ name: ResultName, _ worker: Int) -> Bool {
        guard let slot = jobSlots[name.job], jobs[slot].isActive, let task = jobs[slot].index(of: name.task),
            !jobs[slot].programs[name.task.program.rawValue].isFailed
        else { return false }
        let state = jobs[slot].tasks[task]
        switch state.phase {
        case .waiting, .lookingUp: return true
        case .missed: return state.key == name.key
        case .done: return state.key == name.key && state.runsAgain
        case .failed: return false
        }
    }

    private mutating func reported(_ report: WorkerReport, _ worker: Int, _ now: Tick) {
        if report.isDraining {
            workers[worker].isAskedToLeave = false
            workers[worker].isDraining = true
            refreshIdle(worker)
        }
        guard let status = report.lease else {
            guard let lease = workers[worker].lease else { return }
            if workers[worker].isDraining { return endLease(worker) }
            if now.ticks(since: lease.changedAt) >= policy.resendTicks {
                workers[worker].lease?.changedAt = now
                emit(.send(workers[worker].peer, .lease(message(for: worker))))
            }
            return
        }
        guard let lease = workers[worker].lease, lease.id == status.lease else {
            emit(.send(workers[worker].peer, .end(status.lease)))
            return
        }
        let before = workers[worker].status
        if before?.next != status.next || before?.frames != status.frames || !status.isRendering {
            workers[worker].lastProgress = now
        }
        workers[worker].status = status
        if workers[worker].isDraining { cut(worker, at: max(status.horizon, lease.next), now) }
        guard let lease = workers[worker].lease, status.horizon != lease.horizon,
            now.ticks(since: lease.changedAt) >= policy.resendTicks
        else { return }
        workers[worker].lease?.changedAt = now
        if status.horizon < lease.horizon {
            let from = max(status.horizon, lease.start)
            let more = HorizonExtension(
                lease: lease.id, from: from, inputs: inputs(of: lease, from..<lease.horizon))
            emit(.send(workers[worker].peer, .extend(more)))
        } else {
            emit(.send(workers[worker].peer, .stop(lease.id, at: lease.horizon)))
        }
    }

    private mutating func failed(_ report: FailureReport, _ worker: Int, _ now: Tick) {
        guard let (slot, task) = own(report.lease, report.job, report.task, worker) else {
            return giveBack(report.lease, worker)
        }
        attemptFailed(slot, task, by: worker, isCounted: true, reason: report.reason, now)
        endLease(worker)
    }

    private mutating func unreadable(_ report: UnreadableReport, _ worker: Int, _ now: Tick) {
        guard let (slot, task) = own(report.lease, report.job, report.task, worker) else {
            return giveBack(report.lease, worker)
        }
        // What a store that keeps too little has given back is rendered again, however much of it there is. Forgiven
        // is every loss once, not for ever: a worker that can read nothing must not keep the farm busy. Where it names
        // nothing that is lost, it is itself unwell (its disk is full, its encoder is another): it rests, and the task
        // is none the worse.
        let isNews = lose(report.digests, readBy: task, slot)
        attemptFailed(
            slot, task, by: worker, isCounted: false, isCharged: !report.digests.isEmpty && !isNews,
            reason: report.digests.isEmpty
                ? "a worker cannot do it where it runs, for its disk or its libraries: its log says why"
                : "inputs could not be read", now)
        if report.digests.isEmpty { isUnwell(worker, slot, task, now) }
        endLease(worker)
    }

    /// A run came to its end over a segment that is not waited for (any more): what is left goes elsewhere.
    private mutating func giveBack(_ lease: LeaseID, _ worker: Int) {
        guard workers[worker].lease?.id == lease else {
            return emit(.send(workers[worker].peer, .end(lease)))
        }
        endLease(worker)
    }

    /// The task of a report, if it lies in the run that the worker has.
    private func own(_ id: LeaseID, _ job: JobID, _ name: TaskID, _ worker: Int) -> (slot: Int, task: Int)? {
        guard let lease = workers[worker].lease, lease.id == id, let slot = jobSlots[job], lease.job == slot,
            name.program.rawValue == lease.program, lease.covers(name.segment),
            let task = jobs[slot].index(of: name)
        else { return nil }
        return (slot, task)
    }

    mutating func unverified(_ name: ResultName, from peer: Peer, _ now: Tick) {
        guard let worker = workerSlots[peer] else { return }
        heard(worker, now)
        emit(.send(peer, .drop(name)))
        guard let (slot, task) = own(name.lease, name.job, name.task, worker) else { return }
        // The worker dropped the bytes it was told to drop; its run cannot be continued from there.
        attemptFailed(
            slot, task, by: worker, isCounted: false, reason: "its bytes were not those of its result", now)
        isUnwell(worker, slot, task, now)
        endLease(worker)
    }

    /// The worker's own store or disk is at fault, as far as can be told: others come first for this task, and three
    /// such losses in a short time earn it a rest, so that it does not lose everything that the farm has to give.
    private mutating func isUnwell(_ worker: Int, _ slot: Int, _ task: Int, _ now: Tick) {
        let peer = workers[worker].peer
        if !jobs[slot].attempts[task, default: Attempts()].unwell.contains(peer) {
            jobs[slot].attempts[task, default: Attempts()].unwell.append(peer)
        }
        noteLoss(peer.worker, now)
        rest(worker, now)
    }
}

// MARK: Life and death

extension CoordinatorMachine {
    mutating func timerFired(_ now: Tick) {
        emit(.wake(at: now + policy.heartbeatTicks))
        for worker in workers.indices where !workers[worker].isGone {
            if let since = workers[worker].linkLostAt, now.ticks(since: since) >= policy.lostLinkTicks {
                depart(worker, isCounted: false, reason: "the worker's connection went", now)
                continue
            }
            if now.ticks(since: workers[worker].lastHeard) > policy.deadTicks {
                depart(worker, isCounted: false, reason: "the worker was not heard of any more", now)
                continue
            }
            if let status = workers[worker].status, status.isRendering, workers[worker].lease != nil,
                now.ticks(since: workers[worker].lastProgress) > policy.hangTicks
            {
                let peer = workers[worker].peer
                depart(worker, isCounted: true, reason: "no progress for \(policy.hangTicks) ticks", now)
                emit(.send(peer, .refuse(.hung)))
                emit(.kill(peer, .hung))
                continue
            }
            emit(.send(workers[worker].peer, .beat(coordinator: incarnation)))
            if workers[worker].isAskedToLeave { emit(.send(workers[worker].peer, .drain)) }
        }
    }

    /// The transport saw the connection go: if nothing is heard soon, the process is gone.
    mutating func linkLost(_ peer: Peer, _ now: Tick) {
        guard let worker = workerSlots[peer], workers[worker].linkLostAt == nil else { return }
        workers[worker].linkLostAt = now
        emit(.wake(at: now + policy.lostLinkTicks))
    }

    mutating func exited(_ peer: Peer, _ end: ProcessEnd, _ now: Tick) {
        guard let worker = workerSlots[peer] else { return }
        let reason =
            switch end {
            case .code(let code): "the worker process ended with exit code \(code)"
            case .signal(let number): "the worker process was ended by signal \(number)"
            }
        depart(worker, isCounted: end.isCounted, reason: reason, now)
    }

    /// A worker's life is over: its run goes elsewhere, and the segment it was at is blamed or forgiven.
    private mutating func depart(
        _ worker: Int, isCounted: Bool, isLost: Bool = true, reason: String, _ now: Tick
    ) {
        if isLost, !workers[worker].isDraining { noteLoss(workers[worker].peer.worker, now) }
        if let lease = workers[worker].lease, jobs[lease.job].isActive {
            let reached = min(max(lease.next, workers[worker].status?.next ?? lease.next), lease.horizon - 1)
            let task = jobs[lease.job].programs[lease.program].base + max(reached, lease.next)
            if !workers[worker].isDraining || isCounted {
                attemptFailed(lease.job, task, by: worker, isCounted: isCounted, reason: reason, now)
            }
        }
        emit(.publish(.left(workers[worker].peer, counted: isCounted)))
        remove(worker)
    }

    /// Takes a worker out of the farm.
    mutating func remove(_ worker: Int) {
        precondition(!workers[worker].isGone)
        // Marked first, so that nothing is granted to it.
        workers[worker].isGone = true
        refreshIdle(worker)
        endLease(worker)
        workerSlots[workers[worker].peer] = nil
        freeWorkerSlots.append(worker)
    }
}
