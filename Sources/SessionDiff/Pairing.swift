/// Which elements of two lists belong together.
///
/// Everything here gives the same answer with the lists exchanged: a diff and its reverse say the same.
struct Pairing {
    /// In the order of the first list; each index at most once on either side.
    private(set) var pairs: [(a: Int, b: Int)] = []
    private(set) var fromA: [Int?]
    private(set) var fromB: [Int?]

    init(_ countA: Int, _ countB: Int) {
        fromA = Array(repeating: nil, count: countA)
        fromB = Array(repeating: nil, count: countB)
    }

    /// Whether both lists are one list in one order.
    var isIdentity: Bool { fromA.count == fromB.count && fromA.enumerated().allSatisfy { $0 == $1 } }
    var onlyA: [Int] { fromA.indices.filter { fromA[$0] == nil } }
    var onlyB: [Int] { fromB.indices.filter { fromB[$0] == nil } }

    /// - Precondition: both are free.
    mutating func pair(_ a: Int, _ b: Int) {
        precondition(fromA[a] == nil && fromB[b] == nil, "an element has two counterparts")
        fromA[a] = b
        fromB[b] = a
    }

    /// Call after the last `pair`.
    mutating func finish() {
        pairs = fromA.enumerated().compactMap { a, b in b.map { (a, $0) } }
    }

    /// Pairs what is equal by key, in order, as far as both lists have it.
    ///
    /// - Parameters:
    ///   - keysA: nil for an element that is not to be paired.
    ///   - keysB: likewise.
    mutating func pairEqual<Key: Hashable>(_ keysA: [Key?], _ keysB: [Key?]) {
        var waiting: [Key: [Int]] = [:]
        for b in onlyB.reversed() { if let key = keysB[b] { waiting[key, default: []].append(b) } }
        for a in onlyA {
            guard let key = keysA[a], let b = waiting[key]?.popLast() else { continue }
            pair(a, b)
        }
    }

    /// Pairs the free elements greedily, the best score first, then the least distance.
    ///
    /// - Parameters:
    ///   - score: more is better; nil: they do not belong together.
    ///   - distance: for equal scores; less is better.
    /// - Complexity: O(free elements of A * free elements of B).
    mutating func pairBest(score: (Int, Int) -> Int?, distance: (Int, Int) -> Int) {
        let (freeA, freeB) = (onlyA, onlyB)
        var candidates: [(score: Int, distance: Int, sum: Int, a: Int, b: Int)] = []
        for a in freeA {
            for b in freeB {
                guard let score = score(a, b) else { continue }
                candidates.append((score, distance(a, b), a + b, a, b))
            }
        }
        // What remains equal is (i, j) and (j, i), which do not exclude each other.
        candidates.sort { ($1.score, $0.distance, $0.sum, $0.a) < ($0.score, $1.distance, $1.sum, $1.a) }
        for next in candidates where fromA[next.a] == nil && fromB[next.b] == nil { pair(next.a, next.b) }
    }

    /// Pairs that changed their place among the others: those without which the rest is in order.
    ///
    /// - Parameter name: decides between two of which either can be called moved; the same in both directions.
    /// - Complexity: O(pairs squared) where something moved.
    func moved(name: (Int, Int) -> String) -> [(a: Int, b: Int)] {
        var inversions = [Int](repeating: 0, count: pairs.count)
        if zip(pairs, pairs.dropFirst()).allSatisfy({ $0.b < $1.b }) { return [] }
        for i in pairs.indices {
            for j in pairs.indices.dropFirst(i + 1) where pairs[j].b < pairs[i].b {
                inversions[i] += 1
                inversions[j] += 1
            }
        }
        var moved: [(a: Int, b: Int)] = []
        while let most = inversions.max(), most > 0 {
            var worst = inversions.indices.filter { inversions[$0] == most }
            func distance(_ i: Int) -> Int { abs(pairs[i].a - pairs[i].b) }
            let farthest = worst.map(distance).max() ?? 0
            worst.removeAll { distance($0) < farthest }
            if worst.count > 1 {
                let names = worst.map { name(pairs[$0].a, pairs[$0].b) }
                let sums = worst.map { pairs[$0].a + pairs[$0].b }
                let first = worst.indices.min { (names[$0], sums[$0]) < (names[$1], sums[$1]) } ?? 0
                worst = [worst[first]]
            }
            let chosen = worst[0]
            for i in pairs.indices where i != chosen && inversions[i] > 0 {
                let isInverted = (i < chosen) != (pairs[i].b < pairs[chosen].b)
                if isInverted { inversions[i] -= 1 }
            }
            inversions[chosen] = -1
            moved.append(pairs[chosen])
        }
        return moved.sorted { $0.a < $1.a }
    }
}
