import FarmCoordination
import FarmProtocol
import Foundation
import Hashing
import Quantities
package import Release
import RenderCompiler
import RenderPlan
package import Session
import Storage

/// A stretch of some songs, wanted for listening.
package struct RangeOrder {
    package struct Wanted: Sendable {
        /// Index into the album.
        package var song: Int
        /// In frames of the song's rate; may lie beyond its end.
        package var frames: Range<Int>
        /// Where the mix goes.
        package var path: String
        /// Per stem where it goes, then the pre-master; empty where only the mix is wanted.
        package var stemPaths: [String]

        package init(song: Int, frames: Range<Int>, path: String, stemPaths: [String] = []) {
            self.song = song
            self.frames = frames
            self.path = path
            self.stemPaths = stemPaths
        }
    }

    package var album: Album
    package var wanted: [Wanted]
    package var segmentSeconds: Double

    package init(album: Album, wanted: [Wanted], segmentSeconds: Double) {
        self.album = album
        self.wanted = wanted
        self.segmentSeconds = segmentSeconds
    }
}

/// What is known of a song's stretch before it is rendered, and what it came to.
package struct RangePreview: Sendable {
    package var song: Int
    package var rateHertz: Int
    /// In frames of that rate, cut to the song.
    package var frames: Range<Int>
    /// The gain of the finish; nil where the mix is delivered as it is, without gain and limiter.
    package var gainDecibels: Double?
    /// Where rendering starts: at the latest stored state that serves; nil where nothing has to be rendered.
    package var startSeconds: Double?
    /// The mix, then the stems.
    package var files: [DeliveredFile] = []
    package var failure: String?

    /// Seconds of song time to be rendered, at most; 0 where all is in the store.
    package var secondsToRender: Double {
        startSeconds.map { max(0, Double(frames.upperBound) / Double(rateHertz) - $0) } ?? 0
    }
}

/// Renders a stretch of some songs to float files: everything before it that its state depends on, nothing behind it.
///
/// The tasks are those of a whole render, so either finds in the ledger what the other has rendered.
final class RangeRender: JobDriver {
    private struct Target {
        var place: Int
        var stream: StreamRef
        var frames: FrameRange
        var path: String
        var writer: DeliverableWriter?
        var file: DeliveredFile?
    }

    let id: JobID
    private(set) var previews: [RangePreview] = []
    private(set) var outcome: JobOutcome?
    private let programs: RangePrograms
    private var targets: [Target] = []
    private var doneCount = 0

    /// - Throws: for what cannot be compiled.
    init(
        id: JobID, order: RangeOrder, placement: SourcePlacement, store: Store, usesLedger: Bool
    ) throws {
        self.id = id
        let options = CompileOptions(segmentSeconds: order.segmentSeconds)
        var list = ProgramList()
        let plans = try order.album.songs.enumerated().map { index, entry in
            try SongCompiler.compile(
                entry.song, songIndex: index, identities: placement.songs[index].identities,
                firstSource: placement.songs[index].firstNumber, options: options, into: &list)
        }
        var finish = RecordedFinish(order.album, plans, list, options: options, store: store)
        let found = usesLedger ? try finish.find(order.wanted.map(\.song)) : [:]
        list = finish.list
        for (place, wanted) in order.wanted.enumerated() {
            let plan = plans[wanted.song]
            let stream = found[wanted.song]?.stream ?? plan.mix
            let (preview, frames) = Self.preview(wanted, plan, list[stream.program], found[wanted.song])
            previews.append(preview)
            guard let frames else { continue }
            targets.append(Target(place: place, stream: stream, frames: frames, path: wanted.path))
            let (_, stemFrames) = Self.preview(wanted, plan, list[plan.mix.program], nil)
            guard !wanted.stemPaths.isEmpty, let stemFrames else { continue }
            for (stem, path) in zip(plan.stems.map(\.stream) + [plan.preMaster], wanted.stemPaths) {
                targets.append(Target(place: place, stream: stem, frames: stemFrames, path: path))
            }
        }
        programs = RangePrograms(list, wanted: targets.map { ($0.stream, $0.frames) })
        for index in targets.indices { targets[index].stream = programs[targets[index].stream] }
        try survey(usesLedger ? store : nil, order)
    }

