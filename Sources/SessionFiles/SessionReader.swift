package import Session

/// Reads and validates an album file, or a song file alone.
///
/// Everything that is wrong is reported at once. A syntax error ends the file that it is in; the other files
/// are still read.
package struct SessionReader {
    let files: any FileTree
    let probe: (String) throws -> ProbedFile

    /// - Parameters:
    ///   - files: where the session's files are.
    ///   - probe: opens an audio file by its absolute path and says what is in it; throws for what
    ///     cannot be decoded or is shorter than its header says. The error's description follows "cannot be
    ///     read: ".
    package init(files: any FileTree = DiskFiles(), probe: @escaping (String) throws -> ProbedFile) {
        self.files = files
        self.probe = probe
    }

    /// The album in a file.
    ///
    /// A song file becomes an album of that song, titled by it: 48 kHz unless it has a `rate`, one 24-bit
    /// WAV, no loudness target (the limiter still holds -1 dBTP).
    ///
    /// - Parameter path: absolute or relative to the current folder; messages name files beginning with it.
    /// - Throws: every error, in the order of the files and of the lines in each.
    package func readAlbum(path: String) throws(SessionErrors) -> Album {
        let reading = Reading(files: files, probe: probe)
        let album = reading.readRoot(path)
        let diagnostics = reading.diagnostics
        guard diagnostics.isEmpty, let album else {
            precondition(!diagnostics.isEmpty, "a session without errors and without an album")
            throw SessionErrors(diagnostics: diagnostics)
        }
        return album
    }
}

/// One call of `readAlbum`: the files met so far, each read once, and their logs in that order.
final class Reading {
    let files: any FileTree
    private let probe: (String) throws -> ProbedFile
    private var logs: [DiagnosticLog] = []
    private var songs: [String: Song?] = [:]
    private var sources: [String: Result<SourceFile, Problem>] = [:]

    init(files: any FileTree, probe: @escaping (String) throws -> ProbedFile) {
        self.files = files
        self.probe = probe
    }

    var diagnostics: [Diagnostic] { logs.flatMap(\.sorted) }

    func readRoot(_ path: String) -> Album? {
        let log = makeLog(path)
        let kind = files.kind(of: path)
        guard kind == .file else {
            log.report(Self.absent(path, kind, suffixes: [".yaml", ".yml"], in: files), at: .start)
            return nil
        }
        guard let (document, scope) = Self.load(path, log, from: files) else { return nil }
        if Self.isAlbum(document.root) {
            return AlbumReader(reading: self, scope: scope).read(document.root)
        }
        let song = SongReader(reading: self, scope: scope, albumRateHertz: nil).read(document.root)
        return song.map {
            Album(
                title: $0.title, artist: "", songs: [AlbumEntry(song: $0, gapSeconds: 0)],
                loudness: LoudnessTarget(),
                deliveries: [AlbumReader.standardDelivery])
        }
    }

    /// A song of an album; nil where it has errors, which are reported once however often it is named.
    func song(_ path: String, albumRateHertz: Int) -> Song? {
        let key = Files.absolute(path)
        if let known = songs[key] { return known }
        let log = makeLog(path)
        let song = Self.load(path, log, from: files).flatMap { document, scope in
            SongReader(reading: self, scope: scope, albumRateHertz: albumRateHertz).read(document.root)
        }
        let result = log.isEmpty ? song : nil
        songs[key] = .some(result)
        return result
    }

    /// An audio file; a failure is thrown at its first mention only, and nil after that.
    func source(_ path: String) throws(Problem) -> SourceFile? {
        let absolute = Files.absolute(path)
        if let known = sources[absolute] { return try? known.get() }
        let result = probed(path, absolute)
        sources[absolute] = result
        return try result.get()
    }

    private func probed(_ path: String, _ absolute: String) -> Result<SourceFile, Problem> {
        let kind = files.kind(of: path)
        guard kind == .file else { return .failure(Self.absent(path, kind, suffixes: [], in: files)) }
        let found: ProbedFile
        do {
            found = try probe(absolute)
        } catch {
            return .failure(
                Problem(
                    "\(Files.name(of: path)) cannot be read: \(Self.sentence(error))",
                    remedy: "export or copy it again"))
        }
        guard (1...2).contains(found.channelCount) else {
            return .failure(
                Problem(
                    "\(Files.name(of: path)) has \(found.channelCount) channels",
                    remedy: "use mono or stereo files"))
        }
        guard found.rateHertz > 0, found.frameCount > 0 else {
            return .failure(Problem("\(Files.name(of: path)) holds no sound", remedy: "export it again"))
        }
        return .success(
            SourceFile(
                path: absolute, rateHertz: found.rateHertz, channelCount: found.channelCount,
                frameCount: found.frameCount, samples: found.samples))
    }

    /// An error's text without the full stop that the diagnostic adds.
    private static func sentence(_ error: any Error) -> String {
        var text = String(describing: error)
        while text.last == "." || text.last?.isNewline == true { text.removeLast() }
        return text
    }

    static func absent(_ path: String, _ kind: FileKind, suffixes: [String], in files: any FileTree) -> Problem {
        let name = Files.name(of: path)
        switch kind {
        case .folder: return Problem("\(path) is a folder", remedy: "name a file in it")
        case .other: return Problem("\(path) is no regular file", remedy: "name a file")
        case .missing, .file:
            let folder = Files.folder(of: path)
            if files.kind(of: folder.isEmpty ? "." : folder) != .folder {
                return Problem("there is no folder \(folder)", remedy: "check the path")
            }
            let names = files.names(in: folder).filter { name in
                suffixes.isEmpty || suffixes.contains { name.hasSuffix($0) }
            }
            if let near = nearestName(to: name, among: names) {
                return Problem("there is no file \(path)", remedy: "did you mean \(Files.join(folder, near))")
            }
            return Problem("there is no file \(path)", remedy: "check the name, or add the file")
        }
    }

    private func makeLog(_ path: String) -> DiagnosticLog {
        let log = DiagnosticLog(file: path)
        logs.append(log)
        return log
    }

    /// - Parameter start: how a file of this kind begins, for the remedy of an empty one.
    static func load(
        _ path: String, _ log: DiagnosticLog, from files: any FileTree, start: String = Document.start
    ) -> (Document, FileScope)? {
        if let byteCount = files.byteCount(of: path), byteCount > Document.byteLimit {
            log.report("this file is larger than 64 MiB", remedy: "split it", at: .start)
            return nil
        }
        guard let bytes = files.contents(of: path) else {
            log.report("this file cannot be read", remedy: "check its permissions", at: .start)
            return nil
        }
        do throws(PlacedProblem) {
            let document = try Document(bytes: bytes, log: log, start: start)
            return (document, FileScope(source: document.source, log: log, folder: Files.folder(of: path)))
        } catch {
            log.report(error.problem, at: error.place)
            return nil
        }
    }

    /// By what it is called; a file with neither name is judged by its lists, and a song when in doubt.
    private static func isAlbum(_ root: DocumentNode) -> Bool {
        guard case .mapping(let pairs) = root.content else { return false }
        let names = pairs.compactMap { pair -> String? in
            if case .scalar(let name, _) = pair.key.content { name } else { nil }
        }
        if names.contains("album") { return true }
        return !names.contains("song") && (names.contains("songs") || names.contains("deliver"))
    }
}
