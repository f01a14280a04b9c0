/// The reduction that the true peaks require, frame by frame.
///
/// The readings of five interpolators make a peak (`LimiterReader`), four of which are asked only where it matters. The
/// gain is held for a while after each peak (`LimiterGain`), so what follows a higher peak within that while cannot
/// need more reduction than it gets. The interpolator of 64 taps is read everywhere; where its reading is well below
/// its largest one of the last `dominanceFrames`, no other can read more than was read there, and its reading stands.
struct LimiterDetector: Sendable {
    /// Frames that are read before and after a frame.
    static var reach: Int { LimiterReader.reach }

    private var threshold: Float
    private var reader: LimiterReader
    /// The longest dominance.
    private let dominanceFrames: Int
    /// The larger reading of both channels by 64 taps, 0 where it is not worth asking the others: `dominanceFrames` of
    /// history, then the chunk. A finite window of the signal.
    private var levels: [Float]
    private var highest: [Float]
    private var leftLevels: [Float]
    private var rightLevels: [Float]
    /// Frames for which no level but zero came in, counted up to `dominanceFrames`.
    private var quietFrames: Int

    /// - Parameters:
    ///   - threshold: linear level that the peaks are compared with.
    ///   - dominanceFrames: how long after a peak a lower one does not count, at most.
    init(threshold: Float, dominanceFrames: Int) {
        self.dominanceFrames = dominanceFrames
        quietFrames = dominanceFrames
        let capacity = LimiterGain.chunkFrames + 24
        levels = [Float](repeating: 0, count: dominanceFrames + capacity)
        // Each its own: a shared array would be copied in `process`.
        highest = [Float](repeating: 0, count: dominanceFrames + capacity)
        leftLevels = [Float](repeating: 0, count: capacity)
        rightLevels = [Float](repeating: 0, count: capacity)
        self.threshold = threshold
        reader = LimiterReader(threshold: threshold)
    }

    /// Takes another threshold from the next frame on. What was read before counts as much as it did, for the gain is
    /// held for its reduction, which is a matter of the peak re the threshold.
    mutating func set(threshold new: Float) {
        guard new != threshold else { return }
        let scale = new / threshold
        for i in 0..<dominanceFrames { levels[i] *= scale }
        threshold = new
        reader.set(threshold: new)
    }

    /// Writes to `reduction[offset...]` 1 - threshold / peak, or 0 where the peak is not above the threshold,
    /// for `count` frames from `first` on, and what it likes for up to 7 more; the peak is the largest of both channels
    /// from a frame to the next.
    ///
    /// The decision to skip the interpolation cannot change a bit, as it is only taken where the result is 0.
    ///
    /// - Parameter dominance: how long after a peak a lower one does not count.
    mutating func measure(
        _ left: [Float], _ right: [Float], first: Int, count: Int, dominance: Int, reduction: inout [Float],
        at offset: Int
    ) {
        let whole = (count + 7) / 8 * 8
        precondition(
            first >= Self.reach && first + whole + Self.reach + 8 <= min(left.count, right.count)
                && offset >= 0 && offset + whole <= reduction.count && whole <= LimiterGain.chunkFrames + 8)
        let isLoud = Self.readLevels(
            reader, left.span, right.span, first: first, count: whole, left: &leftLevels, right: &rightLevels,
            both: &levels, at: dominanceFrames)
        guard isLoud else {
            var reduction = reduction.mutableSpan
            for i in stride(from: 0, to: whole, by: 8) { reduction.setLanes(.zero, at: offset + i) }
            // Beyond the chunk there may be levels; they belong to the next one.
            advance(count: count, isLoud: false)
            return
        }
        LimiterGain.copy(levels, from: dominanceFrames - dominance, to: &highest, count: dominance + whole)
        LimiterGain.slideMaximum(&highest, count: dominance + whole, width: dominance + 1)
        readPeaks(left.span, right.span, first: first, count: whole, reduction: &reduction, at: offset)
        advance(count: count, isLoud: true)
    }

