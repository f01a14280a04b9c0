package import Metering

/// How files are compared, and what counts as a difference.
package struct ComparisonOptions: Sendable {
    /// dBFS: the greatest residual that passes; nil: only equal samples do.
    package var toleranceDecibels: Double?
    /// Judge the residual after the offset in time was taken out.
    package var allowsOffset = false
    /// Judge the residual after one gain over the whole file was taken out.
    package var allowsGain = false
    /// dBFS: a residual above it is a change; nil: `Residual.defaultThresholdDecibels`.
    package var thresholdDecibels: Double?
    /// Changes that are nearer to each other than this are one.
    package var gapSeconds = 0.5
    /// LU: loudness that moved by less is not spoken of.
    package var leastLoudnessChange = 0.5
    package var oversampling: Oversampling = .quadruple
    /// Threads. They have no influence on any figure.
    package var workerCount = 1
    /// Seconds that one thread takes at a time. They have no influence on any figure.
    package var stretchSeconds = 32

    package init() {}

    /// Bytes that all threads together may take for what they read, as long as one has enough.
    private static let scratchByteLimit = 256 << 20

    /// As many threads as there is memory for.
    func workers(bytesEach: Int) -> Int { max(1, min(workerCount, Self.scratchByteLimit / max(1, bytesEach))) }

    /// What is not spoken of in words below this level.
    static let audibleLUFS = -60.0
}

/// Why files cannot be compared at all: what is wrong with which, and the remedy.
package struct ComparisonError: Error, Sendable, Equatable, CustomStringConvertible {
    package var description: String
    package init(_ description: String) { self.description = description }
}
