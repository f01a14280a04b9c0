import Foundation
import Metering
import Quantities
import TestSupport
import Testing

@Suite struct SignalLevelTests {
    @Test func `a sine of peak one half reads minus 6.02 dBFS with a crest factor of 3.01 dB`() throws {
        let summary = try signalSummary([sine(1000, seconds: 2, peak: 0.5)])
        let channel = summary.channels[0]
        let rms = try #require(channel.rms)
        let crest = try #require(channel.crestFactor)
        #expect(abs(rms.value + 6.020599913) < 1e-5)
        #expect(abs(crest.value - 3.010299957) < 1e-5)
        #expect(channel.samplePeak == 0.5)
        // A quarter of the period of 48 frames.
        #expect(channel.samplePeakFrame == 12)
        #expect(abs(channel.samplePeakLevel.value + 6.020599913) < 1e-9)
        #expect(abs(summary.rms(second: 1).value + 6.020599913) < 1e-5)
        #expect(summary.samplePeak(second: 1) == 0.5)
    }

    @Test func `a square wave has no crest and reads 3.01 dB above a sine`() throws {
        let square = (0..<96_000).map { $0 % 100 < 50 ? Float(1) : -1 }
        let channel = try signalSummary([square]).channels[0]
        #expect(channel.crestFactor == Decibels(0))
        #expect(abs(try #require(channel.rms).value - 3.010299957) < 1e-9)
        #expect(channel.offset == 0)
    }

    @Test func `an offset is found beside a tone and on its own`() throws {
        let constant = try signalSummary([[Float](repeating: -0.25, count: 50_001)]).channels[0]
        #expect(constant.offset == -0.25)
        #expect(abs(try #require(constant.offsetLevel).value + 12.041199827) < 1e-9)
        let tone = try signalSummary([sine(1000, seconds: 1, peak: 0.5).map { $0 + 0.01 }]).channels[0]
        #expect(abs(try #require(tone.offset) - 0.01) < 1e-8)
    }

    @Test func `the peak is the first frame of the greatest magnitude, of either sign`() throws {
        var plane = [Float](repeating: 0, count: 100_000)
        plane[70_000] = -0.75
        plane[70_001] = 0.75
        plane[50] = 0.5
        let channel = try signalSummary([plane]).channels[0]
        #expect(channel.samplePeak == 0.75)
        #expect(channel.samplePeakFrame == 70_000)
    }

    @Test func `non-finite samples are counted and are silence in everything else`() throws {
        let clean = musicLike(seconds: 2.5, rate: 8000)
        var (holed, broken) = (clean, clean)
        for (channel, frame, value) in [
            (0, 9000, Float.nan), (1, 8005, .infinity), (1, 8006, -.infinity), (1, 19_999, .signalingNaN),
        ] {
            holed[channel][frame] = 0
            broken[channel][frame] = value
        }
        let (expected, found) = (
            try signalSummary(holed, rate: 8000, spectrum: true), try signalSummary(broken, rate: 8000, spectrum: true)
        )
        #expect(found.nonFiniteSampleCount == 4)
        #expect(found.firstNonFiniteFrame == 8005)
        #expect(found.channels[0].firstNonFiniteFrame == 9000)
        #expect(found.channels[1].nonFiniteSampleCount == 3)
        #expect(expected.nonFiniteSampleCount == 0)
        #expect(expected.firstNonFiniteFrame == nil)
        for channel in 0..<2 {
            let (a, b) = (expected.channels[channel], found.channels[channel])
            #expect(a.rms == b.rms)
            #expect(a.samplePeak == b.samplePeak)
            #expect(a.offset == b.offset)
        }
        #expect(expected.bandLevels == found.bandLevels)
        #expect(expected.correlation == found.correlation)
        #expect(expected.bitDepth == found.bitDepth)
    }

    @Test func `a song of nothing but NaN is a silent one`() throws {
        let summary = try signalSummary([[Float](repeating: .nan, count: 9000)], rate: 8000, spectrum: true)
        #expect(summary.nonFiniteSampleCount == 9000)
        #expect(summary.bitDepth == .silence)
        #expect(summary.tailDigitalSilenceFrameCount == 9000)
        #expect(summary.channels[0].rms == .silence)
    }

    @Test func `silence has no crest, no correlation, no spectrum and no dynamic range`() throws {
        let plane = [Float](repeating: 0, count: 200_000)
        let summary = try signalSummary([plane, plane], spectrum: true)
        let channel = summary.channels[0]
        #expect(channel.rms == .silence)
        #expect(channel.crestFactor == nil)
        #expect(channel.samplePeakFrame == nil)
        #expect(channel.offset == 0)
        #expect(channel.flatTopRuns.count == 0)
        #expect(summary.bitDepth == .silence)
        #expect(summary.correlation == nil)
        #expect(summary.leastCorrelation == nil)
        #expect(summary.lowFrequencyCorrelation == nil)
        #expect(summary.monoSumLoss == nil)
        #expect(summary.sideToMid == nil)
        #expect(summary.balance == nil)
        #expect(summary.dynamicRange == nil)
        #expect(summary.bandwidthHertz == nil)
        #expect(summary.brightness(seconds: 0..<4) == nil)
        #expect(summary.bandLevels == [Decibels](repeating: .silence, count: 10))
        #expect(summary.headSilenceFrameCount == 200_000)
        #expect(summary.tailDigitalSilenceFrameCount == 200_000)
        #expect(summary.longestDropOut == nil)
    }

