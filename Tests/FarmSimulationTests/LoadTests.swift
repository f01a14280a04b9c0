import FarmCoordination
import FarmProtocol
import FarmSimulation
import RenderPlan
import Testing

/// Large jobs: what matters is that a step's cost does not grow with the job.
@Suite struct LoadTests {
    /// Layers of chained and windowed programs, each reading two of the layer before, like cells, buses and a
    /// master; and a windowed meter on each bus.
    private func song(programCount: Int, segmentCount: Int) -> [ProgramShape] {
        (0..<programCount).map { program in
            let producers = program < 16 ? [] : [program - 16, program - 11]
            let dependencies = (0..<segmentCount).map { segment in
                producers.map { TaskID(ProgramID($0), segment) }
            }
            return ProgramShape(
                kind: program % 3 == 2 ? .windowed : .chained, segmentCount: segmentCount,
                dependencies: dependencies, isDelivered: program >= programCount - 4)
        }
    }

    @Test(
        "An hour of 60 programs on 8 workers, and 100,000 tasks on 1,000",
        arguments: [(60, 360, 8), (1_000, 100, 1_000)])
    func load(_ programCount: Int, _ segmentCount: Int, _ workerCount: Int) {
        let id = JobID(1)
        var shape = WorldShape(
            seed: 3,
            jobs: [
                SimulatedJob(
                    id: id, song: 9, shapes: song(programCount: programCount, segmentCount: segmentCount))
            ])
        shape.workerCount = workerCount
        shape.policy.credit = Credit(results: 8, bytes: 1 << 20)
        shape.livenessTicks = 10_000_000
        shape.checkInterval = .max
        shape.checksEveryLease = false
        let world = World(shape)
        let took = ContinuousClock().measure { world.run() }
        print("\(programCount * segmentCount) tasks on \(workerCount) workers: \(took), \(world.stepCount) steps")
        #expect(world.violation == nil)
        #expect(world.outcome(of: id) == .finished(failures: []))
        #expect(world.renderCount == programCount * segmentCount)
    }
}
