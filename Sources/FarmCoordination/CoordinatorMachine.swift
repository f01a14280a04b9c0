package import FarmProtocol
package import Quantities
package import RenderPlan

/// Every decision of the farm, as a value: inputs and the time go in, effects come out.
///
/// It does no I/O, reads no clock, draws no random number and never iterates an unordered collection where the
/// order could reach an effect; so a life of it can be replayed from its inputs. It starts empty: after a
/// restart the host submits the live jobs again and the ledger's answers rebuild what was known.
package struct CoordinatorMachine: Sendable {
    package let incarnation: Incarnation
    package let policy: Policy
    /// Digest of the kernels: a worker with another engine is refused.
    package let engine: Digest

    /// By slot.
    ///
    /// A job that ended keeps its slot and nothing else.
    var jobs: [Job] = []
    var jobSlots: [JobID: Int] = [:]
    /// Slots of jobs that have not ended, in order of submission.
    var activeJobs: [Int] = []
    /// By slot; slots of workers that are gone are used again.
    var workers: [WorkerState] = []
    var workerSlots: [Peer: Int] = [:]
    var freeWorkerSlots: [Int] = []
    var idleCount = 0
    var distrusted: Set<WorkerID> = []
    var ready = ReadyQueue()
    /// Workers whose run may have become extensible.
    var extensible: [Int] = []
    /// Windows given to the deliverables' writer: number, job slot, task.
    var deliveries: [(number: UInt64, job: Int, task: Int)] = []
    /// Claims to the outside that wait for the ledger's sync, in order.
    var claims: [(entry: EntryID, event: FarmEvent)] = []
    var firstClaim = 0
    var freeBytes: Int?
    var effects: [Effect] = []
    var hasTimer = false

    var leaseCounter: UInt64 = 0
    var entryCounter: UInt64 = 0
    var numberCounter: UInt64 = 0
    var commitCounter: UInt64 = 0

    package init(incarnation: Incarnation, policy: Policy = Policy(), engine: Digest) {
        precondition(policy.horizonSegments >= 1 && policy.horizonSegments <= Limits.horizonSegments)
        precondition(policy.heartbeatTicks > 0 && policy.suspectTicks > policy.heartbeatTicks)
        precondition(policy.deadTicks >= policy.suspectTicks && policy.countedAttempts > 0)
        self.incarnation = incarnation
        self.policy = policy
        self.engine = engine
    }

    /// Takes in one thing that happened and returns what is to be done about it, in order.
    package mutating func handle(_ input: Input, at now: Tick) -> [Effect] {
        switch input {
        case .timer: timerFired(now)
        case .message(let peer, let message): received(message, from: peer, now)
        case .linkLost(let peer): if let slot = workerSlots[peer] { workers[slot].hasLostLink = true }
        case .exited(let peer, let end): exited(peer, end, now)
        case .stored(let peer, let report): stored(report, from: peer, now)
        case .unverified(let peer, let name): unverified(name, from: peer, now)
        case .submit(let specification): submit(specification)
        case .extend(let job, let shapes): extend(job, shapes)
        case .close(let job): close(job)
        case .cancel(let job): cancel(job)
        case .lookedUp(let answer): lookedUp(answer, now)
        case .consumed(let number): consumed(number)
        case .undeliverable(let number, let digests): undeliverable(number, digests)
        case .persisted(let entry): persisted(entry)
        case .storeSpace(let bytes): freeBytes = bytes
        }
        repeat {
            extendRuns(now)
            endFinishedJobs()
            grantRuns(now)
        } while stopForSpace() || !extensible.isEmpty
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    mutating func emit(_ effect: Effect) { effects.append(effect) }

    mutating func nextNumber() -> UInt64 {
        numberCounter += 1
        return numberCounter
    }
}

// MARK: Questions

extension CoordinatorMachine {
    /// The result of a task of a live job, if it has one.
    package func result(of task: TaskID, in job: JobID) -> TaskResult? {
        guard let slot = jobSlots[job], let index = jobs[slot].index(of: task) else { return nil }
        return jobs[slot].tasks[index].result
    }

    /// How many segment tasks of a live job have a result, of how many.
    package func progress(of job: JobID) -> (done: Int, total: Int)? {
        guard let slot = jobSlots[job], jobs[slot].isActive else { return nil }
        return (jobs[slot].programs.reduce(0) { $0 + $1.doneCursor }, jobs[slot].tasks.count)
    }

    /// The lease that a worker has, if any.
    package func lease(of peer: Peer) -> LeaseID? { workerSlots[peer].flatMap { workers[$0].lease?.id } }

    /// Live workers in the order of their names.
    package var livePeers: [Peer] { workers.filter { !$0.isGone }.map(\.peer).sorted() }

    /// Jobs that have not ended, in order of submission.
    package var liveJobs: [JobID] { activeJobs.map { jobs[$0].id } }
}

extension CoordinatorMachine {
    /// What keeps each unfinished program of a job waiting, one line each: the answer to "why does it not go on?".
    package func explanation(of id: JobID) -> String {
        guard let slot = jobSlots[id], jobs[slot].isActive else { return "\(id) is not live" }
        let job = jobs[slot]
        var lines = [
            "closed \(job.isClosed), unsettled \(job.unsettledCount), undelivered \(job.undeliveredCount), "
                + "leases \(job.leaseCount), look-ups \(job.lookUpCount), blocked \(job.blockedCount), "
                + "missing \(job.missing.count)"
        ]
        for (program, state) in job.programs.enumerated() {
            for task in state.base..<state.end where !job.tasks[task].isSettled {
                let state = job.tasks[task]
                let mark = job.programs[program].isFailed ? "failed " : ""
                lines.append(
                    "\(mark)\(job.name(of: task)) is \(state.phase), runs again \(state.runsAgain), "
                        + "inputs wanting \(state.unmetCount), holder \(state.holder), queued \(state.isQueued)"
                )
                break
            }
            if state.shape.isDelivered, !state.isFailed, state.deliveryCursor < state.shape.segmentCount {
                lines.append("p\(program) is delivered up to \(state.deliveryCursor)")
            }
        }
        return lines.joined(separator: "\n  ")
    }
}
