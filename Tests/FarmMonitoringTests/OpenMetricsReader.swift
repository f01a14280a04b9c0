/// A strict reader of OpenMetrics 1.0 text, written from the standard's ABNF and its rules for names: the types that
/// the farm uses (gauge, counter, info), and no timestamps or exemplars, which it never writes.
struct OpenMetricsReader {
    struct Sample: Equatable {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    struct Family: Equatable {
        var name: String
        var type: String?
        var unit: String?
        var help: String?
        var samples: [Sample] = []
    }

    struct Fault: Error, Equatable {
        var line: Int
        var reason: String
    }

    private var bytes: [Unicode.Scalar]
    private var at = 0
    private var line = 1
    private var families: [Family] = []
    private var seenSamples: Set<[String]> = []

    /// The families of a document, or the first fault.
    static func families(of text: String) throws -> [Family] {
        var reader = OpenMetricsReader(bytes: Array(text.unicodeScalars))
        return try reader.read()
    }

    private init(bytes: [Unicode.Scalar]) { self.bytes = bytes }

    private mutating func read() throws -> [Family] {
        while true {
            if take("# EOF") {
                if at < bytes.count { try expect("\n") }
                guard at == bytes.count else { throw fault("something after # EOF") }
                try check()
                return families
            }
            if take("# ") { try descriptor() } else { try sample() }
            try expect("\n")
            line += 1
        }
    }

    // metric-descriptor: TYPE, UNIT and HELP of a family come before its samples, each at most once.
    private mutating func descriptor() throws {
        let keyword = try word()
        try expect(" ")
        let name = try metricName()
        try expect(" ")
        if families.last?.name != name {
            guard !families.contains(where: { $0.name == name }) else { throw fault("family \(name) is torn apart") }
            families.append(Family(name: name))
        }
        let index = families.count - 1
        guard families[index].samples.isEmpty else { throw fault("a descriptor after samples") }
        switch keyword {
        case "TYPE":
            guard families[index].type == nil else { throw fault("two types") }
            let type = try word()
            guard ["gauge", "counter", "info"].contains(type) else { throw fault("type \(type)") }
            families[index].type = type
        case "UNIT":
            guard families[index].unit == nil else { throw fault("two units") }
            let unit = try metricName()
            guard name.hasSuffix("_" + unit) else { throw fault("\(name) does not end in its unit \(unit)") }
            families[index].unit = unit
        case "HELP":
            guard families[index].help == nil else { throw fault("two helps") }
            families[index].help = try escapedText(until: "\n")
        default:
            throw fault("keyword \(keyword)")
        }
    }

    private mutating func sample() throws {
        let name = try metricName()
        var labels: [String: String] = [:]
        if take("{") {
            while true {
                let label = try labelName()
                try expect("=")
                try expect("\"")
                let value = try escapedText(until: "\"")
                try expect("\"")
                guard labels.updateValue(value, forKey: label) == nil else { throw fault("label \(label) twice") }
                if take(",") { continue }
                try expect("}")
                break
            }
        }
        try expect(" ")
        let value = try number()
        guard let family = families.last else { throw fault("a sample without a family") }
        let suffixes = ["gauge": "", "counter": "_total", "info": "_info"]
        guard let type = family.type, let suffix = suffixes[type], name == family.name + suffix else {
            throw fault("sample \(name) in family \(family.name)")
        }
        if type == "counter", !(value >= 0) { throw fault("counter \(name) is \(value)") }
        if type == "info", value != 1 { throw fault("info \(name) is \(value)") }
        if type == "info", family.unit != nil { throw fault("info with a unit") }
        // By scalars: Swift's == would take two spellings of the same characters for one.
        let pairs = labels.map { "\($0.key)=\($0.value.unicodeScalars.map { String($0.value) })" }
        let identity = [name] + pairs.sorted()
        guard seenSamples.insert(identity).inserted else { throw fault("\(name) \(labels) twice") }
        families[families.count - 1].samples.append(Sample(name: name, labels: labels, value: value))
    }

    /// What holds between families: no sample's name is another family's.
    private func check() throws {
        var names: Set<String> = []
        for family in families {
            for reserved in [family.name, family.name + "_total", family.name + "_info", family.name + "_created"] {
                guard names.insert(reserved).inserted else { throw fault("name \(reserved) clashes") }
            }
            guard family.type != nil, family.help != nil else { throw fault("\(family.name) is not described") }
        }
    }

    // MARK: Terminals

    private mutating func number() throws -> Double {
        var text = ""
        while at < bytes.count, bytes[at] != "\n", bytes[at] != " " {
            text.unicodeScalars.append(bytes[at])
            at += 1
        }
        let lower = text.lowercased()
        let real = /[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?/
        let special = /[+-]?inf(inity)?|nan/
        guard lower.wholeMatch(of: real) != nil || lower.wholeMatch(of: special) != nil, let value = Double(lower)
        else { throw fault("number \(text)") }
        return value
    }

    private mutating func metricName() throws -> String { try name(extra: ":") }

    private mutating func labelName() throws -> String { try name(extra: "_") }

    private mutating func name(extra: Unicode.Scalar) throws -> String {
        var text = ""
        while at < bytes.count {
            let scalar = bytes[at]
            let isLetter = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
            let isDigit = ("0"..."9").contains(scalar)
            guard isLetter || scalar == extra || isDigit && !text.isEmpty else { break }
            text.unicodeScalars.append(scalar)
            at += 1
        }
        guard !text.isEmpty else { throw fault("a name is missing") }
        return text
    }

    private mutating func word() throws -> String {
        var text = ""
        while at < bytes.count, bytes[at] != " ", bytes[at] != "\n" {
            text.unicodeScalars.append(bytes[at])
            at += 1
        }
        guard !text.isEmpty else { throw fault("a word is missing") }
        return text
    }

    // escaped-string: backslash only before n, quotation mark and backslash; no bare quotation mark or line feed.
    private mutating func escapedText(until end: Unicode.Scalar) throws -> String {
        var text = ""
        while at < bytes.count, bytes[at] != end {
            var scalar = bytes[at]
            at += 1
            if scalar == "\n" || scalar == "\"" { throw fault("a bare \(scalar.value)") }
            if scalar == "\\" {
                guard at < bytes.count else { throw fault("a backslash at the end") }
                switch bytes[at] {
                case "n": scalar = "\n"
                case "\"", "\\": scalar = bytes[at]
                default: throw fault("escape \(bytes[at])")
                }
                at += 1
            }
            text.unicodeScalars.append(scalar)
        }
        return text
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = Array(text.unicodeScalars)
        guard at + wanted.count <= bytes.count, Array(bytes[at..<at + wanted.count]) == wanted else { return false }
        at += wanted.count
        return true
    }

    private mutating func expect(_ text: String) throws {
        guard take(text) else { throw fault("expected \(text.debugDescription)") }
    }

    private func fault(_ reason: String) -> Fault { Fault(line: line, reason: reason) }
}
