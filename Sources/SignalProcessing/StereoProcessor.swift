/// The contract of a processor of one stereo signal held in planar spans, such as a limiter, a delay or a
/// reverb.
///
/// `process` neither allocates, locks, reads a clock nor calls libm. The same input gives the same bits
/// whatever the lengths of the blocks it arrives in. `frame` is the song's absolute frame of the block's
/// first input frame (it may be negative while latency is primed); anything periodic is a function of it
/// alone.
///
/// Snapshot and restore: at every segment boundary the engine writes the snapshot **and then restores the
/// processor from those bytes**, whether or not anything was cached, so rounding is part of the arithmetic.
/// NaN or infinity in the signal reaches the state; `SnapshotWriter.finish()` then throws `notFinite`.
package protocol StereoProcessor: Sendable {
    /// Changes whenever the same input would give other bits; part of every task key.
    static var version: UInt32 { get }

    /// Frames by which the output lags the input; constant after init.
    var latencyFrames: Int { get }

    /// Frames after the last input frame above zero, latency not counted, beyond which the output stays below
    /// -100 dB of what went in.
    var tailFrames: Int { get }

    /// Processes one block in place; both spans have the same length.
    mutating func process(left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, at frame: Int)

    /// Writes the state. Recursive state goes through `put(recursive:)`, signal through `put(signal:)`.
    func write(to snapshot: inout SnapshotWriter)

    /// Replaces the state by the one written at this point of a snapshot of a processor with equal
    /// coefficients.
    mutating func read(from snapshot: inout SnapshotReader) throws
}