    /// The stretch at the rate of `program`, cut to it; nil where the song is over before.
    private static func preview(
        _ wanted: RangeOrder.Wanted, _ plan: SongPlan, _ program: Program, _ found: RecordedFinish.Found?
    ) -> (RangePreview, FrameRange?) {
        let scaled = { (frame: Int) in
            FinishCompiler.frameCount(frame, fromHertz: plan.rateHertz, toHertz: program.rateHertz)
        }
        let start = scaled(wanted.frames.lowerBound)
        let end = min(program.frameCount, scaled(wanted.frames.upperBound))
        var preview = RangePreview(
            song: wanted.song, rateHertz: program.rateHertz, frames: min(start, end)..<end,
            gainDecibels: found?.gainDecibels)
        guard start < end else {
            let seconds = Double(program.frameCount) / Double(program.rateHertz)
            preview.failure = "the song is over after \(oneDecimal(seconds)) s"
            return (preview, nil)
        }
        return (preview, FrameRange(start, end))
    }

    /// Finds out where each song has to be rendered from.
    private func survey(_ store: Store?, _ order: RangeOrder) throws {
        var walk = store.map { LedgerWalk($0) }
        for (number, program) in programs.list.programs.enumerated() {
            let count = programs.segmentCounts[number]
            let followed = try walk?.follow(ProgramID(number), program, segmentCount: count)
            guard walk == nil || followed?.firstOpenSegment != nil else { continue }
            // Only what has a state has to begin where it left off; the rest is rendered where it is read.
            let open = followed?.firstOpenSegment ?? 0
            guard program.storesOutputs else { continue }
            let start = Double(open * program.windowFrames) / Double(program.rateHertz)
            for place in order.wanted.indices where order.wanted[place].song == program.song {
                guard previews[place].failure == nil else { continue }
                previews[place].startSeconds = min(previews[place].startSeconds ?? start, start)
            }
        }
    }

    func submit(to host: CoordinatorHost) throws {
        guard !targets.isEmpty else {
            outcome = .finished(failures: [])
            return
        }
        for index in targets.indices {
            let program = programs.list[targets[index].stream.program]
            targets[index].writer = try DeliverableWriter(
                finalPath: targets[index].path, kind: .wavFloat, rateHertz: program.rateHertz,
                channelCount: program.outputs[targets[index].stream.output].channelCount,
                // Quick listens take no folder: two of one stretch may run at once.
                isShared: true)
        }
        let delivered = Set(targets.map(\.stream.program))
        host.submit(
            HostedJob(id: id, list: programs.list, driver: self), shapes: programs.shapes { delivered.contains($0) })
        host.close(id)
    }

    /// Segments done and in all, per preview.
    var progress: (done: Int, total: Int) { (doneCount, programs.segmentCounts.reduce(0, +)) }

    func handle(_ event: FarmEvent, host: CoordinatorHost) {
        switch event {
        case .reused, .committed: doneCount += 1
        case .songFailed(_, let failure):
            for place in previews.indices where previews[place].song == failure.song {
                fail(place, failure.reason)
            }
        case .delivered(_, let program):
            for index in targets.indices where targets[index].stream.program == program { publish(index) }
        case .rejected(_, let reason): outcome = .stopped(reason: reason)
        case .ended(_, let outcome): self.outcome = outcome
        default: break
        }
    }

    func deliver(_ delivery: FarmCoordination.Delivery, parts: Locations, host: CoordinatorHost) {
        let program = programs.list[delivery.task.program]
        let window = program.range(ofSegment: delivery.task.segment)
        for index in targets.indices where targets[index].stream.program == delivery.task.program {
            let target = targets[index]
            guard let writer = target.writer, !window.intersection(target.frames).isEmpty else { continue }
            do {
                for (number, part) in delivery.result.outputs[target.stream.output].enumerated() {
                    let start = window.start + number * Program.partFrames
                    let range = FrameRange(start, min(window.end, start + Program.partFrames))
                    guard !range.intersection(target.frames).isEmpty else { continue }
                    guard let bytes = try host.store.read(part.digest) else {
                        // Made again, and delivered again from this window on.
                        let kept = max(0, window.start - target.frames.start)
                        try writer.rewind(toFrame: min(kept, writer.frameCount))
                        return host.post(.undeliverable(delivery: delivery.number, [part.digest]))
                    }
                    try Self.append(bytes, of: range, wanted: target.frames, to: writer)
                }
            } catch {
                fail(target.place, "\(error)")
            }
        }
        host.post(.consumed(delivery: delivery.number))
    }

