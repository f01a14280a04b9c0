/// Numbers as the lock keeps them: a whole number of units of the last decimal.
enum LockNumber {
    /// The greatest count of units of the last decimal: below it the way to text and back changes nothing.
    static let maximumUnits = 1e15

    /// The value that the text of `NumberText.fixed` has, half away from zero; never -0. No value is NaN.
    static func rounded(_ value: Double, decimals: Int) -> Double {
        guard value.isFinite else { return value }
        let scale = scale(decimals)
        let units = min(maximumUnits, (value.magnitude * scale).rounded(.toNearestOrAwayFromZero))
        return units == 0 ? 0 : (value < 0 ? -units : units) / scale
    }

    /// One figure of a curve. What is no number is silence: a second without sound has no brightness.
    static func rounded(level: Double) -> Double {
        level.isNaN ? -.infinity : rounded(level, decimals: LoudnessLock.Curves.decimals)
    }

    /// Reads "-14.023", "3", "-inf" and "inf", rounded; nil for anything else, exponents and hexadecimal included.
    static func parse(_ text: ArraySlice<UInt8>, decimals: Int) -> Double? {
        if text.elementsEqual("-inf".utf8) { return -.infinity }
        if text.elementsEqual("inf".utf8) { return .infinity }
        let isNegative = text.first == UInt8(ascii: "-")
        var (units, fraction, digits) = (0, -1, 0)
        for byte in isNegative ? text.dropFirst() : text {
            if byte == UInt8(ascii: "."), fraction < 0, digits > 0 {
                fraction = 0
            } else if let digit = digit(byte), units < 1_000_000_000_000_000 {
                units = units * 10 + digit
                digits += 1
                if fraction >= 0 { fraction += 1 }
            } else {
                return nil
            }
        }
        guard digits > 0, fraction != 0, fraction <= 15 else { return nil }
        let value = Double(units) / scale(max(0, fraction))
        return rounded(isNegative ? -value : value, decimals: decimals)
    }

    /// A whole number from 0 to 2^53, or nil.
    static func count(_ text: ArraySlice<UInt8>) -> Int? {
        guard (1...16).contains(text.count) else { return nil }
        var value = 0
        for byte in text {
            guard let digit = digit(byte) else { return nil }
            value = value * 10 + digit
        }
        return value <= 1 << 53 ? value : nil
    }

    private static func digit(_ byte: UInt8) -> Int? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int(byte - UInt8(ascii: "0")) : nil
    }

    private static func scale(_ decimals: Int) -> Double {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        return scale
    }
}

/// The order of ids: by bytes, the same in every language and on every system.
enum LockOrder {
    static func precedes(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }
}
