import Glibc

/// Bytes that are read and written at positions: an open file, or memory.
///
/// Files are used with `pread` and `pwrite` only: the offset of a descriptor is shared with every process
/// that inherited it, so it is neither used nor moved. `position` is this object's own.
final class ByteStream {
    private enum Storage {
        case file(descriptor: CInt, isOwned: Bool)
        case memory
    }

    let name: String
    private let storage: Storage
    private(set) var memory: [UInt8]
    /// The bytes it holds: a file's size when it was opened, or after the last write.
    private(set) var byteCount: Int
    /// Where a sequential reader or writer stands; for the library's callbacks.
    var position = 0
    private static let windowByteCount = 4_096
    private var window: [UInt8] = []
    private var windowOffset = 0
    /// The first error since the stream was opened: the library's callbacks have no other way to report it.
    private(set) var firstError: SoundFileError?

    /// Opens a file to be read, and refuses whatever is not a regular file.
    init(reading path: String) throws(SoundFileError) {
        // Without O_NONBLOCK, opening a pipe would wait for its writer.
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .opening(path, errno) }
        do throws(SoundFileError) {
            byteCount = try Self.sizeOfRegularFile(descriptor, path)
        } catch {
            close(descriptor)
            throw error
        }
        name = path
        storage = .file(descriptor: descriptor, isOwned: true)
        memory = []
    }

    /// Creates a file, or empties the one that is there.
    init(creating path: String) throws(SoundFileError) {
        let descriptor = retryingInterrupts { open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) }
        guard descriptor >= 0 else { throw .opening(path, errno) }
        name = path
        storage = .file(descriptor: descriptor, isOwned: true)
        memory = []
        byteCount = 0
    }

    /// Uses a descriptor that stays the caller's, who keeps it open for as long as this object lives.
    init(descriptor: CInt, name: String) throws(SoundFileError) {
        byteCount = try Self.sizeOfRegularFile(descriptor, name)
        self.name = name
        storage = .file(descriptor: descriptor, isOwned: false)
        memory = []
    }

    init(memory bytes: [UInt8], name: String) {
        self.name = name
        storage = .memory
        memory = bytes
        byteCount = bytes.count
    }

    deinit {
        if case .file(let descriptor, true) = storage { close(descriptor) }
    }

    /// Reads up to `target.count` bytes from `offset`; fewer only at the end.
    func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws(SoundFileError) -> Int {
        switch storage {
        case .memory:
            let count = max(0, min(target.count, byteCount - offset))
            if count > 0 {
                memory.withUnsafeBytes {
                    target.copyMemory(from: .init(rebasing: $0[offset..<offset + count]))
                }
            }
            return count
        case .file(let descriptor, _):
            var done = 0
            while done < target.count {
                let count = retryingInterrupts {
                    pread(descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
                }
                if count < 0 { throw noted(.reading(name, errno)) }
                if count == 0 { break }
                done += count
            }
            return done
        }
    }

    /// Writes all bytes at `offset`, which lies within the stream or at its end.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(SoundFileError) {
        precondition(offset <= byteCount, "a hole in a sound file")
        window = []
        switch storage {
        case .memory:
            let overlap = min(bytes.count, byteCount - offset)
            if overlap > 0 {
                memory.withUnsafeMutableBytes {
                    UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + overlap])
                        .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<overlap]))
                }
            }
            memory.append(contentsOf: bytes[overlap...])
        case .file(let descriptor, _):
            var done = 0
            while done < bytes.count {
                let count = retryingInterrupts {
                    pwrite(descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset + done))
                }
                if count < 0 { throw noted(.writing(name, errno)) }
                done += count
            }
        }
        byteCount = max(byteCount, offset + bytes.count)
    }

    /// Cuts the stream to `count` bytes.
    func truncate(to count: Int) throws(SoundFileError) {
        precondition(count <= byteCount, "a stream is not lengthened by cutting it")
        window = []
        switch storage {
        case .memory: memory.removeLast(byteCount - count)
        case .file(let descriptor, _):
            if retryingInterrupts({ ftruncate(descriptor, off_t(count)) }) != 0 {
                throw noted(.writing(name, errno))
            }
        }
        byteCount = count
        position = min(position, count)
    }

    /// Whether the file is shorter now than it was when it was opened.
    var hasShrunk: Bool {
        guard case .file(let descriptor, _) = storage else { return false }
        var status = stat()
        return fstat(descriptor, &status) == 0 && Int(status.st_size) < byteCount
    }

    /// Waits until the bytes are on the disk; nothing to wait for in memory.
    func synchronise() throws(SoundFileError) {
        guard case .file(let descriptor, _) = storage else { return }
        if retryingInterrupts({ fsync(descriptor) }) != 0 { throw noted(.writing(name, errno)) }
    }

    /// Exactly `count` bytes from `offset`, or nil where the stream ends before.
    ///
    /// For headers: a file's bytes are kept in a window of 4 KiB, so that most headers cost one call of the system.
    /// A window is what the file held when it was read.
    func bytes(at offset: Int, count: Int) throws(SoundFileError) -> [UInt8]? {
        guard offset >= 0, offset <= byteCount - count else { return nil }
        guard case .file = storage, count <= Self.windowByteCount else {
            return try freshBytes(at: offset, count: count)
        }
        if !(windowOffset <= offset && offset + count <= windowOffset + window.count) {
            let available = min(Self.windowByteCount, byteCount - offset)
            guard let read = try freshBytes(at: offset, count: available) else {
                // It became shorter: what is asked for may be there all the same.
                return try freshBytes(at: offset, count: count)
            }
            (window, windowOffset) = (read, offset)
        }
        return Array(window[offset - windowOffset..<offset - windowOffset + count])
    }

    private func freshBytes(at offset: Int, count: Int) throws(SoundFileError) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var outcome: Result<Int, SoundFileError> = .success(0)
        bytes.withUnsafeMutableBytes { target in
            do throws(SoundFileError) {
                outcome = .success(try read(at: offset, into: target))
            } catch { outcome = .failure(error) }
        }
        return try outcome.get() == count ? bytes : nil
    }

    private func noted(_ error: SoundFileError) -> SoundFileError {
        if firstError == nil { firstError = error }
        return error
    }

    private static func sizeOfRegularFile(_ descriptor: CInt, _ name: String) throws(SoundFileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .opening(name, errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int(status.st_size)
        case S_IFDIR: throw SoundFileError(.notAFile, name, "is a directory. Name a sound file in it.")
        default:
            throw SoundFileError(
                .notAFile, name, "is a device, pipe or socket. Save the sound to a file first.")
        }
    }
}

