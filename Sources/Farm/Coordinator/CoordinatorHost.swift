import FarmCoordination
import FarmProtocol
import Foundation
import Hashing
import Logging
import Quantities
import RenderCompiler
import RenderPlan
import Storage
import ZeroMQ

/// Figures of a farm at work, for progress and reports.
package struct FarmFigures: Sendable, Equatable {
    package var workerCount = 0
    package var busyWorkerCount = 0
    package var renderedTasks = 0
    package var reusedTasks = 0
    package var repeatedTasks = 0
    package var auditedTasks = 0
    package var retriedTasks = 0
    package var doneTasks = 0
    package var totalTasks = 0
    /// Song time that was rendered, summed over chained mix tasks alone would say little: all tasks count.
    package var renderedSeconds = 0.0
    package var cpuSeconds = 0.0
    package var bytesMoved = 0
    package var alarms: [String] = []
}

/// Drives a job from the outside: told of events, it adds programs and says when no more will come.
protocol JobDriver: AnyObject {
    func handle(_ event: FarmEvent, host: CoordinatorHost)
    /// A window that the job delivers; answer with `host.consumed` or `host.undeliverable`, from any thread.
    func deliver(_ delivery: FarmCoordination.Delivery, parts: Locations, host: CoordinatorHost)
    func rewind(_ program: ProgramID, toSegment segment: Int)
}

