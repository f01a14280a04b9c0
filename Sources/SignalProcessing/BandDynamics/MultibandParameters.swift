/// The settings of one band of a multiband compressor, in the table's order and units.
package struct MultibandBand: Sendable, Equatable {
    /// The crossover frequency at the band's top, 20 Hz to 20 kHz; without effect in the last band.
    package var upToHertz = 20_000.0
    /// -80 to 0 dB.
    package var thresholdDecibels = 0.0
    /// 1 or more; 1e300 stands for infinity.
    package var ratio = 1.0
    /// 63 % of the change in decibels, 0.1 ms to 0.5 s.
    package var attackSeconds = 0.01
    /// 63 % of the change in decibels, 10 ms to 5 s.
    package var releaseSeconds = 0.1
    /// Width of the quadratic knee, 0 to 24 dB.
    package var kneeDecibels = 0.0
    /// The largest reduction, 0 to 60 dB.
    package var rangeDecibels = 60.0
    /// -24 to 24 dB.
    package var makeUpDecibels = 0.0
    /// Whether the band passes as the crossovers leave it.
    package var isBypassed = false

    static let names = [
        "up-to", "threshold", "ratio", "attack", "release", "knee", "range", "make-up", "bypass",
    ]

    /// A band that changes nothing.
    package init() {}

    /// Reads the numbers of a band from `first` on; nil for one outside its range.
    init?(values: [Double], from first: Int) {
        guard (20...20_000).contains(values[first]), (-80...0).contains(values[first + 1]), values[first + 2] >= 1,
            (0.0001...0.5).contains(values[first + 3]), (0.01...5).contains(values[first + 4]),
            (0...24).contains(values[first + 5]), (0...60).contains(values[first + 6]),
            (-24...24).contains(values[first + 7]), values[first + 8] == 0 || values[first + 8] == 1
        else { return nil }
        upToHertz = values[first]
        thresholdDecibels = values[first + 1]
        ratio = values[first + 2]
        attackSeconds = values[first + 3]
        releaseSeconds = values[first + 4]
        kneeDecibels = values[first + 5]
        rangeDecibels = values[first + 6]
        makeUpDecibels = values[first + 7]
        isBypassed = values[first + 8] == 1
    }
}

/// The settings of a multiband compressor: the device's own, then those of its bands from the lowest up.
package struct MultibandParameters: Sendable {
    /// How many bands there may be.
    package static let bandCounts = 2...5
    static let names = ["mix"]

    /// How much of the gains, 0 to 1.
    package var mix: Double
    /// How many of them there are.
    package let bandCount: Int
    private var bands = InlineArray<5, MultibandBand>(repeating: MultibandBand())

    /// nil for a wrong count or a number outside its range.
    ///
    /// Crossovers of which one lies below the one before it count as equal: automation may cross them.
    package init?(values: [Double]) {
        let (count, rest) = (values.count - 1).quotientAndRemainder(dividingBy: MultibandBand.names.count)
        guard rest == 0, Self.bandCounts.contains(count), (0...1).contains(values[0]) else { return nil }
        mix = values[0]
        bandCount = count
        var lowest = 0.0
        for i in 0..<count {
            guard var band = MultibandBand(values: values, from: 1 + i * MultibandBand.names.count) else { return nil }
            band.upToHertz = band.upToHertz < lowest ? lowest : band.upToHertz
            lowest = band.upToHertz
            bands[i] = band
        }
    }

    /// The settings of a band, counted from the lowest one.
    package subscript(band: Int) -> MultibandBand { bands[band] }
}
