import Foundation
import Testing

/// The rules of CONTRIBUTING.md that a program can check.
@Suite struct TidyTests {
    private static let maximumFileLines = 700
    private static let maximumLineCharacters = 120

    @Test func `the scan finds the code`() throws {
        #expect(try Repository.swiftFiles(["Sources"]).count > 100)
        #expect(try Repository.swiftFiles(["Tests"]).count > 20)
    }

    @Test func `no file is longer than 700 lines`() throws {
        let long = try Repository.swiftFiles(["Sources", "Tests"]).filter {
            $0.lines.count > Self.maximumFileLines
        }
        #expect(long.map { "\($0.path): \($0.lines.count) lines" } == [])
    }

    @Test func `no line is longer than 120 characters`() throws {
        var long: [String] = []
        for file in try Repository.swiftFiles(["Sources", "Tests"]) {
            for (index, line) in file.lines.enumerated() where line.count > Self.maximumLineCharacters {
                // A message or a session that a test quotes whole has the length that it has.
                let text = line.trimmingCharacters(in: .whitespaces)
                let isTest = file.path.hasPrefix("Tests/") || file.path.hasPrefix("Sources/RenderHarness/")
                if isTest, text.contains("\"") || text.hasPrefix("- ") { continue }
                long.append(file.place(index + 1))
            }
        }
        #expect(long == [])
    }

    @Test func `tests see what everybody sees`() throws {
        // Spelled in two pieces, for this file is one of those looked at.
        let word = "@test" + "able"
        #expect(try places(in: ["Sources", "Tests"]) { $0.contains(word) } == [])
    }

    @Test func `only the command writes to standard output`() throws {
        let call = /(?:^|[^\w.`])(?:debugPrint|print|dump)\(/
        let found = try places(in: ["Sources"]) { line in
            (line.contains("print(") || line.contains("dump(")) && line.firstMatch(of: call) != nil
        }
        #expect(found.filter { !$0.hasPrefix("Sources/lathe/") } == [])
    }

    @Test func `nothing is left for later in a comment`() throws {
        // In pieces, for this file is looked at too.
        let words = ["TO" + "DO", "FIX" + "ME"]
        var found: [String] = []
        for file in try Repository.swiftFiles(["Sources", "Tests"]) + documents() + scripts() {
            for (index, line) in file.lines.enumerated() where words.contains(where: { line.contains($0) }) {
                found.append(file.place(index + 1))
            }
        }
        #expect(found == [])
    }

    @Test func `no path of one machine is written down`() throws {
        let folders = [
            "/wor" + "k", "/hom" + "e", "/roo" + "t", "/User" + "s", "/op" + "t", "/mn" + "t", "/sr" + "v",
        ]
        let path = try Regex("(?:^|[\\s\"'`(=:])/(?:work|home|root|Users|opt|mnt|srv)(?:/|\\b)")
        let files = try Repository.swiftFiles(["Sources", "Tests"]) + documents() + scripts()
        var found: [String] = []
        for file in files {
            for (index, line) in file.lines.enumerated()
            where folders.contains(where: { line.contains($0) }) && line.firstMatch(of: path) != nil {
                found.append(file.place(index + 1))
            }
        }
        #expect(found == [])
    }

    @Test func `the temporary directory is asked for, not written down`() throws {
        let literal = "\"/t" + "mp"
        let found = try places(in: ["Sources", "Tests"]) { line in
            // As the last of several choices it is the system's own default (hier(7)).
            line.contains(literal) && !line.contains("?? " + literal)
                && !line.contains("NSTemporaryDirectory()")
        }
        #expect(found == [])
    }

    @Test func `package types and functions say what they are`() throws {
        var silent: [String] = []
        for file in try Repository.swiftFiles(["Sources"]) {
            let declarations = file.lines.enumerated().compactMap { index, line in
                Declaration(line, index + 1, isDocumented: isDocumented(file, before: index))
            }
            // Of overloads one may speak for the others.
            let spokenFor = Set(declarations.filter(\.isDocumented).map(\.name))
            for declaration in declarations where !spokenFor.contains(declaration.name) {
                silent.append("\(file.place(declaration.line)): \(declaration.name)")
            }
        }
        #expect(silent == [])
    }

    @Test func `the versions of packages are resolved anew by each checkout`() throws {
        let ignored = try #require(Repository.text(".gitignore")).split(separator: "\n")
        #expect(ignored.contains("Package.resolved"))
        guard FileManager.default.fileExists(atPath: Repository.root.appending(path: ".git").path) else {
            return
        }
        #expect(try git("ls-files", "Package.resolved") == "")
    }

    @Test func `decision records are numbered one after the other`() throws {
        let records = try Repository.files(under: "docs/decisions") { $0.hasSuffix(".md") }
        let names = records.compactMap { $0.path.split(separator: "/").last.map(String.init) }
        let numbers = names.compactMap { Int($0.prefix(4)) }
        #expect(numbers.count == names.count)
        #expect(numbers == Array(1...max(1, numbers.count)))
        for record in records {
            let headings = record.lines.filter { $0.hasPrefix("## ") }
            #expect(
                headings == ["## Context", "## Decision", "## Consequences", "## Alternatives"],
                "\(record.path)")
        }
    }

