import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan

/// One life of the coordinator process: the machine and what of its host is lost with it.
struct SimulatedCoordinator {
    var machine: CoordinatorMachine
    var extended: Set<JobID> = []
    var checkCountdown = 0
    /// Deliveries that the writer has not answered.
    var deliveries: [Delivery] = []
}

/// The ledger: records, and how many of them are synced.
struct SimulatedLedger {
    var records: [(entry: EntryID, record: LedgerRecord)] = []
    var syncedCount = 0
    var results: [TaskKey: TaskResult] = [:]
    var producers: [TaskKey: Peer] = [:]
    var isSyncScheduled = false

    /// Folds the records into what they say now.
    mutating func fold() {
        results = [:]
        producers = [:]
        for (_, record) in records { apply(record) }
    }

    mutating func apply(_ record: LedgerRecord) {
        switch record {
        case .result(let entry):
            results[entry.key] = entry.result
            producers[entry.key] = entry.peer
        case .dropped(let key):
            results[key] = nil
            producers[key] = nil
        case .accepted, .delivered, .ended: return
        }
    }

    func isSynced(_ isMeant: (LedgerRecord) -> Bool) -> Bool {
        records[..<syncedCount].contains { isMeant($0.record) }
    }
}

/// Bytes by digest: there, or there and wrong.
///
/// Pins count.
struct SimulatedStore {
    var digests: [Digest] = []
    var isGood: [Digest: Bool] = [:]
    var pins: [Digest: Int] = [:]
    /// Bytes of results that were stored and neither committed nor dropped yet: not evicted either.
    var unanswered: [ResultName: [Digest]] = [:]
    /// A scenario took bytes away by hand.
    var isTouched = false

    mutating func put(_ digest: Digest) {
        if isGood.updateValue(true, forKey: digest) == nil { digests.append(digest) }
    }

    mutating func remove(_ digest: Digest) {
        if isGood.removeValue(forKey: digest) != nil { digests.removeAll { $0 == digest } }
    }

    /// What may be evicted, in the order of storing.
    var evictable: [Digest] {
        let kept = Set(unanswered.values.joined())
        return digests.filter { pins[$0] == nil && !kept.contains($0) }
    }

    func unreadable(_ wanted: [Digest]) -> [Digest] { wanted.filter { isGood[$0] != true } }
}

extension World {
    func startCoordinator() {
        guard coordinator == nil else { return }
        coordinatorLife += 1
        let machine = CoordinatorMachine(
            incarnation: Incarnation(coordinatorLife), policy: shape.policy, engine: Digest(high: 7, low: 7))
        coordinator = SimulatedCoordinator(machine: machine)
        checker.coordinatorStarted()
        // Quarantine is an order of this life: an operator gives it again.
        quarantined = []
        revoked = []
        note("coordinator life \(coordinatorLife) starts")
        step(.timer)
        // The jobs table is read at start: what was submitted and has not ended goes on.
        for (index, job) in shape.jobs.enumerated() where checker.submitted.contains(job.id) {
            let ended = ledger.isSynced { if case .ended(job.id, _) = $0 { true } else { false } }
            if ended { checker.sawEnd(job.id) } else { submit(index) }
        }
    }

    func crashCoordinator() {
        guard coordinator != nil else { return }
        coordinator = nil
        // Of what was not synced, a part may have reached the disk.
        let torn = ledger.syncedCount + random.draw(0...(ledger.records.count - ledger.syncedCount))
        if ledger.records.count > torn { counts.add("lost ledger records", ledger.records.count - torn) }
        ledger.records.removeLast(ledger.records.count - torn)
        ledger.syncedCount = torn
        ledger.isSyncScheduled = false
        ledger.fold()
        store.pins = [:]
        store.unanswered = [:]
        counts.add("coordinator crash")
        note("coordinator crashes; \(torn) records remain")
        events.schedule(.coordinatorStart, at: now + UInt64(random.draw(1...60)))
    }

    func submit(_ index: Int) {
        let job = shape.jobs[index]
        guard coordinator != nil else { return events.schedule(.submit(index), at: now + 30) }
        guard !checker.ended.contains(job.id) else { return }
        checker.submitted.insert(job.id)
        let specification = JobSpecification(
            id: job.id, priority: priorities[job.id] ?? job.priority, shapes: job.shapes,
            reserveBytes: job.reserveBytes, workerLimit: job.workerLimit, isPaused: pausedJobs.contains(job.id))
        step(.submit(specification))
        if strikes(.doubledSubmission) { step(.submit(specification)) }
        if job.later.isEmpty { step(.close(job.id)) }
    }

