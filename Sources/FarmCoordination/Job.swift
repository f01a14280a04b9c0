import FarmProtocol
import Quantities
import RenderPlan

/// What the coordinator knows of one segment task.
struct TaskState {
    enum Phase: UInt8 {
        /// Some input has no result yet.
        case waiting
        /// Its key is being computed and looked up.
        case lookingUp
        /// The ledger does not know its key: it must run.
        case missed
        /// It has a result.
        case done
        /// Its song was given up.
        case failed
    }

    var phase = Phase.waiting
    /// Done, but wanted once more: its bytes are missing, or a second opinion is asked for.
    var runsAgain = false
    /// An entry for it is in the ready queue or in its program's blocked list.
    var isQueued = false
    var outputsPinned = false
    var snapshotPinned = false
    /// Another task of the same key is being run: this one waits for its result.
    var isParked = false
    /// Inputs without a result, its predecessor in a chain included.
    var unmetCount: Int32 = 0
    /// Readers (tasks, and the deliverables' writer) that are not settled.
    var openReaderCount: Int32 = 0
    /// Slot of the worker that has it on lease, or -1.
    var holder: Int32 = -1
    /// Number of the look-up under way.
    var lookUp: UInt64 = 0
    /// Place in the order of commits, for taking back what a wrong worker did.
    var sequence: UInt64 = 0
    var key: TaskKey?
    var result: TaskResult?
    var producer: Peer?

    /// Nothing of it is left to do.
    var isSettled: Bool { (phase == .done && !runsAgain) || phase == .failed }
    /// It has to run, now that its key is known.
    var mustRun: Bool { phase == .missed || (phase == .done && runsAgain) }
}

/// A program that reads another's windows, as far as running ahead is concerned.
struct ConsumerEdge {
    let consumer: Int
    /// Per consumer segment f: the lowest producer segment that f or any later one reads; `.max` is none.
    let lowestNeeded: [Int32]
    /// How far one consumer segment's reading reaches: its look-ahead.
    let reachSegments: Int
}

/// What the coordinator knows of one program of a job.
struct ProgramState {
    let shape: ProgramShape
    /// Index of its first task.
    let base: Int
    /// Every segment before it has a result.
    var doneCursor = 0
    var consumers: [ConsumerEdge] = []
    var producers: [Int] = []
    /// Ready segments that may not run yet because consumers lag; ascending.
    var blocked: [Int] = []
    var isFailed = false
    /// Until this segment is done, runs are of one segment, so that a crash is blamed on the right one.
    var isolatedThrough = -1
    var lastWorker: WorkerID?
    /// Deliverables: the first window that its writer has not taken over.
    var deliveryCursor = 0
    var delivery: UInt64?

    var isComplete: Bool { doneCursor == shape.segmentCount }
    var end: Int { base + shape.segmentCount }
    var isChained: Bool { shape.kind == .chained }
}

/// Attempts at one task that came to nothing.
struct Attempts {
    /// Lives of workers that failed at it by its own fault, each once unless there was no other.
    var counted: [Peer] = []
    var uncountedCount = 0
    /// Lives of workers that could not hand it in or read its inputs, for reasons of their own: others go first.
    var unwell: [Peer] = []
}

/// A task that is run by several workers because one of them may be wrong.
struct SecondOpinion {
    var claims: [Claim]
    var isDispute: Bool
    /// Since when, after the last claim, somebody is looked for who makes the next one.
    var askedAt: Tick?

    /// Workers that have had their say.
    var voters: [WorkerID] { claims.compactMap { $0.peer?.worker } }
    var workerCount: Int { Set(voters).count }

    /// True while only somebody who has not had a say may make the next claim. Each time it takes twice as long, so
    /// that a third worker that is lost again and again finds the question open when it is back.
    func waitsForThird(_ policy: Policy, _ now: Tick) -> Bool {
        guard isDispute, workerCount > 1, let askedAt else { return false }
        return now.ticks(since: askedAt) < policy.disputeTicks << max(0, claims.count - 2)
    }
}

