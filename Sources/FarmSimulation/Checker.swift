import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

/// What must hold whatever happens, seen from outside of the machine.
struct Checker {
    let shape: WorldShape
    /// Per job, the results computed the plain way.
    let reference: [JobID: [[(key: TaskKey, result: TaskResult)]]]
    var submitted: Set<JobID> = []
    var ended: Set<JobID> = []
    var outcomes: [JobID: JobOutcome] = [:]
    var endedAt: [JobID: UInt64] = [:]
    /// Who computed what: a commit names a peer that did.
    private var computed: Set<Computation> = []
    private var committed: Set<CommitName> = []
    private var leaseOwners: [LeaseID: Peer] = [:]
    /// Windows that the deliverables' writer took over, by job and program.
    private var written: [JobID: [ProgramID: [TaskResult]]] = [:]
    private(set) var renderCount = 0
    private(set) var startCounts = (live: 0, loaded: 0)

    private(set) var sameWorkerCount = 0
    private var lastWorkers: [TaskID: WorkerID] = [:]
    /// Live leases as the effects tell of them.
    var leases: [LeaseID: LeaseView] = [:]
    /// Keys that this life of the coordinator was told.
    var keys: [CommitName: TaskKey] = [:]
    /// What was committed under each key, whatever the life.
    private var digestsOfKey: [TaskKey: TaskResult] = [:]
    /// Since when a job could have a worker and has none.
    var hungrySince: [JobID: UInt64] = [:]

    struct LeaseView {
        let peer: Peer
        let job: JobID
        let program: ProgramID
        var segments: Range<Int>
        var isSecondRun = false
    }

    struct Computation: Hashable {
        let peer: Peer
        let key: TaskKey
    }
    struct CommitName: Hashable {
        let job: JobID
        let task: TaskID
    }

    init(shape: WorldShape) {
        self.shape = shape
        var all: [JobID: [[(key: TaskKey, result: TaskResult)]]] = [:]
        for job in shape.jobs { all[job.id] = FakeEngine.reference(KnownJob(job)) }
        reference = all
    }

    var allJobsEnded: Bool { shape.jobs.allSatisfy { ended.contains($0.id) } }
    var mayLie: Bool { shape.faults.lie > 0 }

    mutating func coordinatorStarted() {
        committed = []
        leaseOwners = [:]
        leases = [:]
        keys = [:]
        hungrySince = [:]
        // The writer starts each unfinished file anew.
        written = written.filter { ended.contains($0.key) }
    }

    mutating func sawEnd(_ job: JobID) { ended.insert(job) }

    mutating func rendered(_ peer: Peer, _ key: TaskKey, _ result: TaskResult) {
        computed.insert(Computation(peer: peer, key: key))
    }

    mutating func startedRendering(_ order: RenderOrder) {
        renderCount += 1
        switch order.start {
        case .beginning: return
        case .live: startCounts.live += 1
        case .snapshot: startCounts.loaded += 1
        }
    }

    mutating func consumed(_ delivery: Delivery) {
        written[delivery.job, default: [:]][delivery.task.program, default: []].append(delivery.result)
    }

    /// What is wrong with an effect, nil if nothing.
    mutating func check(_ effect: Effect, _ world: World) -> String? {
        switch effect {
        case .send(let peer, .lease(let grant)): return check(grant, peer, world)
        case .send(_, .extend(let more)):
            if let old = leases[more.lease]?.segments {
                leases[more.lease]?.segments = old.lowerBound..<max(old.upperBound, more.from + more.inputs.count)
            }
            return nil
        case .send(_, .stop(let id, let segment)):
            if let old = leases[id]?.segments {
                leases[id]?.segments = old.clamped(to: old.lowerBound..<max(old.lowerBound, segment))
            }
            return nil
        case .send(_, .end(let id)):
            leases[id] = nil
            return nil
        case .send(let peer, .drop(let name)): return checkDrop(name, peer, world)
        case .alarm(let alarm): return mayLie ? nil : "an alarm although nobody lies: \(alarm)"
        case .persist(_, .result(let entry)): return check(entry)
        case .persist(_, .dropped(let key)):
            guard mayLie else { return "\(key) is dropped although nobody lies" }
            committed = []
            // What was taken back is looked up again, perhaps under another key.
            keys = [:]
            return nil
        case .deliver(let delivery):
            let count = written[delivery.job]?[delivery.task.program]?.count ?? 0
            return count == delivery.task.segment
                ? nil : "\(delivery.task) is delivered after \(count) windows"
        case .rewind(let job, let program, let segment):
            let count = written[job]?[program]?.count ?? 0
            guard segment <= count else {
                return "\(program) goes back to \(segment), only \(count) are written"
            }
            written[job, default: [:]][program, default: []].removeLast(count - segment)
            return nil
        case .publish(let event): return check(event, world)
        default: return nil
        }
    }

