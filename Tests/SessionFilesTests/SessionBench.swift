import Quantities
import Session
import SessionFiles
import TestSupport

/// A folder of session files and stand-ins for audio, read with a probe that answers by file name.
struct SessionBench {
    let directory: TemporaryDirectory

    init(_ files: [String: String] = [:]) throws {
        directory = try TemporaryDirectory("session")
        for name in ["kick", "vox", "pad44", "surround", "broken", "empty"] {
            try directory.write("audio/\(name).wav", "RIFF")
        }
        for name in files.keys.sorted() { try directory.write(name, files[name] ?? "") }
    }

    struct Unreadable: Error, CustomStringConvertible {
        var description: String { "it ends after 12 of 48000 frames." }
    }

    static func probe(_ path: String) throws -> ProbedFile {
        let name = path.split(separator: "/").last ?? ""
        switch name {
        case "kick.wav":
            return ProbedFile(rateHertz: 48_000, channelCount: 1, frameCount: 96_000, samples: .integer24)
        case "vox.wav":
            return ProbedFile(rateHertz: 48_000, channelCount: 2, frameCount: 480_000, samples: .float32)
        case "pad44.wav":
            return ProbedFile(rateHertz: 44_100, channelCount: 2, frameCount: 441_001, samples: .integer16)
        case "surround.wav":
            return ProbedFile(rateHertz: 48_000, channelCount: 6, frameCount: 48_000, samples: .integer24)
        case "empty.wav":
            return ProbedFile(rateHertz: 48_000, channelCount: 1, frameCount: 0, samples: .integer24)
        default: throw Unreadable()
        }
    }

    func read(_ name: String) throws -> Album {
        try SessionReader(probe: Self.probe).readAlbum(path: directory.path + "/" + name)
    }

    /// Diagnostics without the folder: `song.yaml:3:5: error: ...`.
    func errors(_ name: String) -> [String] {
        do {
            _ = try read(name)
            return []
        } catch let errors as SessionErrors {
            return errors.diagnostics.map { $0.description.replacing(directory.path + "/", with: "") }
        } catch {
            return ["\(error)"]
        }
    }

    /// A song file's text.
    static func song(_ lines: String) throws -> Song {
        let bench = try SessionBench(["song.yaml": "lathe: 1\nsong: T\n" + lines])
        return try bench.read("song.yaml").songs[0].song
    }

    /// The errors of a song whose first two lines are given, as `line:column: error: ...`.
    static func songErrors(_ lines: String) throws -> [String] {
        let bench = try SessionBench(["song.yaml": "lathe: 1\nsong: T\n" + lines])
        return bench.errors("song.yaml").map { $0.replacing("song.yaml:", with: "", maxReplacements: 1) }
    }

    /// A song of one track with one clip; the lines are the track's further keys, from line 6 on.
    static func trackErrors(_ lines: String) throws -> [String] {
        try songErrors(
            "tempo: 120\ntracks:\n  - name: Kick\n" + lines.indented(4)
                + "    clips: [{file: audio/kick.wav}]\n")
    }
}

extension String {
    func indented(_ count: Int) -> String {
        split(separator: "\n").map { String(repeating: " ", count: count) + $0 + "\n" }.joined()
    }
}
