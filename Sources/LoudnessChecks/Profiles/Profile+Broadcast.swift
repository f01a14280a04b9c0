extension Profile {
    /// Every profile, in the order of the documentation.
    package static let all: [Profile] = broadcast + streaming + media

    /// The day that the tables below were compared with their sources.
    static let tableDay: CalendarDay = {
        guard let day = CalendarDay("2026-11-21") else { preconditionFailure("no such day") }
        return day
    }()

    /// - Returns: a rule of a profile on a metric of a song.
    static func limit(
        _ profile: String, _ id: String, _ metric: Metric, _ bounds: MetricLimit.Bounds, scope: CheckScope = .song,
        severity: Severity = .error
    ) -> Rule {
        Rule(source: profile, id: id, scope: scope, .limit(MetricLimit(metric, bounds)), severity: severity)
    }

    /// - Returns: rules of a profile on the form of a song, or of an album.
    static func form(_ profile: String, _ demands: FormDemand...) -> [Rule] {
        demands.map { demand in
            Rule(source: profile, id: demand.key, scope: demand.isForAlbums ? .album : .song, .form(demand))
        }
    }

    private static func r128(_ profile: String, tolerance: Double) -> [Rule] {
        [
            limit(profile, "integrated", .integrated, .target(-23, tolerance: tolerance)),
            limit(profile, "true-peak", .truePeak, .atMost(-1)),
        ]
    }

    private static let broadcast: [Profile] = [
        Profile(
            "ebu-r128", "EBU R 128", [.normative], source: "EBU Tech 3343 (2023)", .document,
            rules: r128("ebu-r128", tolerance: 0.2),
            notes: ["R 128 sets no limit to the loudness range."]),
        Profile(
            "ebu-r128-live", "EBU R 128, live", [.normative], source: "EBU Tech 3343 (2023)", .document,
            rules: r128("ebu-r128-live", tolerance: 1),
            notes: ["For live programmes and those made in a hurry."]),
        Profile(
            "ebu-r128-s1", "EBU R 128 s1, short form", [.normative], source: "EBU Tech 3343 (2023) §9.1", .document,
            rules: r128("ebu-r128-s1", tolerance: 0.2) + [
                limit("ebu-r128-s1", "short-term-maximum", .shortTermMaximum, .atMost(-18)),
                limit("ebu-r128-s1", "duration", .duration, .atMost(120)),
            ],
            notes: [
                "Made for programmes under 60 s and accepted up to 2 min, where the rule on duration ends.",
                "The loudness range does not apply to short form.",
            ]),
        Profile(
            "ebu-r128-s2", "EBU R 128 s2, streaming", [.advisory], source: "EBU Tech 3343 (2023) §9.2", .document,
            guidelines: [
                Guideline(.song, .integrated, .within(-20, -16), "R 128 s2 distributes between -20 and -16 LUFS"),
                Guideline(.song, .truePeak, .atMost(-1), "R 128 s2 asks for it"),
            ],
            notes: [
                "A level of distribution, after the receiver's own treatment. The supplement was read through Tech "
                    + "3343."
            ]),
        Profile(
            "ebu-pre-encode", "EBU Tech 3344, ahead of a lossy encoder", [.advisory], source: "EBU Tech 3344",
            .document,
            guidelines: [
                Guideline(.song, .truePeak, .atMost(-2), "lossy encoders overshoot: Tech 3344 limits ahead of them")
            ]),
        Profile(
            "atsc-a85", "ATSC A/85", [.normative], source: "pages about ATSC A/85 that were not kept", .secondary,
            rules: [
                limit("atsc-a85", "integrated", .integrated, .target(-24, tolerance: 2)),
                limit("atsc-a85", "true-peak", .truePeak, .atMost(-2)),
            ],
            notes: [
                "A/85 anchors on dialogue; Lathe measures the whole programme, which differs where music is louder."
            ]),
        Profile(
            "vod-dialogue", "Video on demand, dialogue-gated", [.normative], source: "headroomstudio.com", .secondary,
            rules: [
                Rule(
                    source: "vod-dialogue", id: "dialogue", scope: .song,
                    .impossible(
                        "-27 ± 2 LUFS is asked of the dialogue alone: it cannot be judged without speech gating, "
                            + "which Lathe does not have; measure it with a dialogue-gated meter and remove the profile"
                    ))
            ],
            notes: ["Cannot be judged: needs speech gating. The profile fails with that reason rather than pass."]),
        Profile(
            "game-aswg-portable", "Games on portable devices (ASWG)", [.advisory], source: "rsgain issue 8",
            .repository,
            guidelines: [
                Guideline(.song, .integrated, .target(-18, tolerance: 2), "ASWG's figure for portable devices"),
                Guideline(.song, .truePeak, .atMost(-1), "ASWG's figure"),
            ]),
    ]
}
