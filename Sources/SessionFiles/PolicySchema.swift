internal import LoudnessChecks

/// The one table of the policy format, apart from the table of the session format.
enum PolicySchema {
    /// In the order of the documentation.
    static let objects: [ObjectSchema] = [policy, truePeak, rule, form, waiver, files, fileLayout]

    static let formatVersion = "1"

    static let policy = ObjectSchema(
        name: "policy", noun: "a policy",
        summary: "A policy file: what a release must be like, and what is excused.",
        keys: [
            KeySchema("lathe-policy", .choice([formatVersion]), required: true, "Version of the policy format."),
            KeySchema("name", .text, required: true, "What reports call it."),
            KeySchema(
                "profiles", .described("name of a profile", example: "spotify", isList: true), default: "[]",
                "Profiles that take part, see profiles.md: their normative and format rules fail, the rest is advice."),
            KeySchema(
                "mono", .choice(Policy.Mono.allCases.map(\.rawValue)), default: "as-is",
                "A file of one channel is one loudspeaker (`as-is`), or both (`dual`), 3.01 LU louder."),
            KeySchema("true-peak", .object("true-peak"), default: "{}", "How true peaks are measured."),
            KeySchema(
                "overs-above", .quantity(.truePeak), range: ("-60 dBTP", "20 dBTP"), default: "-1 dBTP",
                "True peaks above this are listed as overs and counted by the metric `overs`; without a rule on `overs`"
                    + ", a lower ceiling of another rule counts instead."),
            KeySchema("rules", .list("rule"), default: "[]", "The rules, each with an `id` of its own."),
            KeySchema("waivers", .list("waiver"), default: "[]", "What is excused, why and until when."),
            KeySchema("files", .object("files"), default: "{}", "What the files are."),
        ])

    static let truePeak = ObjectSchema(
        name: "true-peak", noun: "a true-peak meter", summary: "How true peaks are measured.",
        keys: [
            KeySchema(
                "oversampling", .choice(["4", "16"]), default: "4",
                "Four times, as ITU-R BS.1770 asks for, or sixteen times: the points lie closer, for 0.04 dB at most.")
        ])

    static let rule = ObjectSchema(
        name: "rule", noun: "a rule",
        summary:
            "A limit for a metric, or demands on the form of files. A metric that a rule needs and that is missing or "
            + "cannot be measured fails it.",
        keys: [
            KeySchema(
                "id", .text, required: true,
                "Letters, digits, `-`, `_` and `.`; reports call the rule `policy/` and this."),
            KeySchema(
                "scope", .choice(CheckScope.allCases.map(\.rawValue)), required: true,
                "`file` is every file, `song` every file that is no stem, `album` the songs of a folder or release "
                    + "together, `stem` every stem."),
            KeySchema("metric", .choice(Metric.all.map(\.keyName)), "What is measured, see [metrics](#metrics)."),
            KeySchema(
                "target", .described("value in the metric's unit", example: "-14 LUFS", isList: false),
                "The value wanted; needs `tolerance`."),
            KeySchema(
                "tolerance", .described("difference", example: "0.2 LU", isList: false),
                "How far from the target is accepted, the end included; LU for loudness, dB for peaks."),
            KeySchema(
                "at-least", .described("value in the metric's unit", example: "0.5 s", isList: false),
                "The least value accepted."),
            KeySchema(
                "at-most", .described("value in the metric's unit", example: "-1 dBTP", isList: false),
                "The greatest value accepted; may stand beside `at-least`."),
            KeySchema("form", .object("form"), "In place of a metric: what the files must be like."),
            KeySchema(
                "severity", .choice(Severity.allCases.reversed().map(\.rawValue)), default: "error",
                "An `error` fails the check, a `warn` only with `--strict`, a `note` never."),
            KeySchema(
                "files", .described("pattern", example: "*.wav", isList: true),
                "Only for these files, or albums of this folder, see [patterns](#patterns)."),
            KeySchema(
                "optional", .boolean, default: "false", "Whether there may be nothing that the rule is for."),
        ])

