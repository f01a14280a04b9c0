import Quantities
import Session
import SessionFiles
import Testing

/// Every quantity through a song file: what it means, and what is said of what it does not mean.
@Suite struct QuantityTests {
    @Test(arguments: [
        ("1.5 s", 72_000), ("20 ms", 960), ("20ms", 960), ("1:02.5", 3_000_000), ("1:02:03.5", 178_728_000),
        ("480 samples", 480), ("1 sample", 1), ("12|3", 1_104_000), ("12|3.5", 1_116_000), ("1|1", 0),
        ("0 s", 0),
        (".5 s", 24_000), ("0.00001 s", 0), ("0.0000104166666 s", 0), ("0.0000104166667 s", 1),
        ("+2 s", 96_000),
    ])
    func `positions are frames at 48 kHz and 120 quarters a minute`(_ text: String, _ frames: Int) throws {
        let song = try SessionBench.song(
            "tempo: 120\ntracks: [{name: A, clips: [{file: audio/kick.wav, at: \"\(text)\"}]}]\n")
        #expect(song.tracks[0].clips[0].atFrame == frames)
    }

    @Test(arguments: [("2 bars", 96_000 * 2), ("3 beats", 72_000), ("1.5 beats", 36_000), ("2 s", 96_000)])
    func `lengths are bars, beats or times`(_ text: String, _ frames: Int) throws {
        #expect(try SessionBench.song("tempo: 120\nlength: \(text)\n").lengthFrames == frames)
    }

    @Test func `the tempo may have decimals and a unit`() throws {
        #expect(try SessionBench.song("tempo: 120.5 bpm\nlength: 4 beats\n").lengthFrames == 95_602)
    }