/// Runs `CoordinatorMachine`: moves frames, verifies and records results, answers look-ups. One thread calls it.
///
/// It never reacts in place: it drains its queues into inputs, steps the machine, then carries out the effects.
package final class CoordinatorHost {
    let store: Store
    private let transport: any CoordinatorTransport
    private let commands: Mailbox<Input>
    private let provenance: Provenance
    private let storeLimitBytes: Int
    private let usesLedger: Bool
    /// The worker is a thread of this process: what it hashed is what it appended. Every read checks it again.
    private let isWorkerHere: Bool
    private let isAuditing: Bool
    private let logger: Logger
    private var machine: CoordinatorMachine
    private var jobs: [JobID: HostedJob] = [:]
    private var inbox: [Input] = []
    private var nextTimer: UInt64 = 0
    private var lastPersisted: EntryID?
    private var waitsForSync = false
    private var isSyncing = false
    private var nextTrim: UInt64 = 0
    private(set) package var figures = FarmFigures()
    private(set) var hasEnded = false
    weak var driver: (any JobDriver)?
    /// Asked to end a worker's process by force.
    var killWorker: (Peer) -> Void = { _ in }
    private let syncs = BlockingQueue<EntryID?>()

    init(
        store: Store, transport: any CoordinatorTransport, policy: Policy, incarnation: Incarnation,
        provenance: Provenance, storeLimitBytes: Int, usesLedger: Bool, isWorkerHere: Bool,
        logger: Logger
    ) {
        self.store = store
        self.transport = transport
        self.provenance = provenance
        self.storeLimitBytes = storeLimitBytes
        self.usesLedger = usesLedger
        self.isWorkerHere = isWorkerHere
        isAuditing = policy.auditPercent > 0
        self.logger = logger
        commands = Mailbox(wakeUp: transport.wakeUp)
        machine = CoordinatorMachine(incarnation: incarnation, policy: policy, engine: Engine.digest)
        startSyncThread()
    }

    deinit { syncs.post(nil) }

    // MARK: - For the driver

    func submit(_ job: HostedJob, shapes: [ProgramShape]) {
        jobs[job.id] = job
        inbox.append(.submit(JobSpecification(id: job.id, shapes: shapes)))
    }

    func extend(_ id: JobID, _ list: ProgramList, shapes: [ProgramShape]) {
        jobs[id]?.replace(list)
        inbox.append(.extend(id, shapes))
    }

    func close(_ id: JobID) { inbox.append(.close(id)) }
    func cancel(_ id: JobID) { commands.post(.cancel(id)) }

    /// From any thread.
    func post(_ input: Input) { commands.post(input) }

    /// `post` for other threads to keep.
    var poster: @Sendable (Input) -> Void {
        let commands = commands
        return { commands.post($0) }
    }

    func result(of task: TaskID, in job: JobID) -> TaskResult? { machine.result(of: task, in: job) }

    func job(_ id: JobID) -> HostedJob? { jobs[id] }

    // MARK: - The loop

    /// One turn: waits for something to happen (at most `waitingMilliseconds`) and deals with it.
    func turn(waitingMilliseconds: Int) throws {
        let wait = inbox.isEmpty ? waitingMilliseconds : 0
        for (peer, frames) in try transport.receive(waitingMilliseconds: wait) { receive(frames, from: peer) }
        for input in commands.takeAll() {
            if case .persisted = input { isSyncing = false }
            inbox.append(input)
        }
        let clock = monotonicMilliseconds()
        if clock >= nextTimer {
            nextTimer = clock + 250
            inbox.append(.timer)
        }
        while !inbox.isEmpty {
            let inputs = inbox
            inbox = []
            for input in inputs { apply(machine.handle(input, at: Tick(monotonicMilliseconds()))) }
        }
        try settle(clock)
        updateFigures()
    }

    private func receive(_ frames: [[UInt8]], from peer: Peer) {
        do {
            let wire = try FarmCodec.decode(frames)
            guard case .result(let report) = wire.message else {
                inbox.append(.message(from: peer, named(wire.message)))
                return
            }
            inbox.append(try take(report, at: wire.locations, from: peer))
        } catch let error as WireError {
            logger.warning("message refused", metadata: ["peer": "\(peer)", "reason": "\(error)"])
        } catch {
            logger.error("result not stored", metadata: ["peer": "\(peer)", "reason": "\(error)"])
        }
    }

    /// A worker reports places; people want names.
    private func named(_ message: FarmMessage) -> FarmMessage {
        guard case .failed(var failure) = message, let job = jobs[failure.job],
            failure.task.program.rawValue < job.list.programs.count
        else { return message }
        failure.reason = job.reason(failure.reason, of: failure.task)
        return .failed(failure)
    }

    /// Verifies a result's bytes and enters them; the machine hears of it afterwards.
    private func take(_ report: ResultReport, at places: Locations, from peer: Peer) throws -> Input {
        let stores = jobs[report.name.job].map { job -> Bool in
            let program = report.name.task.program
            guard program.rawValue < job.list.programs.count else { return false }
            if case .hashSource = job.program(program).body { return false }
            return true
        }
        guard stores != false else { return .stored(from: peer, report) }
        // A steady signal names one part many times, at one place: entered twice, its bytes would be taken for a copy.
        var entered: Set<Digest> = []
        for part in report.result.outputs.joined() + [report.result.snapshot].compactMap({ $0 })
        where entered.insert(part.digest).inserted {
            guard let place = places[part.digest] else { return .unverified(from: peer, report.name) }
            do {
                _ = try store.record(part, at: place, isVerified: isWorkerHere)
                figures.bytesMoved += part.byteCount
            } catch let error as StoreError where error.isLoss || error.code == .invalidRange {
                logger.warning("result not as it was announced", metadata: ["reason": "\(error)"])
                return .unverified(from: peer, report.name)
            }
        }
        return .stored(from: peer, report)
    }

    // MARK: - Effects

    private func apply(_ effects: [Effect]) {
        for effect in effects {
            do { try apply(effect) } catch {
                logger.error("effect failed", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func apply(_ effect: Effect) throws {
        switch effect {
        case .send(let peer, let message): try send(message, to: peer)
        case .lookUp(let question): try answer(question)
        case .persist(let id, let record): try persist(id, record)
        case .pin(let pin): _ = try store.pin(pin.digests)
        case .unpin(let pin): try store.unpin(pin.digests)
        case .discard(_, let digests):
            for digest in digests { try store.drop(digest, reason: "missing or damaged when it was read") }
        case .deliver(let delivery):
            driver?.deliver(delivery, parts: try places(of: [delivery.result]), host: self)
        case .rewind(_, let program, let segment): driver?.rewind(program, toSegment: segment)
        case .kill(let peer, _): killWorker(peer)
        case .alarm(let alarm): raise(alarm)
        case .wake(let tick): nextTimer = min(nextTimer, tick.rawValue)
        case .publish(let event): publish(event)
        }
    }

    private func send(_ message: FarmMessage, to peer: Peer) throws {
        var wire = WireMessage(message: message)
        switch message {
        case .lease(let grant):
            wire.locations = try places(of: grant.inputs.flatMap { $0 })
            if let snapshot = grant.snapshot { wire.locations[snapshot.digest] = try store.locate(snapshot.digest) }
            wire.program = try jobs[grant.job]?.encodedProgram(grant.program) ?? []
        case .extend(let more): wire.locations = try places(of: more.inputs.flatMap { $0 })
        default: break
        }
        try transport.send(FarmCodec.encode(wire), to: peer)
        if case .commit = message { RenderCrash.commit.reached() }
    }

    private func places(of results: [TaskResult]) throws -> Locations {
        var places: Locations = [:]
        for part in results.flatMap({ $0.outputs.joined() }) where places[part.digest] == nil {
            if let place = try store.locate(part.digest) { places[part.digest] = place }
        }
        return places
    }

    private func answer(_ question: LookUp) throws {
        guard let job = jobs[question.job] else { return }
        let program = job.program(question.task.program)
        let bytes = program.keyBytes(
            ofSegment: question.task.segment, inputs: question.inputs, snapshot: question.snapshot,
            namespace: store.namespace.name)
        let key = TaskKey.of(bytes)
        var answer = LookUpAnswer(number: question.number, job: question.job, task: question.task, key: key, entry: nil)
        if usesLedger, let entry = try store.lookUp(key) {
            answer.entry = entry.result
            var stores = true
            if case .hashSource = program.body { stores = false }
            if stores {
                let parts = entry.result.outputs.joined() + [entry.result.snapshot].compactMap { $0 }
                answer.absent = try parts.map(\.digest).filter { try store.locate($0) == nil }
            }
        }
        inbox.append(.lookedUp(answer))
    }

    private func persist(_ id: EntryID, _ record: LedgerRecord) throws {
        lastPersisted = id
        switch record {
        case .result(let entry):
            figures.renderedTasks += 1
            figures.cpuSeconds += Double(entry.costMicroseconds) / 1e6
            if let program = jobs[entry.job]?.program(entry.task.program) {
                let frames = program.range(ofSegment: entry.task.segment).count
                figures.renderedSeconds += Double(frames) / Double(program.rateHertz)
            }
            var source = provenance
            source.worker = entry.peer.worker.description
            source.incarnation = entry.peer.incarnation.description
            _ = try store.record(
                Storage.LedgerEntry(
                    key: entry.key, result: entry.result, provenance: source,
                    costSeconds: Double(entry.costMicroseconds) / 1e6, recordedAtSeconds: Int(time(nil))))
        case .dropped(let key): try store.removeResults([key])
        case .accepted, .delivered, .ended: waitsForSync = true
        }
    }

    private func publish(_ event: FarmEvent) {
        switch event {
        case .reused: figures.reusedTasks += 1
        case .repeated:
            figures.repeatedTasks += 1
            if isAuditing { figures.auditedTasks += 1 }
        case .attemptFailed(_, let task, let peer, let counted, let reason):
            figures.retriedTasks += 1
            logger.notice(
                "attempt failed",
                metadata: [
                    "task": "\(task)", "worker": "\(peer)", "counted": "\(counted)", "reason": "\(reason)",
                ])
        // A worker that fell silent may stand still for ever: its end makes room for another.
        case .left(let peer, _): killWorker(peer)
        case .ended: hasEnded = true
        default: break
        }
        driver?.handle(event, host: self)
    }

    private func raise(_ alarm: Alarm) {
        let text: String
        switch alarm {
        case .disputed(_, let task, let key, _):
            text = "two results for \(task) (key \(String(key.description.prefix(12)))): a third run decides"
        case .settled(_, let task, _, _, let wrong, let dropped, _):
            let names = wrong.map(\.description).joined(separator: ", ")
            let culprits = names.isEmpty ? "earlier records" : names
            text = "\(task) settled: wrong were \(culprits); \(dropped) results dropped"
        case .undecided(_, let task, _, _): text = "no two runs of \(task) agree: this machine cannot be trusted"
        }
        figures.alarms.append(text)
        logger.critical("digest alarm", metadata: ["alarm": "\(text)"])
    }

    // MARK: - Durability and space

    private func settle(_ clock: UInt64) throws {
        if waitsForSync, !isSyncing, let lastPersisted {
            waitsForSync = false
            isSyncing = true
            syncs.post(lastPersisted)
        }
        if clock >= nextTrim {
            nextTrim = clock + 500
            // A twentieth below the limit: what workers append between two looks must still fit.
            _ = try store.trimIfNeeded(limitByteCount: storeLimitBytes - storeLimitBytes / 20)
        }
    }

    /// Syncing a disk takes long, so it has a thread of its own; the ledger's order is kept because one record's
    /// sync covers all before it.
    private func startSyncThread() {
        let store = store
        let commands = commands
        let syncs = syncs
        startThread(named: "sync") {
            while let entry = syncs.take() {
                // A failed sync claims nothing: the job then cannot end, and says why.
                do {
                    try store.sync()
                    commands.post(.persisted(entry))
                } catch {
                    FileHandle.standardError.write(Data("error: the ledger cannot be synced: \(error)\n".utf8))
                }
            }
        }
    }

    private func updateFigures() {
        figures.workerCount = machine.livePeers.count
        figures.busyWorkerCount = machine.busyWorkerCount
        if let job = machine.liveJobs.first, let progress = machine.progress(of: job) {
            figures.doneTasks = progress.done
            figures.totalTasks = progress.total
        }
    }
}
