/// The inner loops of the feedback delay network.
///
/// Four frames of four lines are turned on the way from the rings, so that the shelves run on lines side by side;
/// the half of the Hadamard matrix across groups of lines is done there, the other half after turning back, on
/// frames side by side. Frames left at the end of a chunk go one by one, by the same operations in the same order.
struct FeedbackNetwork: Sendable {
    /// What a chunk is made of.
    struct Plan {
        /// Where each line is read.
        var reads = InlineArray<16, Int>(repeating: 0)
        /// Where each line is written, all-passes following.
        var places: ReverbMemory.Offsets
        /// Row 0 of the memory.
        var rows = 0
        var count = 0
    }

    /// States of a bank of shelves.
    struct ShelfState: Sendable, Equatable {
        var s1 = LineVector()
        var s2 = LineVector()
    }

    typealias Four = (SIMD4<Double>, SIMD4<Double>, SIMD4<Double>, SIMD4<Double>)

    /// 1 / sqrt 8: each input is spread over eight lines.
    private static let spread = 0.3535533905932738
    private static let rowFrames = ReverbMemory.rowFrames

    var high = ShelfState()
    var low = ShelfState()

    /// One chunk: from the lines through the shelves and the matrix to the lines and the outputs.
    mutating func advance(_ memory: inout [Double], _ plan: Plan, _ tuning: ReverbTuning) {
        precondition(plan.count <= FDNReverb.chunkFrames && plan.rows >= 0)
        precondition(plan.rows + 8 * Self.rowFrames <= memory.count)
        let (reads, places) = (plan.reads.span, plan.places.span)
        for i in 0..<16 {
            precondition(reads[i] >= 0 && reads[i] &+ Self.rowFrames <= memory.count)
            precondition(places[i] >= 0 && places[i] &+ Self.rowFrames <= memory.count)
        }
        if tuning.hasLow {
            Self.runTwoShelves(&memory, plan, tuning, &high, &low)
        } else {
            Self.runOneShelf(&memory, plan, tuning, &high, &low)
        }
    }

    @inline(never)
    private static func runOneShelf(
        _ memory: inout [Double], _ plan: Plan, _ tuning: ReverbTuning, _ high: inout ShelfState,
        _ low: inout ShelfState
    ) {
        run(&memory, plan, tuning, &high, &low, hasLow: false)
        runRest(&memory, plan, tuning, &high, &low, hasLow: false)
    }

    @inline(never)
    private static func runTwoShelves(
        _ memory: inout [Double], _ plan: Plan, _ tuning: ReverbTuning, _ high: inout ShelfState,
        _ low: inout ShelfState
    ) {
        run(&memory, plan, tuning, &high, &low, hasLow: true)
        runRest(&memory, plan, tuning, &high, &low, hasLow: true)
    }

