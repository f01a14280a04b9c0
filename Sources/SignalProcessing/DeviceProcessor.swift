/// A processor that is a device of a session: made from the numbers of its row in the table of devices.
///
/// `parameters` are in the table's order and units: decibels, hertz, seconds, fractions for percentages, the index of
/// a choice, 0 or 1 for a switch; then, for each band of a device that has bands, the band's own parameters. An
/// infinite value arrives as +-1e300, a gain of `-inf dB` as -10,000.
///
/// A processor is a pure function of them, of the rate and of its version, designed with PinnedMath.
package protocol StereoDevice: StereoProcessor {
    /// The keys of the table in order; `parameters` begins with them.
    static var parameterNames: [String] { get }
    /// The keys of a band in order; empty for a device without bands.
    static var bandParameterNames: [String] { get }

    /// nil where the numbers are not ones that the table allows.
    init?(parameters: [Double], rateHertz: Int)

    /// Takes new values of automated parameters from the next frame on; allocates nothing.
    ///
    /// The engine calls it on the control grid only: at frames that are multiples of 8, and a value stays for at
    /// least 8 frames. So a processor may glide to new values in 8 frames; it must have arrived by the next multiple.
    /// A processor made with the values before, that has read a snapshot and is then updated, goes on bit for bit
    /// like the one that wrote the snapshot. Parameters that are choices, switches or change the latency stay.
    mutating func update(parameters: [Double])

    /// As `process(left:right:at:)`, listening to a side-chain of the same length.
    mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, keyLeft: Span<Float>, keyRight: Span<Float>,
        at frame: Int)
}

extension StereoDevice {
    package static var bandParameterNames: [String] { [] }

    package mutating func process(
        left: inout MutableSpan<Float>, right: inout MutableSpan<Float>, keyLeft: Span<Float>, keyRight: Span<Float>,
        at frame: Int
    ) { preconditionFailure("a device without a side-chain") }
}

/// A device on four strips at once.
///
/// A lane's result depends on its own parameters and signal alone. `frame`, the grid and `parameters` are as for
/// `StereoDevice`. Lanes may have different latencies.
package protocol LaneDevice: LaneProcessor {
    /// Changes whenever the same input would give other bits; part of every task key.
    static var version: UInt32 { get }
    static var parameterNames: [String] { get }
    /// The keys of a band in order; empty for a device without bands.
    static var bandParameterNames: [String] { get }

    /// Frames by which a lane with these parameters lags; nil where the numbers are not ones that the table allows.
    static func latencyFrames(parameters: [Double], rateHertz: Int) -> Int?

    /// Frames after the last input frame above zero beyond which a lane stays below -100 dB of what went in.
    static func tailFrames(parameters: [Double], rateHertz: Int) -> Int

    /// - Parameter lanes: Parameters of the four strips; nil for a lane that passes, bit for bit.
    /// - Parameter keys: Per strip, whether it listens to the key instead of its own signal.
    init?(lanes: [[Double]?], keys: [Bool], rateHertz: Int)

    /// As `StereoDevice.update(parameters:)`, for one strip.
    mutating func update(lane: Int, parameters: [Double])
}

extension LaneDevice {
    package static var bandParameterNames: [String] { [] }
}
