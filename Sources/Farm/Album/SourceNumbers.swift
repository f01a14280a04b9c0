import Foundation
import Hashing
import Quantities
import Session
import Storage

/// Where an album's audio stands in the workers' table of files, and what each file was when that was decided.
struct SourcePlacement: Sendable {
    struct Placed: Sendable {
        /// The number of the song's first source; the others follow.
        var firstNumber: Int
        /// Per source, what stands for its path, size, time of change and inode.
        var identities: [Digest]
    }

    var songs: [Placed]
}

/// The numbers of all files that the workers of one farm have been told of.
///
/// A file that was written anew is another file: a worker may still hold the old one open under its number.
struct SourceNumbers {
    private struct Entry: Hashable {
        var path: String
        var identity: Digest
    }

    private var entries: [Entry] = []
    private var places: [Entry: [Int]] = [:]

    var table: SourceTable { SourceTable(paths: entries.map(\.path)) }

    /// Numbers for the sources of every song, and whether the workers have to be told of new ones.
    ///
    /// - Throws: where a file cannot be looked at.
    mutating func place(_ album: Album) throws -> (placement: SourcePlacement, isNew: Bool) {
        let before = entries.count
        let songs = try album.songs.map { entry in
            let wanted = try entry.song.sources.map { source in
                Entry(path: source.path, identity: try SourceIdentity(ofFile: source.path).digest)
            }
            return SourcePlacement.Placed(firstNumber: place(wanted), identities: wanted.map(\.identity))
        }
        return (SourcePlacement(songs: songs), entries.count > before)
    }

    private mutating func place(_ wanted: [Entry]) -> Int {
        guard let first = wanted.first else { return 0 }
        let known = places[first, default: []].first { start in
            start + wanted.count <= entries.count && entries[start..<start + wanted.count].elementsEqual(wanted)
        }
        if let known { return known }
        let start = entries.count
        for entry in wanted {
            places[entry, default: []].append(entries.count)
            entries.append(entry)
        }
        return start
    }
}
