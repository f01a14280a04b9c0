import FarmCoordination
import FarmProtocol
import Foundation
import Hashing
import Quantities
import RenderEngine
import RenderPlan
import Storage
import Synchronization
import ZeroMQ

/// What a worker needs to know before it can say hello.
package struct WorkerConfiguration: Sendable, Codable {
    package var worker: UInt64
    package var incarnation: UInt64
    package var storeDirectory: String
    package var namespace: String
    /// The pack that this life appends to, and nobody else.
    package var pack: Int
    package var sources: SourceTable
    package var blockFrames: Int
    /// After this silence of the coordinator the worker leaves.
    package var linkMilliseconds: Int
    /// Seeded kill points of the crash tests; empty in production.
    package var crashPoints: [CrashPoint] = []

    var peer: Peer { Peer(WorkerID(worker), Incarnation(incarnation)) }
}

/// Runs one worker: its protocol on the calling thread, its rendering on another.
///
/// Decisions are `WorkerMachine`'s. This moves frames and bytes, and holds results' locations until they are
/// committed.
final class WorkerHost {
    private let configuration: WorkerConfiguration
    private let transport: any WorkerTransport
    private let orders = BlockingQueue<RenderJob?>()
    private let outcomes: Mailbox<RenderOutcome>
    private var machine: WorkerMachine
    /// nil where coordinator and worker open the same packs and files.
    private let supplies: (any TaskSupplies)?
    private var programs: [ProgramName: LeasedProgram] = [:]
    private var locations: Locations = [:]
    /// Locations of results that are not committed yet.
    private var held: [ResultName: Locations] = [:]
    private var pendingLocations: [RenderName: Locations] = [:]
    private var underway: (order: RenderOrder, watch: TaskWatch, reportedFrames: Int)?
    private var nextWake: UInt64
    private var exit: ExitReason?
    /// The programs of the latest leases, for extensions.
    private var runs: [LeaseID: Program] = [:]
    private let isTerminated: @Sendable () -> Int
    /// Called now and then, for what the worker's own store needs.
    var tidyUp: () -> Void = {}
    private var nextTidyUp: UInt64 = 0
    /// Within this time the coordinator must have said welcome: a connection that was refused is never made again by
    /// itself, a new process makes a new one. nil waits as long as the link may be silent.
    var firstContactMilliseconds: UInt64?
    private var isWelcome = false
    /// How often the inputs of the task under way were fetched anew.
    private var refillCount = 0
    private static let maximumRefillCount = 2

    struct RenderName: Hashable {
        var lease: LeaseID
        var segment: Int
    }

    struct RenderJob: Sendable {
        var order: RenderOrder
        var program: Program
        var locations: Locations
        /// nil: the table that the worker was started with.
        var sources: SourceTable?
        var references: [SourceReference] = []
        var watch: TaskWatch
    }

    struct RenderOutcome: Sendable {
        enum Kind: Sendable {
            case rendered(TaskResult, TaskKey, Locations, costMicroseconds: Int)
            case unreadable([Digest])
            /// Lost from this worker's own store, which can be filled again.
            case lostHere([Digest])
            case failed(String)
            /// Not to be done on this machine, for a reason that is not the task's.
            case unfit(String)
            case abandoned
        }

        var order: RenderOrder
        var kind: Kind
    }

    /// - Parameter terminationCount: How often the process was asked to leave (SIGTERM).
    init(
        _ configuration: WorkerConfiguration, transport: any WorkerTransport,
        supplies: (any TaskSupplies)? = nil,
        terminationCount: @escaping @Sendable () -> Int = { 0 }
    ) throws {
        self.configuration = configuration
        self.transport = transport
        self.supplies = supplies
        isTerminated = terminationCount
        outcomes = Mailbox(wakeUp: transport.wakeUp)
        var policy = WorkerPolicy()
        policy.linkTicks = configuration.linkMilliseconds
        if let versions = TestFault.protocolVersions { policy.protocolVersions = versions }
        machine = WorkerMachine(
            peer: configuration.peer, engine: TestFault.engine(Engine.digest), policy: policy,
            at: Tick(monotonicMilliseconds()))
        nextWake = monotonicMilliseconds()
    }