    @Test func `nothing at all is nil`() {
        let summary = SignalSummary(rateHertz: 48_000, channelCount: 2)
        #expect(summary.channels[0].rms == nil)
        #expect(summary.channels[0].offset == nil)
        #expect(summary.correlation == nil)
        #expect(summary.leastCorrelation == nil)
        #expect(summary.lowFrequencyCorrelation == nil)
        #expect(summary.bandLevels.isEmpty)
        #expect(summary.bandwidthHertz == nil)
        #expect(summary.dynamicRange == nil)
        #expect(summary.bitDepth == .silence)
        #expect(summary.headSilenceFrameCount == 0)
    }

    @Test func `one frame is measured`() throws {
        let summary = try signalSummary([[0.5], [0.5]], spectrum: true)
        #expect(abs(try #require(summary.channels[0].rms).value + 3.010299957) < 1e-9)
        #expect(summary.channels[0].samplePeakFrame == 0)
        #expect(summary.bitDepth == .integer(2))
        #expect(summary.correlation == 1)
        #expect(summary.leastCorrelation?.correlation == 1)
        #expect(summary.headSilenceFrameCount == 0)
        #expect(summary.tailSilenceFrameCount == 0)
        #expect(summary.bandwidthHertz == nil)
        #expect(summary.bandLevels.count == 10)
    }

    @Test func `denormals are not silence and not integers`() throws {
        let plane = [Float](repeating: .leastNonzeroMagnitude, count: 10_000)
        let summary = try signalSummary([plane, plane], rate: 8000, spectrum: true)
        #expect(summary.channels[0].samplePeak == .leastNonzeroMagnitude)
        #expect(summary.bitDepth == .float)
        #expect(summary.headDigitalSilenceFrameCount == 0)
        #expect(summary.headSilenceFrameCount == 10_000)
        #expect(try #require(summary.channels[0].rms).value.isFinite)
        #expect(summary.correlation == 1)
    }

    @Test(arguments: 1...24) func `the used bit depth is the lowest active bit`(bits: Int) throws {
        let step = Float(sign: .plus, exponent: 1 - bits, significand: 1)
        var plane = quantised(whiteNoise(seconds: 1.5, peak: 0.9), bits: max(1, bits - 1))
        // The only sample with the lowest bit, in a place that is not a vector's.
        plane[60_001] = bits == 1 ? -1 : -step
        #expect(try signalSummary([plane]).bitDepth == .integer(bits))
        let silence = [Float](repeating: 0, count: plane.count)
        #expect(try signalSummary([silence, plane]).bitDepth == .integer(bits))
    }

    @Test(arguments: [0x1p-24, 1.00001, -0x1.000002p-1, 0x1p-140] as [Float])
    func `a sample that no 24-bit file holds makes the song floating-point`(sample: Float) throws {
        var plane = quantised(whiteNoise(seconds: 2, rate: 8000), bits: 16)
        plane[9001] = sample
        let summary = try signalSummary([plane, [Float](repeating: 0, count: plane.count)], rate: 8000)
        #expect(summary.bitDepth == .float)
        #expect(summary.channels[1].bitDepth == .silence)
    }

    @Test func `six channels are measured one by one, and the image of the first two`() throws {
        let planes = (0..<6).map { sine(1000, seconds: 1, peak: 0.5 / Double($0 + 1), turns: $0 == 1 ? 0.25 : 0) }
        let summary = try signalSummary(planes, spectrum: true)
        for (channel, values) in summary.channels.enumerated() {
            let expected = 20 * log10(0.5 / Double(channel + 1))
            #expect(abs(try #require(values.rms).value - expected) < 1e-5)
        }
        #expect(abs(try #require(summary.correlation)) < 1e-6)
        #expect(abs(try #require(summary.balance).value - 6.0206) < 1e-4)
    }

    @Test func `mono has no image`() throws {
        let summary = try signalSummary([sine(1000, seconds: 1)], spectrum: true)
        #expect(summary.correlation == nil)
        #expect(summary.leastCorrelation == nil)
        #expect(summary.monoSumLoss == nil)
        #expect(summary.sideToMid == nil)
        #expect(summary.balance == nil)
        #expect(summary.lowFrequencyCorrelation == nil)
        #expect(summary.correlation(second: 0) == nil)
        #expect(abs(summary.bandLevels[5].value) < 0.01)
    }
}
