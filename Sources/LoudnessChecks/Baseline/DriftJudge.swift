/// One comparison under way: what all rules share.
struct DriftJudge {
    let lock: LoudnessLock
    let lockPath: String
    let report: CheckReport
    let mode: DriftMode
    let limits: DriftLimits
    /// The report as a lock would keep it: both sides are rounded alike.
    let now: LoudnessLock

    static let remedy = "if that is meant, run lathe check --accept"

    init(lock: LoudnessLock, lockPath: String, report: CheckReport, mode: DriftMode, limits: DriftLimits) {
        (self.lock, self.lockPath, self.report, self.mode, self.limits) = (lock, lockPath, report, mode, limits)
        now = LoudnessLock(report: report, acceptance: lock.acceptance)
    }

    var severity: Severity { mode == .revision ? .warn : .error }

    /// Whether figures of both sides come from the same arithmetic.
    var isSameMeter: Bool {
        let (a, b) = (lock.identity, report.identity)
        return a.engine == b.engine && a.truePeakOversampling == b.truePeakOversampling && a.mono == b.mono
    }

    // MARK: - Subjects

    func meterFindings() -> [Finding] {
        guard !isSameMeter else { return [] }
        let (a, b) = (lock.identity, report.identity)
        var parts: [String] = []
        if a.engine != b.engine { parts.append("meter \(a.engine), now \(b.engine)") }
        if a.truePeakOversampling != b.truePeakOversampling {
            parts.append("true peak \(a.truePeakOversampling) times, now \(b.truePeakOversampling) times")
        }
        if a.mono != b.mono { parts.append("mono \(a.mono), now \(b.mono)") }
        let consequence = mode == .exact ? "samples are compared exactly, figures with the limits of engine" : nil
        return [
            failure(
                .meter, Subject(id: lockPath, title: "Baseline", scope: .file),
                anchor: SourceAnchor(file: lockPath, line: lock.lines.meter), severity: .note,
                message: "the baseline was measured by Lathe \(a.lathe) with " + parts.joined(separator: "; ")
                    + (consequence.map { "; \($0)" } ?? "") + "; lathe check --accept renews it")
        ]
    }

    func itemFindings(isPartial: Bool) -> [Finding] {
        var findings: [Finding] = []
        let pairs = DriftPairs(lock: lock, items: now.items)
        let measured = Dictionary(now.items.map { ($0.id, $0) }, uniquingKeysWith: { a, _ in a })
        let albums = AlbumLevels(old: lock, new: now)
        var accounted: Set<String> = []
        for item in report.items {
            let subject = Subject(id: item.id, title: item.title, scope: item.scope)
            guard let new = measured[item.id] else {
                guard case .failed(let reason) = item.outcome, let line = lock.item(item.id) else { continue }
                accounted.insert(item.id)
                findings.append(
                    failure(
                        .missing, subject, anchor: anchor(line), severity: .error,
                        message: "has no figures to compare with the baseline: \(reason)"))
                continue
            }
            guard let index = pairs.old[item.id] else {
                findings.append(
                    failure(
                        .new, subject, anchor: item.anchor ?? headAnchor,
                        message: "is not in the baseline; run lathe check --accept to add it"))
                continue
            }
            let old = lock.items[index]
            if old.id != new.id {
                findings.append(
                    failure(
                        .renamed, subject, anchor: anchor(old), severity: mode == .revision ? .note : .warn,
                        message:
                            "\(old.id) is now \(new.id), with the same samples; run lathe check --accept to note it"))
            }
            var comparison = ItemComparison(judge: self, subject: subject, old: old, new: new, albums: albums)
            comparison.copyOf = new.pcmSHA256.flatMap { pairs.byHash[$0] }.map { lock.items[$0].id }
            findings += comparison.findings()
        }
        guard !isPartial else { return findings }
        for index in pairs.missing where !accounted.contains(lock.items[index].id) {
            let old = lock.items[index]
            let isReplaced = measured[old.id] != nil
            findings.append(
                failure(
                    .missing, Subject(id: old.id, title: old.title, scope: old.scope), anchor: anchor(old),
                    severity: .error,
                    message: isReplaced
                        ? "the song that the baseline has under this name is gone; \(Self.remedy)"
                        : "is in the baseline but not among the files; put it back, or \(Self.remedy)"))
        }
        return findings
    }

    func groupFindings(isPartial: Bool) -> [Finding] {
        var findings: [Finding] = []
        for group in report.groups {
            let subject = Subject(id: group.id, title: group.title, scope: .album)
            guard let old = lock.group(group.id) else {
                findings.append(
                    failure(
                        .new, subject, anchor: group.anchor ?? headAnchor,
                        message: "is not in the baseline; run lathe check --accept to add it"))
                continue
            }
            if let reason = group.failure {
                findings.append(
                    failure(
                        .missing, subject, anchor: anchor(old), severity: .error,
                        message: "has no figures to compare with the baseline: \(reason)"))
                continue
            }
            // Of a part of an album there is nothing to say about the whole.
            guard !isPartial, let new = now.group(group.id) else { continue }
            findings += GroupComparison(judge: self, subject: subject, old: old, new: new).findings()
        }
        guard !isPartial else { return findings }
        for old in lock.groups where !report.groups.contains(where: { $0.id == old.id }) {
            findings.append(
                failure(
                    .missing, Subject(id: old.id, title: old.title, scope: .album), anchor: anchor(old),
                    severity: .error,
                    message: "is in the baseline but was not measured; put it back, or \(Self.remedy)"))
        }
        return findings
    }

