extension LoudnessLock {
    /// The baseline of what a report measured: the only way in which one is made.
    ///
    /// Where nothing changed the previous lock is returned as it was, so that accepting twice changes no file.
    /// - Parameters:
    ///   - previous: the lock that is replaced, if there was one.
    ///   - by: who accepts; `reason` why, and `date` the day, "2026-11-21".
    ///   - isPartial: the report has only some of the project's files: the others stay as `previous` has them.
    /// - Throws: `LockError` (`notAcceptable`) for files or albums without figures, for an empty report, without a name
    ///   or reason, and for a part measured by another meter than the rest.
    package static func accepting(
        _ report: CheckReport, previous: LoudnessLock?, by: String, reason: String, date: String,
        isPartial: Bool = false, file: String = "loudness.lock"
    ) throws(LockError) -> LoudnessLock {
        func refuse(_ message: String) -> LockError {
            LockError(code: .notAcceptable, file: file, line: nil, message: message)
        }
        guard [by, reason, date].allSatisfy({ $0.contains { !$0.isWhitespace } }) else {
            throw refuse("accepting needs a name, a reason and a date: lathe check --accept --reason \"why\"")
        }
        guard !report.items.isEmpty else { throw refuse("there is nothing to accept: no file was measured") }
        for item in report.items {
            guard case .failed(let why) = item.outcome else { continue }
            throw refuse("\(item.id) has no figures: \(why). A baseline needs all of them; mend or remove the file")
        }
        for group in report.groups {
            guard let failure = group.failure else { continue }
            throw refuse("\(group.id) has no figures as a whole: \(failure)")
        }
        var lock = LoudnessLock(report: report, acceptance: Acceptance(by: by, reason: reason, date: date))
        if isPartial, let previous {
            guard lock.identity == previous.identity else {
                throw refuse("the baseline was measured by another Lathe or meter: accept all files at once")
            }
            let (items, groups) = (Set(lock.items.map(\.id)), Set(previous.groups.map(\.id)))
            lock = LoudnessLock(
                identity: lock.identity, acceptance: lock.acceptance,
                items: lock.items + previous.items.filter { !items.contains($0.id) },
                // The figures of an album are those of all its songs: a part cannot renew them.
                groups: previous.groups + lock.groups.filter { !groups.contains($0.id) })
        }
        if let previous, lock.hasSameFigures(as: previous) { return previous }
        return lock
    }

    /// What changed since another lock, for the person who accepts: one line per item, group or meter, in order.
    package func summary(since previous: LoudnessLock?, limits: DriftLimits = DriftLimits()) -> String {
        guard let previous else {
            return "a new baseline of \(items.count) \(items.count == 1 ? "file" : "files")\n"
        }
        var lines: [String] = []
        if identity != previous.identity { lines.append(meterLine(previous.identity)) }
        let pairs = DriftPairs(lock: previous, items: items)
        var unchanged = 0
        for item in items {
            guard let index = pairs.old[item.id] else {
                let loudness = item.values[.integrated].map { ", " + FigureComparison.text($0, .integrated) } ?? ""
                lines.append("\(item.id): new\(loudness)")
                continue
            }
            let old = previous.items[index]
            if old.id != item.id { lines.append("\(old.id) is now \(item.id)") }
            let changes = Self.changes(old, item, limits)
            if !changes.isEmpty { lines.append("\(item.id): " + changes.joined(separator: ", ")) }
            if changes.isEmpty, old.id == item.id { unchanged += 1 }
        }
        lines += pairs.missing.map { "\(previous.items[$0].id): removed" }
        for group in groups {
            guard let old = previous.group(group.id) else {
                lines.append("\(group.id): new")
                continue
            }
            let changes = Self.shown(
                FigureList.differences(old.values, group.values), all: [.integrated, .range, .truePeak])
            if !changes.isEmpty { lines.append("\(group.id): " + changes.joined(separator: ", ")) }
        }
        lines += previous.groups.filter { group($0.id) == nil }.map { "\($0.id): removed" }
        if lines.isEmpty { return "nothing changed\n" }
        if unchanged > 0 { lines.append("\(unchanged) unchanged") }
        return lines.joined(separator: "\n") + "\n"
    }

    private func meterLine(_ old: MeterIdentity) -> String {
        var parts: [String] = []
        if old.lathe != identity.lathe { parts.append("Lathe \(old.lathe) to \(identity.lathe)") }
        if old.engine != identity.engine { parts.append("meter \(old.engine) to \(identity.engine)") }
        if old.truePeakOversampling != identity.truePeakOversampling {
            parts.append("true peak \(old.truePeakOversampling) to \(identity.truePeakOversampling) times")
        }
        if old.mono != identity.mono { parts.append("mono \(old.mono) to \(identity.mono)") }
        return "measured by another meter: " + parts.joined(separator: ", ")
    }

    private static func changes(_ old: Item, _ new: Item, _ limits: DriftLimits) -> [String] {
        var changes = shown(
            FigureList.differences(old.values, new.values), all: [.integrated, .range, .truePeak, .brightness])
        if (old.rateHertz, old.channelCount) != (new.rateHertz, new.channelCount) {
            changes.append("\(new.rateHertz) Hz with \(new.channelCount) channels")
        }
        let drift = CurveDrift(old: old, new: new, quietLUFS: limits.quietLUFS)
        if let edits = DriftText.edits(drift.alignment.edits) { changes.append(edits) }
        let stretches = drift.loudnessStretches(limit: limits.integrated * limits.explanationShare)
        if let text = DriftText.stretches(stretches, item: new) { changes.append(text) }
        if changes.isEmpty, old.pcmSHA256 != new.pcmSHA256 {
            changes.append(
                old.pcmSHA256 == nil || new.pcmSHA256 == nil
                    ? "hash of the samples \(new.pcmSHA256 == nil ? "removed" : "added")"
                    : "other samples, the same figures")
        }
        guard changes.isEmpty else { return changes }
        // The count of overs, the album that it belongs to, lines of a newer Lathe.
        var renamed = old
        (renamed.id, renamed.title) = (new.id, new.title)
        if renamed != new { return ["details"] }
        return old.id == new.id && old.title != new.title ? ["title \(LockText.quoted(new.title))"] : []
    }

    /// The figures that a person asks for first, and how many others moved.
    private static func shown(_ differences: [FigureList.Difference], all named: Set<Metric>) -> [String] {
        var texts = differences.filter { named.contains($0.metric) }.map(\.text)
        let others = differences.count - texts.count
        if texts.isEmpty { texts = differences.prefix(2).map(\.text) }
        if others > 0, texts.count < differences.count {
            texts.append("\(differences.count - texts.count) other figures")
        }
        return texts
    }
}
