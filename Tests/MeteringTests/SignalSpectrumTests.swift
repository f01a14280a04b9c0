import Foundation
import Metering
import Quantities
import TestSupport
import Testing

@Suite struct SignalSpectrumTests {
    @Test func `a full-scale sine reads 0 dB in its octave and nothing far from it`() throws {
        var worst = 0.0
        for rate in [44_100, 48_000, 96_000, 192_000] {
            for band in 0..<10 {
                let tone = sine(1000 * pow(10, 0.3 * Double(band - 5)), seconds: 1, rate: rate)
                let levels = try signalSummary([tone, tone], rate: rate, spectrum: true).bandLevels
                worst = max(worst, abs(levels[band].value))
                for other in 0..<10 where abs(other - band) > 1 { #expect(levels[other].value < -65) }
            }
        }
        let fact = Fact(
            "Signal meter", "octave level of a sine at its centre, 31.5 Hz to 16 kHz, 44.1 to 192 kHz", worst,
            .atMost(0.1), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }

    @Test(arguments: [1, 2, 3]) func `white noise rises 3 dB per octave, whatever the channels`(channels: Int) throws {
        let noise = whiteNoise(seconds: 20)
        let planes = [[Float]](repeating: noise, count: channels)
        let summary = try signalSummary(planes, spectrum: true)
        // Its whole power 1/12, over 24 kHz.
        for band in 2..<10 {
            let centre = 1000 * pow(10, 0.3 * Double(band - 5))
            let width = centre * (pow(10, 0.15) - pow(10, -0.15))
            let expected = 10 * log10(2.0 / 12 * width / 24_000)
            #expect(abs(summary.bandLevels[band].value - expected) < 0.5)
        }
        let lines = summary.meanLinePowers.reduce(0, +)
        #expect(abs(10 * log10(lines * 12)) < 0.05)
    }

    @Test func `the band powers of a range are the frame-weighted mean of its seconds`() throws {
        let plane = sine(1000, seconds: 2, rate: 8000) + sine(1000, seconds: 0.5, rate: 8000, peak: 0.5)
        let summary = try signalSummary([plane], rate: 8000, spectrum: true)
        #expect(abs(summary.bandPowers(second: 0)[5] - 0.5) < 0.001)
        #expect(abs(summary.bandPowers(second: 2)[5] - 0.125) < 0.001)
        #expect(abs(summary.bandPowers(seconds: 1..<3)[5] - (0.5 + 0.125 * 0.5) / 1.5) < 0.001)
        #expect(summary.bandLevels[9] == .silence)
    }

    @Test func `brightness follows a shelf where it happens`() throws {
        let (low, high) = (sine(300, seconds: 6, peak: 0.3), sine(6000, seconds: 6, peak: 0.1))
        let gain = Float(pow(10, 1.4 / 20))
        let plane = low.indices.map { low[$0] + high[$0] * ((96_000..<192_000).contains($0) ? gain : 1) }
        let summary = try signalSummary([plane, plane], spectrum: true)
        let before = try #require(summary.brightness(seconds: 0..<2))
        let during = try #require(summary.brightness(seconds: 2..<4))
        #expect(abs(during.value - before.value - 1.4) < 0.001)
        #expect(abs(before.value - 20 * log10(0.1 / 0.3)) < 0.01)
    }

    @Test func `without spectra, all else is the same and the spectrum is nil`() throws {
        let planes = musicLike(seconds: 3.2, rate: 8000)
        let (with, without) = (
            try signalSummary(planes, rate: 8000, spectrum: true), try signalSummary(planes, rate: 8000)
        )
        #expect(with.correlation == without.correlation)
        #expect(with.channels[1].rms == without.channels[1].rms)
        #expect(without.bandLevels.isEmpty)
        #expect(without.bandPowers(second: 0).isEmpty)
        #expect(without.brightness(seconds: 0..<2) == nil)
        #expect(without.bandwidthHertz == nil)
        #expect(without.spectrumEdge == nil)
        #expect(without.lowFrequencyCorrelation == nil)
    }
}

@Suite struct SignalBandwidthTests {
    private struct Source: Sendable {
        let name: String
        let make: @Sendable (Int) -> [Float]
    }

    private static let sources = [
        Source(name: "white noise") { whiteNoise(seconds: 3, rate: $0) },
        Source(name: "music") { musicLike(seconds: 4, rate: $0, channels: 1)[0] },
    ]

    @Test(arguments: [
        (44_100, 48_000), (44_100, 88_200), (44_100, 96_000), (48_000, 96_000), (44_100, 192_000), (96_000, 192_000),
        (32_000, 48_000), (32_000, 44_100), (22_050, 44_100), (16_000, 48_000),
    ])
    func `upsampled material is suspected, and its edge is found`(from: Int, to: Int) throws {
        for source in Self.sources {
            let raised = converted(source.make(from), from: from, to: to)
            for plane in [raised, quantised(raised, bits: 24), quantised(raised, bits: 16, isDithered: true)] {
                let summary = try signalSummary([plane], rate: to, spectrum: true)
                let edge = try #require(summary.spectrumEdge, "\(source.name)")
                #expect(summary.isUpsamplingSuspected, "\(source.name): \(edge)")
                #expect(edge.hertz > 0.88 * Double(from) / 2, "\(source.name): \(edge)")
                #expect(edge.hertz < 1.02 * Double(from) / 2, "\(source.name): \(edge)")
                #expect(summary.bandwidthHertz == edge.hertz)
            }
        }
    }

    @Test(arguments: [(96_000, 48_000), (96_000, 44_100), (192_000, 96_000), (48_000, 44_100), (88_200, 44_100)])
    func `material converted down is not suspected`(from: Int, to: Int) throws {
        for source in Self.sources {
            let lowered = converted(source.make(from), from: from, to: to)
            for plane in [lowered, quantised(lowered, bits: 24), quantised(lowered, bits: 16, isDithered: true)] {
                let summary = try signalSummary([plane], rate: to, spectrum: true)
                #expect(!summary.isUpsamplingSuspected, "\(source.name): \(String(describing: summary.spectrumEdge))")
            }
        }
    }

    @Test(arguments: [44_100, 48_000, 96_000]) func `white noise has the full bandwidth`(rate: Int) throws {
        let summary = try signalSummary([whiteNoise(seconds: 2, rate: rate)], rate: rate, spectrum: true)
        #expect(summary.bandwidthHertz == Double(rate) / 2)
        #expect(summary.spectrumEdge == nil)
    }

    @Test func `what is in the side signal or a third channel counts as well`() throws {
        let (noise, silence) = (whiteNoise(seconds: 2), [Float](repeating: 0, count: 96_000))
        for planes in [[noise, noise.map { -$0 }], [silence, silence, noise], [silence, noise]] {
            #expect(try signalSummary(planes, spectrum: true).bandwidthHertz == 24_000)
        }
    }

    @Test func `dark material raises no alarm, and its bandwidth ends at the noise of its bits`() throws {
        for (hertz, order) in [(2000.0, 2), (4000, 4), (8000, 4), (8000, 8), (12_000, 8), (5000, 10), (16_000, 10)] {
            let dark = lowPassed(whiteNoise(seconds: 3, rate: 96_000), hertz: hertz, order: order, rate: 96_000)
            var widths: [Double] = []
            for plane in [
                dark, quantised(dark, bits: 24), quantised(dark, bits: 16), quantised(dark, bits: 16, isDithered: true),
            ] {
                let summary = try signalSummary([plane], rate: 96_000, spectrum: true)
                let edge = String(describing: summary.spectrumEdge)
                #expect(!summary.isUpsamplingSuspected, "\(hertz) Hz, order \(order): \(edge)")
                widths.append(try #require(summary.bandwidthHertz))
            }
            #expect(widths[3] < widths[1], "\(widths)")
            #expect(widths[3] > hertz, "\(widths)")
        }
    }

    @Test func `a tone and a chord are not upsampled`() throws {
        let chord = (1...25).map { sine(110 * Double($0), seconds: 2, peak: 0.01) }
        let mix = chord.reduce([Float](repeating: 0, count: 96_000)) { zip($0, $1).map { $0 + $1 } }
        let planes = [sine(1000, seconds: 2), sine(15_000, seconds: 2), mix]
        for plane in planes {
            #expect(try !signalSummary([plane], spectrum: true).isUpsamplingSuspected)
        }
        #expect(abs(try #require(try signalSummary([planes[1]], spectrum: true).bandwidthHertz) - 15_000) < 100)
    }

    @Test func `the steepest filter that raises no alarm has at least 96 dB per octave`() throws {
        let noise = whiteNoise(seconds: 3)
        var slope = 0
        for order in stride(from: 2, through: 40, by: 2) {
            let plane = quantised(lowPassed(noise, hertz: 8000, order: order, rate: 48_000), bits: 24)
            if try signalSummary([plane], spectrum: true).isUpsamplingSuspected { break }
            slope = 6 * order
        }
        let fact = Fact(
            "Signal meter", "steepest low-pass at 8 kHz that is not taken for upsampling", Double(slope), .atLeast(96),
            unit: "dB per octave")
        #expect(fact.holds, "\(fact)")
    }
}
