/// Reads the true peak between neighbouring frames: 8 times interpolation by a Kaiser-windowed sinc as long
/// as full band noise needs, and a parabola through three neighbouring points where they come near the
/// threshold.
///
/// ITU-R BS.1770-5 Annex 2 gives the error of reading only the points: 0.17 dB at 8 times for a tone at half
/// the rate; the parabola takes that below 0.01 dB.
struct LimiterDetector: Sendable {
    static let tapCount = 80
    static let beta = 5.5
    /// Frames that are read before and after a frame.
    static let reach = tapCount / 2

    /// The weights of the points at 1/8 to 7/8 of a frame, `tapCount` each.
    private static let points: [[Double]] = {
        let sinc = KaiserSinc(cutoff: 0.5, halfWidth: reach, beta: beta)
        return (1...7).map { point in
            var phase = [Double](repeating: 0, count: sinc.paddedTapCount)
            sinc.write(fraction: Double(point) / 8, to: &phase, at: 0)
            return phase
        }
    }()

    /// Point q mirrors point 8 - q, so the sum of a pair weighs sums of mirrored samples and the difference
    /// weighs differences: half the products.
    ///
    /// One row of eight for each pair of samples, from the outermost: the even parts of points 1, 2, 3 and 4,
    /// the odd parts of points 1, 2 and 3, and 0.
    private static let table: [Float] = {
        var table: [Float] = []
        for j in 0..<reach {
            let even = (0..<4).map { Float((points[$0][j] + points[$0][tapCount - 1 - j]) / 2) }
            let odd = (0..<3).map { Float((points[$0][j] - points[$0][tapCount - 1 - j]) / 2) }
            table += even + odd + [0]
        }
        return table
    }()

    /// No point between the frames can exceed the largest sample times this; one part in 1,000 is for the
    /// rounding of the sums.
    private static let bound = Float(
        1.001 * points.map { $0.reduce(0) { $0 + $1.magnitude } }.reduce(1) { $0 > $1 ? $0 : $1 })

    /// Parabolas are drawn where a point is above this part of the threshold: cos(pi / 16) = 0.981 is the
    /// least that a point reads of a tone below half the rate.
    private static let nearness: Float = 0.97

    /// All points are looked at where every second one, or a sample, is above this part of the threshold:
    /// four times interpolation reads at least cos(pi / 8) = 0.924.
    private static let coarseness: Float = 0.87

    private let taps = LimiterDetector.table
    private let threshold: Float
    private let safeMagnitude: Float
    private let worthALook: Float
    private let nearThreshold: Float

