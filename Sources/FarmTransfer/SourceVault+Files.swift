internal import Glibc
package import Quantities
internal import Storage
internal import Synchronization

/// A source on its way into a vault.
package final class IncomingSource: Sendable {
    let hash: ContentHash
    let file: IncomingFile
    private let vault: SourceVault

    fileprivate init(_ hash: ContentHash, _ file: IncomingFile, _ vault: SourceVault) {
        self.hash = hash
        self.file = file
        self.vault = vault
    }

    deinit {
        let byteCount = file.byteCount
        vault.state.withLock { $0.promisedByteCount -= byteCount }
    }

    /// Bytes at their offset, in any order.
    package func write(_ bytes: [UInt8], at offset: Int) throws { try file.write(bytes, at: offset) }

    /// Hashes what was not hashed on the way, and puts the file into the vault.
    ///
    /// - Parameter progress: bytes hashed so far.
    /// - Returns: false where the bytes are not those of the name; the file is gone then.
    package func finish(progress: (Int) -> Void = { _ in }) throws -> Bool {
        guard try file.hash(progress: progress) == hash else {
            file.remove()
            return false
        }
        try vault.accept(self)
        return true
    }

    /// Throws away what was written.
    package func abandon() { file.remove() }
}

extension SourceVault {
    struct Entry {
        let hash: ContentHash
        let byteCount: Int
        let lastUse: (seconds: Int, nanoseconds: Int)
    }

    /// Makes room for a source and a file to write it into.
    ///
    /// - Throws: `diskFull` where the reserve would be touched even after eviction; nothing was written then.
    package func begin(_ hash: ContentHash, byteCount: Int) throws -> IncomingSource {
        let number = state.withLock { state in
            state.promisedByteCount += byteCount
            state.nextNumber += 1
            return state.nextNumber
        }
        do {
            try makeRoom()
            let name = "\(getpid())-\(number)-\(hash)"
            // Under the lock: whoever removes leftovers must not see the file before it is locked.
            let file = try withLock { try IncomingFile(name, in: incoming, byteCount: byteCount, mode: 0o600) }
            return IncomingSource(hash, file, self)
        } catch {
            state.withLock { $0.promisedByteCount -= byteCount }
            throw error
        }
    }

    /// Copies a file of this machine into the vault.
    @discardableResult
    package func insert(copying path: String) throws -> ContentHash {
        let original = try Descriptor(path: path, flags: O_RDONLY)
        let hash = try Self.hash(of: original)
        let byteCount = Int(try original.status().st_size)
        let source = try begin(hash, byteCount: byteCount)
        var offset = 0
        while offset < byteCount {
            let bytes = try original.read(at: offset, count: min(1 << 20, byteCount - offset))
            if bytes.isEmpty { break }
            try source.write(bytes, at: offset)
            offset += bytes.count
        }
        guard try source.finish() else {
            throw VaultError(.unusable, "\(path) has changed while it was copied")
        }
        return hash
    }

    /// Evicts unpinned files, least recently used first, down to a size (default: the vault's limit).
    ///
    /// - Returns: how many bytes were given back.
    @discardableResult
    package func trim(toByteCount limit: Int? = nil) throws -> Int {
        try withLock { try evict(downTo: limit ?? limitByteCount) }
    }

    // MARK: Under the lock

    fileprivate func accept(_ source: IncomingSource) throws {
        try withLock {
            let folder = try Self.directory(source.hash.folder, in: files)
            try source.file.move(to: source.hash.description, in: folder, isReplacing: false)
        }
        let total = state.withLock { state in
            state.byteCount += source.file.byteCount
            return state.byteCount
        }
        // The newest is the last to go.
        if total > limitByteCount { try trim() }
    }

    private func evict(downTo limit: Int) throws -> Int {
        let entries = try scan().sorted { a, b in
            a.lastUse == b.lastUse ? a.hash < b.hash : a.lastUse < b.lastUse
        }
        let before = entries.reduce(0) { $0 + $1.byteCount }
        var total = before
        for entry in entries where total > limit {
            if try remove(entry.hash) { total -= entry.byteCount }
        }
        state.withLock { $0.byteCount = total }
        return before - total
    }