    @Test func `links between documents lead somewhere`() throws {
        var broken: [String] = []
        for file in documents() {
            let folder = Repository.root.appending(path: file.path).deletingLastPathComponent()
            for (index, line) in file.lines.enumerated() {
                for link in line.matches(of: /\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/) {
                    let target = folder.appending(path: String(link.1))
                    if !FileManager.default.fileExists(atPath: target.path) {
                        broken.append("\(file.place(index + 1)): \(link.1)")
                    }
                }
            }
        }
        #expect(broken == [])
    }

    @Test func `documents that the code refers to exist`() throws {
        var broken: [String] = []
        for file in try Repository.swiftFiles(["Sources", "Tests"]) {
            for (index, line) in file.lines.enumerated() {
                guard line.contains("docs/") else { continue }
                for name in line.matches(of: /\bdocs\/[\w\/.-]+\.md/)
                where Repository.text(String(name.0)) == nil {
                    broken.append("\(file.place(index + 1)): \(name.0)")
                }
            }
        }
        #expect(broken == [])
    }

    // MARK: -

    /// Places of the code, comments left out, that pass.
    private func places(in folders: [String], where passes: (Substring) -> Bool) throws -> [String] {
        try Repository.swiftFiles(folders).flatMap { file in
            // Comments are cut off only where it matters: most lines do not pass with them either.
            file.lines.enumerated().filter {
                passes($0.element) && passes(SourceFile.withoutComment($0.element))
            }
            .map { file.place($0.offset + 1) }
        }
    }

    private func documents() -> [SourceFile] {
        // The folders of this very repository: they can be read.
        let inFolders = ["docs", "deploy"].flatMap {
            (try? Repository.files(under: $0) { $0.hasSuffix(".md") }) ?? []
        }
        return inFolders + ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].compactMap(file)
    }

    private func scripts() -> [SourceFile] {
        ["Makefile", ".ci/run", ".ci/dependencies", ".ci/documentation", "Package.swift"].compactMap(file)
    }

    private func file(_ path: String) -> SourceFile? {
        Repository.text(path).map {
            SourceFile(path: path, lines: $0.split(separator: "\n", omittingEmptySubsequences: false))
        }
    }

    /// Whether the lines before `index`, attributes aside, end in a documentation comment.
    private func isDocumented(_ file: SourceFile, before index: Int) -> Bool {
        var before = index - 1
        while before >= 0, file.lines[before].trimmingCharacters(in: .whitespaces).hasPrefix("@") {
            before -= 1
        }
        return before >= 0 && file.lines[before].trimmingCharacters(in: .whitespaces).hasPrefix("///")
    }

    private func git(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["git", "-c", "safe.directory=*", "-C", Repository.root.path] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
        return text
    }
}

/// A `package` declaration that ought to be documented.
private struct Declaration {
    var name: Substring
    var line: Int
    var isDocumented: Bool

    /// Nil for a line that is no such declaration, or one that needs no words: an operator, a requirement that its
    /// protocol documents, a function whose whole body is on its line, a type inside the type that explains it.
    init?(_ line: Substring, _ number: Int, isDocumented: Bool) {
        guard line.contains("package ") else { return nil }  // a regular expression for every line takes long
        let type =
            /^(?:@\w+ )*package (?:final |indirect )?(?:class|struct|enum|protocol|actor|typealias) (\w+)/
        let function =
            /^\s*(?:@\w+ )*package (?:(?:static|mutating|consuming|final|override) )*func (\w+|`[^`]+`)/
        if let match = line.firstMatch(of: type) {
            name = match.1
        } else if let match = line.firstMatch(of: function), !line.hasSuffix("}") {
            name = match.1
            if Self.witnesses.contains(String(name)) { return nil }
        } else {
            return nil
        }
        self.line = number
        self.isDocumented = isDocumented
    }

    /// Requirements of LaneProcessor, StereoDevice, LaneDevice, CanonicallyEncodable, RandomNumberGenerator.
    private static let witnesses: Set<String> = [
        "process", "write", "read", "update", "latencyFrames", "tailFrames", "encode", "next",
    ]
}
