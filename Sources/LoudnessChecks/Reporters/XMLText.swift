internal import Reports

/// XML 1.0 in UTF-8, written element by element.
struct XMLText {
    private(set) var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    private var depth = 0

    private mutating func start(_ name: String, _ attributes: [(String, String)], _ end: String) {
        text += String(repeating: "  ", count: depth) + "<" + name
        for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
        text += end
    }

    /// An element with what `content` writes inside.
    mutating func element(_ name: String, _ attributes: [(String, String)] = [], _ content: (inout XMLText) -> Void) {
        start(name, attributes, ">\n")
        depth += 1
        content(&self)
        depth -= 1
        text += String(repeating: "  ", count: depth) + "</\(name)>\n"
    }

    /// An element with nothing or only text inside.
    mutating func element(_ name: String, _ attributes: [(String, String)] = [], text content: String? = nil) {
        start(name, attributes, content == nil ? "/>\n" : ">")
        if let content { text += Self.escaped(content, isAttribute: false) + "</\(name)>\n" }
    }

    /// Safe in text and attributes. What XML 1.0 cannot hold becomes U+FFFD, and so does what turns the direction.
    static func escaped(_ text: String, isAttribute: Bool = true) -> String {
        let isPlain = text.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""): false
            default: $0 >= 0x20 && $0 < 0x7F
            }
        }
        if isPlain { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result.append(contentsOf: "&amp;".unicodeScalars)
            case "<": result.append(contentsOf: "&lt;".unicodeScalars)
            case ">": result.append(contentsOf: "&gt;".unicodeScalars)
            case "\"": result.append(contentsOf: "&quot;".unicodeScalars)
            case "\n" where isAttribute: result.append(contentsOf: "&#10;".unicodeScalars)
            case "\t" where isAttribute: result.append(contentsOf: "&#9;".unicodeScalars)
            case "\r": result.append(contentsOf: "&#13;".unicodeScalars)
            case "\n", "\t": result.append(scalar)
            default: result.append(ReportText.isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return String(result)
    }
}