    private mutating func check(_ grant: Grant, _ peer: Peer, _ world: World) -> String? {
        if let owner = leaseOwners[grant.lease], owner != peer {
            return "\(grant.lease) is given to two workers"
        }
        if leaseOwners.updateValue(peer, forKey: grant.lease) == nil {
            let program = TaskID(grant.program, Int(grant.job.rawValue))
            if lastWorkers.updateValue(peer.worker, forKey: program) == peer.worker { sameWorkerCount += 1 }
            if let problem = checkRights(grant, peer, world) { return problem }
        }
        if leases[grant.lease] == nil {
            leases[grant.lease] = LeaseView(
                peer: peer, job: grant.job, program: grant.program, segments: grant.start..<grant.horizon)
        }
        if shape.policy.scatters, grant.inputs.count != 1 || !grant.loadsSnapshot {
            return "a scattered run of \(grant.inputs.count) segments"
        }
        return nil
    }

    private mutating func check(_ entry: LedgerEntry) -> String? {
        guard computed.contains(Computation(peer: entry.peer, key: entry.key)) else {
            return "\(entry.task) is committed for \(entry.peer), which never computed it"
        }
        guard committed.insert(CommitName(job: entry.job, task: entry.task)).inserted else {
            return "\(entry.task) is committed twice in one life"
        }
        guard !mayLie else { return nil }
        if let other = digestsOfKey.updateValue(entry.result, forKey: entry.key), other != entry.result {
            return "\(entry.key) has two results"
        }
        guard let right = reference[entry.job]?[entry.task.program.rawValue][entry.task.segment]
        else {
            return nil
        }
        if entry.key != right.key { return "\(entry.task) is committed under a wrong key" }
        return entry.result == right.result ? nil : "\(entry.task) is committed with a wrong result"
    }

    private mutating func check(_ event: FarmEvent, _ world: World) -> String? {
        switch event {
        case .accepted(let job):
            let isSynced = world.ledger.isSynced { if case .accepted(job) = $0 { true } else { false } }
            return isSynced ? nil : "\(job) is said to be accepted before that is on disk"
        case .delivered(let job, let program):
            let isSynced = world.ledger.isSynced {
                if case .delivered(job, program) = $0 { true } else { false }
            }
            return isSynced ? nil : "\(program) is said to be delivered before that is on disk"
        case .ended(let job, let outcome):
            guard world.ledger.isSynced({ if case .ended(job, _) = $0 { true } else { false } }) else {
                return "\(job) is said to have ended before that is on disk"
            }
            guard outcomes[job] == nil else { return "\(job) ends twice" }
            outcomes[job] = outcome
            endedAt[job] = world.now
            ended.insert(job)
            if leases.values.contains(where: { $0.job == job }) { return "\(job) has ended and has a lease" }
            return checkEnd(job, outcome)
        case .granted(let job, let task, let count, let peer, let isSecondRun):
            return checkOnce(job, task, count, peer, isSecondRun, world)
        case .distrusted(let worker):
            return mayLie && worker == world.workers[world.liarWorker].id
                ? nil : "\(worker) is distrusted and never lied"
        default: return nil
        }
    }

    private func checkEnd(_ id: JobID, _ outcome: JobOutcome) -> String? {
        guard let job = shape.jobs.first(where: { $0.id == id }), let right = reference[id] else {
            return nil
        }
        guard case .finished(let failures) = outcome else {
            return job.cancelledAt != nil && outcome == .cancelled ? nil : "\(id) ended as \(outcome)"
        }
        for failure in failures where job.isBroken[failure.task] == nil {
            return "\(id) gave up \(failure.task), which is healthy: \(failure.reason)"
        }
        let failed = failedPrograms(job, failures)
        for (program, shape) in job.allShapes.enumerated() where !failed.contains(program) {
            if let broken = job.isBroken.keys.sorted().first(where: { $0.program.rawValue == program }) {
                // The ledger never has its result, so it must have been tried.
                return "\(id) finished although \(broken) cannot be rendered"
            }
            guard shape.isDelivered else { continue }
            let windows = written[id]?[ProgramID(program)] ?? []
            let rightOnes = right[program].map(\.result)
            if windows != rightOnes {
                let segment = zip(windows, rightOnes).enumerated().first { $0.1.0 != $0.1.1 }?.offset ?? windows.count
                return "p\(program) of \(id) was delivered with \(windows.count) windows, not the right ones from"
                    + " \(segment) on: \(windows.dropFirst(segment).first.map { "\($0)" } ?? "none") instead of"
                    + " \(rightOnes.dropFirst(segment).first.map { "\($0)" } ?? "none")"
            }
        }
        return nil
    }

    /// Programs of failed songs and all that read them.
    private func failedPrograms(_ job: SimulatedJob, _ failures: [TaskFailure]) -> Set<Int> {
        var failed: Set<Int> = []
        for (program, shape) in job.allShapes.enumerated() {
            let readsFailed = shape.dependencies.contains {
                $0.contains { failed.contains($0.program.rawValue) }
            }
            if readsFailed || failures.contains(where: { $0.song == shape.song }) { failed.insert(program) }
        }
        return failed
    }
}
