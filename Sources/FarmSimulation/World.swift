import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

/// A whole farm in one thread: the production machines, and around them a clock, a network, processes, a store
/// and a ledger that all follow from one seed.
///
/// The safety phase has faults; from `healedAt` on there are none, and every job must end in time.
package final class World {
    package let shape: WorldShape
    package internal(set) var now: UInt64 = 0
    /// What went wrong, in the words of the checker that saw it.
    ///
    /// The first one ends the run.
    package internal(set) var violation: String?
    package internal(set) var counts = FaultCounts()
    package internal(set) var traceHash: UInt64 = 0
    package internal(set) var trace: [String] = []
    package internal(set) var stepCount = 0

    var random: SplitMix64
    var events = EventQueue<Event>()
    var coordinator: SimulatedCoordinator?
    var coordinatorLife: UInt64 = 0
    var ledger = SimulatedLedger()
    var store = SimulatedStore()
    var workers: [SimulatedWorker] = []
    var checker: Checker
    var tamperer: Tamperer?
    var isHealed = false
    let points: FaultPoints
    /// What the jobs table says: clients' orders outlive the coordinator.
    var pausedJobs: Set<JobID> = []
    var priorities: [JobID: Int] = [:]
    /// The result that was corrupted on the way and is thrown away rightly.
    var acceptedCorruption: ResultName?
    var quarantined: Set<WorkerID> = []
    var revoked: Set<Peer> = []
    /// Inputs that wait until the effects of the one before are done: the host never reacts in place.
    var inputs: [Input] = []
    let jobs: [JobID: KnownJob]
    var isStepping = false
    var liarWorker = 0

    package init(_ shape: WorldShape) {
        self.shape = shape
        random = SplitMix64(seed: shape.seed &* 3 &+ 1)
        points = FaultPoints(seed: shape.seed)
        checker = Checker(shape: shape)
        var known: [JobID: KnownJob] = [:]
        for job in shape.jobs {
            known[job.id] = KnownJob(job)
        }
        jobs = known
        tamperer = shape.mutation.map { Tamperer(mutation: $0) }
        for slot in 0..<shape.workerCount { workers.append(SimulatedWorker(id: WorkerID(UInt64(slot + 1)))) }
        liarWorker = Int(random.next() % UInt64(max(1, shape.workerCount)))
    }

    /// Runs the world until every job ended, something went wrong or its time is up.
    package func run() {
        begin()
        while violation == nil, !(isHealed && checker.allJobsEnded), advance() {}
        if violation == nil { finalChecks() }
    }

    /// Starts the coordinator and the workers and schedules what the shape says.
    package func begin() {
        startCoordinator()
        for slot in workers.indices { startWorker(slot) }
        for (index, job) in shape.jobs.enumerated() {
            events.schedule(.submit(index), at: job.submittedAt)
            if let at = job.cancelledAt { events.schedule(.cancel(index), at: at) }
            for pause in job.pauses {
                events.schedule(.pause(index), at: pause.lowerBound)
                events.schedule(.resume(index), at: pause.upperBound)
            }
            if let change = job.reprioritised { events.schedule(.reprioritise(index, change.to), at: change.at) }
        }
        events.schedule(.faults, at: 25)
        events.schedule(.heal, at: shape.healedAt)
    }

    /// Lets the next thing happen; false where nothing may any more.
    package func advance() -> Bool {
        guard violation == nil, let next = events.next() else { return false }
        now = next.at
        if now > shape.healedAt + shape.livenessTicks {
            fail("not every job ended within \(shape.livenessTicks) ticks of the healing: \(pending())")
            return false
        }
        happen(next.event)
        return violation == nil
    }

    func fail(_ what: String) {
        guard violation == nil else { return }
        violation = what
        note("VIOLATION \(what)")
    }

    /// Adds to the trace; its hash tells whether two runs of a seed were the same.
    func note(_ text: @autoclosure () -> String) {
        guard shape.isTracing else { return }
        trace.append("\(now): \(text())")
        if trace.count > 400_000 { trace.removeFirst(200_000) }
    }

    func record(_ a: UInt64, _ b: UInt64 = 0) {
        traceHash = mix(traceHash ^ mix(a &+ now &* 0x1_0001)) &+ b
    }

    func happen(_ event: Event) {
        stepCount += 1
        switch event {
        case .submit(let job): submit(job)
        case .cancel(let job): cancel(job)
        case .pause(let job): pause(job)
        case .resume(let job): resume(job)
        case .reprioritise(let job, let priority): reprioritise(job, priority)
        case .pardon(let worker): pardon(worker)
        case .flap(let slot, let count): flap(slot, count)
        case .hurry(let slot): workers[slot].slowness = 1
        case .faults: drawFaults()
        case .heal: heal()
        case .coordinatorStart: startCoordinator()
        case .toCoordinator(let peer, let message): arrivedAtCoordinator(peer, message)
        case .coordinatorTimer(let life): if life == coordinatorLife { step(.timer) }
        case .lookUpDone(let life, let lookUp): answerLookUp(life, lookUp)
        case .synced(let life): sync(life)
        case .verified(let life, let peer, let report): verified(life, peer, report)
        case .sinkRead(let life, let delivery): read(life, delivery)
        case .exitSeen(let life, let peer, let end): if life == coordinatorLife { step(.exited(peer, end)) }
        case .workerStart(let slot): if !workers[slot].isAlive { startWorker(slot) }
        case .toWorker(let peer, let message): arrivedAtWorker(peer, message)
        case .workerTimer(let peer): workerTimer(peer)
        case .renderStep(let peer, let order): renderStep(peer, order)
        case .abandoned(let peer, let order): abandoned(peer, order)
        case .thaw(let slot): thaw(slot)
        case .partitionEnd(let slot): workers[slot].isCutOff = false
        }
    }

    enum Event {
        case submit(Int)
        case cancel(Int)
        case pause(Int)
        case resume(Int)
        case reprioritise(Int, Int)
        case pardon(WorkerID)
        case flap(Int, count: Int)
        case hurry(Int)
        case faults
        case heal
        case coordinatorStart
        case toCoordinator(Peer, FarmMessage)
        case coordinatorTimer(life: UInt64)
        case lookUpDone(life: UInt64, LookUp)
        case synced(life: UInt64)
        case verified(life: UInt64, Peer, ResultReport)
        case sinkRead(life: UInt64, Delivery)
        case exitSeen(life: UInt64, Peer, ProcessEnd)
        case workerStart(Int)
        case toWorker(Peer, FarmMessage)
        case workerTimer(Peer)
        case renderStep(Peer, order: UInt64)
        case abandoned(Peer, order: UInt64)
        case thaw(Int)
        case partitionEnd(Int)
    }
}

