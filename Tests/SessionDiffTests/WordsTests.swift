import Quantities
import Session
import SessionDiff
import Testing

/// What a change reads like.
@Suite struct WordsTests {
    private static let kick = SourceFile(
        path: "/album/audio/kick.wav", rateHertz: 48_000, channelCount: 1, frameCount: 4_800_000, samples: .integer24)
    private static let vox = SourceFile(
        path: "/album/audio/vox.wav", rateHertz: 48_000, channelCount: 1, frameCount: 9_600_000, samples: .integer24)

    /// Two songs; Ferry has three tracks, a bus, a return.
    private static let album = Album(
        title: "Night Ferry", artist: "The Harbour Lights",
        songs: [
            AlbumEntry(song: ferry, gapSeconds: 0), AlbumEntry(song: song("Salt"), gapSeconds: 1.5),
            AlbumEntry(song: song("Gull"), gapSeconds: 2),
        ],
        loudness: LoudnessTarget(target: LUFS(-14), scope: .album),
        deliveries: [Delivery(format: .wav, samples: .integer24, dither: .tpdf)])

    private static func song(_ title: String) -> Song {
        Song(
            title: title, rateHertz: 48_000, sources: [kick],
            tracks: [Track(name: "Keys", clips: [Clip(source: 0, atFrame: 0, frameCount: 480_000)])])
    }

    private static let ferry = Song(
        title: "Ferry", rateHertz: 48_000, sources: [kick, vox],
        tracks: [
            Track(
                name: "Kick", clips: (0..<6).map { Clip(source: 0, atFrame: $0 * 96_000, frameCount: 48_000) },
                devices: [
                    Device(
                        .equalizer,
                        bands: [
                            ["type": "high-pass", "frequency": 30], ["type": "bell", "frequency": 400, "gain": -3],
                        ])
                ], mixer: Mixer(output: .bus(0))),
            Track(
                name: "Vox", clips: [Clip(source: 1, atFrame: 576_000, frameCount: 4_800_000)],
                devices: [Device(.compressor, ["threshold": -18, "ratio": 4, "attack": 0.01, "release": 0.12])],
                mixer: Mixer(
                    fader: Decibels(-3),
                    faderAutomation: [
                        AutomationPoint(frame: 0, value: -3), AutomationPoint(frame: 72 * 48_000, value: -3),
                    ], sends: [Send(to: 0, gain: Decibels(-12))])),
            Track(name: "Gtr", clips: [Clip(source: 0, atFrame: 0, frameCount: 48_000)]),
        ],
        buses: [
            Bus(
                name: "Drums",
                devices: [Device(.compressor, ["threshold": -12, "ratio": 2, "attack": 0.03, "release": 0.2])])
        ],
        returns: [Bus(name: "Plate", devices: [Device(.reverb, ["decay": 1.8])])])

    private func lines(_ all: Bool = false, _ edit: (inout Album) -> Void) -> [String] {
        var edited = Self.album
        edit(&edited)
        return ChangeLines.lines(of: changes(edited), all: all)
    }

    private func changes(_ edited: Album) -> [SessionChange] {
        SessionComparison.changes(
            from: ComparedSession(album: Self.album, folder: "/album"),
            to: ComparedSession(album: edited, folder: "/album"))
    }

    private func ferry(_ all: Bool = false, _ edit: (inout Song) -> Void) -> [String] {
        lines(all) { edit(&$0.songs[0].song) }
    }

