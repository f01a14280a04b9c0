import Quantities
import Session
import SessionFiles
import TestSupport
import Testing

@Suite struct BrokenSessionTests {
    private static let length = "length: 1 s\n"

    @Test(
        arguments: [
            (
                "tracks: [{nam: A}]",
                [
                    "4:10: error: a track needs `name`. add `name:`.",
                    "4:11: error: `nam` is not a key of a track. did you mean `name`.",
                ]
            ),
            (
                "tracks: [{name: A, volume: 3}]",
                [
                    "4:20: error: `volume` is not a key of a track. use one of name, clips, devices, fader, pan, polarity, mute, solo, output, sends, automation."
                ]
            ),
            (
                "tracks: [{name: A, pna: C}]",
                ["4:20: error: `pna` is not a key of a track. did you mean `pan`."]
            ),
            (
                "tracks: [{name: A, fader: -1,5 dB}]",
                [
                    "4:27: error: `-1` has no unit. write `-1 dB`.",
                    "4:30: error: `5 dB` is not a key of a track. if it ends a number with a decimal comma, write a point.",
                ]
            ),
            (
                "tracks: [{name: A, pan: C, pan: L20}]",
                [
                    "4:28: error: the key `pan` stands twice in this mapping. remove one (the first is on line 4)."
                ]
            ),
            (
                "tracks: [{name: A, pan: C, pan: L20, pan: R20, fader: 1}]",
                [
                    "4:28: error: the key `pan` stands twice in this mapping. remove one (the first is on line 4).",
                    "4:38: error: the key `pan` stands twice in this mapping. remove one (the first is on line 4).",
                    "4:55: error: `1` has no unit. write `1 dB`.",
                ]
            ),
            ("tracks: [{name: Direct}]", ["4:17: error: the name `Direct` is reserved. use another name."]),
            ("tracks: [{name: master}]", ["4:17: error: the name `Master` is reserved. use another name."]),
            (
                "tracks: [{name: A}]\nreturns: [{name: A}]",
                [
                    "5:18: error: two channels are called `A` (the first is on line 4). rename one of them."
                ]
            ),
            (
                "tracks: [{name: Kick #2}]",
                [
                    "5:1: error: not valid YAML: while parsing a flow mapping, did not find expected ',' or '}'. quote text that holds ` #`: it begins a comment, which hides the bracket."
                ]
            ),
            (
                "tracks:\n  - name: Kick #2",
                [
                    "5:11: error: ` #` begins a comment, so `name` is only `Kick`. quote it, or put two spaces before the comment."
                ]
            ),
            ("tracks:\n  - name: ''", ["5:11: error: `name` is blank. give it a text."]),
            (
                "tracks:\n  - name: \"a\\tb\"",
                ["5:11: error: `name` holds a control character. write it on one line."]
            ),
            (
                "tracks: A",
                ["4:9: error: `tracks` is a list, but this is text. write it as in `tracks: [...]`."]
            ),
            ("tracks: [A]", ["4:10: error: a track is a mapping, but this is text. write `name: ...`."]),
            ("master: []", ["4:9: error: a master is a mapping, but this is a list. write `devices: ...`."]),
            (
                "tracks: [{name: A, output: Drms}]\nbuses: [{name: Drums}]",
                [
                    "4:28: error: there is no output called `Drms`. did you mean `Drums`."
                ]
            ),
            (
                "tracks: [{name: A, output: Strings}]\nbuses: [{name: Drums}]",
                [
                    "4:28: error: there is no output called `Strings`. use one of Drums, Master."
                ]
            ),
            (
                "tracks: [{name: A}, {name: B, output: A}]",
                [
                    "4:39: error: `A` is a track. an output is a bus or `Master`."
                ]
            ),
            (
                "tracks: [{name: A, sends: [{to: B}]}]\nbuses: [{name: B}]",
                [
                    "4:33: error: `B` is a bus. sends go to returns; use `output:` for a bus."
                ]
            ),
            (
                "tracks: [{name: A, sends: [{to: Plat}]}]\nreturns: [{name: Plate}]",
                [
                    "4:33: error: there is no return called `Plat`. did you mean `Plate`."
                ]
            ),
            (
                "tracks: [{name: A, sends: [{to: P}, {to: P}]}]\nreturns: [{name: P}]",
                [
                    "4:42: error: there are two sends to `P`. remove one of them."
                ]
            ),
            (
                "buses: [{name: A, output: B}, {name: B, output: A}]",
                [
                    "4:49: error: the routing goes in a circle: A -> B -> A. change one output on the way."
                ]
            ),
            (
                "buses: [{name: A, sends: [{to: P}]}]\nreturns: [{name: P, output: A}]",
                [
                    "5:29: error: the routing goes in a circle: A -> P -> A. change one output, send or key on the way."
                ]
            ),
            (
                "buses: [{name: A, output: A}]",
                [
                    "4:27: error: the routing goes in a circle: A -> A. change one output on the way."
                ]
            ),
            (
                "buses:\n  - name: A\n    devices: [{compressor: {threshold: -9 dB, ratio: 2, attack: 1 ms, release: 9 ms, key: A}}]",
                [
                    "6:91: error: `A` is this channel itself. remove `key`: a compressor listens to its own signal."
                ]
            ),
            (
                "buses:\n  - name: A\n    devices: [{compressor: {threshold: -9 dB, ratio: 2, attack: 1 ms, release: 9 ms, key: B}}]",
                [
                    "6:91: error: there is no track, bus or return called `B`. use one of A."
                ]
            ),
            (
                "master: {automation: {fader: [[1 s, 0 dB], [1 s, 1 dB]]}}",
                [
                    "4:44: error: this point is not after the one before it. put points in order of time, one for each time."
                ]
            ),
            (
                "master: {automation: {fader: [[0 s, -1,5 dB]]}}",
                [
                    "4:37: error: `-1` has no unit. write `-1 dB`.",
                    "4:40: error: `5 dB` is not a shape. if it ends a number with a decimal comma, write a point.",
                ]
            ),
            (
                "master: {automation: {fader: [[0 s, -1,5 dB, linear]]}}",
                [
                    "4:31: error: a point has 4 values. write `[time, value, shape]`, with points in numbers."
                ]
            ),
            (
                "master: {automation: {fader: [[0 s]]}}",
                [
                    "4:31: error: a point is `[time, value]` or `[time, value, shape]`. write it as in `[12 s, -3 dB, linear]`."
                ]
            ),
            (
                "master: {automation: {fader: [[0 s, 30 dB, lin]]}}",
                [
                    "4:37: error: `30 dB` is out of range. use at most 24 dB.",
                    "4:44: error: `lin` is not a value of `shape`. use one of hold, linear.",
                ]
            ),
            (
                "master: {automation: {fader: 3 dB}}",
                [
                    "4:30: error: automation is a list of points, but this is text. write it as in `fader: [[0 s, -6 dB], [12 s, -3 dB, linear]]`."
                ]
            ),
            (
                "tracks: [{name: A, sends: [{to: P}], automation: {sends: {Q: [[0 s, 0 dB]]}}}]\nreturns: [{name: P}]",
                [
                    "4:59: error: this channel has no send to `Q`. add one to `sends:`."
                ]
            ),
        ] as [(String, [String])])
    func `what is wrong in a song is named with its place and remedy`(_ lines: String, _ expected: [String])
        throws
    {
        #expect(try SessionBench.songErrors(Self.length + lines + "\n") == expected)
    }

