import FarmCoordination
import Foundation
import Quantities
import Release
import RenderPlan
import Session
import SoundFiles
import Storage
import Synchronization

/// Writes deliverables while the farm renders: one thread, in order, from packs to files beside their final names.
///
/// A master gets its name when it was read back and its ceiling and loudness hold; where the target is the album's,
/// when those of all songs hold together.
final class FileSink: DeliverySink, Sendable {
    /// What became of a role.
    enum Outcome: Sendable {
        case delivered(DeliveredFile, DeliveredCheck?)
        case failed(String)
    }

    let flacLibrary: String
    private let reader: PackReader
    private let planned: [DeliveredRole: PlannedFile]
    private let loudness: LoudnessTarget
    /// Songs whose masters are published together, where the target is the album's; empty otherwise.
    private let pooledSongs: Set<Int>
    private let work = BlockingQueue<(@Sendable (Desk) -> Void)?>()
    private let results = Mutex<[DeliveredRole: Outcome]>([:])
    private let finished = DispatchSemaphore(value: 0)

    /// What the writer thread works with; touched by nobody else.
    final class Desk {
        let folder: ReleaseFolder
        var writers: [DeliveredRole: DeliverableWriter] = [:]
        var outputs: [DeliveredRole: Int] = [:]
        /// Finished masters that wait for the rest of their album, per delivery.
        var waiting: [Int: [(role: DeliveredRole, writer: DeliverableWriter, file: DeliveredFile, check: DeliveredCheck)]] =
            [:]

        init(_ folder: ReleaseFolder) { self.folder = folder }
    }

    /// - Parameters:
    ///   - folder: Used by the writer thread alone until `close` returns.
    ///   - pooledSongs: Songs whose loudness is judged together.
    init(
        reader: PackReader, folder: ReleaseFolder, planned: [DeliveredRole: PlannedFile], loudness: LoudnessTarget,
        pooledSongs: Set<Int>
    ) throws {
        self.reader = reader
        self.planned = planned
        self.loudness = loudness
        self.pooledSongs = pooledSongs
        flacLibrary = try SoundLibraries.flacEncoder()
        let work = work
        let finished = finished
        // SAFETY: the folder is handed to this thread, and taken back only after `close` has waited for its end.
        nonisolated(unsafe) let desk = Desk(folder)
        startThread(named: "deliverables") {
            while let step = work.take() { step(desk) }
            for writer in desk.writers.values { writer.abandon() }
            for finished in desk.waiting.values.joined() { finished.writer.abandon() }
            desk.writers.removeAll()
            desk.waiting.removeAll()
            finished.signal()
        }
    }

    /// Waits until everything asked for is done and unfinished files are removed.
    func close() -> [DeliveredRole: Outcome] {
        work.post(nil)
        finished.wait()
        return results.withLock { $0 }
    }

    func open(_ role: DeliveredRole, rateHertz: Int, output: Int, frameCount: Int) {
        guard let file = planned[role] else { return }
        work.post { [self] desk in
            attempt(role, desk) {
                desk.outputs[role] = output
                desk.writers[role] = try desk.folder.writer(for: file)
            }
        }
    }

    func append(
        _ delivery: FarmCoordination.Delivery, to role: DeliveredRole, places: Locations,
        answer: @escaping @Sendable (Input) -> Void
    ) {
        work.post { [self] desk in
            // A file that failed lets its windows pass, or the job would wait for it.
            var reply = Input.consumed(delivery: delivery.number)
            if let writer = desk.writers[role] {
                attempt(role, desk) {
                    if let missing = try write(delivery, to: writer, output: desk.outputs[role] ?? 0, places) {
                        reply = .undeliverable(delivery: delivery.number, missing)
                    }
                }
            }
            answer(reply)
        }
    }

