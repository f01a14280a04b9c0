import FarmCoordination
import FarmProtocol
import Foundation
package import Release
package import Session
import Storage

/// An album that is to become files.
package struct AlbumOrder {
    package var album: Album
    package var options: AlbumJobOptions
    /// Where the files go; not to be used elsewhere until the album has ended.
    package var folder: ReleaseFolder
    package var plan: ReleasePlan

    package init(album: Album, options: AlbumJobOptions, folder: ReleaseFolder, plan: ReleasePlan) {
        self.album = album
        self.options = options
        self.folder = folder
        self.plan = plan
    }
}

/// How an album ended.
package struct AlbumEnd: Sendable {
    package var id: UInt64
    package var folder: String
    package var outcome: AlbumOutcome
    /// What was written as render.json; nil where the album was cancelled or interrupted.
    package var document: RenderDocument?
    /// Why the reports could not be written.
    package var reportFailure: String?
    package var isCancelled = false
    /// Where it stood when nothing more was rendered for it.
    package var progress: AlbumProgress

    /// Everything that was asked for was delivered.
    package var isWhole: Bool { document?.failures.isEmpty == true && outcome.figures.alarms.isEmpty }
}

/// One farm of this process that renders any number of albums at once, with one pool of workers: what two albums share
/// is rendered once.
///
/// Albums may be begun and cancelled at any time. Used from one thread, which lives as long as the process.
package final class AlbumFarm {
    private let farm: EmbeddedFarm
    private var numbers: SourceNumbers
    private var run: FarmRun
    private var works: [UInt64: Work] = [:]
    private var lastID: UInt64 = 0
    private let finishings = BlockingQueue<(@Sendable () -> Void)?>()
    private let finishingEnd = DispatchSemaphore(value: 0)
    private let ends = Locked<[AlbumEnd]>([])

    private final class Work: @unchecked Sendable {
        // SAFETY: the farm's thread alone uses it, until it hands it to the finishing thread whole and forgets it.
        let order: AlbumOrder
        let render: AlbumRender
        var isFinishing = false

        init(order: AlbumOrder, render: AlbumRender) {
            self.order = order
            self.render = render
        }
    }

    /// Starts the workers.
    ///
    /// - Parameter albums: Whose audio the workers are told of now; that of others takes a `restart`.
    package init(_ farm: EmbeddedFarm, albums: [Album]) throws {
        self.farm = farm
        var numbers = SourceNumbers()
        for album in albums { _ = try numbers.place(album) }
        self.numbers = numbers
        run = try FarmRun(farm, sources: numbers.table)
        let (finishings, finishingEnd) = (finishings, finishingEnd)
        startThread(named: "reports") {
            while let step = finishings.take() { step() }
            finishingEnd.signal()
        }
    }

    deinit { finishings.post(nil) }

    /// Begins an album.
    ///
    /// - Parameter priority: Smaller goes first, and takes the workers that those after it have.
    /// - Returns: Its number; nil where the workers do not know all of its audio: `restart` first.
    package func begin(_ order: AlbumOrder, priority: Int = 0) throws -> UInt64? {
        var known = numbers
        let (placement, isNew) = try known.place(order.album)
        guard !isNew else { return nil }
        let render = try AlbumRender(
            id: lastID + 1, album: order.album, options: order.options, folder: order.folder, plan: order.plan,
            reader: farm.store.reader, placement: placement)
        lastID += 1
        works[lastID] = Work(order: order, render: render)
        render.submit(to: run.host, priority: priority)
        return lastID
    }

    /// Gives an album up: its runs stop, what is rendered stays in the store. It ends as every album does.
    package func cancel(_ id: UInt64) {
        guard let work = works[id], !work.isFinishing else { return }
        run.host.post(.cancel(JobID(id)))
    }

    /// Starts new workers that know the audio of these albums.
    ///
    /// - Precondition: no album is under way.
    package func restart(for albums: [Album]) throws {
        precondition(works.isEmpty, "an album would lose its workers")
        run.stop()
        var numbers = SourceNumbers()
        // An album whose audio is gone says so when it is begun.
        for album in albums { _ = try? numbers.place(album) }
        self.numbers = numbers
        run = try FarmRun(farm, sources: numbers.table)
    }

    /// Whether something is rendered or written.
    package var isBusy: Bool { !works.isEmpty }

    /// How far an album is; nil where it has ended.
    package func progress(of id: UInt64) -> AlbumProgress? {
        guard let work = works[id], !work.isFinishing else { return nil }
        return work.render.progress(run.host, restartCount: run.restartCount)
    }

    /// Waits a moment for something to happen, deals with it, and returns what has ended.
    package func turn() throws -> [AlbumEnd] {
        try run.turn()
        for (id, work) in works.sorted(by: { $0.key < $1.key }) where work.render.isOver && !work.isFinishing {
            finish(id, work)
        }
        let ended = ends.withLock { ends in
            defer { ends = [] }
            return ends
        }
        for end in ended { works[end.id] = nil }
        return ended
    }

    /// Completes the files on another thread: reading them back takes a while, and other albums go on.
    private func finish(_ id: UInt64, _ work: Work) {
        work.isFinishing = true
        let figures = run.host.figures(of: JobID(id))
        let progress = work.render.progress(run.host, restartCount: run.restartCount)
        let (restartCount, workerCount) = (run.restartCount, farm.options.workerCount)
        let (version, ends) = (farm.options.version, ends)
        run.host.forget(JobID(id))
        finishings.post {
            work.render.close()
            var outcome = work.render.outcome(figures)
            outcome.restartCount = restartCount
            var end = AlbumEnd(
                id: id, folder: work.order.folder.path, outcome: outcome, isCancelled: work.render.isCancelled,
                progress: progress)
            if !end.isCancelled {
                do {
                    end.document = try RenderReport(
                        album: work.order.album, plan: work.order.plan, folder: work.order.folder, outcome: outcome,
                        songs: work.order.options.deliveredSongs.sorted(), workers: workerCount, version: version
                    ).write()
                    if end.isWhole { work.order.folder.complete() }
                } catch {
                    end.reportFailure = "\(error)"
                }
            }
            ends.withLock { $0.append(end) }
        }
    }

    /// Stops the workers and the writers; an album that has not ended leaves what it had delivered.
    ///
    /// - Returns: Albums that had only to be completed.
    package func stop() throws -> [AlbumEnd] {
        run.stop()
        for work in works.values where !work.isFinishing { work.render.close() }
        finishings.post(nil)
        finishingEnd.wait()
        try farm.store.flush()
        works = [:]
        return ends.withLock { $0 }
    }
}