    init(threshold: Float) {
        self.threshold = threshold
        safeMagnitude = threshold * Self.coarseness / Self.bound
        worthALook = threshold * Self.coarseness
        nearThreshold = threshold * Self.nearness
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

    /// The peaks that belong to eight frames of one channel: from every second point, and from all of them
    /// where those come near the threshold.
    ///
    /// Each frame decides for itself.
    @inline(__always)
    private func peak(_ x: Span<Float>, at first: Int) -> SIMD8<Float> {
        let coarse = coarsePeak(x, at: first)
        let limit = SIMD8(repeating: worthALook)
        guard (limit - coarse).isAnyNegative else { return coarse }
        return coarse.replacing(with: finePeak(x, at: first), where: coarse .> limit)
    }

    /// The largest of both samples and the points at 2/8, 4/8 and 6/8.
    private func coarsePeak(_ x: Span<Float>, at first: Int) -> SIMD8<Float> {
        var even2 = SIMD8<Float>.zero
        var y4 = even2
        var odd2 = even2
        let taps = self.taps.span
        var row = 0
        var low = first + 1 - Self.reach
        var high = first + Self.reach
        // The table has `reach` rows of eight, and the caller has checked the frames.
        for _ in 0..<Self.reach {
            let a = unsafe x.uncheckedLanes(at: low)
            let b = unsafe x.uncheckedLanes(at: high)
            let sum = a + b
            unsafe even2.addProduct(sum, SIMD8(repeating: taps[unchecked: row &+ 1]))
            unsafe y4.addProduct(sum, SIMD8(repeating: taps[unchecked: row &+ 3]))
            unsafe odd2.addProduct(a - b, SIMD8(repeating: taps[unchecked: row &+ 5]))
            row &+= 8
            low &+= 1
            high &-= 1
        }
        var peak = x.lanes(at: first).absolute
        let y8 = x.lanes(at: first + 1).absolute
        let y2 = (even2 + odd2).absolute
        let y6 = (even2 - odd2).absolute
        y4 = y4.absolute
        peak.replace(with: y8, where: y8 .> peak)
        peak.replace(with: y2, where: y2 .> peak)
        peak.replace(with: y4, where: y4 .> peak)
        peak.replace(with: y6, where: y6 .> peak)
        return peak
    }

    /// The largest of both samples and all points, with parabolas near the threshold.
    private func finePeak(_ x: Span<Float>, at first: Int) -> SIMD8<Float> {
        var even1 = SIMD8<Float>.zero
        var even2 = even1
        var even3 = even1
        var y4 = even1
        var odd1 = even1
        var odd2 = even1
        var odd3 = even1
        let taps = self.taps.span
        var row = 0
        var low = first + 1 - Self.reach
        var high = first + Self.reach
        // The table has `reach` rows of eight, and the caller has checked the frames.
        for _ in 0..<Self.reach {
            let a = unsafe x.uncheckedLanes(at: low)
            let b = unsafe x.uncheckedLanes(at: high)
            let sum = a + b
            let difference = a - b
            unsafe even1.addProduct(sum, SIMD8(repeating: taps[unchecked: row]))
            unsafe even2.addProduct(sum, SIMD8(repeating: taps[unchecked: row &+ 1]))
            unsafe even3.addProduct(sum, SIMD8(repeating: taps[unchecked: row &+ 2]))
            unsafe y4.addProduct(sum, SIMD8(repeating: taps[unchecked: row &+ 3]))
            unsafe odd1.addProduct(difference, SIMD8(repeating: taps[unchecked: row &+ 4]))
            unsafe odd2.addProduct(difference, SIMD8(repeating: taps[unchecked: row &+ 5]))
            unsafe odd3.addProduct(difference, SIMD8(repeating: taps[unchecked: row &+ 6]))
            row &+= 8
            low &+= 1
            high &-= 1
        }
        let y0 = x.lanes(at: first).absolute
        let y1 = (even1 + odd1).absolute
        let y2 = (even2 + odd2).absolute
        let y3 = (even3 + odd3).absolute
        y4 = y4.absolute
        let y5 = (even3 - odd3).absolute
        let y6 = (even2 - odd2).absolute
        let y7 = (even1 - odd1).absolute
        let y8 = x.lanes(at: first + 1).absolute
        var peak = y0
        peak.replace(with: y1, where: y1 .> peak)
        peak.replace(with: y2, where: y2 .> peak)
        peak.replace(with: y3, where: y3 .> peak)
        peak.replace(with: y4, where: y4 .> peak)
        peak.replace(with: y5, where: y5 .> peak)
        peak.replace(with: y6, where: y6 .> peak)
        peak.replace(with: y7, where: y7 .> peak)
        peak.replace(with: y8, where: y8 .> peak)
        let points = peak
        let limit = SIMD8(repeating: nearThreshold)
        guard (limit - points).isAnyNegative else { return peak }
        Self.refine(&peak, y0, y1, y2)
        Self.refine(&peak, y1, y2, y3)
        Self.refine(&peak, y2, y3, y4)
        Self.refine(&peak, y3, y4, y5)
        Self.refine(&peak, y4, y5, y6)
        Self.refine(&peak, y5, y6, y7)
        Self.refine(&peak, y6, y7, y8)
        return points.replacing(with: peak, where: points .> limit)
    }

    /// Raises `peak` to the vertex of the parabola through three points, where that lies at most one and a
    /// half points from the middle one: between the points, or next to a sample that is the end of two
    /// intervals.
    @inline(__always)
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
    @inline(__always)
    fileprivate var isAnyNegative: Bool {
        let words = unsafe unsafeBitCast(self, to: SIMD4<UInt64>.self)
        return ((words[0] | words[1]) | (words[2] | words[3])) & 0x8000_0000_8000_0000 != 0
    }

    @inline(__always)
    fileprivate var absolute: SIMD8<Float> {
        let bits = unsafe unsafeBitCast(self, to: SIMD8<UInt32>.self) & SIMD8<UInt32>(repeating: 0x7FFF_FFFF)
        return unsafe unsafeBitCast(bits, to: SIMD8<Float>.self)
    }
}
