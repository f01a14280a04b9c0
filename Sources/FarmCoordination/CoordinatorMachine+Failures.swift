import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    /// Notes an attempt that came to nothing.
    ///
    /// Counted ones quarantine the task after three lives of workers, others are forgiven up to a number that
    /// no healthy farm reaches.
    mutating func attemptFailed(
        _ slot: Int, _ task: Int, by worker: Int, isCounted: Bool, isCharged: Bool = true, reason: String, _ now: Tick
    ) {
        let peer = workers[worker].peer
        let name = jobs[slot].name(of: task)
        let text = String(decoding: reason.utf8.prefix(Limits.reasonByteCount), as: UTF8.self)
        emit(.publish(.attemptFailed(jobs[slot].id, name, peer, counted: isCounted, reason: text)))
        guard isCharged, jobs[slot].tasks[task].mustRun || !jobs[slot].tasks[task].isSettled else { return }
        var attempts = jobs[slot].attempts[task] ?? Attempts()
        if isCounted {
            // The same life counts again only where the farm has no other to offer.
            if !attempts.counted.contains(peer) || isOnly(peer, beside: attempts.counted, now) {
                attempts.counted.append(peer)
            }
            let program = Int(jobs[slot].programOf[task])
            jobs[slot].programs[program].isolatedThrough = max(
                jobs[slot].programs[program].isolatedThrough, name.segment)
        } else {
            attempts.uncountedCount += 1
        }
        jobs[slot].attempts[task] = attempts
        if attempts.counted.count >= policy.countedAttempts {
            failSong(slot, task, reason: text)
        } else if attempts.uncountedCount > policy.uncountedAttempts {
            failSong(
                slot, task, reason: "lost \(attempts.uncountedCount) times, last because: \(text)")
        }
    }

    /// True where every live worker has failed at the task in this life.
    private func isOnly(_ peer: Peer, beside failed: [Peer], _ now: Tick) -> Bool {
        workers.allSatisfy {
            $0.isGone || $0.isDraining || $0.peer == peer || failed.contains($0.peer) || isSuspect($0, now)
        }
    }

    /// Gives up a task: its song's programs and whatever reads them fail, everything else goes on.
    mutating func failSong(_ slot: Int, _ task: Int, reason: String) {
        let program = Int(jobs[slot].programOf[task])
        guard !jobs[slot].programs[program].isFailed else { return }
        let song = jobs[slot].programs[program].shape.song
        let failure = TaskFailure(task: jobs[slot].name(of: task), song: song, reason: reason)
        jobs[slot].failures.append(failure)
        emit(.publish(.songFailed(jobs[slot].id, failure)))
        // Programs only read earlier ones, so one pass reaches all that read a failed one.
        var failed: [Int] = []
        for (other, state) in jobs[slot].programs.enumerated() where !state.isFailed {
            if state.shape.song == song || state.producers.contains(where: { failed.contains($0) }) {
                failed.append(other)
            }
        }
        fail(slot, programs: failed)
        refreshOldest(slot)
    }

    /// Gives up programs: whatever of them is not done never will be.
    mutating func fail(_ slot: Int, programs: [Int]) {
        // All are marked before any run ends: what a run gives back must not ask a failed program for bytes.
        for program in programs { jobs[slot].programs[program].isFailed = true }
        endLeases(slot) { programs.contains($0.program) }
        for program in programs { settleFailed(slot, program: program) }
    }

    private mutating func settleFailed(_ slot: Int, program: Int) {
        let state = jobs[slot].programs[program]
        if state.shape.isDelivered {
            jobs[slot].undeliveredCount -= state.shape.segmentCount - state.deliveryCursor
            for segment in state.deliveryCursor..<state.shape.segmentCount {
                jobs[slot].tasks[state.base + segment].openReaderCount -= 1
            }
            deliveries.removeAll { $0.number == state.delivery }
            jobs[slot].programs[program].delivery = nil
        }
        for task in state.base..<state.end {
            abandonOpinion(slot, task)
            let before = jobs[slot].tasks[task]
            guard !before.isSettled else { continue }
            if before.phase == .lookingUp { jobs[slot].lookUpCount -= 1 }
            if before.phase == .done {
                jobs[slot].tasks[task].runsAgain = false
            } else {
                jobs[slot].tasks[task].phase = .failed
            }
            settled(slot, task)
        }
        for task in state.base..<state.end { refreshPins(slot, task) }
        for producer in state.producers { unblock(slot, program: producer) }
    }
}
