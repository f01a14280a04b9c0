internal import Glibc
internal import Hashing
internal import Quantities
internal import Synchronization

/// A file that is being filled in any order, under a name of its own until its hash is known to be right.
///
/// The SHA-256 runs along with what comes in order; only what came out of order is read again at the end.
final class IncomingFile: Sendable {
    private struct State {
        let hasher = SHA256Hasher()
        /// The hasher has everything before this offset.
        var hashedByteCount = 0
        var isRemoved = false
    }

    let name: String
    let byteCount: Int
    private let directory: Descriptor
    private let file: Descriptor
    private let state = Mutex(State())

    /// Makes the file, which must not exist, and locks it for as long as it is open.
    init(_ name: String, in directory: Descriptor, byteCount: Int, mode: mode_t) throws(VaultError) {
        self.name = name
        self.byteCount = byteCount
        self.directory = directory
        file = try Descriptor(name, in: directory, flags: O_RDWR | O_CREAT | O_EXCL, mode: mode)
        _ = try file.tryLock(LOCK_EX)
    }

    deinit { remove() }

    func write(_ bytes: [UInt8], at offset: Int) throws(VaultError) {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "the range lies in the file")
        try file.write(bytes, at: offset)
        state.withLock { state in
            guard state.hashedByteCount == offset else { return }
            state.hasher.update(bytes)
            state.hashedByteCount += bytes.count
        }
    }

    /// The hash of the whole file.
    ///
    /// - Parameter progress: bytes hashed so far; called while what came out of order is read again.
    func hash(progress: (Int) -> Void = { _ in }) throws(VaultError) -> ContentHash {
        var done = state.withLock { $0.hashedByteCount }
        while done < byteCount {
            let bytes = try file.read(at: done, count: min(1 << 20, byteCount - done))
            guard !bytes.isEmpty else { throw VaultError(.unusable, "\(file.path) has become shorter") }
            state.withLock { $0.hasher.update(bytes) }
            done += bytes.count
            progress(done)
        }
        return state.withLock { state in
            state.hashedByteCount = 0
            return ContentHash(words: state.hasher.finish().words)
        }
    }

    /// Makes the bytes durable and gives the file its name; the directories' entries are made durable too.
    ///
    /// - Parameter isReplacing: false: a file that is there already stays, and this one goes.
    func move(to target: String, in targetDirectory: Descriptor, isReplacing: Bool) throws(VaultError) {
        try file.synchronize()
        if !isReplacing, faccessat(targetDirectory.number, target, F_OK, 0) == 0 { return remove() }
        guard renameat(directory.number, name, targetDirectory.number, target) == 0 else {
            throw VaultError.system("rename", targetDirectory.path + "/" + target)
        }
        state.withLock { $0.isRemoved = true }
        file.unlock()
        try targetDirectory.synchronize()
    }

    /// Takes the file away, unless it has moved.
    func remove() {
        state.withLock { state in
            if state.isRemoved { return }
            state.isRemoved = true
            _ = unlinkat(directory.number, name, 0)
        }
    }
}
