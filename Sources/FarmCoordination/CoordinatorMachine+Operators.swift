import FarmProtocol

// MARK: Orders of operators

extension CoordinatorMachine {
    /// Every life of the worker that is there finishes its segment and leaves.
    mutating func drain(_ id: WorkerID, _ now: Tick) {
        for worker in workers.indices where !workers[worker].isGone && workers[worker].peer.worker == id {
            workers[worker].isAskedToLeave = true
            emit(.send(workers[worker].peer, .drain))
            guard !workers[worker].isDraining else { continue }
            workers[worker].isDraining = true
            refreshIdle(worker)
            if workers[worker].lease != nil { cut(worker, at: boundary(of: worker), now) }
        }
    }

    mutating func quarantine(_ id: WorkerID) {
        guard distrusted.insert(id).inserted else { return }
        emit(.publish(.quarantined(id)))
        for worker in workers.indices where !workers[worker].isGone && workers[worker].peer.worker == id {
            expel(worker, .distrusted, reason: "an operator put this worker into quarantine")
        }
    }

    mutating func pardon(_ id: WorkerID) {
        flaps[id] = nil
        for worker in workers.indices where workers[worker].peer.worker == id { workers[worker].restsUntil = Tick(0) }
        foundWrong.remove(id)
        guard distrusted.remove(id) != nil else { return }
        emit(.publish(.pardoned(id)))
    }

    mutating func revoke(_ peer: Peer) {
        revoked.insert(peer)
        guard let worker = workerSlots[peer] else { return }
        expel(worker, .revoked, reason: "its key was revoked")
    }

    /// Ends a worker's life in the farm at once; nobody is blamed.
    mutating func expel(_ worker: Int, _ refusal: Refusal, reason: String) {
        let peer = workers[worker].peer
        emit(.send(peer, .refuse(refusal, reason: reason)))
        emit(.kill(peer, refusal))
        emit(.publish(.left(peer, counted: false)))
        remove(worker)
    }
}

// MARK: Workers that come and go

/// How often a worker was lost lately.
struct FlapState {
    /// The last losses, oldest first; at most three.
    var losses: [Tick] = []
    var restCount = 0
    var restsUntil = Tick(0)
}

extension CoordinatorMachine {
    /// Notes that a worker was lost, not that it left. Three losses in a short time earn it a rest.
    mutating func noteLoss(_ id: WorkerID, _ now: Tick) {
        guard policy.flapTicks > 0 else { return }
        var state = flaps[id] ?? FlapState()
        if let last = state.losses.last, now.ticks(since: last) > policy.forgivenessTicks { state = FlapState() }
        state.losses.append(now)
        if state.losses.count > 3 { state.losses.removeFirst() }
        if state.losses.count == 3, now.ticks(since: state.losses[0]) <= policy.flapTicks {
            // Doubled so often at most that the multiplication cannot overflow.
            let ticks = min(policy.longestRestTicks, policy.restTicks << min(state.restCount, 20))
            state.restCount += 1
            state.restsUntil = now + ticks
            state.losses = [now]
        }
        flaps[id] = state
        // Workers with a new name for each life must not fill the memory.
        if flaps.count > Limits.workerCount {
            flaps = flaps.filter { $0.value.restsUntil > now || $0.value.losses.last == now }
        }
    }

    /// Whether a worker that joins has to rest, and until when.
    mutating func rest(_ worker: Int, _ now: Tick) {
        guard let state = flaps[workers[worker].peer.worker], state.restsUntil > now else { return }
        workers[worker].restsUntil = state.restsUntil
        emit(.publish(.resting(workers[worker].peer, ticks: state.restsUntil.ticks(since: now))))
    }
}
