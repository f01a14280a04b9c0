internal import Hashing
internal import Quantities
package import RenderPlan
package import Storage
internal import Synchronization

/// Puts a part into a store after its digest was checked.
package final class PartSink: BlobSink {
    /// The largest part, in bytes: it is put together in memory.
    package static let maximumByteCount = 64 << 20

    private struct State {
        var pieces: [(offset: Int, bytes: [UInt8])] = []
        var isPinned = false
    }

    private let part: Part
    private let store: Store
    private let pins: Bool
    private let state = Mutex(State())

    /// - Parameter pins: whether the part is pinned when it is there, for the caller to unpin.
    package init(_ part: Part, store: Store, pins: Bool = false) {
        self.part = part
        self.store = store
        self.pins = pins
    }

    /// Forgets what was written; throws for a part beyond the limit.
    package func begin(byteCount: Int) throws {
        guard byteCount <= Self.maximumByteCount else {
            throw StoreError(
                .invalidRange, "a part of \(byteCount) bytes is over the limit of \(Self.maximumByteCount)")
        }
        state.withLock { $0.pieces = [] }
    }

    package func write(_ bytes: [UInt8], at offset: Int) throws {
        state.withLock { $0.pieces.append((offset, bytes)) }
    }

    /// Whether the bytes have the digest; the part is in the store then, and pinned if that was wanted.
    package func finish() throws -> Bool {
        let pieces = state.withLock { state in
            defer { state.pieces = [] }
            return state.pieces
        }
        let bytes = Self.joined(pieces)
        guard Digest.of(bytes) == part.digest else { return false }
        _ = try store.store(bytes)
        if try !pin() { _ = try store.store(bytes) }
        return true
    }

    /// Forgets what was written, and gives the pin back.
    package func abandon() {
        let wasPinned = state.withLock { state in
            defer { state = State() }
            return state.isPinned
        }
        // A store that cannot unpin now forgets the pin with the process.
        if wasPinned { try? store.unpin([part.digest]) }
    }

    /// Takes the pin that was wanted.
    package func finishedElsewhere() throws {
        guard try pin() else {
            throw StoreError(.blobMissing, "\(part.digest) was evicted as soon as it had come")
        }
    }

    /// - Returns: false where the part is not there (any more); it is pinned all the same.
    private func pin() throws -> Bool {
        guard pins else { return true }
        let absent = try store.pin([part.digest])
        state.withLock { $0.isPinned = true }
        return absent.isEmpty
    }

    /// The bytes in order of offsets; those of a single range as they came.
    private static func joined(_ pieces: [(offset: Int, bytes: [UInt8])]) -> [UInt8] {
        if pieces.count == 1 { return pieces[0].bytes }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(pieces.reduce(0) { $0 + $1.bytes.count })
        for piece in pieces.sorted(by: { $0.offset < $1.offset }) { bytes.append(contentsOf: piece.bytes) }
        return bytes
    }
}
