import FarmCoordination
import Foundation
import Quantities
import Release
import RenderPlan
import SoundFiles
import Storage
import Synchronization

/// Writes deliverables while the farm renders: one thread, in order, from packs to files beside their final names.
final class FileSink: DeliverySink, Sendable {
    /// How a role becomes a file, and what must be true of it before it gets its name.
    struct Target: Sendable {
        var path: String
        var kind: DeliverableWriter.Kind
        var isReplacing: Bool
        /// Reads the finished file back; a reason keeps it from being published.
        var check: @Sendable (DeliveredFile, String) throws -> (measurement: DeliveredMeasurement?, failure: String?)
    }

    /// What became of a role.
    enum Outcome: Sendable {
        case delivered(DeliveredFile, DeliveredMeasurement?)
        case failed(String)
    }

    let flacLibrary: String
    private let reader: PackReader
    private let targets: [DeliveredRole: Target]
    private let work = BlockingQueue<(@Sendable (Files) -> Void)?>()
    private let results = Mutex<[DeliveredRole: Outcome]>([:])
    private let finished = DispatchSemaphore(value: 0)

    /// Files being written; touched by the writer thread alone.
    final class Files {
        var writers: [DeliveredRole: DeliverableWriter] = [:]
        var outputs: [DeliveredRole: Int] = [:]
    }

    init(reader: PackReader, targets: [DeliveredRole: Target]) throws {
        self.reader = reader
        self.targets = targets
        flacLibrary = try SoundLibraries.flacEncoder()
        let work = work
        let finished = finished
        startThread(named: "deliverables") {
            let files = Files()
            while let step = work.take() { step(files) }
            for writer in files.writers.values { writer.abandon() }
            files.writers.removeAll()
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
        guard let target = targets[role] else { return }
        work.post { [self] files in
            do {
                files.outputs[role] = output
                files.writers[role] = try DeliverableWriter(
                    finalPath: target.path, kind: target.kind, rateHertz: rateHertz, channelCount: 2)
            } catch { fail(role, error) }
        }
    }

    func append(
        _ delivery: FarmCoordination.Delivery, to role: DeliveredRole, places: Locations,
        answer: @escaping @Sendable (Input) -> Void
    ) {
        work.post { [self] files in
            // A file that failed lets its windows pass, or the job would wait for it.
            guard let writer = files.writers[role] else { return answer(.consumed(delivery: delivery.number)) }
            do {
                if let missing = try write(delivery, to: writer, output: files.outputs[role] ?? 0, places) {
                    answer(.undeliverable(delivery: delivery.number, missing))
                } else {
                    answer(.consumed(delivery: delivery.number))
                }
            } catch {
                writer.abandon()
                files.writers[role] = nil
                fail(role, error)
                answer(.consumed(delivery: delivery.number))
            }
        }
    }

    /// Appends a window, or nothing and the digests that could not be read.
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
        work.post { [self] files in
            do { try files.writers[role]?.rewind(toFrame: frame) } catch { fail(role, error) }
        }
    }

    func publish(_ role: DeliveredRole, frameCount: Int?) {
        guard let target = targets[role] else { return }
        work.post { [self] files in
            guard let writer = files.writers.removeValue(forKey: role) else { return }
            do {
                if let frameCount { try writer.truncate(toFrames: frameCount) }
                let file = try writer.finish()
                let verdict = try target.check(file, writer.temporaryPath)
                if let failure = verdict.failure {
                    writer.abandon()
                    results.withLock { $0[role] = .failed(failure) }
                    return
                }
                try writer.publish(isReplacing: target.isReplacing)
                results.withLock { $0[role] = .delivered(file, verdict.measurement) }
            } catch {
                writer.abandon()
                fail(role, error)
            }
        }
    }

    func abandon(_ role: DeliveredRole) {
        work.post { files in files.writers.removeValue(forKey: role)?.abandon() }
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
