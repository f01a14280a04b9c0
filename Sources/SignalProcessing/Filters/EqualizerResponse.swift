/// The analogue curve of an equalizer: what every mode of it is measured against.
///
/// Bells, shelves and passes are those of R. Bristow-Johnson's *Audio EQ Cookbook* before any transform to discrete
/// time; a bell's and a shelf's boost and cut are each other's inverse. The dynamic parts rest.
package struct EqualizerResponse: Sendable {
    /// One channel of the four ways to see a stereo signal.
    package enum Channel: Sendable, CaseIterable { case left, right, mid, side }

    /// A complex number.
    package struct Value: Sendable, Hashable {
        package var real: Double
        package var imaginary: Double

        /// Square of the magnitude.
        package var power: Double { real * real + imaginary * imaginary }

        static func * (a: Value, b: Value) -> Value {
            Value(
                real: a.real * b.real - a.imaginary * b.imaginary,
                imaginary: a.real * b.imaginary + a.imaginary * b.real)
        }

        static func / (a: Value, b: Value) -> Value {
            let power = b.power
            return a * Value(real: b.real / power, imaginary: -b.imaginary / power)
        }

        /// c + b s + a s^2 at s = i `x`.
        static func polynomial(_ a: Double, _ b: Double, _ c: Double, _ x: Double) -> Value {
            Value(real: c - a * x * x, imaginary: b * x)
        }
    }

    package let bands: [EqualizerBand]

    package init(_ parameters: EqualizerParameters) { bands = parameters.bands }

    /// H at `hertz`, above 0, for one channel: the bands placed on stereo and those placed on it.
    ///
    /// Bands on left or right do not count for mid and side, nor those for left and right: with both kinds in use,
    /// the signal passes left and right first, mid and side after.
    package func value(_ channel: Channel, atHertz hertz: Double) -> Value {
        var result = Value(real: 1, imaginary: 0)
        for band in bands where Self.isHeard(band.placement, in: channel) {
            result = result * Self.value(of: band, gainDecibels: band.gainDecibels, atHertz: hertz)
        }
        return result
    }

    /// 20 log10 of the magnitude.
    package func decibels(_ channel: Channel, atHertz hertz: Double) -> Double {
        PinnedMath.decibels(gain: value(channel, atHertz: hertz).power.root)
    }

    /// H of one band with a gain in place of its own.
    package static func value(of band: EqualizerBand, gainDecibels: Double, atHertz hertz: Double) -> Value {
        let x = hertz / band.frequencyHertz
        let a = PinnedMath.gain(decibels: gainDecibels / 2)
        let root = a.root
        switch band.shape {
        case .highPass, .lowPass: return pass(band, x)
        case .bell:
            return Value.polynomial(1, a / band.q, 1, x) / .polynomial(1, 1 / (a * band.q), 1, x)
        case .notch: return Value.polynomial(1, 0, 1, x) / .polynomial(1, 1 / band.q, 1, x)
        case .bandPass: return Value.polynomial(0, 1 / band.q, 0, x) / .polynomial(1, 1 / band.q, 1, x)
        case .highShelf:
            if band.isFirstOrder { return Value.polynomial(0, a, 1, x) / .polynomial(0, 1 / a, 1, x) }
            return Value(real: a, imaginary: 0) * .polynomial(a, root / band.q, 1, x)
                / .polynomial(1, root / band.q, a, x)
        case .lowShelf:
            if band.isFirstOrder { return Value.polynomial(0, 1, a, x) / .polynomial(0, 1, 1 / a, x) }
            return Value(real: a, imaginary: 0) * .polynomial(1, root / band.q, a, x)
                / .polynomial(a, root / band.q, 1, x)
        case .tilt:
            let level = Value(real: 1 / a, imaginary: 0)
            if band.isFirstOrder { return level * .polynomial(0, a, 1, x) / .polynomial(0, 1 / a, 1, x) }
            return .polynomial(a, root / band.q, 1, x) / .polynomial(1, root / band.q, a, x)
        }
    }

    private static func pass(_ band: EqualizerBand, _ x: Double) -> Value {
        let isHigh = band.shape == .highPass
        var result = Value(real: 1, imaginary: 0)
        for section in 0..<band.passSectionCount {
            if let q = band.passQ(section: section) {
                result = result * .polynomial(isHigh ? 1 : 0, 0, isHigh ? 0 : 1, x) / .polynomial(1, 1 / q, 1, x)
            } else {
                result = result * .polynomial(0, isHigh ? 1 : 0, isHigh ? 0 : 1, x) / .polynomial(0, 1, 1, x)
            }
        }
        return result
    }

    private static func isHeard(_ placement: EqualizerBand.Placement, in channel: Channel) -> Bool {
        switch placement {
        case .stereo: true
        case .mid: channel == .mid
        case .side: channel == .side
        case .left: channel == .left
        case .right: channel == .right
        }
    }
}