    /// Drops the oldest levels.
    private mutating func advance(count: Int, isLoud: Bool) {
        if !isLoud, quietFrames >= dominanceFrames { return }
        quietFrames = isLoud ? 0 : quietFrames + count
        LimiterGain.shift(&levels, by: count, keeping: dominanceFrames)
    }

    /// The readings of 64 taps.
    ///
    /// - Returns: whether any is worth asking the others.
    private static func readLevels(
        _ reader: LimiterReader, _ left: Span<Float>, _ right: Span<Float>, first: Int, count: Int,
        left leftLevels: inout [Float], right rightLevels: inout [Float], both levels: inout [Float],
        at offset: Int
    ) -> Bool {
        var levels = levels.mutableSpan
        var leftLevels = leftLevels.mutableSpan
        var rightLevels = rightLevels.mutableSpan
        // Mostly a chunk is quiet as a whole; else it is looked at in parts.
        if largestMagnitude(left, right, first: first, count: count) <= reader.safeMagnitude {
            for k in stride(from: 0, to: count, by: 8) { levels.setLanes(.zero, at: offset + k) }
            return false
        }
        var isLoud = false
        var i = 0
        while i < count {
            let length = min(64, count - i)
            if largestMagnitude(left, right, first: first + i, count: length) <= reader.safeMagnitude {
                for k in stride(from: i, to: i + length, by: 8) {
                    leftLevels.setLanes(.zero, at: k)
                    rightLevels.setLanes(.zero, at: k)
                    levels.setLanes(.zero, at: offset + k)
                }
            } else {
                for k in stride(from: i, to: i + length, by: 8) {
                    let a = reader.level(left, at: first + k)
                    let b = reader.level(right, at: first + k)
                    let level = a.greater(b)
                    leftLevels.setLanes(a, at: k)
                    rightLevels.setLanes(b, at: k)
                    levels.setLanes(level, at: offset + k)
                    if (SIMD8<Float>.zero - level).isAnyNegative { isLoud = true }
                }
            }
            i += length
        }
        return isLoud
    }

    private func readPeaks(
        _ left: Span<Float>, _ right: Span<Float>, first: Int, count: Int, reduction: inout [Float],
        at offset: Int
    ) {
        var reduction = reduction.mutableSpan
        let highest = self.highest.span
        let leftLevels = self.leftLevels.span
        let rightLevels = self.rightLevels.span
        let limit = SIMD8(repeating: threshold)
        for k in stride(from: 0, to: count, by: 8) {
            let highest = highest.lanes(at: k)
            let a = reader.peak(left, at: first + k, reading: leftLevels.lanes(at: k), highest: highest)
            let b = reader.peak(right, at: first + k, reading: rightLevels.lanes(at: k), highest: highest)
            let peak = a.greater(b)
            var value = SIMD8<Float>(repeating: 1) - limit / peak
            value.replace(with: 0, where: peak .<= limit)
            reduction.setLanes(value, at: offset + k)
        }
    }

    @inline(__always)
    private static func largestMagnitude(_ left: Span<Float>, _ right: Span<Float>, first: Int, count: Int)
        -> Float
    {
        var largest = SIMD8<Float>.zero
        var i = first - reach
        while i < first + count + reach {
            let a = left.lanes(at: i).absolute
            let b = right.lanes(at: i).absolute
            largest.replace(with: a, where: a .> largest)
            largest.replace(with: b, where: b .> largest)
            i += 8
        }
        return largest.largest
    }

    func write(to snapshot: inout SnapshotWriter) {
        for i in 0..<dominanceFrames { snapshot.put(signal: levels[i]) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for i in 0..<dominanceFrames { levels[i] = try snapshot.signal() }
        quietFrames = levels[..<dominanceFrames].allSatisfy { $0 == 0 } ? dominanceFrames : 0
    }
}
