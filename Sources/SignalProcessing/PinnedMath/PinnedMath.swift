/// Elementary functions whose bits are the same on every machine, operating system and C library.
///
/// They use only + - * /, fused multiply-add, rounding to integer and integer operations, so nothing here
/// depends on which variant of a C library the machine picked. Error bounds are in units in the last place
/// (ulp) of the exact result, for normal results, as tested against an 80-bit reference.
///
/// Method: argument reduction after Cody and Waite (*Software Manual for the Elementary Functions*, 1980),
/// then a polynomial interpolating the function at Chebyshev nodes, with a truncation error below 2^-58.
package enum PinnedMath {
    /// 2 to the power `x`; error below 1 ulp.
    ///
    /// Exact for integers; overflows to infinity, underflows to 0.
    package static func exp2(_ x: Double) -> Double {
        guard x > -1080 else { return x.isNaN ? x : 0 }
        guard x < 1024 else { return x.isNaN ? x : .infinity }
        let n = x.rounded(.toNearestOrEven)
        return scaled(fractionalExp2(x - n), n)
    }

    /// e to the power `x`; error below 1 ulp.
    package static func exp(_ x: Double) -> Double {
        guard x > -750 else { return x.isNaN ? x : 0 }
        guard x < 710 else { return x.isNaN ? x : .infinity }
        let (n, r) = reducedByLog2(x)
        return scaled(1 + expm1Kernel(r), n)
    }

    /// Logarithm to base 2; error below 2 ulp, exact for powers of two.
    ///
    /// 0 gives -infinity, negatives NaN.
    package static func log2(_ x: Double) -> Double {
        guard let (e, logarithm) = split(x) else { return logarithmOutsideDomain(x) }
        // 1 / ln 2 = 1 + 0.4427: the leading part of the product is exact.
        return e + logarithm.addingProduct(logarithm, 0.4426950408889634)
    }

    /// Natural logarithm; error below 1.2 ulp.
    ///
    /// 0 gives -infinity, negatives NaN.
    package static func log(_ x: Double) -> Double {
        guard let (e, logarithm) = split(x) else { return logarithmOutsideDomain(x) }
        return (e * ln2High) + (e * ln2Low + logarithm)
    }

    /// Logarithm to base 10; error below 2 ulp.
    ///
    /// 0 gives -infinity, negatives NaN.
    package static func log10(_ x: Double) -> Double {
        guard let (e, logarithm) = split(x) else { return logarithmOutsideDomain(x) }
        return e * log10Of2High + (e * log10Of2Low + logarithm * 0.4342944819032518)
    }

    /// Sine of `x` radians, for magnitudes up to 2^20; error below 1 ulp.
    package static func sin(_ x: Double) -> Double {
        let (quadrant, r, rest) = reducedByHalfPi(x)
        let value = quadrant & 1 == 0 ? sinKernel(r, rest) : cosKernel(r, rest)
        return quadrant & 2 == 0 ? value : -value
    }

    /// Cosine of `x` radians, for magnitudes up to 2^20; error below 1 ulp.
    package static func cos(_ x: Double) -> Double {
        let (quadrant, r, rest) = reducedByHalfPi(x)
        let value = quadrant & 1 == 0 ? cosKernel(r, rest) : sinKernel(r, rest)
        return (quadrant + 1) & 2 == 0 ? value : -value
    }

    /// Tangent of `x` radians, for magnitudes up to 2^20; error below 3 ulp.
    package static func tan(_ x: Double) -> Double {
        let (quadrant, r, rest) = reducedByHalfPi(x)
        let (s, c) = (sinKernel(r, rest), cosKernel(r, rest))
        return quadrant & 1 == 0 ? s / c : -c / s
    }

    /// Hyperbolic tangent; error below 3 ulp.
    package static func tanh(_ x: Double) -> Double {
        guard x.magnitude < 22 else { return x.isNaN ? x : (x < 0 ? -1 : 1) }
        let (n, r) = reducedByLog2(2 * x.magnitude)
        let power = scaled(1, n)
        // e^(2x) - 1, without the cancellation of subtracting at the end.
        let y = (power - 1).addingProduct(power, expm1Kernel(r))
        let value = y / (y + 2)
        return x.sign == .minus ? -value : value
    }

    /// 10 to the power `decibels` / 20; error below 1 ulp.
    ///
    /// 0 dB is exactly 1 and -infinity dB exactly 0.
    package static func gain(decibels: Double) -> Double {
        guard decibels > -6500 else { return decibels.isNaN ? decibels : 0 }
        guard decibels < 6165 else { return decibels.isNaN ? decibels : .infinity }
        let (high, low) = (0.16609640474436813, -8.345257784509387e-18)  // log2(10) / 20
        let product = decibels * high
        let rest = (-product).addingProduct(decibels, high) + decibels * low
        let n = product.rounded(.toNearestOrEven)
        return scaled(fractionalExp2((product - n) + rest), n)
    }

    /// 20 log10 of `gain`, in decibels; error below 2 ulp.
    ///
    /// 1 is exactly 0 dB, 0 gives -infinity.
    package static func decibels(gain: Double) -> Double {
        guard let (e, logarithm) = split(gain) else { return logarithmOutsideDomain(gain) }
        return e * decibelsOf2High + (e * decibelsOf2Low + logarithm * 8.685889638065037)
    }
}

