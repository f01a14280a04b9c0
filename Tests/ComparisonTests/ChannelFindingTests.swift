import Comparison
import Foundation
import TestSupport
import Testing

/// What became of the channels: named, and undone before changes are looked for.
@Suite struct ChannelFindingTests {
    private let music = Studio.music(seconds: 6)

    private func result(_ b: [[Double]], from a: [[Double]]? = nil) throws -> (PairResult, String) {
        let studio = try Studio()
        try studio.write("a.wav", a ?? music)
        try studio.write("b.wav", b)
        return try studio.resultAndText("a.wav", "b.wav")
    }

    private func negative(_ plane: [Double]) -> [Double] { plane.map { -$0 } }

    @Test func `one inverted channel is named, and nothing is left with it put right`() throws {
        let (result, text) = try result([music[0], negative(music[1])])
        #expect(text.contains("Channels   the right channel of B is inverted"), "\(text)")
        #expect(text.contains("nothing with the channels put right"), "\(text)")
        #expect(result.restored?.peakDecibels == -.infinity && result.regions.isEmpty)
        #expect(result.relation == .different && result.gain?.isConfident == false)
        #expect((result.aligned?.peakDecibels ?? -200) > -20, "as they stand the files differ")
        let placement = try #require(result.placement)
        let fact = Fact(
            "Comparison", "seconds of 6 in which one inverted channel is explained",
            Double(placement.fittingSecondCount), .atLeast(6), unit: "s")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `swapped channels are named, at another level and place, too`() throws {
        let (result, text) = try result([music[1], music[0]])
        #expect(text.contains("the channels of B are swapped"), "\(text)")
        #expect(result.restored?.peakDecibels == -.infinity)
        let late = [music[1], music[0]].map { [Double](repeating: 0, count: 700) + $0.map { 0.5 * $0 } }
        let (moved, words) = try self.result(late)
        #expect(moved.alignment?.lagFrames == 700 && words.contains("the channels of B are swapped"), "\(words)")
        #expect(words.contains("B is 6.02 dB softer throughout"), "\(words)")
        #expect((moved.residual?.peakDecibels ?? 0) < -120, "\(words)")
    }

    @Test func `channels of music that is nearly mono are seen to be swapped`() throws {
        let near = [
            zip(music[0], music[1]).map { 0.5 * $0 + 0.02 * $1 }, zip(music[0], music[1]).map { 0.5 * $0 - 0.02 * $1 },
        ]
        let (result, text) = try result([near[1], near[0]], from: near)
        #expect(result.placement?.channels.map(\.kind) == [.swapped], "\(text)")
    }

    @Test(arguments: [0, 1])
    func `a silent channel is named, and the other one compared`(channel: Int) throws {
        var b = music
        b[channel] = [Double](repeating: 0, count: music[0].count)
        let (result, text) = try result(b)
        let name = channel == 0 ? "left" : "right"
        #expect(text.contains("the \(name) channel is silent in B"), "\(text)")
        #expect(text.contains("nothing without the silent channel"), "\(text)")
        #expect(result.restored?.peakDecibels == -.infinity && result.regions.isEmpty)
        let (back, words) = try self.result(music, from: b)
        #expect(words.contains("the \(name) channel is silent in A"), "\(words)")
        #expect(back.restored?.peakDecibels == -.infinity)
    }

    @Test func `two channels that became one are named with what they hold`() throws {
        let (left, leftText) = try result([music[0], music[0]])
        #expect(leftText.contains("both channels of B are A's left"), "\(leftText)")
        // A's right is gone, so that it differs.
        #expect(left.restored == nil && left.regions.count == 1, "\(leftText)")
        let sum = zip(music[0], music[1]).map { 0.5 * ($0 + $1) }
        let (mixed, mixedText) = try result([sum, sum])
        #expect(mixedText.contains("both channels of B are A's channels mixed to mono"), "\(mixedText)")
        #expect((mixed.restored?.peakDecibels ?? 0) < -130, "\(mixedText)")
    }

    @Test func `a mono file is named as what it is of the stereo file`() throws {
        let sum = zip(music[0], music[1]).map { 0.5 * ($0 + $1) }
        let (_, mixed) = try result(music, from: [sum])
        #expect(mixed.contains("the one channel of A is B's channels mixed to mono"), "\(mixed)")
        let (_, right) = try result([music[1]])
        #expect(right.contains("the one channel of B is A's right"), "\(right)")
        let (same, twice) = try result([music[0], music[0]], from: [music[0]])
        #expect(twice.contains("both channels of B are A's one"), "\(twice)")
        #expect(same.aligned?.peakDecibels == -.infinity)
    }

    @Test func `channels of surround are named by number`() throws {
        let studio = try Studio()
        let more = Studio.music(seconds: 5).map { $0.map { 0.7 * $0 * abs($0) } }
        let planes = Studio.music(seconds: 5) + more + [more[0].reversed(), more[1].reversed()]
        try studio.floats("a.wav", planes, bits: 32)
        var b = [planes[0], planes[1], planes[3], planes[2], negative(planes[4]), planes[5]]
        try studio.floats("b.wav", b, bits: 32)
        let text = ComparisonText.document(try studio.compare("a.wav", "b.wav"), width: 120)
        #expect(text.contains("channels 3 and 4 of B are swapped"), "\(text)")
        #expect(text.contains("channel 5 of B is inverted"), "\(text)")
        #expect(try studio.result("a.wav", "b.wav").restored?.peakDecibels == -.infinity)
        b = [planes[0], planes[1], planes[2], planes[3], planes[4], [Double](repeating: 0, count: planes[0].count)]
        try studio.floats("c.wav", b, bits: 32)
        let silent = ComparisonText.document(try studio.compare("a.wav", "c.wav"), width: 120)
        #expect(silent.contains("Channels   channel 6 is silent in B"), "\(silent)")
    }

    @Test func `of files that differ otherwise nothing is said of channels and places`() throws {
        let other = Studio.music(seconds: 7).map { Array($0.suffix(288_000)) }
        let reversed = music.map { Array($0.reversed()) }
        // Narrower, one channel softer, a chorus louder, a filter, other music.
        let narrow = [
            zip(music[0], music[1]).map { 0.7 * $0 + 0.3 * $1 }, zip(music[0], music[1]).map { 0.3 * $0 + 0.7 * $1 },
        ]
        var state = 0.0
        let filtered = music.map { plane in
            plane.map { value -> Double in
                state += 0.6 * (value - state)
                return state
            }
        }
        let mixes = [
            other, reversed, narrow, filtered, [music[0].map { 0.8 * $0 }, music[1]],
            scaled(music, 1.3, frames: 90_000..<200_000), scaled(music, -1),
            scaled(music, 0, frames: 100_000..<190_000), music.map { $0.map { max(-0.1, min(0.1, $0)) } },
        ]
        var claims = 0
        for mix in mixes {
            let (result, text) = try result(mix)
            if result.placement != nil { claims += 1 }
            #expect(result.placement == nil, "\(text)")
        }
        let fact = Fact(
            "Comparison", "claims about channels and places in 9 pairs without any", Double(claims), .atMost(0),
            unit: "")
        #expect(fact.holds, "\(fact)")
    }

    @Test func `channels that are put right do not pass a tolerance`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", scaled([music[0], negative(music[1])], 0.5))
        for allowsOffset in [false, true] {
            var options = ComparisonOptions.tolerance(-60)
            options.allowsGain = true
            options.allowsOffset = allowsOffset
            let result = try studio.result("a.wav", "b.wav", options)
            #expect(result.relation == .different && (result.matched?.peakDecibels ?? 0) < -60)
        }
    }

    @Test func `document and page have what the text says`() throws {
        let studio = try Studio()
        try studio.write("a.wav", music)
        try studio.write("b.wav", [music[0], negative(music[1])])
        let report = try studio.compare("a.wav", "b.wav")
        let document = try #require(
            JSONSerialization.jsonObject(with: Data(ComparisonJSON.document(report).utf8)) as? [String: Any])
        let pair = try #require((document["pairs"] as? [[String: Any]])?.first)
        let finding = try #require((pair["channels"] as? [[String: Any]])?.first)
        #expect(finding["finding"] as? String == "inverted" && finding["channel"] as? Int == 1)
        #expect((pair["residual"] as? [String: Any])?["restored"] != nil && pair["undone"] != nil)
        #expect((document["summary"] as? String)?.contains("the right channel of B is inverted") == true)
        let page = ComparisonPage(report, audioByteLimit: 0).html
        #expect(page.contains("<li>The right channel of B is inverted.</li>"), "\(page.prefix(4000))")
    }
}
