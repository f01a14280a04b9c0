/// One section on eight lanes, each lane with its own coefficients and precision.
///
/// A lane's bits depend only on its own input and coefficients: Float32 lanes run in `single`, Double lanes
/// in `double`, and each pass leaves the other lanes' samples alone.
struct SectionLanes: Sendable {
    private(set) var single: SingleSection
    private(set) var double: DoubleSection?
    private var coefficients: [SectionCoefficients]

    /// `stereoLanes` has one entry for each of the four stereo lanes; nil is identity.
    init(_ stereoLanes: [SectionCoefficients?]) {
        precondition(stereoLanes.count == 4, "a section has four stereo lanes")
        coefficients = (0..<8).map { stereoLanes[$0 % 4] ?? .identity }
        single = SingleSection(coefficients)
        double = DoubleSection(coefficients)
    }

    /// Whether no lane needs Double, so that the section can be fused with its neighbours.
    var isSingle: Bool { double == nil }

    mutating func process(_ block: inout MutableSpan<LaneFrame>) {
        if single.isActive { SectionKernel.run(&block, &single) }
        if var section = double {
            SectionKernel.run(&block, &section)
            double = section
        }
    }

    mutating func store(_ section: SingleSection) {
        single.p = section.p
        single.r = section.r
    }

    /// Changes the coefficients and rescales the states, so that the integrators behind them keep their
    /// values.
    mutating func retune(_ stereoLanes: [SectionCoefficients?]) {
        let old = coefficients
        let states = (0..<8).map { state(lane: $0) }
        self = SectionLanes(stereoLanes)
        for lane in 0..<8 where old[lane].precision != .identity && coefficients[lane].precision != .identity
        {
            let (p, r) = states[lane]
            let r2 = r * (coefficients[lane].corner / old[lane].corner)
            let p2 = p - old[lane].ratio * r / 2 + coefficients[lane].ratio * r2 / 2
            setState(lane: lane, p: p2, r: r2)
        }
    }

    func write(to snapshot: inout SnapshotWriter) {
        for lane in 0..<8 { snapshot.put(recursive: state(lane: lane).p) }
        for lane in 0..<8 { snapshot.put(recursive: state(lane: lane).r) }
    }

    mutating func read(from snapshot: inout SnapshotReader) throws {
        let (p, r) = (try snapshot.recursiveLanes(), try snapshot.recursiveLanes())
        for lane in 0..<8 { setState(lane: lane, p: Double(p[lane]), r: Double(r[lane])) }
    }

    private func state(lane: Int) -> (p: Double, r: Double) {
        switch coefficients[lane].precision {
        case .identity: (0, 0)
        case .single: (Double(single.p[lane]), Double(single.r[lane]))
        case .double: (double?.p[lane] ?? 0, double?.r[lane] ?? 0)
        }
    }

    private mutating func setState(lane: Int, p: Double, r: Double) {
        switch coefficients[lane].precision {
        case .identity: break
        case .single:
            single.p[lane] = Float(p)
            single.r[lane] = Float(r)
        case .double:
            double?.p[lane] = p
            double?.r[lane] = r
        }
    }
}

/// The Float32 lanes of a section: coefficients, states and which lanes to leave alone.
struct SingleSection: Sendable {
    var p = LaneFrame()
    var r = LaneFrame()
    var stepP = LaneFrame()
    var stepR = LaneFrame()
    // A lane that passes is x + 0 t - 0 r, exact down to the sign of zero because r stays +0. Only
    // subnormals (which arithmetic flushes) and infinities need the mask.
    var direct = LaneFrame(repeating: 1)
    var difference = LaneFrame()
    var rate = LaneFrame(repeating: -0.0)
    /// Lanes that pass through: identity, or run in Double.
    var passes = SIMDMask<SIMD8<Int32>>(repeating: true)
    var isActive = false

    init(_ lanes: [SectionCoefficients]) {
        for (i, lane) in lanes.enumerated() where lane.precision == .single {
            stepP[i] = Float(lane.stepP)
            stepR[i] = Float(lane.stepR)
            direct[i] = Float(lane.direct)
            difference[i] = Float(lane.difference)
            rate[i] = Float(lane.rate)
            passes[i] = false
            isActive = true
        }
    }

