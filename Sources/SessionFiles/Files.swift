internal import Foundation

/// What stands under a path.
enum FileKind { case missing, file, folder, other }

/// The few questions that the reader asks of the file system.
enum Files {
    static func kind(of path: String) -> FileKind {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return .missing }
        if isFolder.boolValue { return .folder }
        // Attributes are those of a link itself: ask for what it leads to.
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: resolved)
        // Opening a pipe or a device might wait for ever.
        return attributes?[.type] as? FileAttributeType == .typeRegular ? .file : .other
    }

    static func byteCount(of path: String) -> Int? {
        let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        let attributes = try? FileManager.default.attributesOfItem(atPath: resolved)
        return (attributes?[.size] as? NSNumber)?.intValue
    }

    static func contents(of path: String) -> [UInt8]? {
        FileManager.default.contents(atPath: path).map { [UInt8]($0) }
    }

    /// File names of a folder in order; empty where it cannot be read.
    static func names(in folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)
        return (names ?? []).sorted()
    }

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
