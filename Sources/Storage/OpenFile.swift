internal import CFileSystem
internal import Glibc

/// An open file descriptor that closes itself when the last user lets go of it.
final class OpenFile: Sendable {
    let descriptor: Int32
    let path: String

    init(path: String, flags: Int32, mode: mode_t = 0o600) throws {
        let descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw OpenFailure(path: path, number: errno) }
        self.descriptor = descriptor
        self.path = path
    }

    init(adopting descriptor: Int32, path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    func status() throws -> stat {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw StoreError.system("fstat", path, errno) }
        return status
    }

    /// Tries `flock` without waiting; false where another open file holds the lock.
    func tryLock(_ operation: Int32) throws -> Bool {
        while flock(descriptor, operation | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else { throw StoreError.system("flock", path, errno) }
        }
        return true
    }

    /// Tries `flock` for up to `seconds`; false on time-out.
    func lock(_ operation: Int32, seconds: Double) throws -> Bool {
        var waitedMicroseconds = 0
        while try !tryLock(operation) {
            guard Double(waitedMicroseconds) < seconds * 1e6 else { return false }
            usleep(5_000)
            waitedMicroseconds += 5_000
        }
        return true
    }

    /// Writes all bytes at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw StoreError.system("write", path, count == 0 ? ENOSPC : errno)
            }
        }
    }

    /// Fills `buffer` from `offset`; returns how many bytes there were, which is less only at the file's end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                break
            } else if errno != EINTR {
                throw OpenFailure(path: path, number: errno)
            }
        }
        return done
    }

    func synchronizeData() throws {
        guard fdatasync(descriptor) == 0 else { throw StoreError.system("fdatasync", path, errno) }
    }

    /// Gives back the blocks wholly inside the range.
    ///
    /// A file system without holes keeps them: no error.
    func punchHole(offset: Int, byteCount: Int) {
        guard byteCount > 0 else { return }
        _ = lathe_punch_hole(descriptor, off_t(offset), off_t(byteCount))
    }
}

/// A failed `open` or `read`, before it is known what the failure means to the caller.
struct OpenFailure: Error {
    let path: String
    let number: Int32
}

/// Makes a directory's entries durable.
func synchronizeDirectory(_ path: String) throws {
    let file = try opening { try OpenFile(path: path, flags: O_RDONLY | O_DIRECTORY) }
    guard fsync(file.descriptor) == 0 else { throw StoreError.system("fsync", path, errno) }
}

/// Runs `body`, turning a bare open failure into a store error.
func opening<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let failure as OpenFailure {
        throw StoreError.system("open", failure.path, failure.number)
    }
}