    func cancel(_ index: Int) {
        guard coordinator != nil, checker.submitted.contains(shape.jobs[index].id) else {
            return events.schedule(.cancel(index), at: now + 30)
        }
        guard !checker.ended.contains(shape.jobs[index].id) else { return }
        counts.add("job cancelled")
        step(.cancel(shape.jobs[index].id))
        if strikes(.doubledOrder) { step(.cancel(shape.jobs[index].id)) }
    }

    private func extendIfDue(_ id: JobID, completed program: ProgramID?) {
        guard let job = shape.jobs.first(where: { $0.id == id }), !job.later.isEmpty else { return }
        guard program == nil || program == job.trigger, coordinator?.extended.contains(id) == false else {
            return
        }
        coordinator?.extended.insert(id)
        counts.add("job extended")
        step(.extend(id, job.later))
        step(.close(id))
    }

    /// Hands one input to the machine and does what it asks for.
    func step(_ input: Input) {
        inputs.append(input)
        guard !isStepping else { return }
        isStepping = true
        while violation == nil, coordinator != nil, !inputs.isEmpty {
            var heard = [inputs.removeFirst()]
            for effect in tamperer?.tamper(&heard) ?? [] { perform(effect) }
            for input in heard { handle(input) }
        }
        inputs.removeAll()
        isStepping = false
    }

    private func handle(_ input: Input) {
        note("<- \(input)")
        guard var effects = coordinator?.machine.handle(input, at: Tick(now)) else { return }
        tamperer?.observe(&effects)
        record(UInt64(effects.count), coordinatorLife)
        for effect in effects { perform(effect) }
        if let machine = coordinator?.machine, let problem = checker.checkHunger(machine, self) { fail(problem) }
        checkInvariants()
    }

    private func checkInvariants() {
        guard coordinator != nil else { return }
        coordinator?.checkCountdown -= 1
        guard let countdown = coordinator?.checkCountdown, countdown <= 0 else { return }
        coordinator?.checkCountdown = shape.checkInterval
        do { try coordinator?.machine.checkInvariants() } catch { fail("\(error)") }
    }

    private func perform(_ effect: Effect) {
        guard violation == nil else { return }
        note("   -> \(effect)")
        record(tag(effect))
        if let problem = checker.check(effect, self) { return fail(problem) }
        let life = coordinatorLife
        switch effect {
        case .send(let peer, let message):
            answered(message)
            send(message, to: peer)
        case .lookUp(let lookUp):
            let delay = strikes(.slowLookUp) ? random.draw(4...80) : random.draw(0...3)
            events.schedule(.lookUpDone(life: life, lookUp), at: now + UInt64(delay))
            if strikes(.doubledAnswer) {
                events.schedule(.lookUpDone(life: life, lookUp), at: now + UInt64(random.draw(0...80)))
            }
        case .persist(let entry, let record):
            ledger.records.append((entry, record))
            ledger.apply(record)
            guard !ledger.isSyncScheduled else { return }
            ledger.isSyncScheduled = true
            let delay = strikes(.slowSync) ? random.draw(40...300) : random.draw(1...40)
            events.schedule(.synced(life: life), at: now + UInt64(delay))
        case .pin(let pin):
            for digest in pin.digests { store.pins[digest, default: 0] += 1 }
            let absent = pin.digests.filter { store.isGood[$0] == nil }
            if !absent.isEmpty { step(.absent(pin.job, absent)) }
        case .unpin(let pin):
            for digest in pin.digests {
                let count = store.pins[digest, default: 0] - 1
                if count < 0 { return fail("\(pin.task) unpins what is not pinned") }
                store.pins[digest] = count == 0 ? nil : count
            }
        case .discard(_, let digests): for digest in digests { store.remove(digest) }
        case .deliver(let delivery):
            coordinator?.deliveries.append(delivery)
            let delay = strikes(.slowWriter) ? random.draw(10...150) : random.draw(1...10)
            events.schedule(.sinkRead(life: life, delivery), at: now + UInt64(delay))
        case .rewind(let job, let program, _):
            coordinator?.deliveries.removeAll { $0.job == job && $0.task.program == program }
            counts.add("delivery taken back")
        case .kill(let peer, _): if let slot = workerSlot(peer) { end(slot, .signal(9), isSeen: true) }
        case .alarm(let alarm): alarmed(alarm)
        case .wake(let at): events.schedule(.coordinatorTimer(life: life), at: at.rawValue)
        case .publish(let event): published(event)
        }
    }

    private func answered(_ message: FarmMessage) {
        switch message {
        case .commit(let name), .drop(let name): store.unanswered[name] = nil
        case .end(let lease): store.unanswered = store.unanswered.filter { $0.key.lease != lease }
        default: return
        }
    }

