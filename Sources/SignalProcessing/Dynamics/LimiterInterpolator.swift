/// Four times interpolation by a sinc under a Kaiser window of beta 5, for the detector of a limiter.
struct LimiterInterpolator: Sendable {
    static let beta = 5.0

    /// Frames on either side of a point that it depends on.
    let reach: Int
    /// The largest sum of magnitudes of a point's weights, at least 1: no point exceeds the largest sample
    /// within reach times this.
    let gain: Double
    /// The point at 3/4 mirrors the one at 1/4, so the sum of a pair weighs sums of mirrored samples and the
    /// difference weighs differences.
    ///
    /// One row of four for each pair of samples, from the outermost: the even part of the point at 1/4, the
    /// point at 1/2, the odd part of the point at 1/4, and 0.
    private let table: [Float]

    init(reach: Int) {
        self.reach = reach
        let sinc = KaiserSinc(cutoff: 0.5, halfWidth: reach, beta: Self.beta)
        let phases = [0.25, 0.5].map { fraction in
            var phase = [Double](repeating: 0, count: sinc.paddedTapCount)
            sinc.write(fraction: fraction, to: &phase, at: 0)
            return phase
        }
        gain = phases.map { $0.reduce(0) { $0 + $1.magnitude } }.reduce(1) { $0 > $1 ? $0 : $1 }
        table = (0..<reach).flatMap { j in
            let (a, b) = (phases[0][j], phases[0][2 * reach - 1 - j])
            return [Float((a + b) / 2), Float(phases[1][j]), Float((a - b) / 2), 0]
        }
    }

    /// The points after each of eight frames from `first` on; the caller has checked that `reach` frames
    /// before and after them, and a whole vector more, can be read.
    @inline(always)
    func points(_ x: Span<Float>, at first: Int) -> LimiterPoints {
        var even2 = SIMD8<Float>.zero
        var y4 = even2
        var odd2 = even2
        let taps = table.span.bytes
        let samples = x.bytes
        var row = 0
        var low = 4 &* (first + 1 - reach)
        var high = 4 &* (first + reach)
        // The table has `reach` rows of four.
        for _ in 0..<reach {
            let a = unsafe samples.unsafeLoadUnaligned(fromUncheckedByteOffset: low, as: SIMD8<Float>.self)
            let b = unsafe samples.unsafeLoadUnaligned(fromUncheckedByteOffset: high, as: SIMD8<Float>.self)
            let sum = a + b
            let even = unsafe taps.unsafeLoadUnaligned(fromUncheckedByteOffset: row, as: Float.self)
            let half = unsafe taps.unsafeLoadUnaligned(fromUncheckedByteOffset: row &+ 4, as: Float.self)
            let odd = unsafe taps.unsafeLoadUnaligned(fromUncheckedByteOffset: row &+ 8, as: Float.self)
            even2.addProduct(sum, SIMD8(repeating: even))
            y4.addProduct(sum, SIMD8(repeating: half))
            odd2.addProduct(a - b, SIMD8(repeating: odd))
            row &+= 16
            low &+= 4
            high &-= 4
        }
        return LimiterPoints(y2: even2 + odd2, y4: y4, y6: even2 - odd2)
    }
}

/// What one interpolator finds between eight frames and their next ones: the points at 2/8, 4/8 and 6/8.
struct LimiterPoints: Sendable {
    let y2: SIMD8<Float>
    let y4: SIMD8<Float>
    let y6: SIMD8<Float>

    /// The largest magnitude of the points and `peak`.
    @inline(always)
    func largest(or peak: SIMD8<Float>) -> SIMD8<Float> {
        peak.greater(y2.absolute).greater(y4.absolute).greater(y6.absolute)
    }

