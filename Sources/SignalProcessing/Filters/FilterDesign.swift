/// The responses an equalizer section can have.
package enum FilterShape: String, Sendable, Hashable, CaseIterable {
    case highPass = "high-pass", lowPass = "low-pass", bell, lowShelf = "low-shelf", highShelf = "high-shelf"
    case notch
}

/// Turns the parameters of an equalizer band into section coefficients.
///
/// The designs are the bilinear transforms of the analogue prototypes of R. Bristow-Johnson's *Audio EQ
/// Cookbook* (high-pass, low-pass, notch; bell and shelves symmetric for boost and cut), warped to be exact
/// at the corner. As with every bilinear design, responses cramp towards half the sample rate: a bell at 16
/// kHz and 48 kHz is narrower than the analogue one. All are computed with `PinnedMath`, so they are the
/// same on every machine.
package enum FilterDesign {
    /// The version of the numbers designed here; part of a plan's key.
    package static let version: UInt32 = 1

    /// One second-order section.
    ///
    /// - Parameters:
    ///   - frequencyHertz: The corner or centre, above 0; at most 0.49 of the rate, which larger ones become.
    ///   - gainDecibels: Gain at the centre of a bell, or of a shelf's plateau; other shapes ignore it. A
    ///     bell or shelf of 0 dB is `.identity`.
    ///   - q: Above 0. A bell's bandwidth is between the points of half its gain in decibels.
    package static func section(
        _ shape: FilterShape, frequencyHertz: Double, gainDecibels: Double, q: Double, rateHertz: Double
    ) -> SectionCoefficients {
        precondition(
            frequencyHertz > 0 && q > 0 && rateHertz > 0 && gainDecibels.isFinite, "filter parameters")
        let fraction = min(frequencyHertz / rateHertz, 0.49)
        let w = PinnedMath.tan(3.141592653589793 * fraction)
        let gain = PinnedMath.gain(decibels: gainDecibels / 2)  // A: half the decibels
        let shift = PinnedMath.gain(decibels: gainDecibels / 4)  // root of A
        switch shape {
        case .highPass: return Trapezoidal(g: w, k: 1 / q).highPass
        case .lowPass: return Trapezoidal(g: w, k: 1 / q).lowPass
        case .notch: return Trapezoidal(g: w, k: 1 / q).peak(amount: -1)
        case .bell:
            guard gainDecibels != 0 else { return .identity }
            return Trapezoidal(g: w, k: 1 / (q * gain)).peak(amount: gain * gain - 1)
        case .lowShelf:
            guard gainDecibels != 0 else { return .identity }
            return Trapezoidal(shelf: w / shift, k: 1 / q, fraction: fraction).lowShelf(gain)
        case .highShelf:
            guard gainDecibels != 0 else { return .identity }
            return Trapezoidal(shelf: w * shift, k: 1 / q, fraction: fraction).highShelf(gain)
        }
    }

    /// The Q of each pole pair of a Butterworth filter of even order 2 to 8, gentlest first.
    package static func butterworthQs(order: Int) -> [Double] {
        precondition(order >= 2 && order <= 8 && order % 2 == 0, "Butterworth orders 2, 4, 6 and 8")
        return (0..<order / 2).map { i in
            1 / (2 * PinnedMath.cos(3.141592653589793 * Double(2 * i + 1) / Double(2 * order)))
        }
    }
}

/// The trapezoidal state-variable filter with corner g and damping K, and its outputs in terms of x, t and r.
private struct Trapezoidal {
    let g: Double
    let k: Double
    let d: Double
    let e: Double
    /// Whether Float32 would come near -120 dB: a corner above a quarter of the rate, or a resonant shelf.
    let needsDouble: Bool

    init(g: Double, k: Double) { self.init(g: g, k: k, needsDouble: g > 1) }

    /// A shelf, whose corner counts as given and as shifted by its gain.
    init(shelf g: Double, k: Double, fraction: Double) {
        self.init(g: g, k: k, needsDouble: g > 1 || fraction > 0.25 || k < 0.5)
    }

    private init(g: Double, k: Double, needsDouble: Bool) {
        self.g = g
        self.k = k
        self.needsDouble = needsDouble
        d = 1 / (1 + g * (g + k))
        e = 2 * g * g * d
    }

    var highPass: SectionCoefficients { coefficients(direct: 0, difference: d, rate: 0) }

    // p + (e/2) t - K/(2g) r, and p = x - t.
    var lowPass: SectionCoefficients { coefficients(direct: 1, difference: e / 2 - 1, rate: -k / (2 * g)) }

    /// x + amount * band-pass, whose peak is 1: bell with A^2 - 1, notch with -1.
    func peak(amount: Double) -> SectionCoefficients {
        let k1 = k * amount / (4 * g)
        return coefficients(direct: 1, difference: 2 * e * k1, rate: 2 * k1)
    }

    func lowShelf(_ a: Double) -> SectionCoefficients {
        let k1 = d * (1 / (a * a) + g * k / a + g * g)
        let k2 = k * (1 / a - 1) / (2 * g)
        return coefficients(direct: a * a, difference: a * a * (k1 - 1), rate: a * a * k2)
    }

    func highShelf(_ a: Double) -> SectionCoefficients {
        let k1 = d * (a * a + a * g * k + g * g)
        return coefficients(direct: 1, difference: k1 - 1, rate: k * (a - 1) / (2 * g))
    }

    private func coefficients(direct: Double, difference: Double, rate: Double) -> SectionCoefficients {
        let ratio = (g + k) / g
        return SectionCoefficients(
            precision: needsDouble ? .double : .single, stepP: e * (1 + ratio), stepR: 2 * e, direct: direct,
            difference: difference, rate: rate, corner: g, ratio: ratio)
    }
}
