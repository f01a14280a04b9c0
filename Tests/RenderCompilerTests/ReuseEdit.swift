import Quantities
import RenderPlan
import Session

/// What an edit may be heard in: a claim of the test, made without looking at a program.
struct Touch {
    /// The song, by its place after the edit; nil: no song's mix.
    var song: Int?
    /// Channels that are computed otherwise; nil: all of the song.
    var channels: Set<String>?
    /// First song frame at which they are.
    var firstFrame = 0
    /// Whether the finish of every song is another.
    var isFinishTouched = false

    static let nothing = Touch()
}

/// The edits that a mix engineer makes between two renders.
enum EditKind: CaseIterable {
    case nothing, clipMoved, clipReplaced, clipTrimmed, clipGain, retake, rewrapped, point, devicePoint, fader, pan
    case polarity, send, mute, solo, device, deviceAdded, busFader, master, newTrack, newSong, order, gap, title
    case delivery, seed, peak, ceiling, length
}

extension ReuseGenerator {
    /// Changes the album in one way; nil where this album has nothing of the kind.
    mutating func edit(_ kind: EditKind, _ album: inout ReuseAlbum) -> Touch? {
        let song = random.int(0...album.songs.count - 1)
        switch kind {
        case .nothing: return .nothing
        case .gap:
            album.gapSeconds += 1
            return .nothing
        case .title:
            album.songs[song].song.title += "!"
            album.artist += "!"
            return .nothing
        case .order:
            album.songs.shuffle(using: &random)
            return .nothing
        case .newSong:
            guard album.songs.count < 3 else { return nil }
            let place = random.int(0...album.songs.count)
            album.songs.insert(self.song(), at: place)
            return Touch(song: place)
        case .delivery:
            album.deliveries[random.int(0...album.deliveries.count - 1)] = anyDelivery()
            return Touch(isFinishTouched: true)
        case .peak:
            album.peakDecibels = -random.int(1...6)
            return Touch(isFinishTouched: true)
        case .ceiling:
            album.ceiling = random.double(-3 ... -1)
            return Touch(isFinishTouched: true)
        default: return edit(kind, &album.songs[song], at: song)
        }
    }

    private mutating func edit(_ kind: EditKind, _ made: inout ReuseSong, at place: Int) -> Touch? {
        switch kind {
        case .clipMoved, .clipReplaced, .clipTrimmed, .clipGain: return editClip(kind, &made, at: place)
        case .retake: return retake(&made, at: place)
        case .rewrapped:
            // New files, the same samples: in the first place that they are given.
            for take in made.takes.indices {
                identities += 1
                made.takes[take].identity = identities
                made.song.sources[take].path = "/s/\(identities).flac"
            }
            return .nothing
        case .point: return editPoint(&made.song, at: place)
        case .device, .deviceAdded, .devicePoint: return editDevice(kind, &made.song, at: place)
        case .busFader:
            guard !made.song.buses.isEmpty else { return nil }
            let bus = random.int(0...made.song.buses.count - 1)
            made.song.buses[bus].mixer.fader = Decibels(random.double(-9...3))
            return Touch(song: place, channels: [made.song.buses[bus].name])
        case .master:
            made.song.master.fader = Decibels(random.double(-3 ... -0.1))
            return Touch(song: place, channels: ["Master"])
        case .newTrack:
            addTrack(to: &made)
            // It may be one more in a cell, and it may be the second cell of its bus.
            return Touch(song: place)
        case .solo:
            let track = random.int(0...made.song.tracks.count - 1)
            made.song.tracks[track].mixer.isSoloed.toggle()
            return Touch(song: place)
        case .seed:
            made.song.seed &+= 1
            return Touch(isFinishTouched: true)
        case .length:
            let before = made.song.framesInAll
            let after = random.int(2400...4400)
            made.song.lengthFrames = after
            // The segment that ends otherwise begins before.
            return Touch(song: place, firstFrame: min(before, after) - 1)
        default: return editMixer(kind, &made.song, at: place)
        }
    }

    private mutating func editMixer(_ kind: EditKind, _ song: inout Song, at place: Int) -> Touch? {
        let track = random.int(0...song.tracks.count - 1)
        var mixer = song.tracks[track].mixer
        defer { song.tracks[track].mixer = mixer }
        var touch = Touch(song: place, channels: [song.tracks[track].name])
        switch kind {
        case .fader:
            mixer.faderAutomation = []
            mixer.fader = Decibels(random.double(-12...3))
        case .pan: mixer.pan = random.double(-1...1)
        case .polarity: mixer.isPolarityInverted.toggle()
        case .send:
            guard !mixer.sends.isEmpty else { return nil }
            mixer.sends[0].gain = Decibels(random.double(-18...0))
        case .mute:
            mixer.isMuted.toggle()
            // Where it was the only one, what it goes to has one input more or less.
            touch.channels?.insert("Pre-master")
            switch mixer.output {
            case .bus(let bus): touch.channels?.insert(song.buses[bus].name)
            case .master: touch.channels?.insert("Direct")
            }
            for send in mixer.sends { touch.channels?.insert(song.returns[send.to].name) }
            // Whom it listens to is listened to no more, or again.
            for case .track(let key)? in song.tracks[track].devices.map(\.key) {
                touch.channels?.insert(song.tracks[key].name)
            }
        default: return nil
        }
        return touch
    }

