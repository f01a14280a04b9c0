/// Bounds for one metric.
package struct MetricLimit: Sendable, Hashable {
    package var metric: Metric
    package var bounds: Bounds

    /// In the metric's unit.
    package enum Bounds: Sendable, Hashable {
        /// Passes at equality.
        case atMost(Double)
        /// Passes at equality.
        case atLeast(Double)
        /// Both ends pass.
        case within(Double, Double)
        /// Passes where the distance is the tolerance or less.
        case target(Double, tolerance: Double)
    }

    package init(_ metric: Metric, _ bounds: Bounds) {
        self.metric = metric
        self.bounds = bounds
    }

    /// Guards the edge of a tolerance: -13.8 minus -14 is not 0.2 in binary, but 2e-16 more. A million
    /// times finer than what a meter resolves, a million times coarser than that rounding.
    package static let edgeGuard = 1e-9

    /// The bound that decides for a value, and how far inside (positive) or outside (negative) it lies.
    struct Verdict: Equatable {
        var bound: Double
        var margin: Double
        var passes: Bool
        /// Whether the value lies above what is allowed, for the words.
        var isTooHigh: Bool
    }

    func verdict(on value: Double) -> Verdict {
        switch bounds {
        case .atMost(let limit):
            return Verdict(
                bound: limit, margin: Self.difference(limit, value), passes: value <= limit, isTooHigh: value > limit)
        case .atLeast(let limit):
            return Verdict(
                bound: limit, margin: Self.difference(value, limit), passes: value >= limit, isTooHigh: false)
        case .within(let low, let high):
            // The nearer end decides.
            let isNearHigh = value > high || (value >= low && high - value <= value - low)
            return Verdict(
                bound: isNearHigh ? high : low,
                margin: isNearHigh ? Self.difference(high, value) : Self.difference(value, low),
                passes: value >= low && value <= high, isTooHigh: value > high)
        case .target(let target, let tolerance):
            let distance = Self.difference(value, target)
            let isAbove = distance > 0
            return Verdict(
                bound: isAbove ? target + tolerance : target - tolerance, margin: tolerance - distance.magnitude,
                passes: distance.magnitude <= tolerance + Self.edgeGuard, isTooHigh: isAbove)
        }
    }

    /// Infinite where one of the two is; 0 where both are the same infinity, never a NaN.
    private static func difference(_ a: Double, _ b: Double) -> Double { a == b ? 0 : a - b }

    /// "true peak at most -1.0 dBTP".
    package var demand: String {
        let title = metric.titleInSentence
        switch bounds {
        case .atMost(let limit): return "\(title) at most \(metric.written(limit))"
        case .atLeast(let limit): return "\(title) at least \(metric.written(limit))"
        case .within(let low, let high): return "\(title) from \(metric.written(low)) to \(metric.written(high))"
        case .target(let target, let tolerance):
            return "\(title) \(metric.written(target)) within \(metric.differenceWritten(tolerance))"
        }
    }
}

extension Metric {
    /// "true peak", "PLR", "DC offset": as it stands inside a sentence.
    var titleInSentence: String {
        let second = title.dropFirst().first
        guard let first = title.first, second?.isUppercase != true else { return title }
        return first.lowercased() + title.dropFirst()
    }

    /// "LU" for what parts two loudnesses, "dB" for two levels.
    var differenceUnit: String {
        switch unit {
        case .lufs, .loudnessUnits: "LU"
        case .decibelsTruePeak, .decibelsFullScale, .decibels: "dB"
        case .seconds, .hertz, .bits, .none: unit.rawValue
        }
    }

    /// With that many decimals and the unit; times of a minute and more as a clock as well.
    func written(_ value: Double, decimals: Int) -> String {
        let text = NumberText.fixed(value, decimals: decimals)
        let clock =
            unit == .seconds && value.isFinite && value >= 60 ? " (\(NumberText.time(value, tenths: true)))" : ""
        return unit == .none ? text : text + " " + unit.rawValue + clock
    }

    /// With as many decimals as the number was written with, at least those that are usual.
    func written(_ value: Double) -> String {
        written(value, decimals: Self.decimals(of: value, atLeast: shownDecimals))
    }

    func differenceWritten(_ value: Double, decimals: Int? = nil) -> String {
        let text = NumberText.fixed(value, decimals: decimals ?? Self.decimals(of: value, atLeast: shownDecimals))
        return differenceUnit.isEmpty ? text : text + " " + differenceUnit
    }

    /// The decimals that a written number needs, at most 6.
    static func decimals(of value: Double, atLeast least: Int) -> Int {
        guard value.isFinite else { return least }
        var scaled = value.magnitude
        for _ in 0..<least { scaled *= 10 }
        var count = least
        while count < 6, (scaled - scaled.rounded()).magnitude > 1e-6 {
            scaled *= 10
            count += 1
        }
        return count
    }
}
