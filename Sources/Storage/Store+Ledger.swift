internal import Foundation
internal import GRDB
package import Quantities
internal import RenderPlan

extension Store {
    /// What the ledger knows of a key; nil where it is to be rendered.
    package func lookUp(_ key: TaskKey) throws -> LedgerEntry? { try lookUp([key])[0] }

    /// What the ledger knows of each key; nil where it is to be rendered.
    package func lookUp(_ keys: [TaskKey]) throws -> [LedgerEntry?] {
        try withState { state in
            // One transaction, so that SQLite takes its locks once.
            var entries: [LedgerEntry?] = []
            try database.inTransaction(.deferred) { db in
                entries = try keys.map { try state.pendingResults[$0] ?? storedResult(db, $0) }
                return .commit
            }
            for (key, entry) in zip(keys, entries) where entry == nil {
                if state.absentKeys.count >= 65_536 { state.absentKeys = [] }
                state.absentKeys.insert(key)
            }
            return entries
        }
    }

    /// Enters a result.
    ///
    /// One that disagrees with an older one is refused, and both are the caller's to judge.
    package func record(_ entry: LedgerEntry) throws -> LedgerRecording {
        try withState { state in
            // What another process has recorded since the key was looked up is found by the flush.
            let isAbsent = state.absentKeys.remove(entry.key) != nil && state.pendingResults[entry.key] == nil
            if !isAbsent, let existing = try lookUp(entry.key, &state) {
                return existing.result == entry.result ? .alreadyRecorded : .conflict(existing: existing)
            }
            state.pendingResults[entry.key] = entry
            state.pendingResultKeys.append(entry.key)
            try flushWhenDue(&state)
            return .recorded
        }
    }

    /// Takes results out, after a dispute; their bytes stay until they are evicted.
    package func removeResults(_ keys: [TaskKey]) throws {
        try withState { state in
            try writePending(&state)
            JournalPoint.reached()
            try database.inTransaction(.immediate) { db in
                for key in keys {
                    try db.run(
                        "DELETE FROM result WHERE key0 = ? AND key1 = ? AND key2 = ? AND key3 = ?",
                        key.columns)
                }
                return .commit
            }
        }
    }

    /// The keys of what one worker's results were recorded under since a time (seconds since 1970), in order
    /// of key.
    package func resultKeys(ofWorker worker: String, since seconds: Int) throws -> [TaskKey] {
        try withState { state in
            try writePending(&state)
            var keys: [TaskKey] = []
            try database.writeWithoutTransaction { db in
                try db.forEachRow(
                    """
                    SELECT key0, key1, key2, key3
                    FROM result JOIN provenance ON provenance.id = result.provenance
                    WHERE worker = ? AND recordedAt >= ?
                    """, [worker, seconds]
                ) { keys.append(try TaskKey($0)) }
            }
            return keys.sorted()
        }
    }

    /// Writes what is pending in one transaction (a few microseconds a row), and returns the conflicts with
    /// results that other processes have written meanwhile: those stand, ours are rejected.
    @discardableResult
    package func flush() throws -> [LedgerConflict] {
        try withState { try flush(&$0) }
    }

    /// As `flush()`, and makes everything recorded so far outlive a power cut: claims to the outside (job
    /// done, a file under its final name) wait for it.
    @discardableResult
    package func sync() throws -> [LedgerConflict] {
        // Bytes before rows; and outside the lock, for a disk may take long over it.
        let (packs, hasDirectory) = try withState { state in
            let pending = (state.unsynchronizedPacks.sorted(), state.hasUnsynchronizedDirectory)
            state.unsynchronizedPacks = []
            state.hasUnsynchronizedDirectory = false
            return pending
        }
        do {
            for pack in packs {
                do { try reader.synchronize(pack) } catch let error as StoreError where error.isLoss {
                    // Removed meanwhile: there is nothing left to lose.
                }
            }
            if hasDirectory {
                try synchronizeDirectory(layout.packs)
                try synchronizeDirectory(layout.root)
            }
        } catch {
            try withState { state in
                state.unsynchronizedPacks.formUnion(packs)
                state.hasUnsynchronizedDirectory = state.hasUnsynchronizedDirectory || hasDirectory
            }
            throw error
        }
        JournalPoint.reached()
        return try withState { state in
            let conflicts = try flush(&state)
            try database.writeWithoutTransaction { db in
                // In WAL mode a FULL commit syncs the log, and with it all that was committed before.
                try db.execute(sql: "PRAGMA synchronous = FULL")
                defer { try? db.execute(sql: "PRAGMA synchronous = NORMAL") }
                try db.run("UPDATE synchronization SET count = count + 1", [])
            }
            JournalPoint.reached()
            return conflicts
        }
    }

