package import Quantities
package import RenderPlan

/// Who computed a result, where and with what.
package struct Provenance: Hashable, Sendable {
    package var worker: String
    /// One life of the worker's process.
    package var incarnation: String
    package var processorModel: String
    package var latheVersion: String

    package init(worker: String, incarnation: String, processorModel: String, latheVersion: String) {
        self.worker = worker
        self.incarnation = incarnation
        self.processorModel = processorModel
        self.latheVersion = latheVersion
    }
}

/// One line of the ledger: what a key came to.
///
/// A hint: the bytes are checked when somebody reads them.
package struct LedgerEntry: Hashable, Sendable {
    package var key: TaskKey
    package var result: TaskResult
    package var provenance: Provenance
    /// CPU time of the task, in seconds.
    package var costSeconds: Double
    /// Seconds since 1970.
    package var recordedAtSeconds: Int

    package init(
        key: TaskKey, result: TaskResult, provenance: Provenance, costSeconds: Double, recordedAtSeconds: Int
    ) {
        self.key = key
        self.result = result
        self.provenance = provenance
        self.costSeconds = costSeconds
        self.recordedAtSeconds = recordedAtSeconds
    }
}

/// What became of an entry that was offered to the ledger.
package enum LedgerRecording: Hashable, Sendable {
    case recorded
    /// The same result was there before; the older provenance stands.
    case alreadyRecorded
    /// Another result was there before, and stands: an alarm, never last-write-wins.
    case conflict(existing: LedgerEntry)
}

/// Two results for one key that met in the database, written by two processes.
package struct LedgerConflict: Hashable, Sendable {
    package let existing: LedgerEntry
    package let rejected: LedgerEntry

    package init(existing: LedgerEntry, rejected: LedgerEntry) {
        self.existing = existing
        self.rejected = rejected
    }
}

/// What tells a source file from an edited one without reading it.
package struct SourceIdentity: Hashable, Sendable {
    package var path: String
    package var byteCount: Int
    /// Time of last change of the contents, in nanoseconds since 1970.
    package var modifiedNanoseconds: Int
    package var inode: UInt64
    package var device: UInt64

    package init(path: String, byteCount: Int, modifiedNanoseconds: Int, inode: UInt64, device: UInt64) {
        self.path = path
        self.byteCount = byteCount
        self.modifiedNanoseconds = modifiedNanoseconds
        self.inode = inode
        self.device = device
    }
}

/// A render as the store remembers it: for reports, not for scheduling.
package struct JobRecord: Hashable, Sendable {
    package var id: String
    package var title: String
    /// Counts the renders of one album, from 1.
    package var revision: Int
    /// The caller's word for how it stands: `running`, `done`, `failed`.
    package var state: String
    /// Seconds since 1970.
    package var startedAtSeconds: Int
    package var finishedAtSeconds: Int?

    package init(
        id: String, title: String, revision: Int, state: String, startedAtSeconds: Int,
        finishedAtSeconds: Int? = nil
    ) {
        self.id = id
        self.title = title
        self.revision = revision
        self.state = state
        self.startedAtSeconds = startedAtSeconds
        self.finishedAtSeconds = finishedAtSeconds
    }
}
