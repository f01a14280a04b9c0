/// Reads the true peak between neighbouring frames, as meters of any sharpness would.
///
/// Below 0.4 of the rate, interpolators agree. Nearer to half the rate the peak of full band noise depends
/// on the length of the interpolator: where it is sharp the noise has one peak, where it is blunt another,
/// and 0.1 to 0.5 dB lie between what meters of 24 and of 128 taps read (ITU-R BS.1770-5 Annex 2 names no
/// filter of that sharpness). So one filter, however good, cannot hold the ceiling for the others.
///
/// The readings are linear: a meter whose window is a weighted mean of some windows reads the same mean of
/// their readings, so no more than the largest of them. Kaiser windows of beta 5 over 12, 24, 40, 64 and 128
/// taps come that close, but for a remainder whose gain is 0.8 % (root of the sum of squares), to every
/// Kaiser window of beta 5 to 10, Blackman's and Hann's over 24 to 128 taps. The largest reading of the
/// five counts. Sharper meters read up to 0.5 dB more, and only of noise at half the rate.
struct LimiterDetector: Sendable {
    /// Frames that are read before and after a frame.
    static let reach = 64

    private static let widths = [reach, 6, 12, 20, 32].map { LimiterInterpolator(reach: $0) }

    /// No point at a quarter of a frame can exceed the largest sample times this; one part in 1,000 is for
    /// the rounding of the sums.
    private static let bound = Float(1.001 * widths.map(\.gain).reduce(1) { $0 > $1 ? $0 : $1 })

    /// Parabolas are drawn where a point is above this part of the threshold: cos(pi / 16) = 0.981 is the
    /// least that eight times interpolation reads of a tone below half the rate.
    private static let nearness: Float = 0.97

    /// Eighths are looked at where a quarter, or a sample, is above this part of the threshold: four times
    /// interpolation reads at least cos(pi / 8) = 0.924.
    private static let coarseness: Float = 0.87

    /// The other widths are asked where the one of 64 taps is above this part of the threshold: 1.8 dB less
    /// than four times interpolation reads of a peak at the threshold. They differ by less than 1 dB.
    private static let screen: Float = 0.75

    private let wide = LimiterDetector.widths[0]
    private let narrowest = LimiterDetector.widths[1]
    private let narrower = LimiterDetector.widths[2]
    private let narrow = LimiterDetector.widths[3]
    private let medium = LimiterDetector.widths[4]
    private let threshold: Float
    private let safeMagnitude: Float
    private let worthTheOthers: SIMD8<Float>
    private let worthALook: SIMD8<Float>
    private let nearThreshold: SIMD8<Float>

    init(threshold: Float) {
        self.threshold = threshold
        safeMagnitude = threshold * Self.screen / Self.bound
        worthTheOthers = SIMD8(repeating: threshold * Self.screen)
        worthALook = SIMD8(repeating: threshold * Self.coarseness)
        nearThreshold = SIMD8(repeating: threshold * Self.nearness)
    }

    /// Writes to `reduction[offset...]` 1 - threshold / peak, or 0 where the peak is not above the threshold,
    /// for `count` frames (a multiple of 8) from `first` on; the peak is the largest of both channels from a
    /// frame to the next.
    ///
    /// The decision to skip the interpolation cannot change a bit, as it is only taken where the result is 0.
    func measure(
        _ left: [Float], _ right: [Float], first: Int, count: Int, reduction: inout [Float], at offset: Int
    ) {
        precondition(
            first >= Self.reach && first + count + Self.reach + 8 <= min(left.count, right.count)
                && offset >= 0 && offset + count <= reduction.count)
        let left = left.span
        let right = right.span
        var reduction = reduction.mutableSpan
        var i = 0
        while i < count {
            let length = min(64, count - i)
            if largestMagnitude(left, right, first: first + i, count: length) <= safeMagnitude {
                for k in stride(from: i, to: i + length, by: 8) {
                    reduction.setLanes(.zero, at: offset + k)
                }
            } else {
                for k in stride(from: i, to: i + length, by: 8) {
                    let a = peak(left, at: first + k)
                    let b = peak(right, at: first + k)
                    let peak = a.replacing(with: b, where: b .> a)
                    let limit = SIMD8(repeating: threshold)
                    var value = SIMD8<Float>(repeating: 1) - limit / peak
                    value.replace(with: 0, where: peak .<= limit)
                    reduction.setLanes(value, at: offset + k)
                }
            }
            i += length
        }
    }

    @inline(__always)
    private func largestMagnitude(_ left: Span<Float>, _ right: Span<Float>, first: Int, count: Int) -> Float
    {
        var largest = SIMD8<Float>.zero
        var i = first - Self.reach
        while i < first + count + Self.reach {
            let a = left.lanes(at: i).absolute
            let b = right.lanes(at: i).absolute
            largest.replace(with: a, where: a .> largest)
            largest.replace(with: b, where: b .> largest)
            i += 8
        }
        return largest.largest
    }

    /// The peaks that belong to eight frames of one channel.
    ///
    /// Each frame decides for itself.
    @inline(__always)
    private func peak(_ x: Span<Float>, at first: Int) -> SIMD8<Float> {
        let start = x.lanes(at: first)
        let end = x.lanes(at: first + 1)
        let points = medium.points(x, at: first)
        let screened = points.largest(or: start.absolute.greater(end.absolute))
        guard (worthTheOthers - screened).isAnyNegative else { return screened }
        return screened.replacing(
            with: largestPeak(x, at: first, points, between: start, and: end),
            where: screened .> worthTheOthers)
    }

    private func largestPeak(
        _ x: Span<Float>, at first: Int, _ points: LimiterPoints, between start: SIMD8<Float>,
        and end: SIMD8<Float>
    ) -> SIMD8<Float> {
        func read(_ points: LimiterPoints) -> SIMD8<Float> {
            points.peak(between: start, and: end, coarse: worthALook, near: nearThreshold)
        }
        let peak = read(points).greater(read(wide.points(x, at: first)))
        return peak.greater(read(narrow.points(x, at: first))).greater(read(narrower.points(x, at: first)))
            .greater(read(narrowest.points(x, at: first)))
    }
}
