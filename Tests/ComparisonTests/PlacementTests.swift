import Comparison
import Foundation
import TestSupport
import Testing

/// Offsets of part of a frame, and offsets that change on the way.
@Suite struct PlacementTests {
    /// Low rates make long files short work.
    private static let rate = 8000
    private static let long = Studio.music(seconds: 60, rate: rate)

    private func compare(_ a: [[Double]], _ b: [[Double]], rate: Int = Self.rate) throws -> (PairResult, String) {
        let studio = try Studio()
        try studio.write("a.wav", a, rate: rate)
        try studio.write("b.wav", b, rate: rate)
        return try studio.resultAndText("a.wav", "b.wav")
    }

    /// Later by part of a frame, by a long windowed sinc.
    private func delayed(_ planes: [[Double]], by frames: Double) -> [[Double]] {
        let reach = 80
        let taps = (-reach...reach).map { offset -> Double in
            let t = Double(offset) - frames
            let window = 0.5 + 0.5 * cos(.pi * t / Double(reach + 1))
            return t == 0 ? 1 : window * sin(.pi * t) / (.pi * t)
        }
        return planes.map { plane in
            plane.indices.map { i in
                var sum = 0.0
                for (j, tap) in taps.enumerated() {
                    let source = i + reach - j
                    if plane.indices.contains(source) { sum += tap * plane[source] }
                }
                return sum
            }
        }
    }

    // MARK: Part of a frame

    @Test(arguments: [0.37, -0.25, 0.05])
    func `part of a frame by which B is late is said`(delay: Double) throws {
        let music = Studio.music(seconds: 12, rate: Self.rate)
        let (result, text) = try compare(music, delayed(music, by: delay))
        let error = abs((result.placement?.fractionFrames ?? 9) - delay)
        let fact = Fact("Comparison", "delay of \(delay) frames, error", error, .atMost(0.01), unit: "frames")
        #expect(fact.holds, "\(fact) \(text)")
        #expect(text.contains("B is \(String(format: "%.2f", abs(delay))) frames"), "\(text)")
        #expect(text.contains(delay > 0 ? "ms) later" : "ms) earlier"), "\(text)")
        let gained = (result.aligned?.rmsDecibels ?? 0) - (result.restored?.rmsDecibels ?? 0)
        #expect(gained > 8, "\(gained) \(text)")
        #expect(result.relation == .different)
    }

    @Test func `whole frames and part of one are one offset, at another level, too`() throws {
        let music = Studio.music(seconds: 12, rate: Self.rate)
        let late = scaled(delayed(music.map { [Double](repeating: 0, count: 100) + $0 }, by: 0.37), 0.5)
        let (result, text) = try compare(music, late)
        #expect(result.alignment?.lagFrames == 100, "\(text)")
        #expect(text.contains("B is 100.37 frames (12.54"), "\(text)")
        // What lies at half the rate cannot be read between frames.
        #expect(abs((result.gain?.decibels ?? 0) + 6.02) < 0.03, "\(text)")
    }

    @Test func `a filter or another sound is no delay`() throws {
        let music = Studio.music(seconds: 12, rate: Self.rate)
        for share in [0.95, 0.8, 0.5] {
            let filtered = music.map { plane in
                var state = 0.0
                return plane.map { value -> Double in
                    state += share * (value - state)
                    return state
                }
            }
            let (result, text) = try compare(music, filtered)
            #expect(result.placement == nil, "\(share) \(text)")
        }
        // Half way between two frames by their mean: the treble goes.
        let mean = music.map { plane in plane.indices.map { $0 == 0 ? plane[0] : 0.5 * (plane[$0] + plane[$0 - 1]) } }
        #expect(try compare(music, mean).0.placement == nil)
    }

    // MARK: Places

    @Test(arguments: [1234, -1234, 4000, -3, 24_000])
    func `a gap or a cut on the way is named with its place`(change: Int) throws {
        let place = 242_345
        let b = Self.long.map { plane in
            change > 0
                ? Array(plane[..<place]) + [Double](repeating: 0, count: change) + Array(plane[place...])
                : Array(plane[..<place]) + Array(plane[(place - change)...])
        }
        let (result, text) = try compare(Self.long, b)
        let sections = try #require(result.placement?.sections, "\(text)")
        #expect(sections.map(\.lagFrames) == [0, change], "\(text)")
        // Where the old place ends; what was cut of A lies before the new one.
        let found = (sections.last?.frame ?? 0) - max(0, -change)
        let fact = Fact(
            "Comparison", "place of \(change) frames more in B, error", Double(abs(found - place)), .atMost(2),
            unit: "frames")
        #expect(fact.holds, "\(fact)")
        #expect(text.contains("from 0:30."), "\(text)")
        #expect(text.contains(change > 0 ? "are only in B" : "are only in A"), "\(text)")
        #expect((result.restored?.rmsDecibels ?? 0) < -100 && result.extras.isEmpty, "\(text)")
    }

