/// Compares what was measured with what was accepted.
package enum Drift {
    /// The rules, by the names that findings carry.
    package enum Rule: String, Sendable, Hashable, CaseIterable {
        /// An item or group of the baseline is gone, or could not be measured.
        case missing = "baseline/missing"
        /// An item or group that the baseline does not have.
        case new = "baseline/new"
        /// The same samples under another name.
        case renamed = "baseline/renamed"
        /// Another meter, or another setting of it, made the baseline.
        case meter = "baseline/meter"
        /// The samples are the same (`exact`).
        case samples = "baseline/samples"
        /// The same samples give the same figures (`exact`).
        case figures = "baseline/figures"
        /// Rate and channels.
        case form = "baseline/form"
        case length = "baseline/length"
        case integrated = "baseline/integrated"
        case shortTermMaximum = "baseline/short-term-maximum"
        case momentaryMaximum = "baseline/momentary-maximum"
        case range = "baseline/range"
        case truePeak = "baseline/true-peak"
        case samplePeak = "baseline/sample-peak"
        case brightness = "baseline/brightness"
        /// Loudness over time.
        case moment = "baseline/moment"
        /// The place of a song in the balance of its album.
        case albumOffset = "baseline/album-offset"
    }

    /// As findings and waivers name them.
    package static var ruleNames: [String] { Rule.allCases.map(\.rawValue) }

    /// Judges a report by a baseline.
    ///
    /// Findings come in the order of the report's items and groups, then what only the lock has; one per subject and
    /// rule, passed ones too. `value` is the difference from the baseline (positive is louder, longer, brighter),
    /// `limit` what it may be in either direction; anchors are lines of the lock. The finding about the meter
    /// has the lock's path as its subject.
    /// - Parameters:
    ///   - lock: as `LoudnessLock.parse` read it.
    ///   - lockPath: relative to where the check ran.
    ///   - isPartial: only some of the files were asked for: what else the lock has is not missed.
    package static func compare(
        _ lock: LoudnessLock, lockPath: String, with report: CheckReport, mode: DriftMode,
        limits: DriftLimits = DriftLimits(), isPartial: Bool = false
    ) -> [Finding] {
        let judge = DriftJudge(lock: lock, lockPath: lockPath, report: report, mode: mode, limits: limits)
        return judge.meterFindings() + judge.itemFindings(isPartial: isPartial)
            + judge.groupFindings(isPartial: isPartial)
    }
}

/// Which item of a baseline is which of a report.
struct DriftPairs {
    /// Index in the lock by the report item's id.
    private(set) var old: [String: Int] = [:]
    /// Indices of the lock that no item corresponds to.
    private(set) var missing: [Int] = []
    /// Items of the lock by the samples that they hold: the first of each.
    let byHash: [String: Int]

    /// Same name and samples first, then the same samples under another name, then the same name.
    ///
    /// So songs that changed numbers are recognised, and silent files with equal samples stay in their places.
    init(lock: LoudnessLock, items: [LoudnessLock.Item]) {
        let byID = Dictionary(lock.items.indices.map { (lock.items[$0].id, $0) }, uniquingKeysWith: { a, _ in a })
        byHash = Dictionary(
            lock.items.indices.compactMap { i in lock.items[i].pcmSHA256.map { ($0, i) } },
            uniquingKeysWith: { a, _ in a })
        var isTaken = [Bool](repeating: false, count: lock.items.count)
        for item in items {
            guard let i = byID[item.id], let hash = item.pcmSHA256, lock.items[i].pcmSHA256 == hash else { continue }
            (old[item.id], isTaken[i]) = (i, true)
        }
        var free: [String: [Int]] = [:]
        for i in lock.items.indices.reversed() where !isTaken[i] {
            if let hash = lock.items[i].pcmSHA256 { free[hash, default: []].append(i) }
        }
        for item in items where old[item.id] == nil {
            guard let hash = item.pcmSHA256, let i = free[hash]?.popLast() else { continue }
            (old[item.id], isTaken[i]) = (i, true)
        }
        for item in items where old[item.id] == nil {
            guard let i = byID[item.id], !isTaken[i] else { continue }
            (old[item.id], isTaken[i]) = (i, true)
        }
        missing = lock.items.indices.filter { !isTaken[$0] }
    }
}