    /// Takes one file out, unless somebody has pinned it.
    private func remove(_ hash: ContentHash) throws -> Bool {
        if isPinned(hash) { return false }
        guard let file = try open(hash), try file.tryLock(LOCK_EX) else { return false }
        let folder = try Self.directory(hash.folder, in: files)
        return unlinkat(folder.number, hash.description, 0) == 0
    }

    /// The files that are there.
    func scan() throws -> [Entry] {
        var found: [Entry] = []
        for folderName in try names(in: files) {
            guard let folder = try? Descriptor(folderName, in: files, flags: O_RDONLY | O_DIRECTORY) else { continue }
            for name in try names(in: folder) {
                guard let hash = ContentHash(hexadecimal: name), hash.folder == folderName else { continue }
                var status = stat()
                guard fstatat(folder.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
                    status.st_mode & S_IFMT == S_IFREG
                else { continue }
                found.append(
                    Entry(
                        hash: hash, byteCount: Int(status.st_size),
                        lastUse: (status.st_atim.tv_sec, status.st_atim.tv_nsec)))
            }
        }
        return found
    }

    /// Files in `incoming` that nobody writes: their process has ended.
    func removeLeftovers() {
        guard let leftovers = try? names(in: incoming) else { return }
        for name in leftovers {
            guard let file = try? Descriptor(name, in: incoming, flags: O_RDONLY),
                (try? file.tryLock(LOCK_EX)) ?? false
            else {
                // A link is nobody's work in progress.
                var status = stat()
                let isLink =
                    fstatat(incoming.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0
                    && status.st_mode & S_IFMT == S_IFLNK
                if isLink { _ = unlinkat(incoming.number, name, 0) }
                continue
            }
            _ = unlinkat(incoming.number, name, 0)
        }
    }

    private func makeRoom() throws {
        func shortfall() throws -> Int {
            let space = try DiskSpace(ofDirectory: directory)
            let promised = state.withLock { $0.promisedByteCount }
            return promised + reserveByteCount - space.availableByteCount
        }
        let lack = try shortfall()
        if lack <= 0 { return }
        _ = try withLock { try evict(downTo: max(0, state.withLock { $0.byteCount } - lack)) }
        let rest = try shortfall()
        guard rest > 0 else { return }
        let space = try DiskSpace(ofDirectory: directory)
        let promised = state.withLock { $0.promisedByteCount }
        throw VaultError(
            .diskFull,
            "sources of \(promised) bytes are to come, and \(reserveByteCount) bytes are to be left free, but the "
                + "disk under \(directory) has only \(space.availableByteCount): free \(rest) bytes")
    }
}

extension SourceVault: BlobSource {
    package func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer {
        guard case .source(let hash) = name else { return .none(.unknown) }
        do {
            guard let file = try open(hash) else { return .none(.unknown) }
            let size = Int(try file.status().st_size)
            guard offset < size else { return .bytes([], blobByteCount: size) }
            return .bytes(try file.read(at: offset, count: min(count, size - offset)), blobByteCount: size)
        } catch {
            return .none(VaultError.unavailability(error))
        }
    }
}

/// Another vault's directory that this machine sees too: a mount, or the same disk. It is only read.
package struct SharedVault: Sendable {
    package let directory: String

    package init(directory: String) { self.directory = directory }

    /// Where the file lies; nil where there is no plain file of that name and size.
    package func path(of hash: ContentHash, byteCount: Int) -> String? {
        guard let files = try? Descriptor(path: directory + "/files", flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW),
            let folder = try? Descriptor(hash.folder, in: files, flags: O_RDONLY | O_DIRECTORY),
            let file = try? Descriptor(hash.description, in: folder, flags: O_RDONLY),
            let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == byteCount
        else { return nil }
        return file.path
    }
}
