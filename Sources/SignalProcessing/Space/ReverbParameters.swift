/// What a reverb is set to: the numbers of its row in the table of devices.
package struct ReverbParameters: Sendable, Equatable {
    /// Which lengths, which diffusion and which beginning.
    package enum Character: Int, Sendable, CaseIterable {
        /// Lines of 31 to 104 ms and the reflections of a hall of 27 x 18 x 11 m at size 1.
        case hall
        /// Lines of 13 to 44 ms and the reflections of a room of 6 x 5 x 3 m at size 1.
        case room
        /// Lines of 12 to 42 ms; dense from the first millisecond, bright, without reflections.
        case plate
    }

    package static let names = [
        "type", "decay", "predelay", "damping", "size", "width", "mix", "low-decay", "low-crossover", "high-decay",
        "diffusion", "modulation", "early",
    ]

    package var character: Character
    /// T60 of the middle, 0.1 to 20 seconds.
    package var decaySeconds: Double
    /// Silence before the reverberation, 0 to 0.5 seconds.
    package var predelaySeconds: Double
    /// From here up the T60 is `highDecay` times that of the middle, which ends two octaves below: 500 to
    /// 20,000 Hz.
    package var dampingHertz: Double
    /// Scale of the lengths, 0.25 to 2.
    package var size: Double
    /// 0 mono to 1 wide.
    package var width: Double
    /// 0 dry to 1 wet.
    package var mix: Double
    /// T60 below `lowCrossoverHertz` re the middle, 0.25 to 4.
    package var lowDecay: Double
    /// Up to here the T60 is `lowDecay` times that of the middle, which begins two octaves above: 50 to 1000
    /// Hz.
    package var lowCrossoverHertz: Double
    /// T60 above `dampingHertz` re the middle, 0.1 to 2.
    package var highDecay: Double
    /// 0 to 1: how much the all-passes before the network spread an onset.
    package var diffusion: Double
    /// 0 to 1: how far two of the lines change their lengths.
    package var modulation: Double
    /// Level of the early reflections (of a plate: of its onset), in decibels re their natural one, up to 12.
    package var earlyDecibels: Double

    /// - Parameter values: In the order of `names`; nil where one is out of range.
    package init?(values: [Double]) {
        guard values.count == Self.names.count,
            let character = Int(exactly: values[0]).flatMap(Character.init(rawValue:)),
            (0.1...20).contains(values[1]), (0...0.5).contains(values[2]), (500...20_000).contains(values[3]),
            (0.25...2).contains(values[4]), (0...1).contains(values[5]), (0...1).contains(values[6]),
            (0.25...4).contains(values[7]), (50...1000).contains(values[8]), (0.1...2).contains(values[9]),
            (0...1).contains(values[10]), (0...1).contains(values[11]), values[12] <= 12
        else { return nil }
        self.character = character
        (decaySeconds, predelaySeconds, dampingHertz) = (values[1], values[2], values[3])
        (size, width, mix) = (values[4], values[5], values[6])
        (lowDecay, lowCrossoverHertz, highDecay) = (values[7], values[8], values[9])
        (diffusion, modulation, earlyDecibels) = (values[10], values[11], values[12])
    }
}
