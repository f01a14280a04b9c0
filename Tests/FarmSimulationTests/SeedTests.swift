import FarmSimulation
import Foundation
import Testing

@Suite struct SeedTests {
    @Test func seeds() {
        let env = ProcessInfo.processInfo.environment
        let from = UInt64(env["FROM"] ?? "0")!, to = UInt64(env["TO"] ?? "1000")!
        var counts = FaultCounts()
        var steps = 0
        var failed = 0
        for seed in from..<to {
            FileHandle.standardError.write("\(seed)\n".data(using: .utf8)!)
            var shape = WorldShape.drawn(seed: seed)
            if env["TRACE"] != nil { shape.isTracing = true }
            if let m = env["MUT"] { shape.mutation = Mutation.allCases[Int(m)!] }
            let world = World(shape)
            world.run()
            counts.add(world.counts)
            steps += world.stepCount
            guard let violation = world.violation else { continue }
            failed += 1
            if failed < 6 { print("seed \(seed): \(violation)") }
            if env["TRACE"] != nil { for l in world.trace.suffix(300000) { print(String(l.prefix(900))) } }
        }
        print("failed \(failed) steps \(steps)\n\(counts.description)")
    }
}
