import Quantities
import Revisions
import Storage

/// What `lathe store stat --json` prints.
struct StoreDocument: Encodable {
    struct Blob: Encodable {
        var digest: String
        var pack: Int
        var offset: Int
        var bytes: Int
        var path: String
        var isPinned: Bool
        var usedBy: [String]
    }

    var store: String
    var namespace: String
    var schema: Int
    var diskBytes: Int
    var blobBytes: Int
    var pinnedBytes: Int
    var results: Int
    var packs: Int
    var releasedFiles: Int
    var releasedBytes: Int
    var pinnedRevisions: Int
    var orphanedPins: [OrphanDocument]
    /// Of the files that only orphaned pins need.
    var orphanedBytes: Int
    /// Records of pins that cannot be read, each as a sentence.
    var damagedPins: [String]
    var missing: [MissingDocument]
    var blobs: [Blob]

    init(_ statistics: StoreStatistics, _ kept: KeptSurvey) {
        releasedFiles = kept.fileCount
        releasedBytes = kept.byteCount
        pinnedRevisions = kept.pins.count
        orphanedPins = kept.orphans.map(OrphanDocument.init)
        orphanedBytes = kept.orphanedByteCount
        damagedPins = kept.damagedPins
        missing = kept.missing.map(MissingDocument.init)
        store = statistics.directory
        namespace = statistics.namespace.name
        schema = statistics.schemaVersion
        diskBytes = statistics.diskByteCount
        blobBytes = statistics.blobByteCount
        pinnedBytes = statistics.pinnedByteCount
        results = statistics.resultCount
        packs = statistics.packCount
        blobs = statistics.blobs.map { blob in
            Blob(
                digest: blob.digest.description, pack: blob.range.pack.rawValue, offset: blob.range.offset,
                bytes: blob.range.byteCount,
                path: statistics.packPath(blob.range.pack), isPinned: blob.isPinned,
                usedBy: blob.usedBy.map(\.description))
        }
    }
}

/// What `lathe store verify --json` prints.
struct VerificationDocument: Encodable {
    struct Loss: Encodable {
        var digest: String
        var pack: Int
        var reason: String
    }

    var checked: Int
    var checkedBytes: Int
    var damaged: [Loss]
    var isRepaired: Bool
    var releasedFiles: Int
    var releasedBytes: Int
    /// SHA-256 of each.
    var damagedReleasedFiles: [String]

    init(_ report: VerificationReport, _ released: (count: Int, byteCount: Int, damaged: [String])) {
        releasedFiles = released.count
        releasedBytes = released.byteCount
        damagedReleasedFiles = released.damaged
        checked = report.checkedCount
        checkedBytes = report.checkedByteCount
        damaged = report.losses.map {
            Loss(digest: $0.digest.description, pack: $0.range.pack.rawValue, reason: $0.reason)
        }
        isRepaired = report.isRepaired
    }
}

/// A pin whose album is not where it was.
struct OrphanDocument: Encodable {
    var pin: String
    var record: String
    var revision: Int
    /// Of its files that no other pin needs.
    var bytes: Int
    /// `gone` or `replaced`.
    var reason: String

    init(_ orphan: KeptSurvey.Orphan) {
        pin = orphan.pin.id
        record = orphan.pin.record
        revision = orphan.pin.number
        bytes = orphan.byteCount
        reason = orphan.reason.rawValue
    }
}

/// A file that a pin needs and that is not kept any more.
struct MissingDocument: Encodable {
    var pin: String
    var record: String
    var revision: Int
    /// What it was called.
    var path: String

    init(_ missing: KeptSurvey.Missing) {
        pin = missing.pin.id
        record = missing.pin.record
        revision = missing.pin.number
        path = missing.path
    }
}

/// What `lathe store prune --json` prints.
struct PruneDocument: Encodable {
    var isDryRun: Bool
    var evicted: Int
    var evictedBytes: Int
    var diskBytesBefore: Int
    var diskBytesAfter: Int
    var forgottenResults: Int
    /// Files of revisions that are not pinned any more.
    var removedFiles: Int
    var removedFileBytes: Int
    var pinnedRevisions: Int
    /// Numbers of the pins that were given up.
    var droppedPins: [String]
    var orphanedPins: [OrphanDocument]
    /// Of the files that only orphaned pins need.
    var orphanedBytes: Int
    /// Records of pins that cannot be read, each as a sentence: while there is one, no file and no pin goes.
    var damagedPins: [String]
    var missing: [MissingDocument]

    init(
        _ report: EvictionReport, released: (count: Int, byteCount: Int, dropped: [KeptPin]), kept: KeptSurvey,
        isDryRun: Bool
    ) {
        droppedPins = released.dropped.map(\.id)
        orphanedPins = kept.orphans.map(OrphanDocument.init)
        orphanedBytes = kept.orphanedByteCount
        damagedPins = kept.damagedPins
        missing = kept.missing.map(MissingDocument.init)
        removedFiles = released.count
        removedFileBytes = released.byteCount
        pinnedRevisions = kept.pins.count
        self.isDryRun = isDryRun
        evicted = report.evictedCount
        evictedBytes = report.evictedByteCount
        diskBytesBefore = report.diskByteCountBefore
        diskBytesAfter = report.diskByteCountAfter
        forgottenResults = report.forgottenResultCount
    }
}
