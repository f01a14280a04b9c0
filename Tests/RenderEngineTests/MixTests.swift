import Quantities
import RenderCompiler
import Session
import Testing

/// The mixer against a reference in Double, written from the rules of the session file.
@Suite struct MixTests {
    /// -120 dBFS.
    static let tolerance = 1e-6

    @Test(arguments: [1, 2])
    func `Gain, pan and polarity follow their laws`(channels: Int) throws {
        for pan in [-1, -0.6, 0, 0.2, 1] {
            var scene = Scene(seconds: 0.1)
            scene.addTrack(
                "A", noise(1, channels: channels, frames: 4000), at: 123,
                mixer: Mixer(fader: Decibels(-3.5), pan: pan, isPolarityInverted: pan > 0))
            try expectReference(scene)
        }
    }

    @Test func `A centred mono track is 3 dB down and a centred stereo track is untouched`() throws {
        var scene = Scene(seconds: 0.05)
        scene.addTrack("Mono", impulse(at: 10, frames: 100, level: 0.5))
        scene.addTrack("Stereo", impulse(at: 20, channels: 2, frames: 100, level: 0.5))
        let mix = try scene.render().mix
        #expect(abs(mix[0][10] - 0.5 * Float(0.5).squareRoot()) < 1e-7)
        #expect(mix[0][20] == 0.5 && mix[1][20] == 0.5)
    }

    @Test(arguments: [Clip.FadeShape.linear, .equalPower])
    func `Clips fade, overlap and start on the frame`(shape: Clip.FadeShape) throws {
        var scene = Scene(seconds: 1)
        let source = scene.addSource(noise(7, channels: 2, frames: 30_000))
        scene.song.tracks = [
            Track(
                name: "A",
                clips: [
                    Clip(
                        source: source, atFrame: 11_990, startFrame: 100, frameCount: 9000,
                        gain: Decibels(-2),
                        fadeInFrames: 4000, fadeOutFrames: 4500, fadeShape: shape),
                    Clip(
                        source: source, atFrame: 17_000, startFrame: 5, frameCount: 25_000,
                        fadeInFrames: 3990,
                        fadeOutFrames: 1, fadeShape: shape),
                    Clip(source: source, atFrame: 3, frameCount: 1),
                ])
        ]
        try expectReference(scene)
    }

    @Test func `Fader, pan and send automation hold, ramp and fall silent`() throws {
        var scene = Scene(seconds: 1)
        scene.song.returns = [Bus(name: "Hall", devices: [], mixer: Mixer(fader: Decibels(-1)))]
        let fader = [
            AutomationPoint(frame: 5000, value: -6),
            AutomationPoint(frame: 12_000, value: -3, shape: .linear),
            AutomationPoint(frame: 12_001, value: 2),
            AutomationPoint(frame: 24_000, value: -.infinity, shape: .linear),
            AutomationPoint(frame: 30_000, value: -.infinity),
            AutomationPoint(frame: 36_000, value: 0, shape: .linear),
            AutomationPoint(frame: 40_000, value: -.infinity, shape: .hold),
        ]
        let pan = [
            AutomationPoint(frame: 0, value: -1), AutomationPoint(frame: 23_999, value: 1, shape: .linear),
            AutomationPoint(frame: 24_000, value: 0),
            AutomationPoint(frame: 60_000, value: 0.5, shape: .linear),
        ]
        let sendPoints = pan.map { AutomationPoint(frame: $0.frame, value: 12 * $0.value, shape: $0.shape) }
        for channels in [1, 2] {
            scene.addTrack(
                "T\(channels)", noise(UInt64(channels), channels: channels, frames: 48_000),
                mixer: Mixer(
                    faderAutomation: fader, panAutomation: pan,
                    sends: [
                        Send(
                            to: 0, gain: Decibels(-6), tap: channels == 1 ? .pre : .post,
                            automation: sendPoints)
                    ]))
        }
        scene.song.master.faderAutomation = [
            AutomationPoint(frame: 100, value: 0), AutomationPoint(frame: 47_000, value: -9, shape: .linear),
        ]
        try expectReference(scene)
    }

    @Test func `Sends, mutes, nested buses and returns into buses add up`() throws {
        var scene = Scene(seconds: 0.6)
        scene.song.buses = [
            Bus(
                name: "Inner",
                mixer: Mixer(fader: Decibels(-2), output: .bus(1), sends: [Send(to: 0, gain: Decibels(-9))])),
            Bus(name: "Outer", mixer: Mixer(pan: 0.3, isPolarityInverted: true)),
            Bus(name: "Muted", mixer: Mixer(isMuted: true)),
        ]
        scene.song.returns = [
            Bus(
                name: "Into bus",
                mixer: Mixer(output: .bus(1), sends: [Send(to: 1, gain: Decibels(-3), tap: .pre)])),
            Bus(name: "Open", mixer: Mixer(fader: Decibels(1))),
        ]
        let outputs: [Output] = [.bus(0), .bus(1), .bus(2), .master]
        for i in 0..<13 {
            let sends = [
                Send(to: i % 2, gain: Decibels(-6 - Double(i)), tap: i % 3 == 0 ? .pre : .post)
            ]
            scene.addTrack(
                "T\(i)", noise(UInt64(i), channels: 1 + i % 2, frames: 20_000 + 100 * i), at: 37 * i,
                mixer: Mixer(
                    fader: Decibels(-Double(i)), pan: Double(i - 6) / 6, isPolarityInverted: i % 4 == 0,
                    isMuted: i % 5 == 4, output: outputs[i % 4], sends: sends))
        }
        try expectReference(scene)
    }

