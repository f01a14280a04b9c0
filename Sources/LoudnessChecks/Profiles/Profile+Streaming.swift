extension Profile {
    private static func aes(_ id: String, _ title: String, _ target: Double, _ album: Playback.AlbumTreatment)
        -> Profile
    {
        Profile(
            id, title, [.advisory], source: "Radio World, SOS forum and others about AES TD1008 (now AES77)",
            .secondary,
            playback: [Playback(title, target: target, turnsUp: .untilPeak(-1), album: album, ceiling: -1)])
    }

    private static func downOnly(
        _ id: String, _ title: String, _ target: Double, source: String, notes: [String] = []
    ) -> Profile {
        Profile(
            id, title, [.advisory], source: source, .secondary,
            playback: [Playback(title, target: target, turnsUp: .never, ceiling: -1)], notes: notes)
    }

    static let streaming: [Profile] = [
        aes("aes-streaming-track", "AES streaming, tracks", -16, .none),
        aes("aes-streaming-album", "AES streaming, albums", -14, .loudestSong),
        aes("aes-streaming-speech", "AES streaming, speech", -18, .none),
        Profile(
            "spotify", "Spotify", [.advisory, .format],
            source: "Spotify for Artists help, loudness normalization and audio file formats", .firstParty,
            rules: form(
                "spotify", .containers(["WAV", "FLAC"]), .lossless, .waveTags([1]), .nothingAfterAudio, .channels([2]),
                .rateFrom(44_100, to: nil), .bitsAtLeast(16)),
            playback: [
                Playback(
                    "Spotify", target: -14, turnsUp: .untilPeak(-1), album: .asOne, ceiling: -1, ceilingWhenLouder: -2),
                Playback("Spotify (loud)", target: -11, turnsUp: .intoLimiter(-1), album: .asOne),
                Playback("Spotify (quiet)", target: -19, turnsUp: .untilPeak(-1), album: .asOne),
            ],
            notes: [
                "An album played as such gets one gain, songs that are shuffled get their own.",
                "FLAC is preferred to WAV; deliver one master of each song and do not convert it down.",
            ]),
        Profile(
            "apple-music", "Apple Music", [.advisory, .format], source: "velveteen guide, Apple Digital Masters brief",
            .secondary,
            rules: form(
                "apple-music", .lossless, .bits([.integer(24)]), .rateFrom(44_100, to: 192_000), .channels([2]),
                .notUpsampled),
            playback: [Playback("Apple Music", target: -16, turnsUp: .unknown, ceiling: -1)],
            notes: [
                "The target of Sound Check is about -16 LUFS and may be stale; how far it turns up was not found.",
                "Listen to an AAC round trip: encoders overshoot.",
                "Multichannel and immersive masters have rules of their own.",
            ]),
        Profile(
            "apple-podcasts", "Apple Podcasts", [.normative], source: "ffmpeg-normalize issue 141, pyloudnorm issue 61",
            .repository,
            rules: [
                limit("apple-podcasts", "integrated", .integrated, .target(-16, tolerance: 1)),
                limit("apple-podcasts", "true-peak", .truePeak, .atMost(-1)),
            ]),
        downOnly("youtube", "YouTube", -14, source: "tuberlife, productionadvice"),
        downOnly("youtube-music", "YouTube Music", -7, source: "tuberlife, productionadvice"),
        downOnly("tidal", "Tidal", -14, source: "MeterPlugs (2016)", notes: ["The source is ten years old."]),
        Profile(
            "amazon-music", "Amazon Music", [.advisory], source: "several pages that disagree", .secondary,
            playback: [Playback("Amazon Music", target: -14, turnsUp: .unknown, ceiling: -2)],
            notes: ["Weak: sources name targets from -14 up to -9 LUFS."]),
        Profile(
            "deezer", "Deezer", [.advisory], source: "pages that were not kept", .secondary,
            playback: [Playback("Deezer", target: -15, turnsUp: .unknown, ceiling: -1)],
            notes: ["Upload a lossless file."]),
        Profile(
            "soundcloud", "SoundCloud", [.advisory], source: "pages that were not kept", .secondary,
            playback: [Playback("SoundCloud", target: nil, turnsUp: .never, ceiling: -1)],
            notes: ["No normalisation is known of. Upload a lossless file."]),
        Profile(
            "bandcamp", "Bandcamp", [.advisory, .format], source: "pages that were not kept", .secondary,
            rules: form("bandcamp", .lossless),
            playback: [Playback("Bandcamp", target: nil, turnsUp: .never, ceiling: -1)],
            notes: ["No normalisation is known of. UPC and ISRC are typed in, not read from the file."]),
        Profile(
            "replaygain2", "ReplayGain 2", [.advisory], source: "the ebur128 project's replaygain example", .repository,
            playback: [Playback("ReplayGain 2", target: -18, turnsUp: .always, album: .asOne)],
            notes: [
                "Album gain is by pooled gating blocks. Peaks above full scale are stated as they are, not cut to 1."
            ]),
        Profile(
            "opus-r128", "Opus R128 tags", [.advisory], source: "the ebur128 project's replaygain example", .repository,
            playback: [Playback("Opus R128 tags", target: -23, turnsUp: .always, album: .asOne)],
            notes: ["Players read ReplayGain tags, R128 tags or both."]),
    ]
}
