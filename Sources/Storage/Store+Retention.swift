internal import GRDB
internal import Glibc
internal import Quantities
internal import RenderPlan

/// What an eviction came to.
///
/// Byte counts are of allocated blocks.
package struct EvictionReport: Hashable, Sendable {
    /// On disk before and after; for a dry run the second is an estimate.
    package var diskByteCountBefore = 0
    package var diskByteCountAfter = 0
    /// Parts taken out, and their bytes.
    package var evictedCount = 0
    package var evictedByteCount = 0
    /// Results without any bytes left that were forgotten; `prune` only.
    package var forgottenResultCount = 0
}

extension Store {
    /// Bytes that the store occupies on disk (allocated blocks of packs and database): a few microseconds a
    /// pack.
    package func diskByteCount() throws -> Int { try layout.diskByteCount() }

    /// Evicts least recently used parts that nobody has pinned until the store occupies at most `limit` bytes
    /// or nothing more may go.
    ///
    /// May be called during a job: blocks are given back one part at a time.
    @discardableResult
    package func trim(toByteCount limit: Int) throws -> EvictionReport {
        try withState { state in
            try writePending(&state)
            return try evict(&state, toByteCount: limit, unusedSince: nil)
        }
    }

    /// As `trim`, but only when the store exceeds `limit`, and then by a twentieth more, so that a job near
    /// its limit does not trim at every commit.
    ///
    /// Nil where nothing was to be done.
    package func trimIfNeeded(limitByteCount limit: Int) throws -> EvictionReport? {
        guard try diskByteCount() > limit else { return nil }
        return try trim(toByteCount: limit - limit / 20)
    }

    /// Clears out: parts that were last used before a time (seconds since 1970), then by least recent use
    /// down to a size, then results and sources that point nowhere.
    ///
    /// A dry run counts and changes nothing.
    ///
    /// - Throws: `.busy` while another process has the store open.
    package func prune(
        unusedSince seconds: Int? = nil, toByteCount limit: Int? = nil, isDryRun: Bool = false
    ) throws -> EvictionReport {
        try withState { state in
            try writePending(&state)
            if isDryRun { return try estimate(toByteCount: limit, unusedSince: seconds) }
            guard try useLock.tryLock(LOCK_EX) else {
                // A failed conversion of a lock gives up the old one (flock(2)).
                _ = try useLock.lock(LOCK_SH, seconds: 10)
                throw StoreError(
                    .busy, "the store \(directory) is in use by another render; prune it when that is done")
            }
            defer { _ = try? useLock.tryLock(LOCK_SH) }
            var report = try evict(&state, toByteCount: limit, unusedSince: seconds)
            report.forgottenResultCount = try forgetResults(recordedBefore: seconds)
            try database.vacuum()
            _ = try database.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            report.diskByteCountAfter = try layout.diskByteCount()
            return report
        }
    }

    /// Clears up after dead processes: their pins go, their packs lose what no row points to, empty ones go
    /// whole.
    func reclaim() throws {
        var doomed: [PackID] = []
        var sweeps: [(pack: PackID, gaps: [PackRange], end: Int)] = []
        try database.inTransaction(.immediate) { db in
            try StoreOwners.removeDead(db, layout: layout, except: ownerID)
            var known: Set<PackID> = []
            var candidates: [(pack: PackID, isSwept: Bool)] = []
            try db.forEachRow("SELECT id, owner, isSwept FROM pack") { row in
                let pack = PackID(try row.value(0))
                known.insert(pack)
                if try row.optional(1, as: Int64.self) == nil { candidates.append((pack, try row.value(2))) }
            }
            doomed = try layout.packFiles().filter { !known.contains($0) }
            for candidate in candidates {
                let live = try liveRanges(db, candidate.pack)
                if live.isEmpty {
                    try db.run("DELETE FROM pack WHERE id = ?", [candidate.pack.rawValue])
                    doomed.append(candidate.pack)
                } else if !candidate.isSwept, hasNoWriter(candidate.pack) {
                    let (gaps, end) = gaps(between: live, pack: candidate.pack)
                    sweeps.append((candidate.pack, gaps, end))
                    try db.run("UPDATE pack SET isSwept = 1 WHERE id = ?", [candidate.pack.rawValue])
                }
            }
            return .commit
        }
        // After the commit: a crash in between leaves files without rows, which the next call removes.
        for pack in doomed where hasNoWriter(pack) {
            unlink(layout.pack(pack))
            reader.forget(pack)
        }
        for sweep in sweeps {
            truncateTail(sweep.pack, to: sweep.end)
            punch(sweep.gaps)
        }
    }

