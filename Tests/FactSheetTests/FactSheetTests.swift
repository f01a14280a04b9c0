import Foundation
import TestSupport
import Testing

/// Runs after all other tests, on the facts that they wrote down (see the Makefile).
@Suite struct FactSheetTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("docs/fact-sheet.md")
    private static let folder = ProcessInfo.processInfo.environment["LATHE_FACTS_CHECK"]

    @Test("docs/fact-sheet.md says what the tests assert and reach", .enabled(if: folder != nil))
    func sheet() throws {
        let facts = try FactSheet(folder: try #require(Self.folder))
        #expect(!facts.rows.isEmpty)
        if ProcessInfo.processInfo.environment["LATHE_RECORD"] != nil {
            try facts.markdown.write(to: Self.page, atomically: true, encoding: .utf8)
        }
        let sheet = FactSheet(markdown: try String(contentsOf: Self.page, encoding: .utf8))
        #expect(sheet.differences(from: facts) == [], "`make doc` writes the page anew")
    }

    @Test("a sheet read back is the one written, and differences are told")
    func roundTrip() throws {
        let folder = try TemporaryDirectory("facts")
        try folder.write("a.json", #"["Gate","attack","1.2","<= 5","%"]"#)
        try folder.write("b.json", #"["Equalizer","deviation","0.01","<= 0.05","dB"]"#)
        let facts = try FactSheet(folder: folder.path)
        let sheet = FactSheet(markdown: facts.markdown)
        #expect(sheet == facts)
        #expect(sheet.rows.map(\.subject) == ["Equalizer", "Gate"])
        var other = sheet
        other.rows[0].figure = "0.04"
        other.rows[1].statement = "release"
        #expect(other.differences(from: facts).count == 3)
    }
}
