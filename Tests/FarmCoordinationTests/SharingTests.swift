import FarmCoordination
import FarmProtocol
import Quantities
import RenderPlan
import Testing

/// Several jobs at once: shares, limits, pauses, and one execution per key.
@Suite struct SharingTests {
    private let other = JobID(8)

    private func farm(workers: UInt64, horizon: Int = 1) -> Farmhand {
        var policy = Policy()
        policy.horizonSegments = horizon
        var farm = Farmhand(policy)
        for worker in 0..<workers { farm.join(peer(worker + 1)) }
        return farm
    }

    private func running(_ farm: Farmhand, _ id: JobID) -> Int { farm.machine.figures(of: id)?.runningWorkers ?? 0 }

    @Test func `two jobs of one priority share the workers as they come`() {
        var farm = farm(workers: 0)
        farm.submit([shape(.windowed, 20)])
        farm.submit([shape(.windowed, 20)], other)
        for worker in UInt64(1)...6 { farm.join(peer(worker)) }
        #expect(running(farm, job) == 3 && running(farm, other) == 3)
    }

    @Test func `a job that wants little gets it, the other has the rest`() {
        var farm = farm(workers: 0)
        farm.submit([shape(.windowed, 20)])
        farm.submit([shape(.windowed, 1)], other)
        for worker in UInt64(1)...6 { farm.join(peer(worker)) }
        #expect(running(farm, job) == 5 && running(farm, other) == 1)
    }

    @Test func `a worker limit holds, and the workers are another job's`() {
        var farm = farm(workers: 0)
        farm.hear(.submit(JobSpecification(id: job, shapes: [shape(.windowed, 20)], workerLimit: 2)))
        for worker in UInt64(1)...5 { farm.join(peer(worker)) }
        #expect(running(farm, job) == 2)
        farm.submit([shape(.windowed, 20)], other)
        #expect(running(farm, job) == 2 && running(farm, other) == 3)
    }

    @Test func `on a farm of one the jobs take turns`() throws {
        var farm = farm(workers: 1)
        farm.submit([chain(50)])
        farm.submit([chain(50)], other)
        var turns: [JobID: Int] = [:]
        for _ in 0..<40 {
            let (owner, grant) = try #require(farm.grants.last)
            turns[grant.job, default: 0] += 1
            farm.now = farm.now + 10
            farm.store(TaskID(grant.program, grant.start), from: owner, grant.lease, of: grant.job)
        }
        #expect(turns[job] == 20 && turns[other] == 20)
    }

    @Test func `a job that comes later catches up with nobody's past`() throws {
        var farm = farm(workers: 1)
        farm.submit([chain(90)])
        for _ in 0..<30 {
            let (owner, grant) = try #require(farm.grants.last)
            farm.now = farm.now + 10
            farm.store(TaskID(grant.program, grant.start), from: owner, grant.lease)
        }
        farm.submit([chain(90)], other)
        let before = farm.grants.count
        for _ in 0..<20 {
            let (owner, grant) = try #require(farm.grants.last)
            farm.now = farm.now + 10
            farm.store(TaskID(grant.program, grant.start), from: owner, grant.lease, of: grant.job)
        }
        let late = farm.grants.dropFirst(before).count { $0.grant.job == other }
        #expect((9...11).contains(late), "\(late) of 20 turns")
    }

    @Test func `a job that had the farm to itself waits no longer than the debt once others can work`() throws {
        var farm = farm(workers: 1)
        farm.submit([chain(90)])
        farm.submit([chain(90)], other)
        farm.hear(.pause(other))
        // The other is paused for an hour of the farm's time, and wants its share before that again.
        for _ in 0..<36 {
            let (owner, grant) = try #require(farm.grants.last)
            farm.now = farm.now + 100_000
            farm.hear(.message(from: owner, .heartbeat(WorkerReport())))
            farm.store(TaskID(grant.program, grant.start), from: owner, grant.lease, of: grant.job)
        }
        farm.hear(.resume(other))
        var turnsOfOther = 0
        while turnsOfOther < 50 {
            let (owner, grant) = try #require(farm.grants.last)
            guard grant.job == other else { break }
            turnsOfOther += 1
            farm.now = farm.now + 10_000
            farm.store(TaskID(grant.program, grant.start), from: owner, grant.lease, of: grant.job)
        }
        #expect(turnsOfOther <= 7, "the debt is a minute, a turn takes ten seconds")
    }

    @Test func `a job without a worker takes one from a job with many, at a boundary`() {
        var farm = farm(workers: 3, horizon: 8)
        farm.submit([chain(40), chain(40), chain(40)])
        #expect(running(farm, job) == 3)
        farm.hear(.submit(JobSpecification(id: other, shapes: [chain(40)])))
        let stops = messages(farm.effects).compactMap { if case .stop(_, let at) = $0 { at } else { nil } }
        #expect(stops == [1], "one run ends after the segment that it is at")
    }

