// Eight neighbouring elements of a span as one vector: one bounds check per vector instead of one per
// element.

extension Span where Element == Float {
    @inline(always)
    func lanes(at index: Int) -> SIMD8<Float> {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index &* 4, as: SIMD8<Float>.self)
    }

    /// Without a bounds check: the caller has checked the range.
    @unsafe @inline(always)
    func uncheckedLanes(at index: Int) -> SIMD8<Float> {
        unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 4, as: SIMD8<Float>.self)
    }
}

extension Span where Element == Double {
    @inline(always)
    func lanes(at index: Int) -> SIMD8<Double> {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index &* 8, as: SIMD8<Double>.self)
    }

    /// Without a bounds check: the caller has checked the range.
    @unsafe @inline(always)
    func uncheckedLanes(at index: Int) -> SIMD8<Double> {
        unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 8, as: SIMD8<Double>.self)
    }

    /// Without a bounds check: the caller has checked the range.
    @unsafe @inline(always)
    func uncheckedFour(at index: Int) -> SIMD4<Double> {
        unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 8, as: SIMD4<Double>.self)
    }
}

extension MutableSpan where Element == Float {
    @inline(always)
    func lanes(at index: Int) -> SIMD8<Float> {
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: index &* 4, as: SIMD8<Float>.self)
    }

    @inline(always)
    mutating func setLanes(_ lanes: SIMD8<Float>, at index: Int) {
        var raw = mutableBytes
        raw.storeBytes(of: lanes, toByteOffset: index &* 4, as: SIMD8<Float>.self)
    }
}

extension MutableSpan where Element == Double {
    /// Without a bounds check: the caller has checked the range.
    @unsafe @inline(always)
    func uncheckedFour(at index: Int) -> SIMD4<Double> {
        unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 8, as: SIMD4<Double>.self)
    }

    /// Without a bounds check: the caller has checked the range.
    @unsafe @inline(always)
    mutating func setUncheckedFour(_ lanes: SIMD4<Double>, at index: Int) {
        var raw = mutableBytes
        unsafe raw.storeBytes(of: lanes, toUncheckedByteOffset: index &* 8, as: SIMD4<Double>.self)
    }
}

extension MutableSpan where Element == Int32 {
    @inline(always)
    mutating func setLanes(_ lanes: SIMD8<Int32>, at index: Int) {
        var raw = mutableBytes
        raw.storeBytes(of: lanes, toByteOffset: index &* 4, as: SIMD8<Int32>.self)
    }
}

extension SIMDMask<SIMD4<Int64>> {
    /// Whether any lane is set.
    @inline(always)
    var isAnySet: Bool {
        let four = unsafe unsafeBitCast(self, to: SIMD4<UInt64>.self)
        return (four[0] | four[1]) | (four[2] | four[3]) != 0
    }
}

extension SIMD8<Float> {
    /// The largest element; NaN is not looked for.
    @inline(always)
    var largest: Float {
        let four = lowHalf.replacing(with: highHalf, where: highHalf .> lowHalf)
        let two = four.lowHalf.replacing(with: four.highHalf, where: four.highHalf .> four.lowHalf)
        return two[0] > two[1] ? two[0] : two[1]
    }
}

extension Double {
    /// The square root of a design value to the last bit or so, by a logarithm and one of Newton's steps:
    /// `squareRoot()` also refers to libm, for negative arguments.
    var root: Double {
        guard self > 0 else { return 0 }
        let estimate = PinnedMath.exp2(PinnedMath.log2(self) / 2)
        return (estimate + self / estimate) / 2
    }
}
