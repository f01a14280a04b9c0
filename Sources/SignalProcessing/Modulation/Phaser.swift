/// A phaser: 4 to 12 all-passes of first order in a row, whose frequency swings on a sine in octaves, added to the
/// signal, with feedback around them.
///
/// The all-passes are trapezoidal (Zavalishin, *The Art of VA Filter Design*, 2018, chapters 3 and 11), and the
/// feedback has no delay: with c = tan(pi f / rate - pi / 4) a stage gives c x + (1 - c) s and its state s grows by
/// (1 + c)(x - s); so the row gives c^n x + B, B from the states alone, and x = (input + feedback B) / (1 - feedback
/// c^n). Without feedback n stages have n / 2 notches at f tan(pi k / 2n), k odd. c is computed for each cell of the
/// control grid and moves in a straight line between its ends.
///
/// - Latency 0. Tail: see `tailFrames`.
/// - Snapshot: 8 bytes per stage.
/// - Re-convergence: the first or second ten-second boundary up to 90 % at usual frequencies; at 95 % and the lowest
///   frequencies up to half a minute.
/// - Automation: depth, frequency, feedback and mix, in a straight line over 8 frames.
package struct Phaser: StereoDevice {
    package static let version: UInt32 = 1
    package static let parameterNames = PhaserParameters.names

    /// A cell of the control grid.
    private static let cellFrames = 8
    /// Of a chunk.
    private static let cellCount = 8

    package var latencyFrames: Int { 0 }

    private var parameters: PhaserParameters
    /// Those before the last update: where the cell begins that was under way or comes next.
    private var earlier: PhaserParameters
    private let rateHertz: Int
    private let oscillator: LowFrequencyOscillator
    private let offset: UInt64
    private var glide = ParameterGlide()
    private var feedback: GlidingNumber
    private var mix: GlidingNumber
    /// c where cells begin and end, left and right by turns.
    private var corners = [Double](repeating: 0, count: 2 * (Self.cellCount + 2))
    private var states = InlineArray<12, SIMD2<Double>>(repeating: SIMD2())

    package init?(parameters values: [Double], rateHertz: Int) {
        guard let parameters = PhaserParameters(values: values), rateHertz >= 16_000 else { return nil }
        self.init(parameters, rateHertz: rateHertz)
    }

    package init(_ parameters: PhaserParameters, rateHertz: Int) {
        self.parameters = parameters
        earlier = parameters
        self.rateHertz = rateHertz
        oscillator = LowFrequencyOscillator(hertz: parameters.hertz, rateHertz: rateHertz)
        offset = LowFrequencyOscillator.phase(turns: parameters.stereoPhaseDegrees / 360)
        feedback = GlidingNumber(parameters.feedback)
        mix = GlidingNumber(parameters.mix)
    }

    /// The row's poles fall by 100 dB within (2n + 14) / w; feedback makes the slowest (1 - r) / (1 + r) w, r^n the
    /// feedback. w is that of the swing's low end, or, where a turn of the swing is shorter, that of the centre,
    /// below which its mean does not lie, and one turn more.
    package var tailFrames: Int {
        let stages = Double(parameters.stageCount)
        let size = parameters.feedback.magnitude
        // 2 atanh(x / 2) of x = -ln(r) is (1 - r) / (1 + r).
        let slowness = size == 0 ? 0 : 11.52 * 2 * stages / -PinnedMath.log(size)
        let turns = (2 * stages + 14 + slowness) / (2 * Double.pi)
        let centre = parameters.centreHertz
        let longest = turns / (centre / PinnedMath.exp2(parameters.depthOctaves))
        let usual = turns / centre + 1 / parameters.hertz
        return Int((min(longest, usual) * Double(rateHertz)).rounded(.up))
    }

    package mutating func update(parameters values: [Double]) {
        guard var new = PhaserParameters(values: values) else {
            preconditionFailure("not a phaser's parameters")
        }
        (new.hertz, new.stageCount) = (parameters.hertz, parameters.stageCount)
        new.stereoPhaseDegrees = parameters.stereoPhaseDegrees
        guard new != parameters else { return }
        earlier = parameters
        parameters = new
        feedback.move(to: new.feedback, glide)
        mix.move(to: new.mix, glide)
        glide.begin()
    }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int
    ) {
        precondition(left.count == right.count, "channels differ in length")
        var start = 0
        while start < left.count {
            let now = frame + start
            let phase = now & (Self.cellFrames - 1)
            let limit = (glide.isMoving ? 1 : Self.cellCount) * Self.cellFrames - phase
            let count = glide.chunk(remaining: left.count - start, limit: limit)
            setCorners(cell: now - phase, count: (phase + count + Self.cellFrames - 1) / Self.cellFrames)
            switch parameters.stageCount {
            case 4: run(4, &left, &right, from: start, count: count, phase: phase)
            case 6: run(6, &left, &right, from: start, count: count, phase: phase)
            case 8: run(8, &left, &right, from: start, count: count, phase: phase)
            default: run(12, &left, &right, from: start, count: count, phase: phase)
            }
            glide.advance(count: count)
            start += count
        }
    }

    /// Computes c where the cells from the one at frame `cell` on begin, and where the last one ends.
    @inline(never)
    private mutating func setCorners(cell: Int, count: Int) {
        precondition(count >= 1 && count <= Self.cellCount)
        // In a glide the first corner belongs to the parameters before.
        let past = glide.isMoving ? earlier : parameters
        let depths = SIMD4(
            past.depthOctaves, past.depthOctaves, parameters.depthOctaves, parameters.depthOctaves)
        let centres =
            SIMD4(past.centreHertz, past.centreHertz, parameters.centreHertz, parameters.centreHertz)
            * (1 / Double(rateHertz))
        let highest = SIMD4<Double>(repeating: 0.45)
        let eighth = SIMD4<Double>(repeating: Double.pi / 4)
        let (oscillator, offset) = (oscillator, offset)
        var corners = self.corners.mutableSpan
        for i in stride(from: 0, through: count, by: 2) {
            let begin = oscillator.phase(at: cell + i * Self.cellFrames, ahead: 0)
            let end = oscillator.phase(at: cell + (i + 1) * Self.cellFrames, ahead: 0)
            let waves = PinnedMath.sine(phase: SIMD4(begin, begin &+ offset, end, end &+ offset))
            let part = centres * PinnedMath.exp2(waves * depths)
            let bounded = part.replacing(with: highest, where: part .> highest)
            let c = PinnedMath.tangent(eighth: bounded * Double.pi - eighth)
            unsafe corners.setUncheckedFour(c, at: 2 &* i)
        }
    }

    @inline(always)
    private mutating func run(
        _ stageCount: Int, _ left: inout MutableSpan<Float>, _ right: inout MutableSpan<Float>,
        from start: Int,
        count: Int, phase: Int
    ) {
        precondition(start >= 0 && start + count <= left.count && start + count <= right.count)
        let (back, wet) = (feedback.line(glide), mix.line(glide))
        let isSilent = wet.stays(at: 0)
        let one = SIMD2<Double>(repeating: 1)
        var stages = states
        // What the row gives for the states alone, stage by stage, and the product of the c.
        var answers = InlineArray<12, SIMD2<Double>>(repeating: SIMD2())
        var powers = answers
        for i in 0..<count {
            let cell = 2 * ((phase + i) / Self.cellFrames)
            let time = Double((phase + i) % Self.cellFrames + 1) * (1 / Double(Self.cellFrames))
            let begin = SIMD2(corners[cell], corners[cell + 1])
            let end = SIMD2(corners[cell + 2], corners[cell + 3])
            let c = begin.addingProduct(end - begin, SIMD2(repeating: time))
            let rest = one - c
            let gain = one + c
            var answer = SIMD2<Double>()
            var power = one
            for k in 0..<stageCount {
                answers[k] = answer
                powers[k] = power
                answer = (rest * stages[k]).addingProduct(c, answer)
                power *= c
            }
            let x = SIMD2(
                Double(unsafe left[unchecked: start &+ i]), Double(unsafe right[unchecked: start &+ i]))
            let g = SIMD2(repeating: back.value(i))
            let loop = one / (one - g * power)
            let input = x.addingProduct(g, answer) * loop
            for k in 0..<stageCount {
                let into = answers[k].addingProduct(powers[k], input)
                stages[k] = stages[k].addingProduct(gain, into - stages[k])
            }
            if isSilent { continue }
            let mixed = wet.value(i)
            let output = (x * (1 - mixed)).addingProduct(
                answer.addingProduct(power, input), SIMD2(repeating: mixed))
            unsafe left[unchecked: start &+ i] = Float(output[0])
            unsafe right[unchecked: start &+ i] = Float(output[1])
        }
        states = stages
    }

    package func write(to snapshot: inout SnapshotWriter) {
        for k in 0..<parameters.stageCount {
            snapshot.put(recursive: states[k][0])
            snapshot.put(recursive: states[k][1])
        }
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        for k in 0..<parameters.stageCount {
            states[k] = SIMD2(try snapshot.recursiveDouble(), try snapshot.recursiveDouble())
        }
        glide.settle()
    }
}
