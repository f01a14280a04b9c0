package import LoudnessChecks
package import Metering

/// What is measured and how.
package struct MeasuringOptions: Sendable {
    package var oversampling: Oversampling = .quadruple
    /// One channel counts as two loudspeakers: 3.01 LU louder.
    package var isMonoDual = false
    /// dBTP above which a place is listed.
    package var oversAbove = -1.0
    /// Everything but loudness and peaks: clipping, silence, correlation, spectrum, DR.
    package var measuresSignal = true
    /// SHA-256 of the samples.
    package var hashesSamples = false
    /// The layout of a file by its `id`; nil: by its channel mask, else by its channel count.
    package var layout: @Sendable (String) -> String? = { _ in nil }
    /// Threads; each reads and measures by itself.
    package var workerCount = 1

    package init() {}

    /// What a report says of its figures' origin: the versions of the meters, and how they were set.
    package func identity(lathe: String) -> MeterIdentity {
        MeterIdentity(
            lathe: lathe, engine: "\(LoudnessAnalyzer.version).\(SignalAnalyzer.version)",
            truePeakOversampling: Int(oversampling.rawValue), mono: isMonoDual ? "dual" : "as-is")
    }
}

/// How far measuring has come, for a display.
package struct MeasuringProgress: Sendable {
    /// Done and to do, per input, in stretches of a file.
    package var files: [(done: Int, total: Int, failure: String?)]
    package var busyWorkerCount: Int
    /// Sound measured so far.
    package var soundSeconds: Double
}
