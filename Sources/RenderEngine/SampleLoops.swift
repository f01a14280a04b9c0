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
///
/// - Returns: Whether all of y is finite.
@inline(__always)
func mix(
    _ terms: [ScaledPlanes], _ side: (ScaledPlanes) -> (UnsafePointer<Float>, Double),
    into y: UnsafeMutablePointer<Float>, _ count: Int
) -> Bool {
    // Stays 0 while everything is finite: x * 0 is NaN for anything else.
    var check = SIMD16<Float>.zero
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
        let rounded = SIMD16(lowHalf: low, highHalf: high)
        UnsafeMutableRawPointer(y + i).storeBytes(of: rounded, as: SIMD16<Float>.self)
        check += rounded * 0
        i += 16
    }
    while i < count {
        var sum = 0.0
        for term in terms {
            let (x, gain) = side(term)
            sum += Double(x[i]) * gain
        }
        y[i] = Float(sum)
        check[0] += y[i] * 0
        i += 1
    }
    return check == .zero
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
    _ x: UnsafePointer<Float>, into sum: UnsafeMutablePointer<Double>, gains: UnsafePointer<Double>,
    _ count: Int
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
///
/// - Returns: Whether all of x is finite.
func scale(_ x: UnsafeMutablePointer<Float>, gain: Double, _ count: Int) -> Bool {
    let gains = SIMD4<Double>(repeating: gain)
    var check = SIMD8<Float>.zero
    var i = 0
    while i + 8 <= count {
        let raw = UnsafeMutableRawPointer(x + i)
        var y = raw.loadUnaligned(as: SIMD8<Float>.self)
        if gain != 1 {
            let scaled = (four(x, i) * gains, four(x, i + 4) * gains)
            y = SIMD8(lowHalf: SIMD4<Float>(scaled.0), highHalf: SIMD4<Float>(scaled.1))
        }
        y = SIMD8<Float>.zero + y
        raw.storeBytes(of: y, as: SIMD8<Float>.self)
        check += y * 0
        i += 8
    }
    while i < count {
        x[i] = 0 + (gain == 1 ? x[i] : Float(Double(x[i]) * gain))
        check[0] += x[i] * 0
        i += 1
    }
    return check == .zero
}
