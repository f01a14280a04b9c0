import FarmCoordination
import FarmProtocol
import FarmSimulation
import RenderPlan
import Testing

/// Named stories, each with one fault at the worst moment.
@Suite struct ScenarioTests {
    private let job = JobID(1)

    /// Two chains, a windowed sum of both, and a delivered chain that looks ahead at it; and another song.
    private func shapes(segmentCount: Int) -> [ProgramShape] {
        let all = 0..<segmentCount
        let none = [[TaskID]](repeating: [], count: segmentCount)
        func same(_ programs: Int...) -> [[TaskID]] {
            all.map { segment in programs.map { TaskID(ProgramID($0), segment) } }
        }
        let ahead = all.map { segment in
            (segment..<min(segment + 2, segmentCount)).map { TaskID(ProgramID(2), $0) }
        }
        return [
            ProgramShape(kind: .chained, segmentCount: segmentCount, dependencies: none),
            ProgramShape(kind: .chained, segmentCount: segmentCount, dependencies: none),
            ProgramShape(kind: .windowed, segmentCount: segmentCount, dependencies: same(0, 1)),
            ProgramShape(kind: .chained, segmentCount: segmentCount, dependencies: ahead, isDelivered: true),
            ProgramShape(
                kind: .chained, segmentCount: segmentCount, dependencies: none, isDelivered: true, song: 1),
        ]
    }

    private func shape(workerCount: Int = 2, segmentCount: Int = 12) -> WorldShape {
        var shape = WorldShape(
            seed: 11, jobs: [SimulatedJob(id: job, song: 5, shapes: shapes(segmentCount: segmentCount))])
        shape.workerCount = workerCount
        shape.checkInterval = 1
        return shape
    }

    private func expectFinished(_ world: World, sourceLocation: SourceLocation = #_sourceLocation) {
        world.finish()
        #expect(world.violation == nil, sourceLocation: sourceLocation)
        #expect(world.outcome(of: job) == .finished(failures: []), sourceLocation: sourceLocation)
    }

    @Test("Without faults every segment is rendered once, and chains go on from live state")
    func quiet() {
        let world = World(shape())
        world.begin()
        expectFinished(world)
        #expect(world.renderCount == 60)
        #expect(world.startCounts.live > world.startCounts.loaded)
    }

    @Test("A worker killed after its RESULT and before the COMMIT costs that segment, not the song")
    func killedBeforeCommit() throws {
        let world = World(shape())
        world.begin()
        #expect(world.advance { !$0.workersWithUncommittedResults.isEmpty })
        world.kill(try #require(world.workersWithUncommittedResults.first))
        expectFinished(world)
        #expect(world.renderCount <= 62)
    }

    @Test("A coordinator killed in the middle goes on from what its ledger kept")
    func coordinatorRestart() {
        let world = World(shape())
        world.begin()
        #expect(world.advance { $0.result(of: TaskID(ProgramID(3), 4), in: job) != nil })
        world.killCoordinator()
        expectFinished(world)
        #expect(world.renderCount < 90, "most of the work was recorded")
    }

    @Test("A corrupted window is rendered again and must be the same")
    func corruptedWindow() {
        let world = World(shape())
        world.begin()
        #expect(world.advance { $0.result(of: TaskID(ProgramID(2), 5), in: job) != nil })
        world.corruptOutput(of: TaskID(ProgramID(2), 5), in: job)
        expectFinished(world)
        #expect(world.counts["repeated run"] >= 1)
        #expect(world.counts["dispute"] == 0)
    }

    @Test("When all bytes are lost the chains are run again from frame 0")
    func allBytesLost() {
        let world = World(shape())
        world.begin()
        #expect(world.advance { $0.result(of: TaskID(ProgramID(3), 6), in: job) != nil })
        world.loseAllBytes()
        expectFinished(world)
        #expect(world.counts["repeated run"] >= 6)
    }

    @Test(
        "A poisoned task fails its song after three workers, the other song is delivered",
        arguments: [BrokenTask.reportsFailure, .crashes, .hangs])
    func poisonedTask(_ broken: BrokenTask) throws {
        var shape = shape(workerCount: 3)
        shape.jobs[0].isBroken = [TaskID(ProgramID(1), 3): broken]
        let world = World(shape)
        world.begin()
        world.finish()
        #expect(world.violation == nil)
        guard case .finished(let failures) = try #require(world.outcome(of: job)) else {
            Issue.record("the job did not finish")
            return
        }
        #expect(failures.map(\.task) == [TaskID(ProgramID(1), 3)])
        #expect(failures.map(\.song) == [0])
        #expect(world.counts["counted failure"] == 3)
    }

