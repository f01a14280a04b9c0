import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan
import Testing

/// Results that an earlier life of the coordinator recorded, and who may confirm them.
@Suite struct AuditTests {
    private let first = task(0, 0)

    /// A farm that audits everything, with one result of worker 1 in its ledger.
    private func farm(recorded variant: UInt64) -> Farmhand {
        var policy = Policy()
        policy.auditPercent = 100
        var farm = Farmhand(policy)
        farm.ledger[first] = result(of: first, variant: variant)
        farm.producers[first] = peer(1)
        return farm
    }

    private func alarms(_ farm: Farmhand) -> [Alarm] {
        farm.effects.compactMap { if case .alarm(let alarm) = $0 { alarm } else { nil } }
    }

    /// Every lease that is out is answered with the right result, until the job is over.
    private func renderHonestly(_ farm: inout Farmhand, _ id: JobID) {
        for _ in 0..<20 where farm.machine.figures(of: id) != nil {
            for (owner, grant) in farm.grants where farm.machine.lease(of: owner) == grant.lease {
                farm.store(TaskID(grant.program, grant.start), from: owner, grant.lease, of: id)
            }
        }
    }

    @Test func `after a restart no worker confirms what it made itself`() throws {
        var farm = farm(recorded: 9)
        let old = ResultName(
            lease: LeaseID(Incarnation(0), 4), job: job, task: first, key: farm.key(of: first, in: job))
        farm.join(peer(1), held: [old])
        farm.join(peer(2))
        farm.submit([chain(1)])
        #expect(farm.grants.map(\.peer) == [peer(2)], "another worker is there to be asked")
        // The maker hands in what it had kept.
        farm.store(first, from: peer(1), old.lease, variant: 9)
        #expect(farm.machine.figures(of: job) != nil, "its own word again settles nothing")
        let (owner, grant) = try #require(farm.grants.last)
        farm.store(first, from: owner, grant.lease)
        guard case .disputed(_, first, _, let claims)? = alarms(farm).first else {
            Issue.record("nobody is told: \(alarms(farm))")
            return
        }
        #expect(claims.map(\.peer) == [peer(1), peer(2)], "both are named")
    }

    @Test func `alone on a farm a worker is asked again, and what it had kept is no answer`() throws {
        var farm = farm(recorded: 9)
        let old = ResultName(
            lease: LeaseID(Incarnation(0), 4), job: job, task: first, key: farm.key(of: first, in: job))
        farm.join(peer(1), held: [old])
        farm.submit([chain(1)])
        let (owner, grant) = try #require(farm.grants.last)
        farm.store(first, from: peer(1), old.lease, variant: 9)
        #expect(farm.machine.figures(of: job) != nil)
        farm.store(first, from: owner, grant.lease, variant: 9)
        #expect(farm.machine.figures(of: job) == nil, "two runs of one worker agree: that is all there is")
    }

    @Test func `what a worker made before it was found wrong is not believed in a later job`() throws {
        var farm = farm(recorded: 9)
        for worker in 1...3 { farm.join(peer(UInt64(worker))) }
        farm.submit([chain(1)])
        renderHonestly(&farm, job)
        #expect(farm.machine.isQuarantined(WorkerID(1)))
        // Another entry of its making, which no audit has met yet.
        let second = task(0, 1)
        farm.ledger[first] = result(of: first)
        farm.producers[first] = peer(2)
        farm.ledger[second] = result(of: second, variant: 9)
        farm.producers[second] = peer(1)
        let before = farm.effects.count
        farm.submit([chain(2)], JobID(8))
        renderHonestly(&farm, JobID(8))
        #expect(farm.machine.figures(of: JobID(8)) == nil)
        let records = farm.effects.dropFirst(before).compactMap { effect -> LedgerRecord? in
            if case .persist(_, let record) = effect { record } else { nil }
        }
        #expect(records.contains(.dropped(farm.key(of: second, in: JobID(8)))))
        #expect(records.contains { if case .result(let entry) = $0 { entry.task == second } else { false } })
        #expect(alarms(farm).count { if case .disputed = $0 { true } else { false } } == 1, "no second dispute")
    }

    @Test func `a liar that says the same twice does not outvote an honest worker`() throws {
        var policy = Policy()
        policy.auditPercent = 100
        var farm = Farmhand(policy)
        farm.join(peer(1))
        farm.submit([chain(1)])
        let lease = try #require(farm.grants.last?.grant.lease)
        farm.join(peer(2))
        farm.store(first, from: peer(1), lease, variant: 9)
        // Whoever of the two is asked, and however often, each says what it always says.
        for _ in 0..<3 {
            for (owner, grant) in farm.grants where farm.machine.lease(of: owner) == grant.lease {
                farm.store(first, from: owner, grant.lease, variant: owner == peer(1) ? 9 : 0)
            }
            farm.now = farm.now + 1_000
            for worker in [peer(1), peer(2)] { farm.hear(.message(from: worker, .heartbeat(WorkerReport()))) }
            farm.hear(.timer)
        }
        #expect(farm.machine.figures(of: job) != nil, "one against one decides nothing")
        #expect(!farm.machine.isQuarantined(WorkerID(2)))
        farm.join(peer(3))
        farm.hear(.timer)
        for (owner, grant) in farm.grants where farm.machine.lease(of: owner) == grant.lease {
            farm.store(first, from: owner, grant.lease, variant: owner == peer(1) ? 9 : 0)
        }
        #expect(farm.machine.figures(of: job) == nil)
        #expect(farm.machine.isQuarantined(WorkerID(1)) && !farm.machine.isQuarantined(WorkerID(2)))
    }
}
