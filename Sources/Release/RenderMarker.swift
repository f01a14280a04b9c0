internal import Foundation
internal import Glibc

/// The file `.lathe-render` in a render's folder, from its first write to its end.
///
/// It says which session is being rendered and which files that render writes, so that the same render
/// started again after a kill may replace what it had already published. It is locked while a process
/// renders into the folder; the kernel lets go of the lock when that process dies.
struct RenderMarker: Codable, Equatable {
    static let name = ".lathe-render"

    /// Digest of the session, whatever the caller takes for its identity.
    var session: String
    /// Paths below the folder, sorted.
    var files: [String]

    /// - Returns: nil where the bytes are no marker: a process was killed while it wrote them.
    init?(bytes: [UInt8]) {
        guard let marker = try? JSONDecoder().decode(RenderMarker.self, from: Data(bytes)) else { return nil }
        // The paths decide what may be replaced and removed, and the file may be anybody's.
        let isInside = marker.files.allSatisfy { path in
            let steps = path.split(separator: "/", omittingEmptySubsequences: false)
            return steps.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") }
        }
        guard isInside else { return nil }
        self = marker
    }

    init(session: String, files: [String]) {
        self.session = session
        self.files = files.sorted()
    }

    func bytes() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// The marker in `folder`; nil where there is none that can be read.
    static func read(inFolder folder: String) -> RenderMarker? {
        guard let data = FileManager.default.contents(atPath: folder + "/" + name) else { return nil }
        return RenderMarker(bytes: [UInt8](data))
    }
}

/// An open, locked marker file.
final class MarkerLock {
    private let path: String
    private let descriptor: CInt
    /// Whether this process made it.
    let isNew: Bool

    /// - Throws: `.inUse` where another process holds it.
    init(folder: String) throws(ReleaseError) {
        path = folder + "/" + RenderMarker.name
        while true {
            var isNew = true
            var opened = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o666)
            if opened < 0, errno == EEXIST {
                isNew = false
                opened = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
                if opened < 0, errno == ENOENT { continue }
            }
            guard opened >= 0 else { throw .system(errno, path) }
            guard Self.lock(opened) else {
                let number = errno
                close(opened)
                guard number == EWOULDBLOCK else { throw .system(number, path) }
                throw ReleaseError(
                    .inUse,
                    "is being written by another render. Wait for it, or choose another folder with -o.",
                    path: folder)
            }
            // Its last holder may have removed it between our open and our lock.
            if Self.isSame(opened, path) {
                descriptor = opened
                self.isNew = isNew
                return
            }
            close(opened)
        }
    }

    deinit { close(descriptor) }

    func write(_ bytes: [UInt8]) throws(ReleaseError) {
        guard ftruncate(descriptor, 0) == 0 else { throw .system(errno, path) }
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { rest in
                pwrite(descriptor, rest.baseAddress, rest.count, off_t(done))
            }
            if count > 0 {
                done += count
            } else if count == 0 || errno != EINTR {
                throw .system(count == 0 ? ENOSPC : errno, path)
            }
        }
        guard fsync(descriptor) == 0 else { throw .system(errno, path) }
        try synchroniseFolder(of: path)
    }

    func remove() { unlink(path) }

    private static func lock(_ descriptor: CInt) -> Bool {
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard errno == EINTR else { return false }
        }
        return true
    }

    private static func isSame(_ descriptor: CInt, _ path: String) -> Bool {
        var (held, named) = (stat(), stat())
        guard fstat(descriptor, &held) == 0, lstat(path, &named) == 0 else { return false }
        return held.st_dev == named.st_dev && held.st_ino == named.st_ino
    }
}
