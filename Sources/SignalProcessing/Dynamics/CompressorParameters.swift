/// What a compressor listens to.
package enum CompressorDetector: Int, Sendable, Hashable, CaseIterable {
    /// The larger of the two channels' magnitudes.
    case peak
    /// The root of the mean square of both channels.
    case rms
}

/// The parameters of `Compressor`, in the table's order and units.
package struct CompressorParameters: Sendable, Equatable {
    /// -80 to 0 dB.
    package var thresholdDecibels: Double
    /// 1 or more; 1e300 stands for infinity, which limits.
    package var ratio: Double
    /// 10 us to 1 s: the time in which the gain, in dB, covers 63 % (1 - 1/e) of a step down.
    package var attackSeconds: Double
    /// 1 ms to 10 s: the same for a step up.
    package var releaseSeconds: Double
    /// 0 to 40 dB: width of the quadratic knee, half of it on each side of the threshold.
    package var kneeDecibels = 0.0
    /// -24 to 36 dB.
    package var makeUpDecibels = 0.0
    package var detector = CompressorDetector.peak
    /// 0 to 60 dB: the most that the static curve takes off.
    package var rangeDecibels = 60.0
    /// 0 to 20 ms, rounded to whole frames: the latency.
    package var lookAheadSeconds = 0.0
    /// 10 Hz to 5 kHz; at 10 Hz the key has no high-pass.
    package var keyLowCutHertz = Self.lowestKeyHertz
    /// 100 Hz to 20 kHz; at 20 kHz the key has no low-pass.
    package var keyHighCutHertz = Self.highestKeyHertz
    /// 0 (each channel has its own gain) to 1 (both have the same).
    package var link = 1.0
    /// 0 (dry) to 1 (compressed), added in phase.
    package var mix = 1.0
    /// Adds half of what the static curve takes off at 0 dBFS to the make-up gain.
    package var makesUpByItself = false
    /// 0 to 100 ms: the RMS detector averages over no less than this, even where attack and release then take longer.
    package var averagingSeconds = 0.0

    static let lowestKeyHertz = 10.0
    static let highestKeyHertz = 20_000.0

    package init(
        thresholdDecibels: Double, ratio: Double, attackSeconds: Double, releaseSeconds: Double
    ) {
        self.thresholdDecibels = thresholdDecibels
        self.ratio = ratio
        self.attackSeconds = attackSeconds
        self.releaseSeconds = releaseSeconds
    }

    /// Reads numbers in the order of `Compressor.parameterNames`; nil where one is outside its range.
    package init?(values: [Double]) {
        guard values.count == Compressor.parameterNames.count, (-80...0).contains(values[0]), values[1] >= 1,
            (0.000_01...1).contains(values[2]), (0.001...10).contains(values[3]), (0...40).contains(values[4]),
            (-24...36).contains(values[5]), let detector = Int(exactly: values[6]).flatMap(CompressorDetector.init),
            (0...60).contains(values[7]), (0...0.02).contains(values[8]),
            (Self.lowestKeyHertz...5000).contains(values[9]),
            (100...Self.highestKeyHertz).contains(values[10]), (0...1).contains(values[11]),
            (0...1).contains(values[12]), values[13] == 0 || values[13] == 1, (0...0.1).contains(values[14])
        else { return nil }
        self.init(
            thresholdDecibels: values[0], ratio: values[1], attackSeconds: values[2], releaseSeconds: values[3])
        kneeDecibels = values[4]
        makeUpDecibels = values[5]
        self.detector = detector
        rangeDecibels = values[7]
        lookAheadSeconds = values[8]
        keyLowCutHertz = values[9]
        keyHighCutHertz = values[10]
        link = values[11]
        mix = values[12]
        makesUpByItself = values[13] == 1
        averagingSeconds = values[14]
    }

    /// The numbers in the order of `Compressor.parameterNames`.
    package var values: [Double] {
        [
            thresholdDecibels, ratio, attackSeconds, releaseSeconds, kneeDecibels, makeUpDecibels,
            Double(detector.rawValue), rangeDecibels, lookAheadSeconds, keyLowCutHertz, keyHighCutHertz, link, mix,
            makesUpByItself ? 1 : 0, averagingSeconds,
        ]
    }
}

/// The parameters of `BusCompressor`, in the table's order and units.
package struct BusCompressorParameters: Sendable, Equatable {
    /// -60 to 0 dB.
    package var thresholdDecibels: Double
    /// 1 to 20.
    package var ratio: Double
    /// 0.1 to 100 ms.
    package var attackSeconds = 0.01
    /// 20 ms to 2 s; without effect where the release follows the programme.
    package var releaseSeconds = 0.1
    /// The programme-dependent release instead of `releaseSeconds`.
    package var releasesByItself = true
    /// 0 to 24 dB.
    package var kneeDecibels = 6.0
    /// -12 to 24 dB.
    package var makeUpDecibels = 0.0
    /// 10 to 500 Hz; at 10 Hz the key has no high-pass.
    package var keyLowCutHertz = CompressorParameters.lowestKeyHertz
    /// 0 (dry) to 1 (compressed), added in phase.
    package var mix = 1.0

    package init(thresholdDecibels: Double, ratio: Double) {
        self.thresholdDecibels = thresholdDecibels
        self.ratio = ratio
    }

    /// Reads numbers in the order of `BusCompressor.parameterNames`; nil where one is outside its range.
    package init?(values: [Double]) {
        guard values.count == BusCompressor.parameterNames.count, (-60...0).contains(values[0]),
            (1...20).contains(values[1]), (0.0001...0.1).contains(values[2]), (0.02...2).contains(values[3]),
            values[4] == 0 || values[4] == 1, (0...24).contains(values[5]), (-12...24).contains(values[6]),
            (CompressorParameters.lowestKeyHertz...500).contains(values[7]), (0...1).contains(values[8])
        else { return nil }
        self.init(thresholdDecibels: values[0], ratio: values[1])
        attackSeconds = values[2]
        releaseSeconds = values[3]
        releasesByItself = values[4] == 1
        kneeDecibels = values[5]
        makeUpDecibels = values[6]
        keyLowCutHertz = values[7]
        mix = values[8]
    }

    /// The numbers in the order of `BusCompressor.parameterNames`.
    package var values: [Double] {
        [
            thresholdDecibels, ratio, attackSeconds, releaseSeconds, releasesByItself ? 1 : 0, kneeDecibels,
            makeUpDecibels, keyLowCutHertz, mix,
        ]
    }
}
