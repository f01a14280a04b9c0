internal import Glibc

/// The folder of one album's records: files that appear whole or not at all.
///
/// Whoever writes holds a lock on the folder for that moment. Where the file system has no locks, `link` still gives
/// no number twice.
struct RecordFolder {
    let path: String
    private let lock: FolderLock?

    /// Makes the folder where it is missing, and waits its turn.
    ///
    /// - Throws: `.notWritten`.
    init(writing path: String) throws(RevisionError) {
        self.path = path
        try makeFolders(path)
        lock = FolderLock(path)
        if lock != nil { removeLeftovers() }
    }

    /// Numbers of the records that are there, whatever is in them, ascending.
    static func numbers(_ path: String) -> [Int] {
        names(path).compactMap(number).sorted()
    }

    /// The file of a number.
    static func fileName(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits + ".json"
    }

    static func number(_ fileName: String) -> Int? {
        // More digits than anybody renders are nobody's number, and must not overflow the next one.
        guard fileName.hasSuffix(".json"), fileName.utf8.count <= 14, let number = Int(fileName.dropLast(5)), number > 0
        else { return nil }
        return self.fileName(number) == fileName ? number : nil
    }

    /// False where a folder is there and cannot be listed; `errno` says why.
    static func isReadable(_ path: String) -> Bool {
        guard let folder = opendir(path) else { return errno == ENOENT }
        closedir(folder)
        return true
    }

    static func names(_ path: String) -> [String] {
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Writes a record under the next free number.
    ///
    /// - Parameters:
    ///   - content: the bytes of the record with a number.
    ///   - beforeLinking: called when they are on the disk and have no name yet.
    func append(_ content: (Int) throws -> [UInt8], beforeLinking: () -> Void) throws -> Int {
        var number = (Self.numbers(path).last ?? 0) + 1
        while true {
            let temporary = try write(content(number))
            beforeLinking()
            defer { unlink(temporary) }
            let final = "\(path)/\(Self.fileName(number))"
            if link(temporary, final) == 0 {
                try synchronise()
                return number
            }
            // Taken by somebody who saw no lock.
            if errno == EEXIST {
                number += 1
                continue
            }
            // A file system without hard links (FAT and some network ones): under the lock nobody else is here.
            guard [EPERM, ENOTSUP, ENOSYS, EMLINK].contains(errno), access(final, F_OK) != 0,
                rename(temporary, final) == 0
            else { throw Self.failure("link", final) }
            try synchronise()
            return number
        }
    }

    /// Puts other bytes in the place of a record's.
    func replace(_ number: Int, with bytes: [UInt8]) throws {
        let temporary = try write(bytes)
        let final = "\(path)/\(Self.fileName(number))"
        guard rename(temporary, final) == 0 else {
            let failure = Self.failure("rename", final)
            unlink(temporary)
            throw failure
        }
        try synchronise()
    }

    func remove(_ numbers: [Int]) throws(RevisionError) {
        for number in numbers {
            let file = "\(path)/\(Self.fileName(number))"
            guard unlink(file) == 0 || errno == ENOENT else { throw Self.failure("unlink", file) }
        }
        try synchronise()
    }

    // MARK: -

    private static let suffix = ".writing"

    /// Bytes that are on the disk under a name that nobody reads.
    private func write(_ bytes: [UInt8]) throws -> String {
        let temporary = "\(path)/.\(getpid())-\(UInt32.random(in: 0 ... .max))\(Self.suffix)"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
        guard descriptor >= 0 else { throw Self.failure("create a file", path) }
        var done = 0
        var isWritten = true
        while isWritten, done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { done += count } else if count == 0 || errno != EINTR { isWritten = false }
        }
        while isWritten, fsync(descriptor) != 0 { if errno != EINTR { isWritten = false } }
        let failure = Self.failure("write", path)
        close(descriptor)
        guard isWritten else {
            unlink(temporary)
            throw failure
        }
        return temporary
    }

    /// What killed writers left: under the lock nobody writes.
    private func removeLeftovers() {
        for name in Self.names(path) where name.hasPrefix(".") && name.hasSuffix(Self.suffix) {
            unlink("\(path)/\(name)")
        }
    }

    private func synchronise() throws(RevisionError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure("open", path) }
        defer { close(descriptor) }
        // Some network file systems keep no order that could be asked for.
        guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw Self.failure("fsync", path) }
    }

    /// What the system refused just now, with the remedy.
    static func failure(_ operation: String, _ path: String) -> RevisionError {
        let number = errno
        let reason = String(cString: strerror(number))
        let remedy =
            switch number {
            case EACCES, EPERM, EROFS: ". Give yourself the right to write there"
            case ENOSPC, EDQUOT: ". Make room on that disk"
            case ENOTDIR, EEXIST: ". A file lies where a folder is needed: move it away"
            default: ""
            }
        return RevisionError(.notWritten, "\(path) cannot be written (\(operation): \(reason))\(remedy)")
    }
}

/// A lock on a folder while the object lives.
final class FolderLock {
    private let descriptor: CInt

    /// nil where there are no locks, or another process holds it for ten seconds.
    init?(_ path: String) {
        let opened = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { return nil }
        var waits = 0
        while flock(opened, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR || errno == EWOULDBLOCK, waits < 2_000 else {
                close(opened)
                return nil
            }
            waits += 1
            usleep(5_000)
        }
        descriptor = opened
    }

    deinit { close(descriptor) }
}

/// Makes a folder with those above it.
func makeFolders(_ path: String) throws(RevisionError) {
    if mkdir(path, 0o777) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, path != "/" else { throw RecordFolder.failure("mkdir", path) }
    try makeFolders(folderOf(path))
    guard mkdir(path, 0o777) == 0 || errno == EEXIST else { throw RecordFolder.failure("mkdir", path) }
}
