internal import Foundation
package import Metering
internal import Quantities

/// `render.json`: what a render delivered, how it measures, and what did not work.
///
/// A missing field was not measured or does not apply; nothing is zero or null for that. What is not finite
/// is left out: the true peak of silence, the residual of stems that cancel. Levels are kept to a thousandth.
package struct RenderDocument: Codable, Sendable, Equatable {
    /// Version of Lathe.
    package let lathe: String
    /// Version of each library that had a hand in the bytes, by name.
    package let libraries: [String: String]
    package let album: String?
    package let artist: String?
    /// Integrated loudness over all songs without the gaps, in LUFS.
    package let albumIntegrated: Double?
    /// What the finish aimed at; absent where the session asks for neither gain nor limiter.
    package let loudness: Loudness?
    package var songs: [Song]
    package var farm: Farm?
    /// Titles and names that are no file names as they stand.
    package let renamed: [RenamedFile]?
    package var warnings: [String]
    package var failures: [Failure]

    package init(
        lathe: String, libraries: [String: String], album: String?, artist: String? = nil,
        albumIntegrated: Double? = nil, loudness: Loudness? = nil, songs: [Song], farm: Farm? = nil,
        renamed: [RenamedFile] = [],
        warnings: [String] = [], failures: [Failure] = []
    ) {
        self.lathe = lathe
        self.libraries = libraries
        self.album = album
        self.artist = artist
        self.albumIntegrated = level(albumIntegrated)
        self.loudness = loudness
        self.songs = songs
        self.farm = farm
        self.renamed = renamed.isEmpty ? nil : renamed
        self.warnings = warnings
        self.failures = failures
    }

    /// The document as it is written: UTF-8, keys sorted, indented, with a final newline; the same bytes for
    /// the same content.
    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
    }

    /// Reads what `encoded` writes; unknown keys are ignored.
    package static func decoded(_ bytes: [UInt8]) throws -> RenderDocument {
        try JSONDecoder().decode(RenderDocument.self, from: Data(bytes))
    }
}

extension RenderDocument {
    /// A song that was asked for, whether or not all of it was delivered.
    package struct Song: Codable, Sendable, Equatable {
        package let title: String
        /// Length in frames at `rate`, after the cut.
        package let frames: Int?
        /// The song's own rate, in Hz.
        package let rate: Int
        /// What ended it: `length`, `tail` or `tail-limit`.
        package let lengthRule: String?
        /// Of its first delivery.
        package let measurements: Measurements?
        /// Of its first delivery.
        package let finish: Finish?
        package let stemsNull: Null?
        package var files: [File]
        package var stems: [File]

        package init(
            title: String, frames: Int?, rate: Int, lengthRule: String?, measurements: Measurements? = nil,
            finish: Finish? = nil, stemsNull: StemsNull? = nil, files: [File] = [], stems: [File] = []
        ) {
            self.title = title
            self.frames = frames
            self.rate = rate
            self.lengthRule = lengthRule
            self.measurements = measurements
            self.finish = finish
            self.stemsNull = stemsNull.map(Null.init)
            self.files = files
            self.stems = stems
        }
    }

    /// Loudness in LUFS, range in LU, peaks in dBTP and dBFS.
    package struct Measurements: Codable, Sendable, Equatable {
        package let integrated: Double?
        package let shortTermMaximum: Double?
        package let momentaryMaximum: Double?
        package let range: Double?
        package let truePeak: Double?
        package let samplePeak: Double?

        package init(
            integrated: Double? = nil, shortTermMaximum: Double? = nil, momentaryMaximum: Double? = nil,
            range: Double? = nil, truePeak: Double? = nil, samplePeak: Double? = nil
        ) {
            self.integrated = level(integrated)
            self.shortTermMaximum = level(shortTermMaximum)
            self.momentaryMaximum = level(momentaryMaximum)
            self.range = level(range)
            self.truePeak = level(truePeak)
            self.samplePeak = level(samplePeak)
        }

        package init(_ summary: LoudnessSummary) {
            self.init(
                integrated: summary.integrated?.value, shortTermMaximum: summary.shortTermMaximum?.value,
                momentaryMaximum: summary.momentaryMaximum?.value, range: summary.rangeLoudnessUnits,
                truePeak: summary.truePeak?.value, samplePeak: summary.samplePeak?.value)
        }
    }

    /// The session's `loudness`.
    package struct Loudness: Codable, Sendable, Equatable {
        /// LUFS; absent where loudness is left alone.
        package let target: Double?
        /// dBTP.
        package let ceiling: Double
        /// `album` or `song`: whose integrated loudness the target is.
        package let by: String

        package init(target: Double?, ceiling: Double, by: String) {
            self.target = level(target)
            self.ceiling = level(ceiling) ?? 0
            self.by = by
        }
    }

    /// What the finish did at one rate.
    package struct Finish: Codable, Sendable, Equatable {
        /// dB on the grid of 0.1 dB.
        package let gain: Double?
        package let passes: Int?
        /// Greatest gain reduction of the limiter in dB, 0 or more.
        package let maximumReduction: Double?
        /// LUFS.
        package let target: Double?
        /// dBTP.
        package let ceiling: Double?

        package init(
            gain: Double?, passes: Int?, maximumReduction: Double? = nil, target: Double? = nil,
            ceiling: Double? = nil
        ) {
            self.gain = level(gain)
            self.passes = passes
            self.maximumReduction = level(maximumReduction)
            self.target = level(target)
            self.ceiling = level(ceiling)
        }
    }

