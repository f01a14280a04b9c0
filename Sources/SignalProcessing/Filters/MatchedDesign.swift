/// The sections of one band, in the form that the lanes run.
struct BandDesign: Sendable {
    /// 0 to 9.
    var count = 0
    var sections = InlineArray<9, SectionCoefficients>(repeating: .identity)
    /// What the band's output is to be multiplied by; the sections are scaled to pass 0 Hz as it is.
    var scale = 1.0

    static let identity = BandDesign()
}

/// Designs bands whose magnitude is that of the analogue prototype up to 20 kHz, at every session rate.
///
/// Poles (or zeros) are where impulse invariance puts them, after M. Vicanek, *Matched Second Order Digital Filters*
/// (2016); instead of matching the magnitude at three points the other half is fitted over the band (`MatchedFit`).
/// Where one section stays further than 0.03 dB from the prototype, a second one with fixed poles and fitted zeros (or
/// the reverse) takes the rest: the branch of the logarithm beyond half the rate, which no two-pole filter can follow,
/// is what a real pair inside the unit circle follows well. From 0.03 to 0.04 dB the second section comes in by
/// degrees, so that automation meets no step (except of steep low-passes, where it is there or not).
///
/// Deviation below 20 kHz for corners of 20 Hz to 18 kHz: at most 0.044 dB at any rate; the bilinear designs of the
/// *Audio EQ Cookbook* are 2.4 to 4.2 dB off there. Boost and cut of a gain are exact inverses.
struct MatchedDesign: Sendable {
    /// Changes whenever the numbers do.
    static let version: UInt32 = 1
    /// The fixed poles of the second section are at -0.7 and -0.3.
    private static let correction = MatchedFactor(negative: 0.7, 0.3)

    private var fit: MatchedFit
    private var single: [MatchedFit.Term]

    init(rateHertz: Double) {
        fit = MatchedFit(rateHertz: rateHertz)
        single = fit.terms
    }

    /// Sections that `design` may give for a band, whatever its continuous parameters.
    static func sectionLimit(_ band: EqualizerBand) -> Int { band.isPass ? band.passSectionCount + 1 : 2 }

    /// - Parameters:
    ///   - gainDecibels: in place of the band's own.
    ///   - isComplete: whether to give all sections even where one would do, or where the gain is 0 dB: for a band
    ///     whose gain is about to move.
    mutating func design(_ band: EqualizerBand, gainDecibels: Double, isComplete: Bool = false) -> BandDesign {
        let w = 6.283185307179586 * band.frequencyHertz / fit.rateHertz
        if band.hasGain && gainDecibels == 0 { return isComplete ? resting(band, w) : .identity }
        fit.begin(at: w)
        aim(band, gainDecibels, w)
        place(band, gainDecibels, w, isCorrected: false)
        let sectionCount = fit.termCount / 2
        let stepCount = sectionCount == 1 ? 6 : 8
        let error = fit.run(stepCount: stepCount)
        let isSteepLow = band.shape == .lowPass && band.order > 2
        // Zeros of a steep low-pass are many ways near the same curve: no blend between two of them is a third.
        if isSteepLow {
            if error > 0.04 { correct(band, gainDecibels, w, stepCount, insteadOf: error) }
        } else if error > 0.03 {
            correct(band, gainDecibels, w, stepCount, insteadOf: error)
            if error < 0.04, fit.termCount > 2 * sectionCount {
                weaken(band, gainDecibels, w, stepCount, to: (error - 0.03) * 100)
            }
        }
        return result(band, gainDecibels, sectionCount, isComplete: isComplete)
    }

    /// Fits with the second section too, and goes back where that is no better.
    private mutating func correct(
        _ band: EqualizerBand, _ gain: Double, _ w: Double, _ stepCount: Int, insteadOf error: Double
    ) {
        let count = fit.termCount
        for i in 0..<count { single[i] = fit.terms[i] }
        place(band, gain, w, isCorrected: true)
        guard fit.run(stepCount: stepCount) >= error else { return }
        fit.removeTerms()
        for i in 0..<count {
            fit.add(single[i].factor, isNumerator: single[i].isNumerator)
        }
    }

