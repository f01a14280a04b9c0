package import FarmCoordination
package import FarmProtocol
package import RenderPlan

/// A job as the simulated host knows it.
package struct SimulatedJob: Sendable {
    package var id: JobID
    package var priority = 0
    /// What the keys depend on besides the graph: another song, other keys.
    package var song: UInt64
    package var shapes: [ProgramShape]
    /// Added when the program `trigger` is complete.
    package var later: [ProgramShape] = []
    package var trigger: ProgramID?
    package var submittedAt: UInt64 = 1
    package var cancelledAt: UInt64?
    package var isBroken: [TaskID: BrokenTask] = [:]
    package var reserveBytes = 0
    package var workerLimit: Int?
    /// When clients pause and resume it.
    package var pauses: [ClosedRange<UInt64>] = []
    package var reprioritised: (at: UInt64, to: Int)?
    /// Per program, the one whose keys it has: its own number, or that of an earlier program that does the same.
    package var twins: [Int] = []

    package init(id: JobID, song: UInt64, shapes: [ProgramShape]) {
        self.id = id
        self.song = song
        self.shapes = shapes
    }

    var allShapes: [ProgramShape] { shapes + later }
}

/// What a poisoned task does to whoever runs it.
package enum BrokenTask: Sendable {
    case reportsFailure
    case crashes
    case hangs
}

/// Rates of faults, in a thousand per opportunity, and how many of the grave ones there may be.
package struct FaultRates: Sendable {
    package var loss = 0
    package var duplication = 0
    package var maximumDelay = 3
    /// Whether messages of one connection may overtake each other.
    package var reorders = false
    /// Per fault tick.
    package var kill = 0
    package var crash = 0
    package var freeze = 0
    package var hang = 0
    package var drain = 0
    package var partition = 0
    package var coordinatorCrash = 0
    package var blobLoss = 0
    package var blobCorruption = 0
    package var eviction = 0
    /// A worker that renders, but much slower than the others.
    package var slowness = 0
    /// A worker whose process ends soon after each start.
    package var flap = 0
    /// Orders of operators: drain, quarantine, revoke.
    package var operation = 0
    /// The store's space comes and goes.
    package var space = 0
    /// Per result.
    package var transitCorruption = 0
    package var forgery = 0
    package var lie = 0
    /// Crashes and hangs count against tasks; more than two could quarantine a healthy one.
    package var countedFaultCount = 2
    package var lieCount = 3

    package init() {}
}

/// A world before anything happened: who is there, what is to be done, and what may go wrong.
package struct WorldShape: Sendable {
    package var seed: UInt64
    package var workerCount = 3
    package var jobs: [SimulatedJob]
    package var policy = Policy()
    package var workerPolicy = WorkerPolicy()
    package var faults = FaultRates()
    /// From here on nothing goes wrong any more.
    package var healedAt: UInt64 = 0
    /// Ticks after the healing within which every job must have ended.
    package var livenessTicks: UInt64 = 30_000
    package var renderTicks = 4...24
    /// Ticks that a segment takes per unit of its cost; 0: a time drawn from `renderTicks`.
    package var ticksPerCost = 0
    /// Whether every grant is compared with every live lease; off for large worlds.
    package var checksEveryLease = true
    /// For so long a job may have work and no worker while others of no more importance have some.
    package var hungerTicks: UInt64 = 1_500
    package var mutation: Mutation?
    /// Whether `FaultPoint`s may strike.
    package var hasFaultPoints = false
    package var isTracing = false
    /// Every how many steps the machine's books are added up anew.
    package var checkInterval = 16

    package init(seed: UInt64, jobs: [SimulatedJob]) {
        self.seed = seed
        self.jobs = jobs
        policy.heartbeatTicks = 20
        policy.debtTicks = 200
        policy.disputeTicks = 60
        policy.suspectTicks = 70
        policy.lostLinkTicks = 60
        policy.deadTicks = 140
        policy.hangTicks = 260
        policy.resendTicks = 50
        policy.uncountedAttempts = 10_000
        policy.speculationTicks = 80
        policy.flapTicks = 400
        policy.restTicks = 40
        policy.longestRestTicks = 600
        policy.forgivenessTicks = 1_500
        policy.credit = Credit(results: 2, bytes: 4_000)
        workerPolicy.heartbeatTicks = 20
        workerPolicy.resendTicks = 60
        workerPolicy.linkTicks = 900
        workerPolicy.abandonTicks = 100
    }
}

