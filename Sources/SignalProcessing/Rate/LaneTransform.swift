/// The discrete Fourier transform of four complex signals at once, one per lane, in Double.
///
/// For lengths with no prime factor above 7. Stockham's autosort algorithm with decimation in frequency (C. Van Loan,
/// "Computational Frameworks for the Fast Fourier Transform", 1992, ch. 1.7): it needs no bit reversal, and as a lane
/// is a signal of its own, no shuffle either. A lane's bits do not depend on the other lanes. The error is below 1e-15
/// of the signal's root mean square.
///
/// Forward only, not scaled. The inverse is the same with real and imaginary parts exchanged before and after.
struct LaneTransform: Sendable {
    /// Real and imaginary parts of one point, alternating in memory.
    typealias Values = UnsafeMutablePointer<SIMD4<Double>>

    let length: Int
    private let passes: [Pass]
    /// cos and -sin of 2 pi p j / n, for each pass, p and j from 1 on.
    private let twiddles: [Double]

    private struct Pass {
        let radix: Int
        /// Length of the transforms before the pass, and distance of their neighbouring points.
        let length: Int
        let stride: Int
        let firstTwiddle: Int
    }

    /// - Parameter length: See `isPossible`.
    init(length: Int) {
        precondition(Self.isPossible(length: length), "a length with a prime factor above 7")
        self.length = length
        // Every angle of every pass is one of these.
        let circle = (0..<length).map { 2 * Double.pi * Double($0) / Double(length) }
        let cosines = circle.map(PinnedMath.cos)
        let sines = circle.map(PinnedMath.sin)
        var passes: [Pass] = []
        var twiddles: [Double] = []
        var (rest, stride) = (length, 1)
        for radix in Self.radices(of: length) {
            passes.append(Pass(radix: radix, length: rest, stride: stride, firstTwiddle: twiddles.count))
            for p in 0..<rest / radix {
                for j in 1..<radix {
                    let place = p * j * stride
                    twiddles.append(cosines[place])
                    twiddles.append(-sines[place])
                }
            }
            stride *= radix
            rest /= radix
        }
        self.passes = passes
        self.twiddles = twiddles
    }

    static func isPossible(length: Int) -> Bool {
        var rest = length
        for prime in [2, 3, 5, 7] { while rest > 1, rest % prime == 0 { rest /= prime } }
        return rest == 1
    }

    /// Instructions on vectors of four, roughly.
    static func cost(length: Int) -> Int {
        let perPoint = [2: 7, 3: 11, 4: 11, 5: 15, 7: 21]
        return length * radices(of: length).reduce(0) { $0 + (perPoint[$1] ?? 0) }
    }

    /// Odd radices last, where there are no twiddle factors.
    private static func radices(of length: Int) -> [Int] {
        var rest = length
        var radices: [Int] = []
        for radix in [4, 2, 3, 5, 7] {
            while rest % radix == 0 {
                radices.append(radix)
                rest /= radix
            }
        }
        return radices
    }

    /// Transforms `length` points; the result is in the one of the two buffers that is returned.
    func transform(_ values: Values, scratch: Values) -> Values {
        var (from, to) = unsafe (values, scratch)
        for pass in passes {
            unsafe twiddles.withUnsafeBufferPointer { all in
                guard let base = all.baseAddress else { return }
                let factors = unsafe base + pass.firstTwiddle
                switch pass.radix {
                case 2: unsafe Self.radix2(from, to, factors, length: pass.length, stride: pass.stride)
                case 3: unsafe Self.radix3(from, to, factors, length: pass.length, stride: pass.stride)
                case 4: unsafe Self.radix4(from, to, factors, length: pass.length, stride: pass.stride)
                case 5: unsafe Self.radix5(from, to, factors, length: pass.length, stride: pass.stride)
                default: unsafe Self.radix7(from, to, factors, length: pass.length, stride: pass.stride)
                }
            }
            unsafe (from, to) = (to, from)
        }
        return unsafe from
    }
}

// MARK: - Passes

extension LaneTransform {
    /// y[q + s (r p + j)] = w^(p j) (sum over l of x[q + s (p + l m)] e^(-2 pi i j l / r)), with m = length / r.
    @inline(never)
    private static func radix2(
        _ x: Values, _ y: Values, _ w: UnsafePointer<Double>, length: Int, stride: Int
    ) {
        let m = length / 2
        for p in 0..<m {
            let w1 = unsafe Twiddle(w, p)
            var source = unsafe x + 2 * stride * p
            var target = unsafe y + 2 * stride * 2 * p
            for _ in 0..<stride {
                let a = unsafe Point(source)
                let b = unsafe Point(source + 2 * stride * m)
                unsafe (a + b).store(target)
                unsafe (a - b).turned(w1).store(target + 2 * stride)
                unsafe source += 2
                unsafe target += 2
            }
        }
    }

