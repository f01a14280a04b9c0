/// Coefficients of a two-pole section of this folder, in the p,r form of the state-variable filter.
///
/// After Zavalishin, *The Art of VA Filter Design* (trapezoidal integrators), with the states replaced by p and r
/// = their increments. With g = tan(pi f / rate), K = 1 / Q and d = 1 / (1 + g (g + K)), a frame is
/// t = x - p; y = held p + rate r + direct t; p += r + stepP t; r += stepR t.
struct BandSection: Sendable {
    enum Kind: Sendable {
        case identity
        case lowPass
        case highPass
        /// Second-order all-pass: what a Linkwitz-Riley pair of fourth order adds up to.
        case allPass
        /// 0 dB at its peak.
        case bandPass
    }

    /// Q of a Butterworth section; two of them in cascade are Linkwitz-Riley of fourth order.
    static let butterworth = 0.7071067811865476

    let corner: Double
    let damping: Double
    private(set) var stepP = 0.0
    private(set) var stepR = 0.0
    private(set) var held = 0.0
    private(set) var rate = 0.0
    private(set) var direct = 1.0

    /// tan(pi f / rate), the frequency kept below the Nyquist frequency.
    static func corner(frequencyHertz: Double, rateHertz: Double) -> Double {
        PinnedMath.tan(3.141592653589793 * min(frequencyHertz / rateHertz, 0.49))
    }

    init(_ kind: Kind, corner g: Double, quality: Double = BandSection.butterworth) {
        let k = 1 / quality
        corner = g
        damping = k
        guard kind != .identity else { return }
        let d = 1 / (1 + g * (g + k))
        stepP = 2 * g * d * (2 * g + k)
        stepR = 4 * g * g * d
        switch kind {
        case .identity: break
        case .lowPass: (held, rate, direct) = (1, -k / (2 * g), g * g * d)
        case .highPass: (held, rate, direct) = (0, 0, d)
        case .allPass: (held, rate, direct) = (1, -k / g, 1 - 2 * k * g * d)
        case .bandPass: (held, rate, direct) = (0, k / (2 * g), k * g * d)
        }
    }

    /// By how much r changes, and how much of r goes into p, when a section like `old` takes these coefficients: the
    /// integrators behind the two states keep their values.
    func rescaling(from old: BandSection) -> (r: Double, pPerR: Double) {
        (corner / old.corner, ((corner + damping) - (old.corner + old.damping)) / (2 * old.corner))
    }
}

/// One section on eight Float32 lanes, each with its own coefficients.
struct CrossoverSection: Sendable {
    var p = LaneFrame()
    var r = LaneFrame()
    private var stepP = LaneFrame()
    private var stepR = LaneFrame()
    private var held = LaneFrame()
    private var rate = LaneFrame()
    private var direct = LaneFrame(repeating: 1)
    private var corner = LaneFrame(repeating: 1)

    /// Takes coefficients for two lanes, the channels of a band; the states stay as they are.
    mutating func set(_ section: BandSection, lanes first: Int, _ second: Int) {
        set(section, first)
        set(section, second)
    }

    /// Takes coefficients of another frequency and rescales the states.
    mutating func retune(_ section: BandSection, lanes first: Int, _ second: Int) {
        retune(section, first)
        retune(section, second)
    }

    /// For lanes without a band; otherwise a lane without coefficients passes.
    mutating func mute(lanes first: Int, _ second: Int) {
        direct[first] = 0
        direct[second] = 0
    }

    @inline(always)
    mutating func step(_ x: LaneFrame) -> LaneFrame {
        let t = x - p
        let y = (rate * r).addingProduct(held, p).addingProduct(direct, t)
        p = (p + r).addingProduct(stepP, t)
        r = r.addingProduct(stepR, t)
        return y
    }

    private mutating func retune(_ section: BandSection, _ lane: Int) {
        // Butterworth before and after, so only the corner differs.
        let g = Float(section.corner)
        p[lane] += r[lane] * ((g - corner[lane]) / (2 * corner[lane]))
        r[lane] *= g / corner[lane]
        set(section, lane)
    }

    private mutating func set(_ section: BandSection, _ lane: Int) {
        stepP[lane] = Float(section.stepP)
        stepR[lane] = Float(section.stepR)
        held[lane] = Float(section.held)
        rate[lane] = Float(section.rate)
        direct[lane] = Float(section.direct)
        corner[lane] = Float(section.corner)
    }
}

/// One section on both channels of a stereo signal, in Double: for detectors and for bands that are taken off.
struct StereoSection: Sendable {
    private var p = SIMD2<Double>()
    private var r = SIMD2<Double>()
    private var section: BandSection

    init(_ section: BandSection) { self.section = section }

    /// Takes other coefficients and rescales the states.
    mutating func retune(_ new: BandSection) {
        let scale = new.rescaling(from: section)
        p = p.addingProduct(r, SIMD2(repeating: scale.pPerR))
        r *= SIMD2(repeating: scale.r)
        section = new
    }

    mutating func clear() {
        p = SIMD2()
        r = SIMD2()
    }

    @inline(always)
    mutating func step(_ x: SIMD2<Double>) -> SIMD2<Double> {
        let t = x - p
        let y = (r * section.rate).addingProduct(p, SIMD2(repeating: section.held))
            .addingProduct(t, SIMD2(repeating: section.direct))
        p = (p + r).addingProduct(t, SIMD2(repeating: section.stepP))
        r = r.addingProduct(t, SIMD2(repeating: section.stepR))
        return y
    }

    func write(to snapshot: inout SnapshotWriter) {
        for channel in 0..<2 { snapshot.put(recursive: p[channel]) }
        for channel in 0..<2 { snapshot.put(recursive: r[channel]) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for channel in 0..<2 { p[channel] = try snapshot.recursiveDouble() }
        for channel in 0..<2 { r[channel] = try snapshot.recursiveDouble() }
    }
}
