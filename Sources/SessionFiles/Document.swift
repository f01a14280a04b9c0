internal import Yams

/// A YAML node with its place.
///
/// Scalars are text: nothing is resolved, `No` stays `No` and `3:15` stays `3:15`.
struct DocumentNode {
    indirect enum Content {
        /// A plain scalar was not quoted: it ends where YAML says, not where the writer may have meant.
        case scalar(String, isPlain: Bool)
        case list([DocumentNode])
        case mapping([(key: DocumentNode, value: DocumentNode)])
    }

    var content: Content
    var place: Place

    /// "a list", "a mapping", "text".
    var kindName: String {
        switch content {
        case .scalar(let text, let isPlain): text.isEmpty && isPlain ? "nothing" : "text"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }
}

/// One parsed session file.
struct Document {
    static let nodeLimit = 1_000_000
    static let depthLimit = 32
    static let aliasLimit = 100
    static let byteLimit = 64 << 20
    static let start = "`lathe: 1` and `song:` or `album:`"

    static let tooManyNodes = Problem(
        "this file has more than 1,000,000 values",
        remedy: "split the album or its automation into smaller songs")

    let root: DocumentNode
    let source: SourceText

    /// Parses a file of bytes.
    ///
    /// - Parameters:
    ///   - log: receives what does not end the file, such as duplicate keys.
    ///   - start: how a file of this kind begins, for the remedy of an empty one.
    /// - Throws: the syntax error or exceeded limit that ends it.
    init(bytes: [UInt8], log: DiagnosticLog, start: String = Document.start) throws(PlacedProblem) {
        guard bytes.count <= Self.byteLimit else {
            throw PlacedProblem(Problem("this file is larger than 64 MiB", remedy: "split it"), at: .start)
        }
        let (node, source) = try Self.parse(SourceText(bytes: bytes))
        guard let node else {
            throw PlacedProblem(
                Problem("this file is empty", remedy: "start it with \(start)"),
                at: .start)
        }
        var conversion = Conversion(source: source, log: log)
        root = try conversion.convert(node, depth: 1)
        self.source = source
    }

    private static func parse(_ original: SourceText) throws(PlacedProblem) -> (Yams.Node?, SourceText) {
        var source = original
        while true {
            do {
                // The encoding is given because the default one reads the environment and prints.
                let parser = try Yams.Parser(yaml: source.textForParser, resolver: .basic, encoding: .utf8)
                return (try parser.singleRoot(), source)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                let place = Place(line: context.mark.line, column: context.mark.column)
                if source.markKey(at: place) { continue }
                let name = source.restored(keys.first ?? "")
                throw PlacedProblem(
                    Problem("the key `\(name)` stands twice in this mapping", remedy: "remove one"), at: place
                )
            } catch {
                throw placed(error, source)
            }
        }
    }

    private static func placed(_ error: any Error, _ source: SourceText) -> PlacedProblem {
        let place: Place
        var start: Place?
        let text: String
        switch error as? YamlError {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            place = Place(line: mark.line, column: mark.column)
            start = context.map { Place(line: $0.mark.line, column: $0.mark.column) }
            text = [context?.text, problem].compactMap { $0 }.joined(separator: ", ")
        case .composer(_, let problem, let mark, _):
            place = Place(line: mark.line, column: mark.column)
            text = problem
        default:
            (place, text) = (.start, "unreadable text")
        }
        return PlacedProblem(
            Problem(
                "not valid YAML: \(source.restored(text))", remedy: syntaxRemedy(text, source, place, start)),
            at: place)
    }

    /// - Parameter start: where the bracket opened, for an error inside brackets.
    private static func syntaxRemedy(_ text: String, _ source: SourceText, _ place: Place, _ start: Place?)
        -> String
    {
        let line = source.rest(at: Place(line: place.line, column: 1))
        if line.first(where: { $0 != " " }) == "\t" || source.rest(at: place).first == "\t" {
            return "indent with spaces, not tabs"
        }
        if text.contains("another document") { return "keep one document in a file" }
        if text.contains("mapping values") { return "quote text that holds a colon and a space" }
        // `{name: Kick #2}`: the comment has swallowed the bracket.
        if text.contains("flow"), let start, Self.hasComment(source.rest(at: start)) {
            return "quote text that holds ` #`: it begins a comment, which hides the bracket"
        }
        if text.contains("flow") { return "close every bracket and put a comma between entries" }
        return "check the indentation, quotes and brackets here and on the line above"
    }
}

extension Document {
    private static func hasComment(_ line: ArraySlice<Unicode.Scalar>) -> Bool {
        zip(line, line.dropFirst()).contains { $0 == " " && $1 == "#" }
    }
}

/// Turns parsed nodes into document nodes: restores the text, resolves aliases, applies the limits.
private struct Conversion {
    let source: SourceText
    let log: DiagnosticLog
    private var nodeCount = 0
    private var aliasCount = 0
    private var anchors: [String: (node: DocumentNode, nodeCount: Int, depth: Int)] = [:]

    init(source: SourceText, log: DiagnosticLog) {
        self.source = source
        self.log = log
    }

