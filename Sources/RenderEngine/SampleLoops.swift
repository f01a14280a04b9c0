// The element-wise loops of the mix. None of them adds up over frames, so the width changes no bit; products and sums
// stay separate operations. A sum starts at +0 and takes its terms one after the other.

/// A stereo signal and its gains, constant over a block.
struct ScaledPlanes {
    var left: UnsafePointer<Float>
    var right: UnsafePointer<Float>
    var leftGain: Double
    var rightGain: Double
}

/// y = Float(0 + x1 g1 + x2 g2 + ...), in Double, rounded once; `side` picks the plane and its gain.
@inline(__always)
func mix(
    _ terms: [ScaledPlanes], _ side: (ScaledPlanes) -> (UnsafePointer<Float>, Double),
    into y: UnsafeMutablePointer<Float>, _ count: Int
) {
    var i = 0
    while i + 16 <= count {
        var a = SIMD4<Double>.zero
        var b = a
        var c = a
        var d = a
        for term in terms {
            let (x, gain) = side(term)
            let gains = SIMD4<Double>(repeating: gain)
            a += four(x, i) * gains
            b += four(x, i + 4) * gains
            c += four(x, i + 8) * gains
            d += four(x, i + 12) * gains
        }
        let low = SIMD8(lowHalf: SIMD4<Float>(a), highHalf: SIMD4<Float>(b))
        let high = SIMD8(lowHalf: SIMD4<Float>(c), highHalf: SIMD4<Float>(d))
        UnsafeMutableRawPointer(y + i).storeBytes(of: SIMD16(lowHalf: low, highHalf: high), as: SIMD16<Float>.self)
        i += 16
    }
    while i < count {
        var sum = 0.0
        for term in terms {
            let (x, gain) = side(term)
            sum += Double(x[i]) * gain
        }
        y[i] = Float(sum)
        i += 1
    }
}

@inline(__always)
private func four(_ x: UnsafePointer<Float>, _ i: Int) -> SIMD4<Double> {
    SIMD4<Double>(UnsafeRawPointer(x + i).loadUnaligned(as: SIMD4<Float>.self))
}

/// sum += x * gain, in Double.
func accumulate(
    _ x: UnsafePointer<Float>, into sum: UnsafeMutablePointer<Double>, gain: Double, _ count: Int
) {
    for i in 0..<count { sum[i] += Double(x[i]) * gain }
}

/// sum += x * gains, in Double.
func accumulate(
    _ x: UnsafePointer<Float>, into sum: UnsafeMutablePointer<Double>, gains: UnsafePointer<Double>, _ count: Int
) {
    for i in 0..<count { sum[i] += Double(x[i]) * gains[i] }
}

/// gains *= others.
func multiply(_ gains: UnsafeMutablePointer<Double>, by others: UnsafePointer<Double>, _ count: Int) {
    for i in 0..<count { gains[i] *= others[i] }
}

/// The one rounding of a sum.
func round(_ sum: UnsafePointer<Double>, to x: UnsafeMutablePointer<Float>, _ count: Int) {
    for i in 0..<count { x[i] = Float(sum[i]) }
}

/// y += Float(x * gain).
func addScaled(
    _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, gain: Double, _ count: Int
) {
    for i in 0..<count { y[i] += Float(Double(x[i]) * gain) }
}

/// y += Float(x * gains).
func addScaled(
    _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, gains: UnsafePointer<Double>, _ count: Int
) {
    for i in 0..<count { y[i] += Float(Double(x[i]) * gains[i]) }
}

/// x = 0 + Float(x * gain): what adding to silence makes of it, -0 and subnormals included.
func scale(_ x: UnsafeMutablePointer<Float>, gain: Double, _ count: Int) {
    if gain == 1 {
        for i in 0..<count { x[i] = 0 + x[i] }
    } else {
        for i in 0..<count { x[i] = 0 + Float(Double(x[i]) * gain) }
    }
}