    /// Fits the rest to a part of the second section.
    private mutating func weaken(
        _ band: EqualizerBand, _ gain: Double, _ w: Double, _ stepCount: Int, to amount: Double
    ) {
        let count = fit.termCount
        let above = Self.correction.blended(with: fit.terms[count - 2].factor, amount)
        let below = Self.correction.blended(with: fit.terms[count - 1].factor, amount)
        place(band, gain, w, isCorrected: false)
        fit.add(above, isNumerator: true)
        fit.add(below, isNumerator: false)
        _ = fit.run(stepCount: stepCount)
    }

    /// The running form of 0 dB: poles where they will be, output the input.
    private func resting(_ band: EqualizerBand, _ w: Double) -> BandDesign {
        let poles =
            band.shape != .bell && band.isFirstOrder
            ? MatchedFactor(singleAt: w) : MatchedFactor(pairAt: w, q: band.q)
        var design = BandDesign()
        design.count = 2
        design.sections[0] = SectionCoefficients(numerator: poles, denominator: poles).resting
        design.sections[1] = SectionCoefficients(numerator: Self.correction, denominator: Self.correction).resting
        return design
    }

    private func result(
        _ band: EqualizerBand, _ gain: Double, _ sectionCount: Int, isComplete: Bool
    ) -> BandDesign {
        var design = BandDesign()
        design.count = isComplete ? sectionCount + 1 : fit.termCount / 2
        // Boosted shelves are cut ones upside down, cut bells boosted ones.
        let isInverse: Bool
        switch band.shape {
        case .bell, .lowShelf: isInverse = gain < 0
        case .highShelf, .tilt: isInverse = gain > 0
        case .highPass, .lowPass, .notch, .bandPass: isInverse = false
        }
        // Where many sections' errors add, or a large gain raises them, Float32 is too coarse this high.
        let isNearHalf =
            band.frequencyHertz > 0.39 * fit.rateHertz && (band.shape == .bell || (band.isPass && band.order > 3))
        for i in 0..<design.count {
            let isThere = 2 * i < fit.termCount
            let above = isThere ? fit.terms[2 * i].factor : Self.correction
            let below = isThere ? fit.terms[2 * i + 1].factor : Self.correction
            let section =
                isInverse
                ? SectionCoefficients(numerator: below, denominator: above)
                : SectionCoefficients(numerator: above, denominator: below)
            design.scale *= section.direct == 0 ? 1 : section.direct
            design.sections[i] = isNearHalf ? section.normalised.inDouble : section.normalised
        }
        if band.shape == .lowShelf { design.scale *= PinnedMath.gain(decibels: gain) }
        if band.shape == .tilt { design.scale *= PinnedMath.gain(decibels: -gain / 2) }
        return design
    }

    /// The power to fit: for shelves that of a high shelf that cuts, for bells that of a boost.
    private mutating func aim(_ band: EqualizerBand, _ gain: Double, _ w: Double) {
        let a = PinnedMath.gain(decibels: gain.magnitude / 2)
        let q = band.q
        switch band.shape {
        case .bell:
            fit.multiplyTarget(AnalogueSection(n0: 1, n1: a / q, n2: 1, d0: 1, d1: 1 / (a * q), d2: 1), at: w)
        case .lowShelf, .highShelf, .tilt:
            let root = a.root
            fit.multiplyTarget(
                band.isFirstOrder
                    ? AnalogueSection(n0: 1, n1: 1 / a, d0: 1, d1: a)
                    : AnalogueSection(n0: 1, n1: 1 / (root * q), n2: 1 / a, d0: 1, d1: root / q, d2: a), at: w)
        case .notch:
            fit.multiplyTarget(AnalogueSection(n0: 1, n2: 1, d0: 1, d1: 1 / q, d2: 1), at: w)
            fit.leaveOutZeros()
        case .bandPass: fit.multiplyTarget(AnalogueSection(n1: 1 / q, d0: 1, d1: 1 / q, d2: 1), at: w)
        case .highPass, .lowPass:
            let isHigh = band.shape == .highPass
            for i in 0..<band.passSectionCount {
                if let q = band.passQ(section: i) {
                    fit.multiplyTarget(
                        AnalogueSection(n0: isHigh ? 0 : 1, n2: isHigh ? 1 : 0, d0: 1, d1: 1 / q, d2: 1), at: w)
                } else {
                    fit.multiplyTarget(AnalogueSection(n0: isHigh ? 0 : 1, n1: isHigh ? 1 : 0, d0: 1, d1: 1), at: w)
                }
            }
        }
    }

