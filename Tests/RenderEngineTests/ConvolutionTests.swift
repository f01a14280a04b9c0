import Quantities
import RenderCompiler
import RenderEngine
import RenderPlan
import Session
import SignalProcessing
import Testing

/// Convolvers and linear-phase equalizers: programs of their own inside a channel's chain.
@Suite struct ConvolutionTests {
    private static let frames = 12_000

    /// Noise that dies away.
    private static func response(_ seed: UInt64, channels: Int, frames: Int = 500) -> [[Float]] {
        noise(seed, channels: channels, frames: frames, level: 0.3).map { plane in
            plane.enumerated().map { $1 * Float(frames - $0) / Float(frames) }
        }
    }

    private static let dry: [String: DeviceValue] = ["normalize": "none"]

    private static func linearPhase(_ bands: [[String: DeviceValue]]) -> Device {
        Device(.equalizer, ["mode": "linear-phase"], bands: bands)
    }

    private static let shelf: [String: DeviceValue] = ["type": "high-shelf", "frequency": 6000, "gain": 4]
    private static let midBell: [String: DeviceValue] =
        ["type": "bell", "frequency": 800, "gain": -6, "q": 1, "channels": "mid"]
    private static let leftCut: [String: DeviceValue] = [
        "type": "high-pass", "frequency": 90, "channels": "left",
    ]

    /// The convolution devices under test, their files added to the scene.
    private static func device(_ name: String, _ scene: inout Scene) -> Device {
        switch name {
        case "mono": Device(.convolver, sources: [scene.addSource(response(1, channels: 1))])
        case "stereo":
            Device(
                .convolver, ["mix": 0.4, "gain": -3], sources: [scene.addSource(response(2, channels: 2))])
        case "true stereo":
            Device(
                .convolver, ["predelay": 0.01],
                sources: [
                    scene.addSource(response(3, channels: 2)), scene.addSource(response(4, channels: 2)),
                ])
        case "other rate":
            Device(
                .convolver, dry,
                sources: [scene.addSource(response(5, channels: 2, frames: 3000), rateHertz: 44_100)])
        case "linear phase": linearPhase([shelf])
        case "linear phase mid": linearPhase([shelf, midBell, leftCut])
        case "match":
            Device(
                .match, sources: [scene.addSource(noise(6, channels: 2, frames: 30_000), rateHertz: 44_100)])
        default: preconditionFailure(name)
        }
    }

    private static let names = [
        "mono", "stereo", "true stereo", "other rate", "linear phase", "linear phase mid", "match",
    ]

    @Test(arguments: names, 0..<4)
    func `Anywhere in the routing, no byte depends on segments, their order or blocks`(
        name: String, place: Int
    ) throws {
        var scene = Scene(seconds: 0.25)
        let device = Self.device(name, &scene)
        // Before and after other devices, and twice in a row.
        let chains: [[Device]] = [
            [compressor(), device, Device(.delay, ["left": 30, "right": 77]), limiter],
            [limiter, device, device],
            [device],
        ]
        for chain in place == 0 ? chains : [chains[0]] {
            var copy = scene
            let planes = noise(9, channels: 2, frames: Self.frames - 2000)
            switch place {
            case 0: copy.addTrack("T", planes, at: 500, devices: chain)
            case 1:
                copy.song.buses = [Bus(name: "B", devices: chain)]
                copy.addTrack("T", planes, at: 500, mixer: Mixer(output: .bus(0)))
            case 2:
                copy.song.returns = [Bus(name: "R", devices: chain)]
                copy.addTrack(
                    "T", planes, at: 500, mixer: Mixer(sends: [Send(to: 0, gain: .unity, tap: .pre)]))
            default:
                copy.addTrack("T", planes, at: 500)
                copy.song.master = Master(devices: chain)
            }
            copy.addTrack("Plain", noise(10, channels: 1, frames: Self.frames))
            let rendered = try expectInvariant(copy, blocks: [], "\(name) at \(place)")
            let apart = try copy.render(segmentSeconds: 0.05, reducesPrograms: false)
            let same = rendered.mix == apart.mix
            #expect(same)
            let isWindowed = rendered.runner.list.programs.contains {
                if case .convolve = $0.body { $0.kind == .windowed } else { false }
            }
            #expect(isWindowed)
            #expect(rendered.mix[0].contains { abs($0) > 0.01 })
        }
    }

    // MARK: - Against sums of products

    /// h of left to left, left to right, right to left, right to right.
    private func direct(_ x: [[Double]], _ h: [[Double]], ahead: Int = 0) -> [[Double]] {
        let count = x[0].count
        var y = [[Double]](repeating: [Double](repeating: 0, count: count), count: 2)
        for (path, taps) in h.enumerated() where !taps.isEmpty {
            let (from, to) = (path / 2, path % 2)
            for n in 0..<count {
                for k in taps.indices where n + ahead - k >= 0 && n + ahead - k < count {
                    y[to][n] += taps[k] * x[from][n + ahead - k]
                }
            }
        }
        return y
    }

