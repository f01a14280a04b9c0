package import RenderPlan
import SignalProcessing

/// The order in which the stages of up to four strips run as columns: every strip meets its own in order, and as few
/// columns as can be hold all that may share one, unless the chains are very long.
///
/// A shortest common supersequence of the strips' chains (D. Maier, "The Complexity of Some Problems on Subsequences
/// and Supersequences", JACM 25, 1978), found by trying every state of the chains once. It changes speed, never a bit,
/// and the layout of snapshots, which belongs to `Program.kernelVersion`.
package struct LaneAlignment {
    private let strips: [Strip]
    private let classes: [[StepClass]]
    /// Distance of a strip's neighbouring states in the number of a state.
    private let strides: [Int]
    /// Fewest columns from a state on, by its number; nil where there are too many states to try.
    private var fewest: [Int: Int]?

    /// Strips with longer chains take the column that most of them wait for.
    private static let stateLimit = 5_000
    private static let stageLimit = 256

    private init(_ strips: [Strip]) {
        self.strips = strips
        classes = strips.enumerated().map { index, strip in strip.stages.map { StepClass($0, strip: index) } }
        var strides: [Int] = []
        var count = 1
        for chain in classes {
            strides.append(count)
            count = count > Self.stateLimit ? count : count * (chain.count + 1)
        }
        self.strides = strides
        fewest = count > Self.stateLimit || classes.joined().count > Self.stageLimit ? nil : [:]
    }

    static func columns(of strips: [Strip]) -> [LaneStep.Column] {
        var alignment = LaneAlignment(strips)
        return alignment.columns()
    }

    /// Which stage of each strip every column runs, by the strip's number.
    package static func order(of strips: [Strip]) -> [[Int: Int]] {
        columns(of: strips).map { column in
            column.stageIndices.enumerated().reduce(into: [:]) { stages, lane in stages[lane.offset] = lane.element }
        }
    }

    private mutating func columns() -> [LaneStep.Column] {
        var columns: [LaneStep.Column] = []
        var next = [Int](repeating: 0, count: strips.count)
        while true {
            // What serves one strip alone waits for nobody.
            for strip in strips.indices {
                while let own = waiting(strip, next), own.owner != nil {
                    columns.append(column([strip], next))
                    next[strip] += 1
                }
            }
            guard let chosen = bestClass(next) else { return columns }
            let members = strips.indices.filter { waiting($0, next) == chosen }
            columns.append(column(members, next))
            for strip in members { next[strip] += 1 }
        }
    }

    private func waiting(_ strip: Int, _ next: [Int]) -> StepClass? {
        next[strip] < classes[strip].count ? classes[strip][next[strip]] : nil
    }

    /// The class that leaves the fewest columns to come; of several the one that most strips wait for, and of those
    /// the first strip's. nil where nothing that is shared is left.
    private mutating func bestClass(_ next: [Int]) -> StepClass? {
        var best: (kind: StepClass, left: Int, count: Int)?
        for strip in strips.indices {
            guard let candidate = waiting(strip, next), candidate.owner == nil, candidate != best?.kind else {
                continue
            }
            let count = strips.indices.count { waiting($0, next) == candidate }
            let left = columnsLeft(after(candidate, next))
            if best.map({ left < $0.left || left == $0.left && count > $0.count }) ?? true {
                best = (candidate, left, count)
            }
        }
        return best?.kind
    }

    private func after(_ taken: StepClass, _ next: [Int]) -> [Int] {
        strips.indices.map { waiting($0, next) == taken ? next[$0] + 1 : next[$0] }
    }

    private mutating func columnsLeft(_ state: [Int]) -> Int {
        guard fewest != nil else { return 0 }
        var next = state
        for strip in strips.indices {
            while let own = waiting(strip, next), own.owner != nil { next[strip] += 1 }
        }
        let number = zip(next, strides).reduce(0) { $0 + $1.0 * $1.1 }
        if let known = fewest?[number] { return known }
        var least: Int?
        for strip in strips.indices {
            guard let candidate = waiting(strip, next) else { continue }
            let count = 1 + columnsLeft(after(candidate, next))
            least = min(least ?? count, count)
        }
        fewest?[number] = least ?? 0
        return least ?? 0
    }

    private func column(_ members: [Int], _ next: [Int]) -> LaneStep.Column {
        var column = LaneStep.Column(
            lanes: Array(repeating: nil, count: 4), stageIndices: Array(repeating: nil, count: 4),
            aheadFrames: Array(repeating: 0, count: 4))
        for strip in members {
            column.lanes[strip] = strips[strip].stages[next[strip]]
            column.stageIndices[strip] = next[strip]
            column.aheadFrames[strip] = strips[strip].stages[next[strip]...].reduce(0) { $0 + $1.latencyFrames }
        }
        return column
    }

    /// Stages that may run as one step: same kind and version, no side-chain and nothing of a single strip's.
    private struct StepClass: Equatable {
        let kind: UInt8
        let version: UInt32
        /// Set where a step serves this strip alone.
        let owner: Int?

        init(_ stage: Stage, strip: Int) {
            kind = stage.kind
            version = stage.version
            switch ProcessorKind(rawValue: stage.kind)?.processor {
            case .lanes: owner = stage.keyPort == nil ? nil : strip
            case .stereo, nil: owner = strip
            }
        }
    }
}