    // MARK: Under the lock

    private struct Candidate {
        let digest: Digest
        let range: PackRange
    }

    private func evict(
        _ state: inout StoreState, toByteCount limit: Int?, unusedSince seconds: Int?
    ) throws -> EvictionReport {
        var report = EvictionReport()
        report.diskByteCountBefore = try layout.diskByteCount()
        try reclaim()
        if let seconds {
            try evict(&state, &report) { try candidates($0, unusedSince: seconds, excessByteCount: nil) }
        }
        var disk = try layout.diskByteCount()
        while let limit, disk > limit {
            // Parts share blocks at their ends, so what was freed is measured, and made up for in the next
            // round.
            let excess = disk - limit
            let count = report.evictedCount
            try evict(&state, &report) { try candidates($0, unusedSince: nil, excessByteCount: excess) }
            disk = try layout.diskByteCount()
            if report.evictedCount == count { break }
        }
        report.diskByteCountAfter = disk
        return report
    }

    private func evict(
        _ state: inout StoreState, _ report: inout EvictionReport, choosing: (Database) throws -> [Candidate]
    ) throws {
        var chosen: [Candidate] = []
        try database.inTransaction(.immediate) { db in
            // A damaged page may show rows that are not found under their names: what did not go was not evicted, or
            // the next round would choose it again, for ever.
            chosen = try choosing(db).filter { candidate in
                try db.run("DELETE FROM blob WHERE high = ? AND low = ?", candidate.digest.columns)
                return db.changesCount > 0
            }
            for pack in Set(chosen.map(\.range.pack)) {
                try db.run("UPDATE pack SET isSwept = 0 WHERE id = ?", [pack.rawValue])
            }
            return .commit
        }
        guard !chosen.isEmpty else { return }
        for candidate in chosen {
            state.index[candidate.digest] = nil
            state.touched.remove(candidate.digest)
            report.evictedCount += 1
            report.evictedByteCount += candidate.range.byteCount
        }
        punch(merged(chosen.map(\.range)))
        try reclaim()
    }

    /// Unpinned parts, least recently used first, as many as are needed.
    private func candidates(
        _ db: Database, unusedSince seconds: Int?, excessByteCount: Int?
    ) throws -> [Candidate] {
        let rows = try Row.fetchCursor(
            db,
            sql: """
                SELECT high, low, pack, offset, byteCount FROM blob
                WHERE lastUse < ? AND NOT EXISTS
                    (SELECT 1 FROM pin WHERE pin.high = blob.high AND pin.low = blob.low)
                ORDER BY lastUse, pack, offset
                """, arguments: [seconds ?? .max])
        var chosen: [Candidate] = []
        var byteCount = 0
        while byteCount < excessByteCount ?? .max, let row = try rows.next() {
            let candidate = Candidate(digest: try Digest(row), range: try PackRange(row, at: 2))
            chosen.append(candidate)
            byteCount += candidate.range.byteCount
        }
        return chosen
    }

