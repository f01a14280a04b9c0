import Foundation
import Measuring

/// Something in a compared folder that may be sound and that nobody looked at.
package struct PassedOver: Sendable, Equatable {
    /// Why.
    package enum Reason: String, Sendable, CaseIterable {
        /// A folder behind a link: links to folders are not followed.
        case linkedFolder
        /// Sound of a kind that is not read.
        case unreadEnding
        /// A sound file in a render's folder that is not of that render.
        case notInRender

        /// For people.
        var words: String {
            switch self {
            case .linkedFolder: "a link to a folder, which is not followed"
            case .unreadEnding: "sound of a kind that is not read"
            case .notInRender: "render.json does not name it"
            }
        }
    }

    package let side: ExtraFrames.Side
    /// As the user would name it.
    package let id: String
    package let reason: Reason
}

/// What a folder holds besides the files that are compared.
struct PassedOverSearch {
    /// One find, by its path below the folder.
    struct Entry {
        let id: String
        let path: String
        let reason: PassedOver.Reason
    }

    /// Endings of sound that is not read.
    static let unreadEndings: Set<String> = [
        "m4a", "m4b", "m4r", "aac", "adts", "alac", "wma", "ac3", "eac3", "ec3", "ac4", "dts", "mlp", "thd", "dsf",
        "dff", "ape", "wv", "tta", "mpc", "mka", "weba", "spx", "amr", "au", "snd", "sd2", "voc",
    ]
    /// As deep as files are collected.
    private static let depthLimit = 64

    /// By path below the folder.
    private let taken: Set<String>
    private(set) var entries: [Entry] = []

    /// Finds linked folders and sound files that are not among those that were collected.
    ///
    /// Hidden files are left out, and so are files that are no sound.
    ///
    /// - Parameters:
    ///   - folder: absolute.
    ///   - set: what was collected in it, with ids relative to it.
    init(in folder: String, besides set: InputSet) {
        taken = Set(set.items.map(\.id) + set.missing.map(\.id))
        search(folder, prefix: "", depth: 0)
    }

    private mutating func search(_ folder: String, prefix: String, depth: Int) {
        // Whoever collected has been here and has said what cannot be listed.
        guard depth < Self.depthLimit, let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            return
        }
        let sorted = names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for name in sorted where !name.hasPrefix(".") {
            let (path, id) = (folder + "/" + name, prefix + name)
            var (own, target) = (stat(), stat())
            guard lstat(path, &own) == 0 else { continue }
            let isLink = own.st_mode & S_IFMT == S_IFLNK
            if stat(path, &target) == 0, target.st_mode & S_IFMT == S_IFDIR {
                if isLink {
                    entries.append(Entry(id: id, path: path, reason: .linkedFolder))
                } else {
                    search(path, prefix: id + "/", depth: depth + 1)
                }
                continue
            }
            guard !taken.contains(id) else { continue }
            let ending = PageDestination.ending(of: name)
            if Self.unreadEndings.contains(ending) {
                entries.append(Entry(id: id, path: path, reason: .unreadEnding))
            } else if InputCollector.endings.contains(ending) {
                entries.append(Entry(id: id, path: path, reason: .notInRender))
            }
        }
    }

    /// Those of either side that do not lie at the same place on the other one with the same bytes.
    static func differing(_ a: [Entry], _ b: [Entry]) -> (a: [Entry], b: [Entry]) {
        let places = Dictionary(b.map { ($0.id, $0) }) { first, _ in first }
        let same = Set(
            a.filter { entry in places[entry.id].map { isSame(entry.path, $0.path) } ?? false }.map(\.id))
        return (a.filter { !same.contains($0.id) }, b.filter { !same.contains($0.id) })
    }

    /// The same bytes, or links to the same folder.
    private static func isSame(_ a: String, _ b: String) -> Bool {
        if let first = FileIdentity(a), first == FileIdentity(b) { return true }
        // A folder, or what cannot be read, is told of.
        return (try? Sameness.hasEqualBytes(a, b)) ?? false
    }
}

/// What a path leads to: device and inode, links followed.
struct FileIdentity: Hashable {
    private let device: UInt64
    private let inode: UInt64

    /// nil where nothing is there.
    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
    }
}
