import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import Testing

/// What is not sound is refused, with its place.
@Suite struct FailureTests {
    @Test func `NaN in a source names the strip that it came in by`() throws {
        for value in [Float.nan, .infinity, -.infinity] {
            for frame in [0, 11_999, 12_000, 20_000] {
                var scene = Scene(seconds: 0.5)
                for i in 0..<6 {
                    var planes = noise(UInt64(i), channels: 2, frames: 24_000)
                    if i == 4 { planes[1][frame] = value }
                    scene.addTrack("T\(i)", planes, devices: [compressor()])
                }
                let failure = try #require(firstFailure(of: scene))
                #expect(failure.error == .notFinite(node: 0, strip: 4, device: nil))
                #expect(failure.segment == frame / 12_000)
            }
        }
    }

    @Test func `A device that explodes is named`() throws {
        let bell = equalizer(["type": "bell", "frequency": 1000, "gain": 24, "q": 1])
        // As much gain as it takes to leave the numbers, in steps that the table allows.
        let loud = [Device](repeating: Device(.utility, ["gain": 48]), count: 8)
        let pump = Device(
            .compressor, ["threshold": 0, "ratio": 1, "attack": 0.001, "release": 0.1, "make-up": 36])
        let pumped = [Device](repeating: pump, count: 11)
        let delay = Device(.delay, ["left": 48, "right": 48])
        let cases: [([Device], Int)] = [
            ([bell, delay] + loud, 9), ([bell, delay] + pumped, 12), ([bell] + pumped + [limiter], 12),
            (pumped + [delay], 11),
        ]
        for (devices, culprit) in cases {
            var scene = Scene(seconds: 0.5)
            for i in 0..<3 {
                scene.addTrack(
                    "T\(i)", noise(UInt64(i), channels: 2, frames: 24_000, level: 0.2), devices: [bell])
            }
            // Loud enough for a finite gain to leave the numbers; what holds the first infinity is to blame.
            scene.addTrack("Bad", noise(9, channels: 2, frames: 24_000, level: 1e20), devices: devices)
            let failure = try #require(firstFailure(of: scene))
            guard case .notFinite(let node, let strip, let device) = failure.error else {
                Issue.record("\(failure)")
                return
            }
            let label = scene.label(failure.program, node: node, strip: strip)
            #expect(label?.name == "Bad")
            #expect(device == culprit)
        }
    }

    @Test func `A snapshot of another program is refused`() throws {
        var scene = Scene(seconds: 0.5)
        scene.addTrack("A", noise(1, channels: 2, frames: 24_000), devices: [compressor()])
        var other = scene
        other.song.tracks[0].devices.append(limiter)
        let mine = try scene.render()
        let theirs = try other.render()
        let index = mine.plan.stems[0].stream.program.rawValue
        let program = mine.runner.list.programs[index]
        #expect(program.kind == .chained)
        let good = try #require(mine.runner.snapshots[index][0])
        let foreign = try #require(theirs.runner.snapshots[index][0])
        let renderer = try SegmentRenderer(program: program, blockFrames: 64)
        var infinite = good
        infinite.replaceSubrange(0..<4, with: floatBytes([Float.infinity]))
        for bytes in [foreign, Array(good.dropLast()), good + [0], [], infinite] {
            #expect(throws: RenderError.malformedSnapshot) { try renderer.load(segment: 1, snapshot: bytes) }
            #expect(renderer.nextSegment == nil)
        }
        try renderer.load(segment: 1, snapshot: good)
        #expect(renderer.nextSegment == 1)
    }

    @Test func `A program of another version or with other numbers is refused`() throws {
        var scene = Scene(seconds: 0.5)
        scene.addTrack("A", noise(1, channels: 2, frames: 24_000), devices: [compressor(), limiter])
        let (list, plan) = try scene.compile()
        let program = list[plan.stems[0].stream.program]
        guard case .mix(let body) = program.body else { return }
        func refused(_ change: (inout Stage) -> Void) -> Bool {
            for stage in 0..<2 {
                var changed = program
                var mix = body
                change(&mix.nodes[0].strips[0].stages[stage])
                changed.body = .mix(mix)
                do {
                    _ = try SegmentRenderer(program: changed, blockFrames: 64)
                    return false
                } catch {
                    guard error as? RenderError == .malformedProgram else { return false }
                }
            }
            return true
        }
        #expect(refused { $0.version += 1 })
        #expect(refused { $0.values.removeLast() })
        #expect(refused { $0.values[0] = .nan })
        _ = try SegmentRenderer(program: program, blockFrames: 64)
    }

    private func firstFailure(of scene: Scene) -> PlanRunner.Failure? {
        do {
            _ = try scene.render()
            return nil
        } catch {
            return error as? PlanRunner.Failure
        }
    }
}

extension Scene {
    func label(_ program: Int, node: Int, strip: Int) -> ProgramLabel.StripLabel? {
        guard let list = try? compile().list else { return nil }
        return list.labels[program].strips[node][strip]
    }
}
