import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// Two results for one key: a third run decides.
    mutating func dispute(_ slot: Int, _ task: Int, _ other: TaskResult, by peer: Peer) {
        let state = jobs[slot].tasks[task]
        guard state.phase == .done, let key = state.key, let recorded = state.result else { return }
        precondition(recorded != other && jobs[slot].opinions[task] == nil)
        let claims = [Claim(peer: state.producer, result: recorded), Claim(peer: peer, result: other)]
        jobs[slot].opinions[task] = SecondOpinion(claims: claims, isDispute: true)
        emit(.alarm(.disputed(jobs[slot].id, jobs[slot].name(of: task), key, claims)))
        guard !jobs[slot].programs[Int(jobs[slot].programOf[task])].isFailed else {
            // Its song was given up: no third run, but nobody may rely on either result.
            jobs[slot].opinions[task] = nil
            return persist(.dropped(key))
        }
        if !state.runsAgain { unsettle(slot, task) }
        release(slot, task)
        // Nobody may wait for this key's result now: which one it is is open.
        freed(slot, task)
        queueIfReady(slot, task)
    }

    /// Takes in one more result of a task whose results are compared.
    mutating func vote(_ slot: Int, _ task: Int, _ claim: Claim) {
        guard var opinion = jobs[slot].opinions[task], let key = jobs[slot].tasks[task].key else { return }
        let name = jobs[slot].name(of: task)
        opinion.claims.append(claim)
        opinion.askedAt = nil
        let isDisagreement = opinion.claims.contains { $0.result != claim.result }
        if isDisagreement, !opinion.isDispute {
            opinion.isDispute = true
            emit(.alarm(.disputed(jobs[slot].id, name, key, opinion.claims)))
        }
        jobs[slot].opinions[task] = opinion
        if let standing = verdict(opinion) { return settle(slot, task, opinion, standing) }
        if opinion.claims.count >= policy.maximumVotes {
            emit(.alarm(.undecided(jobs[slot].id, name, key, opinion.claims)))
            return failSong(slot, task, reason: "no two runs of it agree")
        }
        queueIfReady(slot, task)
    }

    /// The result that stands, nil while it is open: at least two voices for it and more than for any other.
    ///
    /// A worker has one voice for a result, however often it says it: who is wrong is often wrong in the same way.
    /// Where there is but one worker its runs are counted, and a dispute takes two more.
    private func verdict(_ opinion: SecondOpinion) -> TaskResult? {
        var best: (result: TaskResult, count: Int)?
        var isTie = false
        let hasSeveralWorkers = opinion.workerCount > 1
        for claim in opinion.claims where best?.result != claim.result {
            let own = opinion.claims.filter { $0.result == claim.result }
            let count = hasSeveralWorkers ? Set(own.map { $0.peer?.worker }).count : own.count
            if count > best?.count ?? 0 {
                best = (claim.result, count)
                isTie = false
            } else if count == best?.count {
                isTie = true
            }
        }
        guard let best, best.count >= 2, !isTie else { return nil }
        guard opinion.isDispute, let first = opinion.claims[0].peer?.worker else { return best.result }
        let isOneWorker = opinion.claims.allSatisfy { $0.peer?.worker == first }
        return isOneWorker && opinion.claims.count < 4 ? nil : best.result
    }

    private mutating func settle(_ slot: Int, _ task: Int, _ opinion: SecondOpinion, _ standing: TaskResult) {
        jobs[slot].opinions[task] = nil
        let name = jobs[slot].name(of: task)
        guard let key = jobs[slot].tasks[task].key, let recorded = jobs[slot].tasks[task].result else {
            return
        }
        // Nobody is found right by its own word alone.
        let voices = Set(opinion.claims.filter { $0.result == standing }.compactMap { $0.peer?.worker })
        for claim in opinion.claims where claim.result == standing && voices.count > 1 {
            if let peer = claim.peer, let worker = workerSlots[peer] {
                workers[worker].agreedSequence = max(
                    workers[worker].agreedSequence, jobs[slot].tasks[task].sequence)
            }
        }
        guard opinion.isDispute else { return agree(slot, task) }
        var wrong: [WorkerID] = []
        for claim in opinion.claims where claim.result != standing {
            if let worker = claim.peer?.worker, !wrong.contains(worker) { wrong.append(worker) }
        }
        let right = opinion.claims.compactMap { $0.result == standing ? $0.peer?.worker : nil }
        // A worker that also got it right is not lying but ailing; on a farm of one it is all there is.
        wrong.removeAll { right.contains($0) }
        var dropped = 0
        var touched: [ProgramID] = []
        for worker in wrong { distrust(worker, keeping: task, in: slot, &dropped, &touched) }
        if recorded != standing { retracted.insert(key) }
        retractElsewhere(task, in: slot, &dropped)
        // What the distrusted workers did may have taken this task's own inputs back.
        guard jobs[slot].tasks[task].phase == .done, jobs[slot].tasks[task].key == key else {
            return emit(
                .alarm(
                    .settled(
                        jobs[slot].id, name, key, standing: standing, wrong: wrong, droppedCount: dropped,
                        touchedDeliverables: touched)))
        }
        if recorded != standing {
            retract(slot, [task], &dropped, &touched)
            correct(slot, task, key, standing, opinion)
        } else {
            agree(slot, task)
        }
        emit(
            .alarm(
                .settled(
                    jobs[slot].id, name, key, standing: standing, wrong: wrong, droppedCount: dropped,
                    touchedDeliverables: touched)))
    }

    /// The task's job or song ends before its results were compared.
    ///
    /// Nobody will decide a dispute any more, so nobody may rely on what is recorded.
    mutating func abandonOpinion(_ slot: Int, _ task: Int) {
        guard let opinion = jobs[slot].opinions.removeValue(forKey: task), opinion.isDispute else { return }
        if let key = jobs[slot].tasks[task].key { persist(.dropped(key)) }
    }

    /// The recorded result stands.
    private mutating func agree(_ slot: Int, _ task: Int) {
        guard jobs[slot].hasOutputBytes(task), jobs[slot].hasSnapshotBytes(task) else {
            // It stands, but its bytes are still wanted.
            return queueIfReady(slot, task)
        }
        jobs[slot].tasks[task].runsAgain = false
        settled(slot, task)
        emit(.publish(.repeated(jobs[slot].id, jobs[slot].name(of: task))))
        wakeReaders(slot, task)
        if let key = jobs[slot].tasks[task].key, let result = jobs[slot].tasks[task].result { served(key, result) }
    }

    /// Another result than the recorded one stands: it takes its place.
    private mutating func correct(
        _ slot: Int, _ task: Int, _ key: TaskKey, _ standing: TaskResult, _ opinion: SecondOpinion
    ) {
        guard jobs[slot].tasks[task].phase == .lookingUp,
            let peer = opinion.claims.first(where: { $0.result == standing })?.peer
        else { return }
        jobs[slot].lookUpCount -= 1
        jobs[slot].tasks[task].key = key
        persist(
            .result(
                LedgerEntry(
                    key: key, result: standing, job: jobs[slot].id, task: jobs[slot].name(of: task),
                    peer: peer,
                    costMicroseconds: 0)))
        // Two workers have agreed on it already: no further audit.
        becomeDone(slot, task, standing, by: peer, isAgreed: true)
        served(key, standing)
    }
}

