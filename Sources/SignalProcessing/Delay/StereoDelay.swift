/// An echo with feedback: two delay lines, a high cut and a low cut of 6 dB per octave in the feedback path, optional
/// ping-pong, optional swing of the delays.
///
/// An echo is the line's output; what returns is that, filtered, times the feedback, in Double. Plain: each channel has
/// its own line. Ping-pong: the mean of both inputs enters the left line, and each line returns to the other; so the
/// right channel first sounds after both delays, and each echo is the feedback softer than the one before. Both cuts
/// are -3.01 dB at their corners; the low cut leaves the top as it is (trapezoidal rule).
///
/// Without modulation an echo comes a whole number of frames later, exactly. With it both delays swing on a sine of the
/// absolute frame, the right one a quarter turn ahead, and are read by `FractionalRead`.
///
/// - Latency 0. Tail: `tailFrames`.
/// - Snapshot: 16 bytes + 4 bytes per frame of each line; above 2 MB from 5.5 s per line at 48 kHz on.
/// - Re-convergence: without feedback the delay itself. With feedback g a difference falls by g with each pass and is
///   gone after about 25 bits: ln(2^25) / ln(1 / g) passes, 17 at 0.35, 340 at 0.95 (less where the cuts take more).
/// - Automation: feedback, both cuts and mix, in a straight line over 8 frames.
package struct StereoDelay: StereoDevice {
    package static let version: UInt32 = 2
    package static let parameterNames = DelayParameters.names

    static let chunkFrames = 128

    package var latencyFrames: Int { 0 }

    private var parameters: DelayParameters
    private let rateHertz: Double
    private var left: EchoLine
    private var right: EchoLine
    private var motion: EchoMotion?
    private var filters = EchoFilters()
    private var echoes = [Double](repeating: 0, count: 2 * Self.chunkFrames)
    private let longestChunk: Int
    private var glide = ParameterGlide()
    private var feedback: GlidingNumber
    private var highCut: GlidingNumber
    private var lowCut: GlidingNumber
    /// How much of the low end is taken: 1, or 0 without a low cut.
    private var cutting: GlidingNumber
    private var mix: GlidingNumber

    package init?(parameters values: [Double], rateHertz: Int) {
        guard let parameters = DelayParameters(values: values, rateHertz: rateHertz) else { return nil }
        self.init(parameters, rateHertz: rateHertz)
    }

    package init(_ parameters: DelayParameters, rateHertz: Int) {
        let rate = Double(rateHertz)
        self.parameters = parameters
        self.rateHertz = rate
        motion = parameters.modulationSeconds > 0 ? EchoMotion(parameters, rateHertz: rateHertz) : nil
        left = EchoLine(frameCount: parameters.leftFrames, swing: motion?.leftSwing ?? 0)
        right = EchoLine(frameCount: parameters.rightFrames, swing: motion?.rightSwing ?? 0)
        // What a chunk reads was written before it.
        longestChunk = min(Self.chunkFrames, left.shortestReach, right.shortestReach)
        feedback = GlidingNumber(parameters.feedback)
        highCut = GlidingNumber(parameters.highCutStep(rate: rate))
        lowCut = GlidingNumber(parameters.lowCutStep(rate: rate))
        cutting = GlidingNumber(lowCut.target > 0 ? 1 : 0)
        mix = GlidingNumber(parameters.mix)
    }

    /// The passes until -100 dB (`EchoTail`): of the longer line, in ping-pong of both in turn.
    ///
    /// A swing makes each pass that much longer. The filters only shorten it.
    package var tailFrames: Int {
        let passes = EchoTail.passes(feedback: parameters.feedback)
        let (one, other) = (left.longestReach, right.longestReach)
        return parameters.isPingPong ? (passes + 1) / 2 * one + passes / 2 * other : passes * max(one, other)
    }

    package mutating func update(parameters values: [Double]) {
        guard let given = DelayParameters(values: values, rateHertz: Int(rateHertz)) else {
            preconditionFailure("not a delay's parameters")
        }
        var new = parameters
        (new.feedback, new.mix) = (given.feedback, given.mix)
        (new.highCutHertz, new.lowCutHertz) = (given.highCutHertz, given.lowCutHertz)
        guard new != parameters else { return }
        parameters = new
        feedback.move(to: new.feedback, glide)
        highCut.move(to: new.highCutStep(rate: rateHertz), glide)
        setLowCut(new.lowCutStep(rate: rateHertz))
        mix.move(to: new.mix, glide)
        glide.begin()
    }

    /// A filter fades in with the corner that it will have, and out with the one that it had.
    private mutating func setLowCut(_ step: Double) {
        cutting.move(to: step > 0 ? 1 : 0, glide)
        if step > 0, lowCut.target == 0 { lowCut = GlidingNumber(step) }
        lowCut.move(to: step > 0 ? step : lowCut.target, glide)
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        let moves = motion != nil
        while start < left.count {
            let count = glide.chunk(remaining: left.count - start, limit: longestChunk)
            if moves {
                motion?.read(&self.left, &self.right, to: &echoes, count: count, at: frame + start)
            } else {
                self.left.read(to: &echoes, from: 0, count: count)
                self.right.read(to: &echoes, from: Self.chunkFrames, count: count)
            }
            let lines = EchoFilters.Lines(
                feedback: feedback.line(glide), highCut: highCut.line(glide), lowCut: lowCut.line(glide),
                cutting: cutting.line(glide), mix: mix.line(glide),
                isPingPong: parameters.isPingPong)
            filters.run(&left, &right, from: start, count: count, &echoes, lines)
            self.left.push(echoes, from: 0, count: count)
            self.right.push(echoes, from: Self.chunkFrames, count: count)
            glide.advance(count: count)
            if !glide.isMoving, lines.cutting.slope != 0, cutting.target == 0 {
                lowCut = GlidingNumber(0)
                filters.clearLowCut()
            }
            start += count
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        filters.write(to: &snapshot)
        left.write(to: &snapshot)
        right.write(to: &snapshot)
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try filters.read(from: &snapshot)
        try left.read(from: &snapshot)
        try right.read(from: &snapshot)
        glide.settle()
    }
}

/// The filters of both feedback paths: one-poles in Double, side by side.
struct EchoFilters: Sendable {
    /// Values over a chunk.
    struct Lines {
        var feedback: ParameterLine
        /// Steps of the one-poles.
        var highCut: ParameterLine
        var lowCut: ParameterLine
        var cutting: ParameterLine
        var mix: ParameterLine
        var isPingPong: Bool
    }

    private var high = SIMD2<Double>()
    private var low = SIMD2<Double>()

    /// Mixes the echoes to the signal and replaces them by what enters the lines.
    @inline(never)
    mutating func run(
        _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>, from start: Int, count: Int,
        _ echoes: inout [Double], _ lines: Lines
    ) {
        precondition(start >= 0 && start + count <= left.count && start + count <= right.count)
        precondition(echoes.count == 2 * StereoDelay.chunkFrames && count <= StereoDelay.chunkFrames)
        var echoes = echoes.mutableSpan
        var (high, low) = (self.high, self.low)
        let isSilent = lines.mix.stays(at: 0)
        let isPingPong = lines.isPingPong
        for i in 0..<count {
            let x = SIMD2(
                Double(unsafe left[unchecked: start &+ i]), Double(unsafe right[unchecked: start &+ i]))
            let echo = SIMD2(
                unsafe echoes[unchecked: i], unsafe echoes[unchecked: i &+ StereoDelay.chunkFrames])
            high = high.addingProduct(SIMD2(repeating: lines.highCut.value(i)), echo - high)
            let step = (high - low) * lines.lowCut.value(i)
            let rumble = low + step
            low = rumble + step
            let back = (high - rumble * lines.cutting.value(i)) * lines.feedback.value(i)
            let into = isPingPong ? SIMD2((x[0] + x[1]) * 0.5 + back[1], back[0]) : x + back
            unsafe echoes[unchecked: i] = into[0]
            unsafe echoes[unchecked: i &+ StereoDelay.chunkFrames] = into[1]
            if isSilent { continue }
            let mix = lines.mix.value(i)
            let output = (x * (1 - mix)).addingProduct(echo, SIMD2(repeating: mix))
            unsafe left[unchecked: start &+ i] = Float(output[0])
            unsafe right[unchecked: start &+ i] = Float(output[1])
        }
        (self.high, self.low) = (high, low)
    }

    mutating func clearLowCut() { low = SIMD2() }

    func write(to snapshot: inout SnapshotWriter) {
        for value in [high[0], high[1], low[0], low[1]] { snapshot.put(recursive: value) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        high = SIMD2(try snapshot.recursiveDouble(), try snapshot.recursiveDouble())
        low = SIMD2(try snapshot.recursiveDouble(), try snapshot.recursiveDouble())
    }
}
