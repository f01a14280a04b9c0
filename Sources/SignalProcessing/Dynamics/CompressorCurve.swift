/// The static curve of four stereo lanes: level to gain reduction, eight lanes (or two frames of four) at once.
///
/// Levels are log2 units; where the level is a mean square they are half as large, and the curve is scaled by that.
/// Its result is the target times the envelope's attack input (`CompressorEnvelope`), which saves a product there.
struct CompressorCurve: Sendable {
    /// Half the knee minus the threshold.
    private var offset = SIMD8<Float>()
    private var kneeWidth = SIMD8<Float>()
    /// slope / (2 width); 0 without a knee.
    private var kneeScale = SIMD8<Float>()
    private var slope = SIMD8<Float>()
    private var range = SIMD8<Float>()
    /// Whether any lane has a knee.
    private(set) var hasKnees = false

    mutating func set(_ index: Int, _ lane: CompressorLane) {
        let unit: Double = lane.detectsMeanSquare ? 2 : 1
        let input = 1 - lane.attackPole
        let width = lane.kneeWidth * unit
        for i in stride(from: index, to: 8, by: 4) {
            offset[i] = Float(width / 2 - lane.threshold * unit)
            kneeWidth[i] = Float(width)
            kneeScale[i] = width > 0 ? Float(input * lane.slope / unit / (2 * width)) : 0
            slope[i] = Float(input * lane.slope / unit)
            range[i] = Float(input * lane.range)
        }
        hasKnees = kneeWidth != SIMD8()
    }

    /// How many vectors `write(to:at:)` writes.
    static let vectorCount = 5

    /// Lays the coefficients down for `reduction(_:_:at:)`.
    func write(to constants: inout MutableSpan<SIMD8<Float>>, at index: Int) {
        constants[index] = offset
        constants[index + 1] = kneeWidth
        constants[index + 2] = kneeScale
        constants[index + 3] = slope
        constants[index + 4] = range
    }

    /// How much to take off, 0 or more.
    @inline(always)
    func reduction(_ level: SIMD8<Float>) -> SIMD8<Float> {
        Self.reduction(level, true, offset, kneeWidth, kneeScale, slope, range)
    }

    /// The same with the coefficients from memory, for a loop that has no registers left for them.
    @inline(always)
    static func reduction(
        _ level: SIMD8<Float>, _ constants: borrowing MutableSpan<SIMD8<Float>>, at index: Int, hasKnees: Bool
    ) -> SIMD8<Float> {
        reduction(
            level, hasKnees, constants[unchecked: index], constants[unchecked: index + 1],
            constants[unchecked: index + 2], constants[unchecked: index + 3], constants[unchecked: index + 4])
    }

    /// With u the level above the knee's lower edge: u^2 / (2 width) inside the knee and u - width / 2 above
    /// it, times the slope; at most the range.
    @inline(always)
    private static func reduction(
        _ level: SIMD8<Float>, _ hasKnees: Bool, _ offset: SIMD8<Float>, _ kneeWidth: SIMD8<Float>,
        _ kneeScale: SIMD8<Float>, _ slope: SIMD8<Float>, _ range: SIMD8<Float>
    ) -> SIMD8<Float> {
        let zero = SIMD8<Float>()
        var u = log2(level, plus: offset)
        u = u.replacing(with: zero, where: u .< zero)
        var target: SIMD8<Float>
        if hasKnees {
            let inside = u.replacing(with: kneeWidth, where: u .> kneeWidth)
            let above = slope * (u - inside)
            target = above.addingProduct(inside * kneeScale, inside)
        } else {
            // What the other branch gives for a width of 0.
            target = slope * u
        }
        return target.replacing(with: range, where: target .> range)
    }

