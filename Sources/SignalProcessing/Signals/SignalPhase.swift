/// The phase of a tone at any frame, exact: no phase is accumulated.
///
/// The frequency is rounded to 2^-32 Hz, so that the phase at a frame is a fraction of whole numbers.
struct SignalPhase: Sendable {
    private let ticksPerFrame: UInt64
    private let ticksPerCycle: UInt64

    /// - Parameters:
    ///   - hertz: 0 up to half the rate.
    ///   - rateHertz: positive.
    init(hertz: Double, rateHertz: Int) {
        precondition(rateHertz > 0 && hertz >= 0 && hertz <= Double(rateHertz) / 2, "frequency out of range")
        ticksPerFrame = UInt64((hertz * 0x1p32).rounded())
        ticksPerCycle = UInt64(rateHertz) << 32
    }

    /// Cycles since frame 0 less the whole ones: at least 0, below 1.
    func cycles(at frame: Int) -> Double {
        let magnitude = UInt64(frame.magnitude) % ticksPerCycle
        let product = ticksPerFrame.multipliedFullWidth(by: magnitude)
        // Both factors are below the divisor, so the quotient fits.
        let ticks = ticksPerCycle.dividingFullWidth(product).remainder
        let forward = frame < 0 && ticks > 0 ? ticksPerCycle - ticks : ticks
        return Double(forward) / Double(ticksPerCycle)
    }

    /// The sine that is 0 at frame 0 and `offset` cycles, from 0 up to 1.
    func sine(at frame: Int, offset: Double = 0) -> Double {
        let cycles = cycles(at: frame) + offset
        return PinnedMath.sin(2 * Double.pi * (cycles < 1 ? cycles : cycles - 1))
    }
}
