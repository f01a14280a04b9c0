import Glibc
import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// Parameters over time: on the grid of 8 frames, at the song frames that were drawn, whatever the blocks and segments.
@Suite struct AutomationTests {
    private static let frames = 12_000
    private static let segmentFrames = 2400

    /// Points on, right before and right after the boundaries of segments and of the grid, and in the look-ahead.
    private static func points(_ low: Double, _ high: Double) -> [(frame: Int, value: Double, isLinear: Bool)] {
        [
            (0, low, false), (1, high, false), (9, low, true), (100, high, true), (2399, low, true),
            (2400, high, false), (2401, low, false), (4792, high, true), (4800, low, true),
            (4808, high, true),
            (7099, low, true), (7193, high, true), (7207, low, false), (9592, high, true), (9600, low, false),
        ]
    }

    private static let devices: [(String, Device)] = [
        (
            "equalizer",
            equalizer(
                ["type": "bell", "frequency": 700, "gain": 1, "q": 2], ["type": "high-pass", "frequency": 40]
            )
            .automated("gain", band: 0, points(-24, 24)).automated("frequency", band: 0, points(60, 9000))
            .automated("frequency", band: 1, points(20, 800))
        ),
        ("compressor", compressor().automated("threshold", points(-60, 0))),
        ("gate", Device(.gate, ["threshold": -12]).automated("threshold", points(-60, 0))),
        ("saturator", Device(.saturator).automated("drive", points(0, 40))),
        ("delay", Device(.delay, ["left": 300, "right": 500]).automated("mix", points(0, 1))),
        ("utility", Device(.utility).automated("gain", points(-.infinity, 12))),
        ("reverb", Device(.reverb, ["decay": 1]).automated("decay", points(0.1, 3))),
        ("limiter", Device(.limiter).automated("gain", points(-12, 24))),
    ]

    private func scene(_ chain: [Device]) -> Scene {
        var scene = Scene(seconds: 0.25)
        scene.addTrack("A", noise(11, channels: 2, frames: Self.frames, level: 0.5), devices: chain)
        return scene
    }

    @Test(arguments: devices.indices)
    func `Automation gives the same bytes for any block and segment`(index: Int) throws {
        let (name, device) = Self.devices[index]
        for chain in [[device], [limiter, device], [device, limiter], [limiter, device, limiter]] {
            let rendered = try expectInvariant(scene(chain), "\(name) in \(chain.map(\.kind))")
            #expect(rendered.plan.segmentFrames == Self.segmentFrames)
        }
        var still = device
        still.automation = []
        let same =
            try scene([device]).render(segmentSeconds: 0.05).mix
            == scene([still]).render(segmentSeconds: 0.05).mix
        #expect(!same, "\(name): the automation is not heard")
    }

