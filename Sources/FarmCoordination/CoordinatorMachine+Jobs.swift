import FarmProtocol
import Quantities
import RenderPlan

extension CoordinatorMachine {
    mutating func submit(_ specification: JobSpecification) {
        let id = specification.id
        // A client that heard no answer asks again: it is the same job.
        guard jobSlots[id] == nil else { return }
        guard activeJobs.count < Limits.jobCount else {
            return emit(.publish(.rejected(id, reason: "more than \(Limits.jobCount) jobs at once")))
        }
        var job = Job(specification, slot: jobs.count)
        if let reason = job.refusal(of: specification.shapes) {
            return emit(.publish(.rejected(id, reason: reason)))
        }
        if let freeBytes, freeBytes < job.reserveBytes, !policy.waitsForSpace {
            return emit(
                .publish(
                    .rejected(
                        id,
                        reason: "the store has \(freeBytes) bytes free, the job needs \(job.reserveBytes)")))
        }
        for shape in specification.shapes { job.append(shape) }
        let slot = jobs.count
        jobs.append(job)
        jobSlots[id] = slot
        activeJobs.append(slot)
        persist(.accepted(id), claiming: .accepted(id))
        start(slot, programs: 0..<jobs[slot].programs.count)
    }

    mutating func extend(_ id: JobID, _ shapes: [ProgramShape]) {
        guard let slot = jobSlots[id], jobs[slot].isActive, !jobs[slot].isClosed else { return }
        if let reason = jobs[slot].refusal(of: shapes) {
            return end(slot, .stopped(reason: "the extension is not valid: \(reason)"))
        }
        let first = jobs[slot].programs.count
        for shape in shapes { jobs[slot].append(shape) }
        start(slot, programs: first..<jobs[slot].programs.count)
    }

    mutating func close(_ id: JobID) {
        guard let slot = jobSlots[id], jobs[slot].isActive else { return }
        jobs[slot].isClosed = true
    }

    mutating func cancel(_ id: JobID) {
        guard let slot = jobSlots[id], jobs[slot].isActive else { return }
        end(slot, .cancelled)
    }

    /// Counts what the new programs wait for and looks up what waits for nothing.
    private mutating func start(_ slot: Int, programs: Range<Int>) {
        jobs[slot].lengthenTails(from: programs.lowerBound)
        jobs[slot].lendTails(runAheadSegments: policy.runAheadSegments)
        for program in programs {
            let state = jobs[slot].programs[program]
            for task in state.base..<state.end {
                var unmet: Int32 = jobs[slot].predecessor(of: task) == nil ? 0 : 1
                for input in jobs[slot].inputs[task] {
                    if jobs[slot].tasks[Int(input)].phase != .done { unmet += 1 }
                    jobs[slot].tasks[Int(input)].openReaderCount += 1
                }
                jobs[slot].tasks[task].unmetCount = unmet
            }
            // What an added program reads may have lost its last reader before.
            for producer in state.producers {
                let read = jobs[slot].programs[producer]
                for task in read.base..<read.end { refreshPins(slot, task) }
            }
            let readsFailed = state.producers.contains { jobs[slot].programs[$0].isFailed }
            let isOfFailedSong = jobs[slot].failures.contains { $0.song == state.shape.song }
            if readsFailed || isOfFailedSong {
                fail(slot, programs: [program])
                continue
            }
            for task in state.base..<state.end where jobs[slot].tasks[task].unmetCount == 0 {
                lookUp(slot, task)
            }
        }
        refreshOldest(slot)
    }

    /// Ends jobs of which nothing is left to do.
    mutating func endFinishedJobs() {
        // The list shrinks while jobs end.
        for slot in activeJobs where jobs[slot].isClosed {
            guard jobs[slot].unsettledCount == 0, jobs[slot].undeliveredCount == 0 else { continue }
            end(slot, .finished(failures: jobs[slot].failures))
        }
    }

