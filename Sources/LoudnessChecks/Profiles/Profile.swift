/// What a standard, a service or a medium asks of audio: dated data, never program logic.
package struct Profile: Sendable, Hashable {
    /// As policies and `--profile` name it.
    package let id: String
    /// For people: "EBU R 128".
    package let title: String
    /// In the order of `Kind.allCases`, never empty.
    package let kinds: [Kind]
    /// What the figures were taken from.
    package let source: String
    package let evidence: Evidence
    /// The day the figures were last compared with the source.
    package let verifiedOn: CalendarDay
    /// What a receiver may reject for; all with severity error.
    package let rules: [Rule]
    /// How playback changes the level; one for each mode of a service.
    package let playback: [Playback]
    /// Limits that are advice.
    package let guidelines: [Guideline]
    /// What Lathe cannot tell, and how far the figures can be trusted.
    package let notes: [String]

    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A receiver may reject what breaks it: its rules are errors.
        case normative
        /// What playback or a guide does or wishes: reported, and never fails.
        case advisory
        /// Containers, word lengths, rates, chunks: its rules are errors.
        case format
    }

    /// How sure the figures are.
    package enum Evidence: String, Sendable, Hashable, CaseIterable {
        case document = "read in the document itself"
        case firstParty = "the publisher's own text, read through a secondary page"
        case secondary = "secondary pages only"
        case repository = "quoted in other projects' code or issues"
    }

    init(
        _ id: String, _ title: String, _ kinds: [Kind], source: String, _ evidence: Evidence,
        verifiedOn: CalendarDay = Profile.tableDay, rules: [Rule] = [], playback: [Playback] = [],
        guidelines: [Guideline] = [], notes: [String] = []
    ) {
        self.id = id
        self.title = title
        self.kinds = kinds
        self.source = source
        self.evidence = evidence
        self.verifiedOn = verifiedOn
        self.rules = rules
        self.playback = playback
        self.guidelines = guidelines
        self.notes = notes
    }

    package static func named(_ id: String) -> Profile? { all.first { $0.id == id } }

    /// As reports name it.
    package var mention: ProfileMention {
        ProfileMention(
            id: id, title: title, profileClass: kinds.map(\.rawValue).joined(separator: " + "),
            source: "\(source) (\(evidence.rawValue))", verifiedOn: verifiedOn.description)
    }
}

/// What one playback mode of a service does to the level.
package struct Playback: Sendable, Hashable {
    /// "Spotify", "Spotify (loud)".
    package var name: String
    /// LUFS that the integrated loudness is brought to; nil where nothing is changed.
    package var target: Double?
    package var turnsUp: TurnsUp
    /// What an album is treated by.
    package var album: AlbumTreatment
    /// dBTP that masters should not exceed.
    package var ceiling: Double?
    /// As `ceiling`, for masters louder than the target.
    package var ceilingWhenLouder: Double?

    package enum TurnsUp: Sendable, Hashable {
        /// Soft masters stay soft.
        case never
        /// As far as the true peak, in dBTP, allows.
        case untilPeak(Double)
        /// All the way; a limiter holds the peak at this many dBTP.
        case intoLimiter(Double)
        /// All the way; the player decides about peaks.
        case always
        /// No source was found.
        case unknown
    }

    package enum AlbumTreatment: Sendable, Hashable {
        /// Nothing is known of a treatment of albums, or there is none.
        case none
        /// One gain by the integrated loudness of the album.
        case asOne
        /// One gain by the integrated loudness of its loudest song.
        case loudestSong
    }

    package init(
        _ name: String, target: Double?, turnsUp: TurnsUp, album: AlbumTreatment = .none, ceiling: Double? = nil,
        ceilingWhenLouder: Double? = nil
    ) {
        self.name = name
        self.target = target
        self.turnsUp = turnsUp
        self.album = album
        self.ceiling = ceiling
        self.ceilingWhenLouder = ceilingWhenLouder
    }
}

/// A limit that is advice: outside of it something is said, and nothing fails.
package struct Guideline: Sendable, Hashable {
    package var scope: CheckScope
    package var limit: MetricLimit
    /// Why, or who says so: "a lacquer cannot hold low frequencies out of phase".
    package var reason: String

    package init(_ scope: CheckScope, _ metric: Metric, _ bounds: MetricLimit.Bounds, _ reason: String) {
        self.scope = scope
        limit = MetricLimit(metric, bounds)
        self.reason = reason
    }
}
