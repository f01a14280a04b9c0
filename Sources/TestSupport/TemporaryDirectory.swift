internal import Foundation

/// A fresh folder for one test, removed with everything in it when the last reference goes.
package final class TemporaryDirectory: Sendable {
    /// Absolute, without a final slash.
    package let path: String

    package init(_ name: String = "lathe") throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent(
            "\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path
    }

    deinit {
        // A folder that cannot be removed is the system's to clean; a test must not fail for it.
        try? FileManager.default.removeItem(atPath: path)
    }

    /// The absolute path of a file in the folder; its parent folders are made.
    package func path(_ relative: String) throws -> String {
        let full = path + "/" + relative
        let parent = URL(fileURLWithPath: full).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        return full
    }

    /// Writes a file and answers its absolute path.
    @discardableResult
    package func write(_ relative: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let full = try path(relative)
        try Data(bytes).write(to: URL(fileURLWithPath: full))
        return full
    }

    /// Writes a text file in UTF-8 and answers its absolute path.
    @discardableResult
    package func write(_ relative: String, _ text: String) throws -> String {
        try write(relative, Array(text.utf8))
    }
}