/// Repeats a system call that a signal interrupted.
private func retryingInterrupts<T: FixedWidthInteger>(_ call: () -> T) -> T {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

extension SoundFileError {
    fileprivate static func opening(_ file: String, _ number: CInt) -> SoundFileError {
        switch number {
        case ENOENT, ENOTDIR:
            SoundFileError(
                .notFound, file, "does not exist. Check the path and its case.", systemError: number)
        case EACCES, EPERM, EROFS:
            SoundFileError(
                .notPermitted, file, "may not be opened by this user. Change its permissions.",
                systemError: number)
        case EISDIR: SoundFileError(.notAFile, file, "is a directory. Name a file.", systemError: number)
        case ELOOP:
            SoundFileError(
                .notFound, file, "is a symbolic link that leads back to itself. Mend the link.", systemError: number)
        case ENAMETOOLONG:
            SoundFileError(.notFound, file, "has too long a name. Shorten the path.", systemError: number)
        case ENXIO, ENODEV:
            SoundFileError(
                .notAFile, file, "is a device, pipe or socket. Save the sound to a file first.", systemError: number)
        case EMFILE, ENFILE:
            SoundFileError(
                .readFailed, file, "cannot be opened: too many files are open. Raise `ulimit -n`.",
                systemError: number)
        default: reading(file, number)
        }
    }

    fileprivate static func reading(_ file: String, _ number: CInt) -> SoundFileError {
        SoundFileError(
            .readFailed, file, "cannot be read (\(text(of: number))). Check the disk.", systemError: number)
    }

    fileprivate static func writing(_ file: String, _ number: CInt) -> SoundFileError {
        switch number {
        case ENOSPC, EDQUOT, EFBIG:
            SoundFileError(
                .noSpace, file, "does not fit on the disk (\(text(of: number))). Make room and render again.",
                systemError: number)
        default:
            SoundFileError(
                .writeFailed, file, "cannot be written (\(text(of: number))). Check the disk.",
                systemError: number)
        }
    }

    private static func text(of number: CInt) -> String { String(cString: strerror(number)) }
}
