/// The arithmetic of `Compressor` and `BusCompressor` on four stereo lanes, 128 frames at a time.
///
/// The usual case (both channels linked, no automation under way) runs in two steps: the levels, and a loop that
/// fuses static curve, envelope, exponential and gain for two frames at once, so that the logarithm and the
/// exponential of some frames fill the latency of the envelope's recurrence of others. Everything else runs in
/// separate loops. A lane's bits are the same either way, so they do not depend on what its neighbours do.
struct CompressorKernel: Sendable {
    private static let smallFrames = 16
    /// Pairs of frames by which the static curve leads the envelope and the exponential lags it.
    private static let lead = 4

    private var levels: CompressorLevels
    private var keyFilter = CompressorKeyFilter()
    private var lookAhead: CompressorLookAhead
    private var curve = CompressorCurve()
    private var times = CompressorTimes()
    private var gain = CompressorGain()
    /// Envelopes of the left channels, or of both; and of the right ones.
    private var left = CompressorEnvelope()
    private var right = CompressorEnvelope()
    private var link = SIMD8<Float>(repeating: 1)
    private var unlink = SIMD8<Float>()
    private var passes = SIMDMask<SIMD8<Int32>>(repeating: true)
    private var keys = SIMDMask<SIMD8<Int32>>(repeating: false)
    private let hasKeys: Bool
    private let hasPasses: Bool

    /// Where a glide of make-up and mix began, and how many of its eight frames are done.
    private var origin = CompressorGain()
    private var glidedFrames = Self.glideFrames
    private static let glideFrames = 8

    /// - Parameter lanes: nil for a lane that passes.
    init(_ lanes: [4 of CompressorLane?], keys: [Bool], rateHertz: Double) {
        levels = CompressorLevels(rateHertz: rateHertz)
        lookAhead = CompressorLookAhead(
            frames: (0..<4).map { lanes[$0]?.lookAheadFrames ?? 0 })
        hasKeys = (0..<4).contains { keys[$0] && lanes[$0] != nil }
        hasPasses = (0..<4).contains { lanes[$0] == nil }
        for i in 0..<4 {
            guard let lane = lanes[i] else { continue }
            for channel in stride(from: i, to: 8, by: 4) {
                passes[channel] = false
                self.keys[channel] = keys[i]
            }
            set(i, lane)
        }
        glidedFrames = Self.glideFrames
    }

    /// Gives a lane other numbers from the next frame on; make-up and mix glide there in eight frames.
    mutating func update(_ index: Int, _ lane: CompressorLane) {
        guard !passes[index] else { return }
        set(index, lane)
    }

    private mutating func set(_ index: Int, _ lane: CompressorLane) {
        levels.set(index, lane)
        keyFilter.set(index, lane)
        curve.set(index, lane)
        times.set(index, lane)
        for i in stride(from: index, to: 8, by: 4) {
            link[i] = Float(lane.link)
            unlink[i] = 1 - Float(lane.link)
        }
        // Several lanes may be given new numbers at one frame.
        if glidedFrames > 0 { origin = gain }
        gain.set(index, lane)
        if gain.makeUp != origin.makeUp || gain.wet != origin.wet { glidedFrames = 0 }
    }

    // MARK: - Blocks

    mutating func process(_ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int) {
        if hasKeys || keyFilter.isActive || !isLinked || glidedFrames < Self.glideFrames {
            processAny(&block, key, frame)
        } else {
            processUsual(&block, frame)
        }
    }

    /// Whether both channels of every lane have the same envelope, now and from now on.
    private var isLinked: Bool {
        link == SIMD8(repeating: 1) && left.fast == right.fast && left.slow == right.slow
    }

    private mutating func processUsual(_ block: inout MutableSpan<LaneFrame>, _ frame: Int) {
        // Blocks of the control grid are common where a neighbour is automated: little scratch to clear for them.
        if block.count <= Self.smallFrames {
            var each = InlineArray<16, SIMD8<Float>>(repeating: SIMD8())
            var both = InlineArray<24, SIMD8<Float>>(repeating: SIMD8())
            var eachSpan = each.mutableSpan
            var bothSpan = both.mutableSpan
            processUsual(&block, frame, &eachSpan, &bothSpan)
        } else {
            var each = InlineArray<128, SIMD8<Float>>(repeating: SIMD8())
            var both = InlineArray<80, SIMD8<Float>>(repeating: SIMD8())
            var eachSpan = each.mutableSpan
            var bothSpan = both.mutableSpan
            processUsual(&block, frame, &eachSpan, &bothSpan)
        }
    }