/// One job: its programs, its tasks in one row, and who waits for whom.
struct Job {
    let id: JobID
    let slot: Int
    var priority: Int
    let reserveBytes: Int
    let workerLimit: Int?
    var isPaused: Bool
    var isClosed = false
    var isActive = true
    var programs: [ProgramState] = []
    var tasks: [TaskState] = []
    var programOf: [Int32] = []
    var inputs: [[Int32]] = []
    var readers: [[Int32]] = []
    /// Per task, the cost of the longest chain of tasks that wait for it.
    var tails: [Int32] = []
    /// Digests known to be missing from the store.
    var missing: Set<Digest> = []
    /// Digests that a worker could not read, at least once: they were rendered again, or will be.
    var everLost: Set<Digest> = []
    var failures: [TaskFailure] = []
    var attempts: [Int: Attempts] = [:]
    var opinions: [Int: SecondOpinion] = [:]
    /// Workers that run a segment that another has too, by task.
    var seconds: [Int: Int] = [:]
    /// Tasks that may start a run, in their order; entries may have become stale.
    var ready = ReadyQueue()
    var unsettledCount = 0
    var doneCount = 0
    /// Windows that the deliverables' writer has still to take over.
    var undeliveredCount = 0
    var leaseCount = 0
    /// Ticks of workers that ended leases took, and the starts of the live ones: how much the job was served.
    var servedTicks = 0
    var leaseStartTicks = 0
    var lookUpCount = 0
    /// The lowest segment index that some program has not done.
    var oldestSegment = 0
    /// Programs whose cursor stands there.
    var oldestCount = 0
    /// Programs whose blocked lists are not empty are found by scanning; this says whether to.
    var blockedCount = 0

    init(_ specification: JobSpecification, slot: Int) {
        id = specification.id
        self.slot = slot
        priority = specification.priority
        reserveBytes = specification.reserveBytes
        workerLimit = specification.workerLimit
        isPaused = specification.isPaused
    }

    /// It may have one more worker, as far as it is concerned.
    var takesWorkers: Bool { isActive && !isPaused && (workerLimit.map { leaseCount < $0 } ?? true) }

    /// Ticks that workers spent on it.
    func served(_ now: Tick) -> Int { servedTicks + leaseCount * Int(now.rawValue) - leaseStartTicks }

    func segment(of task: Int) -> Int { task - programs[Int(programOf[task])].base }

    func name(of task: Int) -> TaskID {
        let program = Int(programOf[task])
        return TaskID(ProgramID(program), task - programs[program].base)
    }

    /// The index of a task, nil where the job has none of that name.
    func index(of task: TaskID) -> Int? {
        guard programs.indices.contains(task.program.rawValue) else { return nil }
        let program = programs[task.program.rawValue]
        guard task.segment >= 0, task.segment < program.shape.segmentCount else { return nil }
        return program.base + task.segment
    }

    /// The segment before it, whose snapshot it starts from; nil at frame 0 and without state.
    func predecessor(of task: Int) -> Int? {
        let program = programs[Int(programOf[task])]
        return program.isChained && task > program.base ? task - 1 : nil
    }

    /// The segment that starts from its snapshot.
    func successor(of task: Int) -> Int? {
        let program = programs[Int(programOf[task])]
        return program.isChained && task + 1 < program.end ? task + 1 : nil
    }

    /// True where the store is believed to hold every byte of its outputs.
    func hasOutputBytes(_ task: Int) -> Bool {
        guard !missing.isEmpty, let result = tasks[task].result else { return true }
        guard programs[Int(programOf[task])].shape.storesOutputs else { return true }
        return result.outputs.allSatisfy { $0.allSatisfy { !missing.contains($0.digest) } }
    }

    func hasSnapshotBytes(_ task: Int) -> Bool {
        guard !missing.isEmpty, let snapshot = tasks[task].result?.snapshot else { return true }
        return !missing.contains(snapshot.digest)
    }

    func inputResults(of task: Int) -> [TaskResult] {
        inputs[task].map { input in
            guard let result = tasks[Int(input)].result else {
                preconditionFailure("an input without a result")
            }
            return result
        }
    }
}

extension Job {
    /// Why these programs cannot be part of the job; nil if they can.
    func refusal(of shapes: [ProgramShape]) -> String? {
        if programs.count + shapes.count > Limits.programCount {
            return "more than \(Limits.programCount) programs"
        }
        var taskCount = tasks.count
        for (offset, shape) in shapes.enumerated() {
            let program = programs.count + offset
            taskCount += shape.segmentCount
            if shape.segmentCount < 1 || shape.segmentCount > Limits.segmentCount {
                return "p\(program) has \(shape.segmentCount) segments, not 1 to \(Limits.segmentCount)"
            }
            for dependencies in shape.dependencies {
                if dependencies.count > Limits.dependencyCount {
                    return "a segment of p\(program) reads more than \(Limits.dependencyCount) others"
                }
                for dependency in dependencies {
                    let producer = dependency.program.rawValue
                    guard producer >= 0, producer < program else {
                        return "p\(program) reads \(dependency), which is no earlier program"
                    }
                    let count =
                        producer < programs.count
                        ? programs[producer].shape.segmentCount
                        : shapes[producer - programs.count].segmentCount
                    guard dependency.segment >= 0, dependency.segment < count else {
                        return "p\(program) reads \(dependency), which does not exist"
                    }
                }
            }
        }
        return taskCount > Limits.taskCount ? "more than \(Limits.taskCount) segment tasks" : nil
    }

