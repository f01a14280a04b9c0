internal import GRDB

/// The tables of a store.
///
/// Digests and keys are stored as 64-bit words, bit for bit: cheaper than blobs, and `printf('%016x%016x',
/// high, low)` shows them.
enum StoreSchema {
    /// Raised whenever an older Lathe could not read what this one writes.
    static let version = 1
    /// "Lath": tells a store from another program's SQLite file.
    static let applicationID = 0x4c61_7468

    static let tables = """
        CREATE TABLE owner (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            process INTEGER NOT NULL,
            processStart INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE pack (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            owner INTEGER,
            isSwept INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE blob (
            high INTEGER NOT NULL, low INTEGER NOT NULL,
            pack INTEGER NOT NULL, offset INTEGER NOT NULL, byteCount INTEGER NOT NULL,
            lastUse INTEGER NOT NULL,
            PRIMARY KEY (high, low)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX blobByPlace ON blob (pack, offset);
        CREATE TABLE pin (
            high INTEGER NOT NULL, low INTEGER NOT NULL, owner INTEGER NOT NULL,
            PRIMARY KEY (high, low, owner)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE provenance (
            id INTEGER PRIMARY KEY,
            worker TEXT NOT NULL, incarnation TEXT NOT NULL,
            processorModel TEXT NOT NULL, latheVersion TEXT NOT NULL,
            UNIQUE (worker, incarnation, processorModel, latheVersion)
        ) STRICT;
        CREATE TABLE result (
            key0 INTEGER NOT NULL, key1 INTEGER NOT NULL, key2 INTEGER NOT NULL, key3 INTEGER NOT NULL,
            value BLOB NOT NULL,
            provenance INTEGER NOT NULL, costSeconds REAL NOT NULL, recordedAt INTEGER NOT NULL,
            PRIMARY KEY (key0, key1, key2, key3)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE source (
            id INTEGER PRIMARY KEY,
            path TEXT NOT NULL UNIQUE,
            byteCount INTEGER NOT NULL, modified INTEGER NOT NULL,
            inode INTEGER NOT NULL, device INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE sourceWindow (
            source INTEGER NOT NULL, window INTEGER NOT NULL, parts BLOB NOT NULL,
            PRIMARY KEY (source, window)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE job (
            id TEXT PRIMARY KEY,
            title TEXT NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
            startedAt INTEGER NOT NULL, finishedAt INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE synchronization (id INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
        INSERT INTO synchronization VALUES (1, 0);
        """

    /// Makes the tables of a new database; refuses one that is newer or not a store at all.
    static func prepare(_ db: Database, layout: StoreLayout) throws {
        let version = try db.integer("PRAGMA user_version")
        let application = try db.integer("PRAGMA application_id")
        let tableCount = try db.integer("SELECT COUNT(*) FROM sqlite_master")
        if version == 0, application == 0, tableCount == 0 {
            try db.execute(sql: tables)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
            try db.execute(sql: "PRAGMA user_version = \(self.version)")
            return
        }
        guard application == applicationID else {
            throw StoreError(
                .foreignDatabase,
                "\(layout.database) is a database of another program; choose another directory with --store")
        }
        guard version <= self.version else {
            throw StoreError(
                .newerSchema,
                "the store \(layout.storeDirectory) was written by a newer Lathe "
                    + "(schema \(version), this one knows \(self.version)); update Lathe, "
                    + "or choose another directory with --store")
        }
    }
}

extension Database {
    /// Runs a statement that is compiled once per connection.
    func run(_ sql: String, _ arguments: [DatabaseValue]) throws {
        let statement = try cachedStatement(sql: sql)
        try statement.execute(arguments: StatementArguments(arguments))
    }

    func run(_ sql: String, _ arguments: [any DatabaseValueConvertible]) throws {
        try run(sql, arguments.map(\.databaseValue))
    }

    /// The one number that a statement gives; 0 where it gives none.
    func integer(_ sql: String) throws -> Int { try firstRow(sql, [])?.value(0) ?? 0 }

    /// The first row of a statement that is compiled once per connection.
    func firstRow(_ sql: String, _ arguments: [DatabaseValue]) throws -> Row? {
        try Row.fetchOne(cachedStatement(sql: sql), arguments: StatementArguments(arguments))
    }

    /// Visits the rows of a statement in order, without keeping them.
    func forEachRow(
        _ sql: String, _ arguments: [any DatabaseValueConvertible] = [], _ visit: (Row) throws -> Void
    ) throws {
        let rows = try Row.fetchCursor(makeStatement(sql: sql), arguments: StatementArguments(arguments))
        while let row = try rows.next() { try visit(row) }
    }
}
