/// How great an interpolated point can be at most, from what is known of the samples without interpolating.
///
/// Two bounds hold for each point y = sum h[j] x[m + j] between samples m and m + 1; the smaller one counts.
///
/// 1. |y| <= sum |h[j]| * R, where R is the greatest sample within reach. It is all that noise allows.
/// 2. Music is smooth: y lies near the straight line between its two neighbours. Let l be the taps of that
///    line, e = h - l, s = sum e[j] and t = sum j e[j], both almost 0. What is left of e without them,
///    e[j] - s at j = 0, less t at j = 1 and t more at j = 0, has no sum and no first moment, so it is the
///    second difference of a sequence g that is 0 outside of the taps' inside. Therefore, exactly,
///
///        y = line + s x[m] + t (x[m + 1] - x[m]) + sum g[k] (x[m+k-1] - 2 x[m+k] + x[m+k+1])
///
///    and with P = max(|x[m]|, |x[m + 1]|) and C the greatest magnitude of a second difference within reach:
///    |y| <= (1 + |s| + 2 |t|) P + sum |g[k]| * C.
///
/// These are bounds of the exact sums. The computed point differs from its sum by less than 2e-6 * B * R (at
/// most 32 fused multiply-adds in Float32, B = sum |h[j]| < 3), a computed second difference by less than
/// 4e-7 * R, and each of the at most six roundings of the bounds themselves is below 6e-8 * (B + 4) * R: in sum
/// less than 1e-5 * R. `slack * R` with twice that covers them, so a group that `staysBelow` holds only points
/// that are computed strictly smaller than the level. Below 1e-30 that does not hold, because denormals round
/// by more: there only silence stays below.
struct InterpolationBound {
    /// B, of the phase that has the greatest.
    private let sumOfMagnitudes: Float
    /// 1 + |s| + 2 |t|, the greatest of any phase.
    private let lineFactor: Float
    /// sum |g[k]|, the greatest of any phase.
    private let curvatureFactor: Float

    private static let slack: Float = 2e-5

    /// - Parameter phases: per phase the taps at j = 1 - reach ... reach; phase i of n lies at (i + 1)/(n + 1).
    init(phases: [[Float]]) {
        var (sums, lines, curves) = (0.0, 0.0, 0.0)
        for (index, taps) in phases.enumerated() {
            let zero = taps.count / 2 - 1
            let position = Double(index + 1) / Double(phases.count + 1)
            var rest = taps.map(Double.init)
            rest[zero] -= 1 - position
            rest[zero + 1] -= position
            var (sum, moment) = (0.0, 0.0)
            for (tap, value) in rest.enumerated() {
                sum += value
                moment += Double(tap - zero) * value
            }
            rest[zero] += moment - sum
            rest[zero + 1] -= moment
            // rest[j] = g[j - 1] - 2 g[j] + g[j + 1], solved from the left, where g is 0.
            var (previous, current, curve) = (0.0, 0.0, 0.0)
            for value in rest {
                (previous, current) = (current, value + 2 * current - previous)
                curve += current.magnitude
            }
            sums = max(sums, taps.reduce(0) { $0 + Double($1.magnitude) })
            lines = max(lines, 1 + sum.magnitude + 2 * moment.magnitude)
            curves = max(curves, curve)
        }
        precondition(sums < 3 && curves < 1, "the slack was reckoned for smaller taps")
        // Float32 rounds by less than 1e-7.
        sumOfMagnitudes = Float(sums * 1.000001)
        lineFactor = Float(lines * 1.000001)
        curvatureFactor = Float(curves * 1.000001)
    }

    /// Whether every sample of `extents[group]`, and every point between them or up to the next one, is smaller than
    /// `level`.
    ///
    /// - Parameter following: the first sample after the group.
    @inline(__always)
    func staysBelow(
        _ level: Float, _ peaks: UnsafeBufferPointer<UInt32>, _ curvatures: UnsafeBufferPointer<UInt32>,
        group: Int, following: Float
    ) -> Bool {
        let peak = peaks[group]
        let reachable = Float(bitPattern: max(peaks[group - 1], peak, peaks[group + 1]))
        guard reachable > 1e-30 else { return reachable == 0 }
        let rounding = reachable * Self.slack
        if reachable * sumOfMagnitudes + rounding <= level { return true }
        let near = Float(bitPattern: max(peak, following.bitPattern & 0x7fff_ffff))
        let bend = Float(bitPattern: max(curvatures[group - 1], curvatures[group], curvatures[group + 1]))
        return near * lineFactor + bend * curvatureFactor + rounding <= level
    }
}
