import Farm
import FarmMonitoring
import FarmTransfer
import Foundation
import Synchronization

/// The files of finished jobs, by job and number, for whoever may fetch them.
final class DeliveredFiles: BlobSource {
    private struct Entry {
        var owner: String
        var folder: String
        var files: [JobStatus.File]
    }

    private let entries = Mutex<[UInt64: Entry]>([:])

    func set(_ job: DaemonJob, in folder: JobFolder) {
        guard let number = JobName.number(job.id) else { return }
        let entry = Entry(owner: job.record.owner, folder: folder.releaseFolder(job.id), files: job.record.files)
        entries.withLock { $0[number] = entry }
    }

    func forget(_ job: DaemonJob) {
        guard let number = JobName.number(job.id) else { return }
        _ = entries.withLock { $0.removeValue(forKey: number) }
    }

    func mayFetch(_ job: UInt64, _ who: Principal) -> Bool {
        guard who.maySubmit, let entry = entries.withLock({ $0[job] }) else { return false }
        return who.mayOperate || entry.owner == who.name
    }

    func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer {
        guard case .deliverable(let job, let number) = name else { return .none(.unknown) }
        guard let entry = entries.withLock({ $0[job] }), entry.files.indices.contains(number) else {
            return .none(.unknown)
        }
        let file = entry.files[number]
        // The path is of this coordinator's own making: a release folder and the name of a planned file.
        let descriptor = open("\(entry.folder)/\(file.path)", O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return .none(errno == EMFILE || errno == ENFILE ? .busy : .unreadable) }
        defer { close(descriptor) }
        guard offset >= 0, offset < file.byteCount else { return .none(.unreadable) }
        let wanted = min(count, file.byteCount - offset)
        var filled = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialised in
            while filled < wanted {
                let got = pread(descriptor, buffer.baseAddress! + filled, wanted - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { break }
                filled += got
            }
            initialised = filled
        }
        return filled == wanted ? .bytes(bytes, blobByteCount: file.byteCount) : .none(.unreadable)
    }
}
