import FarmProtocol
import RenderPlan

/// The machine's books do not balance.
package struct BrokenInvariant: Error, CustomStringConvertible {
    package let description: String
}

private func require(
    _ condition: Bool, _ message: String = "a count is wrong", line: Int = #line
) throws(BrokenInvariant) {
    guard condition else { throw BrokenInvariant(description: "\(message) (line \(line))") }
}

extension CoordinatorMachine {
    /// Adds up the machine's books anew.
    ///
    /// Visits every task: for tests and the simulator.
    ///
    /// - Throws: what does not balance.
    package func checkInvariants() throws(BrokenInvariant) {
        try checkWorkers()
        for slot in activeJobs { try check(jobs[slot]) }
        try require(effects.isEmpty && extensible.isEmpty, "work left undone")
        try require(firstClaim <= claims.count)
        for delivery in deliveries {
            let program = jobs[delivery.job].programOf[delivery.task]
            try require(jobs[delivery.job].programs[Int(program)].delivery == delivery.number)
        }
    }

    private func checkWorkers() throws(BrokenInvariant) {
        var idle = 0
        for (slot, worker) in workers.enumerated() {
            guard !worker.isGone else {
                try require(worker.lease == nil, "a dead worker has a lease")
                continue
            }
            try require(workerSlots[worker.peer] == slot)
            try require(!distrusted.contains(worker.peer.worker), "a distrusted worker is in the farm")
            guard let lease = worker.lease else {
                if !worker.isDraining { idle += 1 }
                continue
            }
            try require(jobs[lease.job].isActive, "a lease of a job that ended")
            try require(lease.start <= lease.next && lease.next < lease.horizon, "an empty lease")
            try require(lease.horizon - lease.next <= policy.horizonSegments, "a run past its horizon")
            try require(lease.held.count <= policy.horizonSegments)
            try require(lease.id.coordinator == incarnation)
            let base = jobs[lease.job].programs[lease.program].base
            try require(holds(slot, base + lease.next), "a lease of what it does not hold")
            try require(!lease.isSecondRun || lease.horizon == lease.start + 1, "a long second run")
            try require(worker.idlePlace < 0, "a busy worker counts as idle")
        }
        try require(idle == idleCount, "idle workers are miscounted")
        for (place, worker) in self.idle.enumerated() {
            try require(workers[worker].idlePlace == place, "an idle worker is not where it says")
        }
        try checkKeys()
    }

    /// Of the tasks that wait for one key, at most one is run, but for second opinions.
    private func checkKeys() throws(BrokenInvariant) {
        var wantedCount = 0
        for slot in activeJobs {
            for (task, state) in jobs[slot].tasks.enumerated() where state.mustRun {
                guard let key = state.key, let places = wanted[key] else {
                    throw BrokenInvariant(description: "\(jobs[slot].name(of: task)) must run and is not wanted")
                }
                try require(places.count { $0 == TaskPlace(slot: slot, task: task) } == 1, "wanted twice")
                wantedCount += 1
                let running = places.count {
                    jobs[$0.slot].tasks[$0.task].holder >= 0 && jobs[$0.slot].opinions[$0.task] == nil
                }
                try require(running <= 1, "one key is run for two tasks")
                if state.isParked { try require(running == 1 && state.holder < 0, "waiting for nobody") }
            }
        }
        try require(wantedCount == wanted.values.reduce(0) { $0 + $1.count }, "wanted by nobody")
    }

    private func check(_ job: Job) throws(BrokenInvariant) {
        var unsettled = 0
        var done = 0
        var lookUps = 0
        var openReaders = [Int32](repeating: 0, count: job.tasks.count)
        for (task, state) in job.tasks.enumerated() {
            try checkTask(job, task, state)
            if !state.isSettled { unsettled += 1 }
            if state.phase == .done { done += 1 }
            if state.phase == .lookingUp { lookUps += 1 }
            var unmet: Int32 = 0
            for input in job.inputs[task] {
                if !state.isSettled { openReaders[Int(input)] += 1 }
                if job.tasks[Int(input)].phase != .done { unmet += 1 }
            }
            if let predecessor = job.predecessor(of: task), job.tasks[predecessor].phase != .done {
                unmet += 1
            }
            if state.phase != .failed { try require(unmet == state.unmetCount, "inputs are miscounted") }
        }
        var undelivered = 0
        for program in job.programs {
            let done = (program.base..<program.end).prefix { job.tasks[$0].phase == .done }.count
            try require(program.doneCursor == done, "a program's cursor is wrong")
            guard program.shape.isDelivered, !program.isFailed else { continue }
            undelivered += program.shape.segmentCount - program.deliveryCursor
            for segment in program.deliveryCursor..<program.shape.segmentCount {
                openReaders[program.base + segment] += 1
            }
        }
        for (task, state) in job.tasks.enumerated() {
            try require(openReaders[task] == state.openReaderCount, "open readers are miscounted")
        }
        try require(unsettled == job.unsettledCount && lookUps == job.lookUpCount && done == job.doneCount)
        try require(job.ready.count + job.blockedCount <= job.tasks.count, "a queue beyond its limit")
        for (task, worker) in job.seconds {
            try require(job.tasks[task].holder >= 0 && holds(worker, task), "a second run without a first")
        }
        try require(undelivered == job.undeliveredCount)
        try require(job.leaseCount == workers.count { !$0.isGone && $0.lease?.job == job.slot })
        try require(job.blockedCount == job.programs.reduce(0) { $0 + $1.blocked.count })
    }

    private func checkTask(_ job: Job, _ task: Int, _ state: TaskState) throws(BrokenInvariant) {
        try require(
            (state.phase == .done) == (state.result != nil), "a result without being done, or the reverse")
        try require(!state.runsAgain || state.phase == .done)
        if state.phase == .missed || state.phase == .done { try require(state.key != nil) }
        if job.opinions[task] != nil { try require(state.runsAgain, "an opinion that nobody forms") }
        if state.holder >= 0 {
            let lease = workers[Int(state.holder)].lease
            try require(lease?.job == job.slot && lease?.program == Int(job.programOf[task]))
            try require(lease?.covers(job.segment(of: task)) == true, "held outside of the lease")
            try require(state.phase != .failed)
        }
        if state.outputsPinned { try require(state.openReaderCount > 0 || program(job, task).isRetained) }
        if state.openReaderCount > 0, state.phase == .done, program(job, task).storesOutputs {
            try require(state.outputsPinned || job.programs[Int(job.programOf[task])].isFailed)
        }
    }

    private func program(_ job: Job, _ task: Int) -> ProgramShape {
        job.programs[Int(job.programOf[task])].shape
    }
}
