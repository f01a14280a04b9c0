/// JSON Schema (draft 2020-12) of policy files, for editors, from the table that the reader uses.
///
/// Units and what keys mean together are the reader's: a schema sees text, not decibels.
package func policyJSONSchema() -> String {
    var definitions = PolicySchema.objects.map { "\(quoted($0.name)): \(jsonSchema(of: $0))" }
    definitions.append("\"value\": {\"type\": [\"string\", \"number\"]}")
    return """
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "title": "Lathe policy file",
          "$ref": "#/$defs/policy",
          "$defs": {
            \(definitions.joined(separator: ",\n    "))
          }
        }

        """
}
