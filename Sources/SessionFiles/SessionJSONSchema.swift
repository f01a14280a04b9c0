/// JSON Schema (draft 2020-12) of album and song files, for editors: the keys, their kinds and their texts.
///
/// Ranges of quantities and everything between files are the reader's: a schema sees text, not decibels.
package func sessionJSONSchema() -> String {
    var definitions: [String] = []
    for object in Schema.objects { definitions.append("\(quoted(object.name)): \(jsonSchema(of: object))") }
    definitions.append("\"device\": \(deviceSchema)")
    definitions.append("\"value\": {\"type\": [\"string\", \"number\"]}")
    return """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Lathe session file",
          "oneOf": [{"$ref": "#/$defs/album"}, {"$ref": "#/$defs/song"}],
          "$defs": {
            \(definitions.joined(separator: ",\n    "))
          }
        }

        """
}

/// The schema of one kind of mapping.
func jsonSchema(of object: ObjectSchema) -> String {
    let properties = object.keys.map { key in "\(quoted(key.name)): \(schema(key))" }.joined(separator: ", ")
    let required = object.keys.filter(\.isRequired).map { quoted($0.name) }.joined(separator: ", ")
    return
        "{\"type\": \"object\", \"description\": \(quoted(object.summary)), \"additionalProperties\": false, "
        + "\"required\": [\(required)], \"properties\": {\(properties)}}"
}

private func schema(_ key: KeySchema) -> String {
    var description = key.summary
    if let range = key.range { description += " Range \(range.low) to \(range.high)." }
    if let text = key.defaultText, !text.isEmpty { description += " Default \(text)." }
    return "{\(constraint(key.kind)), \"description\": \(quoted(description))}"
}

private func constraint(_ kind: ValueKind) -> String {
    switch kind {
    case .text, .file, .channel: "\"type\": [\"string\", \"number\", \"boolean\"]"
    case .boolean: "\"enum\": [true, false, \"yes\", \"no\", \"true\", \"false\"]"
    case .choice(let words):
        // An editor reads `24` as a number: both are what the writer typed.
        "\"enum\": ["
            + words.flatMap { Int($0) == nil ? [quoted($0)] : [quoted($0), $0] }.joined(separator: ", ") + "]"
    case .quantity, .time, .pan, .meter, .unsigned, .sessionRate: "\"$ref\": \"#/$defs/value\""
    case .object(let name): "\"$ref\": \"#/$defs/\(name)\""
    case .objectOrNone(let name): "\"oneOf\": [{\"const\": \"none\"}, {\"$ref\": \"#/$defs/\(name)\"}]"
    case .list(let name): "\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/\(name)\"}"
    case .devices: "\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/device\"}"
    case .described(_, _, let isList):
        isList
            ? "\"oneOf\": [{\"$ref\": \"#/$defs/value\"}, "
                + "{\"type\": \"array\", \"items\": {\"$ref\": \"#/$defs/value\"}}]" : "\"$ref\": \"#/$defs/value\""
    case .automation: pointsConstraint
    case .sendAutomation: "\"type\": \"object\", \"additionalProperties\": {\(pointsConstraint)}"
    case .parameterAutomation(let names):
        "\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"
            + names.map { "\(quoted($0)): {\(pointsConstraint)}" }.joined(separator: ", ") + "}"
    }
}

private let pointsConstraint =
    "\"type\": \"array\", \"items\": {\"type\": \"array\", \"minItems\": 2, \"maxItems\": 3, "
    + "\"items\": {\"$ref\": \"#/$defs/value\"}}"

private var deviceSchema: String {
    let properties = Schema.deviceNames.map { "\(quoted($0)): {\"$ref\": \"#/$defs/\($0)\"}" }
    return
        "{\"type\": \"object\", \"minProperties\": 1, \"maxProperties\": 1, \"additionalProperties\": false, "
        + "\"properties\": {\(properties.joined(separator: ", "))}}"
}

/// A JSON string (RFC 8259); the table's texts hold no control characters.
func quoted(_ text: String) -> String {
    var result = "\""
    for character in text {
        if character == "\"" || character == "\\" { result.append("\\") }
        result.append(character)
    }
    return result + "\""
}
