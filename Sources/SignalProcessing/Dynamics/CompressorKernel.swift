/// The arithmetic of `Compressor`, 128 frames at a time in separate loops: level, static curve, envelope,
/// gain.
///
/// The logarithm and exponential run over two frames of four stereo lanes at once. The loops are short on
/// purpose: each keeps its numbers in registers and calls nothing.
struct CompressorKernel: Sendable {
    var hold: PeakHold
    var meanSquare: MeanSquare
    var envelope: BranchingEnvelope
    let hasKeys: Bool
    private let curve: StaticCurve
    private let hasMeanSquares: Bool
    private let hasPasses: Bool
    private var passes = SIMDMask<SIMD8<Int32>>(repeating: false)
    private var keys = SIMDMask<SIMD8<Int32>>(repeating: false)
    private var meanSquares = SIMDMask<SIMD4<Int32>>(repeating: false)

    init(_ lanes: [CompressorCoefficients], rateHertz: Double) {
        hold = PeakHold(heldBuckets: lanes.map(\.heldBuckets), rateHertz: rateHertz)
        meanSquare = MeanSquare(rateHertz: rateHertz)
        envelope = BranchingEnvelope(lanes)
        curve = StaticCurve(lanes)
        hasKeys = lanes.contains { $0.usesKey }
        hasMeanSquares = lanes.contains { $0.detectsMeanSquare }
        hasPasses = lanes.contains { !$0.isActive }
        for lane in 0..<8 {
            passes[lane] = !lanes[lane % 4].isActive
            keys[lane] = lanes[lane % 4].usesKey
        }
        for lane in 0..<4 { meanSquares[lane] = lanes[lane].detectsMeanSquare }
    }

    mutating func process(_ block: inout MutableSpan<LaneFrame>, _ key: Span<LaneFrame>?, _ frame: Int) {
        var heardFrames = InlineArray<128, LaneFrame>(repeating: LaneFrame())
        var levelFrames = InlineArray<128, SIMD4<Float>>(repeating: SIMD4())
        var pairFrames = InlineArray<64, SIMD8<Float>>(repeating: SIMD8())
        // Spans: an element read through the array itself may copy all of it.
        var heard = heardFrames.mutableSpan
        var levels = levelFrames.mutableSpan
        var pairs = pairFrames.mutableSpan
        var start = 0
        while start < block.count {
            let count = min(128, block.count - start)
            if hasKeys, let key {
                listen(block.span, key, start, count, &heard)
                follow(heard.span, 0, count, frame + start, &levels)
            } else if hasPasses {
                listen(block.span, start, count, &heard)
                follow(heard.span, 0, count, frame + start, &levels)
            } else {
                follow(block.span, start, count, frame + start, &levels)
            }
            if envelope.hasSlowerAttack {
                smoothEither(levels.span, count, &pairs)
            } else {
                smoothPlain(levels.span, count, &pairs)
            }
            apply(pairs.span, &block, start, count)
            start += count
        }
    }

    private mutating func smoothPlain(
        _ levels: Span<SIMD4<Float>>, _ count: Int, _ pairs: inout MutableSpan<SIMD8<Float>>
    ) {
        smooth(levels, count, &pairs, hasSlowerAttack: false)
    }

    private mutating func smoothEither(
        _ levels: Span<SIMD4<Float>>, _ count: Int, _ pairs: inout MutableSpan<SIMD8<Float>>
    ) {
        smooth(levels, count, &pairs, hasSlowerAttack: true)
    }

    /// Levels to gains.
    ///
    /// The static curve runs four pairs ahead of the envelope and the exponential four behind: they fill the
    /// latency of its recurrence. Inlined into its two callers, so that each has a loop of its own.
    @inline(always)
    private mutating func smooth(
        _ levels: Span<SIMD4<Float>>, _ count: Int, _ pairs: inout MutableSpan<SIMD8<Float>>,
        hasSlowerAttack: Bool
    ) {
        let pairCount = (count + 1) / 2
        var state = envelope
        for i in 0..<pairCount + 8 {
            if i < pairCount {
                pairs[i] = curve.reduction(SIMD8(lowHalf: levels[2 * i], highHalf: levels[2 * i + 1]))
            }
            let j = i - 4
            if j >= 0, j < pairCount {
                state.smooth(&pairs[j], isWhole: 2 * j + 1 < count, hasSlowerAttack: hasSlowerAttack)
            }
            if j >= 4 { pairs[j - 4] = PinnedMath.exp2(curve.makeUp - pairs[j - 4]) }
        }
        envelope.reduction = state.reduction
    }

