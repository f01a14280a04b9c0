/// A bus compressor on four stereo lanes: linked, peak-detecting, with a release that can follow the programme.
///
/// The compressor of `Compressor` (Giannoulis, Massberg and Reiss 2012) with, where `auto-release` is on, two parallel
/// envelopes of the gain reduction, of which the larger counts, after the two time constants of the classic console
/// bus compressors' "auto" position (a small capacitor across a large one that charges through a resistor):
///
/// - fast: the attack as labelled, a release of 100 ms;
/// - slow: rises with 0.7 s, falls with 1.2 s.
///
/// A short peak hardly charges the slow one: after 50 ms of reduction (7 % of it) the gain recovers as with a release
/// of 100 ms. After reduction of 2 s, of which the slow one has 94 %, the first decibels come back quickly and the
/// rest with 1.2 s: 63 % are recovered after 1.1 s.
///
/// No latency, no tail. Snapshot 512 bytes. Re-convergence: Double state; equal within 4 segment boundaries, on any
/// input. Automation as with `Compressor`.
package struct BusCompressor: LaneDevice {
    package static let version: UInt32 = 2
    package static let parameterNames = [
        "threshold", "ratio", "attack", "release", "auto-release", "knee", "make-up", "key-low-cut", "mix",
    ]

    /// Time constants of the programme-dependent release.
    package static let fastReleaseSeconds = 0.1
    package static let slowAttackSeconds = 0.7
    package static let slowReleaseSeconds = 1.2

    private var kernel: CompressorKernel
    private let rateHertz: Double
    package var latencyFrames: Int { 0 }

    package static func latencyFrames(parameters: [Double], rateHertz: Int) -> Int? {
        BusCompressorParameters(values: parameters).map { _ in 0 }
    }

    package static func tailFrames(parameters: [Double], rateHertz: Int) -> Int { 0 }

    /// nil where the numbers are not ones that the table allows.
    package init?(lanes: [[Double]?], keys: [Bool], rateHertz: Int) {
        guard lanes.count == 4, keys.count == 4, rateHertz > 0 else { return nil }
        let rate = Double(rateHertz)
        var numbers = [4 of CompressorLane?](repeating: nil)
        for (i, values) in lanes.enumerated() {
            guard let values else { continue }
            guard let parameters = BusCompressorParameters(values: values) else { return nil }
            numbers[i] = CompressorLane(parameters, rateHertz: rate)
        }
        self.rateHertz = rate
        kernel = CompressorKernel(numbers, keys: keys, rateHertz: rate)
    }

    package mutating func update(lane: Int, parameters: [Double]) {
        guard let parameters = BusCompressorParameters(values: parameters) else {
            preconditionFailure("parameters that the table does not allow")
        }
        kernel.update(lane, CompressorLane(parameters, rateHertz: rateHertz))
    }

    /// Processes one block in place; `key` is needed where a lane listens to it.
    package mutating func process(_ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int) {
        kernel.process(&block, key: key, at: frame)
    }

    package func write(to snapshot: inout SnapshotWriter) { kernel.write(to: &snapshot) }
    package mutating func read(from snapshot: inout SnapshotReader) throws { try kernel.read(from: &snapshot) }
}
