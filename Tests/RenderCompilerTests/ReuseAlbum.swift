import Hashing
import Quantities
import RenderPlan
import Session

/// A sound file in memory.
struct Take: Equatable {
    /// What stands for path, size, time of change and inode.
    var identity: Int
    var rateHertz: Int
    /// Seeds of its channels' noise; equal seeds are equal samples.
    var seed: UInt64
    var channelCount: Int
    var frameCount: Int
    /// A stretch that another performance has taken the place of.
    var retake: Retake?

    struct Retake: Equatable {
        var range: Range<Int>
        var seed: UInt64
    }

    /// Noise in bursts with digital silence between, so that states have to cross both.
    func sample(_ frame: Int, channel: Int) -> Float {
        let seed = retake.map { $0.range.contains(frame) ? $0.seed : self.seed } ?? self.seed
        guard (UInt64(frame / 700) &* 0x9E37_79B9 ^ seed) % 5 != 0 else { return 0 }
        var word = (UInt64(frame) &+ seed &* 0xD6E8_FEB8_6659_FD93) &* 0x9E37_79B9_7F4A_7C15
        word ^= word >> 29
        word = (word &+ UInt64(channel)) &* 0xBF58_476D_1CE4_E5B9
        return Float(Int32(truncatingIfNeeded: word >> 24)) / 8_589_934_592
    }
}

/// A song with the takes behind its sources.
struct ReuseSong: Equatable {
    var song: Song
    var takes: [Take]
}

/// An album as the property sees it: what compiles, and what the finish does.
struct ReuseAlbum: Equatable {
    var songs: [ReuseSong]
    var gapSeconds = 1.0
    var artist = "Nobody"
    /// Where the finish brings the true peak of the mixes to, in dB, on a grid of 1 dB.
    var peakDecibels = -3
    var isGainPooled = true
    var ceiling = -1.0
    var deliveries: [Delivery]

    /// Whether every song keeps the rules of the model.
    var isSound: Bool { songs.allSatisfy { $0.song.violations.isEmpty } && !songs.isEmpty }
}

/// Seconds of a segment in these tests: enough segments to be reused or not in a song of a tenth of a second.
let reuseSegmentSeconds = 0.01

/// Makes small sessions with everything that a key can depend on.
struct ReuseGenerator {
    var random: Random
    var identities = 0
    var names = 0

    init(seed: UInt64) { random = Random(seed) }

    mutating func album() -> ReuseAlbum {
        let count = random.int(1...2)
        var deliveries = [Delivery(format: .wav, samples: .integer24, dither: .tpdf)]
        if random.chance(0.2) { deliveries.append(anyDelivery()) }
        return ReuseAlbum(
            songs: (0..<count).map { _ in song() }, isGainPooled: random.chance(0.5), deliveries: deliveries)
    }

    mutating func anyDelivery() -> Delivery {
        // Another rate costs as much as everything else.
        switch random.int(0...9) {
        case 0...2: Delivery(format: .wav, samples: .integer16, dither: .shaped)
        case 3: Delivery(format: .wav, samples: .integer16, rateHertz: 44_100, dither: .tpdf)
        case 4...6: Delivery(format: .wav, samples: .float32, dither: .none)
        default: Delivery(format: .wav, samples: .integer24, dither: .none)
        }
    }

    mutating func take() -> Take {
        identities += 1
        // Some are longer than a part, so that an edit can leave parts of them alone.
        return Take(
            identity: identities, rateHertz: random.chance(0.06) ? 44_100 : 48_000, seed: random.next() % 1000,
            channelCount: random.chance(0.3) ? 1 : 2,
            frameCount: random.chance(0.2) ? Program.partFrames + 4000 : 8000)
    }

    mutating func name(_ prefix: String) -> String {
        names += 1
        return "\(prefix)\(names)"
    }

    mutating func song() -> ReuseSong {
        var song = Song(title: name("Song "), rateHertz: 48_000, seed: random.next() % 100, sources: [], tracks: [])
        song.lengthFrames = random.int(2400...4400)
        let isWide = random.chance(0.08)
        song.buses = (0..<random.int(0...2)).map { _ in channel("B") }
        song.returns = (0..<random.int(0...1)).map { _ in channel("R") }
        for bus in song.buses.indices.dropFirst() where random.chance(0.3) { song.buses[bus].mixer.output = .bus(0) }
        song.master.devices = devices(at: 0.4)
        var made = ReuseSong(song: song, takes: [])
        let count = isWide ? random.int(9...18) : random.int(1...4)
        for _ in 0..<count { addTrack(to: &made, isPlain: isWide && random.chance(0.8)) }
        addKey(to: &made.song)
        // What a random device cannot have together is left out.
        if !made.song.violations.isEmpty { made.song.master.devices = [] }
        return made.song.violations.isEmpty ? made : self.song()
    }

    private mutating func channel(_ prefix: String) -> Bus {
        var bus = Bus(name: name(prefix), devices: devices(at: prefix == "R" ? 0.9 : 0.4))
        bus.mixer.fader = Decibels(random.double(-6...0).rounded())
        return bus
    }

    private mutating func addKey(to song: inout Song) {
        guard song.tracks.count > 1, random.chance(0.15) else { return }
        let before = song
        song.tracks[0].devices.append(
            Device(
                .compressor, ["threshold": -30, "ratio": 4, "attack": 0.001, "release": 0.02], key: .track(1)))
        if !song.violations.isEmpty { song = before }
    }

