/// Which records may go.
package struct RevisionRetention: Sendable, Equatable {
    /// So many of the newest stay.
    package var keptCount: Int?
    /// What is not older than this stays (seconds since 1970).
    package var keptSinceSeconds: Int?

    package init(keptCount: Int? = nil, keptSinceSeconds: Int? = nil) {
        self.keptCount = keptCount
        self.keptSinceSeconds = keptSinceSeconds
    }

    /// Those of a list that go: what no rule keeps.
    ///
    /// Pinned and named ones never do, nor the last one, after whose number the next is numbered; damaged ones stay,
    /// for what they were is not known. Without a rule nothing goes.
    package func doomed(of list: RevisionList) -> [Revision] {
        guard keptCount != nil || keptSinceSeconds != nil else { return [] }
        let newest = list.revisions.reversed()
        return newest.enumerated().filter { position, revision in
            if position == 0 || revision.pinned != nil || revision.name != nil { return false }
            if let keptCount, position < keptCount { return false }
            if let keptSinceSeconds, revision.timeSeconds >= keptSinceSeconds { return false }
            return true
        }.map(\.element)
    }
}

extension RevisionLog {
    /// Removes what the rules do not keep, and returns it, newest first.
    ///
    /// - Throws: `.notWritten`.
    package func prune(_ retention: RevisionRetention, isDryRun: Bool) throws -> [Revision] {
        if isDryRun || numbers.isEmpty { return retention.doomed(of: list()) }
        let records = try RecordFolder(writing: directory)
        // Read under the lock: a pin that was just made counts.
        let doomed = retention.doomed(of: list())
        try records.remove(doomed.map(\.number))
        return doomed
    }
}