    /// Adds a program; its tasks are counted as unsettled, their inputs as not yet counted.
    mutating func append(_ shape: ProgramShape) {
        let program = programs.count
        var state = ProgramState(shape: shape, base: tasks.count)
        for segment in 0..<shape.segmentCount {
            // A result that is named twice in a key is one edge here.
            let own = shape.dependencies[segment].map {
                Int32(programs[$0.program.rawValue].base + $0.segment)
            }
            var task = TaskState()
            task.openReaderCount = shape.isDelivered ? 1 : 0
            tasks.append(task)
            programOf.append(Int32(program))
            inputs.append(own)
            readers.append([])
            tails.append(0)
            for input in own { readers[Int(input)].append(Int32(tasks.count - 1)) }
        }
        unsettledCount += shape.segmentCount
        if shape.isDelivered { undeliveredCount += shape.segmentCount }
        connect(&state, program)
        programs.append(state)
    }

    /// Brings the tails up to date after programs from `first` on were added.
    mutating func lengthenTails(from first: Int) {
        guard first < programs.count else { return }
        let start = programs[first].base
        var isLonger = [Bool](repeating: false, count: tasks.count)
        // Inputs come before their readers, so going down meets every reader first.
        for task in tasks.indices.reversed() where task >= start || isLonger[task] {
            let program = programs[Int(programOf[task])]
            let cost = Int32(clamping: max(1, program.shape.costPerSegment))
            let (sum, isTooLong) = tails[task].addingReportingOverflow(cost)
            let tail = isTooLong ? Int32.max : sum
            if program.isChained, task > program.base { lengthen(task - 1, tail, &isLonger) }
            for input in inputs[task] { lengthen(Int(input), tail, &isLonger) }
        }
    }

    /// A producer that may not run further ahead of a consumer waits for it as a reader waits for its inputs: the
    /// consumer is as urgent as what it holds back.
    mutating func lendTails(runAheadSegments: Int) {
        for producer in programs.indices {
            let state = programs[producer]
            for edge in state.consumers {
                let consumer = programs[edge.consumer]
                let cost = Int32(clamping: max(1, state.shape.costPerSegment))
                for segment in (0..<consumer.shape.segmentCount).reversed() where edge.lowestNeeded[segment] != .max {
                    let task = consumer.base + segment
                    let held = Int(edge.lowestNeeded[segment]) + edge.reachSegments + runAheadSegments + 1
                    if held < state.shape.segmentCount {
                        let (tail, isTooLong) = tails[state.base + held].addingReportingOverflow(cost)
                        if !isTooLong { tails[task] = max(tails[task], tail) }
                    }
                    if consumer.isChained, segment + 1 < consumer.shape.segmentCount {
                        tails[task] = max(tails[task], tails[task + 1])
                    }
                }
            }
        }
    }

    private mutating func lengthen(_ task: Int, _ tail: Int32, _ isLonger: inout [Bool]) {
        guard tails[task] < tail else { return }
        tails[task] = tail
        isLonger[task] = true
    }

    /// Finds the producers whose running ahead this program limits.
    private mutating func connect(_ state: inout ProgramState, _ program: Int) {
        let shape = state.shape
        var producers: [Int] = []
        for dependencies in shape.dependencies {
            for dependency in dependencies where !producers.contains(dependency.program.rawValue) {
                producers.append(dependency.program.rawValue)
            }
        }
        producers.sort()
        state.producers = producers
        for producer in producers where !programs[producer].shape.isRetained {
            var lowest = [Int32](repeating: .max, count: shape.segmentCount)
            var reach = 0
            var isBarrier = false
            for segment in 0..<shape.segmentCount {
                let read = shape.dependencies[segment].lazy
                    .filter { $0.program.rawValue == producer }.map(\.segment)
                guard let low = read.min(), let high = read.max() else { continue }
                lowest[segment] = Int32(low)
                reach = max(reach, high - low)
                if high - low + 1 == programs[producer].shape.segmentCount { isBarrier = true }
            }
            // Whoever reads all of a long program waits for all of it: its windows are stored, not alive.
            if isBarrier { continue }
            for segment in stride(from: shape.segmentCount - 2, through: 0, by: -1) {
                lowest[segment] = min(lowest[segment], lowest[segment + 1])
            }
            programs[producer].consumers.append(
                ConsumerEdge(consumer: program, lowestNeeded: lowest, reachSegments: reach))
        }
    }
}
