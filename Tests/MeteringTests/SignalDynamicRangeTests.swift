import Foundation
import Metering
import Quantities
import TestSupport
import Testing

@Suite struct SignalDynamicRangeTests {
    @Test func `a sine has DR 0, in dB as well`() throws {
        let summary = try signalSummary([sine(1000, seconds: 9, rate: 8000, peak: 0.3)], rate: 8000)
        #expect(summary.dynamicRange == 0)
        #expect(abs(try #require(summary.channels[0].dynamicRange).value) < 1e-5)
    }

    @Test func `the second-highest block peak and the loudest fifth count`() throws {
        // Ten blocks of 3 s: two loud ones, spikes in three quiet ones.
        var plane = sine(1000, seconds: 30, rate: 8000, peak: 0.05)
        for (i, x) in sine(1000, seconds: 6, rate: 8000, peak: 0.25).enumerated() { plane[24_000 + i] = x }
        plane[100_000] = 1
        plane[130_000] = -0.5
        plane[160_000] = 0.4
        let summary = try signalSummary([plane], rate: 8000)
        // 0.5 over 0.25; the spikes lie outside the loud blocks.
        #expect(abs(try #require(summary.channels[0].dynamicRange).value - 6.020599913) < 1e-5)
        #expect(summary.dynamicRange == 6)
    }

    @Test func `channels are averaged before rounding, and silent ones left out`() throws {
        // Square waves have 3.01 dB less than sines.
        let square = (0..<30_000).map { $0 % 80 < 40 ? Float(0.5) : -0.5 }
        let tone = sine(100, seconds: 3.75, rate: 8000)
        let silence = [Float](repeating: 0, count: 30_000)
        #expect(try signalSummary([square], rate: 8000).dynamicRange == -3)
        #expect(try signalSummary([square, tone], rate: 8000).dynamicRange == -2)
        #expect(try signalSummary([tone, silence], rate: 8000).dynamicRange == 0)
    }

    @Test func `less than a block is not measurable`() throws {
        #expect(try signalSummary([sine(1000, seconds: 2.99, rate: 8000)], rate: 8000).dynamicRange == nil)
        #expect(try signalSummary([sine(1000, seconds: 3, rate: 8000)], rate: 8000).dynamicRange == 0)
    }

    /// At 44.1 kHz a block is 132,480 frames, which no second's border but every 441st meets.
    @Test(arguments: [44_100, 48_000]) func `blocks across seconds equal blocks of the whole song`(rate: Int) throws {
        var generator = SeededGenerator(state: UInt64(rate))
        var plane = whiteNoise(seconds: 31.7, rate: rate, peak: 1, seed: 3)
        // Another level every half second, so that borders matter.
        for start in stride(from: 0, to: plane.count, by: rate / 2) {
            let gain = Float.random(in: 0.05...0.6, using: &generator)
            for i in start..<min(start + rate / 2, plane.count) { plane[i] *= gain }
        }
        let size = rate == 44_100 ? 132_480 : 3 * rate
        let blocks = stride(from: 0, to: plane.count, by: size).map { plane[$0..<min($0 + size, plane.count)] }
        let powers = blocks.map { block in
            2 * block.reduce(0) { $0 + Double($1) * Double($1) } / Double(block.count)
        }
        let peaks = blocks.map { $0.reduce(Float(0)) { max($0, abs($1)) } }.sorted()
        let loud = powers.sorted().suffix(blocks.count / 5)
        let expected = 10 * log10(pow(Double(peaks[peaks.count - 2]), 2) / (loud.reduce(0, +) / Double(loud.count)))
        let found = try #require(try signalSummary([plane], rate: rate).channels[0].dynamicRange)
        let fact = Fact(
            "Signal meter", "DR folded from seconds against blocks of the whole song, \(rate) Hz",
            abs(found.value - expected), .atMost(1e-9), unit: "dB")
        #expect(fact.holds, "\(fact)")
    }
}
