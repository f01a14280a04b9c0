internal import LoudnessChecks
internal import Session

extension UnitFamily {
    /// How values of a metric are written.
    static func of(_ metric: Metric) -> UnitFamily {
        switch metric.unit {
        case .lufs: .loudness
        case .loudnessUnits: loudnessDifference
        case .decibelsTruePeak: .truePeak
        case .decibelsFullScale: fullScale
        case .decibels: level
        case .seconds: span
        case .hertz: .frequency
        case .bits: wordLength
        case .none: .number
        }
    }

    /// How tolerances of a metric are written.
    static func ofDifference(_ metric: Metric) -> UnitFamily {
        switch metric.unit {
        case .lufs, .loudnessUnits: loudnessDifference
        case .decibelsTruePeak, .decibelsFullScale, .decibels: level
        case .seconds, .hertz, .bits, .none: of(metric)
        }
    }

    static let loudnessDifference = UnitFamily(
        noun: "a loudness difference", units: [Unit(name: "LU")], example: "0.2 LU")
    static let fullScale = UnitFamily(
        noun: "a level re full scale", units: [Unit(name: "dBFS")], example: "-0.3 dBFS")
    static let level = UnitFamily(noun: "a level", units: [Unit(name: "dB")], example: "8 dB")
    static let span = UnitFamily(
        noun: "a time",
        units: [Unit(name: "s"), Unit(name: "ms", denominator: 1000), Unit(name: "min", numerator: 60)],
        example: "0.5 s")
    static let wordLength = UnitFamily(
        noun: "a number of bits", units: [Unit(name: "bits")], example: "16", isUnitOptional: true)
    static let samples = UnitFamily(
        noun: "a number of samples", units: [Unit(name: "samples")], example: "588 samples")
}

/// Reads the values of a policy that depend on something else, or come in lists.
enum PolicyValues {
    /// Levels above this are typing errors: `14 LUFS` for `-14 LUFS`.
    private static let highestLevel = 20.0

    static func value(of metric: Metric, _ text: String) throws(Problem) -> Double {
        let value = try number(UnitFamily.of(metric), text)
        switch metric.unit {
        case .lufs, .decibelsTruePeak, .decibelsFullScale:
            // Nothing that anyone releases is louder than full scale by more than a few decibels.
            if value > (metric.unit == .lufs ? 5 : Self.highestLevel) {
                throw Problem("`\(text)` is far above full scale", remedy: "write `-\(text)`")
            }
        case .loudnessUnits, .seconds, .hertz, .bits:
            if value < 0 { throw Problem("`\(text)` is less than 0", remedy: "write it without the hyphen") }
        case .decibels, .none: break
        }
        if metric.decimals == 0 { try whole(value, text) }
        return value
    }

    static func difference(of metric: Metric, _ text: String) throws(Problem) -> Double {
        let value = try number(UnitFamily.ofDifference(metric), text)
        if value < 0 { throw Problem("`\(text)` is less than 0", remedy: "write it without the hyphen") }
        return value
    }

    private static func number(_ family: UnitFamily, _ text: String) throws(Problem) -> Double {
        // `19:30` is easier to read than `1170 s`.
        if family.noun == UnitFamily.span.noun, text.contains(":") {
            return try TimeParser(rateHertz: 1, timebase: nil).seconds(text, .sourceOffset).seconds
        }
        return try family.value(text)
    }

    private static func whole(_ value: Double, _ text: String) throws(Problem) {
        if value != value.rounded() || value < 0 {
            throw Problem("`\(text)` is not a whole number", remedy: "write one from 0 on")
        }
    }

    static func count(_ family: UnitFamily, _ range: ClosedRange<Int>) -> (String) throws(Problem) -> Int {
        return { text throws(Problem) in
            let value = try family.value(text)
            try whole(value, text)
            guard value <= Double(range.upperBound), value >= Double(range.lowerBound) else {
                throw Problem("`\(text)` is out of range", remedy: "use \(range.lowerBound) to \(range.upperBound)")
            }
            return Int(value)
        }
    }

