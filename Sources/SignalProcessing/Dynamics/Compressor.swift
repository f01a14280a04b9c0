/// A feed-forward compressor on four stereo lanes.
///
/// After Giannoulis, Massberg and Reiss, "Digital Dynamic Range Compressor Design: A Tutorial and Analysis",
/// J. Audio Eng. Soc. 60(6), 2012. The level, in the logarithmic domain, passes the static curve with its
/// quadratic knee, limited to the range; the gain reduction in decibels is then smoothed by the paper's smooth
/// branching filter (equation 16). That filter settles below the peak when its input ripples, as with any detector
/// that follows a wave's zero crossings. So the peak detector holds the maximum of a window (`PeakHold`): a steady
/// tone from 100 Hz up (release of 60 ms or more) settles on the static curve, and attack and release keep their
/// labels, the time to 63 % of a change in decibels; the hold is part of the release.
///
/// The RMS detector is a window of 12.5 ms on the power, shorter (down to 1 ms) where the attack is below 6.25 ms or
/// the release below 100 ms: twice the attack, an eighth of the release. It is two equal one-pole filters of half that
/// time, which let less of the power's ripple at twice a tone's frequency through than one (the attack follows its
/// peaks). What the window takes of a step of 20 dB is taken off both times, so the labels hold for it from an attack
/// of 0.5 ms and a release of 20 ms on. A short window cannot average a low tone: `averaging` sets the least length,
/// and where that is more than twice the attack or an eighth of the release the gain takes longer than the label says.
///
/// The link works on the reductions asked for, in decibels: at 100 % both channels get what the larger peak, or the
/// mean of both powers, asks for; at 0 % each what its own level does; between, the weighted mean. The make-up gain is
/// part of the compressed signal, to which the mix adds the dry one: gain = (1 - mix) + mix * compressed. Automatic
/// make-up adds half of the static curve's reduction at 0 dBFS, a number that depends on the parameters alone.
///
/// Latency: the look-ahead; the detector hears the signal at once. No tail. Snapshot 576 bytes, and 8 per lane and
/// frame of look-ahead. Re-convergence: all recursive state is Double and equal by the second segment boundary for
/// releases up to 0.5 s, on any input; longer releases need up to 30 times the release. The snapshot's floor
/// of 2^-40 is -120 dBFS for a mean square, below every useful threshold.
///
/// Gains follow automation of threshold, ratio, knee, range and link through the envelope; make-up and mix glide in
/// eight frames. The gain is evaluated to 0.0002 dB, continuously.
package struct Compressor: LaneDevice {
    package static let version: UInt32 = 3
    package static let parameterNames = [
        "threshold", "ratio", "attack", "release", "knee", "make-up", "detector", "range", "look-ahead", "key-low-cut",
        "key-high-cut", "link", "mix", "auto-make-up", "averaging",
    ]

    private var kernel: CompressorKernel
    private let rateHertz: Double
    package let latencyFrames: Int

    package static func latencyFrames(parameters: [Double], rateHertz: Int) -> Int? {
        CompressorParameters(values: parameters).map {
            CompressorLane.frames(seconds: $0.lookAheadSeconds, rateHertz: Double(rateHertz))
        }
    }

    package static func tailFrames(parameters: [Double], rateHertz: Int) -> Int { 0 }

    /// nil where the numbers are not ones that the table allows.
    package init?(lanes: [[Double]?], keys: [Bool], rateHertz: Int) {
        guard lanes.count == 4, keys.count == 4, rateHertz > 0 else { return nil }
        let rate = Double(rateHertz)
        var numbers = [4 of CompressorLane?](repeating: nil)
        var latency = 0
        for (i, values) in lanes.enumerated() {
            guard let values else { continue }
            guard let parameters = CompressorParameters(values: values) else { return nil }
            let lane = CompressorLane(parameters, rateHertz: rate)
            numbers[i] = lane
            latency = max(latency, lane.lookAheadFrames)
        }
        self.rateHertz = rate
        latencyFrames = latency
        kernel = CompressorKernel(numbers, keys: keys, rateHertz: rate)
    }

    package mutating func update(lane: Int, parameters: [Double]) {
        guard let parameters = CompressorParameters(values: parameters) else {
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
