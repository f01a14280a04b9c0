package import LoudnessChecks

/// A sound file to be measured.
package struct MeasureInput: Sendable, Equatable {
    /// Where it is opened.
    package var path: String
    /// Relative to the folder that the command runs in, with `/`.
    package var id: String
    package var title: String
    /// `song` or `stem`.
    package var scope: CheckScope
    /// The `id` of its group.
    package var group: String
    package var anchor: SourceAnchor?
    /// SHA-256 of the samples as a render recorded it.
    package var recordedPCMSHA256: String?

    package init(
        path: String, id: String, title: String, scope: CheckScope, group: String, anchor: SourceAnchor? = nil,
        recordedPCMSHA256: String? = nil
    ) {
        self.path = path
        self.id = id
        self.title = title
        self.scope = scope
        self.group = group
        self.anchor = anchor
        self.recordedPCMSHA256 = recordedPCMSHA256
    }
}

/// Files that are looked at together: the songs of a release, or the stems of a mix.
package struct InputGroup: Sendable, Equatable {
    package var id: String
    package var title: String
    package var anchor: SourceAnchor?
    /// Of stems: the `id` of the file that they sum to.
    package var mixID: String?
    /// What the album's own session asks for, if a render recorded it.
    package var loudness: RecordedTarget?

    package init(
        id: String, title: String, anchor: SourceAnchor? = nil, mixID: String? = nil, loudness: RecordedTarget? = nil
    ) {
        self.id = id
        self.title = title
        self.anchor = anchor
        self.mixID = mixID
        self.loudness = loudness
    }
}

/// The target and ceiling that a render aimed at.
package struct RecordedTarget: Sendable, Equatable {
    /// LUFS; nil where there was none.
    package var target: Double?
    /// dBTP.
    package var ceiling: Double?
    /// Whether the target is the album's as a whole, or each song's.
    package var isForAlbum: Bool

    package init(target: Double?, ceiling: Double?, isForAlbum: Bool) {
        self.target = target
        self.ceiling = ceiling
        self.isForAlbum = isForAlbum
    }
}

/// Everything that a command line names, in the order of the report.
package struct InputSet: Sendable, Equatable {
    package var items: [MeasureInput] = []
    package var groups: [InputGroup] = []
    /// What a render says it could not deliver: each fails a check.
    package var missing: [MissingInput] = []

    package init() {}
}

/// Something that a manifest promises and that is not there.
package struct MissingInput: Sendable, Equatable {
    package var id: String
    package var title: String
    /// `song` or `stem`.
    package var scope: CheckScope
    package var group: String
    package var reason: String
    package var anchor: SourceAnchor?
}

/// Why the command cannot run at all.
package struct InputError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
    init(_ description: String) { self.description = description }
}
