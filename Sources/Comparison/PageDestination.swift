import Foundation
import Measuring

/// Where a page may be written.
package enum PageDestination {
    /// Says before anything is compared why a page cannot be written there; it never replaces sound, or what is
    /// compared.
    ///
    /// - Parameters:
    ///   - path: as the user typed it.
    ///   - arguments: what is compared; an album file may be among them.
    ///   - pairs: the files that it comes to.
    ///   - folder: absolute; what a relative path is relative to.
    package static func check(
        _ path: String, arguments: [ComparedArgument], pairs: FilePairs, in folder: String
    ) throws(ComparisonError) {
        let remedy = "Name another file, such as changes.html."
        let full = path.hasPrefix("/") ? path : folder + "/" + path
        let ending = ending(of: full)
        if InputCollector.endings.contains(ending) || PassedOverSearch.unreadEndings.contains(ending) {
            throw ComparisonError("--html \(path): that is the ending of a sound file. \(remedy)")
        }
        var status = stat()
        if stat(full, &status) == 0 {
            let kind = status.st_mode & S_IFMT
            if kind == S_IFDIR { throw ComparisonError("--html \(path) is a folder. \(remedy)") }
            if kind != S_IFREG { throw ComparisonError("--html \(path) is no file that can be replaced. \(remedy)") }
            let inputs = arguments.map(\.path) + pairs.pairs.flatMap { [$0.a.path, $0.b.path] }
            let identity = FileIdentity(full)
            if inputs.contains(where: { FileIdentity($0.hasPrefix("/") ? $0 : folder + "/" + $0) == identity }) {
                throw ComparisonError("--html \(path) is one of the files that are compared. \(remedy)")
            }
        }
        let parent = full.lastIndex(of: "/").map { String(full[..<$0]) } ?? ""
        let shown = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard stat(parent + "/", &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw ComparisonError("--html \(path): there is no folder \(shown). Make it first, or name another file.")
        }
        guard access(parent + "/", W_OK | X_OK) == 0 else {
            throw ComparisonError("--html \(path): nothing can be written to \(shown). Check its permissions.")
        }
    }

    /// Small letters behind the last dot of a name.
    static func ending(of path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }
}