    /// Whole groups of four frames. Component n goes to line (11 n + 5) mod 16; the signs of ReverbTuning were chosen
    /// with that.
    @inline(always)
    private static func run(
        _ memory: inout [Double], _ plan: Plan, _ tuning: ReverbTuning, _ high: inout ShelfState,
        _ low: inout ShelfState, hasLow: Bool
    ) {
        var memory = memory.mutableSpan
        var (h, l) = (high, low)
        let (hb, lb) = (tuning.high, tuning.low)
        let (n, p) = (plan.reads, plan.places)
        let (inLeft, inRight) = (plan.rows, plan.rows &+ rowFrames)
        let (outLeft, outRight) = (plan.rows &+ 2 &* rowFrames, plan.rows &+ 3 &* rowFrames)
        let (gain, onset) = (SIMD4(repeating: tuning.networkGain), SIMD4(repeating: tuning.onsetGain))
        let share = SIMD4<Double>(repeating: spread)
        let whole = plan.count & ~3
        var i = 0
        while i < whole {
            var x = unsafe columns(memory, n[0] &+ i, n[1] &+ i, n[2] &+ i, n[3] &+ i)
            x = shelve(x, hb.b0.a, hb.c1.a, hb.c2.a, hb.a1.a, hb.a2.a, &h.s1.a, &h.s2.a)
            if hasLow { x = shelve(x, lb.b0.a, lb.c1.a, lb.c2.a, lb.a1.a, lb.a2.a, &l.s1.a, &l.s2.a) }
            var y = unsafe columns(memory, n[4] &+ i, n[5] &+ i, n[6] &+ i, n[7] &+ i)
            y = shelve(y, hb.b0.b, hb.c1.b, hb.c2.b, hb.a1.b, hb.a2.b, &h.s1.b, &h.s2.b)
            if hasLow { y = shelve(y, lb.b0.b, lb.c1.b, lb.c2.b, lb.a1.b, lb.a2.b, &l.s1.b, &l.s2.b) }
            var z = unsafe columns(memory, n[8] &+ i, n[9] &+ i, n[10] &+ i, n[11] &+ i)
            z = shelve(z, hb.b0.c, hb.c1.c, hb.c2.c, hb.a1.c, hb.a2.c, &h.s1.c, &h.s2.c)
            if hasLow { z = shelve(z, lb.b0.c, lb.c1.c, lb.c2.c, lb.a1.c, lb.a2.c, &l.s1.c, &l.s2.c) }
            var w = unsafe columns(memory, n[12] &+ i, n[13] &+ i, n[14] &+ i, n[15] &+ i)
            w = shelve(w, hb.b0.d, hb.c1.d, hb.c2.d, hb.a1.d, hb.a2.d, &h.s1.d, &h.s2.d)
            if hasLow { w = shelve(w, lb.b0.d, lb.c1.d, lb.c2.d, lb.a1.d, lb.a2.d, &l.s1.d, &l.s2.d) }
            let (q, r) = (butterfly(x.0, y.0, z.0, w.0), butterfly(x.1, y.1, z.1, w.1))
            let (s, t) = (butterfly(x.2, y.2, z.2, w.2), butterfly(x.3, y.3, z.3, w.3))
            let left = unsafe memory.uncheckedFour(at: inLeft &+ i)
            let right = unsafe memory.uncheckedFour(at: inRight &+ i)
            let (a, b) = (product(left, share), product(right, share))
            let c = mixed(rows(q.0, r.0, s.0, t.0), a)
            unsafe store(c, &memory, p[5] &+ i, p[0] &+ i, p[11] &+ i, p[6] &+ i)
            let d = rows(q.1, r.1, s.1, t.1)
            unsafe store(mixed(d, b), &memory, p[1] &+ i, p[12] &+ i, p[7] &+ i, p[2] &+ i)
            let e = rows(q.2, r.2, s.2, t.2)
            unsafe store(mixed(e, a), &memory, p[13] &+ i, p[8] &+ i, p[3] &+ i, p[14] &+ i)
            let f = mixed(rows(q.3, r.3, s.3, t.3), b)
            unsafe store(f, &memory, p[9] &+ i, p[4] &+ i, p[15] &+ i, p[10] &+ i)
            let sumLeft = product(sum(sum(d.0, d.1), sum(d.2, d.3)), gain)
            let sumRight = product(sum(sum(e.0, e.1), sum(e.2, e.3)), gain)
            unsafe memory.setUncheckedFour(fused(sumLeft, left, onset), at: outLeft &+ i)
            unsafe memory.setUncheckedFour(fused(sumRight, right, onset), at: outRight &+ i)
            i &+= 4
        }
        (high, low) = (h, l)
    }

