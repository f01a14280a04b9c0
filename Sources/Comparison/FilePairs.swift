import Foundation
import LoudnessChecks
import Measuring

/// One of the two files of a pair.
package struct ComparedFile: Sendable, Equatable {
    /// Where it is opened.
    package let path: String
    /// As the user would name it.
    package let id: String

    package init(path: String, id: String) {
        self.path = path
        self.id = id
    }
}

/// Two files that are one thing in two versions.
package struct FilePair: Sendable, Equatable {
    /// "Ferry", "Ferry: Vox" where a render says so, with the path where that says too little; else the file name.
    package let title: String
    package let a: ComparedFile
    package let b: ComparedFile

    package init(title: String, a: ComparedFile, b: ComparedFile) {
        self.title = title
        self.a = a
        self.b = b
    }
}

/// What one argument of the command stands for.
package struct ComparedArgument: Sendable, Equatable {
    /// As the user typed it: a path, or the name of a revision.
    package let name: String
    /// The file or folder that it means.
    package let path: String

    package init(name: String, path: String) {
        self.name = name
        self.path = path
    }

    /// A path as typed.
    package init(_ path: String) { self.init(name: path, path: path) }
}

/// Everything that two arguments name, paired.
package struct FilePairs: Sendable, Equatable {
    /// In A's order.
    package private(set) var pairs: [FilePair] = []
    /// What the other one does not have.
    package private(set) var onlyInA: [String] = []
    package private(set) var onlyInB: [String] = []
    /// What a render.json names and what is not there.
    package private(set) var missing: [String] = []
    /// What may be sound and is not among the files above; A's first.
    package private(set) var passedOver: [PassedOver] = []

    /// Pairs two files; two folders, album files or renders; or a file with the one of its name in a folder.
    ///
    /// In folders, files are paired by what a render says they are (song, delivery, stem), else by their path below
    /// the folder, else by that path without its ending, where only one file on each side has it. An album file
    /// stands for the folder of its render.
    ///
    /// - Parameter folder: absolute; what relative arguments are relative to.
    package init(_ a: ComparedArgument, _ b: ComparedArgument, in folder: String) throws(ComparisonError) {
        let (first, second) = (try Side(a, in: folder), try Side(b, in: folder))
        switch (try first.kind(), try second.kind()) {
        case (.file, .file): pair(first.file, second.file, title: first.name)
        case (.file, .files): try pair(first, in: second, isSwapped: false)
        case (.files, .file): try pair(second, in: first, isSwapped: true)
        case (.files, .files): pairAll(try first.items(), try second.items(), first, second)
        }
    }

    private mutating func pair(_ a: ComparedFile, _ b: ComparedFile, title: String) {
        pairs.append(FilePair(title: title, a: a, b: b))
    }

    private mutating func pair(_ file: Side, in other: Side, isSwapped: Bool) throws(ComparisonError) {
        let path = other.path + "/" + file.name
        guard FileManager.default.fileExists(atPath: path) else {
            throw ComparisonError(
                "\(other.argument) holds no \(file.name). Name two files, or two folders.")
        }
        let found = ComparedFile(path: path, id: other.id(file.name))
        pair(isSwapped ? found : file.file, isSwapped ? file.file : found, title: file.name)
    }

    private mutating func pairAll(_ a: InputSet, _ b: InputSet, _ first: Side, _ second: Side) {
        var partner = [Int?](repeating: nil, count: a.items.count)
        var isTaken = [Bool](repeating: false, count: b.items.count)
        let keys: [(MeasureInput) -> String] = [
            { [$0.scope.rawValue, $0.group, $0.title, Self.ending($0.id)].joined(separator: "\u{0}") },
            { $0.id },
            { String($0.id.dropLast(Self.ending($0.id).count)) },
        ]
        for key in keys {
            var places: [String: [Int]] = [:]
            for index in b.items.indices where !isTaken[index] {
                places[key(b.items[index]), default: []].append(index)
            }
            var counts: [String: Int] = [:]
            for index in a.items.indices where partner[index] == nil { counts[key(a.items[index]), default: 0] += 1 }
            for index in a.items.indices where partner[index] == nil {
                let name = key(a.items[index])
                guard counts[name] == 1, let found = places[name], found.count == 1 else { continue }
                partner[index] = found[0]
                isTaken[found[0]] = true
            }
        }
        // A song of several deliveries is several files of one title.
        var titles: [String: Int] = [:]
        for item in a.items { titles[item.title, default: 0] += 1 }
        for (index, item) in a.items.enumerated() {
            guard let other = partner[index] else {
                onlyInA.append(first.id(item.id))
                continue
            }
            pair(
                ComparedFile(path: item.path, id: first.id(item.id)),
                ComparedFile(path: b.items[other].path, id: second.id(b.items[other].id)),
                title: titles[item.title] == 1 ? item.title : "\(item.title) (\(item.id))")
        }
        onlyInB = b.items.indices.filter { !isTaken[$0] }.map { second.id(b.items[$0].id) }
        missing = a.missing.map { "\(first.id($0.id)) \($0.reason)" }
        missing += b.missing.map { "\(second.id($0.id)) \($0.reason)" }
        let left = PassedOverSearch.differing(
            PassedOverSearch(in: first.path, besides: a).entries, PassedOverSearch(in: second.path, besides: b).entries)
        passedOver = left.a.map { PassedOver(side: .a, id: first.id($0.id), reason: $0.reason) }
        passedOver += left.b.map { PassedOver(side: .b, id: second.id($0.id), reason: $0.reason) }
    }

    private static func ending(_ id: String) -> String {
        guard let dot = id.lastIndex(of: "."), !id[dot...].contains("/") else { return "" }
        return id[dot...].lowercased()
    }

    /// One argument.
    private struct Side {
        enum Kind { case file, files }

        /// As the user would name it; of an album file, the folder of its render.
        let argument: String
        /// Absolute, without `.`, `..` and doubled slashes: ids are relative to it.
        let path: String

        init(_ argument: ComparedArgument, in folder: String) throws(ComparisonError) {
            let path = Self.plain(argument.path.hasPrefix("/") ? argument.path : folder + "/" + argument.path)
            let ending = [".yaml", ".yml"].first { path.lowercased().hasSuffix($0) }
            guard let ending, Self.status(path) == S_IFREG else {
                (self.argument, self.path) = (argument.name, path)
                return
            }
            self.argument = argument.name.dropLast(ending.count) + "-render"
            self.path = path.dropLast(ending.count) + "-render"
            guard Self.status(self.path + "/render.json") == S_IFREG else {
                throw ComparisonError(
                    "\(argument.name) has no render beside it (\(self.argument)/render.json). "
                        + "Run `lathe render \(argument.name)`.")
            }
        }

        /// Up to the last `..` the system says where a path leads: it knows of links.
        private static func plain(_ path: String) -> String {
            var parts = path.split(separator: "/").filter { $0 != "." }.map(String.init)
            if let last = parts.lastIndex(of: ".."),
                let resolved = realpath("/" + parts[...last].joined(separator: "/"), nil)
            {
                defer { free(resolved) }
                parts = String(cString: resolved).split(separator: "/").map(String.init) + parts[(last + 1)...]
            }
            return "/" + parts.joined(separator: "/")
        }

        /// What kind of thing lies there; nil for nothing.
        private static func status(_ path: String) -> mode_t? {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
        }

        var name: String { path.split(separator: "/").last.map(String.init) ?? path }
        var file: ComparedFile { ComparedFile(path: path, id: argument) }

        /// A file of the folder as the user would name it.
        func id(_ relative: String) -> String {
            argument.hasSuffix("/") ? argument + relative : argument + "/" + relative
        }

        func kind() throws(ComparisonError) -> Kind {
            switch Self.status(path) {
            case S_IFDIR: return .files
            case S_IFREG: return .file
            case nil:
                throw ComparisonError("\(argument) does not exist. Check the path; quote it if it holds blanks.")
            default: throw ComparisonError("\(argument) is neither a file nor a folder. Name sound files or folders.")
            }
        }

        func items() throws(ComparisonError) -> InputSet {
            do throws(InputError) { return try InputCollector.collect(["."], in: path) } catch {
                // The collector sees the folder from inside.
                throw ComparisonError(
                    error.description.hasPrefix(". ") ? argument + error.description.dropFirst() : error.description)
            }
        }
    }
}
