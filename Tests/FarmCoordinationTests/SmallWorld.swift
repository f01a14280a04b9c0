import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

/// Two workers and a coordinator as one value: a state can be copied and every next event tried on a copy.
struct SmallWorld {
    /// One thing that may happen next.
    enum Choice: CaseIterable {
        case deliverToFirst, deliverToSecond, deliverFromFirst, deliverFromSecond
        case loseToFirst, loseToSecond, loseFromFirst, loseFromSecond
        case renderFirst, renderSecond
        case killFirst, killSecond
        case restartCoordinator
        case longSilence
        case pauseOrResume

        var isFault: Bool {
            switch self {
            case .deliverToFirst, .deliverToSecond, .deliverFromFirst, .deliverFromSecond, .renderFirst,
                .renderSecond:
                false
            default: true
            }
        }
    }

    private(set) var coordinator: CoordinatorMachine
    private(set) var now: UInt64 = 0
    private var life: UInt64 = 1
    private var workers: [WorkerMachine] = []
    private var lives: [UInt64] = [1, 1]
    private var toWorker: [[FarmMessage]] = [[], []]
    private var toCoordinator: [[FarmMessage]] = [[], []]
    private var orders: [RenderOrder?] = [nil, nil]
    private var ledger: [TaskID: TaskResult] = [:]
    private var faultCount = 0
    private let shapes: [ProgramShape]
    private let allowsPauses: Bool
    private var isPaused = false
    private(set) var outcome: JobOutcome?
    private(set) var problem: String?
    private(set) var written: [TaskResult] = []

    init(_ shapes: [ProgramShape], allowsPauses: Bool = false) {
        self.shapes = shapes
        self.allowsPauses = allowsPauses
        coordinator = CoordinatorMachine(incarnation: Incarnation(1), policy: Self.policy, engine: engine)
        for slot in 0..<2 {
            workers.append(
                WorkerMachine(
                    peer: peer(UInt64(slot + 1)), engine: engine, policy: Self.workerPolicy, at: Tick(0)))
        }
        submit()
        for slot in 0..<2 { tell(slot, .timer) }
    }

    private static var policy: Policy {
        var policy = Policy()
        policy.heartbeatTicks = 10
        policy.suspectTicks = 30
        policy.deadTicks = 60
        policy.resendTicks = 20
        policy.credit = Credit(results: 1, bytes: 100)
        return policy
    }

    private static var workerPolicy: WorkerPolicy {
        var policy = WorkerPolicy()
        policy.heartbeatTicks = 10
        policy.resendTicks = 20
        policy.linkTicks = 1_000_000
        policy.abandonTicks = 1_000_000
        return policy
    }

    /// Whether the choice changes anything now; faults are at most two.
    func allows(_ choice: Choice) -> Bool {
        guard outcome == nil, problem == nil else { return false }
        switch choice {
        case .deliverToFirst: return !toWorker[0].isEmpty
        case .deliverToSecond: return !toWorker[1].isEmpty
        case .deliverFromFirst: return !toCoordinator[0].isEmpty
        case .deliverFromSecond: return !toCoordinator[1].isEmpty
        case .loseToFirst: return faultCount < 2 && !toWorker[0].isEmpty
        case .loseToSecond: return faultCount < 2 && !toWorker[1].isEmpty
        case .loseFromFirst: return faultCount < 2 && !toCoordinator[0].isEmpty
        case .loseFromSecond: return faultCount < 2 && !toCoordinator[1].isEmpty
        case .renderFirst: return orders[0] != nil
        case .renderSecond: return orders[1] != nil
        case .killFirst, .killSecond, .restartCoordinator, .longSilence: return faultCount < 2
        case .pauseOrResume: return allowsPauses && faultCount < 2
        }
    }

    mutating func happen(_ choice: Choice) {
        if choice.isFault { faultCount += 1 }
        switch choice {
        case .deliverToFirst: deliverToWorker(0)
        case .deliverToSecond: deliverToWorker(1)
        case .deliverFromFirst: deliverToCoordinator(0)
        case .deliverFromSecond: deliverToCoordinator(1)
        case .loseToFirst: toWorker[0].removeFirst()
        case .loseToSecond: toWorker[1].removeFirst()
        case .loseFromFirst: toCoordinator[0].removeFirst()
        case .loseFromSecond: toCoordinator[1].removeFirst()
        case .renderFirst: render(0)
        case .renderSecond: render(1)
        case .killFirst: kill(0)
        case .killSecond: kill(1)
        case .restartCoordinator: restartCoordinator()
        case .longSilence:
            now += 61
            hear(.timer)
        case .pauseOrResume:
            isPaused.toggle()
            hear(isPaused ? .pause(job) : .resume(job))
        }
        do { try coordinator.checkInvariants() } catch { problem = "\(error)" }
    }

