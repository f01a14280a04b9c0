/// What a render has done so far, as plain values: the progress display knows nothing else.
package struct ProgressModel: Sendable, Equatable {
    /// One song's line.
    package struct Song: Sendable, Equatable {
        package var title: String
        /// The album it is of, where several are rendered together; else nil.
        package var album: String?
        /// What is happening to it, a few words: "mixing", "limiting, pass 2", "encoding".
        package var stage: String
        package var segmentsDone: Int
        /// 0 while it is not known.
        package var segmentCount: Int
        /// Why it cannot be rendered, in one line; nil while all is well.
        package var failure: String?
        /// True when everything of it is delivered.
        package var isFinished: Bool

        package init(
            title: String, stage: String = "waiting", segmentsDone: Int = 0, segmentCount: Int = 0,
            failure: String? = nil, isFinished: Bool = false, album: String? = nil
        ) {
            self.title = title
            self.album = album
            self.stage = stage
            self.segmentsDone = segmentsDone
            self.segmentCount = segmentCount
            self.failure = failure
            self.isFinished = isFinished
        }
    }

    package var songs: [Song]
    /// The finish's pass, from 1; 0 before it.
    package var pass: Int
    package var workersBusy: Int
    package var workerCount: Int
    /// Segments taken from the ledger instead of being rendered.
    package var reusedCount: Int
    /// Attempts that had to be repeated.
    package var retriedCount: Int
    /// Song time rendered per wall-clock time; nil before it is known.
    package var timesRealTime: Double?
    /// Seconds until the end, as far as can be told; nil before that.
    package var remainingSeconds: Double?
    /// False where a song's counts are per cent of it, not segments.
    package var countsSegments: Bool

    package init(
        songs: [Song] = [], pass: Int = 0, workersBusy: Int = 0, workerCount: Int = 0, reusedCount: Int = 0,
        retriedCount: Int = 0, timesRealTime: Double? = nil, remainingSeconds: Double? = nil,
        countsSegments: Bool = true
    ) {
        self.songs = songs
        self.pass = pass
        self.workersBusy = workersBusy
        self.workerCount = workerCount
        self.reusedCount = reusedCount
        self.retriedCount = retriedCount
        self.timesRealTime = timesRealTime
        self.remainingSeconds = remainingSeconds
        self.countsSegments = countsSegments
    }

    package var segmentsDone: Int { songs.reduce(0) { $0 + $1.segmentsDone } }
    package var segmentCount: Int { songs.reduce(0) { $0 + $1.segmentCount } }

    /// 0 to 1, of the segments that are known; 0 while none is.
    package var fraction: Double {
        segmentCount > 0 ? min(1, Double(segmentsDone) / Double(segmentCount)) : 0
    }

    /// For people: where several albums are rendered together, one line for each instead of one for each song.
    package var byAlbum: ProgressModel {
        guard songs.contains(where: { $0.album != nil }) else { return self }
        var rolled = self
        rolled.songs = []
        var first = songs.startIndex
        while first < songs.endIndex {
            let next = songs[first...].firstIndex { $0.album != songs[first].album } ?? songs.endIndex
            rolled.songs.append(Self.album(songs[first..<next]))
            first = next
        }
        return rolled
    }

    private static func album(_ songs: ArraySlice<Song>) -> Song {
        let finished = songs.count { $0.isFinished }
        let current = songs.first { !$0.isFinished && $0.failure == nil && $0.segmentsDone > 0 }
        var stage = (current ?? songs.first { !$0.isFinished } ?? songs.first)?.stage ?? ""
        if songs.count > 1 { stage += ", \(finished) of \(songs.count) songs done" }
        let failed = songs.first { $0.failure != nil }
        return Song(
            title: songs.first.map { $0.album ?? $0.title } ?? "", stage: stage,
            segmentsDone: songs.reduce(0) { $0 + $1.segmentsDone },
            segmentCount: songs.reduce(0) { $0 + $1.segmentCount },
            failure: failed.flatMap { song in song.failure.map { "\(song.title): \($0)" } },
            isFinished: finished == songs.count)
    }
}
