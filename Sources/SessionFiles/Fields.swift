internal import Session

/// One file while it is read: its source, for looking behind a scalar, and its log.
struct FileScope {
    let source: SourceText
    let log: DiagnosticLog
    /// As typed, joined to the folder of the file that named it; ends without a slash, empty for the current
    /// folder.
    let folder: String

    func report(_ problem: Problem, at place: Place) { log.report(problem, at: place) }
    func report(_ message: String, remedy: String, at place: Place) {
        log.report(message, remedy: remedy, at: place)
    }
}

/// A mapping read by its schema: unknown keys are reported once, at the start; values are read and checked by
/// key.
///
/// Every accessor reports what is wrong itself and then answers nil. As a session with any error is never
/// returned, the caller may go on with whatever stands in for nil.
struct Fields {
    let schema: ObjectSchema
    let place: Place
    let scope: FileScope
    private var values: [String: DocumentNode] = [:]

    /// nil where the node is no mapping (reported).
    init?(_ node: DocumentNode, _ schema: ObjectSchema, _ scope: FileScope) {
        guard case .mapping(let pairs) = node.content else {
            let example = schema.keys.first.map(\.name) ?? "key"
            scope.report(
                "\(schema.noun) is a mapping, but this is \(node.kindName)",
                remedy: "write `\(example): ...`",
                at: node.place)
            return nil
        }
        self.schema = schema
        self.scope = scope
        place = node.place
        let names = schema.keys.map(\.name)
        for (key, value) in pairs {
            guard case .scalar(let name, _) = key.content else { continue }
            guard names.contains(name) else {
                scope.report(Self.unknown(name, in: schema, names), at: key.place)
                continue
            }
            values[name] = value
        }
        for key in schema.keys where key.isRequired && values[key.name] == nil {
            scope.report("\(schema.noun) needs `\(key.name)`", remedy: Self.suggestion(for: key), at: place)
        }
    }

    private static func suggestion(for key: KeySchema) -> String {
        switch key.kind {
        case .quantity(let family): "add it, as in `\(key.name): \(family.example)`"
        case .choice(let words):
            "add `\(key.name): \(words[0])`" + (words.count > 1 ? " or another kind" : "")
        case .time: "add it, as in `\(key.name): 0.1 s`"
        default: "add `\(key.name):`"
        }
    }

    private static func unknown(_ name: String, in schema: ObjectSchema, _ names: [String]) -> Problem {
        if name.unicodeScalars.first.map(NumberAndUnit.isDigit) == true {
            return Problem(
                "`\(name)` is not a key of \(schema.noun)",
                remedy: "if it ends a number with a decimal comma, write a point")
        }
        guard let near = nearestName(to: name, among: names) else {
            return Problem(
                "`\(name)` is not a key of \(schema.noun)",
                remedy: "use one of \(names.joined(separator: ", "))")
        }
        return Problem("`\(name)` is not a key of \(schema.noun)", remedy: "did you mean `\(near)`")
    }

    // MARK: Nodes

    func has(_ name: String) -> Bool { node(name) != nil }

    func node(_ name: String) -> DocumentNode? {
        _ = schema.key(name)
        return values[name]
    }

    /// The place of a key's value, or of the mapping.
    func place(of name: String) -> Place { node(name)?.place ?? place }

    /// The items of a list; empty where the key is missing.
    func list(_ name: String) -> [DocumentNode] {
        guard let node = node(name) else { return [] }
        return items(of: node, name)
    }

    /// Whether a list stands there with something in it; reports nothing.
    func hasItems(_ name: String) -> Bool {
        if case .list(let items)? = node(name)?.content { !items.isEmpty } else { false }
    }

    private func items(of node: DocumentNode, _ name: String) -> [DocumentNode] {
        if case .list(let items) = node.content { return items }
        scope.report(
            "`\(name)` is a list, but this is \(node.kindName)", remedy: "write it as in `\(name): [...]`",
            at: node.place)
        return []
    }

    func object(_ name: String) -> Fields? {
        guard case .object(let objectName) = schema.key(name).kind else {
            preconditionFailure("\(name) is no object in the schema")
        }
        return node(name).flatMap { Fields($0, Schema.object(objectName), scope) }
    }

    /// The text of a scalar; nil where the key is missing, empty or no scalar.
    func scalar(_ name: String) -> (text: String, place: Place)? {
        guard let node = node(name) else { return nil }
        return scope.scalar(node, of: name).map { ($0, node.place) }
    }

    // MARK: Values

    /// Reads a scalar, or the default of the table; nil where there is neither, or an error.
    func value<T>(_ name: String, _ read: (String) throws(Problem) -> T) -> T? {
        if node(name) == nil {
            // A default that its own parser refuses is a fault of the table, and a test of it fails.
            return schema.key(name).defaultText.flatMap { try? read($0) }
        }
        guard let (text, place) = scalar(name) else { return nil }
        do throws(Problem) {
            return try read(text)
        } catch {
            scope.report(error, at: place)
            return nil
        }
    }

    /// A quantity in its base unit, within its range.
    func quantity(_ name: String) -> Double? {
        let key = schema.key(name)
        guard case .quantity(let family) = key.kind else { preconditionFailure("\(name) is no quantity") }
        return value(name) { text throws(Problem) in
            let value = try family.value(text)
            try key.checkRange(text, value, family.value)
            return value
        }
    }

