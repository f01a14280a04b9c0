/// A Butterworth section of the second order, for the detector's high-pass and low-pass (12 dB per octave).
///
/// Trapezoidal state-variable filter, with the corner (-3 dB) where it says at every rate. Any change of the corner
/// keeps its state meaningful.
struct KeyFilterSection: Sendable, Equatable {
    static let damping = 1.4142135623730951
    let a1: Double
    let a2: Double
    let a3: Double

    init(hertz: Double, rateHertz: Double) {
        let g = PinnedMath.tan(.pi * min(hertz / rateHertz, 0.49))
        a1 = 1 / (1 + g * (g + Self.damping))
        a2 = g * a1
        a3 = g * a2
    }
}

/// High-pass, then low-pass, of what the detectors of four stereo lanes hear.
struct CompressorKeyFilter: Sendable {
    private var low = KeyFilterLanes()
    private var high = KeyFilterLanes()

    /// Whether any lane is filtered.
    var isActive: Bool { low.isActive || high.isActive }

    mutating func set(_ index: Int, _ lane: CompressorLane) {
        low.set(index, lane.lowCut)
        high.set(index, lane.highCut)
    }

    /// Filters frames in place.
    mutating func process(_ frames: inout MutableSpan<LaneFrame>, count: Int) {
        if low.isActive { low.highPass(&frames, count) }
        if high.isActive { high.lowPass(&frames, count) }
    }

    func write(to snapshot: inout SnapshotWriter) {
        low.write(to: &snapshot)
        high.write(to: &snapshot)
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        try low.read(from: &snapshot)
        try high.read(from: &snapshot)
    }
}

/// One section for both channels of four lanes; in Double, so that states converge.
private struct KeyFilterLanes: Sendable {
    private var coefficients = Coefficients()
    private var left = Integrators(), right = Integrators()
    /// All ones in the lanes that have the section.
    private var lanes = SIMD8<UInt32>()
    private(set) var isActive = false

    private struct Integrators: Sendable {
        var first = SIMD4<Double>(), second = SIMD4<Double>()
    }

    private struct Coefficients: Sendable {
        var a1 = SIMD4<Double>(), a2 = SIMD4<Double>(), a3 = SIMD4<Double>()
        /// 2 a1 - 1, 2 a2, 2 a3 and 1 - 2 a3: how the integrators follow from each other.
        var first = SIMD4<Double>(), cross = SIMD4<Double>(), input = SIMD4<Double>(), second = SIMD4<Double>()

        mutating func set(_ index: Int, _ section: KeyFilterSection?) {
            a1[index] = section?.a1 ?? 0
            a2[index] = section?.a2 ?? 0
            a3[index] = section?.a3 ?? 0
            first[index] = 2 * a1[index] - 1
            cross[index] = 2 * a2[index]
            input[index] = 2 * a3[index]
            second[index] = 1 - input[index]
        }
    }

    mutating func set(_ index: Int, _ section: KeyFilterSection?) {
        coefficients.set(index, section)
        for i in stride(from: index, to: 8, by: 4) { lanes[i] = section == nil ? 0 : .max }
        isActive = lanes != SIMD8()
        guard section == nil else { return }
        left.first[index] = 0
        left.second[index] = 0
        right.first[index] = 0
        right.second[index] = 0
    }

    @inline(never)
    mutating func highPass(_ frames: inout MutableSpan<LaneFrame>, _ count: Int) {
        process(&frames, count, isHighPass: true)
    }

    @inline(never)
    mutating func lowPass(_ frames: inout MutableSpan<LaneFrame>, _ count: Int) {
        process(&frames, count, isHighPass: false)
    }

    /// Inlined into its two callers, so that each has a loop of its own.
    @inline(always)
    private mutating func process(_ frames: inout MutableSpan<LaneFrame>, _ count: Int, isHighPass: Bool) {
        var (left, right) = (left, right)
        let (lanes, c) = (lanes, coefficients)
        for i in 0..<count {
            // Other lanes are silence here, and keep their frames.
            let word = unsafeBitCast(frames[i], to: SIMD8<UInt32>.self)
            let x = unsafeBitCast(word & lanes, to: LaneFrame.self)
            let l = Self.step(SIMD4<Double>(x.lowHalf), &left, c, isHighPass)
            let r = Self.step(SIMD4<Double>(x.highHalf), &right, c, isHighPass)
            let y = LaneFrame(lowHalf: SIMD4<Float>(l), highHalf: SIMD4<Float>(r))
            let filtered = unsafeBitCast(y, to: SIMD8<UInt32>.self) & lanes
            frames[i] = unsafeBitCast(word & ~lanes | filtered, to: LaneFrame.self)
        }
        (self.left, self.right) = (left, right)
    }

    /// The recurrence is two products deep; the outputs hang off it.
    @inline(always)
    private static func step(
        _ x: SIMD4<Double>, _ state: inout Integrators, _ c: Coefficients, _ isHighPass: Bool
    ) -> SIMD4<Double> {
        let (first, second) = (state.first, state.second)
        state.first = (c.cross * x).addingProduct(-c.cross, second).addingProduct(c.first, first)
        state.second = (c.input * x).addingProduct(c.second, second).addingProduct(c.cross, first)
        let difference = x - second
        let lowPass = second.addingProduct(c.a2, first).addingProduct(c.a3, difference)
        guard isHighPass else { return lowPass }
        let band = (c.a1 * first).addingProduct(c.a2, difference)
        return x.addingProduct(SIMD4(repeating: -KeyFilterSection.damping), band) - lowPass
    }

    func write(to snapshot: inout SnapshotWriter) {
        for part in [left.first, left.second, right.first, right.second] {
            for lane in 0..<4 { snapshot.put(recursive: part[lane]) }
        }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        for lane in 0..<4 { left.first[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { left.second[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { right.first[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { right.second[lane] = try snapshot.recursiveDouble() }
    }
}