    /// What each lane listens to; silence where it passes, whose signal must not enter a state.
    private func listen(
        _ block: Span<LaneFrame>, _ start: Int, _ count: Int, _ heard: inout MutableSpan<LaneFrame>
    ) {
        for i in 0..<count { heard[i] = block[start + i].replacing(with: LaneFrame(), where: passes) }
    }

    private func listen(
        _ block: Span<LaneFrame>, _ key: Span<LaneFrame>, _ start: Int, _ count: Int,
        _ heard: inout MutableSpan<LaneFrame>
    ) {
        for i in 0..<count {
            let x = block[start + i].replacing(with: key[start + i], where: keys)
            heard[i] = x.replacing(with: LaneFrame(), where: passes)
        }
    }

    /// Writes the level of each frame: the held peak, or the mean square in the lanes that detect it.
    private mutating func follow(
        _ heard: Span<LaneFrame>, _ start: Int, _ count: Int, _ frame: Int,
        _ levels: inout MutableSpan<SIMD4<Float>>
    ) {
        if hasMeanSquares { followPower(heard, start, count, &levels) }
        var i = 0
        while i < count {
            let remaining = hold.remainingFrames(at: frame + i)
            let end = min(count, i + remaining)
            var window = hold.window
            for j in i..<end {
                // The larger magnitude of each pair.
                let word =
                    unsafeBitCast(heard[start + j], to: SIMD8<UInt32>.self) & SIMD8(repeating: 0x7fff_ffff)
                let magnitude = unsafeBitCast(word, to: LaneFrame.self)
                let (left, right) = (magnitude.lowHalf, magnitude.highHalf)
                let peak = window.level(left.replacing(with: right, where: right .> left))
                levels[j] = peak.replacing(with: levels[j], where: meanSquares)
            }
            hold.window = window
            if end - i == remaining { hold.endBucket() }
            i = end
        }
    }

    private mutating func followPower(
        _ heard: Span<LaneFrame>, _ start: Int, _ count: Int, _ levels: inout MutableSpan<SIMD4<Float>>
    ) {
        var filter = meanSquare
        for i in 0..<count { levels[i] = SIMD4<Float>(filter.step(heard[start + i])) }
        meanSquare = filter
    }

    private func apply(
        _ gains: Span<SIMD8<Float>>, _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int
    ) {
        for i in 0..<count {
            let gain = i & 1 == 0 ? gains[i >> 1].lowHalf : gains[i >> 1].highHalf
            let x = block[start + i]
            block[start + i] = (x * SIMD8(lowHalf: gain, highHalf: gain)).replacing(with: x, where: passes)
        }
    }
}

/// The mean square of both channels of each pair through a one-pole filter of 10 ms.
struct MeanSquare: Sendable {
    var value = SIMD4<Double>()
    private let pole: SIMD4<Double>
    private let input: SIMD4<Double>

    init(rateHertz: Double) {
        let pole = CompressorCoefficients.pole(seconds: 0.01, rateHertz: rateHertz)
        self.pole = SIMD4(repeating: pole)
        input = SIMD4(repeating: (1 - pole) / 2)
    }

    @inline(always)
    mutating func step(_ x: LaneFrame) -> SIMD4<Double> {
        let (left, right) = (SIMD4<Double>(x.lowHalf), SIMD4<Double>(x.highHalf))
        let power = (left * left).addingProduct(right, right)
        value = (input * power).addingProduct(pole, value)
        return value
    }
}

