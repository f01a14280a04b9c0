import Quantities
import Session
import SessionDiff

/// One edit of a session, as a user makes it, and the item that a diff must name for it.
struct RandomEdits {
    typealias Item = SessionChange.Item
    typealias Edit = (name: String, make: @Sendable (inout Album, inout RandomSessions) -> Item?)

    /// Every kind of edit: a name, and what makes it. nil where the session has nothing of that kind.
    static let all: [Edit] =
        albumEdits + songEdits + clipEdits + mixerEdits + deviceEdits

    // MARK: Album

    private static let albumEdits: [Edit] = [
        (
            "title",
            { album, r in
                album.title = r.name("Album"); return item(album)
            }
        ),
        (
            "artist",
            { album, r in
                album.artist = r.name("Artist"); return item(album)
            }
        ),
        (
            "gap",
            { album, r in
                album.songs[r.chance.below(album.songs.count)].gapSeconds += 0.001 * Double(1 + r.chance.below(1000))
                return item(album)
            }
        ),
        (
            "order",
            { album, r in
                guard album.songs.count > 1 else { return nil }
                let from = r.chance.below(album.songs.count)
                let song = album.songs.remove(at: from)
                let to = r.chance.below(album.songs.count + 1)
                album.songs.insert(song, at: to)
                return to == from ? nil : item(album)
            }
        ),
        (
            "song added",
            { album, r in
                album.songs.insert(AlbumEntry(song: r.song(), gapSeconds: 1), at: r.chance.below(album.songs.count + 1))
                return item(album)
            }
        ),
        (
            "song removed",
            { album, r in
                guard album.songs.count > 1 else { return nil }
                album.songs.remove(at: r.chance.below(album.songs.count))
                return item(album)
            }
        ),
        (
            "loudness none",
            { album, _ in
                album.loudness.isEnabled.toggle(); return item(album)
            }
        ),
        (
            "target",
            { album, _ in
                album.loudness.target = album.loudness.target == nil ? LUFS(-16) : nil
                return item(album)
            }
        ),
        (
            "target value",
            { album, _ in
                guard let target = album.loudness.target else { return nil }
                album.loudness.target = LUFS(target.value - 0.1)
                return item(album)
            }
        ),
        (
            "ceiling",
            { album, _ in
                album.loudness.ceiling.value -= 0.1; return item(album)
            }
        ),
        (
            "by",
            { album, _ in
                album.loudness.scope = .song; return item(album)
            }
        ),
        (
            "max-limiting",
            { album, _ in
                album.loudness.maximumLimiting.value += 1; return item(album)
            }
        ),
        (
            "delivery removed",
            { album, r in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries.remove(at: r.chance.below(2))
                return item(album)
            }
        ),
        (
            "delivery added",
            { album, r in
                album.deliveries.insert(
                    Delivery(format: .wav, samples: .float32, dither: .none),
                    at: r.chance.below(album.deliveries.count + 1))
                return item(album)
            }
        ),
        (
            "delivery order",
            { album, _ in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries.swapAt(0, 1)
                return item(album)
            }
        ),
        (
            "format",
            { album, _ in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries[0].format = .flac
                return item(album)
            }
        ),
        (
            "bits",
            { album, _ in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries[0].samples = .integer16
                return item(album)
            }
        ),
        (
            "delivery rate",
            { album, _ in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries[0].rateHertz = 96_000
                return item(album)
            }
        ),
        (
            "dither",
            { album, _ in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries[1].dither = .shaped
                return item(album)
            }
        ),
        (
            "folder",
            { album, _ in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries[0].folder = "HD"
                return item(album)
            }
        ),
        (
            "no folder",
            { album, _ in
                guard album.deliveries.count > 1 else { return nil }
                album.deliveries[1].folder = nil
                return item(album)
            }
        ),
    ]

    private static func item(_ album: Album) -> Item { Item(kind: .album, name: album.title) }

    // MARK: Song

    private static func song(
        _ name: String, _ edit: @escaping @Sendable (inout Song, inout RandomSessions) -> Item?
    ) -> Edit {
        (name, { album, r in edit(&album.songs[r.chance.below(album.songs.count)].song, &r) })
    }

    private static func item(_ song: Song) -> Item { Item(kind: .song, name: song.title) }
    private static func track(_ song: Song, _ index: Int) -> Item { Item(kind: .track, name: song.tracks[index].name) }

