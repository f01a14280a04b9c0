import Quantities
import Session
import SessionFiles
import TestSupport
import Testing

@Suite struct GoodSessionTests {
    private static let album = """
        # album.yaml
        lathe: 1
        album: Night Ferry
        artist: The Harbour Lights
        rate: 48000
        songs:
          - file: ferry.yaml
          - {file: salt.yaml, gap: 1.5 s}                              # the gap stands before the song
        loudness: {target: -14 LUFS, ceiling: -1 dBTP, by: album}
        deliver:
          - {format: wav, bits: 24}
          - {format: flac, bits: 16, rate: 44100, dither: tpdf, folder: CD}
        """

    private static let ferry = """
        # ferry.yaml
        lathe: 1
        song: Ferry
        tempo: 112
        tracks:
          - name: Kick
            clips: [{file: audio/kick.wav, at: 0 s, gain: 0 dB, fade-out: 20 ms}]
            devices:
              - equalizer: {bands: [{type: high-pass, frequency: 30 Hz, slope: 24 dB/oct}, {type: bell, frequency: 400 Hz, gain: -3 dB, q: 1.2}]}
              - compressor: {threshold: -18 dB, ratio: 4, attack: 10 ms, release: 120 ms, knee: 6 dB}
            fader: -3.5 dB
            pan: L20
            output: Drums
            sends: [{to: Plate, gain: -12 dB}]
            automation: {fader: [[0 s, -6 dB], [12 s, -3.5 dB, linear]]}
        buses:
          - {name: Drums, devices: [{compressor: {threshold: -12 dB, ratio: 2, attack: 30 ms, release: 200 ms}}]}
        returns:
          - {name: Plate, devices: [{reverb: {decay: 1.8 s, predelay: 20 ms, damping: 6 kHz}}]}
        master: {devices: [{equalizer: {bands: [{type: high-shelf, frequency: 9 kHz, gain: 1 dB}]}}]}
        """

