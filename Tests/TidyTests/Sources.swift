import Foundation

/// A text file of the repository, by its path from the root.
struct SourceFile: Sendable {
    let path: String
    let lines: [Substring]

    /// A line without the comment after its code; strings are left alone as far as quotes tell.
    static func withoutComment(_ line: Substring) -> Substring {
        var isQuoted = false
        var previous: Character = " "
        for index in line.indices {
            let character = line[index]
            if character == "\"", previous != "\\" { isQuoted.toggle() }
            if character == "/", previous == "/", !isQuoted { return line[..<line.index(before: index)] }
            previous = character
        }
        return line
    }

    /// "path:line", as editors and compilers write it.
    func place(_ number: Int) -> String { "\(path):\(number)" }
}

/// What is in the repository, as far as it is text that people write.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Every Swift file under some folders, in order of their paths.
    static func swiftFiles(_ folders: [String]) throws -> [SourceFile] {
        try folders.flatMap { folder in try files(under: folder) { $0.hasSuffix(".swift") } }
    }

    /// Every file under a folder whose path passes; symbolic links to folders are followed once.
    static func files(under folder: String, where passes: (String) -> Bool) throws -> [SourceFile] {
        let top = root.appending(path: folder).resolvingSymlinksInPath()
        let keys: [URLResourceKey] = [.isRegularFileKey]
        guard let walk = FileManager.default.enumerator(at: top, includingPropertiesForKeys: keys) else {
            return []
        }
        var found: [SourceFile] = []
        for case let url as URL in walk where passes(url.lastPathComponent) {
            if url.path.contains("/.build/") { continue }
            guard try url.resourceValues(forKeys: Set(keys)).isRegularFile == true else { continue }
            let path = folder + url.path.dropFirst(top.path.count)
            let text = try String(contentsOf: url, encoding: .utf8)
            found.append(
                SourceFile(path: path, lines: text.split(separator: "\n", omittingEmptySubsequences: false)))
        }
        return found.sorted { $0.path < $1.path }
    }

    /// A file's text; nil where there is none.
    static func text(_ path: String) -> String? {
        try? String(contentsOf: root.appending(path: path), encoding: .utf8)
    }
}