    private func tag(_ effect: Effect) -> UInt64 {
        switch effect {
        case .send(let peer, _): 1 + peer.worker.rawValue * 16 + peer.incarnation.rawValue * 4_096
        case .lookUp(let lookUp): 2 + lookUp.number * 16
        case .persist(let entry, _): 3 + entry.rawValue * 16
        case .pin(let pin): 4 + UInt64(pin.task.segment * 16 + pin.task.program.rawValue * 4_096)
        case .unpin(let pin): 5 + UInt64(pin.task.segment * 16 + pin.task.program.rawValue * 4_096)
        case .discard(_, let digests): 6 + (digests.first?.low ?? 0) &* 16
        case .deliver(let delivery): 7 + delivery.number * 16
        case .rewind(_, let program, let segment): 8 + UInt64(segment * 16 + program.rawValue * 4_096)
        case .kill(let peer, _): 9 + peer.worker.rawValue * 16
        case .alarm: 10
        case .wake(let at): 11 + at.rawValue * 16
        case .publish: 12
        }
    }

    private func alarmed(_ alarm: Alarm) {
        switch alarm {
        case .disputed: counts.add("dispute")
        case .settled: counts.add("dispute settled")
        case .undecided: counts.add("dispute undecided")
        }
    }

    private func published(_ event: FarmEvent) {
        switch event {
        case .completed(let job, let program): extendIfDue(job, completed: program)
        case .songFailed(let job, _):
            counts.add("song failed")
            extendIfDue(job, completed: nil)
        case .ended: counts.add("job ended")
        case .reused: counts.add("ledger hit")
        case .repeated: counts.add("repeated run")
        case .refused: counts.add("foreign result refused")
        case .attemptFailed(_, _, _, let counted, _):
            counts.add(counted ? "counted failure" : "forgiven failure")
        case .retracted: counts.add("completed program taken back")
        case .granted(_, _, _, _, let isSecondRun): if isSecondRun { counts.add("second run of a slow segment") }
        case .resting: counts.add("flapping worker rests")
        default: return
        }
    }

    func answerLookUp(_ life: UInt64, _ lookUp: LookUp) {
        guard life == coordinatorLife, coordinator != nil, let job = jobs[lookUp.job] else { return }
        let key = job.key(lookUp.task, inputs: lookUp.inputs, snapshot: lookUp.snapshot)
        checker.lookedUp(lookUp, key)
        let entry = ledger.results[key]
        let absent = entry.map { store.unreadable(digests(of: $0)).filter { store.isGood[$0] == nil } } ?? []
        step(
            .lookedUp(
                LookUpAnswer(
                    number: lookUp.number, job: lookUp.job, task: lookUp.task, key: key, entry: entry,
                    producer: ledger.producers[key], absent: absent)))
    }

    func sync(_ life: UInt64) {
        guard life == coordinatorLife, coordinator != nil, let last = ledger.records.last else { return }
        ledger.isSyncScheduled = false
        ledger.syncedCount = ledger.records.count
        step(.persisted(last.entry))
    }

    func verified(_ life: UInt64, _ peer: Peer, _ report: ResultReport) {
        guard life == coordinatorLife, coordinator != nil else { return }
        for digest in digests(of: report.result) { store.put(digest) }
        store.unanswered[report.name] = digests(of: report.result)
        step(.stored(from: peer, report))
    }

    func read(_ life: UInt64, _ delivery: Delivery) {
        guard life == coordinatorLife, let place = coordinator?.deliveries.firstIndex(of: delivery) else {
            return
        }
        coordinator?.deliveries.remove(at: place)
        let lost = store.unreadable(delivery.result.outputs.flatMap { $0.map(\.digest) })
        if lost.isEmpty {
            checker.consumed(delivery)
            step(.consumed(delivery: delivery.number))
            if strikes(.doubledConsumption) { step(.consumed(delivery: delivery.number)) }
        } else {
            counts.add("undeliverable window")
            step(.undeliverable(delivery: delivery.number, lost))
        }
    }

    func arrivedAtCoordinator(_ peer: Peer, _ message: FarmMessage) {
        guard coordinator != nil else { return }
        guard case .result(let report) = message else { return step(.message(from: peer, message)) }
        if !isHealed, random.chance(shape.faults.transitCorruption) {
            counts.add("result corrupted on the way")
            acceptedCorruption = report.name
            step(.unverified(from: peer, report.name))
            acceptedCorruption = nil
            return
        }
        let delay = strikes(.slowVerification) ? random.draw(3...80) : random.draw(0...3)
        events.schedule(.verified(life: coordinatorLife, peer, report), at: now + UInt64(delay))
    }
}
