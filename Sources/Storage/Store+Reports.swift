internal import Foundation
internal import GRDB
package import Quantities
internal import RenderPlan

/// One part in the store.
package struct BlobStatistics: Hashable, Sendable {
    package let digest: Digest
    package let range: PackRange
    package let lastUseSeconds: Int
    /// By any live process.
    package let isPinned: Bool
    /// Keys of the results that name it, in order of key; empty where none does.
    package let usedBy: [TaskKey]
}

/// What a store holds.
package struct StoreStatistics: Hashable, Sendable {
    package let directory: String
    package let namespace: StoreNamespace
    package let schemaVersion: Int
    /// Allocated blocks of packs and database, in bytes.
    package let diskByteCount: Int
    package let blobByteCount: Int
    package let pinnedByteCount: Int
    package let blobCount: Int
    package let packCount: Int
    package let resultCount: Int
    package let jobCount: Int
    /// Processes that have the store open, this one included.
    package let processCount: Int
    /// In order of pack and offset.
    package let blobs: [BlobStatistics]
}

/// What reading everything in a store came to.
package struct VerificationReport: Hashable, Sendable {
    package let checkedCount: Int
    package let checkedByteCount: Int
    /// Missing or damaged parts, in order of pack and offset.
    package let losses: [BlobLoss]
    /// True where those were taken out of the index.
    package let isRepaired: Bool
}

extension Store {
    /// Counts everything and lists every part.
    package func statistics() throws -> StoreStatistics {
        try withState { state in
            try writePending(&state)
            let diskByteCount = try layout.diskByteCount()
            let packCount = try layout.packFiles().count
            return try database.writeWithoutTransaction { db in
                try StoreOwners.removeDead(db, layout: layout, except: ownerID)
                let blobs = try blobStatistics(db)
                return StoreStatistics(
                    directory: directory, namespace: namespace, schemaVersion: StoreSchema.version,
                    diskByteCount: diskByteCount,
                    blobByteCount: blobs.reduce(0) { $0 + $1.range.byteCount },
                    pinnedByteCount: blobs.reduce(0) { $0 + ($1.isPinned ? $1.range.byteCount : 0) },
                    blobCount: blobs.count, packCount: packCount,
                    resultCount: try rowCount(db, of: "result"), jobCount: try rowCount(db, of: "job"),
                    processCount: try rowCount(db, of: "owner"), blobs: blobs)
            }
        }
    }

    /// Reads every part and checks its digest; with `repairing`, takes the bad ones out, so that they are
    /// rendered again when they are needed.
    ///
    /// Other calls may go on meanwhile.
    package func verify(repairing: Bool = false) throws -> VerificationReport {
        let places = try withState { state in
            try writePending(&state)
            var places: [(digest: Digest, range: PackRange)] = []
            try database.writeWithoutTransaction { db in
                try db.forEachRow("SELECT high, low, pack, offset, byteCount FROM blob ORDER BY pack, offset") {
                    places.append((try Digest($0), try PackRange($0, at: 2)))
                }
            }
            return places
        }
        var losses: [BlobLoss] = []
        var byteCount = 0
        for place in places {
            do {
                try reader.verify(place.range, digest: place.digest)
                byteCount += place.range.byteCount
            } catch let error as StoreError where error.isLoss {
                // Evicted while this was running is no loss.
                let isListed = try withState { try storedRange(place.digest, &$0) == place.range }
                guard isListed else { continue }
                losses.append(BlobLoss(digest: place.digest, range: place.range, reason: error.message))
                if repairing { try drop(place.digest, at: place.range, reason: error.message) }
            }
        }
        return VerificationReport(
            checkedCount: places.count, checkedByteCount: byteCount, losses: losses, isRepaired: repairing)
    }

    private func blobStatistics(_ db: Database) throws -> [BlobStatistics] {
        var users: [Digest: [TaskKey]] = [:]
        try forEachResult(db, recordedBefore: .max) { key, result in
            let parts = result.outputs.joined() + (result.snapshot.map { [$0] } ?? [])
            for digest in Set(parts.map(\.digest)) { users[digest, default: []].append(key) }
        }
        var blobs: [BlobStatistics] = []
        try db.forEachRow(
            """
            SELECT high, low, pack, offset, byteCount, lastUse, EXISTS
                (SELECT 1 FROM pin WHERE pin.high = blob.high AND pin.low = blob.low)
            FROM blob ORDER BY pack, offset
            """
        ) { row in
            let digest = try Digest(row)
            blobs.append(
                BlobStatistics(
                    digest: digest, range: try PackRange(row, at: 2), lastUseSeconds: try row.value(5),
                    isPinned: try row.value(6),
                    usedBy: (users[digest] ?? []).sorted()))
        }
        return blobs
    }

    private func rowCount(_ db: Database, of table: String) throws -> Int {
        try db.integer("SELECT COUNT(*) FROM \(table)")
    }

    /// Visits the results recorded before a time (seconds since 1970); damaged rows are passed over.
    func forEachResult(
        _ db: Database, recordedBefore seconds: Int, _ visit: (TaskKey, TaskResult) throws -> Void
    ) throws {
        try db.forEachRow("SELECT key0, key1, key2, key3, value FROM result WHERE recordedAt < ?", [seconds]) {
            guard let result = PartCoding.decodeResult((try? $0.value(4)) ?? Data()) else { return }
            try visit(try TaskKey($0), result)
        }
    }
}
