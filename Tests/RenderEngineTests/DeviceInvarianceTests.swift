import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// No device's bytes depend on blocks, on where segments run, or on who shares a cell with it.
@Suite struct DeviceInvarianceTests {
    private static let frames = 9600

    @Test func `All devices in one strip give the same bytes for any block and any segment`() throws {
        var scene = Scene(seconds: 0.2)
        scene.addTrack(
            "All", noise(1, channels: 2, frames: Self.frames, level: 0.5),
            devices: sampledKinds.map(Device.usual))
        let rendered = try expectInvariant(scene, "all devices")
        #expect(rendered.mix[0].contains { abs($0) > 0.01 })
        let program = rendered.runner.list[rendered.plan.stems[0].stream.program]
        guard case .mix(let body) = program.body else { return }
        #expect(body.nodes[0].strips[0].stages.count == ProcessorKind.allCases.count)
    }

    @Test func `All devices stand on a bus, a return and the master`() throws {
        var scene = Scene(seconds: 0.2)
        let half = sampledKinds.count / 2
        let (first, second) = (
            sampledKinds[..<half].map(Device.usual), sampledKinds[half...].map(Device.usual)
        )
        scene.song.buses = [
            Bus(name: "Bus", devices: first, mixer: Mixer(sends: [Send(to: 0, gain: .unity)]))
        ]
        scene.song.returns = [Bus(name: "Return", devices: second)]
        scene.song.master = Master(devices: (second + first).reversed())
        for i in 0..<3 {
            scene.addTrack(
                "T\(i)", noise(UInt64(i), channels: 1 + i % 2, frames: Self.frames - 900 * i), at: 100 * i,
                mixer: Mixer(output: .bus(0)))
        }
        _ = try expectInvariant(scene, blocks: [7, 4096], "bus, return and master")
    }

    /// Eight tracks in one cell, no two chains alike, each sent to a return of its own before the fader.
    private func cell(_ tracks: [Int], automates: Bool) -> Scene {
        var scene = Scene(seconds: 0.2)
        scene.song.returns = (0..<8).map { Bus(name: "R\($0)") }
        for i in tracks {
            // Each chain begins elsewhere in the list; the lengths are 2 to 9.
            let devices = (0..<2 + i).map { j in
                let device = Device.usual(sampledKinds[(5 * i + 3 * j) % sampledKinds.count])
                return automates && j % 2 == 0 ? device.automatedThroughout(frames: Self.frames) : device
            }
            scene.addTrack(
                "T\(i)", noise(UInt64(20 + i), channels: 1 + i % 2, frames: Self.frames, level: 0.4),
                devices: devices, mixer: Mixer(sends: [Send(to: i, gain: .unity, tap: .pre)]))
        }
        return scene
    }

    @Test(arguments: [false, true])
    func `A track sounds alike alone and in a cell of other chains`(automates: Bool) throws {
        let together = try expectInvariant(
            cell(Array(0..<8), automates: automates), blocks: [1, 64], "unequal chains")
        let cells = together.runner.list.programs.filter {
            guard case .mix(let body) = $0.body else { return false }
            return body.nodes.contains { $0.strips.count == 8 }
        }
        #expect(cells.count == 1)
        for i in 0..<8 {
            let alone = try cell([i], automates: automates).render(segmentSeconds: 0.05)
            let same = together.stem("R\(i)") == alone.stem("R\(i)")
            #expect(same, "track \(i)")
            #expect(alone.stem("R\(i)")?[0].contains { $0 != 0 } == true)
        }
    }

    @Test func `Each kind beside look-ahead is what it is alone`() throws {
        for kind in sampledKinds {
            func stem(withLimiter: Bool) throws -> [[Float]]? {
                var scene = Scene(seconds: 0.1)
                scene.song.returns = [Bus(name: "R")]
                scene.addTrack(
                    "It", noise(3, channels: 2, frames: 4000, level: 0.5), devices: [Device.usual(kind)],
                    mixer: Mixer(sends: [Send(to: 0, gain: .unity, tap: .pre)]))
                if withLimiter {
                    scene.addTrack("Other", noise(4, channels: 2, frames: 4000), devices: [limiter, limiter])
                }
                return try scene.render(segmentSeconds: 0.05).stem("R")
            }
            let (alone, beside) = (try stem(withLimiter: false), try stem(withLimiter: true))
            #expect(alone != nil)
            let same = alone == beside
            #expect(same, "\(kind)")
        }
    }

