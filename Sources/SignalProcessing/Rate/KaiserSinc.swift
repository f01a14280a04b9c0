/// A low-pass filter with continuous argument: h(t) = 2c sinc(2ct) I0(b sqrt(1 - (t/H)^2)) / I0(b) for |t| <
/// H.
///
/// Kaiser's window (F. Kuo, J. Kaiser, "System analysis by digital computer", 1966, ch. 7): a stop band of A
/// dB takes b = 0.1102 (A - 8.7), and a transition of width w radians per frame takes 2H = (A - 7.95) /
/// (2.285 w). I0 is even, so the window is a power series in 1 - (t/H)^2 with positive terms: no root and no
/// cancellation.
struct KaiserSinc: Sendable {
    /// The filter reaches this many frames to either side.
    let halfWidth: Int
    /// Cycles per frame at -6 dB.
    private let cutoff: Double
    private let series: [Double]
    /// sin and cos of 2 pi cutoff o for the tap offsets o from 1 - halfWidth to halfWidth, padded to whole
    /// vectors.
    private let sines: [Double]
    private let cosines: [Double]
    private let offsets: [Double]

    /// Taps of one phase, rounded up to whole vectors of eight; the padding taps are zero.
    var paddedTapCount: Int { offsets.count }

    init(cutoff: Double, halfWidth: Int, beta: Double) {
        self.cutoff = cutoff
        self.halfWidth = halfWidth
        let quarter = beta * beta / 4
        var terms = [1.0]
        var sum = 1.0
        while let last = terms.last, last > sum * 1e-18 {
            let k = Double(terms.count)
            terms.append(last * quarter / (k * k))
            sum += terms[terms.count - 1]
        }
        series = terms.reversed().map { $0 / sum }
        let count = (2 * halfWidth + 7) / 8 * 8
        offsets = (0..<count).map { Double($0 + 1 - halfWidth) }
        let radians = 2 * Double.pi * cutoff
        sines = offsets.map { PinnedMath.sin(radians * $0) }
        cosines = offsets.map { PinnedMath.cos(radians * $0) }
    }

    /// The taps that give the value `fraction` of a frame after a frame: tap j weighs the frame at offset j +
    /// 1 - halfWidth.
    ///
    /// Writes `paddedTapCount` values from `start` on.
    func write(fraction: Double, to taps: inout [Double], at start: Int) {
        let angle = 2 * Double.pi * cutoff * fraction
        let sine = SIMD8(repeating: PinnedMath.sin(angle))
        let cosine = SIMD8(repeating: PinnedMath.cos(angle))
        let inverseWidth = SIMD8(repeating: 1 / Double(halfWidth))
        let one = SIMD8<Double>(repeating: 1)
        let offsets = self.offsets.span
        let sines = self.sines.span
        let cosines = self.cosines.span
        for j in stride(from: 0, to: paddedTapCount, by: 8) {
            let t = offsets.lanes(at: j) - SIMD8(repeating: fraction)
            let u = t * inverseWidth
            let v = one - u * u
            var window = SIMD8<Double>.zero
            for term in series { window = SIMD8(repeating: term).addingProduct(window, v) }
            window.replace(with: 0, where: v .<= 0)
            let wave = sines.lanes(at: j) * cosine - cosines.lanes(at: j) * sine
            var value = wave * window / (SIMD8(repeating: Double.pi) * t)
            value.replace(with: SIMD8(repeating: 2 * cutoff), where: t .== 0)
            for i in 0..<8 { taps[start + j + i] = value[i] }
        }
    }
}