    /// How the stems cancel against the pre-master, in dBFS.
    package struct Null: Codable, Sendable, Equatable {
        /// Whether their sum, rounded to Float32, is the pre-master sample by sample.
        package let isExact: Bool
        /// Absent where nothing remains.
        package let peak: Double?
        /// Absent where nothing remains.
        package let rms: Double?
        package let firstDifferingFrame: Int?

        package init(_ null: StemsNull) {
            isExact = null.isExact
            peak = level(null.peakDecibels)
            rms = level(null.rmsDecibels)
            firstDifferingFrame = null.firstDifferingFrame
        }
    }

    /// A file under its final name.
    package struct File: Codable, Sendable, Equatable {
        /// Below the render's folder.
        package let path: String
        /// `master`, `stem` or `pre-master`.
        package let role: PlannedFile.Role
        /// Of a stem: its name in the session.
        package let name: String?
        /// `wav` or `flac`.
        package let format: String
        /// Bits per sample.
        package let bits: Int
        /// True for floating point, absent for integers.
        package let float: Bool?
        /// Hz.
        package let rate: Int
        package let channels: Int
        package let frames: Int
        package let bytes: Int
        package let sha256: String
        package let pcmSha256: String
        /// Of the file as it was read back.
        package let measurements: Measurements?
        package let finish: Finish?

        /// - Parameter bits: per sample, as `SampleFormat.bitCount`.
        package init(
            _ planned: PlannedFile, _ delivered: DeliveredFile, name: String? = nil, bits: Int, isFloat: Bool,
            measurements: Measurements? = nil, finish: Finish? = nil
        ) {
            path = planned.path
            role = planned.role
            self.name = name
            format = planned.kind?.isFLAC == true ? "flac" : "wav"
            self.bits = bits
            float = isFloat ? true : nil
            rate = planned.rateHertz
            channels = planned.channelCount
            frames = delivered.frameCount
            bytes = delivered.byteCount
            sha256 = delivered.sha256
            pcmSha256 = delivered.pcmSHA256
            self.measurements = measurements
            self.finish = finish
        }
    }

    /// What the farm did for this render.
    package struct Farm: Codable, Sendable, Equatable {
        package let workers: Int
        package let tasks: Tasks
        /// What of it came after the mix: gain, limiter, measurement, word length, files.
        package let finish: Stage?
        /// Song time that was rendered, in seconds.
        package let renderedSeconds: Double?
        package let wallSeconds: Double?
        package let cpuSeconds: Double?
        package let timesRealTime: Double?
        package let bytesMoved: Int?

        package struct Tasks: Codable, Sendable, Equatable {
            package let total: Int
            package let rendered: Int
            package let reused: Int
            package let retried: Int
            package let audited: Int
            /// Of those rendered, what the ledger knew and the store no longer held; absent where that is nothing.
            package let lost: Int?

            package init(total: Int, rendered: Int, reused: Int, retried: Int, audited: Int, lost: Int = 0) {
                self.total = total
                self.rendered = rendered
                self.reused = reused
                self.retried = retried
                self.audited = audited
                self.lost = lost > 0 ? lost : nil
            }
        }

        package struct Stage: Codable, Sendable, Equatable {
            package let rendered: Int
            package let reused: Int
            package let cpuSeconds: Double?

            package init(rendered: Int, reused: Int, cpuSeconds: Double?) {
                self.rendered = rendered
                self.reused = reused
                self.cpuSeconds = level(cpuSeconds)
            }
        }

        package init(
            workers: Int, tasks: Tasks, finish: Stage? = nil, renderedSeconds: Double? = nil,
            wallSeconds: Double? = nil, cpuSeconds: Double? = nil, timesRealTime: Double? = nil, bytesMoved: Int? = nil
        ) {
            self.workers = workers
            self.tasks = tasks
            self.finish = finish
            self.renderedSeconds = level(renderedSeconds)
            self.wallSeconds = level(wallSeconds)
            self.cpuSeconds = level(cpuSeconds)
            self.timesRealTime = level(timesRealTime)
            self.bytesMoved = bytesMoved
        }
    }

    /// Something that was not rendered or written.
    package struct Failure: Codable, Sendable, Equatable {
        /// The song's title; absent where the failure concerns no single song.
        package let song: String?
        package let what: String
        package let remedy: String?

        package init(song: String? = nil, what: String, remedy: String? = nil) {
            self.song = song
            self.what = what
            self.remedy = remedy
        }
    }
}

/// A figure as it is written down: to a thousandth, -0 as 0, and not at all unless finite.
private func level(_ value: Double?) -> Double? {
    guard let value, value.isFinite else { return nil }
    guard value.magnitude < 1e12 else { return value }
    let rounded = (value * 1000).rounded(.toNearestOrAwayFromZero) / 1000
    return rounded == 0 ? 0 : rounded
}