    @inline(never)
    private static func radix3(
        _ x: Values, _ y: Values, _ w: UnsafePointer<Double>, length: Int, stride: Int
    ) {
        let m = length / 3
        let step = 2 * stride * m
        for p in 0..<m {
            let w1 = unsafe Twiddle(w, 2 * p)
            let w2 = unsafe Twiddle(w, 2 * p + 1)
            var source = unsafe x + 2 * stride * p
            var target = unsafe y + 2 * stride * 3 * p
            for _ in 0..<stride {
                let a = unsafe Point(source)
                let b = unsafe Point(source + step)
                let c = unsafe Point(source + 2 * step)
                let sum = b + c
                let middle = a.adding(sum, times: -0.5)
                let odd = (b - c).times(0.86602540378443864676)
                unsafe (a + sum).store(target)
                unsafe (middle - odd.timesI).turned(w1).store(target + 2 * stride)
                unsafe (middle + odd.timesI).turned(w2).store(target + 4 * stride)
                unsafe source += 2
                unsafe target += 2
            }
        }
    }

    @inline(never)
    private static func radix4(
        _ x: Values, _ y: Values, _ w: UnsafePointer<Double>, length: Int, stride: Int
    ) {
        let m = length / 4
        let step = 2 * stride * m
        for p in 0..<m {
            let w1 = unsafe Twiddle(w, 3 * p)
            let w2 = unsafe Twiddle(w, 3 * p + 1)
            let w3 = unsafe Twiddle(w, 3 * p + 2)
            var source = unsafe x + 2 * stride * p
            var target = unsafe y + 2 * stride * 4 * p
            for _ in 0..<stride {
                let a = unsafe Point(source)
                let b = unsafe Point(source + step)
                let c = unsafe Point(source + 2 * step)
                let d = unsafe Point(source + 3 * step)
                let (even, odd) = (a + c, b + d)
                let (low, high) = (a - c, (b - d).timesI)
                unsafe (even + odd).store(target)
                unsafe (low - high).turned(w1).store(target + 2 * stride)
                unsafe (even - odd).turned(w2).store(target + 4 * stride)
                unsafe (low + high).turned(w3).store(target + 6 * stride)
                unsafe source += 2
                unsafe target += 2
            }
        }
    }

    @inline(never)
    private static func radix5(
        _ x: Values, _ y: Values, _ w: UnsafePointer<Double>, length: Int, stride: Int
    ) {
        // cos and sin of 2 pi / 5 and 4 pi / 5.
        let (c1, c2) = (0.30901699437494742410, -0.80901699437494742410)
        let (s1, s2) = (0.95105651629515357212, 0.58778525229247312917)
        let m = length / 5
        let step = 2 * stride * m
        for p in 0..<m {
            var source = unsafe x + 2 * stride * p
            var target = unsafe y + 2 * stride * 5 * p
            let w1 = unsafe Twiddle(w, 4 * p)
            let w2 = unsafe Twiddle(w, 4 * p + 1)
            let w3 = unsafe Twiddle(w, 4 * p + 2)
            let w4 = unsafe Twiddle(w, 4 * p + 3)
            for _ in 0..<stride {
                let a = unsafe Point(source)
                let (b, e) = unsafe (Point(source + step), Point(source + 4 * step))
                let (c, d) = unsafe (Point(source + 2 * step), Point(source + 3 * step))
                let (t1, t2) = (b + e, c + d)
                let (u1, u2) = (b - e, c - d)
                unsafe (a + t1 + t2).store(target)
                let even1 = a.adding(t1, times: c1).adding(t2, times: c2)
                let odd1 = u1.times(s1).adding(u2, times: s2).timesI
                unsafe (even1 - odd1).turned(w1).store(target + 2 * stride)
                unsafe (even1 + odd1).turned(w4).store(target + 8 * stride)
                let even2 = a.adding(t1, times: c2).adding(t2, times: c1)
                let odd2 = u1.times(s2).adding(u2, times: -s1).timesI
                unsafe (even2 - odd2).turned(w2).store(target + 4 * stride)
                unsafe (even2 + odd2).turned(w3).store(target + 6 * stride)
                unsafe source += 2
                unsafe target += 2
            }
        }
    }

