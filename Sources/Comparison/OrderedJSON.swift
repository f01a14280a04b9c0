/// A JSON value whose objects keep the order that they were built in.
enum OrderedJSON {
    case object([(String, OrderedJSON?)])
    case array([OrderedJSON])
    case text(String)
    case number(Double)
    case integer(Int)
    case flag(Bool)
    case null

    /// nil where there is no finite number: JSON has none for infinity.
    static func finite(_ value: Double?) -> OrderedJSON? { value.flatMap { $0.isFinite ? .number($0) : nil } }

    /// Rounded to a thousandth; null where it is no finite number.
    static func curve(_ values: [Double?]) -> OrderedJSON {
        .array(
            values.map { value in
                guard let value, value.isFinite else { return .null }
                return .number((value * 1000).rounded() / 1000)
            })
    }

    static func texts(_ values: [String]) -> OrderedJSON { .array(values.map { .text($0) }) }

    /// Indented by two, with a line end; arrays of scalars stand on one line.
    var document: String {
        var out = ""
        write(to: &out, indent: "\n")
        return out + "\n"
    }

    private var isScalar: Bool {
        switch self {
        case .object, .array: false
        default: true
        }
    }

    private func write(to out: inout String, indent: String) {
        switch self {
        case .object(let members):
            let present = members.compactMap { key, value in value.map { (key, $0) } }
            Self.list(present, "{", "}", indent, to: &out) { member, inner, out in
                Self.write(member.0, to: &out)
                out += ": "
                member.1.write(to: &out, indent: inner)
            }
        case .array(let elements):
            let isFlat = elements.allSatisfy(\.isScalar)
            Self.list(elements, "[", "]", isFlat ? nil : indent, to: &out) { $0.write(to: &$2, indent: $1) }
        case .text(let text): Self.write(text, to: &out)
        case .number(let value):
            // A whole number is written as one; else the fewest digits that read back the same.
            out += value == value.rounded() && value.magnitude < 1e15 ? String(Int(value)) : "\(value)"
        case .integer(let value): out += String(value)
        case .flag(let value): out += value ? "true" : "false"
        case .null: out += "null"
        }
    }

    private static func list<Element>(
        _ elements: [Element], _ open: String, _ close: String, _ indent: String?, to out: inout String,
        _ write: (Element, String, inout String) -> Void
    ) {
        out += open
        let inner = indent.map { $0 + "  " }
        for (index, element) in elements.enumerated() {
            if index > 0 { out += inner == nil ? ", " : "," }
            if let inner { out += inner }
            write(element, inner ?? "\n", &out)
        }
        if let indent, !elements.isEmpty { out += indent }
        out += close
    }

    private static func write(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\t": out += "\\t"
            default:
                let isLineEnd = scalar.value == 0x2028 || scalar.value == 0x2029
                if scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || isLineEnd {
                    let digits = String(scalar.value, radix: 16)
                    out += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        out += "\""
    }
}