    @inline(never)
    private mutating func processUsual(
        _ block: inout MutableSpan<LaneFrame>, _ frame: Int, _ each: inout MutableSpan<SIMD8<Float>>,
        _ both: inout MutableSpan<SIMD8<Float>>
    ) {
        var start = 0
        while start < block.count {
            let count = min(each.count, block.count - start)
            levels.follow(block.span, start, count, at: frame + start, &each, &both)
            if lookAhead.isActive { lookAhead.process(&block, start, count) }
            smoothLinked(&both, &each, &block, start, count)
            start += count
        }
    }

    private mutating func processAny(_ block: inout MutableSpan<LaneFrame>, _ key: Span<LaneFrame>?, _ frame: Int) {
        if block.count <= Self.smallFrames {
            var heard = InlineArray<16, LaneFrame>(repeating: LaneFrame())
            var each = InlineArray<16, SIMD8<Float>>(repeating: SIMD8())
            var both = InlineArray<24, SIMD8<Float>>(repeating: SIMD8())
            var heardSpan = heard.mutableSpan
            var eachSpan = each.mutableSpan
            var bothSpan = both.mutableSpan
            processAny(&block, key, frame, &heardSpan, &eachSpan, &bothSpan)
        } else {
            var heard = InlineArray<128, LaneFrame>(repeating: LaneFrame())
            var each = InlineArray<128, SIMD8<Float>>(repeating: SIMD8())
            var both = InlineArray<80, SIMD8<Float>>(repeating: SIMD8())
            var heardSpan = heard.mutableSpan
            var eachSpan = each.mutableSpan
            var bothSpan = both.mutableSpan
            processAny(&block, key, frame, &heardSpan, &eachSpan, &bothSpan)
        }
    }

    @inline(never)
    private mutating func processAny(
        _ block: inout MutableSpan<LaneFrame>, _ key: Span<LaneFrame>?, _ frame: Int,
        _ heard: inout MutableSpan<LaneFrame>, _ each: inout MutableSpan<SIMD8<Float>>,
        _ both: inout MutableSpan<SIMD8<Float>>
    ) {
        let isLinked = isLinked
        var start = 0
        while start < block.count {
            var count = min(each.count, block.count - start)
            let isGliding = glidedFrames < Self.glideFrames
            if isGliding { count = min(count, Self.glideFrames - glidedFrames) }
            listen(block.span, key, start, count, &heard)
            if keyFilter.isActive { keyFilter.process(&heard, count: count) }
            levels.follow(heard.span, 0, count, at: frame + start, &each, &both)
            if lookAhead.isActive { lookAhead.process(&block, start, count) }
            if isLinked, !isGliding {
                smoothLinked(&both, &each, &block, start, count)
            } else {
                smoothEach(both.span, &each, count)
                apply(each.span, &block, start, count)
            }
            start += count
        }
    }

    /// What each lane listens to.
    private func listen(
        _ block: Span<LaneFrame>, _ key: Span<LaneFrame>?, _ start: Int, _ count: Int,
        _ heard: inout MutableSpan<LaneFrame>
    ) {
        if hasKeys, let key {
            for i in 0..<count { heard[i] = block[start + i].replacing(with: key[start + i], where: keys) }
        } else {
            for i in 0..<count { heard[i] = block[start + i] }
        }
    }

    // MARK: - The usual case

    /// - Parameter both: Levels of pairs of frames, with room for four more and for the coefficients at its end.
    /// - Parameter scratch: A vector for each frame.
    private mutating func smoothLinked(
        _ both: inout MutableSpan<SIMD8<Float>>, _ scratch: inout MutableSpan<SIMD8<Float>>,
        _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int
    ) {
        if times.isPlain, !curve.hasKnees {
            smoothPlain(&both, &scratch, &block, start, count)
        } else if times.isPlain {
            smoothKnees(&both, &scratch, &block, start, count)
        } else {
            smoothGeneral(&both, &scratch, &block, start, count)
        }
        right = left
    }

