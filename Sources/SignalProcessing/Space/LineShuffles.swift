// Operations on four lines or frames that the compiler would take apart if they were written lane by lane: on
// x86-64 they are single instructions, elsewhere the same written out, with the same bits.
#if arch(x86_64)
    internal import CVector
#endif

/// c + a b, rounded once.
@inline(always)
func fused(_ c: SIMD4<Double>, _ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    #if arch(x86_64)
        _mm256_fmadd_pd(a, b, c)
    #else
        c.addingProduct(a, b)
    #endif
}

@inline(always)
func sum(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    #if arch(x86_64)
        _mm256_add_pd(a, b)
    #else
        a + b
    #endif
}

@inline(always)
func difference(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    #if arch(x86_64)
        _mm256_sub_pd(a, b)
    #else
        a - b
    #endif
}

@inline(always)
func product(_ a: SIMD4<Double>, _ b: SIMD4<Double>) -> SIMD4<Double> {
    #if arch(x86_64)
        _mm256_mul_pd(a, b)
    #else
        a * b
    #endif
}

/// (x0, y0, x2, y2).
@inline(always)
func evenPairs(_ x: SIMD4<Double>, _ y: SIMD4<Double>) -> SIMD4<Double> {
    #if arch(x86_64)
        _mm256_unpacklo_pd(x, y)
    #else
        SIMD4(x[0], y[0], x[2], y[2])
    #endif
}

/// (x1, y1, x3, y3).
@inline(always)
func oddPairs(_ x: SIMD4<Double>, _ y: SIMD4<Double>) -> SIMD4<Double> {
    #if arch(x86_64)
        _mm256_unpackhi_pd(x, y)
    #else
        SIMD4(x[1], y[1], x[3], y[3])
    #endif
}

/// Two vectors of two, one after the other.
@inline(always)
func joined(_ low: SIMD2<Double>, _ high: SIMD2<Double>) -> SIMD4<Double> {
    #if arch(x86_64)
        _mm256_set_m128d(high, low)
    #else
        SIMD4(lowHalf: low, highHalf: high)
    #endif
}
