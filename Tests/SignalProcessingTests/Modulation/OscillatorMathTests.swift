import Foundation
import SignalProcessing
import Testing

/// The functions of the oscillators against the C library's.
@Suite("Oscillator functions") struct OscillatorMathTests {
    private func ulps(_ value: Double, _ exact: Double) -> Double { abs(value - exact) / exact.ulp }

    @Test("A sine of a phase is within 7e-16, and exact where it should be")
    func sine() {
        var largest = 0.0
        var noise = TestNoise(seed: 8)
        for _ in 0..<20_000 {
            let turns = noise.uniform()
            let phase = UInt64(turns * 0x1p64)
            let value = PinnedMath.sine(phase: SIMD4(repeating: phase))[2]
            // The lower 12 bits of the phase do not count.
            let counted = Double(phase >> 12) * 0x1p-52
            largest = max(largest, abs(value - sin(2 * Double.pi * counted)))
        }
        // The reference's own argument is rounded too.
        #expect(largest <= 7e-16, "\(largest)")
        let quarters = PinnedMath.sine(phase: SIMD4(0, 1 << 62, 1 << 63, 3 << 62))
        #expect(abs(quarters[0]) < 1e-15 && abs(quarters[1] - 1) < 1e-15)
        #expect(abs(quarters[2]) < 1e-15 && abs(quarters[3] + 1) < 1e-15)
        #expect(PinnedMath.triangle(phase: SIMD4(0, 1 << 62, 1 << 63, 3 << 62)) == SIMD4(0, 1, 0, -1))
    }

    @Test("exp2 is within 1.5 ulp, the tangent within 3")
    func others() {
        var (power, tangent) = (0.0, 0.0)
        var noise = TestNoise(seed: 9)
        for _ in 0..<20_000 {
            let x = (noise.uniform() - 0.5) * 20
            power = max(power, ulps(PinnedMath.exp2(SIMD4(repeating: x))[1], exp2(x)))
            let angle = (noise.uniform() - 0.5) * Double.pi / 2
            tangent = max(tangent, ulps(PinnedMath.tangent(eighth: SIMD4(repeating: angle))[3], tan(angle)))
        }
        #expect(power <= 1.5, "\(power)")
        #expect(tangent <= 3, "\(tangent)")
        #expect(PinnedMath.exp2(SIMD4(-3, 0, 1, 10)) == SIMD4(0.125, 1, 2, 1024))
    }
}