    static func rate(_ text: String) throws(Problem) -> Int {
        try count(.rate, 1...10_000_000)(text)
    }

    static func wordLength(_ text: String) throws(Problem) -> FormDemand.WordLength {
        if text == "32-float" { return .float(32) }
        if text == "64-float" { return .float(64) }
        return .integer(try count(.wordLength, 1...64)(text))
    }

    static func waveTag(_ text: String) throws(Problem) -> Int {
        let digits = text.lowercased().hasPrefix("0x") ? String(text.dropFirst(2)) : nil
        let tag = digits.map { Int($0, radix: 16) } ?? (text.first?.isNumber == true ? Int(text) : nil)
        guard let tag, (0...0xFFFF).contains(tag) else {
            throw Problem("`\(text)` is not a format tag", remedy: "write it as in `1` or `0xFFFE`")
        }
        return tag
    }

    static func container(_ text: String) throws(Problem) -> String {
        let words = PolicySchema.containers
        if words.contains(text) { return text }
        let typed = text.lowercased()
        if let same = words.first(where: { $0.lowercased() == typed }) { return same }
        throw Fields.wrongWord(text, of: "container", words)
    }

    static func profile(_ text: String) throws(Problem) -> String {
        let names = Profile.all.map(\.id)
        if names.contains(text) { return text }
        if let near = nearestName(to: text, among: names) {
            throw Problem("there is no profile `\(text)`", remedy: "did you mean `\(near)`")
        }
        throw Problem("there is no profile `\(text)`", remedy: "use one of \(names.joined(separator: ", "))")
    }

    static func pattern(_ text: String) throws(Problem) -> Glob {
        do throws(Glob.Fault) {
            return try Glob(text)
        } catch {
            throw Problem(error.message, remedy: error.remedy)
        }
    }

    static func day(_ text: String) throws(Problem) -> CalendarDay {
        if let day = CalendarDay(text) { return day }
        let digits = text.utf8.count == 10 && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2D }
        throw Problem(
            digits ? "there is no day `\(text)`" : "`\(text)` is not a date",
            remedy: digits ? "check the month and day" : "write year, month and day, as in `2026-12-31`")
    }

    static func identifier(_ text: String) throws(Problem) -> String {
        let isGood = text.unicodeScalars.allSatisfy {
            $0.isASCII && ($0.properties.isAlphabetic || NumberAndUnit.isDigit($0) || "-_.".unicodeScalars.contains($0))
        }
        guard isGood else {
            throw Problem("`\(text)` is not an id", remedy: "use letters, digits, `-`, `_` and `.`")
        }
        // A waiver for such a rule would excuse theirs too.
        let taken = ["policy", "album", "baseline", "mix", "render", "lathe"] + Profile.all.map(\.id)
        guard !taken.contains(text) else {
            throw Problem("`\(text)` is what Lathe calls other rules", remedy: "add a word, as in `\(text)-rule`")
        }
        return text
    }
}

extension Fields {
    /// The values of a key that takes one or a list; nil where the key is missing; what is wrong is left out.
    func values<T>(_ name: String, _ read: (String) throws(Problem) -> T) -> [T]? {
        guard let node = node(name) else { return nil }
        let nodes = if case .list(let items) = node.content { items } else { [node] }
        if nodes.isEmpty {
            scope.report("`\(name)` is an empty list", remedy: "write a value, or remove the key", at: node.place)
        }
        return nodes.compactMap { item in
            guard let text = scope.scalar(item, of: name) else { return nil }
            do throws(Problem) {
                return try read(text)
            } catch {
                scope.report(error, at: item.place)
                return nil
            }
        }
    }

    /// A mapping of the policy format.
    func object(_ name: String, _ schema: ObjectSchema) -> Fields? {
        node(name).flatMap { Fields($0, schema, scope) }
    }
}
