/// Writes metric families as OpenMetrics 1.0 has them: descriptors first, then the samples, no family twice.
///
/// A value that a reader could not take (not finite, or a counter below zero) is left out: absent means not known.
struct OpenMetricsWriter {
    /// The document so far, without `# EOF`.
    private(set) var text = ""
    private let prefix: String

    /// - Parameter prefix: what every name starts with: `lathe_farm_`.
    init(prefix: String) { self.prefix = prefix }

    enum Kind: String {
        case gauge, counter, info
    }

    /// The unit of a family; its name ends in it, as the standard demands.
    enum Unit: String {
        case seconds, bytes, ratio
    }

    /// A name of the standard's form, and a text of anybody's.
    typealias Label = (name: String, value: String)

    struct Sample {
        var labels: [Label]
        var number: String

        init(_ value: Int, _ labels: [Label] = []) {
            number = String(value)
            self.labels = labels
        }

        /// Nil where the value is not finite.
        init?(_ value: Double, _ labels: [Label] = []) {
            guard value.isFinite else { return nil }
            number = value.description
            self.labels = labels
        }
    }

    /// One family; without samples nothing is written.
    ///
    /// - Parameter name: with the unit at its end, without prefix and without `_total` or `_info`.
    mutating func family(_ name: String, _ kind: Kind, unit: Unit? = nil, help: String, _ samples: [Sample?]) {
        precondition(unit.map { name.hasSuffix("_" + $0.rawValue) } ?? true, "a family's name ends in its unit")
        let full = prefix + name
        let known = samples.compactMap { $0 }.filter { kind != .counter || !$0.number.hasPrefix("-") }
        guard !known.isEmpty else { return }
        text += "# TYPE \(full) \(kind.rawValue)\n"
        if let unit { text += "# UNIT \(full) \(unit.rawValue)\n" }
        text += "# HELP \(full) \(Self.escaped(help))\n"
        let suffix =
            switch kind {
            case .gauge: ""
            case .counter: "_total"
            case .info: "_info"
            }
        for sample in known {
            text += full + suffix
            if !sample.labels.isEmpty {
                let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
                text += "{" + labels.joined(separator: ",") + "}"
            }
            text += " \(sample.number)\n"
        }
    }

    /// The whole document.
    func finished() -> String { text + "# EOF\n" }

    /// Backslash, quotation mark and line feed, as the standard escapes them.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
