import Quantities

/// Values as they are printed in a report.
package enum ReportText {
    static let absent = "<span class=\"absent\">not measured</span>"

    /// Safe in HTML's and XML's text and in quoted attributes. Control characters, noncharacters and what turns the
    /// direction of writing become U+FFFD.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default:
                result.unicodeScalars.append(isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return result
    }

    /// Neither shown nor harmless: control characters but for line ends and tabs, what turns the direction of
    /// writing, noncharacters.
    package static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
        case 0xFFF9...0xFFFB, 0xFFFE, 0xFFFF: true
        default: scalar.value & 0xFFFE == 0xFFFE || (0xFDD0...0xFDEF).contains(scalar.value)
        }
    }

    /// One decimal with a true minus sign and the unit; nil is "not measured".
    static func quantity(_ value: Double?, _ unit: String, isSigned: Bool = false) -> String {
        guard let value, !value.isNaN else { return absent }
        return number(value, isSigned: isSigned) + "&nbsp;" + unit
    }

    static func number(_ value: Double, isSigned: Bool = false) -> String {
        guard value.isFinite else { return value < 0 ? "−∞" : "∞" }
        let text = oneDecimal(value)
        if text.hasPrefix("-") { return "−" + text.dropFirst() }
        return isSigned && text != "0.0" ? "+" + text : text
    }

    static func count(_ value: Int?) -> String { value.map { String($0) } ?? absent }

    /// `1:02` or `1:02:03`, rounded to the second.
    static func duration(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite, seconds >= 0, seconds < 1e9 else { return absent }
        let whole = Int(seconds.rounded())
        let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
        let tail = "\(rest / 10)\(rest % 10)"
        return hours > 0 ? "\(hours):\(minutes / 10)\(minutes % 10):\(tail)" : "\(minutes):\(tail)"
    }

    /// In decimal units, as disks are sold and file managers count.
    static func size(_ byteCount: Int?) -> String {
        guard let byteCount else { return absent }
        if byteCount < 1000 { return "\(byteCount)&nbsp;B" }
        var value = Double(byteCount)
        for unit in ["kB", "MB", "GB"] {
            value /= 1000
            if value < 999.95 || unit == "GB" { return "\(oneDecimal(value))&nbsp;\(unit)" }
        }
        return absent
    }
}
