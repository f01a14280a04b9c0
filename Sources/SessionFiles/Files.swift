internal import Foundation
internal import Synchronization

/// What stands under a path.
package enum FileKind: Sendable { case missing, file, folder, other }

/// The few questions that a reader asks about the files of a session, wherever they are.
package protocol FileTree: Sendable {
    /// What stands under a path.
    func kind(of path: String) -> FileKind
    /// The size of a file; nil where there is none.
    func byteCount(of path: String) -> Int?
    /// The bytes of a file; nil where it cannot be read.
    func contents(of path: String) -> [UInt8]?
    /// File names of a folder in order; empty where it cannot be read.
    func names(in folder: String) -> [String]
}

/// The files of this machine.
package struct DiskFiles: FileTree {
    package init() {}

    /// See `FileTree`.
    package func kind(of path: String) -> FileKind {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return .missing }
        if isFolder.boolValue { return .folder }
        // Attributes are those of a link itself: ask for what it leads to.
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: resolved)
        // Opening a pipe or a device might wait for ever.
        return attributes?[.type] as? FileAttributeType == .typeRegular ? .file : .other
    }

    /// See `FileTree`.
    package func byteCount(of path: String) -> Int? {
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: resolved)
        return (attributes?[.size] as? NSNumber)?.intValue
    }

    /// See `FileTree`.
    package func contents(of path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    /// See `FileTree`.
    package func names(in folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)
        return (names ?? []).sorted()
    }
}

/// The files of this machine, and what was read of them: all that a session is made of.
package final class RecordedFiles: FileTree {
    private let disk = DiskFiles()
    private let read = Mutex<[String: [UInt8]]>([:])

    package init() {}

    /// Contents by absolute path.
    package var contents: [String: [UInt8]] { read.withLock { $0 } }

    /// See `FileTree`.
    package func kind(of path: String) -> FileKind { disk.kind(of: path) }
    /// See `FileTree`.
    package func byteCount(of path: String) -> Int? { disk.byteCount(of: path) }
    /// See `FileTree`.
    package func names(in folder: String) -> [String] { disk.names(in: folder) }

    /// See `FileTree`.
    package func contents(of path: String) -> [UInt8]? {
        let bytes = disk.contents(of: path)
        if let bytes { read.withLock { $0[Files.absolute(path)] = bytes } }
        return bytes
    }
}

/// Files that were sent from another machine, known by the paths that they had there. Nothing of this machine is
/// looked at.
package struct SubmittedFiles: FileTree {
    private let texts: [String: [UInt8]]
    private let others: Set<String>

    /// - Parameters:
    ///   - texts: contents by absolute path.
    ///   - others: absolute paths of files that are there and are not read here.
    package init(texts: [String: [UInt8]], others: Set<String>) {
        self.texts = texts
        self.others = others
    }

    /// See `FileTree`.
    package func kind(of path: String) -> FileKind {
        let path = Files.absolute(path)
        return texts[path] != nil || others.contains(path) ? .file : .missing
    }

    /// See `FileTree`.
    package func byteCount(of path: String) -> Int? { texts[Files.absolute(path)]?.count }
    /// See `FileTree`.
    package func contents(of path: String) -> [UInt8]? { texts[Files.absolute(path)] }
    /// See `FileTree`.
    package func names(in folder: String) -> [String] { [] }
}

/// Paths as text.
enum Files {
    /// Everything before the last slash: `album` for `album/a.yaml`, empty for `a.yaml`, `/` for `/a.yaml`.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "" }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    static func join(_ folder: String, _ path: String) -> String {
        if path.hasPrefix("/") || folder.isEmpty { return path }
        return folder.hasSuffix("/") ? folder + path : folder + "/" + path
    }

    /// From the root, without `.` and doubled slashes.
    ///
    /// `..` stays: behind a link it is not what it looks like.
    static func absolute(_ path: String) -> String {
        let full = join(FileManager.default.currentDirectoryPath, path)
        return "/" + full.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
    }
}
