/// The gain of a limiter from the reduction that each frame requires: hold, release, smooth.
///
/// Reductions are 1 - gain, so that no reduction is exactly 0 and the gain exactly 1. The required reduction
/// is held (sliding maximum) for the hold, released exponentially in two stages, and smoothed by three
/// moving averages of `smoothingFrames` together. The hold bridges the peaks of a low tone, so that the gain does not
/// follow its shape: 10 ms are half a cycle of 50 Hz. As it is at least as long as the smoother and the
/// weights are positive with sum 1, the smoothed reduction is at least the required one, `delayFrames` later
/// and for the `flatFrames` on either side of the peak: the gain is level where an interpolator weighs the
/// frames most.
///
/// The sliding maxima and sums are built by doubling, which has a fixed shape: no sum runs on from frame to
/// frame.
struct LimiterGain: Sendable {
    static let chunkFrames = 512
    private static let flatFramesAtBaseRate = 8

    private let scale: Int
    private var stages: LimiterRelease
    /// Required reductions and released reductions: history, then the chunk, then room for whole vectors.
    var required: [Float]
    private var released: [Float]
    private var scratch: [Float]
    /// Frames for which nothing but zero came into the histories; at `idleAfter` they hold nothing else.
    private var quietFrames = 0

    private let flatFrames: Int
    /// Moving averages of 32, 16 and 16 frames at the base rate.
    private let smoothingFrames: Int
    /// A peak of a frame is held for at least as long.
    let shortestHoldFrames: Int
    /// From the frame that requires a reduction to the one that is multiplied.
    let delayFrames: Int
    /// Where in `required` the reductions of the next chunk are to be written.
    let requiredHistory: Int
    private let releasedHistory: Int
    private let idleAfter: Int

    /// - Parameter longestHoldFrames: what `advance` may be asked for, where it is longer than the shortest.
    init(_ coefficients: LimiterCoefficients, longestHoldFrames: Int) {
        scale = coefficients.lookAheadScale
        stages = LimiterRelease(
            fastRelease: coefficients.fastRelease, slowAttack: coefficients.slowAttack,
            slowRelease: coefficients.slowRelease)
        flatFrames = Self.flatFramesAtBaseRate * scale
        smoothingFrames = 64 * scale - 2
        shortestHoldFrames = smoothingFrames + 2 * flatFrames + 1
        let holdFrames = max(shortestHoldFrames, longestHoldFrames)
        delayFrames = smoothingFrames - 1 + flatFrames
        requiredHistory = holdFrames - 1
        releasedHistory = smoothingFrames - 1
        idleAfter = holdFrames + smoothingFrames
        let capacity = Self.chunkFrames + holdFrames + 16
        required = [Float](repeating: 0, count: capacity)
        released = [Float](repeating: 0, count: capacity)
        scratch = [Float](repeating: 0, count: capacity)
        quietFrames = idleAfter
    }

    /// Makes the state NaN, so that the snapshot refuses and the output says so.
    mutating func poison() { stages.fast = .nan }

    /// Takes other times of release from the next frame on.
    mutating func setRelease(_ setting: LimiterSetting) {
        stages.fastRelease = setting.fastRelease
        stages.slowAttack = setting.slowAttack
        stages.slowRelease = setting.slowRelease
    }

    /// Takes in `count` frames of required reductions (already written), fills `reduction` with the smoothed
    /// ones.
    ///
    /// - Parameter holdFrames: for which a reduction is held, from the shortest to the longest hold.
    /// - Returns: false when all are zero; `reduction` is then not written.
    mutating func advance(count: Int, holdFrames: Int, reduction: inout [Float]) -> Bool {
        let isQuiet = stages.isAtRest && isZero(count: count)
        if isQuiet && quietFrames >= idleAfter { return false }
        // At most a few hundred: the count stops growing once it is reached.
        quietFrames = isQuiet ? quietFrames + count : 0
        Self.copy(required, from: requiredHistory + 1 - holdFrames, to: &scratch, count: holdFrames - 1 + count)
        Self.slideMaximum(&scratch, count: holdFrames - 1 + count, width: holdFrames)
        stages.release(held: scratch, count: count, into: &released, at: releasedHistory)
        Self.copy(released, from: 0, to: &scratch, count: releasedHistory + count)
        var end = releasedHistory + count
        for length in [32 * scale, 16 * scale, 16 * scale] {
            Self.slideSum(&scratch, count: end, width: length)
            end -= length - 1
        }
        // One over the product of the lengths: a power of two.
        Self.write(scratch, times: 1 / Float(8192 * scale * scale * scale), to: &reduction, count: count)
        Self.shift(&required, by: count, keeping: requiredHistory)
        Self.shift(&released, by: count, keeping: releasedHistory)
        return true
    }