extension WorldShape {
    /// Draws a world: its graph, its workers, and which faults it knows and how often.
    package static func drawn(seed: UInt64) -> WorldShape {
        var random = SplitMix64(seed: seed)
        var jobs = [SimulatedJob.drawn(id: 1, &random)]
        while jobs.count < 4, random.chance(350) {
            var another = SimulatedJob.drawn(id: UInt64(jobs.count + 1), &random)
            another.submittedAt = UInt64(random.draw(1...300))
            another.priority = random.draw(-1...1)
            if random.chance(200) { another.cancelledAt = another.submittedAt + UInt64(random.draw(10...400)) }
            // The same song again: what the first job did is found in the ledger, or waited for.
            if random.chance(400) { another.doTheSame(as: jobs[0]) }
            jobs.append(another)
        }
        for index in jobs.indices { jobs[index].drawOrders(&random) }
        var shape = WorldShape(seed: seed, jobs: jobs)
        shape.workerCount = random.draw(1...5)
        shape.policy.credit = Credit(
            results: random.draw(1...4), bytes: random.element([1_600, 4_000, 100_000]))
        shape.policy.horizonSegments = random.element([1, 2, 4, 16])
        shape.policy.runAheadSegments = random.element([1, 2, 8])
        shape.policy.scatters = random.chance(80)
        shape.policy.auditPercent = random.chance(150) ? 30 : 0
        shape.policy.waitsForSpace = true
        shape.hasFaultPoints = true
        shape.healedAt = UInt64(random.draw(300...1_500))
        shape.faults.draw(&random, workerCount: shape.workerCount)
        // Only where every result is checked is a lie sure to come out.
        if shape.faults.lie > 0 { shape.policy.auditPercent = 100 }
        return shape
    }
}

extension FaultRates {
    mutating func draw(_ random: inout SplitMix64, workerCount: Int) {
        maximumDelay = random.element([1, 3, 10, 30])
        reorders = random.chance(400)
        // A fault is known to a world in one of three or so, and frequent there.
        if random.chance(350) { loss = random.draw(10...150) }
        if random.chance(350) { duplication = random.draw(10...150) }
        if random.chance(350) { kill = random.draw(20...200) }
        if random.chance(250) { crash = random.draw(20...200) }
        if random.chance(250) { freeze = random.draw(20...150) }
        if random.chance(200) { hang = random.draw(20...150) }
        if random.chance(200) { drain = random.draw(20...100) }
        if random.chance(250) { partition = random.draw(20...150) }
        if random.chance(300) { coordinatorCrash = random.draw(10...80) }
        if random.chance(300) { blobLoss = random.draw(20...300) }
        if random.chance(250) { blobCorruption = random.draw(20...200) }
        if random.chance(500) { eviction = random.draw(50...600) }
        if random.chance(150) { transitCorruption = random.draw(5...50) }
        if random.chance(250) { forgery = random.draw(20...200) }
        if random.chance(250) { slowness = random.draw(20...150) }
        if random.chance(150) { flap = random.draw(20...100) }
        if random.chance(200) { operation = random.draw(20...120) }
        if random.chance(200) { space = random.draw(20...200) }
        if workerCount >= 3, random.chance(150) { lie = random.draw(20...200) }
    }
}