    @inline(never)
    private mutating func smoothPlain(
        _ both: inout MutableSpan<SIMD8<Float>>, _ scratch: inout MutableSpan<SIMD8<Float>>,
        _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int
    ) { smooth(&both, &scratch, &block, start, count, isPlain: true, hasKnees: false) }

    @inline(never)
    private mutating func smoothKnees(
        _ both: inout MutableSpan<SIMD8<Float>>, _ scratch: inout MutableSpan<SIMD8<Float>>,
        _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int
    ) { smooth(&both, &scratch, &block, start, count, isPlain: true, hasKnees: true) }

    @inline(never)
    private mutating func smoothGeneral(
        _ both: inout MutableSpan<SIMD8<Float>>, _ scratch: inout MutableSpan<SIMD8<Float>>,
        _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int
    ) { smooth(&both, &scratch, &block, start, count, isPlain: false, hasKnees: true) }

    /// Levels to gains, two frames at once; inlined into its callers, so that each has a loop of its own.
    ///
    /// The static curve runs four pairs ahead of the envelope and the exponential four behind: they fill the
    /// latency of its recurrence. They pass pairs through memory, so that the compiler does not compute in halves, and
    /// have their coefficients in the memory they write to, so that it leaves the registers to the envelope.
    @inline(always)
    private mutating func smooth(
        _ both: inout MutableSpan<SIMD8<Float>>, _ scratch: inout MutableSpan<SIMD8<Float>>,
        _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int, isPlain: Bool, hasKnees: Bool
    ) {
        let lead = Self.lead
        let curveIndex = both.count - CompressorCurve.vectorCount - CompressorGain.vectorCount
        let gainIndex = curveIndex + CompressorCurve.vectorCount
        curve.write(to: &both, at: curveIndex)
        gain.write(to: &both, at: gainIndex)
        let pairCount = count / 2
        precondition(pairCount + lead <= curveIndex && count <= scratch.count, "room for pairs")
        var state = left
        let times = times
        for i in 0..<lead { both[i] = CompressorCurve.reduction(both[i], both, at: curveIndex, hasKnees: hasKnees) }
        for i in 0..<min(lead, pairCount) {
            if i + lead <= pairCount {
                both[i + lead] = CompressorCurve.reduction(both[i + lead], both, at: curveIndex, hasKnees: hasKnees)
            }
            Self.step(&state, times, both[i], &scratch, 2 &* i, isPlain: isPlain)
        }
        if pairCount > lead {
            for i in lead..<pairCount {
                Self.step(&state, times, both[unchecked: i], &scratch, 2 &* i, isPlain: isPlain)
                both[unchecked: i &+ lead] = CompressorCurve.reduction(
                    both[unchecked: i &+ lead], both, at: curveIndex, hasKnees: hasKnees)
                let j = i &- lead
                both[unchecked: j] = CompressorGain.gain(Self.reductions(scratch, 2 &* j), both, at: gainIndex)
            }
        }
        if count & 1 == 1 {
            let target = SIMD4<Double>(both[pairCount].lowHalf)
            let reduction = isPlain ? times.step(&state, target) : times.stepGeneral(&state, target)
            scratch[count - 1] = unsafeBitCast(reduction, to: SIMD8<Float>.self)
        }
        for j in max(0, pairCount - lead)..<(count + 1) / 2 {
            both[j] = CompressorGain.gain(Self.reductions(scratch, 2 &* j), both, at: gainIndex)
        }
        left = state
        if hasPasses {
            apply(both.span, &block, start, count, hasPasses: true)
        } else {
            apply(both.span, &block, start, count, hasPasses: false)
        }
    }

    /// Two frames' targets to reductions, in Double: as whole vectors they are read again without waiting.
    @inline(always)
    private static func step(
        _ state: inout CompressorEnvelope, _ times: CompressorTimes, _ targets: SIMD8<Float>,
        _ scratch: inout MutableSpan<SIMD8<Float>>, _ index: Int, isPlain: Bool
    ) {
        let (one, other) = (SIMD4<Double>(targets.lowHalf), SIMD4<Double>(targets.highHalf))
        let first = isPlain ? times.step(&state, one) : times.stepGeneral(&state, one)
        scratch[unchecked: index] = unsafeBitCast(first, to: SIMD8<Float>.self)
        let second = isPlain ? times.step(&state, other) : times.stepGeneral(&state, other)
        scratch[unchecked: index &+ 1] = unsafeBitCast(second, to: SIMD8<Float>.self)
    }

