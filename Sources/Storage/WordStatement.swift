internal import GRDB
internal import GRDBSQLite
internal import Quantities

/// A statement whose arguments and columns are integers alone, bound straight to SQLite.
///
/// Looking up an unchanged album asks for tens of thousands of digests; through boxed values the asking costs several
/// times what SQLite needs for the answer.
struct WordStatement {
    private let statement: Statement
    private let database: Database

    /// Compiled once per connection.
    init(_ db: Database, _ sql: String) throws {
        statement = try db.cachedStatement(sql: sql)
        database = db
    }

    private var handle: OpaquePointer { statement.sqliteStatement }

    /// Runs the statement with `words` as its arguments, and leaves its first row, if there is one, to `visit`.
    ///
    /// - Throws: `DatabaseError`.
    func run<Value>(_ words: [UInt64], firstRow visit: (WordRow) throws -> Value) throws -> Value? {
        defer { sqlite3_reset(handle) }
        for (number, word) in words.enumerated() {
            let code = sqlite3_bind_int64(handle, Int32(number + 1), Int64(bitPattern: word))
            guard code == SQLITE_OK else { throw failure(code) }
        }
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return try visit(WordRow(handle: handle))
        case SQLITE_DONE: return nil
        default: throw failure(code)
        }
    }

    /// For statements without rows.
    func run(_ words: [UInt64]) throws { _ = try run(words) { _ in } }

    private func failure(_ code: Int32) -> DatabaseError {
        let message = database.sqliteConnection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        return DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
    }
}

/// A row of integers, as long as its statement stands on it.
struct WordRow {
    fileprivate let handle: OpaquePointer

    /// - Throws: `DatabaseError` `SQLITE_CORRUPT` where a damaged page holds another kind of value.
    func integer(_ column: Int) throws -> Int {
        guard sqlite3_column_type(handle, Int32(column)) == SQLITE_INTEGER else { throw Row.damage }
        return Int(sqlite3_column_int64(handle, Int32(column)))
    }
}
