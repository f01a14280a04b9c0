/// A line of a text file that a finding points at: in a manifest, a policy or the lock; never in a sound file.
package struct SourceAnchor: Sendable, Hashable {
    /// Relative to the folder that the check ran in, with `/`.
    package var file: String
    /// From 1.
    package var line: Int

    package init(file: String, line: Int) {
        self.file = file
        self.line = line
    }
}

/// One file that was to be measured.
package struct CheckedItem: Sendable, Hashable {
    /// The path relative to the folder that the check ran in, with `/`: unique, and the same on every machine.
    package var id: String
    /// For people.
    package var title: String
    /// `song`, `stem` or `file`.
    package var scope: CheckScope
    /// The `id` of the group that it belongs to.
    package var group: String?
    /// Where the item is named, if a text file names it.
    package var anchor: SourceAnchor?
    package var outcome: Outcome

    package enum Outcome: Sendable, Hashable {
        case measured(Measurement)
        /// Why there are no figures: what is wrong with the file and what to do.
        case failed(String)
    }

    package var measurement: Measurement? { if case .measured(let value) = outcome { value } else { nil } }

    package init(
        id: String, title: String, scope: CheckScope, group: String? = nil, anchor: SourceAnchor? = nil,
        outcome: Outcome
    ) {
        self.id = id
        self.title = title
        self.scope = scope
        self.group = group
        self.anchor = anchor
        self.outcome = outcome
    }
}

/// Songs of one release, or stems of one mix, measured as one.
package struct CheckedGroup: Sendable, Hashable {
    /// The folder or manifest, relative to where the check ran.
    package var id: String
    package var title: String
    /// Items in the order of the release.
    package var itemIDs: [String]
    package var anchor: SourceAnchor?
    package var values = MetricValues()
    /// Why the group as a whole could not be measured.
    package var failure: String?

    package init(id: String, title: String, itemIDs: [String], anchor: SourceAnchor? = nil) {
        self.id = id
        self.title = title
        self.itemIDs = itemIDs
        self.anchor = anchor
    }
}

