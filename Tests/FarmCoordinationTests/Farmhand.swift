import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

let engine = Digest(high: 1, low: 1)
let job = JobID(7)

func peer(_ worker: UInt64, _ life: UInt64 = 1) -> Peer { Peer(WorkerID(worker), Incarnation(life)) }

func task(_ program: Int, _ segment: Int) -> TaskID { TaskID(ProgramID(program), segment) }

func key(_ number: UInt64) -> TaskKey { TaskKey(words: SIMD4(number, 0, 0, 0)) }

/// The key of a task in tests that do not compute keys.
func key(of task: TaskID) -> TaskKey { key(UInt64(1_000 * (task.program.rawValue + 1) + task.segment)) }

/// The one right result of a task.
func result(of task: TaskID, snapshot: Bool = true, variant: UInt64 = 0) -> TaskResult {
    let name = UInt64(1_000 * (task.program.rawValue + 1) + task.segment)
    return TaskResult(
        outputs: [[Part(digest: Digest(high: name, low: variant), byteCount: 10)]],
        snapshot: snapshot ? Part(digest: Digest(high: name, low: 1_000 + variant), byteCount: 5) : nil)
}

func chain(_ count: Int, reads program: Int? = nil, delivered: Bool = false, song: Int = 0) -> ProgramShape {
    shape(.chained, count, reads: program, delivered: delivered, song: song)
}

func shape(
    _ kind: ProgramKind, _ count: Int, reads program: Int? = nil, delivered: Bool = false, song: Int = 0
) -> ProgramShape {
    ProgramShape(
        kind: kind, segmentCount: count,
        dependencies: (0..<count).map { segment in program.map { [task($0, segment)] } ?? [] },
        isDelivered: delivered, song: song)
}

/// Drives a coordinator by hand, one input at a time, and answers look-ups from a small ledger at once.
struct Farmhand {
    var machine: CoordinatorMachine
    var now = Tick(0)
    var ledger: [TaskID: TaskResult] = [:]
    /// Who made what is in the ledger.
    var producers: [TaskID: Peer] = [:]
    var absent: [Digest] = []
    var answersLookUps = true
    /// Equal tasks of two jobs have equal keys.
    var sharesKeys = false
    /// Everything that was asked for, oldest first.
    var effects: [Effect] = []

    init(_ policy: Policy = Policy()) {
        machine = CoordinatorMachine(incarnation: Incarnation(1), policy: policy, engine: engine)
    }

    @discardableResult mutating func hear(_ input: Input) -> [Effect] {
        var fresh = machine.handle(input, at: now)
        effects += fresh
        for case .lookUp(let lookUp) in fresh where answersLookUps {
            fresh += hear(
                .lookedUp(
                    LookUpAnswer(
                        number: lookUp.number, job: lookUp.job, task: lookUp.task,
                        key: key(of: lookUp.task, in: lookUp.job), entry: ledger[lookUp.task],
                        producer: producers[lookUp.task], absent: absent)))
        }
        do { try machine.checkInvariants() } catch { preconditionFailure("\(error)") }
        return fresh
    }

    /// Answers the last look-up of a task by hand.
    mutating func answer(_ task: TaskID, _ entry: TaskResult?) {
        for case .lookUp(let lookUp) in effects.reversed() where lookUp.task == task {
            hear(
                .lookedUp(
                    LookUpAnswer(
                        number: lookUp.number, job: lookUp.job, task: task, key: key(of: task, in: lookUp.job),
                        entry: entry)))
            return
        }
    }

    func key(of task: TaskID, in id: JobID) -> TaskKey {
        let key = FarmCoordinationTests.key(of: task)
        return sharesKeys || id == job ? key : TaskKey(words: SIMD4(key.words[0], id.rawValue, 0, 0))
    }

    /// - Parameter held: results of an earlier coordinator's leases that the worker brings along.
    mutating func join(_ peer: Peer, held: [ResultName] = []) {
        hear(
            .message(
                from: peer,
                .hello(
                    Hello(
                        protocolVersion: Limits.protocolVersion, number: 1, engine: engine,
                        report: WorkerReport(), held: held))))
    }

    mutating func submit(_ shapes: [ProgramShape], _ id: JobID = job, priority: Int = 0) {
        hear(.submit(JobSpecification(id: id, priority: priority, shapes: shapes)))
        hear(.close(id))
    }

    @discardableResult mutating func store(
        _ task: TaskID, from peer: Peer, _ lease: LeaseID, variant: UInt64 = 0, snapshot: Bool = true,
        under key: TaskKey? = nil, of id: JobID = job
    ) -> [Effect] {
        let name = ResultName(lease: lease, job: id, task: task, key: key ?? self.key(of: task, in: id))
        return hear(
            .stored(
                from: peer,
                ResultReport(
                    name: name, result: result(of: task, snapshot: snapshot, variant: variant),
                    costMicroseconds: 1)))
    }

    /// Leases granted so far, oldest first.
    var grants: [(peer: Peer, grant: Grant)] {
        effects.compactMap { if case .send(let peer, .lease(let grant)) = $0 { (peer, grant) } else { nil } }
    }
}

func messages(_ effects: [Effect]) -> [FarmMessage] {
    effects.compactMap { if case .send(_, let message) = $0 { message } else { nil } }
}

func events(_ effects: [Effect]) -> [FarmEvent] {
    effects.compactMap { if case .publish(let event) = $0 { event } else { nil } }
}