    @Test func `reprioritised, a job goes first`() {
        var farm = farm(workers: 0)
        farm.submit([shape(.windowed, 9)])
        farm.submit([shape(.windowed, 9)], other)
        farm.hear(.reprioritise(other, -1))
        for worker in UInt64(1)...3 { farm.join(peer(worker)) }
        #expect(running(farm, job) == 0 && running(farm, other) == 3)
        #expect(farm.machine.waiting(for: job) == .busyWorkers(count: 3, areMoreImportant: true))
    }

    // MARK: Pauses

    @Test func `a pause stops runs at their boundary, and what they finish is kept`() throws {
        var farm = farm(workers: 1, horizon: 8)
        farm.submit([chain(8)])
        let lease = try #require(farm.grants.first?.grant.lease)
        let effects = farm.hear(.pause(job))
        #expect(messages(effects).contains(.stop(lease, at: 1)))
        #expect(farm.machine.waiting(for: job) == .paused)
        farm.store(task(0, 0), from: peer(1), lease)
        #expect(farm.machine.result(of: task(0, 0), in: job) != nil)
        #expect(farm.grants.count == 1 && running(farm, job) == 0)
        farm.hear(.resume(job))
        #expect(farm.grants.last?.grant.start == 1)
        #expect(events(farm.effects).contains(.paused(job)) && events(farm.effects).contains(.resumed(job)))
    }

    @Test func `a job may be submitted paused`() {
        var farm = farm(workers: 1)
        farm.hear(.submit(JobSpecification(id: job, shapes: [chain(2)], isPaused: true)))
        #expect(farm.grants.isEmpty)
        farm.hear(.resume(job))
        #expect(farm.grants.count == 1)
    }

    // MARK: One execution per key

    private func sharing(workers: UInt64) -> Farmhand {
        var farm = farm(workers: workers)
        farm.sharesKeys = true
        farm.submit([chain(2)])
        farm.submit([chain(2)], other)
        return farm
    }

    @Test func `of two jobs that miss one key one runs, and the other takes its result`() throws {
        var farm = sharing(workers: 2)
        #expect(farm.grants.map(\.grant.job) == [job])
        #expect(farm.machine.waiting(for: other) == .sameWork(job, task(0, 0)))
        let (owner, grant) = try #require(farm.grants.first)
        farm.ledger[task(0, 0)] = result(of: task(0, 0))
        farm.store(task(0, 0), from: owner, grant.lease)
        #expect(farm.machine.result(of: task(0, 0), in: other) == result(of: task(0, 0)))
        #expect(events(farm.effects).contains(.reused(other, task(0, 0))))
        #expect(farm.grants.count == 2, "the next segment is again one job's")
    }

    @Test(arguments: ["cancelled", "failed", "lost", "paused"])
    func `if whoever runs a key does not come to an end, another job takes over`(_ fate: String) throws {
        var farm = sharing(workers: 2)
        let (owner, grant) = try #require(farm.grants.first)
        switch fate {
        case "cancelled": farm.hear(.cancel(job))
        case "failed":
            let report = FailureReport(lease: grant.lease, job: job, task: task(0, 0), reason: "no")
            farm.hear(.message(from: owner, .failed(report)))
        case "lost": farm.hear(.exited(owner, .signal(9)))
        default:
            farm.hear(.pause(job))
            #expect(farm.grants.count == 1, "its worker finishes the segment")
            farm.hear(.exited(owner, .signal(9)))
        }
        let jobs = farm.grants.dropFirst().map(\.grant.job)
        #expect(jobs.count == 1, "\(jobs)")
        if fate == "cancelled" || fate == "paused" { #expect(jobs == [other]) }
    }

    @Test func `two programs of one job with one key are one execution too`() throws {
        var farm = farm(workers: 2)
        farm.answersLookUps = false
        farm.submit([shape(.windowed, 1), shape(.windowed, 1)])
        let lookUps = farm.effects.compactMap { if case .lookUp(let lookUp) = $0 { lookUp } else { nil } }
        #expect(lookUps.count == 2)
        for lookUp in lookUps {
            farm.hear(
                .lookedUp(LookUpAnswer(number: lookUp.number, job: job, task: lookUp.task, key: key(9), entry: nil)))
        }
        #expect(farm.grants.count == 1)
        let (owner, grant) = try #require(farm.grants.first)
        let effects = farm.store(task(0, 0), from: owner, grant.lease, snapshot: false, under: key(9))
        let again = effects.compactMap { if case .lookUp(let lookUp) = $0 { lookUp.task } else { nil } }
        #expect(again == [task(1, 0)], "it looks again")
    }
}