    /// Where everything waits on space and nothing runs, the newest job stops, and says the sizes.
    mutating func stopForSpace() -> Bool {
        guard !policy.waitsForSpace, let freeBytes, let oldest = firstForSpace else { return false }
        guard let newest = activeJobs.last(where: { !jobs[$0].isPaused }) else { return false }
        guard idleCount > 0, deliveries.isEmpty, !hasSpace(oldest, freeBytes) else { return false }
        guard activeJobs.contains(where: { !jobs[$0].ready.isEmpty && !jobs[$0].isPaused }) else { return false }
        guard activeJobs.allSatisfy({ jobs[$0].leaseCount == 0 && jobs[$0].lookUpCount == 0 }) else {
            return false
        }
        end(
            newest,
            .stopped(
                reason: "everything waits for space: the store has \(freeBytes) bytes free, "
                    + "\(jobs[newest].id) needs \(jobs[newest].reserveBytes) to go on"))
        return true
    }

    /// True where the store can take what the job's oldest unfinished segment may leave.
    func hasSpace(_ slot: Int, _ freeBytes: Int) -> Bool { freeBytes >= jobs[slot].reserveBytes }

    /// The oldest job that wants to go on: the one that does where space does not last for all.
    var firstForSpace: Int? { activeJobs.first { !jobs[$0].isPaused } }

    /// True where the store can take the reserves of every job that wants to go on.
    func hasSpaceForAll(_ freeBytes: Int) -> Bool {
        freeBytes >= activeJobs.reduce(0) { $0 + (jobs[$1].isPaused ? 0 : jobs[$1].reserveBytes) }
    }

    /// Frees everything a job has and says so, once that is recorded.
    mutating func end(_ slot: Int, _ outcome: JobOutcome) {
        precondition(jobs[slot].isActive)
        endLeases(slot) { _ in true }
        for task in jobs[slot].tasks.indices where jobs[slot].tasks[task].mustRun { wantNoMore(slot, task) }
        for task in jobs[slot].tasks.indices { abandonOpinion(slot, task) }
        for task in jobs[slot].tasks.indices {
            jobs[slot].tasks[task].openReaderCount = 0
        }
        jobs[slot].isActive = false
        for task in jobs[slot].tasks.indices { refreshPins(slot, task) }
        deliveries.removeAll { $0.job == slot }
        let id = jobs[slot].id
        activeJobs.removeAll { $0 == slot }
        jobs[slot].programs = []
        jobs[slot].tasks = []
        jobs[slot].programOf = []
        jobs[slot].inputs = []
        jobs[slot].tails = []
        jobs[slot].readers = []
        jobs[slot].missing = []
        jobs[slot].everLost = []
        jobs[slot].attempts = [:]
        jobs[slot].opinions = [:]
        jobs[slot].ready.removeAll()
        jobs[slot].blockedCount = 0
        jobs[slot].lookUpCount = 0
        persist(.ended(id, outcome), claiming: .ended(id, outcome))
    }

    /// The lowest segment index that some program has still to do: the one that is never held back.
    mutating func refreshOldest(_ slot: Int) {
        var oldest = Int.max
        var count = 0
        for program in jobs[slot].programs.indices {
            guard !jobs[slot].programs[program].isFailed, !jobs[slot].programs[program].isComplete else { continue }
            let cursor = jobs[slot].programs[program].doneCursor
            if cursor < oldest { (oldest, count) = (cursor, 0) }
            if cursor == oldest { count += 1 }
        }
        let before = jobs[slot].oldestSegment
        jobs[slot].oldestSegment = oldest
        jobs[slot].oldestCount = count
        guard oldest != before, jobs[slot].blockedCount > 0 else { return }
        for program in jobs[slot].programs.indices { unblock(slot, program: program) }
    }
}

// MARK: Records and claims

extension CoordinatorMachine {
    /// Appends to the ledger; the claim is made when that is synced.
    mutating func persist(_ record: LedgerRecord, claiming event: FarmEvent? = nil) {
        entryCounter += 1
        let entry = EntryID(entryCounter)
        emit(.persist(entry, record))
        if let event { claims.append((entry, event)) }
    }

    mutating func persisted(_ entry: EntryID) {
        while firstClaim < claims.count, claims[firstClaim].entry <= entry {
            emit(.publish(claims[firstClaim].event))
            firstClaim += 1
        }
        if firstClaim == claims.count {
            claims.removeAll(keepingCapacity: true)
            firstClaim = 0
        }
    }
}