    /// Where the poles and zeros start, and which of them move.
    private mutating func place(_ band: EqualizerBand, _ gain: Double, _ w: Double, isCorrected: Bool) {
        fit.removeTerms()
        let a = PinnedMath.gain(decibels: gain.magnitude / 2)
        let all = MatchedFit.Term.all
        // Close to half the rate (and above) impulse invariance is a poor start: the poles move too.
        let isHigh = isCorrected && w > 2.7
        var correctsPoles = false
        switch band.shape {
        case .bell:
            fit.add(MatchedFactor(pairAt: w, q: band.q / a), isNumerator: true, moves: all)
            fit.add(MatchedFactor(pairAt: w, q: band.q * a), isNumerator: false, moves: isHigh ? all : Self.none)
        case .lowShelf, .highShelf, .tilt:
            let root = a.root
            let poles =
                band.isFirstOrder ? MatchedFactor(singleAt: w / a) : MatchedFactor(pairAt: w / root, q: band.q)
            let zeros =
                band.isFirstOrder ? MatchedFactor(singleAt: w * a) : MatchedFactor(pairAt: w * root, q: band.q)
            fit.add(zeros.scaled(toLowEndOf: poles), isNumerator: true, moves: all)
            fit.add(poles, isNumerator: false)
        case .bandPass:
            let width = PinnedMath.log(w / band.q)
            fit.add(
                MatchedFactor(MatchedFactor.nothing, width + 0.6931471805599453, width - 0.6931471805599453),
                isNumerator: true, moves: MatchedFit.Term.shape)
            fit.add(MatchedFactor(pairAt: w, q: band.q), isNumerator: false, moves: isHigh ? all : Self.none)
        case .notch:
            let tangent = PinnedMath.log(PinnedMath.tan((w < 3.05 ? w : 3.05) / 2))
            fit.add(MatchedFactor(tangent, MatchedFactor.nothing, -tangent), isNumerator: true)
            fit.add(MatchedFactor(pairAt: w, q: band.q), isNumerator: false, moves: all)
            correctsPoles = true
        case .highPass:
            placeHighPass(band, w, isCorrected: isCorrected)
            correctsPoles = band.order <= 3
        case .lowPass: placeLowPass(band, w, isHigh: isHigh)
        }
        guard isCorrected else { return }
        // The zeros of a steep low-pass already set the level.
        let isSteepLow = band.shape == .lowPass && band.order > 2
        let moves = isSteepLow ? MatchedFit.Term.shape : all
        fit.add(Self.correction, isNumerator: true, moves: correctsPoles ? Self.none : moves)
        fit.add(Self.correction, isNumerator: false, moves: correctsPoles ? moves : Self.none)
    }

    private static let none = (false, false, false)

    /// Zeros at 0 Hz stay there; the last section's poles, or the correction's zeros, take the deviation.
    private mutating func placeHighPass(_ band: EqualizerBand, _ w: Double, isCorrected: Bool) {
        let nothing = MatchedFactor.nothing
        for i in 0..<band.passSectionCount {
            let poles: MatchedFactor
            let zeros: MatchedFactor
            if let q = band.passQ(section: i) {
                poles = MatchedFactor(pairAt: w, q: q)
                zeros = MatchedFactor(nothing, nothing, 0).scaled(toHighEndOf: poles)
            } else {
                poles = MatchedFactor(singleAt: w)
                zeros = MatchedFactor(zeroBesideSingleAt: w).scaled(toHighEndOf: poles)
            }
            let isMoving = i == band.passSectionCount - 1 && (band.order <= 3 || !isCorrected)
            fit.add(zeros, isNumerator: true)
            fit.add(poles, isNumerator: false, moves: isMoving ? MatchedFit.Term.all : Self.none)
        }
    }

