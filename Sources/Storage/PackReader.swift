internal import Glibc
internal import Hashing
package import Quantities
internal import Synchronization

/// Reads parts by (pack, offset, byte count) and verifies the digest on every read.
///
/// It needs no database, opens packs by their number only, and may be used from several threads at once.
package final class PackReader: Sendable {
    let layout: StoreLayout
    private let descriptorLimit: Int
    private let cache = Mutex(Cache())

    private struct Cache {
        var files: [PackID: (file: OpenFile, lastUse: Int)] = [:]
        var useCount = 0
    }

    /// Reads the packs of one namespace; at most `descriptorLimit` files are kept open between reads.
    package init(directory: String, namespace: StoreNamespace = .local, descriptorLimit: Int = 64) {
        layout = StoreLayout(directory: directory, namespace: namespace)
        self.descriptorLimit = max(1, descriptorLimit)
    }

    /// The bytes of a range, whose digest must be `digest`.
    ///
    /// - Throws: `.blobMissing` where the pack is gone or too short, `.blobDamaged` where the bytes are
    ///   others.
    package func read(_ range: PackRange, digest: Digest) throws -> [UInt8] {
        let file = try checkedFile(range)
        let bytes = try [UInt8](unsafeUninitializedCapacity: range.byteCount) { buffer, count in
            let destination = UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: range.byteCount)
            try fill(destination, range, file)
            count = range.byteCount
        }
        guard Digest.of(bytes) == digest else { throw damaged(range, digest) }
        return bytes
    }

    /// Reads a range into `buffer`, which has exactly its size.
    ///
    /// On a throw the buffer's contents are undefined.
    ///
    /// - Throws: as `read(_:digest:)`.
    package func read(
        _ range: PackRange, digest: Digest, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        precondition(buffer.count == range.byteCount, "the buffer has the size of the range")
        try fill(buffer, range, checkedFile(range))
        guard Digest.of(UnsafeRawBufferPointer(buffer)) == digest else { throw damaged(range, digest) }
    }

    /// Checks that a range holds the bytes of `digest`.
    ///
    /// - Throws: as `read(_:digest:)`.
    package func verify(_ range: PackRange, digest: Digest) throws {
        _ = try read(range, digest: digest)
    }

    /// Checks that a pack reaches as far as a range.
    ///
    /// - Throws: `.blobMissing` where it does not.
    package func checkExtent(_ range: PackRange) throws { _ = try checkedFile(range) }

    /// Closes a pack that is no longer of interest.
    package func forget(_ pack: PackID) {
        // Taken out under the lock, closed after it.
        let forgotten = cache.withLock { $0.files.removeValue(forKey: pack)?.file }
        withExtendedLifetime(forgotten) {}
    }

    /// Makes what was written to a pack by any process durable.
    func synchronize(_ pack: PackID) throws {
        try file(pack).synchronizeData()
    }

    private func checkedFile(_ range: PackRange) throws -> OpenFile {
        guard let end = range.checkedEnd else {
            throw StoreError(
                .invalidRange, "\(range.byteCount) bytes at \(range.offset) are no range of a pack")
        }
        let file = try file(range.pack)
        let status = try file.status()
        // A pack that was removed keeps its blocks for as long as it is open.
        if status.st_nlink == 0 { forget(range.pack) }
        guard Int(status.st_size) >= end else { throw missing(range, "ends at byte \(status.st_size)") }
        return file
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer, _ range: PackRange, _ file: OpenFile) throws {
        do {
            let count = try file.read(into: buffer, at: range.offset)
            guard count == range.byteCount else { throw missing(range, "ended while it was read") }
        } catch let failure as OpenFailure {
            guard failure.number == EIO else { throw StoreError.system("read", failure.path, failure.number) }
            throw StoreError(.blobDamaged, "\(range.pack) cannot be read at byte \(range.offset): disk error")
        }
    }

    private func file(_ pack: PackID) throws -> OpenFile {
        if let file = cached(pack) { return file }
        let path = layout.pack(pack)
        let file: OpenFile
        do {
            file = try OpenFile(path: path, flags: O_RDONLY)
        } catch let failure as OpenFailure {
            guard failure.number == ENOENT else { throw StoreError.system("open", path, failure.number) }
            throw StoreError(
                .blobMissing, "the store has no \(pack) (\(path)) any more; it is rendered again")
        }
        let evicted = cache.withLock { cache -> OpenFile? in
            var evicted: OpenFile?
            if cache.files.count >= descriptorLimit,
                let oldest = cache.files.min(by: { $0.value.lastUse < $1.value.lastUse })
            {
                evicted = cache.files.removeValue(forKey: oldest.key)?.file
            }
            cache.useCount += 1
            cache.files[pack] = (file, cache.useCount)
            return evicted
        }
        withExtendedLifetime(evicted) {}
        return file
    }

    private func cached(_ pack: PackID) -> OpenFile? {
        cache.withLock { cache in
            guard let file = cache.files[pack]?.file else { return nil }
            cache.useCount += 1
            cache.files[pack] = (file, cache.useCount)
            return file
        }
    }

    private func missing(_ range: PackRange, _ what: String) -> StoreError {
        StoreError(
            .blobMissing,
            "\(range.pack) \(what), before the \(range.byteCount) bytes at \(range.offset); "
                + "they are rendered again"
        )
    }

    private func damaged(_ range: PackRange, _ digest: Digest) -> StoreError {
        StoreError(
            .blobDamaged,
            "the \(range.byteCount) bytes at \(range.offset) of \(range.pack) are not those of \(digest); "
                + "they are rendered again")
    }
}
