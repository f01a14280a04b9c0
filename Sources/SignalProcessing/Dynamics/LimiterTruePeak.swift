/// A look-ahead limiter that holds a true-peak ceiling (ITU-R BS.1770-5 Annex 2), stereo linked.
///
/// The larger of the sample peak and the interpolated peak of both channels gives the required gain; hold,
/// two-stage release and smoothing make of it a gain that is never above the required one (`LimiterGain`). A
/// 16 times meter of 24 to 128 taps per phase and the sample peak read at most 0.05 dB above the ceiling,
/// also of noise up to half the rate, where such meters differ by half a decibel (`LimiterDetector`). With 0
/// dB of gain, and nothing above the ceiling less 0.1 dB (`LimiterCoefficients.marginDecibels`, and what the
/// detector may read too much), the output is the input, bit for bit, `latencyFrames` later.
///
/// - Latency: 133 frames at 44.1 and 48 kHz, 205 at twice, 349 at four times that.
/// - Tail: 0 (the gain recovers, nothing sounds on).
/// - Automation: gain, ceiling and release. The gain glides in 8 frames. A ceiling holds for the frames that came in
///   with it, and the gain gets there ahead of them in the smoother's time; a release takes the reduction where it is
///   (`LimiterSchedule`).
/// - Snapshot: 4,912 bytes at 48 kHz, of which 8 are recursive state and the rest signal and settings, and 44 for each
///   setting of the last 64 frames; at 192 kHz 17,968.
/// - Release: after a peak the gain is held for an eighth of the release time, at most 10 ms, then recovers with it;
///   after lasting reduction with five times that, at most 1 s (`LimiterCoefficients.design`).
/// - Re-convergence: at the first boundary on silence and steady tones; on other signals once the slow
///   release has decayed by 25 bits (17 s for its longest time constant of 1 s), at the default release by
///   the next boundary.
package struct TruePeakLimiter: StereoProcessor {
    package static let version: UInt32 = 3

    package let latencyFrames: Int
    package var tailFrames: Int { 0 }
    /// The smallest gain that was applied since the last `takeMinimumGain()`; a measurement, not state.
    package private(set) var minimumGain: Float = 1

    /// Reached by the glide, and where the glide comes from.
    private var inputGain: Float
    private var formerGain: Float
    /// Frames of the glide that are done, of `glideFrames`.
    private var glidePosition = TruePeakLimiter.glideFrames
    private static var glideFrames: Int { 8 }
    private var schedule: LimiterSchedule
    private var detector: LimiterDetector
    private var gain: LimiterGain
    private var left: [Float]
    private var right: [Float]
    private var reduction: [Float]
    private let historyFrames: Int
    /// nil where nothing is automated.
    let rateHertz: Int?

    /// - Parameters:
    ///   - longestHoldFrames: where the release is automated, the hold of the longest one; nil where it stays.
    ///   - rateHertz: where it is automated.
    package init(_ coefficients: LimiterCoefficients, longestHoldFrames: Int? = nil, rateHertz: Int? = nil) {
        self.rateHertz = rateHertz
        inputGain = Float(coefficients.inputGain)
        formerGain = inputGain
        let longest = longestHoldFrames ?? coefficients.holdFrames
        gain = LimiterGain(coefficients, longestHoldFrames: longest)
        let setting = LimiterSetting(coefficients, shortestHoldFrames: gain.shortestHoldFrames)
        let dominance = max(0, longest - gain.shortestHoldFrames)
        schedule = LimiterSchedule(
            setting, shortestHoldFrames: gain.shortestHoldFrames, longestDominanceFrames: dominance)
        detector = LimiterDetector(threshold: setting.threshold, dominanceFrames: dominance)
        latencyFrames = LimiterDetector.reach + gain.delayFrames
        historyFrames = max(latencyFrames, 2 * LimiterDetector.reach)
        let capacity = historyFrames + LimiterGain.chunkFrames + LimiterDetector.reach + 24
        left = [Float](repeating: 0, count: capacity)
        right = [Float](repeating: 0, count: capacity)
        reduction = [Float](repeating: 0, count: LimiterGain.chunkFrames + 8)
    }

    /// `minimumGain`, and begins anew.
    package mutating func takeMinimumGain() -> Float {
        defer { minimumGain = 1 }
        return minimumGain
    }

    /// The next frame to come in has the ceiling and the release of these.
    mutating func set(_ coefficients: LimiterCoefficients) {
        schedule.set(LimiterSetting(coefficients, shortestHoldFrames: gain.shortestHoldFrames))
    }

    /// Takes a new gain before the limiter, reached after 8 frames.
    mutating func glide(toGain gain: Double) {
        formerGain = inputGain
        inputGain = Float(gain)
        glidePosition = formerGain == inputGain ? Self.glideFrames : 0
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        let first = historyFrames - latencyFrames
        var start = 0
        while start < left.count {
            var count = schedule.alike(min(LimiterGain.chunkFrames, left.count - start), at: frame + start)
            var factor = inputGain
            if glidePosition < Self.glideFrames {
                // Frame by frame, for a block may end within the glide.
                glidePosition += 1
                let part = Float(glidePosition) / Float(Self.glideFrames)
                factor =
                    glidePosition == Self.glideFrames
                    ? inputGain : formerGain + part * (inputGain - formerGain)
                count = 1
            }
            let isFinite =
                Self.takeIn(left, from: start, times: factor, to: &self.left, at: historyFrames, count: count)
                && Self.takeIn(
                    right, from: start, times: factor, to: &self.right, at: historyFrames, count: count)
            if !isFinite { gain.poison() }
            // The detector works in whole vectors; what it finds beyond the chunk is overwritten by the next.
            detector.measure(
                self.left, self.right, first: historyFrames - LimiterDetector.reach, count: count,
                dominance: schedule.dominanceFrames, reduction: &gain.required, at: gain.requiredHistory)
            if gain.advance(count: count, holdFrames: schedule.holdFrames, reduction: &reduction) {
                let least = Self.leastGain(reduction, count: count)
                if least < minimumGain { minimumGain = least }
                Self.apply(reduction, to: self.left, from: first, writing: &left, at: start, count: count)
                Self.apply(reduction, to: self.right, from: first, writing: &right, at: start, count: count)
            } else {
                Self.copy(self.left, from: first, to: &left, at: start, count: count)
                Self.copy(self.right, from: first, to: &right, at: start, count: count)
            }
            Self.shift(&self.left, by: count, keeping: historyFrames)
            Self.shift(&self.right, by: count, keeping: historyFrames)
            if schedule.advance(count) { settle() }
            start += count
        }
    }

    /// Puts the schedule's setting into force.
    private mutating func settle() {
        detector.set(threshold: schedule.current.threshold)
        gain.setRelease(schedule.current)
    }

    /// Returns whether all of it is finite.
    private static func takeIn(
        _ input: borrowing MutableSpan<Float>, from start: Int, times gain: Float, to line: inout [Float],
        at first: Int, count: Int
    ) -> Bool {
        // Stays 0 as long as everything is finite, else becomes NaN.
        var check = SIMD8<Float>.zero
        let factor = SIMD8<Float>(repeating: gain)
        var line = line.mutableSpan
        var i = 0
        while i + 8 <= count {
            let x = input.lanes(at: start + i) * factor
            line.setLanes(x, at: first + i)
            check += x - x
            i += 8
        }
        while i < count {
            let x = input[start + i] * gain
            line[first + i] = x
            check[0] += x - x
            i += 1
        }
        return all(check .== 0)
    }

    private static func leastGain(_ reduction: [Float], count: Int) -> Float {
        let span = reduction.span
        var largest = SIMD8<Float>.zero
        var i = 0
        while i + 8 <= count {
            let lanes = span.lanes(at: i)
            largest.replace(with: lanes, where: lanes .> largest)
            i += 8
        }
        var single = largest.largest
        while i < count {
            if span[i] > single { single = span[i] }
            i += 1
        }
        return 1 - single
    }

    private static func apply(
        _ reduction: [Float], to line: [Float], from first: Int, writing output: inout MutableSpan<Float>,
        at start: Int, count: Int
    ) {
        let reduction = reduction.span
        let line = line.span
        var i = 0
        while i + 8 <= count {
            let gains = SIMD8<Float>(repeating: 1) - reduction.lanes(at: i)
            output.setLanes(line.lanes(at: first + i) * gains, at: start + i)
            i += 8
        }
        while i < count {
            output[start + i] = line[first + i] * (1 - reduction[i])
            i += 1
        }
    }

    private static func copy(
        _ line: [Float], from first: Int, to output: inout MutableSpan<Float>, at start: Int, count: Int
    ) {
        let line = line.span
        var i = 0
        while i + 8 <= count {
            output.setLanes(line.lanes(at: first + i), at: start + i)
            i += 8
        }
        while i < count {
            output[start + i] = line[first + i]
            i += 1
        }
    }

    private static func shift(_ values: inout [Float], by count: Int, keeping history: Int) {
        var span = values.mutableSpan
        for i in stride(from: 0, to: history, by: 8) { span.setLanes(span.lanes(at: i + count), at: i) }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        schedule.write(to: &snapshot)
        gain.write(to: &snapshot)
        detector.write(to: &snapshot)
        for i in 0..<historyFrames { snapshot.put(signal: left[i]) }
        for i in 0..<historyFrames { snapshot.put(signal: right[i]) }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try schedule.read(from: &snapshot)
        settle()
        try gain.read(from: &snapshot)
        try detector.read(from: &snapshot)
        for i in 0..<historyFrames { left[i] = try snapshot.signal() }
        for i in 0..<historyFrames { right[i] = try snapshot.signal() }
    }
}
