/// The inner loops of the feedback delay network, on rows of one line each.
///
/// Every value is computed by the same operations wherever it lies in a chunk; the vectors run over frames,
/// the recursion of the low-passes over frames one by one, eight lines side by side to hide its latency.
enum FeedbackNetwork {
    /// y = gain x + damping y1 on the rows of eight lines.
    static func absorb(
        _ work: inout [Double], firstLine: Int, stride: Int, count: Int, gain: SIMD8<Double>,
        damping: SIMD8<Double>, state y1: inout SIMD8<Double>
    ) {
        var state = y1
        let first = firstLine * stride
        precondition(count <= stride && first + 8 * stride <= work.count)
        var rows = work.mutableSpan
        var frame = first
        // The precondition covers all eight rows.
        for _ in 0..<count {
            let x = unsafe SIMD8(
                rows[unchecked: frame], rows[unchecked: frame &+ stride],
                rows[unchecked: frame &+ 2 &* stride],
                rows[unchecked: frame &+ 3 &* stride], rows[unchecked: frame &+ 4 &* stride],
                rows[unchecked: frame &+ 5 &* stride], rows[unchecked: frame &+ 6 &* stride],
                rows[unchecked: frame &+ 7 &* stride])
            state = (gain * x).addingProduct(damping, state)
            unsafe rows[unchecked: frame] = state[0]
            unsafe rows[unchecked: frame &+ stride] = state[1]
            unsafe rows[unchecked: frame &+ 2 &* stride] = state[2]
            unsafe rows[unchecked: frame &+ 3 &* stride] = state[3]
            unsafe rows[unchecked: frame &+ 4 &* stride] = state[4]
            unsafe rows[unchecked: frame &+ 5 &* stride] = state[5]
            unsafe rows[unchecked: frame &+ 6 &* stride] = state[6]
            unsafe rows[unchecked: frame &+ 7 &* stride] = state[7]
            frame &+= 1
        }
        y1 = state
    }

    /// Sums the lines and half of rows 0 and 1 of `signals` into its rows 2 and 3, mixes the lines by the
    /// Hadamard matrix of order 16 (a product of two of order 4), and adds rows 0 and 1 to the even and odd
    /// lines.
    ///
    /// The signs of the two sums are orthogonal, on all lines as on the even and on the odd ones alone: of
    /// each four lines the second pair enters the right sum with the opposite sign.
    static func mix(_ work: inout [Double], signals: inout [Double], stride: Int, count: Int) {
        precondition(count + 3 <= stride && work.count >= 16 * stride && signals.count >= 4 * stride)
        var rows = work.mutableSpan
        var signals = signals.mutableSpan
        // 1 / sqrt 8: each input is spread over eight lines.
        let spread = SIMD4<Double>(repeating: 0.3535533905932738)
        let half = SIMD4<Double>(repeating: 0.5)
        // The precondition covers all rows, up to 3 frames beyond `count`.
        var i = 0
        while i < count {
            let (a, b) = unsafe mixFour(&rows, line: 0, stride: stride, at: i)
            let (c, d) = unsafe mixFour(&rows, line: 4, stride: stride, at: i)
            let (e, f) = unsafe mixFour(&rows, line: 8, stride: stride, at: i)
            let (g, h) = unsafe mixFour(&rows, line: 12, stride: stride, at: i)
            let first = (a - c) + (e - g)
            let second = (b + d) - (f + h)
            let inLeft = unsafe signals.uncheckedFour(at: i)
            let inRight = unsafe signals.uncheckedFour(at: stride &+ i)
            let even = inLeft * spread
            let odd = inRight * spread
            unsafe mixAcross(&rows, line: 0, stride: stride, at: i, input: even)
            unsafe mixAcross(&rows, line: 1, stride: stride, at: i, input: odd)
            unsafe mixAcross(&rows, line: 2, stride: stride, at: i, input: even)
            unsafe mixAcross(&rows, line: 3, stride: stride, at: i, input: odd)
            unsafe signals.setUncheckedFour(
                (first + second).addingProduct(inLeft, half), at: 2 &* stride &+ i)
            unsafe signals.setUncheckedFour(
                (first - second).addingProduct(inRight, half), at: 3 &* stride &+ i)
            i &+= 4
        }
    }

    /// Mixes four neighbouring lines; returns the signed sums of the first and of the second two before that.
    @unsafe @inline(__always)
    private static func mixFour(
        _ rows: inout MutableSpan<Double>, line: Int, stride: Int, at frame: Int
    ) -> (SIMD4<Double>, SIMD4<Double>) {
        let row = line &* stride &+ frame
        let a = unsafe rows.uncheckedFour(at: row)
        let b = unsafe rows.uncheckedFour(at: row &+ stride)
        let c = unsafe rows.uncheckedFour(at: row &+ 2 &* stride)
        let d = unsafe rows.uncheckedFour(at: row &+ 3 &* stride)
        let (p, q, r, s) = butterfly(a, b, c, d)
        unsafe rows.setUncheckedFour(p, at: row)
        unsafe rows.setUncheckedFour(q, at: row &+ stride)
        unsafe rows.setUncheckedFour(r, at: row &+ 2 &* stride)
        unsafe rows.setUncheckedFour(s, at: row &+ 3 &* stride)
        return (a + b, c - d)
    }

    /// Mixes every fourth line, which ends the order 16, and adds the input with alternating signs.
    @unsafe @inline(__always)
    private static func mixAcross(
        _ rows: inout MutableSpan<Double>, line: Int, stride: Int, at frame: Int, input: SIMD4<Double>
    ) {
        let row = line &* stride &+ frame
        let quarter = SIMD4<Double>(repeating: 0.25)
        let (p, q, r, s) = unsafe butterfly(
            rows.uncheckedFour(at: row), rows.uncheckedFour(at: row &+ 4 &* stride),
            rows.uncheckedFour(at: row &+ 8 &* stride), rows.uncheckedFour(at: row &+ 12 &* stride))
        unsafe rows.setUncheckedFour(input.addingProduct(p, quarter), at: row)
        unsafe rows.setUncheckedFour((-input).addingProduct(q, quarter), at: row &+ 4 &* stride)
        unsafe rows.setUncheckedFour(input.addingProduct(r, quarter), at: row &+ 8 &* stride)
        unsafe rows.setUncheckedFour((-input).addingProduct(s, quarter), at: row &+ 12 &* stride)
    }

    /// The Hadamard matrix of order 4, not normalised.
    @inline(__always)
    private static func butterfly(
        _ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>, _ d: SIMD4<Double>
    ) -> (SIMD4<Double>, SIMD4<Double>, SIMD4<Double>, SIMD4<Double>) {
        let (e, f, g, h) = (a + b, a - b, c + d, c - d)
        return (e + g, f + h, e - g, f - h)
    }
}
