/// A decimal number as it was written, exact.
struct DecimalNumber: Equatable {
    /// At most 15 digits: every such number survives conversion to Double and back.
    static let digitLimit = 15

    /// With its sign; the value is `mantissa / divisor`.
    let mantissa: Int
    /// A power of ten, 1 to 10^15.
    let divisor: Int
    /// As written, for messages.
    let text: String

    /// The value times an exact factor, rounded once.
    func double(times numerator: Int = 1, over denominator: Int = 1) -> Double {
        Double(Int128(mantissa) * Int128(numerator)) / Double(Int128(divisor) * Int128(denominator))
    }

    /// The value if it is whole.
    var integer: Int? { mantissa % divisor == 0 ? mantissa / divisor : nil }
}

/// Text split into a number in front and what follows it.
struct NumberAndUnit {
    enum Number: Equatable {
        case decimal(DecimalNumber)
        case infinity(isNegative: Bool)
    }

    var number: Number
    /// Without the spaces around it; empty where there is none.
    var unit: String
    /// The number as written.
    var numberText: String
}

extension NumberAndUnit {
    /// Splits `-3.5 dB` into -3.5 and `dB`; nil where no number stands in front.
    ///
    /// - Throws: a sign, comma or length that is not accepted, each with its remedy.
    init?(_ text: String) throws(Problem) {
        let scalars = Array(text.unicodeScalars)
        if let dash = scalars.first(where: {
            "\u{2212}\u{2013}\u{2014}\u{FE63}\u{FF0D}".unicodeScalars.contains($0)
        }) {
            throw Self.wrongMinus(dash, in: text)
        }
        var rest = scalars[...]
        var sign = ""
        if let first = rest.first, first == "-" || first == "+" {
            sign = String(first)
            rest = rest.dropFirst()
        }
        if rest.starts(with: "inf".unicodeScalars), rest.dropFirst(3).first?.properties.isAlphabetic != true {
            number = .infinity(isNegative: sign == "-")
            numberText = sign + "inf"
            unit = Self.trimmed(rest.dropFirst(3))
            return
        }
        let whole = rest.prefix(while: Self.isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction: ArraySlice<Unicode.Scalar> = []
        if rest.first == ".", let digit = rest.dropFirst().first, Self.isDigit(digit) {
            fraction = rest.dropFirst().prefix(while: Self.isDigit)
            rest = rest.dropFirst(1 + fraction.count)
        }
        guard !whole.isEmpty || !fraction.isEmpty else { return nil }
        if rest.first == ",", let digit = rest.dropFirst().first, Self.isDigit(digit) {
            let mended = String(text.map { $0 == "," ? "." : $0 })
            throw Problem("`\(text)` has a decimal comma", remedy: "write `\(mended)`")
        }
        guard whole.count + fraction.count <= DecimalNumber.digitLimit else {
            throw Problem("`\(text)` has more than 15 digits", remedy: "round it")
        }
        var mantissa = 0
        for digit in whole + fraction { mantissa = mantissa * 10 + Int(digit.value - 0x30) }
        var divisor = 1
        for _ in fraction { divisor *= 10 }
        numberText = sign + Self.string(whole) + (fraction.isEmpty ? "" : "." + Self.string(fraction))
        number = .decimal(
            DecimalNumber(mantissa: sign == "-" ? -mantissa : mantissa, divisor: divisor, text: numberText))
        unit = Self.trimmed(rest)
    }

    private static func wrongMinus(_ dash: Unicode.Scalar, in text: String) -> Problem {
        let code = String(dash.value, radix: 16, uppercase: true)
        var mended = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { mended.append(scalar == dash ? "-" : scalar) }
        return Problem(
            "`\(text)` has the character U+\(code) for a minus", remedy: "write a hyphen: `\(String(mended))`"
        )
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { (0x30...0x39).contains(scalar.value) }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.isWhitespace }

    private static func trimmed(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var rest = scalars.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return string(rest)
    }

    private static func string(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: scalars)
        return String(view)
    }
}