// MARK: - Reduction and kernels

extension PinnedMath {
    private static let ln2High = 0x1.62e42feep-1  // 32 bits: n * ln2High is exact
    private static let ln2Low = 1.9082149292705877e-10
    private static let log10Of2High = 0x1.34413508p-2
    private static let log10Of2Low = 1.1451100898021838e-10
    private static let decibelsOf2High = 0x1.8151824cp2
    private static let decibelsOf2Low = 4.275750303734107e-10

    /// `value` * 2^`n`, in two steps where 2^n alone would leave the normal range.
    private static func scaled(_ value: Double, _ n: Double) -> Double {
        let exponent = Int(n)
        let half = exponent / 2
        return value * powerOfTwo(half) * powerOfTwo(exponent - half)
    }

    private static func powerOfTwo(_ exponent: Int) -> Double {
        Double(bitPattern: UInt64(bitPattern: Int64(exponent + 1023)) << 52)
    }

    /// 2^f for f in [-0.5, 0.5].
    private static func fractionalExp2(_ f: Double) -> Double {
        var p = 2.5729324177362305e-11
        p = 4.4558179083360645e-10.addingProduct(p, f)
        p = 7.0548973041554995e-09.addingProduct(p, f)
        p = 1.0178057087733941e-07.addingProduct(p, f)
        p = 1.3215486808705563e-06.addingProduct(p, f)
        p = 1.5252733841556773e-05.addingProduct(p, f)
        p = 0.00015403530393370734.addingProduct(p, f)
        p = 0.001333355814640647.addingProduct(p, f)
        p = 0.00961812910762848.addingProduct(p, f)
        p = 0.055504108664821625.addingProduct(p, f)
        p = 0.24022650695910072.addingProduct(p, f)
        p = 0.6931471805599453.addingProduct(p, f)
        return 1.0.addingProduct(p, f)
    }

    private static func reducedByLog2(_ x: Double) -> (n: Double, r: Double) {
        let n = (x * 1.4426950408889634).rounded(.toNearestOrEven)
        return (n, x.addingProduct(-n, ln2High).addingProduct(-n, ln2Low))
    }

    /// e^r - 1 for r in [-ln 2 / 2, ln 2 / 2].
    private static func expm1Kernel(_ r: Double) -> Double {
        var p = 2.09147553258932e-09
        p = 2.5105312729622103e-08.addingProduct(p, r)
        p = 2.755727347871858e-07.addingProduct(p, r)
        p = 2.755725517000089e-06.addingProduct(p, r)
        p = 2.480158732567746e-05.addingProduct(p, r)
        p = 0.0001984126987500228.addingProduct(p, r)
        p = 0.0013888888888883711.addingProduct(p, r)
        p = 0.008333333333326084.addingProduct(p, r)
        p = 0.04166666666666667.addingProduct(p, r)
        p = 0.1666666666666667.addingProduct(p, r)
        p = 0.5.addingProduct(p, r)
        return r.addingProduct(r * r, p)
    }