    @Test(arguments: sampledKinds)
    func `All that can move moves from end to end, and no byte depends on blocks or segments`(
        kind: DeviceKind
    ) throws {
        let device = Device.usual(kind).automatedThroughout(frames: 9600)
        if device.automation.isEmpty { return #expect(kind == .align) }
        for chain in [[device], [limiter, device, limiter]] {
            var scene = Scene(seconds: 0.2)
            scene.addTrack("A", noise(7, channels: 2, frames: 9600, level: 0.3), devices: chain)
            _ = try expectInvariant(scene, "\(kind)")
        }
    }

    @Test(arguments: [44_100, 192_000])
    func `All that can move moves at other rates`(rateHertz: Int) throws {
        for kind in sampledKinds {
            var scene = Scene(rateHertz: rateHertz, seconds: 0.1)
            let frames = rateHertz / 10
            scene.addTrack(
                "A", noise(7, channels: 2, frames: frames, level: 0.3),
                devices: [Device.usual(kind).automatedThroughout(frames: frames, rateHertz: rateHertz)])
            let live = try scene.render(segmentSeconds: 0.03)
            let scattered = try scene.render(
                segmentSeconds: 0.03, options: .init(blockFrames: 13, scatters: true))
            expectSameBytes(live, scattered, "\(kind)")
        }
    }

    // MARK: - The law

    /// Linear gain of a curve at a song frame: straight in dB, towards silence straight in the gain.
    private func gain(_ points: [AutomationPoint], at frame: Int) -> Double {
        func linear(_ decibels: Double) -> Double { decibels == -.infinity ? 0 : pow(10, decibels / 20) }
        guard let before = points.last(where: { $0.frame <= frame }) else { return linear(points[0].value) }
        guard let next = points.first(where: { $0.frame > frame }), next.shape == .linear else {
            return linear(before.value)
        }
        let position = Double(frame - before.frame) / Double(next.frame - before.frame)
        if before.value == -.infinity || next.value == -.infinity {
            return linear(before.value) + (linear(next.value) - linear(before.value)) * position
        }
        return linear(before.value + (next.value - before.value) * position)
    }

    /// The gain that a utility multiplies song frame `frame` by: one value for each grid point, reached in a straight
    /// line within 8 frames. The grid lies on output frames, `ahead` behind what the device takes in.
    private func law(_ points: [AutomationPoint], at frame: Int, ahead: Int) -> Double {
        let output = frame - ahead
        let grid = Int((Double(output) / 8).rounded(.down)) * 8
        let (old, new) = (gain(points, at: grid - 8 + ahead), gain(points, at: grid + ahead))
        return old + (new - old) * Double(output - grid + 1) / 8
    }

    @Test(arguments: [[], [0], [1], [0, 1]])
    func `A utility's gain is the curve at each grid point with a line between`(places: [Int]) throws {
        for (name, points) in [
            ("many", Self.points(-24, 6)), ("silence", Self.points(-.infinity, 6)),
            ("slow", [(3, -40, false), (6000, 0, true), (12_000, -.infinity, true)]),
        ] {
            let utility = Device(.utility).automated("gain", points)
            // Limiters that have nothing to do: they lag, and pass every bit.
            let idle = Device(.limiter, ["ceiling": 0])
            let chain = (places.contains(0) ? [idle] : []) + [utility] + (places.contains(1) ? [idle] : [])
            var scene = Scene(seconds: 0.25)
            let planes = noise(12, channels: 2, frames: Self.frames, level: 0.2)
            scene.addTrack("A", planes, devices: chain)
            let rendered = try scene.render(segmentSeconds: 0.05)
            guard case .mix(let body) = rendered.runner.list[rendered.plan.stems[0].stream.program].body,
                let stages = body.nodes.first?.strips.first?.stages
            else {
                Issue.record("no strip")
                continue
            }
            let ahead = stages[(places.contains(0) ? 1 : 0)...].reduce(0) { $0 + $1.latencyFrames }
            #expect((ahead > 0) == places.contains(1))
            let curve = utility.automation[0].points
            for channel in 0..<2 {
                var worst = 0.0
                for i in 0..<Self.frames {
                    let wanted = Double(planes[channel][i]) * law(curve, at: i, ahead: ahead)
                    worst = max(worst, abs(Double(rendered.mix[channel][i]) - wanted))
                }
                #expect(worst < 2e-7, "\(name), \(places): \(worst)")
            }
        }
    }

    @Test func `At a point a parameter is what the point says, to the bit`() throws {
        // exp2(log2(x)) is not always x: a frequency at the end of its range must not step beyond it.
        for hertz in stride(from: 100.0, through: 5000, by: 377.7) + [100, 5000] {
            let still = Device(.phaser, ["frequency": .number(hertz)])
            let moving = Device(.phaser).automated("frequency", [(0, hertz, false)])
            let equal =
                try scene([still]).render(segmentSeconds: 0.05).mix
                == scene([moving]).render(segmentSeconds: 0.05).mix
            #expect(equal, "\(hertz)")
        }
    }

    @Test func `Look-ahead moves no automation`() throws {
        // A hold of the gain falls on the same song frame with and without limiters, to the grid.
        for chain in [0, 1, 2] {
            let utility = Device(.utility).automated("gain", [(0, -.infinity, false), (5000, 0, false)])
            let idle = Array(repeating: Device(.limiter, ["ceiling": 0]), count: chain)
            var scene = Scene(seconds: 0.25)
            let ones = [[Float]](repeating: [Float](repeating: 0.5, count: Self.frames), count: 2)
            scene.addTrack("A", ones, devices: [utility] + idle)
            let mix = try scene.render(segmentSeconds: 0.05).mix[0]
            let first = try #require(mix.indices.first { mix[$0] != 0 })
            #expect((5000..<5008).contains(first))
            #expect(mix[first...].firstIndex(of: 0.5) ?? 0 <= first + 7)
        }
    }

    // MARK: - Edits

    @Test func `A point that moves is heard where its value is, and equal keys have equal results`() throws {
        let devices = [
            limiter, compressor(), Device(.delay, ["left": 300, "right": 301, "feedback": 0]), limiter,
        ]
        func scene(_ frame: Int) -> Scene {
            var scene = self.scene(devices)
            scene.song.lengthFrames = 24_000
            scene.song.tracks[0].devices[1] = compressor().automated(
                "threshold", [(0, -20, false), (frame, -40, false), (15_000, -20, false)])
            return scene
        }
        let (old, new) = (
            try scene(12_400).render(segmentSeconds: 0.05), try scene(12_450).render(segmentSeconds: 0.05)
        )
        let program = old.plan.stems[0].stream.program.rawValue
        let (before, after) = (old.runner.keys[program], new.runner.keys[program])
        // Segment 5 is [12,000, 14,400); the segment before ends far from the point and its look-ahead.
        #expect(before[..<5] == after[..<5])
        #expect(before[5] != after[5])
        for k in before.indices where before[k] == after[k] {
            #expect(old.runner.results[program][k] == new.runner.results[program][k])
        }
    }
}
