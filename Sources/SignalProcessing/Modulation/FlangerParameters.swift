/// The settings of a flanger, in the table's order and units.
package struct FlangerParameters: Sendable, Equatable {
    package static let names = ["rate", "depth", "delay", "feedback", "stereo-phase", "mix"]
    static let longestDelaySeconds = 0.01
    static let longestDepthSeconds = 0.01

    /// Cycles a second, 0.01 to 10 Hz.
    package var hertz: Double
    /// How far the delay goes beyond its shortest, 0 to 0.01 s.
    package var depthSeconds: Double
    /// The shortest delay, 0.0002 to 0.01 s.
    package var delaySeconds: Double
    /// -0.95 to 0.95.
    package var feedback: Double
    /// How far the right channel is ahead, 0 to 180 degrees.
    package var stereoPhaseDegrees: Double
    /// 0 dry to 1 wet; 0.5 has the deepest notches.
    package var mix: Double

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == Self.names.count, (0.01...10).contains(values[0]),
            (0...0.01).contains(values[1]),
            (0.0002...0.01).contains(values[2]), (-0.95...0.95).contains(values[3]),
            (0...180).contains(values[4]),
            (0...1).contains(values[5])
        else { return nil }
        (hertz, depthSeconds, delaySeconds) = (values[0], values[1], values[2])
        (feedback, stereoPhaseDegrees, mix) = (values[3], values[4], values[5])
    }
}
