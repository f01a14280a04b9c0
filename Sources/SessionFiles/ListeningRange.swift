package import Session

/// A stretch of a song as it is written on a command line: `1:02..1:30`, `62 s..90 s`, `12|1..16|1`.
package struct ListeningRange: Sendable, Equatable {
    /// Why a text is no range, and what to write.
    package struct Malformed: Error, Equatable, CustomStringConvertible {
        package var description: String
    }

    private let start: String
    private let end: String
    /// `1.02-1.30` or `bar 12.1-16.1`, for the name of a file.
    package let fileText: String

    /// - Throws: `Malformed` for what is no range of any song.
    package init(_ text: String) throws(Malformed) {
        let ends = text.components(separatedBy: "..")
        guard ends.count == 2 else {
            throw Malformed(description: "\"\(text)\" is no range. Write it as in 1:02..1:30.")
        }
        start = ends[0].trimmed
        end = ends[1].trimmed
        let isMusical = start.contains("|")
        guard isMusical == end.contains("|"), !text.contains("sample") else {
            throw Malformed(
                description: "\"\(text)\" mixes kinds of time. Write 1:02..1:30, 62 s..90 s or 12|1..16|1.")
        }
        // Whatever the song's tempo and meter are, these have one order.
        let times = TimeParser(
            rateHertz: 48_000,
            timebase: isMusical
                ? Timebase(
                    tempoNumerator: 60, tempoDenominator: 1, meter: Meter(beatsPerBar: 64, beatUnit: 4)) : nil)
        let (from, to) = (try Self.time(start, times), try Self.time(end, times))
        guard from.seconds < to.seconds else {
            throw Malformed(description: "\"\(text)\" ends before it begins. Write the earlier time first.")
        }
        fileText =
            isMusical
            ? "bar \(start.replacing("|", with: "."))-\(end.replacing("|", with: "."))"
            : "\(Self.fileText(from))-\(Self.fileText(to))"
    }

    /// The nearest frames of a song.
    ///
    /// - Parameter timebase: nil: the song has no tempo.
    /// - Throws: `Malformed` for musical times where there is no tempo, or no such beat.
    package func frames(rateHertz: Int, timebase: Timebase?) throws(Malformed) -> Range<Int> {
        let times = TimeParser(rateHertz: rateHertz, timebase: timebase)
        let first = try Self.time(start, times).frames(rateHertz: rateHertz) ?? 0
        let last = try Self.time(end, times).frames(rateHertz: rateHertz) ?? 0
        return first..<max(first + 1, last)
    }

    private static func time(_ text: String, _ times: TimeParser) throws(Malformed) -> ExactSeconds {
        do {
            return try times.seconds(text, .position)
        } catch {
            throw Malformed(description: "\(error.message). For --range, \(error.remedy).")
        }
    }

    private static func fileText(_ time: ExactSeconds) -> String {
        let thousandths = time.frames(rateHertz: 1000) ?? 0
        func padded(_ number: Int, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        let (hours, minutes, seconds) = (thousandths / 3_600_000, thousandths / 60_000 % 60, thousandths / 1000 % 60)
        let start = hours > 0 ? "\(hours).\(padded(minutes, 2))" : "\(minutes)"
        var fraction = padded(thousandths % 1000, 3)[...]
        while fraction.last == "0" { fraction.removeLast() }
        return "\(start).\(padded(seconds, 2))" + (fraction.isEmpty ? "" : ".\(fraction)")
    }
}

extension String {
    fileprivate var trimmed: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    /// The pieces between occurrences of a separator.
    fileprivate func components(separatedBy separator: String) -> [String] {
        var pieces: [String] = []
        var rest = self[...]
        while let found = rest.firstRange(of: separator) {
            pieces.append(String(rest[..<found.lowerBound]))
            rest = rest[found.upperBound...]
        }
        return pieces + [String(rest)]
    }
}
