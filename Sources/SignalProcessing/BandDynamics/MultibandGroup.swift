import CVector

/// Up to four bands of a multiband compressor: crossovers, levels, gains.
struct MultibandGroup: Sendable {
    private let bands: Range<Int>
    private let rateHertz: Double
    private var crossovers: CrossoverBank
    private var window: PeakWindow
    private var envelope = BandEnvelope()
    /// Two frames of four bands at once.
    private var curve = ReductionCurve<SIMD8<Float>>()
    private var attackSeconds = SIMD4<Double>()
    private var releaseSeconds = SIMD4<Double>()
    /// Of the last grid point, and of the one before it; in units of one doubling.
    private var makeUp = SIMD4<Float>()
    private var makeUpBefore = SIMD4<Float>()

    init(
        bands: Range<Int>, _ settings: MultibandParameters, corners: InlineArray<4, Double>, rateHertz: Double
    ) {
        self.bands = bands
        self.rateHertz = rateHertz
        crossovers = CrossoverBank(bands: bands, of: settings.bandCount, corners: corners)
        window = PeakWindow(laneCount: bands.count, rateHertz: rateHertz)
        set(settings)
        makeUpBefore = makeUp
    }

    mutating func retune(corners: InlineArray<4, Double>) { crossovers.retune(corners: corners) }

    mutating func set(_ settings: MultibandParameters) {
        makeUpBefore = makeUp
        for lane in 0..<bands.count {
            let band = settings[bands.lowerBound + lane]
            setCurve(band, lane)
            setCurve(band, lane + 4)
            makeUp[lane] = band.isBypassed ? 0 : DynamicsChunk.units(band.makeUpDecibels)
            var attack = envelope.growPole[lane]
            if attackSeconds[lane] != band.attackSeconds {
                attackSeconds[lane] = band.attackSeconds
                attack = DynamicsChunk.pole(seconds: band.attackSeconds, rateHertz: rateHertz)
            }
            var release = envelope.shrinkPole[lane]
            if releaseSeconds[lane] != band.releaseSeconds {
                releaseSeconds[lane] = band.releaseSeconds
                let held = window.heldBuckets(
                    releaseSeconds: band.releaseSeconds, rateHertz: rateHertz, most: PeakWindow.bucketCount)
                window.hold(held, lane: lane)
                // The hold is part of the release: both together keep the label.
                let decay = band.releaseSeconds - window.meanSeconds(heldBuckets: held, rateHertz: rateHertz)
                release = DynamicsChunk.pole(seconds: decay, rateHertz: rateHertz)
            }
            envelope.set(lane: lane, growPole: attack, shrinkPole: release)
        }
    }

    private mutating func setCurve(_ band: MultibandBand, _ lane: Int) {
        curve.set(
            lane: lane, thresholdDecibels: band.thresholdDecibels, ratio: band.ratio, kneeDecibels: band.kneeDecibels,
            rangeDecibels: band.isBypassed ? 0 : band.rangeDecibels)
    }

    /// Adds the bands of a chunk, with their gains, to the sums: the left ones, then the right ones.
    ///
    /// - Parameters:
    ///   - updateAge: Frames since the last update; 8 or more when every glide has ended.
    ///   - mix: The share of the gains at frame k after the update: base + step k.
    mutating func add(
        _ left: Span<Float>, _ right: Span<Float>, _ start: Int, _ count: Int, _ frame: Int, updateAge: Int,
        mix: (base: Float, step: Float), frames: inout [LaneFrame], pairs: inout [SIMD8<Float>],
        to sums: inout [Double]
    ) {
        // Bands side by side, frame by frame; levels, reductions and gains of two frames.
        var bands = frames.mutableSpan
        var pairs = pairs.mutableSpan
        crossovers.split(left, right, start, count, &bands)
        follow(bands.span, count, frame, &pairs)
        gains(&pairs, count, updateAge, mix)
        Self.apply(pairs.span, to: &bands, count)
        Self.sum(bands.span, count, to: &sums)
    }

