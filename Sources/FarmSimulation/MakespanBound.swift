package import RenderPlan

/// What no order of work can beat: the time that a graph of segment tasks takes on so many workers at least.
///
/// After Fernandez and Bussell, "Bounds on the number of processors and time for multiprocessor optimal schedules"
/// (1973): whatever starts no earlier than a head of length r, and is followed by a tail of length h, has to fit
/// between. With r = h = 0 that is the whole work shared evenly; with one task at the end of the longest chain it is
/// that chain; between them it is the number of chains that can run at all while heads and tails last.
package struct MakespanBound: Sendable {
    /// All in units of cost.
    package let work: Int
    package let longestChain: Int
    package let bound: Double

    package init(_ shapes: [ProgramShape], workerCount: Int) {
        var bases: [Int] = []
        var costs: [Int] = []
        var inputs: [[Int]] = []
        for shape in shapes {
            let base = costs.count
            bases.append(base)
            for segment in 0..<shape.segmentCount {
                costs.append(shape.costPerSegment)
                var own = shape.dependencies[segment].map { bases[$0.program.rawValue] + $0.segment }
                if shape.kind == .chained, segment > 0 { own.append(base + segment - 1) }
                inputs.append(own)
            }
        }
        // Programs only read earlier ones, so the order of the tasks is one in which inputs come first.
        var heads = [Int](repeating: 0, count: costs.count)
        for task in costs.indices { heads[task] = inputs[task].map { heads[$0] + costs[$0] }.max() ?? 0 }
        var tails = [Int](repeating: 0, count: costs.count)
        for task in costs.indices.reversed() {
            for input in inputs[task] { tails[input] = max(tails[input], tails[task] + costs[task]) }
        }
        work = costs.reduce(0, +)
        longestChain = costs.indices.map { heads[$0] + costs[$0] + tails[$0] }.max() ?? 0
        var best = Double(longestChain)
        for head in Self.steps(heads) {
            let late = costs.indices.filter { heads[$0] >= head }.sorted { tails[$0] > tails[$1] }
            var sum = 0
            for task in late {
                sum += costs[task]
                best = max(best, Double(head + tails[task]) + Double(sum) / Double(workerCount))
            }
        }
        bound = best
    }

    /// Some of the values, from the least on: a bound from fewer is still a bound.
    private static func steps(_ values: [Int]) -> [Int] {
        let sorted = Set(values).sorted()
        let stride = max(1, sorted.count / 48)
        return sorted.indices.filter { $0 % stride == 0 }.map { sorted[$0] }
    }
}
