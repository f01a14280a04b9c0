import Glibc
import SignalProcessing
import Testing

/// The reference is the 80-bit C library: 11 bits wider than what is tested.
@Suite struct PinnedMathTests {
    @Test func exponentialsStayBelowOneUlp() {
        for x in arguments(-1021, 1023) {
            expect(PinnedMath.exp2(x), Glibc.exp2l(Float80(x)), below: 1, "exp2", x)
        }
        for x in arguments(-1, 1) { expect(PinnedMath.exp2(x), Glibc.exp2l(Float80(x)), below: 1, "exp2", x) }
        for x in arguments(-707, 709) {
            expect(PinnedMath.exp(x), Glibc.expl(Float80(x)), below: 1, "exp", x)
        }
        for x in arguments(-1, 1) { expect(PinnedMath.exp(x), Glibc.expl(Float80(x)), below: 1, "exp", x) }
        for x in arguments(-300, 200) {
            expect(PinnedMath.gain(decibels: x), Glibc.powl(10, Float80(x) / 20), below: 1, "gain", x)
        }
    }

    @Test func logarithmsStayBelowTheirBounds() {
        for x in arguments(-300, 300).map({ Glibc.pow(10, $0) }) + arguments(0.4, 2.2) where x > 0 {
            let wide = Float80(x)
            expect(PinnedMath.log2(x), Glibc.log2l(wide), below: 2, "log2", x)
            expect(PinnedMath.log(x), Glibc.logl(wide), below: 1.2, "log", x)
            expect(PinnedMath.log10(x), Glibc.log10l(wide), below: 2, "log10", x)
            expect(PinnedMath.decibels(gain: x), 20 * Glibc.log10l(wide), below: 2, "decibels", x)
        }
    }

    @Test func circularFunctionsStayBelowTheirBounds() {
        var angles = arguments(-10, 10) + arguments(-0.8, 0.8) + arguments(-0x1p20, 0x1p20)
        // Next to multiples of pi/2, where a careless reduction loses everything.
        for n in 1...2000 { angles.append(Double(n) * 1.5707963267948966) }
        for x in angles {
            expect(PinnedMath.sin(x), Glibc.sinl(Float80(x)), below: 1, "sin", x)
            expect(PinnedMath.cos(x), Glibc.cosl(Float80(x)), below: 1, "cos", x)
            expect(PinnedMath.tan(x), Glibc.tanl(Float80(x)), below: 3, "tan", x)
        }
    }

    @Test func hyperbolicTangentStaysBelowItsBound() {
        for x in arguments(-25, 25) + arguments(-0.5, 0.5) + [1e-300, 1e-10, -1e-5] {
            expect(PinnedMath.tanh(x), Glibc.tanhl(Float80(x)), below: 3, "tanh", x)
        }
    }

    @Test func exactValuesAreExact() {
        for n in -1074...1023 {
            let power = Glibc.ldexp(1, Int32(n))
            #expect(PinnedMath.exp2(Double(n)) == power)
            #expect(PinnedMath.log2(power) == Double(n))
        }
        #expect(PinnedMath.gain(decibels: 0) == 1)
        #expect(PinnedMath.gain(decibels: -.infinity) == 0)
        #expect(PinnedMath.gain(decibels: 20) == 10)
        #expect(PinnedMath.decibels(gain: 1) == 0)
        #expect(PinnedMath.decibels(gain: 0) == -.infinity)
        #expect(PinnedMath.exp(0) == 1)
        #expect(PinnedMath.cos(0) == 1)
        #expect(PinnedMath.sin(0) == 0)
        #expect(PinnedMath.tanh(-0.0).sign == .minus)
        #expect(PinnedMath.tanh(30) == 1)
    }

    @Test func argumentsOutsideTheDomainGiveLimits() {
        #expect(PinnedMath.exp2(-5000) == 0)
        #expect(PinnedMath.exp2(5000) == .infinity)
        #expect(PinnedMath.exp(.infinity) == .infinity)
        #expect(PinnedMath.exp(-.infinity) == 0)
        #expect(PinnedMath.exp(.nan).isNaN)
        #expect(PinnedMath.log(.infinity) == .infinity)
        #expect(PinnedMath.log(-1).isNaN)
        #expect(PinnedMath.log10(.nan).isNaN)
        #expect(PinnedMath.tanh(.nan).isNaN)
        #expect(PinnedMath.gain(decibels: .nan).isNaN)
        #expect(PinnedMath.gain(decibels: .infinity) == .infinity)
    }

    @Test func laneLogarithmIsWithinItsBound() {
        var worst = 0.0
        for x in arguments(-126, 126).map({ Float(Glibc.exp2($0)) }) + arguments(0.5, 2.1).map({ Float($0) }) {
            let got = PinnedMath.log2(LaneFrame(repeating: x))
            let exact = Glibc.log2(Double(x))
            for lane in 0..<8 { #expect(got[lane] == got[0]) }
            let rounding = Double(Float(exact).ulp) / 2
            worst = max(worst, abs(Double(got[0]) - exact) - rounding)
        }
        #expect(worst <= 4e-7, "log2 lanes: \(worst)")
        #expect(PinnedMath.log2(LaneFrame(repeating: 0))[3] <= -126)
        for n in -126...127 {
            #expect(PinnedMath.log2(LaneFrame(repeating: Glibc.ldexpf(1, Int32(n))))[5] == Float(n))
        }
    }

    @Test func laneExponentialIsWithinItsBound() {
        var worst = 0.0
        for x in (arguments(-125.9, 126.9) + arguments(-2, 2)).map({ Float($0) }) {
            let got = PinnedMath.exp2(LaneFrame(repeating: x))
            let exact = Glibc.exp2(Double(x))
            for lane in 0..<8 { #expect(got[lane] == got[0]) }
            worst = max(worst, abs(Double(got[0]) - exact) / exact)
        }
        #expect(worst <= 2e-7, "exp2 lanes: \(worst)")
        for n in -126...127 {
            #expect(PinnedMath.exp2(LaneFrame(repeating: Float(n)))[7] == Glibc.ldexpf(1, Int32(n)))
        }
        #expect(PinnedMath.exp2(LaneFrame(repeating: -1000))[0] == 0x1p-126)
        #expect(PinnedMath.exp2(LaneFrame(repeating: .nan))[0].isNaN)
    }

    /// 20,011 equally spaced numbers with a jitter from a fixed generator.
    private func arguments(_ low: Double, _ high: Double) -> [Double] {
        var state: UInt64 = 0x9e37_79b9_7f4a_7c15
        return (0..<20_011).map { i in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let jitter = Double(state >> 11) * 0x1p-53
            return low + (high - low) * (Double(i) + jitter) / 20_011
        }
    }

    private func expect(
        _ got: Double, _ exact: Float80, below ulps: Double, _ name: String, _ x: Double,
        at location: SourceLocation = #_sourceLocation
    ) {
        let unit = Float80(Double(exact).ulp)
        let error = Double(abs(Float80(got) - exact) / unit)
        if !(error < ulps) { Issue.record("\(name)(\(x)): \(error) ulp", sourceLocation: location) }
    }
}