extension SimulatedJob {
    static func drawn(id: UInt64, _ random: inout SplitMix64) -> SimulatedJob {
        var job = SimulatedJob(id: JobID(id), song: random.next(), shapes: [])
        let segmentCount = random.draw(1...8)
        let programCount = random.draw(2...7)
        let songCount = random.draw(1...2)
        for program in 0..<programCount {
            job.shapes.append(
                .drawn(program, after: job.shapes, segmentCount, songCount: songCount, &random))
        }
        // Now and then a program does the same as an earlier one: another key would be a waste.
        job.twins = Array(job.shapes.indices)
        for program in job.shapes.indices.dropFirst() where random.chance(120) {
            let first = random.draw(0...(program - 1))
            guard job.shapes[first].dependencies.joined().allSatisfy({ $0.program.rawValue < first }) else { continue }
            let song = job.shapes[program].song
            job.shapes[program] = job.shapes[first]
            job.shapes[program].song = song
            job.twins[program] = job.twins[first]
        }
        // What reads a program that changed may name segments that are gone.
        for program in job.shapes.indices {
            job.shapes[program].dependencies = job.shapes[program].dependencies.map { list in
                list.filter { $0.segment < job.shapes[$0.program.rawValue].segmentCount }
            }
        }
        if random.chance(400) {
            job.trigger = ProgramID(random.draw(0...(programCount - 1)))
            for program in programCount..<(programCount + random.draw(1...3)) {
                job.later.append(
                    .drawn(program, after: job.allShapes, segmentCount, songCount: songCount, &random))
            }
        }
        if random.chance(150) {
            let program = random.draw(0...(programCount - 1))
            let task = TaskID(ProgramID(program), random.draw(0...(job.shapes[program].segmentCount - 1)))
            let kind: BrokenTask = random.element([.reportsFailure, .crashes, .hangs])
            for twin in job.twins.indices where job.twins[twin] == job.twins[program] {
                job.isBroken[TaskID(ProgramID(twin), task.segment)] = kind
            }
        }
        return job
    }
}

extension SimulatedJob {
    mutating func doTheSame(as other: SimulatedJob) {
        song = other.song
        shapes = other.shapes
        later = other.later
        trigger = other.trigger
        isBroken = other.isBroken
        twins = other.twins
    }

    /// Draws what clients will want of it.
    mutating func drawOrders(_ random: inout SplitMix64) {
        reserveBytes = random.element([0, 0, 1_000, 4_000])
        if random.chance(200) { workerLimit = random.draw(1...3) }
        if random.chance(250) {
            let from = submittedAt + UInt64(random.draw(5...300))
            pauses.append(from...(from + UInt64(random.draw(10...400))))
        }
        if random.chance(150) {
            reprioritised = (submittedAt + UInt64(random.draw(5...300)), random.draw(-2...2))
        }
    }
}

extension ProgramShape {
    static func drawn(
        _ program: Int, after earlier: [ProgramShape], _ segmentCount: Int, songCount: Int,
        _ random: inout SplitMix64
    ) -> ProgramShape {
        let kind = random.element([ProgramKind.chained, .chained, .windowed, .windowed, .whole])
        let count = kind == .whole ? 1 : segmentCount
        var dependencies = [[TaskID]](repeating: [], count: count)
        let readCount = earlier.isEmpty ? 0 : random.draw(program == 0 ? 0...0 : 0...min(3, earlier.count))
        for _ in 0..<readCount {
            let producer = random.draw(0...(earlier.count - 1))
            // Same segment, look-ahead, look-behind, both, or everything.
            let reach = random.element([0...0, 0...0, 0...1, -1...0, -1...1, -8...8])
            for segment in 0..<count {
                let low = kind == .whole ? 0 : segment + reach.lowerBound
                let high = kind == .whole ? segmentCount : segment + reach.upperBound
                for read in max(0, low)...max(0, high) where read < earlier[producer].segmentCount {
                    dependencies[segment].append(TaskID(ProgramID(producer), read))
                }
            }
        }
        // What stores no bytes (hashing a source) can deliver none.
        let stores = readCount > 0 || !random.chance(200)
        return ProgramShape(
            kind: kind, segmentCount: count, dependencies: dependencies,
            storesOutputs: stores, isDelivered: stores && random.chance(350),
            isRetained: random.chance(200), song: random.draw(0...(songCount - 1)))
    }
}