    /// Logarithm to base 2 of positive normal numbers, plus a term: error at most 1.6e-5 (0.0001 dB), continuous.
    ///
    /// The polynomial is the minimax one of degree 5 in m - 1, m in [sqrt(1/2), sqrt 2), with no error at m = 1 and
    /// equal errors at both ends. 0 and subnormals give a number below -125.
    @inline(always)
    static func log2(_ x: SIMD8<Float>, plus term: SIMD8<Float>) -> SIMD8<Float> {
        let word = unsafeBitCast(x, to: SIMD8<Int32>.self)
        // The exponent in place, so that it needs no shifts: 2^23 times too large.
        let e = (word &- SIMD8(repeating: 0x3f35_04f3)) & SIMD8(repeating: -0x0080_0000)
        let f = unsafeBitCast(word &- e, to: SIMD8<Float>.self) - SIMD8(repeating: 1)
        var p = SIMD8<Float>(repeating: 0.2526602971779709)
        p = SIMD8(repeating: -0.39457537559563655).addingProduct(p, f)
        p = SIMD8(repeating: 0.48668614884980615).addingProduct(p, f)
        p = SIMD8(repeating: -0.720241802557284).addingProduct(p, f)
        p = SIMD8(repeating: 1.4425780077751933).addingProduct(p, f)
        let sum = term.addingProduct(SIMD8<Float>(e), SIMD8(repeating: 0x1p-23))
        return sum.addingProduct(p, f)
    }

    /// 2 to the power `x`, |x| < 126: relative error at most 4e-6 (0.00004 dB), continuous; `exp2(0)` is exactly 1.
    ///
    /// The minimax polynomial of degree 4 on [-1/2, 1/2] with 1 at 0 and twice the value at 1/2 as at -1/2.
    @inline(always)
    static func exp2(_ x: SIMD8<Float>) -> SIMD8<Float> {
        // 1.5 * 2^23 rounds to integers; the exponent's bias is in it already.
        let magic = SIMD8<Float>(repeating: 0x1.8p23 + 127)
        let shifted = x + magic
        let f = x - (shifted - magic)
        var p = SIMD8<Float>(repeating: 0.009662915164153489)
        p = SIMD8(repeating: 0.0559629718065021).addingProduct(p, f)
        p = SIMD8(repeating: 0.24022944979438987).addingProduct(p, f)
        p = SIMD8(repeating: 0.6931167868126125).addingProduct(p, f)
        p = SIMD8(repeating: 1).addingProduct(p, f)
        let word = unsafeBitCast(shifted, to: SIMD8<Int32>.self) &<< SIMD8(repeating: 23)
        return p * unsafeBitCast(word, to: SIMD8<Float>.self)
    }
}

/// Gain reduction to gain: make-up and the dry part, eight lanes (or two frames of four) at once.
struct CompressorGain: Sendable {
    var makeUp = SIMD8<Float>()
    var wet = SIMD8<Float>()
    var dry = SIMD8<Float>(repeating: 1)

    mutating func set(_ index: Int, _ lane: CompressorLane) {
        for i in stride(from: index, to: 8, by: 4) {
            makeUp[i] = Float(lane.makeUp)
            wet[i] = Float(lane.mix)
            dry[i] = 1 - Float(lane.mix)
        }
    }

    /// How many vectors `write(to:at:)` writes.
    static let vectorCount = 3

    /// Lays the numbers down for `gain(_:_:at:)`.
    func write(to constants: inout MutableSpan<SIMD8<Float>>, at index: Int) {
        constants[index] = makeUp
        constants[index + 1] = wet
        constants[index + 2] = dry
    }

    /// As `gain(_:)`, with the numbers from memory.
    @inline(always)
    static func gain(
        _ reduction: SIMD8<Float>, _ constants: borrowing MutableSpan<SIMD8<Float>>, at index: Int
    ) -> SIMD8<Float> {
        let compressed = CompressorCurve.exp2(constants[unchecked: index] - reduction)
        return constants[unchecked: index + 2].addingProduct(constants[unchecked: index + 1], compressed)
    }

    /// dry + wet 2^(makeUp - reduction): exactly 1 for a mix of 0, and for a reduction and a make-up of 0.
    @inline(always)
    func gain(_ reduction: SIMD8<Float>) -> SIMD8<Float> {
        dry.addingProduct(wet, CompressorCurve.exp2(makeUp - reduction))
    }

    /// `eighths` / 8 of the way to `other`.
    func moved(to other: CompressorGain, eighths: Int) -> CompressorGain {
        let part = SIMD8<Float>(repeating: Float(eighths) / 8)
        var result = self
        result.makeUp = makeUp.addingProduct(part, other.makeUp - makeUp)
        result.wet = wet.addingProduct(part, other.wet - wet)
        result.dry = SIMD8(repeating: 1) - result.wet
        return result
    }
}
