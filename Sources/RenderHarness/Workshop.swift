internal import Foundation
internal import TestSupport

/// A folder of one test with sessions, sounds, a store and rendered folders.
package final class Workshop {
    package let path: String
    private let directory: TemporaryDirectory

    package init() throws {
        directory = try TemporaryDirectory("lathe-test")
        path = directory.path
        for folder in ["streams", "cache", "sounds"] {
            try FileManager.default.createDirectory(
                atPath: "\(path)/\(folder)", withIntermediateDirectories: true)
        }
    }

    package func path(_ relative: String) -> String { "\(path)/\(relative)" }

    package func write(_ relative: String, _ text: String) throws { try directory.write(relative, text) }

    /// Removes a file or folder of the workshop.
    package func remove(_ relative: String) throws {
        guard exists(relative) else { return }
        try FileManager.default.removeItem(atPath: path(relative))
    }

    package func exists(_ relative: String) -> Bool { FileManager.default.fileExists(atPath: path(relative)) }

    /// A file's content.
    package func bytes(_ relative: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: path(relative))))
    }

    /// Names of the files below a folder, sorted; the hidden ones too.
    package func files(_ folder: String) -> [String] {
        let root = path(folder)
        guard let walk = FileManager.default.enumerator(atPath: root) else { return [] }
        return walk.compactMap { $0 as? String }.filter { name in
            var isFolder: ObjCBool = false
            return FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }

    // MARK: - Running

    /// Starts `lathe` with the workshop's cache; nothing of the user's is touched.
    package func start(
        _ arguments: [String], environment: [String: String] = [:], under wrapper: [String] = []
    ) throws -> LatheProcess {
        let own = ["XDG_CACHE_HOME": path("cache"), "NO_COLOR": "1"].merging(environment) { $1 }
        return try LatheProcess(arguments, environment: own, under: wrapper, folder: path("streams"))
    }

    /// Runs `lathe` to its end.
    package func run(
        _ arguments: [String], environment: [String: String] = [:], under wrapper: [String] = []
    ) throws -> LatheProcess.Finished {
        try start(arguments, environment: environment, under: wrapper).wait()
    }

    /// Arguments of a render of `session` into `folder`, with short segments.
    package func renderArguments(
        _ session: String, into folder: String, store: String = "store", _ more: [String] = []
    ) -> [String] {
        [
            "render", path(session), "-o", path(folder), "--store", path(store), "--segment-seconds", "0.5",
            "--stems", "pre-master",
        ] + more
    }

    /// Renders and reads back what was delivered.
    ///
    /// - Throws: `HarnessError` with what the command said unless it ended with 0.
    package func render(
        _ session: String, into folder: String, store: String = "store", _ more: [String] = [],
        environment: [String: String] = [:], under wrapper: [String] = []
    ) throws -> Delivered {
        let run = try run(
            renderArguments(session, into: folder, store: store, more), environment: environment,
            under: wrapper)
        guard run.status == 0 else {
            throw HarnessError(
                "render \(more) ended with \(run.status)\(run.isOverdue ? " (overdue)" : ""):\n\(run.errors)")
        }
        return try delivered(folder)
    }

    /// What lies in a rendered folder.
    package func delivered(_ folder: String) throws -> Delivered {
        var sounds: [String: [UInt8]] = [:]
        for name in files(folder) where name.hasSuffix(".wav") || name.hasSuffix(".flac") {
            sounds[name] = try bytes("\(folder)/\(name)")
        }
        return Delivered(sounds: sounds, document: try JSON(bytes("\(folder)/render.json")))
    }
}

/// The files of a render and its `render.json`.
package struct Delivered {
    package var sounds: [String: [UInt8]]
    package var document: JSON

    /// `farm.tasks.NAME`.
    package func tasks(_ name: String) -> Int { document["farm"]["tasks"][name].int ?? -1 }

    /// Every difference but `farm`, which tells how the work was done: in words, empty where there is none.
    package func differences(from other: Delivered) -> [String] {
        var found: [String] = []
        for name in Set(sounds.keys).union(other.sounds.keys).sorted() {
            guard let mine = sounds[name], let theirs = other.sounds[name] else {
                found.append("\(name) is in one of the two only")
                continue
            }
            guard mine != theirs else { continue }
            let first = zip(mine, theirs).enumerated().first { $1.0 != $1.1 }?.offset
            found.append(
                "\(name): \(mine.count) and \(theirs.count) bytes, first difference at \(first ?? -1)")
        }
        let mine = document.removing("farm").text
        let theirs = other.document.removing("farm").text
        if mine != theirs { found.append("render.json:\n\(mine)\nand\n\(theirs)") }
        return found
    }
}

/// A JSON document as tests read it.
package struct JSON {
    private let value: Any?

    private init(value: Any?) { self.value = value }

    /// - Throws: where `bytes` are not exactly one document.
    package init(_ bytes: [UInt8]) throws {
        value = try JSONSerialization.jsonObject(with: Data(bytes))
    }

    package subscript(key: String) -> JSON { JSON(value: (value as? [String: Any])?[key]) }

    package var int: Int? { (value as? NSNumber)?.intValue }
    package var double: Double? { (value as? NSNumber)?.doubleValue }
    package var string: String? { value as? String }
    package var bool: Bool? { value as? Bool }
    package var isThere: Bool { value != nil }
    package var elements: [JSON] { ((value as? [Any]) ?? []).map { JSON(value: $0) } }

    /// The document without a key of its top level.
    package func removing(_ key: String) -> JSON {
        var object = value as? [String: Any] ?? [:]
        object[key] = nil
        return JSON(value: object)
    }

    /// The document with its keys sorted.
    package var text: String {
        guard let value,
            let data = try? JSONSerialization.data(
                withJSONObject: value, options: [.sortedKeys, .prettyPrinted])
        else { return "nothing" }
        return String(decoding: data, as: UTF8.self)
    }
}
