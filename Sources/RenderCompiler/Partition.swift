import RenderPlan

/// Groups units into programs: a bus takes in the one cell that feeds it, where the result is convex.
///
/// A program is convex when no path leaves it and comes back: otherwise it would wait for itself. Merging saves the
/// hand-over of the cell's window; it changes no bit, because a cell's sum is rounded once in either case.
struct Partition {
    /// Units of each program in the order in which they run; programs in topological order.
    private(set) var groups: [[Int]]

    init(_ units: [Unit], order: [Int]) {
        var mergedInto: [Int: Int] = [:]
        groups = Self.sorted(order.map { [$0] }, units) ?? []
        precondition(groups.count == order.count, "the routing has a cycle")
        for bus in order {
            guard let cell = Self.onlyCell(of: bus, units), mergedInto[cell] == nil,
                // A bus that reads ahead would make the cell's other outputs early.
                units[bus].latencyFrames == 0
            else { continue }
            mergedInto[cell] = bus
            let merged = order.filter { mergedInto[$0] == nil }.map { unit in
                order.filter { mergedInto[$0] == unit } + [unit]
            }
            // Two merges that are convex one by one can wait for each other: the whole graph is looked at each time.
            if let sorted = Self.sorted(merged, units) { groups = sorted } else { mergedInto[cell] = nil }
        }
    }

    /// The cell of tracks that `bus` reads, when it is the only one.
    private static func onlyCell(of bus: Int, _ units: [Unit]) -> Int? {
        guard units[bus].strips.count == 1, case .terms(let terms) = units[bus].strips[0].input else { return nil }
        let cells = Set(terms.map(\.unit).filter { isCell(units[$0]) })
        return cells.count == 1 ? cells.first : nil
    }

    private static func isCell(_ unit: Unit) -> Bool {
        unit.strips.contains { if case .clips = $0.input { true } else { false } }
    }

    /// Programs after those they read; nil when one would wait for itself.
    private static func sorted(_ groups: [[Int]], _ units: [Unit]) -> [[Int]]? {
        var placed: Set<Int> = []
        var rest = groups
        var result: [[Int]] = []
        while !rest.isEmpty {
            let next = rest.firstIndex { group in
                group.allSatisfy { unit in
                    units[unit].producers.allSatisfy { placed.contains($0) || group.contains($0) }
                }
            }
            guard let next else { return nil }
            placed.formUnion(rest[next])
            result.append(rest.remove(at: next))
        }
        return result
    }
}
