/// The protocol's version and the sizes past which a message or a job is refused.
package enum Limits {
    /// Counted up with every change of a message's meaning.
    package static let protocolVersion = 2
    /// The version before is understood too: a farm is brought up to date machine by machine.
    package static let oldestProtocolVersion = 1
    package static let protocolVersions = oldestProtocolVersion...protocolVersion
    package static let jobCount = 10_000
    package static let programCount = 10_000
    /// Segments of one program: 4,096 times ten seconds are more than eleven hours.
    package static let segmentCount = 4_096
    package static let taskCount = 2_000_000
    /// Tasks that one segment may read; a barrier reads a whole program of every song of an album.
    package static let dependencyCount = 65_536
    package static let partCount = 4_096
    package static let portCount = 256
    package static let workerCount = 10_000
    package static let heldResultCount = 1_024
    package static let reasonByteCount = 4_096
    package static let horizonSegments = 16
    /// The JSON header of one message, in bytes.
    package static let headerByteCount = 16 << 20
    /// One payload part between machines, in bytes.
    package static let payloadByteCount = 1 << 20
    package static let messagePartCount = 4_096
}