    private static func sum(_ bands: Span<LaneFrame>, _ count: Int, to sums: inout [Double]) {
        bands.withUnsafeBufferPointer { lanes in
            sums.withUnsafeMutableBufferPointer { sums in
                guard let lanes = lanes.baseAddress, let sums = sums.baseAddress else { return }
                // SAFETY: `bands` holds 8 floats a frame, `sums` the left chunk and then the right one.
                lanes.withMemoryRebound(to: Float.self, capacity: 8 * DynamicsChunk.frameCount) {
                    lathe_sum_lanes(sums, sums + DynamicsChunk.frameCount, $0, count)
                }
            }
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        crossovers.write(to: &snapshot)
        for lane in 0..<bands.count { snapshot.put(recursive: envelope.reduction[lane]) }
        window.write(to: &snapshot)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        try crossovers.read(from: &snapshot)
        for lane in 0..<bands.count { envelope.reduction[lane] = try snapshot.recursiveDouble() }
        try window.read(from: &snapshot)
    }
}

extension MultibandGroup {
    /// Peaks of the bands, held, two frames a pair.
    @inline(never)
    private mutating func follow(
        _ bands: Span<LaneFrame>, _ count: Int, _ frame: Int, _ levels: inout MutableSpan<SIMD8<Float>>
    ) {
        var i = 0
        while i < count {
            let remaining = window.remainingFrames(at: frame + i)
            let end = min(count, i + remaining)
            var peaks = window.window
            if i & 1 == 1 {
                levels[i >> 1].highHalf = peaks.level(Self.peak(bands[i]))
                i += 1
            }
            while i + 2 <= end {
                let first = peaks.level(Self.peak(bands[i]))
                levels[i >> 1] = SIMD8(lowHalf: first, highHalf: peaks.level(Self.peak(bands[i + 1])))
                i += 2
            }
            if i < end {
                levels[i >> 1].lowHalf = peaks.level(Self.peak(bands[i]))
                i += 1
            }
            window.window = peaks
            if window.remainingFrames(at: frame + end) == window.bucketFrames { window.endBucket() }
        }
    }

    @inline(always)
    private static func peak(_ x: LaneFrame) -> SIMD4<Float> {
        let magnitude = DynamicsChunk.magnitude(x)
        let (left, right) = (magnitude.lowHalf, magnitude.highHalf)
        return left.replacing(with: right, where: right .> left)
    }

    /// Levels to gains.
    @inline(never)
    private mutating func gains(
        _ values: inout MutableSpan<SIMD8<Float>>, _ count: Int, _ updateAge: Int, _ mix: (base: Float, step: Float)
    ) {
        let pairCount = (count + 1) / 2
        for i in 0..<pairCount { values[i] = curve.reduction(values[i]) }
        if envelope.hasSlowerGrowth {
            envelope.smoothEither(&values, count)
        } else {
            envelope.smoothPlain(&values, count)
        }
        let isGliding = updateAge < GridGlide.frameCount
        let from = isGliding ? makeUpBefore : makeUp
        let step = isGliding ? (makeUp - makeUpBefore) / Float(GridGlide.frameCount) : SIMD4()
        let (base, slope) = (SIMD8(lowHalf: from, highHalf: from), SIMD8(lowHalf: step, highHalf: step))
        let (share, shareStep) = (SIMD8<Float>(repeating: mix.base), SIMD8<Float>(repeating: mix.step))
        let one = SIMD8<Float>(repeating: 1)
        // Frames after the update of the pair's two frames; the steps are 0 when no glide is under way.
        var age = SIMD8<Float>(lowHalf: SIMD4(repeating: 1), highHalf: SIMD4(repeating: 2))
        age += Float(isGliding ? updateAge : 0)
        for i in 0..<pairCount {
            let gain = PinnedMath.exp2(base.addingProduct(slope, age) - values[i])
            values[i] = one.addingProduct(share.addingProduct(shareStep, age), gain - one)
            age += 2
        }
    }

