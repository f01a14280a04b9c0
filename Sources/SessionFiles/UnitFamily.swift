/// The units that a kind of quantity is written in.
struct UnitFamily {
    struct Unit {
        var name: String
        /// The base unit's number is `written * numerator / denominator`.
        var numerator = 1
        var denominator = 1
    }

    /// "a gain", "a frequency".
    var noun: String
    /// The first is the one suggested.
    var units: [Unit]
    /// As in a file.
    var example: String
    var isUnitOptional = false
    var allowsInfinity = false

    static let gain = UnitFamily(
        noun: "a gain", units: [Unit(name: "dB")], example: "-3 dB", allowsInfinity: true)
    static let loudness = UnitFamily(noun: "a loudness", units: [Unit(name: "LUFS")], example: "-14 LUFS")
    static let truePeak = UnitFamily(noun: "a true peak", units: [Unit(name: "dBTP")], example: "-1 dBTP")
    static let frequency = UnitFamily(
        noun: "a frequency", units: [Unit(name: "Hz"), Unit(name: "kHz", numerator: 1000)], example: "2.5 kHz"
    )
    static let percent = UnitFamily(
        noun: "a percentage", units: [Unit(name: "%", denominator: 100)], example: "30 %")
    static let slope = UnitFamily(noun: "a slope", units: [Unit(name: "dB/oct")], example: "24 dB/oct")
    static let number = UnitFamily(noun: "a plain number", units: [], example: "1.2", isUnitOptional: true)
    static let ratio = UnitFamily(
        noun: "a ratio", units: [Unit(name: ":1")], example: "4:1", isUnitOptional: true, allowsInfinity: true
    )
    static let tempo = UnitFamily(
        noun: "a tempo", units: [Unit(name: "bpm")], example: "112", isUnitOptional: true)
    static let rate = UnitFamily(
        noun: "a sample rate", units: [Unit(name: "Hz"), Unit(name: "kHz", numerator: 1000)],
        example: "48000",
        isUnitOptional: true)
    /// Only for messages: times have a parser of their own.
    static let time = UnitFamily(
        noun: "a time",
        units: [
            Unit(name: "s"), Unit(name: "ms"), Unit(name: "samples"), Unit(name: "sample"),
            Unit(name: "bars"),
            Unit(name: "bar"), Unit(name: "beats"), Unit(name: "beat"),
        ], example: "1.5 s")

    /// The value in the base unit (dB, LUFS, dBTP, Hz, a fraction, dB/oct, ...).
    func value(_ text: String) throws(Problem) -> Double {
        guard let parts = try NumberAndUnit(text) else { throw notANumber(text) }
        let unit = try self.unit(of: parts, in: text)
        switch parts.number {
        case .decimal(let decimal):
            return decimal.double(times: unit.numerator, over: unit.denominator)
        case .infinity(let isNegative):
            guard allowsInfinity else {
                throw Problem("`\(text)` is not \(noun)", remedy: "write a number, as in `\(example)`")
            }
            return isNegative ? -.infinity : .infinity
        }
    }

    /// The unit that was written, or the first one where a unit may be left out.
    func unit(of parts: NumberAndUnit, in text: String) throws(Problem) -> Unit {
        if parts.unit.isEmpty, isUnitOptional { return units.first ?? Unit(name: "") }
        if let unit = units.first(where: { $0.name == parts.unit }) { return unit }
        throw wrongUnit(parts, in: text)
    }

    func notANumber(_ text: String) -> Problem {
        Problem("`\(text)` is not \(noun)", remedy: "write it as in `\(example)`")
    }

    func wrongUnit(_ parts: NumberAndUnit, in text: String) -> Problem {
        guard let first = units.first else {
            return Problem("`\(text)` is \(noun) with a unit", remedy: "write `\(parts.numberText)`")
        }
        if parts.unit.isEmpty {
            if first.name == "%", case .decimal(let decimal) = parts.number, decimal.double().magnitude <= 1 {
                return Problem("`\(text)` has no unit", remedy: "write a percentage, as in `\(example)`")
            }
            return Problem("`\(text)` has no unit", remedy: "write `\(parts.numberText) \(first.name)`")
        }
        let lowered = parts.unit.lowercased()
        if let meant = units.first(where: { $0.name.lowercased() == lowered }) {
            return Problem(
                "`\(parts.unit)` is not a unit",
                remedy: "write `\(parts.numberText) \(meant.name)` (mind the case)")
        }
        if let name = Self.otherSpellings.first(where: { $0.spelling == lowered })?.unit,
            units.contains(where: { $0.name == name })
        {
            return Problem("`\(parts.unit)` is not a unit", remedy: "write `\(parts.numberText) \(name)`")
        }
        return Problem("`\(parts.unit)` is not a unit of \(noun)", remedy: "write it as in `\(example)`")
    }

    private static let otherSpellings: [(spelling: String, unit: String)] = [
        ("decibel", "dB"), ("decibels", "dB"), ("dbfs", "dB"), ("lkfs", "LUFS"), ("lu", "LUFS"),
        ("hertz", "Hz"),
        ("k", "kHz"), ("percent", "%"), ("sec", "s"), ("secs", "s"), ("second", "s"), ("seconds", "s"),
        ("msec", "ms"), ("msecs", "ms"), ("millisecond", "ms"), ("milliseconds", "ms"), ("smp", "samples"),
        ("frames", "samples"), ("frame", "samples"), ("db/octave", "dB/oct"), ("db/okt", "dB/oct"),
        ("db", "dB/oct"), ("dbtp", "dBTP"), ("db tp", "dBTP"), ("beats per minute", "bpm"),
    ]
}
