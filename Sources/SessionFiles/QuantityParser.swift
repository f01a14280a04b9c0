internal import Session

/// Reads the scalars that are neither a plain unit family nor a time: pan, meter, booleans, whole numbers.
enum QuantityParser {
    /// -1 (left) to 1 (right) from `L20`, `C`, `R20` or `-20 %`.
    static func pan(_ text: String) throws(Problem) -> Double {
        let example = "as in `L20`, `C`, `R20` or `-20 %`"
        if text == "C" { return 0 }
        if text == "c" { throw Problem("`c` is not a pan position", remedy: "write `C`") }
        var position: Double
        if let side = text.first, side == "L" || side == "R" {
            guard let parts = try NumberAndUnit(String(text.dropFirst())),
                case .decimal(let number) = parts.number,
                parts.unit.isEmpty, !text.contains("-"), !text.contains("+")
            else {
                throw Problem("`\(text)` is not a pan position", remedy: "write it \(example)")
            }
            position = number.double(over: 100) * (side == "L" ? -1 : 1)
        } else if let parts = try NumberAndUnit(text), case .decimal = parts.number {
            if parts.unit.isEmpty {
                throw Problem("`\(text)` has no side", remedy: "write it \(example)")
            }
            position = try UnitFamily.percent.value(text)
        } else {
            throw Problem("`\(text)` is not a pan position", remedy: "write it \(example)")
        }
        guard (-1...1).contains(position) else {
            throw Problem("`\(text)` is beyond the side", remedy: "use L100 to R100")
        }
        if position == 0 { position = 0 }  // `L0` is the centre, not a negative zero.
        return position
    }

    static func boolean(_ text: String) throws(Problem) -> Bool {
        switch text {
        case "true", "yes": return true
        case "false", "no": return false
        default:
            throw Problem("`\(text)` is neither true nor false", remedy: "write `true` or `false`")
        }
    }

    static func meter(_ text: String) throws(Problem) -> Meter {
        let terms = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard terms.count == 2, let beats = terms[0], let unit = terms[1] else {
            throw Problem("`\(text)` is not a meter", remedy: "write it as in `4/4` or `6/8`")
        }
        guard (1...64).contains(beats), [1, 2, 4, 8, 16, 32].contains(unit) else {
            throw Problem("`\(text)` is out of range", remedy: "use 1 to 64 beats of 1, 2, 4, 8, 16 or 32")
        }
        return Meter(beatsPerBar: beats, beatUnit: unit)
    }

    /// Quarter notes per minute as an exact fraction, 10 to 999 by the table.
    static func tempo(_ text: String) throws(Problem) -> (numerator: Int, denominator: Int) {
        _ = try UnitFamily.tempo.value(text)
        guard let parts = try NumberAndUnit(text), case .decimal(let number) = parts.number,
            number.mantissa > 0
        else {
            throw UnitFamily.tempo.notANumber(text)
        }
        guard number.divisor <= 1_000_000 else {
            throw Problem("`\(text)` has more than 6 decimals", remedy: "round it")
        }
        return (number.mantissa, number.divisor)
    }

    static func unsigned(_ text: String) throws(Problem) -> UInt64 {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt64(text) else {
            throw Problem(
                "`\(text)` is not a whole number", remedy: "write a whole number from 0 to \(UInt64.max)")
        }
        return value
    }
}
