package import Metering
package import Quantities
package import SoundFiles

/// What a delivered file measures when it is read back, with true peaks at sixteenfold oversampling.
///
/// The finish works and is solved on fourfold oversampling of samples before dither; this is the stricter
/// look at what was really written.
package struct DeliveredCheck: Sendable {
    package let path: String
    package let info: SoundFileInfo
    /// To be pooled with those of other songs, and for curves.
    package let summary: LoudnessSummary
    /// What the summary was folded from: enough to have this check again without reading a sample.
    package let windows: [SegmentMeasurement]

    /// How far the true peak may lie above the ceiling, in dB: dither, rounding and what fourfold
    /// oversampling does not see.
    package static let ceilingToleranceDecibels = 0.05
    /// How far integrated loudness may lie from the target, in LU.
    package static let targetToleranceLoudnessUnits = 0.1

    package var integrated: LUFS? { summary.integrated }
    package var shortTermMaximum: LUFS? { summary.shortTermMaximum }
    package var momentaryMaximum: LUFS? { summary.momentaryMaximum }
    package var rangeLoudnessUnits: Double? { summary.rangeLoudnessUnits }
    /// `-inf` for silence; nil where a sample is NaN or infinite.
    package var truePeak: DecibelsTruePeak? { summary.truePeak }
    /// `-inf` for silence; nil where a sample is NaN or infinite.
    package var samplePeak: Decibels? { summary.samplePeak }

    /// Reads and measures a file of one or two channels from front to back.
    ///
    /// - Throws: `ReleaseError` where it cannot be read, or its rate has no hop of 10 ms.
    package static func measure(path: String) throws -> DeliveredCheck {
        let reader = try releasing(path) { try SoundFileReader(path: path) }
        let info = reader.info
        guard LoudnessAnalyzer.isSupported(rateHertz: info.rate), info.channelCount <= 2 else {
            throw ReleaseError(
                .readFailed, "has \(info.channelCount) channels at \(info.rate) Hz, which are not measured.",
                path: path)
        }
        let analyzer = LoudnessAnalyzer(
            rateHertz: info.rate, channelCount: info.channelCount, oversampling: .sixteenfold)
        let empty = LoudnessSummary(rateHertz: info.rate, channelCount: info.channelCount)
        var meter = SongMeter(analyzer, into: empty, keepsWindows: true)
        try releasing(path) {
            try meter.append(frameCount: info.frameCount) { try reader.read($0, planes: $1) }
        }
        let summary = meter.finish()
        return DeliveredCheck(path: path, info: info, summary: summary, windows: meter.windows)
    }

    /// The check of a file that was measured before and has not changed since; nil where these are no measurements of
    /// such a file.
    ///
    /// - Parameter windows: `windows` of the check that was made then.
    package static func restored(path: String, windows: [SegmentMeasurement]) -> DeliveredCheck? {
        guard let info = try? SoundFileReader.probe(path: path), LoudnessAnalyzer.isSupported(rateHertz: info.rate),
            info.channelCount <= 2
        else { return nil }
        var summary = LoudnessSummary(rateHertz: info.rate, channelCount: info.channelCount)
        for window in windows {
            do { try summary.append(window) } catch { return nil }
        }
        guard summary.frameCount == info.frameCount else { return nil }
        return DeliveredCheck(path: path, info: info, summary: summary, windows: windows)
    }

    /// Why the file is not what was asked for; empty where it is.
    ///
    /// - Parameters:
    ///   - target: nil where there is none, or where it is the album's (see `albumVerdict`).
    ///   - ceiling: nil where there is none.
    package func verdict(target: LUFS?, ceiling: DecibelsTruePeak?) -> [String] {
        guard summary.nonFiniteSampleCount == 0 else {
            return ["\(summary.nonFiniteSampleCount) samples are NaN or infinite"]
        }
        var reasons: [String] = []
        if let target { reasons += Self.reasons(integrated, target, "integrated loudness") }
        if let ceiling, let truePeak, truePeak.value > ceiling.value + Self.ceilingToleranceDecibels {
            reasons.append(
                "true peak is \(hundredths(truePeak.value)) dBTP, above the ceiling of "
                    + "\(hundredths(ceiling.value)) dBTP")
        }
        return reasons
    }

    /// Why the songs together are not at the album's target; empty where they are.
    package static func albumVerdict(_ songs: [DeliveredCheck], target: LUFS) -> [String] {
        reasons(LoudnessSummary.integrated(pooling: songs.map(\.summary)), target, "the album's loudness")
    }

    private static func reasons(_ measured: LUFS?, _ target: LUFS, _ what: String) -> [String] {
        guard let measured else {
            return ["\(what) cannot be measured: less than 400 ms, or all below -70 LUFS"]
        }
        // A thousandth for what dither and rounding change after the gain was chosen.
        guard (measured.value - target.value).magnitude > targetToleranceLoudnessUnits + 0.001 else {
            return []
        }
        return [
            "\(what) is \(hundredths(measured.value)) LUFS, more than \(oneDecimal(targetToleranceLoudnessUnits)) LU "
                + "from the target of \(hundredths(target.value)) LUFS"
        ]
    }
}

/// Two decimals, half away from zero; infinities by name.
private func hundredths(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e12 else { return oneDecimal(value) }
    let count = Int((value * 100).rounded(.toNearestOrAwayFromZero))
    let digits = String(count.magnitude % 100)
    return "\(count < 0 ? "-" : "")\(count.magnitude / 100).\(digits.count < 2 ? "0" : "")\(digits)"
}