    @Test(
        "One worker alone is enough to find a task poisoned",
        arguments: [BrokenTask.reportsFailure, .crashes])
    func poisonedTaskOnFarmOfOne(_ broken: BrokenTask) throws {
        var shape = shape(workerCount: 1)
        shape.jobs[0].isBroken = [TaskID(ProgramID(1), 3): broken]
        let world = World(shape)
        world.begin()
        world.finish()
        #expect(world.violation == nil)
        // A crash while the result before it is on the way is blamed on the wrong segment once.
        #expect((3...4).contains(world.counts["counted failure"]))
    }

    @Test(
        "A song rendered before runs nothing, even where unpinned bytes were evicted, but for what is delivered"
    )
    func fullHit() {
        var shape = shape()
        var again = shape.jobs[0]
        again.id = JobID(2)
        again.submittedAt = 4_000
        shape.jobs.append(again)
        let world = World(shape)
        world.begin()
        #expect(world.advance { $0.outcome(of: job) != nil })
        let before = world.renderCount
        world.finish()
        #expect(world.violation == nil)
        #expect(world.outcome(of: JobID(2)) == .finished(failures: []))
        #expect(world.renderCount == before)
    }

    @Test("A song rendered before whose bytes are gone is rendered again with the same digests")
    func hitWithoutBytes() {
        var shape = shape()
        var again = shape.jobs[0]
        again.id = JobID(2)
        again.submittedAt = 4_000
        shape.jobs.append(again)
        let world = World(shape)
        world.begin()
        #expect(world.advance { $0.outcome(of: job) != nil })
        world.evictUnpinned()
        world.finish()
        #expect(world.violation == nil)
        #expect(world.outcome(of: JobID(2)) == .finished(failures: []))
        #expect(world.counts["repeated run"] == 60)
        #expect(world.counts["dispute"] == 0)
    }

    @Test("Scattered, every segment goes to another worker and every snapshot is loaded from bytes")
    func scattered() {
        var shape = shape(workerCount: 3)
        shape.policy.scatters = true
        let world = World(shape)
        world.begin()
        expectFinished(world)
        #expect(world.startCounts.live == 0)
        // Four chains of twelve segments; the first of each starts from nothing.
        #expect(world.startCounts.loaded == 44)
        #expect(world.sameWorkerCount == 0)
    }

    @Test("With every task audited, each is run twice and nothing is disputed")
    func audited() {
        var shape = shape(workerCount: 3)
        shape.policy.auditPercent = 100
        let world = World(shape)
        world.begin()
        expectFinished(world)
        #expect(world.counts["repeated run"] == 60)
        #expect(world.counts["dispute"] == 0)
    }

    @Test(
        "A liar is found out by audits, its work is taken back, and what is delivered is right",
        arguments: UInt64(0)..<40)
    func liar(_ seed: UInt64) {
        var shape = shape(workerCount: 4)
        shape.seed = seed
        shape.policy.auditPercent = 100
        shape.faults.lie = 100
        shape.healedAt = 2_000
        let world = World(shape)
        world.begin()
        expectFinished(world)
        if world.counts["lie"] > 0 { #expect(world.counts["dispute settled"] > 0) }
    }

    @Test("A memory of two windows is enough")
    func twoWindows() {
        var shape = shape(workerCount: 3, segmentCount: 20)
        shape.policy.credit = Credit(results: 1, bytes: 1)
        shape.policy.runAheadSegments = 1
        let world = World(shape)
        world.begin()
        expectFinished(world)
    }
}
