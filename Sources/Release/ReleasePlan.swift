internal import Quantities
package import Session

/// Which stems a render delivers beside its masters.
package enum StemsChoice: String, Sendable, Hashable, CaseIterable {
    case none
    /// The inputs of the master sum, and the sum itself, before master devices and finish.
    case preMaster = "pre-master"
}

/// One file that a render writes.
package struct PlannedFile: Sendable, Hashable {
    package enum Role: String, Sendable, Hashable, Codable {
        case master, stem
        case preMaster = "pre-master"
        /// `render.json` and `report.html`.
        case document, report
    }

    package let role: Role
    /// Relative to the render's folder.
    package let path: String
    /// Index into `Album.songs`; nil for documents.
    package let song: Int?
    /// Index into `Album.deliveries`; masters only.
    package let delivery: Int?
    /// Index into the song's stems; stems only.
    package let stem: Int?
    /// How it is written; nil for documents.
    package let kind: DeliverableWriter.Kind?
    /// 0 for documents.
    package let rateHertz: Int
    /// 2, and 0 for documents.
    package let channelCount: Int
    /// What messages call it: "song 2 \"Salt\" as FLAC 16-44100".
    package let description: String
}

/// A title or name that is no file name as it stands, and what stands for it in the paths.
package struct RenamedFile: Codable, Sendable, Hashable {
    package let from: String
    package let to: String

    package init(from: String, to: String) {
        self.from = from
        self.to = to
    }
}

/// The files of a render: what each is called and how it is written.
///
/// Nothing is looked up on disk.
///
/// Masters are `NN Title.ext` in the entry's folder, stems `stems/Title/NN Name.wav` beside
/// `pre-master.wav`; NN is the place in the album, or among the song's stems, from 01 on.
package struct ReleasePlan: Sendable, Equatable {
    /// Per song its masters in the order of the deliveries, then its stems and the pre-master; documents last.
    package let files: [PlannedFile]
    /// In the order in which the names came up, each once.
    package let renamed: [RenamedFile]

    package static let documentName = "render.json"
    package static let reportName = "report.html"

    /// - Parameters:
    ///   - stemNames: per song of the album, its stems in the order of the master sum; read only where stems
    ///     are delivered.
    ///   - songs: indices of the songs to render; nil for all.
    /// - Throws: `.nameCollision`, naming both files.
    package init(
        album: Album, stemNames: [[String]] = [], stems: StemsChoice = .none, songs: [Int]? = nil
    ) throws(ReleaseError) {
        var draft = Draft(album: album)
        for index in songs ?? Array(album.songs.indices) {
            draft.addMasters(of: index)
            guard stems == .preMaster else { continue }
            precondition(index < stemNames.count, "stems without names")
            draft.addStems(of: index, named: stemNames[index])
        }
        draft.add(document: Self.documentName, .document)
        draft.add(document: Self.reportName, .report)
        files = draft.files
        renamed = draft.renamed
        try checkNames()
    }

    /// The files of one song, masters first.
    package func files(ofSong song: Int) -> [PlannedFile] { files.filter { $0.song == song } }

    /// The master of a song for one delivery; nil where the song is not rendered.
    package func master(song: Int, delivery: Int) -> PlannedFile? {
        files.first { $0.song == song && $0.delivery == delivery }
    }

    /// The folder of a delivery that names none: "WAV 24-48000".
    package static func defaultFolder(_ delivery: Delivery, songRateHertz: Int) -> String {
        let rateHertz = delivery.rateHertz ?? songRateHertz
        return "\(delivery.format.rawValue.uppercased()) \(delivery.samples.bitCount)-\(rateHertz)"
    }

    private func checkNames() throws(ReleaseError) {
        var owners: [String: PlannedFile] = [:]
        for file in files {
            if let other = owners.updateValue(file, forKey: FileName.comparisonKey(file.path)) {
                throw Self.collision(other, file)
            }
        }
        // A file where another one needs a folder.
        for file in files {
            var folder = FileName.comparisonKey(file.path)
            while let slash = folder.lastIndex(of: "/") {
                folder = String(folder[..<slash])
                if let other = owners[folder] { throw Self.collision(other, file) }
            }
        }
    }

    private static func collision(_ a: PlannedFile, _ b: PlannedFile) -> ReleaseError {
        ReleaseError(
            .nameCollision,
            "would be written twice: as \(a.description) (`\(a.path)`) and as \(b.description) (`\(b.path)`). "
                + "Give one another title, or its delivery another `folder`.", path: a.path,
            files: [a.path, b.path])
    }
}

/// Files and names in the making.
private struct Draft {
    let album: Album
    var files: [PlannedFile] = []
    var renamed: [RenamedFile] = []

    mutating func addMasters(of index: Int) {
        let song = album.songs[index].song
        let name = numbered(index, of: album.songs.count) + " " + noted(song.title, FileName.sanitised)
        for (delivery, entry) in album.deliveries.enumerated() {
            let isShared = album.deliveries.filter { $0.format == entry.format }.count > 1
            let standard = ReleasePlan.defaultFolder(entry, songRateHertz: song.rateHertz)
            let folder = entry.folder.map { noted($0, FileName.folder) } ?? (isShared ? standard : "")
            let file = "\(name).\(entry.format.rawValue)"
            files.append(
                PlannedFile(
                    role: .master, path: folder.isEmpty ? file : "\(folder)/\(file)", song: index,
                    delivery: delivery, stem: nil, kind: Self.kind(entry),
                    rateHertz: entry.rateHertz ?? song.rateHertz, channelCount: 2,
                    description: "song \(index + 1) \"\(song.title)\" as \(standard)"))
        }
    }

    mutating func addStems(of index: Int, named names: [String]) {
        let song = album.songs[index].song
        let folder = "stems/" + noted(song.title, FileName.component)
        func add(_ role: PlannedFile.Role, _ name: String, _ stem: Int?, _ what: String) {
            files.append(
                PlannedFile(
                    role: role, path: "\(folder)/\(name).wav", song: index, delivery: nil, stem: stem,
                    kind: .wavFloat, rateHertz: song.rateHertz, channelCount: 2,
                    description: "\(what) of song \(index + 1) \"\(song.title)\""))
        }
        for (stem, name) in names.enumerated() {
            let file = numbered(stem, of: names.count) + " " + noted(name, FileName.sanitised)
            add(.stem, file, stem, "stem \"\(name)\"")
        }
        add(.preMaster, "pre-master", nil, "pre-master")
    }

    mutating func add(document name: String, _ role: PlannedFile.Role) {
        files.append(
            PlannedFile(
                role: role, path: name, song: nil, delivery: nil, stem: nil, kind: nil, rateHertz: 0,
                channelCount: 0, description: "the render's \(role.rawValue)"))
    }

    private static func kind(_ delivery: Delivery) -> DeliverableWriter.Kind {
        switch delivery.format {
        case .flac: .flac(delivery.samples)
        case .wav: delivery.samples.isFloat ? .wavFloat : .wavPCM(delivery.samples)
        }
    }

    private func numbered(_ index: Int, of count: Int) -> String {
        let number = String(index + 1)
        let width = max(2, String(count).count)
        return String(repeating: "0", count: max(0, width - number.count)) + number
    }

    private mutating func noted(_ text: String, _ sanitise: (String) -> String) -> String {
        let name = sanitise(text)
        let entry = RenamedFile(from: text, to: name)
        // Compared by bytes: `String` would take two spellings of an accented letter for one.
        if !name.utf8.elementsEqual(text.utf8), !renamed.contains(entry) { renamed.append(entry) }
        return name
    }
}
