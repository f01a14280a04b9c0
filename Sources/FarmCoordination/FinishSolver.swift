package import Quantities

/// Finds the gain that brings a mix, behind its limiter, to a loudness target.
///
/// Pure: what earlier passes measured goes in, the next gain or a verdict comes out. Gains lie on a grid of 0.1 dB,
/// so that most edits of a mix keep the gain, and with it the finish of every segment they do not touch.
package struct FinishSolver: Sendable, Equatable {
    /// What one pass of the finish came to.
    package struct Pass: Sendable, Equatable {
        /// The gain in tenths of a decibel.
        package var gainTenths: Int
        /// Integrated loudness behind the limiter; nil where it cannot be measured.
        package var integrated: LUFS?
        /// Deepest gain reduction of the limiter, in decibels, 0 or more.
        package var reductionDecibels: Double

        package init(gainTenths: Int, integrated: LUFS?, reductionDecibels: Double) {
            self.gainTenths = gainTenths
            self.integrated = integrated
            self.reductionDecibels = reductionDecibels
        }
    }

    package enum Step: Sendable, Equatable {
        /// Run a pass with this gain, in tenths of a decibel.
        case run(gainTenths: Int)
        /// Deliver this pass (an index into `passes`).
        case deliver(pass: Int)
        /// The target cannot be met; the reason is for the report.
        case fail(reason: String)
    }

    package static let maximumPassCount = 4
    /// Largest distance from the target that is delivered, in LU.
    package static let toleranceLoudnessUnits = 0.1
    /// Half a step of the grid: no other grid gain can be nearer.
    private static let halfStep = 0.05

    private let target: LUFS
    private let mix: LUFS?
    private let maximumLimiting: Decibels
    package private(set) var passes: [Pass] = []

    /// - Parameters:
    ///   - mix: Integrated loudness of the mix (of all mixes, pooled, for an album); nil: not measurable.
    ///   - maximumLimiting: Gain reduction past which the result is not delivered.
    package init(target: LUFS, mix: LUFS?, maximumLimiting: Decibels) {
        self.target = target
        self.mix = mix
        self.maximumLimiting = maximumLimiting
    }

    /// Adds the measurement of the pass that `next` asked for.
    package mutating func add(_ pass: Pass) {
        precondition(passes.count < Self.maximumPassCount, "more passes than the solver asked for")
        passes.append(pass)
    }

    package var next: Step {
        guard let mix else {
            return .fail(
                reason: "the loudness cannot be measured: the mix is silent or shorter than 400 ms."
                    + " Remove the target, or check that the tracks are heard.")
        }
        guard let last = passes.last else { return .run(gainTenths: tenths(target.value - mix.value)) }
        guard let reached = last.integrated else {
            return .fail(reason: "the loudness behind the limiter cannot be measured.")
        }
        let missing = target.value - reached.value
        if missing.magnitude <= Self.halfStep || passes.count == Self.maximumPassCount { return verdict }
        let gain = last.gainTenths + step(missing)
        // A gain that was tried already: the grid has no better one.
        return passes.contains { $0.gainTenths == gain } ? verdict : .run(gainTenths: gain)
    }

    /// The next step on the grid. Behind a limiter a decibel of gain is less than one of loudness: the two last
    /// passes say how much less.
    private func step(_ missing: Double) -> Int {
        var slope = 1.0
        if passes.count >= 2, let a = passes[passes.count - 2].integrated,
            let b = passes[passes.count - 1].integrated
        {
            let moved = Double(passes[passes.count - 1].gainTenths - passes[passes.count - 2].gainTenths) / 10
            slope = min(1, max(0.2, (b.value - a.value) / moved))
        }
        let step = tenths(missing / slope)
        return step == 0 ? (missing > 0 ? 1 : -1) : step
    }

    private var verdict: Step {
        let errors = passes.map { pass in
            pass.integrated.map { (target.value - $0.value).magnitude } ?? .infinity
        }
        guard let best = errors.indices.min(by: { (errors[$0], $0) < (errors[$1], $1) }) else {
            return .fail(reason: "no pass was run")
        }
        let pass = passes[best]
        let limit = maximumLimiting.value
        if pass.reductionDecibels > limit {
            return .fail(
                reason: "\(target) needs \(oneDecimal(pass.reductionDecibels)) dB of limiting;"
                    + " max-limiting is \(oneDecimal(limit)) dB. Lower the target, raise max-limiting,"
                    + " or control the peaks in the mix.")
        }
        guard errors[best] <= Self.toleranceLoudnessUnits else {
            let reached = pass.integrated.map(\.description) ?? "nothing measurable"
            return .fail(
                reason: "\(target) is not reached within 0.1 LU: \(passes.count) passes came to \(reached)"
                    + " at \(oneDecimal(Double(pass.gainTenths) / 10)) dB."
                    + " Lower the target, or control the peaks in the mix.")
        }
        return .deliver(pass: best)
    }

    /// Half away from zero. Truncation is an instruction; `rounded()` would be a call to libm.
    private func tenths(_ decibels: Double) -> Int { Int(decibels * 10 + (decibels < 0 ? -0.5 : 0.5)) }
}