    /// Appends the wanted frames of a part: planes, one after another.
    private static func append(
        _ bytes: [UInt8], of range: FrameRange, wanted: FrameRange, to writer: DeliverableWriter
    ) throws {
        let inside = range.intersection(wanted)
        // What another target of the same window had written before it failed is written once.
        let missing = FrameRange(max(inside.start, wanted.start + writer.frameCount), inside.end)
        guard missing.start < missing.end else { return }
        let plane = 4 * range.count
        var cut: [UInt8] = []
        cut.reserveCapacity(4 * missing.count * writer.channelCount)
        for channel in 0..<writer.channelCount {
            let start = channel * plane + 4 * (missing.start - range.start)
            cut += bytes[start..<start + 4 * missing.count]
        }
        try cut.withUnsafeBytes { try writer.append($0) }
    }

    func rewind(_ program: ProgramID, toSegment segment: Int) {
        for index in targets.indices where targets[index].stream.program == program {
            guard let writer = targets[index].writer else { continue }
            let frame = segment * programs.list[program].segmentFrames - targets[index].frames.start
            do { try writer.rewind(toFrame: min(max(0, frame), writer.frameCount)) } catch {
                fail(targets[index].place, "\(error)")
            }
        }
    }

    private func publish(_ index: Int) {
        guard let writer = targets[index].writer else { return }
        do {
            let file = try writer.finish()
            try writer.publish(isReplacing: true)
            targets[index].writer = nil
            targets[index].file = file
            let place = targets[index].place
            previews[place].files = targets.filter { $0.place == place }.compactMap(\.file)
        } catch {
            fail(targets[index].place, "\(error)")
        }
    }

    private func fail(_ place: Int, _ reason: String) {
        if previews[place].failure == nil { previews[place].failure = reason }
        for index in targets.indices where targets[index].place == place {
            targets[index].writer?.abandon()
            targets[index].writer = nil
        }
    }

    /// Lets go of what is not finished.
    func close() {
        for index in targets.indices {
            targets[index].writer?.abandon()
            targets[index].writer = nil
        }
    }
}

/// What rendering a stretch came to.
package struct RangeOutcome: Sendable {
    package var previews: [RangePreview]
    package var figures: FarmFigures
    /// Why the farm gave up.
    package var stopReason: String?
    package var stopSignal: Int?
}

extension EmbeddedFarm {
    /// Renders a stretch of an album's songs to files. Call it from a thread that lives as long as the process.
    ///
    /// - Parameters:
    ///   - announce: Told once what will be rendered.
    ///   - progress: Told about ten times a second of the segments done and in all.
    package func render(
        _ order: RangeOrder, announce: ([RangePreview]) -> Void,
        progress: (_ done: Int, _ total: Int, FarmFigures) -> Void
    ) throws -> RangeOutcome {
        var numbers = SourceNumbers()
        let placement = try numbers.place(order.album).placement
        let job = try RangeRender(
            id: JobID(1), order: order, placement: placement, store: store, usesLedger: options.usesLedger)
        announce(job.previews)
        let run = try FarmRun(self, sources: numbers.table)
        try job.submit(to: run.host)
        var nextProgress: UInt64 = 0
        var stopSignal: Int?
        while job.outcome == nil {
            try run.turn()
            if Signals.stopSignal != 0 {
                stopSignal = Signals.stopSignal
                break
            }
            let now = monotonicMilliseconds()
            if now >= nextProgress || job.outcome != nil {
                nextProgress = now + 100
                progress(job.progress.done, job.progress.total, run.host.figures(of: job.id))
            }
        }
        run.stop()
        job.close()
        try store.flush()
        var outcome = RangeOutcome(
            previews: job.previews, figures: run.host.figures(of: job.id), stopSignal: stopSignal)
        if case .stopped(let reason) = job.outcome { outcome.stopReason = reason }
        return outcome
    }
}
