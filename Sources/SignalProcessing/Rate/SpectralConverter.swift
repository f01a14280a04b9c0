/// Rate conversion by fast convolution: the spectrum of a block of input frames is weighted by the filter's, cut or
/// extended to the spectrum of a block at the other rate, and transformed back (overlap-save).
///
/// The blocks lie on a grid of the absolute output frame, `outputStride` frames apart, and each is computed whole
/// whatever part of it is asked for: so any window has the bits of the whole. Two neighbouring blocks of the grid, a
/// unit, are the real and imaginary parts of one transform (the filter's spectrum is real, so they stay apart), and
/// four units are the lanes of a vector.
///
/// A block of N input frames becomes one of N L / M output frames, of which the first and last `margin` input frames'
/// worth is what the filter makes of the block's neighbour at the other end, and is dropped.
struct SpectralConverter: Sendable {
    /// Input frames of the filter on each side of an output frame's position.
    let filterReach: Int
    /// Output frames from one block to the next, and input frames likewise.
    let outputStride: Int
    let inputStride: Int

    /// Input frames before a block's first output frame that it reads: a whole number of M.
    private let margin: Int
    private let skippedFrames: Int
    private let forward: LaneTransform
    private let inverse: LaneTransform
    /// Weights of the bins from 0 on, over N; those above it are zero.
    private let weights: [Double]

    /// Of both transforms: beyond, the buffers take too much of a second-level cache.
    private static let lengthLimit = 5200

    /// nil where the ratio does not make transforms of small factors.
    init?(interpolation: Int, decimation: Int, filter: KaiserSinc) {
        var best: (count: Int, cost: Double)?
        let marginUnits = (filter.halfWidth + decimation - 1) / decimation
        for count in 1...Self.lengthLimit {
            let (long, short) = (count * decimation, count * interpolation)
            guard max(long, short) <= Self.lengthLimit, count > 2 * marginUnits else { continue }
            guard LaneTransform.isPossible(length: long), LaneTransform.isPossible(length: short) else {
                continue
            }
            // Sixteen for gathering and scattering a point.
            let work =
                LaneTransform.cost(length: long) + LaneTransform.cost(length: short) + 16 * (long + short)
            let cost = Double(work) / Double((count - 2 * marginUnits) * decimation)
            if best.map({ cost < $0.cost }) ?? true { best = (count, cost) }
        }
        guard let best else { return nil }
        let length = best.count * decimation
        filterReach = filter.halfWidth
        margin = marginUnits * decimation
        skippedFrames = marginUnits * interpolation
        inputStride = (best.count - 2 * marginUnits) * decimation
        outputStride = (best.count - 2 * marginUnits) * interpolation
        forward = LaneTransform(length: length)
        inverse = LaneTransform(length: best.count * interpolation)
        weights = Self.spectrum(
            of: filter, transform: forward, binCount: (min(length, inverse.length) + 1) / 2)
    }

    /// The input frames that the units of a range of output frames read.
    func inputRange(forOutput range: Range<Int>) -> Range<Int> {
        let units = self.units(of: range)
        let first = 2 * units.lowerBound * inputStride - margin
        guard !range.isEmpty else { return first..<first }
        return first..<2 * units.upperBound * inputStride + margin
    }

    /// Input frames beyond an output frame's position that its unit can read, on either side.
    var unitReach: Int { 2 * inputStride + margin }

    /// Output frames of the lanes of one vector.
    var blockFrames: Int { 8 * outputStride }

    /// Fills `output`; `input` covers `inputRange`.
    func process(
        input: Span<Float>, inputStart: Int, output: inout MutableSpan<Float>, outputStart: Int
    ) {
        let units = units(of: outputStart..<outputStart + output.count)
        Self.withBuffers(pointCount: max(forward.length, inverse.length)) { first, second in
            var unit = units.lowerBound
            while unit < units.upperBound {
                let count = min(4, units.upperBound - unit)
                unsafe gather(
                    input, from: 2 * unit * inputStride - margin - inputStart, count: count, into: first)
                let spectrum = unsafe forward.transform(first, scratch: second)
                let other = unsafe spectrum == first ? second : first
                unsafe weigh(spectrum, into: other)
                let result = unsafe inverse.transform(other, scratch: spectrum)
                for lane in 0..<count {
                    for block in 0..<2 {
                        let frame = (2 * (unit + lane) + block) * outputStride
                        unsafe scatter(result, lane: lane, block: block, to: &output, at: frame - outputStart)
                    }
                }
                unit += 4
            }
        }
    }

