import RenderPlan
import Testing

/// Every sequence of events of a small world, not a sample of them.
@Suite struct EnumerationTests {
    private struct Tally {
        var endCount = 0
        var problem: String?
    }

    @Test(
        "Two workers, two segments: whatever comes in which order, the job ends with the right windows",
        arguments: [
            [chain(2, delivered: true)],
            [shape(.windowed, 2), chain(2, reads: 0, delivered: true)],
        ])
    func everyOrder(_ shapes: [ProgramShape]) {
        var tally = Tally()
        explore(SmallWorld(shapes), depth: 7, path: [], &tally)
        #expect(tally.problem == nil)
        #expect(tally.endCount > 10_000)
    }

    @Test("From a running world, every order of the next seven events ends well")
    func everyOrderFromTheMiddle() {
        var world = SmallWorld([chain(2), chain(2, reads: 0, delivered: true)])
        // Both are welcome, and the first renders.
        for choice in [
            SmallWorld.Choice.deliverFromFirst, .deliverFromSecond, .deliverToFirst, .deliverToSecond,
            .deliverToFirst, .deliverToSecond, .renderFirst, .renderSecond,
        ] where world.allows(choice) { world.happen(choice) }
        var tally = Tally()
        explore(world, depth: 7, path: [], &tally)
        #expect(tally.problem == nil)
        #expect(tally.endCount > 10_000)
    }

    @Test("Paused and resumed at any moment, a running job loses nothing")
    func everyPause() {
        var world = SmallWorld([chain(2), chain(2, reads: 0, delivered: true)], allowsPauses: true)
        for choice in [
            SmallWorld.Choice.deliverFromFirst, .deliverFromSecond, .deliverToFirst, .deliverToSecond,
            .deliverToFirst, .deliverToSecond,
        ] where world.allows(choice) { world.happen(choice) }
        var tally = Tally()
        explore(world, depth: 6, path: [], &tally)
        #expect(tally.problem == nil)
        #expect(tally.endCount > 2_000)
    }

    private func explore(_ world: SmallWorld, depth: Int, path: [SmallWorld.Choice], _ tally: inout Tally) {
        guard tally.problem == nil else { return }
        let choices = SmallWorld.Choice.allCases.filter { world.allows($0) }
        guard depth > 0, !choices.isEmpty else {
            var last = world
            last.runOut()
            tally.endCount += 1
            if let problem = last.problem { tally.problem = "\(path): \(problem)" }
            return
        }
        for choice in choices {
            var next = world
            next.happen(choice)
            explore(next, depth: depth - 1, path: path + [choice], &tally)
        }
    }
}
