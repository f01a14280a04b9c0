internal import Quantities
internal import Session

/// The shortest decimal digits that stand for a number: 0.d1d2d3... times ten to the power of `point`.
struct DecimalDigits: Equatable {
    private var isNegative: Bool
    private var digits: [UInt8] = []
    private var point = 0

    /// nil for what is no finite number.
    ///
    /// - Parameter shift: the power of ten that the number is multiplied by, without rounding.
    init?(_ value: Double, shift: Int = 0) {
        guard value.isFinite else { return nil }
        isNegative = value < 0
        var exponent = 0
        var isExponentNegative = false
        var hasExponent = false
        var wholeCount: Int?
        for byte in "\(value.magnitude)".utf8 {
            switch byte {
            case UInt8(ascii: "."): wholeCount = digits.count
            case UInt8(ascii: "e"): hasExponent = true
            case UInt8(ascii: "-"): isExponentNegative = true
            case UInt8(ascii: "+"): break
            default:
                let digit = byte - UInt8(ascii: "0")
                if hasExponent { exponent = exponent * 10 + Int(digit) } else { digits.append(digit) }
            }
        }
        point = (wholeCount ?? digits.count) + (isExponentNegative ? -exponent : exponent) + shift
        trim()
    }

    private mutating func trim() {
        while digits.last == 0 { digits.removeLast() }
        let zeros = digits.prefix { $0 == 0 }.count
        digits.removeFirst(zeros)
        point -= zeros
        if digits.isEmpty { (isNegative, point) = (false, 0) }
    }

    var decimalCount: Int { max(0, digits.count - point) }

    /// To so many decimals, half away from zero.
    func rounded(decimals: Int) -> DecimalDigits {
        let keptCount = point + decimals
        guard keptCount < digits.count else { return self }
        var result = self
        guard keptCount >= 0 else {
            result.digits = []
            result.trim()
            return result
        }
        let isUp = digits[keptCount] >= 5
        result.digits = Array(digits.prefix(keptCount))
        if isUp {
            var index = keptCount - 1
            while index >= 0, result.digits[index] == 9 {
                result.digits[index] = 0
                index -= 1
            }
            if index >= 0 {
                result.digits[index] += 1
            } else {
                result.digits.insert(1, at: 0)
                result.point += 1
            }
        }
        result.trim()
        return result
    }

    /// With at least so many decimals.
    func text(decimals: Int = 0) -> String {
        var text = isNegative ? "-" : ""
        for place in 0..<max(1, point) { text += point > 0 && place < digits.count ? "\(digits[place])" : "0" }
        let count = max(decimals, decimalCount)
        guard count > 0 else { return text }
        text += "."
        for place in point..<(point + count) {
            text += digits.indices.contains(place) ? "\(digits[place])" : "0"
        }
        return text
    }
}

/// What a number of the model counts, which decides how a session file writes it.
enum WrittenUnit: Equatable {
    /// As in the table of devices; frames of a delay are seconds here.
    case table(ParameterDescription.Unit)
    /// -1 to 1.
    case pan
    /// LUFS.
    case loudness

    static let decibels = WrittenUnit.table(.decibels)
    static let seconds = WrittenUnit.table(.seconds)

    /// Whether a difference of two values has a meaning of its own.
    fileprivate var hasDifferences: Bool {
        switch self {
        case .table(.decibels), .table(.truePeak), .loudness: true
        default: false
        }
    }

    /// As many decimals as a reader wants; more only where two numbers would read alike.
    private var shownDecimals: Int {
        switch self {
        case .pan: 1
        case .table(.decibels), .table(.truePeak), .loudness: 2
        case .table(.seconds), .table(.delayFrames): 3
        default: 4
        }
    }

    /// Number and unit as a session file has them.
    ///
    /// - Parameter decimals: at most so many; nil: all there are.
    fileprivate func pieces(_ value: Double, decimals: Int?) -> (number: DecimalDigits?, text: String, unit: String) {
        var (shift, unit) = (0, "")
        switch self {
        case .table(.decibels): unit = " dB"
        case .table(.truePeak): unit = " dBTP"
        case .loudness: unit = " LUFS"
        case .table(.hertz): (shift, unit) = value.magnitude < 1000 ? (0, " Hz") : (-3, " kHz")
        case .table(.percent): (shift, unit) = (2, " %")
        case .table(.seconds), .table(.delayFrames):
            (shift, unit) = value.magnitude < 1 && value != 0 ? (3, " ms") : (0, " s")
        case .table(.ratio): unit = ":1"
        case .table(.number): break
        case .table(.choice(let words)):
            let word = words.indices.first { Double($0) == value }.map { words[$0] }
            return (nil, word ?? "\(value)", "")
        case .table(.onOff): return (nil, value == 1 ? "true" : value == 0 ? "false" : "\(value)", "")
        case .pan:
            guard let digits = DecimalDigits(value.magnitude, shift: 2) else { return (nil, "\(value)", "") }
            let kept = decimals.map(digits.rounded) ?? digits
            return (nil, value == 0 ? "C" : (value < 0 ? "L" : "R") + kept.text(), "")
        }
        guard let digits = DecimalDigits(value, shift: shift) else {
            let name = value.isNaN ? "nan" : value < 0 ? "-inf" : "inf"
            return (nil, name, self == .table(.ratio) ? "" : unit)
        }
        let kept = decimals.map(digits.rounded) ?? digits
        return (kept, kept.text(), unit)
    }