    /// Works until the coordinator, a signal or a lost link ends it.
    func run() throws -> ExitReason {
        try startRenderThread()
        defer { orders.post(nil) }
        var terminations = 0
        let start = monotonicMilliseconds()
        // A second hello right after the first would cross its welcome, and the first lease would be ignored.
        nextWake = monotonicMilliseconds() + 250
        apply(machine.handle(.timer, at: now))
        while exit == nil {
            let wait = underway == nil ? 200 : 50
            let until = nextWake > monotonicMilliseconds() ? Int(nextWake - monotonicMilliseconds()) : 0
            for frames in try transport.receive(waitingMilliseconds: min(wait, until)) { receive(frames) }
            for outcome in outcomes.takeAll() { finish(outcome) }
            reportProgress()
            while terminations < isTerminated() {
                terminations += 1
                apply(machine.handle(.terminate, at: now))
            }
            if monotonicMilliseconds() >= nextWake {
                // The machine says when it wants the next.
                nextWake = monotonicMilliseconds() + 1000
                apply(machine.handle(.timer, at: now))
            }
            if !isWelcome, let limit = firstContactMilliseconds, monotonicMilliseconds() - start > limit, exit == nil {
                exit = .lostLink
            }
            if monotonicMilliseconds() >= nextTidyUp {
                nextTidyUp = monotonicMilliseconds() + 5_000
                tidyUp()
            }
        }
        underway?.watch.abandon()
        return exit ?? .terminated
    }

    private var now: Tick { Tick(monotonicMilliseconds()) }

    // MARK: - Messages

    private func receive(_ frames: [[UInt8]]) {
        // What does not decode is not from our coordinator: nothing is lost.
        guard let wire = try? FarmCodec.decode(frames) else { return }
        if case .lease(let grant) = wire.message {
            let name = ProgramName(job: grant.job, program: grant.program)
            if programs[name] == nil {
                guard
                    let leased = try? JSONDecoder.programs.decode(LeasedProgram.self, from: Data(wire.program))
                else { return }
                programs[name] = leased
            }
            // A lease names everything it reads: what earlier ones read may be forgotten between two runs.
            if locations.count > 100_000, underway == nil { locations.removeAll(keepingCapacity: true) }
        }
        if case .welcome = wire.message { isWelcome = true }
        locations.merge(wire.locations) { _, new in new }
        prefetch(wire.message)
        apply(machine.handle(.message(wire.message), at: now))
    }

    /// Asks for what a run will read before it is read.
    private func prefetch(_ message: FarmMessage) {
        guard let supplies else { return }
        switch message {
        case .lease(let grant):
            guard let leased = programs[ProgramName(job: grant.job, program: grant.program)] else { return }
            runs[grant.lease] = leased.program
            if runs.count > 64 { runs = [grant.lease: leased.program] }
            supplies.prefetch(
                leased.program.partsRead(bySegments: grant.start, inputs: grant.inputs), sources: leased.sources)
        case .extend(let more):
            guard let program = runs[more.lease] else { return }
            supplies.prefetch(program.partsRead(bySegments: more.from, inputs: more.inputs), sources: [])
        default: return
        }
    }

    private func reportProgress() {
        guard let (order, watch, reported) = underway, watch.frames > reported else { return }
        underway?.reportedFrames = watch.frames
        apply(
            machine.handle(
                .progress(order.lease, segment: order.task.segment, frames: watch.frames), at: now))
    }

