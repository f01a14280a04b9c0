import Foundation
import Glibc
import Quantities
import RenderPlan
import Storage
import Synchronization
import Testing

/// A directory for one test, removed after it, and ways to open, look into and spoil the store in it.
final class TemporaryStore: Sendable {
    let directory: String
    private let clock = Mutex(1_000)

    init() {
        directory = NSTemporaryDirectory() + "/lathe-storage-" + UUID().uuidString
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    /// Opens the store as a process of its own would.
    ///
    /// Dropping it without `close()` is that process killed. By default no time writes anything, only full batches and
    /// the test itself do: so no test depends on how fast it runs.
    func open(namespace: StoreNamespace = .local, writesPendingEvery interval: Duration? = nil) throws -> Store {
        // The clock keeps the directory for as long as a store is open in it.
        try Store(directory: directory, namespace: namespace, writesPendingEvery: interval) {
            self.clock.withLock { $0 }
        }
    }

    /// Sets the clock that least-recent use goes by, in seconds.
    func setClock(_ seconds: Int) { clock.withLock { $0 = seconds } }

    var database: String { directory + "/local/store.sqlite" }

    /// Of the database's log, which grows with every page that is written.
    var logByteCount: Int {
        get throws { try FileManager.default.attributesOfItem(atPath: database + "-wal")[.size] as? Int ?? 0 }
    }

    func packPath(_ pack: PackID) -> String { "\(directory)/local/packs/\(pack.rawValue).pack" }

    var packFileCount: Int {
        get throws { try FileManager.default.contentsOfDirectory(atPath: directory + "/local/packs").count }
    }

    /// Flips one bit in the middle of a range.
    func flipBit(in range: PackRange) throws {
        let offset = range.offset + range.byteCount / 2
        var byte = [UInt8](repeating: 0, count: 1)
        let file = Glibc.open(packPath(range.pack), O_RDWR)
        try #require(file >= 0)
        defer { Glibc.close(file) }
        try #require(pread(file, &byte, 1, off_t(offset)) == 1)
        byte[0] ^= 0x10
        try #require(pwrite(file, byte, 1, off_t(offset)) == 1)
    }

    func truncatePack(_ pack: PackID, to byteCount: Int) throws {
        try #require(Glibc.truncate(packPath(pack), off_t(byteCount)) == 0)
    }

    func removePack(_ pack: PackID) throws { try FileManager.default.removeItem(atPath: packPath(pack)) }

    func allocatedByteCount(_ pack: PackID) throws -> Int { try fileStatus(packPath(pack)).blocks * 512 }

    /// Writes over a file from a byte on.
    func overwrite(_ path: String, at offset: Int, with bytes: [UInt8]) throws {
        let file = Glibc.open(path, O_RDWR)
        try #require(file >= 0)
        defer { Glibc.close(file) }
        try #require(pwrite(file, bytes, bytes.count, off_t(offset)) == bytes.count)
    }
}

func fileStatus(_ path: String) throws -> (byteCount: Int, blocks: Int) {
    var status = stat()
    try #require(stat(path, &status) == 0)
    return (Int(status.st_size), Int(status.st_blocks))
}

/// Reproducible numbers: SplitMix64 (Steele, Lea and Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
        return z ^ z >> 31
    }
}

func noise(_ byteCount: Int, seed: UInt64) -> [UInt8] {
    var generator = SplitMix(state: seed)
    return [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
        for i in 0..<byteCount { buffer[i] = UInt8(truncatingIfNeeded: generator.next()) }
        count = byteCount
    }
}

func key(_ number: UInt64) -> TaskKey { TaskKey(words: SIMD4(number, 2, 3, .max - number)) }

func entry(
    _ number: UInt64, parts: [[Part]], snapshot: Part? = nil, worker: String = "w1", recordedAt: Int = 1_000
) -> LedgerEntry {
    LedgerEntry(
        key: key(number), result: TaskResult(outputs: parts, snapshot: snapshot),
        provenance: Provenance(
            worker: worker, incarnation: "\(worker)-7", processorModel: "A CPU", latheVersion: "0.1.0"),
        costSeconds: 0.25, recordedAtSeconds: recordedAt)
}

/// The code of the store error that `body` throws; nil where it throws none.
func storeErrorCode(_ body: () throws -> Void) -> StoreError.Code? {
    do { try body() } catch { return (error as? StoreError)?.code }
    return nil
}
