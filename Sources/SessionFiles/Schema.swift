/// What the value of a key is, which decides how it is read, explained and documented.
enum ValueKind {
    /// A quantity with units; a range is in the same units.
    case quantity(UnitFamily)
    /// Text in one line, as typed.
    case text
    /// A path, relative to the file that names it.
    case file
    case boolean
    /// One of these words.
    case choice([String])
    case time(TimeUse)
    case pan
    case meter
    case unsigned
    /// One of `sessionRatesHertz`.
    case sessionRate
    /// The name of a channel: an output, a send's return, a key.
    case channel(String)
    case object(String)
    /// A list of objects of this name.
    case list(String)
    /// Points `[time, value, shape]`.
    case automation(String)
    /// Automation by the name of a send.
    case sendAutomation
    /// Automation by the name of one of these parameters.
    case parameterAutomation([String])
    /// `none` or an object.
    case objectOrNone(String)
    /// One device by its name.
    case devices
    /// A value of a kind that the table only describes, or a list of such values.
    case described(String, example: String, isList: Bool)
}

/// One key of the session files.
struct KeySchema {
    var name: String
    var kind: ValueKind
    /// Both ends inclusive, as they would be written; an infinite end is open.
    var range: (low: String, high: String)?
    /// What stands for a key left out, as it would be written.
    ///
    /// nil with `isRequired` false: nothing.
    var defaultText: String?
    var isRequired: Bool
    /// One sentence for docs/session.md and the JSON Schema.
    var summary: String

    init(
        _ name: String, _ kind: ValueKind, range: (low: String, high: String)? = nil,
        default defaultText: String? = nil,
        required isRequired: Bool = false, _ summary: String
    ) {
        self.name = name
        self.kind = kind
        self.range = range
        self.defaultText = defaultText
        self.isRequired = isRequired
        self.summary = summary
    }
}

/// The keys that may stand in one kind of mapping.
struct ObjectSchema {
    /// As other keys refer to it: "clip", "compressor".
    var name: String
    /// For messages: "a clip".
    var noun: String
    var summary: String
    var keys: [KeySchema]

    /// - Precondition: the key is in the table; a reader that asks for another one is wrong.
    func key(_ name: String) -> KeySchema {
        guard let key = keys.first(where: { $0.name == name }) else {
            preconditionFailure("\(self.name) has no key \(name)")
        }
        return key
    }
}

/// The one table of the session format.
enum Schema {
    /// In the order of the documentation.
    static let objects: [ObjectSchema] =
        [
            album, albumSong, loudness, delivery, song, track, clip, bus, returned, send, automation, master,
            masterAutomation,
        ]
        + devices

    /// - Precondition: the object is in the table.
    static func object(_ name: String) -> ObjectSchema {
        guard let object = objects.first(where: { $0.name == name }) else {
            preconditionFailure("no object \(name) in the session format")
        }
        return object
    }

    static let formatVersion = "1"

    private static let rates = "44.1, 48, 88.2, 96, 176.4 or 192 kHz"

    static let album = ObjectSchema(
        name: "album", noun: "an album",
        summary: "An album file: songs in order, what the finish aims at, and what is delivered.",
        keys: [
            KeySchema("lathe", .choice([formatVersion]), required: true, "Version of the session format."),
            KeySchema("album", .text, required: true, "Title of the album."),
            KeySchema("artist", .text, default: "", "Artist of the album."),
            KeySchema(
                "rate", .sessionRate, default: "48000", "Rate at which every song is rendered: \(rates)."),
            KeySchema("songs", .list("album-song"), required: true, "The songs in order, 1 to 999."),
            KeySchema(
                "loudness", .objectOrNone("loudness"), default: "{}",
                "What the finish aims at; `none` leaves out both gain and limiter."),
            KeySchema(
                "deliver", .list("delivery"), default: "[{format: wav, bits: 24}]",
                "The files to write for each song."),
        ])

    static let albumSong = ObjectSchema(
        name: "album-song", noun: "an album's song", summary: "One entry of `songs`.",
        keys: [
            KeySchema("file", .file, required: true, "The song file, relative to the album file."),
            KeySchema(
                "gap", .time(.length), range: ("0 s", "60 s"), default: "0 s",
                "Silence before the song on the album's timeline; samples are of the album's rate."),
        ])

