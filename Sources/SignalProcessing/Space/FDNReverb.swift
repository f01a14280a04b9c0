/// A reverberator: predelay, four all-passes for each channel, and a feedback delay network of 16 lines in
/// Double.
///
/// Jot & Chaigne (AES 90, 1991): each line loses what its length and the T60 ask for, by a one-pole low-pass;
/// a permuted Hadamard matrix, which is lossless, feeds all lines to all. Lengths are mutually prime, 30 to
/// 105 ms at size 1, so that no two lines share a mode. The left input feeds the even lines, the right one
/// the odd; both outputs sum all lines with orthogonal signs, so that they are decorrelated, and the
/// all-passes' output of their own side at half the level as early reflections. Nothing is modulated.
///
/// - Latency 0. Tail: `ReverbCoefficients.tailFrames`, exactly to -100 dB of the slowest line at 0 Hz.
/// - Snapshot: 4 bytes x (2 predelay + lines + all-passes + 16): 0.2 MB at 48 kHz and size 1, 1.6 MB at 192
///   kHz and size 2.
/// - Re-convergence: with a T60 of 2 s by the second ten-second boundary, 6 s by the fourth, in proportion
///   beyond.
package struct FDNReverb: StereoProcessor {
    package static let version: UInt32 = 1

    package var latencyFrames: Int { 0 }
    package var tailFrames: Int { coefficients.tailFrames }

    /// Shorter than any line; the bits do not depend on it.
    private static let chunkFrames = 64
    /// Row length of the working memory: a chunk and what reading by vectors may write beyond it.
    private static let stride = 68

    private let coefficients: ReverbCoefficients
    private var predelay: PredelayLine
    private var diffusers: RingBank
    private var lines: RingBank
    private let gains: LinePair
    private let dampings: LinePair
    private var filterStates = LinePair([Double](repeating: 0, count: ReverbCoefficients.lineCount))
    /// 16 rows for the lines.
    private var work: [Double]
    /// Rows: left and right input, left and right output, one to spare.
    private var signals: [Double]

    package init(_ coefficients: ReverbCoefficients) {
        self.coefficients = coefficients
        predelay = PredelayLine(frameCount: coefficients.predelayFrames)
        diffusers = RingBank(lengths: coefficients.diffuserFrames)
        lines = RingBank(lengths: coefficients.lineFrames)
        gains = LinePair(coefficients.lineGains)
        dampings = LinePair(coefficients.lineDampings)
        work = [Double](repeating: 0, count: ReverbCoefficients.lineCount * Self.stride)
        signals = [Double](repeating: 0, count: 5 * Self.stride)
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let count = min(Self.chunkFrames, left.count - start)
            predelay.left.exchange(left, from: start, count: count, to: &signals, at: 0)
            predelay.right.exchange(right, from: start, count: count, to: &signals, at: Self.stride)
            for stage in 0..<ReverbCoefficients.diffuserCount / 2 {
                diffuse(stage, row: 0, count: count)
                diffuse(stage + ReverbCoefficients.diffuserCount / 2, row: 1, count: count)
            }
            advanceLines(count: count)
            mixOutput(to: &left, &right, at: start, count: count)
            start += count
        }
    }

    /// Schroeder's all-pass: v = x - g d, y = d + g v, with d the v of a line's length ago.
    private mutating func diffuse(_ index: Int, row: Int, count: Int) {
        let spare = 4 * Self.stride
        diffusers.read(line: index, count: count, to: &signals, at: spare)
        Self.allPass(
            &signals, row: row * Self.stride, delayed: spare, count: count, gain: coefficients.diffuserGain)
        diffusers.write(line: index, count: count, from: signals, at: spare)
    }

    private static func allPass(_ signals: inout [Double], row: Int, delayed: Int, count: Int, gain: Double) {
        precondition(
            count + 3 <= stride && row + stride <= signals.count && delayed + stride <= signals.count)
        var signals = signals.mutableSpan
        let g = SIMD4(repeating: gain)
        var i = 0
        while i < count {
            let d = unsafe signals.uncheckedFour(at: delayed &+ i)
            let v = unsafe (signals.uncheckedFour(at: row &+ i) - g * d)
            unsafe signals.setUncheckedFour(d + g * v, at: row &+ i)
            unsafe signals.setUncheckedFour(v, at: delayed &+ i)
            i &+= 4
        }
    }

    private mutating func advanceLines(count: Int) {
        for line in 0..<ReverbCoefficients.lineCount {
            lines.read(line: line, count: count, to: &work, at: line * Self.stride)
        }
        FeedbackNetwork.absorb(
            &work, firstLine: 0, stride: Self.stride, count: count, gain: gains.low, damping: dampings.low,
            state: &filterStates.low)
        FeedbackNetwork.absorb(
            &work, firstLine: 8, stride: Self.stride, count: count, gain: gains.high, damping: dampings.high,
            state: &filterStates.high)
        FeedbackNetwork.mix(&work, signals: &signals, stride: Self.stride, count: count)
        for line in 0..<ReverbCoefficients.lineCount {
            // A permutation: the Hadamard matrix alone has no eigenvalues but 1 and -1, which would pile up
            // modes.
            let next = (5 * line + 2) % ReverbCoefficients.lineCount
            lines.write(line: next, count: count, from: work, at: line * Self.stride)
        }
    }

    private func mixOutput(
        to left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, at start: Int, count: Int
    ) {
        let wet = coefficients.wetGain * coefficients.outputGain
        let middle = 0.5 * wet
        let side = 0.5 * wet * coefficients.width
        let dry = coefficients.dryGain
        let signals = self.signals.span
        let x = signals.extracting(2 * Self.stride..<2 * Self.stride + count)
        let y = signals.extracting(3 * Self.stride..<3 * Self.stride + count)
        for i in 0..<count {
            let m = (x[i] + y[i]) * middle
            let s = (x[i] - y[i]) * side
            left[start + i] = Float(Double(left[start + i]) * dry + (m + s))
            right[start + i] = Float(Double(right[start + i]) * dry + (m - s))
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        predelay.write(to: &snapshot)
        diffusers.write(to: &snapshot)
        lines.write(to: &snapshot)
        for i in 0..<8 { snapshot.put(recursive: filterStates.low[i]) }
        for i in 0..<8 { snapshot.put(recursive: filterStates.high[i]) }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try predelay.read(from: &snapshot)
        try diffusers.read(from: &snapshot)
        try lines.read(from: &snapshot)
        for i in 0..<8 { filterStates.low[i] = try snapshot.recursiveDouble() }
        for i in 0..<8 { filterStates.high[i] = try snapshot.recursiveDouble() }
    }
}