    @inline(always)
    private static func reductions(_ scratch: borrowing MutableSpan<SIMD8<Float>>, _ index: Int) -> SIMD8<Float> {
        let first = unsafeBitCast(scratch[unchecked: index], to: SIMD4<Double>.self)
        let second = unsafeBitCast(scratch[unchecked: index &+ 1], to: SIMD4<Double>.self)
        return SIMD8(lowHalf: SIMD4<Float>(first), highHalf: SIMD4<Float>(second))
    }

    @inline(always)
    private func apply(
        _ gains: Span<SIMD8<Float>>, _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int, hasPasses: Bool
    ) {
        precondition(start >= 0 && start + count <= block.count && count <= 2 * gains.count, "frames")
        let passes = passes
        for i in 0..<count / 2 {
            let j = start &+ 2 &* i
            let (low, high) = (gains[unchecked: i].lowHalf, gains[unchecked: i].highHalf)
            let (x, y) = (block[unchecked: j], block[unchecked: j &+ 1])
            let u = x * SIMD8(lowHalf: low, highHalf: low)
            let v = y * SIMD8(lowHalf: high, highHalf: high)
            block[unchecked: j] = hasPasses ? u.replacing(with: x, where: passes) : u
            block[unchecked: j &+ 1] = hasPasses ? v.replacing(with: y, where: passes) : v
        }
        if count & 1 == 1 {
            let x = block[start + count - 1]
            let low = gains[count / 2].lowHalf
            block[start + count - 1] = (x * SIMD8(lowHalf: low, highHalf: low)).replacing(with: x, where: passes)
        }
    }

    // MARK: - Everything else

    /// Replaces the channels' levels by their reductions.
    ///
    /// Of the target, the link's part is what both channels' level asks for, the rest what the channel's own does.
    private mutating func smoothEach(
        _ both: Span<SIMD8<Float>>, _ each: inout MutableSpan<SIMD8<Float>>, _ count: Int
    ) {
        var (left, right) = (left, right)
        let (curve, times, link, unlink) = (curve, times, link, unlink)
        for i in 0..<count {
            let level = i & 1 == 0 ? both[i >> 1].lowHalf : both[i >> 1].highHalf
            let linked = curve.reduction(SIMD8(lowHalf: level, highHalf: level))
            each[i] = (unlink * curve.reduction(each[i])).addingProduct(link, linked)
        }
        for i in 0..<count {
            let target = each[i]
            let first = times.stepGeneral(&left, SIMD4<Double>(target.lowHalf))
            let second = times.stepGeneral(&right, SIMD4<Double>(target.highHalf))
            each[i] = SIMD8(lowHalf: SIMD4<Float>(first), highHalf: SIMD4<Float>(second))
        }
        (self.left, self.right) = (left, right)
    }

    private mutating func apply(
        _ reductions: Span<SIMD8<Float>>, _ block: inout MutableSpan<LaneFrame>, _ start: Int, _ count: Int
    ) {
        for i in 0..<count {
            var gain = gain
            if glidedFrames < Self.glideFrames {
                glidedFrames += 1
                if glidedFrames < Self.glideFrames { gain = origin.moved(to: gain, eighths: glidedFrames) }
            }
            let x = block[start + i]
            block[start + i] = (x * gain.gain(reductions[i])).replacing(with: x, where: passes)
        }
    }

    // MARK: - Snapshot

    func write(to snapshot: inout SnapshotWriter) {
        for part in [left.fast, left.slow, right.fast, right.slow] {
            for lane in 0..<4 { snapshot.put(recursive: part[lane]) }
        }
        levels.write(to: &snapshot)
        keyFilter.write(to: &snapshot)
        lookAhead.write(to: &snapshot)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for lane in 0..<4 { left.fast[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { left.slow[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { right.fast[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { right.slow[lane] = try snapshot.recursiveDouble() }
        try levels.read(from: &snapshot)
        try keyFilter.read(from: &snapshot)
        try lookAhead.read(from: &snapshot)
    }
}