    static let form = ObjectSchema(
        name: "form", noun: "a form",
        summary: "Each key is a check of its own, named after rule and key: `policy/form/wave-tag`.",
        keys: [
            KeySchema(
                "container", .described("container", example: "WAV", isList: true),
                "One of \(containers.map { "`\($0)`" }.joined(separator: ", "))."),
            KeySchema(
                "bits", .described("word length", example: "24", isList: true),
                "Bits of a sample; `32-float` and `64-float` are floating point."),
            KeySchema(
                "bits-at-least", .described("word length", example: "16", isList: false),
                "The fewest bits of a sample."),
            KeySchema("rate", .described("rate", example: "44.1 kHz", isList: true), "Sample rates."),
            KeySchema(
                "rate-at-least", .described("rate", example: "44.1 kHz", isList: false), "The lowest sample rate."),
            KeySchema(
                "rate-at-most", .described("rate", example: "192 kHz", isList: false), "The highest sample rate."),
            KeySchema("channels", .described("number", example: "2", isList: true), "Numbers of channels."),
            KeySchema("layout", .described("layout", example: "5.1", isList: true), "Channel layouts."),
            KeySchema(
                "wave-tag", .described("number", example: "0xFFFE", isList: true),
                "Format tags of WAV files: 1 is PCM, 3 floating point, 0xFFFE extensible."),
            KeySchema("chunks-after-audio", .boolean, "`no`: nothing but audio once the audio has begun."),
            KeySchema("lossy", .boolean, "`no`: no codec that loses anything."),
            KeySchema(
                "grid", .described("samples", example: "588 samples", isList: false),
                "The length is a multiple of this; a sector of a CD is 588."),
            KeySchema("upsampled", .boolean, "`no`: the spectrum shows no upsampled or once lossy file."),
            KeySchema(
                "songs-at-most", .described("number", example: "99", isList: false),
                "The most songs of an album; only with the scope `album`, and nothing else there."),
        ])

    static let waiver = ObjectSchema(
        name: "waiver", noun: "a waiver",
        summary:
            "Failures that are accepted. They are reported as waived; after its last day a waiver helps no more and is "
            + "itself a warning, and one that excused nothing is a note.",
        keys: [
            KeySchema(
                "rule", .text, required: true,
                "`peak` or `form/wave-tag` of this policy, `spotify/wave-tag` of a profile, `baseline/integrated`, "
                    + "`album/loudness`."),
            KeySchema(
                "files", .described("pattern", example: "02*.wav", isList: false),
                "The files, or albums, that it is for; all without it."),
            KeySchema("reason", .text, required: true, "Who accepts it and why, for the reports."),
            KeySchema(
                "until", .described("date", example: "2026-12-31", isList: false), required: true,
                "The last day on which it helps."),
        ])

    static let files = ObjectSchema(
        name: "files", noun: "a description of files", summary: "What the files are. Patterns are as for rules.",
        keys: [
            KeySchema(
                "stems", .described("pattern", example: "stems/**", isList: true), "Files that are parts of a mix."),
            KeySchema(
                "ignore", .described("pattern", example: "*.preview.wav", isList: true),
                "Files that are not looked at."),
            KeySchema(
                "layout", .list("file-layout"), "Channel layouts where the files do not say; the first match holds."),
        ])

    static let fileLayout = ObjectSchema(
        name: "file-layout", noun: "a layout of files", summary: "One entry of `layout`.",
        keys: [
            KeySchema(
                "files", .described("pattern", example: "*.wav", isList: false), required: true, "The files."),
            KeySchema("layout", .text, required: true, "Their layout, as in `mono`, `stereo`, `5.1`, `7.1`."),
        ])

    /// As `FileForm.container` names them.
    static let containers = ["WAV", "RF64", "W64", "AIFF", "CAF", "FLAC", "Ogg", "MPEG"]
}
