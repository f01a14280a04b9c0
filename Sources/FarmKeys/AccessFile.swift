/// `allowed.json` of a directory of keys: the table that the coordinator goes by and that `lathe keys` changes while
/// it runs.
package struct AccessFile: Sendable {
    package let directory: String
    let files: PrivateFiles

    static let name = "allowed.json"
    private static let lockName = "allowed.lock"
    /// 10,000 entries and as many invitations fit four times.
    private static let limit = 32 << 20

    package init(directory: String) {
        self.directory = directory
        files = PrivateFiles(directory: directory)
    }

    /// The file's path.
    package var path: String { files.path(Self.name) }

    /// The table; an empty one where there is no file yet.
    ///
    /// - Throws: `invalid`, `unsafePermissions`, `limitExceeded`, `system`, each with the file's name and the remedy.
    package func load() throws -> AccessTable { try read()?.table ?? AccessTable() }

    /// Reads the table, lets `body` change it and writes it, while nobody else does that; returns when the change
    /// lasts. Where `body` throws or changes nothing, nothing is written.
    ///
    /// - Throws: as `load`, `busy`, and what `body` throws.
    package func change<Result>(_ body: (inout AccessTable) throws -> Result) throws -> Result {
        try files.checkDirectory()
        return try files.withLock(Self.lockName) {
            let old = try load()
            var table = old
            let result = try body(&table)
            if table != old { try files.write(Self.name, try table.json(), replacing: true) }
            return result
        }
    }

    /// The table and what tells it from a later one; nil where there is no file.
    func read() throws -> (table: AccessTable, stamp: PrivateFiles.Stamp)? {
        guard let file = try files.read(Self.name, atMost: Self.limit, forbidden: 0o022) else { return nil }
        do { return (try AccessTable(json: file.bytes), file.stamp) } catch let error as FarmKeysError {
            throw FarmKeysError(
                error.code,
                "\(path) cannot be used: \(error.message). Restore it from a backup, or move it away and allow the "
                    + "keys again")
        }
    }

    /// What tells the file that is there from another one; nil where there is none.
    var stamp: PrivateFiles.Stamp? { files.stamp(Self.name) }
}
