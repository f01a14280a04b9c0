/// The settings of a transient shaper, in the table's order and units.
package struct TransientShaperParameters: Sendable, Equatable {
    /// Gain of a full transient, -15 to 15 dB.
    package var attackDecibels: Double
    /// Gain while the sound dies away, -15 to 15 dB.
    package var sustainDecibels: Double
    /// How long a transient lasts: its gain falls with this time constant, 2 to 200 ms.
    package var attackLengthSeconds: Double
    /// How long the memory is that a decay is measured against, 50 ms to 1 s.
    package var sustainLengthSeconds: Double
    /// The rise or fall that gets the whole gain, 1 to 40 dB; less gets less.
    package var sensitivityDecibels: Double
    /// How much of the shaping, 0 to 1.
    package var mix: Double
    /// -24 to 24 dB.
    package var outputDecibels: Double

    static let names = [
        "attack", "sustain", "attack-length", "sustain-length", "sensitivity", "mix", "output",
    ]

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == 7, (-15...15).contains(values[0]), (-15...15).contains(values[1]),
            (0.002...0.2).contains(values[2]), (0.05...1).contains(values[3]), (1...40).contains(values[4]),
            (0...1).contains(values[5]), (-24...24).contains(values[6])
        else { return nil }
        attackDecibels = values[0]
        sustainDecibels = values[1]
        attackLengthSeconds = values[2]
        sustainLengthSeconds = values[3]
        sensitivityDecibels = values[4]
        mix = values[5]
        outputDecibels = values[6]
    }
}

/// A transient shaper: lifts or lowers onsets and decays, whatever their level.
///
/// Three envelopes follow the level in decibels (the louder channel's peak, held for 5 ms): a fast one, one that rises
/// slowly and one that falls slowly. The fast one's lead over the slow riser is the transient, its lag behind the slow
/// faller the sustain (differential envelopes as in Gier's and SPL's shapers); each, as a fraction of the sensitivity
/// and at most 1, times the amount in decibels is the gain. Neither slow envelope is ever further away than the
/// sensitivity, so a transient's gain falls with its length as time constant whatever came before it.
///
/// A steady sound has a gain of 1. Attack and sustain of 0 dB pass every bit. The level has a floor at -120 dB: down to
/// there the gain depends on ratios of levels only.
///
/// Latency 0 frames, tail 0, snapshot 96 bytes. Re-convergence: by the second segment boundary for sustain lengths up
/// to 0.5 s, on any input.
package struct TransientShaper: StereoDevice {
    /// Changes whenever the bits change.
    package static let version: UInt32 = 1
    package static let parameterNames = TransientShaperParameters.names

    package let latencyFrames = 0
    package let tailFrames = 0
    private let rateHertz: Double
    private var window: PeakWindow
    private var envelopes = TransientEnvelopes()
    /// In units of one doubling.
    private var attack: GridGlide
    private var sustain: GridGlide
    private var mix: GridGlide
    private var output: GridGlide
    /// Frames since the last update, at most 8.
    private var updateAge = GridGlide.frameCount

    package init?(parameters: [Double], rateHertz: Int) {
        guard let settings = TransientShaperParameters(values: parameters) else { return nil }
        self.init(settings, rateHertz: Double(rateHertz))
    }

    /// - Parameter rateHertz: Sample rate of the signal.
    package init(_ settings: TransientShaperParameters, rateHertz: Double) {
        self.rateHertz = rateHertz
        window = PeakWindow(laneCount: 1, rateHertz: rateHertz)
        window.hold(10, lane: 0)
        attack = GridGlide(settings.attackDecibels / DynamicsChunk.decibelsPerUnit)
        sustain = GridGlide(settings.sustainDecibels / DynamicsChunk.decibelsPerUnit)
        mix = GridGlide(settings.mix)
        output = GridGlide(PinnedMath.gain(decibels: settings.outputDecibels))
        envelopes.set(settings, rateHertz: rateHertz)
    }

    package mutating func update(parameters: [Double]) {
        guard let settings = TransientShaperParameters(values: parameters) else { return }
        attack.move(to: settings.attackDecibels / DynamicsChunk.decibelsPerUnit)
        sustain.move(to: settings.sustainDecibels / DynamicsChunk.decibelsPerUnit)
        mix.move(to: settings.mix)
        output.move(to: PinnedMath.gain(decibels: settings.outputDecibels))
        envelopes.set(settings, rateHertz: rateHertz)
        updateAge = 0
    }

    package mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int) {
        var levelFrames = InlineArray<128, Float>(repeating: 0)
        var sustainFrames = InlineArray<128, Float>(repeating: 0)
        var levels = levelFrames.mutableSpan
        var sustains = sustainFrames.mutableSpan
        var start = 0
        while start < left.count {
            let isGliding = updateAge < GridGlide.frameCount
            let most = isGliding ? GridGlide.frameCount - updateAge : DynamicsChunk.frameCount
            let count = min(most, left.count - start)
            DynamicsChunk.peaks(left.span, right.span, start, count, &levels)
            window.follow(&levels, count: count, at: frame + start)
            for i in stride(from: 0, to: count, by: 8) {
                let level = PinnedMath.log2(levels.lanes(at: i))
                let floor = SIMD8<Float>(repeating: TransientEnvelopes.floor)
                levels.setLanes(level.replacing(with: floor, where: level .< floor), at: i)
            }
            envelopes.follow(&levels, &sustains, count)
            weigh(&levels, sustains.span, count, isGliding)
            DynamicsChunk.apply(levels.span, to: &left, start, count)
            DynamicsChunk.apply(levels.span, to: &right, start, count)
            if isGliding { updateAge += count }
            start += count
        }
    }

    package func write(to snapshot: inout SnapshotWriter) {
        envelopes.write(to: &snapshot)
        window.write(to: &snapshot)
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        try envelopes.read(from: &snapshot)
        try window.read(from: &snapshot)
        // Snapshots lie on the control grid, where every glide has ended.
        updateAge = GridGlide.frameCount
    }

    /// Attack weights, together with the sustain weights, to gains.
    private func weigh(
        _ weights: inout MutableSpan<Float>, _ sustains: Span<Float>, _ count: Int, _ isGliding: Bool
    ) {
        let (attack, sustain) = (attack.line(isUnderWay: isGliding), sustain.line(isUnderWay: isGliding))
        let (mix, output) = (mix.line(isUnderWay: isGliding), output.line(isUnderWay: isGliding))
        let one = SIMD8<Float>(repeating: 1)
        let ramp = SIMD8<Float>(1, 2, 3, 4, 5, 6, 7, 8)
        for i in stride(from: 0, to: count, by: 8) {
            // A chunk of a glide is one vector at most; otherwise the steps are 0.
            let age = ramp + SIMD8(repeating: Float(isGliding ? updateAge : 0))
            let up = SIMD8(repeating: attack.base).addingProduct(age, SIMD8(repeating: attack.step))
            let on = SIMD8(repeating: sustain.base).addingProduct(age, SIMD8(repeating: sustain.step))
            let share = SIMD8(repeating: mix.base).addingProduct(age, SIMD8(repeating: mix.step))
            let scale = SIMD8(repeating: output.base).addingProduct(age, SIMD8(repeating: output.step))
            let gain = PinnedMath.exp2((up * weights.lanes(at: i)).addingProduct(on, sustains.lanes(at: i)))
            weights.setLanes(one.addingProduct(share, gain - one) * scale, at: i)
        }
    }
}

