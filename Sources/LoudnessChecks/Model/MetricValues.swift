/// What a meter found for one metric.
package enum MetricValue: Sendable, Hashable {
    /// In the metric's unit, unrounded. `-.infinity` is the level of silence.
    case number(Double)
    /// The signal has no such value; the reason is for people: "shorter than 400 ms".
    case unmeasurable(String)

    package var number: Double? { if case .number(let value) = self { value } else { nil } }
}

/// The values of one file, album or set of stems; what is absent was not measured.
package struct MetricValues: Sendable, Hashable {
    private var values: [String: MetricValue] = [:]

    package init() {}

    package subscript(_ metric: Metric) -> MetricValue? {
        get { values[metric.name] }
        set { values[metric.name] = newValue }
    }

    /// In the order of `Metric.all`.
    package var entries: [(metric: Metric, value: MetricValue)] {
        Metric.all.compactMap { metric in values[metric.name].map { (metric, $0) } }
    }
}
