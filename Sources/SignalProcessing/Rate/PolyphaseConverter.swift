/// Sample-rate conversion between any two integer rates by a windowed sinc: stateless and zero-phase.
///
/// Output frame n lies at input position n M / L, with L / M the reduced ratio of the rates, in exact integer
/// arithmetic on the absolute frame, so any range of output frames can be computed from its own neighbourhood
/// in any order (R. Crochiere, L. Rabiner, "Multirate Digital Signal Processing", 1983, ch. 4). A window of
/// 150 dB, flat to 0.907 of the lower rate's half (20 kHz at 44.1 kHz), -6 dB in the middle of the
/// transition, stop band from that half on. Input and output Float32; coefficients and sums Double in eight
/// fixed lanes.
///
/// The taps of all L phases are tabulated up to `tableLimit` values, else computed phase by phase by the same
/// function: the bits are the same, the speed is not. Between equal rates the output is the input.
///
/// Latency 0 (it reads ahead), tail `historyFrames`, no snapshot, re-converges within its own length.
package struct PolyphaseConverter: Sendable {
    /// Changes whenever the same input would give other bits.
    package static let version: UInt32 = 1

    static let attenuationDecibels = 150.0
    /// End of the flat pass band and start of the stop band, in cycles per frame of the lower rate.
    static let passBandEnd = 20_000.0 / 44_100
    static let stopBandStart = 0.5
    /// 16 MB, built in about 10 ms; the usual rates stay below a tenth.
    static let tableLimit = 2_097_152

    /// L and M: `interpolation` output frames span `decimation` input frames.
    package let interpolation: Int
    package let decimation: Int
    /// Input frames that an output frame reads on each side of its position.
    package var historyFrames: Int { filter.halfWidth }

    private let filter: KaiserSinc
    private let table: [Double]

    /// - Parameters:
    ///   - from: rate of the input in hertz, positive.
    ///   - to: rate of the output in hertz, positive.
    package init(from: Int, to: Int) {
        precondition(from > 0 && to > 0, "rates are positive")
        let divisor = Self.greatestCommonDivisor(from, to)
        interpolation = to / divisor
        decimation = from / divisor
        // In cycles per input frame.
        let lower = Double(min(from, to)) / Double(from)
        let transition = 2 * Double.pi * (Self.stopBandStart - Self.passBandEnd) * lower
        let halfWidth = Int(((Self.attenuationDecibels - 7.95) / (2.285 * transition) / 2).rounded(.up))
        filter = KaiserSinc(
            cutoff: (Self.passBandEnd + Self.stopBandStart) / 2 * lower, halfWidth: halfWidth,
            beta: 0.1102 * (Self.attenuationDecibels - 8.7))
        let size = interpolation * filter.paddedTapCount
        guard size <= Self.tableLimit else {
            table = []
            return
        }
        var taps = [Double](repeating: 0, count: size)
        for phase in 0..<interpolation {
            filter.write(
                fraction: Double(phase) / Double(interpolation), to: &taps, at: phase * filter.paddedTapCount)
        }
        table = taps
    }

    /// Frames of the output of a stream of `frameCount` input frames, rounded up.
    package func outputFrameCount(forInput frameCount: Int) -> Int {
        (frameCount * interpolation + decimation - 1) / decimation
    }

    /// The input frames that a range of output frames reads; they may lie outside the stream.
    package func inputRange(forOutput range: Range<Int>) -> Range<Int> {
        let first = position(of: range.lowerBound).frame
        guard !range.isEmpty else { return first..<first }
        let last = position(of: range.upperBound - 1).frame
        return first + 1 - historyFrames..<last + 1 + historyFrames
    }

    /// Fills `output`, whose first frame is output frame `outputStart`.
    ///
    /// - Parameters:
    ///   - input: at least the frames of `inputRange`, zero outside the stream.
    ///   - inputStart: absolute input frame of its first element.
    package func process(
        input: Span<Float>, inputStart: Int, output: inout MutableSpan<Float>, outputStart: Int
    ) {
        let range = inputRange(forOutput: outputStart..<outputStart + output.count)
        precondition(
            range.isEmpty
                || (range.lowerBound >= inputStart && range.upperBound <= inputStart + input.count),
            "input does not cover the output")
        guard interpolation != decimation else {
            for i in 0..<output.count { output[i] = input[outputStart - inputStart + i] }
            return
        }
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
                let (frame, phase) = position(of: outputStart + k)
                let start = frame + 1 - historyFrames - range.lowerBound
                let starts = SIMD4(repeating: start) &+ SIMD4(0, 1, 2, 3) &* SIMD4(repeating: decimation)
                let sums = Self.dotProducts(samples.span, starts, table.span, phase * padded, count: padded)
                for n in 0..<4 { output[k + n * interpolation] = Float(sums[n]) }
            }
            i += 4 * interpolation
        }
        for k in i..<output.count {
            let (frame, phase) = position(of: outputStart + k)
            let start = SIMD4(repeating: frame + 1 - historyFrames - range.lowerBound)
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
            let (frame, phase) = position(of: outputStart + i)
            filter.write(fraction: Double(phase) / Double(interpolation), to: &taps, at: 0)
            let start = SIMD4(repeating: frame + 1 - historyFrames - firstFrame)
            output[i] = Float(Self.dotProducts(samples, start, taps.span, 0, count: padded)[0])
        }
    }

    /// Input frame at or before an output frame, and the distance from it in units of 1 / L.
    private func position(of outputFrame: Int) -> (frame: Int, phase: Int) {
        let ticks = outputFrame * decimation
        let (quotient, remainder) = ticks.quotientAndRemainder(dividingBy: interpolation)
        return remainder < 0 ? (quotient - 1, remainder + interpolation) : (quotient, remainder)
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

    private static func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
        b == 0 ? a : greatestCommonDivisor(b, a % b)
    }
}
