import Farm
import FarmCoordination
import FarmMonitoring
import FarmProtocol
import Foundation
import Quantities
import Release
import Session

/// One job of the coordinator: its record on the disk, and what is under way for it.
final class DaemonJob {
    var record: JobRecord
    /// Audio that has still to come from the client.
    var missing: Set<ContentHash> = []
    /// What the vault keeps for this job.
    var pinned: Set<ContentHash> = []
    /// Of the missing ones, what is being fetched now.
    var fetching: Set<ContentHash> = []
    /// Who sends the audio.
    var uploader: ClientID?
    var isPreparing = false
    /// The files are finished and the reports written, on another thread.
    var isFinishing = false
    var work: PreparedJob?
    /// Its numbers go on over restarts of the coordinator: a job has less than a million events a second.
    var history = TaskHistory(firstSequence: UInt64(max(1, Date().timeIntervalSince1970)) * 1_000_000, capacity: 20_000)
    /// The last word of the machine, where it has one.
    var waiting: String?
    var isCancelled = false

    /// The job's name within the farm: another for each run.
    private(set) var number: UInt64

    init(_ record: JobRecord) {
        self.record = record
        number = Self.number(of: record)
    }

    var id: String { record.submission.id }

    /// Begins another run of it.
    func beginRun() {
        record.run += 1
        number = Self.number(of: record)
        record.failures = []
        record.endedAtSeconds = nil
        isCancelled = false
        missing = []
    }

    private static func number(of record: JobRecord) -> UInt64 {
        guard let first = JobName.number(record.submission.id) else {
            preconditionFailure("checked when it was submitted")
        }
        // Odd, so that no two runs of one job share a name.
        return first &+ UInt64(record.run) &* 0x9E37_79B9_7F4A_7C15
    }

    var missingBytes: Int {
        record.submission.sources.reduce(0) { missing.contains($1.hash) ? $0 + $1.byteCount : $0 }
    }
}

/// A job whose session was read and compiled.
struct PreparedJob: @unchecked Sendable {
    // SAFETY: made on a preparing thread and handed over whole; after that the coordinator's thread alone uses it,
    // until it hands it to the finishing thread in the same way.
    let album: Album
    let songs: [Int]
    let plan: ReleasePlan
    let folder: ReleaseFolder
    let render: AlbumRender
}
