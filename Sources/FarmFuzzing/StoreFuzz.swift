import Foundation
import GRDB
import Hashing
import Quantities
import RenderPlan
import Storage

/// Rows of the ledger whose values were damaged: results, parts of sources, places of blobs.
final class LedgerFuzz: FuzzReader {
    let name = "ledger"
    let form = InputForm.words
    private let folder: String
    private let key = TaskKey(words: SIMD4(1, 2, 3, 4))
    private let part = Part(digest: Digest(high: 5, low: 6), byteCount: 64)
    private let identity = SourceIdentity(
        path: "/s/a.wav", byteCount: 9, modifiedNanoseconds: 8, inode: 7, device: 6)
    private var store: Store?
    private var database: DatabaseQueue?

    init(_ folder: String) { self.folder = folder + "/ledger" }

    func seeds() throws -> [[UInt8]] {
        let words: [[UInt64]] = [
            [1, 2, 5, 6, 64, 7, 8, 65, 0], [2, 1, 5, 6, 64, 0, 1, 9, 9, 9], [0, 0], [1, 5, 6, 64], [0],
            [3, 1, 524_288],
        ]
        return words.map { $0.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * UInt64($0))) } } }
    }

    private func opened() throws -> (Store, DatabaseQueue) {
        if let store, let database { return (store, database) }
        try? FileManager.default.removeItem(atPath: folder)
        let store = try Store(directory: folder)
        let provenance = Provenance(worker: "w", incarnation: "i", processorModel: "p", latheVersion: "v")
        _ = try store.record(
            LedgerEntry(
                key: key, result: TaskResult(outputs: [[part]]), provenance: provenance, costSeconds: 1,
                recordedAtSeconds: 2))
        try store.rememberSource(identity, parts: [part])
        try store.flush()
        let database = try DatabaseQueue(path: folder + "/local/" + Self.database(in: folder + "/local"))
        self.store = store
        self.database = database
        return (store, database)
    }

    static func database(in folder: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        return names.first { $0.hasSuffix(".sqlite") || $0.hasSuffix(".db") } ?? ""
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        do {
            let (store, database) = try opened()
            let data = Data(bytes)
            let numbers = (0..<3).map { index in
                (0..<8).reduce(Int64(0)) { sum, place in
                    let at = 8 * index + place
                    return sum | Int64(at < bytes.count ? bytes[at] : 0) << Int64(8 * place)
                }
            }
            try database.write { db in
                try db.execute(sql: "DELETE FROM result")
                try db.execute(
                    sql: "INSERT INTO result VALUES (1, 2, 3, 4, ?, (SELECT MIN(id) FROM provenance), 1.5, ?)",
                    arguments: [data, numbers[0]])
                try db.execute(sql: "UPDATE sourceWindow SET parts = ?", arguments: [data])
                try db.execute(
                    sql: "INSERT OR REPLACE INTO blob VALUES (5, 6, ?, ?, ?, 0)",
                    arguments: [numbers[0], numbers[1], numbers[2]])
            }
            var outcome = ReadingOutcome("")
            if let entry = try store.lookUp(key) {
                let parts = entry.result.outputs.joined().count
                outcome.branch = "result of \(min(3, entry.result.outputs.count)) \(min(3, parts))"
                if parts > bytes.count / 24 { outcome.violations.append("more parts than bytes") }
                if try store.lookUp(key) != entry { outcome.violations.append("another result the second time") }
            } else {
                outcome.branch = "no result"
                let count = try database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM result") }
                if count != 0 { outcome.violations.append("a damaged row that stays") }
            }
            outcome.branch += try store.sourceParts(for: identity).map { ", source of \(min(3, $0.count))" } ?? ""
            let range = try store.locate(part.digest)
            outcome.branch += range == nil ? ", no blob" : ", a blob"
            if try store.read(part.digest) != nil { outcome.violations.append("bytes from nowhere") }
            return outcome
        } catch {
            store = nil
            database = nil
            return ReadingOutcome(refused: error)
        }
    }
}

/// The file of a store's database with bytes that its disk changed.
///
/// An input is a list of changes of a good file: where (four bytes, little-endian) and what (one byte); or, when its
/// first byte is 0xFF, the whole file.
final class DatabaseFuzz: FuzzReader {
    let name = "database"
    let form = InputForm.bytes
    private let folder: String
    private let key = TaskKey(words: SIMD4(1, 2, 3, 4))
    private var good: [UInt8] = []
    private var fileName = ""

