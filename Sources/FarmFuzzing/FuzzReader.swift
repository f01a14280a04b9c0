/// What reading an input came to: which way it took, and what it did that no input may bring about.
package struct ReadingOutcome: Sendable {
    /// What happened, without numbers: the same for inputs that take the same way.
    package var branch: String
    /// What must not happen; empty as a rule.
    package var violations: [String] = []

    package init(_ branch: String) { self.branch = ReadingOutcome.plain(branch) }

    /// A refusal, which must say why.
    init(refused error: any Error) {
        let reason = "\(error)"
        self.init("refused: \(reason)")
        if !reason.contains(where: \.isLetter) { violations.append("refused without a reason") }
    }

    /// Digits become one "0", quoted words "x", and what is left is cut off after 90 characters.
    static func plain(_ text: String) -> String {
        var plain = ""
        var isNumber = false
        var quote: Character?
        for character in text.prefix(400) {
            if let open = quote {
                if character == open || character.isNewline { quote = nil }
                continue
            }
            if character == "\"" || character == "`" {
                quote = character
                plain.append("x")
                continue
            }
            if character.isNumber {
                if !isNumber { plain.append("0") }
                isNumber = true
                continue
            }
            isNumber = false
            plain.append(character.isASCII && !character.isNewline && character != "\t" ? character : "?")
            if plain.count >= 90 { break }
        }
        return plain
    }
}

/// How an input is built, for whoever damages it.
package enum InputForm: Sendable {
    /// Frames of a message, as `FrameList` packs them; each is damaged as what it looks like.
    case frames
    case json
    /// Lines of words, as in YAML.
    case text
    /// Little-endian words of eight bytes.
    case words
    /// Bytes with little-endian floats and words among them.
    case bytes
}

/// Something that reads bytes which others wrote.
package protocol FuzzReader: AnyObject {
    var name: String { get }
    var form: InputForm { get }
    /// Small valid inputs, always the same.
    func seeds() throws -> [[UInt8]]
    /// Reads an input in the way that production does, and looks at what came out.
    func check(_ bytes: [UInt8]) -> ReadingOutcome
}

/// All readers of a farm.
package enum FuzzReaders {
    /// - Parameter folder: an empty folder of this process's own, for readers of files.
    package static func all(folder: String) throws -> [any FuzzReader] {
        [
            WireFuzz(), TransferFuzz(), RequestFuzz(), ReplyFuzz(), EnrolmentFuzz(), AuthenticationFuzz(), HTTPFuzz(),
            KeyTableFuzz(), KeyTextFuzz(), WebhookFuzz(folder), OutboxFuzz(folder), JobRecordFuzz(folder),
            LedgerFuzz(folder), DatabaseFuzz(folder), SessionFuzz(), PolicyFuzz(folder), try SnapshotFuzz(),
        ]
    }
}

/// Frames of a message as one input: before each its length in four bytes, little-endian. A length that goes past the
/// end ends there.
package enum FrameList {
    /// As one input.
    package static func pack(_ frames: [[UInt8]]) -> [UInt8] {
        frames.flatMap { frame in
            (0..<4).map { UInt8(truncatingIfNeeded: frame.count >> (8 * $0)) } + frame
        }
    }

    /// At most 128 frames.
    package static func unpack(_ bytes: [UInt8]) -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var at = 0
        while at + 4 <= bytes.count, frames.count < 128 {
            let count = (0..<4).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
            at += 4
            let end = min(bytes.count, at + count)
            frames.append(Array(bytes[at..<end]))
            at = end
        }
        return frames
    }
}
