internal import Foundation

/// Names and messages that people give revisions.
package enum RevisionName {
    /// In characters.
    package static let maximumLength = 64
    /// Of a message, in bytes of UTF-8.
    package static let maximumMessageBytes = 4_096

    /// Takes a name that can be typed as a REV and printed in a line of a table.
    ///
    /// Letters, marks, digits, symbols, punctuation and single blanks inside; not a number, not `latest`, without
    /// `@`, `~`, `/` and `\`, and with neither `-` nor `.` in front.
    ///
    /// - Throws: `.badName`, with the reason.
    package static func check(_ name: String) throws(RevisionError) {
        if let reason = fault(name) {
            throw RevisionError(
                .badName,
                "\"\(printable(name, limit: maximumLength))\" is no name for a revision: \(reason)."
                    + " Write something like \"mix 3\" or v1-master.")
        }
    }

    /// - Throws: `.badMessage`.
    package static func check(message: String) throws(RevisionError) {
        guard message.utf8.count <= maximumMessageBytes else {
            throw RevisionError(.badMessage, "the message is longer than \(maximumMessageBytes) bytes; shorten it")
        }
    }

    /// What two names are compared by: neither case nor the composition of accents makes a difference.
    package static func key(_ name: String) -> String {
        name.precomposedStringWithCanonicalMapping.lowercased().precomposedStringWithCanonicalMapping
    }

    private static func fault(_ name: String) -> String? {
        guard let first = name.first else { return "it is empty" }
        if name.count > maximumLength || name.utf8.count > 4 * maximumLength {
            return "it is longer than \(maximumLength) characters"
        }
        if name.allSatisfy(\.isNumber) { return "it would be taken for a number" }
        if key(name) == "latest" { return "it would be taken for the last revision" }
        if "-.".contains(first) { return "it begins with \"\(first)\"" }
        if let forbidden = name.first(where: { "@~/\\".contains($0) }) { return "it has a \"\(forbidden)\" in it" }
        for scalar in name.unicodeScalars where scalar != " " && !isVisible(scalar) {
            return "it has a character in it that cannot be seen"
        }
        if first == " " || name.last == " " || name.contains("  ") { return "it has a blank too many" }
        return nil
    }
}

/// Text for a line on a terminal: what is not visible becomes `?`, and what is too long ends in `...`.
package func printable(_ text: String, limit: Int = .max) -> String {
    var result = ""
    var count = 0
    for scalar in text.unicodeScalars {
        if count == limit { return result + "..." }
        count += 1
        if scalar == " " || isVisible(scalar) {
            result.unicodeScalars.append(scalar)
        } else {
            result.append(scalar == "\n" || scalar == "\t" ? " " : "?")
        }
    }
    return result
}

/// Neither a control nor a format character, of which some turn the direction of what follows.
private func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
        .spaceSeparator:
        false
    default: true
    }
}
