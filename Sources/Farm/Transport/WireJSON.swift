import FarmProtocol

/// Appends JSON: the headers of messages, some hundred bytes with known keys. Keys are written in the caller's order.
struct JSONWriter {
    private(set) var bytes: [UInt8] = []
    private var needsComma = false

    init() { bytes.reserveCapacity(320) }

    /// An object: what `body` puts.
    mutating func object(_ body: (inout JSONWriter) -> Void) {
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    mutating func put(_ key: StaticString, _ value: some FixedWidthInteger) {
        put(key)
        append(value)
    }

    mutating func put(_ key: StaticString, _ value: Bool) {
        put(key)
        appendPlain(value ? "true" : "false")
    }

    mutating func put(_ key: StaticString, _ text: String) {
        put(key)
        append(text)
    }

    /// 64 hexadecimal digits.
    mutating func put(_ key: StaticString, _ words: SIMD4<UInt64>) {
        put(key)
        bytes.append(UInt8(ascii: "\""))
        for index in 0..<4 {
            for shift in stride(from: UInt64(60), through: 0, by: -4) {
                let digit = UInt8(truncatingIfNeeded: words[index] >> shift & 15)
                bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func put(_ key: StaticString, _ body: (inout JSONWriter) -> Void) {
        put(key)
        object(body)
    }

    mutating func put<Element>(
        _ key: StaticString, _ elements: [Element], _ body: (inout JSONWriter, Element) -> Void
    ) {
        put(key)
        bytes.append(UInt8(ascii: "["))
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            object { body(&$0, element) }
        }
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    private mutating func put(_ key: StaticString) {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
        bytes.append(UInt8(ascii: "\""))
        appendPlain(key)
        bytes.append(UInt8(ascii: "\""))
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func appendPlain(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func append(_ value: some FixedWidthInteger) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = UInt64(value.magnitude)
        repeat {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func append(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<32:
                appendPlain("\\u00")
                bytes.append(UInt8(ascii: "0") + byte >> 4)
                let low = byte & 15
                bytes.append(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") - 10 + low)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}

/// Reads JSON whose keys are known, from a peer that may be wrong or hostile: nothing is made of a value before its
/// size is known to be within the limits, and what is not asked for is passed over without being kept.
struct JSONReader {
    /// Values inside values that are passed over.
    static let depthLimit = 16

    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The whole text: one object, of which `body` reads the value of each key or passes it over.
    mutating func whole(_ body: (inout JSONReader, String) throws -> Void) throws {
        try object(body)
        guard next() == nil else { throw WireError("header goes on after its end") }
    }

    /// An object, of which `body` reads the value of each key or passes it over.
    mutating func object(_ body: (inout JSONReader, String) throws -> Void) throws {
        try expect(UInt8(ascii: "{"))
        if take(UInt8(ascii: "}")) { return }
        repeat {
            let key = try string(limit: 64)
            try expect(UInt8(ascii: ":"))
            try body(&self, key)
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "}"))
    }

    /// A list of at most `limit` elements.
    mutating func list<Element>(
        limit: Int, _ body: (inout JSONReader) throws -> Element
    ) throws -> [Element] {
        try expect(UInt8(ascii: "["))
        var elements: [Element] = []
        if take(UInt8(ascii: "]")) { return elements }
        repeat {
            guard elements.count < limit else { throw WireError("a list of more than \(limit)") }
            elements.append(try body(&self))
        } while take(UInt8(ascii: ","))
        try expect(UInt8(ascii: "]"))
        return elements
    }

    /// nil for `null`.
    mutating func optional<Value>(_ body: (inout JSONReader) throws -> Value) throws -> Value? {
        guard next() == UInt8(ascii: "n") else { return try body(&self) }
        try expect("null")
        return nil
    }

    /// A whole number that the type can hold, in digits alone.
    mutating func integer<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value {
        let isNegative = take(UInt8(ascii: "-"))
        let start = at
        var magnitude: UInt64 = 0
        while at < bytes.count, case let digit = bytes[at] &- UInt8(ascii: "0"), digit < 10 {
            let (tens, isTooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooLarge) = tens.addingReportingOverflow(UInt64(digit))
            guard !isTooLarge, !isStillTooLarge else { throw WireError("a number that is too large") }
            magnitude = sum
            at += 1
        }
        guard at > start, at == start + 1 || bytes[start] != UInt8(ascii: "0") else {
            throw WireError("no whole number where one belongs")
        }
        if at < bytes.count, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(bytes[at]) {
            throw WireError("no whole number where one belongs")
        }
        if !isNegative, let value = Value(exactly: magnitude) { return value }
        if isNegative, magnitude <= 1 << 63, let value = Value(exactly: Int64(truncatingIfNeeded: 0 &- magnitude)) {
            return value
        }
        throw WireError("a number that is too large")
    }

    mutating func boolean() throws -> Bool {
        if next() == UInt8(ascii: "t") {
            try expect("true")
            return true
        }
        try expect("false")
        return false
    }

    /// A string of at most `limit` bytes.
    mutating func string(limit: Int) throws -> String {
        try expect(UInt8(ascii: "\""))
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 32 {
            at += 1
        }
        guard at - start <= limit else { throw WireError("a string of more than \(limit) bytes") }
        guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
            return try escapedString(bytes[start..<at], limit: limit)
        }
        defer { at += 1 }
        return try text(bytes[start..<at])
    }

    /// 64 lower-case hexadecimal digits.
    mutating func words() throws -> SIMD4<UInt64> {
        try expect(UInt8(ascii: "\""))
        guard bytes.count - at > 64, bytes[at + 64] == UInt8(ascii: "\"") else { throw WireError("a key that is none") }
        var words = SIMD4<UInt64>(repeating: 0)
        for index in 0..<4 {
            var word: UInt64 = 0
            for place in 0..<16 {
                switch bytes[at + 16 * index + place] {
                case let byte where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"):
                    word = word << 4 | UInt64(byte - UInt8(ascii: "0"))
                case let byte where byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "f"):
                    word = word << 4 | UInt64(byte - UInt8(ascii: "a") + 10)
                default: throw WireError("a key that is none")
                }
            }
            words[index] = word
        }
        at += 65
        return words
    }

    /// Passes over a value of any kind.
    mutating func skip() throws { try skip(depth: 1) }

    private mutating func skip(depth: Int) throws {
        guard depth <= Self.depthLimit else { throw WireError("values more than \(Self.depthLimit) deep") }
        switch next() {
        case UInt8(ascii: "{"): try object { reader, _ in try reader.skip(depth: depth + 1) }
        case UInt8(ascii: "["): _ = try list(limit: .max) { try $0.skip(depth: depth + 1) }
        case UInt8(ascii: "\""): _ = try string(limit: .max)
        case UInt8(ascii: "t"), UInt8(ascii: "f"): _ = try boolean()
        case UInt8(ascii: "n"): try expect("null")
        default: try skipNumber()
        }
    }

    private mutating func skipNumber() throws {
        let start = at
        while at < bytes.count, "+-.0123456789Ee".utf8.contains(bytes[at]) { at += 1 }
        guard at > start else { throw WireError("header is not JSON") }
    }
}

extension JSONReader {
    /// The first byte of what comes next.
    private mutating func next() -> UInt8? {
        while at < bytes.count {
            switch bytes[at] {
            case 0x20, 0x09, 0x0a, 0x0d: at += 1
            default: return bytes[at]
            }
        }
        return nil
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next() == byte else { return false }
        at += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws {
        guard take(byte) else { throw WireError("header is not JSON") }
    }

    private mutating func expect(_ word: StaticString) throws {
        _ = next()
        let count = word.utf8CodeUnitCount
        let isHere = word.withUTF8Buffer { bytes[at...].prefix(count).elementsEqual($0) }
        guard isHere else { throw WireError("header is not JSON") }
        at += count
    }

    private func text(_ bytes: some Sequence<UInt8>) throws -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw WireError("a string that is not UTF-8") }
        return text
    }

    /// The rest of a string from its first escape on.
    private mutating func escapedString(_ beginning: ArraySlice<UInt8>, limit: Int) throws -> String {
        var raw = Array(beginning)
        while true {
            guard at < bytes.count, bytes[at] >= 32 else { throw WireError("a string without an end") }
            let byte = bytes[at]
            at += 1
            if byte == UInt8(ascii: "\"") { return try text(raw) }
            if byte == UInt8(ascii: "\\") { raw += try escape().utf8 } else { raw.append(byte) }
            guard raw.count <= limit else { throw WireError("a string of more than \(limit) bytes") }
        }
    }

    private mutating func escape() throws -> String {
        guard at < bytes.count else { throw WireError("a string without an end") }
        defer { at += 1 }
        switch bytes[at] {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw WireError("an escape that JSON does not have")
        }
    }

    /// From the "u" of an escape to its last digit, and over the other half of a pair.
    private mutating func unicodeEscape() throws -> String {
        let first = try hexadecimalUnit()
        var units = [first]
        if (0xd800..<0xdc00).contains(first) {
            guard at + 2 < bytes.count, bytes[at + 1] == UInt8(ascii: "\\"), bytes[at + 2] == UInt8(ascii: "u") else {
                throw WireError("half a character")
            }
            at += 2
            units.append(try hexadecimalUnit())
        }
        guard let text = String(validating: units, as: UTF16.self) else { throw WireError("half a character") }
        return text
    }

    private mutating func hexadecimalUnit() throws -> UInt16 {
        guard at + 4 < bytes.count else { throw WireError("a string without an end") }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            at += 1
            guard let digit = Character(UnicodeScalar(bytes[at])).hexDigitValue else {
                throw WireError("an escape that JSON does not have")
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }
}
