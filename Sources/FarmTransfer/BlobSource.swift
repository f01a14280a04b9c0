/// What a source has to say about a range.
package enum BlobAnswer: Sendable {
    /// The bytes from the offset on: as many as were asked for, or up to the blob's end; and the whole blob's size.
    case bytes([UInt8], blobByteCount: Int)
    case none(Unavailability)
}

/// Where a hub or link finds what peers ask for.
package protocol BlobSource: Sendable {
    /// At most `count` (1 to 1 MiB) bytes from `offset`. Called on the thread of the hub or link, after rights were
    /// checked; it should take no longer than a read from disk.
    func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer
}

/// Asks one source after the other; the first that does not say `unknown` answers.
package struct CombinedSource: BlobSource {
    private let sources: [any BlobSource]

    package init(_ sources: [any BlobSource]) { self.sources = sources }

    package func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer {
        for source in sources {
            let answer = source.read(name, at: offset, count: count, for: peer)
            if case .none(.unknown) = answer { continue }
            return answer
        }
        return .none(.unknown)
    }
}