    @Test func `several gaps are all named, after a head and beside an edit`() throws {
        let plane = Self.long
        var b = plane.map {
            [Double](repeating: 0, count: 500) + Array($0[..<160_000]) + [Double](repeating: 0, count: 80)
                + Array($0[160_000..<320_000]) + Array($0[321_000...])
        }
        b = scaled(b, 1.5, frames: 30_000..<60_000)
        let (result, text) = try compare(plane, b)
        #expect(result.placement?.sections.map(\.lagFrames) == [500, 580, -420], "\(text)")
        #expect(text.contains("at first B is 500 frames"), "\(text)")
        #expect(text.contains("from 0:20.000 on") && text.contains("from 0:40.125 on"), "\(text)")
        #expect(result.regions.count == 1, "\(text)")
    }

    @Test func `a long gap is found though the end was trimmed as well`() throws {
        let b = Self.long.map {
            Array($0[..<200_000]) + [Double](repeating: 0, count: 30_000) + Array($0[200_000..<440_000])
        }
        let (result, text) = try compare(Self.long, b)
        #expect(result.placement?.sections.map(\.lagFrames) == [0, 30_000], "\(text)")
        #expect(text.contains("from 0:25.000 on B is 30000 frames"), "\(text)")
        #expect(text.contains("only A has the last 5.000 s"), "\(text)")
    }

    @Test func `another clock is called a drift`() throws {
        // A tone mix that can be made at any speed.
        func tones(_ speed: Double) -> [[Double]] {
            let count = Int(Double(Self.rate) * 60)
            return [0.0, 0.4].map { phase in
                (0..<count).map { i in
                    let t = Double(i) * speed / Double(Self.rate)
                    var sum = 0.0
                    let turns = 31 * t + 6 * sin(0.37 * t + phase)
                    for k in 1...12 { sum += 0.05 * sin(Double(k * k) * turns + Double(k)) }
                    return sum
                }
            }
        }
        let (result, text) = try compare(tones(1), tones(1 - 40e-6))
        let drift = try #require(result.placement?.drift, "\(text)")
        let fact = Fact(
            "Comparison", "drift of 40 millionths, error", abs(drift.partsPerMillion - 40), .atMost(2),
            unit: "millionths")
        #expect(fact.holds, "\(fact)")
        #expect(text.contains("B drifts: ") && text.contains("millionths slower"), "\(text)")
    }

    @Test func `a replaced stretch and other takes are no other place`() throws {
        let other = Studio.music(seconds: 61, rate: Self.rate).map { Array($0.suffix(Self.long[0].count)) }
        var replaced = Self.long
        for channel in replaced.indices {
            replaced[channel].replaceSubrange(200_000..<320_000, with: other[channel][0..<120_000])
        }
        #expect(try compare(Self.long, replaced).0.placement == nil)
        #expect(try compare(Self.long, other).0.placement == nil)
        // A loop of half a second: every beat is like every other.
        let loop = Self.long.map { plane in plane.indices.map { plane[$0 % 4000] } }
        let edited = scaled(loop, 0.5, frames: 150_000..<260_000)
        #expect(try compare(loop, edited).0.placement == nil)
    }

    @Test func `the document names the places`() throws {
        let studio = try Studio()
        let b = Self.long.map { Array($0[..<240_000]) + [Double](repeating: 0, count: 1234) + Array($0[240_000...]) }
        try studio.write("a.wav", Self.long, rate: Self.rate)
        try studio.write("b.wav", b, rate: Self.rate)
        let document = try #require(
            JSONSerialization.jsonObject(
                with: Data(ComparisonJSON.document(try studio.compare("a.wav", "b.wav")).utf8)) as? [String: Any])
        let pair = try #require((document["pairs"] as? [[String: Any]])?.first)
        let sections = try #require((pair["offset"] as? [String: Any])?["sections"] as? [[String: Any]])
        #expect(sections.last?["frame"] as? Int == 240_000 && sections.last?["offsetFrames"] as? Int == 1234)
    }
}
