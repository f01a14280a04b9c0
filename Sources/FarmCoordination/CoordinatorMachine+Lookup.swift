import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// Asks for the key of a task all of whose inputs have results.
    mutating func lookUp(_ slot: Int, _ task: Int) {
        precondition(jobs[slot].tasks[task].phase == .waiting)
        precondition(jobs[slot].tasks[task].unmetCount == 0)
        let number = nextNumber()
        jobs[slot].tasks[task].phase = .lookingUp
        jobs[slot].tasks[task].lookUp = number
        jobs[slot].lookUpCount += 1
        let snapshot = jobs[slot].predecessor(of: task).flatMap {
            jobs[slot].tasks[$0].result?.snapshot?.digest
        }
        emit(
            .lookUp(
                LookUp(
                    number: number, job: jobs[slot].id, task: jobs[slot].name(of: task),
                    inputs: jobs[slot].inputResults(of: task), snapshot: snapshot)))
    }

    mutating func lookedUp(_ answer: LookUpAnswer, _ now: Tick) {
        guard let slot = jobSlots[answer.job], jobs[slot].isActive,
            let task = jobs[slot].index(of: answer.task)
        else { return }
        // An answer to an older question: a dispute took the inputs back meanwhile.
        guard jobs[slot].tasks[task].phase == .lookingUp, jobs[slot].tasks[task].lookUp == answer.number
        else {
            return
        }
        jobs[slot].lookUpCount -= 1
        jobs[slot].tasks[task].key = answer.key
        let isTrusted = answer.producer.map { !foundWrong.contains($0.worker) } ?? true
        // What a worker did in an earlier job before it was found wrong is worth no more than what it does now.
        if answer.entry != nil, !isTrusted { persist(.dropped(answer.key)) }
        guard let entry = answer.entry, isTrusted else {
            jobs[slot].tasks[task].phase = .missed
            want(slot, task)
            guard !takeHeldResult(slot, task, now) else { return }
            let holder = Int(jobs[slot].tasks[task].holder)
            // A run came here before the key was known, and another already has it: this one ends before.
            if holder >= 0, isRunElsewhere(slot, task) { cut(holder, at: answer.task.segment, now) }
            queueIfReady(slot, task)
            return
        }
        for digest in answer.absent { jobs[slot].missing.insert(digest) }
        let holder = Int(jobs[slot].tasks[task].holder)
        emit(.publish(.reused(answer.job, answer.task)))
        becomeDone(slot, task, entry, by: answer.producer)
        guard holder >= 0, let lease = workers[holder].lease else { return }
        // The ledger knows what the run was about to render: it stops here, and the chain goes on from
        // the last hit's snapshot.
        let held = lease.held.first { $0.name.task == answer.task }
        cut(holder, at: answer.task.segment, now)
        guard let held, held.name.key == answer.key else { return }
        if jobs[slot].opinions[task] != nil {
            vote(slot, task, Claim(peer: workers[holder].peer, result: held.result))
        } else if held.result != entry {
            dispute(slot, task, held.result, by: workers[holder].peer)
        }
    }

    /// Gives a task its first result and wakes whoever waited for it.
    mutating func becomeDone(
        _ slot: Int, _ task: Int, _ result: TaskResult, by producer: Peer?, isAgreed: Bool = false
    ) {
        precondition(jobs[slot].tasks[task].phase == .missed || jobs[slot].tasks[task].phase == .lookingUp)
        precondition(!jobs[slot].tasks[task].runsAgain)
        commitCounter += 1
        jobs[slot].tasks[task].phase = .done
        jobs[slot].tasks[task].result = result
        jobs[slot].tasks[task].producer = producer
        jobs[slot].tasks[task].sequence = commitCounter
        jobs[slot].doneCount += 1
        jobs[slot].tasks[task].isParked = false
        if !isAgreed, let key = jobs[slot].tasks[task].key, isAudited(key) {
            jobs[slot].tasks[task].runsAgain = true
            jobs[slot].opinions[task] = SecondOpinion(
                claims: [Claim(peer: producer, result: result)], isDispute: false)
            want(slot, task)
            refreshPins(slot, task)
            release(slot, task)
        } else {
            settled(slot, task)
        }
        advanceCursor(slot, program: Int(jobs[slot].programOf[task]))
        if let successor = jobs[slot].successor(of: task) { met(slot, successor) }
        for reader in jobs[slot].readers[task] { met(slot, Int(reader)) }
        deliverNext(slot, program: Int(jobs[slot].programOf[task]))
        if jobs[slot].tasks[task].runsAgain { queueIfReady(slot, task) }
    }

    /// One more input of a task has its result.
    private mutating func met(_ slot: Int, _ task: Int) {
        guard jobs[slot].tasks[task].phase == .waiting else { return }
        jobs[slot].tasks[task].unmetCount -= 1
        let unmet = jobs[slot].tasks[task].unmetCount
        precondition(unmet >= 0)
        if unmet == 0 {
            lookUp(slot, task)
        } else if unmet == 1, let predecessor = jobs[slot].predecessor(of: task) {
            let holder = Int(jobs[slot].tasks[predecessor].holder)
            if holder >= 0 { extensible.append(holder) }
        }
    }

    /// Moves the program's cursor past its done segments, and lets producers go on that it held back.
    mutating func advanceCursor(_ slot: Int, program: Int) {
        let base = jobs[slot].programs[program].base
        let count = jobs[slot].programs[program].shape.segmentCount
        let before = jobs[slot].programs[program].doneCursor
        var cursor = before
        while cursor < count, jobs[slot].tasks[base + cursor].phase == .done { cursor += 1 }
        guard cursor != before else { return }
        jobs[slot].programs[program].doneCursor = cursor
        if before == jobs[slot].oldestSegment {
            jobs[slot].oldestCount -= 1
            if jobs[slot].oldestCount == 0 { refreshOldest(slot) }
        }
        for producer in jobs[slot].programs[program].producers { unblock(slot, program: producer) }
        if cursor == count { emit(.publish(.completed(jobs[slot].id, ProgramID(program)))) }
    }

    /// Counts a task as settled: its inputs have one open reader less.
    mutating func settled(_ slot: Int, _ task: Int) {
        precondition(jobs[slot].tasks[task].isSettled)
        jobs[slot].unsettledCount -= 1
        wantNoMore(slot, task)
        for input in jobs[slot].inputs[task] {
            jobs[slot].tasks[Int(input)].openReaderCount -= 1
            refreshPins(slot, Int(input))
        }
        if let predecessor = jobs[slot].predecessor(of: task) { refreshPins(slot, predecessor) }
        refreshPins(slot, task)
        release(slot, task)
    }

    /// Takes a task out of the run that has it; the run's first open segment may move.
    mutating func release(_ slot: Int, _ task: Int) {
        if let second = jobs[slot].seconds.removeValue(forKey: task) { extensible.append(second) }
        let holder = Int(jobs[slot].tasks[task].holder)
        guard holder >= 0 else { return }
        jobs[slot].tasks[task].holder = -1
        extensible.append(holder)
    }

    /// A settled task has to run again: its inputs have an open reader more.
    mutating func unsettle(_ slot: Int, _ task: Int) {
        precondition(jobs[slot].tasks[task].phase == .done && !jobs[slot].tasks[task].runsAgain)
        jobs[slot].tasks[task].runsAgain = true
        jobs[slot].unsettledCount += 1
        want(slot, task)
        for input in jobs[slot].inputs[task] {
            jobs[slot].tasks[Int(input)].openReaderCount += 1
            refreshPins(slot, Int(input))
        }
        if let predecessor = jobs[slot].predecessor(of: task) { refreshPins(slot, predecessor) }
    }

    /// Audits are drawn by the key alone, so that a resumed job audits the same tasks.
    private func isAudited(_ key: TaskKey) -> Bool {
        policy.auditPercent > 0 && Int(key.words[3] % 100) < policy.auditPercent
    }
}
