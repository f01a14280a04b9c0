/// One number for each of the 16 lines, in groups of four.
struct LineVector: Sendable, Equatable {
    var a = SIMD4<Double>()
    var b = SIMD4<Double>()
    var c = SIMD4<Double>()
    var d = SIMD4<Double>()

    init() {}

    init(_ a: SIMD4<Double>, _ b: SIMD4<Double>, _ c: SIMD4<Double>, _ d: SIMD4<Double>) {
        (self.a, self.b, self.c, self.d) = (a, b, c, d)
    }

    init(_ values: [Double]) {
        precondition(values.count == 16, "not one number a line")
        self.init(SIMD4(values[0..<4]), SIMD4(values[4..<8]), SIMD4(values[8..<12]), SIMD4(values[12..<16]))
    }

    /// The same number for all lines.
    init(repeating value: Double) {
        let four = SIMD4<Double>(repeating: value)
        self.init(four, four, four, four)
    }

    @inline(always)
    func map(_ body: (SIMD4<Double>) -> SIMD4<Double>) -> LineVector {
        LineVector(body(a), body(b), body(c), body(d))
    }

    /// self + t (other - self).
    @inline(always)
    func mixed(with other: LineVector, _ t: Double) -> LineVector {
        let t = SIMD4<Double>(repeating: t)
        return LineVector(
            a.addingProduct(t, other.a - a), b.addingProduct(t, other.b - b), c.addingProduct(t, other.c - c),
            d.addingProduct(t, other.d - d))
    }

    subscript(line: Int) -> Double {
        get {
            switch line >> 2 {
            case 0: a[line & 3]
            case 1: b[line & 3]
            case 2: c[line & 3]
            default: d[line & 3]
            }
        }
        set {
            switch line >> 2 {
            case 0: a[line & 3] = newValue
            case 1: b[line & 3] = newValue
            case 2: c[line & 3] = newValue
            default: d[line & 3] = newValue
            }
        }
    }
}
