internal import Foundation
internal import GRDB
internal import Glibc
package import RenderPlan

extension SourceIdentity {
    /// Of the file at `path` as it is now, links followed.
    package init(ofFile path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0 else { throw StoreError.system("stat", path, errno) }
        self.init(
            path: path, byteCount: Int(status.st_size),
            modifiedNanoseconds: Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec),
            inode: UInt64(status.st_ino), device: UInt64(status.st_dev))
    }
}

extension Store {
    /// The digests of one window of a source (a file that is not cut into windows has the one window 0), as
    /// they were remembered for exactly this size, time of change, inode and device; nil where it is to be
    /// hashed.
    package func sourceParts(for identity: SourceIdentity, window: Int = 0) throws -> [Part]? {
        try withState { state in
            if let parts = state.pendingSources[identity]?[window] { return parts }
            return try database.writeWithoutTransaction { db in
                let row = try db.firstRow(
                    """
                    SELECT parts FROM sourceWindow JOIN source ON source.id = sourceWindow.source
                    WHERE path = ? AND byteCount = ? AND modified = ? AND inode = ? AND device = ?
                        AND window = ?
                    """, identity.columns + [window.databaseValue])
                guard let row, let bytes = try? row.value(0, as: Data.self) else { return nil }
                return PartCoding.decodeParts(bytes)
            }
        }
    }

    /// Remembers the digests of one window of a source; what was known of an older state of the file is
    /// forgotten.
    package func rememberSource(_ identity: SourceIdentity, window: Int = 0, parts: [Part]) throws {
        try withState { state in
            state.pendingSources[identity, default: [:]][window] = parts
            if state.pendingSources[identity]?.count ?? 0 >= 512 { try writePending(&state) }
        }
    }

    func writeSources(_ db: Database, _ pending: [SourceIdentity: [Int: [Part]]]) throws {
        for (identity, windows) in pending {
            let row = try db.firstRow(
                """
                SELECT id FROM source
                WHERE path = ? AND byteCount = ? AND modified = ? AND inode = ? AND device = ?
                """, identity.columns)
            let id: Int64
            if let row {
                id = try row.value(0)
            } else {
                try db.run(
                    "DELETE FROM sourceWindow WHERE source IN (SELECT id FROM source WHERE path = ?)",
                    [identity.path])
                try db.run("DELETE FROM source WHERE path = ?", [identity.path])
                try db.run(
                    "INSERT INTO source (path, byteCount, modified, inode, device) VALUES (?, ?, ?, ?, ?)",
                    identity.columns)
                id = db.lastInsertedRowID
            }
            for (window, parts) in windows {
                try db.run(
                    "INSERT OR REPLACE INTO sourceWindow (source, window, parts) VALUES (?, ?, ?)",
                    [id, window, PartCoding.encode(parts)])
            }
        }
    }
}

extension SourceIdentity {
    fileprivate var columns: [DatabaseValue] {
        [
            path.databaseValue, byteCount.databaseValue, modifiedNanoseconds.databaseValue, inode.databaseWord,
            device.databaseWord,
        ]
    }
}
