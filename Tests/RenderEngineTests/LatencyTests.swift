import Quantities
import RenderCompiler
import Session
import Testing

/// Latency is compensated inside the program that has it: whatever is limited, impulses stay on their frames.
@Suite struct LatencyTests {
    /// A frame close to a segment's end, so that the look-ahead crosses into the next segment.
    static let frame = 11_990

    @Test(arguments: [48_000, 96_000, 192_000])
    func `A limited track stays in time with one that is not`(rateHertz: Int) throws {
        var scene = Scene(rateHertz: rateHertz, seconds: 0.5)
        scene.addTrack("Plain", impulse(at: Self.frame, channels: 2, frames: 20_000))
        scene.addTrack(
            "Limited", impulse(at: Self.frame, channels: 2, frames: 20_000), devices: [limiter, limiter])
        try expectOnlyImpulse(scene, level: 0.1)
    }

    @Test func `Limiters on tracks, nested buses, returns and the master keep every path aligned`() throws {
        var scene = Scene(seconds: 0.6)
        scene.song.buses = [
            Bus(
                name: "Inner", devices: [limiter],
                mixer: Mixer(output: .bus(1), sends: [Send(to: 0, gain: .unity)])),
            Bus(
                name: "Outer", devices: [limiter, limiter], mixer: Mixer(sends: [Send(to: 1, gain: .unity)])),
            Bus(name: "Plain"),
        ]
        scene.song.returns = [
            Bus(name: "R1", devices: [limiter], mixer: Mixer(output: .bus(2))), Bus(name: "R2", devices: []),
        ]
        scene.song.master = Master(devices: [limiter])
        let chains: [[Device]] = [[], [limiter], [compressor(threshold: 0), limiter], [limiter, limiter]]
        for (i, output) in [Output.bus(0), .bus(1), .bus(2), .master].enumerated() {
            for (j, devices) in chains.enumerated() {
                scene.addTrack(
                    "T\(i) \(j)", impulse(at: Self.frame, channels: 2, frames: 20_000, level: 0.01),
                    devices: devices,
                    mixer: Mixer(
                        output: output,
                        sends: j == 2 ? [Send(to: 0, gain: .unity)] : [Send(to: 1, gain: .unity, tap: .pre)]))
            }
        }
        // 16 tracks; one post-fader send to R1 and three pre-fader ones to R2 from each group of four; Inner and Outer
        // send on: 4 into R1; 8 into R2.
        try expectOnlyImpulse(scene, level: 0.01 * (16 + 4 + 12 + 4 + 8), tolerance: 1e-3)
    }

    /// Where the sidechain's impulse arrives: the first frame in which a steady tone is turned down.
    @Test(arguments: [[], [limiter], [limiter, limiter]], [[], [limiter]])
    func `A side-chain is heard on its frame whatever lags around it`(before: [Device], after: [Device])
        throws
    {
        for keyDevices in [[], [limiter]] {
            for target in 0..<2 {
                var scene = Scene(seconds: 0.5)
                scene.addTrack(
                    "Key", impulse(at: Self.frame, channels: 2, frames: 24_000, level: 0.8),
                    devices: keyDevices,
                    mixer: Mixer(isMuted: true))
                let ducker = Device(
                    .compressor, ["threshold": -40, "ratio": 10, "attack": 0.00001, "release": 0.2],
                    key: .track(0))
                let steady = [[Float]](repeating: [Float](repeating: 0.25, count: 24_000), count: 2)
                let chain = before + [ducker] + after
                if target == 0 {
                    scene.addTrack("Steady", steady, devices: chain)
                } else {
                    scene.song.buses = [Bus(name: "Bus", devices: chain)]
                    scene.addTrack("Steady", steady, devices: [limiter], mixer: Mixer(output: .bus(0)))
                }
                let mix = try scene.render().mix
                let first = mix[0].indices.first { mix[0][$0] < 0.2 }
                #expect(first == Self.frame)
                #expect(mix[0][..<Self.frame].allSatisfy { abs($0 - 0.25) < 1e-6 })
            }
        }
    }

    @Test func `A peak around a segment's boundary is held under the ceiling as anywhere else`() throws {
        for offset in [-150, -101, -100, -1, 0, 1, 50] {
            var scene = Scene(seconds: 1)
            var planes = noise(3, channels: 2, frames: 48_000, level: 0.2)
            for i in 0..<20 { planes[0][12_000 + offset + i] = i % 2 == 0 ? 1.9 : -1.9 }
            scene.addTrack("A", planes, devices: [limiter])
            let cut = try scene.render(segmentSeconds: 0.25).mix
            let whole = try scene.render(segmentSeconds: 10).mix
            #expect(difference(cut, whole) < 1e-6)
            #expect(cut.joined().allSatisfy { abs($0) <= 0.8913 })
            // Held down, not cut away: what surrounds the burst is turned down with it and comes back.
            #expect(cut[0].contains { abs($0) > 0.4 } && cut[1][40_000...].contains { abs($0) > 0.19 })
        }
    }

    @Test func `Clip edges and automation points around a boundary fall on their frames`() throws {
        for offset in [-1, 0, 1] {
            let frame = 12_000 + offset
            var scene = Scene(seconds: 0.5)
            let ones = [[Float]](repeating: [Float](repeating: 0.5, count: 24_000), count: 2)
            let source = scene.addSource(ones)
            scene.song.tracks = [
                Track(name: "Ends", clips: [Clip(source: source, atFrame: 0, frameCount: frame)]),
                Track(
                    name: "Begins", clips: [Clip(source: source, atFrame: frame, frameCount: 24_000 - frame)],
                    devices: [limiter], mixer: Mixer(isPolarityInverted: true)),
                Track(
                    name: "Moves", clips: [Clip(source: source, atFrame: 0, frameCount: 24_000)],
                    mixer: Mixer(faderAutomation: [
                        AutomationPoint(frame: 0, value: -.infinity), AutomationPoint(frame: frame, value: 0),
                    ])),
            ]
            let mix = try scene.render().mix[0]
            #expect(mix[..<frame].allSatisfy { $0 == 0.5 })
            #expect(mix[frame...].allSatisfy { $0 == 0 })
        }
    }

    private func expectOnlyImpulse(_ scene: Scene, level: Float, tolerance: Float = 1e-6) throws {
        #expect(scene.song.violations.isEmpty)
        let mix = try scene.render().mix
        for channel in 0..<2 {
            #expect(sounding(mix[channel]) == [Self.frame])
            #expect(abs(mix[channel][Self.frame] - level) < tolerance)
        }
    }
}
