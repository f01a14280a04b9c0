// Elementary functions for the curves, eight lanes at once, and eight neighbouring samples as one vector.

typealias ColourLane = SIMD8<Float>

extension SIMD8<Float> {
    /// The lanes' magnitudes.
    @inline(always)
    var unsigned: SIMD8<Float> {
        let bits = unsafe unsafeBitCast(self, to: SIMD8<UInt32>.self) & SIMD8<UInt32>(repeating: 0x7FFF_FFFF)
        return unsafe unsafeBitCast(bits, to: SIMD8<Float>.self)
    }

    /// These lanes, none of them negative, with the signs of others.
    @inline(always)
    func signed(as other: SIMD8<Float>) -> SIMD8<Float> {
        let sign = unsafe unsafeBitCast(other, to: SIMD8<UInt32>.self) & SIMD8<UInt32>(repeating: 0x8000_0000)
        return unsafe unsafeBitCast(unsafeBitCast(self, to: SIMD8<UInt32>.self) | sign, to: SIMD8<Float>.self)
    }

    /// Whether any sign bit is set.
    @inline(always)
    var hasSign: Bool {
        let words = unsafe unsafeBitCast(self, to: SIMD4<UInt64>.self)
        return ((words[0] | words[1]) | (words[2] | words[3])) & 0x8000_0000_8000_0000 != 0
    }

    /// Lane by lane at least `limit`; NaN stays.
    @inline(always)
    func atLeast(_ limit: SIMD8<Float>) -> SIMD8<Float> { replacing(with: limit, where: self .< limit) }

    /// Lane by lane at most `limit`; NaN stays.
    @inline(always)
    func atMost(_ limit: SIMD8<Float>) -> SIMD8<Float> { replacing(with: limit, where: self .> limit) }
}

extension PinnedMath {
    /// e^-x and 1 - e^-x for x in 0...87: the power within (1 + x) 1.5e-7 of itself, where rounding x / ln 2 dominates;
    /// the complement within 3e-7.
    @inline(always)
    static func decay(_ x: SIMD8<Float>) -> (power: SIMD8<Float>, complement: SIMD8<Float>) {
        let magic = SIMD8<Float>(repeating: 0x1.8p23)
        let y = x * SIMD8(repeating: -1.4426950408889634)
        let shifted = y + magic
        let r = y - (shifted - magic)
        // (2^r - 1) / r, minimax on +-1/2.
        var p = SIMD8<Float>(repeating: 1.5252716366376262e-05)
        p = SIMD8(repeating: 0.00015461329894606024).addingProduct(p, r)
        p = SIMD8(repeating: 0.0013333669630810618).addingProduct(p, r)
        p = SIMD8(repeating: 0.009618056938052177).addingProduct(p, r)
        p = SIMD8(repeating: 0.05550410598516464).addingProduct(p, r)
        p = SIMD8(repeating: 0.24022650718688965).addingProduct(p, r)
        p = SIMD8(repeating: 0.6931471824645996).addingProduct(p, r)
        p *= r
        let word = unsafe unsafeBitCast(shifted, to: SIMD8<Int32>.self) &+ SIMD8(repeating: 127)
        let scale = unsafe unsafeBitCast(word &<< SIMD8(repeating: 23), to: SIMD8<Float>.self)
        return (scale.addingProduct(scale, p), (SIMD8(repeating: 1) - scale) - scale * p)
    }

    /// ln(1 + x) for x in 0...1e37, within 3e-7 of itself.
    @inline(always)
    static func log1p(_ x: SIMD8<Float>) -> SIMD8<Float> {
        let one = SIMD8<Float>(repeating: 1)
        let u = one + x
        let lost = x - (u - one)
        let word = unsafe unsafeBitCast(u, to: SIMD8<Int32>.self)
        let e = (word &- SIMD8(repeating: 0x3f35_04f3)) &>> SIMD8(repeating: 23)
        let shift = e &<< SIMD8(repeating: 23)
        let m = unsafe unsafeBitCast(word &- shift, to: SIMD8<Float>.self)
        // What rounding took from 1 + x, on the mantissa's scale.
        let scale = unsafe unsafeBitCast(SIMD8<Int32>(repeating: 0x3f80_0000) &- shift, to: SIMD8<Float>.self)
        let f = (m - one) + lost * scale
        // ln(1 + f) / f, minimax between the roots of 1/2 and 2.
        var p = SIMD8<Float>(repeating: -0.07621018588542938)
        p = SIMD8(repeating: 0.12904608249664307).addingProduct(p, f)
        p = SIMD8(repeating: -0.13243475556373596).addingProduct(p, f)
        p = SIMD8(repeating: 0.14181844890117645).addingProduct(p, f)
        p = SIMD8(repeating: -0.16609011590480804).addingProduct(p, f)
        p = SIMD8(repeating: 0.20001967251300812).addingProduct(p, f)
        p = SIMD8(repeating: -0.25001585483551025).addingProduct(p, f)
        p = SIMD8(repeating: 0.33333325386047363).addingProduct(p, f)
        p = SIMD8(repeating: -0.49999988079071045).addingProduct(p, f)
        p = one.addingProduct(p, f)
        let exponent = unsafe unsafeBitCast(e &+ SIMD8(repeating: 0x4b40_0000), to: SIMD8<Float>.self)
        return f * p + (exponent - SIMD8(repeating: 0x1.8p23)) * SIMD8(repeating: 0.6931471805599453)
    }

