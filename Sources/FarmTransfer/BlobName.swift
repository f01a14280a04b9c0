package import Quantities

/// What can be asked for by name on the data socket. A name is never a path.
package enum BlobName: Hashable, Sendable {
    /// A stored part (window, snapshot, encoded bytes), by its digest.
    case part(Digest)
    /// An audio file, by the hash of its bytes.
    case source(ContentHash)
    /// A file of a job's delivery, by its number in the job's list of files.
    case deliverable(job: UInt64, file: Int)
}
