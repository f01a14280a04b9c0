import Farm
import Foundation
import Quantities
import Release
import Session
import SessionFiles
import Storage
import Terminal

/// `lathe render --range`: a stretch of each song for a quick listen.
struct RangeJob {
    var sessions: [String]
    var range: String
    var options: RenderOptions
    var farm: FarmOptions

    /// What `--json` prints.
    struct Document: Encodable {
        struct Preview: Encodable {
            var session: String
            var song: String
            var rate: Int
            var startFrame: Int
            var frames: Int
            /// Whether gain and limiter were applied.
            var isFinished: Bool
            /// dB.
            var gain: Double?
            /// Where rendering had to start; absent where nothing had to be rendered.
            var renderedFromSeconds: Double?
            var secondsToRender: Double
            var files: [File]
        }

        struct File: Encodable {
            var path: String
            var frames: Int
            var sha256: String
            var pcmSha256: String
        }

        struct Tasks: Encodable {
            var rendered = 0
            var reused = 0
        }

        struct Failure: Encodable {
            var session: String
            var song: String?
            var what: String
        }

        var lathe = latheVersion
        var previews: [Preview] = []
        var tasks = Tasks()
        var failures: [Failure] = []
    }

    func run() throws {
        let stretch: ListeningRange
        do { stretch = try ListeningRange(range) } catch {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
        let batch = try SessionInputs(
            sessions, options: options, segmentSeconds: farm.segmentSeconds, suffix: "-preview")
        let store = try openStore(farm.store)
        let embedded = try farm.embeddedFarm(store)
        Signals.countInterrupts()
        var document = Document()
        for input in batch.inputs {
            let outcome = try render(input, stretch, embedded)
            if let signal = outcome.stopSignal {
                let stopped = "Stopped. What is rendered is kept: the same command carries on."
                note(stopped)
                throw Failure(code: Exit.interrupted(bySignal: signal), printed: [stopped])
            }
            add(outcome, input, to: &document)
        }
        _ = try orFail { try store.trimIfNeeded(limitByteCount: try storeLimitBytes(store)) }
        _ = try orFail { try store.close() }
        if farm.json { try printJSON(document) }
        for failure in document.failures {
            complain([failure.song, failure.what].compactMap { $0 }.joined(separator: ": "))
        }
        if !document.failures.isEmpty { throw Failure(code: Exit.notRendered, hasDocument: farm.json) }
    }

    private func render(
        _ input: SessionInput, _ stretch: ListeningRange, _ embedded: EmbeddedFarm
    ) throws -> RangeOutcome {
        let names = try stemNames(input.album)
        let order = RangeOrder(
            album: input.album,
            wanted: try input.songs.map { index in
                let song = input.album.songs[index].song
                // Two songs of one title would be written over each other.
                let isTwin = input.album.songs.count { $0.song.title == song.title } > 1
                let title = isTwin ? "\(index + 1) \(song.title)" : song.title
                let stems =
                    options.stems == .none
                    ? [] : PreviewName.stems(title, names: names[index], range: stretch.fileText)
                return RangeOrder.Wanted(
                    song: index, frames: try frames(stretch, of: song),
                    path: "\(input.folder)/\(PreviewName.mix(title, range: stretch.fileText))",
                    stemPaths: stems.map { "\(input.folder)/\($0)" })
            }, segmentSeconds: farm.segmentSeconds)
        try releasing {
            for path in order.wanted.flatMap({ [$0.path] + $0.stemPaths }) {
                try ReleaseFolder.make((path as NSString).deletingLastPathComponent)
            }
        }
        let display = ProgressDisplay.standardError(
            farm.progress, environment: ProcessInfo.processInfo.environment)
        let start = Date()
        let outcome = try orFail {
            try releasing {
                try embedded.render(order) { previews in
                    guard farm.progress != .none, farm.progress != .json else { return }
                    for preview in previews where preview.failure == nil { note(forecast(preview, input)) }
                } progress: { done, total, figures in
                    let only = input.songs.count == 1 ? input.songs[0] : nil
                    let title = only.map { input.album.songs[$0].song.title } ?? input.album.title
                    let row = ProgressModel.Song(
                        title: title, stage: "rendering", segmentsDone: done, segmentCount: total,
                        isFinished: done == total)
                    display.update(
                        ProgressModel(
                            songs: [row], workersBusy: figures.busyWorkerCount, workerCount: figures.workerCount,
                            reusedCount: figures.reusedTasks, retriedCount: figures.retriedTasks),
                        now: Date().timeIntervalSince(start))
                }
            }
        }
        display.finish(now: Date().timeIntervalSince(start))
        return outcome
    }

    private func frames(_ stretch: ListeningRange, of song: Song) throws -> Range<Int> {
        do {
            return try stretch.frames(rateHertz: song.rateHertz, timebase: song.timebase)
        } catch {
            throw Failure(code: Exit.couldNotRun, message: "\(song.title): \(error.description)")
        }
    }

    /// "Ferry 1:02 to 1:30: starts at 0:50 from the store, 0:40 to render".
    private func forecast(_ preview: RangePreview, _ input: SessionInput) -> String {
        let rate = Double(preview.rateHertz)
        let from = clock(Double(preview.frames.lowerBound) / rate)
        let to = clock(Double(preview.frames.upperBound) / rate)
        var text = "\(input.album.songs[preview.song].song.title) \(from) to \(to): "
        switch preview.startSeconds {
        case nil: text += "all of it is in the store"
        case 0?: text += "from the beginning, \(clock(preview.secondsToRender)) to render"
        case let start?:
            text += "starts at \(clock(start)) from the store, \(clock(preview.secondsToRender)) to render"
        }
        if let gain = preview.gainDecibels {
            return text + "; finished with the recorded gain of \(oneDecimal(gain)) dB."
        }
        return text + "; the finish of this mix is not known yet: without gain and limiter."
    }

    private func clock(_ seconds: Double) -> String {
        let tenths = Int((seconds * 10).rounded())
        let whole = String(format: "%d:%02d", tenths / 600, tenths / 10 % 60)
        return tenths % 10 == 0 ? whole : whole + ".\(tenths % 10)"
    }

    private func add(_ outcome: RangeOutcome, _ input: SessionInput, to document: inout Document) {
        document.tasks.rendered += outcome.figures.renderedTasks
        document.tasks.reused += outcome.figures.reusedTasks
        if let reason = outcome.stopReason {
            document.failures.append(Document.Failure(session: input.path, what: reason))
        }
        for preview in outcome.previews {
            let title = input.album.songs[preview.song].song.title
            if let reason = preview.failure {
                document.failures.append(Document.Failure(session: input.path, song: title, what: reason))
                continue
            }
            document.previews.append(
                Document.Preview(
                    session: input.path, song: title, rate: preview.rateHertz, startFrame: preview.frames.lowerBound,
                    frames: preview.frames.count, isFinished: preview.gainDecibels != nil, gain: preview.gainDecibels,
                    renderedFromSeconds: preview.startSeconds, secondsToRender: preview.secondsToRender,
                    files: preview.files.map {
                        Document.File(
                            path: $0.path, frames: $0.frameCount, sha256: $0.sha256, pcmSha256: $0.pcmSHA256)
                    }))
            guard !farm.json else { continue }
            for file in preview.files { print(file.path) }
        }
        guard !farm.json else { return }
        print("\(outcome.figures.renderedTasks) segments rendered, \(outcome.figures.reusedTasks) reused")
    }
}
