package import Metering
package import Release

/// What a render came to, for reports.
package struct AlbumOutcome: Sendable {
    package struct SongOutcome: Sendable {
        package var failure: String?
        package var frameCount: Int?
        package var rateHertz: Int
        package var lengthRule: String
        package var stemNames: [String]
        /// Of the mix.
        package var loudness: LoudnessSummary?
        package var finishes: [FinishFigures]
    }

    package struct FinishFigures: Sendable {
        package var rateHertz: Int
        package var gainDecibels: Double
        package var passCount: Int
        package var reductionDecibels: Double
    }

    package var songs: [SongOutcome]
    package var delivered: [DeliveredRole: (file: DeliveredFile, check: DeliveredCheck?)]
    package var failedFiles: [DeliveredRole: String]
    package var warnings: [String]
    package var figures: FarmFigures
    package var wallSeconds: Double
    package var restartCount: Int
    /// Why the farm itself gave up.
    package var stopReason: String?
}

/// Progress, from the coordinator's thread, about ten times a second.
package struct AlbumProgress: Sendable {
    package struct Song: Sendable {
        package var done: Int
        package var total: Int
        package var failure: String?
        package var stage: String
    }

    package var songs: [Song]
    package var pass: Int
    package var figures: FarmFigures
    package var stage: String
    package var elapsedSeconds: Double
    package var songSeconds: Double
    package var restartCount: Int
}
