/// One figure, then and now, and whether it stayed where it was.
struct FigureComparison {
    /// Now minus then; nil where one of them is no number.
    private(set) var difference: Double?
    let isPassed: Bool
    /// Without the remedy.
    let message: String

    /// Nil where neither has the figure.
    init?(metric: Metric, old: MetricValue?, new: MetricValue?, limit: Double) {
        let title = metric.titleInSentence
        switch (old, new) {
        case (nil, nil):
            return nil
        case (nil, .some(let isNow)):
            isPassed = false
            message = "\(title) is \(Self.text(isNow, metric)), and the baseline has none"
        case (.some(let was), nil):
            isPassed = false
            message = "\(title) was not measured, and the baseline has \(Self.text(was, metric))"
        case (.number(let was), .number(let isNow)):
            // Equal infinities are equal; their difference would be no number.
            let moved = was == isNow ? 0 : isNow - was
            // Both are whole numbers of thousandths, and their difference must be too.
            let difference = LockNumber.rounded(moved, decimals: metric.decimals)
            let isFine = difference != 0 && difference.magnitude < 0.1
            self.difference = difference
            isPassed = difference.magnitude <= limit + 1e-9
            let figures = { DriftText.figure($0, metric, isFine: isFine) }
            message =
                difference == 0
                ? "\(title) is \(figures(isNow)) as in the baseline"
                : "\(title) is \(figures(isNow)), \(DriftText.difference(difference, metric, isFine: isFine)) than "
                    + "the baseline's \(figures(was))"
        case (.unmeasurable, .unmeasurable):
            isPassed = true
            message = "\(title) cannot be measured, as in the baseline"
        case (.some(let was), .some(let isNow)):
            isPassed = false
            message = "\(title) is \(Self.text(isNow, metric)), and the baseline has \(Self.text(was, metric))"
        }
    }

    static func text(_ value: MetricValue, _ metric: Metric) -> String {
        switch value {
        case .number(let number): DriftText.figure(number, metric, isFine: false)
        case .unmeasurable(let reason): "unmeasurable (\(reason))"
        }
    }
}

/// All figures of one subject that are not what they were.
enum FigureList {
    struct Difference {
        let metric: Metric
        /// "integrated -14.2 to -14.0 LUFS".
        let text: String
    }

    /// In the order of `Metric.all`. The count of overs is left out: it follows the ceiling that was asked for.
    static func differences(_ old: MetricValues, _ new: MetricValues) -> [Difference] {
        Metric.all.compactMap { metric in
            guard metric != .overs, old[metric] != new[metric] else { return nil }
            return Difference(metric: metric, text: text(metric, old[metric], new[metric]))
        }
    }

    private static func text(_ metric: Metric, _ old: MetricValue?, _ new: MetricValue?) -> String {
        if case .number(let was) = old, case .number(let isNow) = new {
            let isFine = LockNumber.rounded(isNow - was, decimals: metric.decimals).magnitude < 0.1
            let unit = metric.unit.rawValue
            let decimals = isFine || metric.unit == .none ? metric.decimals : min(1, metric.decimals)
            return "\(metric.keyName) \(NumberText.fixed(was, decimals: decimals)) to "
                + NumberText.fixed(isNow, decimals: decimals) + (unit.isEmpty ? "" : " " + unit)
        }
        let side = { (value: MetricValue?) in value.map { FigureComparison.text($0, metric) } ?? "not measured" }
        return "\(metric.keyName) \(side(old)) to \(side(new))"
    }
}