    private static let songEdits = [
        song("song title") { song, r in
            song.title = r.name("Song"); return item(song)
        },
        song("rate") { song, _ in
            song.rateHertz = 96_000; return item(song)
        },
        song("tempo") { song, r in
            song.timebase = Timebase(tempoNumerator: 90 + r.chance.below(60), tempoDenominator: 1)
            return item(song)
        },
        song("meter") { song, _ in
            guard let timebase = song.timebase else { return nil }
            song.timebase = Timebase(
                tempoNumerator: timebase.tempoNumerator, tempoDenominator: timebase.tempoDenominator,
                meter: Meter(beatsPerBar: 3, beatUnit: 4))
            return item(song)
        },
        song("seed") { song, _ in
            song.seed += 1; return item(song)
        },
        song("length") { song, r in
            song.lengthFrames =
                song.lengthFrames == nil || r.chance.flip() ? 48_000 * 60 + 1 + r.chance.below(1000) : nil
            return item(song)
        },
        song("tail-limit") { song, r in
            song.tailLimitFrames += 1 + r.chance.below(48_000); return item(song)
        },
        song("track added") { song, r in
            let place = r.chance.below(song.tracks.count + 1)
            song.tracks.insert(Track(name: r.name("Track"), clips: []), at: place)
            return track(song, place)
        },
        song("track removed") { song, r in
            guard song.tracks.count > 1 else { return nil }
            return Item(kind: .track, name: song.tracks.remove(at: r.chance.below(song.tracks.count)).name)
        },
        song("track renamed") { song, r in
            let index = r.chance.below(song.tracks.count)
            song.tracks[index].name = r.name("Track")
            return track(song, index)
        },
        song("bus renamed") { song, r in
            guard !song.buses.isEmpty else { return nil }
            song.buses[0].name = r.name("Bus")
            return Item(kind: .bus, name: song.buses[0].name)
        },
        song("return renamed") { song, r in
            guard let last = song.returns.indices.last else { return nil }
            song.returns[last].name = r.name("Return")
            return Item(kind: .returned, name: song.returns[last].name)
        },
        song("bus added") { song, r in
            song.buses.append(Bus(name: r.name("Bus")))
            return Item(kind: .bus, name: song.buses[song.buses.count - 1].name)
        },
        song("return added") { song, r in
            song.returns.append(Bus(name: r.name("Return"), devices: r.devices(in: song)))
            return Item(kind: .returned, name: song.returns[song.returns.count - 1].name)
        },
        song("buses exchanged") { song, _ in
            guard song.buses.count > 1 else { return nil }
            song.buses.swapAt(0, 1)
            // What they fed is fed by the other now: either is a right answer.
            return Item(kind: .bus, name: "")
        },
        song("file facts") { song, r in
            let index = r.chance.below(song.sources.count)
            switch r.chance.below(4) {
            case 0: song.sources[index].frameCount += 1
            case 1: song.sources[index].channelCount = 3 - song.sources[index].channelCount
            case 2: song.sources[index].rateHertz = 96_000
            default: song.sources[index].samples = .float32
            }
            return Item(kind: .song, name: "")
        },
        song("order of files") { song, _ in
            guard song.sources.count > 1 else { return nil }
            song.sources.swapAt(0, 1)
            return Item(kind: .song, name: "")
        },
        song("master fader") { song, _ in
            song.master.fader = Decibels(-0.5); return Item(kind: .master, name: "master")
        },
        song("master automation") { song, r in
            song.master.faderAutomation = r.points { $0.decibels() }
            return Item(kind: .master, name: "master")
        },
    ]

    // MARK: Clips

    private static func clip(
        _ name: String, _ edit: @escaping @Sendable (inout Clip, inout RandomSessions, Song) -> Bool
    ) -> Edit {
        song(name) { song, r in
            let index = r.chance.below(song.tracks.count)
            guard !song.tracks[index].clips.isEmpty else { return nil }
            let place = r.chance.below(song.tracks[index].clips.count)
            guard edit(&song.tracks[index].clips[place], &r, song) else { return nil }
            return track(song, index)
        }
    }

