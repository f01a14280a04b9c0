import Farm
import FarmTransfer
import Foundation
import Hashing
import Quantities
import Release
import RenderCompiler
import Session
package import SessionFiles
import SoundFiles
import Storage

extension SessionReader {
    /// Reads sessions whose audio is opened where `located` says; nil is "not here".
    package init(files: any FileTree = DiskFiles(), located: @escaping (String) -> String? = { $0 }) {
        self.init(files: files) { path in
            guard let place = located(path) else { throw ServiceError("it is not here") }
            do {
                let info = try SoundFileReader.probe(path: place)
                return ProbedFile(
                    rateHertz: info.rate, channelCount: info.channelCount, frameCount: info.frameCount,
                    samples: info.layout.format)
            } catch let error as SoundFileError {
                // What is wrong; what to do about it is said by the reader, with the place in the session.
                throw ServiceError(error.message.components(separatedBy: ". ")[0])
            }
        }
    }
}

/// From a submission to programs: read, planned, compiled.
enum JobPreparation {
    /// - Throws: `SessionErrors` for the session's mistakes, anything else in words.
    static func prepare(
        _ submission: Submission, number: UInt64, releaseFolder: String, vault: SourceVault, reader: PackReader
    ) throws -> PreparedJob {
        let hashes = Dictionary(uniqueKeysWithValues: submission.sources.map { ($0.path, $0) })
        let texts = Dictionary(uniqueKeysWithValues: submission.texts.map { ($0.path, Array($0.text.utf8)) })
        let sessionReader = SessionReader(files: SubmittedFiles(texts: texts, others: Set(hashes.keys))) { path in
            hashes[path].flatMap { vault.path(of: $0.hash) }
        }
        let album = try sessionReader.readAlbum(path: submission.root)
        let songs = try submission.songs.map { try checked($0, album) } ?? Array(album.songs.indices)
        guard let stems = StemsChoice(rawValue: submission.stems) else {
            throw ServiceError("\"\(submission.stems)\" is no choice of stems")
        }
        let plan = try ReleasePlan(
            album: album, stemNames: album.songs.map { try SongCompiler.stemNames($0.song) }, stems: stems, songs: songs
        )
        let folder = try ReleaseFolder(
            claiming: releaseFolder, for: plan, policy: .replace, sessionDigest: sessionDigest(submission))
        var files: [String: (hash: ContentHash, byteCount: Int)] = [:]
        for source in submission.sources { files[source.path] = (source.hash, source.byteCount) }
        let render = try AlbumRender(
            id: number, album: album,
            options: AlbumJobOptions(
                deliveredSongs: Set(songs), deliversStems: stems == .preMaster,
                segmentSeconds: submission.segmentSeconds),
            folder: folder, plan: plan, reader: reader, files: files, waitsForSpace: true)
        return PreparedJob(album: album, songs: songs, plan: plan, folder: folder, render: render)
    }

    private static func checked(_ songs: [Int], _ album: Album) throws -> [Int] {
        guard songs.allSatisfy({ album.songs.indices.contains($0) }) else {
            throw ServiceError("the album has \(album.songs.count) songs; one was asked for that it has not")
        }
        return Set(songs).sorted()
    }

    /// What makes two runs the same render.
    private static func sessionDigest(_ submission: Submission) -> String {
        var same = submission
        same.priority = 0
        same.workerLimit = nil
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        let bytes = (try? encoder.encode(same)).map { [UInt8]($0) } ?? []
        return Digest.of(bytes + Array("\(Engine.digest)".utf8)).description
    }

    /// Waits for the files, writes the reports, and lists what there is to fetch.
    static func finish(
        _ work: PreparedJob, figures: FarmFigures, version: String
    ) -> (files: [DeliveredEntry], failures: [String]) {
        work.render.close()
        let outcome = work.render.outcome(figures)
        var failures: [String] = []
        do {
            let document = try RenderReport(
                album: work.album, plan: work.plan, folder: work.folder, outcome: outcome, songs: work.songs,
                workers: figures.workerCount, version: version
            ).write()
            failures = document.failures.map { [$0.song, $0.what].compactMap { $0 }.joined(separator: ": ") }
        } catch {
            failures.append("the reports cannot be written: \(error)")
        }
        if failures.isEmpty { work.folder.complete() }
        var entries: [DeliveredEntry] = []
        for file in work.plan.files {
            let path = work.folder.path(of: file)
            guard let hashed = try? ContentHash.ofFile(path) else { continue }
            entries.append(DeliveredEntry(path: file.path, byteCount: hashed.byteCount, hash: hashed.hash))
        }
        return (entries, failures)
    }
}

/// A file of a finished job.
struct DeliveredEntry: Sendable {
    /// Relative to the release folder.
    var path: String
    var byteCount: Int
    var hash: ContentHash
}