    /// x = m 2^e with m in [sqrt(1/2), sqrt 2): e and ln m; nil unless x is positive and finite.
    private static func split(_ x: Double) -> (e: Double, logarithm: Double)? {
        guard x > 0, x < .infinity else { return nil }
        var value = x
        var exponent = 0
        if x < .leastNormalMagnitude {
            value *= 0x1p54
            exponent = -54
        }
        let word = Int64(bitPattern: value.bitPattern)
        let shift = (word - 0x3fe6_a09e_667f_3bcd) >> 52
        exponent += Int(shift)
        let f = Double(bitPattern: UInt64(bitPattern: word - shift << 52)) - 1
        let s = f / (2 + f)
        let z = s * s
        var p = 0.13088034928947948
        p = 0.13268638361798954.addingProduct(p, z)
        p = 0.15386244737900795.addingProduct(p, z)
        p = 0.18181795547516.addingProduct(p, z)
        p = 0.22222222392581092.addingProduct(p, z)
        p = 0.28571428570799784.addingProduct(p, z)
        p = 0.40000000000000885.addingProduct(p, z)
        p = 0.6666666666666666.addingProduct(p, z)
        // ln(1 + f) = 2s + s z p, and 2s = f - f^2/2 + s f^2/2: the leading term f is exact.
        let halfSquare = 0.5 * f * f
        return (Double(exponent), f - (halfSquare - s * halfSquare.addingProduct(z, p)))
    }

    private static func logarithmOutsideDomain(_ x: Double) -> Double {
        if x == 0 { return -.infinity }
        return x == .infinity ? .infinity : .nan
    }

    /// x = quadrant * pi/2 + r + rest, |r| <= pi/4 (and a rounding more).
    private static func reducedByHalfPi(_ x: Double) -> (quadrant: Int, r: Double, rest: Double) {
        precondition(x.magnitude <= 0x1p20, "angle outside +-2^20 radians")
        let n = (x * 0.6366197723675814).rounded(.toNearestOrEven)
        // pi/2 in three parts; the first two have 33 bits, so their products with n are exact.
        let first = x.addingProduct(-n, 1.5707963267341256)
        let second = n * 6.077100506303966e-11
        let r = first - second
        // What rounding took from r (Knuth's exact difference), and the third part.
        let taken = r - first
        let rest = ((first - (r - taken)) - (second + taken)).addingProduct(-n, 2.0222662487959506e-21)
        let sum = r + rest
        return (Int(n), sum, rest - (sum - r))
    }

    private static func sinKernel(_ x: Double, _ rest: Double) -> Double {
        let z = x * x
        var p = 1.5917988979397435e-10
        p = (-2.5051129896450185e-08).addingProduct(p, z)
        p = 2.7557316093198404e-06.addingProduct(p, z)
        p = (-0.00019841269836740532).addingProduct(p, z)
        p = 0.008333333333330936.addingProduct(p, z)
        p = (-0.16666666666666666).addingProduct(p, z)
        // sin(x + rest) = sin x + rest cos x
        let correction = rest.addingProduct(-0.5 * z, rest)
        return x + correction.addingProduct(x * z, p)
    }

    private static func cosKernel(_ x: Double, _ rest: Double) -> Double {
        let z = x * x
        var p = -1.138254464534925e-11
        p = 2.087614504941318e-09.addingProduct(p, z)
        p = (-2.755731726587808e-07).addingProduct(p, z)
        p = 2.48015872987544e-05.addingProduct(p, z)
        p = (-0.0013888888888887389).addingProduct(p, z)
        p = 0.041666666666666664.addingProduct(p, z)
        let half = 0.5 * z
        let w = 1 - half
        let tail = ((1 - w) - half).addingProduct(z * z, p)
        return w + tail.addingProduct(-x, rest)
    }
}
