/// The reference of the session format as Markdown, from the table that the reader itself uses.
package func sessionReference() -> String {
    var lines = [
        "# The session files", "",
        "An album is one YAML file that names a file for each song. Every key, unit, range and default "
            + "that Lathe reads "
            + "is listed here; this page is generated from the table that the reader uses. A key that is "
            + "not listed is "
            + "an error, and so is a unit left out.", "",
    ]
    lines += notationSection
    for object in Schema.objects { lines += referenceSection(object) }
    lines += mixingSection
    return lines.joined(separator: "\n") + "\n"
}

private let notationSection = [
    "## How values are written", "",
    "| kind | examples | notes |",
    "|---|---|---|",
    "| time | `1.5 s`, `20 ms`, `1:02.5`, `1:02:03.5`, `480 samples` | minutes and seconds, or hours too; "
        + "rounded to the "
        + "nearest frame; at most 24 hours |",
    "| position | a time, or `12\\|3.5` | bar and beat, both counted from 1; needs `tempo` |",
    "| length | a time, or `2 bars`, `3 beats` | needs `tempo`; a beat is the lower number of `meter`, a "
        + "tempo counts "
        + "quarter notes |",
    "| delay time | a length, or `1/8`, `1/8 dotted`, `1/8 triplet` | note values, needs `tempo` |",
    "| gain | `-3 dB`, `-3dB`, `-inf dB` | |",
    "| loudness, true peak | `-14 LUFS`, `-1 dBTP` | |",
    "| frequency | `30 Hz`, `2.5 kHz` | |",
    "| percentage | `30 %` | |",
    "| ratio | `4`, `4:1`, `inf` | |",
    "| slope | `24 dB/oct` | |",
    "| pan | `L20`, `C`, `R20`, `-20 %` | `L100` and `-100 %` are hard left |",
    "| switch | `true`, `false`, `yes`, `no` | |", "",
    "- Numbers have a decimal point and an ASCII hyphen, and at most 15 digits. The unit is part of the "
        + "value.",
    "- Titles, names and files are taken as typed: `No` is a title. Quote text that holds `: ` or ` #`.",
    "- Paths are relative to the file that names them.",
    "- Anchors (`&name`) and aliases (`*name`) work for whole values, at most 100 aliases in a file. "
        + "Merge keys (`<<`), "
        + "tags and text blocks are refused.",
    "- A file has at most 64 MiB, 1,000,000 values and 32 levels.", "",
]

/// What the keys come to, exactly enough to compute a mix by hand.
private let mixingSection = [
    "## How it is mixed", "",
    "A channel's signal passes, in this order: clips, devices, polarity, the pre-fader tap, fader, pan, mute, and "
        + "then the output and the post-fader tap. So a pre-fader send carries polarity but neither fader, pan nor "
        + "mute, and a post-fader send carries all of them.", "",
    "- **Clips.** A mono file feeds both sides. Frame i (from 0) of a fade of n frames lies at (i + 1/2) / n; a fade "
        + "out mirrors a fade in. `linear` is that position, `equal-power` the sine of it times pi/2. Where a clip's "
        + "fades overlap they multiply; clips that overlap add.",
    "- **Pan**, from -1 (`L100`) to 1 (`R100`). A track whose clips are all mono has constant power: left "
        + "cos((p + 1) pi/4), right sin((p + 1) pi/4). Every other channel has balance: left 1 - p for p > 0, right "
        + "1 + p for p < 0, else 1. Automated pan is linear in p.",
    "- **Automation.** A point holds from its own frame on. Between frames f0 and f1 of a `linear` point the position "
        + "at frame f is (f - f0) / (f1 - f0), straight in dB; from or to `-inf dB` it is a straight ramp of the "
        + "gain. Before the first point the first holds, after the last the last.",
    "- **Side-chains** (`key`) listen after the channel's devices, before its fader and mute.",
    "- **Solo** mutes every track and bus that is neither soloed, nor fed by something soloed, nor on the way into "
        + "something soloed; returns are excepted.",
    "- **Times** are rounded to the nearest frame, halves away from zero.",
    "- **Stems** are the inputs of the master sum: `Direct` (tracks routed straight to the master), the outermost "
        + "buses, and the returns that go to the master. `pre-master` is their sum, before master devices and fader.",
    "- **Length** is `length`, else the last clip's end and the longest tail of the devices on its way, at most "
        + "`tail-limit`, cut after the last frame of the pre-master above -100 dBFS.", "",
]

/// The table of one kind of mapping.
func referenceSection(_ object: ObjectSchema) -> [String] {
    var lines = ["## \(object.name)", "", object.summary, ""]
    lines += ["| key | value | range | default | meaning |", "|---|---|---|---|---|"]
    for key in object.keys {
        let fallback = key.isRequired ? "required" : key.defaultText.map { $0.isEmpty ? "" : "`\($0)`" } ?? ""
        let range = key.range.map { "\($0.low) to \($0.high)" } ?? ""
        lines.append("| `\(key.name)` | \(description(key.kind)) | \(range) | \(fallback) | \(key.summary) |")
    }
    return lines + [""]
}

private func description(_ kind: ValueKind) -> String {
    switch kind {
    case .quantity(let family): "\(family.noun.drop { $0 != " " }.dropFirst()), `\(family.example)`"
    case .text: "text"
    case .file: "path"
    case .boolean: "switch"
    case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
    case .time(.position): "position"
    case .time(.length): "length"
    case .time(.sourceOffset): "time"
    case .time(.delay): "delay time"
    case .pan: "pan"
    case .meter: "`4/4`, `6/8`"
    case .unsigned: "whole number"
    case .sessionRate: "rate, `48000` or `48 kHz`"
    case .channel(let noun): "name of a \(noun)"
    case .object(let name): "[\(name)](#\(name))"
    case .list(let name): "list of [\(name)](#\(name))"
    case .automation: "list of points, see [automation](#automation)"
    case .sendAutomation: "points by return"
    case .parameterAutomation: "points by parameter"
    case .objectOrNone(let name): "`none` or [\(name)](#\(name))"
    case .devices:
        "list of " + Schema.deviceNames.map { "[\($0)](#\($0))" }.joined(separator: ", ")
            + ", each `name: {settings}`"
    case .described(let noun, let example, let isList): "\(noun), `\(example)`" + (isList ? ", or a list" : "")
    }
}
