import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import Testing

/// What must never change a byte: block sizes, where segments run, and how units are merged into programs.
@Suite struct InvarianceTests {
    /// Every device, latency at each level, keys, automation, nested buses, a return into a bus.
    static func fullScene(seconds: Double = 0.5, seed: UInt64 = 0) -> Scene {
        var scene = Scene(seconds: seconds)
        let frames = Int(seconds * 48_000)
        scene.song.buses = [
            Bus(name: "Drums", devices: [compressor(threshold: -18)], mixer: Mixer(output: .bus(1))),
            Bus(
                name: "All",
                devices: [equalizer(["type": "high-shelf", "frequency": 9000, "gain": 2])]),
            Bus(name: "Loud", devices: [limiter, compressor(key: .track(0))]),
        ]
        scene.song.returns = [
            Bus(
                name: "Hall", devices: [Device(.reverb, ["decay": 0.5, "predelay": 0.004])],
                mixer: Mixer(output: .bus(1))),
            Bus(
                name: "Echo",
                devices: [Device(.delay, ["left": 901, "right": 1203, "ping-pong": true, "mix": 1])]
            ),
        ]
        scene.song.master = Master(devices: [
            equalizer(["type": "low-shelf", "frequency": 90, "gain": 1]), limiter,
        ])
        var random = Random(seed)
        for i in 0..<14 {
            var devices: [Device] = []
            if i % 2 == 0 {
                devices.append(
                    equalizer(
                        ["type": "high-pass", "frequency": .number(40 + Double(i)), "slope": "24 dB/oct"],
                        ["type": "bell", "frequency": 700, "gain": .number(Double(i) - 4), "q": 1.3],
                        ["type": "bell", "frequency": 16_000, "gain": 3, "q": 2]))
            }
            if i % 3 != 1 { devices.append(compressor(key: i == 5 ? .track(0) : nil)) }
            if i % 5 == 2 { devices.append(Device(.limiter, ["gain": 12])) }
            if i == 9 { devices.append(Device(.utility, ["gain": 3, "invert": "left"])) }
            if i == 11 { devices.append(compressor(key: .bus(0))) }
            let points = [
                AutomationPoint(frame: 11_990, value: -20),
                AutomationPoint(frame: 12_010, value: 0, shape: .linear),
                AutomationPoint(frame: 20_000, value: -.infinity, shape: .linear),
            ]
            let outputs: [Output] = [.bus(0), .master, .bus(2), .bus(1)]
            // Track 11 listens to bus 0, so it must not feed it.
            scene.addTrack(
                "T\(i)", noise(random.next(), channels: 1 + i % 2, frames: frames - 300 * i, level: 0.5),
                at: 71 * i,
                devices: devices,
                mixer: Mixer(
                    fader: Decibels(-8), faderAutomation: i % 4 == 1 ? points : [], pan: Double(i - 7) / 8,
                    output: i == 11 ? .master : outputs[i % 4],
                    sends: [Send(to: i % 2, gain: Decibels(-10), tap: i % 3 == 0 ? .pre : .post)]))
        }
        return scene
    }

    @Test func `Every block size gives the same windows and snapshots`() throws {
        let scene = Self.fullScene(seconds: 0.3)
        let whole = try scene.render(segmentSeconds: 0.1, options: .init(blockFrames: 4096))
        for blockFrames in [1, 7, 64] {
            let cut = try scene.render(segmentSeconds: 0.1, options: .init(blockFrames: blockFrames))
            expectSame(whole, cut, "blocks of \(blockFrames)")
        }
    }

    @Test(arguments: [0.06, 0.25])
    func `A segment on a fresh renderer is the segment of one that went on`(segmentSeconds: Double) throws {
        let scene = Self.fullScene(seed: 5)
        let live = try scene.render(segmentSeconds: segmentSeconds)
        let scattered = try scene.render(
            segmentSeconds: segmentSeconds, options: .init(blockFrames: 333, scatters: true))
        #expect(live.plan.frameCount > live.plan.segmentFrames)
        expectSame(live, scattered, "scattered")
    }

    @Test func `Merging cells into buses changes programs and no sample`() throws {
        var scene = Self.fullScene()
        // One cell to a bus, with what it sends to returns that join outside of it.
        for i in 0..<3 {
            scene.song.buses.append(
                Bus(
                    name: "Pair \(i)", devices: [compressor()],
                    mixer: Mixer(sends: [Send(to: 1, gain: Decibels(-9))])))
            scene.addTrack(
                "P\(i)", noise(UInt64(40 + i), channels: 2, frames: 20_000), devices: i == 0 ? [limiter] : [],
                mixer: Mixer(output: .bus(3 + i), sends: [Send(to: i % 2, gain: Decibels(-3))]))
        }
        let merged = try scene.render()
        let apart = try scene.render(reducesPrograms: false)
        #expect(merged.runner.list.programs.count == apart.runner.list.programs.count - 4)
        #expect(merged.mix == apart.mix)
        #expect(merged.preMaster == apart.preMaster)
        for (a, b) in zip(merged.plan.stems, apart.plan.stems) {
            #expect(a.name == b.name)
            #expect(merged.runner.planes(a.stream) == apart.runner.planes(b.stream), "\(a.name)")
        }
    }

    @Test func `Segment lengths move the sound by no more than rounding`() throws {
        let scene = Self.fullScene()
        let short = try scene.render(segmentSeconds: 0.05).mix
        let long = try scene.render(segmentSeconds: 10).mix
        #expect(difference(short, long) < 1e-5)
    }

    @Test func `Segments with equal keys have equal results after an edit`() throws {
        let before = Self.fullScene(seconds: 1)
        var after = before
        after.song.tracks[1].mixer.faderAutomation.append(AutomationPoint(frame: 30_000, value: -3))
        after.song.tracks[4].clips[0].fadeOutFrames = 2000
        let old = try before.render(segmentSeconds: 0.125)
        let new = try after.render(segmentSeconds: 0.125)
        var known: [[UInt8]: TaskResult] = [:]
        for (keys, results) in zip(old.runner.keys, old.runner.results) {
            for (key, result) in zip(keys, results) { known[key] = result }
        }
        var reused = 0
        var rendered = 0
        for (keys, results) in zip(new.runner.keys, new.runner.results) {
            for (key, result) in zip(keys, results) {
                guard let recorded = known[key] else {
                    rendered += 1
                    continue
                }
                reused += 1
                #expect(recorded == result)
            }
        }
        #expect(reused > rendered && rendered > 0, "\(reused) reused, \(rendered) rendered")
        // Nothing before the edit's first frame is rendered again; the look-ahead of the limiters reads 101 frames on.
        let editedSegment = 30_000 / new.plan.segmentFrames
        for keys in new.runner.keys where keys.count > editedSegment {
            for segment in 0..<editedSegment - 1 { #expect(known[keys[segment]] != nil) }
        }
    }

    private func expectSame(_ a: Rendered, _ b: Rendered, _ comment: Comment) {
        #expect(a.runner.results == b.runner.results, comment)
        #expect(a.runner.keys == b.runner.keys, comment)
        // Equal digests of other bytes would hide a difference.
        #expect(a.mix == b.mix, comment)
    }
}
