/// Which second of one version of a song is which second of another.
///
/// The cheapest way to turn one list of seconds into the other by matching, inserting and removing (Gotoh's
/// alignment with affine gap costs, 1982), in a band around the main diagonals. Removing and inserting in one place
/// is never cheaper than a change of level there, so a remixed chorus is a change and not a cut.
package struct CurveAlignment: Sendable, Hashable {
    /// Stretches that correspond, in order.
    package private(set) var segments: [Segment] = []
    /// What only one of the versions has, in order.
    package private(set) var edits: [Edit] = []

    /// `count` seconds from `old` in the old version are those from `new` in the new one.
    package struct Segment: Sendable, Hashable {
        package var old: Int
        package var new: Int
        package var count: Int
    }

    /// Seconds that came or went.
    package struct Edit: Sendable, Hashable {
        package var isInsertion: Bool
        /// The second of the new version where it begins.
        package var second: Int
        package var count: Int
        package var place: Place

        package enum Place: Sendable, Hashable {
            case start
            case inside
            case end
        }
    }

    /// The furthest that music may have moved beyond what the lengths explain, in seconds.
    package static let maximumShift = 60
    /// Matrix cells, a byte each. Beyond (two versions of many hours, of very different lengths) seconds are
    /// compared in their places.
    static let maximumCells = 64 << 20

    /// Costs in LU: of a pair at most 9, of which 6 for loudness and 3 for brightness.
    private enum Cost {
        static let loudness = 6.0
        static let brightness = 3.0
        static let open = 12.0
        /// Half the greatest cost of a pair.
        static let extend = 4.5
    }

    package init(old: LoudnessLock.Curves, new: LoudnessLock.Curves, quietLUFS: Double) {
        let (n, m) = (old.loudness.count, new.loudness.count)
        let band = (min(0, m - n) - Self.maximumShift)...(max(0, m - n) + Self.maximumShift)
        guard band.count <= Self.maximumCells / (n + 1) else {
            segments = [Segment(old: 0, new: 0, count: min(n, m))]
            edits =
                n == m
                ? []
                : [Edit(isInsertion: m > n, second: min(n, m), count: abs(m - n), place: .end)]
            return
        }
        let pairs = PairCosts(old: old, new: new, quietLUFS: quietLUFS)
        collect(Self.steps(pairs, n, m, band), n, m)
    }

    /// Of two versions that are one.
    init(identical seconds: Int) {
        if seconds > 0 { segments = [Segment(old: 0, new: 0, count: seconds)] }
    }

    private enum Step: UInt8 { case match, insert, remove }

    /// How the two become one another, from the end to the start.
    private static func steps(_ pairs: PairCosts, _ n: Int, _ m: Int, _ band: ClosedRange<Int>) -> [Step] {
        let width = band.count
        // Cell k of row i is old second i and new second i + k + band.lowerBound.
        var (matched, inserted, removed) = (
            [Double](repeating: .infinity, count: width), [Double](repeating: .infinity, count: width),
            [Double](repeating: .infinity, count: width)
        )
        // Two bits: what a match followed; bit 2: an insertion went on; bit 3: a removal went on.
        var trace = [UInt8](repeating: 0, count: (n + 1) * width)
        for i in 0...n {
            let (above, aboveRemoved) = (matched, removed)
            for k in 0..<width {
                let j = i + k + band.lowerBound
                var bits: UInt8 = 0
                var (match, insert, remove) = (Double.infinity, Double.infinity, Double.infinity)
                if (0...m).contains(j) {
                    if i == 0, j == 0 { match = 0 }
                    if i > 0, j > 0 {
                        // The insertion's row above is still in place at k: it is overwritten below.
                        var before = above[k]
                        if inserted[k] < before { (before, bits) = (inserted[k], Step.insert.rawValue) }
                        if aboveRemoved[k] < before { (before, bits) = (aboveRemoved[k], Step.remove.rawValue) }
                        match = before + pairs.cost(i - 1, j - 1)
                    }
                    if j > 0, k > 0 {
                        insert = matched[k - 1] + Cost.open + Cost.extend
                        if inserted[k - 1] + Cost.extend < insert {
                            (insert, bits) = (inserted[k - 1] + Cost.extend, bits | 4)
                        }
                    }
                    if i > 0, k + 1 < width {
                        remove = above[k + 1] + Cost.open + Cost.extend
                        if aboveRemoved[k + 1] + Cost.extend < remove {
                            (remove, bits) = (aboveRemoved[k + 1] + Cost.extend, bits | 8)
                        }
                    }
                }
                (matched[k], inserted[k], removed[k]) = (match, insert, remove)
                trace[i * width + k] = bits
            }
        }
        let last = m - n - band.lowerBound
        // Of equals the gap at the end: a longer tone has grown at its end.
        var step =
            inserted[last] <= min(matched[last], removed[last])
            ? Step.insert : removed[last] <= matched[last] ? .remove : .match
        var (i, j, steps) = (n, m, [Step]())
        while i > 0 || j > 0 {
            steps.append(step)
            let bits = trace[i * width + j - i - band.lowerBound]
            switch step {
            case .match:
                step = Step(rawValue: bits & 3) ?? .match
                (i, j) = (i - 1, j - 1)
            case .insert:
                step = bits & 4 != 0 ? .insert : .match
                j -= 1
            case .remove:
                step = bits & 8 != 0 ? .remove : .match
                i -= 1
            }
        }
        return steps
    }

    private mutating func collect(_ steps: [Step], _ n: Int, _ m: Int) {
        var (i, j, k) = (0, 0, steps.count)
        while k > 0 {
            let step = steps[k - 1]
            var count = 0
            while k > 0, steps[k - 1] == step { (k, count) = (k - 1, count + 1) }
            switch step {
            case .match:
                segments.append(Segment(old: i, new: j, count: count))
                (i, j) = (i + count, j + count)
            case .insert, .remove:
                let place: Edit.Place = segments.isEmpty ? .start : k == 0 ? .end : .inside
                edits.append(Edit(isInsertion: step == .insert, second: j, count: count, place: place))
                if step == .insert { j += count } else { i += count }
            }
        }
    }

    /// How unlike two seconds are, whatever the overall gain between the versions.
    private struct PairCosts {
        let old: LoudnessLock.Curves
        let new: LoudnessLock.Curves
        let quiet: Double
        let gain: Double

        init(old: LoudnessLock.Curves, new: LoudnessLock.Curves, quietLUFS: Double) {
            (self.old, self.new, quiet) = (old, new, quietLUFS)
            let middle = { (curve: [Double]) -> Double? in
                let audible = curve.filter { $0 > quietLUFS && $0 < .infinity }.sorted()
                return audible.isEmpty ? nil : audible[audible.count / 2]
            }
            gain = if let a = middle(old.loudness), let b = middle(new.loudness) { b - a } else { 0 }
        }

        func cost(_ i: Int, _ j: Int) -> Double {
            let (a, b) = (old.loudness[i], new.loudness[j])
            if max(a, b) <= quiet { return 0 }
            var cost = min(Cost.loudness, (max(a + gain, quiet) - max(b, quiet)).magnitude)
            if min(a, b) > quiet, i < old.brightness.count, j < new.brightness.count {
                let tilt = (new.brightness[j] - old.brightness[i]).magnitude
                if tilt.isFinite { cost += min(Cost.brightness, tilt / 2) }
            }
            return cost
        }
    }
}
