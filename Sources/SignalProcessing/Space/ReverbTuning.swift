/// One second-order shelf for each line, in the form whose recursion is one multiplication and addition long:
/// y = b0 x + s1, s1' = c1 x + s2 + a1 s1, s2' = c2 x + a2 s1.
struct ShelfBank: Sendable, Equatable {
    var b0 = LineVector(repeating: 1)
    var c1 = LineVector()
    var c2 = LineVector()
    /// The usual a1 and a2 with the sign changed.
    var a1 = LineVector()
    var a2 = LineVector()

    func mixed(with other: ShelfBank, _ t: Double) -> ShelfBank {
        var bank = self
        bank.b0 = b0.mixed(with: other.b0, t)
        bank.c1 = c1.mixed(with: other.c1, t)
        bank.c2 = c2.mixed(with: other.c2, t)
        bank.a1 = a1.mixed(with: other.a1, t)
        bank.a2 = a2.mixed(with: other.a2, t)
        return bank
    }

    /// From (n0, n1, n2) / (d0, d1, d2) in powers of 1/z, line by line.
    @inline(always)
    fileprivate static func lines(
        _ n0: SIMD4<Double>, _ n1: SIMD4<Double>, _ n2: SIMD4<Double>, _ d0: SIMD4<Double>, _ d1: SIMD4<Double>,
        _ d2: SIMD4<Double>
    ) -> ShelfLines {
        let scale = SIMD4(repeating: 1) / d0
        let b0 = n0 * scale
        let a1 = d1 * scale
        let a2 = d2 * scale
        return ShelfLines(b0: b0, c1: n1 * scale - a1 * b0, c2: n2 * scale - a2 * b0, a1: -a1, a2: -a2)
    }

    fileprivate init(_ a: ShelfLines, _ b: ShelfLines, _ c: ShelfLines, _ d: ShelfLines) {
        b0 = LineVector(a.b0, b.b0, c.b0, d.b0)
        c1 = LineVector(a.c1, b.c1, c.c1, d.c1)
        c2 = LineVector(a.c2, b.c2, c.c2, d.c2)
        a1 = LineVector(a.a1, b.a1, c.a1, d.a1)
        a2 = LineVector(a.a2, b.a2, c.a2, d.a2)
    }

    init() {}
}

private struct ShelfLines {
    var b0: SIMD4<Double>
    var c1: SIMD4<Double>
    var c2: SIMD4<Double>
    var a1: SIMD4<Double>
    var a2: SIMD4<Double>
}

/// What of a reverb may change while it runs.
struct ReverbTuning: Sendable, Equatable {
    /// Losses of one pass at all but low frequencies, the matrix's 1/4 and the lines' signs included.
    var high = ShelfBank()
    /// Losses below the low crossover re the middle.
    var low = ShelfBank()
    /// False where `low` does nothing.
    var hasLow = false
    /// Of the all-passes, left ones first.
    var diffuserGains = SIMD8<Float>()
    /// From the network to the output, and from the diffused input to it.
    var networkGain = 0.0
    var onsetGain = 0.0
    /// Of the early reflections.
    var earlyGain: Float = 0
    var middleGain: Float = 0
    var sideGain: Float = 0
    var dryGain: Float = 1

    /// The matrix is H16 / 4 between these signs and the permutation; the signs were searched for eigenvalues
    /// far from 1 (none nearer than 0.71), so that DC does not build up however long the decay.
    private static let signs = LineVector([-1, -1, 1, 1, 1, -1, 1, 1, 1, 1, -1, 1, 1, 1, -1, -1])

    /// - Parameter lengths: of the lines, in frames.
    init(_ parameters: ReverbParameters, _ geometry: ReverbGeometry, lengths: LineVector) {
        let rate = geometry.rateHertz
        // log2 of the gain of one pass per frame: -60 dB in T60 (Jot & Chaigne, AES 90, 1991).
        let slope = -9.965784284662087 / (rate * parameters.decaySeconds)
        let exponents = lengths.map { $0 * slope }
        let gains = Self.powers(exponents, times: 1)
        let quarter = SIMD4<Double>(repeating: 0.25)
        let scales = LineVector(
            gains.a * quarter * Self.signs.a, gains.b * quarter * Self.signs.b, gains.c * quarter * Self.signs.c,
            gains.d * quarter * Self.signs.d)
        let turn = Double.pi / rate
        // The shelf's middle lies an octave within, so that the plateau is reached (94 % in decibels) at the
        // frequency that the user names.
        high = Self.highShelf(
            Self.powers(exponents, times: (1 / parameters.highDecay - 1) / 4), scales,
            PinnedMath.tan(turn * min(parameters.dampingHertz / 2, 0.45 * rate)))
        hasLow = parameters.lowDecay != 1
        if hasLow {
            low = Self.lowShelf(
                Self.powers(exponents, times: (1 / parameters.lowDecay - 1) / 4),
                PinnedMath.tan(turn * 2 * parameters.lowCrossoverHertz))
        }
        // An all-pass rings for no longer than a third of the shortest band.
        let shortest = parameters.decaySeconds * min(1, parameters.lowDecay, parameters.highDecay)
        let ringing = PinnedMath.exp2(
            geometry.diffuserLengths * SIMD8(repeating: Float(-9.965784284662087 / (0.35 * shortest * rate))))
        let most = SIMD8(repeating: Float((parameters.character == .plate ? 0.75 : 0.7) * parameters.diffusion))
        diffuserGains = ringing.replacing(with: most, where: ringing .> most)
        // Steady noise at mid frequencies comes out as loud as it went in: with the power G^2 left after a
        // pass, each output, one of 16 components, has 2 G^2 / (16 (1 - G^2)) of the power of a channel.
        let squares = gains.map { $0 * $0 }
        let sum = (squares.a + squares.b) + (squares.c + squares.d)
        let left = ((sum[0] + sum[1]) + (sum[2] + sum[3])) / 16
        networkGain = min((8 * (1 - left) / left).root, 16)
        let early = PinnedMath.gain(decibels: parameters.earlyDecibels)
        onsetGain = parameters.character == .plate ? 0.35 * early : 0
        earlyGain = parameters.character == .plate ? 0 : Float(early)
        middleGain = Float(0.5 * parameters.mix)
        sideGain = Float(0.5 * parameters.mix * parameters.width)
        dryGain = Float(1 - parameters.mix)
    }

