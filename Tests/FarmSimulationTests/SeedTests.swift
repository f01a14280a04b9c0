import FarmSimulation
import Testing

/// Worlds drawn by seed: faults in the safety phase, none in the liveness phase, checkers in both.
@Suite struct SeedTests {
    @Test("3,200 worlds keep every promise, and every kind of fault happened in some of them")
    func worlds() {
        var counts = FaultCounts()
        for seed in UInt64(0)..<3_200 {
            let world = World(.drawn(seed: seed))
            world.run()
            counts.add(world.counts)
            if let violation = world.violation {
                // One failure with its trace is enough to go on.
                return report(seed, violation)
            }
            // Determinism itself: one seed in twenty is run twice.
            guard seed % 20 == 0 else { continue }
            let again = World(.drawn(seed: seed))
            again.run()
            #expect(again.traceHash == world.traceHash, "seed \(seed) is not the same world twice")
            #expect(again.stepCount == world.stepCount)
        }
        for fault in expectedFaults { #expect(counts[fault] > 0, "no world knew: \(fault)") }
    }

    @Test("A planted bug is seen within a hundred worlds", arguments: Mutation.allCases)
    func plantedBug(_ mutation: Mutation) {
        let isSeen = (UInt64(0)..<100).contains { seed in
            var shape = WorldShape.drawn(seed: seed)
            shape.mutation = mutation
            let world = World(shape)
            world.run()
            return world.violation != nil
        }
        #expect(isSeen)
    }

    private func report(_ seed: UInt64, _ violation: String) {
        var shape = WorldShape.drawn(seed: seed)
        shape.isTracing = true
        let world = World(shape)
        world.run()
        let trace = world.trace.suffix(60).map { String($0.prefix(400)) }.joined(separator: "\n")
        Issue.record("seed \(seed): \(violation)\n\(trace)")
    }

    private let expectedFaults = [
        "message lost", "message doubled", "message overtaken", "message into a partition", "worker killed",
        "worker killed between result and commit", "worker crashed by itself", "worker frozen", "render hung",
        "worker told to leave", "worker cut off", "coordinator crash", "lost ledger records", "blob lost",
        "blob corrupted", "blob evicted", "result corrupted on the way", "forged under a stale lease",
        "forged under another's lease", "lie", "poisoned task reports", "poisoned task crashes",
        "poisoned task hangs", "job cancelled", "job extended", "unreadable input", "undeliverable window",
        "dispute", "dispute settled", "delivery taken back", "ledger hit", "repeated run", "song failed",
        "foreign result refused", "counted failure", "forgiven failure", "worker left: drained",
        "worker left: hung", "worker left: terminated",
    ]
}
