/// A feed-forward compressor on four stereo lanes.
///
/// After Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design: A Tutorial and Analysis",
/// J. Audio Eng. Soc. 60(6), 2012. The level, in the logarithmic domain, passes the static curve with its
/// quadratic knee; the gain reduction in decibels is then smoothed by the paper's smooth branching filter
/// (equation 16), and both channels of a stereo lane get the same gain. That filter settles below the peak
/// when its input ripples, as with any detector that follows a wave's zero crossings. So the peak detector
/// holds the maximum of a window (`PeakHold`): a steady tone from 100 Hz up (release of 50 ms or more)
/// settles on the static curve, and attack and release keep their labels, the time to 63 % of a change in
/// decibels; the hold is part of the release. The RMS detector's 10 ms are in addition to both.
///
/// Latency 0 frames; snapshot 208 bytes. Re-convergence: the Double envelopes and mean squares are equal by
/// the second segment boundary for releases up to 0.5 s, on any input; longer releases need up to 30 times
/// the release. The snapshot's floor of 2^-40 is -120 dBFS for a mean square, below every useful threshold.
package struct Compressor: LaneProcessor {
    /// Changes whenever the bits change.
    package static let version: UInt32 = 1

    private var kernel: CompressorKernel

    /// `lanes` has the coefficients of the four stereo lanes, nil for a lane that passes, bit for bit.
    package init(lanes: [CompressorCoefficients?], rateHertz: Double) {
        precondition(lanes.count == 4, "a compressor has four stereo lanes")
        kernel = CompressorKernel(lanes.map { $0 ?? .identity }, rateHertz: rateHertz)
    }

    package var latencyFrames: Int { 0 }

    /// Processes one block in place.
    ///
    /// `key` is needed when a lane's coefficients say that it uses it.
    package mutating func process(_ block: inout MutableSpan<LaneFrame>, key: Span<LaneFrame>?, at frame: Int)
    {
        if kernel.hasKeys {
            guard let key, key.count == block.count else { preconditionFailure("a key as long as the block") }
        }
        kernel.process(&block, key, frame)
    }

    package func write(to snapshot: inout SnapshotWriter) {
        for lane in 0..<4 { snapshot.put(recursive: kernel.envelope.reduction[lane]) }
        for lane in 0..<4 { snapshot.put(recursive: kernel.meanSquare.value[lane]) }
        kernel.hold.write(to: &snapshot)
    }

    package mutating func read(from snapshot: inout SnapshotReader) throws {
        for lane in 0..<4 { kernel.envelope.reduction[lane] = try snapshot.recursiveDouble() }
        for lane in 0..<4 { kernel.meanSquare.value[lane] = try snapshot.recursiveDouble() }
        try kernel.hold.read(from: &snapshot)
    }
}
