import DeviceReference
import SignalProcessing
import Testing

/// Bands and settings for the equalizer's tests.
enum EqualizerSettings {
    /// One band's numbers in the order of the table.
    static func band(
        _ shape: EqualizerBand.Shape, _ frequency: Double, gain: Double = 0, q: Double = 0.7071, slope: Int = 12,
        alignment: EqualizerBand.Alignment = .butterworth, on placement: EqualizerBand.Placement = .stereo,
        threshold: Double = -24, range: Double = 0, ratio: Double = 2, attack: Double = 0.01, release: Double = 0.1
    ) -> [Double] {
        [
            Double(shape.rawValue), frequency, gain, q, Double(EqualizerBand.slopes.firstIndex(of: slope) ?? 1),
            Double(alignment.rawValue), Double(placement.rawValue), threshold, range, ratio, attack, release,
        ]
    }

    static func device(_ bands: [Double]...) -> [Double] { [0] + bands.flatMap { $0 } }

    static let usual = device(
        band(.highPass, 80), band(.bell, 300, gain: -3, q: 1.2), band(.bell, 3000, gain: 2.5, q: 1),
        band(.highShelf, 9000, gain: 3))
    static let moved = device(
        band(.highPass, 120), band(.bell, 500, gain: 4, q: 2), band(.bell, 9000, gain: -6, q: 1),
        band(.highShelf, 4000, gain: -2))
    static let placed = device(
        band(.lowShelf, 150, gain: 4), band(.bell, 900, gain: -5, on: .mid), band(.highShelf, 8000, gain: 5, on: .side),
        band(.notch, 50, q: 8, on: .left), band(.bell, 5000, gain: 3, q: 3, on: .right), band(.tilt, 700, gain: 3))
    static let steep = device(
        band(.highPass, 30, slope: 48), band(.lowPass, 16_000, slope: 96, alignment: .linkwitzRiley),
        band(.lowPass, 19_000, slope: 18), band(.highPass, 20, slope: 6), band(.bell, 6000, gain: 18, q: 20))
    static let dynamic = device(
        band(.highPass, 40), band(.bell, 220, q: 1, threshold: -30, range: -9, ratio: 4),
        band(.highShelf, 6000, gain: 2, threshold: -40, range: 6, ratio: 3),
        band(.bell, 2500, gain: 3, on: .side, threshold: -50, range: -6))
    static let neutral = device(
        band(.bell, 100), band(.lowShelf, 100), band(.highShelf, 100), band(.tilt, 100), band(.bell, 12_000, q: 10))
}

extension ContractSubject {
    static let equalizer: [ContractSubject] = {
        typealias Settings = EqualizerSettings
        var usual = ContractSubject(
            "equalizer", SingleStrip<Equalizer>.self, Settings.usual, neutral: Settings.neutral,
            extremes: [
                Settings.device(Settings.band(.bell, 10, gain: 36, q: 40)),
                Settings.device(Settings.band(.bell, 40_000, gain: 36, q: 40)),
                Settings.device(Settings.band(.bell, 22_000, gain: -36, q: 0.1)),
                Settings.device(Settings.band(.highShelf, 40_000, gain: 36, q: 40)),
                Settings.device(Settings.band(.lowShelf, 10, gain: -36, q: 0.1)),
                Settings.device(Settings.band(.highPass, 40_000, slope: 96)),
                Settings.device(Settings.band(.lowPass, 10, slope: 96, alignment: .linkwitzRiley)),
                Settings.device(Settings.band(.notch, 40_000, q: 40), Settings.band(.bandPass, 40_000, q: 40)),
                [0] + (0..<24).flatMap { Settings.band(.bell, 500 * Double($0 + 1), gain: 0.5, q: 40) },
            ], automated: Settings.moved)
        usual.growthDecibels = 80
        var all = [usual]
        for (name, values) in [("placed", Settings.placed), ("steep", Settings.steep), ("dynamic", Settings.dynamic)] {
            all.append(ContractSubject("equalizer \(name)", SingleStrip<Equalizer>.self, values))
        }
        all.append(
            ContractSubject(
                "equalizer 44.1", SingleStrip<Equalizer>.self, Settings.usual, automated: Settings.moved,
                rateHertz: 44_100))
        for i in all.indices {
            all[i].reconvergence = [.noise: 1, .music: 1, .silence: 2, .constant: nil, .tone: nil]
        }
        return all
    }()
}
