import Foundation
import Quantities
import SoundFiles
import Storage

/// The audio files of a job by number. A message names a number, never a path.
package struct SourceTable: Sendable, Codable, Equatable {
    /// By number; empty where this worker has not been given the file.
    package var paths: [String]
    /// The files are named by their content and never change: there is nothing to compare them with.
    package var isByContent = false

    package init(paths: [String]) { self.paths = paths }
}

/// Reads sources in parts of 65,536 frames and checks each against the digest it was planned with.
final class SourceReaders {
    let table: SourceTable
    private var readers: [Int: SoundFileReader] = [:]

    init(_ table: SourceTable) { self.table = table }

    func reader(_ source: Int) throws -> SoundFileReader {
        if let reader = readers[source] { return reader }
        guard table.paths.indices.contains(source), !table.paths[source].isEmpty else {
            throw TaskError.sourceUnknown(source)
        }
        // A song of hundreds of files must not hold as many descriptors.
        if readers.count >= 64 { readers.removeAll() }
        let reader = try SoundFileReader(path: table.paths[source])
        readers[source] = reader
        return reader
    }

    /// Throws unless the file is still the one that was planned with: path, size, time of change, inode.
    func check(_ source: Int, against identity: Digest) throws {
        guard table.paths.indices.contains(source) else { throw TaskError.sourceUnknown(source) }
        if table.isByContent { return }
        guard let now = try? SourceIdentity(ofFile: table.paths[source]), now.digest == identity else {
            throw TaskError.sourceChanged(name(source))
        }
    }

    func name(_ source: Int) -> String {
        table.paths.indices.contains(source) ? table.paths[source] : "source \(source)"
    }
}

/// Why a task failed on a worker, in words for the person who reads the report.
enum TaskError: Error, CustomStringConvertible {
    case sourceUnknown(Int)
    case sourceChanged(String)
    /// Bytes of an input or of the snapshot are missing or wrong: the coordinator is told which.
    case unreadable([Digest])
    case malformed(String)
    /// This worker's FLAC library may write other bytes than the coordinator's.
    case otherEncoder(wanted: String, own: String)
    /// Nobody wants the result any more.
    case abandoned

    /// Whether another worker may do better, and this one no better the next time.
    var isOfThisMachine: Bool { if case .otherEncoder = self { true } else { false } }

    var description: String {
        switch self {
        case .sourceUnknown(let number): "source \(number) is not in the job's table"
        case .sourceChanged(let file):
            "\(file) changed while rendering. Leave audio files alone during a render, then render again."
        case .unreadable: "stored bytes are missing or damaged"
        case .malformed(let what): "malformed \(what)"
        case .otherEncoder(let wanted, let own):
            "the FLAC files are to be of \(wanted), and this worker has \(own). "
                + "Install the same libFLAC on all machines."
        case .abandoned: "abandoned"
        }
    }
}
