internal import Foundation
internal import Glibc
internal import Hashing
internal import Quantities
package import Release

extension Revision.SessionText {
    /// - Parameters:
    ///   - root: the file that was rendered, by its absolute path.
    ///   - contents: the bytes of every file of the session, by absolute path.
    package init(root: String, contents: [String: [UInt8]]) {
        let root = plainPath(root)
        let folder = folderOf(root)
        let files = contents.map { path, bytes in
            File(path: relative(path, to: folder), text: String(decoding: bytes, as: UTF8.self))
        }
        self.files = files.sorted { $0.path < $1.path }
        self.root = relative(root, to: folder)
        var bytes: [UInt8] = []
        for file in self.files {
            for text in [file.path, file.text] {
                bytes += Array("\(text.utf8.count) ".utf8)
                bytes += Array(text.utf8)
            }
        }
        digest = Digest.of(bytes + Array(self.root.utf8)).description
    }

    /// The text of a file; nil where the session has none of that path.
    package func text(of path: String) -> String? { files.first { $0.path == path }?.text }
}

extension Revision.Source {
    /// The file as it is now; nil where there is none.
    ///
    /// - Parameters:
    ///   - path: absolute.
    ///   - folder: of the album.
    package init?(ofFile path: String, relativeTo folder: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(
            path: relative(path, to: folder), byteCount: Int(status.st_size), modified: nanoseconds(status),
            inode: UInt64(status.st_ino))
    }
}

extension Revision.Source {
    /// As far as path, size, time of change and inode tell.
    package func isSameFile(as other: Revision.Source) -> Bool {
        path == other.path && byteCount == other.byteCount && modified == other.modified && inode == other.inode
    }
}

extension Revision.Output {
    /// Every file that a render's document tells of, and its documents, as they lie in `folder`.
    ///
    /// - Throws: `ReleaseError` where a document cannot be read.
    package static func delivered(_ document: RenderDocument, in folder: String) throws -> [Revision.Output] {
        var outputs: [Revision.Output] = []
        for song in document.songs {
            for file in song.files + song.stems {
                outputs.append(
                    Revision.Output(
                        path: file.path, role: file.role.rawValue, song: song.title, frames: file.frames,
                        bytes: file.bytes, sha256: file.sha256, pcmSha256: file.pcmSha256,
                        modified: FileState(ofFile: "\(folder)/\(file.path)")?.modified))
            }
        }
        let documents = [(ReleasePlan.documentName, "document"), (ReleasePlan.reportName, "report")]
        for (name, role) in documents {
            guard let state = FileState(ofFile: "\(folder)/\(name)") else { continue }
            let hashed = try FileCopy.digest(ofFile: "\(folder)/\(name)")
            outputs.append(
                Revision.Output(
                    path: name, role: role, bytes: hashed.byteCount, sha256: hashed.sha256, modified: state.modified))
        }
        return outputs
    }

    /// What a look at the file says.
    package enum Presence: String, Codable, Sendable {
        /// Size and time are those that were recorded, or, where it was hashed, the bytes are.
        case same
        /// The size is right, the time is not: only its hash would tell.
        case touched
        case changed
        case gone
    }

    /// Whether the file is still in `folder`: by size and time.
    package func presence(in folder: String) -> Presence {
        guard let state = FileState(ofFile: "\(folder)/\(path)") else { return .gone }
        if state.byteCount != bytes { return .changed }
        return state.modified == modified ? .same : .touched
    }

    /// As `presence(in:)`; what was touched is told by another revision that was delivered there since.
    package func presence(in folder: String, among others: [Revision]) -> Presence {
        let presence = presence(in: folder)
        guard presence == .touched, let state = FileState(ofFile: "\(folder)/\(path)") else { return presence }
        for other in others.reversed() where other.folder == folder {
            guard let output = other.outputs.first(where: { $0.path == path }), output.modified == state.modified,
                output.bytes == state.byteCount
            else { continue }
            return output.sha256 == sha256 ? .same : .changed
        }
        return presence
    }

    /// Whether the file is still in `folder`: by its bytes.
    ///
    /// - Throws: `ReleaseError` where it cannot be read.
    package func verifiedPresence(in folder: String) throws -> Presence {
        guard let state = FileState(ofFile: "\(folder)/\(path)") else { return .gone }
        if state.byteCount != bytes { return .changed }
        return try FileCopy.digest(ofFile: "\(folder)/\(path)").sha256 == sha256 ? .same : .changed
    }
}

/// Size and time of a file.
struct FileState {
    var byteCount: Int
    /// Nanoseconds since 1970.
    var modified: Int

    /// nil where there is no regular file.
    init?(ofFile path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        byteCount = Int(status.st_size)
        modified = nanoseconds(status)
    }
}

private func nanoseconds(_ status: stat) -> Int {
    Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec)
}

/// Everything before the last slash of an absolute path; `/` for what lies there.
func folderOf(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
}

/// The rest of an absolute path below a folder, or the path itself.
func relative(_ path: String, to folder: String) -> String {
    let prefix = folder == "/" ? "/" : folder + "/"
    guard path.hasPrefix(prefix), path.utf8.count > prefix.utf8.count else { return path }
    return String(path.dropFirst(prefix.count))
}

/// An absolute path without `.`, doubled slashes and `..`; behind a link `..` is not what it looks like, and stays.
package func plainPath(_ path: String) -> String { "/" + plainSteps(path, below: "") }

/// The same of a path below a folder, as it is shown; one that leads out of it stays relative.
package func plainPath(_ path: String, below folder: String) -> String {
    path.hasPrefix("/") ? plainPath(path) : plainSteps(path, below: folder)
}

private func plainSteps(_ path: String, below folder: String) -> String {
    var steps: [Substring] = []
    for step in path.split(separator: "/") where step != "." {
        guard step == ".." else {
            steps.append(step)
            continue
        }
        var status = stat()
        if let last = steps.last, last != ".." {
            let isLink =
                lstat("\(folder)/\(steps.joined(separator: "/"))", &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
            if isLink { steps.append(step) } else { steps.removeLast() }
        } else if !(steps.isEmpty && folder.isEmpty) {
            steps.append(step)
        }
    }
    return steps.joined(separator: "/")
}

/// Seconds since 1970 as ISO 8601 in UTC.
package func timeText(_ seconds: Int) -> String {
    ISO8601DateFormatter().string(from: Date(timeIntervalSince1970: Double(seconds)))
}

extension Revision {
    /// When it was rendered, in seconds since 1970.
    package var timeSeconds: Int { Self.seconds(time) ?? 0 }

    static func seconds(_ time: String) -> Int? {
        guard time.utf8.count <= 40, let date = ISO8601DateFormatter().date(from: time) else { return nil }
        return Int(date.timeIntervalSince1970)
    }
}