    @Test func `faders, switches and routing`() {
        #expect(
            ferry { $0.tracks[1].mixer.faderAutomation[1].value = -2.5 } == [
                "Ferry: Vox fader -3.0 to -2.5 dB from 1:12"
            ])
        #expect(ferry { $0.buses[0].mixer.fader = Decibels(-0.5) } == ["Ferry: Drums fader 0.0 to -0.5 dB"])
        #expect(ferry { $0.master.fader = .silence } == ["Ferry: master fader 0 to -inf dB"])
        #expect(lines { $0.songs[1].song.tracks[0].mixer.isMuted = true } == ["Salt: Keys muted"])
        #expect(ferry { $0.tracks[2].mixer.isSoloed = true } == ["Ferry: Gtr soloed"])
        #expect(ferry { $0.tracks[2].mixer.isPolarityInverted = true } == ["Ferry: Gtr polarity normal to inverted"])
        #expect(ferry { $0.tracks[2].mixer.pan = -0.2 } == ["Ferry: Gtr pan C to L20"])
        #expect(ferry { $0.tracks[0].mixer.output = .master } == ["Ferry: Kick output Drums to Master"])
        #expect(
            ferry { $0.tracks[1].mixer.sends[0].gain = Decibels(-10) } == [
                "Ferry: Vox send to Plate gain -12 to -10 dB"
            ])
        #expect(ferry { $0.tracks[1].mixer.sends = [] } == ["Ferry: Vox send to Plate removed"])
        #expect(
            ferry { $0.tracks[2].mixer.sends = [Send(to: 0, gain: Decibels(-9), tap: .pre)] }
                == ["Ferry: Gtr send to Plate added: -9 dB, pre"])
    }

    @Test func `automation by its stretches`() {
        #expect(
            ferry {
                $0.tracks[2].mixer.faderAutomation = [
                    AutomationPoint(frame: 0, value: 0), AutomationPoint(frame: 480_000, value: 2),
                    AutomationPoint(frame: 960_000, value: 0),
                ]
            } == ["Ferry: Gtr fader 0 to 2 dB from 0:10 to 0:20, now automated"])
        #expect(
            ferry {
                $0.tracks[1].mixer.faderAutomation = $0.tracks[1].mixer.faderAutomation.map {
                    AutomationPoint(frame: $0.frame, value: $0.value + 1)
                }
            } == ["Ferry: Vox fader -3 to -2 dB"])
        #expect(
            ferry {
                $0.tracks[1].mixer.faderAutomation.append(
                    AutomationPoint(frame: 96 * 48_000, value: -9, shape: .linear))
            }
                == ["Ferry: Vox fader automation changed from 1:12, most at 1:36: -3 to -9 dB"])
        #expect(
            ferry { $0.tracks[1].mixer.faderAutomation.removeLast() }
                == ["Ferry: Vox fader automation rewritten with the same values (2 to 1 points)"])
        #expect(
            ferry { $0.tracks[1].mixer.fader = Decibels(-6) } == ["Ferry: Vox fader -3 to -6 dB under its automation"])
    }

    @Test func `a line cut in two by a point on it is the same line`() {
        var song = Self.ferry
        song.tracks[1].mixer.faderAutomation = [
            AutomationPoint(frame: 0, value: -9), AutomationPoint(frame: 300, value: 0.3, shape: .linear),
        ]
        var cut = song
        cut.tracks[1].mixer.faderAutomation.insert(AutomationPoint(frame: 100, value: -5.9, shape: .linear), at: 1)
        let album = { (song: Song) in
            Album(
                title: "A", artist: "", songs: [AlbumEntry(song: song, gapSeconds: 0)], loudness: .init(),
                deliveries: [])
        }
        let found = SessionComparison.changes(
            from: ComparedSession(album: album(song), folder: "/"), to: ComparedSession(album: album(cut), folder: "/"))
        #expect(found.map(\.text) == ["Vox fader automation rewritten with the same values (2 to 3 points)"])
    }

    @Test func `devices, their order and their bands`() {
        #expect(
            ferry { $0.buses[0].devices[0].values[DeviceKind.compressor.description.index(of: "ratio")] = 3 } == [
                "Ferry: Drums compressor ratio 2:1 to 3:1"
            ])
        #expect(
            ferry {
                $0.buses[0].devices[0] = Device(
                    .compressor, ["threshold": -12, "ratio": 3, "attack": 0.01, "release": 0.2])
            }
                == ["Ferry: Drums compressor: ratio 2:1 to 3:1, attack 30 to 10 ms"])
        #expect(
            ferry { $0.tracks[1].devices.append(Device(.deEsser, ["threshold": -28])) }
                == ["Ferry: Vox de-esser added after compressor: threshold -28 dB"])
        #expect(ferry { $0.tracks[1].devices = [] } == ["Ferry: Vox compressor removed"])
        #expect(
            ferry {
                $0.tracks[0].devices[0] = Device(
                    .equalizer,
                    bands: [
                        ["type": "bell", "frequency": 420, "gain": -5],
                        ["type": "high-shelf", "frequency": 9000, "gain": 1],
                    ])
            } == [
                "Ferry: Kick equalizer: band 1 removed: high-pass, 30 Hz, band 2 added: high-shelf, 9 kHz, gain 1 dB, "
                    + "band 1 (bell) frequency 400 to 420 Hz, gain -3 to -5 dB"
            ])
        #expect(
            ferry { $0.buses[0].devices[0].key = .track(0) } == ["Ferry: Drums compressor key its own signal to Kick"])
    }

    @Test func `clips that moved, were trimmed, replaced and faded`() {
        #expect(
            ferry { $0.tracks[2].clips[0].atFrame = 12_000 } == [
                "Ferry: Gtr clip moved 0:00.000 to 0:00.250 (250 ms later)"
            ])
        #expect(
            ferry { $0.tracks[0].clips[1].atFrame += 1 }
                == ["Ferry: Kick clip 2 (kick.wav) moved 96000 samples to 96001 samples (1 sample later)"])
        #expect(
            ferry {
                $0.sources.append($0.sources[1])
                $0.sources[2].path = "/album/audio/vox-take2.wav"
                $0.tracks[1].clips[0].source = 2
            } == ["Ferry: Vox clip replaced by vox-take2.wav, was vox.wav"])
        #expect(
            ferry {
                $0.tracks[1].clips[0].atFrame += 48_000
                $0.tracks[1].clips[0].startFrame += 48_000
                $0.tracks[1].clips[0].frameCount -= 48_000
            } == ["Ferry: Vox clip begins 0:12.000 to 0:13.000 (1 s later)"])
        #expect(
            ferry { $0.tracks[1].clips[0].frameCount -= 96_000 } == ["Ferry: Vox clip length 100 to 98 s (2 s shorter)"]
        )
        #expect(ferry { $0.tracks[2].clips[0].fadeOutFrames = 960 } == ["Ferry: Gtr clip fade-out 0 s to 20 ms"])
        #expect(ferry { $0.tracks[2].clips[0].gain = Decibels(2) } == ["Ferry: Gtr clip gain 0 to 2 dB"])
        #expect(ferry { $0.tracks[0].clips.remove(at: 2) } == ["Ferry: Kick clip 3 (kick.wav) removed at 0:04.000"])
    }

    @Test func `many alike are one line, and all of them on demand`() {
        let later = { (song: inout Song) in
            for i in song.tracks[0].clips.indices { song.tracks[0].clips[i].atFrame += 12_000 }
        }
        #expect(ferry(false, later) == ["Ferry: Kick 6 clips moved 250 ms later"])
        #expect(ferry(true, later).count == 6)
        #expect(
            ferry {
                $0.tracks[0].mixer.fader = Decibels(0.5)
                $0.tracks[1].mixer.faderAutomation[0].value = -2.5
                $0.tracks[1].mixer.faderAutomation[1].value = -2.5
                $0.tracks[2].mixer.fader = Decibels(0.5)
            } == ["Ferry: 3 tracks: fader +0.5 dB (Kick, Vox and Gtr)"])
        #expect(
            ferry { for i in $0.tracks.indices { $0.tracks[i].mixer.isMuted = true } }
                == ["Ferry: 3 tracks: muted (Kick, Vox and Gtr)"])
        #expect(
            lines { for i in $0.songs.indices { $0.songs[i].song.master.fader = Decibels(-1) } }
                == ["3 songs: master fader 0 to -1 dB (Ferry, Salt and Gull)"])
    }

    @Test func `the album, its order and what it delivers`() {
        #expect(lines { $0.songs.append($0.songs.remove(at: 1)) } == ["Night Ferry: song 3 Gull moved to 2"])
        #expect(lines { $0.songs.remove(at: 1) } == ["Night Ferry: song 2 Salt removed"])
        #expect(lines { $0.songs[1].gapSeconds = 2 } == ["Night Ferry: gap before Salt 1.5 to 2.0 s"])
        #expect(lines { $0.loudness.target = LUFS(-16) } == ["Night Ferry: loudness target -14 to -16 LUFS"])
        #expect(lines { $0.loudness.ceiling = .init(-1.5) } == ["Night Ferry: ceiling -1.0 to -1.5 dBTP"])
        #expect(
            lines { $0.loudness.isEnabled = false } == [
                "Night Ferry: loudness -14 LUFS, ceiling -1 dBTP, by album to none"
            ])
        #expect(
            lines {
                $0.deliveries.append(Delivery(format: .flac, samples: .integer16, rateHertz: 44_100, dither: .tpdf))
            }
                == ["Night Ferry: new delivery: FLAC 16 bit 44.1 kHz"])
        #expect(
            lines { $0.deliveries[0].dither = .shaped } == ["Night Ferry: delivery WAV 24 bit: dither tpdf to shaped"])
        #expect(lines { $0.title = "Day Ferry" } == ["Day Ferry: title Night Ferry to Day Ferry"])
    }

    @Test func `songs and channels under new names are the same ones`() {
        #expect(
            lines {
                $0.songs[0].song.title = "The Ferry"; $0.songs[0].song.tracks[2].mixer.isMuted = true
            }
                == ["The Ferry: renamed, it was Ferry", "The Ferry: Gtr muted"])
        #expect(ferry { $0.buses[0].name = "Kit" } == ["Ferry: bus Drums renamed to Kit"])
        #expect(
            ferry {
                $0.tracks[1].name = "Lead"; $0.tracks.swapAt(0, 1)
            }
                == ["Ferry: track Vox renamed to Lead", "Ferry: Kick moved from track 1 to 2"])
        var edited = Self.album
        edited.songs[0].song.title = "The Ferry"
        edited.artist = "Nobody"
        #expect(changes(edited).allSatisfy { !$0.isHeard })
    }

    @Test func `channels that came and went`() {
        #expect(ferry { $0.tracks.removeLast() } == ["Ferry: track Gtr removed"])
        #expect(
            ferry { $0.tracks.append(Track(name: "Bass", clips: $0.tracks[0].clips, devices: $0.buses[0].devices)) }
                == ["Ferry: track Bass added: 6 clips, compressor"])
        #expect(
            ferry { $0.returns.append(Bus(name: "Echo", devices: [])) } == ["Ferry: return Echo added"])
    }

    @Test func `a new tempo explains what moved with it, and a new rate moves nothing`() {
        var slow = Self.ferry
        slow.timebase = Timebase(tempoNumerator: 120, tempoDenominator: 1)
        var fast = slow
        fast.timebase = Timebase(tempoNumerator: 121, tempoDenominator: 1)
        for index in fast.tracks[0].clips.indices {
            fast.tracks[0].clips[index].atFrame = (fast.tracks[0].clips[index].atFrame * 120 + 60) / 121
        }
        #expect(told(slow, fast) == ["tempo 120 to 121, and with it what lies in bars and beats"])
        var high = slow
        high.rateHertz = 96_000
        high.tailLimitFrames *= 2
        for track in high.tracks.indices {
            for clip in high.tracks[track].clips.indices {
                high.tracks[track].clips[clip].atFrame *= 2
                high.tracks[track].clips[clip].frameCount *= 2
            }
            for point in high.tracks[track].mixer.faderAutomation.indices {
                high.tracks[track].mixer.faderAutomation[point].frame *= 2
            }
        }
        #expect(told(slow, high) == ["rate 48 to 96 kHz"])
    }

    private func told(_ a: Song, _ b: Song) -> [String] {
        let session = { (song: Song) in
            ComparedSession(
                album: Album(
                    title: song.title, artist: "", songs: [AlbumEntry(song: song, gapSeconds: 0)], loudness: .init(),
                    deliveries: []), folder: "/album")
        }
        return SessionComparison.changes(from: session(a), to: session(b)).map(\.text)
    }

    @Test func `other samples under the same name are told, of the track that plays them`() {
        let before = ComparedSession(
            album: Self.album, folder: "/album", contents: ["/album/audio/vox.wav": "1", "/album/audio/kick.wav": "2"])
        var after = before
        after.contents["/album/audio/vox.wav"] = "3"
        let found = SessionComparison.changes(from: before, to: after)
        #expect(ChangeLines.lines(of: found) == ["Ferry: Vox file vox.wav content changed"])
        #expect(found[0].item == .init(kind: .track, name: "Vox") && found[0].isHeard)
    }

    @Test func `a file with another time and the same samples is not told, however its state differs`() {
        let path = "/album/audio/vox.wav"
        let before = ComparedSession(
            album: Self.album, folder: "/album", contents: [path: "9 bytes of 1"], sounds: [path: "a"])
        var after = before
        after.contents[path] = "11 bytes of 2"
        #expect(SessionComparison.changes(from: before, to: after).isEmpty)
        // Known of one side only, the samples tell nothing.
        after.sounds = [:]
        #expect(SessionComparison.changes(from: before, to: after).count == 1)
        after.sounds = [path: "b"]
        #expect(SessionComparison.changes(from: before, to: after).count == 1)
    }

    @Test func `a name can do nothing to a terminal`() {
        let name = "V\u{1B}]0;x\u{7}\u{9B}31m\u{202E}\nox"
        let found = ferry {
            $0.tracks[1].name = name; $0.tracks[1].mixer.isMuted = true
        }
        #expect(found == ["Ferry: track Vox renamed to V?]0;x??31m??ox", "Ferry: V?]0;x??31m??ox muted"])
    }

    @Test func `changes name their stretch in seconds, their values and what is not heard`() throws {
        var edited = Self.album
        edited.songs[0].song.tracks[1].mixer.faderAutomation[1].value = -2.5
        let change = try #require(changes(edited).first)
        #expect(change.stretches == [.init(startSeconds: 72, endSeconds: nil)])
        #expect(change.what == "fader" && change.from == "-3 dB" && change.to == "-2.5 dB" && change.isHeard)
        #expect(change.song == "Ferry" && change.songNumber == 1 && change.kind == .changed)
        edited = Self.album
        edited.songs[0].song.tracks[2].clips[0].atFrame = 96_000
        #expect(
            changes(edited)[0].stretches == [
                .init(startSeconds: 0, endSeconds: 1), .init(startSeconds: 2, endSeconds: 3),
            ])
    }
}
