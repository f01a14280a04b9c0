/// The settings of a chorus, in the table's order and units.
package struct ChorusParameters: Sendable, Equatable {
    package static let names = ["rate", "depth", "delay", "voices", "feedback", "width", "mix"]
    static let longestDelaySeconds = 0.05
    static let longestDepthSeconds = 0.01

    /// Cycles a second, 0.01 to 10 Hz.
    package var hertz: Double
    /// Swing to either side of the delay, 0 to 0.01 s.
    package var depthSeconds: Double
    /// 0.001 to 0.05 s.
    package var delaySeconds: Double
    /// 1 to 4, as the choices 0 to 3.
    package var voiceCount: Int
    /// 0 to 0.7 of the voices' mean goes back.
    package var feedback: Double
    /// 0: the same voices on both sides, 1: each side its own.
    package var width: Double
    /// 0 dry to 1 wet.
    package var mix: Double

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == Self.names.count, (0.01...10).contains(values[0]),
            (0...0.01).contains(values[1]),
            (0.001...0.05).contains(values[2]), let choice = Int(exactly: values[3]),
            (0...3).contains(choice),
            (0...0.7).contains(values[4]), (0...1).contains(values[5]), (0...1).contains(values[6])
        else { return nil }
        (hertz, depthSeconds, delaySeconds, voiceCount) = (values[0], values[1], values[2], choice + 1)
        (feedback, width, mix) = (values[4], values[5], values[6])
    }
}
