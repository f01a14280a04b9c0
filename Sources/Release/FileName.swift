internal import Foundation

/// Titles as file names: what a file system or a shell would take amiss is replaced, the rest is kept as typed.
enum FileName {
    /// A title is cut to so many bytes of UTF-8: with number, suffix and the marks of an unfinished file it
    /// stays below the 255 bytes that file systems allow.
    static let maximumByteCount = 200

    /// A title inside of a name, such as the one after `01 `.
    ///
    /// `/` becomes `-`, control characters (C0, DEL, C1, line and paragraph separators) become `_`, dots and
    /// blanks at the end go, and what is over-long is cut between characters. Nothing left is `_`.
    static func sanitised(_ title: String) -> String {
        var name = String.UnicodeScalarView()
        for scalar in title.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: name.append("_")
            default: name.append(scalar == "/" ? "-" : scalar)
            }
        }
        let text = withoutEnd(shortened(String(name)))
        return text.isEmpty ? "_" : text
    }

    /// A title as a whole name: also never hidden, `.` or `..`.
    static func component(_ title: String) -> String {
        let name = sanitised(title)
        return name.hasPrefix(".") ? "_" + String(name.dropFirst()) : name
    }

    /// A relative path of such names.
    static func folder(_ path: String) -> String {
        path.split(separator: "/").map { component(String($0)) }.joined(separator: "/")
    }

    /// What two names are compared by: file systems of macOS and Windows know neither case nor composition.
    static func comparisonKey(_ path: String) -> String {
        path.precomposedStringWithCanonicalMapping.lowercased().precomposedStringWithCanonicalMapping
    }

    private static func shortened(_ text: String) -> String {
        guard text.utf8.count > maximumByteCount else { return text }
        var result = ""
        var count = 0
        for character in text {
            count += character.utf8.count
            if count > maximumByteCount { break }
            result.append(character)
        }
        guard result.isEmpty else { return result }
        // One character of more than the limit: cut between its scalars.
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            guard String(scalars).utf8.count + UTF8.width(scalar) <= maximumByteCount else { break }
            scalars.append(scalar)
        }
        return String(scalars)
    }

    private static func withoutEnd(_ text: String) -> String {
        var scalars = Substring.UnicodeScalarView(text.unicodeScalars)
        while let last = scalars.last, last == "." || last.properties.isWhitespace { scalars.removeLast() }
        return String(scalars)
    }
}
