/// Text of others inside Markdown as GitHub and GitLab read it.
enum MarkdownText {
    /// One line that is shown as it is: no markup, table cell, HTML, mention, reference or link comes of it.
    static func escaped(_ text: String, atMost limit: Int = 300) -> String {
        var result = ""
        var previous: Unicode.Scalar = " "
        for scalar in SinkText.line(text, atMost: limit).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "|": result += "&#124;"
            case "\\", "`", "*", "_", "[", "]": result += "\\\(scalar)"
            // Mentions, references and formulas are found after entities are resolved; an empty comment parts them.
            case "@", "#", "!", "~", "$", "%": result += "\(scalar)<!-- -->"
            case "/" where previous == ":": result += "<!-- -->/"
            case "." where previous == "w" || previous == "W": result += "<!-- -->."
            default: result.unicodeScalars.append(scalar)
            }
            previous = scalar
        }
        return result
    }

    /// A file's name with its path as code; what would end the code is replaced.
    static func code(_ text: String, atMost limit: Int = 200) -> String {
        let line = SinkText.name(text, atMost: limit).unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "`": result += "'"
            case "|": result += "¦"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return "`\(line.isEmpty ? " " : line)`"
    }
}
