internal import Logging

/// The two forms of a line of the log.
enum LogText {
    /// Longer values are cut: a line must not become a file.
    static let valueLengthLimit = 1_000
    static let keyLimit = 40

    /// `time level message key=value`, values in quotation marks where they need it (logfmt).
    static func line(time: String, level: String, message: String, metadata: Logger.Metadata) -> String {
        var line = "\(time) \(level) \(escaped(message, quotes: false))"
        for (key, value) in fields(metadata) {
            line += " \(key)=\(quoted(text(value, depth: 0)))"
        }
        return line + "\n"
    }

    /// One object: `time`, `level`, `logger`, `message`, and the metadata under `fields`.
    static func json(
        time: String, level: String, label: String, message: String, metadata: Logger.Metadata
    ) -> String {
        var line =
            "{\"time\":\"\(time)\",\"level\":\"\(level)\",\"logger\":\(string(label)),\"message\":\(string(message))"
        let pairs = fields(metadata).map { "\(string($0.key)):\(json($0.value, depth: 0))" }
        if !pairs.isEmpty { line += ",\"fields\":{" + pairs.joined(separator: ",") + "}" }
        return line + "}\n"
    }

    /// Sorted, with keys that need no quotation marks.
    private static func fields(_ metadata: Logger.Metadata) -> [(key: String, value: Logger.Metadata.Value)] {
        metadata.sorted { $0.key < $1.key }.prefix(keyLimit).map { pair in
            let key = pair.key.unicodeScalars.prefix(60).map { scalar in
                let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                return isPlain || scalar == "." || scalar == "-" || scalar == "_" ? Character(scalar) : "_"
            }
            return (key.isEmpty ? "_" : String(key), pair.value)
        }
    }

    private static func text(_ value: Logger.Metadata.Value, depth: Int) -> String {
        guard depth < 4 else { return "..." }
        switch value {
        case .string(let text): return text
        case .stringConvertible(let value): return value.description
        case .array(let values):
            return "[" + values.prefix(keyLimit).map { text($0, depth: depth + 1) }.joined(separator: ", ") + "]"
        case .dictionary(let values):
            let pairs = values.sorted { $0.key < $1.key }.prefix(keyLimit)
            return "{" + pairs.map { "\($0.key): \(text($0.value, depth: depth + 1))" }.joined(separator: ", ") + "}"
        }
    }

    private static func json(_ value: Logger.Metadata.Value, depth: Int) -> String {
        guard depth < 4 else { return "\"...\"" }
        switch value {
        case .string(let text): return string(text)
        case .stringConvertible(let value): return string(value.description)
        case .array(let values):
            return "[" + values.prefix(keyLimit).map { json($0, depth: depth + 1) }.joined(separator: ",") + "]"
        case .dictionary(let values):
            let pairs = values.sorted { $0.key < $1.key }.prefix(keyLimit)
            return "{" + pairs.map { "\(string($0.key)):\(json($0.value, depth: depth + 1))" }.joined(separator: ",")
                + "}"
        }
    }

    private static func string(_ text: String) -> String { "\"" + escaped(text, quotes: true) + "\"" }

    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && text.unicodeScalars.count <= valueLengthLimit
            && text.unicodeScalars.allSatisfy { $0 != " " && $0 != "=" && $0 != "\"" && $0 != "\\" && !mustHide($0) }
        return isPlain ? text : string(text)
    }

    /// The escapes of JSON, which logfmt readers know too.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        var room = valueLengthLimit
        for scalar in text.unicodeScalars {
            guard room > 0 else { return result + "..." }
            room -= 1
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\"" where quotes: result += "\\\""
            case "\\" where quotes: result += "\\\\"
            case _ where mustHide(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Whatever could end a line, steer a terminal, or show text in another order than it is. All below U+10000.
    private static func mustHide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7f...0x9f, 0x2028...0x202e, 0x2066...0x2069, 0x200e, 0x200f, 0x61c, 0xfeff: true
        default: false
        }
    }
}
