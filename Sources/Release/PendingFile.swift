internal import Glibc

/// A file that is being written under a temporary name beside its final one.
///
/// The final name appears with the whole content or not at all: by `link` where nothing may be replaced (it
/// refuses an existing name atomically), by `rename` where something may. What is not published is removed
/// when the object goes; what a killed process left is removed by the next one that writes the same file.
final class PendingFile {
    let finalPath: String
    let temporaryPath: String
    let descriptor: CInt
    private var isPending = true

    /// The name that `finalPath` has while it is unfinished.
    static func temporaryPath(for finalPath: String) -> String {
        let (folder, name) = split(finalPath)
        return folder + ".\(name).lathe-part"
    }

    /// A name that nobody else writes under.
    private static func ownTemporaryPath(for finalPath: String) -> String {
        let (folder, name) = split(finalPath)
        return folder + ".\(name).\(getpid())-\(UInt32.random(in: 0 ... .max)).lathe-part"
    }

    /// Creates the temporary file, in place of one that an earlier process left.
    ///
    /// - Parameter isShared: others may write the same file at the same time; the last to end has it. Else nobody does:
    ///   `ReleaseFolder` holds the folder's lock.
    init(finalPath: String, isShared: Bool = false) throws(ReleaseError) {
        self.finalPath = finalPath
        temporaryPath =
            isShared ? Self.ownTemporaryPath(for: finalPath) : Self.temporaryPath(for: finalPath)
        // Removed, not emptied: after a kill between link and unlink it is a second name of a finished file.
        unlink(temporaryPath)
        let flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW
        descriptor = open(temporaryPath, flags, 0o666)
        guard descriptor >= 0 else {
            isPending = false
            throw .system(errno, finalPath)
        }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        abandon()
    }

    /// Removes the temporary file; nothing happens after `publish`.
    func abandon() {
        guard isPending else { return }
        isPending = false
        unlink(temporaryPath)
    }

    /// Writes all bytes at `offset`.
    func write(_ bytes: RawSpan, at offset: Int) throws(ReleaseError) {
        let outcome = bytes.withUnsafeBytes { content in
            Result { () throws(ReleaseError) in try write(content, at: offset) }
        }
        try outcome.get()
    }

    /// Writes all bytes at `offset`.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(ReleaseError) {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
            let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw .system(count == 0 ? ENOSPC : errno, finalPath)
            }
        }
    }

    /// Fills `buffer` from `offset`; fewer bytes only at the file's end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(ReleaseError) -> Int {
        var done = 0
        while done < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
            let count = pread(descriptor, rest.baseAddress, rest.count, off_t(offset + done))
            if count == 0 { break }
            if count > 0 { done += count } else if errno != EINTR { throw .system(errno, finalPath) }
        }
        return done
    }

    func truncate(toByteCount count: Int) throws(ReleaseError) {
        while ftruncate(descriptor, off_t(count)) != 0 {
            guard errno == EINTR else { throw .system(errno, finalPath) }
        }
    }

    /// Waits until the content is on the disk.
    func synchronise() throws(ReleaseError) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw .system(errno, finalPath) }
        }
    }

    /// Gives the file its final name and makes the name durable.
    ///
    /// - Parameter isReplacing: whether a file of that name may go.
    /// - Throws: `.exists` where one is there and may not; the file is then still pending.
    func publish(isReplacing: Bool) throws(ReleaseError) {
        precondition(isPending, "a file is published once")
        if isReplacing {
            guard rename(temporaryPath, finalPath) == 0 else { throw .system(errno, finalPath) }
        } else if link(temporaryPath, finalPath) == 0 {
            unlink(temporaryPath)
        } else {
            // A file system without hard links (FAT and some network ones): looked at first, then renamed.
            guard [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(errno) else { throw .system(errno, finalPath) }
            guard !isEntry(finalPath) else { throw .system(EEXIST, finalPath) }
            guard rename(temporaryPath, finalPath) == 0 else { throw .system(errno, finalPath) }
        }
        isPending = false
        try synchroniseFolder(of: finalPath)
    }
}

/// Writes `bytes` to `path` whole or not at all.
func writeAtomically(_ bytes: [UInt8], to path: String, isReplacing: Bool) throws(ReleaseError) {
    let file = try PendingFile(finalPath: path)
    try file.write(bytes.span.bytes, at: 0)
    try file.synchronise()
    try file.publish(isReplacing: isReplacing)
}

/// Whether there is anything of that name, a dangling link included.
func isEntry(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
}

/// Makes a folder and those above it.
func makeFolder(_ path: String) throws(ReleaseError) {
    var status = stat()
    if stat(path, &status) == 0 {
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw ReleaseError(
                .folderMissing, "is a file where a folder is needed. Move it away, or choose another folder.",
                path: path)
        }
        return
    }
    guard errno == ENOENT else { throw .system(errno, path) }
    let parent = split(path).folder
    if !parent.isEmpty, parent != path { try makeFolder(withoutFinalSlashes(parent)) }
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw .system(errno, path) }
}

/// Makes the entries of the folder that holds `path` durable.
func synchroniseFolder(of path: String) throws(ReleaseError) {
    let folder = split(path).folder
    let descriptor = open(folder.isEmpty ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(errno, path) }
    defer { close(descriptor) }
    // Some network file systems keep no order that could be asked for.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw .system(errno, path) }
}

/// The folder with its final slash, empty where there is none, and the name.
func split(_ path: String) -> (folder: String, name: String) {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path) }
    let start = path.utf8.index(after: slash)
    return (String(path[..<start]), String(path[start...]))
}

func withoutFinalSlashes(_ path: String) -> String {
    var path = path
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.removeLast() }
    return path
}