    @Test(arguments: [
        (
            "file: audio/kik.wav",
            "5:12: error: there is no file ~/audio/kik.wav. did you mean ~/audio/kick.wav."
        ),
        (
            "file: audio/Kick.WAV",
            "5:12: error: there is no file ~/audio/Kick.WAV. did you mean ~/audio/kick.wav."
        ),
        (
            "file: audio/zither.wav",
            "5:12: error: there is no file ~/audio/zither.wav. check the name, or add the file."
        ),
        ("file: adio/kick.wav", "5:12: error: there is no folder ~/adio. check the path."),
        ("file: audio", "5:12: error: ~/audio is a folder. name a file in it."),
        ("file: audio/surround.wav", "5:12: error: surround.wav has 6 channels. use mono or stereo files."),
        ("file: audio/empty.wav", "5:12: error: empty.wav holds no sound. export it again."),
        (
            "file: audio/broken.wav",
            "5:12: error: broken.wav cannot be read: it ends after 12 of 48000 frames. export or copy it again."
        ),
        (
            "file: audio/kick.wav, length: 2.5 s",
            "5:36: error: the clip ends 0.500 s past the end of kick.wav, which is 2.000 s long. use at most 2.000 s, or remove `length`."
        ),
        (
            "file: audio/kick.wav, length: 2 s, start: 10 ms",
            "5:36: error: the clip ends 0.010 s past the end of kick.wav, which is 2.000 s long. use at most 1.990 s, or remove `length`."
        ),
        (
            "file: audio/kick.wav, length: 96001 samples",
            "5:36: error: the clip ends 1 sample past the end of kick.wav, which is 2.000 s long. use at most 2.000 s, or remove `length`."
        ),
        (
            "file: audio/kick.wav, start: 2 s",
            "5:35: error: the clip starts at or after the end of kick.wav, which is 2.000 s long. use a smaller `start`."
        ),
        (
            "file: audio/kick.wav, start: 2 bars",
            "5:35: error: `2 bars` is a musical time, and a file has no tempo. write seconds, as in `1.5 s`."
        ),
        ("file: audio/kick.wav, length: 0 s", "5:36: error: the clip has no length. use a length above 0."),
        (
            "file: audio/kick.wav, fade-in: 3 s",
            "5:37: error: the fade is longer than the clip, which is 2.000 s. shorten it."
        ),
        (
            "file: audio/kick.wav, fade-in: 1.5 s, fade-out: 0.6 s",
            "5:54: error: the fades are longer than the clip, which is 2.000 s. shorten them."
        ),
        ("at: 0 s", "5:5: error: a clip needs `file`. add `file:`."),
        (
            "file: audio/kick.wav, fadein: 1 ms",
            "5:28: error: `fadein` is not a key of a clip. did you mean `fade-in`."
        ),
    ])
    func `what is wrong in a clip is named with its place and remedy`(_ clip: String, _ expected: String)
        throws
    {
        let bench = try SessionBench([
            "s.yaml": "lathe: 1\nsong: T\ntempo: 120\ntracks: [{name: A, clips: [\n    {\(clip)}]}]\n"
        ])
        let errors = bench.errors("s.yaml").map { $0.replacing("s.yaml:5", with: "5") }
        #expect(errors == [expected.replacing("~/", with: "")])
    }

