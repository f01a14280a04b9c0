/// Text on a grid of character cells.
enum TextLayout {
    /// Columns that a terminal gives the text: 2 for wide (East Asian, emoji), 0 for control and joining.
    static func columns(_ text: String) -> Int { text.reduce(0) { $0 + columns($1) } }

    static func columns(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        if first.value < 32 || first.value == 127 { return 0 }
        if first.properties.generalCategory == .nonspacingMark { return 0 }
        let isWide =
            (0x1100...0x115F).contains(first.value) || (0x2E80...0xA4CF).contains(first.value)
            || (0xAC00...0xD7A3).contains(first.value) || (0xF900...0xFAFF).contains(first.value)
            || (0xFE30...0xFE6F).contains(first.value) || (0xFF00...0xFF60).contains(first.value)
            || (0xFFE0...0xFFE6).contains(first.value) || (0x1F300...0x1FAFF).contains(first.value)
            || (0x20000...0x3FFFD).contains(first.value)
        return isWide ? 2 : 1
    }

    /// Cut to `width` columns, with an ellipsis where something was cut; control characters become blanks,
    /// so that no title can move the cursor or change a colour.
    static func fitted(_ text: String, to width: Int, ellipsis: String) -> String {
        let clean = String(text.map { isControl($0) ? " " : $0 })
        guard columns(clean) > width else { return clean }
        let room = width - columns(ellipsis)
        guard room > 0 else { return String(repeating: " ", count: max(0, width)) }
        var used = 0
        var kept = ""
        for character in clean {
            let next = used + columns(character)
            if next > room { break }
            used = next
            kept.append(character)
        }
        return kept + ellipsis
    }

    /// Fitted, and filled with blanks on the right to exactly `width` columns.
    static func padded(_ text: String, to width: Int, ellipsis: String) -> String {
        let cut = fitted(text, to: width, ellipsis: ellipsis)
        return cut + String(repeating: " ", count: max(0, width - columns(cut)))
    }

    /// With blanks on the left up to `width` columns.
    static func rightAligned(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - columns(text))) + text
    }

    /// `0:07`, `3:05` or `1:02:03`; fractions are rounded up, so that 0:00 means done.
    static func clock(seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 360_000 else { return "-:--" }
        let whole = Int(seconds.rounded(.up))
        let parts = (hours: whole / 3600, minutes: whole / 60 % 60, seconds: whole % 60)
        let tail = "\(parts.seconds / 10)\(parts.seconds % 10)"
        guard parts.hours > 0 else { return "\(parts.minutes):\(tail)" }
        return "\(parts.hours):\(parts.minutes / 10)\(parts.minutes % 10):\(tail)"
    }

    /// `8.4x` below ten, `84x` above.
    static func times(_ factor: Double) -> String {
        guard factor.isFinite, factor >= 0, factor < 1e9 else { return "?" }
        guard factor < 9.95 else { return "\(Int(factor.rounded()))x" }
        let tenths = Int((factor * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)x"
    }

    /// Control characters other than line breaks replaced by blanks.
    static func printable(_ text: String) -> String {
        String(text.map { $0 == "\n" || !isControl($0) ? $0 : " " })
    }

    /// Without the escape sequences that `ProgressRenderer` puts around colours.
    static func withoutColors(_ text: String) -> String {
        var result = ""
        var isInside = false
        for character in text {
            if character == "\u{1B}" {
                isInside = true
            } else if !isInside {
                result.append(character)
            } else if character == "m" {
                isInside = false
            }
        }
        return result
    }

    private static func isControl(_ character: Character) -> Bool {
        character.unicodeScalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
            default: false
            }
        }
    }
}
