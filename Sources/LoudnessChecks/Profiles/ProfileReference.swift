/// docs/profiles.md: every profile with its figures and sources, from the table that checks use.
package func profileReference() -> String {
    var lines = [
        "# Profiles", "",
        "A profile is what a standard, a service or a medium asks of audio, as dated data. Name it in a policy "
            + "(`profiles: [spotify]`) or with `--profile spotify`. Services change their figures at will: each table "
            + "says what it was taken from, how sure that is, and when it was last compared. This page is generated "
            + "from "
            + "those tables.", "",
        "- **normative**: a receiver may reject what breaks it. Its rules are errors.",
        "- **format**: containers, word lengths, rates, chunks. Its rules are errors.",
        "- **advisory**: what playback does, or a guide wishes. It is reported (the gain that a song or album will "
            + "receive, "
            + "its true peak after that, whether a limiter acts) and never fails by itself. A [policy](policies.md) "
            + "can "
            + "make a rule of it.", "",
        "Rules for `song` hold for every file that is no stem, rules for `album` for the songs of a folder or release "
            + "together.", "",
        "| profile | for | class | source | how sure | compared |", "|---|---|---|---|---|---|",
    ]
    for profile in Profile.all {
        lines.append(
            "| [`\(profile.id)`](#\(profile.id)) | \(profile.title) | \(profile.mention.profileClass) | "
                + "\(profile.source) | \(profile.evidence.rawValue) | \(profile.verifiedOn) |")
    }
    lines.append("")
    for profile in Profile.all { lines += section(profile) }
    return lines.joined(separator: "\n")
}

private func section(_ profile: Profile) -> [String] {
    var lines = ["## \(profile.id)", "", "\(profile.title): \(profile.mention.profileClass).", ""]
    if !profile.rules.isEmpty {
        lines += ["| rule | for | demands |", "|---|---|---|"]
        lines += profile.rules.map { "| `\($0.name)` | \($0.scope.rawValue) | \($0.demand) |" } + [""]
    }
    if !profile.playback.isEmpty {
        lines += [
            "| playback | plays at | softer songs | albums | advised true peak |", "|---|---|---|---|---|",
        ]
        lines += profile.playback.map(row) + [""]
    }
    lines += profile.guidelines.map { "- Advice: \($0.limit.demand), for a \($0.scope.rawValue): \($0.reason)." }
    lines += profile.notes.map { "- \($0)" }
    return profile.guidelines.isEmpty && profile.notes.isEmpty ? lines : lines + [""]
}

private func row(_ playback: Playback) -> String {
    let target = playback.target.map { Metric.integrated.written($0) } ?? "any level"
    let up =
        switch playback.turnsUp {
        case .never: "stay as they are"
        case .untilPeak(let ceiling): "turned up until their peak is at \(Metric.truePeak.written(ceiling))"
        case .intoLimiter(let ceiling): "turned up, a limiter holds \(Metric.truePeak.written(ceiling))"
        case .always: "turned up"
        case .unknown: "not known"
        }
    let album =
        switch playback.album {
        case .none: "nothing known"
        case .asOne: "one gain, by the album's loudness"
        case .loudestSong: "one gain, by the loudest song"
        }
    var ceiling = playback.ceiling.map { Metric.truePeak.written($0) } ?? ""
    if let other = playback.ceilingWhenLouder { ceiling += "; \(Metric.truePeak.written(other)) when louder than that" }
    return "| \(playback.name) | \(target) | \(up) | \(album) | \(ceiling) |"
}

extension Rule {
    /// One sentence: what it demands.
    package var demand: String {
        switch check {
        case .limit(let limit): limit.demand
        case .form(let demand): demand.demand
        case .impossible(let reason): reason
        }
    }
}