    static let loudness = ObjectSchema(
        name: "loudness", noun: "a loudness target", summary: "The finish: one gain and a true-peak limiter.",
        keys: [
            KeySchema(
                "target", .quantity(.loudness), range: ("-40 LUFS", "-5 LUFS"),
                "Integrated loudness aimed at; without it the gain is 0 dB and the limiter still holds "
                    + "the ceiling."
            ),
            KeySchema(
                "ceiling", .quantity(.truePeak), range: ("-20 dBTP", "0 dBTP"), default: "-1 dBTP",
                "True peak that nothing exceeds."),
            KeySchema(
                "by", .choice(["album", "song"]), default: "album",
                "One gain for the album, which keeps the songs' levels, or one for each song."),
            KeySchema(
                "max-limiting", .quantity(.gain), range: ("0 dB", "24 dB"), default: "6 dB",
                "Largest gain reduction by the limiter that is accepted to reach the target."),
        ])

    static let delivery = ObjectSchema(
        name: "delivery", noun: "a delivery", summary: "One entry of `deliver`: a file for each song.",
        keys: [
            KeySchema("format", .choice(["wav", "flac"]), required: true, "The container."),
            KeySchema(
                "bits", .choice(["16", "24", "32", "32-float"]), default: "24",
                "Integer bits; `32` and `32-float` are floating point, WAV only."),
            KeySchema("rate", .sessionRate, "Rate of the file, when it is not the album's."),
            KeySchema(
                "dither", .choice(["none", "tpdf", "shaped"]),
                "Triangular dither of 2 LSB; `shaped` moves its noise to where the ear is dull, for a last step to 16 "
                    + "bits; default `tpdf` at 16 and 24 bits, `none` for floating point."),
            KeySchema(
                "folder", .text,
                "Folder below the render's; by default named after the format when several share one."),
        ])

    static let song = ObjectSchema(
        name: "song", noun: "a song",
        summary: "A song file: tracks, buses, returns and a master on one timeline.",
        keys: [
            KeySchema("lathe", .choice([formatVersion]), required: true, "Version of the session format."),
            KeySchema("song", .text, required: true, "Title of the song."),
            KeySchema(
                "rate", .sessionRate,
                "Rate of a song rendered alone, default 48 kHz; in an album it must be the album's."),
            KeySchema(
                "tempo", .quantity(.tempo), range: ("10", "999"),
                "Quarter notes per minute, whatever the meter; needed for musical times."),
            KeySchema("meter", .meter, default: "4/4", "Beats in a bar and the note value of a beat."),
            KeySchema(
                "length", .time(.length), range: ("1 ms", "24:00:00"),
                "Length of the song; without it the song ends with its clips and their tails."),
            KeySchema(
                "tail-limit", .time(.length), range: ("0 s", "10:00"), default: "30 s",
                "Longest tail after the last clip, when there is no `length`."),
            KeySchema("seed", .unsigned, default: "0", "Seed of the song's dither and other noise."),
            KeySchema("tracks", .list("track"), default: "[]", "The tracks, at most 4096."),
            KeySchema("buses", .list("bus"), default: "[]", "The buses, at most 1024."),
            KeySchema("returns", .list("return"), default: "[]", "The returns, at most 256."),
            KeySchema("master", .object("master"), default: "{}", "The sum of everything."),
        ])

    static let track = ObjectSchema(
        name: "track", noun: "a track",
        summary:
            "Clips through devices, fader and pan. `pan` of a track whose clips are all mono is constant "
            + "power "
            + "(-3 dB in the centre); of a stereo one, balance with unity in the centre.",
        keys: [
            KeySchema(
                "name", .text, required: true, "Its name; tracks, buses and returns share one set of names."),
            KeySchema(
                "clips", .list("clip"), default: "[]", "What it plays; clips may overlap and are summed."),
        ] + channelKeys)

    static let bus = ObjectSchema(
        name: "bus", noun: "a bus", summary: "A sum of the channels whose `output` it is.",
        keys: [KeySchema("name", .text, required: true, "Its name.")] + channelKeys)

