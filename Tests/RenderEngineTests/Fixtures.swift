import Quantities
import RenderCompiler
import RenderPlan
import Session

/// Sebastiano Vigna's SplitMix64: the same numbers in every run.
struct Random: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func double(_ range: ClosedRange<Double>) -> Double { Double.random(in: range, using: &self) }
    mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func chance(_ probability: Double) -> Bool { double(0...1) < probability }
}

/// Planes of noise between -level and +level.
func noise(_ seed: UInt64, channels: Int, frames: Int, level: Double = 0.25) -> [[Float]] {
    var random = Random(seed)
    return (0..<channels).map { _ in (0..<frames).map { _ in Float(random.double(-level...level)) } }
}

/// Silence but for one sample.
func impulse(at frame: Int, channels: Int = 1, frames: Int, level: Float = 0.05) -> [[Float]] {
    var plane = [Float](repeating: 0, count: frames)
    plane[frame] = level
    return Array(repeating: plane, count: channels)
}

/// A song with its samples.
struct Scene {
    var song: Song
    var samples: [[[Float]]]

    init(rateHertz: Int = 48_000, seconds: Double? = nil) {
        song = Song(title: "Scene", rateHertz: rateHertz, sources: [], tracks: [])
        samples = []
        if let seconds { song.lengthFrames = Int(seconds * Double(rateHertz)) }
    }

    /// Adds a source and returns its index.
    mutating func addSource(_ planes: [[Float]], rateHertz: Int? = nil) -> Int {
        song.sources.append(
            SourceFile(
                path: "/session/audio \(samples.count).wav", rateHertz: rateHertz ?? song.rateHertz,
                channelCount: planes.count, frameCount: planes[0].count, samples: .float32))
        samples.append(planes)
        return samples.count - 1
    }

    /// Adds a track with one clip of the whole source.
    mutating func addTrack(
        _ name: String, _ planes: [[Float]], at frame: Int = 0, devices: [Device] = [], mixer: Mixer = Mixer()
    ) {
        let source = addSource(planes)
        let clip = Clip(source: source, atFrame: frame, frameCount: planes[0].count)
        song.tracks.append(Track(name: name, clips: [clip], devices: devices, mixer: mixer))
    }

    func identities() -> [Digest] {
        samples.enumerated().map {
            Digest(high: UInt64($0.offset), low: testDigest($0.element.flatMap(floatBytes)).low)
        }
    }

    func compile(
        segmentSeconds: Double = 0.25, reducesPrograms: Bool = true
    ) throws -> (list: ProgramList, plan: SongPlan) {
        var list = ProgramList()
        var options = CompileOptions(segmentSeconds: segmentSeconds)
        options.reducesPrograms = reducesPrograms
        let plan = try SongCompiler.compile(
            song, songIndex: 0, identities: identities(), options: options, into: &list)
        return (list, plan)
    }

    /// The rendered mix and what rendered it.
    func render(
        segmentSeconds: Double = 0.25, options: PlanRunner.Options = .init(), reducesPrograms: Bool = true
    ) throws -> Rendered {
        let (list, plan) = try compile(segmentSeconds: segmentSeconds, reducesPrograms: reducesPrograms)
        let runner = PlanRunner(list, sources: samples, options: options)
        try runner.run()
        return Rendered(plan: plan, runner: runner)
    }
}

struct Rendered {
    let plan: SongPlan
    let runner: PlanRunner

    var mix: [[Float]] { runner.planes(plan.mix) }
    var preMaster: [[Float]] { runner.planes(plan.preMaster) }
    func stem(_ name: String) -> [[Float]]? {
        plan.stems.first { $0.name == name }.map { runner.planes($0.stream) }
    }
}

let limiter = Device(.limiter)

func equalizer(_ bands: [String: DeviceValue]...) -> Device { Device(.equalizer, bands: bands) }

func compressor(key: ChannelReference? = nil, threshold: Double = -24) -> Device {
    Device(
        .compressor,
        ["threshold": .number(threshold), "ratio": 4, "attack": 0.005, "release": 0.1, "knee": 6], key: key)
}

/// Frames whose sample is not zero.
func sounding(_ plane: [Float]) -> [Int] { plane.indices.filter { plane[$0] != 0 } }

/// The largest difference of two sets of planes.
func difference(_ a: [[Float]], _ b: [[Float]]) -> Double {
    zip(a, b).reduce(0.0) { worst, pair in
        zip(pair.0, pair.1).reduce(worst) { max($0, abs(Double($1.0) - Double($1.1))) }
    }
}
