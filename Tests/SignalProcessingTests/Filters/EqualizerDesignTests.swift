import Foundation
import SignalProcessing
import TestSupport
import Testing

/// The designs against the analogue prototype.
@Suite struct EqualizerDesignTests {
    static let rates = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000]
    static let corners = [20.0, 50, 100, 300, 1000, 2000, 4000, 6000, 8000, 10_000, 12_000, 14_000, 16_000, 18_000]
    static let gains = [-24.0, -12, -6, -1, 1, 6, 12, 24]
    static let frequencies: [Double] = {
        let all = (0..<160).map { 20 * pow(1000, Double($0) / 159) }
        return all + (0..<40).map { 10_000 + 250 * Double($0 + 1) }
    }()

    enum Family: String, CaseIterable, CustomTestStringConvertible {
        case bells, shelves, notches = "notches and band-passes", highPasses = "high-passes", lowPasses = "low-passes"
        var testDescription: String { rawValue }

        var bands: [[Double]] {
            typealias Settings = EqualizerSettings
            var bands: [[Double]] = []
            let qs = [0.3, 0.5, 0.7071, 1, 2, 4, 10]
            for f in corners {
                switch self {
                case .bells:
                    for gain in gains { for q in qs { bands.append(Settings.band(.bell, f, gain: gain, q: q)) } }
                case .shelves:
                    for shape in [EqualizerBand.Shape.lowShelf, .highShelf, .tilt] {
                        for gain in gains {
                            bands.append(Settings.band(shape, f, gain: gain, slope: 6))
                            for q in qs.prefix(5) { bands.append(Settings.band(shape, f, gain: gain, q: q)) }
                        }
                    }
                case .notches:
                    for q in qs { bands += [Settings.band(.notch, f, q: q), Settings.band(.bandPass, f, q: q)] }
                case .highPasses, .lowPasses:
                    let shape = self == .highPasses ? EqualizerBand.Shape.highPass : .lowPass
                    for slope in EqualizerBand.slopes {
                        bands.append(Settings.band(shape, f, slope: slope))
                        bands.append(Settings.band(shape, f, slope: slope, alignment: .linkwitzRiley))
                    }
                    for q in qs { bands.append(Settings.band(shape, f, q: q)) }
                }
            }
            return bands
        }

        private var corners: [Double] { EqualizerDesignTests.corners }
        private var gains: [Double] { EqualizerDesignTests.gains }
    }

    /// The Audio EQ Cookbook's bilinear designs are 2.4 to 4.2 dB off at 44.1 and 48 kHz.
    @Test("the magnitude is that of the analogue prototype", arguments: rates)
    func deviation(rate: Int) throws {
        for family in Family.allCases {
            let bands = try family.bands.map { try #require(EqualizerBand(values: $0)) }
            let designs = EqualizerDesign.sections(bands, rateHertz: Double(rate))
            var worst = (0.0, "nothing")
            for (band, design) in zip(bands, designs) {
                for f in Self.frequencies {
                    let wanted = EqualizerResponse.value(of: band, gainDecibels: band.gainDecibels, atHertz: f).power
                    // -100 dB and less is not heard.
                    guard wanted > 1e-10 else { continue }
                    let got: Double = design.sections.reduce(design.scale * design.scale) {
                        $0 * power($1, f / Double(rate))
                    }
                    let error = abs(10 * log10(got / wanted))
                    if !(error <= worst.0) {
                        worst = (
                            error,
                            "\(band.shape) \(band.frequencyHertz) \(band.gainDecibels) \(band.q) "
                                + "\(band.slopeDecibelsPerOctave) \(band.alignment) at \(f), \(design.sections.count)"
                        )
                    }
                }
            }
            let fact = Fact(
                "Equalizer",
                "\(family.rawValue), 20 Hz to 18 kHz, deviation from the analogue prototype up to 20 kHz at \(rate) Hz",
                worst.0, .atMost(0.05), unit: "dB")
            #expect(fact.holds, "\(fact), \(worst.1)")
        }
    }

    @Test("a boost and the cut of the same gain are inverses")
    func inverses() throws {
        var worst = 0.0
        for shape in [EqualizerBand.Shape.bell, .lowShelf, .highShelf, .tilt] {
            for f in [30.0, 1000, 9000, 17_000] {
                let values = [6.0, -6].map { EqualizerSettings.band(shape, f, gain: $0, q: 1.3) }
                let bands = try values.map { try #require(EqualizerBand(values: $0)) }
                let designs = EqualizerDesign.sections(bands, rateHertz: 44_100)
                for f in Self.frequencies {
                    let scale = designs[0].scale * designs[1].scale
                    let both: Double = designs.flatMap(\.sections).reduce(scale * scale) {
                        $0 * power($1, f / 44_100)
                    }
                    worst = max(worst, abs(both - 1))
                }
            }
        }
        #expect(worst < 1e-9)
    }

    @Test("steep passes have their corner and their slope")
    func corners() throws {
        for (alignment, level) in [(EqualizerBand.Alignment.butterworth, -3.0103), (.linkwitzRiley, -6.0206)] {
            for shape in [EqualizerBand.Shape.highPass, .lowPass] {
                var worst = 0.0
                for slope in [12, 24, 36, 48, 72, 96] {
                    let values = EqualizerSettings.band(
                        shape, 1000, q: 0.5.squareRoot(), slope: slope, alignment: alignment)
                    let band = try #require(EqualizerBand(values: values))
                    let design = EqualizerDesign.sections(band, rateHertz: 48_000)
                    func decibels(_ f: Double) -> Double {
                        10
                            * log10(
                                design.sections.reduce(design.scale * design.scale) { $0 * power($1, f / 48_000) })
                    }
                    worst = max(worst, abs(decibels(1000) - level))
                    let far = shape == .highPass ? 125.0 : 8000
                    let near = shape == .highPass ? 250.0 : 4000
                    #expect(abs(decibels(near) - decibels(far) - Double(slope)) < 0.06 * Double(slope))
                }
                let fact = Fact(
                    "Equalizer", "\(alignment) \(shape), 12 to 96 dB/oct, error of the level at the corner", worst,
                    .atMost(0.05), unit: "dB")
                #expect(fact.holds, "\(fact)")
            }
        }
    }

    @Test("both sides of a Linkwitz-Riley crossover sum to an all-pass", arguments: [44_100.0, 48_000, 96_000])
    func crossover(rate: Double) {
        var worst = 0.0
        for slope in [12, 24, 48, 96] {
            for corner in [60.0, 400, 3000, 12_000] {
                let low = EqualizerDesign.linkwitzRiley(
                    .lowPass, frequencyHertz: corner, slopeDecibelsPerOctave: slope, rateHertz: rate)
                let high = EqualizerDesign.linkwitzRiley(
                    .highPass, frequencyHertz: corner, slopeDecibelsPerOctave: slope, rateHertz: rate)
                for f in Self.frequencies {
                    let sign = slope == 12 ? -1.0 : 1.0
                    let (a, b) = (response(low, f / rate), response(high, f / rate))
                    let sum = (a.0 + sign * b.0, a.1 + sign * b.1)
                    worst = max(worst, abs(10 * log10(sum.0 * sum.0 + sum.1 * sum.1)))
                }
                let corner = response(low, corner / rate)
                #expect(abs(10 * log10(corner.0 * corner.0 + corner.1 * corner.1) + 6.0206) < 1e-6)
            }
        }
        let fact = Fact(
            "Crossover", "Linkwitz-Riley 12 to 96 dB/oct, ripple of the sum at \(Int(rate)) Hz", worst,
            .atMost(0.001), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test("numbers out of range are refused")
    func refusals() {
        let good = EqualizerSettings.usual
        #expect(EqualizerParameters(values: good)?.bands.count == 4)
        #expect(EqualizerParameters(values: []) == nil)
        #expect(EqualizerParameters(values: [0]) == nil)
        #expect(EqualizerParameters(values: Array(good.dropLast())) == nil)
        #expect(EqualizerParameters(values: [0] + (0..<25).flatMap { _ in EqualizerSettings.band(.bell, 100) }) == nil)
        for (index, value) in [
            (0, 2.0), (1, 8), (1, 0.5), (2, 9), (3, 37), (4, 0), (5, 8), (6, 2), (7, 5), (9, 99),
            (10, 0.9), (11, 1), (12, 0), (2, .nan),
        ] {
            var bad = good
            bad[index] = value
            #expect(EqualizerParameters(values: bad) == nil, "\(value) at \(index)")
        }
        var linear = good
        linear[0] = 1
        #expect(EqualizerParameters(values: linear)?.mode == .linearPhase)
        #expect(
            Equalizer(lanes: [linear, nil, nil, nil], keys: [false, false, false, false], rateHertz: 48_000) == nil)
    }

    // MARK: - The response of sections

    private func power(_ section: SectionCoefficients, _ fraction: Double) -> Double {
        let h = response([section], fraction)
        return h.0 * h.0 + h.1 * h.1
    }

    /// Product of the sections' transfer functions: t (1 + stepP u + stepR u^2) = x with u = 1 / (z - 1).
    private func response(_ sections: [SectionCoefficients], _ fraction: Double) -> (Double, Double) {
        let s = sin(.pi * fraction)
        // z - 1 without cancellation.
        let u = divide((1, 0), (-2 * s * s, sin(2 * .pi * fraction)))
        var product = (1.0, 0.0)
        for section in sections {
            let uu = multiply(u, u)
            let t = divide(
                (1, 0), (1 + section.stepP * u.0 + section.stepR * uu.0, section.stepP * u.1 + section.stepR * uu.1))
            let r = multiply(multiply(t, u), (section.stepR, 0))
            product = multiply(
                product,
                (
                    section.direct + section.difference * t.0 + section.rate * r.0,
                    section.difference * t.1 + section.rate * r.1
                ))
        }
        return product
    }

    private func multiply(_ a: (Double, Double), _ b: (Double, Double)) -> (Double, Double) {
        (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0)
    }

    private func divide(_ a: (Double, Double), _ b: (Double, Double)) -> (Double, Double) {
        let power = b.0 * b.0 + b.1 * b.1
        return multiply(a, (b.0 / power, -b.1 / power))
    }
}
