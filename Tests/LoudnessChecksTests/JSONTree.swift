import Foundation

/// JSON as read, and a check against the words of JSON Schema that our schemas use.
indirect enum JSONTree: Decodable, Hashable {
    case null
    case flag(Bool)
    case number(Double)
    case text(String)
    case array([JSONTree])
    case object([String: JSONTree])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .text(value)
        } else if let value = try? container.decode([JSONTree].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONTree].self))
        }
    }

    static func read(_ text: String) throws -> JSONTree {
        try JSONDecoder().decode(JSONTree.self, from: Data(text.utf8))
    }

    subscript(_ key: String) -> JSONTree? { if case .object(let members) = self { members[key] } else { nil } }
    subscript(_ index: Int) -> JSONTree? {
        if case .array(let elements) = self, elements.indices.contains(index) { elements[index] } else { nil }
    }
    var text: String? { if case .text(let value) = self { value } else { nil } }
    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var elements: [JSONTree] { if case .array(let value) = self { value } else { [] } }

    fileprivate var typeNames: Set<String> {
        switch self {
        case .null: ["null"]
        case .flag: ["boolean"]
        case .number(let value): value == value.rounded() ? ["number", "integer"] : ["number"]
        case .text: ["string"]
        case .array: ["array"]
        case .object: ["object"]
        }
    }
}

/// Says what of a document breaks a JSON Schema; a word that it does not know is an error of its own.
struct SchemaCheck {
    private let root: JSONTree
    private static let annotations: Set<String> = ["$schema", "$defs", "$comment", "title", "description"]

    init(schema: String) throws { root = try JSONTree.read(schema) }

    /// Empty where the document is valid; at most as many as there are.
    func errors(in document: String) throws -> [String] { check(try JSONTree.read(document), root, "$") }

    private func check(_ value: JSONTree, _ schema: JSONTree, _ path: String) -> [String] {
        guard case .object(let words) = schema else { return ["\(path): the schema is no object"] }
        var errors: [String] = []
        for (word, rule) in words.sorted(by: { $0.key < $1.key }) where !Self.annotations.contains(word) {
            errors += apply(word, rule, value, words, path)
        }
        return errors
    }

    private func apply(
        _ word: String, _ rule: JSONTree, _ value: JSONTree, _ words: [String: JSONTree], _ path: String
    ) -> [String] {
        let fails = { (isBroken: Bool) in isBroken ? ["\(path): breaks \(word) \(rule)"] : [] }
        switch (word, value) {
        case ("$ref", _):
            let name = rule.text?.replacingOccurrences(of: "#/$defs/", with: "") ?? ""
            return root["$defs"]?[name].map { check(value, $0, path) } ?? ["\(path): no definition \(name)"]
        case ("type", _):
            let names = Set(rule.elements.compactMap(\.text) + [rule.text].compactMap { $0 })
            return fails(names.isDisjoint(with: value.typeNames))
        case ("const", _): return fails(value != rule)
        case ("enum", _): return fails(!rule.elements.contains(value))
        case ("required", .object(let members)):
            return rule.elements.compactMap(\.text).filter { members[$0] == nil }.map { "\(path): lacks \($0)" }
        case ("properties", .object(let members)):
            return members.sorted { $0.key < $1.key }.flatMap { key, member in
                rule[key].map { check(member, $0, "\(path).\(key)") } ?? []
            }
        case ("additionalProperties", .object(let members)):
            return members.sorted { $0.key < $1.key }.flatMap { key, member -> [String] in
                if words["properties"]?[key] != nil { return [] }
                return rule == .flag(false) ? ["\(path): unknown \(key)"] : check(member, rule, "\(path).\(key)")
            }
        case ("items", .array(let elements)):
            return elements.enumerated().flatMap { check($0.element, rule, "\(path)[\($0.offset)]") }
        case ("minItems", .array(let elements)): return fails(Double(elements.count) < rule.number ?? 0)
        case ("maxItems", .array(let elements)): return fails(Double(elements.count) > rule.number ?? 0)
        case ("uniqueItems", .array(let elements)): return fails(Set(elements).count < elements.count)
        case ("minLength", .text(let text)): return fails(Double(text.unicodeScalars.count) < rule.number ?? 0)
        case ("maxLength", .text(let text)): return fails(Double(text.unicodeScalars.count) > rule.number ?? 0)
        case ("pattern", .text(let text)):
            return fails(text.range(of: rule.text ?? "", options: .regularExpression) == nil)
        case ("minimum", .number(let number)): return fails(number < rule.number ?? 0)
        case ("required", _), ("properties", _), ("additionalProperties", _), ("items", _), ("minItems", _),
            ("maxItems", _), ("uniqueItems", _), ("minLength", _), ("maxLength", _), ("pattern", _), ("minimum", _):
            return []
        default: return ["\(path): the schema says \(word), which this check does not know"]
        }
    }
}
