import Foundation
package import LoudnessChecks
import Release

/// Turns arguments into files: sound files, folders, globs, an album file, or a render's folder.
///
/// - A sound file is measured whatever its name ends in.
/// - A folder is searched for sound files, hidden ones and unfinished ones left out; each folder in it is a group.
///   Files below a folder named `stems` are stems.
/// - A folder that holds a `render.json` is read by it: its masters are songs, one group for each delivery, its
///   stems are compared with their pre-master; what it names and what is not there is missing.
/// - An album or song file stands for the folder that `lathe render` writes beside it.
///
/// The order is by argument, then by path, so it does not depend on the file system.
package struct InputCollector {
    private let folder: String
    private let mix: String?
    private let roles: FileRoles
    private var set = InputSet()
    private var seen: Set<String> = []
    /// Sound files that were met, whether or not they are measured again or at all.
    private var soundCount = 0

    /// Endings of sound files in folders.
    package static let endings: Set<String> = [
        "wav", "wave", "bwf", "rf64", "w64", "aif", "aiff", "aifc", "caf", "flac", "ogg", "oga", "opus", "mp3", "mp2",
    ]
    /// The most files one command takes.
    package static let fileLimit = 1_000_000
    private static let depthLimit = 64

    /// - Parameters:
    ///   - folder: an absolute path, to which arguments and ids are relative.
    ///   - mix: the file that all others are stems of; nil where a render tells, or nothing is a stem.
    ///   - roles: what a policy says of files: which are stems, and which are left out.
    private init(folder: String, mix: String?, roles: FileRoles) {
        // As `relative` compares with it.
        self.folder = Self.folded(folder)
        self.mix = mix
        self.roles = roles
    }

    /// - Throws: `InputError` where an argument names nothing that can be measured.
    package static func collect(
        _ arguments: [String], in folder: String, mix: String? = nil, roles: FileRoles = FileRoles()
    ) throws(InputError) -> InputSet {
        var collector = InputCollector(folder: folder, mix: mix, roles: roles)
        for argument in arguments { try collector.add(argument) }
        if let mix { try collector.addMix(mix) }
        guard !collector.set.items.isEmpty || !collector.set.missing.isEmpty else {
            throw InputError("there is no sound file in \(arguments.joined(separator: ", ")). Name files or folders.")
        }
        return collector.set
    }

    private mutating func add(_ argument: String) throws(InputError) {
        let path = absolute(argument)
        switch kind(of: path) {
        case .folder:
            if kind(of: path + "/render.json") == .file { return try addRender(path, anchorFile: nil) }
            let before = soundCount
            try search(path, depth: 0)
            if soundCount == before {
                throw InputError("\(argument) holds no sound file. Name the folder that does.")
            }
        case .file where ["yaml", "yml"].contains(ending(of: path)): try addAlbum(path, argument)
        case .file: try addFile(path)
        case .other: throw InputError("\(argument) is neither a file nor a folder. Name sound files or folders.")
        case .none where argument.contains(where: { "*?[".contains($0) }): try addMatches(argument)
        case .none: throw InputError("\(argument) does not exist. Check the path; quote it if it holds blanks.")
        }
    }

    // MARK: Files and folders

    private mutating func addFile(_ path: String) throws(InputError) {
        soundCount += 1
        let id = relative(path)
        guard !roles.isIgnored(id), seen.insert(path).inserted else { return }
        guard set.items.count < Self.fileLimit else {
            throw InputError("there are more than \(Self.fileLimit) files. Check them folder by folder.")
        }
        let parent = parent(of: path)
        let isStem = mix != nil || roles.isStem(id) || relative(parent).split(separator: "/").contains("stems")
        let group = mix.map { "stems of " + relative(absolute($0)) } ?? relative(parent)
        if !set.groups.contains(where: { $0.id == group }) {
            let title = mix == nil ? (parent == folder ? "This folder" : name(of: parent)) : "Stems"
            set.groups.append(InputGroup(id: group, title: title, mixID: mix.map { relative(absolute($0)) }))
        }
        set.items.append(
            MeasureInput(
                path: path, id: id, title: name(of: path), scope: isStem ? .stem : .song, group: group))
    }

    private mutating func addMix(_ mix: String) throws(InputError) {
        let path = absolute(mix)
        guard kind(of: path) == .file else { throw InputError("\(mix), the mix of the stems, is not a file.") }
        set.items.removeAll { $0.path == path }
        let id = relative(path)
        set.groups.append(InputGroup(id: "mix of the stems", title: "Mix"))
        set.items.append(
            MeasureInput(path: path, id: id, title: name(of: path), scope: .song, group: "mix of the stems"))
    }

    private mutating func search(_ folder: String, depth: Int) throws(InputError) {
        guard depth < Self.depthLimit else {
            throw InputError("\(folder) is nested more than \(Self.depthLimit) deep. Is there a link to itself in it?")
        }
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw InputError("\(folder) cannot be listed. Check its permissions.")
        }
        var folders: [String] = []
        for name in names.sorted(by: Self.isBefore) where !name.hasPrefix(".") {
            let path = folder + "/" + name
            switch kind(of: path) {
            case .folder: folders.append(path)
            case .file where Self.endings.contains(ending(of: name)): try addFile(path)
            // A name that should be sound and is a pipe, a device or a dangling link is an error per file.
            case .other, .none: if Self.endings.contains(ending(of: name)) { try addFile(path) }
            case .file: break
            }
        }
        for path in folders where !isLink(path) { try search(path, depth: depth + 1) }
    }

    private mutating func addMatches(_ pattern: String) throws(InputError) {
        // The part before the first wildcard is where the search begins.
        let parts = absolute(pattern).split(separator: "/").map(String.init)
        let fixed = parts.prefix { !$0.contains(where: { "*?[".contains($0) }) }
        let root = "/" + fixed.joined(separator: "/")
        let glob: Glob
        // A pattern without a slash would match names in every folder below, which is not what a shell does.
        let pieces = [Self.start] + parts.dropFirst(fixed.count)
        do throws(Glob.Fault) { glob = try Glob(pieces.joined(separator: "/")) } catch {
            throw InputError("\(pattern): \(error.message). \(error.remedy).")
        }
        var found: [String] = []
        if kind(of: root) == .folder { match(glob, in: root, below: Self.start + "/", &found, depth: 0) }
        guard !found.isEmpty else { throw InputError("\(pattern) matches no file.") }
        for path in found { try addFile(path) }
    }

    /// Stands for the folder in which a search began.
    private static let start = "start"

    /// - Parameter prefix: the folder as the pattern has it, with a final slash.
    private func match(_ glob: Glob, in folder: String, below prefix: String, _ found: inout [String], depth: Int) {
        guard depth < Self.depthLimit, found.count < Self.fileLimit else { return }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names.sorted(by: Self.isBefore) where !name.hasPrefix(".") {
            let path = folder == "/" ? "/" + name : folder + "/" + name
            switch kind(of: path) {
            case .folder where !isLink(path):
                match(glob, in: path, below: prefix + name + "/", &found, depth: depth + 1)
            case .folder: break
            default: if glob.matches(prefix + name) { found.append(path) }
            }
        }
    }

    // MARK: Renders

    private mutating func addAlbum(_ path: String, _ argument: String) throws(InputError) {
        let render = String(path.dropLast(ending(of: path).count + 1)) + "-render"
        guard kind(of: render + "/render.json") == .file else {
            throw InputError(
                "\(argument) has no render beside it (\(relative(render))/render.json). "
                    + "Run `lathe render \(argument)`.")
        }
        try addRender(render, anchorFile: path)
    }

    private mutating func addRender(_ path: String, anchorFile: String?) throws(InputError) {
        let manifest = path + "/render.json"
        guard let bytes = FileManager.default.contents(atPath: manifest),
            let document = try? RenderDocument.decoded([UInt8](bytes))
        else { throw InputError("\(relative(manifest)) is not a render's document. Render again.") }
        let lines = ManifestLines(
            manifest: String(decoding: bytes, as: UTF8.self), manifestID: relative(manifest),
            album: anchorFile.flatMap { FileManager.default.contents(atPath: $0) }.map {
                String(decoding: $0, as: UTF8.self)
            }, albumID: anchorFile.map(relative))
        let render = RenderedFiles(document: document, folder: path, id: relative(path), lines: lines)
        for group in render.groups where !set.groups.contains(where: { $0.id == group.id }) {
            set.groups.append(group)
        }
        for item in render.items where seen.insert(item.path).inserted {
            if kind(of: item.path) == .file {
                set.items.append(item)
            } else {
                set.missing.append(
                    MissingInput(
                        id: item.id, title: item.title, scope: item.scope, group: item.group,
                        reason: "is missing, but render.json names it. Render again", anchor: item.anchor))
            }
        }
        set.missing += render.missing.filter { new in !set.missing.contains { $0.id == new.id } }
    }

    // MARK: Paths

    private enum Kind { case file, folder, other }

    /// Links are followed; nil: nothing is there.
    private func kind(of path: String) -> Kind? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return .file
        case S_IFDIR: return .folder
        default: return .other
        }
    }

    private func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Without `.` and `..` and doubled slashes; links are not resolved.
    private func absolute(_ path: String) -> String { Self.folded((path.hasPrefix("/") ? "" : folder + "/") + path) }

    private static func folded(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            switch part {
            case ".": break
            case "..": _ = parts.popLast()
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Relative to the folder where it lies inside it, else absolute; "." for the folder itself.
    private func relative(_ path: String) -> String {
        if path == folder { return "." }
        let prefix = folder == "/" ? "/" : folder + "/"
        return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
    }

    private func parent(of path: String) -> String {
        let parent = path.split(separator: "/").dropLast().joined(separator: "/")
        return "/" + parent
    }

    private func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    private func ending(of path: String) -> String {
        let name = name(of: path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// By bytes, so that no language decides.
    private static func isBefore(_ a: String, _ b: String) -> Bool {
        a.utf8.lexicographicallyPrecedes(b.utf8)
    }
}