    /// Appends a window; or appends nothing and returns the digests that could not be read.
    private func write(
        _ delivery: FarmCoordination.Delivery, to writer: DeliverableWriter, output: Int, _ places: Locations
    ) throws -> [Digest]? {
        guard delivery.result.outputs.indices.contains(output) else { throw TaskError.malformed("window") }
        var parts: [[UInt8]] = []
        var missing: [Digest] = []
        for part in delivery.result.outputs[output] {
            guard let place = places[part.digest] else {
                missing.append(part.digest)
                continue
            }
            do {
                parts.append(try reader.read(place, digest: part.digest))
            } catch let error as StoreError where error.isLoss {
                missing.append(part.digest)
            }
        }
        guard missing.isEmpty else { return missing }
        for part in parts {
            try part.withUnsafeBytes { try writer.append($0, frameCount: writer.frames(inBytes: part.count)) }
        }
        return nil
    }

    func rewind(_ role: DeliveredRole, toFrame frame: Int) {
        work.post { [self] desk in
            attempt(role, desk) { try desk.writers[role]?.rewind(toFrame: frame) }
        }
    }

    func publish(_ role: DeliveredRole, frameCount: Int?) {
        work.post { [self] desk in
            attempt(role, desk) {
                guard let writer = desk.writers[role] else { return }
                if let frameCount { try writer.truncate(toFrames: frameCount) }
                let file = try writer.finish()
                try judge(role, writer, file, desk)
            }
        }
    }

    func abandon(_ role: DeliveredRole) {
        work.post { desk in desk.writers.removeValue(forKey: role)?.abandon() }
    }

    // MARK: - Verdicts

    private func judge(
        _ role: DeliveredRole, _ writer: DeliverableWriter, _ file: DeliveredFile, _ desk: Desk
    ) throws {
        guard case .master(let song, let delivery) = role, loudness.isEnabled else {
            return try publish(role, writer, file, nil, desk)
        }
        let check = try DeliveredCheck.measure(path: writer.temporaryPath)
        let isPooled = pooledSongs.contains(song)
        let reasons = check.verdict(target: isPooled ? nil : loudness.target, ceiling: loudness.ceiling)
        guard reasons.isEmpty else { throw FarmError("the finished file fails its check: " + reasons.joined(separator: "; ")) }
        guard isPooled else { return try publish(role, writer, file, check, desk) }
        desk.writers[role] = nil
        desk.waiting[delivery, default: []].append((role, writer, file, check))
        try publishPool(delivery, desk)
    }

    private func publishPool(_ delivery: Int, _ desk: Desk) throws {
        guard let pool = desk.waiting[delivery], pool.count == pooledSongs.count, let target = loudness.target else {
            return
        }
        desk.waiting[delivery] = nil
        let reasons = DeliveredCheck.albumVerdict(pool.map(\.check), target: target)
        for entry in pool {
            guard reasons.isEmpty else {
                entry.writer.abandon()
                fail(entry.role, FarmError(reasons.joined(separator: "; ")))
                continue
            }
            desk.writers[entry.role] = entry.writer
            attempt(entry.role, desk) { try publish(entry.role, entry.writer, entry.file, entry.check, desk) }
        }
    }

    private func publish(
        _ role: DeliveredRole, _ writer: DeliverableWriter, _ file: DeliveredFile, _ check: DeliveredCheck?,
        _ desk: Desk
    ) throws {
        guard let plan = planned[role] else { return }
        try desk.folder.publish(writer, as: plan)
        desk.writers[role] = nil
        results.withLock { $0[role] = .delivered(file, check) }
    }

    /// Runs a step of a file; a failure ends that file and no other.
    private func attempt(_ role: DeliveredRole, _ desk: Desk, _ step: () throws -> Void) {
        do { try step() } catch {
            desk.writers.removeValue(forKey: role)?.abandon()
            fail(role, error)
        }
    }

    private func fail(_ role: DeliveredRole, _ error: any Error) {
        results.withLock { $0[role] = .failed(String(describing: error)) }
    }
}

extension DeliverableWriter {
    /// Frames in so many bytes of a part; of an encoded file they are not counted.
    func frames(inBytes count: Int) -> Int {
        switch kind {
        case .wavPCM(let samples): count / (channelCount * samples.bitCount / 8)
        case .wavFloat: count / (channelCount * 4)
        case .bytes: 0
        }
    }
}