    /// As a session file writes it, exactly.
    func text(_ value: Double) -> String {
        let pieces = pieces(value, decimals: nil)
        return pieces.text + pieces.unit
    }

    /// For reading, with few decimals.
    func shortText(_ value: Double) -> String {
        let pieces = pieces(value, decimals: shownDecimals)
        return pieces.text + pieces.unit
    }

    /// "-3.0 to -2.5 dB": the unit once, the same decimals, and never twice the same number.
    func change(_ from: Double, _ to: Double) -> String {
        var (a, b) = (pieces(from, decimals: shownDecimals), pieces(to, decimals: shownDecimals))
        if a.text == b.text, a.unit == b.unit {
            (a, b) = (pieces(from, decimals: nil), pieces(to, decimals: nil))
        }
        guard a.unit == b.unit, let first = a.number, let second = b.number, a.unit.hasPrefix(" ") else {
            let unit = a.unit == b.unit && a.unit.hasPrefix(" ") ? "" : a.unit
            return "\(a.text)\(unit) to \(b.text)\(b.unit)"
        }
        let decimals = max(first.decimalCount, second.decimalCount)
        return "\(first.text(decimals: decimals)) to \(second.text(decimals: decimals))\(b.unit)"
    }

    /// "+0.5 dB", where differences mean something and this one is finite.
    func difference(_ from: Double, _ to: Double) -> String? {
        guard hasDifferences else { return nil }
        // The difference of two written decimals is a short decimal again.
        guard let digits = DecimalDigits((to - from).magnitude)?.rounded(decimals: 4) else { return nil }
        let unit = self == .loudness ? " LU" : " dB"
        return (to < from ? "-" : "+") + digits.text() + unit
    }
}

/// Times and durations of a song's timeline in words.
enum TimeText {
    /// `1:12.250`, or `1:02:03.500`: what a session file reads, to the millisecond.
    static func clock(_ frames: Int, rateHertz: Int) -> String {
        let milliseconds = Int((Int128(frames) * 1000 + Int128(rateHertz / 2)) / Int128(max(1, rateHertz)))
        return clock(milliseconds: milliseconds)
    }

    /// To the hundredth of a second, without zeros at the end.
    static func shortClock(seconds: Double) -> String {
        guard seconds.isFinite, seconds.magnitude < 1e12 else { return "\(seconds)" }
        var text = clock(milliseconds: Int(seconds * 100 + 0.5) * 10)
        while text.last == "0" { text.removeLast() }
        guard text.last == "." else { return text }
        text.removeLast()
        return text
    }

    private static func clock(milliseconds: Int) -> String {
        let seconds = milliseconds / 1000
        let tail = padded(seconds % 60, 2) + "." + padded(milliseconds % 1000, 3)
        guard seconds >= 3600 else { return "\(seconds / 60):\(tail)" }
        return "\(seconds / 3600):\(padded(seconds / 60 % 60, 2)):\(tail)"
    }

    private static func padded(_ number: Int, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }

    /// Two places on a timeline, to the sample where milliseconds do not tell them apart.
    static func places(_ from: Int, _ fromRate: Int, _ to: Int, _ toRate: Int) -> (from: String, to: String) {
        let texts = (clock(from, rateHertz: fromRate), clock(to, rateHertz: toRate))
        return texts.0 == texts.1 ? ("\(from) samples", "\(to) samples") : texts
    }

    /// `20 ms`, `1.5 s`.
    static func duration(_ frames: Int, rateHertz: Int) -> String {
        let seconds = Double(frames) / Double(max(1, rateHertz))
        guard frames != 0, let digits = DecimalDigits(seconds)?.rounded(decimals: seconds.magnitude < 0.1 ? 6 : 4),
            let value = Double(digits.text())
        else { return "0 s" }
        return value == 0 ? "\(frames) samples" : WrittenUnit.seconds.text(value)
    }

    /// Two durations, to the sample where they would read alike.
    static func durations(_ from: Int, _ fromRate: Int, _ to: Int, _ toRate: Int) -> (from: String, to: String) {
        let texts = (duration(from, rateHertz: fromRate), duration(to, rateHertz: toRate))
        return texts.0 == texts.1 ? ("\(from) samples", "\(to) samples") : texts
    }

    /// "3.840 to 3.810 s".
    static func durationChange(_ from: Int, _ to: Int, rateHertz: Int) -> String {
        let rate = Double(max(1, rateHertz))
        return WrittenUnit.seconds.change(Double(from) / rate, Double(to) / rate)
    }

    /// "250 ms", or "3 samples" where it is shorter than a millisecond.
    static func distance(_ frames: Int, rateHertz: Int) -> String {
        let count = frames.magnitude
        guard count * 1000 >= rateHertz.magnitude else { return count == 1 ? "1 sample" : "\(count) samples" }
        let seconds = Double(count) / Double(max(1, rateHertz))
        let digits = seconds < 1 ? DecimalDigits(seconds, shift: 3) : DecimalDigits(seconds)
        let decimals = seconds < 0.01 ? 1 : seconds < 1 ? 0 : 2
        return (digits?.rounded(decimals: decimals).text() ?? "") + (seconds < 1 ? " ms" : " s")
    }
}

/// Text from a session, as it can be shown: control characters, line ends and what turns the direction of writing
/// become `?`.
package func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
    var view = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { view.append(isUnsafe(scalar) ? "?" : scalar) }
    return String(view)
}

/// Whether a terminal could take it for anything but a letter.
package func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
        0xE0000...0xE007F:
        true
    default: false
    }
}
