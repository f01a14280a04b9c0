import Comparison
import Foundation
import TestSupport
import Testing

/// Offsets that are none, more of them than are named, and files that nobody would send.
@Suite struct PlacementFaultTests {
    private static let rate = 8000
    private static let long = Studio.music(seconds: 60, rate: rate)

    private func compare(_ a: [[Double]], _ b: [[Double]]) throws -> (PairResult, String) {
        let studio = try Studio()
        try studio.write("a.wav", a, rate: Self.rate)
        try studio.write("b.wav", b, rate: Self.rate)
        return try studio.resultAndText("a.wav", "b.wav")
    }

    /// From -0.5 to 0.5.
    private static func noise(_ count: Int, seed: UInt64) -> [Double] {
        var state = seed
        return (0..<count).map { _ in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Double(state >> 11) * 0x1p-53 - 0.5
        }
    }

    private func silence(_ count: Int) -> [Double] { [Double](repeating: 0, count: count) }

    @Test func `two gaps with the polarity turned at the first do not trap`() throws {
        let a = [Self.noise(480_000, seed: 77), Self.noise(480_000, seed: 991)]
        let b = a.map { plane in
            let head = Array(plane[..<320_000]) + silence(100)
            return head + plane[320_000..<360_000].map { -$0 } + silence(80) + plane[360_000...].map { -$0 }
        }
        let (result, _) = try compare(a, b)
        let sections = result.placement?.sections ?? []
        #expect(zip(sections, sections.dropFirst()).allSatisfy { $0.frame < $1.frame })
        #expect(result.relation == .different && (result.residual?.peakDecibels ?? -200) > -20)
    }

    @Test func `two late stretches of a remaster move nothing else`() throws {
        let a = Self.long
        // Louder, and with what was not there before.
        var b = a.enumerated().map { channel, plane in
            zip(plane, Self.noise(plane.count, seed: UInt64(31 + channel))).map { 1.1 * $0 + 0.22 * $1 }
        }
        for channel in b.indices {
            for start in [120_000, 368_000] {
                b[channel].replaceSubrange(start..<start + 32_000, with: a[channel][start - 2400..<start + 29_600])
            }
        }
        let (result, text) = try compare(a, b)
        #expect(result.alignment?.lagFrames == 0, "\(text)")
        #expect(!text.contains("2400 frames"), "\(text)")
    }

    @Test func `of more gaps than are named the first stay, and it is said that there are more`() throws {
        let b = Self.long.map { plane in
            (0..<12).flatMap { part in
                Array(plane[part * 40_000..<(part + 1) * 40_000]) + silence(40)
            }
        }
        let (result, text) = try compare(Self.long, b)
        let sections = result.placement?.sections ?? []
        #expect(sections.map(\.lagFrames) == (0..<8).map { 40 * $0 }, "\(sections) \(text)")
        #expect(text.contains("more changes of the offset"), "\(text)")
    }

    @Test func `a place is found though all of the start was replaced`() throws {
        let other = Studio.music(seconds: 61, rate: Self.rate).map { Array($0.suffix(480_000)) }
        let b = Self.long.indices.map { channel in
            Array(other[channel][..<240_000]) + silence(12_000) + Array(Self.long[channel][240_000...])
        }
        let (result, text) = try compare(Self.long, b)
        let lags = result.placement?.sections.map(\.lagFrames) ?? [result.alignment?.lagFrames ?? 0]
        #expect(lags.last == 12_000, "\(lags) \(text)")
    }

    @Test func `files that nobody would send do not trap`() throws {
        let music = Studio.music(seconds: 2).map { Array($0[..<60_000]) }
        let broken = music.map { plane in
            plane.indices.map { $0 % 7001 == 3 ? Double.nan : $0 % 5003 == 9 ? .infinity : plane[$0] }
        }
        let infinite = music.map { $0.map { _ in -Double.infinity } }
        let nowhere = music.map { $0.map { _ in Double.nan } }
        let huge = music.map { $0.map { 3e38 * $0 } }
        let zeros = music.map { $0.map { _ in 0.0 } }
        let many = (0..<64).map { Self.noise(1 + 3000, seed: UInt64(100 + $0)) }
        let turned = many.enumerated().map { $0 % 3 == 0 ? $1.map { -$0 } : $1 }
        let frame = [[0.5], [0.25]]
        let inputs: [[[Double]]] = [
            music, broken, infinite, nowhere, huge, zeros, frame, [[0.5]], [music[0]], [broken[1]], [zeros[0]],
            music.map { Array($0.suffix(24_000)) }, many.shifted(by: 5), many, turned,
            [music[0], music[1], music[0].map { -$0 }],
        ]
        let studio = try Studio()
        for (index, planes) in inputs.enumerated() { try studio.floats("\(index).wav", planes, bits: 32) }
        for i in inputs.indices {
            for j in inputs.indices where i < j && (i + 2 * j) % 3 == 0 {
                let report = try studio.compare("\(i).wav", "\(j).wav")
                #expect(report.failures.isEmpty && !report.isSame, "\(i) \(j)")
                #expect(!ComparisonText.document(report, width: 120).contains("nan"))
            }
        }
    }
}

extension [[Double]] {
    /// With silence before.
    fileprivate func shifted(by frames: Int) -> [[Double]] {
        map { [Double](repeating: 0, count: frames) + $0 }
    }
}
