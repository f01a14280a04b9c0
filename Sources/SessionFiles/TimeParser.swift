internal import Session

/// What a time is used for, which decides how it may be written.
enum TimeUse {
    /// A place on the song's timeline: `12 s`, `1:02.5`, `480 samples`, `12|3.5`.
    case position
    /// A duration on the song's timeline: `20 ms`, `2 bars`, `3 beats`.
    case length
    /// A place in an audio file, in the file's own samples: `1.5 s`, `480 samples`.
    case sourceOffset
    /// The time of a delay line: a length, or a note value such as `1/8 dotted`.
    case delay
}

/// Reads times exactly; a song's `TimeParser` knows its rate, tempo and meter.
struct TimeParser {
    /// What `samples` count.
    var rateHertz: Int
    /// nil: the song has no tempo.
    var timebase: Timebase?

    /// The time as an exact fraction of a second.
    func seconds(_ text: String, _ use: TimeUse) throws(Problem) -> ExactSeconds {
        let time = try parsed(text, use)
        if time.numerator < 0 {
            throw Problem("`\(text)` is a negative time", remedy: "times begin at 0 s")
        }
        // The quotient decides, so that no product can overflow.
        let (hours, rest) = time.numerator.quotientAndRemainder(dividingBy: time.denominator * 3600)
        if hours > Int128(SessionLimits.hours) || (hours == Int128(SessionLimits.hours) && rest != 0) {
            throw Problem(
                "`\(text)` is longer than \(SessionLimits.hours) hours", remedy: "use a shorter time")
        }
        return time
    }

    private func parsed(_ text: String, _ use: TimeUse) throws(Problem) -> ExactSeconds {
        if text.contains("|") { return try position(text, use) }
        if text.contains(":") { return try clock(text) }
        if use == .delay, let note = try noteValue(text) { return note }
        guard let parts = try NumberAndUnit(text) else { throw UnitFamily.time.notANumber(text) }
        guard case .decimal(let decimal) = parts.number else {
            throw Problem("`\(text)` is no time", remedy: "write it as in `1.5 s`")
        }
        let mantissa = Int128(decimal.mantissa)
        let divisor = Int128(decimal.divisor)
        switch try UnitFamily.time.unit(of: parts, in: text).name {
        case "s": return ExactSeconds(mantissa, over: divisor)
        case "ms": return ExactSeconds(mantissa, over: divisor * 1000)
        case "samples", "sample":
            guard let count = decimal.integer else {
                throw Problem("`\(text)` is not a whole number of samples", remedy: "round it")
            }
            return ExactSeconds(Int128(count), over: Int128(rateHertz))
        case "beats", "beat":
            return try musical(text, use) { $0.duration(beats: mantissa, over: divisor) }
        default:
            return try musical(text, use) {
                $0.duration(beats: mantissa * Int128($0.meter.beatsPerBar), over: divisor)
            }
        }
    }

    private func musical(
        _ text: String, _ use: TimeUse, _ duration: (Timebase) -> ExactSeconds?
    ) throws(Problem) -> ExactSeconds {
        if use == .sourceOffset {
            throw Problem(
                "`\(text)` is a musical time, and a file has no tempo", remedy: "write seconds, as in `1.5 s`"
            )
        }
        if use == .position, !text.contains("|") {
            throw Problem(
                "`\(text)` is a length, not a position",
                remedy: "write bar and beat, counted from 1, as in `12|3`")
        }
        guard let timebase else {
            throw Problem("`\(text)` needs a tempo", remedy: "add `tempo:` to the song, or write seconds")
        }
        guard let time = duration(timebase) else {
            throw Problem("`\(text)` has too many digits", remedy: "round it")
        }
        return time
    }

    /// `12|3.5`: bar and beat, both counted from 1.
    private func position(_ text: String, _ use: TimeUse) throws(Problem) -> ExactSeconds {
        guard use == .position else {
            let remedy =
                use == .sourceOffset ? "write seconds, as in `1.5 s`" : "write a length, as in `2 bars`"
            throw Problem("`\(text)` is a position, and a duration belongs here", remedy: remedy)
        }
        let halves = text.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
        guard halves.count == 2, let bar = try decimal(halves[0]), let beat = try decimal(halves[1]),
            let barNumber = bar.integer
        else {
            throw Problem("`\(text)` is not a position", remedy: "write bar and beat, as in `12|3.5`")
        }
        let unit = beat.divisor
        guard barNumber >= 1, beat.mantissa >= unit else {
            throw Problem(
                "`\(text)` counts from 0", remedy: "bars and beats count from 1: the start is `1|1`")
        }
        if let meter = timebase?.meter, beat.mantissa / unit > meter.beatsPerBar {
            throw Problem(
                "`\(text)`: a bar has \(meter.beatsPerBar) beats",
                remedy: "write the next bar, or mend `meter:`")
        }
        return try musical(text, use) { timebase in
            let beats = Int128(timebase.meter.beatsPerBar) * Int128(barNumber - 1)
            return timebase.duration(
                beats: beats * Int128(unit) + Int128(beat.mantissa - unit), over: Int128(unit))
        }
    }

    /// `1:02.5` or `1:02:03.5`.
    private func clock(_ text: String) throws(Problem) -> ExactSeconds {
        var fields = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let wrong = Problem(
            "`\(text)` is not a time",
            remedy: "write minutes and seconds as in `1:02.5`, or `1:02:03.5` with hours")
        guard (2...3).contains(fields.count), let last = fields.popLast(), let seconds = try decimal(last)
        else {
            throw wrong
        }
        var minutes = 0
        for (index, field) in fields.enumerated() {
            guard let number = try decimal(field)?.integer, number >= 0, number < 100_000 else { throw wrong }
            if index > 0, number >= 60 { throw wrong }
            minutes = minutes * 60 + number
        }
        guard seconds.mantissa >= 0, seconds.mantissa < 60 * seconds.divisor else { throw wrong }
        return ExactSeconds(
            Int128(minutes) * 60 * Int128(seconds.divisor) + Int128(seconds.mantissa),
            over: Int128(seconds.divisor))
    }

    /// `1/8`, `1/8 dotted`, `1/8 triplet`, `3/16`; nil where it is none.
    private func noteValue(_ text: String) throws(Problem) -> ExactSeconds? {
        let words = text.split(separator: " ")
        guard let fraction = words.first, fraction.contains("/") else { return nil }
        let terms = fraction.split(separator: "/", omittingEmptySubsequences: false).compactMap { Int($0) }
        let wrong = Problem(
            "`\(text)` is not a note value", remedy: "write it as in `1/8`, `1/8 dotted` or `1/8 triplet`")
        guard terms.count == 2, (1...64).contains(terms[0]), [1, 2, 4, 8, 16, 32, 64].contains(terms[1]),
            words.count <= 2
        else { throw wrong }
        var above = Int128(terms[0] * 4)
        var below = Int128(terms[1])
        switch words.count == 2 ? words[1] : "" {
        case "": break
        case "dotted": (above, below) = (above * 3, below * 2)
        case "triplet": (above, below) = (above * 2, below * 3)
        default: throw wrong
        }
        return try musical(text, .delay) { $0.duration(quarters: above, over: below) }
    }

    private func decimal(_ text: String) throws(Problem) -> DecimalNumber? {
        guard let parts = try NumberAndUnit(text), parts.unit.isEmpty,
            case .decimal(let number) = parts.number
        else {
            return nil
        }
        return number
    }
}