    /// The frames that are left, the same for one frame.
    @inline(always)
    private static func runRest(
        _ memory: inout [Double], _ plan: Plan, _ tuning: ReverbTuning, _ high: inout ShelfState,
        _ low: inout ShelfState, hasLow: Bool
    ) {
        var memory = memory.mutableSpan
        var (h, l) = (high, low)
        let (hb, lb) = (tuning.high, tuning.low)
        let (n, p) = (plan.reads, plan.places)
        let (inLeft, inRight) = (plan.rows, plan.rows &+ rowFrames)
        let (outLeft, outRight) = (plan.rows &+ 2 &* rowFrames, plan.rows &+ 3 &* rowFrames)
        var i = plan.count & ~3
        while i < plan.count {
            var x = unsafe one(memory, n[0] &+ i, n[1] &+ i, n[2] &+ i, n[3] &+ i)
            x = shelve(x, hb.b0.a, hb.c1.a, hb.c2.a, hb.a1.a, hb.a2.a, &h.s1.a, &h.s2.a)
            if hasLow { x = shelve(x, lb.b0.a, lb.c1.a, lb.c2.a, lb.a1.a, lb.a2.a, &l.s1.a, &l.s2.a) }
            var y = unsafe one(memory, n[4] &+ i, n[5] &+ i, n[6] &+ i, n[7] &+ i)
            y = shelve(y, hb.b0.b, hb.c1.b, hb.c2.b, hb.a1.b, hb.a2.b, &h.s1.b, &h.s2.b)
            if hasLow { y = shelve(y, lb.b0.b, lb.c1.b, lb.c2.b, lb.a1.b, lb.a2.b, &l.s1.b, &l.s2.b) }
            var z = unsafe one(memory, n[8] &+ i, n[9] &+ i, n[10] &+ i, n[11] &+ i)
            z = shelve(z, hb.b0.c, hb.c1.c, hb.c2.c, hb.a1.c, hb.a2.c, &h.s1.c, &h.s2.c)
            if hasLow { z = shelve(z, lb.b0.c, lb.c1.c, lb.c2.c, lb.a1.c, lb.a2.c, &l.s1.c, &l.s2.c) }
            var w = unsafe one(memory, n[12] &+ i, n[13] &+ i, n[14] &+ i, n[15] &+ i)
            w = shelve(w, hb.b0.d, hb.c1.d, hb.c2.d, hb.a1.d, hb.a2.d, &h.s1.d, &h.s2.d)
            if hasLow { w = shelve(w, lb.b0.d, lb.c1.d, lb.c2.d, lb.a1.d, lb.a2.d, &l.s1.d, &l.s2.d) }
            let q = butterfly(x, y, z, w)
            let left = unsafe memory[unchecked: inLeft &+ i]
            let right = unsafe memory[unchecked: inRight &+ i]
            let (a, b) = (left * spread, right * spread)
            unsafe storeOne(q.0, a, &memory, p[5] &+ i, p[0] &+ i, p[11] &+ i, p[6] &+ i)
            unsafe storeOne(q.1, b, &memory, p[1] &+ i, p[12] &+ i, p[7] &+ i, p[2] &+ i)
            unsafe storeOne(q.2, a, &memory, p[13] &+ i, p[8] &+ i, p[3] &+ i, p[14] &+ i)
            unsafe storeOne(q.3, b, &memory, p[9] &+ i, p[4] &+ i, p[15] &+ i, p[10] &+ i)
            let sumLeft = ((q.1[0] + q.1[1]) + (q.1[2] + q.1[3])) * tuning.networkGain
            let sumRight = ((q.2[0] + q.2[1]) + (q.2[2] + q.2[3])) * tuning.networkGain
            unsafe memory[unchecked: outLeft &+ i] = sumLeft.addingProduct(left, tuning.onsetGain)
            unsafe memory[unchecked: outRight &+ i] = sumRight.addingProduct(right, tuning.onsetGain)
            i &+= 1
        }
        (high, low) = (h, l)
    }
}

// MARK: - Steps

extension FeedbackNetwork {
    /// Four frames of four lines, a vector a frame.
    @unsafe @inline(always)
    private static func columns(
        _ memory: borrowing MutableSpan<Double>, _ a: Int, _ b: Int, _ c: Int, _ d: Int
    ) -> Four {
        let (p, q) = unsafe (memory.pairs(a, c), memory.pairs(b, d))
        let (r, s) = unsafe (memory.pairs(a &+ 2, c &+ 2), memory.pairs(b &+ 2, d &+ 2))
        return (evenPairs(p, q), oddPairs(p, q), evenPairs(r, s), oddPairs(r, s))
    }

    @unsafe @inline(always)
    private static func one(
        _ memory: borrowing MutableSpan<Double>, _ a: Int, _ b: Int, _ c: Int, _ d: Int
    ) -> SIMD4<Double> {
        unsafe SIMD4(memory[unchecked: a], memory[unchecked: b], memory[unchecked: c], memory[unchecked: d])
    }

