import FarmCoordination
import FarmProtocol
import FarmSimulation
import RenderPlan
import TestSupport
import Testing

/// How near a farm comes to what the shape of its work allows.
@Suite struct ScalingTests {
    @Test("200 workers come within 5 % of the bound on albums of 1, 12 and 50 songs", arguments: [1, 12, 50])
    func albums(_ songCount: Int) {
        let id = JobID(1)
        let shapes = SyntheticAlbum.shapes(songCount: songCount, seed: 5)
        var shape = WorldShape(seed: 3, jobs: [SimulatedJob(id: id, song: 9, shapes: shapes)])
        shape.workerCount = 200
        shape.policy = Policy()
        shape.workerPolicy = WorkerPolicy()
        shape.ticksPerCost = 100
        shape.livenessTicks = 10_000_000
        shape.checkInterval = .max
        shape.checksEveryLease = false
        let world = World(shape)
        world.run()
        #expect(world.violation == nil)
        let bound = MakespanBound(shapes, workerCount: 200)
        let seconds = Double(world.endedAt(id) ?? .max) / 1_000
        let boundSeconds = bound.bound / 10
        print(
            "album of \(songCount): work \(bound.work / 10) s, longest chain \(bound.longestChain / 10) s,",
            "bound on 200 workers \(boundSeconds) s, reached \(seconds) s, \(boundSeconds / seconds)")
        let fact = Fact(
            "Farm", "bound set by chains and work / time reached, 200 simulated workers, album of \(songCount)",
            boundSeconds / seconds, .atLeast(0.95), unit: "")
        #expect(fact.holds, "\(fact)")
    }
}
