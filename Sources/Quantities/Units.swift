/// A ratio in decibels; `-.infinity` is silence.
package struct Decibels: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var value: Double
    package init(_ value: Double) { self.value = value }
    package static let unity = Decibels(0)
    package static let silence = Decibels(-.infinity)
    package static func < (a: Decibels, b: Decibels) -> Bool { a.value < b.value }
    package var description: String { value == -.infinity ? "-inf dB" : "\(oneDecimal(value)) dB" }
}

/// Loudness in LUFS (ITU-R BS.1770-5, where it is called LKFS).
package struct LUFS: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var value: Double
    package init(_ value: Double) { self.value = value }
    package static func < (a: LUFS, b: LUFS) -> Bool { a.value < b.value }
    package var description: String { "\(oneDecimal(value)) LUFS" }
}

/// A true-peak level in dBTP (ITU-R BS.1770-5 Annex 2).
package struct DecibelsTruePeak: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var value: Double
    package init(_ value: Double) { self.value = value }
    package static func < (a: DecibelsTruePeak, b: DecibelsTruePeak) -> Bool { a.value < b.value }
    package var description: String { value == -.infinity ? "-inf dBTP" : "\(oneDecimal(value)) dBTP" }
}

/// One decimal, half away from zero, without the C library's locale; `nan` and infinities by name.
package func oneDecimal(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return value.isNaN ? "nan" : (value < 0 ? "-inf" : "inf") }
    // Truncation is an instruction; rounding half away would be a call to libm.
    let tenths = Int64(value * 10 + (value < 0 ? -0.5 : 0.5))
    let sign = tenths < 0 ? "-" : ""
    return "\(sign)\(tenths.magnitude / 10).\(tenths.magnitude % 10)"
}