    // MARK: - Clips and takes

    private mutating func editClip(_ kind: EditKind, _ made: inout ReuseSong, at place: Int) -> Touch? {
        let track = random.int(0...made.song.tracks.count - 1)
        guard !made.song.tracks[track].clips.isEmpty else { return nil }
        let index = random.int(0...made.song.tracks[track].clips.count - 1)
        let wasMono = isMono(made.song.tracks[track], in: made)
        let before = made.song.tracks[track].clips[index]
        var after = before
        var first = before.atFrame
        switch kind {
        case .clipMoved: after.atFrame = random.int(0...made.song.framesInAll - 1)
        case .clipReplaced:
            guard let other = clip(for: &made) else { return nil }
            after = other
        case .clipTrimmed:
            after.frameCount = random.int(before.fadeInFrames + before.fadeOutFrames + 1...before.frameCount)
            after.fadeOutFrames = min(after.fadeOutFrames, after.frameCount / 2)
            first = after.atFrame + after.frameCount - max(before.fadeOutFrames, after.fadeOutFrames)
        default: after.gain = Decibels(random.double(-6...0))
        }
        if kind != .clipTrimmed { first = min(before.atFrame, after.atFrame) }
        made.song.tracks[track].clips[index] = after
        // A track of mono clips has another law of panning, from its first frame.
        if isMono(made.song.tracks[track], in: made) != wasMono { first = 0 }
        return Touch(song: place, channels: [made.song.tracks[track].name], firstFrame: first)
    }

    private func isMono(_ track: Track, in made: ReuseSong) -> Bool {
        track.clips.allSatisfy { made.takes[$0.source].channelCount == 1 }
    }

    /// A stretch of a take is played again: a new file with most of the samples of the old one.
    private mutating func retake(_ made: inout ReuseSong, at place: Int) -> Touch? {
        let track = random.int(0...made.song.tracks.count - 1)
        guard let clip = made.song.tracks[track].clips.last else { return nil }
        var take = made.takes[clip.source]
        guard take.rateHertz == made.song.rateHertz, take.retake == nil else { return nil }
        identities += 1
        take.identity = identities
        // In the second part of a long take, else anywhere: then all of the take is another part.
        let start =
            take.frameCount > Program.partFrames
            ? Program.partFrames + random.int(0...1000) : random.int(0...take.frameCount - 1)
        take.retake = Take.Retake(range: start..<min(take.frameCount, start + 900), seed: take.seed &+ 7)
        add(take, to: &made)
        made.song.tracks[track].clips[made.song.tracks[track].clips.count - 1].source = made.takes.count - 1
        let firstPart = start / Program.partFrames * Program.partFrames
        let heard = max(clip.startFrame, firstPart) - clip.startFrame + clip.atFrame
        return Touch(song: place, channels: [made.song.tracks[track].name], firstFrame: heard)
    }

    // MARK: - Automation and devices

    private mutating func editPoint(_ song: inout Song, at place: Int) -> Touch? {
        let automated = song.tracks.indices.filter { !song.tracks[$0].mixer.faderAutomation.isEmpty }
        guard let track = automated.randomElement(using: &random) else { return nil }
        var points = song.tracks[track].mixer.faderAutomation
        let first = changePoint(&points, -12...0)
        song.tracks[track].mixer.faderAutomation = points
        return Touch(song: place, channels: [song.tracks[track].name], firstFrame: first)
    }

    /// Changes one value; answers the first frame at which that matters.
    private mutating func changePoint(_ points: inout [AutomationPoint], _ values: ClosedRange<Double>) -> Int {
        let point = random.int(0...points.count - 1)
        points[point].value = random.double(values)
        guard point > 0 else { return 0 }
        return points[point].shape == .linear ? points[point - 1].frame : points[point].frame
    }

    private mutating func editDevice(_ kind: EditKind, _ song: inout Song, at place: Int) -> Touch? {
        let track = random.int(0...song.tracks.count - 1)
        var touch = Touch(song: place, channels: [song.tracks[track].name])
        if kind == .deviceAdded {
            song.tracks[track].devices.append(device())
            // Cells are filled by the shapes of their chains: others may change places.
            touch.channels = nil
            return touch
        }
        guard !song.tracks[track].devices.isEmpty else { return nil }
        let index = random.int(0...song.tracks[track].devices.count - 1)
        var device = song.tracks[track].devices[index]
        let row = device.kind.description
        let continuous = device.values.indices.filter { row.parameter(at: $0).description.isAutomatable }
        guard let parameter = continuous.randomElement(using: &random),
            let limits = row.parameter(at: parameter).description.limits,
            limits.lowerBound.isFinite, limits.upperBound.isFinite
        else { return nil }
        if kind == .device {
            device.automation.removeAll { $0.parameter == parameter }
            device.values[parameter] = random.double(limits)
        } else if let curve = device.automation.firstIndex(where: { $0.parameter == parameter }) {
            touch.firstFrame = changePoint(&device.automation[curve].points, limits)
        } else {
            let points = points(limits, in: song)
            device.automation.append(DeviceAutomation(parameter: parameter, points: points))
            device.automation.sort { $0.parameter < $1.parameter }
        }
        song.tracks[track].devices[index] = device
        return touch
    }
}