    @inline(never)
    private static func apply(_ gains: Span<SIMD8<Float>>, to bands: inout MutableSpan<LaneFrame>, _ count: Int) {
        var i = 0
        while i + 2 <= count {
            let gain = gains[i >> 1]
            let (low, high) = (gain.lowHalf, gain.highHalf)
            bands[i] *= SIMD8(lowHalf: low, highHalf: low)
            bands[i + 1] *= SIMD8(lowHalf: high, highHalf: high)
            i += 2
        }
        if i < count {
            let low = gains[i >> 1].lowHalf
            bands[i] *= SIMD8(lowHalf: low, highHalf: low)
        }
    }
}

/// `ReductionEnvelope` on four bands.
struct BandEnvelope: Sendable {
    var reduction = SIMD4<Double>()
    private(set) var growPole = SIMD4<Double>()
    private(set) var shrinkPole = SIMD4<Double>()
    private var growInput = SIMD4<Double>()
    private var shrinkInput = SIMD4<Double>()
    private var isGrowthSlower = SIMDMask<SIMD4<Int64>>(repeating: false)
    /// Whether a band's attack is slower than its release; otherwise the choice is a maximum.
    private(set) var hasSlowerGrowth = false

    mutating func set(lane: Int, growPole grow: Double, shrinkPole shrink: Double) {
        growPole[lane] = grow
        shrinkPole[lane] = shrink
        growInput[lane] = 1 - grow
        shrinkInput[lane] = 1 - shrink
        isGrowthSlower[lane] = grow > shrink
        hasSlowerGrowth = false
        for lane in 0..<4 where isGrowthSlower[lane] { hasSlowerGrowth = true }
    }

    /// Replaces targets by smoothed reductions, two frames a pair, where no band's attack is slower than its release.
    @inline(never)
    mutating func smoothPlain(_ pairs: inout MutableSpan<SIMD8<Float>>, _ count: Int) {
        smooth(&pairs, count, hasSlowerGrowth: false)
    }

    @inline(never)
    mutating func smoothEither(_ pairs: inout MutableSpan<SIMD8<Float>>, _ count: Int) {
        smooth(&pairs, count, hasSlowerGrowth: true)
    }

    @inline(always)
    private mutating func smooth(
        _ pairs: inout MutableSpan<SIMD8<Float>>, _ count: Int, hasSlowerGrowth: Bool
    ) {
        let poles = self
        var state = reduction
        for i in 0..<count / 2 {
            let pair = pairs[i]
            state = poles.step(state, pair.lowHalf, hasSlowerGrowth)
            let first = SIMD4<Float>(state)
            state = poles.step(state, pair.highHalf, hasSlowerGrowth)
            pairs[i] = SIMD8(lowHalf: first, highHalf: SIMD4<Float>(state))
        }
        if count & 1 == 1 {
            let pair = pairs[count / 2]
            state = poles.step(state, pair.lowHalf, hasSlowerGrowth)
            pairs[count / 2] = SIMD8(lowHalf: SIMD4<Float>(state), highHalf: pair.highHalf)
        }
        reduction = state
    }

    // Both branches are computed from the old state, so the recurrence is one product and one choice. Above the state
    // the faster of the two lies higher, below it lower.
    @inline(always)
    private func step(_ state: SIMD4<Double>, _ target: SIMD4<Float>, _ hasSlowerGrowth: Bool) -> SIMD4<Double> {
        let target = SIMD4<Double>(target)
        let grown = (growInput * target).addingProduct(growPole, state)
        let shrunk = (shrinkInput * target).addingProduct(shrinkPole, state)
        if hasSlowerGrowth { return grown.replacing(with: shrunk, where: (shrunk .> grown) .^ isGrowthSlower) }
        return grown.replacing(with: shrunk, where: shrunk .> grown)
    }
}
