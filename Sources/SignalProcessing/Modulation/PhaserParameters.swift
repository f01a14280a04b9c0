/// The settings of a phaser, in the table's order and units.
package struct PhaserParameters: Sendable, Equatable {
    package static let names = ["rate", "depth", "frequency", "stages", "feedback", "stereo-phase", "mix"]
    /// What the choice of stages stands for.
    package static let stageCounts = [4, 6, 8, 12]

    /// Cycles a second, 0.01 to 10 Hz.
    package var hertz: Double
    /// Swing to either side of the centre, 0 to 3 octaves.
    package var depthOctaves: Double
    /// Where a stage turns by 90 degrees in the middle of the swing, 100 to 5000 Hz.
    package var centreHertz: Double
    /// 4, 6, 8 or 12.
    package var stageCount: Int
    /// -0.95 to 0.95.
    package var feedback: Double
    /// How far the right channel is ahead, 0 to 180 degrees.
    package var stereoPhaseDegrees: Double
    /// 0 dry to 1 wet; 0.5 has the deepest notches.
    package var mix: Double

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == Self.names.count, (0.01...10).contains(values[0]), (0...3).contains(values[1]),
            (100...5000).contains(values[2]), let choice = Int(exactly: values[3]),
            Self.stageCounts.indices.contains(choice), (-0.95...0.95).contains(values[4]),
            (0...180).contains(values[5]), (0...1).contains(values[6])
        else { return nil }
        (hertz, depthOctaves, centreHertz) = (values[0], values[1], values[2])
        (stageCount, feedback) = (Self.stageCounts[choice], values[4])
        (stereoPhaseDegrees, mix) = (values[5], values[6])
    }
}