extension EmbeddedFarm {
    /// Albums that have files open at the same time: the others wait for their turn.
    private static let albumsAtOnce = 4

    /// Renders albums to files, the first ones first. Call it from a thread that lives as long as the process.
    ///
    /// - Parameters:
    ///   - progress: Told about ten times a second, per album what is known; nil before it was begun.
    ///   - ended: Told of each album once, by its index; a failure is why it could not even be begun.
    /// - Returns: The signal that stopped the render; nil where it went to its end.
    package func render(
        _ orders: [AlbumOrder], progress: ([AlbumProgress?]) -> Void,
        ended: (Int, Result<AlbumEnd, any Error>) -> Void
    ) throws -> Int? {
        let farm = try AlbumFarm(self, albums: orders.map(\.album))
        var waiting = orders.indices.makeIterator()
        var running: [UInt64: Int] = [:]
        var latest = [AlbumProgress?](repeating: nil, count: orders.count)
        var nextProgress: UInt64 = 0
        var stopSignal: Int?
        while true {
            while running.count < Self.albumsAtOnce, let next = waiting.next() {
                do {
                    guard let id = try farm.begin(orders[next], priority: next) else {
                        throw FarmError("its audio changed while the render was being prepared: render again")
                    }
                    running[id] = next
                } catch {
                    ended(next, .failure(error))
                }
            }
            if running.isEmpty { break }
            let ends = try farm.turn()
            let now = monotonicMilliseconds()
            let isDue = now >= nextProgress
            if isDue {
                nextProgress = now + 100
                for (id, index) in running {
                    if let state = farm.progress(of: id) { latest[index] = state }
                }
                progress(latest)
            }
            for end in ends {
                guard let index = running.removeValue(forKey: end.id) else { continue }
                latest[index] = end.progress
                ended(index, .success(end))
            }
            if Signals.stopSignal != 0 {
                stopSignal = Signals.stopSignal
                break
            }
        }
        for end in try farm.stop() {
            guard let index = running.removeValue(forKey: end.id) else { continue }
            latest[index] = end.progress
            ended(index, .success(end))
        }
        progress(latest)
        return stopSignal
    }
}
