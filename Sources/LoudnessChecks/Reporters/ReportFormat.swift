/// A form that a report is written in.
package enum ReportFormat: String, Sendable, Hashable, CaseIterable {
    /// Tables for a person at a terminal.
    case text
    /// The whole report, with a schema of its own: `CheckReportSchema`.
    case json
    /// JUnit XML as Jenkins, GitLab and others read it.
    case junit
    /// SARIF 2.1.0 for code scanning.
    case sarif
    /// GitHub workflow commands: annotations. The job's summary is `GitHubSummary`.
    case github
    /// GitLab Code Quality.
    case gitlab
    /// OpenMetrics text for GitLab's metrics report.
    case metrics
    /// For a comment at a pull request.
    case markdown
    /// A page for people.
    case html
    /// A table for spreadsheets.
    case csv

    /// What a file of this form is usually called behind the dot.
    package var fileExtension: String {
        switch self {
        case .text, .github, .metrics: "txt"
        case .json, .gitlab: "json"
        case .junit: "xml"
        case .sarif: "sarif"
        case .markdown: "md"
        case .html: "html"
        case .csv: "csv"
        }
    }

    /// The whole document, UTF-8, ending in a line end: the same bytes for the same report.
    ///
    /// Precondition: not `html`, which is a page with a writer of its own.
    package func document(_ report: CheckReport) -> String {
        switch self {
        case .text: TextReport.document(report)
        case .json: JSONReport.document(report)
        case .junit: JUnitReport.document(report)
        case .sarif: SARIFReport.document(report)
        case .github: GitHubAnnotations.commands(report)
        case .gitlab: GitLabCodeQuality.document(report)
        case .metrics: OpenMetricsReport.document(report)
        case .markdown: MarkdownReport.comment(report)
        case .csv: CSVReport.document(report)
        case .html: preconditionFailure("the page is not written by the text reporters")
        }
    }
}