    /// On the way to another tuning, `t` in 0...1.
    func mixed(with other: ReverbTuning, _ t: Double) -> ReverbTuning {
        var tuning = other
        tuning.high = high.mixed(with: other.high, t)
        tuning.low = low.mixed(with: other.low, t)
        tuning.hasLow = hasLow || other.hasLow
        tuning.networkGain = networkGain + t * (other.networkGain - networkGain)
        tuning.onsetGain = onsetGain + t * (other.onsetGain - onsetGain)
        let u = Float(t)
        tuning.diffuserGains = diffuserGains.addingProduct(SIMD8(repeating: u), other.diffuserGains - diffuserGains)
        tuning.earlyGain = earlyGain + u * (other.earlyGain - earlyGain)
        tuning.middleGain = middleGain + u * (other.middleGain - middleGain)
        tuning.sideGain = sideGain + u * (other.sideGain - sideGain)
        tuning.dryGain = dryGain + u * (other.dryGain - dryGain)
        return tuning
    }

    /// 2 to the power of each exponent times a factor: within 2e-7, which is 0.1 % of the slightest loss.
    private static func powers(_ exponents: LineVector, times factor: Double) -> LineVector {
        let p = powers(exponents.a, exponents.b, factor)
        let q = powers(exponents.c, exponents.d, factor)
        return LineVector(four(p.lowHalf), four(p.highHalf), four(q.lowHalf), four(q.highHalf))
    }

    private static func powers(_ x: SIMD4<Double>, _ y: SIMD4<Double>, _ factor: Double) -> SIMD8<Float> {
        var lanes = SIMD8<Float>()
        for i in 0..<4 {
            lanes[i] = Float(x[i] * factor)
            lanes[i + 4] = Float(y[i] * factor)
        }
        // -120 dB a pass and silence are the same.
        let least = SIMD8<Float>(repeating: -20)
        return PinnedMath.exp2(lanes.replacing(with: least, where: lanes .< least))
    }

    private static func four(_ x: SIMD4<Float>) -> SIMD4<Double> {
        SIMD4(Double(x[0]), Double(x[1]), Double(x[2]), Double(x[3]))
    }

    /// A^2 above, 1 below, times `scales`: the second-order Butterworth shelf A (A s^2 + q s + 1) / (s^2 + q s
    /// + A) with q = sqrt(2 A), by the bilinear transform; k = tan(pi f / rate), `roots` are sqrt A.
    private static func highShelf(_ roots: LineVector, _ scales: LineVector, _ tangent: Double) -> ShelfBank {
        let k = SIMD4<Double>(repeating: tangent)
        let one = SIMD4<Double>(repeating: 1)
        func lines(_ root: SIMD4<Double>, _ scale: SIMD4<Double>) -> ShelfLines {
            let a = root * root
            let q = root * 1.4142135623730951 * k
            let kk = k * k
            let g = a * scale
            return ShelfBank.lines(
                g * (a + q + kk), g * (kk - a) * 2, g * (a - q + kk), one + q + a * kk, (a * kk - one) * 2,
                one - q + a * kk)
        }
        return ShelfBank(
            lines(roots.a, scales.a), lines(roots.b, scales.b), lines(roots.c, scales.c), lines(roots.d, scales.d))
    }

    /// A^2 below, 1 above: A (s^2 + q s + A) / (A s^2 + q s + 1).
    private static func lowShelf(_ roots: LineVector, _ tangent: Double) -> ShelfBank {
        let k = SIMD4<Double>(repeating: tangent)
        let one = SIMD4<Double>(repeating: 1)
        func lines(_ root: SIMD4<Double>) -> ShelfLines {
            let a = root * root
            let q = root * 1.4142135623730951 * k
            let kk = k * k
            return ShelfBank.lines(
                a * (one + q + a * kk), a * (a * kk - one) * 2, a * (one - q + a * kk), a + q + kk, (kk - a) * 2,
                a - q + kk)
        }
        return ShelfBank(lines(roots.a), lines(roots.b), lines(roots.c), lines(roots.d))
    }
}