    // MARK: - Findings

    struct Subject {
        var id: String
        var title: String
        var scope: CheckScope
    }

    private func failure(
        _ rule: Drift.Rule, _ subject: Subject, anchor: SourceAnchor?, severity: Severity? = nil, message: String
    ) -> Finding {
        Finding(
            rule: rule.rawValue, demand: demand(rule), subject: subject.id, subjectTitle: subject.title,
            scope: subject.scope, status: .failed, severity: severity ?? self.severity, message: message,
            anchor: anchor)
    }

    /// What a rule demands in this mode, in one sentence.
    func demand(_ rule: Drift.Rule) -> String {
        let (unit, exact) = (DriftText.unit(rule), mode == .exact && isSameMeter)
        let within = limit(rule).map { " within \(DriftText.limit($0)) \(unit)" } ?? ""
        return switch rule {
        case .missing: "Everything that is in the baseline is there and can be measured"
        case .new: "Everything that was measured is in the baseline"
        case .renamed: "Files have the names that the baseline has"
        case .meter: "The meter is the one that made the baseline"
        case .samples: "The samples are those of the baseline"
        case .figures: "The same samples give the same figures"
        case .form: "Rate and channels are those of the baseline"
        case .length: "Length and timing are those of the baseline"
        case .moment where mode == .engine || exact: "The loudness of each second stays" + within + " of the baseline"
        case .moment: "The loudness of any 3 s stays" + within + " of the baseline"
        case .albumOffset: "A song's loudness re its album stays" + within + " of the baseline"
        case .integrated, .shortTermMaximum, .momentaryMaximum, .range, .truePeak, .samplePeak, .brightness:
            (DriftText.metric(rule)?.title ?? "") + " stays" + within + " of the baseline"
        }
    }

    /// The limit of a rule in this mode; nil where it has none.
    func limit(_ rule: Drift.Rule) -> Double? {
        let isRevision = mode == .revision
        return switch rule {
        case .integrated: isRevision ? limits.integrated : limits.engineLoudness
        case .shortTermMaximum, .momentaryMaximum: isRevision ? nil : limits.engineLoudness
        case .range: isRevision ? limits.range : limits.engineRange
        case .truePeak, .samplePeak: isRevision ? nil : limits.enginePeak
        case .brightness: isRevision ? limits.brightness : limits.engineBrightness
        case .moment: isRevision ? limits.moment : limits.engineSecond
        case .albumOffset: isRevision ? limits.albumOffset : nil
        case .length: isRevision ? limits.length : 0
        case .missing, .new, .renamed, .meter, .samples, .figures, .form: nil
        }
    }

    // MARK: - Anchors

    func anchor(_ item: LoudnessLock.Item, key: String? = nil) -> SourceAnchor? {
        let line = key.map { lock.lines.item(item.id, key: $0) } ?? lock.lines.item(item.id)
        return line.map { SourceAnchor(file: lockPath, line: $0) }
    }

    func anchor(_ group: LoudnessLock.Group, key: String? = nil) -> SourceAnchor? {
        let line = key.map { lock.lines.group(group.id, key: $0) } ?? lock.lines.group(group.id)
        return line.map { SourceAnchor(file: lockPath, line: $0) }
    }

    /// For what the lock does not have.
    private var headAnchor: SourceAnchor { SourceAnchor(file: lockPath, line: lock.lines.header) }
}

/// The integrated loudness of albums, then and now.
struct AlbumLevels {
    private let old: [String: Double]
    private let new: [String: Double]

    init(old: LoudnessLock, new: LoudnessLock) {
        let levels = { (lock: LoudnessLock) in
            Dictionary(
                lock.groups.compactMap { group in group.values[.integrated]?.number.map { (group.id, $0) } },
                uniquingKeysWith: { a, _ in a })
        }
        (self.old, self.new) = (levels(old), levels(new))
    }

    /// Song minus album, then and now; nil where one of the figures is missing.
    func offsets(_ was: LoudnessLock.Item, _ isNow: LoudnessLock.Item) -> (old: Double, new: Double)? {
        guard was.scope != .stem, let a = was.group, let b = isNow.group, a == b,
            let oldAlbum = old[a], let newAlbum = new[b],
            let oldSong = was.values[.integrated]?.number, let newSong = isNow.values[.integrated]?.number,
            oldSong.isFinite, newSong.isFinite, oldAlbum.isFinite, newAlbum.isFinite
        else { return nil }
        return (oldSong - oldAlbum, newSong - newAlbum)
    }
}
