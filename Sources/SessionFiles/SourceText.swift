/// The text of a session file with its lines, prepared for the YAML parser.
///
/// Two characters are changed on the way to the parser, one scalar for one scalar, so that every line and
/// column stays as it was; `restored` undoes it:
/// - `*`, so that the parser never sees an alias. It would copy nodes before anything can count them (ten
///   lines are enough for ten billion), and it gives a copy the place of its original. `Document` resolves
///   aliases.
/// - the first character of a key that stands twice, as the parser would stop at the first such key.
struct SourceText {
    /// Private-use characters: allowed in YAML, and refused in session files so that they cannot be confused.
    static let star: Unicode.Scalar = "\u{E000}"
    private static let firstKeyMark: UInt32 = 0xE001
    static let keyMarkLimit = 62

    private let scalars: [Unicode.Scalar]
    /// Index into `scalars` of the first character of each line.
    private let lineStarts: [Int]
    /// Index into `scalars` of each marked key.
    private var marks: [Int] = []

    /// - Throws: the first character that cannot be in a session file, with its place.
    init(bytes: [UInt8]) throws(PlacedProblem) {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            throw PlacedProblem(Problem("this file is UTF-16 text", remedy: "save it as UTF-8"), at: .start)
        }
        let hasMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        guard let text = String(validating: hasMark ? bytes[3...] : bytes[...], as: UTF8.self) else {
            throw PlacedProblem(
                Problem("this is not UTF-8 text", remedy: "save the file as UTF-8"),
                at: Self.firstInvalid(bytes))
        }
        scalars = Array(text.unicodeScalars)
        lineStarts = Self.lineStarts(scalars)
        try check()
    }

    /// What the parser is given.
    var textForParser: String {
        var view = String.UnicodeScalarView()
        var nextMark = marks.enumerated().sorted { $0.element < $1.element }[...]
        for (index, scalar) in scalars.enumerated() {
            if let mark = nextMark.first, mark.element == index {
                view.append(Unicode.Scalar(Self.firstKeyMark + UInt32(mark.offset)) ?? scalar)
                nextMark.removeFirst()
            } else {
                view.append(scalar == "*" ? Self.star : scalar)
            }
        }
        return String(view)
    }

    /// What stands in the file from a place to the end of its line, without the line's break.
    func rest(at place: Place) -> ArraySlice<Unicode.Scalar> {
        guard let start = index(of: place) else { return [] }
        var end = place.line < lineStarts.count ? lineStarts[place.line] : scalars.count
        while end > start, Self.isBreak(scalars[end - 1]) { end -= 1 }
        return scalars[start..<end]
    }

    /// Makes a key differ from its twin; false if the place does not hold a plain or quoted word, or at the
    /// limit.
    mutating func markKey(at place: Place) -> Bool {
        guard marks.count < Self.keyMarkLimit, var index = index(of: place) else { return false }
        if scalars[index] == "\"" || scalars[index] == "'" { index += 1 }
        guard scalars.indices.contains(index), !marks.contains(index), Self.isKeyLetter(scalars[index]) else {
            return false
        }
        marks.append(index)
        return true
    }

    private func index(of place: Place) -> Int? {
        guard lineStarts.indices.contains(place.line - 1) else { return nil }
        let index = lineStarts[place.line - 1] + place.column - 1
        return scalars.indices.contains(index) ? index : nil
    }

    /// A scalar of the parsed text as it stood in the file.
    func restored(_ parsed: String) -> String {
        guard parsed.unicodeScalars.contains(where: { (0xE000...0xE040).contains($0.value) }) else {
            return parsed
        }
        var view = String.UnicodeScalarView()
        for scalar in parsed.unicodeScalars {
            if scalar == Self.star {
                view.append("*")
            } else if scalar.value > 0xE000, Int(scalar.value - Self.firstKeyMark) < marks.count {
                view.append(scalars[marks[Int(scalar.value - Self.firstKeyMark)]])
            } else {
                view.append(scalar)
            }
        }
        return String(view)
    }

    private static func isKeyLetter(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || scalar.properties.numericType != nil)
    }

    // YAML 1.1 line breaks, which the parser counts: LF, CR, CR LF, NEL, LS, PS.
    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    private static func lineStarts(_ scalars: [Unicode.Scalar]) -> [Int] {
        var starts = [0]
        for (index, scalar) in scalars.enumerated() where isBreak(scalar) {
            if scalar == "\r", index + 1 < scalars.count, scalars[index + 1] == "\n" { continue }
            starts.append(index + 1)
        }
        return starts
    }

    private static func firstInvalid(_ bytes: [UInt8]) -> Place {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let line = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
        return Place(line: line + 1, column: 1)
    }

    /// Characters, and a bound on the number of nodes before anything is allocated for each.
    private func check() throws(PlacedProblem) {
        // Every node ends at a comma, a colon or a line's end, or opens with a bracket; the parser nests no
        // deeper than its own limit, so brackets alone are no way around this.
        var separators = lineStarts.count
        for (index, scalar) in scalars.enumerated() {
            if scalar == "," || scalar == ":" { separators += 1 }
            guard Self.isRefused(scalar.value) else { continue }
            let line = lineStarts.lastIndex { $0 <= index } ?? 0
            let code = String(scalar.value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
            throw PlacedProblem(
                Problem("the character U+\(padded) cannot be in a session file", remedy: "remove it"),
                at: Place(line: line + 1, column: index - lineStarts[line] + 1))
        }
        if separators > 2_500_000 { throw PlacedProblem(Document.tooManyNodes, at: .start) }
    }

    private static func isRefused(_ value: UInt32) -> Bool {
        switch value {
        case 0x09, 0x0A, 0x0D, 0x85: false
        case ..<0x20, 0x7F...0x9F, 0xE000...0xE040, 0xFEFF, 0xFFFE, 0xFFFF: true
        default: false
        }
    }
}

/// A problem that ends a file at a place.
struct PlacedProblem: Error, Equatable {
    var problem: Problem
    var place: Place

    init(_ problem: Problem, at place: Place) {
        self.problem = problem
        self.place = place
    }
}