    private static let clipEdits = [
        clip("clip file") { clip, r, song in
            guard song.sources.count > 1 else { return false }
            clip.source = (clip.source + 1) % song.sources.count
            return true
        },
        clip("clip at") { clip, r, _ in
            clip.atFrame += 1 + r.chance.below(96_000); return true
        },
        clip("clip start") { clip, r, _ in
            clip.startFrame += 1 + r.chance.below(1000); return true
        },
        clip("clip length") { clip, r, _ in
            clip.frameCount -= 1 + r.chance.below(10_000); return true
        },
        clip("clip gain") { clip, r, _ in
            clip.gain = clip.gain == .silence ? .unity : Decibels(clip.gain.value + 0.5)
            return true
        },
        clip("clip fade-in") { clip, r, _ in
            clip.fadeInFrames += 1 + r.chance.below(4800); return true
        },
        clip("clip fade-out") { clip, r, _ in
            clip.fadeOutFrames += 1 + r.chance.below(4800); return true
        },
        clip("clip shape") { clip, _, _ in
            clip.fadeShape = clip.fadeShape == .linear ? .equalPower : .linear
            return true
        },
        song("clip removed") { song, r in
            let index = r.chance.below(song.tracks.count)
            guard !song.tracks[index].clips.isEmpty else { return nil }
            song.tracks[index].clips.removeLast()
            return track(song, index)
        },
        song("clip added") { song, r in
            let index = r.chance.below(song.tracks.count)
            song.tracks[index].clips.insert(r.clip(of: song), at: 0)
            return track(song, index)
        },
        song("clip order") { song, r in
            let index = r.chance.below(song.tracks.count)
            guard song.tracks[index].clips.count > 1 else { return nil }
            song.tracks[index].clips.swapAt(0, 1)
            return track(song, index)
        },
    ]

    // MARK: Mixer

    private static func mixer(
        _ name: String, _ edit: @escaping @Sendable (inout Mixer, inout RandomSessions, Song) -> Bool
    ) -> Edit {
        song(name) { song, r in
            let kinds = [song.tracks.count, song.buses.count, song.returns.count]
            let kind = r.chance.below(3)
            guard kinds[kind] > 0 else { return nil }
            let index = r.chance.below(kinds[kind])
            switch kind {
            case 0: return edit(&song.tracks[index].mixer, &r, song) ? track(song, index) : nil
            case 1:
                return edit(&song.buses[index].mixer, &r, song) ? Item(kind: .bus, name: song.buses[index].name) : nil
            default:
                return edit(&song.returns[index].mixer, &r, song)
                    ? Item(kind: .returned, name: song.returns[index].name) : nil
            }
        }
    }

    private static func edit(_ points: inout [AutomationPoint], _ r: inout RandomSessions, _ step: Double) {
        guard !points.isEmpty else {
            points = [AutomationPoint(frame: r.chance.below(100_000), value: -step)]
            return
        }
        let index = r.chance.below(points.count)
        switch r.chance.below(4) {
        case 0: points[index].value = points[index].value.isFinite ? points[index].value - step / 8 : -step
        case 1: points[index].frame += 1
        case 2: points[index].shape = points[index].shape == .hold ? .linear : .hold
        default: points.remove(at: index)
        }
        // Two points of one time are none.
        points = points.enumerated().filter { $0 == 0 || points[$0 - 1].frame < $1.frame }.map(\.element)
    }

    private static let mixerEdits = [
        mixer("fader") { mixer, r, _ in
            mixer.fader = mixer.fader == .silence ? .unity : .silence; return true
        },
        mixer("fader step") { mixer, r, _ in
            mixer.fader = Decibels(-30 - Double(r.chance.below(10))); return true
        },
        mixer("fader automation") { mixer, r, _ in
            edit(&mixer.faderAutomation, &r, 8); return true
        },
        mixer("pan") { mixer, _, _ in
            mixer.pan = mixer.pan == 0.333 ? -0.2 : 0.333; return true
        },
        mixer("pan automation") { mixer, r, _ in
            edit(&mixer.panAutomation, &r, 0.8); return true
        },
        mixer("polarity") { mixer, _, _ in
            mixer.isPolarityInverted.toggle(); return true
        },
        mixer("mute") { mixer, _, _ in
            mixer.isMuted.toggle(); return true
        },
        mixer("solo") { mixer, _, _ in
            mixer.isSoloed.toggle(); return true
        },
        mixer("output") { mixer, r, song in
            guard !song.buses.isEmpty else { return false }
            mixer.output = mixer.output == .master ? .bus(r.chance.below(song.buses.count)) : .master
            return true
        },
        mixer("send added") { mixer, r, song in
            guard let to = song.returns.indices.first(where: { i in !mixer.sends.contains { $0.to == i } }) else {
                return false
            }
            mixer.sends.append(Send(to: to, gain: Decibels(-6)))
            return true
        },
        mixer("send removed") { mixer, _, _ in mixer.sends.popLast() != nil },
        mixer("send order") { mixer, _, _ in
            guard mixer.sends.count > 1 else { return false }
            mixer.sends.swapAt(0, 1)
            return true
        },
        mixer("send gain") { mixer, _, _ in
            guard !mixer.sends.isEmpty else { return false }
            mixer.sends[0].gain = Decibels(-99.5)
            return true
        },
        mixer("send tap") { mixer, _, _ in
            guard !mixer.sends.isEmpty else { return false }
            mixer.sends[0].tap = mixer.sends[0].tap == .pre ? .post : .pre
            return true
        },
        mixer("send automation") { mixer, r, _ in
            guard !mixer.sends.isEmpty else { return false }
            edit(&mixer.sends[0].automation, &r, 6)
            return true
        },
    ]