    @Test func `Cells merged into buses of all devices keep every sample`() throws {
        var scene = Scene(seconds: 0.2)
        for (i, kind) in sampledKinds.enumerated() {
            scene.song.buses.append(Bus(name: "B\(i)", devices: [Device.usual(kind)]))
            scene.addTrack(
                "T\(i)", noise(UInt64(i), channels: 2, frames: 8000),
                devices: i % 3 == 0 ? [limiter] : [Device.usual(sampledKinds[(i + 7) % sampledKinds.count])],
                mixer: Mixer(output: .bus(i)))
        }
        let merged = try scene.render(segmentSeconds: 0.05)
        let apart = try scene.render(segmentSeconds: 0.05, reducesPrograms: false)
        #expect(merged.runner.list.programs.count < apart.runner.list.programs.count)
        for (i, kind) in sampledKinds.enumerated() {
            let same = merged.stem("B\(i)") == apart.stem("B\(i)")
            #expect(same, "\(kind)")
        }
    }

    // MARK: - Side-chains

    private static let keyFrame = 4790

    private static let keyed: [Device] = [
        Device(.gate, ["threshold": -20, "attack": 0.000_05], key: .track(0)),
        Device(
            .compressor, ["threshold": -40, "ratio": 10, "attack": 0.000_01, "release": 0.1], key: .track(0)),
        Device(.busCompressor, ["threshold": -40, "ratio": 10, "attack": 0.0001], key: .track(0)),
        Device(
            .equalizer,
            bands: [
                [
                    "type": "bell", "frequency": 1000, "q": 0.5, "range": -12, "threshold": -50, "ratio": 10,
                    "attack": 0.0005,
                ]
            ], key: .track(0)),
    ]

    private func keyedScene(_ device: Device, place: Int, isLoud: Bool, lags: Bool) -> Scene {
        var scene = Scene(seconds: 0.2)
        var key = [[Float]](repeating: [Float](repeating: 0, count: Self.frames), count: 2)
        if isLoud {
            let burst = noise(5, channels: 2, frames: 600, level: 0.9)
            for c in 0..<2 { key[c].replaceSubrange(Self.keyFrame..<Self.keyFrame + 600, with: burst[c]) }
        }
        scene.addTrack("Key", key, devices: lags ? [limiter] : [], mixer: Mixer(isMuted: true))
        let chain = lags ? [limiter, device, limiter] : [device]
        let planes = noise(6, channels: 2, frames: Self.frames, level: 0.02)
        switch place {
        case 0: scene.addTrack("Track", planes, devices: chain)
        case 1:
            scene.song.buses = [Bus(name: "Bus", devices: chain)]
            scene.addTrack("Track", planes, mixer: Mixer(output: .bus(0)))
        case 2:
            scene.song.returns = [Bus(name: "Return", devices: chain)]
            scene.addTrack("Track", planes, mixer: Mixer(sends: [Send(to: 0, gain: .unity, tap: .pre)]))
        default:
            scene.addTrack("Track", planes)
            scene.song.master = Master(devices: chain)
        }
        return scene
    }

    @Test(arguments: 0..<4, [false, true])
    func `A keyed device hears the key on its frame`(place: Int, lags: Bool) throws {
        for device in Self.keyed {
            let quiet = try keyedScene(device, place: place, isLoud: false, lags: lags).render(
                segmentSeconds: 0.05)
            let loud = try expectInvariant(
                keyedScene(device, place: place, isLoud: true, lags: lags), blocks: [7, 4096],
                "\(device.kind)")
            let first = try #require(loud.mix[0].indices.first { loud.mix[0][$0] != quiet.mix[0][$0] })
            #expect((Self.keyFrame...Self.keyFrame + 40).contains(first), "\(device.kind) at \(first)")
        }
    }
}
