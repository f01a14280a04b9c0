import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan
import Testing

/// Workers that are told to leave, shut out, slow, or lost again and again; and a store without space.
@Suite struct WorkersTests {
    private func heartbeat(_ lease: LeaseID, next: Int, horizon: Int, frames: Int) -> FarmMessage {
        .heartbeat(
            WorkerReport(
                lease: LeaseStatus(lease: lease, next: next, horizon: horizon, frames: frames, isRendering: true)))
    }

    // MARK: Operators

    @Test func `a drained worker finishes its segment, gets nothing more, and is told until it hears`() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(6)])
        let lease = try #require(farm.grants.first?.grant.lease)
        let effects = farm.hear(.drain(WorkerID(1)))
        #expect(messages(effects) == [.drain, .stop(lease, at: 1)])
        #expect(messages(farm.hear(.timer)).contains(.drain))
        farm.hear(.message(from: peer(1), .heartbeat(WorkerReport(isDraining: true))))
        #expect(!messages(farm.hear(.timer)).contains(.drain))
        #expect(farm.grants.count == 1 && farm.machine.standing(of: peer(1)) == .draining)
        #expect(farm.machine.waiting(for: job) == .noUsableWorker(connected: 1))
    }

    @Test func `a quarantined worker is out in every life until it is pardoned, and nobody is blamed`() {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(6)])
        let effects = farm.hear(.quarantine(WorkerID(1)))
        #expect(events(effects).contains(.quarantined(WorkerID(1))))
        #expect(effects.contains(.kill(peer(1), .distrusted)))
        #expect(!events(effects).contains { if case .attemptFailed = $0 { true } else { false } })
        farm.join(peer(1, 2))
        #expect(farm.machine.livePeers.isEmpty && farm.machine.isQuarantined(WorkerID(1)))
        farm.hear(.pardon(WorkerID(1)))
        farm.join(peer(1, 2))
        #expect(farm.grants.last?.peer == peer(1, 2))
    }

    @Test func `a revoked key ends its worker at once; another key of the same machine is welcome`() throws {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(6)])
        let lease = try #require(farm.grants.first?.grant.lease)
        farm.hear(.revoked(peer(1)))
        farm.join(peer(1))
        #expect(farm.machine.livePeers.isEmpty)
        farm.store(task(0, 0), from: peer(1), lease)
        #expect(farm.machine.result(of: task(0, 0), in: job) == nil)
        farm.join(peer(1, 2))
        #expect(farm.grants.last?.peer == peer(1, 2))
    }

    // MARK: Slow workers

    /// Two workers; the first does six segments in a second each and then hangs on at the seventh.
    private func slowFarm() throws -> (Farmhand, LeaseID) {
        var farm = Farmhand()
        farm.join(peer(1))
        farm.submit([chain(8)])
        let lease = try #require(farm.grants.first?.grant.lease)
        for segment in 0..<6 {
            farm.now = farm.now + 1_000
            farm.store(task(0, segment), from: peer(1), lease)
        }
        farm.join(peer(2))
        return (farm, lease)
    }

    private func pass(_ ticks: Int, _ farm: inout Farmhand, _ lease: LeaseID) {
        for step in 0..<(ticks / 500) {
            farm.now = farm.now + 500
            farm.hear(.message(from: peer(1), heartbeat(lease, next: 6, horizon: 8, frames: step)))
            farm.hear(.message(from: peer(2), .heartbeat(WorkerReport())))
            farm.hear(.timer)
        }
    }

    @Test func `a segment that takes much longer than is usual is started a second time, once`() throws {
        var (farm, lease) = try slowFarm()
        pass(Policy().speculationTicks, &farm, lease)
        #expect(farm.grants.count == 1, "not before")
        #expect(
            farm.machine.waiting(for: job) == .slow(task(0, 6), peer(1), ticks: 10_000, usualTicks: 1_000))
        pass(20_000, &farm, lease)
        #expect(Set(farm.grants.map(\.grant.lease)).count == 2)
        let second = try #require(farm.grants.last)
        #expect(second.peer == peer(2) && second.grant.start == 6 && second.grant.horizon == 7)
        #expect(second.grant.snapshot == result(of: task(0, 5)).snapshot)
        #expect(events(farm.effects).contains(.granted(job, task(0, 6), segmentCount: 1, peer(2), isSecondRun: true)))
        #expect(farm.machine.runs().map(\.isSecondRun) == [false, true])
    }

    @Test func `the first good result counts, the other is compared`() throws {
        for variant in UInt64(0)...1 {
            var (farm, lease) = try slowFarm()
            pass(12_000, &farm, lease)
            let second = try #require(farm.grants.last?.grant.lease)
            let effects = farm.store(task(0, 6), from: peer(2), second)
            #expect(messages(effects).contains(.end(lease)), "the slow one has something better to do")
            let late = farm.store(task(0, 6), from: peer(1), lease, variant: variant)
            let isAlarm = late.contains { if case .alarm(.disputed) = $0 { true } else { false } }
            #expect(isAlarm == (variant == 1))
        }
    }

    @Test func `if the slow worker is first after all the second run ends`() throws {
        var (farm, lease) = try slowFarm()
        pass(12_000, &farm, lease)
        let second = try #require(farm.grants.last?.grant.lease)
        let effects = farm.store(task(0, 6), from: peer(1), lease)
        #expect(messages(effects).contains(.end(second)))
    }

    @Test func `if the slow worker is lost the second run is the run`() throws {
        var (farm, lease) = try slowFarm()
        pass(12_000, &farm, lease)
        let second = try #require(farm.grants.last?.grant.lease)
        farm.hear(.exited(peer(1), .signal(9)))
        #expect(farm.grants.count == 2 && farm.machine.runs().map(\.isSecondRun) == [false])
        farm.store(task(0, 6), from: peer(2), second)
        #expect(farm.machine.result(of: task(0, 6), in: job) != nil)
    }

    @Test func `what another job took from the ledger is taken back with the lie that it was`() throws {
        var (farm, lease) = try slowFarm()
        farm.sharesKeys = true
        pass(12_000, &farm, lease)
        let second = try #require(farm.grants.last?.grant.lease)
        for segment in 0..<6 { farm.ledger[task(0, segment)] = result(of: task(0, segment)) }
        farm.ledger[task(0, 6)] = result(of: task(0, 6), variant: 1)
        farm.store(task(0, 6), from: peer(2), second, variant: 1)
        farm.submit([chain(8)], JobID(8))
        #expect(farm.machine.result(of: task(0, 6), in: JobID(8)) == result(of: task(0, 6), variant: 1))
        farm.ledger[task(0, 6)] = nil
        farm.join(peer(3))
        farm.store(task(0, 6), from: peer(1), lease)
        let third = try #require(farm.grants.last { $0.grant.start == 6 && $0.peer != peer(2) })
        farm.store(task(0, 6), from: third.peer, third.grant.lease)
        #expect(farm.machine.isQuarantined(WorkerID(2)))
        #expect(farm.machine.result(of: task(0, 6), in: job) == result(of: task(0, 6)))
        #expect(farm.machine.result(of: task(0, 6), in: JobID(8)) != result(of: task(0, 6), variant: 1))
    }

    @Test func `a run is not lengthened while a second opinion waits for its worker`() throws {
        var policy = Policy()
        policy.horizonSegments = 2
        policy.auditPercent = 100
        var farm = Farmhand(policy)
        farm.join(peer(1))
        farm.submit([shape(.windowed, 1), chain(40)])
        var seen: Set<LeaseID> = []
        var audits = 0
        for step in 0..<200 where audits == 0 {
            if step == 1 { farm.join(peer(2)) }
            guard let (owner, grant) = farm.grants.first(where: { !seen.contains($0.grant.lease) }) else { break }
            seen.insert(grant.lease)
            for segment in grant.start..<grant.horizon {
                farm.store(
                    TaskID(grant.program, segment), from: owner, grant.lease, snapshot: grant.program != ProgramID(0))
            }
            audits = events(farm.effects).count { if case .repeated = $0 { true } else { false } }
        }
        #expect(audits > 0, "the second opinion came although the chain is long")
    }

    // MARK: Flapping workers

    @Test func `a worker lost three times in a minute rests, longer each time, and is forgiven`() {
        var farm = Farmhand()
        farm.submit([chain(400)])
        var life: UInt64 = 0
        func lose(after ticks: Int) -> Int? {
            farm.now = farm.now + ticks
            life += 1
            let before = farm.effects.count
            farm.join(peer(1, life))
            farm.hear(.exited(peer(1, life), .signal(9)))
            return events(Array(farm.effects[before...])).lazy.compactMap { event -> Int? in
                if case .resting(_, let ticks) = event { ticks } else { nil }
            }.first
        }
        let policy = Policy()
        #expect(lose(after: 1) == nil && lose(after: 1) == nil && lose(after: 1) == nil)
        let granted = farm.grants.count
        #expect(lose(after: 1) == policy.restTicks - 1)
        #expect(farm.grants.count == granted, "it gets nothing while it rests")
        #expect(farm.machine.waiting(for: job) == .noWorker)
        // Two losses since the rest began make three: the next rest is twice as long.
        _ = lose(after: 1)
        #expect(lose(after: 1) == 2 * policy.restTicks - 1)
        #expect(lose(after: policy.forgivenessTicks + 1) == nil)
        #expect(lose(after: 1) == nil)
    }

    @Test func `leaving is no loss`() {
        var farm = Farmhand()
        farm.submit([chain(400)])
        for life in UInt64(1)...9 {
            farm.join(peer(1, life))
            farm.hear(.message(from: peer(1, life), .goodbye))
        }
        #expect(!events(farm.effects).contains { if case .resting = $0 { true } else { false } })
    }

    @Test func `a killed process is given up soon after its link went, a worker that is heard again is not`() {
        var farm = Farmhand()
        farm.submit([chain(4)])
        farm.join(peer(1))
        farm.join(peer(2))
        let effects = farm.hear(.linkLost(peer(1)))
        #expect(effects.contains(.wake(at: farm.now + Policy().lostLinkTicks)))
        farm.now = farm.now + (Policy().lostLinkTicks - 1)
        farm.hear(.timer)
        #expect(farm.grants.count == 1)
        var other = farm
        farm.now = farm.now + 1
        farm.hear(.timer)
        #expect(farm.grants.map(\.peer) == [peer(1), peer(2)])
        other.hear(.message(from: peer(1), .heartbeat(WorkerReport())))
        other.now = other.now + 1
        other.hear(.timer)
        #expect(other.grants.count == 1)
    }

    // MARK: Space

    @Test func `where somebody may free space jobs wait for it and go on`() {
        var policy = Policy()
        policy.waitsForSpace = true
        var farm = Farmhand(policy)
        farm.hear(.storeSpace(freeBytes: 10))
        farm.join(peer(1))
        farm.hear(.submit(JobSpecification(id: job, shapes: [chain(2)], reserveBytes: 1_000)))
        farm.hear(.timer)
        #expect(farm.grants.isEmpty && farm.machine.liveJobs == [job])
        #expect(farm.machine.waiting(for: job) == .space(freeBytes: 10, reservedBytes: 1_000))
        farm.hear(.storeSpace(freeBytes: 1_000))
        #expect(farm.grants.count == 1)
    }

    @Test func `a job waits for its first worker and says so`() {
        var farm = Farmhand()
        farm.submit([chain(2)])
        #expect(farm.machine.waiting(for: job) == .noWorker)
        #expect(farm.machine.readyCount == 1)
        farm.join(peer(1))
        #expect(farm.machine.waiting(for: job) == nil && farm.machine.readyCount == 0)
    }
}
