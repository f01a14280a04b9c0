/// A pair of zeros (or of poles) of a discrete filter, as the magnitude sees them.
///
/// In the plane of the bilinear transform the pair is b2 s^2 + b1 s + b0, all positive: so no setting of the three
/// logarithms is unstable or of other than minimum phase. With phi = sin^2(w / 2) its power is
///
///     N(phi) = (b0 (1 - phi) - b2 phi)^2 + b1^2 phi (1 - phi)
///
/// and the derivatives of ln N to the logarithms are of the order of 1 at 10 Hz as at 20 kHz, which keeps the fit in
/// `MatchedFit` well-conditioned without any scaling.
struct MatchedFactor: Sendable {
    /// ln b0, ln b1 and ln b2.
    var logarithms: SIMD3<Double>

    /// Stands for the logarithm of zero: e^-80.
    static let nothing = -80.0

    init(_ b0: Double, _ b1: Double, _ b2: Double) { logarithms = SIMD3(b0, b1, b2) }

    /// The pair e^s for the two roots s of s^2 + (w/q) s + w^2: what impulse invariance makes of them.
    ///
    /// `w` is in radians per sample; above 2.9 it is taken as 2.9.
    init(pairAt w: Double, q: Double) {
        let w = w < 2.9 ? w : 2.9
        if q > 0.5 {
            let a = -w / (2 * q)
            let b = w * (1 - 1 / (4 * q * q)).root
            let radius = 1 + Self.exponentialMinusOne(a)
            let (s, c) = (PinnedMath.sin(b / 2), PinnedMath.cos(b / 2))
            let gap = Self.exponentialMinusOne(a) * Self.exponentialMinusOne(a)
            self.init(
                PinnedMath.log(gap + 4 * radius * s * s), PinnedMath.log(-2 * Self.exponentialMinusOne(2 * a)),
                PinnedMath.log(gap + 4 * radius * c * c))
        } else {
            let half = 1 / (2 * q)
            let far = w * (half + (half * half - 1).root)
            self.init(realAt: far, w * w / far)
        }
    }

    /// The real pair e^-a, e^-b.
    init(realAt a: Double, _ b: Double) {
        let (first, second) = (-Self.exponentialMinusOne(-a), -Self.exponentialMinusOne(-b))
        self.init(
            PinnedMath.log(first * second), PinnedMath.log(-2 * Self.exponentialMinusOne(-a - b)),
            PinnedMath.log((2 - first) * (2 - second)))
    }

    /// The real pair at -`a` and -`b` of the z-plane, between 0 and 1.
    init(negative a: Double, _ b: Double) {
        self.init(
            PinnedMath.log((1 + a) * (1 + b)), PinnedMath.log(2 * (1 - a * b)), PinnedMath.log((1 - a) * (1 - b)))
    }

    /// A single pole at e^-w, and one at e^-4w that zeros can use or cancel.
    ///
    /// Further away from the first it would make the section's states large and Float32 coarse.
    init(singleAt w: Double) {
        let w = w < 2.9 ? w : 2.9
        self.init(realAt: w, 4 * w)
    }

    /// A single pole at e^-w, and one at -1/2 that zeros can use to follow a first-order slope up to half the rate.
    init(singleBesideHalfAt w: Double) {
        let gap = -Self.exponentialMinusOne(-(w < 2.9 ? w : 2.9))
        self.init(
            PinnedMath.log(gap * 1.5), PinnedMath.log(2 + (1 - gap)), PinnedMath.log((2 - gap) * 0.5))
    }

    /// The zeros at 0 Hz and on the second pole of `singleAt`.
    init(zeroBesideSingleAt w: Double) {
        let gap = -Self.exponentialMinusOne(-4 * (w < 2.9 ? w : 2.9))
        self.init(Self.nothing, PinnedMath.log(2 * gap), PinnedMath.log(2 * (2 - gap)))
    }

    /// Multiplied so that b0 (or b2) is that of `other`.
    func scaled(toLowEndOf other: MatchedFactor) -> MatchedFactor {
        shifted(other.logarithms.x - logarithms.x)
    }

    func scaled(toHighEndOf other: MatchedFactor) -> MatchedFactor {
        shifted(other.logarithms.z - logarithms.z)
    }

    private func shifted(_ amount: Double) -> MatchedFactor {
        MatchedFactor(logarithms.x + amount, logarithms.y + amount, logarithms.z + amount)
    }

    /// Between this (0) and `other` (1), logarithm by logarithm.
    func blended(with other: MatchedFactor, _ amount: Double) -> MatchedFactor {
        let difference = other.logarithms - logarithms
        return MatchedFactor(
            logarithms.x + amount * difference.x, logarithms.y + amount * difference.y,
            logarithms.z + amount * difference.z)
    }

    /// e^x - 1 without cancellation, for x at most 0.
    private static func exponentialMinusOne(_ x: Double) -> Double {
        let t = PinnedMath.tanh(x / 2)
        return 2 * t / (1 - t)
    }
}

/// A section of an analogue prototype: (n0 + n1 s + n2 s^2) / (d0 + d1 s + d2 s^2), s in units of the band's frequency.
struct AnalogueSection: Sendable {
    var n0 = 0.0
    var n1 = 0.0
    var n2 = 0.0
    var d0 = 1.0
    var d1 = 0.0
    var d2 = 0.0

    /// Square of the magnitude where the frequency is the root of `x` times the band's.
    @inline(always)
    func power(_ x: SIMD4<Double>) -> SIMD4<Double> {
        let above = x * -n2 + n0
        let below = x * -d2 + d0
        return (above * above + x * (n1 * n1)) / (below * below + x * (d1 * d1))
    }
}
