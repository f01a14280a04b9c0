/// Holds measurements against a policy, profiles and the demands of an album file.
///
/// A pure function of its input: the same report on the same day gives the same findings. Values are compared as
/// measured, never rounded.
///
/// A rule with scope `file` is for every item; `song` for items that are not stems; `stem` for stems, and for their
/// set where the metric is one of sets; `album` for groups of songs.
package struct Judge: Sendable {
    package let policy: Policy?
    /// Those of the policy, then the others, each once.
    package let profiles: [Profile]
    /// In the order of findings: the policy's, those that came along, the profiles'.
    package let rules: [Rule]
    package let today: CalendarDay

    /// - Parameters:
    ///   - profiles: beyond those that the policy names.
    ///   - extraRules: of the album file that is checked, for one.
    ///   - today: decides which waivers still help.
    ///   - isPartial: the report is of a part of a release, so rules for albums are left out.
    /// - Precondition: the policy names only profiles that there are.
    package init(
        policy: Policy?, profiles: [Profile] = [], extraRules: [Rule] = [], today: CalendarDay, isPartial: Bool = false
    ) {
        var all: [Profile] = []
        for id in policy?.profiles ?? [] {
            guard let profile = Profile.named(id) else { preconditionFailure("no profile \(id)") }
            if !all.contains(profile) { all.append(profile) }
        }
        for profile in profiles where !all.contains(profile) { all.append(profile) }
        self.policy = policy
        self.profiles = all
        self.today = today
        let rules = (policy?.rules ?? []) + extraRules + all.flatMap(\.rules)
        self.rules = isPartial ? rules.filter { $0.scope != .album } : rules
    }

    /// Whether a rule sets a limit to the metric.
    package func judges(_ metric: Metric) -> Bool {
        rules.contains { if case .limit(let limit) = $0.check { limit.metric == metric } else { false } }
    }

    /// The lowest true peak that any rule forbids to exceed, in dBTP: overs are worth listing above it.
    package var lowestCeiling: Double? {
        rules.compactMap { rule in
            guard case .limit(let limit) = rule.check, limit.metric == .truePeak else { return nil }
            switch limit.bounds {
            case .atMost(let most), .within(_, let most): return most
            case .target(let target, let tolerance): return target + tolerance
            case .atLeast: return nil
            }
        }.min()
    }

    /// The report with findings, advice and profiles.
    ///
    /// Findings that it brings (of a baseline) stand behind those of the rules for the same subject, and waivers
    /// help them too.
    package func judge(_ report: CheckReport) -> CheckReport {
        var found: [Finding] = []
        var isMet = [Bool](repeating: false, count: rules.count)
        // Only looked up, never walked: their order decides nothing.
        let items = Dictionary(report.items.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let brought = Dictionary(grouping: report.findings, by: \.subject)
        let subjects = report.items.map { Subject($0) } + report.groups.map { Subject($0, items) }
        for subject in subjects {
            found += fundamentals(subject)
            for (index, rule) in rules.enumerated() where applies(rule, to: subject) {
                isMet[index] = true
                if let finding = finding(rule, subject) { found.append(finding) }
            }
            found += brought[subject.id] ?? []
        }
        let known = Set(subjects.map(\.id))
        found += report.findings.filter { !known.contains($0.subject) }
        found += nothingToCheck(report, isMet)
        let waived = waive(found)

        var result = report
        result.findings = waived.findings + waived.remarks
        result.advice = advice(subjects)
        result.profiles = profiles.map(\.mention)
        result.policy = policy?.path ?? report.policy
        result.isJudged = true
        return result
    }

    // MARK: Which rule is for whom

    private func applies(_ rule: Rule, to subject: Subject) -> Bool {
        guard rule.group == nil || rule.group == subject.group else { return false }
        guard rule.files.isEmpty || rule.files.contains(where: { $0.matches(subject.id) }) else { return false }
        let isForSets =
            switch rule.check {
            case .limit(let limit): rule.scope == .stem && !limit.metric.isForFiles
            case .form, .impossible: false
            }
        if subject.isGroup {
            return subject.scope == .stem ? isForSets : rule.scope == .album
        }
        switch rule.scope {
        case .file: return true
        case .song: return subject.scope == .song || subject.scope == .file
        case .stem: return subject.scope == .stem && !isForSets
        case .album: return false
        }
    }

    private func nothingToCheck(_ report: CheckReport, _ isMet: [Bool]) -> [Finding] {
        func finding(
            _ subject: String, _ title: String, _ scope: CheckScope, _ message: String, _ anchor: SourceAnchor?
        )
            -> Finding
        {
            Finding(
                rule: "lathe/nothing-to-check", demand: "every rule finds something to judge", subject: subject,
                subjectTitle: title, scope: scope, status: .failed, severity: .error, message: message, anchor: anchor)
        }
        if report.items.isEmpty {
            return [
                finding(
                    ".", "nothing", .file, "no sound file was found; check the paths and what the policy ignores", nil)
            ]
        }
        var found: [Finding] = []
        let profileIDs = Set(profiles.map(\.id))
        for (rule, isMet) in zip(rules, isMet)
        where !isMet && !rule.isOptional && !profileIDs.contains(rule.source) {
            found.append(
                finding(
                    rule.name, "rule \(rule.id)", rule.scope,
                    "the rule is for a \(rule.scope.rawValue), and none was checked; "
                        + "check its scope and files, or write `optional: yes`", rule.anchor))
        }
        // A profile is taken as a whole: its rules for albums have nothing to say to a single song.
        let metSources = Set(zip(rules, isMet).filter(\.1).map(\.0.source))
        for profile in profiles where !profile.rules.isEmpty && !metSources.contains(profile.id) {
            found.append(
                finding(
                    profile.id, profile.title, .file, "no rule of the profile found a file to judge; check the paths",
                    nil))
        }
        return found
    }
}

/// An item or a group, as the rules see it.
struct Subject {
    var id: String
    var title: String
    var scope: CheckScope
    var isGroup: Bool
    /// The group that it belongs to, or is.
    var group: String?
    var anchor: SourceAnchor?
    var values = MetricValues()
    /// Of an item.
    var measurement: Measurement?
    /// Why there are no figures.
    var failure: String?
    /// Of a group, as far as they were found.
    var members: [CheckedItem] = []
    /// Of a group: how many it should have.
    var memberCount = 0

    init(_ item: CheckedItem) {
        id = item.id
        title = item.title
        scope = item.scope
        isGroup = false
        group = item.group
        anchor = item.anchor
        switch item.outcome {
        case .measured(let found):
            measurement = found
            values = found.values
        case .failed(let reason): failure = reason
        }
    }

    init(_ group: CheckedGroup, _ items: [String: CheckedItem]) {
        id = group.id
        title = group.title
        isGroup = true
        self.group = group.id
        anchor = group.anchor
        values = group.values
        members = group.itemIDs.compactMap { items[$0] }
        // A stem that lies among songs does not make a release a set of stems.
        let isSet =
            group.values[.stemsNull] != nil || (!members.isEmpty && members.allSatisfy { $0.scope == .stem })
        scope = isSet ? .stem : .album
        memberCount = isSet ? group.itemIDs.count : group.itemIDs.count { items[$0]?.scope != .stem }
        let lost = group.itemIDs.first { items[$0]?.measurement == nil }
        failure = group.failure ?? lost.map { "\($0) could not be measured" }
    }
}
