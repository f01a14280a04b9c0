import FarmCoordination
import Foundation
import Quantities
import Release
import RenderPlan
import Session
import SoundFiles
import Storage
import Synchronization

/// Writes deliverables while the farm renders, from packs to files beside their final names: a few threads, each
/// with files of its own, every file's windows in order.
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
    private let lanes: [BlockingQueue<(@Sendable (Desk) -> Void)?>]
    private let results = Mutex<[DeliveredRole: Outcome]>([:])
    private let finished = DispatchSemaphore(value: 0)
    /// Where the disk is full, tries again until there is room: others use it too, and a job outlives its client.
    private let waitsForSpace: Bool
    private let isClosing = StopFlag()

    /// The files of one writer thread; touched by nobody else.
    final class Desk {
        var writers: [DeliveredRole: DeliverableWriter] = [:]
        var outputs: [DeliveredRole: Int] = [:]
    }

    /// What the writer threads share.
    private struct Hall {
        let folder: ReleaseFolder
        /// Finished masters that wait for the rest of their album, per delivery.
        var waiting: [Int: [FinishedMaster]] = [:]
    }

    private struct FinishedMaster {
        var role: DeliveredRole
        var writer: DeliverableWriter
        var file: DeliveredFile
        var check: DeliveredCheck
    }

    private let hall: Locked<Hall>

    /// - Parameters:
    ///   - folder: Used by the writer thread alone until `close` returns.
    ///   - pooledSongs: Songs whose loudness is judged together.
    init(
        reader: PackReader, folder: ReleaseFolder, planned: [DeliveredRole: PlannedFile], loudness: LoudnessTarget,
        pooledSongs: Set<Int>, waitsForSpace: Bool = false
    ) throws {
        self.waitsForSpace = waitsForSpace
        self.reader = reader
        self.planned = planned
        self.loudness = loudness
        self.pooledSongs = pooledSongs
        flacLibrary = try SoundLibraries.flacEncoder()
        hall = Locked(Hall(folder: folder))
        lanes = (0..<max(1, min(4, ProcessInfo.processInfo.activeProcessorCount))).map { _ in BlockingQueue() }
        let finished = finished
        for lane in lanes {
            startThread(named: "deliverables") {
                let desk = Desk()
                while let step = lane.take() { step(desk) }
                for writer in desk.writers.values { writer.abandon() }
                desk.writers.removeAll()
                finished.signal()
            }
        }
    }

    /// Waits until everything asked for is done and unfinished files are removed.
    func close() -> [DeliveredRole: Outcome] {
        isClosing.set()
        for lane in lanes { lane.post(nil) }
        for _ in lanes { finished.wait() }
        hall.withLock { hall in
            for master in hall.waiting.values.joined() {
                master.writer.abandon()
                fail(master.role, FarmError("the album's masters share one gain, and not all of them could be made"))
            }
            hall.waiting.removeAll()
        }
        return results.withLock { $0 }
    }

    /// A file's own thread: the files of a song spread over all of them.
    private func post(_ role: DeliveredRole, _ step: @escaping @Sendable (Desk) -> Void) {
        let number: Int
        switch role {
        case .master(let song, let delivery): number = song + delivery
        case .stem(let song, let index): number = song + index
        case .preMaster(let song): number = song + 1
        }
        lanes[number % lanes.count].post(step)
    }

    func open(_ role: DeliveredRole, rateHertz: Int, output: Int, frameCount: Int) {
        guard let file = planned[role] else { return }
        post(role) { [self] desk in
            attempt(role, desk) {
                desk.outputs[role] = output
                desk.writers[role] = try hall.withLock { try $0.folder.writer(for: file) }
            }
        }
    }

    func append(
        _ delivery: FarmCoordination.Delivery, to role: DeliveredRole, places: Locations,
        answer: @escaping @Sendable (Input) -> Void
    ) {
        post(role) { [self] desk in
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
            try append(part, to: writer)
        }
        RenderCrash.window.reached()
        return nil
    }

    private func append(_ part: [UInt8], to writer: DeliverableWriter) throws {
        while true {
            do {
                return try part.withUnsafeBytes {
                    try writer.append($0, frameCount: writer.frames(inBytes: part.count))
                }
            } catch let error as ReleaseError where error.code == .noSpace && waitsForSpace && !isClosing.isSet {
                // What was written of the part is written over.
                if writer.kind != .bytes { try writer.rewind(toFrame: writer.frameCount) }
                sleep(1)
            }
        }
    }

    func rewind(_ role: DeliveredRole, toFrame frame: Int) {
        post(role) { [self] desk in
            attempt(role, desk) { try desk.writers[role]?.rewind(toFrame: frame) }
        }
    }

    func publish(_ role: DeliveredRole, frameCount: Int?) {
        post(role) { [self] desk in
            attempt(role, desk) {
                guard let writer = desk.writers[role] else { return }
                if let frameCount { try writer.truncate(toFrames: frameCount) }
                let file = try writer.finish()
                try judge(role, writer, file, desk)
            }
        }
    }

    func abandon(_ role: DeliveredRole) {
        post(role) { desk in desk.writers.removeValue(forKey: role)?.abandon() }
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
        // An album's target is met by its songs together: one alone has none.
        let target = loudness.scope == .song ? loudness.target : nil
        let reasons = check.verdict(target: target, ceiling: loudness.ceiling)
        guard reasons.isEmpty else {
            throw FarmError("the finished file fails its check: " + reasons.joined(separator: "; "))
        }
        guard isPooled else { return try publish(role, writer, file, check, desk) }
        desk.writers[role] = nil
        hall.withLock { hall in
            hall.waiting[delivery, default: []].append(
                FinishedMaster(role: role, writer: writer, file: file, check: check))
            publishPool(delivery, &hall)
        }
    }

    private func publishPool(_ delivery: Int, _ hall: inout Hall) {
        guard let pool = hall.waiting[delivery], pool.count == pooledSongs.count, let target = loudness.target else {
            return
        }
        hall.waiting[delivery] = nil
        let songs = pool.sorted { $0.role.song < $1.role.song }
        let reasons = DeliveredCheck.albumVerdict(songs.map(\.check), target: target)
        for master in songs {
            do {
                guard reasons.isEmpty else { throw FarmError(reasons.joined(separator: "; ")) }
                guard let plan = planned[master.role] else { continue }
                try hall.folder.publish(master.writer, as: plan)
                RenderCrash.publish.reached()
                results.withLock { $0[master.role] = .delivered(master.file, master.check) }
            } catch {
                master.writer.abandon()
                fail(master.role, error)
            }
        }
    }

    private func publish(
        _ role: DeliveredRole, _ writer: DeliverableWriter, _ file: DeliveredFile, _ check: DeliveredCheck?,
        _ desk: Desk
    ) throws {
        guard let plan = planned[role] else { return }
        try hall.withLock { try $0.folder.publish(writer, as: plan) }
        RenderCrash.publish.reached()
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