    mutating func convert(_ node: Yams.Node, depth: Int) throws(PlacedProblem) -> DocumentNode {
        let place = node.mark.map { Place(line: $0.line, column: $0.column) } ?? .start
        guard depth <= Document.depthLimit else {
            throw PlacedProblem(
                Problem("lists and mappings are nested more than 32 deep", remedy: "check the brackets"),
                at: place)
        }
        try count(1, at: place)
        let before = nodeCount
        let properties = NodeProperties(node, place, source)
        if properties.hasTag {
            log.report("tags such as `!!str` are not used", remedy: "remove the tag", at: place)
        }
        let result: DocumentNode
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain
            if isPlain, scalar.string.unicodeScalars.first == SourceText.star {
                return try resolve(
                    alias: String(source.restored(scalar.string).dropFirst()), at: place, depth)
            }
            if scalar.style == .literal || scalar.style == .folded {
                log.report(
                    "text blocks (`|`, `>`) are not used", remedy: "write the text on one line, in quotes",
                    at: place)
            }
            result = DocumentNode(
                content: .scalar(source.restored(scalar.string), isPlain: isPlain), place: place)
        case .sequence(let sequence):
            var items: [DocumentNode] = []
            for item in sequence { items.append(try convert(item, depth: depth + 1)) }
            result = DocumentNode(content: .list(items), place: place)
        case .mapping(let mapping):
            result = DocumentNode(content: .mapping(try convert(mapping, depth)), place: place)
        case .alias:
            throw PlacedProblem(Problem("an alias stands here", remedy: "write the value out"), at: place)
        }
        if let anchor = properties.anchor {
            anchors[anchor] = (result, nodeCount - before + 1, Self.height(result))
        }
        return result
    }

    private mutating func convert(
        _ mapping: Yams.Node.Mapping, _ depth: Int
    ) throws(PlacedProblem) -> [(key: DocumentNode, value: DocumentNode)] {
        var pairs: [(key: DocumentNode, value: DocumentNode)] = []
        var firstPlaces: [String: Place] = [:]
        for (key, value) in mapping {
            let keyPlace = key.mark.map { Place(line: $0.line, column: $0.column) } ?? .start
            guard case .scalar(let scalar) = key, scalar.string.unicodeScalars.first != SourceText.star else {
                log.report("a key must be a word", remedy: "write `key: value`", at: keyPlace)
                continue
            }
            let convertedKey = try convert(key, depth: depth + 1)
            let name = source.restored(scalar.string)
            let convertedValue = try convert(value, depth: depth + 1)
            if name == "<<" {
                log.report(
                    "merge keys (`<<`) are not used",
                    remedy: "write the values out, or give a whole value an alias",
                    at: keyPlace)
            } else if let first = firstPlaces[name] {
                log.report(
                    "the key `\(name)` stands twice in this mapping",
                    remedy: "remove one (the first is on line \(first.line))", at: keyPlace)
            } else {
                firstPlaces[name] = keyPlace
                pairs.append((convertedKey, convertedValue))
            }
        }
        return pairs
    }

    private mutating func resolve(alias name: String, at place: Place, _ depth: Int) throws(PlacedProblem)
        -> DocumentNode
    {
        aliasCount += 1
        guard aliasCount <= Document.aliasLimit else {
            throw PlacedProblem(
                Problem("this file uses more than 100 aliases", remedy: "write the values out"), at: place)
        }
        guard let target = anchors[name] else {
            let near = nearestName(to: name, among: anchors.keys.sorted())
            let remedy =
                near.map { "did you mean `*\($0)`?" } ?? "write `&\(name)` before the value that it repeats"
            log.report(
                "there is no anchor `&\(name)` before this alias",
                remedy: near == nil
                    ? remedy + ", or quote text that begins with `*`" : String(remedy.dropLast()),
                at: place)
            return DocumentNode(content: .scalar("", isPlain: true), place: place)
        }
        guard depth + target.depth - 1 <= Document.depthLimit else {
            throw PlacedProblem(
                Problem("lists and mappings are nested more than 32 deep", remedy: "write the values out"),
                at: place)
        }
        // The copy shares its storage, but whoever walks it visits every node.
        try count(target.nodeCount, at: place)
        return target.node
    }

    private mutating func count(_ nodes: Int, at place: Place) throws(PlacedProblem) {
        nodeCount += nodes
        guard nodeCount <= Document.nodeLimit else { throw PlacedProblem(Document.tooManyNodes, at: place) }
    }

    private static func height(_ node: DocumentNode) -> Int {
        switch node.content {
        case .scalar: 1
        case .list(let items): 1 + (items.map(height).max() ?? 0)
        case .mapping(let pairs): 1 + (pairs.map { height($0.value) }.max() ?? 0)
        }
    }
}

/// The anchor and tag in front of a node, as they stand in the file.
private struct NodeProperties {
    var anchor: String?
    var hasTag = false

    init(_ node: Yams.Node, _ place: Place, _ source: SourceText) {
        // A block mapping without properties begins where its first key does: those would be the key's.
        if case .mapping(let mapping) = node, let first = mapping.first?.key.mark,
            Place(line: first.line, column: first.column) == place
        {
            return
        }
        var rest = source.rest(at: place)
        while let character = rest.first, character == "&" || character == "!" {
            let word = rest.prefix { $0 != " " && $0 != "\t" && $0 != "," && $0 != "]" && $0 != "}" }
            if character == "!" {
                hasTag = true
            } else {
                var name = String.UnicodeScalarView()
                name.append(contentsOf: word.dropFirst())
                anchor = String(name)
            }
            rest = rest.dropFirst(word.count).drop { $0 == " " || $0 == "\t" }
        }
    }
}
