internal import Foundation
internal import GRDB
internal import Quantities
internal import RenderPlan

extension Row {
    /// A column's value, whatever the disk has made of the file: GRDB's own subscript ends the process where a damaged
    /// page holds NULL or another kind of value.
    ///
    /// - Throws: `DatabaseError` `SQLITE_CORRUPT`.
    func value<Value: DatabaseValueConvertible>(_ column: Int, as type: Value.Type = Value.self) throws -> Value {
        let stored: DatabaseValue = self[column]
        guard let value = Value.fromDatabaseValue(stored) else { throw Row.damage }
        return value
    }

    /// nil for NULL.
    func optional<Value: DatabaseValueConvertible>(_ column: Int, as type: Value.Type = Value.self) throws -> Value? {
        let stored: DatabaseValue = self[column]
        return stored.isNull ? nil : try value(column)
    }

    static var damage: DatabaseError {
        DatabaseError(resultCode: .SQLITE_CORRUPT, message: "a row holds what was never written")
    }
}

extension UInt64 {
    /// As an SQLite integer, bit for bit.
    var databaseWord: DatabaseValue { Int64(bitPattern: self).databaseValue }
}

extension Digest {
    /// The two words as SQLite integers, high first.
    var columns: [DatabaseValue] { [high.databaseWord, low.databaseWord] }

    /// From two neighbouring integer columns, high first.
    init(_ row: Row, at column: Int = 0) throws {
        self.init(
            high: UInt64(bitPattern: try row.value(column, as: Int64.self)),
            low: UInt64(bitPattern: try row.value(column + 1, as: Int64.self)))
    }
}

extension TaskKey {
    /// The four words as SQLite integers.
    var columns: [DatabaseValue] { (0..<4).map { words[$0].databaseWord } }

    /// From the first four columns.
    init(_ row: Row) throws {
        var words = SIMD4<UInt64>(repeating: 0)
        for i in 0..<4 { words[i] = UInt64(bitPattern: try row.value(i, as: Int64.self)) }
        self.init(words: words)
    }
}

extension PackRange {
    /// From three neighbouring columns: pack, offset, byte count.
    init(_ row: Row, at column: Int) throws {
        try self.init(pack: row.value(column), offset: row.value(column + 1), byteCount: row.value(column + 2))
    }

    /// As a row has it.
    init(pack: Int, offset: Int, byteCount: Int) throws {
        self.init(pack: PackID(pack), offset: offset, byteCount: byteCount)
        // Sums of sizes that the disk has changed must not overflow.
        guard let end = checkedEnd, end <= 1 << 48 else { throw Row.damage }
    }
}

/// Lists of parts as bytes: little-endian words; a count before each list.
enum PartCoding {
    /// Far above any result (a song of a day has 63,000 parts), far below what a damaged row could make us
    /// allocate.
    private static let countLimit: UInt64 = 1 << 24

    static func encode(_ result: TaskResult) -> Data {
        let partCount = result.outputs.reduce(0) { $0 + $1.count }
        var words: [UInt64] = []
        words.reserveCapacity(2 + result.outputs.count + 3 * (partCount + 1))
        words.append(UInt64(result.outputs.count))
        for output in result.outputs { append(output, to: &words) }
        append(result.snapshot.map { [$0] } ?? [], to: &words)
        return data(words)
    }

    static func encode(_ parts: [Part]) -> Data {
        var words: [UInt64] = []
        append(parts, to: &words)
        return data(words)
    }

    static func decodeResult(_ data: Data) -> TaskResult? {
        guard var reader = WordReader(data), let count = reader.next(), count <= countLimit else {
            return nil
        }
        var result = TaskResult(outputs: [])
        for _ in 0..<count {
            guard let parts = reader.parts() else { return nil }
            result.outputs.append(parts)
        }
        guard let snapshot = reader.parts(), snapshot.count <= 1, reader.isAtEnd else { return nil }
        result.snapshot = snapshot.first
        return result
    }

    static func decodeParts(_ data: Data) -> [Part]? {
        guard var reader = WordReader(data), let parts = reader.parts(), reader.isAtEnd else { return nil }
        return parts
    }

    private static func append(_ parts: [Part], to words: inout [UInt64]) {
        words.append(UInt64(parts.count))
        for part in parts {
            words.append(part.digest.high)
            words.append(part.digest.low)
            words.append(UInt64(part.byteCount))
        }
    }

    private static func data(_ words: [UInt64]) -> Data {
        words.map(\.littleEndian).withUnsafeBytes { Data($0) }
    }

    private struct WordReader {
        private let words: [UInt64]
        private var position = 0

        init?(_ data: Data) {
            guard data.count.isMultiple(of: 8) else { return nil }
            words = data.withUnsafeBytes { bytes in
                (0..<bytes.count / 8).map {
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
                }
            }
        }

        var isAtEnd: Bool { position == words.count }

        mutating func next() -> UInt64? {
            guard position < words.count else { return nil }
            position += 1
            return words[position - 1]
        }

        mutating func parts() -> [Part]? {
            guard let count = next(), count <= UInt64(words.count - position) / 3 else { return nil }
            var parts: [Part] = []
            parts.reserveCapacity(Int(count))
            for _ in 0..<count {
                guard let high = next(), let low = next(), let byteCount = next(), byteCount <= 1 << 62 else {
                    return nil
                }
                parts.append(Part(digest: Digest(high: high, low: low), byteCount: Int(byteCount)))
            }
            return parts
        }
    }
}