    private func units(of range: Range<Int>) -> Range<Int> {
        func unit(_ frame: Int) -> Int {
            let (quotient, remainder) = frame.quotientAndRemainder(dividingBy: 2 * outputStride)
            return remainder < 0 ? quotient - 1 : quotient
        }
        let first = unit(range.lowerBound)
        return first..<(range.isEmpty ? first : unit(range.upperBound - 1) + 1)
    }

    /// The lanes' blocks, from input index `start` on; lanes beyond `count` repeat the last one.
    private func gather(_ input: Span<Float>, from start: Int, count: Int, into values: LaneTransform.Values) {
        let last = count - 1
        let starts = SIMD4(0, min(1, last), min(2, last), min(3, last)) &* (2 * inputStride) &+ start
        let (a, b, c, d) = (starts[0], starts[1], starts[2], starts[3])
        let length = forward.length
        precondition(a >= 0 && d + inputStride + length <= input.count, "input does not cover the output")
        for i in 0..<length {
            let j = i &+ inputStride
            unsafe values[2 &* i] = SIMD4(
                Double(input[unchecked: a &+ i]), Double(input[unchecked: b &+ i]),
                Double(input[unchecked: c &+ i]),
                Double(input[unchecked: d &+ i]))
            unsafe values[2 &* i &+ 1] = SIMD4(
                Double(input[unchecked: a &+ j]), Double(input[unchecked: b &+ j]),
                Double(input[unchecked: c &+ j]),
                Double(input[unchecked: d &+ j]))
        }
    }

    /// The spectrum at the other rate, with real and imaginary parts exchanged, as the inverse transform wants them.
    private func weigh(_ spectrum: LaneTransform.Values, into other: LaneTransform.Values) {
        let (long, short) = (forward.length, inverse.length)
        let count = weights.count
        for k in 0..<count {
            let weight = SIMD4(repeating: weights[k])
            unsafe other[2 &* k] = spectrum[2 &* k &+ 1] * weight
            unsafe other[2 &* k &+ 1] = spectrum[2 &* k] * weight
        }
        for k in count..<short - count + 1 {
            unsafe other[2 &* k] = .zero
            unsafe other[2 &* k &+ 1] = .zero
        }
        for k in 1..<count {
            let weight = SIMD4(repeating: weights[k])
            unsafe other[2 &* (short - k)] = spectrum[2 &* (long - k) &+ 1] * weight
            unsafe other[2 &* (short - k) &+ 1] = spectrum[2 &* (long - k)] * weight
        }
    }

    /// Writes what of a block lies within `output`, whose index `start` is the block's first frame.
    private func scatter(
        _ values: LaneTransform.Values, lane: Int, block: Int, to output: inout MutableSpan<Float>,
        at start: Int
    ) {
        let range = max(0, start)..<max(0, start, min(output.count, start + outputStride))
        // Real and imaginary parts are exchanged; four Doubles a vector, two vectors a point.
        let numbers = unsafe UnsafeMutableRawPointer(values).assumingMemoryBound(to: Double.self)
        let first = unsafe numbers + 8 * (skippedFrames - start) + 4 * (1 - block) + lane
        for i in range { unsafe output[unchecked: i] = Float(first[8 &* i]) }
    }

    /// The filter's spectrum at the bins from 0 on: its taps at whole frames are even in time, so it is real.
    private static func spectrum(of filter: KaiserSinc, transform: LaneTransform, binCount: Int) -> [Double] {
        var taps = [Double](repeating: 0, count: filter.paddedTapCount)
        filter.write(fraction: 0, to: &taps, at: 0)
        let length = transform.length
        let centre = filter.halfWidth - 1
        return withBuffers(pointCount: length) { values, scratch in
            unsafe values.update(repeating: .zero, count: 2 * length)
            unsafe values[0] = SIMD4(repeating: taps[centre])
            for j in 1..<filter.halfWidth {
                unsafe values[2 * j] = SIMD4(repeating: taps[centre + j])
                unsafe values[2 * (length - j)] = SIMD4(repeating: taps[centre + j])
            }
            let result = unsafe transform.transform(values, scratch: scratch)
            return (0..<binCount).map { unsafe result[2 * $0][0] / Double(length) }
        }
    }

    /// Two buffers of complex points, in whole lines of the cache.
    private static func withBuffers<Result>(
        pointCount: Int, _ body: (LaneTransform.Values, LaneTransform.Values) -> Result
    ) -> Result {
        // A point, 64 bytes, is to lie in one line: half the speed depends on it.
        let byteCount = 2 * 64 * pointCount + 64
        return unsafe withUnsafeTemporaryAllocation(byteCount: byteCount, alignment: 64) { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("no buffer") }
            let first = unsafe base.alignedUp(toMultipleOf: 64)
                .bindMemory(to: SIMD4<Double>.self, capacity: 4 * pointCount)
            return unsafe body(first, first + 2 * pointCount)
        }
    }
}
