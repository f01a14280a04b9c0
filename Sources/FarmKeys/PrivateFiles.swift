import Foundation

/// Small private files of one directory: read with their permissions looked at, written whole or not at all.
struct PrivateFiles: Sendable {
    let directory: String

    /// What tells that a file was replaced or written.
    struct Stamp: Hashable, Sendable {
        var inode: UInt64
        var byteCount: Int64
        var changedSeconds: Int
        var changedNanoseconds: Int
        var modifiedSeconds: Int
        var modifiedNanoseconds: Int
    }

    func path(_ name: String) -> String { directory + "/" + name }

    /// Makes the directory, for its owner alone.
    func makeDirectory() throws {
        let url = URL(fileURLWithPath: directory)
        try? FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        if mkdir(directory, 0o700) != 0 && errno != EEXIST { throw system("make the directory", directory) }
    }

    /// - Throws: `absent`, or `unsafePermissions` when anybody but the owner can enter it.
    func checkDirectory() throws {
        var status = stat()
        guard stat(directory, &status) == 0 else {
            if errno == ENOENT { throw FarmKeysError(.absent, "\(directory) is not there; `lathe keys new` makes it") }
            throw system("look at", directory)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw FarmKeysError(.invalid, "\(directory) is no directory; give another one with --keys")
        }
        try checkOwner(status, directory)
        guard status.st_mode & 0o077 == 0 else {
            throw FarmKeysError(
                .unsafePermissions,
                "\(directory) is open to other users; close it with: chmod 700 \(directory)")
        }
    }

    /// A file's bytes and stamp; nil where there is none.
    ///
    /// - Parameter forbidden: permission bits that must not be set.
    /// - Throws: `unsafePermissions`, `limitExceeded`, `invalid` for what is no file, `system`.
    func read(_ name: String, atMost limit: Int, forbidden: mode_t) throws -> (bytes: [UInt8], stamp: Stamp)? {
        let path = path(name)
        // Not blocking: a pipe under this name must not hold anybody up.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw system("open", path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw system("look at", path) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FarmKeysError(.invalid, "\(path) is not a file") }
        try checkOwner(status, path)
        guard status.st_mode & forbidden == 0 else {
            throw FarmKeysError(
                .unsafePermissions,
                "\(path) is open to other users; close it with: chmod 600 \(path)"
                    + (forbidden & 0o044 != 0 ? " (who has read it can act as this machine: then make new keys)" : ""))
        }
        guard status.st_size <= limit else {
            throw FarmKeysError(.limitExceeded, "\(path) has \(status.st_size) bytes, more than \(limit)")
        }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let result = bytes.withUnsafeMutableBytes {
                Foundation.read(descriptor, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if result < 0 && errno == EINTR { continue }
            guard result >= 0 else { throw system("read", path) }
            if result == 0 { break }
            count += result
        }
        guard count <= limit else { throw FarmKeysError(.limitExceeded, "\(path) has more than \(limit) bytes") }
        return (Array(bytes.prefix(count)), Stamp(status))
    }

    /// The stamp of what is there now; nil where there is nothing.
    func stamp(_ name: String) -> Stamp? {
        var status = stat()
        return stat(path(name), &status) == 0 ? Stamp(status) : nil
    }

    /// Writes a file that appears whole under its name, and lasts.
    ///
    /// - Throws: `exists` where there is one and it may not be replaced; `system`.
    func write(_ name: String, _ bytes: [UInt8], mode: mode_t = 0o600, replacing: Bool) throws {
        let path = path(name)
        let temporary = self.path(".\(name).\(getpid())-\(UInt64.random(in: .min ... .max))")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw system("write", temporary) }
        defer { unlink(temporary) }
        do {
            defer { close(descriptor) }
            // Whatever the umask was.
            guard fchmod(descriptor, mode) == 0 else { throw system("close to others", temporary) }
            var written = 0
            while written < bytes.count {
                let result = bytes.withUnsafeBytes {
                    Foundation.write(descriptor, $0.baseAddress?.advanced(by: written), $0.count - written)
                }
                if result < 0 && errno == EINTR { continue }
                guard result > 0 else { throw system("write", temporary) }
                written += result
            }
            guard fsync(descriptor) == 0 else { throw system("write", temporary) }
        }
        if replacing {
            guard rename(temporary, path) == 0 else { throw system("write", path) }
        } else {
            // A link never replaces what is there, whoever else is writing.
            guard link(temporary, path) == 0 else {
                if errno == EEXIST { throw FarmKeysError(.exists, "\(path) is there already and is not overwritten") }
                throw system("write", path)
            }
        }
        let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw system("open", directory) }
        defer { close(folder) }
        guard fsync(folder) == 0 else { throw system("write", directory) }
    }

    /// Runs `body` while no other process that asks for this lock does.
    ///
    /// - Throws: `busy` after five seconds, and what `body` throws.
    func withLock<Result>(_ name: String, _ body: () throws -> Result) throws -> Result {
        let path = path(name)
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw system("open", path) }
        defer { close(descriptor) }
        var attempts = 0
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EWOULDBLOCK || errno == EINTR else { throw system("lock", path) }
            attempts += 1
            if attempts > 500 {
                throw FarmKeysError(.busy, "another process holds \(path); end it, or try again")
            }
            usleep(10_000)
        }
        return try body()
    }

    private func checkOwner(_ status: stat, _ path: String) throws {
        if status.st_uid == geteuid() || status.st_uid == 0 { return }
        throw FarmKeysError(
            .unsafePermissions,
            "\(path) belongs to another user (\(status.st_uid)); run as that user, or: chown \(geteuid()) \(path)")
    }

    private func system(_ what: String, _ path: String) -> FarmKeysError {
        let reason = String(cString: strerror(errno))
        return FarmKeysError(.system, "could not \(what) \(path): \(reason)")
    }
}

extension PrivateFiles.Stamp {
    init(_ status: stat) {
        inode = UInt64(status.st_ino)
        byteCount = Int64(status.st_size)
        changedSeconds = status.st_ctim.tv_sec
        changedNanoseconds = status.st_ctim.tv_nsec
        modifiedSeconds = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
    }
}