    mutating func addTrack(to made: inout ReuseSong, isPlain: Bool = false) {
        let song = made.song
        var track = Track(name: name("T"), clips: [], devices: isPlain ? [] : devices(at: 0.6))
        for _ in 0..<random.int(1...2) {
            if let clip = clip(for: &made) { track.clips.append(clip) }
        }
        track.mixer.fader = Decibels(random.double(-12...0).rounded())
        track.mixer.pan = random.chance(0.4) ? random.double(-1...1) : 0
        track.mixer.isMuted = random.chance(0.1)
        if !song.buses.isEmpty, random.chance(0.6) {
            track.mixer.output = .bus(random.int(0...song.buses.count - 1))
        }
        if !song.returns.isEmpty, random.chance(0.5) {
            track.mixer.sends = [Send(to: 0, gain: Decibels(-9), tap: random.chance(0.3) ? .pre : .post)]
        }
        if random.chance(0.3) { track.mixer.faderAutomation = points(-12...0, in: song) }
        made.song.tracks.append(track)
    }

    mutating func points(_ values: ClosedRange<Double>, in song: Song) -> [AutomationPoint] {
        var frames = Set<Int>()
        for _ in 0..<random.int(1...4) { frames.insert(random.int(0...song.framesInAll - 1)) }
        return frames.sorted().map {
            AutomationPoint(frame: $0, value: random.double(values), shape: random.chance(0.5) ? .linear : .hold)
        }
    }

    /// A clip of a new take or of one that the song has.
    mutating func clip(for made: inout ReuseSong) -> Clip? {
        if made.takes.isEmpty || random.chance(0.7) { add(take(), to: &made) }
        return clip(of: random.int(0...made.takes.count - 1), in: made)
    }

    mutating func clip(of source: Int, in made: ReuseSong) -> Clip? {
        let take = made.takes[source]
        let length = made.song.framesInAll
        let at = random.chance(0.5) ? 0 : random.int(0...length - 300)
        // Long takes are entered where one part meets the next.
        let start = take.frameCount > Program.partFrames ? random.int(63_500...65_500) : random.int(0...4000)
        let count = random.int(200...min(3500, length - at + 200))
        let fade = random.chance(0.3) ? random.int(1...100) : 0
        let clip = Clip(
            source: source, atFrame: at, startFrame: start, frameCount: count,
            gain: Decibels(random.chance(0.3) ? -2 : 0), fadeInFrames: fade, fadeOutFrames: random.chance(0.3) ? 90 : 0,
            fadeShape: random.chance(0.5) ? .linear : .equalPower)
        let file = made.song.sources[source]
        return clip.frameCount <= file.songFrames(from: start, songRateHertz: made.song.rateHertz) ? clip : nil
    }

    mutating func add(_ take: Take, to made: inout ReuseSong) {
        made.takes.append(take)
        made.song.sources.append(
            SourceFile(
                path: "/s/\(take.identity).wav", rateHertz: take.rateHertz, channelCount: take.channelCount,
                frameCount: take.frameCount, samples: .float32))
    }

    // MARK: - Devices

    private mutating func devices(at probability: Double) -> [Device] {
        guard random.chance(probability) else { return [] }
        return (0..<(random.chance(0.3) ? 2 : 1)).map { _ in device() }
    }

    mutating func device() -> Device {
        if random.chance(0.02) { return Self.usual(.reverb) }
        let kinds: [DeviceKind] = [
            .equalizer, .equalizer, .compressor, .compressor, .gate, .clipper, .saturator, .delay, .width, .align,
            .utility, .tremolo, .transientShaper, .limiter, .busCompressor, .deEsser, .multiband, .chorus, .phaser,
            .flanger,
        ]
        return Self.usual(kinds[random.int(0...kinds.count - 1)])
    }

    private static func usual(_ kind: DeviceKind) -> Device {
        switch kind {
        case .equalizer:
            Device(
                .equalizer,
                bands: [
                    ["type": "high-pass", "frequency": 200], ["type": "bell", "frequency": 3000, "gain": 5, "q": 1.4],
                ])
        case .compressor: Device(.compressor, ["threshold": -30, "ratio": 4, "attack": 0.001, "release": 0.02])
        case .busCompressor: Device(.busCompressor, ["threshold": -24, "ratio": 4])
        case .gate: Device(.gate, ["threshold": -20, "look-ahead": 0.001])
        case .multiband: Device(.multiband, bands: [["up-to": 900, "threshold": -30], ["threshold": -30]])
        case .deEsser: Device(.deEsser, ["threshold": -40])
        case .transientShaper: Device(.transientShaper, ["attack": 6, "sustain": -6])
        case .clipper: Device(.clipper, ["gain": 12, "softness": 0.3])
        case .reverb: Device(.reverb, ["decay": 0.3, "mix": 0.4])
        case .delay: Device(.delay, ["left": 301, "right": 403])
        case .align: Device(.align, ["left": 13, "right": 40])
        case .utility: Device(.utility, ["gain": -3, "invert": "left"])
        default: Device(kind)
        }
    }
}

extension Song {
    /// `lengthFrames` of a song that has one, as all songs of these tests do.
    var framesInAll: Int { lengthFrames ?? 1 }
}