// MARK: Taking back

extension CoordinatorMachine {
    /// A worker computed something wrong: no more work for it, and what it did since it was last found right is
    /// dropped with all that descends from it.
    private mutating func distrust(
        _ worker: WorkerID, keeping disputed: Int, in disputedSlot: Int, _ dropped: inout Int,
        _ touched: inout [ProgramID]
    ) {
        foundWrong.insert(worker)
        guard distrusted.insert(worker).inserted else { return }
        emit(.publish(.distrusted(worker)))
        var agreed: UInt64 = 0
        for slot in workers.indices where workers[slot].peer.worker == worker && !workers[slot].isGone {
            agreed = max(agreed, workers[slot].agreedSequence)
            expel(slot, .distrusted, reason: "its results were found wrong")
        }
        for slot in activeJobs {
            let suspects = jobs[slot].tasks.indices.filter { task in
                let state = jobs[slot].tasks[task]
                guard !(slot == disputedSlot && task == disputed) else { return false }
                guard state.phase == .done, state.producer?.worker == worker else { return false }
                return state.sequence > agreed
            }
            if !suspects.isEmpty { retract(slot, suspects, &dropped, &touched) }
        }
    }

    /// Forgets the results of these tasks and of everything that descends from them, here and in the ledger.
    private mutating func retract(
        _ slot: Int, _ roots: [Int], _ dropped: inout Int, _ touched: inout [ProgramID]
    ) {
        var isTaken = [Bool](repeating: false, count: jobs[slot].tasks.count)
        var open = roots
        while let task = open.popLast() {
            guard !isTaken[task], jobs[slot].tasks[task].phase != .failed else { continue }
            isTaken[task] = true
            open += jobs[slot].readers[task].map { Int($0) }
            if let successor = jobs[slot].successor(of: task) { open.append(successor) }
        }
        let taken = isTaken.indices.filter { isTaken[$0] }
        let bases = jobs[slot].programs.map(\.base)
        endLeases(slot) { lease in
            let base = bases[lease.program]
            return isTaken[(base + lease.next)..<(base + lease.horizon)].contains(true)
        }
        for task in taken {
            if jobs[slot].tasks[task].phase == .done, let key = jobs[slot].tasks[task].key {
                persist(.dropped(key))
                retracted.insert(key)
                dropped += 1
            }
            if jobs[slot].tasks[task].phase == .lookingUp { jobs[slot].lookUpCount -= 1 }
            if jobs[slot].tasks[task].phase == .done { jobs[slot].doneCount -= 1 }
            unpin(slot, task)
            jobs[slot].opinions[task] = nil
            wantNoMore(slot, task)
            let isFailed = jobs[slot].programs[Int(jobs[slot].programOf[task])].isFailed
            jobs[slot].tasks[task].phase = isFailed ? .failed : .waiting
            jobs[slot].tasks[task].runsAgain = false
            jobs[slot].tasks[task].key = nil
            jobs[slot].tasks[task].result = nil
            jobs[slot].tasks[task].producer = nil
        }
        takeBackDeliveries(slot, isTaken, &touched)
        var programs: [ProgramID] = []
        for program in jobs[slot].programs.indices {
            let state = jobs[slot].programs[program]
            guard state.isComplete, isTaken[state.base..<state.end].contains(true) else { continue }
            programs.append(ProgramID(program))
        }
        if !programs.isEmpty { emit(.publish(.retracted(jobs[slot].id, programs))) }
        rebuild(slot)
    }

