package import Metering
internal import Quantities
internal import Reports

/// `report.html` of a render: what its `render.json` says, with loudness over time.
package enum ReportBuilder {
    /// Loudness over a song's time.
    package struct Curves: Sendable {
        let report: ReportModel.Curves

        /// The curves of a summary, one value every `hops` hops of 10 ms.
        package init(_ summary: LoudnessSummary, everyHops hops: Int = 10) {
            report = ReportModel.Curves(
                hopSeconds: Double(hops) / 100,
                momentaryLUFS: summary.momentaryCurve(everyHops: hops).map(\.value),
                shortTermLUFS: summary.shortTermCurve(everyHops: hops).map(\.value))
        }
    }

    /// The page.
    ///
    /// - Parameters:
    ///   - curves: one per song of the document, nil where there is none; may be empty.
    ///   - isTargetForAlbum: whether the target holds for the album as a whole.
    package static func page(
        _ document: RenderDocument, curves: [Curves?] = [], isTargetForAlbum: Bool = false
    ) -> [UInt8] {
        let finish = document.songs.lazy.compactMap(\.finish).first
        var model = ReportModel(
            albumTitle: document.album ?? document.songs.first?.title ?? "Render",
            artist: document.artist ?? "", version: document.lathe, targetLUFS: finish?.target,
            ceilingDecibelsTruePeak: finish?.ceiling, isTargetForAlbum: isTargetForAlbum,
            albumIntegratedLUFS: document.albumIntegrated)
        for (index, song) in document.songs.enumerated() {
            model.songs.append(report(song, curves: index < curves.count ? curves[index]?.report : nil))
            model.files += (song.files + song.stems).map(report)
        }
        model.farm = document.farm.map(report)
        model.failures = document.failures.map { failure in
            ReportModel.Failure(
                subject: failure.song ?? "Render",
                reason: failure.remedy.map { "\(failure.what). \($0)" } ?? failure.what)
        }
        model.warnings = document.warnings
        return Array(ReportPage(model).html.utf8)
    }

    private static func report(
        _ song: RenderDocument.Song, curves: ReportModel.Curves?
    ) -> ReportModel.Song {
        ReportModel.Song(
            title: song.title, durationSeconds: song.frames.map { Double($0) / Double(song.rate) },
            integratedLUFS: song.measurements?.integrated,
            shortTermMaximumLUFS: song.measurements?.shortTermMaximum,
            momentaryMaximumLUFS: song.measurements?.momentaryMaximum, rangeLU: song.measurements?.range,
            truePeakDecibels: song.measurements?.truePeak, gainDecibels: song.finish?.gain,
            passes: song.finish?.passes, maximumReductionDecibels: song.finish?.maximumReduction,
            stemsNullDecibels: song.stemsNull.map { $0.peak ?? -.infinity }, curves: curves)
    }

    private static func report(_ file: RenderDocument.File) -> ReportModel.File {
        let samples = file.float == true ? "\(file.bits) bit float" : "\(file.bits) bit"
        let kilohertz = file.rate % 1000 == 0 ? "\(file.rate / 1000)" : oneDecimal(Double(file.rate) / 1000)
        return ReportModel.File(
            path: file.path, role: file.role.rawValue,
            format: "\(file.format.uppercased()), \(samples), \(kilohertz) kHz", byteCount: file.bytes,
            sha256: file.sha256, pcmSHA256: file.pcmSha256)
    }

    private static func report(_ farm: RenderDocument.Farm) -> ReportModel.Farm {
        ReportModel.Farm(
            workerCount: farm.workers, segmentCount: farm.tasks.total, renderedCount: farm.tasks.rendered,
            reusedCount: farm.tasks.reused, retriedCount: farm.tasks.retried,
            auditedCount: farm.tasks.audited, timesRealTime: farm.timesRealTime,
            wallSeconds: farm.wallSeconds, processorSeconds: farm.cpuSeconds,
            finishSeconds: farm.finish?.cpuSeconds)
    }
}
