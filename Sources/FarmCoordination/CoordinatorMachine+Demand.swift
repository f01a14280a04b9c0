import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// Puts a task that has to run into the queue, once every byte it reads is there.
    ///
    /// Missing bytes are asked for: their producers run again, from the nearest snapshot still held.
    mutating func queueIfReady(_ slot: Int, _ task: Int) {
        var open = [task]
        while let task = open.popLast() {
            guard jobs[slot].tasks[task].mustRun, jobs[slot].tasks[task].holder < 0 else { continue }
            guard !jobs[slot].programs[Int(jobs[slot].programOf[task])].isFailed else { continue }
            var isReady = true
            for input in jobs[slot].inputs[task] where !jobs[slot].hasOutputBytes(Int(input)) {
                isReady = false
                if demand(slot, Int(input)) { open.append(Int(input)) }
            }
            if let predecessor = jobs[slot].predecessor(of: task), !jobs[slot].hasSnapshotBytes(predecessor) {
                isReady = false
                if demand(slot, predecessor) { open.append(predecessor) }
            }
            if isReady { enqueue(slot, task) }
        }
    }

    /// True where a task's inputs and its start snapshot are all in the store, as far as is known.
    func hasInputBytes(_ slot: Int, _ task: Int, fromLiveState: Bool) -> Bool {
        if jobs[slot].missing.isEmpty { return true }
        guard jobs[slot].inputs[task].allSatisfy({ jobs[slot].hasOutputBytes(Int($0)) }) else { return false }
        guard !fromLiveState, let predecessor = jobs[slot].predecessor(of: task) else { return true }
        return jobs[slot].hasSnapshotBytes(predecessor)
    }

    /// Marks a done task as wanted again; false where it already runs or is about to.
    private mutating func demand(_ slot: Int, _ task: Int) -> Bool {
        precondition(jobs[slot].tasks[task].phase == .done, "bytes of a task without a result")
        guard !jobs[slot].tasks[task].runsAgain else { return false }
        unsettle(slot, task)
        return true
    }

    private mutating func enqueue(_ slot: Int, _ task: Int) {
        guard !jobs[slot].tasks[task].isQueued else { return }
        if jobs[slot].ready.isEmpty, jobs[slot].leaseCount == 0, activeJobs.count > 1 { catchUp(slot) }
        jobs[slot].tasks[task].isQueued = true
        insertReady(slot, task)
    }

    mutating func insertReady(_ slot: Int, _ task: Int) {
        jobs[slot].ready.insert(
            ReadyEntry(
                tail: jobs[slot].tails[task], segment: jobs[slot].segment(of: task),
                program: Int(jobs[slot].programOf[task])))
    }

    /// The bytes of a task are in the store again: whoever waited for them may run.
    mutating func wakeReaders(_ slot: Int, _ task: Int) {
        for reader in jobs[slot].readers[task] where jobs[slot].tasks[Int(reader)].mustRun {
            queueIfReady(slot, Int(reader))
        }
        if let successor = jobs[slot].successor(of: task), jobs[slot].tasks[successor].mustRun {
            queueIfReady(slot, successor)
        }
        deliverNext(slot, program: Int(jobs[slot].programOf[task]))
    }

    /// Notes bytes that are gone: whoever waits in the queue to read them has them made first.
    mutating func absent(_ id: JobID, _ digests: [Digest]) {
        guard let slot = jobSlots[id], jobs[slot].isActive else { return }
        jobs[slot].missing.formUnion(digests)
    }

    /// Notes digests that a reader of `task` could not read, as far as the task does read them, and has the
    /// store forget them.
    ///
    /// - Returns: whether one of them was never lost before in this job.
    mutating func lose(_ digests: [Digest], readBy task: Int, _ slot: Int) -> Bool {
        var known: Set<Digest> = []
        for input in jobs[slot].inputs[task] {
            for output in jobs[slot].tasks[Int(input)].result?.outputs ?? [] {
                for part in output { known.insert(part.digest) }
            }
        }
        if let predecessor = jobs[slot].predecessor(of: task),
            let snapshot = jobs[slot].tasks[predecessor].result?.snapshot
        {
            known.insert(snapshot.digest)
        }
        let lost = digests.filter { known.contains($0) }
        guard !lost.isEmpty else { return false }
        var isNews = false
        for digest in lost {
            jobs[slot].missing.insert(digest)
            if jobs[slot].everLost.insert(digest).inserted { isNews = true }
        }
        emit(.discard(jobs[slot].id, lost))
        return isNews
    }
}

