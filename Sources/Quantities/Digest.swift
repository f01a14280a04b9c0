/// The XXH3-128 digest of some bytes: the name of a part, a snapshot or a blob inside one namespace.
///
/// It guards against accident, not against an author of collisions (docs/determinism.md).
package struct Digest: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads 32 lower-case hexadecimal digits; anything else is nil.
    package init?(hexadecimal text: some StringProtocol) {
        guard let words = hexadecimalWords(text, count: 2) else { return nil }
        self.init(high: words[0], low: words[1])
    }

    package var description: String { hexadecimalText([high, low]) }

    package static func < (a: Digest, b: Digest) -> Bool {
        (a.high, a.low) < (b.high, b.low)
    }
}

/// The SHA-256 address of a segment task: the same key means the same result bytes.
package struct TaskKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let words: SIMD4<UInt64>

    package init(words: SIMD4<UInt64>) { self.words = words }

    /// Reads 64 lower-case hexadecimal digits; anything else is nil.
    package init?(hexadecimal text: some StringProtocol) {
        guard let words = hexadecimalWords(text, count: 4) else { return nil }
        self.init(words: SIMD4(words[0], words[1], words[2], words[3]))
    }

    package var description: String { hexadecimalText([words[0], words[1], words[2], words[3]]) }

    package static func < (a: TaskKey, b: TaskKey) -> Bool {
        (a.words[0], a.words[1], a.words[2], a.words[3]) < (b.words[0], b.words[1], b.words[2], b.words[3])
    }
}

/// The SHA-256 of a file's bytes: what names a file that crosses from one machine to another, where whoever sends it
/// may mean ill.
package struct ContentHash: Hashable, Sendable, Codable, Comparable, CustomStringConvertible {
    package let words: SIMD4<UInt64>

    package init(words: SIMD4<UInt64>) { self.words = words }

    /// Reads 64 lower-case hexadecimal digits; anything else is nil.
    package init?(hexadecimal text: some StringProtocol) {
        guard let words = hexadecimalWords(text, count: 4) else { return nil }
        self.init(words: SIMD4(words[0], words[1], words[2], words[3]))
    }

    /// Written as 64 hexadecimal digits.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let hash = ContentHash(hexadecimal: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "64 hexadecimal digits are wanted")
        }
        self = hash
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    package var description: String { hexadecimalText([words[0], words[1], words[2], words[3]]) }

    package static func < (a: ContentHash, b: ContentHash) -> Bool {
        (a.words[0], a.words[1], a.words[2], a.words[3]) < (b.words[0], b.words[1], b.words[2], b.words[3])
    }
}

private func hexadecimalText(_ words: [UInt64]) -> String {
    words.map { word in
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
}

private func hexadecimalWords(_ text: some StringProtocol, count: Int) -> [UInt64]? {
    let digits = Array(text.utf8)
    guard digits.count == 16 * count else { return nil }
    var words = [UInt64](repeating: 0, count: count)
    for (i, digit) in digits.enumerated() {
        let value: UInt8
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
        default: return nil
        }
        words[i / 16] = words[i / 16] << 4 | UInt64(value)
    }
    return words
}
