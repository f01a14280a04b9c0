extension Judge {
    /// Marks what waivers excuse.
    ///
    /// What Lathe itself demands (`lathe/`) is never excused: a file that cannot be read is no matter of taste.
    ///
    /// - Returns: the findings, and what is to be said of the waivers themselves.
    func waive(_ found: [Finding]) -> (findings: [Finding], remarks: [Finding]) {
        let waivers = policy?.waivers ?? []
        var findings = found
        var isUsed = [Bool](repeating: false, count: waivers.count)
        for index in findings.indices where findings[index].status == .failed {
            let finding = findings[index]
            guard !finding.rule.hasPrefix("lathe/") else { continue }
            let fitting = waivers.indices.filter { waivers[$0].fits(finding) }
            for waiver in fitting { isUsed[waiver] = true }
            if let valid = fitting.first(where: { !waivers[$0].hasExpired(on: today) }) {
                findings[index].status = .waived
                findings[index].waiver = waivers[valid].explanation
            } else if let ended = fitting.compactMap({ waivers[$0].until }).max() {
                findings[index].message += "; its waiver ended on \(ended)"
            }
        }
        let remarks = zip(waivers, isUsed).compactMap { waiver, isUsed in remark(on: waiver, isUsed: isUsed) }
        return (findings, remarks)
    }

    private func remark(on waiver: Waiver, isUsed: Bool) -> Finding? {
        let files = waiver.files.map { " for \($0)" } ?? ""
        let isOver = waiver.hasExpired(on: today)
        guard isOver || !isUsed else { return nil }
        let end = waiver.until.map { "\($0)" } ?? ""
        return Finding(
            rule: isOver ? "lathe/waiver-expired" : "lathe/waiver-unused",
            demand: isOver ? "waivers are within their time" : "waivers are needed",
            subject: "waiver \(waiver.rule)\(files)", subjectTitle: "waiver of \(waiver.rule)\(files)", scope: .file,
            status: .failed, severity: isOver ? .warn : .note,
            message: isOver
                ? "the waiver ended on \(end) and no longer helps (\(waiver.reason)); remove it or agree on a new date"
                : "the waiver excused nothing (\(waiver.reason)); remove it, or check its rule and files",
            anchor: waiver.anchor)
    }
}

extension Waiver {
    fileprivate func fits(_ finding: Finding) -> Bool {
        covers(rule: finding.rule) && (files?.matches(finding.subject) ?? true)
    }

    /// "approved by the artist, until 2026-12-31".
    fileprivate var explanation: String { reason + (until.map { ", until \($0)" } ?? "") }
}
