import RenderPlan

/// Groups units into programs: a bus takes in the one cell that feeds it, where the result is convex.
///
/// A program is convex when no path leaves it and comes back: otherwise it would wait for itself. Merging saves the
/// hand-over of the cell's window; it changes no bit, because a cell's sum is rounded once in either case.
struct Partition {
    /// Units of each program in the order in which they run; programs in topological order.
    private(set) var groups: [[Int]]

    /// - Parameters:
    ///   - order: the units to render, each after those it reads.
    ///   - mergesCells: false makes every unit a program.
    init(_ units: [Unit], order: [Int], mergesCells: Bool) {
        var graph = Precedence(units.map(\.producers))
        // The unit whose number each unit's program goes by.
        var leader = Array(units.indices)
        for bus in order where mergesCells {
            guard let cell = Self.onlyCell(of: bus, units), leader[cell] == cell,
                !units[bus].standsAlone, !units[cell].standsAlone,
                // A bus that reads ahead would make the cell's other outputs early.
                units[bus].latencyFrames == 0, !graph.hasDetour(from: cell, to: bus)
            else { continue }
            leader[cell] = bus
            graph.merge(cell, into: bus)
        }
        var members = [[Int]](repeating: [], count: units.count)
        for unit in order { members[leader[unit]].append(unit) }
        guard let sorted = graph.order() else { preconditionFailure("the routing has a cycle") }
        groups = sorted.compactMap { members[$0].isEmpty ? nil : members[$0] }
    }

    /// The cell of tracks that `bus` reads, when it is the only one.
    private static func onlyCell(of bus: Int, _ units: [Unit]) -> Int? {
        guard units[bus].strips.count == 1, case .terms(let terms) = units[bus].strips[0].input else {
            return nil
        }
        // Its other cells count though they be mute: who is merged must not depend on who is heard.
        return terms.map(\.unit).first { units[$0].isOnlyCell }
    }
}

/// Who reads whom: a graph of numbered vertices with edges from producers to consumers.
struct Precedence {
    private var producers: [Set<Int>]
    private var consumers: [Set<Int>]
    private var isGone: [Bool]

    init(_ producers: [[Int]]) {
        self.producers = producers.map(Set.init)
        consumers = Array(repeating: [], count: producers.count)
        isGone = producers.map { _ in false }
        for (vertex, before) in producers.enumerated() {
            for other in before { consumers[other].insert(vertex) }
        }
    }

    /// Vertices so that each comes after those it reads, the smallest number first where there is a choice; nil
    /// where there is a cycle.
    func order() -> [Int]? {
        var waiting = producers.map(\.count)
        // In descending order: the smallest is the last.
        var ready: [Int] = []
        func makeReady(_ vertex: Int) {
            var (low, high) = (0, ready.count)
            while low < high {
                let middle = (low + high) / 2
                if ready[middle] > vertex { low = middle + 1 } else { high = middle }
            }
            ready.insert(vertex, at: low)
        }
        for vertex in producers.indices where waiting[vertex] == 0 && !isGone[vertex] { makeReady(vertex) }
        var order: [Int] = []
        while let vertex = ready.popLast() {
            order.append(vertex)
            // The set's own order does not matter: `ready` is sorted.
            for consumer in consumers[vertex] {
                waiting[consumer] -= 1
                if waiting[consumer] == 0 { makeReady(consumer) }
            }
        }
        return order.count == isGone.count { !$0 } ? order : nil
    }

    /// Whether a path leads from `producer` to `consumer` besides the edge between them: merging the two would
    /// then close a cycle.
    func hasDetour(from producer: Int, to consumer: Int) -> Bool {
        var isSeen = [Bool](repeating: false, count: producers.count)
        var open = producers[consumer].filter { $0 != producer }
        while let vertex = open.popFirst() {
            if vertex == producer { return true }
            if isSeen[vertex] { continue }
            isSeen[vertex] = true
            open.formUnion(producers[vertex])
        }
        return false
    }

    /// Makes one vertex of two: `vertex` goes, what it reads and who reads it stay with `other`.
    mutating func merge(_ vertex: Int, into other: Int) {
        for before in producers[vertex] {
            consumers[before].remove(vertex)
            consumers[before].insert(other)
            producers[other].insert(before)
        }
        for after in consumers[vertex] {
            producers[after].remove(vertex)
            guard after != other else { continue }
            producers[after].insert(other)
            consumers[other].insert(after)
        }
        producers[vertex] = []
        consumers[vertex] = []
        isGone[vertex] = true
    }
}
