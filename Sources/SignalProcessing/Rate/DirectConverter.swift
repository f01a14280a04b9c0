/// Rate conversion by one sum of products per output frame, for any ratio.
///
/// The taps of all L phases are tabulated up to `tableLimit` values, else computed phase by phase by the same function:
/// the bits are the same, the speed is not. Coefficients and sums Double in eight fixed lanes.
struct DirectConverter: Sendable {
    /// 16 MB, built in about 10 ms; the usual rates stay below a tenth.
    static let tableLimit = 2_097_152

    private let ratio: RateRatio
    private let filter: KaiserSinc
    private let table: [Double]

    /// Input frames that an output frame reads on each side of its position.
    var filterReach: Int { filter.halfWidth }

    init(ratio: RateRatio, filter: KaiserSinc) {
        self.ratio = ratio
        self.filter = filter
        let size = ratio.interpolation * filter.paddedTapCount
        guard size <= Self.tableLimit else {
            table = []
            return
        }
        var taps = [Double](repeating: 0, count: size)
        for phase in 0..<ratio.interpolation {
            filter.write(
                fraction: Double(phase) / Double(ratio.interpolation), to: &taps,
                at: phase * filter.paddedTapCount)
        }
        table = taps
    }

    /// The input frames that a range of output frames reads.
    func inputRange(forOutput range: Range<Int>) -> Range<Int> {
        ratio.inputRange(forOutput: range, reach: filterReach)
    }

    /// Fills `output`; `input` covers `inputRange`.
    func process(
        input: Span<Float>, inputStart: Int, output: inout MutableSpan<Float>, outputStart: Int
    ) {
        let range = inputRange(forOutput: outputStart..<outputStart + output.count)
        let (interpolation, decimation) = (ratio.interpolation, ratio.decimation)
        let padded = filter.paddedTapCount
        // Double once, with room for the padding taps to read.
        var samples = [Double](repeating: 0, count: range.count + padded)
        for i in 0..<range.count { samples[i] = Double(input[range.lowerBound - inputStart + i]) }
        guard !table.isEmpty else {
            convertByPhase(
                samples.span, firstFrame: range.lowerBound, output: &output, outputStart: outputStart)
            return
        }
        // Output frames L apart share a phase, and so one load of each tap: four such at a time.
        var i = 0
        while i + 4 * interpolation <= output.count {
            for k in i..<i + interpolation {
                let (frame, phase) = ratio.position(of: outputStart + k)
                let start = frame + 1 - filterReach - range.lowerBound
                let starts = SIMD4(repeating: start) &+ SIMD4(0, 1, 2, 3) &* SIMD4(repeating: decimation)
                let sums = Self.dotProducts(samples.span, starts, table.span, phase * padded, count: padded)
                for n in 0..<4 { output[k + n * interpolation] = Float(sums[n]) }
            }
            i += 4 * interpolation
        }
        for k in i..<output.count {
            let (frame, phase) = ratio.position(of: outputStart + k)
            let start = SIMD4(repeating: frame + 1 - filterReach - range.lowerBound)
            let sums = Self.dotProducts(samples.span, start, table.span, phase * padded, count: padded)
            output[k] = Float(sums[0])
        }
    }

    /// For ratios whose table would be too large.
    private func convertByPhase(
        _ samples: Span<Double>, firstFrame: Int, output: inout MutableSpan<Float>, outputStart: Int
    ) {
        let padded = filter.paddedTapCount
        var taps = [Double](repeating: 0, count: padded)
        for i in 0..<output.count {
            let (frame, phase) = ratio.position(of: outputStart + i)
            filter.write(fraction: Double(phase) / Double(ratio.interpolation), to: &taps, at: 0)
            let start = SIMD4(repeating: frame + 1 - filterReach - firstFrame)
            output[i] = Float(Self.dotProducts(samples, start, taps.span, 0, count: padded)[0])
        }
    }

    /// Four sums of products with the same taps, each as eight running sums, lane i of all taps j = i mod 8,
    /// folded in a fixed tree.
    ///
    /// Four, so that eight chains of vector sums hide the latency of the additions.
    @inline(__always)
    private static func dotProducts(
        _ samples: Span<Double>, _ starts: SIMD4<Int>, _ taps: Span<Double>, _ first: Int, count: Int
    ) -> SIMD4<Double> {
        precondition(
            starts.min() >= 0 && starts.max() + count <= samples.count && first >= 0
                && first + count <= taps.count)
        var a = SIMD8<Double>.zero
        var b = a
        var c = a
        var d = a
        let (s0, s1, s2, s3) = (starts[0], starts[1], starts[2], starts[3])
        var j = 0
        while j < count {
            let tap = unsafe taps.uncheckedLanes(at: first &+ j)
            unsafe a.addProduct(samples.uncheckedLanes(at: s0 &+ j), tap)
            unsafe b.addProduct(samples.uncheckedLanes(at: s1 &+ j), tap)
            unsafe c.addProduct(samples.uncheckedLanes(at: s2 &+ j), tap)
            unsafe d.addProduct(samples.uncheckedLanes(at: s3 &+ j), tap)
            j &+= 8
        }
        return SIMD4(fold(a), fold(b), fold(c), fold(d))
    }

    @inline(__always)
    private static func fold(_ sum: SIMD8<Double>) -> Double {
        let four = sum.lowHalf + sum.highHalf
        let two = four.lowHalf + four.highHalf
        return two[0] + two[1]
    }
}
