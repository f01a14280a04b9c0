import Foundation
import Metering
import Quantities
package import Release
package import Session
import SoundFiles
import Synchronization

/// Puts a render's outcome into render.json and report.html.
package struct RenderReport {
    let album: Album
    let plan: ReleasePlan
    let folder: ReleaseFolder
    let outcome: AlbumOutcome
    let songs: [Int]
    let workers: Int
    let version: String

    /// - Parameters:
    ///   - songs: indices of the songs that were to be delivered.
    ///   - version: Lathe's own.
    package init(
        album: Album, plan: ReleasePlan, folder: ReleaseFolder, outcome: AlbumOutcome, songs: [Int], workers: Int,
        version: String
    ) {
        self.album = album
        self.plan = plan
        self.folder = folder
        self.outcome = outcome
        self.songs = songs
        self.workers = workers
        self.version = version
    }

    /// Measures the stems' null, writes both documents under their final names.
    ///
    /// - Throws: `ReleaseError`.
    package func write() throws -> RenderDocument {
        var failures: [RenderDocument.Failure] = []
        if let reason = outcome.stopReason { failures.append(RenderDocument.Failure(what: reason)) }
        let nulls = stemNulls()
        failures += outcome.figures.alarms.map { RenderDocument.Failure(what: "digest alarm: \($0)") }
        var entries: [RenderDocument.Song] = []
        for (index, null) in zip(songs, nulls) { entries.append(song(index, null, &failures)) }
        let document = RenderDocument(
            lathe: version, libraries: SoundLibraries.versions, album: album.title, artist: album.artist,
            albumIntegrated: albumIntegrated, loudness: loudness, songs: entries, farm: farm, renamed: plan.renamed,
            warnings: outcome.warnings, failures: failures)
        // Of what was delivered, where it was measured; else of the mix.
        let curves = songs.map { song in
            (firstMaster(song)?.check?.summary ?? outcome.songs[song].loudness).map {
                ReportBuilder.Curves($0, everyHops: 10)
            }
        }
        RenderCrash.report.reached()
        for file in plan.files {
            switch file.role {
            case .document: try folder.write(try document.encoded(), as: file)
            case .report:
                let page = ReportBuilder.page(
                    document, curves: curves,
                    isTargetForAlbum: album.loudness.scope == .album && album.loudness.target != nil)
                try folder.write(page, as: file)
            case .master, .stem, .preMaster: break
            }
        }
        return document
    }

    private var loudness: RenderDocument.Loudness? {
        guard album.loudness.isEnabled else { return nil }
        return RenderDocument.Loudness(
            target: album.loudness.target?.value, ceiling: album.loudness.ceiling.value,
            by: album.loudness.scope == .album ? "album" : "song")
    }

    private var albumIntegrated: Double? {
        let checks = songs.compactMap { firstMaster($0)?.check?.summary }
        return checks.count == songs.count ? LoudnessSummary.integrated(pooling: checks)?.value : nil
    }

    private func firstMaster(_ song: Int) -> (file: DeliveredFile, check: DeliveredCheck?)? {
        album.deliveries.indices.lazy.compactMap { outcome.delivered[.master(song: song, delivery: $0)] }.first
    }

    private func song(
        _ index: Int, _ null: Result<StemsNull, any Error>?, _ failures: inout [RenderDocument.Failure]
    ) -> RenderDocument.Song {
        let result = outcome.songs[index]
        let title = album.songs[index].song.title
        if let failure = result.failure { failures.append(RenderDocument.Failure(song: title, what: failure)) }
        var files: [RenderDocument.File] = []
        var stems: [RenderDocument.File] = []
        for planned in plan.files(ofSong: index) {
            let role = role(planned, index)
            if let reason = outcome.failedFiles[role] {
                failures.append(RenderDocument.Failure(song: title, what: "\(planned.path): \(reason)"))
            } else if let delivered = outcome.delivered[role] {
                let entry = entry(planned, delivered, result, index)
                if planned.role == .master { files.append(entry) } else { stems.append(entry) }
            } else if result.failure == nil, outcome.stopReason == nil {
                failures.append(RenderDocument.Failure(song: title, what: "\(planned.path) was not delivered"))
            }
        }
        let null = judged(null, title, &failures)
        let measured = firstMaster(index)?.check?.summary ?? result.loudness
        let first = album.deliveries.first
        return RenderDocument.Song(
            title: title, frames: result.frameCount, rate: result.rateHertz, lengthRule: result.lengthRule,
            measurements: measured.map { RenderDocument.Measurements($0) },
            finish: finish(result, rateHertz: first?.rateHertz ?? result.rateHertz), stemsNull: null, files: files,
            stems: stems)
    }

    private func role(_ planned: PlannedFile, _ song: Int) -> DeliveredRole {
        switch planned.role {
        case .stem: .stem(song: song, index: planned.stem ?? 0)
        case .preMaster: .preMaster(song: song)
        case .master, .document, .report: .master(song: song, delivery: planned.delivery ?? 0)
        }
    }

    private func entry(
        _ planned: PlannedFile, _ delivered: (file: DeliveredFile, check: DeliveredCheck?),
        _ result: AlbumOutcome.SongOutcome, _ song: Int
    ) -> RenderDocument.File {
        let samples = planned.delivery.map { album.deliveries[$0].samples } ?? .float32
        return RenderDocument.File(
            planned, delivered.file, name: planned.stem.map { result.stemNames[$0] }, bits: samples.bitCount,
            isFloat: samples.isFloat, measurements: delivered.check.map { RenderDocument.Measurements($0.summary) },
            finish: planned.role == .master ? finish(result, rateHertz: planned.rateHertz) : nil)
    }

    private func finish(_ result: AlbumOutcome.SongOutcome, rateHertz: Int) -> RenderDocument.Finish? {
        guard album.loudness.isEnabled, let figures = result.finishes.first(where: { $0.rateHertz == rateHertz })
        else { return nil }
        return RenderDocument.Finish(
            gain: figures.gainDecibels, passes: figures.passCount, maximumReduction: figures.reductionDecibels,
            target: album.loudness.target?.value, ceiling: album.loudness.ceiling.value)
    }

    /// What remains of each song's pre-master when its stems are taken from it; the songs side by side.
    private func stemNulls() -> [Result<StemsNull, any Error>?] {
        let paths = songs.map { song -> (stems: [String], preMaster: String)? in
            guard let preMaster = outcome.delivered[.preMaster(song: song)] else { return nil }
            let stems = outcome.songs[song].stemNames.indices.compactMap {
                outcome.delivered[.stem(song: song, index: $0)]?.file.path
            }
            return stems.count == outcome.songs[song].stemNames.count ? (stems, preMaster.file.path) : nil
        }
        let results = Mutex([Result<StemsNull, any Error>?](repeating: nil, count: songs.count))
        DispatchQueue.concurrentPerform(iterations: songs.count) { index in
            guard let files = paths[index] else { return }
            let null = Result { try StemsNull.measure(stemPaths: files.stems, preMasterPath: files.preMaster) }
            results.withLock { $0[index] = null }
        }
        return results.withLock { $0 }
    }

    private func judged(
        _ null: Result<StemsNull, any Error>?, _ title: String, _ failures: inout [RenderDocument.Failure]
    ) -> StemsNull? {
        do {
            guard let null = try null?.get() else { return nil }
            if null.peakDecibels > -120 {
                failures.append(
                    RenderDocument.Failure(
                        song: title, what: "the stems null only to \(oneDecimal(null.peakDecibels)) dBFS"))
            }
            return null
        } catch {
            failures.append(RenderDocument.Failure(song: title, what: "\(error)"))
            return nil
        }
    }

    private var farm: RenderDocument.Farm {
        let figures = outcome.figures
        let seconds = songs.reduce(0.0) { sum, song in
            sum + (outcome.songs[song].frameCount.map { Double($0) / Double(outcome.songs[song].rateHertz) } ?? 0)
        }
        return RenderDocument.Farm(
            workers: workers,
            tasks: RenderDocument.Farm.Tasks(
                total: figures.totalTasks, rendered: figures.renderedTasks + figures.repeatedTasks,
                reused: figures.reusedTasks,
                retried: figures.retriedTasks, audited: figures.auditedTasks,
                lost: figures.repeatedTasks - figures.auditedTasks),
            finish: RenderDocument.Farm.Stage(
                rendered: figures.finish.renderedTasks, reused: figures.finish.reusedTasks,
                cpuSeconds: figures.finish.cpuSeconds),
            renderedSeconds: figures.renderedSeconds, wallSeconds: outcome.wallSeconds,
            cpuSeconds: figures.cpuSeconds,
            timesRealTime: outcome.wallSeconds > 0 ? seconds / outcome.wallSeconds : nil,
            bytesMoved: figures.bytesMoved)
    }
}
