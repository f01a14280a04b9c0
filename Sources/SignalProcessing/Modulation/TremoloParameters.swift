/// The settings of a tremolo, in the table's order and units.
package struct TremoloParameters: Sendable, Equatable {
    package static let names = ["rate", "depth", "shape", "stereo-phase", "law"]

    package enum Shape: Int, Sendable, CaseIterable { case sine, triangle, square }

    package enum Law: Int, Sendable, CaseIterable { case amplitude, power }

    /// Cycles a second, 0.01 to 20 Hz.
    package var hertz: Double
    /// 0 to 1: the gain, or with `Law.power` its square, goes from 1 to 1 less this.
    package var depth: Double
    package var shape: Shape
    /// How far the right channel is ahead, 0 to 180 degrees.
    package var stereoPhaseDegrees: Double
    /// What follows the wave.
    package var law: Law

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == Self.names.count, (0.01...20).contains(values[0]), (0...1).contains(values[1]),
            let shape = Int(exactly: values[2]).flatMap(Shape.init(rawValue:)), (0...180).contains(values[3]),
            let law = Int(exactly: values[4]).flatMap(Law.init(rawValue:))
        else { return nil }
        (hertz, depth, self.shape, stereoPhaseDegrees) = (values[0], values[1], shape, values[3])
        self.law = law
    }
}
