/// JSON (RFC 8259) whose values know the line they begin on: for files that people write and get wrong.
indirect enum PlacedJSON: Sendable {
    case object([Member], line: Int)
    case array([PlacedJSON], line: Int)
    case string(String, line: Int)
    /// A number, true, false or null, as written.
    case word(String, line: Int)

    struct Member: Sendable {
        var name: String
        var line: Int
        var value: PlacedJSON
    }

    /// What is wrong with a file, and where: `line 7: a comma is missing`.
    struct Fault: Error, Equatable {
        var line: Int
        var message: String
    }

    var line: Int {
        switch self {
        case .object(_, let line), .array(_, let line), .string(_, let line), .word(_, let line): line
        }
    }

    /// Reads a whole text; nested at most 16 deep.
    static func read(_ bytes: [UInt8]) throws(Fault) -> PlacedJSON {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Fault(line: 1, message: "the file is not UTF-8")
        }
        var reader = Reader(scalars: Array(text.unicodeScalars))
        reader.skipBlanks()
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.at == reader.scalars.count else { throw reader.fault("something follows the end") }
        return value
    }

    private struct Reader {
        let scalars: [Unicode.Scalar]
        var at = 0
        var line = 1

        init(scalars: [Unicode.Scalar]) { self.scalars = scalars }

        func fault(_ message: String) -> Fault { Fault(line: line, message: message) }

        mutating func skipBlanks() {
            while at < scalars.count, [" ", "\t", "\r", "\n"].contains(scalars[at]) {
                if scalars[at] == "\n" { line += 1 }
                at += 1
            }
        }

        mutating func take(_ scalar: Unicode.Scalar) -> Bool {
            guard at < scalars.count, scalars[at] == scalar else { return false }
            at += 1
            return true
        }

        mutating func value(depth: Int) throws(Fault) -> PlacedJSON {
            guard depth < 16 else { throw fault("nested too deeply") }
            let start = line
            if take("{") { return .object(try members(depth: depth), line: start) }
            if take("[") { return .array(try elements(depth: depth), line: start) }
            if at < scalars.count, scalars[at] == "\"" { return .string(try string(), line: start) }
            var word = ""
            while at < scalars.count, scalars[at].isASCII,
                scalars[at].properties.isAlphabetic || "+-.0123456789".unicodeScalars.contains(scalars[at])
            {
                word.unicodeScalars.append(scalars[at])
                at += 1
            }
            let number = /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/
            guard ["true", "false", "null"].contains(word) || word.wholeMatch(of: number) != nil else {
                throw fault("a value is missing")
            }
            return .word(word, line: start)
        }

        mutating func members(depth: Int) throws(Fault) -> [Member] {
            var members: [Member] = []
            skipBlanks()
            if take("}") { return members }
            while true {
                skipBlanks()
                guard at < scalars.count, scalars[at] == "\"" else {
                    throw fault("a name in quotation marks is missing")
                }
                let start = line
                let name = try string()
                guard !members.contains(where: { $0.name == name }) else { throw fault("\"\(name)\" is there twice") }
                skipBlanks()
                guard take(":") else { throw fault("a colon is missing after \"\(name)\"") }
                skipBlanks()
                members.append(Member(name: name, line: start, value: try value(depth: depth + 1)))
                skipBlanks()
                if take("}") { return members }
                guard take(",") else { throw fault("a comma or a } is missing") }
            }
        }

        mutating func elements(depth: Int) throws(Fault) -> [PlacedJSON] {
            var elements: [PlacedJSON] = []
            skipBlanks()
            if take("]") { return elements }
            while true {
                skipBlanks()
                elements.append(try value(depth: depth + 1))
                skipBlanks()
                if take("]") { return elements }
                guard take(",") else { throw fault("a comma or a ] is missing") }
            }
        }

        mutating func string() throws(Fault) -> String {
            var text = ""
            at += 1
            while at < scalars.count {
                let scalar = scalars[at]
                at += 1
                switch scalar {
                case "\"": return text
                case "\\": text.unicodeScalars.append(try escape())
                case _ where scalar.value < 0x20: throw fault("a line ends inside quotation marks")
                default: text.unicodeScalars.append(scalar)
                }
            }
            throw fault("a quotation mark is missing")
        }

        mutating func escape() throws(Fault) -> Unicode.Scalar {
            guard at < scalars.count else { throw fault("a quotation mark is missing") }
            let scalar = scalars[at]
            at += 1
            switch scalar {
            case "\"", "\\", "/": return scalar
            case "b": return "\u{8}"
            case "f": return "\u{c}"
            case "n": return "\n"
            case "r": return "\r"
            case "t": return "\t"
            case "u":
                var unit = try fourDigits()
                if (0xd800..<0xdc00).contains(unit), take("\\"), take("u") {
                    let low = try fourDigits()
                    guard (0xdc00..<0xe000).contains(low) else { throw fault("half a character after \\u") }
                    unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00)
                }
                guard let result = Unicode.Scalar(unit) else { throw fault("half a character after \\u") }
                return result
            default: throw fault("\\\(scalar) means nothing")
            }
        }

        mutating func fourDigits() throws(Fault) -> UInt32 {
            guard at + 4 <= scalars.count else { throw fault("four digits are missing after \\u") }
            var unit: UInt32 = 0
            for scalar in scalars[at..<at + 4] {
                guard scalar.isASCII, let digit = Character(scalar).hexDigitValue else {
                    throw fault("four digits are missing after \\u")
                }
                unit = unit << 4 | UInt32(digit)
            }
            at += 4
            return unit
        }
    }
}
