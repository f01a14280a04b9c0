import Quantities
import RenderPlan
import Testing

/// Which points of a device's automation a segment's key names.
@Suite struct StageAutomationTests {
    private static let segmentFrames = 480_000
    private static let segmentCount = 20
    /// A value is told two grid intervals before the segment on.
    private static let margin = 2 * Program.controlFrames

    private func program(_ points: [Curve.Point], before: Int = 0, own: Int = 0, after: Int = 0) -> Program {
        let curve = StageCurve(parameter: 0, scale: .decibels, curve: Curve(points: points))
        let stages = [
            Stage(kind: 4, version: 1, values: [1], latencyFrames: before, device: 0),
            Stage(kind: 2, version: 1, values: [1], automation: [curve], latencyFrames: own, device: 1),
            Stage(kind: 4, version: 1, values: [1], latencyFrames: after, device: 2),
        ]
        let strip = Strip(input: .clips([]), stages: stages)
        return Program(
            kind: .chained, rateHertz: 48_000, segmentFrames: Self.segmentFrames,
            frameCount: Self.segmentCount * Self.segmentFrames, inputs: [],
            outputs: [OutputPort(channelCount: 2, format: .planarFloat32)],
            body: .mix(
                MixBody(
                    nodes: [MixNode(strips: [strip], sums: [[Tap(strip: 0, point: .output)]])],
                    outputWires: [0])),
            song: 0)
    }

    /// Segments whose keys differ, their snapshots being equal.
    private func altered(_ a: Program, _ b: Program) -> [Int] {
        (0..<Self.segmentCount).filter { segment in
            func key(_ program: Program) -> [UInt8] {
                program.keyBytes(
                    ofSegment: segment, inputs: [], snapshot: segment == 0 ? nil : Digest(high: 1, low: 2),
                    namespace: "n")
            }
            return key(a) != key(b)
        }
    }

    private func hold(_ frame: Int, _ value: Double) -> Curve.Point {
        Curve.Point(frame: frame, value: value, isLinear: false)
    }
    private func line(_ frame: Int, _ value: Double) -> Curve.Point {
        Curve.Point(frame: frame, value: value, isLinear: true)
    }

    @Test func `A point after three minutes leaves the keys before it as they were`() {
        let threeMinutes = 180 * 48_000
        let plain = program([hold(0, -20), hold(48_000, -10)])
        #expect(
            altered(plain, program([hold(0, -20), hold(48_000, -10), hold(threeMinutes, -5)])) == [18, 19])
        #expect(
            altered(plain, program([hold(0, -20), hold(48_000, -10), hold(threeMinutes + 470_000, -5)]))
                == [18, 19])
        // A line is heard from the point that it leaves.
        #expect(
            altered(plain, program([hold(0, -20), hold(48_000, -10), line(threeMinutes, -5)]))
                == Array(0..<20))
        #expect(
            altered(
                program([hold(0, -20), hold(threeMinutes, -10)]),
                program([hold(0, -20), hold(threeMinutes, -10), line(threeMinutes + 960_000, -5)])) == [
                    18, 19,
                ])
    }

    @Test(arguments: [(0, 0, 0), (101, 0, 0), (0, 64, 0), (0, 0, 101), (3, 64, 101)])
    func `A value is in the keys of the segments that are told of it, and in no other`(
        before: Int, own: Int, after: Int
    ) {
        // What the device takes in is ahead of the strip's output by its own latency and by those behind it.
        let ahead = own + after
        let latency = before + own + after
        let boundary = 5 * Self.segmentFrames
        for start in [-200, -165, -101, -17, -16, -9, -1, 0, 1, 8, 100, 101, 164, 165, 166, 200].map({
            boundary + $0
        }) {
            for length in [1, 8, 16, 17, 300, Self.segmentFrames] {
                let end = start + length
                func pulse(_ value: Double) -> Program {
                    program(
                        [hold(0, 0), hold(start, value), hold(end, 0)], before: before, own: own, after: after
                    )
                }
                let expected = (0..<Self.segmentCount).filter { k in
                    let first = k * Self.segmentFrames + ahead - Self.margin - (k == 0 ? latency : 0)
                    let last = (k + 1) * Self.segmentFrames + ahead
                    return start < last && end > first
                }
                #expect(altered(pulse(-3), pulse(-4)) == expected, "\(start - boundary) for \(length)")
                // Whatever is evaluated in a segment is in its key: the grid from one interval before it on.
                for k in 4...6 {
                    let grid = stride(
                        from: k * Self.segmentFrames - 8 + ahead, to: (k + 1) * Self.segmentFrames + ahead,
                        by: 8)
                    if grid.contains(where: { (start..<end).contains($0) }) { #expect(expected.contains(k)) }
                }
            }
        }
    }

    @Test func `Points that no segment is told of are in no key`() {
        // Before frame 0 nothing is drawn, and what follows the song's end is not heard.
        let last = Self.segmentCount * Self.segmentFrames
        #expect(
            altered(
                program([hold(0, 1)], after: 101), program([hold(0, 1), hold(last + 101, 2)], after: 101))
                == [])
        #expect(
            altered(
                program([hold(0, 1)], after: 101), program([hold(0, 1), hold(last + 100, 2)], after: 101))
                == [19])
    }

    @Test func `Parameter, scale and shape are in the key`() throws {
        let plain = program([hold(0, 1), line(9_000_000, 2)])
        func changed(_ change: (inout StageCurve) -> Void) -> Program {
            var copy = plain
            guard case .mix(var body) = plain.body else { return plain }
            change(&body.nodes[0].strips[0].stages[1].automation[0])
            copy.body = .mix(body)
            return copy
        }
        let all = Array(0..<Self.segmentCount)
        #expect(altered(plain, changed { $0.scale = .linear }) == all)
        #expect(altered(plain, changed { $0.scale = .octaves }) == all)
        #expect(altered(plain, changed { $0.parameter = 1 }) == all)
        // The line ends in segment 18; behind it the last value holds in both.
        #expect(
            altered(plain, changed { $0.curve = Curve(points: [hold(0, 1), hold(9_000_000, 2)]) })
                == Array(0...18))
    }
}