    @Test func `a song without clips or length is an error, with either it is none`() throws {
        #expect(
            try SessionBench.songErrors("tracks: [{name: A}]\n") == [
                "1:1: error: this song has neither clips nor a length. add clips to a track, or `length:`."
            ])
        #expect(try SessionBench.songErrors("length: 1 s\n").isEmpty)
    }

    @Test func `a file missing under many clips is reported once`() throws {
        let clips = "clips: [{file: audio/no.wav}, {file: audio/no.wav}, {file: audio/no.wav}]"
        #expect(try SessionBench.songErrors("tracks: [{name: A, \(clips)}]\n").count == 1)
    }

    private static func album(_ lines: String, _ song: String = "lathe: 1\nsong: S\nlength: 1 s\n") throws
        -> [String]
    {
        try SessionBench(["a.yaml": "lathe: 1\nalbum: A\n" + lines + "\n", "s.yaml": song]).errors("a.yaml")
    }

    @Test(
        arguments: [
            ("artist: B", ["a.yaml:1:1: error: an album needs `songs`. add `songs:`."]),
            ("songs: []", ["a.yaml:3:8: error: an album needs a song. add `- file: song.yaml`."]),
            (
                "songs: [{file: ss.yaml}]",
                ["a.yaml:3:16: error: there is no file ss.yaml. did you mean s.yaml."]
            ),
            ("songs: [{file: s.yaml, gap: 2}]", ["a.yaml:3:29: error: `2` has no unit. write `2 s`."]),
            (
                "songs: [{file: s.yaml, gap: 1|1}]",
                [
                    "a.yaml:3:29: error: `1|1` is a position, and a duration belongs here. write a length, as in `2 bars`."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\nloudness: loud",
                [
                    "a.yaml:4:11: error: `loud` is not a loudness target. write `none`, or as in `{target: -14 LUFS, ceiling: -1 dBTP}`."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\nloudness: {target: -14 LKFS, by: track}",
                [
                    "a.yaml:4:20: error: `LKFS` is not a unit. write `-14 LUFS`.",
                    "a.yaml:4:34: error: `track` is not a value of `by`. use one of album, song.",
                ]
            ),
            (
                "songs: [{file: s.yaml}]\nloudness: {target: -4 LUFS, ceiling: 1 dBTP}",
                [
                    "a.yaml:4:20: error: `-4 LUFS` is out of range. use -40 LUFS to -5 LUFS.",
                    "a.yaml:4:38: error: `1 dBTP` is out of range. use -20 dBTP to 0 dBTP.",
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver: [{format: mp3}]",
                [
                    "a.yaml:4:20: error: `mp3` is not a value of `format`. use one of wav, flac."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver: [{format: flac, bits: 32}]",
                [
                    "a.yaml:4:32: error: FLAC holds no floating point. use 16 or 24 bits, or wav."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver: [{format: wav, bits: 20}]",
                [
                    "a.yaml:4:31: error: `20` is not a value of `bits`. use one of 16, 24, 32, 32-float."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver: [{format: wav, bits: 32, dither: tpdf}]",
                [
                    "a.yaml:4:43: error: floating point needs no dither. remove `dither`."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver:\n  - {format: wav}\n  - {format: wav, bits: 24, rate: 48 kHz}",
                [
                    "a.yaml:6:5: error: this delivery is the same as the one on line 5. remove one."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver:\n  - {format: wav}\n  - {format: wav, dither: none}",
                [
                    "a.yaml:6:5: error: this delivery would write the same files as the one on line 5. give one of them another `folder`."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver:\n  - {format: wav, folder: CD}\n  - {format: wav, bits: 16, folder: cd}",
                [
                    "a.yaml:6:5: error: this delivery would write the same files as the one on line 5. give one of them another `folder`."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\ndeliver: [{format: wav, folder: ../x}]",
                [
                    "a.yaml:4:33: error: `../x` is not a folder below the render's. write a name, as in `CD`."
                ]
            ),
            (
                "songs: [{file: s.yaml}]\nrate: 96000\ndelivr: []",
                [
                    "a.yaml:5:1: error: `delivr` is not a key of an album. did you mean `deliver`."
                ]
            ),
        ] as [(String, [String])])
    func `what is wrong in an album is named with its place and remedy`(_ lines: String, _ expected: [String])
        throws
    {
        #expect(try Self.album(lines) == expected)
    }

    @Test func `a song of another rate than its album's is an error in the song`() throws {
        let errors = try Self.album(
            "rate: 96 kHz\nsongs: [{file: s.yaml}]", "lathe: 1\nsong: S\nrate: 48 kHz\nlength: 1 s\n")
        #expect(
            errors == [
                "s.yaml:3:7: error: this song's rate is 48000 Hz and its album's 96000 Hz. remove `rate` here, or make the album's the same."
            ])
    }

    @Test func `another version of the format is an error`() throws {
        let bench = try SessionBench(["s.yaml": "lathe: 2\nsong: S\nlength: 1 s\n"])
        #expect(
            bench.errors("s.yaml") == [
                "s.yaml:1:8: error: this file is written for version `2` of the format. write `lathe: 1`, or use the Lathe that it was written for."
            ])
    }

    @Test func `a missing file on the command line names the nearest`() throws {
        let bench = try SessionBench(["ferry.yaml": "lathe: 1\n"])
        #expect(
            bench.errors("fery.yaml") == [
                "fery.yaml:1:1: error: there is no file fery.yaml. did you mean ferry.yaml."
            ])
        #expect(bench.errors("audio") == ["audio:1:1: error: audio is a folder. name a file in it."])
    }

    @Test func `everything wrong in every file comes at once, in the order of files and lines`() throws {
        let bench = try SessionBench([
            "album.yaml": """
            lathe: 1
            albm: Night
            rate: 48
            songs:
              - {file: b.yaml, gap: -1 s}
              - {file: a.yaml}
              - {file: b.yaml}
              - {file: c.yaml}
            loudness: {target: -14}
            deliver: [{format: wav}, {format: wav}]
            """,
            "a.yaml": """
            lathe: 1
            song: A
            tracks:
              - {name: X, fader: 3, output: Y, clips: [{file: audio/nix.wav}]
            buses: []
            """,
            "b.yaml": """
            lathe: 1
            song: B
            tempo: none
            buses: [{name: P, output: Q}, {name: Q, output: P}, {name: P}]
            tracks:
              - name: T #1
                clips: [{file: audio/kick.wav, length: 9 s, gain: 3 db}, {fil: x}]
                sends: [{to: Hall, gain: \u{2212}3 dB}]
            """,
        ])
        let places = bench.errors("album.yaml").map { $0.prefix { $0 != " " } }
        #expect(
            places == [
                "album.yaml:1:1:", "album.yaml:2:1:", "album.yaml:3:7:", "album.yaml:5:25:",
                "album.yaml:8:12:",
                "album.yaml:9:20:", "album.yaml:10:26:",
                "b.yaml:3:8:", "b.yaml:4:49:", "b.yaml:4:60:", "b.yaml:6:11:", "b.yaml:7:44:", "b.yaml:7:55:",
                "b.yaml:7:62:", "b.yaml:7:63:", "b.yaml:8:18:", "b.yaml:8:30:",
                "a.yaml:5:1:",
            ])
        #expect(bench.errors("album.yaml") == bench.errors("album.yaml"))
    }

    @Test func `a session in a folder below names files from there`() throws {
        let bench = try SessionBench([
            "x/a.yaml": "lathe: 1\nalbum: A\nsongs: [{file: songs/s.yaml}]\n",
            "x/songs/s.yaml":
                "lathe: 1\nsong: S\ntracks: [{name: A, clips: [{file: ../../audio/kick.wav}]}]\n",
        ])
        let album = try bench.read("x/a.yaml")
        #expect(album.songs[0].song.sources[0].path == bench.directory.path + "/x/songs/../../audio/kick.wav")
        #expect(album.songs[0].song.tracks[0].clips[0].frameCount == 96_000)
    }
}
