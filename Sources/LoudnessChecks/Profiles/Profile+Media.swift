extension Profile {
    static let media: [Profile] = [
        Profile(
            "cd-redbook", "Compact disc", [.format], source: "pages about the Red Book that were not kept", .secondary,
            rules: form(
                "cd-redbook", .bits([.integer(16)]), .rates([44_100]), .channels([2]), .lossless, .grid(frames: 588))
                + [
                    limit("cd-redbook", "song-duration", .duration, .atLeast(4)),
                    limit("cd-redbook", "disc-duration", .duration, .atMost(79.8 * 60), scope: .album),
                ] + form("cd-redbook", .songsAtMost(99)),
            guidelines: [
                Guideline(.song, .samplePeak, .atMost(-0.1), "a disc is mastered a little below full scale"),
                Guideline(.song, .truePeak, .atMost(-0.3), "players and converters clip between samples"),
            ],
            notes: [
                "A sector is 588 samples, and every start lies on one. The advice on levels is common practice, "
                    + "from no one document.",
                "An album longer than one disc is to be checked disc by disc.",
            ]),
        Profile(
            "vinyl-premaster", "Vinyl premaster", [.advisory, .format],
            source: "UMG's content guide, pages of pressing plants", .secondary,
            rules: form(
                "vinyl-premaster", .bits([.integer(16), .integer(24), .integer(32), .float(32)]), .lossless,
                .rateFrom(44_100, to: nil)),
            guidelines: [
                Guideline(.song, .integrated, .atMost(-18), "UMG asks for about that, with loudness limiting removed"),
                Guideline(.song, .truePeak, .atMost(0), "what cutting rooms ask for"),
                Guideline(.song, .lowCorrelation, .atLeast(0), "low frequencies out of phase lift the stylus"),
                Guideline(
                    .song, .duration, .atMost(23 * 60), "a 12-inch side at 33 1/3 rpm ends at 23:00, best at 19:30"),
            ],
            notes: [
                "One file for each side with a cue sheet. Longest sides: 12-inch 23:00 at 33 1/3 rpm and 14:30 at "
                    + "45 rpm, "
                    + "10-inch 13:30 and 10:00, 7-inch 6:40 and 5:00; plants differ by some minutes.",
                "Sibilance is for the cutting engineer's ear. Another cutter asks for an RMS of -12 dB at most.",
            ]),
        Profile(
            "distributor-basic", "Distributors in general", [.format],
            source: "sundesire, audiomaze, nepcine", .secondary,
            rules: form(
                "distributor-basic", .lossless, .bits([.integer(16), .integer(24)]), .rateFrom(44_100, to: nil),
                .channels([2]))
                + [
                    limit("distributor-basic", "duration", .duration, .atLeast(30)),
                    limit("distributor-basic", "head-silence", .headSilence, .atMost(10)),
                    limit("distributor-basic", "tail-silence", .tailSilence, .atMost(10)),
                ],
            guidelines: [
                Guideline(.song, .samplePeak, .atMost(-0.3), "one distributor refuses louder peaks"),
                Guideline(.song, .headSilence, .atMost(5), "the stricter distributors want no more"),
                Guideline(.song, .tailSilence, .atMost(5), "the stricter distributors want no more"),
            ],
            notes: ["What several distributors share; some forbid embedded tags. Ask yours."]),
    ]
}
