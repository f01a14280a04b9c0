/// The smooth branching peak detector on the gain reduction, for one channel of four lanes.
///
/// Double, so that two states become equal at a segment's boundary. It costs two conversions a frame against Float32,
/// and no time: a step is one product and one choice deep in either.
struct CompressorEnvelope: Sendable {
    /// Reductions in log2 units.
    var fast = SIMD4<Double>()
    /// The second envelope of a programme-dependent release; 0 without one.
    var slow = SIMD4<Double>()
}

/// The coefficients of `CompressorEnvelope`.
///
/// The targets come multiplied by the attack's input, 1 - attackPole (`CompressorCurve`): the other inputs are ratios
/// to it.
struct CompressorTimes: Sendable {
    private var attackPole = SIMD4<Double>()
    private var releasePole = SIMD4<Double>()
    private var releaseInput = SIMD4<Double>(repeating: 1)
    private var slowAttackPole = SIMD4<Double>()
    private var slowReleasePole = SIMD4<Double>()
    private var slowAttackInput = SIMD4<Double>()
    private var slowReleaseInput = SIMD4<Double>()
    private var isAttackSlower = SIMDMask<SIMD4<Int64>>(repeating: false)
    /// Whether all lanes have an attack that is no slower than the release, and no second envelope.
    private(set) var isPlain = true

    mutating func set(_ index: Int, _ lane: CompressorLane) {
        let input = 1 - lane.attackPole
        attackPole[index] = lane.attackPole
        releasePole[index] = lane.releasePole
        releaseInput[index] = (1 - lane.releasePole) / input
        isAttackSlower[index] = lane.attackPole > lane.releasePole
        let slow = lane.slowPoles
        slowAttackPole[index] = slow?.attack ?? 0
        slowReleasePole[index] = slow?.release ?? 0
        slowAttackInput[index] = slow.map { (1 - $0.attack) / input } ?? 0
        slowReleaseInput[index] = slow.map { (1 - $0.release) / input } ?? 0
        isPlain = true
        for i in 0..<4 where isAttackSlower[i] || slowReleasePole[i] > 0 { isPlain = false }
    }

    /// One frame of lanes that are all plain.
    ///
    /// Both branches are computed from the old state, so the recurrence is one product and one choice. Above
    /// the state the faster of the two lies higher, below it lower: where the attack is faster the choice is a maximum.
    @inline(always)
    func step(_ envelope: inout CompressorEnvelope, _ target: SIMD4<Double>) -> SIMD4<Double> {
        let attack = target.addingProduct(attackPole, envelope.fast)
        let release = (releaseInput * target).addingProduct(releasePole, envelope.fast)
        envelope.fast = attack.replacing(with: release, where: release .> attack)
        return envelope.fast
    }

    /// One frame of any lanes; the same bits as `step` for plain ones.
    @inline(always)
    func stepGeneral(_ envelope: inout CompressorEnvelope, _ target: SIMD4<Double>) -> SIMD4<Double> {
        let attack = target.addingProduct(attackPole, envelope.fast)
        let release = (releaseInput * target).addingProduct(releasePole, envelope.fast)
        envelope.fast = attack.replacing(with: release, where: (release .> attack) .^ isAttackSlower)
        let rise = (slowAttackInput * target).addingProduct(slowAttackPole, envelope.slow)
        let fall = (slowReleaseInput * target).addingProduct(slowReleasePole, envelope.slow)
        envelope.slow = rise.replacing(with: fall, where: fall .> rise)
        return envelope.fast.replacing(with: envelope.slow, where: envelope.slow .> envelope.fast)
    }
}
