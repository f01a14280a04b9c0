package import FarmCoordination
package import FarmProtocol
import Foundation
import Hashing
package import Logging
package import Quantities
import RenderCompiler
package import RenderPlan
package import Storage
import ZeroMQ

/// Where the workers of a farm are.
package enum WorkerPlace: Sendable {
    /// A thread of this process: what it hashed is what it appended. Every read checks it again.
    case thisProcess
    /// Children of this process, which open the same packs: their word is taken until somebody reads the bytes.
    case thisMachine
    /// Anywhere: bytes travel.
    case elsewhere
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
    private let workerPlace: WorkerPlace
    /// Until the first part that does not read back; from then on each is looked at before it is entered.
    private var believesChildren = true
    private let isAuditing: Bool
    private let logger: Logger
    private var machine: CoordinatorMachine
    private var jobs: [JobID: HostedJob] = [:]
    private var inbox: [Input] = []
    /// Of the step under way: the ledger is asked at its end.
    private var questions: [LookUp] = []
    /// Pins that other processes may not have seen yet.
    private var unsettledPins: [Pin] = []
    private var nextTimer: UInt64 = 0
    private var lastPersisted: EntryID?
    private var waitsForSync = false
    private var isSyncing = false
    private var nextSyncAttempt: UInt64 = 0
    private var nextTrim: UInt64 = 0
    private var refusedMessageCount = 0
    /// Of all jobs together, without the workers.
    private var totals = FarmFigures()
    /// Jobs whose progress may have changed in this turn.
    private var touchedJobs: Set<JobID> = []
    /// What each worker has been sent with its leases.
    private var sentPrograms = SentPrograms()
    /// What each live worker has done.
    package private(set) var workerFigures: [Peer: WorkerFigures] = [:]
    /// Asked to end a worker's process by force.
    var killWorker: (Peer) -> Void = { _ in }
    /// Brings results here, where workers are elsewhere.
    package var fetcher: (any ResultFetcher)?
    /// What clients say; answered with `reply`.
    package var clientSpoke: (Arrival) -> Void = { _ in }
    /// Told of everything that happens, after the job it concerns.
    package var observe: (FarmEvent) -> Void = { _ in }
    /// Results whose bytes are on their way.
    private var underway: Set<ResultName> = []
    private let fetched: Mailbox<Fetched>

    /// Says where a source file lies on this machine; asked where workers are elsewhere.
    package var locateSource: (ContentHash) -> String? = { _ in nil }
    private let hasher: SourceHasher?
    private let hashed: Mailbox<LookUpAnswer>
    /// Results of other processes under keys that were rendered here too, and differ.
    private let conflicts: Mailbox<[LedgerConflict]>
    /// Tasks that were done here, not found.
    private var hashedHere: Set<JobTask> = []

    private struct JobTask: Hashable {
        var job: JobID
        var task: TaskID
    }

    private struct Fetched: Sendable {
        var peer: Peer
        var report: ResultReport
        var outcome: FetchOutcome
    }

    private let syncs = BlockingQueue<EntryID?>()
    private let syncEnd = DispatchSemaphore(value: 0)
    private let lastSyncFailure = Locked<String?>(nil)
    /// Why the ledger could not be synced the last time it was tried; nil where it could.
    package var syncFailure: String? { lastSyncFailure.withLock { $0 } }

    package init(
        store: Store, transport: any CoordinatorTransport, policy: Policy, incarnation: Incarnation,
        provenance: Provenance, storeLimitBytes: Int, usesLedger: Bool, workerPlace: WorkerPlace,
        logger: Logger
    ) {
        self.store = store
        self.transport = transport
        self.provenance = provenance
        self.storeLimitBytes = storeLimitBytes
        self.usesLedger = usesLedger
        self.workerPlace = workerPlace
        isAuditing = policy.auditPercent > 0
        self.logger = logger
        commands = Mailbox(wakeUp: transport.wakeUp)
        fetched = Mailbox(wakeUp: transport.wakeUp)
        hashed = Mailbox(wakeUp: transport.wakeUp)
        conflicts = Mailbox(wakeUp: transport.wakeUp)
        hasher = workerPlace == .elsewhere ? SourceHasher(threadCount: 2) : nil
        machine = CoordinatorMachine(incarnation: incarnation, policy: policy, engine: Engine.digest)
        startSyncThread()
    }

    deinit { syncs.post(nil) }

    /// Waits for the sync that is under way; there is none after it. To be called before the store is closed.
    package func stop() {
        syncs.post(nil)
        syncEnd.wait()
        syncEnd.signal()
    }

    // MARK: - For the driver

    /// Takes a job in; `JobDriver.handle` hears what becomes of it.
    package func submit(
        _ job: HostedJob, shapes: [ProgramShape], priority: Int = 0, workerLimit: Int? = nil, isPaused: Bool = false
    ) {
        jobs[job.id] = job
        touchedJobs.insert(job.id)
        inbox.append(
            .submit(
                JobSpecification(
                    id: job.id, priority: priority, shapes: shapes, reserveBytes: reserveBytes(shapes.count),
                    workerLimit: workerLimit, isPaused: isPaused)))
    }

    /// What a job must always be able to store to go on: a segment of each of its programs, roughly, within reason.
    private func reserveBytes(_ programCount: Int) -> Int {
        workerPlace == .elsewhere ? min(1 << 30, programCount * (4 << 20)) : 0
    }

    func extend(_ id: JobID, _ list: ProgramList, shapes: [ProgramShape]) {
        jobs[id]?.replace(list)
        touchedJobs.insert(id)
        inbox.append(.extend(id, shapes))
    }

    /// No more programs will come: the job ends with the last task.
    package func close(_ id: JobID) { inbox.append(.close(id)) }

    /// From the coordinator's thread.
    package func take(_ input: Input) { inbox.append(input) }

    /// From any thread.
    package func post(_ input: Input) { commands.post(input) }

    /// From any thread, after a while.
    func post(_ input: Input, afterSeconds seconds: Double) {
        let commands = commands
        DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { commands.post(input) }
    }

    /// `post` for other threads to keep.
    package var poster: @Sendable (Input) -> Void {
        let commands = commands
        return { commands.post($0) }
    }

    func result(of task: TaskID, in job: JobID) -> TaskResult? { machine.result(of: task, in: job) }

    func job(_ id: JobID) -> HostedJob? { jobs[id] }

    /// The job's figures so far.
    package func figures(of id: JobID) -> FarmFigures { withWorkers(jobs[id]?.figures ?? FarmFigures()) }

    /// Of all jobs together, so far.
    package var figures: FarmFigures { withWorkers(totals) }

    private func withWorkers(_ counted: FarmFigures) -> FarmFigures {
        var figures = counted
        figures.workerCount = machine.livePeers.count
        figures.busyWorkerCount = machine.busyWorkerCount
        return figures
    }

    /// Song, program's name and segment of a task, for people; nil where the job is not known (any more).
    package func place(of task: TaskID, in job: JobID) -> (song: Int, name: String, segment: Int)? {
        guard let job = jobs[job], task.program.rawValue < job.list.programs.count else { return nil }
        return (job.program(task.program).song, job.list.labels[task.program.rawValue].name, task.segment)
    }

    private func stage(of task: TaskID, in job: JobID) -> RenderStage? {
        guard let list = jobs[job]?.list, list.labels.indices.contains(task.program.rawValue) else { return nil }
        return list.labels[task.program.rawValue].stage
    }

    /// Lets go of a job that has ended.
    package func forget(_ id: JobID) {
        jobs[id] = nil
        sentPrograms.forget(id)
    }

    /// Questions to the machine.
    package var state: CoordinatorMachine { machine }

    package var refusedFrameCount: Int { transport.refusedFrameCount + refusedMessageCount }

    /// Answers a client.
    package func reply(_ frames: [[UInt8]], to client: ClientID) {
        // A client that has gone asks nothing more.
        _ = try? transport.send(frames, to: .client(client))
    }

    // MARK: - The loop

    /// One turn: waits for something to happen (at most `waitingMilliseconds`) and deals with it.
    package func turn(waitingMilliseconds: Int) throws {
        let wait = inbox.isEmpty ? waitingMilliseconds : 0
        for arrival in try transport.receive(waitingMilliseconds: wait) {
            switch arrival.sender {
            case .worker(let peer): receive(arrival.frames, from: peer)
            case .client: clientSpoke(arrival)
            }
        }
        for result in fetched.takeAll() { take(result) }
        for answer in hashed.takeAll() { take(answer) }
        for conflict in conflicts.takeAll().joined() {
            raise(conflict, in: jobs.keys.sorted { $0.rawValue < $1.rawValue })
        }
        for input in commands.takeAll() {
            if case .persisted = input { isSyncing = false }
            inbox.append(input)
        }
        let clock = monotonicMilliseconds()
        if clock >= nextTimer {
            // The machine says when it wants the next.
            nextTimer = clock + 1000
            inbox.append(.timer)
        }
        while !inbox.isEmpty {
            let inputs = inbox
            inbox = []
            for input in inputs { apply(machine.handle(input, at: Tick(monotonicMilliseconds()))) }
        }
        settlePins()
        try settle(clock)
        updateFigures()
    }

    private func receive(_ frames: [[UInt8]], from peer: Peer) {
        do {
            let wire = try FarmCodec.decode(frames)
            if case .hello = wire.message {
                fetcher?.reconnected(peer)
                sentPrograms.forget(peer)
            }
            guard case .result(let report) = wire.message else {
                inbox.append(.message(from: peer, named(wire.message)))
                return
            }
            if let input = try take(report, at: wire.locations, from: peer) { inbox.append(input) }
        } catch let error as WireError {
            refusedMessageCount += 1
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

    /// Verifies a result's bytes and enters them; the machine hears of it afterwards, where bytes travel when they
    /// have come.
    private func take(_ report: ResultReport, at places: Locations, from peer: Peer) throws -> Input? {
        if let job = jobs[report.name.job], report.name.task.program.rawValue < job.list.programs.count,
            !job.program(report.name.task.program).isResult(report.result, ofSegment: report.name.task.segment)
        {
            return refused(report, from: peer, "it has not the shape of its task")
        }
        guard let hasBytes = jobs[report.name.job]?.hasBytes(report.name.task), hasBytes else {
            return .stored(from: peer, report)
        }
        let parts = report.result.parts
        if workerPlace == .elsewhere { return try fetch(parts, of: report, from: peer) }
        // A steady signal names one part many times, at one place: entered twice, its bytes would be taken for a copy.
        var entered: Set<Digest> = []
        let evidence: Store.Evidence = workerPlace == .thisProcess ? .seen : believesChildren ? .word : .none
        for part in parts where entered.insert(part.digest).inserted {
            guard let place = places[part.digest] else { return .unverified(from: peer, report.name) }
            do {
                _ = try store.record(part, at: place, evidence)
                count(part.byteCount, of: report.name.job)
            } catch let error as StoreError where error.isLoss || error.code == .invalidRange {
                return refused(report, from: peer, "\(error)")
            }
        }
        return arrived(report, from: peer)
    }

    /// A result whose bytes are here; a stretch of a file is looked at before it lies beside others.
    private func arrived(_ report: ResultReport, from peer: Peer) -> Input {
        let task = report.name.task
        guard jobs[report.name.job]?.program(task.program).isSoundStretch(report.result, task.segment, store) ?? true
        else {
            return refused(report, from: peer, "it is no stretch of its file")
        }
        return .stored(from: peer, report)
    }

    private func refused(_ report: ResultReport, from peer: Peer, _ reason: String) -> Input {
        logger.warning("result not as it was announced", metadata: ["peer": "\(peer)", "reason": "\(reason)"])
        return .unverified(from: peer, report.name)
    }

    private func fetch(_ parts: [Part], of report: ResultReport, from peer: Peer) throws -> Input? {
        // Said again while its bytes are on the way.
        guard !underway.contains(report.name) else { return nil }
        var asked: Set<Digest> = []
        var wanted: [Part] = []
        for part in parts where asked.insert(part.digest).inserted {
            if try store.locate(part.digest)?.byteCount != part.byteCount { wanted.append(part) }
        }
        guard !wanted.isEmpty else { return arrived(report, from: peer) }
        guard let fetcher else { preconditionFailure("workers elsewhere need a fetcher") }
        underway.insert(report.name)
        count(wanted.reduce(0) { $0 + $1.byteCount }, of: report.name.job)
        let fetched = fetched
        fetcher.fetch(wanted, from: peer) { outcome in
            fetched.post(Fetched(peer: peer, report: report, outcome: outcome))
        }
        return nil
    }

    private func take(_ result: Fetched) {
        underway.remove(result.report.name)
        switch result.outcome {
        case .stored: inbox.append(arrived(result.report, from: result.peer))
        case .wrongBytes: inbox.append(refused(result.report, from: result.peer, "its bytes are others"))
        case .unavailable: break
        }
    }

    private func count(_ bytes: Int, of job: JobID) {
        totals.bytesMoved += bytes
        jobs[job]?.figures.bytesMoved += bytes
    }

    // MARK: - Effects

    private func apply(_ effects: [Effect]) {
        for effect in effects {
            do { try apply(effect) } catch {
                logger.error("effect failed", metadata: ["reason": "\(error)"])
            }
        }
        answerQuestions()
    }

    private func apply(_ effect: Effect) throws {
        switch effect {
        case .send(let peer, let message): try send(message, to: peer)
        case .lookUp(let question): questions.append(question)
        case .persist(let id, let record): try persist(id, record)
        case .pin(let pin):
            try store.pinSoon(pin.digests)
            unsettledPins.append(pin)
        case .unpin(let pin): try store.unpin(pin.digests)
        case .discard(_, let digests):
            // Whoever could not read them may have had an old place, or bad memory: only what is bad here goes.
            for digest in digests where try store.read(digest) == nil { believesChildren = false }
        case .deliver(let delivery):
            do {
                let places = try places(of: [delivery.result])
                jobs[delivery.job]?.driver.deliver(delivery, parts: places, host: self)
            } catch {
                // Unanswered, it would be the last one.
                post(.undeliverable(delivery: delivery.number, []), afterSeconds: 1)
                throw error
            }
        case .rewind(let job, let program, let segment): jobs[job]?.driver.rewind(program, toSegment: segment)
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
            settlePins()
            if workerPlace != .elsewhere {
                wire.locations = try places(of: grant.inputs.flatMap { $0 })
                if let snapshot = grant.snapshot {
                    wire.locations[snapshot.digest] = try store.locate(snapshot.digest)
                }
            }
            if sentPrograms.isNews(grant, to: peer) {
                wire.program = try jobs[grant.job]?.encodedProgram(grant.program) ?? []
            }
        case .extend(let more) where workerPlace != .elsewhere:
            settlePins()
            wire.locations = try places(of: more.inputs.flatMap { $0 })
        default: break
        }
        if try !transport.send(FarmCodec.encode(wire), to: .worker(peer)) {
            sentPrograms.forget(peer)
            inbox.append(.linkLost(peer))
        }
        if case .commit = message { RenderCrash.commit.reached() }
    }

    /// A lease must not go out before what it reads is safe from other processes.
    private func settlePins() {
        do {
            let absent = try store.settlePins()
            for pin in unsettledPins where !absent.isEmpty {
                let gone = pin.digests.filter(absent.contains)
                if !gone.isEmpty { inbox.append(.absent(pin.job, gone)) }
            }
        } catch {
            logger.error("pins not written", metadata: ["reason": "\(error)"])
        }
        unsettledPins.removeAll(keepingCapacity: true)
    }

    private func places(of results: [TaskResult]) throws -> Locations {
        var places: Locations = [:]
        for part in results.flatMap({ $0.outputs.joined() }) where places[part.digest] == nil {
            if let place = try store.locate(part.digest) { places[part.digest] = place }
        }
        return places
    }

    /// Asks the ledger about all of them at once: an unchanged album is nothing but questions.
    private func answerQuestions() {
        guard !questions.isEmpty else { return }
        defer { questions = [] }
        let asked = questions.compactMap { question in
            jobs[question.job].map { (question: question, job: $0, program: $0.program(question.task.program)) }
        }
        let keys = asked.map { question, _, program in
            TaskKey.of(
                program.keyBytes(
                    ofSegment: question.task.segment, inputs: question.inputs, snapshot: question.snapshot,
                    namespace: store.namespace.name))
        }
        let known = known(keys, of: asked.map { ($0.program, $0.question.task.segment) })
        for (number, (question, job, program)) in asked.enumerated() {
            var answer = LookUpAnswer(
                number: question.number, job: question.job, task: question.task, key: keys[number], entry: nil)
            if let (entry, absent) = known[number] {
                answer.entry = entry.result
                answer.absent = absent
                // On one machine every render has workers of the same numbers, and they are other processes.
                if workerPlace == .elsewhere { answer.producer = Peer(entry.provenance) }
            } else if case .hashSource(let body) = program.body, let path = path(ofSource: body.source, of: job) {
                hash(path, program, answer)
                continue
            }
            inbox.append(.lookedUp(answer))
        }
    }

    private typealias Known = (entry: Storage.LedgerEntry, absent: [Digest])

    /// What the ledger has under each key, with what is missing of its bytes; nothing where it cannot be asked: then
    /// it is rendered.
    private func known(_ keys: [TaskKey], of tasks: [(program: Program, segment: Int)]) -> [Known?] {
        let nothing = [Known?](repeating: nil, count: keys.count)
        guard usesLedger else { return nothing }
        do {
            // What has not the shape of its task was never made by it.
            let entries = try zip(tasks, store.lookUp(keys)).map { task, entry in
                entry.flatMap { task.program.isResult($0.result, ofSegment: task.segment) ? $0 : nil }
            }
            let named = zip(tasks, entries).map { task, entry in
                task.program.storesOutputs ? entry?.result.parts.map(\.digest) ?? [] : []
            }
            let absent = try store.absent(Set(named.joined()))
            return zip(entries, named).map { entry, digests in entry.map { ($0, digests.filter(absent.contains)) } }
        } catch {
            logger.error("ledger not asked", metadata: ["reason": "\(error)"])
            return nothing
        }
    }

    /// Where a source file lies, if it does here.
    private func path(ofSource number: Int, of job: HostedJob) -> String? {
        guard hasher != nil else { return nil }
        return job.sources.first { $0.number == number }.flatMap { locateSource($0.hash) }
    }

    /// Answers with what is in the file, as though the ledger had known.
    private func hash(_ path: String, _ program: Program, _ question: LookUpAnswer) {
        let hashed = hashed
        hasher?.hash(
            SourceHasher.Order(path: path, program: program, segment: question.task.segment) { result in
                var answer = question
                answer.entry = result
                hashed.post(answer)
            })
    }

    private func take(_ answer: LookUpAnswer) {
        inbox.append(.lookedUp(answer))
        guard let result = answer.entry else { return }
        hashedHere.insert(JobTask(job: answer.job, task: answer.task))
        var source = provenance
        source.worker = "coordinator"
        do {
            _ = try store.record(
                Storage.LedgerEntry(
                    key: answer.key, result: result, provenance: source, costSeconds: 0,
                    recordedAtSeconds: Int(time(nil))))
        } catch {
            logger.error("source not recorded", metadata: ["reason": "\(error)"])
        }
    }

    private func persist(_ id: EntryID, _ record: LedgerRecord) throws {
        lastPersisted = id
        switch record {
        case .result(let entry):
            count(entry)
            var source = provenance
            source.worker = entry.peer.worker.description
            source.incarnation = entry.peer.incarnation.description
            let mine = Storage.LedgerEntry(
                key: entry.key, result: entry.result, provenance: source,
                costSeconds: Double(entry.costMicroseconds) / 1e6, recordedAtSeconds: Int(time(nil)))
            if case .conflict(let existing) = try store.record(mine) {
                raise(LedgerConflict(existing: existing, rejected: mine), in: [entry.job])
            }
        case .dropped(let key): try store.removeResults([key])
        case .accepted, .delivered, .ended: waitsForSync = true
        }
    }

    private func count(_ entry: FarmCoordination.LedgerEntry) {
        var seconds = 0.0
        if let program = jobs[entry.job]?.program(entry.task.program) {
            let frames = program.range(ofSegment: entry.task.segment).count
            seconds = Double(frames) / Double(program.rateHertz)
        }
        workerFigures[entry.peer, default: WorkerFigures()].add(costMicroseconds: entry.costMicroseconds)
        let cost = Double(entry.costMicroseconds) / 1e6
        let isFinish = stage(of: entry.task, in: entry.job) == .finish
        count(entry.job) {
            $0.renderedTasks += 1
            $0.cpuSeconds += cost
            $0.renderedSeconds += seconds
            if isFinish {
                $0.finish.renderedTasks += 1
                $0.finish.cpuSeconds += cost
            }
        }
    }

    /// Counts for the farm and for the job.
    private func count(_ job: JobID, _ change: (inout FarmFigures) -> Void) {
        change(&totals)
        if let job = jobs[job] { change(&job.figures) }
    }

    private func publish(_ event: FarmEvent) {
        switch event {
        case .reused(let job, let task):
            let isDoneHere = hashedHere.remove(JobTask(job: job, task: task)) != nil
            let isFinish = stage(of: task, in: job) == .finish
            count(job) {
                if isDoneHere { $0.renderedTasks += 1 } else { $0.reusedTasks += 1 }
                if isFinish { $0.finish.reusedTasks += 1 }
            }
        case .repeated(let job, _):
            count(job) {
                $0.repeatedTasks += 1
                if isAuditing { $0.auditedTasks += 1 }
            }
        case .attemptFailed(let job, let task, let peer, let counted, let reason):
            count(job) { $0.retriedTasks += 1 }
            logger.notice(
                "attempt failed",
                metadata: [
                    "task": "\(task)", "worker": "\(peer)", "counted": "\(counted)", "reason": "\(reason)",
                ])
        // A worker that fell silent may stand still for ever: its end makes room for another.
        case .left(let peer, _):
            killWorker(peer)
            fetcher?.forget(peer)
            workerFigures[peer] = nil
            sentPrograms.forget(peer)
        default: break
        }
        if let job = event.job {
            touchedJobs.insert(job)
            jobs[job]?.driver.handle(event, host: self)
        }
        observe(event)
    }

    private func raise(_ alarm: Alarm) { raise(alarm.text, in: [alarm.job]) }

    private func raise(_ conflict: LedgerConflict, in affected: [JobID]) { raise(conflict.text, in: affected) }

    private func raise(_ text: String, in affected: [JobID]) {
        for job in affected { count(job) { $0.alarms.append(text) } }
        logger.critical("digest alarm", metadata: ["alarm": "\(text)"])
    }

    // MARK: - Durability and space

    private func settle(_ clock: UInt64) throws {
        if waitsForSync, !isSyncing, let lastPersisted {
            waitsForSync = false
            isSyncing = true
            nextSyncAttempt = clock + 1_000
            syncs.post(lastPersisted)
        } else if isSyncing, workerPlace == .elsewhere, clock >= nextSyncAttempt, syncFailure != nil, let lastPersisted
        {
            // A coordinator outlives what kept its disk from taking it: jobs wait for that, and go on.
            waitsForSync = false
            nextSyncAttempt = clock + 1_000
            syncs.post(lastPersisted)
        }
        if clock >= nextTrim {
            nextTrim = clock + 500
            // A twentieth below the limit: what workers append between two looks must still fit.
            do { _ = try store.trimIfNeeded(limitByteCount: storeLimitBytes - storeLimitBytes / 20) } catch {
                // What cannot be trimmed for the moment is trimmed later; a ledger that is damaged is the end.
                guard workerPlace == .elsewhere, (error as? StoreError)?.code != .damagedDatabase else { throw error }
                nextTrim = clock + 5_000
                logger.error("the store cannot be trimmed", metadata: ["reason": "\(error)"])
            }
        }
    }

    /// Syncing a disk takes long, so it has a thread of its own; the ledger's order is kept because one record's
    /// sync covers all before it.
    private func startSyncThread() {
        let store = store
        let commands = commands
        let syncs = syncs
        let failure = lastSyncFailure
        let found = conflicts
        let syncEnd = syncEnd
        startThread(named: "sync") {
            while let entry = syncs.take() {
                // A failed sync claims nothing: the job then cannot end before another one succeeds, and says why.
                do {
                    let conflicts = try store.sync()
                    if !conflicts.isEmpty { found.post(conflicts) }
                    failure.withLock { $0 = nil }
                    commands.post(.persisted(entry))
                } catch {
                    let isNew = failure.withLock { last in
                        defer { last = "\(error)" }
                        return last == nil
                    }
                    guard isNew else { continue }
                    let text = "error: the ledger cannot be synced: \(error)\n"
                    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
                }
            }
            syncEnd.signal()
        }
    }

    private func updateFigures() {
        for job in touchedJobs {
            guard let progress = machine.progress(of: job) else { continue }
            jobs[job]?.figures.doneTasks = progress.done
            jobs[job]?.figures.totalTasks = progress.total
        }
        touchedJobs.removeAll(keepingCapacity: true)
    }
}
