internal import Reports

/// Text of others (titles, paths, messages) made safe to print on one line.
enum SinkText {
    /// Printable ASCII without these: nothing to replace, which is so of nearly every text of a large report.
    static func isPlain(_ text: String, except first: UInt8 = 0, _ second: UInt8 = 0) -> Bool {
        text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != first && $0 != second }
    }

    /// The text on one line: line ends and tabs become spaces, what is unsafe U+FFFD; cut after `limit` scalars.
    static func line(_ text: String, atMost limit: Int = 400) -> String {
        if text.utf8.count <= limit, isPlain(text) { return text }
        var result = String.UnicodeScalarView()
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < limit else {
                result.append("…")
                break
            }
            count += 1
            switch scalar {
            case "\n", "\r", "\t", "\u{2028}", "\u{2029}": result.append(" ")
            default: result.append(ReportText.isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return String(result)
    }

    /// Like `line`, and where it had to cut, the end says which of several long names it was.
    static func name(_ text: String, atMost limit: Int = 400) -> String {
        guard text.utf8.count > limit, text.unicodeScalars.count > limit else { return line(text, atMost: limit) }
        return line(text, atMost: limit) + " #" + Fingerprint.of([text]).prefix(12)
    }

    /// Columns of a terminal that the text takes: two for East Asian wide characters and emoji.
    static func columns(_ text: String) -> Int {
        var sum = 0
        for character in text {
            guard let value = character.unicodeScalars.first?.value else { continue }
            switch value {
            case 0x300...0x36F, 0x200B...0x200D: break
            case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
                0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F9FF,
                0x20000...0x3FFFD:
                sum += 2
            default: sum += 1
            }
        }
        return sum
    }

    /// The text in at most that many columns, with "…" where it was cut.
    static func clipped(_ text: String, toColumns limit: Int) -> String {
        guard columns(text) > limit else { return text }
        var result = ""
        var used = 0
        for character in text {
            let next = columns(String(character))
            guard used + next < limit else { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }

    /// "1 warning", "3 warnings".
    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)" + (number == 1 ? "" : "s") }
}

/// Lines that together stay below a sink's limit; what does not fit is counted.
struct BoundedLines {
    private(set) var text = ""
    /// Bytes of UTF-8 that are left.
    private var room: Int
    private(set) var omitted = 0

    init(byteLimit: Int) { room = byteLimit }

    /// Whether the line went in. Once one did not, none does.
    @discardableResult
    mutating func append(_ line: String) -> Bool {
        let size = line.utf8.count + 1
        guard omitted == 0, size <= room else {
            omitted += 1
            return false
        }
        room -= size
        text += line
        text += "\n"
        return true
    }

    /// Appends whatever the limit.
    mutating func close(_ line: String) { text += line + "\n" }
}
