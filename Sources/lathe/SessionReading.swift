import FarmService
import Foundation
import RenderCompiler
import Session
import SessionFiles

/// Reads an album or a song, with all of its mistakes at once on standard error.
func readSession(_ path: String, files: any FileTree = DiskFiles()) throws -> Album {
    do {
        return try SessionReader(files: files).readAlbum(path: absolutePath(path))
    } catch {
        try? FileHandle.standardError.write(contentsOf: Data((error.description + "\n").utf8))
        throw Failure(code: Exit.couldNotRun, printed: error.diagnostics.map(\.description))
    }
}

/// Indices of the songs that `--only` chose by title or number, or all.
func chosenSongs(of album: Album, _ only: [String]) throws -> [Int] {
    guard !only.isEmpty else { return Array(album.songs.indices) }
    var chosen: Set<Int> = []
    for wanted in only {
        let matches = album.songs.indices.filter {
            album.songs[$0].song.title.lowercased() == wanted.lowercased() || String($0 + 1) == wanted
        }
        guard !matches.isEmpty else {
            let titles = album.songs.map { "\"\($0.song.title)\"" }.joined(separator: ", ")
            throw Failure(code: Exit.couldNotRun, message: "no song is called \"\(wanted)\". There are \(titles).")
        }
        chosen.formUnion(matches)
    }
    return chosen.sorted()
}

/// Names of every song's stems, in the order of the master's sum.
func stemNames(_ album: Album) throws -> [[String]] {
    try orFail { try album.songs.map { try SongCompiler.stemNames($0.song) } }
}
