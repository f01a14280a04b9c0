import Glibc
import SignalProcessing
import TestSupport
import Testing

/// The lane functions of the curves against the 80-bit C library.
@Suite("Colour: curves in lanes") struct ColourCurveTests {
    /// Pairs of samples: any level, ways from none to very long.
    private func ways() -> [(Float, Float)] {
        var noise = ContractNoise(seed: 12)
        return (0..<40_000).map { i in
            let a = Float(Glibc.pow(10, -9 + 11 * abs(noise.next())) * (noise.next() < 0 ? -1 : 1))
            if i % 8 == 0 { return (a, a) }
            let way = Float(Glibc.pow(10, -6 + 8 * abs(noise.next())) * (noise.next() < 0 ? -1 : 1))
            return (a, i % 3 == 0 ? -a : a + way)
        }
    }

    private func logCosh(_ x: Float80) -> Float80 { x.magnitude + Glibc.log1pl(Glibc.expl(-2 * x.magnitude)) }

    @Test("the mean of tanh is within its bound")
    func meanTanh() {
        var relative = 0.0
        var absolute = 0.0
        for (a, b) in ways() {
            let got = PinnedMath.meanTanh(SIMD8(repeating: a), SIMD8(repeating: b))
            for lane in 1..<8 { #expect(got[lane] == got[0]) }
            let (x, y) = (Float80(a), Float80(b))
            let way = y - x
            // The reference itself cancels where the way is short; there the middle and the curvature do.
            let middle = Glibc.tanhl((x + y) / 2)
            let exact =
                way.magnitude < 1e-4
                ? middle * (1 - way * way / 12 * (1 - middle * middle)) : (logCosh(y) - logCosh(x)) / way
            let error = Double((Float80(got[0]) - exact).magnitude)
            absolute = max(absolute, error)
            if exact.magnitude > 1e-6 { relative = max(relative, error / Double(exact.magnitude)) }
        }
        let facts = [
            Fact(
                "Saturator", "antialiased tanh in Float32 lanes: error of the value", relative,
                .atMost(1e-6), unit: ""),
            Fact("Saturator", "antialiased tanh in Float32 lanes: error", absolute, .atMost(4e-7), unit: ""),
        ]
        for fact in facts { #expect(fact.holds, "\(fact)") }
        #expect(PinnedMath.meanTanh(.zero, .zero) == .zero)
        #expect(PinnedMath.meanTanh(SIMD8(repeating: -1e12), SIMD8(repeating: 3e11))[0].magnitude <= 1)
        #expect(PinnedMath.meanTanh(SIMD8(repeating: .nan), .zero)[3].isNaN)
    }

    @Test("the moments of the tape curve are within their bounds")
    func meanRootCurve() {
        var mean = 0.0
        var lean = 0.0
        for (a, b) in ways() where a.magnitude < 10 && b.magnitude < 10 {
            let got = PinnedMath.meanRootCurve(SIMD8(repeating: a), SIMD8(repeating: b))
            let (x, y) = (Float80(a), Float80(b))
            let (s, t) = ((1 + x * x).squareRoot(), (1 + y * y).squareRoot())
            let exact = (x + y) / (s + t)
            mean = max(mean, Double((Float80(got.mean[0]) - exact).magnitude))
            let way = y - x
            // Shorter ways cancel in the reference.
            guard way.magnitude > 0.05, (way / (s + t)).magnitude < 0.65 else { continue }
            func second(_ x: Float80, _ s: Float80) -> Float80 { (x * s + Glibc.asinhl(x)) / 2 }
            let moment = (s + t) / (2 * way) - (second(y, t) - second(x, s)) / (way * way)
            lean = max(lean, Double((Float80(got.lean[0]) - moment).magnitude / moment.magnitude))
        }
        #expect(mean <= 3e-7, "\(mean)")
        #expect(lean <= 3e-5, "\(lean)")
    }
}
