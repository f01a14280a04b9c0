internal import Glibc
internal import Quantities
package import Storage
internal import Synchronization

/// Serves the parts of a store, each verified when it is read.
package final class StoreSource: BlobSource {
    /// Parts that are asked for in several ranges, so that they are not read anew for each.
    private struct Cache {
        var parts: [(digest: Digest, bytes: [UInt8])] = []
        var byteCount = 0
    }

    private let store: Store
    private let cacheByteCount: Int
    private let cache = Mutex(Cache())

    package init(_ store: Store, cacheByteCount: Int = 128 << 20) {
        self.store = store
        self.cacheByteCount = cacheByteCount
    }

    package func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer {
        guard case .part(let digest) = name else { return .none(.unknown) }
        do {
            guard let bytes = try bytes(of: digest, upTo: offset + count) else { return .none(.unknown) }
            if offset == 0 && bytes.count <= count { return .bytes(bytes, blobByteCount: bytes.count) }
            guard offset < bytes.count else { return .bytes([], blobByteCount: bytes.count) }
            let end = min(bytes.count, offset + count)
            return .bytes(Array(bytes[offset..<end]), blobByteCount: bytes.count)
        } catch {
            return .none(VaultError.unavailability(error))
        }
    }

    /// - Parameter end: of the range; a part that goes on behind it is kept for the next one.
    private func bytes(of digest: Digest, upTo end: Int) throws -> [UInt8]? {
        let cached = cache.withLock { cache -> [UInt8]? in
            guard let index = cache.parts.firstIndex(where: { $0.digest == digest }) else { return nil }
            let part = cache.parts.remove(at: index)
            cache.parts.append(part)
            return part.bytes
        }
        if let cached { return cached }
        guard let bytes = try store.read(digest) else { return nil }
        if end < bytes.count && bytes.count <= cacheByteCount {
            cache.withLock { cache in
                cache.parts.append((digest, bytes))
                cache.byteCount += bytes.count
                while cache.byteCount > cacheByteCount {
                    cache.byteCount -= cache.parts.removeFirst().bytes.count
                }
            }
        }
        return bytes
    }
}

/// What tells a file from a changed one without reading it.
package struct FileIdentity: Hashable, Sendable {
    package let byteCount: Int
    let modifiedSeconds: Int
    let modifiedNanoseconds: Int
    let inode: UInt64
    let device: UInt64

    /// Of the file at a path; take it before the file is hashed.
    ///
    /// - Throws: `VaultError` where there is no plain file.
    package init(path: String) throws {
        self.init(try Descriptor(path: path, flags: O_RDONLY | O_NONBLOCK).status())
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw VaultError(.unusable, "\(path) is no plain file")
        }
    }

    init(_ status: stat) {
        byteCount = Int(status.st_size)
        modifiedSeconds = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
        inode = UInt64(status.st_ino)
        device = UInt64(status.st_dev)
    }
}

/// Serves files of this process's own choice by name (a client's sources, a job's deliverables), as long as they are
/// what they were when they were hashed; a changed file is `unreadable`.
package final class FileRanges: BlobSource {
    private let files = Mutex<[BlobName: (path: String, identity: FileIdentity)]>([:])

    package init() {}

    /// Serves a file from now on.
    ///
    /// - Parameter identity: as it was before the file was hashed; nil takes it now.
    /// - Throws: `VaultError` where there is no plain file at the path.
    package func add(_ name: BlobName, path: String, identity: FileIdentity? = nil) throws {
        let known = try identity ?? FileIdentity(path: path)
        files.withLock { $0[name] = (path, known) }
    }

    /// Serves a file no longer.
    package func remove(_ name: BlobName) { files.withLock { $0[name] = nil } }

    /// Whether the file is still what it was.
    package func isUnchanged(_ name: BlobName) -> Bool {
        guard let file = files.withLock({ $0[name] }) else { return false }
        return (try? FileIdentity(path: file.path)) == file.identity
    }

    package func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer {
        guard let known = files.withLock({ $0[name] }) else { return .none(.unknown) }
        do {
            let file = try Descriptor(path: known.path, flags: O_RDONLY | O_NONBLOCK)
            guard FileIdentity(try file.status()) == known.identity else { return .none(.unreadable) }
            let size = known.identity.byteCount
            guard offset < size else { return .bytes([], blobByteCount: size) }
            let bytes = try file.read(at: offset, count: min(count, size - offset))
            guard bytes.count == min(count, size - offset) else { return .none(.unreadable) }
            return .bytes(bytes, blobByteCount: size)
        } catch {
            return .none(VaultError.unavailability(error))
        }
    }
}