    private func finish(_ outcome: RenderOutcome) {
        let order = outcome.order
        supplies?.finished(order)
        guard let current = underway, current.order == order else { return }
        if case .lostHere(let digests) = outcome.kind, !current.watch.isAbandoned {
            supplies?.drop(digests)
            refillCount += 1
            if refillCount <= Self.maximumRefillCount { return start(order) }
            // Its own store takes nothing any more, and the coordinator's copies are good: a new process begins with
            // new packs.
            exit = .lostLink
            return
        }
        refillCount = 0
        underway = nil
        // The machine waits for exactly one answer to every order; what an abandoned one came to is nobody's.
        guard !current.watch.isAbandoned else { return apply(machine.handle(.abandoned, at: now)) }
        switch outcome.kind {
        case .rendered(let result, let key, let places, let cost):
            pendingLocations[RenderName(lease: order.lease, segment: order.task.segment)] = places
            let rendering = Rendering(
                lease: order.lease, segment: order.task.segment, key: key, result: result, costMicroseconds: cost)
            apply(machine.handle(.rendered(rendering), at: now))
            pendingLocations[RenderName(lease: order.lease, segment: order.task.segment)] = nil
            CrashPoint.afterResult.reached(configuration)
        case .unreadable(let digests), .lostHere(let digests):
            apply(machine.handle(.unreadable(order.lease, segment: order.task.segment, digests), at: now))
        case .unfit(let reason):
            try? FileHandle.standardError.write(contentsOf: Data("error: \(reason)\n".utf8))
            apply(machine.handle(.unreadable(order.lease, segment: order.task.segment, []), at: now))
        case .failed(let reason):
            apply(machine.handle(.failed(order.lease, segment: order.task.segment, reason: reason), at: now))
        case .abandoned:
            apply(machine.handle(.abandoned, at: now))
        }
    }

    // MARK: - Effects

    private func apply(_ effects: [WorkerEffect]) {
        for effect in effects {
            switch effect {
            case .send(let message): send(message)
            case .render(let order): start(order)
            case .abandon:
                underway?.watch.abandon()
                if let order = underway?.order { supplies?.abandon(order) }
            case .discard(let name):
                if let places = held.removeValue(forKey: name) { supplies?.release(places) }
            case .exit(let reason): exit = reason
            case .wake(let tick): nextWake = min(nextWake, tick.rawValue)
            }
        }
    }

    private func send(_ message: FarmMessage) {
        var wire = WireMessage(message: message)
        if case .result(let report) = message {
            let rendered = RenderName(lease: report.name.lease, segment: report.name.task.segment)
            if let places = pendingLocations[rendered], held[report.name] == nil {
                held[report.name] = places
                supplies?.keep(report.result, at: places)
            }
            wire.locations = held[report.name] ?? [:]
        }
        // A message that cannot be sent now is said again by whoever needs its answer.
        let isSent = (try? transport.send(FarmCodec.encode(wire))) ?? false
        // While the connection is being made nothing goes out: the hello is said again as soon as it can be.
        if !isSent, case .hello = message { nextWake = min(nextWake, monotonicMilliseconds() + 5) }
        if case .result = message { CrashPoint.afterSend.reached(configuration) }
    }

    private func start(_ order: RenderOrder) {
        let watch = TaskWatch()
        underway = (order, watch, 0)
        guard let leased = programs[ProgramName(job: order.job, program: order.task.program)] else {
            outcomes.post(RenderOutcome(order: order, kind: .failed("a lease without its program")))
            return
        }
        let program = leased.program
        guard let supplies else {
            return orders.post(RenderJob(order: order, program: program, locations: locations, watch: watch))
        }
        let orders = orders
        let outcomes = outcomes
        guard program.dependencies(ofSegment: order.task.segment).count == order.inputs.count else {
            return outcomes.post(
                RenderOutcome(order: order, kind: .failed("malformed lease: inputs do not fit the program")))
        }
        var parts = program.partsRead(bySegments: order.task.segment, inputs: [order.inputs])
        if case .snapshot(let snapshot) = order.start { parts.append(snapshot) }
        supplies.gather(parts, sources: leased.sources, for: order, watch: watch) { gathered in
            switch gathered {
            case .here(let locations, let sources):
                orders.post(
                    RenderJob(
                        order: order, program: program, locations: locations, sources: sources,
                        references: leased.sources, watch: watch))
            case .unwell(let reason):
                try? FileHandle.standardError.write(contentsOf: Data("error: \(reason)\n".utf8))
                // Somebody else may do better meanwhile.
                DispatchQueue.global().asyncAfter(deadline: .now() + 2) {
                    outcomes.post(RenderOutcome(order: order, kind: .unreadable([])))
                }
            case .unavailable(let digests): outcomes.post(RenderOutcome(order: order, kind: .unreadable(digests)))
            case .failed(let reason): outcomes.post(RenderOutcome(order: order, kind: .failed(reason)))
            case .abandoned: outcomes.post(RenderOutcome(order: order, kind: .abandoned))
            }
        }
    }