    private func estimate(toByteCount limit: Int?, unusedSince seconds: Int?) throws -> EvictionReport {
        var report = EvictionReport()
        report.diskByteCountBefore = try layout.diskByteCount()
        var chosen: Set<Digest> = []
        func count(_ candidates: [Candidate]) {
            for candidate in candidates where chosen.insert(candidate.digest).inserted {
                report.evictedCount += 1
                report.evictedByteCount += candidate.range.byteCount
            }
        }
        try database.writeWithoutTransaction { db in
            if let seconds { count(try candidates(db, unusedSince: seconds, excessByteCount: nil)) }
            if let limit, report.diskByteCountBefore > limit {
                // The oldest come first in both choices, so the second one holds the first.
                let excess = report.diskByteCountBefore - limit
                count(try candidates(db, unusedSince: nil, excessByteCount: excess))
            }
        }
        report.diskByteCountAfter = max(0, report.diskByteCountBefore - report.evictedByteCount)
        return report
    }

    /// Forgets results none of whose bytes are left, and sources whose files are gone.
    private func forgetResults(recordedBefore seconds: Int?) throws -> Int {
        var forgotten = 0
        try database.inTransaction(.immediate) { db in
            if let seconds {
                var keys: [TaskKey] = []
                try forEachResult(db, recordedBefore: seconds) { key, result in
                    let parts = result.outputs.joined() + (result.snapshot.map { [$0] } ?? [])
                    for part in parts {
                        let row = try db.firstRow(
                            "SELECT 1 FROM blob WHERE high = ? AND low = ?", part.digest.columns)
                        if row != nil { return }
                    }
                    keys.append(key)
                }
                for key in keys {
                    try db.run(
                        "DELETE FROM result WHERE key0 = ? AND key1 = ? AND key2 = ? AND key3 = ?",
                        key.columns)
                }
                forgotten = keys.count
            }
            var sources: [Int64] = []
            try db.forEachRow("SELECT id, path FROM source") { row in
                if access(try row.value(1, as: String.self), F_OK) != 0 { sources.append(try row.value(0)) }
            }
            for source in sources {
                try db.run("DELETE FROM sourceWindow WHERE source = ?", [source])
                try db.run("DELETE FROM source WHERE id = ?", [source])
            }
            return .commit
        }
        return forgotten
    }

    private func liveRanges(_ db: Database, _ pack: PackID) throws -> [PackRange] {
        var live: [PackRange] = []
        try db.forEachRow(
            "SELECT pack, offset, byteCount FROM blob WHERE pack = ? ORDER BY offset", [pack.rawValue]
        ) { live.append(try PackRange($0, at: 0)) }
        return live
    }

    /// A writer, even one that has outlived its coordinator, holds a lock on its pack.
    private func hasNoWriter(_ pack: PackID) -> Bool {
        guard let file = try? OpenFile(path: layout.pack(pack), flags: O_RDWR) else { return true }
        return (try? file.tryLock(LOCK_EX)) ?? false
    }

    private func truncateTail(_ pack: PackID, to end: Int) {
        guard let file = try? OpenFile(path: layout.pack(pack), flags: O_RDWR),
            let size = try? Int(file.status().st_size), size >= end
        else { return }
        // Also at the same size: that gives back what was reserved beyond the end.
        _ = ftruncate(file.descriptor, off_t(end))
    }
}

/// What lies between live ranges (in order of offset) of a pack, and where the last one ends.
private func gaps(between live: [PackRange], pack: PackID) -> (gaps: [PackRange], end: Int) {
    var gaps: [PackRange] = []
    var end = 0
    for range in live {
        if range.offset > end {
            gaps.append(PackRange(pack: pack, offset: end, byteCount: range.offset - end))
        }
        end = max(end, range.offset + range.byteCount)
    }
    return (gaps, end)
}

/// Ranges in order of place, neighbours joined, so that the blocks they share are freed too.
private func merged(_ ranges: [PackRange]) -> [PackRange] {
    var merged: [PackRange] = []
    for range in ranges.sorted(by: { ($0.pack, $0.offset) < ($1.pack, $1.offset) }) {
        if let last = merged.last, last.pack == range.pack, last.offset + last.byteCount == range.offset {
            merged[merged.count - 1] = PackRange(
                pack: last.pack, offset: last.offset, byteCount: last.byteCount + range.byteCount)
        } else {
            merged.append(range)
        }
    }
    return merged
}
