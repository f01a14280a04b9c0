import Metering
import Quantities
import Testing

@Suite struct ChannelLayoutTests {
    private func weights(_ name: String) throws -> [Double] {
        try #require(ChannelLayout.named(name), "\(name)").weights()
    }

    @Test func `The usual layouts have the weights of BS.1770-5`() throws {
        #expect(try weights("mono") == [1])
        #expect(try weights("stereo") == [1, 1])
        #expect(try weights("3.0") == [1, 1, 1])
        #expect(try weights("4.0") == [1, 1, 1.41, 1.41])
        #expect(try weights("lcrs") == [1, 1, 1, 1])
        #expect(try weights("5.0") == [1, 1, 1, 1.41, 1.41])
        #expect(try weights("5.1") == [1, 1, 1, 0, 1.41, 1.41])
        #expect(try weights("7.1") == [1, 1, 1, 0, 1, 1, 1.41, 1.41])
    }

    @Test func `The systems of BS.2051 have as many channels, LFEs and side channels as it says`() throws {
        // Channels, LFEs, channels at azimuths from 60 to 120 degrees below 30 degrees of elevation.
        let systems: [(String, Int, Int, Int)] = [
            ("0+2+0", 2, 0, 0), ("0+5+0", 6, 1, 2), ("2+5+0", 8, 1, 2), ("4+5+0", 10, 1, 2), ("4+5+1", 11, 1, 2),
            ("3+7+0", 12, 2, 2), ("4+9+0", 14, 1, 2), ("9+10+3", 24, 2, 4), ("0+7+0", 8, 1, 2), ("4+7+0", 12, 1, 2),
        ]
        for (name, count, lowFrequency, sides) in systems {
            let layout = try #require(ChannelLayout.named(name))
            #expect(layout.channelCount == count, "\(name)")
            let weights = layout.weights()
            #expect(weights.count { $0 == 0 } == lowFrequency, "\(name)")
            #expect(weights.count { $0 == 1.41 } == sides, "\(name)")
            #expect(weights.count { $0 == 1 } == count - lowFrequency - sides, "\(name)")
            // The name counts the loudspeakers of the upper, middle and bottom layer.
            let layers = [1, 0, -1].map { side in
                layout.speakers.count { !$0.isLowFrequency && $0.elevationDegrees.signum() == side }
            }
            #expect(layers.map(String.init).joined(separator: "+") == name)
            #expect(Set(layout.speakers.map(\.label)).count == count, "\(name)")
        }
        // Azimuths that are neither the rear's nor the front's: 60 degrees count as the side, heights never.
        let large = try #require(ChannelLayout.named("9+10+3"))
        for (speaker, weight) in zip(large.speakers, large.weights()) {
            let isSide = ["M+060", "M-060", "M+090", "M-090"].contains(speaker.label)
            #expect(weight == (speaker.isLowFrequency ? 0 : isSide ? 1.41 : 1), "\(speaker.label)")
        }
        #expect(ChannelLayout.named("7.1.4")?.name == "4+7+0")
        #expect(ChannelLayout.named("6.66") == nil)
    }

    @Test func `A WAVE mask names the loudspeakers`() throws {
        let masks: [(UInt32, Int, String, [Double])] = [
            (0x4, 1, "mono", [1]), (0x3, 2, "stereo", [1, 1]), (0x7, 3, "3.0", [1, 1, 1]),
            (0x33, 4, "4.0", [1, 1, 1.41, 1.41]), (0x107, 4, "lcrs", [1, 1, 1, 1]),
            (0x37, 5, "5.0", [1, 1, 1, 1.41, 1.41]), (0x607, 5, "5.0", [1, 1, 1, 1.41, 1.41]),
            (0x3f, 6, "5.1", [1, 1, 1, 0, 1.41, 1.41]), (0x60f, 6, "5.1", [1, 1, 1, 0, 1.41, 1.41]),
            (0x63f, 8, "7.1", [1, 1, 1, 0, 1, 1, 1.41, 1.41]),
            // The wide 7.1 of old, with two more loudspeakers in front.
            (0xff, 8, "0xff", [1, 1, 1, 0, 1.41, 1.41, 1, 1]),
            (0x2d63f, 12, "0x2d63f", [1, 1, 1, 0, 1, 1, 1.41, 1.41, 1, 1, 1, 1]),
        ]
        for (mask, count, name, weights) in masks {
            let layout = try ChannelLayout(waveMask: mask, channelCount: count)
            #expect(layout.name == name)
            #expect(layout.weights() == weights, "\(name)")
            #expect(!layout.isAssumed)
        }
    }

    @Test func `Without a mask the count of channels decides, or nothing does`() throws {
        for (count, name) in [(1, "mono"), (2, "stereo"), (3, "3.0"), (4, "4.0"), (5, "5.0"), (6, "5.1"), (8, "7.1")] {
            let layout = try ChannelLayout(waveMask: 0, channelCount: count)
            #expect(layout.name == name && layout.isAssumed && layout.channelCount == count)
        }
        for count in [0, 7, 9, 10, 12, 24, 64] {
            #expect(throws: ChannelLayoutError.unknownChannelCount(count)) {
                try ChannelLayout(waveMask: 0, channelCount: count)
            }
        }
        #expect(throws: ChannelLayoutError.maskDoesNotFit(mask: 3, channelCount: 6)) {
            try ChannelLayout(waveMask: 3, channelCount: 6)
        }
        #expect(throws: ChannelLayoutError.unknownSpeakers(mask: 0x8000_0000)) {
            try ChannelLayout(waveMask: 0x8000_0000, channelCount: 1)
        }
    }

    @Test func `One channel counts once or as the two loudspeakers that play it`() throws {
        let mono = try #require(ChannelLayout.named("mono"))
        #expect(mono.weights(mono: .dual) == [2])
        #expect(try #require(ChannelLayout.named("stereo")).weights(mono: .dual) == [1, 1])
        #expect(MonoLoudness(rawValue: "as-is") == .asIs)
        let plane = musicLike(seconds: 2, rate: 48_000)[0]
        let loudness = try MonoLoudness.allCases.map { mode in
            try #require(measureSong([plane], rate: 48_000, weights: mono.weights(mono: mode)).integrated).value
        }
        #expect(abs(loudness[1] - loudness[0] - 3.0103) < 1e-4)
        let summary = LoudnessSummary(rateHertz: 48_000, layout: mono, mono: .dual)
        #expect(summary.channelCount == 1)
    }
}
