internal import Glibc
internal import Hashing
package import Quantities
internal import Storage
internal import Synchronization

/// Audio files by the SHA-256 of their bytes, in one directory.
///
/// Several processes may have the same vault open. A file is in it only after its bytes were hashed and made durable;
/// it is then never written again. Unpinned files beyond the limit are evicted, least recently used first; what would
/// take the disk's last reserve is refused before a byte of it is written. No link inside the directory is followed.
/// May be called from several threads.
package final class SourceVault: Sendable {
    package let directory: String
    package let limitByteCount: Int
    package let reserveByteCount: Int

    let files: Descriptor
    let incoming: Descriptor
    let lockFile: Descriptor
    let state: Mutex<State>

    struct State: Sendable {
        /// Pinned files, each held open with a shared lock, by which other processes know.
        var pins: [ContentHash: (file: Descriptor, count: Int)] = [:]
        /// Of the files that were there at the last look, and came since.
        var byteCount = 0
        /// Of files that are on their way.
        var promisedByteCount = 0
        var nextNumber = 0
    }

    /// Opens or makes the vault, and removes what a crash left behind.
    ///
    /// - Parameters:
    ///   - directory: an absolute path.
    ///   - limitByteCount: unpinned files beyond it are evicted.
    ///   - reserveByteCount: of the disk, to be left free.
    /// - Throws: `VaultError`.
    package init(directory: String, limitByteCount: Int, reserveByteCount: Int = 1 << 30) throws {
        guard directory.hasPrefix("/") else {
            throw VaultError(.unusable, "the vault's directory must be an absolute path: \(directory)")
        }
        try makeDirectory(directory)
        let root = try Descriptor(path: directory, flags: O_RDONLY | O_DIRECTORY)
        self.directory = directory
        self.limitByteCount = limitByteCount
        self.reserveByteCount = reserveByteCount
        files = try Self.directory("files", in: root)
        incoming = try Self.directory("incoming", in: root)
        lockFile = try Descriptor("vault.lock", in: root, flags: O_RDWR | O_CREAT)
        state = Mutex(State())
        try withLock {
            removeLeftovers()
            let total = try scan().reduce(0) { $0 + $1.byteCount }
            state.withLock { $0.byteCount = total }
        }
    }

    // MARK: Looking

    package func has(_ hash: ContentHash) -> Bool { path(of: hash) != nil }

    /// Where the file lies; nil where it is not there. It is noted as used. Pin it before, so that it stays.
    package func path(of hash: ContentHash) -> String? {
        guard let file = try? open(hash) else { return nil }
        touch(file)
        return file.path
    }

    /// The file's size; nil where it is not there.
    package func byteCount(of hash: ContentHash) -> Int? {
        guard let file = try? open(hash), let status = try? file.status() else { return nil }
        return Int(status.st_size)
    }

    /// Those that are not there, in the order given.
    package func missing(_ hashes: [ContentHash]) -> [ContentHash] { hashes.filter { (try? open($0)) == nil } }

    /// Keeps files from eviction by any process, until as many calls of `unpin` or the end of this process. Each
    /// pinned file takes a descriptor.
    ///
    /// - Returns: those that are not there; they are not pinned.
    @discardableResult
    package func pin(_ hashes: [ContentHash]) throws -> [ContentHash] {
        var absent: [ContentHash] = []
        for hash in hashes {
            let isKnown = state.withLock { state in
                if state.pins[hash] == nil { return false }
                state.pins[hash]!.count += 1
                return true
            }
            if isKnown { continue }
            guard let file = try open(hash) else {
                absent.append(hash)
                continue
            }
            // Whoever evicts holds an exclusive lock for a moment, and the file is gone afterwards.
            try file.lock(LOCK_SH)
            guard try file.status().st_nlink > 0 else {
                absent.append(hash)
                continue
            }
            touch(file)
            state.withLock { state in
                if state.pins[hash] == nil { state.pins[hash] = (file, 0) }
                state.pins[hash]!.count += 1
            }
        }
        return absent
    }

    /// Takes back one `pin` of each; without one before, nothing happens.
    package func unpin(_ hashes: [ContentHash]) {
        for hash in hashes {
            state.withLock { state in
                guard let pin = state.pins[hash] else { return }
                if pin.count > 1 { state.pins[hash]!.count -= 1 } else { state.pins[hash] = nil }
            }
        }
    }

    package func isPinned(_ hash: ContentHash) -> Bool { state.withLock { $0.pins[hash] != nil } }

    /// Reads a file again; one with other bytes than its name says is taken out.
    ///
    /// - Returns: whether it is there and right.
    package func verify(_ hash: ContentHash) throws -> Bool {
        guard let file = try open(hash) else { return false }
        if try Self.hash(of: file) == hash { return true }
        try withLock {
            let folder = try Self.directory(hash.folder, in: files)
            _ = unlinkat(folder.number, hash.description, 0)
        }
        return false
    }

    // MARK: Under the hood

    /// The file, open for reading; nil where it is not there, or is no plain file.
    func open(_ hash: ContentHash) throws -> Descriptor? {
        do throws(VaultError) {
            let folder = try Descriptor(hash.folder, in: files, flags: O_RDONLY | O_DIRECTORY)
            let file = try Descriptor(hash.description, in: folder, flags: O_RDONLY)
            return try file.status().st_mode & S_IFMT == S_IFREG ? file : nil
        } catch {
            if error.code == .unusable { return nil }
            throw error
        }
    }

    /// Runs `body` while no other process, and no other thread, changes the vault.
    func withLock<T>(_ body: () throws -> T) throws -> T {
        // A lock of its own each time: threads of one process exclude each other as well.
        let lock = try Descriptor(path: "\(directory)/vault.lock", flags: O_RDWR | O_NOFOLLOW)
        try lock.lock(LOCK_EX)
        return try body()
    }

    static func directory(_ name: String, in parent: Descriptor) throws(VaultError) -> Descriptor {
        if mkdirat(parent.number, name, 0o700) == 0 {
            try parent.synchronize()
        } else if errno != EEXIST {
            throw VaultError.system("mkdir", parent.path + "/" + name)
        }
        return try Descriptor(name, in: parent, flags: O_RDONLY | O_DIRECTORY)
    }

    static func hash(of file: Descriptor, progress: (Int) -> Void = { _ in }) throws(VaultError) -> ContentHash {
        let hasher = SHA256Hasher()
        var offset = 0
        while true {
            let bytes = try file.read(at: offset, count: 1 << 20)
            if bytes.isEmpty { return ContentHash(words: hasher.finish().words) }
            hasher.update(bytes)
            offset += bytes.count
            progress(offset)
        }
    }

    /// The access time says when it was last used; the modification time stays, since others compare it.
    private func touch(_ file: Descriptor) {
        var times = [timespec(tv_sec: 0, tv_nsec: utimeNow), timespec(tv_sec: 0, tv_nsec: utimeOmit)]
        _ = futimens(file.number, &times)
    }
}

/// <sys/stat.h>'s UTIME_NOW and UTIME_OMIT, which are not imported.
private let utimeNow = (1 << 30) - 1
private let utimeOmit = (1 << 30) - 2

extension ContentHash {
    /// The directory of a vault that the file lies in.
    var folder: String { String(description.prefix(2)) }
}

/// Makes a directory with its parents, readable by its owner only.
private func makeDirectory(_ path: String) throws(VaultError) {
    if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw VaultError.system("mkdir", path)
    }
    try makeDirectory(String(path[..<slash]))
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw VaultError.system("mkdir", path) }
}
