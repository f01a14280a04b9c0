/// What a producer demands of a release: the rules, what is excused from them, and how files are measured.
package struct Policy: Sendable, Hashable {
    /// The path as reports name it.
    package var path: String
    package var name: String
    /// In the order of the file; ids of `Profile.all`.
    package var profiles: [String] = []
    package var mono = Mono.asIs
    /// 4, or 16 when strict.
    package var truePeakOversampling = 4
    /// dBTP above which a true peak counts as an over.
    package var oversAbove = -1.0
    package var rules: [Rule] = []
    package var waivers: [Waiver] = []
    package var files = FileRoles()

    /// What one channel alone is taken for.
    package enum Mono: String, Sendable, Hashable, CaseIterable {
        /// One loudspeaker.
        case asIs = "as-is"
        /// Both loudspeakers: 3.01 LU louder.
        case dual
    }

    package init(path: String, name: String) {
        self.path = path
        self.name = name
    }
}

/// What a policy says about the files themselves.
package struct FileRoles: Sendable, Hashable {
    /// Files that are parts of a mix.
    package var stems: [Glob] = []
    /// Files that are not looked at.
    package var ignore: [Glob] = []
    /// Channel layouts that files do not say themselves; the first that matches holds.
    package var layouts: [Layout] = []

    package struct Layout: Sendable, Hashable {
        package var files: Glob
        /// "mono", "stereo", "5.1".
        package var layout: String

        package init(files: Glob, layout: String) {
            self.files = files
            self.layout = layout
        }
    }

    package init() {}

    package func isIgnored(_ path: String) -> Bool { ignore.contains { $0.matches(path) } }
    package func isStem(_ path: String) -> Bool { stems.contains { $0.matches(path) } }
    package func layout(of path: String) -> String? { layouts.first { $0.files.matches(path) }?.layout }
}

/// One demand, whoever makes it: a policy, a profile, an album file.
package struct Rule: Sendable, Hashable {
    /// Who demands it, the first half of a finding's rule: "policy", "spotify", "album".
    package var source: String
    /// Unique for its source: "peak", "form/wave-tag".
    package var id: String
    package var scope: CheckScope
    package var check: Check
    package var severity: Severity
    /// The files that it is for; empty for all of its scope.
    package var files: [Glob]
    /// The `id` of the one group that it is for, and of its items; nil for all.
    package var group: String?
    /// Whether it is in order that there is nothing to judge.
    package var isOptional: Bool
    package var anchor: SourceAnchor?

    package enum Check: Sendable, Hashable {
        case limit(MetricLimit)
        case form(FormDemand)
        /// Lathe cannot judge this, for a reason: it always fails.
        case impossible(String)
    }

    package init(
        source: String, id: String, scope: CheckScope, _ check: Check, severity: Severity = .error,
        files: [Glob] = [], group: String? = nil, isOptional: Bool = false, anchor: SourceAnchor? = nil
    ) {
        self.source = source
        self.id = id
        self.scope = scope
        self.check = check
        self.severity = severity
        self.files = files
        self.group = group
        self.isOptional = isOptional
        self.anchor = anchor
    }

    /// What an album file asks of its own release: "album/loudness" and "album/true-peak".
    ///
    /// - Parameters:
    ///   - target: LUFS; nil where the render aimed at none.
    ///   - ceiling: dBTP that the limiter was to hold; nil without a finish.
    ///   - isForAlbum: whether the target is the album's as a whole, or each song's.
    ///   - group: the `id` of the release's group.
    package static func release(
        target: Double?, ceiling: Double?, isForAlbum: Bool, group: String? = nil, anchor: SourceAnchor? = nil
    ) -> [Rule] {
        var rules: [Rule] = []
        if let target {
            // The finish takes the gain nearest the target on a grid of 0.1 dB and fails beyond 0.1 LU.
            rules.append(
                Rule(
                    source: "album", id: "loudness", scope: isForAlbum ? .album : .song,
                    .limit(MetricLimit(.integrated, .target(target, tolerance: 0.1))), group: group, anchor: anchor))
        }
        if let ceiling {
            // The limiter holds its ceiling before dither and rounding, which may add a few hundredths.
            rules.append(
                Rule(
                    source: "album", id: "true-peak", scope: .song,
                    .limit(MetricLimit(.truePeak, .atMost(ceiling + 0.05))), group: group, anchor: anchor))
        }
        return rules
    }

    /// What remains when stems are subtracted from their mix lies below everything that 16 bits with dither hold.
    package static func stems(group: String, anchor: SourceAnchor? = nil) -> Rule {
        Rule(
            source: "mix", id: "stems", scope: .stem, .limit(MetricLimit(.stemsNull, .atMost(-90))), group: group,
            anchor: anchor)
    }

    /// As findings name it: "policy/peak".
    package var name: String { source + "/" + id }
}

/// A failure that is accepted, by whom and until when.
package struct Waiver: Sendable, Hashable {
    /// "peak" for the policy's own rule, "spotify/wave-tag" for another's; "form" covers "form/wave-tag".
    package var rule: String
    package var files: Glob?
    package var reason: String
    /// The last day on which it helps; nil for ever.
    package var until: CalendarDay?
    package var anchor: SourceAnchor?

    package init(
        rule: String, files: Glob? = nil, reason: String, until: CalendarDay? = nil, anchor: SourceAnchor? = nil
    ) {
        self.rule = rule
        self.files = files
        self.reason = reason
        self.until = until
        self.anchor = anchor
    }

    /// Whether it speaks of a finding's rule: "policy/peak".
    func covers(rule name: String) -> Bool {
        [rule, "policy/" + rule].contains { name == $0 || name.hasPrefix($0 + "/") }
    }

    func hasExpired(on today: CalendarDay) -> Bool { until.map { $0 < today } ?? false }
}
