/// The candidate nearest to what was typed, if it is near enough to be what was meant; the first of equals.
///
/// Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap neighbours), without
/// regard to case. Near enough is a third of the typed length: none for one character, 1 for up to three, at
/// least 2 beyond.
package func nearestName(to typed: String, among candidates: [String]) -> String? {
    let wanted = Array(typed.lowercased().unicodeScalars.prefix(64))
    let limit = wanted.count < 2 ? 0 : wanted.count < 4 ? 1 : max(2, wanted.count / 3)
    var best: (name: String, distance: Int)?
    for candidate in candidates {
        let letters = Array(candidate.lowercased().unicodeScalars.prefix(64))
        guard abs(letters.count - wanted.count) <= limit else { continue }
        let distance = editDistance(wanted, letters)
        if distance <= limit, distance < (best?.distance ?? .max) { best = (candidate, distance) }
    }
    return best?.name
}

/// Optimal string alignment distance.
///
/// - Complexity: O(a.count * b.count) time, three rows of memory.
func editDistance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar]) -> Int {
    if a.isEmpty || b.isEmpty { return max(a.count, b.count) }
    var beforeLast = [Int](repeating: 0, count: b.count + 1)
    var last = Array(0...b.count)
    var row = last
    for i in 1...a.count {
        row[0] = i
        for j in 1...b.count {
            let replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            row[j] = min(replaced, last[j] + 1, row[j - 1] + 1)
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                row[j] = min(row[j], beforeLast[j - 2] + 1)
            }
        }
        (beforeLast, last, row) = (last, row, beforeLast)
    }
    return last[b.count]
}
