/// What moves the gain of one dynamic band: a detector behind a band-pass, and the band's designs along its range.
///
/// The band-pass is a trapezoidal state-variable filter in Double at the band's frequency. The level is the envelope
/// bp^2 - hp lp, exact for a steady sine of any frequency without any smoothing, as high-pass and low-pass are 90
/// degrees to either side of the band-pass and the product of their magnitudes is the square of its own. Of two
/// channels the louder counts. Every 8 frames the largest level of the last 8 sets the gain that the static curve asks
/// for, and the gain goes there in decibels with the time constant of attack or release.
///
/// State: two numbers a channel, the level so far and the gain. It re-converges with the release: boundary 1 or 2.
struct EqualizerDynamics: Sendable {
    /// Decibels between two designs; in between, coefficients are interpolated.
    private static let spacing = 0.25

    struct Node: Sendable {
        var main = SectionCoefficients.identity
        var correction = SectionCoefficients.identity
        var scale = 1.0
        var isKnown = false
    }

    private var band: EqualizerBand
    private let rateHertz: Double
    private var nodes: [Node]
    private var direction = 1.0
    private var g = 0.0
    private var k = 0.0
    private var d = 0.0
    private var attack = 0.0
    private var release = 0.0
    private var first = SIMD2<Double>()
    private var second = SIMD2<Double>()
    /// Square of the level so far in these 8 frames.
    private var peak = 0.0
    /// Decibels on top of the band's gain.
    private(set) var deltaDecibels = 0.0

    init(_ band: EqualizerBand, rateHertz: Double) {
        self.band = band
        self.rateHertz = rateHertz
        nodes = Array(repeating: Node(), count: 146)
        setBand(band)
    }

    /// Takes a band of other continuous parameters.
    mutating func setBand(_ band: EqualizerBand) {
        self.band = band
        for i in nodes.indices { nodes[i].isKnown = false }
        direction = band.rangeDecibels < 0 ? -1 : 1
        let fraction = band.frequencyHertz / rateHertz
        g = PinnedMath.tan(3.141592653589793 * (fraction < 0.45 ? fraction : 0.45))
        k = 1 / (band.q < 0.5 ? 0.5 : (band.q > 4 ? 4 : band.q))
        d = 1 / (1 + g * (g + k))
        // Less the 8 frames by which a gain lags its level.
        attack = 1 - PinnedMath.exp(-8 / (rateHertz * band.attackSeconds - 8))
        release = 1 - PinnedMath.exp(-8 / (rateHertz * band.releaseSeconds - 8))
    }

    /// Hears one cell's frames, or some of them, in one lane of the strips.
    mutating func hear(_ frames: borrowing Span<LaneFrame>, lane: Int) {
        let (weight, other) = weights
        var (s1, s2, loudest) = (first, second, peak)
        let kk = k * k
        for i in 0..<frames.count {
            let frame = frames[i]
            let (left, right) = (Double(frame[lane]), Double(frame[lane + 4]))
            let x = weight * left + other * right
            let v3 = x - s2
            let v1 = (s1 + v3 * g) * d
            let v2 = s2 + v1 * g
            s1 = v1 + v1 - s1
            s2 = v2 + v2 - s2
            let high = x - v1 * k - v2
            let power = (v1 * v1 - high * v2) * kk
            let louder = power.x > power.y ? power.x : power.y
            loudest = louder > loudest ? louder : loudest
        }
        (first, second, peak) = (s1, s2, loudest)
    }

    /// What of left and of right each of the two detectors hears.
    private var weights: (SIMD2<Double>, SIMD2<Double>) {
        switch band.placement {
        case .stereo: (SIMD2(1, 0), SIMD2(0, 1))
        case .left: (SIMD2(1, 1), SIMD2(0, 0))
        case .right: (SIMD2(0, 0), SIMD2(1, 1))
        case .mid: (SIMD2(0.5, 0.5), SIMD2(0.5, 0.5))
        case .side: (SIMD2(0.5, 0.5), SIMD2(-0.5, -0.5))
        }
    }

    /// At a multiple of 8 frames: moves the gain; whether it is another one than before.
    mutating func advance() -> Bool {
        var target = 0.0
        if peak > 1e-20 {
            let over = PinnedMath.decibels(gain: peak) / 2 - band.thresholdDecibels
            let change = over > 0 ? over * (1 - 1 / band.ratio) : 0
            target = change < band.rangeDecibels.magnitude ? change : band.rangeDecibels.magnitude
        }
        peak = 0
        let before = deltaDecibels * direction
        var now = before + (target > before ? attack : release) * (target - before)
        if target == 0 && now < 1e-5 { now = 0 }
        deltaDecibels = now * direction
        return now != before
    }

    /// The sections at the present gain.
    mutating func design(_ designer: inout MatchedDesign) -> Node {
        let position = deltaDecibels.magnitude / Self.spacing
        let index = Int(position)
        let amount = position - Double(index)
        let low = node(index, &designer)
        guard amount > 0 else { return low }
        let high = node(index + 1, &designer)
        return Node(
            main: low.main.blended(with: high.main, amount),
            correction: low.correction.blended(with: high.correction, amount),
            scale: low.scale + amount * (high.scale - low.scale), isKnown: true)
    }

    private mutating func node(_ index: Int, _ designer: inout MatchedDesign) -> Node {
        if nodes[index].isKnown { return nodes[index] }
        let gain = band.gainDecibels + direction * Self.spacing * Double(index)
        let design = designer.design(band, gainDecibels: gain, isComplete: true)
        nodes[index] = Node(
            main: design.sections[0], correction: design.sections[1], scale: design.scale, isKnown: true)
        return nodes[index]
    }

    func write(to snapshot: inout SnapshotWriter) {
        for i in 0..<2 {
            snapshot.put(recursive: first[i])
            snapshot.put(recursive: second[i])
        }
        snapshot.put(recursive: peak)
        snapshot.put(recursive: deltaDecibels)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for i in 0..<2 {
            first[i] = try snapshot.recursiveDouble()
            second[i] = try snapshot.recursiveDouble()
        }
        peak = try snapshot.recursiveDouble()
        let delta = try snapshot.recursiveDouble()
        guard delta * direction >= 0, delta.magnitude <= 36 else { throw SnapshotError.malformed }
        deltaDecibels = delta
    }
}

extension SectionCoefficients {
    /// Between this (0) and `other` (1), number by number.
    func blended(with other: SectionCoefficients, _ amount: Double) -> SectionCoefficients {
        func mix(_ a: Double, _ b: Double) -> Double { a + amount * (b - a) }
        return SectionCoefficients(
            precision: precision == .double || other.precision == .double ? .double : .single,
            stepP: mix(stepP, other.stepP), stepR: mix(stepR, other.stepR), direct: mix(direct, other.direct),
            difference: mix(difference, other.difference), rate: mix(rate, other.rate),
            corner: mix(corner, other.corner), ratio: mix(ratio, other.ratio))
    }
}
