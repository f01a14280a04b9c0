import FarmSimulation
import Foundation
import Testing

/// Worlds drawn by seed: faults in the safety phase, none in the liveness phase, checkers in both.
@Suite struct SeedTests {
    /// `LATHE_SEEDS=FROM..TO` runs other seeds than the suite's: for long runs.
    private static var seeds: Range<UInt64> {
        guard let text = ProcessInfo.processInfo.environment["LATHE_SEEDS"] else { return 0..<5_000 }
        let bounds = text.components(separatedBy: "..").compactMap { UInt64($0) }
        precondition(bounds.count == 2 && bounds[0] <= bounds[1], "LATHE_SEEDS is FROM..TO, not \(text)")
        return bounds[0]..<bounds[1]
    }

    @Test("5,000 worlds keep every promise, and every kind of fault happened in some of them")
    func worlds() {
        var counts = FaultCounts()
        for seed in Self.seeds {
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
        if Self.seeds.count > 5_000 { print("seeds \(Self.seeds): \(counts.description)") }
        guard Self.seeds.count >= 5_000 else { return }
        for fault in expectedFaults { #expect(counts[fault] > 0, "no world knew: \(fault)") }
    }

    @Test("A planted bug is seen within 300 worlds, and by the checker that is meant to", arguments: Mutation.allCases)
    func plantedBug(_ mutation: Mutation) {
        for seed in UInt64(0)..<300 {
            var shape = WorldShape.drawn(seed: seed)
            shape.mutation = mutation
            let world = World(shape)
            world.run()
            let violation = world.violation ?? ""
            if mutation.telltales.contains(where: { violation.contains($0) }) { return }
        }
        Issue.record("nobody saw \(mutation)")
    }

    private func report(_ seed: UInt64, _ violation: String) {
        var shape = WorldShape.drawn(seed: seed)
        shape.isTracing = true
        let world = World(shape)
        world.run()
        if let path = ProcessInfo.processInfo.environment["LATHE_TRACE"] {
            try? world.trace.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
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
        "worker left: hung", "worker left: terminated", "job paused", "job reprioritised",
        "worker drained by an operator", "worker quarantined by an operator", "key revoked", "worker slow",
        "worker flaps", "flapping worker rests", "store's space changed", "second run of a slow segment",
        "fault point slowLookUp", "fault point slowSync", "fault point slowVerification", "fault point slowWriter",
        "fault point doubledAnswer", "fault point doubledConsumption", "fault point doubledSubmission",
        "fault point doubledOrder", "fault point falseLinkLoss", "fault point extraTimer", "fault point slowStart",
    ]
}

extension Mutation {
    /// Words of the complaints that the bug is meant to provoke.
    fileprivate var telltales: [String] {
        switch self {
        case .lateResultsAreCommitted: ["never computed it", "wrong key", "wrong result", "two results", "alarm"]
        case .foreignResultsAreAccepted: ["never computed it", "wrong result", "two results", "alarm"]
        case .leasesNeverExpire: ["not every job ended"]
        case .keysAreNotShared: ["at once"]
        case .pausesLoseResults: ["thrown away"]
        }
    }
}
