import Quantities
import Reports

/// Texts and figures as the page shows them: escaped, with a true minus sign.
enum PageText {
    /// Text of others on one line, cut where it is absurdly long; safe in text and in quoted attributes.
    static func text(_ text: String, atMost limit: Int = 300) -> String {
        var line = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else {
                line.append("…")
                break
            }
            count += 1
            switch scalar {
            case "\n", "\r", "\t", "\u{2028}", "\u{2029}": line.append(" ")
            default: line.append(scalar)
            }
        }
        return ReportText.escaped(String(line))
    }

    /// A title that may be written in any direction; `instead` where it is empty.
    static func title(_ title: String, instead: String) -> String {
        "<bdi>" + text(title.isEmpty ? instead : title, atMost: 160) + "</bdi>"
    }

    /// The words of a sentence with a capital at its start.
    static func sentence(_ words: String) -> String { words.prefix(1).uppercased() + words.dropFirst() }

    static func number(_ value: Double, decimals: Int, isSigned: Bool = false) -> String {
        guard value.isFinite else { return value.isNaN ? "not a number" : value < 0 ? "−∞" : "∞" }
        let text = NumberText.fixed(value, decimals: decimals)
        if text.hasPrefix("-") { return "−" + text.dropFirst() }
        return isSigned && value > 0 && text.contains(where: { $0 != "0" && $0 != "." }) ? "+" + text : text
    }

    /// With the unit behind a space that does not break; durations as a clock.
    static func quantity(_ value: Double, _ metric: Metric) -> String {
        if metric == .duration { return NumberText.time(value, tenths: value < 60) }
        return withUnit(number(value, decimals: metric.shownDecimals), metric.unit.rawValue)
    }

    static func withUnit(_ number: String, _ unit: String) -> String {
        unit.isEmpty ? number : number + "\u{A0}" + unit
    }

    static func decibels(_ value: Double, _ unit: String, isSigned: Bool = false) -> String {
        withUnit(number(value, decimals: 1, isSigned: isSigned), unit)
    }

    /// "1 warning", "3 warnings".
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)" + (number == 1 ? "" : "s") }

    /// "31.5", "1k".
    static func octave(_ hertz: Double) -> String {
        hertz >= 1000
            ? NumberText.fixed(hertz / 1000, decimals: 0) + "k"
            : NumberText.fixed(hertz, decimals: hertz == hertz.rounded() ? 0 : 1)
    }

    /// In decimal units, as disks are sold.
    static func size(_ byteCount: Int) -> String {
        guard byteCount >= 1000 else { return "\(byteCount)\u{A0}B" }
        var value = Double(byteCount) / 1000
        for unit in ["kB", "MB"] {
            if value < 999.95 { return NumberText.fixed(value, decimals: 1) + "\u{A0}" + unit }
            value /= 1000
        }
        return NumberText.fixed(value, decimals: 1) + "\u{A0}GB"
    }
}

/// Parts of a page that together stay below a number of bytes; those that do not fit are counted.
struct BoundedParts {
    private(set) var html = ""
    private(set) var written = 0
    private(set) var omitted = 0
    private var room: Int

    init(byteLimit: Int) { room = byteLimit }

    /// Once one part did not fit, none does; it is not even made.
    mutating func append(_ part: () -> String) {
        guard omitted == 0 else {
            omitted += 1
            return
        }
        let text = part()
        guard text.utf8.count <= room else {
            omitted += 1
            return
        }
        room -= text.utf8.count
        written += 1
        html += text
    }
}