    // MARK: Devices

    private static func chain(
        _ name: String, _ edit: @escaping @Sendable (inout [Device], inout RandomSessions, Song) -> Bool
    ) -> Edit {
        song(name) { song, r in
            switch r.chance.below(3) {
            case 0: return edit(&song.master.devices, &r, song) ? Item(kind: .master, name: "master") : nil
            case 1:
                guard !song.buses.isEmpty else { return nil }
                return edit(&song.buses[0].devices, &r, song) ? Item(kind: .bus, name: song.buses[0].name) : nil
            default:
                let index = r.chance.below(song.tracks.count)
                return edit(&song.tracks[index].devices, &r, song) ? track(song, index) : nil
            }
        }
    }

    private static func device(
        _ name: String, _ edit: @escaping @Sendable (inout Device, inout RandomSessions, Song) -> Bool
    ) -> Edit {
        chain(name) { devices, r, song in
            devices.isEmpty ? false : edit(&devices[r.chance.below(devices.count)], &r, song)
        }
    }

    private static let deviceEdits = [
        chain("device added") { devices, r, song in
            let kind = DeviceKind.allCases[r.chance.below(DeviceKind.allCases.count)]
            devices.insert(r.device(kind, in: song), at: r.chance.below(devices.count + 1))
            return true
        },
        chain("device removed") { devices, r, _ in
            guard !devices.isEmpty else { return false }
            devices.remove(at: r.chance.below(devices.count))
            return true
        },
        chain("device order") { devices, _, _ in
            guard devices.count > 1, devices[0] != devices[1] else { return false }
            devices.swapAt(0, 1)
            return true
        },
        device("parameter") { device, r, _ in
            let index = r.chance.below(device.values.count)
            let row = device.kind.description.parameter(at: index).description
            device.values[index] = r.value(of: row, not: device.values[index])
            return true
        },
        device("parameter automation") { device, r, _ in
            let row = device.kind.description
            let index = r.chance.below(device.values.count)
            let parameter = row.parameter(at: index).description
            guard parameter.isAutomatable else { return false }
            if let place = device.automation.firstIndex(where: { $0.parameter == index }) {
                if r.chance.flip() {
                    device.automation.remove(at: place)
                } else {
                    device.automation[place].points[0].value = r.value(
                        of: parameter, not: device.automation[place].points[0].value)
                }
                return true
            }
            var points = r.points { _ in 0 }
            for place in points.indices { points[place].value = r.value(of: parameter) }
            device.automation.append(DeviceAutomation(parameter: index, points: points))
            device.automation.sort { $0.parameter < $1.parameter }
            return true
        },
        device("band added") { device, r, _ in
            guard let bands = device.kind.description.bands else { return false }
            device.values += bands.parameters.map { r.value(of: $0) }
            return true
        },
        device("band removed") { device, r, _ in
            let row = device.kind.description
            guard let bands = row.bands else { return false }
            let size = bands.parameters.count
            guard (device.values.count - row.parameters.count) / size > bands.count.lowerBound else { return false }
            device.automation.removeAll { $0.parameter >= device.values.count - size }
            device.values.removeLast(size)
            return true
        },
        device("key") { device, _, song in
            guard device.kind.description.hasKey else { return false }
            device.key = device.key == nil ? .track(0) : nil
            return true
        },
        device("device file") { device, r, song in
            guard !device.sources.isEmpty, song.sources.count > 1 else { return false }
            device.sources[0] = (device.sources[0] + 1) % song.sources.count
            return true
        },
    ]
}
