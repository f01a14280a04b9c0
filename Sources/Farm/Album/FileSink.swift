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
    /// Where the disk is full, or no file can be opened, tries again until there is room: others use it too, and a job
    /// outlives its client.
    private let waitsForSpace: Bool
    /// Whether masters that would come out as they lie there are left as they are.
    private let keepsFiles: Bool
    private let isClosing = StopFlag()

    /// The files of one writer thread; touched by nobody else.
    final class Desk {
        var writers: [DeliveredRole: DeliverableWriter] = [:]
        var outputs: [DeliveredRole: Int] = [:]
        /// Frames of all windows of a role.
        var frameCounts: [DeliveredRole: Int] = [:]
        /// Files of an earlier render for which the right windows have come so far; they have no writer.
        var kept: [DeliveredRole: KeptProgress] = [:]
        /// What the writers' files are made of; nil for one that is not to be remembered.
        var parts: [DeliveredRole: [Part]] = [:]
    }

    /// What the writer threads share.
    private struct Hall {
        let folder: ReleaseFolder
        /// Finished masters that wait for the rest of their album, per delivery.
        var waiting: [Int: [FinishedMaster]] = [:]
    }

    private struct FinishedMaster {
        var role: DeliveredRole
        /// nil for a file that is kept.
        var writer: DeliverableWriter?
        /// What it is made of, where it is to be remembered.
        var parts: [Part]?
        var file: DeliveredFile
        var check: DeliveredCheck
    }

    private let hall: Locked<Hall>

    /// - Parameters:
    ///   - folder: Used by the writer thread alone until `close` returns.
    ///   - pooledSongs: Songs whose loudness is judged together.
    ///   - keepsFiles: whether a master that lies there already, and would come out the same, stays as it is.
    init(
        reader: PackReader, folder: ReleaseFolder, planned: [DeliveredRole: PlannedFile], loudness: LoudnessTarget,
        pooledSongs: Set<Int>, waitsForSpace: Bool = false, keepsFiles: Bool = false
    ) throws {
        self.waitsForSpace = waitsForSpace
        self.keepsFiles = keepsFiles
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
                master.writer?.abandon()
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
                desk.frameCounts[role] = frameCount
                if let kept = kept(role, file) {
                    desk.kept[role] = KeptProgress(kept, file)
                } else {
                    desk.writers[role] = try whenFilesCanBeOpened {
                        try hall.withLock { try $0.folder.writer(for: file) }
                    }
                    if case .master = role, keepsFiles { desk.parts[role] = [] }
                }
            }
        }
    }

    /// What lies under a master's name from an earlier render, where it may be left there.
    private func kept(_ role: DeliveredRole, _ file: PlannedFile) -> KeptFile? {
        // A stem is cut when its windows have come: it may hold less than they do.
        guard case .master = role, keepsFiles else { return nil }
        let path = hall.withLock { $0.folder.mayReplace(file) ? $0.folder.path(of: file) : nil }
        return path.flatMap {
            KeptFile(file, path: $0, directory: reader.deliveredDirectory, flacLibrary: flacLibrary)
        }
    }

    /// Gives a kept file a writer after all, with what of it has come.
    private func unkeep(_ role: DeliveredRole, _ desk: Desk) throws {
        guard let progress = desk.kept[role] else { return }
        let writer = try whenFilesCanBeOpened { try hall.withLock { try $0.folder.writer(for: progress.planned) } }
        desk.kept[role] = nil
        desk.writers[role] = writer
        try progress.copy(to: writer)
        desk.parts[role] = Array(progress.kept.parts[..<progress.count])
    }

    func append(
        _ delivery: FarmCoordination.Delivery, to role: DeliveredRole, places: Locations,
        answer: @escaping @Sendable (Input) -> Void
    ) {
        post(role) { [self] desk in
            // A file that failed lets its windows pass, or the job would wait for it.
            var reply = Input.consumed(delivery: delivery.number)
            attempt(role, desk) {
                guard desk.kept[role] != nil || desk.writers[role] != nil else { return }
                let output = desk.outputs[role] ?? 0
                guard delivery.result.outputs.indices.contains(output) else { throw TaskError.malformed("window") }
                let parts = delivery.result.outputs[output]
                if desk.kept[role] != nil {
                    if desk.kept[role]?.take(parts) == true { return }
                    try unkeep(role, desk)
                }
                guard let writer = desk.writers[role] else { return }
                if let missing = try write(parts, to: writer, places) {
                    reply = .undeliverable(delivery: delivery.number, missing)
                } else {
                    desk.parts[role]? += parts
                }
            }
            answer(reply)
        }
    }

    /// Appends a window; or appends nothing and returns the digests that could not be read.
    private func write(
        _ window: [Part], to writer: DeliverableWriter, _ places: Locations
    ) throws -> [Digest]? {
        var parts: [[UInt8]] = []
        var missing: [Digest] = []
        for part in window {
            guard let place = places[part.digest] else {
                missing.append(part.digest)
                continue
            }
            do {
                parts.append(try whenFilesCanBeOpened { try reader.read(place, digest: part.digest) })
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
                return try part.withUnsafeBytes { try writer.append($0) }
            } catch let error as ReleaseError where error.code == .noSpace && waitsForSpace && !isClosing.isSet {
                // What was written of the part is written over.
                try writer.rewind(toFrame: writer.frameCount)
                sleep(1)
            }
        }
    }

    /// Runs a step, again and again while the process has no descriptor left and its other work may give some back.
    private func whenFilesCanBeOpened<Value>(_ step: () throws -> Value) throws -> Value {
        while true {
            do { return try step() } catch {
                guard waitsForSpace, !isClosing.isSet, Self.isOutOfDescriptors(error) else { throw error }
                usleep(200_000)
            }
        }
    }

    private static func isOutOfDescriptors(_ error: any Error) -> Bool {
        switch error {
        case let error as StoreError: error.code == .noDescriptors
        case let error as ReleaseError: error.systemError == EMFILE || error.systemError == ENFILE
        default: false
        }
    }

    func rewind(_ role: DeliveredRole, toFrame frame: Int) {
        post(role) { [self] desk in
            attempt(role, desk) {
                try unkeep(role, desk)
                guard let writer = desk.writers[role] else { return try takeBack(role) }
                try writer.rewind(toFrame: frame)
                // What follows is not known to follow what was noted.
                desk.parts[role] = nil
            }
        }
    }

    /// What a finished file was made of is taken back: it may hold wrong samples, whether it has its name by now or
    /// waits for those of its album.
    private func takeBack(_ role: DeliveredRole) throws {
        hall.withLock { hall in
            for delivery in hall.waiting.keys.sorted() {
                for master in hall.waiting[delivery] ?? [] where master.role == role { master.writer?.abandon() }
                hall.waiting[delivery]?.removeAll { $0.role == role }
            }
        }
        if case .failed = results.withLock({ $0[role] }) { return }
        throw FarmError(
            "a worker was found wrong after this file was finished, and it may hold that worker's samples:"
                + " render again before you use it")
    }

    func publish(_ role: DeliveredRole, frameCount: Int?) {
        post(role) { [self] desk in
            attempt(role, desk) {
                if let progress = desk.kept[role] {
                    if progress.isWhole {
                        desk.kept[role] = nil
                        return try judge(role, nil, progress.kept.file, progress.kept.check, desk)
                    }
                    try unkeep(role, desk)
                }
                guard let writer = desk.writers[role] else { return }
                guard writer.frameCount == desk.frameCounts[role] else {
                    throw FarmError("only \(writer.frameCount) frames of it came. Render it again")
                }
                if let frameCount { try writer.truncate(toFrames: frameCount) }
                let file = try writer.finish()
                try judge(role, writer, file, nil, desk)
            }
        }
    }

    func abandon(_ role: DeliveredRole) {
        post(role) { desk in
            desk.kept[role] = nil
            desk.writers.removeValue(forKey: role)?.abandon()
        }
    }

    // MARK: - Verdicts

    /// - Parameters:
    ///   - writer: nil for a file that is kept.
    ///   - known: The check of a kept file, where one was made.
    private func judge(
        _ role: DeliveredRole, _ writer: DeliverableWriter?, _ file: DeliveredFile, _ known: DeliveredCheck?,
        _ desk: Desk
    ) throws {
        guard case .master(let song, let delivery) = role, loudness.isEnabled else {
            return try publish(role, writer, file, nil, desk)
        }
        let check =
            try known ?? whenFilesCanBeOpened { try DeliveredCheck.measure(path: writer?.temporaryPath ?? file.path) }
        let isPooled = pooledSongs.contains(song)
        // An album's target is met by its songs together: one alone has none.
        let target = loudness.scope == .song ? loudness.target : nil
        let reasons = check.verdict(target: target, ceiling: loudness.ceiling)
        guard reasons.isEmpty else {
            throw FarmError("the finished file fails its check: " + reasons.joined(separator: "; "))
        }
        guard isPooled else { return try publish(role, writer, file, check, desk) }
        desk.writers[role] = nil
        let parts = desk.parts.removeValue(forKey: role)
        hall.withLock { hall in
            hall.waiting[delivery, default: []].append(
                FinishedMaster(role: role, writer: writer, parts: parts, file: file, check: check))
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
                try publish(master.writer, plan, hall.folder)
                remember(plan, master.file, master.check, master.parts)
                results.withLock { $0[master.role] = .delivered(master.file, master.check) }
            } catch {
                master.writer?.abandon()
                fail(master.role, error)
            }
        }
    }

    private func publish(
        _ role: DeliveredRole, _ writer: DeliverableWriter?, _ file: DeliveredFile, _ check: DeliveredCheck?,
        _ desk: Desk
    ) throws {
        guard let plan = planned[role] else { return }
        try hall.withLock { try publish(writer, plan, $0.folder) }
        desk.writers[role] = nil
        remember(plan, file, check, desk.parts.removeValue(forKey: role))
        results.withLock { $0[role] = .delivered(file, check) }
    }

    private func publish(_ writer: DeliverableWriter?, _ plan: PlannedFile, _ folder: ReleaseFolder) throws {
        guard let writer else { return folder.keep(plan) }
        try folder.publish(writer, as: plan)
        RenderCrash.publish.reached()
    }

    private func remember(_ plan: PlannedFile, _ file: DeliveredFile, _ check: DeliveredCheck?, _ parts: [Part]?) {
        guard let parts else { return }
        KeptFile.remember(
            plan, file, check, parts: parts, directory: reader.deliveredDirectory, flacLibrary: flacLibrary)
    }

    /// Runs a step of a file; a failure ends that file and no other.
    private func attempt(_ role: DeliveredRole, _ desk: Desk, _ step: () throws -> Void) {
        do { try step() } catch {
            desk.kept[role] = nil
            desk.writers.removeValue(forKey: role)?.abandon()
            fail(role, error)
        }
    }

    private func fail(_ role: DeliveredRole, _ error: any Error) {
        results.withLock { $0[role] = .failed(String(describing: error)) }
    }
}
