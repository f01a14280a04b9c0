/// The settings of a gate, in the table's order and units.
package struct GateParameters: Sendable, Equatable {
    /// Opens at this level, -80 to 0 dB.
    package var thresholdDecibels: Double
    /// Closes this far below it, 0 to 24 dB.
    package var hysteresisDecibels: Double
    /// Decibels out per decibel in below the threshold, 1 or more; 1e300 stands for infinity, a gate.
    package var ratio: Double
    /// 63 % of the way up in decibels, 0.05 ms to 500 ms.
    package var attackSeconds: Double
    /// From the last sample above the closing level until it closes, 0 to 5 s.
    package var holdSeconds: Double
    /// 63 % of the way down in decibels, 1 ms to 5 s.
    package var releaseSeconds: Double
    /// The largest reduction, 0 to 120 dB.
    package var rangeDecibels: Double
    /// 0 to 20 ms.
    package var lookAheadSeconds: Double
    /// High-pass of the detector, 20 Hz to 20 kHz; 20 Hz is off.
    package var keyLowCutHertz: Double
    /// Low-pass of the detector, 20 Hz to 20 kHz; 20 kHz is off.
    package var keyHighCutHertz: Double

    static let names = [
        "threshold", "hysteresis", "ratio", "attack", "hold", "release", "range", "look-ahead", "key-low-cut",
        "key-high-cut",
    ]

    /// nil for a wrong count or a number outside its range.
    package init?(values: [Double]) {
        guard values.count == 10, (-80...0).contains(values[0]), (0...24).contains(values[1]), values[2] >= 1,
            (0.00005...0.5).contains(values[3]), (0...5).contains(values[4]), (0.001...5).contains(values[5]),
            (0...120).contains(values[6]), (0...0.02).contains(values[7]), (20...20_000).contains(values[8]),
            (20...20_000).contains(values[9])
        else { return nil }
        thresholdDecibels = values[0]
        hysteresisDecibels = values[1]
        ratio = values[2]
        attackSeconds = values[3]
        holdSeconds = values[4]
        releaseSeconds = values[5]
        rangeDecibels = values[6]
        lookAheadSeconds = values[7]
        keyLowCutHertz = values[8]
        keyHighCutHertz = values[9]
    }
}