    static let returned = ObjectSchema(
        name: "return", noun: "a return", summary: "A sum of the sends to it.",
        keys: [KeySchema("name", .text, required: true, "Its name.")] + channelKeys)

    static let channelKeys = [
        KeySchema("devices", .devices, default: "[]", "Inserts in order, before the fader."),
        KeySchema(
            "fader", .quantity(.gain), range: ("-inf dB", "24 dB"), default: "0 dB", "Gain after the devices."
        ),
        KeySchema("pan", .pan, default: "C", "Pan or balance: `L100` to `R100`, `C`, `-20 %`."),
        KeySchema("polarity", .choice(["normal", "inverted"]), default: "normal", "Sign of the signal."),
        KeySchema("mute", .boolean, default: "false", "Silences the channel and its post-fader sends."),
        KeySchema(
            "solo", .boolean, default: "false",
            "Mutes what is neither soloed nor fed by a soloed channel, returns excepted."),
        KeySchema("output", .channel("bus"), default: "Master", "A bus, or `Master`."),
        KeySchema("sends", .list("send"), default: "[]", "Copies of the signal to returns."),
        KeySchema("automation", .object("automation"), default: "{}", "Values over time."),
    ]

    static let clip = ObjectSchema(
        name: "clip", noun: "a clip", summary: "A stretch of an audio file on a track.",
        keys: [
            KeySchema(
                "file", .file, required: true,
                "The audio file (1 or 2 channels, any rate), relative to the song file."),
            KeySchema("at", .time(.position), default: "0 s", "Where it begins on the song's timeline."),
            KeySchema(
                "start", .time(.sourceOffset), default: "0 s",
                "Where it begins in the file; samples are the file's own."),
            KeySchema("length", .time(.length), "How long it plays; by default the rest of the file."),
            KeySchema(
                "gain", .quantity(.gain), range: ("-inf dB", "48 dB"), default: "0 dB",
                "Gain before the devices."),
            KeySchema("fade-in", .time(.length), default: "0 s", "Length of the fade at its beginning."),
            KeySchema("fade-out", .time(.length), default: "0 s", "Length of the fade at its end."),
            KeySchema(
                "shape", .choice(["linear", "equal-power"]), default: "linear", "Shape of both fades."),
        ])

    static let send = ObjectSchema(
        name: "send", noun: "a send", summary: "A copy of a channel's signal to a return.",
        keys: [
            KeySchema("to", .channel("return"), required: true, "The return."),
            KeySchema(
                "gain", .quantity(.gain), range: ("-inf dB", "24 dB"), default: "0 dB", "Gain of the copy."),
            KeySchema(
                "tap", .choice(["pre", "post"]), default: "post",
                "Taken before or after the fader and mute."),
            KeySchema("automation", .automation("gain"), default: "[]", "Its gain over time."),
        ])

    static let automation = ObjectSchema(
        name: "automation", noun: "an automation",
        summary:
            "Points `[time, value]` or `[time, value, shape]`, times increasing. A list replaces the "
            + "static value; "
            + "before the first point the first one holds. The shape, `hold` (default) or `linear`, is "
            + "the way to the "
            + "point from the one before: linear in dB, towards `-inf dB` as a gain ramp to zero.",
        keys: [
            KeySchema("fader", .automation("gain"), default: "[]", "The fader over time."),
            KeySchema("pan", .automation("pan"), default: "[]", "The pan over time."),
            KeySchema(
                "sends", .sendAutomation, default: "{}",
                "Gains of sends over time, by the name of the return."),
        ])

    static let master = ObjectSchema(
        name: "master", noun: "a master", summary: "The sum of all outputs, before the finish.",
        keys: [
            KeySchema("devices", .devices, default: "[]", "Inserts in order, before the fader."),
            KeySchema(
                "fader", .quantity(.gain), range: ("-inf dB", "24 dB"), default: "0 dB",
                "Gain after the devices."),
            KeySchema("automation", .object("master-automation"), default: "{}", "Values over time."),
        ])

    static let masterAutomation = ObjectSchema(
        name: "master-automation", noun: "the master's automation",
        summary: "As `automation`, for the fader alone.",
        keys: [KeySchema("fader", .automation("gain"), default: "[]", "The fader over time.")])
}
