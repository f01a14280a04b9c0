import Foundation
import LoudnessChecks
import Release

/// What a render's document promises, as things to be measured.
struct RenderedFiles {
    var groups: [InputGroup] = []
    var items: [MeasureInput] = []
    var missing: [MissingInput] = []

    init(document: RenderDocument, folder: String, id: String, lines: ManifestLines) {
        let prefix = id == "." ? "" : id + "/"
        let album = document.album ?? "Album"
        for (index, song) in document.songs.enumerated() {
            let anchor = lines.song(index)
            for file in song.files {
                let group = Self.group(of: file.path, in: id)
                if !groups.contains(where: { $0.id == group }) {
                    let target = document.loudness.map {
                        RecordedTarget(target: $0.target, ceiling: $0.ceiling, isForAlbum: $0.by == "album")
                    }
                    groups.append(
                        InputGroup(
                            id: group, title: group == id ? album : "\(album), \(Self.folder(of: file.path))",
                            anchor: lines.album, loudness: target))
                }
                items.append(
                    MeasureInput(
                        path: folder + "/" + file.path, id: prefix + file.path, title: song.title, scope: .song,
                        group: group, anchor: lines.file(file.path) ?? anchor, recordedPCMSHA256: file.pcmSha256))
            }
            addStems(song, document: album, folder: folder, prefix: prefix, anchor: anchor, lines: lines)
        }
        let deliveries = groups.filter { group in items.contains { $0.group == group.id && $0.scope == .song } }
        addMissing(document, to: deliveries.isEmpty ? [id] : deliveries.map(\.id), lines)
    }

    /// A song without files is missing from every delivery.
    private mutating func addMissing(_ document: RenderDocument, to groups: [String], _ lines: ManifestLines) {
        for (index, song) in document.songs.enumerated() where song.files.isEmpty {
            let failure = document.failures.first { $0.song == song.title }
            let reason =
                failure.map { "was not rendered: \($0.what)" } ?? "was not delivered by its render. Render again"
            for group in groups {
                missing.append(
                    MissingInput(
                        id: (group == "." ? "" : group + "/") + song.title, title: song.title, scope: .song,
                        group: group, reason: reason, anchor: lines.song(index)))
            }
        }
    }

    private mutating func addStems(
        _ song: RenderDocument.Song, document album: String, folder: String, prefix: String, anchor: SourceAnchor?,
        lines: ManifestLines
    ) {
        guard !song.stems.isEmpty else { return }
        let mix = song.stems.first { $0.role == .preMaster }
        let id = prefix + "stems of " + song.title
        groups.append(
            InputGroup(
                id: id, title: "\(album), stems of \(song.title)", anchor: anchor, mixID: mix.map { prefix + $0.path }))
        for file in song.stems {
            items.append(
                MeasureInput(
                    path: folder + "/" + file.path, id: prefix + file.path,
                    title: file.name.map { "\(song.title): \($0)" } ?? "\(song.title): pre-master", scope: .stem,
                    group: id, anchor: lines.file(file.path) ?? anchor, recordedPCMSHA256: file.pcmSha256))
        }
    }

    /// Each delivery has a folder of its own where there are several.
    private static func group(of path: String, in id: String) -> String {
        let folder = folder(of: path)
        return folder.isEmpty ? id : (id == "." ? folder : id + "/" + folder)
    }

    private static func folder(of path: String) -> String {
        path.split(separator: "/").dropLast().joined(separator: "/")
    }
}

/// Finds the lines that findings point at: the song in the album file, else the file in render.json.
struct ManifestLines {
    private let manifestLines: [Substring]
    private let manifestID: String
    private let songLines: [Int]
    private let albumID: String?

    init(manifest: String, manifestID: String, album: String?, albumID: String?) {
        manifestLines = manifest.split(separator: "\n", omittingEmptySubsequences: false)
        self.manifestID = manifestID
        self.albumID = albumID
        songLines = Self.songLines(album ?? "")
    }

    var album: SourceAnchor? {
        albumID.map { SourceAnchor(file: $0, line: 1) } ?? SourceAnchor(file: manifestID, line: 1)
    }

    /// The song's line in the album file.
    func song(_ index: Int) -> SourceAnchor? {
        guard let albumID, songLines.indices.contains(index) else { return nil }
        return SourceAnchor(file: albumID, line: songLines[index])
    }

    /// The file's line in render.json; nil where the album file has the songs.
    func file(_ path: String) -> SourceAnchor? {
        guard albumID == nil || songLines.isEmpty else { return nil }
        let ending = "\"\(path)\""
        guard let line = manifestLines.firstIndex(where: { $0.contains("\"path\"") && $0.contains(ending) }) else {
            return nil
        }
        return SourceAnchor(file: manifestID, line: line + 1)
    }

    /// Lines below `songs:` that hold a `file:` key; a render has read the file, so its form is known to be good.
    private static func songLines(_ album: String) -> [Int] {
        var lines: [Int] = []
        var isInSongs = false
        for (index, line) in album.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("songs:") {
                isInSongs = true
            } else if let first = line.first, !first.isWhitespace, first != "#", first != "-" {
                isInSongs = false
            }
            guard isInSongs, let key = line.range(of: "file:") else { continue }
            let before = line[..<key.lowerBound].drop { $0 == " " || $0 == "-" || $0 == "{" || $0 == "," }
            if !before.contains("#") { lines.append(index + 1) }
        }
        return lines
    }
}
