internal import GRDB
internal import Glibc

/// What went wrong with a store, and what to do about it.
package struct StoreError: Error, Hashable, CustomStringConvertible {
    /// The kind of failure, stable across versions: reports print it and callers branch on it.
    package enum Code: String, Sendable {
        case invalidName = "store-invalid-name"
        case networkFileSystem = "store-on-network-file-system"
        case newerSchema = "store-newer-schema"
        case foreignDatabase = "store-foreign-database"
        case damagedDatabase = "store-damaged-database"
        case database = "store-database"
        case busy = "store-busy"
        case diskFull = "store-disk-full"
        case packInUse = "store-pack-in-use"
        case invalidRange = "store-invalid-range"
        case blobMissing = "store-blob-missing"
        case blobDamaged = "store-blob-damaged"
        /// This process may open no further file: later, when others are closed.
        case noDescriptors = "store-no-descriptors"
        case system = "store-system-call"
    }

    package let code: Code
    /// A sentence for the user: what, where, and the remedy.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { "\(message) [\(code.rawValue)]" }

    /// True where the bytes are gone or wrong, so that rendering them again is the remedy; false where trying
    /// the same read again may succeed (no descriptors left, no permission).
    package var isLoss: Bool { code == .blobMissing || code == .blobDamaged }
}

extension StoreError {
    /// A failed system call on `path`; a full disk has a code of its own.
    static func system(_ call: String, _ path: String, _ number: Int32) -> StoreError {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOSPC, EDQUOT, EFBIG:
            return StoreError(
                .diskFull,
                "no space left for \(path) (\(call): \(reason)); free some disk, or run `lathe store prune`")
        case EMFILE, ENFILE:
            return StoreError(.noDescriptors, "no file can be opened any more: \(path) (\(call): \(reason))")
        case EACCES, EPERM, EROFS:
            return StoreError(
                .system,
                "\(path) may not be used by this user (\(call): \(reason)); change its permissions, or choose another"
                    + " store with --store")
        case ENOTDIR:
            return StoreError(
                .system,
                "\(path) needs a folder where a file lies (\(call): \(reason)); move it away, or choose another store"
                    + " with --store")
        default:
            return StoreError(.system, "\(call) failed for \(path): \(reason)")
        }
    }

    /// A failure that SQLite reported for the database at `path`.
    static func database(_ error: DatabaseError, _ path: String, storeDirectory: String) -> StoreError {
        let reason = error.message ?? "SQLite error \(error.resultCode.rawValue)"
        switch error.resultCode.primaryResultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return StoreError(
                .damagedDatabase,
                "the store's database \(path) is damaged (\(reason)); a store is only a cache: "
                    + "delete \(storeDirectory) and render again")
        case .SQLITE_FULL:
            return StoreError(
                .diskFull,
                "no space left for \(path) (\(reason)); free some disk, or run `lathe store prune`")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            return StoreError(
                .busy,
                "another process has kept the store's database \(path) locked; try again when it is done")
        default:
            return StoreError(.database, "the store's database \(path) failed: \(reason)")
        }
    }
}
