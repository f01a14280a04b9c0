import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan
import Testing

/// Single transitions of the coordinator.
@Suite struct CoordinatorMachineTests {
    @Test("A chain is leased up to the horizon, and the horizon moves with the commits")
    func horizon() throws {
        var policy = Policy()
        policy.horizonSegments = 4
        var farm = Farmhand(policy)
        farm.join(peer(1))
        farm.submit([chain(10)])
        let grant = try #require(farm.grants.first?.grant)
        #expect(grant.start == 0 && grant.horizon == 4)
        let effects = farm.store(task(0, 0), from: peer(1), grant.lease)
        let name = ResultName(lease: grant.lease, job: job, task: task(0, 0), key: key(of: task(0, 0)))
        #expect(messages(effects).contains(.commit(name)))
        #expect(
            messages(effects).contains(.extend(HorizonExtension(lease: grant.lease, from: 4, inputs: [[]]))))
    }

    @Test("A run stops where the ledger knows the next segment, and the chain goes on from the last hit")
    func skipsForward() throws {
        var farm = Farmhand()
        farm.ledger[task(0, 1)] = result(of: task(0, 1))
        farm.ledger[task(0, 2)] = result(of: task(0, 2))
        farm.join(peer(1))
        farm.submit([chain(5)])
        let first = try #require(farm.grants.first?.grant)
        let effects = farm.store(task(0, 0), from: peer(1), first.lease)
        #expect(messages(effects).contains(.stop(first.lease, at: 1)))
        let second = try #require(farm.grants.last?.grant)
        #expect(second.lease != first.lease && second.start == 3)
        #expect(second.snapshot == result(of: task(0, 2)).snapshot)
    }

    @Test("When the ledger knows every segment nobody renders, and the job ends once that is on disk")
    func fullHit() {
        var farm = Farmhand()
        for segment in 0..<4 { farm.ledger[task(0, segment)] = result(of: task(0, segment)) }
        farm.join(peer(1))
        farm.submit([chain(4)])
        #expect(farm.grants.isEmpty)
        #expect(!events(farm.effects).contains(.ended(job, .finished(failures: []))))
        let effects = farm.hear(.persisted(EntryID(.max)))
        #expect(events(effects) == [.accepted(job), .ended(job, .finished(failures: []))])
    }

    @Test("A result under a lease of another worker, or under none, is refused")
    func foreign() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.join(peer(2))
        farm.submit([chain(4)])
        let (owner, grant) = try #require(farm.grants.first)
        let other = owner == peer(1) ? peer(2) : peer(1)
        let effects = farm.store(task(0, 0), from: other, grant.lease)
        #expect(events(effects) == [.refused(other, grant.lease)])
        #expect(farm.machine.result(of: task(0, 0), in: job) == nil)
    }

    @Test("A late result with the right key and digest is welcome; another digest is an alarm")
    func late() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(2)])
        let grant = try #require(farm.grants.first?.grant)
        farm.store(task(0, 0), from: peer(1), grant.lease)
        farm.store(task(0, 1), from: peer(1), grant.lease)
        farm.submit([chain(2)], JobID(8))  // keeps the worker in work
        // The job has ended, so what comes late is dropped without harm.
        #expect(!farm.store(task(0, 1), from: peer(1), grant.lease).isEmpty)

        var second = Farmhand()
        second.join(peer(1))
        second.join(peer(2))
        second.submit([chain(3)])
        let lease = try #require(second.grants.first?.grant.lease)
        let owner = try #require(second.grants.first?.peer)
        second.store(task(0, 0), from: owner, lease)
        #expect(second.store(task(0, 0), from: owner, lease).count >= 1)
        let effects = second.store(task(0, 0), from: owner, lease, variant: 1)
        let isAlarm = effects.contains { if case .alarm(.disputed) = $0 { true } else { false } }
        #expect(isAlarm)
    }

    @Test("A producer runs at most as far ahead as the policy allows; a finished consumer lets it go on")
    func runAhead() throws {
        var policy = Policy()
        policy.runAheadSegments = 2
        var farm = Farmhand(policy)
        farm.join(peer(1))
        farm.submit([chain(20), chain(20, reads: 0)])
        let first = try #require(farm.grants.first?.grant)
        #expect(first.program == ProgramID(0) && first.horizon == 3)
    }

    @Test("A delivered program runs at most as far ahead of its writer")
    func runAheadOfWriter() throws {
        var policy = Policy()
        policy.runAheadSegments = 2
        var farm = Farmhand(policy)
        farm.join(peer(1))
        farm.submit([chain(20, delivered: true)])
        let grant = try #require(farm.grants.first?.grant)
        #expect(grant.horizon == 3)
        for segment in 0..<3 { farm.store(task(0, segment), from: peer(1), grant.lease) }
        #expect(farm.grants.count == 2, "the oldest segment is never held back")
        let deliveries = farm.effects.compactMap {
            if case .deliver(let delivery) = $0 { delivery } else { nil }
        }
        #expect(deliveries.map(\.task) == [task(0, 0)], "one window at a time, in order")
        let effects = farm.hear(.consumed(delivery: try #require(deliveries.first).number))
        let isNext = effects.contains {
            if case .deliver(let next) = $0 { next.task == task(0, 1) } else { false }
        }
        #expect(isNext)
    }

    @Test("Older segments of a more important job go first")
    func order() throws {
        var policy = Policy()
        policy.horizonSegments = 1
        var farm = Farmhand(policy)
        farm.submit([shape(.windowed, 2), shape(.windowed, 2)])
        farm.submit([shape(.windowed, 1)], JobID(8), priority: -1)
        for worker in UInt64(1)...5 { farm.join(peer(worker)) }
        let order = farm.grants.map { "\($0.grant.job) \($0.grant.program)/\($0.grant.start)" }
        #expect(order == ["j8 p0/0", "j7 p0/0", "j7 p1/0", "j7 p0/1", "j7 p1/1"])
    }

    @Test("A killed worker is forgiven, a crashing one is not, and the run goes to the next")
    func deaths() throws {
        var farm = Farmhand()
        farm.submit([chain(4, song: 3), chain(4, song: 4)])
        // Losses so far apart that the worker need not rest between them.
        for life in UInt64(1)...3 {
            farm.now = farm.now + Policy().flapTicks
            farm.join(peer(1, life))
            farm.hear(.exited(peer(1, life), .signal(9)))
        }
        #expect(!events(farm.effects).contains { if case .songFailed = $0 { true } else { false } })
        for life in UInt64(4)...6 {
            farm.now = farm.now + Policy().flapTicks
            farm.join(peer(1, life))
            farm.hear(.exited(peer(1, life), .signal(11)))
        }
        let failed = events(farm.effects).compactMap {
            if case .songFailed(_, let failure) = $0 { failure } else { nil }
        }
        #expect(failed.map(\.task) == [task(0, 0)] && failed.map(\.song) == [3])
    }

    @Test("A segment that was done is not blamed for the end of its process, though its result comes behind it")
    func acquittal() throws {
        var farm = Farmhand()
        farm.submit([chain(4, song: 3)])
        for life in UInt64(1)...4 {
            farm.now = farm.now + Policy().flapTicks
            farm.join(peer(1, life))
            let lease = try #require(farm.grants.last?.grant.lease)
            farm.hear(.exited(peer(1, life), .signal(11)))
            farm.store(task(0, 0), from: peer(1, life), lease)
        }
        #expect(!events(farm.effects).contains { if case .songFailed = $0 { true } else { false } })
        // Without a result the segment is what was at hand.
        for life in UInt64(5)...7 {
            farm.now = farm.now + Policy().flapTicks
            farm.join(peer(1, life))
            farm.hear(.exited(peer(1, life), .signal(11)))
        }
        #expect(events(farm.effects).contains { if case .songFailed = $0 { true } else { false } })
    }

    @Test("Silence is death: the lease goes to another worker")
    func silence() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(4)])
        farm.now = farm.now + (Policy().deadTicks + 1)
        farm.join(peer(2))
        farm.hear(.timer)
        #expect(farm.grants.map(\.peer) == [peer(1), peer(2)])
        #expect(farm.grants.map(\.grant.start) == [0, 0])
    }

    @Test("A worker that renders without getting on hangs: it is killed and the task is blamed")
    func hang() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(4)])
        let lease = try #require(farm.grants.first?.grant.lease)
        let report = WorkerReport(
            lease: LeaseStatus(lease: lease, next: 0, horizon: 4, frames: 64, isRendering: true))
        for _ in 0...70 {
            farm.hear(.message(from: peer(1), .heartbeat(report)))
            farm.hear(.timer)
            farm.now = farm.now + 500
        }
        #expect(farm.effects.contains(.kill(peer(1), .hung)))
        let isBlamed = events(farm.effects).contains {
            if case .attemptFailed(_, task(0, 0), _, true, _) = $0 { true } else { false }
        }
        #expect(isBlamed)
    }

    @Test("Another engine or protocol gets no work, and the refusal names both sides")
    func engines() throws {
        var farm = Farmhand()
        let other = Digest(high: 2, low: 2)
        func answer(_ versions: ClosedRange<Int>, _ engine: Digest) -> [FarmMessage] {
            let hello = Hello(
                protocolVersions: versions, number: 1, engine: engine, report: WorkerReport(), held: [])
            return messages(farm.hear(.message(from: peer(1), .hello(hello))))
        }
        guard case .refuse(.engine, let reason) = try #require(answer(Limits.protocolVersions, other).first) else {
            Issue.record("another engine was let in")
            return
        }
        #expect(reason.contains(engine.description) && reason.contains(other.description))
        let next = Limits.protocolVersion + 1
        guard case .refuse(.protocolVersion, let why) = try #require(answer(next...next + 2, engine).first) else {
            Issue.record("another protocol was let in")
            return
        }
        #expect(why.contains("\(next) to \(next + 2)") && why.contains("1 to 2"))
        #expect(farm.machine.livePeers.isEmpty)
        let isTold = events(farm.effects).contains {
            if case .turnedAway(peer(1), .engine, _) = $0 { true } else { false }
        }
        #expect(isTold)
    }

    @Test("The newest version that both speak is chosen", arguments: [(1...1, 1), (1...2, 2), (2...9, 2)])
    func versions(_ offered: ClosedRange<Int>, _ chosen: Int) {
        var farm = Farmhand()
        let hello = Hello(
            protocolVersions: offered, number: 1, engine: engine, report: WorkerReport(), held: [])
        let answers = messages(farm.hear(.message(from: peer(1), .hello(hello))))
        let versions = answers.compactMap {
            if case .welcome(let welcome) = $0 { welcome.protocolVersion } else { nil }
        }
        #expect(versions == [chosen])
    }

    @Test("Whoever is not known is asked for a hello")
    func unknown() {
        var farm = Farmhand()
        let effects = farm.hear(.message(from: peer(3), .heartbeat(WorkerReport())))
        #expect(messages(effects) == [.identify(coordinator: Incarnation(1))])
    }

    @Test("A draining worker gets no work and hands its run back")
    func drain() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(6)])
        let lease = try #require(farm.grants.first?.grant.lease)
        let status = LeaseStatus(lease: lease, next: 0, horizon: 1, frames: 0, isRendering: true)
        farm.join(peer(2))
        farm.hear(.message(from: peer(1), .heartbeat(WorkerReport(lease: status, isDraining: true))))
        farm.store(task(0, 0), from: peer(1), lease)
        let next = try #require(farm.grants.last)
        #expect(next.peer == peer(2) && next.grant.start == 1)
    }

    @Test("Where everything waits for space the newest job stops and says the sizes")
    func noSpace() throws {
        var farm = Farmhand()
        farm.hear(.submit(JobSpecification(id: job, shapes: [chain(2)], reserveBytes: 1_000)))
        farm.hear(.submit(JobSpecification(id: JobID(8), shapes: [chain(2)], reserveBytes: 500)))
        farm.hear(.storeSpace(freeBytes: 10))
        farm.join(peer(1))
        farm.hear(.persisted(EntryID(.max)))
        let ended = events(farm.effects).compactMap {
            if case .ended(let id, let outcome) = $0 { (id, outcome) } else { nil }
        }
        #expect(ended.map(\.0) == [JobID(8), job])
        guard case .stopped(let reason) = try #require(ended.first).1 else {
            Issue.record("the job was not stopped")
            return
        }
        #expect(reason.contains("10 bytes free") && reason.contains("500"))
    }

    @Test("A job that the store has no room for is not admitted")
    func notAdmitted() {
        var farm = Farmhand()
        farm.hear(.storeSpace(freeBytes: 10))
        let effects = farm.hear(.submit(JobSpecification(id: job, shapes: [chain(2)], reserveBytes: 1_000)))
        let isRejected = events(effects).contains { if case .rejected(job, _) = $0 { true } else { false } }
        #expect(isRejected)
    }

    @Test("A graph that is none is refused with the reason")
    func badGraph() {
        var farm = Farmhand()
        let backwards = ProgramShape(kind: .windowed, segmentCount: 1, dependencies: [[task(1, 0)]])
        let effects = farm.hear(.submit(JobSpecification(id: job, shapes: [backwards])))
        #expect(events(effects) == [.rejected(job, reason: "p0 reads p1/0, which is no earlier program")])
        let effects2 = farm.hear(
            .submit(JobSpecification(id: job, shapes: [chain(1), chain(2, reads: 0)])))
        #expect(events(effects2) == [.rejected(job, reason: "p1 reads p0/1, which does not exist")])
    }

    @Test("A window is pinned until its last reader is done, a retained one until the job ends")
    func pins() throws {
        var retained = chain(2)
        retained.isRetained = true
        var farm = Farmhand()
        farm.join(peer(1))
        farm.hear(
            .submit(JobSpecification(id: job, shapes: [chain(2), shape(.windowed, 2, reads: 0), retained])))
        while let (owner, grant) = farm.grants.last(where: { grant in
            farm.machine.result(of: TaskID(grant.grant.program, grant.grant.start), in: job) == nil
        }) {
            for segment in grant.start..<grant.horizon {
                farm.store(
                    TaskID(grant.program, segment), from: owner, grant.lease,
                    snapshot: grant.program != ProgramID(1))
            }
        }
        func pinned(_ task: TaskID, _ kind: Pin.Kind) -> Int {
            farm.effects.reduce(0) { count, effect in
                switch effect {
                case .pin(let pin) where pin.task == task && pin.kind == kind: count + 1
                case .unpin(let pin) where pin.task == task && pin.kind == kind: count - 1
                default: count
                }
            }
        }
        #expect(pinned(task(0, 1), .outputs) == 0)
        #expect(pinned(task(0, 0), .snapshot) == 0)
        #expect(pinned(task(2, 0), .outputs) == 1)
        farm.hear(.cancel(job))
        #expect(pinned(task(2, 0), .outputs) == 0)
    }

    @Test("Bytes that are gone when they are pinned are rendered again before anybody is sent to read them")
    func absentWhenPinned() throws {
        var farm = Farmhand()
        farm.answersLookUps = false
        farm.join(peer(1))
        farm.submit([shape(.windowed, 1), shape(.windowed, 1, reads: 0)])
        let made = result(of: task(0, 0), snapshot: false)
        farm.answer(task(0, 0), made)
        // Evicted between the look-up and the pin.
        farm.hear(.absent(job, made.outputs[0].map(\.digest)))
        farm.answer(task(1, 0), nil)
        let (owner, grant) = try #require(farm.grants.last)
        #expect(farm.grants.count == 1 && grant.program == ProgramID(0))
        farm.store(task(0, 0), from: owner, grant.lease, snapshot: false)
        #expect(farm.grants.count == 2 && farm.grants.last?.grant.program == ProgramID(1))
    }

    @Test("A worker that cannot keep its inputs is not the first to get the same task again")
    func fullDisk() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.join(peer(2))
        farm.submit([shape(.windowed, 1)])
        let (owner, grant) = try #require(farm.grants.last)
        farm.hear(
            .message(
                from: owner,
                .unreadable(UnreadableReport(lease: grant.lease, job: job, task: task(0, 0), digests: []))))
        #expect(farm.grants.count == 2 && farm.grants.last?.peer != owner)
    }

    @Test("A task outlives the loss of each of its many inputs, but not that of one of them over and over")
    func manyLosses() throws {
        let parts = (0..<30).map { Part(digest: Digest(high: 9, low: UInt64($0)), byteCount: 10) }
        func run(losing digest: (Int) -> Digest) -> [FarmEvent] {
            var farm = Farmhand()
            farm.answersLookUps = false
            farm.join(peer(1))
            farm.submit([shape(.windowed, 1), shape(.windowed, 1, reads: 0)])
            let made = TaskResult(outputs: [parts])
            farm.answer(task(0, 0), made)
            farm.answer(task(1, 0), nil)
            for attempt in 0..<30 {
                guard let (owner, grant) = farm.grants.last, grant.program == ProgramID(1) else { break }
                farm.hear(
                    .message(
                        from: owner,
                        .unreadable(
                            UnreadableReport(
                                lease: grant.lease, job: job, task: task(1, 0), digests: [digest(attempt)]))))
                // The producer is rendered again, and its bytes are as they were.
                guard let (maker, order) = farm.grants.last, order.program == ProgramID(0) else { break }
                let name = ResultName(
                    lease: order.lease, job: job, task: task(0, 0), key: farm.key(of: task(0, 0), in: job))
                farm.hear(.stored(from: maker, ResultReport(name: name, result: made, costMicroseconds: 1)))
            }
            return events(farm.effects)
        }
        func failures(_ events: [FarmEvent]) -> Int {
            events.count { if case .songFailed = $0 { true } else { false } }
        }
        let each = run { parts[$0].digest }
        #expect(each.count { if case .attemptFailed = $0 { true } else { false } } == 30)
        #expect(failures(each) == 0)
        #expect(failures(run { _ in parts[0].digest }) == 1)
    }
}