/// How much a broken rule weighs.
package enum Severity: String, Sendable, Hashable, CaseIterable, Comparable {
    case note
    case warn
    case error

    package static func < (a: Severity, b: Severity) -> Bool { a.rank < b.rank }
    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What came of one rule for one item or group.
package struct Finding: Sendable, Hashable {
    package enum Status: String, Sendable, Hashable, CaseIterable {
        case passed
        case failed
        /// Broken, and a waiver says why that is accepted.
        case waived
    }

    /// "policy/true-peak", "spotify/wav-tag", "baseline/integrated", "lathe/unreadable": stable.
    package var rule: String
    /// One sentence: what the rule demands, without the item's value.
    package var demand: String
    /// The item's or group's `id`.
    package var subject: String
    package var subjectTitle: String
    package var scope: CheckScope
    package var status: Status
    package var severity: Severity
    /// What is so, with value, limit and margin, and what to do where it failed. One line, without a full stop.
    package var message: String
    /// In the metric's unit, unrounded; nil for rules of form.
    package var value: Double?
    /// The bound that decided; nil for rules of form.
    package var limit: Double?
    /// How far inside (positive) or outside (negative) the limit the value lies.
    package var margin: Double?
    package var metric: Metric?
    /// Why a broken rule is accepted, and until when.
    package var waiver: String?
    package var anchor: SourceAnchor?
    /// The stretch of time that the finding is about, in seconds.
    package var startSeconds: Double?
    package var endSeconds: Double?

    package init(
        rule: String, demand: String, subject: String, subjectTitle: String, scope: CheckScope, status: Status,
        severity: Severity, message: String, value: Double? = nil, limit: Double? = nil, margin: Double? = nil,
        metric: Metric? = nil, waiver: String? = nil, anchor: SourceAnchor? = nil, startSeconds: Double? = nil,
        endSeconds: Double? = nil
    ) {
        self.rule = rule
        self.demand = demand
        self.subject = subject
        self.subjectTitle = subjectTitle
        self.scope = scope
        self.status = status
        self.severity = severity
        self.message = message
        self.value = value
        self.limit = limit
        self.margin = margin
        self.metric = metric
        self.waiver = waiver
        self.anchor = anchor
        self.startSeconds = startSeconds
        self.endSeconds = endSeconds
    }
}

/// What a playback service will do to a song or album: information, never a verdict.
package struct PlatformAdvice: Sendable, Hashable {
    /// "Spotify".
    package var platform: String
    package var profile: String
    package var subject: String
    package var subjectTitle: String
    package var scope: CheckScope
    /// The gain it will receive, in dB.
    package var gain: Double
    /// The true peak after that gain, in dBTP.
    package var truePeakAfter: Double
    /// "turned down 3.1 dB", "turned up 2.0 dB of 4.1: the peak is in the way".
    package var message: String

    package init(
        platform: String, profile: String, subject: String, subjectTitle: String, scope: CheckScope, gain: Double,
        truePeakAfter: Double, message: String
    ) {
        self.platform = platform
        self.profile = profile
        self.subject = subject
        self.subjectTitle = subjectTitle
        self.scope = scope
        self.gain = gain
        self.truePeakAfter = truePeakAfter
        self.message = message
    }
}

/// Where figures come from: without this they cannot be compared.
package struct MeterIdentity: Sendable, Hashable {
    /// Version of Lathe.
    package var lathe: String
    /// Version of the meter: changes whenever the same signal would give other bits.
    package var engine: String
    /// 4 or 16.
    package var truePeakOversampling: Int
    /// "as-is" or "dual".
    package var mono: String

    package init(lathe: String, engine: String, truePeakOversampling: Int, mono: String) {
        self.lathe = lathe
        self.engine = engine
        self.truePeakOversampling = truePeakOversampling
        self.mono = mono
    }
}

/// A profile that took part, as reports name it.
package struct ProfileMention: Sendable, Hashable {
    package var id: String
    package var title: String
    /// "normative", "advisory" or "format".
    package var profileClass: String
    package var source: String
    /// The day its figures were last compared with the source: "2026-11-01".
    package var verifiedOn: String

    package init(id: String, title: String, profileClass: String, source: String, verifiedOn: String) {
        self.id = id
        self.title = title
        self.profileClass = profileClass
        self.source = source
        self.verifiedOn = verifiedOn
    }
}

/// What `lathe measure` and `lathe check` found; every reporter writes this and nothing else.
///
/// The same files, policy and day give the same report, and the same report the same bytes: there is no clock,
/// machine or absolute path in it.
package struct CheckReport: Sendable, Hashable {
    package var identity: MeterIdentity
    /// In the order of the arguments, then of paths; what is missing last.
    package var items: [CheckedItem]
    package var groups: [CheckedGroup]
    /// In the order of subjects, then rules. Empty for `lathe measure`.
    package var findings: [Finding] = []
    package var advice: [PlatformAdvice] = []
    package var profiles: [ProfileMention] = []
    /// Path of the policy file, if there was one.
    package var policy: String?
    /// Path of the baseline, if there was one.
    package var baseline: String?
    /// Whether warnings fail the check.
    package var isStrict = false
    /// False for `lathe measure`: nothing was judged.
    package var isJudged = true

    package init(identity: MeterIdentity, items: [CheckedItem], groups: [CheckedGroup] = []) {
        self.identity = identity
        self.items = items
        self.groups = groups
    }

    /// Findings that failed with this severity.
    package func count(_ severity: Severity) -> Int {
        findings.count { $0.status == .failed && $0.severity == severity }
    }

    /// Whether the check passes: everything was measured, no error, and no warning where it is strict.
    package var passes: Bool {
        items.allSatisfy { $0.measurement != nil } && groups.allSatisfy { $0.failure == nil } && count(.error) == 0
            && !(isStrict && count(.warn) > 0)
    }

    /// Whether a rule was judged: that nothing was demanded must not look like a pass.
    package var hasVerdict: Bool {
        !passes || findings.contains { $0.status != .failed || $0.severity != .note }
    }

    /// Of one item or group, passed ones too.
    package func findings(of subject: String) -> [Finding] { findings.filter { $0.subject == subject } }
    package func item(_ id: String) -> CheckedItem? { items.first { $0.id == id } }
}
