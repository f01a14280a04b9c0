internal import Foundation

/// docs/fact-sheet.md: what the tests asserted about the sound, and the figures they reached.
package struct FactSheet: Equatable {
    package struct Row: Equatable, Comparable {
        package var subject: String
        package var statement: String
        package var figure: String
        package var bound: String
        package var unit: String

        package static func < (a: Row, b: Row) -> Bool { (a.subject, a.statement) < (b.subject, b.statement) }

        var line: String { "| \(statement) | \(figure) | \(bound) | \(unit) |" }
    }

    /// In the order of subjects and statements.
    package var rows: [Row]

    /// The facts that a test run wrote down in a folder.
    package init(folder: String) throws {
        rows = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }
            .compactMap { name in
                let data = try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name))
                let fields = try JSONSerialization.jsonObject(with: data) as? [String] ?? []
                guard fields.count == 5 else { return nil }
                return Row(
                    subject: fields[0], statement: fields[1], figure: fields[2], bound: fields[3], unit: fields[4])
            }.sorted()
    }

    /// The rows of a sheet.
    package init(markdown: String) {
        rows = []
        var subject = ""
        for line in markdown.split(separator: "\n") {
            if line.hasPrefix("## ") { subject = String(line.dropFirst(3)) }
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard line.hasPrefix("| "), cells.count == 6, cells[1] != "what was measured" else { continue }
            rows.append(
                Row(subject: subject, statement: cells[1], figure: cells[2], bound: cells[3], unit: cells[4]))
        }
    }

    package var markdown: String {
        var lines = [
            "# Audio fact sheet", "",
            "What the test suite asserts about the sound, and the figure that the arithmetic reaches. This page is "
                + "written by the suite (`make doc`), and `make test` fails where it no longer says what the tests do. "
                + "The arithmetic is the same on every machine, and so are the figures.", "",
            "Attack and release are times to 63 % of a change in dB. A ceiling counts for sample peak and for a 16 "
                + "times interpolated true peak. T60 is read from the energy decay curve. `dB` without a reference is "
                + "relative to the signal.", "",
        ]
        var subject = ""
        for row in rows {
            if row.subject != subject {
                if !subject.isEmpty { lines.append("") }
                subject = row.subject
                lines += ["## \(subject)", "", "| what was measured | figure | asserted | unit |", "|---|---|---|---|"]
            }
            lines.append(row.line)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// What differs from the facts of a test run, in words; a figure may be off by what another libm in a test's own
    /// measuring does to its last digits.
    package func differences(from facts: FactSheet) -> [String] {
        var found: [String] = []
        for row in facts.rows {
            guard let own = rows.first(where: { $0.subject == row.subject && $0.statement == row.statement }) else {
                found.append("missing: \(row.subject): \(row.statement)")
                continue
            }
            if own.bound != row.bound || own.unit != row.unit || !Self.isClose(own.figure, row.figure) {
                found.append("\(row.subject): \(own.line) is now \(row.line)")
            }
        }
        for row in rows {
            let isFound = facts.rows.contains { $0.subject == row.subject && $0.statement == row.statement }
            if isFound { continue }
            found.append("no longer asserted: \(row.subject): \(row.statement)")
        }
        return found
    }

    private static func isClose(_ a: String, _ b: String) -> Bool {
        guard let a = Double(a), let b = Double(b) else { return a == b }
        let larger = max(a.magnitude, b.magnitude)
        return a == b || (a - b).magnitude <= 0.05 * larger || larger < 1e-3
    }
}