    @Test func `the example of the interface reads as it says`() throws {
        let salt = "lathe: 1\nsong: No\nlength: 1:02.5\n"
        let bench = try SessionBench(["album.yaml": Self.album, "ferry.yaml": Self.ferry, "salt.yaml": salt])
        let album = try bench.read("album.yaml")
        #expect(album.title == "Night Ferry")
        #expect(album.artist == "The Harbour Lights")
        #expect(
            album.loudness == LoudnessTarget(target: LUFS(-14), ceiling: DecibelsTruePeak(-1), scope: .album))
        #expect(
            album.deliveries == [
                Delivery(format: .wav, samples: .integer24, dither: .tpdf),
                Delivery(format: .flac, samples: .integer16, rateHertz: 44_100, dither: .tpdf, folder: "CD"),
            ])
        #expect(album.songs.map(\.gapSeconds) == [0, 1.5])
        // `No` is a title, not false; `1:02.5` a time, not a number in base 60.
        #expect(album.songs[1].song.title == "No")
        #expect(album.songs[1].song.lengthFrames == 3_000_000)
        #expect(album.songs.allSatisfy { $0.song.violations.isEmpty })

        let kick = SourceFile(
            path: bench.directory.path + "/audio/kick.wav", rateHertz: 48_000, channelCount: 1,
            frameCount: 96_000,
            samples: .integer24)
        let mixer = Mixer(
            fader: Decibels(-3.5),
            faderAutomation: [
                AutomationPoint(frame: 0, value: -6),
                AutomationPoint(frame: 576_000, value: -3.5, shape: .linear),
            ], pan: -0.2, output: .bus(0), sends: [Send(to: 0, gain: Decibels(-12))])
        let expected = Song(
            title: "Ferry", rateHertz: 48_000, sources: [kick],
            tracks: [
                Track(
                    name: "Kick",
                    clips: [Clip(source: 0, atFrame: 0, frameCount: 96_000, fadeOutFrames: 960)],
                    devices: [
                        Device(
                            .equalizer,
                            bands: [
                                ["type": "high-pass", "frequency": 30, "slope": "24 dB/oct"],
                                ["type": "bell", "frequency": 400, "gain": -3, "q": 1.2],
                            ]),
                        Device(
                            .compressor,
                            ["threshold": -18, "ratio": 4, "attack": 0.01, "release": 0.12, "knee": 6]),
                    ], mixer: mixer)
            ],
            buses: [
                Bus(
                    name: "Drums",
                    devices: [
                        Device(
                            .compressor, ["threshold": -12, "ratio": 2, "attack": 0.03, "release": 0.2])
                    ])
            ],
            returns: [
                Bus(
                    name: "Plate",
                    devices: [
                        Device(.reverb, ["decay": 1.8, "predelay": 0.02, "damping": 6000])
                    ])
            ],
            master: Master(devices: [
                Device(.equalizer, bands: [["type": "high-shelf", "frequency": 9000, "gain": 1]])
            ]), timebase: Timebase(tempoNumerator: 112, tempoDenominator: 1))
        #expect(album.songs[0].song == expected)
    }

    @Test func `a song alone is an album of one at 48 kHz, 24-bit WAV, without a target`() throws {
        let bench = try SessionBench(["song.yaml": Self.ferry])
        let album = try bench.read("song.yaml")
        #expect(album.title == "Ferry")
        #expect(album.songs.map(\.song.rateHertz) == [48_000])
        #expect(album.loudness == LoudnessTarget())
        #expect(album.deliveries == [Delivery(format: .wav, samples: .integer24, dither: .tpdf)])
        #expect(try SessionBench.song("rate: 88.2 kHz\nlength: 1 s\n").rateHertz == 88_200)
    }

    @Test func `every channel key is read`() throws {
        let song = try SessionBench.song(
            """
            tempo: 120
            meter: 3/4
            seed: 18446744073709551615
            tail-limit: 2 bars
            tracks:
              - name: "Kick #2"
                clips:
                  - {file: audio/pad44.wav, at: 2|1.5, start: 441 samples, length: 1 bar, fade-in: 1 beat, shape: equal-power, gain: -inf dB}
                  - {file: ./audio/pad44.wav, at: 480 samples}
                polarity: inverted
                mute: yes
                solo: true
                pan: -20 %
                sends:
                  - {to: Echo, tap: pre, automation: [[1|1, -inf dB], [2|1, 0 dB, linear]]}
                automation: {pan: [[0 s, L100], [20 ms, R5, linear]]}
                devices:
                  - utility: {gain: 3 dB, invert: right}
                  - limiter: {}
                  - delay: {left: 1/8 dotted, right: 1/8 triplet, feedback: 50 %, ping-pong: no, mix: 12.5 %}
                  - delay: {time: 3 beats}
                  - compressor: {threshold: -20dB, ratio: 2.5:1, attack: 480 samples, release: 0.1 s, detector: rms, key: Keys, make-up: +2 dB}
            buses: [{name: Glue, output: Master}, {name: Keys}]
            returns: [{name: Echo, output: Glue, automation: {fader: [[0 s, 1 dB]]}}]
            master: {fader: -1 dB, automation: {fader: [[0 s, -2 dB]]}}
            """)
        #expect(song.violations.isEmpty)
        #expect(song.seed == .max)
        #expect(song.tailLimitFrames == 144_000)
        #expect(song.sources.count == 1)
        let track = song.tracks[0]
        #expect(track.name == "Kick #2")
        // Bar 2 begins at 1.5 s, half a beat later is 1.75 s. 441 of the file's samples are 10 ms.
        #expect(
            track.clips == [
                Clip(
                    source: 0, atFrame: 84_000, startFrame: 441, frameCount: 72_000, gain: .silence,
                    fadeInFrames: 24_000, fadeShape: .equalPower),
                Clip(source: 0, atFrame: 480, frameCount: 480_002),
            ])
        #expect(track.mixer.isPolarityInverted)
        #expect(track.mixer.isMuted)
        #expect(track.mixer.isSoloed)
        #expect(track.mixer.pan == -0.2)
        #expect(
            track.mixer.panAutomation == [
                AutomationPoint(frame: 0, value: -1),
                AutomationPoint(frame: 960, value: 0.05, shape: .linear),
            ])
        #expect(
            track.mixer.sends == [
                Send(
                    to: 0, gain: .unity, tap: .pre,
                    automation: [
                        AutomationPoint(frame: 0, value: -.infinity),
                        AutomationPoint(frame: 72_000, value: 0, shape: .linear),
                    ])
            ])
        #expect(
            track.devices == [
                Device(.utility, ["gain": 3, "invert": "right"]),
                Device(.limiter),
                Device(.delay, ["left": 18_000, "right": 8_000, "feedback": 0.5, "mix": 0.125]),
                Device(.delay, ["left": 72_000, "right": 72_000]),
                Device(
                    .compressor,
                    [
                        "threshold": -20, "ratio": 2.5, "attack": 0.01, "release": 0.1, "make-up": 2,
                        "detector": "rms",
                    ], key: .bus(1)),
            ])
        #expect(song.returns[0].mixer.output == .bus(0))
        #expect(song.returns[0].mixer.faderAutomation == [AutomationPoint(frame: 0, value: 1)])
        #expect(song.master.fader == Decibels(-1))
        #expect(song.master.faderAutomation == [AutomationPoint(frame: 0, value: -2)])
    }

    @Test func `automation of a send may stand with the channel's, by the name of the return`() throws {
        let song = try SessionBench.song(
            """
            length: 1 s
            tracks: [{name: A, sends: [{to: Plate}], automation: {sends: {Plate: [[0 s, -3 dB]]}}}]
            returns: [{name: Plate}]
            """)
        #expect(song.tracks[0].mixer.sends[0].automation == [AutomationPoint(frame: 0, value: -3)])
    }

    @Test(arguments: [
        ("loudness: none", LoudnessTarget(isEnabled: false)),
        ("loudness: {}", LoudnessTarget(scope: .album)),
        ("artist: X", LoudnessTarget(scope: .album)),
        (
            "loudness: {target: -9.5 LUFS, ceiling: -0.3 dBTP, by: song, max-limiting: 12 dB}",
            LoudnessTarget(
                target: LUFS(-9.5), ceiling: DecibelsTruePeak(-0.3), scope: .song,
                maximumLimiting: Decibels(12))
        ),
    ])
    func `loudness is a target, a ceiling alone, or none`(_ line: String, _ expected: LoudnessTarget) throws {
        let bench = try SessionBench([
            "a.yaml": "lathe: 1\nalbum: A\nsongs: [{file: s.yaml}]\n\(line)\n",
            "s.yaml": "lathe: 1\nsong: S\nlength: 1 s\n",
        ])
        let album = try bench.read("a.yaml")
        #expect(album.loudness == expected)
        #expect(album.deliveries == [Delivery(format: .wav, samples: .integer24, dither: .tpdf)])
    }

    @Test(arguments: [
        ("{format: wav, bits: 32}", Delivery(format: .wav, samples: .float32, dither: .none)),
        ("{format: wav, bits: 32-float}", Delivery(format: .wav, samples: .float32, dither: .none)),
        ("{format: flac}", Delivery(format: .flac, samples: .integer24, dither: .tpdf)),
        ("{format: wav, bits: 16, dither: none}", Delivery(format: .wav, samples: .integer16, dither: .none)),
        (
            "{format: wav, rate: 44.1 kHz, folder: a/b}",
            Delivery(format: .wav, samples: .integer24, rateHertz: 44_100, dither: .tpdf, folder: "a/b")
        ),
    ])
    func `a delivery has its defaults`(_ entry: String, _ expected: Delivery) throws {
        let bench = try SessionBench([
            "a.yaml": "lathe: 1\nalbum: A\nsongs: [{file: s.yaml}]\ndeliver: [\(entry)]\n",
            "s.yaml": "lathe: 1\nsong: S\nlength: 1 s\n",
        ])
        #expect(try bench.read("a.yaml").deliveries == [expected])
    }

    @Test func `anchors repeat whole values, stars in names are names`() throws {
        let song = try SessionBench.song(
            """
            length: 1 s
            tracks:
              - {name: A *x*, devices: &chain [{utility: {gain: &g 3 dB}}], fader: *g}
              - {name: "*B", devices: *chain}
            """)
        #expect(song.tracks.map(\.name) == ["A *x*", "*B"])
        #expect(song.tracks[0].devices == song.tracks[1].devices)
        #expect(song.tracks[0].mixer.fader == Decibels(3))
    }

    @Test func `a byte order mark, CR LF and comments change nothing`() throws {
        let text =
            "\u{FEFF}lathe: 1\r\n# a note\r\nsong: Süß & Søn  # two spaces: a comment\r\nlength: 1 s\r\n"
        let bench = try SessionBench(["song.yaml": text])
        #expect(try bench.read("song.yaml").title == "Süß & Søn")
    }

    @Test func `a session of 2,000 tracks and 20,000 clips is read`() throws {
        var text = "lathe: 1\nsong: Big\ntempo: 120\ntracks:\n"
        for track in 0..<2000 {
            text += "  - name: T\(track)\n    fader: -3 dB\n    clips:\n"
            for clip in 0..<10 {
                text += "      - {file: audio/kick.wav, at: \(clip + 1)|1, fade-out: 20 ms}\n"
            }
            text += "    devices: [{equalizer: {bands: [{type: bell, frequency: 1 kHz, gain: -3 dB}]}}]\n"
        }
        let bench = try SessionBench(["song.yaml": text])
        let song = try bench.read("song.yaml").songs[0].song
        #expect(song.tracks.map(\.clips.count).reduce(0, +) == 20_000)
        #expect(song.sources.count == 1)
        #expect(song.violations.isEmpty)
    }

    @Test func `reading twice gives equal albums`() throws {
        let bench = try SessionBench(["song.yaml": Self.ferry])
        #expect(try bench.read("song.yaml") == bench.read("song.yaml"))
    }
}