    @inline(never)
    private static func radix7(
        _ x: Values, _ y: Values, _ w: UnsafePointer<Double>, length: Int, stride: Int
    ) {
        // cos and sin of 2 pi / 7, 4 pi / 7 and 6 pi / 7.
        let (c1, c2, c3) = (0.62348980185873353053, -0.22252093395631440429, -0.90096886790241912624)
        let (s1, s2, s3) = (0.78183148246802980871, 0.97492791218182360702, 0.43388373911755812048)
        let m = length / 7
        let step = 2 * stride * m
        for p in 0..<m {
            var source = unsafe x + 2 * stride * p
            var target = unsafe y + 2 * stride * 7 * p
            let first = 6 * p
            for _ in 0..<stride {
                let a = unsafe Point(source)
                let (b, g) = unsafe (Point(source + step), Point(source + 6 * step))
                let (c, f) = unsafe (Point(source + 2 * step), Point(source + 5 * step))
                let (d, e) = unsafe (Point(source + 3 * step), Point(source + 4 * step))
                let (t1, t2, t3) = (b + g, c + f, d + e)
                let (u1, u2, u3) = (b - g, c - f, d - e)
                unsafe (a + t1 + (t2 + t3)).store(target)
                let even1 = a.adding(t1, times: c1).adding(t2, times: c2).adding(t3, times: c3)
                let odd1 = u1.times(s1).adding(u2, times: s2).adding(u3, times: s3).timesI
                unsafe (even1 - odd1).turned(Twiddle(w, first)).store(target + 2 * stride)
                unsafe (even1 + odd1).turned(Twiddle(w, first + 5)).store(target + 12 * stride)
                let even2 = a.adding(t1, times: c2).adding(t2, times: c3).adding(t3, times: c1)
                let odd2 = u1.times(s2).adding(u2, times: -s3).adding(u3, times: -s1).timesI
                unsafe (even2 - odd2).turned(Twiddle(w, first + 1)).store(target + 4 * stride)
                unsafe (even2 + odd2).turned(Twiddle(w, first + 4)).store(target + 10 * stride)
                let even3 = a.adding(t1, times: c3).adding(t2, times: c1).adding(t3, times: c2)
                let odd3 = u1.times(s3).adding(u2, times: -s1).adding(u3, times: s2).timesI
                unsafe (even3 - odd3).turned(Twiddle(w, first + 2)).store(target + 6 * stride)
                unsafe (even3 + odd3).turned(Twiddle(w, first + 3)).store(target + 8 * stride)
                unsafe source += 2
                unsafe target += 2
            }
        }
    }
}

// MARK: - Four complex numbers

/// A factor of length 1: cos and -sin.
private struct Twiddle {
    let cosine: SIMD4<Double>
    let sine: SIMD4<Double>
    let negativeSine: SIMD4<Double>

    @inline(always)
    init(_ table: UnsafePointer<Double>, _ index: Int) {
        cosine = unsafe SIMD4(repeating: table[2 &* index])
        sine = unsafe SIMD4(repeating: table[2 &* index &+ 1])
        negativeSine = unsafe SIMD4(repeating: -table[2 &* index &+ 1])
    }
}

private struct Point {
    var re: SIMD4<Double>
    var im: SIMD4<Double>

    @inline(always)
    init(re: SIMD4<Double>, im: SIMD4<Double>) {
        self.re = re
        self.im = im
    }

    @inline(always)
    init(_ place: LaneTransform.Values) {
        re = unsafe place[0]
        im = unsafe place[1]
    }

    @inline(always)
    func store(_ place: LaneTransform.Values) {
        unsafe place[0] = re
        unsafe place[1] = im
    }

    @inline(always)
    static func + (a: Point, b: Point) -> Point { Point(re: a.re + b.re, im: a.im + b.im) }

    @inline(always)
    static func - (a: Point, b: Point) -> Point { Point(re: a.re - b.re, im: a.im - b.im) }

    // i (a - b) needs no negation where it is added or taken off: the two operators below take it so.
    @inline(always)
    var timesI: Turned { Turned(of: self) }

    @inline(always)
    static func + (a: Point, b: Turned) -> Point { Point(re: a.re - b.of.im, im: a.im + b.of.re) }

    @inline(always)
    static func - (a: Point, b: Turned) -> Point { Point(re: a.re + b.of.im, im: a.im - b.of.re) }

    @inline(always)
    func times(_ factor: Double) -> Point {
        Point(re: re * SIMD4(repeating: factor), im: im * SIMD4(repeating: factor))
    }

    @inline(always)
    func adding(_ b: Point, times factor: Double) -> Point {
        Point(
            re: re.addingProduct(b.re, SIMD4(repeating: factor)),
            im: im.addingProduct(b.im, SIMD4(repeating: factor)))
    }

    @inline(always)
    func turned(_ w: Twiddle) -> Point {
        Point(
            re: (re * w.cosine).addingProduct(im, w.negativeSine),
            im: (im * w.cosine).addingProduct(re, w.sine))
    }
}

/// A point times i, not yet worked out.
private struct Turned {
    let of: Point

    @inline(always)
    init(of point: Point) { of = point }
}
