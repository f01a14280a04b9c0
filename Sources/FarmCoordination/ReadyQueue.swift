/// A task that may start a run, with its place in the order of grants.
struct ReadyEntry: Comparable {
    let priority: Int
    /// Slot of its job; a smaller one was submitted earlier.
    let job: Int
    let segment: Int
    /// Topological rank: programs only read programs before them.
    let program: Int

    static func < (a: ReadyEntry, b: ReadyEntry) -> Bool {
        (a.priority, a.job, a.segment, a.program) < (b.priority, b.job, b.segment, b.program)
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
