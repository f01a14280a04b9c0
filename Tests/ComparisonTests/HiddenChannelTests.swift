import Comparison
import Foundation
import TestSupport
import Testing

/// What must not be left out of the residual when channels are put right.
@Suite struct HiddenChannelTests {
    private let music = Studio.music(seconds: 3)
    private var zeros: [Double] { [Double](repeating: 0, count: music[0].count) }

    private func result(_ a: [[Double]], _ b: [[Double]]) throws -> (PairResult, String) {
        let studio = try Studio()
        try studio.write("a.wav", a)
        try studio.write("b.wav", b)
        return try studio.resultAndText("a.wav", "b.wav")
    }

    private func floats(_ a: [[Double]], _ b: [[Double]]) throws -> (PairResult, String) {
        let studio = try Studio()
        try studio.floats("a.wav", a, bits: 32)
        try studio.floats("b.wav", b, bits: 32)
        return try studio.resultAndText("a.wav", "b.wav")
    }

    private func negative(_ plane: [Double]) -> [Double] { plane.map { -$0 } }

    @Test func `an edit in one of two equal channels is not hidden`() throws {
        let mono = music[0]
        var edited = mono
        for i in 100_000..<104_800 { edited[i] *= 2 }
        for (a, b) in [([mono, mono], [mono, edited]), ([mono, edited], [mono, mono])] {
            let (result, text) = try result(a, b)
            #expect(!text.contains("are B's left") && !text.contains("are A's left"), "\(text)")
            #expect((result.residual?.peakDecibels ?? -200) > -30 && result.regions.count == 1, "\(text)")
        }
    }

    @Test func `of two equal channels one inverted is named`() throws {
        let (result, text) = try result([music[0], music[0]], [music[0], negative(music[0])])
        #expect(text.contains("the right channel of B is inverted"), "\(text)")
        #expect(!text.contains("both channels"), "\(text)")
        #expect(result.restored?.peakDecibels == -.infinity, "\(text)")
    }

    @Test func `foreign sound beside a copied channel stays in the residual`() throws {
        let foreign = Array(music[1].reversed())
        let (result, text) = try result([music[0], music[0]], [music[0], foreign])
        #expect((result.residual?.peakDecibels ?? -200) > -20 && !result.regions.isEmpty, "\(text)")
        let (lost, words) = try self.result(music, [music[0], music[0]])
        #expect(words.contains("both channels of B are A's left"), "\(words)")
        #expect((lost.residual?.peakDecibels ?? -200) > -20, "what was right in A is gone: \(words)")
    }

    @Test func `a channel without a partner stays in the residual`() throws {
        let foreign = Array(music[0].reversed())
        let (result, text) = try result(music, [music[1], foreign])
        #expect((result.residual?.peakDecibels ?? -200) > -20 && !result.regions.isEmpty, "\(text)")
        #expect(!text.contains("swapped"), "\(text)")
        // Beside many that are at home.
        let more = Studio.music(seconds: 3).map { $0.map { 0.7 * $0 * abs($0) } }
        let soft = foreign.map { 0.1 * $0 }
        let a = [music[0], music[1], more[0], more[1], soft]
        let b = [music[1], music[0], more[0], more[0].reversed().map { 0.1 * $0 }, more[1]]
        let (surround, words) = try floats(a, b)
        #expect((surround.residual?.peakDecibels ?? -200) > -40, "\(words)")
    }

    @Test func `a quiet channel that vanished is compared or named`() throws {
        let quiet = music[1].map { 0.003 * $0 }
        let (result, text) = try result([music[0], quiet], [music[0], zeros])
        #expect((result.residual?.peakDecibels ?? -200) > -70, "\(text)")
        #expect(!text.contains("without the silent"), "\(text)")
        let (back, words) = try self.result([music[0], zeros], [music[0], quiet])
        #expect((back.residual?.peakDecibels ?? -200) > -70, "\(words)")
    }

    @Test func `the third of three channels is compared as itself`() throws {
        let third = Studio.music(seconds: 3)[0].reversed().map { 0.7 * $0 * abs($0) }
        let planes = Studio.music(seconds: 3) + [third]
        let (result, text) = try floats(planes, [planes[0], planes[1], negative(third)])
        #expect(text.contains("channel 3 of B is inverted"), "\(text)")
        #expect(result.restored?.peakDecibels == -.infinity, "\(text)")
    }

    @Test func `the channel of the greatest residual is one of the file`() throws {
        func channel(_ a: [[Double]], _ b: [[Double]], _ name: String) throws -> Int? {
            let studio = try Studio()
            try studio.write("a.wav", a)
            try studio.write("b.wav", b)
            let report = try studio.compare("a.wav", "b.wav")
            let document = try #require(
                JSONSerialization.jsonObject(with: Data(ComparisonJSON.document(report).utf8)) as? [String: Any])
            let pair = try #require((document["pairs"] as? [[String: Any]])?.first)
            let residual = try #require((pair["residual"] as? [String: Any])?[name] as? [String: Any], "\(pair)")
            return residual["peakChannel"] as? Int
        }
        var right = music[1]
        right[100_000] += 0.3
        #expect(try channel([right], music, "restored") == 1)
        var sum = zip(music[0], music[1]).map { 0.5 * ($0 + $1) }
        sum[100_000] += 0.3
        #expect(try channel([sum], music, "restored") == nil)
        // Swapped: A's channel.
        #expect(try channel([music[0], right], [music[1], music[0]], "restored") == 1)
    }

    @Test func `one channel is said to be compared with the one that it is`() throws {
        let (_, right) = try result(music, [music[1]])
        #expect(right.contains("B is mono: compared with A's right"), "\(right)")
        let (_, mixed) = try result(music, [zip(music[0], music[1]).map { 0.5 * ($0 + $1) }])
        #expect(mixed.contains("B is mono: compared with A's channels mixed to mono"), "\(mixed)")
        let (_, other) = try result(music, [music[0].reversed()])
        #expect(other.contains("B is mono: compared with both channels of the other"), "\(other)")
    }

    @Test func `silence is named wherever it is, and only there`() throws {
        let (_, zeroA) = try result([zeros, zeros], music)
        #expect(zeroA.contains("left channel is silent in A"), "\(zeroA)")
        #expect(zeroA.contains("right channel is silent in A"), "\(zeroA)")
        let (both, zeroB) = try result(music, [zeros, zeros])
        #expect(zeroB.contains("left channel is silent in B"), "\(zeroB)")
        #expect((both.residual?.peakDecibels ?? -200) > -20, "\(zeroB)")
        let (_, monoA) = try result([zeros], [music[0]])
        #expect(monoA.contains("the one channel is silent in A"), "\(monoA)")
        let (_, monoB) = try result(music, [zeros])
        #expect(monoB.contains("the one channel is silent in B"), "\(monoB)")
        let infinite = [Double](repeating: .infinity, count: music[0].count)
        let (_, broken) = try floats(music, [infinite, infinite])
        #expect(!broken.contains("is silent"), "\(broken)")
        let (_, half) = try floats(music, [infinite, music[1]])
        #expect(!half.contains("is silent"), "\(half)")
    }
}
