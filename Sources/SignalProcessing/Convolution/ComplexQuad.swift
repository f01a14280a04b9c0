/// Four complex numbers in Double, real parts and imaginary parts apart: one cache line.
struct ComplexQuad: Sendable {
    var real: SIMD4<Double>
    var imaginary: SIMD4<Double>

    static var zero: ComplexQuad { ComplexQuad(.zero, .zero) }

    @inline(always)
    init(_ real: SIMD4<Double>, _ imaginary: SIMD4<Double>) {
        self.real = real
        self.imaginary = imaginary
    }

    @inline(always)
    static func + (a: ComplexQuad, b: ComplexQuad) -> ComplexQuad {
        ComplexQuad(a.real + b.real, a.imaginary + b.imaginary)
    }

    @inline(always)
    static func - (a: ComplexQuad, b: ComplexQuad) -> ComplexQuad {
        ComplexQuad(a.real - b.real, a.imaginary - b.imaginary)
    }

    /// a b, each part a product and a fused multiply-add.
    @inline(always)
    static func * (a: ComplexQuad, b: ComplexQuad) -> ComplexQuad {
        ComplexQuad(
            (a.real * b.real).addingProduct(a.imaginary.negated, b.imaginary),
            (a.imaginary * b.real).addingProduct(a.real, b.imaginary))
    }

    /// Times a number that all four share: real part and imaginary part from memory.
    @inline(always)
    func multiplied(by factor: UnsafePointer<Double>) -> ComplexQuad {
        self * ComplexQuad(SIMD4(repeating: factor[0]), SIMD4(repeating: factor[1]))
    }

    /// a - i b.
    @inline(always)
    static func minusTurned(_ a: ComplexQuad, _ b: ComplexQuad) -> ComplexQuad {
        ComplexQuad(a.real + b.imaginary, a.imaginary - b.real)
    }

    /// a + i b.
    @inline(always)
    static func plusTurned(_ a: ComplexQuad, _ b: ComplexQuad) -> ComplexQuad {
        ComplexQuad(a.real - b.imaginary, a.imaginary + b.real)
    }
}

extension SIMD4<Double> {
    /// Four neighbouring samples, exactly.
    @inline(always)
    init(samplesAt pointer: UnsafePointer<Float>) {
        let x = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Float>.self)
        self.init(Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3]))
    }

    /// Rounded to samples.
    @inline(always)
    func write(samplesAt pointer: UnsafeMutablePointer<Float>) {
        let x = SIMD4<Float>(Float(self[0]), Float(self[1]), Float(self[2]), Float(self[3]))
        UnsafeMutableRawPointer(pointer).storeBytes(of: x, as: SIMD4<Float>.self)
    }
}

extension SIMD4<Double> {
    /// With the signs changed; written so that it becomes part of a fused multiply-add.
    @inline(always)
    var negated: SIMD4 {
        unsafeBitCast(
            unsafeBitCast(self, to: SIMD4<UInt64>.self) ^ SIMD4<UInt64>(repeating: 1 << 63), to: SIMD4<Double>.self)
    }
}

extension UnsafeMutablePointer<ComplexQuad> {
    /// Transposes `count` quads in groups of four: quad j of group g goes to `target[j * stride + g]`.
    ///
    /// In two steps by way of memory, each a single instruction for a vector; from registers, the compiler makes
    /// sixteen scalars of it.
    @inline(always)
    func transpose(count: Int, to target: UnsafeMutablePointer<ComplexQuad>, stride: Int) {
        var k = 0
        while k < count {
            let (a, b) = (self[k], self[k &+ 1])
            self[k] = ComplexQuad(Self.evens(a.real, b.real), Self.evens(a.imaginary, b.imaginary))
            self[k &+ 1] = ComplexQuad(Self.odds(a.real, b.real), Self.odds(a.imaginary, b.imaginary))
            k &+= 2
        }
        k = 0
        while k < count {
            let words = UnsafeRawPointer(self + k)
            let to = target + k &>> 2
            to[0] = ComplexQuad(Self.halves(words, 0), Self.halves(words, 32))
            to[stride] = ComplexQuad(Self.halves(words, 64), Self.halves(words, 96))
            to[2 &* stride] = ComplexQuad(Self.halves(words, 16), Self.halves(words, 48))
            to[3 &* stride] = ComplexQuad(Self.halves(words, 80), Self.halves(words, 112))
            k &+= 4
        }
    }

    @inline(always)
    private static func evens(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
        SIMD4(a[0], b[0], a[2], b[2])
    }

    @inline(always)
    private static func odds(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
        SIMD4(a[1], b[1], a[3], b[3])
    }

    /// Half a vector, and its neighbour two quads on.
    @inline(always)
    private static func halves(_ words: UnsafeRawPointer, _ offset: Int) -> SIMD4<Double> {
        SIMD4(
            lowHalf: (words + offset).load(as: SIMD2<Double>.self),
            highHalf: (words + offset + 128).load(as: SIMD2<Double>.self))
    }
}

/// Memory of one type, aligned to cache lines, zero at first; for work areas that would be too slow as arrays.
final class LineMemory<Element: BitwiseCopyable> {
    let pointer: UnsafeMutablePointer<Element>
    let count: Int

    init(count: Int, zero: Element) {
        self.count = count
        let raw = UnsafeMutableRawPointer.allocate(
            byteCount: max(1, count) * MemoryLayout<Element>.stride, alignment: 64)
        pointer = raw.bindMemory(to: Element.self, capacity: count)
        pointer.initialize(repeating: zero, count: count)
    }

    deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