    private func isZero(count: Int) -> Bool {
        let span = required.span
        for i in requiredHistory..<requiredHistory + count where span[i] != 0 { return false }
        return true
    }

    static func copy(_ source: [Float], from first: Int, to target: inout [Float], count: Int) {
        let source = source.span
        var target = target.mutableSpan
        for i in stride(from: 0, to: count, by: 8) { target.setLanes(source.lanes(at: first + i), at: i) }
    }

    /// values[i] = largest of values[i ..< i + width], for every i whose window is within `count`.
    static func slideMaximum(_ values: inout [Float], count: Int, width: Int) {
        var values = values.mutableSpan
        var reached = 1
        while reached < width {
            let step = min(reached, width - reached)
            for i in stride(from: 0, to: count - reached - step + 1, by: 8) {
                let a = values.lanes(at: i)
                let b = values.lanes(at: i + step)
                values.setLanes(a.replacing(with: b, where: b .> a), at: i)
            }
            reached += step
        }
    }

    /// values[i] = sum of values[i ..< i + width], a power of two, for every i whose window is within
    /// `count`.
    private static func slideSum(_ values: inout [Float], count: Int, width: Int) {
        var values = values.mutableSpan
        var step = 1
        while step < width {
            for i in stride(from: 0, to: count - 2 * step + 1, by: 8) {
                values.setLanes(values.lanes(at: i) + values.lanes(at: i + step), at: i)
            }
            step *= 2
        }
    }

    private static func write(_ source: [Float], times weight: Float, to target: inout [Float], count: Int) {
        let source = source.span
        var target = target.mutableSpan
        let weights = SIMD8(repeating: weight)
        for i in stride(from: 0, to: count, by: 8) { target.setLanes(source.lanes(at: i) * weights, at: i) }
    }

    static func shift(_ values: inout [Float], by count: Int, keeping history: Int) {
        var span = values.mutableSpan
        for i in stride(from: 0, to: history, by: 8) { span.setLanes(span.lanes(at: i + count), at: i) }
    }

    func write(to snapshot: inout SnapshotWriter) {
        snapshot.put(recursive: stages.fast)
        snapshot.put(recursive: stages.slow)
        for i in 0..<requiredHistory { snapshot.put(signal: required[i]) }
        for i in 0..<releasedHistory { snapshot.put(signal: released[i]) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        stages.fast = try snapshot.recursiveDouble()
        stages.slow = try snapshot.recursiveDouble()
        for i in 0..<requiredHistory { required[i] = try snapshot.signal() }
        for i in 0..<releasedHistory { released[i] = try snapshot.signal() }
        let isQuiet =
            required[..<requiredHistory].allSatisfy { $0 == 0 }
            && released[..<releasedHistory].allSatisfy { $0 == 0 }
        quietFrames = isQuiet ? idleAfter : 0
    }
}

/// The two exponentials of a limiter's release.
///
/// After a peak, `fast` falls to `slow`, which follows the average reduction and falls more slowly.
struct LimiterRelease: Sendable {
    var fastRelease: Double
    var slowAttack: Double
    var slowRelease: Double
    var fast = 0.0
    var slow = 0.0

    /// Below 2^-26 a reduction is nothing in Float32.
    private static let negligible = 0x1p-26

    var isAtRest: Bool { fast == 0 && slow == 0 }

    init(fastRelease: Double, slowAttack: Double, slowRelease: Double) {
        self.fastRelease = fastRelease
        self.slowAttack = slowAttack
        self.slowRelease = slowRelease
    }

    mutating func release(held: [Float], count: Int, into released: inout [Float], at first: Int) {
        var fast = self.fast
        var slow = self.slow
        for i in 0..<count {
            let hold = Double(held[i])
            slow += (hold - slow) * (hold > slow ? slowAttack : slowRelease)
            let floor = hold > slow ? hold : slow
            fast = hold >= fast ? hold : floor + (fast - floor) * (1 - fastRelease)
            if hold > fast { fast = hold }
            if fast < Self.negligible {
                fast = 0
                slow = 0
            }
            released[first + i] = Float(fast)
        }
        self.fast = fast
        self.slow = slow
    }
}