    init(_ folder: String) { self.folder = folder + "/database" }

    /// Changes at the places where rows lie, and all over.
    func seeds() throws -> [[UInt8]] {
        try makeGood()
        var seeds: [[UInt8]] = []
        for (number, place) in stride(from: 0, to: good.count, by: max(1, good.count / 48)).enumerated() {
            seeds.append(change(place + number % 96, good[place] ^ 0x10) + change(place + 3, 0))
        }
        let used = good.indices.filter { good[$0] != 0 }
        for index in stride(from: 0, to: used.count, by: max(1, used.count / 96)) {
            seeds.append(change(used[index], UInt8(truncatingIfNeeded: index &* 37)))
        }
        return seeds
    }

    private func change(_ place: Int, _ value: UInt8) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: place >> (8 * $0)) } + [value]
    }

    private func makeGood() throws {
        guard good.isEmpty else { return }
        try? FileManager.default.removeItem(atPath: folder)
        let store = try Store(directory: folder, now: { 1_700_000_000 })
        let provenance = Provenance(worker: "w", incarnation: "i", processorModel: "p", latheVersion: "v")
        for number in 0..<40 {
            let part = try store.store([UInt8](repeating: UInt8(number), count: 40))
            _ = try store.record(
                LedgerEntry(
                    key: TaskKey(words: SIMD4(UInt64(number), 2, 3, 4)),
                    result: TaskResult(outputs: [[part, part], []], snapshot: part), provenance: provenance,
                    costSeconds: 1, recordedAtSeconds: 2))
            try store.rememberSource(
                SourceIdentity(
                    path: "/s/\(number)", byteCount: 9, modifiedNanoseconds: 8, inode: 7, device: 6), parts: [part])
        }
        try store.recordJob(JobRecord(id: "a", title: "A", revision: 1, state: "done", startedAtSeconds: 5))
        _ = try store.pin([Digest.of([UInt8](repeating: 3, count: 40))])
        try store.sync()
        try store.close()
        let path = folder + "/local/" + (try LedgerFuzz.database(in: folder + "/local"))
        // The log goes into the file.
        let database = try DatabaseQueue(path: path)
        try database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)")
            try db.execute(sql: "PRAGMA journal_mode = DELETE")
        }
        try database.close()
        fileName = path
        good = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    func check(_ bytes: [UInt8]) -> ReadingOutcome {
        do { try makeGood() } catch { return ReadingOutcome("no store: \(error)") }
        var file = good
        if bytes.first == 0xFF, bytes.count > 5 {
            file = Array(bytes.dropFirst())
        } else {
            for at in stride(from: 0, to: bytes.count - 4, by: 5) {
                let place = (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
                file[place % file.count] = bytes[at + 4]
            }
        }
        for suffix in ["-wal", "-shm", "-journal"] { unlink(fileName + suffix) }
        guard write(file, to: fileName) else { return ReadingOutcome("not written") }
        var branch = ""
        var violations: [String] = []
        func attempt(_ what: String, _ body: () throws -> Void) {
            do { try body() } catch let error as StoreError {
                branch += " \(what): \(error.code.rawValue)"
                if error.message.isEmpty { violations.append("refused without a reason") }
            } catch {
                violations.append("\(what): another error than StoreError: \(error)")
            }
        }
        attempt("open") {
            let store = try Store(directory: folder, now: { 1_700_000_000 })
            attempt("results") { for number in 0..<40 { try look(store, number) } }
            attempt("jobs") { _ = try store.jobs() }
            attempt("statistics") { _ = try store.statistics() }
            attempt("verify") { _ = try store.verify(repairing: true) }
            attempt("trim") { _ = try store.trim(toByteCount: 400) }
            attempt("pin") { _ = try store.pin([Digest.of([UInt8](repeating: 5, count: 40))]) }
            attempt("close") { try store.close() }
        }
        var outcome = ReadingOutcome(branch.isEmpty ? "read" : branch)
        outcome.violations = violations
        return outcome
    }

    private func look(_ store: Store, _ number: Int) throws {
        let entry = try store.lookUp(TaskKey(words: SIMD4(UInt64(number), 2, 3, 4)))
        if let entry { for part in entry.result.outputs.joined() { _ = try store.read(part.digest) } }
        _ = try store.sourceParts(
            for: SourceIdentity(path: "/s/\(number)", byteCount: 9, modifiedNanoseconds: 8, inode: 7, device: 6))
        _ = try store.resultKeys(ofWorker: "w", since: 0)
    }
}
