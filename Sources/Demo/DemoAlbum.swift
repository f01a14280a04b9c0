import Foundation

/// Writes the demo: an album of three songs with all their audio, made from a seed.
///
/// The same seed gives the same bytes on every machine: the synthesis uses only pinned arithmetic and
/// noise that is a function of its position. Files that exist are replaced.
/// - Parameters:
///   - directory: where `album.yaml` goes; made if it is not there.
///   - seed: varies noise, touch and timing, never the notes.
/// - Returns: the paths written, relative to `directory`, the album's file first.
/// - Throws: what the file system or the sound file writer reports.
package func writeDemoAlbum(to directory: String, seed: UInt64) throws -> [String] {
    try DemoAlbum(directory: directory, seed: seed).write()
}

/// The demo's songs and where they go.
struct DemoAlbum {
    static let songs: [Composition] = [.lanterns, .lastTrain, .snow]

    let directory: String
    let seed: UInt64

    func write() throws -> [String] {
        var written = ["album.yaml"]
        try prepareFolder("")
        try writeText(Self.albumText, to: "album.yaml")
        for song in Self.songs {
            let name = "\(song.name).yaml"
            try writeText(song.sessionText, to: name)
            written.append(name)
        }
        for song in Self.songs {
            try prepareFolder("audio/\(song.name)")
            let performance = Performance(song: song, seed: seed)
            for part in song.parts {
                for (phrase, sound) in zip(part.phrases, performance.sounds(of: part)) {
                    let name = part.fileName(of: phrase, in: song)
                    try sound.write(
                        to: "\(directory)/\(name)", bitCount: part.bitCount, isFLAC: part.isFLAC,
                        noise: NoiseStream(key: seed).stream(name))
                    written.append(name)
                }
            }
        }
        return written
    }

    private func prepareFolder(_ name: String) throws {
        try FileManager.default.createDirectory(
            atPath: name.isEmpty ? directory : "\(directory)/\(name)", withIntermediateDirectories: true)
    }

    private func writeText(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(directory)/\(name)"), options: .atomic)
    }

    static let albumText = """
        # An album: its songs in order, how loud it shall be, and what to deliver.
        # Render it with `lathe render album.yaml`; nothing is overwritten unless you say so.
        lathe: 1
        album: Small Hours Timetable
        artist: The Platform Cats
        # The rate at which everything is mixed. Files at another rate are converted.
        rate: 48000

        songs:
          - file: lanterns.yaml
          # The gap is silence before the song.
          - {file: last-train.yaml, gap: 1.5 s}
          - {file: snow.yaml, gap: 2 s}

        # One gain for the whole album, so that the quiet song stays quieter than the loud one; then a
        # true-peak limiter at the ceiling. `by: song` brings every song to the target by itself.
        loudness: {target: -14 LUFS, ceiling: -1 dBTP, by: album}

        deliver:
          - {format: wav, bits: 24}
          - {format: flac, bits: 16, rate: 44100, dither: tpdf, folder: CD}

        """
}
