/// A slow wave whose phase is a product of the absolute frame: nothing accumulates, and it stands where it stood
/// however the song was cut into segments.
///
/// The phase is frame * increment modulo 2^64, the increment 2^64 * rate / sample rate to the nearest integer, so the
/// period is right to 2^-53 and after a day of frames the phase is off by less than 1e-6 turns.
struct LowFrequencyOscillator: Sendable {
    private let increment: UInt64

    /// - Parameter hertz: 0.001 to a quarter of the rate.
    init(hertz: Double, rateHertz: Int) {
        increment = UInt64((hertz / Double(rateHertz) * 0x1p64).rounded())
    }

    /// A part of a turn as a phase; whole turns are none.
    static func phase(turns: Double) -> UInt64 {
        let part = turns - turns.rounded(.down)
        return part >= 1 ? 0 : UInt64(part * 0x1p64)
    }

    /// The phase at a frame of the song, ahead by `offset`.
    @inline(always)
    func phase(at frame: Int, ahead offset: UInt64) -> UInt64 {
        offset &+ UInt64(bitPattern: Int64(frame)) &* increment
    }

    /// The phases at a frame and the three after it.
    @inline(always)
    func fourPhases(at frame: Int, ahead offset: UInt64) -> SIMD4<UInt64> {
        let first = phase(at: frame, ahead: offset)
        return SIMD4(first, first &+ increment, first &+ increment &* 2, first &+ increment &* 3)
    }

    /// What four frames add to a phase.
    @inline(always)
    var fourFrames: SIMD4<UInt64> { SIMD4(repeating: increment &* 4) }
}
