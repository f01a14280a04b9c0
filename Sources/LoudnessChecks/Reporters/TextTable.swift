/// A table of text with columns as wide as what is in them.
struct TextTable {
    enum Ink: Int {
        case plain = 0
        case bold = 1
        case dim = 2
        case red = 31
        case green = 32
        case yellow = 33
        case cyan = 36
    }

    struct Cell {
        var text: String
        var ink = Ink.plain

        init(_ text: String, _ ink: Ink = .plain) {
            self.text = text
            self.ink = ink
        }
    }

    /// Whether the column's cells stand at its right edge.
    let isRight: [Bool]
    private var rows: [[Cell]] = []

    init(isRight: [Bool]) { self.isRight = isRight }

    mutating func append(_ row: [Cell]) { rows.append(row) }

    /// The first column gives way where the lines would be wider than `width`, down to sixteen columns.
    func lines(indent: Int, width: Int, style: TextReport.Style) -> [String] {
        var widths = isRight.indices.map { column in
            rows.map { $0.indices.contains(column) ? SinkText.columns($0[column].text) : 0 }.max() ?? 0
        }
        let rest = widths.dropFirst().reduce(indent) { $0 + 2 + $1 }
        widths[0] = min(widths[0], max(16, width - rest))
        return rows.map { row in
            var line = String(repeating: " ", count: indent)
            var pending = ""
            for (column, cell) in row.enumerated() {
                let text = column == 0 ? SinkText.clipped(cell.text, toColumns: widths[0]) : cell.text
                let padding = String(repeating: " ", count: max(0, widths[column] - SinkText.columns(text)))
                if text.isEmpty {
                    pending += padding
                } else {
                    line += pending + (isRight[column] ? padding : "") + style.inked(text, cell.ink)
                    pending = isRight[column] ? "" : padding
                }
                pending += "  "
            }
            return line
        }
    }
}