    private func convolved(
        _ parameters: [String: DeviceValue], _ files: [[[Float]]], rateHertz: Int = 48_000,
        expected paths: [[Double]], ahead: Int = 0
    ) throws {
        var scene = Scene(seconds: 0.25)
        let sources = files.map { scene.addSource($0, rateHertz: rateHertz) }
        let planes = noise(12, channels: 2, frames: Self.frames)
        scene.addTrack("T", planes, devices: [Device(.convolver, parameters, sources: sources)])
        let mix = try scene.render(segmentSeconds: 0.05).mix
        let error = errorDecibels(mix, direct(doubles(planes), paths, ahead: ahead))
        #expect(error <= -140, "\(parameters.keys.sorted()): \(error) dB")
    }

    @Test func `A convolver is the convolution, to -140 dB`() throws {
        let (one, two, other) = (
            Self.response(1, channels: 1), Self.response(2, channels: 2), Self.response(3, channels: 2)
        )
        let (mono, a, b) = (doubles(one)[0], doubles(two), doubles(other))
        try convolved(Self.dry, [one], expected: [mono, [], [], mono])
        try convolved(Self.dry, [two], expected: [a[0], [], [], a[1]])
        try convolved(Self.dry, [two, other], expected: [a[0], a[1], b[0], b[1]])
        // Files of different lengths: the shorter one ends in silence.
        try convolved(
            Self.dry, [two, other.map { Array($0[..<100]) }],
            expected: [
                a[0], a[1], Array(b[0][..<100]), Array(b[1][..<100]),
            ])
        // Predelay, gain and a dry part; the product of the taps and the gain is rounded once to Float32.
        let gain = PinnedMath.gain(decibels: -6) * 0.25
        func mixed(_ h: [Double]) -> [Double] {
            var taps = [Double](repeating: 0, count: 240) + h.map { Double(Float($0) * Float(gain)) }
            taps[0] += 0.75
            return taps
        }
        try convolved(
            ["normalize": "none", "predelay": 0.005, "gain": -6, "mix": 0.25], [two],
            expected: [mixed(a[0]), [], [], mixed(a[1])])
        let energy = a.joined().reduce(0) { $0 + $1 * $1 } / 2
        func scaled(_ h: [Double]) -> [Double] {
            h.map { Double(Float($0) * Float(1 / energy.squareRoot())) }
        }
        try convolved([:], [two], expected: [scaled(a[0]), [], [], scaled(a[1])])
    }

    @Test func `A response of another rate is its conversion`() throws {
        let file = Self.response(7, channels: 2, frames: 400)
        let converter = PolyphaseConverter(from: 44_100, to: 48_000)
        let ahead = converter.outputFrameCount(forInput: converter.historyFrames)
        let count = 2 * ahead + 436
        let input = converter.inputRange(forOutput: -ahead..<count - ahead)
        let taps = file.map { plane in
            let padded = input.map { plane.indices.contains($0) ? plane[$0] * Float(44_100.0 / 48_000) : 0 }
            var output = [Float](repeating: 0, count: count)
            var span = output.mutableSpan
            converter.process(
                input: padded.span, inputStart: input.lowerBound, output: &span, outputStart: -ahead)
            return output.map(Double.init)
        }
        try convolved(
            Self.dry, [file], rateHertz: 44_100, expected: [taps[0], [], [], taps[1]], ahead: ahead)
    }

    // MARK: - Time

