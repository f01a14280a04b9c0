internal import LoudnessChecks

/// docs/policies.md: how policies are written, with every key from the table that the reader uses.
package func policyReference() -> String {
    var lines = introduction
    for object in PolicySchema.objects { lines += referenceSection(object) }
    lines += metricSection
    lines += patternSection
    lines += verdictSection
    return lines.joined(separator: "\n") + "\n"
}

private let introduction = [
    "# Policies", "",
    "A policy is a YAML file that says what a release must be like. `lathe check --policy policy.yaml masters/` "
        + "measures "
        + "every file, holds it against the policy and exits with 1 where something fails. A loud master is no "
        + "fault of "
        + "its own: nothing fails but what a policy, a normative or format [profile](profiles.md), or a baseline "
        + "asks for.",
    "",
    "The smallest useful one:", "",
    "```yaml", "lathe-policy: 1", "name: Night Ferry", "rules:",
    "  - {id: peak, scope: song, metric: true-peak, at-most: -1 dBTP}", "```", "",
    "Every song must stay at or under -1 dBTP. The one that does not reads", "",
    "    true peak -0.4 dBTP, allowed -1.0 dBTP: 0.6 dB over at 1:42.3 in L; turn it down, or lower the limiter's "
        + "ceiling",
    "",
    "and one at -0.96 dBTP fails as well, with two decimals, as values are never rounded before they are compared.", "",
    "A release with most of what there is:", "",
    "```yaml", "lathe-policy: 1", "name: Night Ferry release",
    "profiles: [spotify, cd-redbook]       # advice, and format rules that fail",
    "mono: as-is                           # or dual: one channel counts as two loudspeakers",
    "true-peak: {oversampling: 4}          # or 16, which is strict and slower", "overs-above: -1 dBTP", "rules:",
    "  - {id: loudness, scope: album, metric: integrated, target: -14 LUFS, tolerance: 0.2 LU}",
    "  - {id: peak, scope: song, metric: true-peak, at-most: -1 dBTP}",
    "  - {id: tail, scope: song, metric: tail-silence, at-least: 0.5 s, at-most: 5 s, severity: warn}",
    "  - {id: nulls, scope: stem, metric: stems-null, at-most: -90 dBFS, optional: yes}", "  - id: form",
    "    scope: file",
    "    form: {container: [WAV, FLAC], bits: [16, 24], rate: 44.1 kHz, channels: 2, wave-tag: 1,",
    "           chunks-after-audio: no, grid: 588 samples, upsampled: no}", "waivers:",
    "  - {rule: peak, files: \"02*.wav\", reason: approved by the artist, until: 2026-12-31}", "files:",
    "  stems: \"stems/**\"", "  ignore: [\"*.preview.wav\"]", "  layout: [{files: \"film/*.wav\", layout: \"5.1\"}]",
    "```",
    "",
    "What a service only does at playback is advice. To make a gate of it, write it as a rule:", "",
    "```yaml", "lathe-policy: 1", "name: No up-gain on Spotify", "profiles: spotify", "rules:",
    "  - {id: loud-enough, scope: song, metric: integrated, at-least: -14 LUFS, severity: warn}", "```", "",
    "This page is generated from the table that the reader uses. A key that is not listed is an error, and so is a "
        + "unit "
        + "left out; `lathe schema` writes the table as JSON Schema for editors. Values are written as in "
        + "[session files](session.md); times also as `19:30` and `79.8 min`.", "",
]

private var metricSection: [String] {
    var lines = [
        "## metrics", "", "| metric | unit | of albums | definition |", "|---|---|---|---|",
    ]
    for metric in Metric.all {
        let albums =
            metric == .stemsNull ? "of sets of stems" : metric.isForFiles ? metric.isForAlbums ? "too" : "" : "only"
        lines.append("| `\(metric.keyName)` | \(metric.unit.rawValue) | \(albums) | \(metric.definition) |")
    }
    return lines + [""]
}

private let patternSection = [
    "## patterns", "",
    "| pattern | means |", "|---|---|",
    "| `*.wav` | without `/`: every file whose name ends so, in any folder |",
    "| `02?.wav` | `?` is one character of a name |",
    "| `stems/*.wav` | with `/`: from the folder that is checked; `*` is any part of one name |",
    "| `stems/**` | everything in that folder and below |",
    "| `**/stems/*.wav` | a folder of that name, wherever it is |", "",
    "Quote a pattern that begins with `*`. Case counts. `[`, `{` and all other characters are themselves.", "",
]

private let verdictSection = [
    "## How it is judged", "",
    "- Values are compared as measured. `at-least` and `at-most` pass at equality; a target passes where the "
        + "distance is "
        + "the tolerance or less, with a guard of 1e-9 for what binary numbers cannot hold.",
    "- A message shows one decimal, or as many as it takes to see that the value is beyond its limit.",
    "- What a rule needs and what was not measured, or cannot be (shorter than 400 ms, silent), fails the rule.",
    "- A file that cannot be read fails as `lathe/unreadable`, one with NaN or infinite samples as "
        + "`lathe/not-a-number`. "
        + "Both happen without any rule, and no waiver helps.",
    "- A rule that found no file or album to judge fails as `lathe/nothing-to-check`, unless it is `optional`: a check "
        + "that checks nothing must not be green. A profile is taken as a whole.",
    "- A waiver helps through the day of `until`. Later it is a warning (`lathe/waiver-expired`); one that excused "
        + "nothing is a note (`lathe/waiver-unused`).",
    "- Findings come in the order of the files and albums, and for each in the order of the rules: the policy's, the "
        + "album file's, the profiles'.",
]