    /// The peak of the curve through the points and the samples y0 and y8 at its ends, where the largest of
    /// these is above `coarse`; elsewhere that largest one.
    ///
    /// The points at odd eighths are read from the polynomial through all five, which errs by less than 0.06
    /// dB at half the rate, upwards; where they are above `near`, parabolas go through three neighbours each.
    /// Each lane decides for itself.
    @inline(always)
    func peak(
        between y0: SIMD8<Float>, and y8: SIMD8<Float>, coarse: SIMD8<Float>, near: SIMD8<Float>
    ) -> SIMD8<Float> {
        let largest = largest(or: y0.absolute.greater(y8.absolute))
        guard (coarse - largest).isAnyNegative else { return largest }
        // Lagrange's weights for five equidistant points, in 128ths.
        let y1 = sum(y0, y8, 35, 140, -70, 28, -5)
        let y3 = sum(y0, y8, -5, 60, 90, -20, 3)
        let y5 = sum(y0, y8, 3, -20, 90, 60, -5)
        let y7 = sum(y0, y8, -5, 28, -70, 140, 35)
        var fine = largest.greater(y1.greater(y3)).greater(y5.greater(y7))
        if (near - fine).isAnyNegative {
            let (y0, y2, y4, y6, y8) = (y0.absolute, y2.absolute, y4.absolute, y6.absolute, y8.absolute)
            var refined = fine
            Self.refine(&refined, y0, y1, y2)
            Self.refine(&refined, y1, y2, y3)
            Self.refine(&refined, y2, y3, y4)
            Self.refine(&refined, y3, y4, y5)
            Self.refine(&refined, y4, y5, y6)
            Self.refine(&refined, y5, y6, y7)
            Self.refine(&refined, y6, y7, y8)
            fine.replace(with: refined, where: fine .> near)
        }
        return largest.replacing(with: fine, where: largest .> coarse)
    }

    @inline(always)
    private func sum(
        _ y0: SIMD8<Float>, _ y8: SIMD8<Float>, _ a: Float, _ b: Float, _ c: Float, _ d: Float, _ e: Float
    ) -> SIMD8<Float> {
        var sum = y0 * SIMD8(repeating: a / 128)
        sum.addProduct(y2, SIMD8(repeating: b / 128))
        sum.addProduct(y4, SIMD8(repeating: c / 128))
        sum.addProduct(y6, SIMD8(repeating: d / 128))
        sum.addProduct(y8, SIMD8(repeating: e / 128))
        return sum.absolute
    }

    /// Raises `peak` to the vertex of the parabola through three points, where that lies at most one and a
    /// half points from the middle one: between the points, or next to a sample that is the end of two
    /// intervals.
    @inline(always)
    private static func refine(
        _ peak: inout SIMD8<Float>, _ a: SIMD8<Float>, _ b: SIMD8<Float>, _ c: SIMD8<Float>
    ) {
        let slope = a - c
        let curvature = (b - a) + (b - c)
        var vertex = b + slope * slope / (SIMD8(repeating: 8) * curvature)
        // One mask at a time: the compiler makes vector instructions of a comparison only where it is used at
        // once.
        vertex.replace(with: 0, where: slope.absolute .> SIMD8(repeating: 3) * curvature)
        vertex.replace(with: 0, where: curvature .<= SIMD8<Float>.zero)
        peak.replace(with: vertex, where: vertex .> peak)
    }
}

extension SIMD8<Float> {
    /// Whether any sign bit is set.
    @inline(always)
    var isAnyNegative: Bool {
        let words = unsafe unsafeBitCast(self, to: SIMD4<UInt64>.self)
        return ((words[0] | words[1]) | (words[2] | words[3])) & 0x8000_0000_8000_0000 != 0
    }

    @inline(always)
    var absolute: SIMD8<Float> {
        let bits = unsafe unsafeBitCast(self, to: SIMD8<UInt32>.self) & SIMD8<UInt32>(repeating: 0x7FFF_FFFF)
        return unsafe unsafeBitCast(bits, to: SIMD8<Float>.self)
    }

    /// Lane by lane the greater one.
    @inline(always)
    func greater(_ other: SIMD8<Float>) -> SIMD8<Float> { replacing(with: other, where: other .> self) }
}
