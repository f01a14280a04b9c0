import Quantities
import RenderPlan
import Testing

@Suite struct CurveTests {
    /// The curve's meaning, straight from its points: exact, so that equality means equality.
    private func value(_ curve: Curve, at frame: Int) -> [Double] {
        let points = curve.points
        guard let before = points.last(where: { $0.frame <= frame }) else { return [points[0].value] }
        guard let next = points.first(where: { $0.frame > frame }), next.isLinear, next.value != before.value,
            frame > before.frame
        else {
            return [before.value]
        }
        return [before.value, next.value, Double(frame - before.frame), Double(next.frame - before.frame)]
    }

    private func randomCurve(_ random: inout Random, frames: Int) -> Curve {
        var frame = random.int(-5...frames)
        var points: [Curve.Point] = []
        for _ in 0..<random.int(1...7) {
            // Few values, so that neighbours are often equal.
            points.append(
                Curve.Point(frame: frame, value: Double(random.int(-2...2)), isLinear: random.chance(0.5)))
            frame += random.chance(0.3) ? 1 : random.int(1...frames / 2)
        }
        return Curve(points: points)
    }

    @Test func `A slice has the whole curve's value at every frame of its range`() {
        var random = Random(1)
        for _ in 0..<4000 {
            let curve = randomCurve(&random, frames: 40)
            let start = random.int(0...50)
            let range = FrameRange(start: start, count: random.int(1...20))
            let slice = curve.slice(range)
            for frame in range.start..<range.end where value(slice, at: frame) != value(curve, at: frame) {
                Issue.record("\(curve.points) in \(range) at \(frame): \(slice.points)")
                return
            }
            // Slicing again finds nothing more to leave out.
            #expect(slice.slice(range) == slice)
        }
    }

    @Test func `A point that decides no value in the range does not change the slice`() {
        var random = Random(2)
        var compared = 0
        for _ in 0..<4000 {
            let curve = randomCurve(&random, frames: 40)
            let range = FrameRange(start: random.int(0...50), count: random.int(1...20))
            var points = curve.points
            let changed = random.int(0...points.count - 1)
            // The last point at or before the start and everything up to the first one past the end may matter.
            let first = points.lastIndex { $0.frame <= range.start } ?? 0
            let last = points.firstIndex { $0.frame >= range.end } ?? points.count - 1
            guard changed < first || changed > last else { continue }
            points[changed].value += 1
            points[changed].isLinear.toggle()
            compared += 1
            #expect(Curve(points: points).slice(range) == curve.slice(range))
        }
        #expect(compared > 500)
    }

    @Test func `A jump past the end and the way to the first point do not matter`() {
        let held = Curve(points: [
            .init(frame: 0, value: 1, isLinear: true), .init(frame: 10, value: 2, isLinear: false),
            .init(frame: 20, value: 3, isLinear: false),
        ])
        #expect(held.slice(FrameRange(10, 20)).constant == 2)
        #expect(held.slice(FrameRange(10, 21)).points.map(\.frame) == [10, 20])
        // A line does matter up to the frame before its end.
        let ramp = Curve(points: [
            .init(frame: 0, value: 1, isLinear: false), .init(frame: 10, value: 2, isLinear: true),
        ])
        #expect(ramp.slice(FrameRange(4, 6)).points.map(\.frame) == [0, 10])
        #expect(ramp.slice(FrameRange(10, 12)).constant == 2)
        #expect(ramp.slice(FrameRange(0, 1)).constant == 1)
    }
}

@Suite struct ClipReadTests {
    private func gain(_ clip: ClipRead, at frame: Int) -> [Double] {
        let fromStart = frame - clip.startFrame
        let toEnd = clip.range.end - 1 - frame
        let fade = fromStart < clip.fadeInFrames || toEnd < clip.fadeOutFrames
        return [
            clip.gain, Double(frame + clip.portOffset),
            fromStart < clip.fadeInFrames ? Double(fromStart) / Double(clip.fadeInFrames) : -1,
            toEnd < clip.fadeOutFrames ? Double(toEnd) / Double(clip.fadeOutFrames) : -1,
            fade ? Double(clip.fadeShape.rawValue) : -1,
        ]
    }

    @Test func `A slice sounds as the whole clip does and forgets the rest of it`() {
        var random = Random(3)
        for _ in 0..<4000 {
            let count = random.int(1...60)
            let fadeIn = random.int(0...count)
            let clip = ClipRead(
                port: 0, startFrame: random.int(0...50), frameCount: count, portOffset: random.int(-20...20),
                gain: 0.5,
                fadeInFrames: fadeIn, fadeOutFrames: random.int(0...count - fadeIn),
                fadeShape: random.chance(0.5) ? .linear : .equalPower)
            let input = FrameRange(start: random.int(0...100), count: random.int(1...30))
            guard let slice = clip.slice(input) else {
                #expect(!clip.range.overlaps(input))
                continue
            }
            let heard = clip.range.intersection(input)
            #expect(slice.range.intersection(input) == heard)
            for frame in heard.start..<heard.end { #expect(gain(slice, at: frame) == gain(clip, at: frame)) }
            #expect(slice.slice(input) == slice)
            // A clip that goes on longer, or began earlier, sounds the same here unless a fade is heard.
            if clip.range.end - clip.fadeOutFrames >= input.end {
                var longer = clip
                longer.frameCount += 7
                #expect(longer.slice(input) == slice)
            }
            if clip.startFrame + clip.fadeInFrames <= input.start {
                var earlier = clip
                earlier.startFrame -= 3
                earlier.frameCount += 3
                #expect(earlier.slice(input) == slice)
            }
        }
    }
}