    /// Lets everything happen fairly and without faults until the job ends.
    mutating func runOut() {
        if isPaused { happen(.pauseOrResume) }
        for _ in 0..<60 where outcome == nil && problem == nil {
            for slot in 0..<2 {
                for _ in 0..<4 {
                    deliverToWorker(slot)
                    deliverToCoordinator(slot)
                    render(slot)
                }
            }
            now += 10
            hear(.timer)
            for slot in 0..<2 { tell(slot, .timer) }
        }
        do { try coordinator.checkInvariants() } catch { problem = "\(error)" }
        if problem == nil, outcome != .finished(failures: []) {
            problem = "it ended as \(String(describing: outcome)): \(coordinator.explanation(of: job))"
        }
        let last = shapes.count - 1
        let right = (0..<shapes[last].segmentCount).map { result(of: task(last, $0)) }
        if problem == nil, written != right {
            problem = "\(written.count) windows were written, not the right ones"
        }
    }

    private mutating func submit() {
        hear(.timer)
        hear(.submit(JobSpecification(id: job, shapes: shapes, isPaused: isPaused)))
        hear(.close(job))
    }

    private mutating func hear(_ input: Input) {
        for effect in coordinator.handle(input, at: Tick(now)) {
            switch effect {
            case .send(let peer, let message):
                let slot = Int(peer.worker.rawValue) - 1
                if lives[slot] == peer.incarnation.rawValue { toWorker[slot].append(message) }
            case .lookUp(let lookUp):
                hear(
                    .lookedUp(
                        LookUpAnswer(
                            number: lookUp.number, job: job, task: lookUp.task, key: key(of: lookUp.task),
                            entry: ledger[lookUp.task])))
            case .persist(let entry, let record):
                if case .result(let result) = record { ledger[result.task] = result.result }
                hear(.persisted(entry))
            case .deliver(let delivery):
                written.append(delivery.result)
                hear(.consumed(delivery: delivery.number))
            case .alarm(let alarm): problem = "\(alarm)"
            case .publish(.ended(_, let ended)): outcome = ended
            case .publish(.songFailed(_, let failure)): problem = "\(failure)"
            case .kill, .rewind: problem = "\(effect)"
            case .pin, .unpin, .discard, .wake, .publish: continue
            }
        }
    }

    private mutating func tell(_ slot: Int, _ input: WorkerInput) {
        for effect in workers[slot].handle(input, at: Tick(now)) {
            switch effect {
            case .send(let message): toCoordinator[slot].append(message)
            case .render(let order):
                if orders[slot] != nil { problem = "two segments at once" }
                orders[slot] = order
            case .abandon:
                orders[slot] = nil
                tell(slot, .abandoned)
            case .exit(let reason): problem = "worker \(slot) left: \(reason)"
            case .discard, .wake: continue
            }
        }
    }

    private mutating func deliverToWorker(_ slot: Int) {
        guard !toWorker[slot].isEmpty else { return }
        tell(slot, .message(toWorker[slot].removeFirst()))
    }

    private mutating func deliverToCoordinator(_ slot: Int) {
        guard !toCoordinator[slot].isEmpty else { return }
        let message = toCoordinator[slot].removeFirst()
        let peer = peer(UInt64(slot + 1), lives[slot])
        if case .result(let report) = message {
            hear(.stored(from: peer, report))
        } else {
            hear(.message(from: peer, message))
        }
    }

    private mutating func render(_ slot: Int) {
        guard let order = orders[slot] else { return }
        orders[slot] = nil
        let isChained = shapes[order.task.program.rawValue].kind == .chained
        tell(
            slot,
            .rendered(
                Rendering(
                    lease: order.lease, segment: order.task.segment, key: key(of: order.task),
                    result: result(of: order.task, snapshot: isChained), costMicroseconds: 1)))
    }

    private mutating func kill(_ slot: Int) {
        let dead = peer(UInt64(slot + 1), lives[slot])
        lives[slot] += 1
        toWorker[slot] = []
        toCoordinator[slot] = []
        orders[slot] = nil
        hear(.exited(dead, .signal(9)))
        workers[slot] = WorkerMachine(
            peer: peer(UInt64(slot + 1), lives[slot]), engine: engine, policy: Self.workerPolicy,
            at: Tick(now))
        tell(slot, .timer)
    }

    private mutating func restartCoordinator() {
        life += 1
        coordinator = CoordinatorMachine(incarnation: Incarnation(life), policy: Self.policy, engine: engine)
        written = []
        submit()
    }
}
