extension Schema {
    static let deviceNames = ["equalizer", "compressor", "limiter", "delay", "reverb", "utility"]

    /// One object for each device, named as in a file, and the equalizer's band.
    static let devices: [ObjectSchema] = [equalizer, band, compressor, limiter, delay, reverb, utility]

    static let equalizer = ObjectSchema(
        name: "equalizer", noun: "an equalizer", summary: "Bands in series.",
        keys: [KeySchema("bands", .list("band"), required: true, "The bands in order, 1 to 64.")])

    static let band = ObjectSchema(
        name: "band", noun: "a band",
        summary:
            "One filter. `gain` belongs to bells and shelves, `q` to bells, shelves and notches, `slope` to "
            + "high-pass and low-pass (Butterworth).",
        keys: [
            KeySchema(
                "type", .choice(["high-pass", "low-pass", "bell", "low-shelf", "high-shelf", "notch"]),
                required: true,
                "Kind of filter."),
            KeySchema(
                "frequency", .quantity(.frequency), range: ("10 Hz", "40 kHz"), required: true,
                "Corner or centre; below 0.49 of the song's rate."),
            KeySchema(
                "gain", .quantity(.gain), range: ("-36 dB", "36 dB"), default: "0 dB",
                "Gain of a bell or shelf."),
            KeySchema(
                "q", .quantity(.number), range: ("0.1", "40"), default: "0.7071",
                "Quality factor (the default is the square root of a half)."),
            KeySchema(
                "slope", .choice(["12 dB/oct", "24 dB/oct", "36 dB/oct", "48 dB/oct"]), default: "12 dB/oct",
                "Steepness of a high-pass or low-pass."),
        ])

    static let compressor = ObjectSchema(
        name: "compressor", noun: "a compressor", summary: "Feed-forward compressor, both channels linked.",
        keys: [
            KeySchema(
                "threshold", .quantity(.gain), range: ("-80 dB", "0 dB"), required: true,
                "Level above which it works."),
            KeySchema(
                "ratio", .quantity(.ratio), range: ("1", "inf"), required: true,
                "`4` or `4:1`; `inf` holds the threshold."),
            KeySchema(
                "attack", .time(.length), range: ("0.01 ms", "1 s"), required: true,
                "Time constant of falling gain."),
            KeySchema(
                "release", .time(.length), range: ("1 ms", "10 s"), required: true,
                "Time constant of recovering gain."),
            KeySchema(
                "knee", .quantity(.gain), range: ("0 dB", "40 dB"), default: "0 dB", "Width of the soft knee."
            ),
            KeySchema(
                "make-up", .quantity(.gain), range: ("-24 dB", "36 dB"), default: "0 dB",
                "Gain after compression."),
            KeySchema("detector", .choice(["peak", "rms"]), default: "peak", "What it listens for."),
            KeySchema(
                "key", .channel("channel"),
                "A track, bus or return to listen to (after its devices, before its fader and mute)."),
        ])

    static let limiter = ObjectSchema(
        name: "limiter", noun: "a limiter", summary: "Look-ahead true-peak limiter.",
        keys: [
            KeySchema(
                "ceiling", .quantity(.truePeak), range: ("-40 dBTP", "0 dBTP"), default: "-1 dBTP",
                "True peak not exceeded."),
            KeySchema(
                "release", .time(.length), range: ("1 ms", "10 s"), default: "80 ms",
                "Time constant of recovery."),
            KeySchema(
                "gain", .quantity(.gain), range: ("-24 dB", "36 dB"), default: "0 dB", "Gain before limiting."
            ),
        ])

    static let delay = ObjectSchema(
        name: "delay", noun: "a delay",
        summary:
            "Echoes. Either `time` for both sides, or `left` and `right`: a time, or a note value such as "
            + "`1/8`, "
            + "`1/8 dotted`, `1/8 triplet`, `3 beats`.",
        keys: [
            KeySchema("time", .time(.delay), range: ("1 ms", "10 s"), "Delay of both channels."),
            KeySchema("left", .time(.delay), range: ("1 ms", "10 s"), "Delay of the left channel."),
            KeySchema("right", .time(.delay), range: ("1 ms", "10 s"), "Delay of the right channel."),
            KeySchema(
                "feedback", .quantity(.percent), range: ("0 %", "95 %"), default: "35 %",
                "What is fed back."),
            KeySchema(
                "high-cut", .quantity(.frequency), range: ("200 Hz", "20 kHz"), default: "8 kHz",
                "Corner above which echoes darken."),
            KeySchema(
                "low-cut", .quantity(.frequency), range: ("10 Hz", "2 kHz"), default: "80 Hz",
                "Corner below which echoes thin out."),
            KeySchema("ping-pong", .boolean, default: "false", "Each echo changes side."),
            KeySchema("mix", .quantity(.percent), range: ("0 %", "100 %"), default: "30 %", "Wet part."),
        ])

    static let reverb = ObjectSchema(
        name: "reverb", noun: "a reverb", summary: "Algorithmic room.",
        keys: [
            KeySchema(
                "decay", .time(.length), range: ("0.1 s", "20 s"), required: true,
                "Time to fall by 60 dB at mid frequencies."),
            KeySchema(
                "predelay", .time(.length), range: ("0 s", "500 ms"), default: "10 ms",
                "Time before the first reflection."),
            KeySchema(
                "damping", .quantity(.frequency), range: ("500 Hz", "20 kHz"), default: "6 kHz",
                "Frequency above which the decay halves."),
            KeySchema(
                "size", .quantity(.number), range: ("0.25", "2"), default: "1",
                "0.25 is a small room, 2 a large hall."),
            KeySchema(
                "width", .quantity(.percent), range: ("0 %", "100 %"), default: "100 %", "0 % is mono."),
            KeySchema(
                "mix", .quantity(.percent), range: ("0 %", "100 %"), default: "100 %",
                "Wet part; all of it, as on a return."),
        ])

    static let utility = ObjectSchema(
        name: "utility", noun: "a utility", summary: "Gain and polarity.",
        keys: [
            KeySchema("gain", .quantity(.gain), range: ("-inf dB", "48 dB"), default: "0 dB", "Gain."),
            KeySchema(
                "invert", .choice(["none", "left", "right", "both"]), default: "none",
                "Channels whose sign is changed."),
        ])
}
