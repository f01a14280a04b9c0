/// Holds a ceiling against what rings above it: a dip of the gain, 2.6 ms wide at 48 kHz and deep enough for the
/// sample that needs it.
///
/// The reduction that each frame needs (of the louder channel) is held for a window and averaged over a triangle not
/// longer than that, so that it is whole where it is needed and its edges are smooth. There is no release and no state
/// but the window: signal, kept exactly. Where nothing is above the ceiling the gain is exactly 1.
struct OvershootGuard: Sendable {
    let delayFrames: Int
    /// Frames of the window: 64 up to 50 kHz, 128 up to 100 kHz, else 256.
    private let window: Int
    private let history: Int
    /// What each frame needs, the oldest first.
    private var needed: [Float]
    private var held: [Float]
    /// Left, right and ceiling, to be as late as the gain.
    private var lines: [Float]
    private let stride: Int

    init(rateHertz: Int) {
        window = rateHertz < 50_000 ? 64 : rateHertz < 100_000 ? 128 : 256
        delayFrames = window - 2
        history = 2 * window + 8
        needed = [Float](repeating: 0, count: history + Oversampler.chunkFrames + 8)
        held = [Float](repeating: 0, count: history + Oversampler.chunkFrames + 8)
        stride = window + Oversampler.chunkFrames + 8
        lines = [Float](repeating: 0, count: 3 * stride)
    }

    /// In place, `count` frames up to a chunk.
    ///
    /// - Parameter ceilings: per frame.
    mutating func process(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, at start: Int, count: Int,
        ceilings: [Float]
    ) {
        let places = Places(delay: delayFrames, stride: stride, history: history, start: start, count: count)
        Self.take(left, right, places, ceilings.span, &lines, &needed)
        Self.hold(needed, &held, window: window, count: history + count)
        let scale = 4 / Float(window * window)
        Self.apply(held, lines, places, scale: scale, to: &left, line: 0)
        Self.apply(held, lines, places, scale: scale, to: &right, line: 1)
        Self.shift(&lines, &needed, places)
    }

    private struct Places {
        let delay: Int
        let stride: Int
        let history: Int
        let start: Int
        let count: Int
    }

    @inline(never)
    private static func take(
        _ left: borrowing MutableSpan<Float>, _ right: borrowing MutableSpan<Float>, _ places: Places,
        _ ceilings: Span<Float>, _ lines: inout [Float], _ needed: inout [Float]
    ) {
        var lines = lines.mutableSpan
        var needed = needed.mutableSpan
        for i in 0..<places.count {
            let (x, y, ceiling) = (left[places.start + i], right[places.start + i], ceilings[i])
            lines[places.delay + i] = x
            lines[places.stride + places.delay + i] = y
            lines[2 * places.stride + places.delay + i] = ceiling
            let peak = x.magnitude > y.magnitude ? x.magnitude : y.magnitude
            // NaN is not above.
            needed[places.history + i] = peak > ceiling && peak < .infinity ? 1 - ceiling / peak : 0
        }
    }

    @inline(never)
    private static func apply(
        _ held: [Float], _ lines: [Float], _ places: Places, scale: Float, to output: inout MutableSpan<Float>,
        line: Int
    ) {
        let held = held.span
        let lines = lines.span
        for i in 0..<places.count {
            let gain = 1 - held[places.history + i] * scale
            let ceiling = lines[2 * places.stride + i]
            output[places.start + i] = clip(lines[line * places.stride + i] * gain, ceiling)
        }
    }

    @inline(never)
    private static func shift(_ lines: inout [Float], _ needed: inout [Float], _ places: Places) {
        var lines = lines.mutableSpan
        var needed = needed.mutableSpan
        for line in 0..<3 {
            let first = line * places.stride
            var i = 0
            while i < places.delay {
                unsafe lines.setVector(lines.vector(at: first + i + places.count), at: first + i)
                i += 8
            }
        }
        var i = 0
        while i < places.history {
            unsafe needed.setVector(needed.vector(at: i + places.count), at: i)
            i += 8
        }
    }

    @inline(always)
    private static func clip(_ x: Float, _ ceiling: Float) -> Float {
        x > ceiling ? ceiling : x < -ceiling ? -ceiling : x
    }

    /// The greatest of each window, summed twice over half a window: by doubling, from the end, in place.
    @inline(never)
    private static func hold(
        _ needed: [Float], _ held: inout [Float], window: Int, count: Int
    ) {
        let needed = needed.span
        var held = held.mutableSpan
        let end = (count + 7) / 8 * 8
        var i = 0
        while i < end {
            unsafe held.setVector(CurveRows.lanes(needed, i), at: i)
            i &+= 8
        }
        var step = 1
        while step < window {
            i = end &- 8
            while i >= step {
                let (a, b) = unsafe (held.vector(at: i), held.vector(at: i &- step))
                unsafe held.setVector(a.replacing(with: b, where: b .> a), at: i)
                i &-= 8
            }
            step *= 2
        }
        for _ in 0..<2 {
            step = 1
            while step < window / 2 {
                i = end &- 8
                while i >= step {
                    unsafe held.setVector(held.vector(at: i) + held.vector(at: i &- step), at: i)
                    i &-= 8
                }
                step *= 2
            }
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        for i in 0..<history { snapshot.put(signal: needed[i]) }
        for line in 0..<3 {
            for i in 0..<delayFrames { snapshot.put(signal: lines[line * stride + i]) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for i in 0..<history { needed[i] = try snapshot.signal() }
        for line in 0..<3 {
            for i in 0..<delayFrames { lines[line * stride + i] = try snapshot.signal() }
        }
    }
}