/// A job as the processes of the world know it: with the programs that come later.
final class KnownJob {
    let song: UInt64
    let shapes: [ProgramShape]
    let broken: [TaskID: BrokenTask]
    private let twins: [Int]

    init(_ job: SimulatedJob) {
        song = job.song
        shapes = job.allShapes
        broken = job.isBroken
        twins = job.twins
    }

    /// The key of a task, as host and worker both derive it: a program that does the same as an earlier one has its
    /// keys.
    func key(_ task: TaskID, inputs: [TaskResult], snapshot: Digest?) -> TaskKey {
        let program = task.program.rawValue
        let twin = TaskID(ProgramID(program < twins.count ? twins[program] : program), task.segment)
        return FakeEngine.key(twin, of: song, inputs: inputs, snapshot: snapshot)
    }
}

/// How often each kind of fault and of recovery happened: a suite in which one never does proves nothing.
package struct FaultCounts: Sendable {
    package var values: [String: Int] = [:]

    package init() {}

    package mutating func add(_ name: String, _ count: Int = 1) { values[name, default: 0] += count }

    /// Adds the counts of another run.
    package mutating func add(_ other: FaultCounts) {
        for (name, count) in other.values { values[name, default: 0] += count }
    }

    package subscript(_ name: String) -> Int { values[name] ?? 0 }

    package var description: String {
        values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
}
