import FarmCoordination
import Quantities
import Testing

@Suite struct FinishSolverTests {
    private func solver(target: Double = -14, mix: Double?, maximumLimiting: Double = 6) -> FinishSolver {
        FinishSolver(
            target: LUFS(target), mix: mix.map { LUFS($0) }, maximumLimiting: Decibels(maximumLimiting))
    }

    /// Runs a solver against a limiter that behaves as `response` says: loudness and reduction for a gain in dB.
    private func solve(
        _ solver: FinishSolver, _ response: (Double) -> (loudness: Double?, reduction: Double)
    ) -> (step: FinishSolver.Step, passes: [FinishSolver.Pass]) {
        var solver = solver
        while case .run(let tenths) = solver.next {
            let (loudness, reduction) = response(Double(tenths) / 10)
            solver.add(
                FinishSolver.Pass(
                    gainTenths: tenths, integrated: loudness.map { LUFS($0) }, reductionDecibels: reduction))
        }
        return (solver.next, solver.passes)
    }

    @Test(arguments: [-60.0, -23.04, -23.06, -18.2, -14, -9.97, -5])
    func `without limiting the first gain is the nearest on the grid`(mix: Double) {
        let (step, passes) = solve(solver(mix: mix)) { (mix + $0, 0) }
        #expect(step == .deliver(pass: 0))
        #expect(passes.count == 1)
        #expect(abs(mix + Double(passes[0].gainTenths) / 10 + 14) <= 0.05 + 1e-9)
    }

    @Test(arguments: [0.9, 0.7, 0.5, 0.35])
    func `behind a limiter at most four passes come within a tenth of a unit`(slope: Double) {
        // Above 4 dB of gain a decibel brings `slope` of loudness.
        let (step, passes) = solve(solver(mix: -22)) { gain in
            (-22 + min(gain, 4) + max(0, gain - 4) * slope, max(0, gain - 4) * 0.5)
        }
        #expect(passes.count <= FinishSolver.maximumPassCount)
        guard case .deliver(let pass) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(abs((passes[pass].integrated?.value ?? 0) + 14) <= 0.1)
        #expect(Set(passes.map(\.gainTenths)).count == passes.count, "no gain is tried twice")
    }

    @Test func `the nearest pass is delivered, not the last one`() {
        // Rises in a stair, so that the target lies between two gains of the grid.
        let (step, passes) = solve(solver(mix: -14.02)) { gain in (gain >= 0.1 ? -13.91 : -14.08, 0) }
        guard case .deliver(let pass) = step else {
            Issue.record("\(step)")
            return
        }
        let errors = passes.map { abs(($0.integrated?.value ?? 0) + 14) }
        #expect(errors[pass] == errors.min())
        #expect(passes.count >= 2)
    }

    @Test func `what cannot be measured fails before any pass, or behind the limiter`() {
        guard case .fail(let reason) = solver(mix: nil).next else {
            Issue.record("a silent mix has no gain")
            return
        }
        #expect(reason.contains("cannot be measured"))
        let (step, passes) = solve(solver(mix: -20)) { _ in (nil, 0) }
        guard case .fail(let second) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(second.contains("cannot be measured"))
        #expect(passes.count == 1)
    }

    @Test func `more limiting than is allowed fails and says how much it takes`() {
        let response = { (gain: Double) in (loudness: Optional(-20 + gain), reduction: 6.4) }
        let (step, _) = solve(solver(mix: -20), response)
        guard case .fail(let reason) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(
            reason.contains("6.4 dB of limiting") && reason.contains("max-limiting is 6.0 dB"), "\(reason)")
        #expect(solve(solver(mix: -20, maximumLimiting: 6.4), response).step == .deliver(pass: 0))
    }

    @Test func `a target beyond reach fails after four passes and says how near it came`() {
        let (step, passes) = solve(solver(mix: -20)) { gain in (min(-20 + gain, -15.5), 3) }
        guard case .fail(let reason) = step else {
            Issue.record("\(step)")
            return
        }
        #expect(passes.count == 4)
        #expect(reason.contains("-15.5 LUFS") && reason.contains("not reached"), "\(reason)")
    }

    @Test func `whatever the limiter does, it ends, and never says what is not so`() {
        var state: UInt64 = 3
        let next = {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / Double(1 << 24)
        }
        for _ in 0..<2000 {
            let (step, passes) = solve(solver(target: -30 + 20 * next(), mix: -50 + 40 * next())) { _ in
                (next() < 0.05 ? nil : -50 + 45 * next(), 8 * next())
            }
            #expect((1...4).contains(passes.count))
            if case .deliver(let pass) = step { #expect(passes[pass].reductionDecibels <= 6) }
        }
    }
}