    @Test(arguments: [0, 1, 2])
    func `An impulse arrives at its frame`(lagging: Int) throws {
        let frame = 2390
        let before = lagging == 1 ? [limiter] : []
        let after = lagging == 2 ? [limiter] : []
        func peak(_ device: Device, _ scene: Scene) throws -> (frame: Int?, mix: [[Float]]) {
            var scene = scene
            scene.addTrack(
                "T", impulse(at: frame, channels: 2, frames: 8000), devices: before + [device] + after)
            let mix = try scene.render(segmentSeconds: 0.05).mix
            return (mix[0].indices.max { abs(mix[0][$0]) < abs(mix[0][$1]) }, mix)
        }
        var scene = Scene(seconds: 0.25)
        let one = scene.addSource([[1, 0.5, 0.25, 0.125]])
        let (direct, mix) = try peak(Device(.convolver, Self.dry, sources: [one]), scene)
        #expect(direct == frame)
        #expect(mix[0][..<frame].allSatisfy { abs($0) < 1e-9 })
        let other = scene.addSource(impulse(at: 0, frames: 100, level: 1), rateHertz: 96_000)
        #expect(try peak(Device(.convolver, Self.dry, sources: [other]), scene).frame == frame)
        #expect(try peak(Self.linearPhase([Self.shelf]), scene).frame == frame)
        #expect(try peak(Self.linearPhase([Self.shelf, Self.midBell]), scene).frame == frame)
        // Linear in phase: the same on both sides.
        let symmetric = try peak(Self.linearPhase([Self.midBell]), scene).mix[0]
        for i in 1..<2000 { #expect(abs(symmetric[frame - i] - symmetric[frame + i]) < 1e-8) }
    }

    @Test func `A flat linear-phase equalizer is identity to -120 dB`() throws {
        for bands in [
            [["type": "bell", "frequency": 1000, "gain": 0] as [String: DeviceValue]],
            [["type": "bell", "frequency": 1000, "gain": 0, "channels": "side"]],
        ] {
            var scene = Scene(seconds: 0.25)
            let planes = noise(12, channels: 2, frames: Self.frames)
            scene.addTrack("T", planes, devices: [Self.linearPhase(bands)])
            let mix = try scene.render(segmentSeconds: 0.05).mix
            let error = errorDecibels(mix, doubles(planes))
            #expect(error <= -120, "\(error) dB")
        }
    }

    @Test func `A linear-phase equalizer has the magnitude of the other mode`() throws {
        let bands: [[String: DeviceValue]] = [
            Self.shelf, ["type": "bell", "frequency": 400, "gain": -5, "q": 2],
        ]
        var spectra: [[Double]] = []
        for device in [Self.linearPhase(bands), Device(.equalizer, bands: bands)] {
            var scene = Scene(seconds: 1)
            scene.addTrack("T", impulse(at: 24_000, channels: 2, frames: 48_000, level: 1), devices: [device])
            let plane = try scene.render(segmentSeconds: 0.25).mix[0]
            spectra.append(
                [50, 200, 400, 1000, 3000, 6000, 12_000, 18_000].map { hertz in
                    var (real, imaginary) = (0.0, 0.0)
                    for (i, x) in plane.enumerated() {
                        let angle = 2 * Double.pi * hertz * Double(i - 24_000) / 48_000
                        real += Double(x) * PinnedMath.cos(angle)
                        imaginary += Double(x) * PinnedMath.sin(angle)
                    }
                    return 10 * PinnedMath.log10(real * real + imaginary * imaginary)
                })
        }
        for (a, b) in zip(spectra[0], spectra[1]) { #expect(abs(a - b) < 0.1, "\(a) \(b)") }
        #expect(spectra[0].max().map { $0 > 3 } == true && spectra[0].min().map { $0 < -4 } == true)
    }

    @Test func `Tails of responses count in the length of the song`() throws {
        var scene = Scene()
        scene.song.tailLimitFrames = 48_000
        let file = scene.addSource(Self.response(8, channels: 1, frames: 10_000))
        scene.addTrack(
            "T", noise(2, channels: 2, frames: 4800),
            devices: [
                Device(.convolver, ["predelay": 0.1], sources: [file]),
                Device(.align, ["left": 100, "right": 50]),
            ])
        let rendered = try scene.render(segmentSeconds: 0.1)
        #expect(rendered.plan.lengthRule == .tail)
        let count = rendered.plan.frameCount
        #expect((19_700...19_710).contains(count))
        let last = try #require(sounding(rendered.mix[0]).last)
        #expect(last >= 19_680 && last < count)
        // A bus with one in front of a return with another: they add up.
        scene.song.tracks[0].devices = []
        scene.song.tracks[0].mixer.output = .bus(0)
        scene.song.buses = [
            Bus(
                name: "B", devices: [Device(.convolver, sources: [file])],
                mixer: Mixer(sends: [Send(to: 0, gain: .unity)]))
        ]
        scene.song.returns = [Bus(name: "R", devices: [Device(.convolver, sources: [file])])]
        let plan = try scene.compile().plan
        #expect((24_800...24_810).contains(plan.frameCount))
    }

    @Test func `An edit is heard as far as the response is long, and no window beyond is rendered again`()
        throws
    {
        var scene = Scene(seconds: 1)
        let file = scene.addSource(Self.response(8, channels: 2, frames: 3000))
        let source = scene.addSource(noise(3, channels: 2, frames: 48_000))
        func render(_ gain: Double) throws -> Rendered {
            var copy = scene
            copy.song.tracks = [
                Track(
                    name: "T",
                    clips: [
                        Clip(source: source, atFrame: 0, frameCount: 48_000),
                        Clip(source: source, atFrame: 19_300, frameCount: 800, gain: Decibels(gain)),
                    ], devices: [Device(.convolver, Self.dry, sources: [file])])
            ]
            return try copy.render(segmentSeconds: 0.1)
        }
        let (old, new) = (try render(0), try render(-1))
        let program = try #require(
            old.runner.list.programs.firstIndex { if case .convolve = $0.body { true } else { false } })
        let changed = (0..<10).filter { old.runner.keys[program][$0] != new.runner.keys[program][$0] }
        // [19,300, 20,100) lies in segment 4, [19,200, 24,000); 3,000 frames on it is over.
        // Segment 5 reads the end of that window, so its key names it; what it makes of it is the same.
        #expect(changed == [4, 5])
        #expect(old.runner.results[program][5] == new.runner.results[program][5])
    }
}
