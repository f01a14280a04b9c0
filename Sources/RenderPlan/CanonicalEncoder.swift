/// Writes values as canonical bytes: little-endian, every list with its count, floating point as its bits.
///
/// Two values have the same canonical bytes exactly when a render cannot tell them apart.
package struct CanonicalEncoder {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// One byte.
    package mutating func put(_ value: UInt8) { bytes.append(value) }

    /// One byte, 0 or 1.
    package mutating func put(_ value: Bool) { bytes.append(value ? 1 : 0) }

    /// Eight bytes, little-endian.
    package mutating func put(_ value: UInt64) {
        var word = value
        for _ in 0..<8 {
            bytes.append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }

    /// Eight bytes, two's complement.
    package mutating func put(_ value: Int) { put(UInt64(bitPattern: Int64(value))) }

    /// -0 is written as +0: the two are equal and must not make two keys.
    package mutating func put(_ value: Double) { put(value == 0 ? 0 : value.bitPattern) }

    /// The count of its UTF-8 bytes, then those.
    package mutating func put(_ text: String) {
        let utf8 = Array(text.utf8)
        put(utf8.count)
        bytes.append(contentsOf: utf8)
    }

    /// Count, then bytes.
    package mutating func put(_ raw: [UInt8]) {
        put(raw.count)
        bytes.append(contentsOf: raw)
    }

    /// Count, then bits.
    package mutating func put(_ values: [Double]) {
        put(values.count)
        for value in values { put(value) }
    }

    /// Count, then elements.
    package mutating func put<Element: CanonicallyEncodable>(_ values: [Element]) {
        put(values.count)
        for value in values { value.encode(into: &self) }
    }
}

/// A value with canonical bytes.
package protocol CanonicallyEncodable {
    func encode(into encoder: inout CanonicalEncoder)
}