    /// Zeros start spread over the negative axis: they stand for the branch beyond half the rate.
    private mutating func placeLowPass(_ band: EqualizerBand, _ w: Double, isHigh: Bool) {
        let count = band.passSectionCount
        for i in 0..<count {
            let poles =
                band.passQ(section: i).map { MatchedFactor(pairAt: w, q: $0) }
                ?? MatchedFactor(singleBesideHalfAt: w)
            let zeros: MatchedFactor
            switch band.order {
            case 1: zeros = MatchedFactor(0, 0.1823215567939546, -0.7)
            case 2: zeros = MatchedFactor(0, 0.1823215567939546, -1)
            default:
                let step = 0.9 / Double(2 * count)
                zeros = MatchedFactor(
                    negative: step * (Double(i) + 0.5), step * (Double(2 * count - 1 - i) + 0.5))
            }
            fit.add(
                zeros.scaled(toLowEndOf: poles), isNumerator: true,
                moves: i == 0 ? MatchedFit.Term.all : MatchedFit.Term.shape)
            fit.add(
                poles, isNumerator: false, moves: isHigh && band.order == 2 ? MatchedFit.Term.all : Self.none)
        }
    }
}

extension SectionCoefficients {
    /// The filter whose zeros and poles these are, in the p,r form.
    init(numerator: MatchedFactor, denominator: MatchedFactor) {
        let (b, a) = (numerator.logarithms, denominator.logarithms)
        let g = PinnedMath.exp((a.x - a.z) / 2)
        let k = PinnedMath.exp(a.y - (a.x + a.z) / 2)
        let high = PinnedMath.exp(b.z - a.z)
        let low = b.x <= MatchedFactor.nothing / 2 ? 0 : PinnedMath.exp(b.x - a.x)
        let middle = (b.y <= MatchedFactor.nothing / 2 ? 0 : PinnedMath.exp(b.y - a.z)) / g
        let d = 1 / (1 + g * (g + k))
        let e = 2 * g * g * d
        let ratio = (g + k) / g
        let difference = (high - low) + (middle - k * high) * g * d + (low - high) * g * g * d
        // Float32 keeps -120 dB where the poles are not too narrow, and less narrow still above a quarter of the rate;
        // where a slow pole has no fast one beside it; and where nothing above a quarter of the rate is raised a lot.
        let narrowest = g <= 0.3 ? 0.03 : (g <= 1 ? 0.06 : 0.2 * g * g)
        let isWide = k > 6 && g * k > 1
        let isRaised = g > 1 && difference.magnitude > 2 * (low == 0 ? 1 : low)
        self.init(
            precision: k < narrowest || isWide || isRaised ? .double : .single, stepP: e * (1 + ratio),
            stepR: 2 * e, direct: low, difference: difference, rate: (middle - k * low) / (2 * g), corner: g,
            ratio: ratio)
    }

    /// With the gain at 0 Hz taken out; unchanged where that is 0.
    var normalised: SectionCoefficients {
        guard direct != 0 else { return self }
        return with(direct: 1, difference: difference / direct, rate: rate / direct)
    }

    /// The same poles, and the input for an output.
    var resting: SectionCoefficients { with(direct: 1, difference: 0, rate: -0.0) }

    /// The same, to run in Double.
    var inDouble: SectionCoefficients {
        SectionCoefficients(
            precision: .double, stepP: stepP, stepR: stepR, direct: direct, difference: difference, rate: rate,
            corner: corner, ratio: ratio)
    }

    func with(direct: Double, difference: Double, rate: Double) -> SectionCoefficients {
        SectionCoefficients(
            precision: precision, stepP: stepP, stepR: stepR, direct: direct, difference: difference, rate: rate,
            corner: corner, ratio: ratio)
    }
}
