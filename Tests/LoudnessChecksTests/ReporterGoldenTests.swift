import Foundation
import LoudnessChecks
import Testing

/// What each sink gets for one report, in files that people can read.
@Suite struct ReporterGoldenTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    static let documents = folder.deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("docs")

    /// `LATHE_RECORD=1` writes the file anew: look at the difference before you commit it.
    private func compare(_ content: String, with file: URL) throws {
        if ProcessInfo.processInfo.environment["LATHE_RECORD"] != nil {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content.utf8).write(to: file)
        }
        let found = try? Data(contentsOf: file)
        #expect(found == Data(content.utf8), "\(file.lastPathComponent) is not what the code writes")
    }

    @Test(arguments: ReportFormat.allCases.filter { $0 != .html })
    func `the documents are those under Golden`(format: ReportFormat) throws {
        let content = format.document(FixtureReport.album(songSeconds: 6))
        try compare(content, with: Self.folder.appendingPathComponent("Golden/check.\(format).\(format.fileExtension)"))
        #expect(content == format.document(FixtureReport.album(songSeconds: 6)), "not the same bytes twice")
        #expect(content.utf8.last == UInt8(ascii: "\n"))
    }

    @Test func `the job summary, the measured file and colours are those under Golden`() throws {
        let golden = Self.folder.appendingPathComponent("Golden")
        let report = FixtureReport.album(songSeconds: 90)
        try compare(GitHubSummary.markdown(report), with: golden.appendingPathComponent("check.summary.md"))
        let measured = FixtureReport.measured(songSeconds: 90)
        try compare(ReportFormat.text.document(measured), with: golden.appendingPathComponent("measure.text.txt"))
        var several = FixtureReport.album(songSeconds: 6)
        (several.isJudged, several.findings, several.advice) = (false, [], [])
        try compare(ReportFormat.text.document(several), with: golden.appendingPathComponent("measure.several.txt"))
        let style = TextReport.Style(hasColour: true, width: 60)
        try compare(
            TextReport.document(report, style: style), with: golden.appendingPathComponent("check.colour.txt"))
    }

    @Test func `the schema of the JSON report is the one under docs`() throws {
        try compare(
            CheckReportSchema.document, with: Self.documents.appendingPathComponent("schemas/check-report-1.json"))
    }
}