/// One number for each of the 16 lines.
private struct LinePair: Sendable {
    var low: SIMD8<Double>
    var high: SIMD8<Double>

    init(_ values: [Double]) {
        precondition(values.count == ReverbCoefficients.lineCount)
        low = SIMD8(values[..<8])
        high = SIMD8(values[8...])
    }
}

/// A plain stereo delay of any length, 0 included.
struct PredelayLine: Sendable {
    /// One channel of it.
    struct Channel: Sendable {
        private var samples: [Float]
        private var position = 0

        init(frameCount: Int) { samples = [Float](repeating: 0, count: frameCount) }

        /// Takes in `count` samples and gives back those of the line's length ago.
        @inline(__always)
        mutating func exchange(
            _ input: borrowing MutableSpan<Float>, from start: Int, count: Int, to output: inout [Double],
            at first: Int
        ) {
            var output = output.mutableSpan
            let length = samples.count
            guard length > 0 else {
                for i in 0..<count { output[first + i] = Double(input[start + i]) }
                return
            }
            var position = self.position
            var line = samples.mutableSpan
            for i in 0..<count {
                output[first + i] = Double(line[position])
                line[position] = input[start + i]
                position += 1
                if position == length { position = 0 }
            }
            self.position = position
        }

        func write(to snapshot: inout SnapshotWriter) {
            for i in position..<samples.count { snapshot.put(signal: samples[i]) }
            for i in 0..<position { snapshot.put(signal: samples[i]) }
        }

        mutating func read(from snapshot: inout SnapshotReader) throws {
            position = 0
            for i in samples.indices { samples[i] = try snapshot.signal() }
        }
    }

    var left: Channel
    var right: Channel

    init(frameCount: Int) {
        left = Channel(frameCount: frameCount)
        right = left
    }

    func write(to snapshot: inout SnapshotWriter) {
        left.write(to: &snapshot)
        right.write(to: &snapshot)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        try left.read(from: &snapshot)
        try right.read(from: &snapshot)
    }
}
