/// OpenMetrics 1.0 text: one gauge for each metric, one sample for each file or group that has it.
///
/// GitLab compares the values as strings, so decimals are fixed. It also drops what stands behind a "#" in a line,
/// inside quotes too, so that sign is written as the wide "＃" in labels.
package enum OpenMetricsReport {
    /// All families and the end mark.
    package static func document(_ report: CheckReport) -> String {
        var text = ""
        let subjects = subjects(report)
        for metric in Metric.all { text += family(metric, subjects) }
        if report.isJudged {
            text += "# TYPE lathe_findings gauge\n# HELP lathe_findings Broken rules that no waiver accepts.\n"
            for severity in Severity.allCases.reversed() {
                text += "lathe_findings{severity=\"\(severity.rawValue)\"} \(report.count(severity))\n"
            }
            text += "# TYPE lathe_passed gauge\n# HELP lathe_passed Whether the check passed: 1 or 0.\n"
            text += "lathe_passed \(report.passes ? 1 : 0)\n"
        }
        return text + "# EOF\n"
    }

    private struct Subject {
        var labels: String
        var values: MetricValues
    }

    /// What has values. Two names that became the same are told apart: samples must not repeat.
    private static func subjects(_ report: CheckReport) -> [Subject] {
        var seen: Set<String> = []
        let labels = { (id: String, scope: CheckScope) in
            let name = label(SinkText.name(id))
            var (item, ordinal) = (name, 1)
            while !seen.insert(item).inserted {
                ordinal += 1
                item = "\(name) (\(ordinal))"
            }
            return "{item=\"\(item)\",scope=\"\(scope.rawValue)\"}"
        }
        let items = report.items.compactMap { item in
            item.measurement.map { Subject(labels: labels(item.id, item.scope), values: $0.values) }
        }
        return items + report.groups.map { Subject(labels: labels($0.id, .album), values: $0.values) }
    }

    private static func family(_ metric: Metric, _ subjects: [Subject]) -> String {
        var samples = ""
        let name = name(of: metric)
        for subject in subjects {
            guard let value = subject.values[metric]?.number, !value.isNaN else { continue }
            let number =
                value.isFinite ? NumberText.fixed(value, decimals: metric.decimals) : value < 0 ? "-Inf" : "+Inf"
            samples += "\(name)\(subject.labels) \(number)\n"
        }
        guard !samples.isEmpty else { return "" }
        let unit = unit(of: metric)
        return "# TYPE \(name) gauge\n" + (unit.isEmpty ? "" : "# UNIT \(name) \(unit)\n")
            + "# HELP \(name) \(metric.title). \(escaped(metric.definition))\n" + samples
    }

    /// `lathe_true_peak_dbtp`: the format wants the unit at the end.
    static func name(of metric: Metric) -> String {
        let words = String(metric.keyName.map { $0 == "-" ? "_" : $0 })
        let unit = unit(of: metric)
        return "lathe_" + words + (unit.isEmpty ? "" : "_" + unit)
    }

    private static func unit(of metric: Metric) -> String {
        switch metric.unit {
        case .lufs: "lufs"
        case .loudnessUnits: "lu"
        case .decibelsTruePeak: "dbtp"
        case .decibelsFullScale: "dbfs"
        case .decibels: "db"
        case .seconds: "seconds"
        case .hertz: "hertz"
        case .bits: "bits"
        case .none: ""
        }
    }

    private static func label(_ text: String) -> String {
        escaped(text.unicodeScalars.reduce(into: "") { $0.unicodeScalars.append($1 == "#" ? "＃" : $1) })
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
