internal import CFileSystem
internal import Glibc
internal import Quantities
internal import Synchronization

/// Appends parts to one pack.
///
/// It needs no database: a worker process opens the pack that the coordinator made for it, appends, and
/// reports the ranges. One writer per pack at a time, by a lock on the file.
package final class PackWriter: Sendable {
    package let id: PackID
    private let file: OpenFile
    private let state: Mutex<State>

    private struct State {
        /// Where the next part goes.
        ///
        /// A failed append leaves it, so that torn bytes are written over.
        var end: Int
        /// Blocks are reserved up to here; `Int.max` where the file system cannot reserve.
        var reservedEnd: Int
    }

    /// Opens a pack that `Store.createPack()` has made.
    ///
    /// - Throws: `.blobMissing` where there is no such pack, `.packInUse` where another writer has it open.
    package convenience init(directory: String, namespace: StoreNamespace = .local, id: PackID) throws {
        let path = StoreLayout(directory: directory, namespace: namespace).pack(id)
        do {
            try self.init(id: id, file: OpenFile(path: path, flags: O_RDWR))
        } catch let failure as OpenFailure {
            guard failure.number == ENOENT else { throw StoreError.system("open", path, failure.number) }
            throw StoreError(.blobMissing, "the store has no \(id) (\(path)); ask for a new pack")
        }
    }

    /// Appends to a pack that is open already, a descriptor handed over at spawn, and closes it at the end.
    package convenience init(id: PackID, adopting descriptor: Int32) throws {
        try self.init(id: id, file: OpenFile(adopting: descriptor, path: "\(id)"))
    }

    private init(id: PackID, file: OpenFile) throws {
        guard try file.tryLock(LOCK_EX) else {
            throw StoreError(.packInUse, "\(id) is being written by another process; ask for a new pack")
        }
        let size = try Int(file.status().st_size)
        self.id = id
        self.file = file
        state = Mutex(State(end: size, reservedEnd: size))
    }

    deinit {
        // Gives back what was reserved beyond the last part; a failure costs blocks until the pack is swept.
        let end = state.withLock { $0.end }
        _ = ftruncate(file.descriptor, off_t(end))
    }

    /// Bytes appended so far, and the offset of the next part.
    package var byteCount: Int { state.withLock { $0.end } }

    /// Appends `bytes` as one range.
    ///
    /// - Throws: `.diskFull` where they do not fit; the pack is then as it was before.
    package func append(_ bytes: UnsafeRawBufferPointer) throws -> PackRange {
        try state.withLock { state in
            let offset = state.end
            reserve(offset + bytes.count, &state)
            try file.write(bytes, at: offset)
            state.end = offset + bytes.count
            return PackRange(pack: id, offset: offset, byteCount: bytes.count)
        }
    }

    /// Appends a span of bytes as one range.
    package func append(_ bytes: RawSpan) throws -> PackRange {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Appends an array of bytes as one range.
    package func append(_ bytes: [UInt8]) throws -> PackRange {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Makes everything appended so far durable.
    package func sync() throws { try file.synchronizeData() }

    /// Reserves ahead in steps that grow with the pack (1 to 16 MB), so that small renders stay small on
    /// disk.
    private func reserve(_ end: Int, _ state: inout State) {
        guard end > state.reservedEnd else { return }
        let step = min(max(state.end / 8, 1 << 20), 16 << 20)
        let reservedEnd = end + step
        let length = reservedEnd - state.reservedEnd
        if lathe_preallocate(file.descriptor, off_t(state.reservedEnd), off_t(length)) == 0 {
            state.reservedEnd = reservedEnd
        } else {
            // Not supported, or too little space for the step: the write itself will tell.
            state.reservedEnd = .max
        }
    }
}
