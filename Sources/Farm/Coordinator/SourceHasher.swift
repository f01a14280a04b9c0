import FarmCoordination
import Foundation
import Hashing
package import Quantities
import RenderCompiler
import RenderPlan
package import Session
import SoundFiles
package import Storage

/// Hashes source files where they lie, on threads of its own, so that a farm's workers need not be sent a file only to
/// say what is in it.
final class SourceHasher: Sendable {
    struct Order: Sendable {
        var path: String
        var program: Program
        var segment: Int
        var done: @Sendable (TaskResult?) -> Void
    }

    private let orders = BlockingQueue<Order?>()
    private let threadCount: Int

    init(threadCount: Int) {
        self.threadCount = threadCount
        let orders = orders
        for _ in 0..<threadCount {
            startThread(named: "hashing") {
                var readers: [String: SoundFileReader] = [:]
                while let order = orders.take() { order.done(Self.hash(order, &readers)) }
            }
        }
    }

    deinit { for _ in 0..<threadCount { orders.post(nil) } }

    func hash(_ order: Order) { orders.post(order) }

    /// nil where the file cannot be read: then it is a worker's task, whose failure has a reason.
    private static func hash(_ order: Order, _ readers: inout [String: SoundFileReader]) -> TaskResult? {
        do {
            if readers.count >= 16, readers[order.path] == nil { readers.removeAll() }
            let reader = try readers[order.path] ?? SoundFileReader(path: order.path)
            readers[order.path] = reader
            guard reader.info.frameCount == order.program.frameCount else { return nil }
            return TaskResult(outputs: [try reader.parts(of: order.program.range(ofSegment: order.segment)) {}])
        } catch {
            return nil
        }
    }
}

extension SoundFileReader {
    /// Digests of a range's parts as the farm cuts them.
    func parts(of range: FrameRange, beforeEach check: () throws -> Void) throws -> [Part] {
        var parts: [Part] = []
        var frame = range.start
        while frame < range.end {
            try check()
            let part = FrameRange(start: frame, count: min(Program.partFrames, range.end - frame))
            try withCanonicalBytes(part) { parts.append(Part(digest: Digest.of($0), byteCount: $0.count)) }
            frame = part.end
        }
        return parts
    }
}

/// What the ledger knows of the files of an album, for whoever does not trust that a file with the same size, time of
/// change and inode holds what it held.
package enum SourceMemory {
    /// Forgets the digests of the album's files as they are now, so that the next render reads them again.
    ///
    /// - Returns: How many windows were remembered or might have been.
    @discardableResult
    package static func forget(_ album: Album, in store: Store, segmentSeconds: Double = 10) throws -> Int {
        let keys = try windows(of: album, store, segmentSeconds).map(\.key)
        try store.removeResults(keys)
        return keys.count
    }

    /// Reads the album's files again, on a thread per core, and enters what is in them.
    ///
    /// - Throws: Where a file cannot be read or changes meanwhile.
    package static func renew(
        _ album: Album, in store: Store, latheVersion: String, segmentSeconds: Double = 10
    ) throws {
        let windows = try windows(of: album, store, segmentSeconds)
        try store.removeResults(windows.map(\.key))
        let paths = windows.reduce(into: [String: [Window]]()) { $0[$1.path, default: []].append($1) }
        let files = paths.sorted { $0.key < $1.key }
        let provenance = Provenance(
            worker: "hashing", incarnation: "", processorModel: Machine.processorModel, latheVersion: latheVersion)
        let failures = Locked<[any Error]>([])
        DispatchQueue.concurrentPerform(iterations: files.count) { number in
            do { try hash(files[number].value, files[number].key, store, provenance) } catch {
                failures.withLock { $0.append(error) }
            }
        }
        if let first = failures.withLock({ $0.first }) { throw first }
        try store.flush()
    }

    /// Digests of the samples of the album's files, whatever wraps them, as far as the ledger knows the files as they
    /// are now.
    ///
    /// - Parameter paths: only these files.
    package static func sounds(of album: Album, in store: Store, only paths: Set<String>) throws -> [String: Digest] {
        let windows = try windows(of: album, store, 10, only: paths)
        let entries = try store.lookUp(windows.map(\.key))
        var parts: [String: [Part]?] = [:]
        for (window, entry) in zip(windows, entries) {
            let known = parts[window.path] ?? []
            parts[window.path] = .some(known.flatMap { parts in entry.map { parts + $0.result.outputs.joined() } })
        }
        return parts.compactMapValues { $0.map(digest) }
    }

    /// The digest of a file's samples, whatever wraps them.
    package static func sound(ofFile path: String) throws -> Digest {
        let reader = try SoundFileReader(path: path)
        return digest(of: try reader.parts(of: FrameRange(0, reader.info.frameCount)) {})
    }

    private static func digest(of parts: [Part]) -> Digest {
        let words = parts.flatMap { [$0.digest.high.littleEndian, $0.digest.low.littleEndian] }
        return Digest.of(words.withUnsafeBytes(Array.init))
    }

    private struct Window {
        var path: String
        var identity: Digest
        var key: TaskKey
        var range: FrameRange
    }

    private static func hash(_ windows: [Window], _ path: String, _ store: Store, _ provenance: Provenance) throws {
        let reader = try SoundFileReader(path: path)
        for window in windows {
            let began = threadMicroseconds()
            guard window.range.end <= reader.info.frameCount else { throw TaskError.sourceChanged(path) }
            let result = TaskResult(outputs: [try reader.parts(of: window.range) {}])
            let cost = Double(threadMicroseconds() - began) / 1e6
            let now = try SourceIdentity(ofFile: path).digest
            guard now == window.identity else { throw TaskError.sourceChanged(path) }
            _ = try store.record(
                Storage.LedgerEntry(
                    key: window.key, result: result, provenance: provenance, costSeconds: cost,
                    recordedAtSeconds: Int(time(nil))))
        }
    }

    /// Every window of every file, once.
    private static func windows(
        of album: Album, _ store: Store, _ segmentSeconds: Double, only paths: Set<String>? = nil
    ) throws -> [Window] {
        var windows: [Window] = []
        var seen: Set<TaskKey> = []
        var identities: [String: Digest] = [:]
        for entry in album.songs {
            if let paths, !entry.song.sources.contains(where: { paths.contains($0.path) }) { continue }
            var list = ProgramList()
            for source in entry.song.sources where identities[source.path] == nil {
                identities[source.path] = try SourceIdentity(ofFile: source.path).digest
            }
            let known = entry.song.sources.map { identities[$0.path] ?? Digest(high: 0, low: 0) }
            _ = try SongCompiler.compile(
                entry.song, songIndex: 0, identities: known, options: CompileOptions(segmentSeconds: segmentSeconds),
                into: &list)
            for program in list.programs {
                guard case .hashSource(let body) = program.body else { continue }
                if let paths, !paths.contains(entry.song.sources[body.source].path) { continue }
                for segment in 0..<program.segmentCount {
                    let bytes = program.keyBytes(
                        ofSegment: segment, inputs: [], snapshot: nil, namespace: store.namespace.name)
                    let key = TaskKey.of(bytes)
                    guard seen.insert(key).inserted else { continue }
                    windows.append(
                        Window(
                            path: entry.song.sources[body.source].path, identity: body.identity, key: key,
                            range: program.range(ofSegment: segment)))
                }
            }
        }
        return windows
    }
}
