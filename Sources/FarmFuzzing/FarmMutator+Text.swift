import SoundFileFuzzing

// Texts: JSON, and the lines and words of YAML.
extension FarmMutator {
    func mutateJSON(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        switch numbers.below(12) {
        case 0, 1, 2: replaceValue(&bytes, &numbers, isNumber: true)
        case 3, 4: replaceValue(&bytes, &numbers, isNumber: false)
        case 5: removeBetweenCommas(&bytes, &numbers)
        case 6: doubleBetweenCommas(&bytes, &numbers)
        case 7: nest(&bytes, &numbers)
        case 8: replaceWord(&bytes, &numbers)
        case 9:
            let place = numbers.below(bytes.count + 1)
            bytes.insert(contentsOf: Array(numbers.pick(Self.snippetsOfJSON).utf8), at: place)
        default: mutateBytes(&bytes, &numbers)
        }
    }

    func mutateText(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        var lines = bytes.split(separator: 10, omittingEmptySubsequences: false).map(Array.init)
        let at = numbers.below(lines.count)
        switch numbers.below(14) {
        case 0, 1, 2: return replaceValue(&bytes, &numbers, isNumber: true)
        case 3, 4, 5: return replaceWord(&bytes, &numbers)
        case 6: lines.remove(at: at)
        case 7: for _ in 0...numbers.below(numbers.oneIn(20) ? 300 : 2) { lines.insert(lines[at], at: at) }
        case 8: lines.swapAt(at, numbers.below(lines.count))
        case 9: lines[at] = [UInt8](repeating: 32, count: numbers.below(9)) + lines[at].drop { $0 == 32 }
        case 10:
            let place = numbers.below(bytes.count + 1)
            bytes.insert(contentsOf: Array(numbers.pick(Self.snippetsOfYAML).utf8), at: place)
            return
        case 11: return removeBetweenCommas(&bytes, &numbers)
        case 12: return doubleBetweenCommas(&bytes, &numbers)
        default: return mutateBytes(&bytes, &numbers)
        }
        bytes = Array(lines.joined(separator: [10]))
    }

    /// Puts something else where a number (or a quoted text) stands.
    private func replaceValue(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers, isNumber: Bool) {
        let start = numbers.below(bytes.count)
        let isDigit: (UInt8) -> Bool = { (0x30...0x39).contains($0) }
        if isNumber {
            guard let first = bytes[start...].firstIndex(where: isDigit) else { return }
            let end = bytes[first...].firstIndex { !isDigit($0) } ?? bytes.count
            bytes.replaceSubrange(first..<end, with: Array(numbers.pick(Self.numbers).utf8))
        } else {
            guard let first = bytes[start...].firstIndex(of: 0x22) else { return }
            let end = bytes[(first + 1)...].firstIndex(of: 0x22).map { $0 + 1 } ?? bytes.count
            let text = numbers.oneIn(2) ? [0x22] + word(&numbers) + [0x22] : Array(numbers.pick(Self.texts).utf8)
            bytes.replaceSubrange(first..<end, with: text)
        }
    }

    /// Puts a word of another place where one stands.
    private func replaceWord(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        let start = numbers.below(bytes.count)
        guard let first = bytes[start...].firstIndex(where: Self.isWordByte) else { return }
        let end = bytes[first...].firstIndex { !Self.isWordByte($0) } ?? bytes.count
        bytes.replaceSubrange(first..<end, with: word(&numbers))
    }

    private func betweenCommas(_ bytes: [UInt8], _ numbers: inout FuzzNumbers) -> Range<Int>? {
        let start = numbers.below(bytes.count)
        guard let first = bytes[start...].firstIndex(of: UInt8(ascii: ",")) else { return nil }
        let end = bytes[(first + 1)...].firstIndex(of: UInt8(ascii: ",")) ?? bytes.count
        return first..<end
    }

    private func removeBetweenCommas(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        if let range = betweenCommas(bytes, &numbers) { bytes.removeSubrange(range) }
    }

    private func doubleBetweenCommas(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        guard let range = betweenCommas(bytes, &numbers) else { return }
        let copy = Array(bytes[range])
        let count = numbers.oneIn(30) ? min(2_000, (1 << 19) / max(1, copy.count)) : 1 + numbers.below(3)
        bytes.insert(contentsOf: (0..<count).flatMap { _ in copy }, at: range.lowerBound)
    }

    private func nest(_ bytes: inout [UInt8], _ numbers: inout FuzzNumbers) {
        let depth = numbers.oneIn(8) ? 40_000 : numbers.below(40)
        let open = numbers.pick(["[", "{\"a\":", "[[", "{"])
        let text = String(repeating: open, count: depth)
        let close = numbers.oneIn(2) ? String(repeating: open.hasPrefix("[") ? "]" : "}", count: depth) : ""
        let colon = bytes[numbers.below(bytes.count)...].firstIndex(of: UInt8(ascii: ":")).map { $0 + 1 }
        bytes.insert(contentsOf: Array((text + close).utf8), at: colon ?? numbers.below(bytes.count + 1))
    }

    private static let numbers = [
        "0", "-0", "1", "-1", "2", "3", "16", "64", "255", "256", "4095", "4096", "4097", "9999", "10000", "65536",
        "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
        "-9223372036854775808", "18446744073709551615", "18446744073709551616", "1e308", "1e309", "1e-320", "0.1",
        "-0.5", "1e2", "00", "0x10", "NaN", "inf", "null", "true", "\"1\"", "[]", "{}", "99999999999999999999999",
        "0.00000000001", "44100", "48000", "192000", "24", "86400", "86399.9", "281474976710656", "1099511627776",
    ]

    private static let texts = [
        "\"\"", "null", "7", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud834\\udd1e\"", "\"../../etc/passwd\"", "\"/\"",
        "\"//a\"", "\"\\\\\"", "[\"a\"]", "{\"a\":1}", "\"\u{301}\u{1F3B9}\u{200F}\"", "\"0000000000000000\"",
        "\"ffffffffffffffff\"", "\"aux\"", "\".\"", "\"..\"", "true", "\"a\\u0001b\"", "\"2026-01-01T00:00:00Z\"",
        "\"9999999-13-99T99:99:99Z\"", "\"-1-01-01T00:00:00Z\"",
    ]

    private static let snippetsOfJSON = [
        ",", ":", "{", "}", "[", "]", "\"", "\\", "\\u", "\\ud834", " ", "\n", "\u{0}", "null", "1e", "-", ",\"a\":1",
        "{},", "\u{FEFF}", "//", "/*", "é", "\u{2028}",
    ]

    private static let snippetsOfYAML = [
        ": ", "- ", "[", "]", "{", "}", ", ", "&a ", "*a", "!!str ", "|\n", ">\n", "\n---\n", "\n...\n", "#", "'", "\"",
        "? ", "<<: *a",
        "\t", "\r", "\u{0}", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{E000}", "\u{E001}", "~", "%YAML 9.9\n",
        " s", " dB", " Hz", " ms", " samples", " %", " dB/oct", "L100", "R100", "1:02:03.5", "-inf dB", "\u{1F3B9}",
    ]
}
