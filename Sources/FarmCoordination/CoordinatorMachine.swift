package import FarmProtocol
package import Quantities
import RenderPlan

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
    /// Slots of live workers that have no lease and do not leave, in no order.
    var idle: [Int] = []
    var distrusted: Set<WorkerID> = []
    /// Of those, the ones whose results were wrong: what the ledger has of them is not believed either.
    var foundWrong: Set<WorkerID> = []
    var revoked: Set<Peer> = []
    /// Losses of workers that were lost lately.
    var flaps: [WorkerID: FlapState] = [:]
    /// Tasks that have to run, by key: whoever has one of them on lease runs it for all.
    var wanted: [TaskKey: [TaskPlace]] = [:]
    var typical = TypicalTicks()
    /// The moment of the input that is being dealt with.
    var now = Tick(0)
    /// Something ready waits for a worker that is busy: none lengthens its run meanwhile.
    var isChoosy = false
    /// Workers whose run may have become extensible.
    var extensible: [Int] = []
    /// Keys whose results are being taken back.
    var retracted: Set<TaskKey> = []
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
        self.now = now
        switch input {
        case .timer: timerFired(now)
        case .message(let peer, let message): received(message, from: peer, now)
        case .linkLost(let peer): linkLost(peer, now)
        case .exited(let peer, let end): exited(peer, end, now)
        case .stored(let peer, let report): stored(report, from: peer, now)
        case .unverified(let peer, let name): unverified(name, from: peer, now)
        case .submit(let specification): submit(specification)
        case .extend(let job, let shapes): extend(job, shapes)
        case .close(let job): close(job)
        case .cancel(let job): cancel(job)
        case .pause(let job): pause(job, now)
        case .resume(let job): resume(job)
        case .reprioritise(let job, let priority): reprioritise(job, priority)
        case .drain(let worker): drain(worker, now)
        case .quarantine(let worker): quarantine(worker)
        case .pardon(let worker): pardon(worker)
        case .revoked(let peer): revoke(peer)
        case .lookedUp(let answer): lookedUp(answer, now)
        case .absent(let job, let digests): absent(job, digests)
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
        if case .timer = input { speculate(now) }
        defer { effects.removeAll(keepingCapacity: true) }
        return effects
    }

    mutating func emit(_ effect: Effect) { effects.append(effect) }

    mutating func nextNumber() -> UInt64 {
        numberCounter += 1
        return numberCounter
    }
}

extension CoordinatorMachine {
    var idleCount: Int { idle.count }
}
