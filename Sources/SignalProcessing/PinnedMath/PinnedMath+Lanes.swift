/// The Float32 lane functions: polynomials for level detection and gain, eight lanes at once.
///
/// They are written with the operations that the compiler turns into vector instructions (conversions from
/// floating point to integer go through adding 1.5 * 2^23), and are inlined into the kernels that use them.
extension PinnedMath {
    /// Logarithm to base 2 of positive normal numbers: error at most 4e-7 plus half an ulp of the result.
    ///
    /// 0 and subnormals give a number at or below -126; negatives and non-finite lanes give no meaningful
    /// result.
    @inlinable @inline(always)
    package static func log2(_ x: SIMD8<Float>) -> SIMD8<Float> {
        let word = unsafeBitCast(x, to: SIMD8<Int32>.self)
        // m in [sqrt(1/2), sqrt 2): no cancellation against the exponent near 1.
        let e = (word &- SIMD8(repeating: 0x3f35_04f3)) &>> SIMD8(repeating: 23)
        let m = unsafeBitCast(word &- (e &<< SIMD8(repeating: 23)), to: SIMD8<Float>.self)
        let f = m - SIMD8(repeating: 1)
        var p = SIMD8<Float>(repeating: -0.1427597343599198)
        p = SIMD8(repeating: 0.23265257882113624).addingProduct(p, f)
        p = SIMD8(repeating: -0.24927182207491366).addingProduct(p, f)
        p = SIMD8(repeating: 0.2872888823739746).addingProduct(p, f)
        p = SIMD8(repeating: -0.36022518246098945).addingProduct(p, f)
        p = SIMD8(repeating: 0.48091670800022).addingProduct(p, f)
        p = SIMD8(repeating: -0.7213529313629742).addingProduct(p, f)
        p = SIMD8(repeating: 1.4426949948930465).addingProduct(p, f)
        // e as a number: a conversion that is always inlined, unlike the standard library's.
        let exponent = unsafeBitCast(e &+ SIMD8(repeating: 0x4b40_0000), to: SIMD8<Float>.self)
        return (exponent - SIMD8(repeating: 0x1.8p23)).addingProduct(p, f)
    }

    /// 2 to the power `x`: relative error at most 2e-7; exact for integers, so `exp2(0)` is exactly 1.
    ///
    /// The domain is -126 to 127; lanes outside are clamped to it.
    @inlinable @inline(always)
    package static func exp2(_ x: SIMD8<Float>) -> SIMD8<Float> {
        let low = SIMD8<Float>(repeating: -126)
        let high = SIMD8<Float>(repeating: 127)
        let magic = SIMD8<Float>(repeating: 0x1.8p23)
        var y = x.replacing(with: low, where: x .< low)
        y = y.replacing(with: high, where: y .> high)
        let shifted = y + magic
        let f = y - (shifted - magic)
        var p = SIMD8<Float>(repeating: 0.0001545316294512069)
        p = SIMD8(repeating: 0.0013390863364671234).addingProduct(p, f)
        p = SIMD8(repeating: 0.009618082557277852).addingProduct(p, f)
        p = SIMD8(repeating: 0.05550357114219078).addingProduct(p, f)
        p = SIMD8(repeating: 0.24022650760568126).addingProduct(p, f)
        p = SIMD8(repeating: 0.6931471880262288).addingProduct(p, f)
        p = SIMD8(repeating: 1).addingProduct(p, f)
        // The low bits of `shifted` are the integer part; the shift drops the magic number's own.
        let word = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &+ SIMD8(repeating: 127)
        return p * unsafeBitCast(word &<< SIMD8(repeating: 23), to: SIMD8<Float>.self)
    }
}