    // MARK: Jobs

    /// Enters a job, or what became of it.
    package func recordJob(_ job: JobRecord) throws {
        try withState { _ in
            try database.writeWithoutTransaction { db in
                try db.run(
                    """
                    INSERT INTO job (id, title, revision, state, startedAt, finishedAt)
                    VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (id) DO UPDATE SET state = excluded.state, finishedAt = excluded.finishedAt
                    """,
                    [
                        job.id, job.title, job.revision, job.state, job.startedAtSeconds,
                        job.finishedAtSeconds ?? DatabaseValue.null,
                    ])
            }
        }
    }

    /// All jobs, oldest first.
    package func jobs() throws -> [JobRecord] {
        try withState { _ in
            var jobs: [JobRecord] = []
            try database.writeWithoutTransaction { db in
                try db.forEachRow(
                    "SELECT id, title, revision, state, startedAt, finishedAt FROM job ORDER BY startedAt, id"
                ) { row in
                    jobs.append(
                        JobRecord(
                            id: try row.value(0), title: try row.value(1), revision: try row.value(2),
                            state: try row.value(3), startedAtSeconds: try row.value(4),
                            finishedAtSeconds: try row.optional(5)))
                }
            }
            return jobs
        }
    }

    // MARK: Under the lock

    private func lookUp(_ key: TaskKey, _ state: inout StoreState) throws -> LedgerEntry? {
        if let entry = state.pendingResults[key] { return entry }
        return try database.writeWithoutTransaction { try storedResult($0, key) }
    }

    private func storedResult(_ db: Database, _ key: TaskKey) throws -> LedgerEntry? {
        let row = try db.firstRow(
            """
            SELECT value, costSeconds, recordedAt, worker, incarnation, processorModel, latheVersion
            FROM result JOIN provenance ON provenance.id = result.provenance
            WHERE key0 = ? AND key1 = ? AND key2 = ? AND key3 = ?
            """, key.columns)
        guard let row else { return nil }
        do {
            guard let result = PartCoding.decodeResult(try row.value(0)) else { throw Row.damage }
            return LedgerEntry(
                key: key, result: result,
                provenance: Provenance(
                    worker: try row.value(3), incarnation: try row.value(4), processorModel: try row.value(5),
                    latheVersion: try row.value(6)),
                costSeconds: try row.value(1), recordedAtSeconds: try row.value(2))
        } catch {
            // A damaged row is no hint at all.
            try db.run("DELETE FROM result WHERE key0 = ? AND key1 = ? AND key2 = ? AND key3 = ?", key.columns)
            return nil
        }
    }

    /// Enough rows that a transaction's own cost (some 50 microseconds) is small beside them, or what has waited for
    /// long enough: a render that is killed loses what is pending.
    func flushWhenDue(_ state: inout StoreState) throws {
        guard state.pendingRowCount < 512 else { return try writeDue(&state, at: .now) }
        guard let pendingInterval else { return }
        let now = ContinuousClock.now
        let isDue = state.lastWrite.map { now - $0 >= pendingInterval } ?? true
        if isDue { try writeDue(&state, at: now) }
    }

    private func writeDue(_ state: inout StoreState, at now: ContinuousClock.Instant) throws {
        try writePending(&state)
        state.lastWrite = now
    }

    func flush(_ state: inout StoreState) throws -> [LedgerConflict] {
        try writePending(&state)
        defer { state.conflicts = [] }
        return state.conflicts
    }