    /// Left and right change places, and the next one puts them back: work for a device, and the same bits.
    private static let swap = Device(.utility, ["swap": true])

    @Test func `A cell adds its tracks in the order of the session, whatever their chains`() throws {
        func mix(_ levels: [Float]) throws -> [[Float]] {
            var scene = Scene(seconds: 0.01)
            scene.song.returns = [Bus(name: "R")]
            for (i, level) in levels.enumerated() {
                // The small one's chain is another, so that its strip stands behind those of the others.
                scene.addTrack(
                    "T\(i)", [[Float]](repeating: [Float](repeating: level, count: 400), count: 2),
                    devices: Array(repeating: Self.swap, count: level.magnitude < 1 ? 4 : 2),
                    mixer: Mixer(sends: [Send(to: 0, gain: Decibels(0), tap: .pre)]))
            }
            return try scene.render().mix
        }
        // Double rounds 1e-20 away beside 1, but not beside 1 - 1.
        for channel in try mix([1, 1e-20, -1]) { #expect(channel.allSatisfy { $0 == 0 }) }
        for channel in try mix([1, -1, 1e-20]) { #expect(channel[..<400].allSatisfy { $0 > 0 && $0 < 1e-19 }) }
    }

    @Test func `Tracks whose devices change nothing are mixed to the same bits as tracks without`() throws {
        func scene(_ devices: [Device]) -> Scene {
            var scene = Scene(seconds: 0.1)
            scene.song.returns = [Bus(name: "R"), Bus(name: "S")]
            for i in 0..<7 {
                scene.addTrack(
                    "T\(i)", noise(UInt64(i), channels: 1 + i % 2, frames: 4000 + 77 * i), devices: devices,
                    mixer: Mixer(
                        fader: Decibels(-1.5 * Double(i)), pan: Double(i - 3) / 3, isPolarityInverted: i % 3 == 0,
                        sends: [Send(to: i % 2, gain: Decibels(-4), tap: i % 4 < 2 ? .pre : .post)]))
            }
            return scene
        }
        let (plain, swapped) = (try scene([]).render(), try scene([Self.swap, Self.swap]).render())
        #expect(plain.mix == swapped.mix)
        for (a, b) in zip(plain.plan.stems, swapped.plan.stems) {
            #expect(plain.runner.planes(a.stream) == swapped.runner.planes(b.stream), "\(a.name)")
        }
        try expectReference(scene([]))
    }

    @Test func `Stems sum to the pre-master, bit for bit`() throws {
        var scene = Scene(seconds: 0.6)
        scene.song.buses = [Bus(name: "A", devices: [compressor()]), Bus(name: "B", devices: [limiter])]
        scene.song.returns = [
            Bus(name: "R", devices: [Device(.delay, ["left": 777, "right": 1234])])
        ]
        for i in 0..<11 {
            let output: Output = i % 3 == 0 ? .master : .bus(i % 3 - 1)
            scene.addTrack(
                "T\(i)", noise(UInt64(i), channels: 2, frames: 26_000),
                mixer: Mixer(fader: Decibels(-7), output: output, sends: [Send(to: 0, gain: Decibels(-6))]))
        }
        scene.song.master.devices = [limiter]
        let rendered = try scene.render()
        #expect(rendered.plan.stems.map(\.name) == ["Direct", "A", "B", "R"])
        for channel in 0..<2 {
            for i in 0..<rendered.plan.frameCount {
                var sum = 0.0
                for stem in rendered.plan.stems {
                    sum += Double(rendered.runner.planes(stem.stream)[channel][i])
                }
                guard Float(sum) == rendered.preMaster[channel][i] else {
                    Issue.record("frame \(i)")
                    return
                }
            }
        }
        #expect(rendered.mix != rendered.preMaster)
    }

    private func expectReference(_ scene: Scene) throws {
        #expect(scene.song.violations.isEmpty)
        let rendered = try scene.render()
        let expected = MixReference(scene, frameCount: rendered.plan.frameCount).render()
        for (planes, reference) in [(rendered.preMaster, expected.preMaster), (rendered.mix, expected.mix)] {
            var error = 0.0
            var loudest = 0.0
            for i in 0..<rendered.plan.frameCount {
                error = max(error, abs(Double(planes[0][i]) - reference.left[i]))
                error = max(error, abs(Double(planes[1][i]) - reference.right[i]))
                loudest = max(loudest, abs(reference.left[i]), abs(reference.right[i]))
            }
            #expect(error < Self.tolerance)
            #expect(loudest > 0.02, "a test of silence proves nothing")
        }
    }
}
