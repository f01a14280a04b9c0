internal import GRDB
internal import Glibc
internal import Quantities
internal import RenderPlan
internal import Synchronization

/// Bytes by digest, and the ledger, of one namespace in one directory.
///
/// Several processes may have the same store open; each writes packs of its own. What is recorded is kept in
/// memory until `flush()` (also called when enough has come together, or some time after the last one), and outlives
/// a power cut after `sync()`. Everything here is a cache: whatever is missing or wrong is dropped when it is read and
/// rendered again. May be called from several threads; no call may be made from inside another's closure.
package final class Store: Sendable {
    package let directory: String
    package let namespace: StoreNamespace
    /// Reads parts whose ranges are known, without touching the index.
    package let reader: PackReader

    let layout: StoreLayout
    let database: DatabaseQueue
    let state: Mutex<StoreState>
    /// This process's number in the table of owners.
    let ownerID: Int64
    /// Seconds since 1970.
    let now: @Sendable () -> Int
    /// How long what is pending may wait for more; nil: until a batch is full.
    let pendingInterval: Duration?
    let useLock: OpenFile
    /// Uses closer together than this are one: a render touches every part of an album, several times.
    static let useGranularitySeconds = 60
    /// Kept open, and so locked, while the store is: see `StoreOwners`.
    private let ownerFile: OpenFile

    /// Opens or makes the store in `directory`.
    ///
    /// - Parameter pendingInterval: what is recorded is written at once where the last write of that kind is this long
    ///   ago, or there was none; so a process that is killed loses at most its last such stretch. nil: only full
    ///   batches, `flush()`, `sync()` and `close()` write.
    /// - Parameter now: seconds since 1970, for least-recently-used eviction.
    /// - Throws: `.networkFileSystem`, `.newerSchema`, `.foreignDatabase`, `.damagedDatabase`, `.busy` while
    ///   it is being pruned, `.diskFull`.
    package init(
        directory: String, namespace: StoreNamespace = .local,
        writesPendingEvery pendingInterval: Duration? = .milliseconds(25),
        now: @escaping @Sendable () -> Int = { time(nil) }
    ) throws {
        guard directory.hasPrefix("/") else {
            throw StoreError(.invalidName, "the store's directory must be an absolute path: \(directory)")
        }
        try NetworkFileSystem.refuse(directory)
        let layout = StoreLayout(directory: directory, namespace: namespace)
        try layout.makeDirectories()

        let useLock = try opening { try OpenFile(path: layout.useLock, flags: O_RDWR | O_CREAT) }
        guard try useLock.lock(LOCK_SH, seconds: 10) else {
            throw StoreError(.busy, "the store \(directory) is being pruned; try again when that is done")
        }
        let openLock = try opening { try OpenFile(path: layout.openLock, flags: O_RDWR | O_CREAT) }
        guard try openLock.lock(LOCK_EX, seconds: 10) else {
            throw StoreError(.busy, "another process keeps opening the store \(directory); try again")
        }

        let (database, owner) = try mappingDatabaseErrors(layout) {
            let database = try openDatabase(layout)
            var owner: (id: Int64, file: OpenFile)?
            try database.inTransaction(.immediate) { db in
                try StoreSchema.prepare(db, layout: layout)
                let registered = try StoreOwners.register(db, layout: layout)
                try StoreOwners.removeDead(db, layout: layout, except: registered.id)
                owner = registered
                return .commit
            }
            return (database, owner!)
        }
        self.directory = directory
        self.namespace = namespace
        self.now = now
        self.pendingInterval = pendingInterval
        self.layout = layout
        self.database = database
        self.useLock = useLock
        ownerID = owner.id
        ownerFile = owner.file
        reader = PackReader(directory: directory, namespace: namespace)
        state = Mutex(StoreState())
        try mappingDatabaseErrors(layout) { try reclaim() }
    }

    /// Records what is pending, lets go of this process's pins and packs, and returns conflicts found on the
    /// way.
    ///
    /// A store that is dropped without it, or whose process is killed, is cleared up by the next one to open
    /// it.
    @discardableResult
    package func close() throws -> [LedgerConflict] {
        try withState { state in
            state.ownWriter = nil
            let conflicts = try flush(&state)
            try database.inTransaction(.immediate) { db in
                try StoreOwners.remove(db, ownerID, layout: layout)
                return .commit
            }
            state.isClosed = true
            try database.close()
            _ = try useLock.tryLock(LOCK_UN)
            return conflicts
        }
    }

    /// Runs `body` on the state under its lock, with database errors told as store errors.
    func withState<T: Sendable>(_ body: (inout StoreState) throws -> T) throws -> T {
        try state.withLock { state in
            precondition(!state.isClosed, "the store is closed")
            return try mappingDatabaseErrors(layout) { try body(&state) }
        }
    }
}

/// What a store keeps in memory.
struct StoreState {
    struct IndexEntry {
        var range: PackRange
        /// The bytes were seen to have the digest in this process's lifetime.
        var isVerified: Bool
        /// Not in the database yet.
        var isPending: Bool
        /// When it was last used, as the database has it or soon will: seconds since 1970.
        var lastUse: Int
    }

    var isClosed = false
    /// What is known of the index; a digest that is absent may still be in the database.
    var index: [Digest: IndexEntry] = [:]
    var pendingBlobs: [Digest] = []
    var pendingResults: [TaskKey: LedgerEntry] = [:]
    var pendingResultKeys: [TaskKey] = []
    /// When what was pending last went to the database because it was due; nil: never, so the first is due at once.
    var lastWrite: ContinuousClock.Instant?
    /// Keys that were looked up and not found, so that recording them asks the database no second time.
    var absentKeys: Set<TaskKey> = []
    var pendingSources: [SourceIdentity: [Int: [Part]]] = [:]
    var touched: Set<Digest> = []
    var pinCounts: [Digest: Int] = [:]
    var pinsToAdd: Set<Digest> = []
    /// Those of `pinsToAdd` whose bytes another process could evict by now.
    var urgentPins: Set<Digest> = []
    var pinsToRemove: Set<Digest> = []
    var provenanceIDs: [Provenance: Int64] = [:]
    var conflicts: [LedgerConflict] = []
    var losses: [BlobLoss] = []
    var lossCount = 0
    var ownPacks: Set<PackID> = []
    var unsynchronizedPacks: Set<PackID> = []
    var hasUnsynchronizedDirectory = true
    /// For parts that this process writes itself.
    var ownWriter: PackWriter?

    var pendingRowCount: Int { pendingBlobs.count + pendingResultKeys.count }
}

private func openDatabase(_ layout: StoreLayout) throws -> DatabaseQueue {
    var configuration = Configuration()
    configuration.journalMode = .wal
    configuration.busyMode = .timeout(10)
    configuration.foreignKeysEnabled = false
    configuration.prepareDatabase { db in
        try db.execute(sql: "PRAGMA synchronous = NORMAL")
        try db.execute(sql: "PRAGMA cache_size = -16384")
    }
    return try DatabaseQueue(path: layout.database, configuration: configuration)
}

/// Runs `body`, telling SQLite's errors as store errors.
func mappingDatabaseErrors<T>(_ layout: StoreLayout, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as DatabaseError {
        throw StoreError.database(error, layout.database, storeDirectory: layout.storeDirectory)
    }
}