// MARK: Running ahead

extension CoordinatorMachine {
    /// True where a segment may run although its consumers may lag: at most `runAheadSegments` beyond what
    /// the slowest of them still needs and looks ahead.
    ///
    /// The job's oldest segment is never held back.
    func isAdmissible(_ slot: Int, _ task: Int) -> Bool {
        if jobs[slot].tasks[task].runsAgain { return true }
        let program = Int(jobs[slot].programOf[task])
        let segment = task - jobs[slot].programs[program].base
        if segment <= jobs[slot].oldestSegment { return true }
        if jobs[slot].programs[program].shape.isRetained { return true }
        if jobs[slot].programs[program].shape.isDelivered,
            segment > jobs[slot].programs[program].deliveryCursor + policy.runAheadSegments
        {
            return false
        }
        for edge in jobs[slot].programs[program].consumers {
            let cursor = jobs[slot].programs[edge.consumer].doneCursor
            guard cursor < edge.lowestNeeded.count, !jobs[slot].programs[edge.consumer].isFailed else {
                continue
            }
            let lowest = edge.lowestNeeded[cursor]
            guard lowest != .max else { continue }
            if segment > Int(lowest) + edge.reachSegments + policy.runAheadSegments { return false }
        }
        return true
    }

    /// Sets a ready task aside until its consumers have come closer.
    mutating func block(_ slot: Int, _ task: Int) {
        let program = Int(jobs[slot].programOf[task])
        let segment = task - jobs[slot].programs[program].base
        var place = jobs[slot].programs[program].blocked.count
        while place > 0, jobs[slot].programs[program].blocked[place - 1] > segment { place -= 1 }
        jobs[slot].programs[program].blocked.insert(segment, at: place)
        jobs[slot].blockedCount += 1
    }

    /// A consumer of the program came closer.
    mutating func unblock(_ slot: Int, program: Int) {
        let base = jobs[slot].programs[program].base
        var freedCount = 0
        for segment in jobs[slot].programs[program].blocked {
            guard isAdmissible(slot, base + segment) else { break }
            insertReady(slot, base + segment)
            freedCount += 1
        }
        if freedCount > 0 {
            jobs[slot].programs[program].blocked.removeFirst(freedCount)
            jobs[slot].blockedCount -= freedCount
        }
        let cursor = jobs[slot].programs[program].doneCursor
        guard cursor < jobs[slot].programs[program].shape.segmentCount else { return }
        let holder = Int(jobs[slot].tasks[base + cursor].holder)
        if holder >= 0 { extensible.append(holder) }
    }

    /// Nothing of the job runs and everything that could is held back: the first in order may run after all.
    mutating func takeFirstBlocked(_ slot: Int) -> Int? {
        guard jobs[slot].blockedCount > 0, jobs[slot].leaseCount == 0 else { return nil }
        guard jobs[slot].lookUpCount == 0 else { return nil }
        var first: (segment: Int, program: Int)?
        for program in jobs[slot].programs.indices {
            guard let segment = jobs[slot].programs[program].blocked.first else { continue }
            if let best = first, best.segment <= segment { continue }
            first = (segment, program)
        }
        guard let first else { return nil }
        jobs[slot].programs[first.program].blocked.removeFirst()
        jobs[slot].blockedCount -= 1
        return jobs[slot].programs[first.program].base + first.segment
    }
}