    /// Takes back what other jobs had from the ledger under keys that were just dropped.
    private mutating func retractElsewhere(_ disputed: Int, in disputedSlot: Int, _ dropped: inout Int) {
        while !retracted.isEmpty {
            let keys = retracted
            retracted = []
            for slot in activeJobs {
                let roots = jobs[slot].tasks.indices.filter { task in
                    guard jobs[slot].tasks[task].phase == .done, slot != disputedSlot || task != disputed else {
                        return false
                    }
                    return jobs[slot].tasks[task].key.map { keys.contains($0) } ?? false
                }
                // The alarm names the deliverables of its own job; those of others go back by `rewind` alone.
                var touched: [ProgramID] = []
                if !roots.isEmpty { retract(slot, roots, &dropped, &touched) }
            }
        }
    }

    private mutating func takeBackDeliveries(_ slot: Int, _ isTaken: [Bool], _ touched: inout [ProgramID]) {
        for program in jobs[slot].programs.indices where jobs[slot].programs[program].shape.isDelivered {
            guard !jobs[slot].programs[program].isFailed else { continue }
            let state = jobs[slot].programs[program]
            let reached = state.deliveryCursor + (state.delivery == nil ? 0 : 1)
            guard let first = (0..<reached).first(where: { isTaken[state.base + $0] }) else { continue }
            deliveries.removeAll { $0.number == state.delivery }
            jobs[slot].programs[program].delivery = nil
            jobs[slot].programs[program].deliveryCursor = first
            touched.append(ProgramID(program))
            emit(.rewind(jobs[slot].id, ProgramID(program), toSegment: first))
        }
    }

    /// Counts everything of a job anew from the tasks' phases.
    ///
    /// Only after results were taken back: it visits every task.
    private mutating func rebuild(_ slot: Int) {
        jobs[slot].unsettledCount = 0
        jobs[slot].undeliveredCount = 0
        for task in jobs[slot].tasks.indices { jobs[slot].tasks[task].openReaderCount = 0 }
        for task in jobs[slot].tasks.indices {
            var unmet: Int32 = 0
            let isOpen = !jobs[slot].tasks[task].isSettled
            for input in jobs[slot].inputs[task] {
                if jobs[slot].tasks[Int(input)].phase != .done { unmet += 1 }
                if isOpen { jobs[slot].tasks[Int(input)].openReaderCount += 1 }
            }
            if let predecessor = jobs[slot].predecessor(of: task) {
                if jobs[slot].tasks[predecessor].phase != .done { unmet += 1 }
            }
            jobs[slot].tasks[task].unmetCount = unmet
            if isOpen { jobs[slot].unsettledCount += 1 }
        }
        for program in jobs[slot].programs.indices {
            let state = jobs[slot].programs[program]
            var cursor = 0
            while cursor < state.shape.segmentCount, jobs[slot].tasks[state.base + cursor].phase == .done {
                cursor += 1
            }
            jobs[slot].programs[program].doneCursor = cursor
            guard state.shape.isDelivered, !state.isFailed else { continue }
            jobs[slot].undeliveredCount += state.shape.segmentCount - state.deliveryCursor
            for segment in state.deliveryCursor..<state.shape.segmentCount {
                jobs[slot].tasks[state.base + segment].openReaderCount += 1
            }
        }
        refreshOldest(slot)
        for task in jobs[slot].tasks.indices { refreshPins(slot, task) }
        for task in jobs[slot].tasks.indices {
            let state = jobs[slot].tasks[task]
            if state.phase == .waiting, state.unmetCount == 0 {
                lookUp(slot, task)
            } else if state.mustRun, state.holder < 0 {
                queueIfReady(slot, task)
            }
        }
        for program in jobs[slot].programs.indices { deliverNext(slot, program: program) }
    }
}
