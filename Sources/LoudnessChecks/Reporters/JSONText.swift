internal import Reports

/// A JSON value whose objects keep the order that they were built in.
enum JSONValue: Sendable {
    case object([(key: String, value: JSONValue)])
    case array([JSONValue])
    case text(String)
    /// Written with the fewest digits that read back as the same Double; null where it is not finite.
    case number(Double)
    case integer(Int)
    case flag(Bool)
    case null

    /// An object without the members that are nil.
    static func members(_ members: [(String, JSONValue?)]) -> JSONValue {
        .object(members.compactMap { member in member.1.map { (member.0, $0) } })
    }

    static func optional(_ text: String?) -> JSONValue? { text.map { .text($0) } }
    /// Nil where there is no finite number: JSON has none for infinity.
    static func optional(_ number: Double?) -> JSONValue? {
        number.flatMap { $0.isFinite ? .number($0) : nil }
    }
    static func optional(_ number: Int?) -> JSONValue? { number.map { .integer($0) } }

    private var isScalar: Bool {
        switch self {
        case .object, .array: false
        default: true
        }
    }

    /// The document with a line end, indented by two; arrays of scalars stand on one line.
    var document: String {
        var out = ""
        write(to: &out, indent: 0)
        out += "\n"
        return out
    }

    /// The value on one line.
    var compact: String {
        var out = ""
        write(to: &out, indent: nil)
        return out
    }

    private func write(to out: inout String, indent: Int?) {
        switch self {
        case .object(let members): writeObject(members, to: &out, indent: indent)
        case .array(let elements): writeArray(elements, to: &out, indent: indent)
        case .text(let text): Self.writeText(text, to: &out)
        case .number(let value): out += Self.digits(value)
        case .integer(let value): out += String(value)
        case .flag(let value): out += value ? "true" : "false"
        case .null: out += "null"
        }
    }

    private func writeObject(_ members: [(key: String, value: JSONValue)], to out: inout String, indent: Int?) {
        guard !members.isEmpty else {
            out += "{}"
            return
        }
        out += "{"
        for (index, member) in members.enumerated() {
            Self.separate(index, indent.map { $0 + 1 }, to: &out)
            Self.writeText(member.key, to: &out)
            out += ": "
            member.value.write(to: &out, indent: indent.map { $0 + 1 })
        }
        Self.breakLine(indent, to: &out)
        out += "}"
    }

    private func writeArray(_ elements: [JSONValue], to out: inout String, indent: Int?) {
        let isFlat = elements.allSatisfy(\.isScalar)
        let inner = isFlat ? nil : indent.map { $0 + 1 }
        out += "["
        for (index, element) in elements.enumerated() {
            Self.separate(index, inner, to: &out)
            element.write(to: &out, indent: inner)
        }
        if !isFlat { Self.breakLine(indent, to: &out) }
        out += "]"
    }

    private static func separate(_ index: Int, _ indent: Int?, to out: inout String) {
        if index > 0 { out += indent == nil ? ", " : "," }
        breakLine(indent, to: &out)
    }

    private static func breakLine(_ indent: Int?, to out: inout String) {
        guard let indent else { return }
        out += "\n"
        for _ in 0..<indent { out += "  " }
    }

    private static func digits(_ value: Double) -> String {
        guard value.isFinite else { return "null" }
        let text = value == 0 ? "0" : "\(value)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func writeText(_ text: String, to out: inout String) {
        if SinkText.isPlain(text, except: UInt8(ascii: "\""), UInt8(ascii: "\\")) {
            out += "\""
            out += text
            out += "\""
            return
        }
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            default:
                // Escapes read back as the same text, and keep what turns a line around out of people's terminals.
                if ReportText.isUnsafe(scalar) {
                    writeEscapes(scalar, to: &out)
                } else {
                    out.unicodeScalars.append(scalar)
                }
            }
        }
        out += "\""
    }

    private static func writeEscapes(_ scalar: Unicode.Scalar, to out: inout String) {
        for unit in String(scalar).utf16 {
            let hex = String(unit, radix: 16)
            out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        }
    }
}
