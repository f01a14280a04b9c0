import Foundation

/// The object files of this build, and the symbols that they leave to others.
struct ObjectFiles {
    /// `.build/PLATFORM/CONFIGURATION`: the folder of the test program.
    private let buildFolder: URL
    private let sourceFolder: URL

    init() throws {
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        buildFolder = URL(fileURLWithPath: program).deletingLastPathComponent()
        sourceFolder = packageRoot()
    }

    /// Undefined symbols of every object of a target, and how many objects were looked at.
    ///
    /// Objects are found by the names of the target's own source files: one that is missing is an error, so that
    /// nothing is judged by its absence, and one that a removed source left behind is not looked at.
    func undefinedSymbols(ofTarget target: String, in folder: String) throws -> (
        symbols: Set<String>, count: Int
    ) {
        let sources = try swiftFiles(under: sourceFolder.appending(path: "\(folder)/\(target)"))
        guard !sources.isEmpty else { throw Problem("\(folder)/\(target) has no Swift file") }
        let objects = try sources.map { source in
            let object = buildFolder.appending(path: "\(target).build/\(source.lastPathComponent).o")
            guard FileManager.default.fileExists(atPath: object.path) else {
                throw Problem("\(object.path) is missing: build with `swift build -c release --build-tests`")
            }
            return object
        }
        return (try undefinedSymbols(of: objects), objects.count)
    }

    private func undefinedSymbols(of objects: [URL]) throws -> Set<String> {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["nm", "-u", "-P"] + objects.map(\.path)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Problem("nm failed: is binutils installed?") }
        // Portable form: "name U" with one name a line, and a line with a colon for each file.
        let symbols = text.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            guard fields.count >= 2, fields[1] == "U" || fields[1] == "w" else { return nil }
            return fields[0].split(separator: "@").first.map(String.init)
        }
        return Set(symbols)
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}

/// The package's folder, from the place of this file in it.
func packageRoot(_ file: String = #filePath) -> URL {
    URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}

/// The Swift files of a folder and those below it.
func swiftFiles(under folder: URL) throws -> [URL] {
    let folder = folder.resolvingSymlinksInPath()
    guard let walk = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil) else {
        return []
    }
    return walk.compactMap { $0 as? URL }.filter { $0.pathExtension == "swift" }
}
