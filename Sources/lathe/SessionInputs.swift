import Farm
import Foundation
import Hashing
import Quantities
import Release
import RenderCompiler
import Session
import SessionFiles

/// An album or song of a command: read, its songs chosen, its files planned.
struct SessionInput {
    /// As it was given, or found in a folder that was.
    var path: String
    /// What was read of the session's own files.
    var files: RecordedFiles
    var album: Album
    /// Indices of the songs that are delivered.
    var songs: [Int]
    var plan: ReleasePlan
    /// Where the files go unless the overwrite policy numbers it.
    var folder: String
    /// What makes two renders into one folder the same render: session and choices, not the workers.
    var digest: String

    init(
        path: String, files: RecordedFiles, album: Album, songs: [Int], folder: String, stems: StemsChoice,
        segmentSeconds: Double
    ) throws {
        self.path = path
        self.files = files
        self.album = album
        self.songs = songs
        self.folder = folder
        plan = try releasing {
            try ReleasePlan(album: album, stemNames: stemNames(album), stems: stems, songs: songs)
        }
        let text = "\(album) \(songs) \(stems.rawValue) \(segmentSeconds) \(Engine.digest)"
        digest = Digest.of(Array(text.utf8)).description
    }

    /// The file's name without its suffix.
    static func stem(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let ending = [".yaml", ".yml"].first { name.hasSuffix($0) } ?? ""
        return String(name.dropLast(ending.count))
    }
}

/// All that a command is to render: files, and what folders hold. Nothing is written while it is read.
struct SessionInputs {
    var inputs: [SessionInput] = []
    /// Whether the results are listed by album: several were named, or a folder.
    let isBatch: Bool

    /// Reads every file before it gives up, so that one run shows every mistake.
    ///
    /// - Parameter suffix: Of the folder beside a session where none was chosen: `-render`.
    init(_ arguments: [String], options: RenderOptions, segmentSeconds: Double, suffix: String = "-render") throws {
        let (paths, isBatch) = try Self.expanded(arguments)
        self.isBatch = isBatch
        var printed: [String] = []
        var albums: [(path: String, files: RecordedFiles, album: Album)] = []
        for path in paths {
            let files = RecordedFiles()
            do {
                albums.append((path, files, try readSession(path, files: files)))
            } catch let failure as Failure {
                printed += failure.printed
            }
        }
        guard printed.isEmpty else { throw Failure(code: Exit.couldNotRun, printed: printed) }
        let songs = try Self.chosen(albums.map(\.album), options.only)
        let folders = try Self.folders(paths, options.output, isBatch: isBatch, suffix: suffix)
        for (index, entry) in albums.enumerated() {
            guard !songs[index].isEmpty else {
                note("\(entry.path): no song of it was asked for.")
                continue
            }
            inputs.append(
                try SessionInput(
                    path: entry.path, files: entry.files, album: entry.album, songs: songs[index],
                    folder: folders[index], stems: options.stems, segmentSeconds: segmentSeconds))
        }
    }

    /// Takes the folders of all: of none before it is clear that none is in the way.
    ///
    /// - Throws: the command's failure.
    func claimed(_ policy: OverwritePolicy) throws -> [ReleaseFolder] {
        let blocked = inputs.filter { input in
            let survey = ReleaseFolder.survey(
                input.folder, for: input.plan, policy: policy, sessionDigest: input.digest)
            return !survey.blockingFiles.isEmpty
        }
        // Claiming one of these says what is in the way, and leaves nothing behind.
        return try releasing {
            try (blocked + (blocked.isEmpty ? inputs : [])).map { try $0.claim(policy) }
        }
    }

    // MARK: - Choices

    private static func expanded(_ arguments: [String]) throws -> (paths: [String], isBatch: Bool) {
        var paths: [String] = []
        var seen: Set<String> = []
        var hasFolder = false
        for argument in arguments {
            guard DiskFiles().kind(of: absolutePath(argument)) == .folder else {
                if seen.insert(absolutePath(argument)).inserted { paths.append(argument) }
                continue
            }
            hasFolder = true
            let folder = SessionFolder(absolutePath(argument))
            let prefix = argument.hasSuffix("/") ? argument : argument + "/"
            let left = folder.left.map { "\($0.name) (\($0.reason))" }.joined(separator: ", ")
            guard !folder.taken.isEmpty else {
                throw Failure(
                    code: Exit.couldNotRun,
                    message: "\(argument) holds no album and no song" + (left.isEmpty ? "." : ": \(left)."))
            }
            note(
                "\(argument): taking \(folder.taken.joined(separator: ", "))"
                    + (left.isEmpty ? "." : "; not \(left)."))
            for name in folder.taken where seen.insert(absolutePath(prefix + name)).inserted {
                paths.append(prefix + name)
            }
        }
        return (paths, hasFolder || paths.count > 1)
    }

    /// Per album the songs that `--only` chose; each wanted one must be in some album.
    private static func chosen(_ albums: [Album], _ only: [String]) throws -> [[Int]] {
        guard albums.count > 1, !only.isEmpty else { return try albums.map { try chosenSongs(of: $0, only) } }
        var chosen = [Set<Int>](repeating: [], count: albums.count)
        for wanted in only {
            var isFound = false
            for (index, album) in albums.enumerated() {
                guard let matches = try? chosenSongs(of: album, [wanted]) else { continue }
                chosen[index].formUnion(matches)
                isFound = true
            }
            guard isFound else {
                let titles = albums.map { album in
                    let songs = album.songs.map { "\"\($0.song.title)\"" }.joined(separator: ", ")
                    return "\(songs) (\(album.title))"
                }.joined(separator: ", ")
                throw Failure(
                    code: Exit.couldNotRun, message: "no song is called \"\(wanted)\". There are \(titles).")
            }
        }
        return chosen.map { $0.sorted() }
    }

    private static func folders(
        _ paths: [String], _ output: String?, isBatch: Bool, suffix: String
    ) throws -> [String] {
        let own = paths.map { path -> String in
            guard let output else {
                let file = absolutePath(path)
                return file.dropLast(file.split(separator: "/").last?.count ?? 0) + SessionInput.stem(path) + suffix
            }
            return isBatch ? absolutePath(output) + "/" + SessionInput.stem(path) : absolutePath(output)
        }
        // Revisions often have one name in folders of their own: the folder tells them apart.
        let folders = zip(paths, own).map { path, folder in
            guard output != nil, own.count(where: { $0 == folder }) > 1 else { return folder }
            let steps = absolutePath(path).split(separator: "/")
            let parent = steps.count > 1 ? "\(steps[steps.count - 2])-" : ""
            return folder.dropLast(SessionInput.stem(path).count) + parent + SessionInput.stem(path)
        }
        for (index, folder) in folders.enumerated() {
            guard let other = folders[..<index].firstIndex(of: folder) else { continue }
            throw Failure(
                code: Exit.couldNotRun,
                message: "\(paths[other]) and \(paths[index]) would both be written to \(folder)."
                    + " Render them one by one, or rename one.")
        }
        return folders
    }
}

extension SessionInput {
    /// Takes its folder.
    ///
    /// - Throws: `ReleaseError`.
    func claim(_ policy: OverwritePolicy) throws -> ReleaseFolder {
        try ReleaseFolder(claiming: folder, for: plan, policy: policy, sessionDigest: digest)
    }
}
