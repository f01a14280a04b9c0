/// The dry signal, as late as the wet one, and the mixing of both.
struct DryLine: Sendable {
    private let delayFrames: Int
    private let stride: Int
    private var samples: [Float]

    init(delayFrames: Int) {
        self.delayFrames = delayFrames
        stride = (delayFrames + 7) / 8 * 8 + Oversampler.chunkFrames + 8
        samples = [Float](repeating: 0, count: 2 * stride)
    }

    mutating func take(
        _ left: borrowing MutableSpan<Float>, _ right: borrowing MutableSpan<Float>, from start: Int, count: Int
    ) {
        let places = (delayFrames, stride + delayFrames)
        var span = samples.mutableSpan
        Self.copy(left, from: start, to: &span, at: places.0, count: count)
        Self.copy(right, from: start, to: &span, at: places.1, count: count)
    }

    private static func copy(
        _ input: borrowing MutableSpan<Float>, from start: Int, to span: inout MutableSpan<Float>, at target: Int,
        count: Int
    ) {
        var i = 0
        while i + 8 <= count {
            unsafe span.setVector(input.vector(at: start &+ i), at: target &+ i)
            i &+= 8
        }
        while i < count {
            span[target + i] = input[start + i]
            i += 1
        }
    }

    /// Writes dry times its gain plus wet times its gain; where the latter is 0 the dry signal itself.
    func mix(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, at start: Int, count: Int,
        with oversampler: borrowing Oversampler, dryGain: [Float], wetGain: [Float]
    ) {
        let work = oversampler.work.span
        let dry = samples.span
        for channel in 0..<2 {
            let wet = oversampler.output.first(channel: channel, phase: 0)
            let line = channel * stride
            if channel == 0 {
                Self.mix(&left, at: start, count, work, wet, dry, line, dryGain.span, wetGain.span)
            } else {
                Self.mix(&right, at: start, count, work, wet, dry, line, dryGain.span, wetGain.span)
            }
        }
    }

    @inline(never)
    private static func mix(
        _ output: inout MutableSpan<Float>, at start: Int, _ count: Int, _ work: Span<Float>, _ wet: Int,
        _ dry: Span<Float>, _ line: Int, _ dryGain: Span<Float>, _ wetGain: Span<Float>
    ) {
        var i = 0
        while i < count {
            // Rows and gains have room for a whole vector beyond the chunk.
            let gain = lanes(wetGain, i)
            let y = lanes(work, wet &+ i)
            let x = lanes(dry, line &+ i)
            let sum = (y * gain).addingProduct(x, lanes(dryGain, i)).replacing(with: x, where: gain .== .zero)
            if i + 8 <= count {
                unsafe output.setVector(sum, at: start &+ i)
            } else {
                for k in 0..<count - i { output[start + i + k] = sum[k] }
            }
            i &+= 8
        }
    }

    @inline(always)
    private static func lanes(_ span: Span<Float>, _ index: Int) -> ColourLane {
        unsafe span.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: index &* 4, as: ColourLane.self)
    }

    mutating func advance(count: Int) {
        let (delay, stride) = (delayFrames, stride)
        var span = samples.mutableSpan
        for channel in 0..<2 {
            var i = channel * stride
            let end = i + delay
            while i < end {
                unsafe span.setVector(span.vector(at: i + count), at: i)
                i += 8
            }
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        for channel in 0..<2 {
            for i in 0..<delayFrames { snapshot.put(signal: samples[channel * stride + i]) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for channel in 0..<2 {
            for i in 0..<delayFrames { samples[channel * stride + i] = try snapshot.signal() }
        }
    }
}

extension Oversampler {
    /// Writes `input`, times a gain per frame; numbers beyond +-1e12 become that, so that no curve overflows.
    mutating func take(
        _ left: borrowing MutableSpan<Float>, _ right: borrowing MutableSpan<Float>, from start: Int, count: Int,
        gain: [Float]
    ) {
        let gain = gain.span
        let places = (input.first(channel: 0, phase: 0), input.first(channel: 1, phase: 0))
        var span = work.mutableSpan
        Self.scale(left, from: start, to: &span, at: places.0, count: count, gain: gain)
        Self.scale(right, from: start, to: &span, at: places.1, count: count, gain: gain)
    }

    private static func scale(
        _ input: borrowing MutableSpan<Float>, from start: Int, to span: inout MutableSpan<Float>, at target: Int,
        count: Int, gain: Span<Float>
    ) {
        let limit = ColourLane(repeating: 1e12)
        var i = 0
        while i + 8 <= count {
            let factor = unsafe gain.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: i &* 4, as: ColourLane.self)
            let x = unsafe input.vector(at: start &+ i) * factor
            unsafe span.setVector(x.atMost(limit).atLeast(-limit), at: target &+ i)
            i &+= 8
        }
        while i < count {
            let x = input[start + i] * gain[i]
            span[target + i] = x > 1e12 ? 1e12 : x < -1e12 ? -1e12 : x
            i += 1
        }
    }
}
