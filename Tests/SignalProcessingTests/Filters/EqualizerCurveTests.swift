import Foundation
import SignalProcessing
import TestSupport
import Testing

/// The curve that the equalizer at work has, in its own arithmetic: the spectrum of what an impulse becomes.
@Suite struct EqualizerCurveTests {
    /// 20 Hz to 20 kHz, 24 to the octave.
    static let frequencies = (0...239).map { 20 * pow(1000, Double($0) / 239) }

    /// Every type, narrow and wide, boost and cut, gentle and steep, low and high.
    static let bands: [[Double]] = {
        typealias Settings = EqualizerSettings
        var bands: [[Double]] = []
        for f in [20.0, 80, 400, 2000, 6000, 10_000, 14_000, 18_000] {
            for q in [0.4, 1, 5] {
                for gain in [-18.0, -3, 6, 24] { bands.append(Settings.band(.bell, f, gain: gain, q: q)) }
                bands += [Settings.band(.notch, f, q: q), Settings.band(.bandPass, f, q: q)]
            }
            for gain in [-18.0, -4, 12] {
                for shape in [EqualizerBand.Shape.lowShelf, .highShelf, .tilt] {
                    bands += [
                        Settings.band(shape, f, gain: gain, slope: 6), Settings.band(shape, f, gain: gain),
                        Settings.band(shape, f, gain: gain, q: 1.5),
                    ]
                }
            }
            for shape in [EqualizerBand.Shape.highPass, .lowPass] {
                bands += [Settings.band(shape, f, q: 0.5), Settings.band(shape, f, q: 2.5)]
                for slope in EqualizerBand.slopes {
                    bands.append(Settings.band(shape, f, slope: slope))
                    bands.append(Settings.band(shape, f, slope: slope, alignment: .linkwitzRiley))
                }
            }
            while bands.count % 4 != 0 { bands.append(Settings.band(.bell, f, gain: 1)) }
        }
        return bands
    }()

    @Test("an impulse through the device has the analogue curve", arguments: [44_100, 48_000])
    func curve(rate: Int) throws {
        var worst = (0.0, "nothing")
        for start in stride(from: 0, to: Self.bands.count, by: 4) {
            let settings = Array(Self.bands[start..<start + 4])
            // A bell of 24 dB at 20 Hz rings for seconds; the four bands have one frequency.
            var impulse = [LaneFrame](repeating: LaneFrame(), count: settings[0][1] < 100 ? 262_144 : 32_768)
            impulse[0] = LaneFrame(repeating: 1)
            var device = try EqualizerTests.equalizer(settings.map { EqualizerSettings.device($0) }, rate)
            let output = LaneChecks.run(&device, impulse, blockLength: 4096)
            for lane in 0..<4 {
                let band = try #require(EqualizerBand(values: settings[lane]))
                let response = Self.untilSilent(output.map { Double($0[lane]) })
                for first in stride(from: 0, to: Self.frequencies.count, by: 8) {
                    let frequencies = SIMD8(Self.frequencies[first..<first + 8])
                    let got = Self.power(response, frequencies / Double(rate))
                    for i in 0..<8 {
                        let f = frequencies[i]
                        let wanted = EqualizerResponse.value(
                            of: band, gainDecibels: band.gainDecibels, atHertz: f
                        ).power
                        guard wanted > 1e-6 else { continue }
                        let error = abs(10 * log10(got[i] / wanted))
                        if !(error <= worst.0) { worst = (error, "\(settings[lane]) at \(f) Hz") }
                    }
                }
            }
        }
        let fact = Fact(
            "Equalizer",
            "an impulse through the device, all types, 20 Hz to 18 kHz: deviation from the analogue prototype up to "
                + "20 kHz where that is above -60 dB, \(rate) Hz", worst.0, .atMost(0.05), unit: "dB")
        #expect(fact.holds, "\(fact), \(worst.1)")
    }

    /// Without the end that is 160 dB below the peak.
    private static func untilSilent(_ response: [Double]) -> ArraySlice<Double> {
        let peak = response.reduce(0) { max($0, abs($1)) }
        return response[...(response.lastIndex { abs($0) > 1e-8 * peak } ?? 0)]
    }

    /// Squared magnitude of the spectrum at eight fractions of the rate, by Horner's scheme.
    @inline(never)
    private static func power(_ response: ArraySlice<Double>, _ fractions: SIMD8<Double>) -> SIMD8<Double> {
        var (c, s) = (SIMD8<Double>(), SIMD8<Double>())
        for i in 0..<8 {
            c[i] = cos(2 * Double.pi * fractions[i])
            s[i] = -sin(2 * Double.pi * fractions[i])
        }
        var (real, imaginary) = (SIMD8<Double>(), SIMD8<Double>())
        for x in response.reversed() {
            let next = real * c - imaginary * s + SIMD8(repeating: x)
            imaginary = real * s + imaginary * c
            real = next
        }
        return real * real + imaginary * imaginary
    }
}