    /// Writes what is pending; conflicts are kept for the next `flush()` of the caller's.
    func writePending(_ state: inout StoreState) throws {
        let isIdle =
            state.pendingRowCount == 0 && state.touched.isEmpty && state.pinsToAdd.isEmpty
            && state.pinsToRemove.isEmpty && state.pendingSources.isEmpty
        guard !isIdle else { return }
        var conflicts: [LedgerConflict] = []
        JournalPoint.reached()
        do {
            try database.inTransaction(.immediate) { db in
                try writeBlobs(db, state)
                for key in state.pendingResultKeys {
                    guard let entry = state.pendingResults[key] else { continue }
                    if let conflict = try writeResult(db, entry, &state.provenanceIDs) {
                        conflicts.append(conflict)
                    }
                }
                try writeSources(db, state.pendingSources)
                JournalPoint.reached()
                return .commit
            }
        } catch {
            // Numbers given inside a transaction that was rolled back are void.
            state.provenanceIDs = [:]
            throw error
        }
        JournalPoint.reached()
        for digest in state.pendingBlobs { state.index[digest]?.isPending = false }
        state.pendingBlobs = []
        state.pendingResults = [:]
        state.pendingResultKeys = []
        state.pendingSources = [:]
        state.touched = []
        state.pinsToAdd = []
        state.urgentPins = []
        state.pinsToRemove = []
        state.conflicts += conflicts
    }

    private func writeBlobs(_ db: Database, _ state: StoreState) throws {
        let now = now()
        let owner = UInt64(bitPattern: ownerID)
        for digest in state.pendingBlobs {
            guard let range = state.index[digest]?.range else { continue }
            try db.run(
                """
                INSERT OR IGNORE INTO blob (high, low, pack, offset, byteCount, lastUse)
                VALUES (?, ?, ?, ?, ?, ?)
                """,
                digest.columns
                    + [range.pack.rawValue, range.offset, range.byteCount, now].map(\.databaseValue))
        }
        let touch = try WordStatement(
            db, "UPDATE blob SET lastUse = ?1 WHERE high = ?2 AND low = ?3 AND lastUse < ?1")
        for digest in state.touched { try touch.run([UInt64(now), digest.high, digest.low]) }
        let add = try WordStatement(db, "INSERT OR IGNORE INTO pin (high, low, owner) VALUES (?, ?, ?)")
        for digest in state.pinsToAdd { try add.run([digest.high, digest.low, owner]) }
        let remove = try WordStatement(db, "DELETE FROM pin WHERE high = ? AND low = ? AND owner = ?")
        for digest in state.pinsToRemove { try remove.run([digest.high, digest.low, owner]) }
    }

    private func writeResult(
        _ db: Database, _ entry: LedgerEntry, _ provenanceIDs: inout [Provenance: Int64]
    ) throws -> LedgerConflict? {
        let provenance: Int64
        if let known = provenanceIDs[entry.provenance] {
            provenance = known
        } else {
            provenance = try provenanceID(db, entry.provenance)
            provenanceIDs[entry.provenance] = provenance
        }
        try db.run(
            """
            INSERT OR IGNORE INTO result (key0, key1, key2, key3, value, provenance, costSeconds, recordedAt)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            entry.key.columns
                + [
                    PartCoding.encode(entry.result).databaseValue, provenance.databaseValue,
                    entry.costSeconds.databaseValue, entry.recordedAtSeconds.databaseValue,
                ])
        guard db.changesCount == 0, let existing = try storedResult(db, entry.key),
            existing.result != entry.result
        else { return nil }
        return LedgerConflict(existing: existing, rejected: entry)
    }

    private func provenanceID(_ db: Database, _ provenance: Provenance) throws -> Int64 {
        let columns: [DatabaseValue] = [
            provenance.worker, provenance.incarnation, provenance.processorModel, provenance.latheVersion,
        ].map(\.databaseValue)
        try db.run(
            """
            INSERT OR IGNORE INTO provenance (worker, incarnation, processorModel, latheVersion)
            VALUES (?, ?, ?, ?)
            """, columns)
        let row = try db.firstRow(
            """
            SELECT id FROM provenance
            WHERE worker = ? AND incarnation = ? AND processorModel = ? AND latheVersion = ?
            """, columns)
        guard let row else { throw StoreError(.database, "the store's database forgot a row just written") }
        return try row.value(0)
    }
}
