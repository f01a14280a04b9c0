/// What stands in a render's report: plain values, measured elsewhere.
///
/// nil means not measured, never zero.
package struct ReportModel: Sendable, Equatable {
    package var albumTitle: String
    package var artist: String
    /// Version of Lathe, as `lathe --version` prints it.
    package var version: String
    /// Integrated loudness aimed at; nil without a target.
    package var targetLUFS: Double?
    /// Ceiling of the true-peak limiter; nil without one.
    package var ceilingDecibelsTruePeak: Double?
    /// True when one gain holds for the whole album.
    package var isTargetForAlbum: Bool
    /// Integrated loudness of the whole album.
    package var albumIntegratedLUFS: Double?
    package var songs: [Song]
    package var files: [File]
    package var farm: Farm?
    package var failures: [Failure]
    package var warnings: [String]

    package init(
        albumTitle: String, artist: String = "", version: String, targetLUFS: Double? = nil,
        ceilingDecibelsTruePeak: Double? = nil, isTargetForAlbum: Bool = false,
        albumIntegratedLUFS: Double? = nil,
        songs: [Song] = [], files: [File] = [], farm: Farm? = nil, failures: [Failure] = [],
        warnings: [String] = []
    ) {
        self.albumTitle = albumTitle
        self.artist = artist
        self.version = version
        self.targetLUFS = targetLUFS
        self.ceilingDecibelsTruePeak = ceilingDecibelsTruePeak
        self.isTargetForAlbum = isTargetForAlbum
        self.albumIntegratedLUFS = albumIntegratedLUFS
        self.songs = songs
        self.files = files
        self.farm = farm
        self.failures = failures
        self.warnings = warnings
    }

    /// A song's measurements, after the finish at the album's rate.
    package struct Song: Sendable, Equatable {
        package var title: String
        package var durationSeconds: Double?
        package var integratedLUFS: Double?
        package var shortTermMaximumLUFS: Double?
        package var momentaryMaximumLUFS: Double?
        /// Loudness range (EBU Tech 3342).
        package var rangeLU: Double?
        package var truePeakDecibels: Double?
        /// Gain applied by the finish.
        package var gainDecibels: Double?
        package var passes: Int?
        /// Largest gain reduction of the limiter, 0 or more.
        package var maximumReductionDecibels: Double?
        /// Peak of stems minus pre-master, in dBFS; -infinity when they cancel exactly.
        package var stemsNullDecibels: Double?
        package var curves: Curves?

        package init(
            title: String, durationSeconds: Double? = nil, integratedLUFS: Double? = nil,
            shortTermMaximumLUFS: Double? = nil, momentaryMaximumLUFS: Double? = nil, rangeLU: Double? = nil,
            truePeakDecibels: Double? = nil, gainDecibels: Double? = nil, passes: Int? = nil,
            maximumReductionDecibels: Double? = nil, stemsNullDecibels: Double? = nil, curves: Curves? = nil
        ) {
            self.title = title
            self.durationSeconds = durationSeconds
            self.integratedLUFS = integratedLUFS
            self.shortTermMaximumLUFS = shortTermMaximumLUFS
            self.momentaryMaximumLUFS = momentaryMaximumLUFS
            self.rangeLU = rangeLU
            self.truePeakDecibels = truePeakDecibels
            self.gainDecibels = gainDecibels
            self.passes = passes
            self.maximumReductionDecibels = maximumReductionDecibels
            self.stemsNullDecibels = stemsNullDecibels
            self.curves = curves
        }
    }

    /// Values over a song's time, one every `hopSeconds`; -infinity is silence.
    package struct Curves: Sendable, Equatable {
        package var hopSeconds: Double
        package var momentaryLUFS: [Double]?
        package var shortTermLUFS: [Double]?
        /// Largest true peak since the value before.
        package var truePeakDecibels: [Double]?

        package init(
            hopSeconds: Double, momentaryLUFS: [Double]? = nil, shortTermLUFS: [Double]? = nil,
            truePeakDecibels: [Double]? = nil
        ) {
            self.hopSeconds = hopSeconds
            self.momentaryLUFS = momentaryLUFS
            self.shortTermLUFS = shortTermLUFS
            self.truePeakDecibels = truePeakDecibels
        }
    }

    /// A file that was delivered.
    package struct File: Sendable, Equatable {
        /// Relative to the render's folder.
        package var path: String
        /// What it is: "master", "stem", "pre-master".
        package var role: String
        /// As it is read by people: "WAV, 24 bit, 48 kHz".
        package var format: String
        package var byteCount: Int?
        /// Hexadecimal.
        package var sha256: String?
        /// Digest of the samples alone, the same on every machine.
        package var pcmSHA256: String?

        package init(
            path: String, role: String, format: String, byteCount: Int? = nil, sha256: String? = nil,
            pcmSHA256: String? = nil
        ) {
            self.path = path
            self.role = role
            self.format = format
            self.byteCount = byteCount
            self.sha256 = sha256
            self.pcmSHA256 = pcmSHA256
        }
    }

    /// What the farm did.
    package struct Farm: Sendable, Equatable {
        package var workerCount: Int
        package var segmentCount: Int?
        package var renderedCount: Int?
        package var reusedCount: Int?
        package var retriedCount: Int?
        package var auditedCount: Int?
        package var timesRealTime: Double?
        package var wallSeconds: Double?
        package var processorSeconds: Double?
        /// What of it came after the mix.
        package var finishSeconds: Double?

        package init(
            workerCount: Int, segmentCount: Int? = nil, renderedCount: Int? = nil, reusedCount: Int? = nil,
            retriedCount: Int? = nil, auditedCount: Int? = nil, timesRealTime: Double? = nil,
            wallSeconds: Double? = nil, processorSeconds: Double? = nil, finishSeconds: Double? = nil
        ) {
            self.workerCount = workerCount
            self.segmentCount = segmentCount
            self.renderedCount = renderedCount
            self.reusedCount = reusedCount
            self.retriedCount = retriedCount
            self.auditedCount = auditedCount
            self.timesRealTime = timesRealTime
            self.wallSeconds = wallSeconds
            self.processorSeconds = processorSeconds
            self.finishSeconds = finishSeconds
        }
    }

    /// Something that was not rendered or written.
    package struct Failure: Sendable, Equatable {
        /// The song or file.
        package var subject: String
        package var reason: String

        package init(subject: String, reason: String) {
            self.subject = subject
            self.reason = reason
        }
    }
}