    /// A time within its range.
    func seconds(_ name: String, _ parser: TimeParser) -> ExactSeconds? {
        let key = schema.key(name)
        guard case .time(let use) = key.kind else { preconditionFailure("\(name) is no time") }
        return value(name) { text throws(Problem) in
            let time = try parser.seconds(text, use)
            try key.checkRange(text, time.seconds) { bound throws(Problem) in
                try parser.seconds(bound, use).seconds
            }
            return time
        }
    }

    /// A time in frames of the parser's rate, to the nearest.
    func frames(_ name: String, _ parser: TimeParser) -> Int? {
        seconds(name, parser)?.frames(rateHertz: parser.rateHertz)
    }

    func boolean(_ name: String) -> Bool? { value(name, QuantityParser.boolean) }

    /// One of the words of the table.
    func choice(_ name: String) -> String? {
        guard case .choice(let words) = schema.key(name).kind else {
            preconditionFailure("\(name) is no choice")
        }
        return value(name) { text throws(Problem) in
            if words.contains(text) { return text }
            throw Self.wrongWord(text, of: name, words)
        }
    }

    func choice<T: RawRepresentable<String>>(_ name: String, as type: T.Type) -> T? {
        choice(name).flatMap(T.init(rawValue:))
    }

    static func wrongWord(_ text: String, of name: String, _ words: [String]) -> Problem {
        if name == "lathe" {
            return Problem(
                "this file is written for version `\(text)` of the format",
                remedy: "write `lathe: \(Schema.formatVersion)`, or use the Lathe that it was written for")
        }
        let isNumber = text.unicodeScalars.first.map(NumberAndUnit.isDigit) == true
        if !isNumber, let near = nearestName(to: text, among: words) {
            return Problem("`\(text)` is not a value of `\(name)`", remedy: "did you mean `\(near)`")
        }
        let choices = words.count > 1 ? "one of " + words.joined(separator: ", ") : "`\(words[0])`"
        return Problem("`\(text)` is not a value of `\(name)`", remedy: "use \(choices)")
    }

    func sessionRate(_ name: String) -> Int? {
        value(name) { text throws(Problem) in
            let rate = try UnitFamily.rate.value(text)
            if let match = sessionRatesHertz.first(where: { Double($0) == rate }) { return match }
            throw Problem(
                "`\(text)` is not a session rate",
                remedy: "use 44.1 kHz, 48 kHz, 88.2 kHz, 96 kHz, 176.4 kHz or 192 kHz")
        }
    }

    /// A title, name, file or folder as typed; nil where the key is missing or the text is not usable.
    func text(_ name: String) -> String? {
        guard let node = node(name), let text = scope.scalar(node, of: name) else { return nil }
        guard case .scalar(_, let isPlain) = node.content else { return nil }
        if isPlain, scope.hasCommentRightAfter(text, at: node.place) {
            scope.report(
                "` #` begins a comment, so `\(name)` is only `\(text)`",
                remedy: "quote it, or put two spaces before the comment", at: node.place)
            return nil
        }
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }) {
            scope.report(
                "`\(name)` holds a control character", remedy: "write it on one line", at: node.place)
            return nil
        }
        let limit = if case .file = schema.key(name).kind { 4096 } else { SessionLimits.nameLength }
        guard text.count <= limit else {
            scope.report("`\(name)` is longer than \(limit) characters", remedy: "shorten it", at: node.place)
            return nil
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            scope.report("`\(name)` is blank", remedy: "give it a text", at: node.place)
            return nil
        }
        return text
    }
}

extension KeySchema {
    /// Checks a value against the range, whose ends are read as the value was.
    func checkRange(
        _ text: String, _ value: Double, _ read: (String) throws(Problem) -> Double
    ) throws(Problem) {
        guard let range else { return }
        let low = try read(range.low)
        let high = try read(range.high)
        if value < low || value > high {
            let ends =
                low == -.infinity
                ? "at most \(range.high)"
                : high == .infinity ? "at least \(range.low)" : "\(range.low) to \(range.high)"
            throw Problem("`\(text)` is out of range", remedy: "use \(ends)")
        }
    }
}

extension FileScope {
    /// The text of a scalar node; nil (reported) where it is empty or no scalar.
    func scalar(_ node: DocumentNode, of name: String) -> String? {
        guard case .scalar(let text, let isPlain) = node.content else {
            report(
                "`\(name)` is one value, but this is \(node.kindName)", remedy: "write one value",
                at: node.place)
            return nil
        }
        if text.isEmpty, isPlain {
            report("`\(name)` has no value", remedy: "write one, or remove the key", at: node.place)
            return nil
        }
        return text
    }

    /// Whether one space and a `#` follow a plain scalar: `name: Kick #2` is the name `Kick` and a comment.
    func hasCommentRightAfter(_ text: String, at place: Place) -> Bool {
        let rest = source.rest(at: place)
        let scalars = Array(text.unicodeScalars)
        guard rest.starts(with: scalars) else { return false }
        let after = rest.dropFirst(scalars.count)
        return after.first.map { $0 == " " || $0 == "\t" } == true && after.dropFirst().first == "#"
    }
}
