import ArgumentParser
import Comparison
import LoudnessChecks
import SessionFiles

struct SchemaCommand: ParsableCommand {
    enum Subject: String, ExpressibleByArgument, CaseIterable { case session, policy, report, comparison }

    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints a JSON Schema: of session files, policies, or reports.",
        discussion: """
              lathe schema session > lathe.schema.json        for editors that complete YAML
              lathe schema policy
              lathe schema report                             of `lathe check --json`
              lathe schema comparison                         of `lathe compare --json`
            """)

    @Argument(help: "session, policy, report or comparison.") var subject: Subject = .session

    func run() throws {
        let text =
            switch subject {
            case .session: sessionJSONSchema()
            case .policy: policyJSONSchema()
            case .report: CheckReportSchema.document
            case .comparison: ComparisonSchema.document
            }
        print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
    }
}