    /// Turned back: a vector a line.
    @inline(always)
    private static func rows(
        _ p: SIMD4<Double>, _ q: SIMD4<Double>, _ r: SIMD4<Double>, _ s: SIMD4<Double>
    ) -> Four {
        let (a, b) = (evenPairs(p, q), oddPairs(p, q))
        let (c, d) = (evenPairs(r, s), oddPairs(r, s))
        return (
            joined(a.lowHalf, c.lowHalf), joined(b.lowHalf, d.lowHalf), joined(a.highHalf, c.highHalf),
            joined(b.highHalf, d.highHalf)
        )
    }

    @inline(always)
    private static func shelve(
        _ x: Four, _ b0: SIMD4<Double>, _ c1: SIMD4<Double>, _ c2: SIMD4<Double>, _ a1: SIMD4<Double>,
        _ a2: SIMD4<Double>, _ s1: inout SIMD4<Double>, _ s2: inout SIMD4<Double>
    ) -> Four {
        (
            shelve(x.0, b0, c1, c2, a1, a2, &s1, &s2), shelve(x.1, b0, c1, c2, a1, a2, &s1, &s2),
            shelve(x.2, b0, c1, c2, a1, a2, &s1, &s2), shelve(x.3, b0, c1, c2, a1, a2, &s1, &s2)
        )
    }

    @inline(always)
    private static func shelve(
        _ x: SIMD4<Double>, _ b0: SIMD4<Double>, _ c1: SIMD4<Double>, _ c2: SIMD4<Double>, _ a1: SIMD4<Double>,
        _ a2: SIMD4<Double>, _ s1: inout SIMD4<Double>, _ s2: inout SIMD4<Double>
    ) -> SIMD4<Double> {
        let y = fused(s1, b0, x)
        let next = fused(s2, c1, x)
        s2 = fused(product(c2, x), a2, s1)
        s1 = fused(next, a1, s1)
        return y
    }

    /// The Hadamard matrix of order 4, not normalised.
    @inline(always)
    private static func butterfly(
        _ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>, _ d: SIMD4<Double>
    ) -> Four {
        let (e, f, g, h) = (sum(a, b), difference(a, b), sum(c, d), difference(c, d))
        return (sum(e, g), sum(f, h), difference(e, g), difference(f, h))
    }

    /// The same, plus the input in all components.
    @inline(always)
    private static func mixed(_ x: Four, _ input: SIMD4<Double>) -> Four {
        let (e, f, g, h) = (sum(x.0, x.1), difference(x.0, x.1), sum(x.2, x.3), difference(x.2, x.3))
        let (m, n) = (sum(e, input), sum(f, input))
        return (sum(m, g), sum(n, h), difference(m, g), difference(n, h))
    }

    @unsafe @inline(always)
    private static func store(
        _ x: Four, _ memory: inout MutableSpan<Double>, _ a: Int, _ b: Int, _ c: Int, _ d: Int
    ) {
        unsafe memory.setUncheckedFour(x.0, at: a)
        unsafe memory.setUncheckedFour(x.1, at: b)
        unsafe memory.setUncheckedFour(x.2, at: c)
        unsafe memory.setUncheckedFour(x.3, at: d)
    }

    @unsafe @inline(always)
    private static func storeOne(
        _ x: SIMD4<Double>, _ input: Double, _ memory: inout MutableSpan<Double>, _ a: Int, _ b: Int, _ c: Int,
        _ d: Int
    ) {
        let (e, f, g, h) = (x[0] + x[1], x[0] - x[1], x[2] + x[3], x[2] - x[3])
        let (m, n) = (e + input, f + input)
        unsafe memory[unchecked: a] = m + g
        unsafe memory[unchecked: b] = n + h
        unsafe memory[unchecked: c] = m - g
        unsafe memory[unchecked: d] = n - h
    }
}

extension MutableSpan where Element == Double {
    /// Two neighbours at each of two places; without a bounds check: the caller has checked the range.
    @unsafe @inline(always)
    fileprivate func pairs(_ a: Int, _ b: Int) -> SIMD4<Double> {
        unsafe joined(
            bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: a &* 8, as: SIMD2<Double>.self),
            bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: b &* 8, as: SIMD2<Double>.self))
    }
}
