import Quantities
import Session

/// SplitMix64 (Steele, Lea, Flood 2014).
struct Chance: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }
    mutating func flip() -> Bool { Bool.random(using: &self) }
    /// Decibels as people write them.
    mutating func decibels() -> Double { below(20) == 0 ? -.infinity : Double(below(360) - 240) / 10 }
}

/// Sessions that a reader could have returned.
struct RandomSessions {
    var chance: Chance
    private var counter = 0

    init(seed: UInt64) { chance = Chance(seed: seed) }

    mutating func name(_ word: String) -> String {
        counter += 1
        return "\(word) \(counter)"
    }

    mutating func album() -> Album {
        let songs = (0..<(1 + chance.below(4))).map { _ in
            AlbumEntry(song: song(), gapSeconds: Double(chance.below(5)) / 2)
        }
        return Album(
            title: name("Album"), artist: name("Artist"), songs: songs,
            loudness: LoudnessTarget(
                isEnabled: chance.below(5) > 0, target: chance.flip() ? LUFS(-14) : nil, scope: .album),
            deliveries: [
                Delivery(format: .wav, samples: .integer24, dither: .tpdf),
                Delivery(format: .flac, samples: .integer16, rateHertz: 44_100, dither: .tpdf, folder: "CD"),
            ])
    }

    mutating func song() -> Song {
        let sources = (0..<(1 + chance.below(4))).map { _ in source() }
        var song = Song(
            title: name("Song"), rateHertz: 48_000, seed: UInt64(chance.below(3)), sources: sources, tracks: [],
            buses: (0..<chance.below(3)).map { _ in Bus(name: name("Bus")) },
            returns: (0..<chance.below(3)).map { _ in Bus(name: name("Return")) },
            lengthFrames: chance.flip() ? 48_000 * 60 : nil,
            timebase: chance.flip() ? Timebase(tempoNumerator: 80, tempoDenominator: 1) : nil)
        for _ in 0..<(1 + chance.below(4)) {
            let clips = (0..<chance.below(4)).map { _ in clip(of: song) }
            song.tracks.append(Track(name: name("Track"), clips: clips))
        }
        for index in song.tracks.indices {
            song.tracks[index].mixer = mixer(in: song)
            song.tracks[index].devices = devices(in: song)
        }
        for index in song.buses.indices { song.buses[index].devices = devices(in: song) }
        for index in song.returns.indices { song.returns[index].devices = devices(in: song) }
        song.master.devices = devices(in: song)
        return song
    }

    mutating func source() -> SourceFile {
        SourceFile(
            path: "/album/\(name("file")).wav", rateHertz: chance.flip() ? 44_100 : 48_000,
            channelCount: 1 + chance.below(2),
            frameCount: 1_000_000 + chance.below(1_000_000), samples: .integer24)
    }

    mutating func clip(of song: Song) -> Clip {
        Clip(
            source: chance.below(song.sources.count), atFrame: chance.below(480) * 6000,
            startFrame: chance.below(100) * 10,
            frameCount: 48_000 + chance.below(100_000), gain: Decibels(chance.decibels()),
            fadeInFrames: chance.below(10) * 48, fadeOutFrames: chance.below(10) * 48,
            fadeShape: chance.flip() ? .linear : .equalPower)
    }

    mutating func points(_ value: (inout Chance) -> Double) -> [AutomationPoint] {
        var frame = chance.below(3) * 4800
        return (0..<(1 + chance.below(6))).map { _ in
            defer { frame += 1 + chance.below(480_000) }
            return AutomationPoint(frame: frame, value: value(&chance), shape: chance.flip() ? .hold : .linear)
        }
    }

    mutating func mixer(in song: Song) -> Mixer {
        var mixer = Mixer(fader: Decibels(chance.decibels()), pan: Double(chance.below(201) - 100) / 100)
        if chance.below(3) == 0 { mixer.faderAutomation = points { $0.decibels() } }
        if chance.below(5) == 0 { mixer.panAutomation = points { Double($0.below(201) - 100) / 100 } }
        mixer.isMuted = chance.below(6) == 0
        if !song.buses.isEmpty, chance.flip() { mixer.output = .bus(chance.below(song.buses.count)) }
        for index in song.returns.indices where chance.flip() {
            mixer.sends.append(Send(to: index, gain: Decibels(chance.decibels()), tap: chance.flip() ? .pre : .post))
            if chance.below(3) == 0 { mixer.sends[mixer.sends.count - 1].automation = points { $0.decibels() } }
        }
        return mixer
    }

    mutating func devices(in song: Song) -> [Device] {
        (0..<chance.below(4)).map { _ in
            device(DeviceKind.allCases[chance.below(DeviceKind.allCases.count)], in: song)
        }
    }

    mutating func device(_ kind: DeviceKind, in song: Song) -> Device {
        let row = kind.description
        var values = row.parameters.map { value(of: $0) }
        if let bands = row.bands {
            for _ in 0..<min(bands.count.upperBound, bands.count.lowerBound + chance.below(3)) {
                values += bands.parameters.map { value(of: $0) }
            }
        }
        var device = Device(kind: kind, values: values)
        for index in values.indices where row.parameter(at: index).description.isAutomatable && chance.below(12) == 0 {
            let parameter = row.parameter(at: index).description
            var points = points { _ in 0 }
            for place in points.indices { points[place].value = value(of: parameter) }
            device.automation.append(DeviceAutomation(parameter: index, points: points))
        }
        if row.hasKey, chance.below(4) == 0, !song.buses.isEmpty { device.key = .bus(chance.below(song.buses.count)) }
        if row.hasFile { device.sources = [chance.below(song.sources.count)] }
        return device
    }

    /// A value that the table allows.
    mutating func value(of row: ParameterDescription) -> Double {
        switch row.unit {
        case .choice(let words): return Double(chance.below(words.count))
        case .onOff: return Double(chance.below(2))
        case .delayFrames: return Double(48 + chance.below(48_000))
        default:
            guard let limits = row.limits else { return 0 }
            let (low, high) = (max(limits.lowerBound, -1e6), min(limits.upperBound, 1e6))
            // In thousandths of the range, rounded as people write.
            return low + ((high - low) * Double(chance.below(1001)) / 1000 * 1000).rounded() / 1000
        }
    }

    /// Another value that the table allows.
    mutating func value(of row: ParameterDescription, not old: Double) -> Double {
        while true {
            let new = value(of: row)
            if new != old { return new }
        }
    }
}
