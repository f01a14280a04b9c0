/// What meters of any sharpness would read between neighbouring frames.
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
struct LimiterReader: Sendable {
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

    /// The other widths are asked only where the one of 64 taps is above this part of the threshold: 1.8 dB less
    /// than four times interpolation reads of a peak at the threshold. They differ by less than 1 dB.
    private static let screen: Float = 0.75

    /// A frame whose reading by 64 taps is below this part of the highest one is dominated: it is at most 1 / 0.924 of
    /// it when looked at closely, and the other widths differ by less than 1 dB.
    private static let dominance: Float = 0.8
    /// Likewise, when it was looked at closely.
    private static let fineDominance: Float = 0.88
    /// A point of any width below this part of the highest peak has no higher one between it and the next.
    private static let coarseDominance: Float = 0.9

    private let wide = LimiterReader.widths[0]
    private let narrowest = LimiterReader.widths[1]
    private let narrower = LimiterReader.widths[2]
    private let narrow = LimiterReader.widths[3]
    private let medium = LimiterReader.widths[4]
    /// Where no sample within reach is above this, no reading is worth asking the others.
    private(set) var safeMagnitude: Float = 0
    private var worthTheOthers = SIMD8<Float>()
    private var worthALook = SIMD8<Float>()
    private var nearThreshold = SIMD8<Float>()

    /// - Parameter threshold: linear level that the peaks are to be compared with.
    init(threshold: Float) { set(threshold: threshold) }

    mutating func set(threshold: Float) {
        safeMagnitude = threshold * Self.screen / Self.bound
        worthTheOthers = SIMD8(repeating: threshold * Self.screen)
        worthALook = SIMD8(repeating: threshold * Self.coarseness)
        nearThreshold = SIMD8(repeating: threshold * Self.nearness)
    }

    /// The reading of 64 taps in eight frames of one channel; 0 where it is not worth asking the others.
    ///
    /// Each frame decides for itself.
    @inline(always)
    func level(_ x: Span<Float>, at first: Int) -> SIMD8<Float> {
        let ends = x.lanes(at: first).absolute.greater(x.lanes(at: first + 1).absolute)
        let reading = medium.points(x, at: first).largest(or: ends)
        return SIMD8<Float>.zero.replacing(with: reading, where: reading .> worthTheOthers)
    }

    /// The peaks that belong to eight frames of one channel, by all widths where they count.
    ///
    /// - Parameters:
    ///   - reading: what `level` gave.
    ///   - highest: the largest reading of these frames and those that dominate them.
    @inline(always)
    func peak(
        _ x: Span<Float>, at first: Int, reading: SIMD8<Float>, highest: SIMD8<Float>
    ) -> SIMD8<Float> {
        let least = highest * SIMD8(repeating: Self.dominance)
        guard (least - reading).isAnyNegative else { return reading }
        return reading.replacing(with: largestPeak(x, at: first, highest: highest), where: reading .> least)
    }

    @inline(never)
    private func largestPeak(_ x: Span<Float>, at first: Int, highest: SIMD8<Float>) -> SIMD8<Float> {
        let own = read(x, at: first, by: medium, above: highest)
        let least = highest * SIMD8(repeating: Self.fineDominance)
        guard (least - own).isAnyNegative else { return own }
        let top = highest.greater(own)
        let others = read(x, at: first, by: wide, above: top).greater(
            read(x, at: first, by: narrow, above: top)
        )
        .greater(read(x, at: first, by: narrower, above: top))
        .greater(read(x, at: first, by: narrowest, above: top))
        return own.replacing(with: own.greater(others), where: own .> least)
    }

    /// The peaks by one width, looked at as closely as they can count: above the threshold and above `top`.
    // One copy of the code for the five.
    @inline(never)
    private func read(
        _ x: Span<Float>, at first: Int, by width: LimiterInterpolator, above top: SIMD8<Float>
    ) -> SIMD8<Float> {
        width.points(x, at: first).peak(
            between: x.lanes(at: first), and: x.lanes(at: first + 1),
            coarse: worthALook.greater(top * SIMD8(repeating: Self.coarseDominance)),
            near: nearThreshold.greater(top * SIMD8(repeating: Self.nearness)))
    }
}
