import Foundation
import Session
import SessionFiles
import SoundFiles

/// Reads an album or a song, with all of its mistakes at once on standard error.
func readSession(_ path: String) throws -> Album {
    let reader = SessionReader { path in
        do {
            let info = try SoundFileReader.probe(path: path)
            return ProbedFile(
                rateHertz: info.rate, channelCount: info.channelCount, frameCount: info.frameCount,
                samples: info.layout.format)
        } catch let error as SoundFileError {
            // What is wrong; what to do about it is said by the reader, with the place in the session.
            throw ProbeFailure(description: error.message.components(separatedBy: ". ")[0])
        }
    }
    do {
        return try reader.readAlbum(path: absolutePath(path))
    } catch {
        FileHandle.standardError.write(Data((error.description + "\n").utf8))
        throw Failure(code: Exit.couldNotRun, printed: error.diagnostics.map(\.description))
    }
}

private struct ProbeFailure: Error, CustomStringConvertible {
    var description: String
}
