/// The numbers of an equalizer, checked.
///
/// `values` holds `mode`, then for each band the numbers of `EqualizerBand.parameterNames`.
package struct EqualizerParameters: Sendable, Hashable {
    /// How the curve is made.
    package enum Mode: Int, Sendable, CaseIterable {
        /// Recursive filters: no latency, the phase of the filters.
        case minimumPhase
        /// The magnitude of `EqualizerResponse` by convolution; not `Equalizer`'s work.
        case linearPhase
    }

    /// Bands at most.
    package static let bandLimit = 24
    package static let parameterNames = ["mode"]

    package let mode: Mode
    /// 1 to 24.
    package let bands: [EqualizerBand]

    /// nil where a number is out of the table's range.
    package init?(values: [Double]) {
        let width = EqualizerBand.parameterNames.count
        guard values.count > 1, (values.count - 1) % width == 0, (values.count - 1) / width <= Self.bandLimit,
            let mode = Self.choice(values[0], count: Mode.allCases.count).flatMap(Mode.init(rawValue:))
        else { return nil }
        var bands: [EqualizerBand] = []
        for start in stride(from: 1, to: values.count, by: width) {
            guard let band = EqualizerBand(values: values, at: start) else { return nil }
            bands.append(band)
        }
        self.mode = mode
        self.bands = bands
    }

    static func choice(_ value: Double, count: Int) -> Int? {
        guard value >= 0, value < Double(count), let index = Int(exactly: value) else { return nil }
        return index
    }
}

/// One band of an equalizer.
package struct EqualizerBand: Sendable, Hashable {
    package enum Shape: Int, Sendable, CaseIterable {
        case highPass, lowPass, bell, lowShelf, highShelf, notch, bandPass, tilt
    }

    package enum Alignment: Int, Sendable, CaseIterable { case butterworth, linkwitzRiley }

    /// What of the stereo signal the band works on.
    package enum Placement: Int, Sendable, CaseIterable { case stereo, mid, side, left, right }

    package static let parameterNames = [
        "type", "frequency", "gain", "q", "slope", "alignment", "channels", "threshold", "range", "ratio", "attack",
        "release",
    ]
    /// The choices of `slope`, in decibels per octave.
    package static let slopes = [6, 12, 18, 24, 36, 48, 72, 96]

    package let shape: Shape
    /// 10 Hz to 40 kHz: corner or centre.
    package let frequencyHertz: Double
    /// -36 to 36 dB, of bells, shelves and tilt.
    package let gainDecibels: Double
    /// 0.1 to 40; 0.7071 has no overshoot.
    package let q: Double
    /// One of `slopes`. Passes take all; shelves and tilt are of first order at 6, else of second order.
    package let slopeDecibelsPerOctave: Int
    /// Linkwitz-Riley passes exist at 12, 24, 36, 48, 72 and 96 dB per octave; the others are Butterworth.
    package let alignment: Alignment
    package let placement: Placement
    /// -80 to 0 dB: the band-passed level (peak of a sine) above which the gain moves.
    package let thresholdDecibels: Double
    /// -36 to 36 dB by which the gain moves at most; 0 is a static band.
    package let rangeDecibels: Double
    /// 1 to 100: decibels above the threshold per decibel that remains.
    package let ratio: Double
    /// 0.0005 to 0.5: time for 63 % of a change of gain away from rest, in decibels.
    package let attackSeconds: Double
    /// 0.005 to 5: the same on the way back.
    package let releaseSeconds: Double

    /// nil where a number is out of the table's range.
    package init?(values: [Double], at start: Int = 0) {
        guard start + Self.parameterNames.count <= values.count,
            let shape = EqualizerParameters.choice(values[start], count: 8).flatMap(Shape.init(rawValue:)),
            let slope = EqualizerParameters.choice(values[start + 4], count: 8),
            let alignment = EqualizerParameters.choice(values[start + 5], count: 2)
                .flatMap(Alignment.init(rawValue:)),
            let placement = EqualizerParameters.choice(values[start + 6], count: 5)
                .flatMap(Placement.init(rawValue:)),
            Self.holds(values[start + 1], 10, 40_000), Self.holds(values[start + 2], -36, 36),
            Self.holds(values[start + 3], 0.1, 40), Self.holds(values[start + 7], -80, 0),
            Self.holds(values[start + 8], -36, 36), Self.holds(values[start + 9], 1, 100),
            Self.holds(values[start + 10], 0.0005, 0.5), Self.holds(values[start + 11], 0.005, 5)
        else { return nil }
        self.shape = shape
        frequencyHertz = values[start + 1]
        gainDecibels = values[start + 2]
        q = values[start + 3]
        slopeDecibelsPerOctave = Self.slope(slope)
        self.alignment = alignment
        self.placement = placement
        thresholdDecibels = values[start + 7]
        rangeDecibels = values[start + 8]
        ratio = values[start + 9]
        attackSeconds = values[start + 10]
        releaseSeconds = values[start + 11]
    }

    private static func holds(_ value: Double, _ low: Double, _ high: Double) -> Bool { value >= low && value <= high }

    /// `slopes[index]`, without the array: updates allocate nothing.
    private static func slope(_ index: Int) -> Int {
        switch index {
        case 0: 6
        case 1: 12
        case 2: 18
        case 3: 24
        case 4: 36
        case 5: 48
        case 6: 72
        default: 96
        }
    }

    /// Whether `gainDecibels` means something.
    var hasGain: Bool {
        switch shape {
        case .bell, .lowShelf, .highShelf, .tilt: true
        case .highPass, .lowPass, .notch, .bandPass: false
        }
    }

    /// Whether the band changes nothing: a gain of 0 dB that nothing moves.
    var isFlat: Bool { hasGain && gainDecibels == 0 && !isDynamic }

    /// Whether a detector moves the gain.
    package var isDynamic: Bool { hasGain && rangeDecibels != 0 }

    var isPass: Bool { shape == .highPass || shape == .lowPass }

    /// Whether a shelf or tilt is of first order.
    var isFirstOrder: Bool { slopeDecibelsPerOctave == 6 }

    /// Order of a pass.
    var order: Int { slopeDecibelsPerOctave / 6 }

    /// Whether the pass is the square of a Butterworth pass of half its order.
    var isSquared: Bool { isPass && alignment == .linkwitzRiley && order % 2 == 0 }

    /// Pole pairs and real poles of a pass, each a section.
    var passSectionCount: Int { (order + 1) / 2 }

    /// The Q of a pass's section; nil for a single real pole, which comes first.
    func passQ(section: Int) -> Double? {
        if isSquared {
            let half = order / 2
            // The two real poles of an odd half are one pair of Q 1/2, the first.
            if half % 2 == 1 {
                return section == 0 ? 0.5 : Self.butterworthQ(order: half, pair: (section - 1) / 2)
            }
            return Self.butterworthQ(order: half, pair: section / 2)
        }
        if order == 2 { return q }
        if order % 2 == 1 { return section == 0 ? nil : Self.butterworthQ(order: order, pair: section - 1) }
        return Self.butterworthQ(order: order, pair: section)
    }

    /// 1 / (2 cos a) of the pole pair at the angle a from the negative real axis, gentlest first.
    private static func butterworthQ(order: Int, pair: Int) -> Double {
        let step = order % 2 == 0 ? 2 * pair + 1 : 2 * pair + 2
        return 1 / (2 * PinnedMath.cos(3.141592653589793 * Double(step) / Double(2 * order)))
    }
}