    @Test(arguments: [
        ("-3 dB", -3.0), ("-3dB", -3.0), ("-3.25 dB", -3.25), ("+3 dB", 3.0), ("-inf dB", -Double.infinity),
        ("0 dB", 0.0),
        ("0.1 dB", 0.1),
    ])
    func `gains are decibels`(_ text: String, _ decibels: Double) throws {
        #expect(
            try SessionBench.song("length: 1 s\nmaster: {fader: \(text)}\n").master.fader.value == decibels)
    }

    @Test(arguments: [
        ("L20", -0.2), ("C", 0.0), ("R20", 0.2), ("-20 %", -0.2), ("20%", 0.2), ("L100", -1.0), ("R0", 0.0),
        ("L0", 0.0),
        ("R12.5", 0.125),
    ])
    func `pan is a side or a percentage`(_ text: String, _ pan: Double) throws {
        let song = try SessionBench.song("length: 1 s\ntracks: [{name: A, pan: \(text)}]\n")
        #expect(song.tracks[0].mixer.pan == pan)
        #expect(song.tracks[0].mixer.pan.sign == (pan < 0 ? .minus : .plus))
    }

    @Test(arguments: [
        ("4", 4.0), ("4:1", 4.0), ("1.5:1", 1.5), ("inf", Double.infinity), ("inf:1", Double.infinity),
    ])
    func `a ratio may say to one`(_ text: String, _ ratio: Double) throws {
        let song = try SessionBench.song(
            """
            length: 1 s
            master: {devices: [{compressor: {threshold: -9 dB, ratio: \(text), attack: 1 ms, release: 9 ms}}]}
            """)
        let device = song.master.devices[0]
        #expect(device.values[device.kind.description.index(of: "ratio")] == ratio)
    }

    // Line 3, column 17 is the value in `master: {fader: VALUE}`.
    @Test(arguments: [
        ("-3", "`-3` has no unit. write `-3 dB`."),
        ("-3 db", "`db` is not a unit. write `-3 dB` (mind the case)."),
        ("-3 DB", "`DB` is not a unit. write `-3 dB` (mind the case)."),
        ("-3 dBFS", "`dBFS` is not a unit. write `-3 dB`."),
        ("-3 LUFS", "`LUFS` is not a unit of a gain. write it as in `-3 dB`."),
        ("\"-3,5 dB\"", "`-3,5 dB` has a decimal comma. write `-3.5 dB`."),
        ("\u{2212}3 dB", "`\u{2212}3 dB` has the character U+2212 for a minus. write a hyphen: `-3 dB`."),
        ("\u{2013}3 dB", "`\u{2013}3 dB` has the character U+2013 for a minus. write a hyphen: `-3 dB`."),
        ("40 dB", "`40 dB` is out of range. use at most 24 dB."),
        ("inf dB", "`inf dB` is out of range. use at most 24 dB."),
        ("loud", "`loud` is not a gain. write it as in `-3 dB`."),
        ("1e1 dB", "`e1 dB` is not a unit of a gain. write it as in `-3 dB`."),
        ("\"- 3 dB\"", "`- 3 dB` is not a gain. write it as in `-3 dB`."),
        ("3. dB", "`. dB` is not a unit of a gain. write it as in `-3 dB`."),
        ("0.1234567890123456 dB", "`0.1234567890123456 dB` has more than 15 digits. round it."),
        ("[1 dB]", "`fader` is one value, but this is a list. write one value."),
        ("nan dB", "`nan dB` is not a gain. write it as in `-3 dB`."),
    ])
    func `a wrong gain has its own remedy`(_ text: String, _ message: String) throws {
        let errors = try SessionBench.songErrors("length: 1 s\nmaster: {fader: \(text)}\n")
        #expect(errors == ["4:17: error: \(message)"])
    }

    @Test(arguments: [
        ("3", "`3` has no unit. write `3 s`."),
        ("3 S", "`S` is not a unit. write `3 s` (mind the case)."),
        ("3 sec", "`sec` is not a unit. write `3 s`."),
        ("3 frames", "`frames` is not a unit. write `3 samples`."),
        ("3 dB", "`dB` is not a unit of a time. write it as in `1.5 s`."),
        ("\"1,5 s\"", "`1,5 s` has a decimal comma. write `1.5 s`."),
        ("-1 s", "`-1 s` is a negative time. times begin at 0 s."),
        ("1.5 samples", "`1.5 samples` is not a whole number of samples. round it."),
        ("25:00:00", "`25:00:00` is longer than 24 hours. use a shorter time."),
        (
            "1:75",
            "`1:75` is not a time. write minutes and seconds as in `1:02.5`, or `1:02:03.5` with hours."
        ),
        (
            "1:2:3:4",
            "`1:2:3:4` is not a time. write minutes and seconds as in `1:02.5`, or `1:02:03.5` with hours."
        ),
        ("0|1", "`0|1` counts from 0. bars and beats count from 1: the start is `1|1`."),
        ("1|0.5", "`1|0.5` counts from 0. bars and beats count from 1: the start is `1|1`."),
        ("1|5", "`1|5`: a bar has 4 beats. write the next bar, or mend `meter:`."),
        ("1|", "`1|` is not a position. write bar and beat, as in `12|3.5`."),
        ("1.5|1", "`1.5|1` is not a position. write bar and beat, as in `12|3.5`."),
        ("2 bars", "`2 bars` is a length, not a position. write bar and beat, counted from 1, as in `12|3`."),
        ("inf s", "`inf s` is no time. write it as in `1.5 s`."),
        ("soon", "`soon` is not a time. write it as in `1.5 s`."),
    ])
    func `a wrong position has its own remedy`(_ text: String, _ message: String) throws {
        let errors = try SessionBench.songErrors(
            "tempo: 120\ntracks: [{name: A, clips: [{file: audio/kick.wav, at: \(text)}]}]\n")
        #expect(errors == ["4:55: error: \(message)"])
    }

    @Test(arguments: [
        ("length: 2 bars", "3:9: error: `2 bars` needs a tempo. add `tempo:` to the song, or write seconds."),
        (
            "length: 2|1",
            "3:9: error: `2|1` is a position, and a duration belongs here. write a length, as in `2 bars`."
        ),
        ("length: 0 s", "3:9: error: `0 s` is out of range. use 1 ms to 24:00:00."),
        ("meter: 4", "3:8: error: `4` is not a meter. write it as in `4/4` or `6/8`."),
        ("meter: 4/3", "3:8: error: `4/3` is out of range. use 1 to 64 beats of 1, 2, 4, 8, 16 or 32."),
        ("tempo: fast", "3:8: error: `fast` is not a tempo. write it as in `112`."),
        ("tempo: 5", "3:8: error: `5` is out of range. use 10 to 999."),
        ("tempo: 112 BPM", "3:8: error: `BPM` is not a unit. write `112 bpm` (mind the case)."),
        (
            "seed: -1",
            "3:7: error: `-1` is not a whole number. write a whole number from 0 to 18446744073709551615."
        ),
        (
            "rate: 32000",
            "3:7: error: `32000` is not a session rate. use 44.1 kHz, 48 kHz, 88.2 kHz, 96 kHz, 176.4 kHz or 192 kHz."
        ),
        ("rate: 48 khz", "3:7: error: `khz` is not a unit. write `48 kHz` (mind the case)."),
        ("rate:", "3:6: error: `rate` has no value. write one, or remove the key."),
        ("tail-limit: 11:00", "3:13: error: `11:00` is out of range. use 0 s to 10:00."),
    ])
    func `a wrong song value has its own remedy`(_ line: String, _ expected: String) throws {
        let rest = line.hasPrefix("length") ? "" : "length: 1 s\n"
        #expect(try SessionBench.songErrors(line + "\n" + rest) == [expected])
    }

    @Test(arguments: [
        ("pan: L", "6:10: error: `L` is not a pan position. write it as in `L20`, `C`, `R20` or `-20 %`."),
        ("pan: 20", "6:10: error: `20` has no side. write it as in `L20`, `C`, `R20` or `-20 %`."),
        ("pan: R120", "6:10: error: `R120` is beyond the side. use L100 to R100."),
        ("pan: c", "6:10: error: `c` is not a pan position. write `C`."),
        (
            "pan: L-20",
            "6:10: error: `L-20` is not a pan position. write it as in `L20`, `C`, `R20` or `-20 %`."
        ),
        ("mute: maybe", "6:11: error: `maybe` is neither true nor false. write `true` or `false`."),
        (
            "polarity: inverse",
            "6:15: error: `inverse` is not a value of `polarity`. did you mean `inverted`."
        ),
        ("polarity: x", "6:15: error: `x` is not a value of `polarity`. use one of normal, inverted."),
    ])
    func `a wrong track value has its own remedy`(_ line: String, _ expected: String) throws {
        #expect(try SessionBench.trackErrors(line) == [expected])
    }

    @Test(arguments: [
        (
            "equalizer: {bands: [{type: bell, frequency: 400}]}",
            "6:54: error: `400` has no unit. write `400 Hz`."
        ),
        (
            "equalizer: {bands: [{type: bell, frequency: 400 hz}]}",
            "6:54: error: `hz` is not a unit. write `400 Hz` (mind the case)."
        ),
        (
            "equalizer: {bands: [{type: bell, frequency: 30 kHz}]}",
            "6:54: error: this frequency is too high for a rate of 48000 Hz. use at most 23520 Hz."
        ),
        (
            "equalizer: {bands: [{type: bell, frequency: 1 kHz, slope: 24 dB/oct}]}",
            "6:68: error: a bell band has no `slope`. remove it."
        ),
        (
            "equalizer: {bands: [{type: high-pass, frequency: 1 kHz, slope: 24 dB}]}",
            "6:73: error: `24 dB` is not a value of `slope`. use one of 6 dB/oct, 12 dB/oct, 18 dB/oct, 24 dB/oct, "
                + "36 dB/oct, 48 dB/oct, 72 dB/oct, 96 dB/oct."
        ),
        (
            "equalizer: {bands: [{type: high-pass, frequency: 1 kHz, slope: 20 dB/oct}]}",
            "6:73: error: `20 dB/oct` is not a value of `slope`. use one of 6 dB/oct, 12 dB/oct, 18 dB/oct, "
                + "24 dB/oct, 36 dB/oct, 48 dB/oct, 72 dB/oct, 96 dB/oct."
        ),
        (
            "equalizer: {bands: [{type: bell, frequency: 1 kHz, q: 1 Q}]}",
            "6:64: error: `1 Q` is a plain number with a unit. write `1`."
        ),
        ("equalizer: {bands: []}", "6:29: error: this equalizer has no bands. add one, or remove it."),
        (
            "reverb: {decay: 2 s, mix: 0.3}",
            "6:36: error: `0.3` has no unit. write a percentage, as in `30 %`."
        ),
        ("reverb: {}", "6:18: error: a reverb needs `decay`. add it, as in `decay: 0.1 s`."),
        ("reverb", "6:10: error: `reverb` has no settings. write `reverb: {}`."),
        (
            "limiter: {ceiling: -1 dB}",
            "6:29: error: `dB` is not a unit of a true peak. write it as in `-1 dBTP`."
        ),
        (
            "limiter: {ceiling: -1 dbtp}",
            "6:29: error: `dbtp` is not a unit. write `-1 dBTP` (mind the case)."
        ),
        ("delay: {}", "6:17: error: a delay needs `time`. add it, as in `time: 1/8`."),
        (
            "delay: {left: 1/8}",
            "6:17: error: a delay needs both `left` and `right`. add the other, or use `time` for both."
        ),
        (
            "delay: {time: 1/8, left: 1/8, right: 1/8}",
            "6:24: error: a delay has either `time`, or `left` and `right`. remove one."
        ),
        (
            "delay: {time: 1/7}",
            "6:24: error: `1/7` is not a note value. write it as in `1/8`, `1/8 dotted` or `1/8 triplet`."
        ),
        ("delay: {time: 60 s}", "6:24: error: `60 s` is out of range. use 1 ms to 10 s."),
        (
            "compressor: {threshold: -9 dB, ratio: 0.5, attack: 1 ms, release: 9 ms}",
            "6:48: error: `0.5` is out of range. use at least 1."
        ),
        (
            "zither: {}",
            "6:10: error: there is no device `zither`. use one of "
                + DeviceDescription.all.map(\.name).joined(separator: ", ") + "."
        ),
        ("compresor: {}", "6:10: error: there is no device `compresor`. did you mean `compressor`."),
        (
            "{limiter: {}, utility: {}}",
            "6:10: error: a device is one name with its settings, but this has 2. begin each device with `- `, and indent its settings."
        ),
    ])
    func `a wrong device has its own remedy`(_ device: String, _ expected: String) throws {
        let errors = try SessionBench.songErrors(
            "tempo: 120\nmaster:\n  devices:\n       - \(device)\nlength: 1 s\n")
        #expect(errors == [expected])
    }
}
