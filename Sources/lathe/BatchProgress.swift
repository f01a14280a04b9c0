import Farm
import Session
import Terminal

/// One picture of all albums of a command.
struct BatchProgress {
    private let inputs: [SessionInput]
    /// What each album is called here: its title, where that tells them apart.
    private let names: [String]
    /// Lengths by the session alone, for albums that were not begun.
    private let plannedSeconds: [Double]
    private var failures: [Int: String] = [:]

    init(_ inputs: [SessionInput]) {
        self.inputs = inputs
        let titles = inputs.map(\.album.title)
        names = Set(titles).count == titles.count ? titles : inputs.map(\.path)
        plannedSeconds = inputs.map { $0.album.songs.reduce(0) { $0 + Self.seconds($1.song) } }
    }

    /// An album that could not be begun.
    mutating func fail(_ index: Int, _ reason: String) { failures[index] = reason }

    private static func seconds(_ song: Song) -> Double {
        let end = song.tracks.reduce(0) { $1.clips.reduce($0) { max($0, $1.atFrame + $1.frameCount) } }
        return Double(song.lengthFrames ?? end) / Double(song.rateHertz)
    }

    /// - Parameter latest: Per album what is known; nil before it was begun.
    func model(_ latest: [AlbumProgress?], elapsedSeconds elapsed: Double) -> ProgressModel {
        var model = ProgressModel()
        var (doneSeconds, allSeconds) = (0.0, 0.0)
        for (index, input) in inputs.enumerated() {
            model.songs += songs(index, input, latest[index])
            guard let progress = latest[index] else {
                if failures[index] == nil { allSeconds += plannedSeconds[index] }
                continue
            }
            let done = progress.songs.reduce(0) { $0 + $1.done }
            let total = progress.songs.reduce(0) { $0 + $1.total }
            doneSeconds += total == 0 ? 0 : Double(done) / Double(total) * progress.songSeconds
            allSeconds += progress.songSeconds
            model.pass = max(model.pass, progress.pass)
            model.workersBusy = progress.figures.busyWorkerCount
            model.workerCount = progress.figures.workerCount
            model.reusedCount += progress.figures.reusedTasks
            model.retriedCount += progress.figures.retriedTasks
        }
        model.retriedCount += latest.reduce(0) { max($0, $1?.restartCount ?? 0) }
        if elapsed > 0.5 { model.timesRealTime = doneSeconds / elapsed }
        let fraction = allSeconds > 0 ? doneSeconds / allSeconds : 0
        if fraction > 0.05, elapsed > 1 { model.remainingSeconds = elapsed * (1 - fraction) / fraction }
        return model
    }

    private func songs(_ index: Int, _ input: SessionInput, _ progress: AlbumProgress?) -> [ProgressModel.Song] {
        let album = inputs.count > 1 ? names[index] : nil
        return input.album.songs.enumerated().map { number, entry in
            guard let song = progress?.songs[number] else {
                return ProgressModel.Song(title: entry.song.title, failure: failures[index], album: album)
            }
            return ProgressModel.Song(
                title: entry.song.title, stage: song.stage, segmentsDone: song.done, segmentCount: song.total,
                failure: song.failure, isFinished: song.stage == "done", album: album)
        }
    }
}