/// Level to gain reduction, two frames of four lanes at once, in log2 units.
struct StaticCurve: Sendable {
    /// 1, or 1/2 where the level is a mean square.
    private var levelScale = SIMD8<Float>()
    /// Half the knee minus the threshold.
    private var offset = SIMD8<Float>()
    private var kneeWidth = SIMD8<Float>()
    /// slope / (2 width); 0 without a knee.
    private var kneeScale = SIMD8<Float>()
    private var slope = SIMD8<Float>()
    private(set) var makeUp = SIMD8<Float>()

    init(_ lanes: [CompressorCoefficients]) {
        for i in 0..<8 {
            let lane = lanes[i % 4]
            levelScale[i] = lane.detectsMeanSquare ? 0.5 : 1
            offset[i] = Float(lane.kneeWidth / 2 - lane.threshold)
            kneeWidth[i] = Float(lane.kneeWidth)
            kneeScale[i] = lane.kneeWidth > 0 ? Float(lane.slope / (2 * lane.kneeWidth)) : 0
            slope[i] = Float(lane.slope)
            makeUp[i] = Float(lane.makeUp)
        }
    }

    /// How much to take off, 0 or more.
    ///
    /// With u the level above the knee's lower edge: u^2 / (2 width) inside the knee and u - width / 2 above
    /// it, times the slope.
    @inline(always)
    func reduction(_ level: SIMD8<Float>) -> SIMD8<Float> {
        let zero = SIMD8<Float>()
        var u = offset.addingProduct(levelScale, PinnedMath.log2(level))
        u = u.replacing(with: zero, where: u .< zero)
        let inside = u.replacing(with: kneeWidth, where: u .> kneeWidth)
        let above = u - inside
        return (inside * inside * kneeScale).addingProduct(slope, above)
    }
}

/// The smooth branching peak detector on the gain reduction, in Double: one state for each stereo lane.
struct BranchingEnvelope: Sendable {
    var reduction = SIMD4<Double>()
    private var attackPole = SIMD4<Double>()
    private var releasePole = SIMD4<Double>()
    private var attackInput = SIMD4<Double>()
    private var releaseInput = SIMD4<Double>()
    private var isAttackSlower = SIMDMask<SIMD4<Int64>>(repeating: false)
    /// Whether a lane's attack is slower than its release; otherwise the choice is a maximum.
    let hasSlowerAttack: Bool

    init(_ lanes: [CompressorCoefficients]) {
        for (i, lane) in lanes.enumerated() {
            attackPole[i] = lane.attackPole
            releasePole[i] = lane.releasePole
            attackInput[i] = 1 - lane.attackPole
            releaseInput[i] = 1 - lane.releasePole
            isAttackSlower[i] = lane.attackPole > lane.releasePole
        }
        hasSlowerAttack = lanes.contains { $0.attackPole > $0.releasePole }
    }

    /// Replaces two frames' targets by the smoothed reductions; only the first one's unless the pair is
    /// whole.
    @inline(always)
    mutating func smooth(_ pair: inout SIMD8<Float>, isWhole: Bool, hasSlowerAttack: Bool) {
        let (first, second) = (SIMD4<Double>(pair.lowHalf), SIMD4<Double>(pair.highHalf))
        step(first, hasSlowerAttack)
        let smoothed = SIMD4<Float>(reduction)
        if isWhole { step(second, hasSlowerAttack) }
        pair = SIMD8(lowHalf: smoothed, highHalf: SIMD4<Float>(reduction))
    }

    // Both branches are computed from the old state, so the recurrence is one product and one choice. Above
    // the state the faster of the two lies higher, below it lower.
    @inline(always)
    private mutating func step(_ target: SIMD4<Double>, _ hasSlowerAttack: Bool) {
        let (attack, release) = branches(target)
        if hasSlowerAttack {
            reduction = attack.replacing(with: release, where: (release .> attack) .^ isAttackSlower)
        } else {
            reduction = attack.replacing(with: release, where: release .> attack)
        }
    }

    @inline(always)
    private func branches(_ target: SIMD4<Double>) -> (attack: SIMD4<Double>, release: SIMD4<Double>) {
        (
            (attackInput * target).addingProduct(attackPole, reduction),
            (releaseInput * target).addingProduct(releasePole, reduction)
        )
    }
}
