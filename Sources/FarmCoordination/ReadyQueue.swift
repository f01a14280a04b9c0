/// A task that may start a run, with its place in its job's order of grants: what the longest chain waits for goes
/// first, older segments before younger ones, producers before consumers.
struct ReadyEntry: Comparable {
    /// Cost of the longest chain of tasks that wait for this one, as far as is known.
    let tail: Int32
    let segment: Int
    /// Topological rank: programs only read programs before them.
    let program: Int

    static func < (a: ReadyEntry, b: ReadyEntry) -> Bool {
        (b.tail, a.segment, a.program) < (a.tail, b.segment, b.program)
    }
}

/// A binary heap of ready tasks.
///
/// Entries may have become stale: whoever takes one checks it.
struct ReadyQueue {
    private var heap: [ReadyEntry] = []

    var first: ReadyEntry? { heap.first }
    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }
    /// In no order.
    var entries: [ReadyEntry] { heap }

    mutating func insert(_ entry: ReadyEntry) {
        heap.append(entry)
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard heap[child] < heap[parent] else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> ReadyEntry? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in (2 * parent + 1)..<(2 * parent + 3)
            where child < heap.count && heap[child] < heap[smallest] { smallest = child }
            guard smallest != parent else { return first }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }

    mutating func removeAll() { heap.removeAll() }
}
