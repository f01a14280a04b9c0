import LoudnessChecks
import Metering
import Quantities
import SoundFiles

/// One measured figure of both files.
struct FigureRow {
    let metric: Metric
    let a: Double?
    let b: Double?

    /// B - A; nil where one is missing or silent.
    var change: Double? {
        guard let a, let b, a.isFinite, b.isFinite else { return nil }
        return b - a
    }

    /// The unit of the difference.
    var changeUnit: String {
        switch metric.unit {
        case .lufs, .loudnessUnits: "LU"
        case .decibelsTruePeak, .decibelsFullScale, .decibels: "dB"
        default: metric.unit.rawValue
        }
    }

    /// Decimals that people see.
    var decimals: Int { metric.unit == .none ? 2 : 1 }

    static func rows(_ result: PairResult) -> [FigureRow] {
        let (first, second) = (result.first, result.second)
        return table.compactMap { metric, value in
            let (a, b) = (value(first), value(second))
            return a == nil && b == nil ? nil : FigureRow(metric: metric, a: a, b: b)
        }
    }

    private static let table: [(Metric, @Sendable (FileProfile) -> Double?)] = [
        (.integrated, { $0.loudness?.integrated?.value }),
        (.shortTermMaximum, { $0.loudness?.shortTermMaximum?.value }),
        (.momentaryMaximum, { $0.loudness?.momentaryMaximum?.value }),
        (.range, { $0.loudness?.rangeLoudnessUnits }),
        (.truePeak, { $0.loudness?.truePeak?.value }),
        (.samplePeak, { $0.loudness?.samplePeak?.value }),
        (.peakToLoudness, { $0.loudness?.peakToLoudnessRatio }),
        (.correlation, { $0.info.channelCount > 1 ? $0.signal.correlation : nil }),
        (.width, { $0.signal.sideToMid?.value }),
        (.balance, { $0.signal.balance?.value }),
        (.brightness, { $0.signal.brightness(seconds: 0..<$0.signal.secondCount)?.value }),
    ]
}
