/// Functions of a low-frequency oscillator, four lanes of Double at once.
extension PinnedMath {
    /// Sine of a phase: 2^64 is one turn. Error at most 7e-16.
    ///
    /// The phase's upper 52 bits count. They are put below the exponent of 1, so that no conversion is needed.
    @inline(always)
    package static func sine(phase: SIMD4<UInt64>) -> SIMD4<Double> {
        // The quarter turn makes the even fold below a sine.
        let word = (phase &+ SIMD4(repeating: 0x4000_0000_0000_0000)) &>> SIMD4(repeating: 12)
        let turns = unsafeBitCast(word | SIMD4(repeating: 0x3ff0_0000_0000_0000), to: SIMD4<Double>.self)
        return sine(quarters: fold(turns))
    }

    /// A triangle in phase with the sine: 0 at 0, 1 at a quarter turn.
    @inline(always)
    package static func triangle(phase: SIMD4<UInt64>) -> SIMD4<Double> {
        let word = (phase &+ SIMD4(repeating: 0x4000_0000_0000_0000)) &>> SIMD4(repeating: 12)
        let turns = unsafeBitCast(word | SIMD4(repeating: 0x3ff0_0000_0000_0000), to: SIMD4<Double>.self)
        return fold(turns) * 4
    }

    /// From turns in 1 ..< 2 to -1/4 ... 1/4, rising in the first half and falling in the second.
    @inline(always)
    private static func fold(_ turns: SIMD4<Double>) -> SIMD4<Double> {
        let t = turns - SIMD4(repeating: 1.5)
        return SIMD4(repeating: 0.25) - t.replacing(with: -t, where: t .< SIMD4())
    }

    /// sin(2 pi x) for x in -1/4 ... 1/4: x times a polynomial in x^2, interpolated at Chebyshev nodes (1.3e-18).
    @inline(always)
    private static func sine(quarters x: SIMD4<Double>) -> SIMD4<Double> {
        let z = x * x
        var p = SIMD4(repeating: 0.10089695501646812)
        p = SIMD4(repeating: -0.7177337921413454).addingProduct(p, z)
        p = SIMD4(repeating: 3.8199280942271643).addingProduct(p, z)
        p = SIMD4(repeating: -15.0946416761179).addingProduct(p, z)
        p = SIMD4(repeating: 42.058693925428685).addingProduct(p, z)
        p = SIMD4(repeating: -76.70585975282492).addingProduct(p, z)
        p = SIMD4(repeating: 81.60524927607362).addingProduct(p, z)
        p = SIMD4(repeating: -41.341702240399755).addingProduct(p, z)
        p = SIMD4(repeating: 6.283185307179586).addingProduct(p, z)
        return x * p
    }

    /// 2 to the power `x`, -1000 to 1000: error at most 1.5 ulp, exact for integers.
    @inline(always)
    package static func exp2(_ x: SIMD4<Double>) -> SIMD4<Double> {
        // Adding 1.5 * 2^52 leaves the nearest integer in the low bits.
        let shifted = x + SIMD4(repeating: 0x1.8p52)
        let f = x - (shifted - SIMD4(repeating: 0x1.8p52))
        let n = unsafeBitCast(shifted, to: SIMD4<Int64>.self)
        var p = SIMD4(repeating: 2.5729324177362305e-11)
        p = SIMD4(repeating: 4.4558179083360645e-10).addingProduct(p, f)
        p = SIMD4(repeating: 7.0548973041554995e-09).addingProduct(p, f)
        p = SIMD4(repeating: 1.0178057087733941e-07).addingProduct(p, f)
        p = SIMD4(repeating: 1.3215486808705563e-06).addingProduct(p, f)
        p = SIMD4(repeating: 1.5252733841556773e-05).addingProduct(p, f)
        p = SIMD4(repeating: 0.00015403530393370734).addingProduct(p, f)
        p = SIMD4(repeating: 0.001333355814640647).addingProduct(p, f)
        p = SIMD4(repeating: 0.00961812910762848).addingProduct(p, f)
        p = SIMD4(repeating: 0.055504108664821625).addingProduct(p, f)
        p = SIMD4(repeating: 0.24022650695910072).addingProduct(p, f)
        p = SIMD4(repeating: 0.6931471805599453).addingProduct(p, f)
        p = SIMD4(repeating: 1).addingProduct(p, f)
        return unsafeBitCast(
            unsafeBitCast(p, to: SIMD4<Int64>.self) &+ (n &<< SIMD4(repeating: 52)), to: SIMD4.self)
    }

    /// tan(x) for x in -pi/4 ... pi/4: error below 3 ulp.
    @inline(always)
    package static func tangent(eighth x: SIMD4<Double>) -> SIMD4<Double> {
        let z = x * x
        var s = SIMD4(repeating: 1.5917988979397435e-10)
        s = SIMD4(repeating: -2.5051129896450185e-08).addingProduct(s, z)
        s = SIMD4(repeating: 2.7557316093198404e-06).addingProduct(s, z)
        s = SIMD4(repeating: -0.00019841269836740532).addingProduct(s, z)
        s = SIMD4(repeating: 0.008333333333330936).addingProduct(s, z)
        s = SIMD4(repeating: -0.16666666666666666).addingProduct(s, z)
        var c = SIMD4(repeating: -1.138254464534925e-11)
        c = SIMD4(repeating: 2.087614504941318e-09).addingProduct(c, z)
        c = SIMD4(repeating: -2.755731726587808e-07).addingProduct(c, z)
        c = SIMD4(repeating: 2.48015872987544e-05).addingProduct(c, z)
        c = SIMD4(repeating: -0.0013888888888887389).addingProduct(c, z)
        c = SIMD4(repeating: 0.041666666666666664).addingProduct(c, z)
        c = (SIMD4(repeating: 1) - z * 0.5).addingProduct(z * z, c)
        return x.addingProduct(x * z, s) / c
    }
}
