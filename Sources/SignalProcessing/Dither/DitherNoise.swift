/// Triangular noise of one channel of one deliverable, as a pure function of the song frame.
///
/// A counter-based generator: the 64-bit finaliser of SplitMix64 (Steele, Lea, Flood, "Fast splittable
/// pseudorandom number generators", OOPSLA 2014; Stafford's variant 13) over key + frame x golden ratio. The
/// sum of the two 32-bit halves is triangular (TPDF), 2 LSB peak to peak, mean zero, variance 1/6 LSB^2: the
/// dither that makes the first two moments of the total error independent of the signal (Lipshitz,
/// Wannamaker, Vanderkooy, JAES 1992).
package struct DitherNoise: Sendable, Equatable {
    static var goldenRatio: UInt64 { 0x9E37_79B9_7F4A_7C15 }
    let key: UInt64

    /// - Parameters:
    ///   - seed: the session's seed.
    ///   - outputOrdinal: which deliverable of the session, from 0.
    ///   - channel: channel of the deliverable, from 0.
    package init(seed: UInt64, outputOrdinal: Int, channel: Int) {
        var key = Self.mix(seed &+ Self.goldenRatio)
        key = Self.mix(key ^ (UInt64(bitPattern: Int64(outputOrdinal)) &+ 0xD1B5_4A32_D192_ED03))
        self.key = Self.mix(key ^ (UInt64(bitPattern: Int64(channel)) &+ 0x8CB9_2BA7_2F3D_8DD7))
    }

    /// The noise at a song frame, in LSB, in the open interval (-1, 1).
    package func value(at frame: Int) -> Double {
        let word = word(at: frame)
        let sum = Int64(word >> 32) + Int64(word & 0xFFFF_FFFF) - 0xFFFF_FFFF
        return Double(sum) * 0x1p-32
    }

    /// 64 random bits of a frame.
    func word(at frame: Int) -> UInt64 {
        Self.mix(key &+ UInt64(bitPattern: Int64(frame)) &* Self.goldenRatio)
    }

    /// `value` for eight consecutive frames.
    @inline(always)
    func lanes(at frame: Int) -> SIMD8<Double> {
        let first = key &+ UInt64(bitPattern: Int64(frame)) &* Self.goldenRatio
        let g = Self.goldenRatio
        let steps = SIMD8<UInt64>(0, g, 2 &* g, 3 &* g, 4 &* g, 5 &* g, 6 &* g, 7 &* g)
        var word = SIMD8<UInt64>(repeating: first) &+ steps
        word = (word ^ (word &>> 30)) &* SIMD8(repeating: 0xBF58_476D_1CE4_E5B9)
        word = (word ^ (word &>> 27)) &* SIMD8(repeating: 0x94D0_49BB_1331_11EB)
        word = word ^ (word &>> 31)
        let sum = (word &>> 32) &+ (word & SIMD8(repeating: 0xFFFF_FFFF))
        // A sum below 2^33 put into the mantissa of 2^52 is that number in Double, without a conversion that
        // AVX2 lacks; taking 2^52 + 2^32 - 1 off centres it, exactly.
        let biased = SIMD8<Double>(bits: sum | SIMD8(repeating: 0x4330_0000_0000_0000))
        return (biased - SIMD8(repeating: 0x1p52 + 0x1p32 - 1)) * SIMD8(repeating: 0x1p-32)
    }

    private static func mix(_ word: UInt64) -> UInt64 {
        var word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

extension SIMD8<Double> {
    @inline(always)
    init(bits: SIMD8<UInt64>) { self = unsafe unsafeBitCast(bits, to: SIMD8<Double>.self) }
}
