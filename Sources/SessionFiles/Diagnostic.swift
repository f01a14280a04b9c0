/// One error in a session file: where it is, what is wrong, what to do.
package struct Diagnostic: Sendable, Equatable, CustomStringConvertible {
    /// The path as the user would type it: as given, or as named in an album and joined to the album's
    /// folder.
    package var file: String
    /// From 1.
    package var line: Int
    /// From 1, in Unicode scalars, as YAML and most editors count.
    package var column: Int
    /// What is wrong, without a full stop.
    package var message: String
    /// What to do, without a full stop.
    package var remedy: String

    package init(file: String, line: Int, column: Int, message: String, remedy: String) {
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.remedy = remedy
    }

    /// One line in the form that editors jump to.
    ///
    /// `file:line:column: error: what is wrong. what to do.`
    package var description: String { "\(file):\(line):\(column): error: \(message). \(remedy)." }
}

/// Everything that is wrong with a session, in the order of its files and of the lines in each.
package struct SessionErrors: Error, Sendable, Equatable, CustomStringConvertible {
    /// Never empty.
    package var diagnostics: [Diagnostic]

    package init(diagnostics: [Diagnostic]) { self.diagnostics = diagnostics }

    /// One diagnostic a line.
    package var description: String { diagnostics.map(\.description).joined(separator: "\n") }
}

/// A place in one of the files being read.
struct Place: Hashable {
    var line: Int
    var column: Int

    static let start = Place(line: 1, column: 1)
}

/// What is wrong and what to do, before it has a place.
struct Problem: Error, Equatable {
    var message: String
    var remedy: String

    init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }
}

/// Collects the problems of one file.
final class DiagnosticLog {
    /// More errors than anyone reads are counted, not kept: a million-node file of nonsense stays small.
    static let limit = 200

    let file: String
    private var entries: [Diagnostic] = []
    private var droppedCount = 0

    init(file: String) { self.file = file }

    var isEmpty: Bool { entries.isEmpty }

    func report(_ problem: Problem, at place: Place) {
        let entry = Diagnostic(
            file: file, line: place.line, column: place.column, message: problem.message,
            remedy: problem.remedy)
        guard entries.count < Self.limit else {
            droppedCount += 1
            return
        }
        entries.append(entry)
    }

    func report(_ message: String, remedy: String, at place: Place) {
        report(Problem(message, remedy: remedy), at: place)
    }

    /// By line and column; equal places in the order of reporting.
    ///
    /// A value that an alias repeats is named once.
    var sorted: [Diagnostic] {
        let ordered = entries.enumerated().sorted {
            ($0.element.line, $0.element.column, $0.offset) < ($1.element.line, $1.element.column, $1.offset)
        }
        var result: [Diagnostic] = []
        for (_, entry) in ordered where result.last != entry { result.append(entry) }
        if droppedCount > 0, let last = result.last {
            result.append(
                Diagnostic(
                    file: file, line: last.line, column: last.column,
                    message: "\(droppedCount) more errors in this file", remedy: "mend those above first"))
        }
        return result
    }
}