    // MARK: - Rendering

    private func startRenderThread() throws {
        guard let namespace = StoreNamespace(configuration.namespace) else {
            throw TaskError.malformed("namespace")
        }
        let configuration = configuration
        let outcomes = outcomes
        let orders = orders
        let supplies = supplies
        let writer = try PackWriter(
            directory: configuration.storeDirectory, namespace: namespace, id: PackID(configuration.pack))
        startThread(named: "render") {
            let packs = PackReader(directory: configuration.storeDirectory, namespace: namespace)
            let executor = TaskExecutor(
                packs: packs, writer: writer, sources: configuration.sources, blockFrames: configuration.blockFrames)
            while let job = orders.take() {
                if let sources = job.sources { executor.use(sources) }
                CrashPoint.midSegment.reached(configuration, unless: job.program.kind != .chained)
                TestFault.hangIfAsked()
                var kind = Self.execute(job, executor, configuration.namespace)
                if case .unreadable(let digests) = kind, supplies != nil { kind = .lostHere(digests) }
                if case .failed = kind, supplies?.dropDamaged(job.references) == true {
                    // Its audio had gone bad here: it is fetched anew and tried again, and nobody is to blame.
                    executor.forgetSources()
                    kind = .unreadable([])
                }
                outcomes.post(RenderOutcome(order: job.order, kind: kind))
            }
        }
    }

    private static func execute(
        _ job: RenderJob, _ executor: TaskExecutor, _ namespace: String
    ) -> RenderOutcome.Kind {
        let order = job.order
        let start: TaskStart
        let before: Part?
        switch order.start {
        case .beginning: (start, before) = (.snapshot(nil), nil)
        case .live(let part): (start, before) = (.live, part)
        case .snapshot(let part): (start, before) = (.snapshot(part), part)
        }
        do {
            guard job.program.dependencies(ofSegment: order.task.segment).count == order.inputs.count else {
                throw TaskError.malformed("lease: inputs do not fit the program")
            }
            let executed = try executor.execute(
                job.program, ProgramName(job: order.job, program: order.task.program), segment: order.task.segment,
                inputs: order.inputs, locations: job.locations, start: start, watch: job.watch)
            let key = TaskKey.of(
                job.program.keyBytes(
                    ofSegment: order.task.segment, inputs: order.inputs, snapshot: before?.digest,
                    namespace: namespace))
            return .rendered(
                executed.result, key, executed.locations, costMicroseconds: executed.costMicroseconds)
        } catch TaskError.unreadable(let digests) {
            return .unreadable(digests)
        } catch TaskError.abandoned {
            return .abandoned
        } catch let error as TaskError where error.isOfThisMachine {
            return .unfit("\(error)")
        } catch {
            return .failed(describe(error, job.program))
        }
    }

    /// A reason in the words of the field; the coordinator puts the program's name before it.
    private static func describe(_ error: any Error, _ program: Program) -> String {
        if case RenderError.notFinite(let node, let strip, let device) = error {
            // Names are not on this side: the coordinator fills them in from the places.
            return "not-finite \(node) \(strip) \(device.map(String.init) ?? "-")"
        }
        return String(describing: error)
    }
}

extension JSONDecoder {
    static var programs: JSONDecoder { JSONDecoder() }
}
