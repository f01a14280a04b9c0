internal import Glibc

/// An open file or directory, closed with its last reference.
final class Descriptor: Sendable {
    let number: Int32
    /// For messages only.
    let path: String

    /// Opens a path of this machine's own making, or one that its user gave: links are followed.
    init(path: String, flags: Int32, mode: mode_t = 0o600) throws(VaultError) {
        number = open(path, flags | O_CLOEXEC, mode)
        self.path = path
        if number < 0 { throw VaultError.system("open", path) }
    }

    /// Opens one name in a directory; a link is an error.
    init(_ name: String, in directory: Descriptor, flags: Int32, mode: mode_t = 0o600) throws(VaultError) {
        precondition(!name.contains("/"), "one name, not a path")
        number = openat(directory.number, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode)
        path = directory.path + "/" + name
        if number < 0 { throw VaultError.system("open", path) }
    }

    deinit { if number >= 0 { close(number) } }

    func status() throws(VaultError) -> stat {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw VaultError.system("fstat", path) }
        return status
    }

    /// False where another open file holds the lock.
    func tryLock(_ operation: Int32) throws(VaultError) -> Bool {
        while flock(number, operation | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw VaultError.system("flock", path) }
        }
        return true
    }

    func lock(_ operation: Int32) throws(VaultError) {
        while flock(number, operation) != 0 {
            guard errno == EINTR else { throw VaultError.system("flock", path) }
        }
    }

    func unlock() { _ = flock(number, LOCK_UN) }

    func write(_ bytes: [UInt8], at offset: Int) throws(VaultError) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                pwrite(number, $0.baseAddress! + done, $0.count - done, off_t(offset + done))
            }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw VaultError.system("write", path, count == 0 ? ENOSPC : errno)
            }
        }
    }

    /// Up to `count` bytes from `offset`; fewer only at the file's end.
    func read(at offset: Int, count: Int) throws(VaultError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let got = pread(number, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if got > 0 {
                    filled += got
                } else if got == 0 {
                    break
                } else if errno != EINTR {
                    failure = errno
                    break
                }
            }
        }
        if failure != 0 { throw VaultError.system("read", path, failure) }
        return bytes
    }

    /// Makes a file's bytes, or a directory's entries, durable.
    func synchronize() throws(VaultError) {
        guard fsync(number) == 0 else { throw VaultError.system("fsync", path) }
    }
}

/// The names in a directory, in order, without the two dots.
func names(in directory: Descriptor) throws(VaultError) -> [String] {
    // A directory stream reads from the descriptor's position and closes it: it gets its own.
    let own = openat(directory.number, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0, let stream = fdopendir(own) else {
        if own >= 0 { close(own) }
        throw VaultError.system("opendir", directory.path)
    }
    defer { closedir(stream) }
    var found: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { found.append(name) }
    }
    return found.sorted()
}
