/// A queue of things to come, ordered by (time, order of scheduling).
struct EventQueue<Event> {
    private var heap: [(at: UInt64, order: UInt64, event: Event)] = []
    private var orderCounter: UInt64 = 0

    var count: Int { heap.count }

    mutating func schedule(_ event: Event, at time: UInt64) {
        orderCounter += 1
        heap.append((time, orderCounter, event))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { break }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func next() -> (at: UInt64, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return (first.at, first.event) }
        heap[0] = last
        var parent = 0
        while true {
            var smallest = parent
            for child in (2 * parent + 1)..<(2 * parent + 3)
            where child < heap.count && precedes(child, smallest) { smallest = child }
            guard smallest != parent else { return (first.at, first.event) }
            heap.swapAt(parent, smallest)
            parent = smallest
        }
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        (heap[a].at, heap[a].order) < (heap[b].at, heap[b].order)
    }
}