    /// The mean of tanh over the straight way from `a` to `b`; tanh itself where they are equal.
    ///
    /// Antiderivative anti-aliasing of first order without its cancellation: with m the middle and d half the way,
    /// (ln cosh b - ln cosh a) / (b - a) = artanh(tanh m tanh d) / d = ln1p((1 - p)(1 - q) / (p + q)) / 2d for
    /// p = e^-2|m|, q = e^-2|d|, with the sign of m. No term is negative, so no way is too short, and there is no
    /// other formula to fall back to. Error at most 1e-6 of the value (3.6e-7 found), and
    /// 4e-7 absolute (2.4e-7 found).
    @inline(always)
    package static func meanTanh(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> SIMD8<Float> {
        let middle = a + b
        // Shorter ways than 1e-12 are taken as that long.
        let way = (b - a).unsigned.atLeast(SIMD8(repeating: 1e-12))
        let least = middle.unsigned.atMost(way)
        // Above 40 the logarithm is the lesser of the two and a function of their difference: both are lowered.
        let excess = (least - SIMD8(repeating: 40)).atLeast(.zero)
        let high = SIMD8<Float>(repeating: 86)
        let (p, complementP) = decay((middle.unsigned - excess).atMost(high))
        let (q, complementQ) = decay((way - excess).atMost(high))
        let value = (log1p(complementP * complementQ / (p + q)) + excess) / way
        return value.signed(as: middle)
    }

    /// The mean of x / sqrt(1 + x^2) over the straight way from `a` to `b`, and its lean: the mean weighted by t - 1/2.
    ///
    /// With s = sqrt(1 + x^2): mean = (a + b) / (s + s'), and lean = psi(T) T / (2 (1 + s s' + a b)) for T = (b - a) /
    /// (s + s'), psi(T) = (T - (1 - T^2) artanh T) / T^3, here a polynomial in T^2 within 1e-5 (1e-2 for T above 0.8).
    /// Nothing cancels. From the antiderivatives sqrt(1 + x^2) and (x sqrt(1 + x^2) + arsinh x) / 2 by x = sinh u.
    @inline(always)
    package static func meanRootCurve(
        _ a: SIMD8<Float>, _ b: SIMD8<Float>
    ) -> (mean: SIMD8<Float>, lean: SIMD8<Float>) {
        let one = SIMD8<Float>(repeating: 1)
        let squareA = one.addingProduct(a, a)
        let squareB = one.addingProduct(b, b)
        let rootA = squareA.squareRoot()
        let rootB = squareB.squareRoot()
        let inverse = one / (rootA + rootB)
        let t = (b - a) * inverse
        let z = t * t
        var psi = SIMD8<Float>(repeating: 0.5444436073303223)
        psi = SIMD8(repeating: -0.9195972084999084).addingProduct(psi, z)
        psi = SIMD8(repeating: 0.6405134201049805).addingProduct(psi, z)
        psi = SIMD8(repeating: -0.1585349440574646).addingProduct(psi, z)
        psi = SIMD8(repeating: 0.08351407945156097).addingProduct(psi, z)
        psi = SIMD8(repeating: 0.1319974809885025).addingProduct(psi, z)
        psi = SIMD8(repeating: 0.6666776537895203).addingProduct(psi, z)
        // s s' + a b = (1 + a^2 + b^2) / (s s' - a b): the former cancels where the signs differ.
        let product = a * b
        let sum = product.unsigned.addingProduct(rootA, rootB)
        let opposite = (squareA + squareB - one) / sum
        let width = one + sum.replacing(with: opposite, where: product .< .zero)
        return ((a + b) * inverse, psi * t / (width + width))
    }
}

extension MutableSpan where Element == Float {
    /// Eight samples; the caller has checked the range.
    @unsafe @inline(always)
    func vector(at index: Int) -> SIMD8<Float> {
        unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 4, as: SIMD8<Float>.self)
    }

    /// Eight samples; the caller has checked the range.
    @unsafe @inline(always)
    mutating func setVector(_ lanes: SIMD8<Float>, at index: Int) {
        var raw = mutableBytes
        unsafe raw.storeBytes(of: lanes, toUncheckedByteOffset: index &* 4, as: SIMD8<Float>.self)
    }
}
