/// Quantises one channel of Float32 to signed integers with TPDF dither, its noise moved to where the ear is dull.
///
/// y = round(x 2^(bits-1) + the sum of h(k) e(n-k) + dither), e being the whole error that rounding and dither made of
/// the sum before them; so the error of the output is e filtered with `NoiseShape`. With TPDF dither e is white, of
/// variance 1/4 LSB^2, whatever the signal: no limit cycles, no noise modulation, no harmonics. Where the output clips,
/// e counts as 0. Auto-blank is as in `Quantiser`; a blanked frame's error counts as 0 too.
///
/// The feedback is a recursion whose state would never re-converge, so it is not handed on: the errors before a
/// multiple of `segmentFrames`, an absolute frame, count as 0, and every segment is computed from its start. What is
/// lost there is the correction of the last 12 errors of the segment before: a dozen frames of noise that is not
/// shaped, as audible as a quarter of a millisecond of plain dither.
///
/// Latency 0, tail 0, no snapshot, re-converges at once.
package struct ShapedQuantiser: Sendable {
    /// Changes whenever the same input would give other bits.
    package static let version: UInt32 = 1
    package static let blankingReachFrames = Quantiser.blankingReachFrames

    /// Bits per sample, 8 to 24.
    package let bits: Int
    package let dither: DitherNoise
    /// Frames after which the feedback begins anew.
    package let segmentFrames: Int

    private let shape: NoiseShape
    /// The last errors, oldest first, then those of the frames under way.
    private var errors: [Double]
    /// The frame that the errors lead up to.
    private var nextFrame = 0

    private static let partFrames = 64
    private static var order: Int { NoiseShape.order }

    /// - Parameters:
    ///   - bits: 8 to 24; 16 is what gains by it.
    ///   - rateHertz: The rate that the filter is designed for.
    ///   - segmentFrames: Positive; the engine's segment.
    package init(bits: Int, dither: DitherNoise, rateHertz: Int, segmentFrames: Int) {
        precondition((8...24).contains(bits) && segmentFrames > 0, "bits per sample or segment out of range")
        self.bits = bits
        self.dither = dither
        self.segmentFrames = segmentFrames
        shape = NoiseShape(rateHertz: rateHertz)
        errors = [Double](repeating: 0, count: Self.order + Self.partFrames)
    }

    /// The input frames that a range of output frames needs: the range itself and its neighbours.
    package func inputRange(forOutput range: Range<Int>) -> Range<Int> {
        range.lowerBound - Self.blankingReachFrames..<range.upperBound + Self.blankingReachFrames
    }

    /// Fills `output`, whose first frame is song frame `outputStart`: a multiple of `segmentFrames`, or the frame after
    /// the last one of the call before.
    ///
    /// - Parameters:
    ///   - input: at least the frames of `inputRange`, zero outside the stream; NaN is quantised to 0.
    ///   - inputStart: song frame of the first input frame.
    /// - Returns: the number of samples that were clipped.
    package mutating func process(
        input: Span<Float>, inputStart: Int, output: inout MutableSpan<Int32>, outputStart: Int
    ) -> Int {
        let needed = inputRange(forOutput: outputStart..<outputStart + output.count)
        precondition(
            needed.lowerBound >= inputStart && needed.upperBound <= inputStart + input.count,
            "input does not cover the output")
        precondition(
            outputStart % segmentFrames == 0 || outputStart == nextFrame,
            "a segment is quantised from its start on")
        var clipped = 0
        var silence = SilenceScan(input, from: needed.lowerBound - inputStart)
        // Taken out, so that the part below can write to it while it reads the rest.
        var errors = self.errors
        self.errors = []
        var done = 0
        while done < output.count {
            let frame = outputStart + done
            let position = Self.remainder(frame, segmentFrames)
            if position == 0 { for i in 0..<Self.order { errors[i] = 0 } }
            let count = min(Self.partFrames, output.count - done, segmentFrames - position)
            clipped += quantise(
                input, at: frame - inputStart, frame: frame, silence: &silence, output: &output, from: done,
                count: count, errors: &errors)
            done += count
        }
        self.errors = errors
        nextFrame = outputStart + output.count
        return clipped
    }

    private static func remainder(_ frame: Int, _ divisor: Int) -> Int {
        let remainder = frame % divisor
        return remainder < 0 ? remainder + divisor : remainder
    }

    /// Up to `partFrames` frames of one segment.
    private func quantise(
        _ input: Span<Float>, at offset: Int, frame: Int, silence: inout SilenceScan,
        output: inout MutableSpan<Int32>,
        from done: Int, count: Int, errors: inout [Double]
    ) -> Int {
        var lanes = SIMD8<Double>.zero
        let order = Self.order
        let h = shape.coefficients
        let (h1, h2, h3, h4) = (h[0], h[1], h[2], h[3])
        let middle = SIMD4(h[7], h[6], h[5], h[4])
        let old = SIMD4(h[11], h[10], h[9], h[8])
        let fullScale = Double(1 << (bits - 1))
        var clipped = 0
        var line = errors.mutableSpan
        var (e1, e2, e3, e4) = (line[order - 1], line[order - 2], line[order - 3], line[order - 4])
        for i in 0..<count {
            if i & 7 == 0 { lanes = dither.lanes(at: frame + i) }
            // Those of five frames ago and more wait in memory; the newest stay in registers.
            let eight = unsafe line.uncheckedFour(at: i) * old + line.uncheckedFour(at: i &+ 4) * middle
            let two = eight.lowHalf + eight.highHalf
            let waiting = (two[0] + two[1]) + (h4 * e4 + h3 * e3)
            var sum = (Double(input[offset + i]) * fullScale + (waiting + h2 * e2)) + h1 * e1
            if sum != sum { sum = 0 }
            sum = sum > 0x1p32 ? 0x1p32 : sum < -0x1p32 ? -0x1p32 : sum
            // 1.5 * 2^52 has a unit of 1 in the last place from there on.
            let value = (sum + lanes[i & 7] + 0x1.8p52) - 0x1.8p52
            var error = value - sum
            var whole = value
            if value > fullScale - 1 || value < -fullScale {
                whole = value < 0 ? -fullScale : fullScale - 1
                error = 0
                clipped += 1
            }
            if silence.isSilent(input, around: offset + i) {
                whole = 0
                error = 0
            }
            output[done + i] = Int32(whole)
            line[order + i] = error
            (e4, e3, e2, e1) = (e3, e2, e1, error)
        }
        for i in 0..<order { line[i] = line[count + i] }
        return clipped
    }
}

/// Finds the frames whose whole neighbourhood is zero, asked in ascending order.
struct SilenceScan {
    private var scanned: Int
    private var lastSound: Int

    /// - Parameter first: index of the first frame that is looked at.
    init(_ input: Span<Float>, from first: Int) {
        scanned = first
        lastSound = first - 1
    }

    /// Whether the frame at `index` and its `Quantiser.blankingReachFrames` neighbours on either side are zero.
    @inline(always)
    mutating func isSilent(_ input: Span<Float>, around index: Int) -> Bool {
        let reach = Quantiser.blankingReachFrames
        while scanned <= index + reach {
            if input[scanned] != 0 { lastSound = scanned }
            scanned += 1
        }
        return lastSound < index - reach
    }
}
