// The element-wise loops of the mix. None of them reduces, so the compiler may vectorise them at any width without
// touching a bit; products and sums stay separate operations.

/// sum += x * gain, in Double.
func accumulate(
    _ x: UnsafeMutablePointer<Float>, into sum: UnsafeMutablePointer<Double>, gain: Double, _ count: Int
) {
    for i in 0..<count { sum[i] += Double(x[i]) * gain }
}

/// sum += x * gains * mixer, in Double.
func accumulate(
    _ x: UnsafeMutablePointer<Float>, into sum: UnsafeMutablePointer<Double>, gains: UnsafeMutablePointer<Double>,
    _ mixer: StripRunner.MixerGain, _ count: Int
) {
    switch mixer {
    case .constant(let gain):
        for i in 0..<count { sum[i] += Double(x[i]) * (gains[i] * gain) }
    case .perFrame(let values):
        for i in 0..<count { sum[i] += Double(x[i]) * (gains[i] * values.pointer[i]) }
    }
}

/// The one rounding of a sum.
func round(_ sum: UnsafeMutablePointer<Double>, to x: UnsafeMutablePointer<Float>, _ count: Int) {
    for i in 0..<count { x[i] = Float(sum[i]) }
}

/// y += Float(x * gain).
func addScaled(
    _ x: UnsafeMutablePointer<Float>, to y: UnsafeMutablePointer<Float>, gain: Double, _ count: Int
) {
    if gain == 1 {
        for i in 0..<count { y[i] += x[i] }
    } else {
        for i in 0..<count { y[i] += Float(Double(x[i]) * gain) }
    }
}

func addScaled(
    _ x: UnsafeMutablePointer<Float>, to y: UnsafeMutablePointer<Float>, gains: UnsafeMutablePointer<Double>,
    _ count: Int
) {
    for i in 0..<count { y[i] += Float(Double(x[i]) * gains[i]) }
}