    @inline(always)
    mutating func step(_ x: LaneFrame) -> LaneFrame {
        let t = x - p
        let y = (rate * r).addingProduct(difference, t).addingProduct(direct, x)
        p = (p + r).addingProduct(stepP, t)
        r = r.addingProduct(stepR, t)
        return y
    }
}

/// The Double lanes of a section.
struct DoubleSection: Sendable {
    var p = SIMD8<Double>()
    var r = SIMD8<Double>()
    var stepP = SIMD8<Double>()
    var stepR = SIMD8<Double>()
    var direct = SIMD8<Double>()
    var difference = SIMD8<Double>()
    var rate = SIMD8<Double>()
    var passes = SIMDMask<SIMD8<Int32>>(repeating: true)

    /// nil when no lane needs Double.
    init?(_ lanes: [SectionCoefficients]) {
        guard lanes.contains(where: { $0.precision == .double }) else { return nil }
        for (i, lane) in lanes.enumerated() where lane.precision == .double {
            stepP[i] = lane.stepP
            stepR[i] = lane.stepR
            direct[i] = lane.direct
            difference[i] = lane.difference
            rate[i] = lane.rate
            passes[i] = false
        }
    }

    @inline(always)
    mutating func stepPassing(_ input: LaneFrame) -> LaneFrame {
        let x = SIMD8<Double>(input.replacing(with: LaneFrame(), where: passes))
        let t = x - p
        let y = (rate * r).addingProduct(difference, t).addingProduct(direct, x)
        p = (p + r).addingProduct(stepP, t)
        r = r.addingProduct(stepR, t)
        return SIMD8<Float>(y).replacing(with: input, where: passes)
    }
}

/// The loops over a block.
///
/// A section's states stay in registers, and up to four sections share one pass: their recurrences are
/// independent, so they fill each other's latencies.
enum SectionKernel {
    static func run(_ block: inout MutableSpan<LaneFrame>, _ section: inout DoubleSection) {
        var a = section
        for i in 0..<block.count { block[i] = a.stepPassing(block[i]) }
        section = a
    }

    static func run(_ block: inout MutableSpan<LaneFrame>, _ section: inout SingleSection) {
        var a = section
        let passes = a.passes
        for i in 0..<block.count {
            let x = block[i]
            block[i] = a.step(x).replacing(with: x, where: passes)
        }
        section = a
    }

    // A lane that every section passes keeps its bits by the mask. In one that some sections pass, the
    // others flush subnormals in any case, so arithmetic identity is exact there.
    static func run(
        _ block: inout MutableSpan<LaneFrame>, _ first: inout SingleSection, _ second: inout SingleSection
    ) {
        var a = first
        var b = second
        let passes = a.passes .& b.passes
        for i in 0..<block.count {
            let x = block[i]
            block[i] = b.step(a.step(x)).replacing(with: x, where: passes)
        }
        first = a
        second = b
    }

    static func run(
        _ block: inout MutableSpan<LaneFrame>, _ first: inout SingleSection, _ second: inout SingleSection,
        _ third: inout SingleSection
    ) {
        var a = first
        var b = second
        var c = third
        let passes = a.passes .& b.passes .& c.passes
        for i in 0..<block.count {
            let x = block[i]
            block[i] = c.step(b.step(a.step(x))).replacing(with: x, where: passes)
        }
        first = a
        second = b
        third = c
    }

    static func run(
        _ block: inout MutableSpan<LaneFrame>, _ first: inout SingleSection, _ second: inout SingleSection,
        _ third: inout SingleSection, _ fourth: inout SingleSection
    ) {
        var a = first
        var b = second
        var c = third
        var d = fourth
        let passes = a.passes .& b.passes .& c.passes .& d.passes
        for i in 0..<block.count {
            let x = block[i]
            block[i] = d.step(c.step(b.step(a.step(x)))).replacing(with: x, where: passes)
        }
        first = a
        second = b
        third = c
        fourth = d
    }
}