/// The level's three envelopes, in units of one doubling, in Double.
struct TransientEnvelopes: Sendable {
    /// Near -120 dB.
    static let floor: Float = -20

    private var fast = Double(Self.floor)
    private var slowRise = Double(Self.floor)
    private var slowFall = Double(Self.floor)
    private var fastPole = 0.0
    private var fallPole = 0.0
    private var slowRisePole = 0.0
    private var slowFallPole = 0.0
    private var distance = 1.0
    private var perDistance = 1.0

    mutating func set(_ settings: TransientShaperParameters, rateHertz: Double) {
        fastPole = DynamicsChunk.pole(seconds: 0.0001, rateHertz: rateHertz)
        fallPole = DynamicsChunk.pole(seconds: 0.02, rateHertz: rateHertz)
        slowRisePole = DynamicsChunk.pole(seconds: settings.attackLengthSeconds, rateHertz: rateHertz)
        slowFallPole = DynamicsChunk.pole(seconds: settings.sustainLengthSeconds, rateHertz: rateHertz)
        distance = settings.sensitivityDecibels / DynamicsChunk.decibelsPerUnit
        perDistance = 1 / distance
    }

    /// Replaces levels by weights of the transient, and writes those of the sustain; both 0 to 1.
    @inline(never)
    mutating func follow(_ levels: inout MutableSpan<Float>, _ sustains: inout MutableSpan<Float>, _ count: Int) {
        var (a, b, c) = (fast, slowRise, slowFall)
        for i in 0..<count {
            let level = Double(levels[i])
            let (x, y, z) = (a - level, b - level, c - level)
            a = level.addingProduct(x < 0 ? fastPole : fallPole, x)
            b = level.addingProduct(y < 0 ? slowRisePole : fallPole, y)
            c = level.addingProduct(z < 0 ? fastPole : slowFallPole, z)
            let (least, most) = (a - distance, a + distance)
            b = b < least ? least : b
            c = c > most ? most : c
            let (rise, fall) = (a - b, c - a)
            levels[i] = Float((rise > 0 ? rise : 0) * perDistance)
            sustains[i] = Float((fall > 0 ? fall : 0) * perDistance)
        }
        (fast, slowRise, slowFall) = (a, b, c)
    }

    func write(to snapshot: inout SnapshotWriter) {
        snapshot.put(recursive: fast)
        snapshot.put(recursive: slowRise)
        snapshot.put(recursive: slowFall)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        fast = try snapshot.recursiveDouble()
        slowRise = try snapshot.recursiveDouble()
        slowFall = try snapshot.recursiveDouble()
    }
}
