internal import CVector

/// Quantises one channel of Float32 to signed integers, with or without dither.
///
/// Windowed: no state.
///
/// y = round(x 2^(bits-1) + dither), halves to even, computed in Double, so exact but for the one rounding;
/// then clipped to -2^(bits-1) ... 2^(bits-1)-1. With TPDF dither the total error is white, of variance 1/4
/// LSB^2: -96.33 dB re 1.0 at 16 bits, whatever the signal.
///
/// Auto-blank: with dither, a frame gives 0 when it and its `blankingReachFrames` neighbours on either side
/// are exactly zero, so digital silence stays digital silence. Each channel decides for itself; the decision
/// reads nothing but those neighbours.
///
/// Latency 0, tail 0, no snapshot, re-converges at once.
package struct Quantiser: Sendable {
    /// Changes whenever the same input would give other bits.
    package static let version: UInt32 = 1

    /// Frames on either side of a frame that decide whether its dither is blanked; about 5 ms at 48 kHz.
    package static let blankingReachFrames = 256

    /// Bits per sample, 8 to 24.
    package let bits: Int
    /// The noise that is added before rounding; nil rounds only.
    package let dither: DitherNoise?

    /// - Parameter bits: 8 to 24; 16 and 24 are what files hold.
    package init(bits: Int, dither: DitherNoise?) {
        precondition((8...24).contains(bits), "bits per sample out of range")
        self.bits = bits
        self.dither = dither
    }

    /// The input frames that a range of output frames needs: the range itself and, with dither, its
    /// neighbours.
    package func inputRange(forOutput range: Range<Int>) -> Range<Int> {
        let reach = dither == nil ? 0 : Self.blankingReachFrames
        return range.lowerBound - reach..<range.upperBound + reach
    }

    /// Fills `output`, whose first frame is song frame `outputStart`.
    ///
    /// - Parameters:
    ///   - input: at least the frames of `inputRange`, zero outside the stream; NaN is quantised to 0.
    ///   - inputStart: song frame of the first input frame.
    /// - Returns: the number of samples that were clipped.
    package func process(
        input: Span<Float>, inputStart: Int, output: inout MutableSpan<Int32>, outputStart: Int
    ) -> Int {
        let count = output.count
        let offset = outputStart - inputStart
        let needed = inputRange(forOutput: outputStart..<outputStart + count)
        precondition(
            needed.lowerBound >= inputStart && needed.upperBound <= inputStart + input.count,
            "input does not cover the output")
        var clipped = 0
        var i = 0
        while i + 8 <= count {
            let noise = dither?.lanes(at: outputStart + i) ?? .zero
            let (values, excess) = quantise(input.lanes(at: offset + i), noise: noise)
            clipped &+= excess
            output.setLanes(values, at: i)
            i += 8
        }
        while i < count {
            let noise = dither?.value(at: outputStart + i) ?? 0
            // Lanes 1 to 7 are zero and cannot clip.
            let (values, excess) = quantise(
                SIMD8(input[offset + i], 0, 0, 0, 0, 0, 0, 0), noise: SIMD8(noise, 0, 0, 0, 0, 0, 0, 0))
            clipped &+= excess
            output[i] = values[0]
            i += 1
        }
        if dither != nil { blank(input: input, offset: offset, output: &output) }
        return clipped
    }

    /// Rounds eight samples and clips them.
    ///
    /// - Returns: the integers, and how many of them were clipped.
    @inline(always)
    private func quantise(_ x: SIMD8<Float>, noise: SIMD8<Double>) -> (SIMD8<Int32>, Int) {
        let fullScale = SIMD4<Double>(repeating: Double(1 << (bits - 1)))
        let low = lathe_widened(x.lowHalf) * fullScale + noise.lowHalf
        let high = lathe_widened(x.highHalf) * fullScale + noise.highHalf
        // 1.5 * 2^52 has a unit of 1 in the last place; NaN is outside too.
        let magic = SIMD4<Double>(repeating: 0x1.8p52)
        let inside = (magnitude(low) .<= fullScale - 1) .& (magnitude(high) .<= fullScale - 1)
        guard !(.!inside).isAnySet else { return clip(low, high) }
        return (SIMD8<Int32>(lowHalvesOf: SIMD8(lowHalf: low + magic, highHalf: high + magic)), 0)
    }

    /// The same where a sample may be one that is clipped, or is no number.
    @inline(never)
    private func clip(_ low: SIMD4<Double>, _ high: SIMD4<Double>) -> (SIMD8<Int32>, Int) {
        let fullScale = Double(1 << (bits - 1))
        var values = SIMD8<Int32>()
        var excess = 0
        for i in 0..<8 {
            let y = i < 4 ? low[i] : high[i - 4]
            let rounded = y.isNaN ? 0 : y.rounded(.toNearestOrEven)
            let kept = max(-fullScale, min(fullScale - 1, rounded))
            if kept != rounded { excess += 1 }
            values[i] = Int32(kept)
        }
        return (values, excess)
    }

    @inline(always)
    private func magnitude(_ x: SIMD4<Double>) -> SIMD4<Double> {
        let bits = unsafe unsafeBitCast(x, to: SIMD4<UInt64>.self) & SIMD4(repeating: 0x7FFF_FFFF_FFFF_FFFF)
        return unsafe unsafeBitCast(bits, to: SIMD4<Double>.self)
    }

    /// Zeroes the frames whose whole neighbourhood is zero.
    ///
    /// A run of zeros long enough to blank anything (2 reach + 1) holds a multiple of that length, so only
    /// every such position is looked at.
    private func blank(input: Span<Float>, offset: Int, output: inout MutableSpan<Int32>) {
        let reach = Self.blankingReachFrames
        let first = offset - reach
        let end = offset + output.count + reach
        var probe = first + 2 * reach
        while probe < end {
            guard input[probe] == 0 else {
                probe += 2 * reach + 1
                continue
            }
            var runStart = probe
            while runStart > first, input[runStart - 1] == 0 { runStart -= 1 }
            var runEnd = probe + 1
            while runEnd < end, input[runEnd] == 0 { runEnd += 1 }
            var i = runStart + reach
            while i < runEnd - reach {
                output[i - offset] = 0
                i += 1
            }
            probe = runEnd + 2 * reach
        }
    }
}

extension SIMD8<Int32> {
    /// The lower 32 bits of each element: of a whole number plus 1.5 * 2^52, that number.
    @inline(always)
    init(lowHalvesOf x: SIMD8<Double>) {
        let w = unsafe unsafeBitCast(x, to: SIMD16<Int32>.self)
        self = w.evenHalf
    }
}
