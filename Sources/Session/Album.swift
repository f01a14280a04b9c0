package import Quantities

/// What the user wrote, validated and resolved: every time is in frames, every name an index, every file
/// probed.
package struct Album: Sendable, Equatable {
    package var title: String
    package var artist: String
    package var songs: [AlbumEntry]
    package var loudness: LoudnessTarget
    package var deliveries: [Delivery]

    package init(
        title: String, artist: String, songs: [AlbumEntry], loudness: LoudnessTarget, deliveries: [Delivery]
    ) {
        self.title = title
        self.artist = artist
        self.songs = songs
        self.loudness = loudness
        self.deliveries = deliveries
    }
}

/// A song at its place in the album.
package struct AlbumEntry: Sendable, Equatable {
    package var song: Song
    /// Silence before the song on the album's timeline, in seconds (a property of the album, never in a
    /// song's file).
    package var gapSeconds: Double

    package init(song: Song, gapSeconds: Double) {
        self.song = song
        self.gapSeconds = gapSeconds
    }
}

/// What the finish aims at.
package struct LoudnessTarget: Sendable, Equatable {
    package enum Scope: Sendable, Equatable { case album, song }

    /// False for `loudness: none`: neither gain nor limiter.
    package var isEnabled: Bool
    /// Integrated loudness aimed at; nil leaves the gain at 0 dB.
    package var target: LUFS?
    package var ceiling: DecibelsTruePeak
    package var scope: Scope
    /// Largest limiter gain reduction that may be needed to reach the target.
    package var maximumLimiting: Decibels

    package init(
        isEnabled: Bool = true, target: LUFS? = nil, ceiling: DecibelsTruePeak = .init(-1),
        scope: Scope = .song,
        maximumLimiting: Decibels = .init(6)
    ) {
        self.isEnabled = isEnabled
        self.target = target
        self.ceiling = ceiling
        self.scope = scope
        self.maximumLimiting = maximumLimiting
    }
}

/// One entry of `deliver:`.
package struct Delivery: Sendable, Equatable {
    package enum FileFormat: String, Sendable { case wav, flac }
    /// Triangular noise, plain or with its spectrum moved to where the ear is dull.
    package enum Dither: String, Sendable { case none, tpdf, shaped }

    package var format: FileFormat
    /// 16 or 24 (WAV, FLAC) integer, or 32-bit float (WAV).
    package var samples: SampleFormat
    /// nil: the song's rate.
    package var rateHertz: Int?
    package var dither: Dither
    /// nil: chosen by the release (docs/session.md).
    package var folder: String?

    package init(
        format: FileFormat, samples: SampleFormat, rateHertz: Int? = nil, dither: Dither,
        folder: String? = nil
    ) {
        self.format = format
        self.samples = samples
        self.rateHertz = rateHertz
        self.dither = dither
        self.folder = folder
    }
}
