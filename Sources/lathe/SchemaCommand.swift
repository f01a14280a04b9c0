import ArgumentParser
import LoudnessChecks
import SessionFiles

struct SchemaCommand: ParsableCommand {
    enum Subject: String, ExpressibleByArgument, CaseIterable { case session, policy, report }

    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints a JSON Schema: of session files, policies, or check reports.",
        discussion: """
              lathe schema session > lathe.schema.json        for editors that complete YAML
              lathe schema policy
              lathe schema report                             of `lathe check --json`
            """)

    @Argument(help: "session, policy or report.") var subject: Subject = .session

    func run() throws {
        let text =
            switch subject {
            case .session: sessionJSONSchema()
            case .policy: policyJSONSchema()
            case .report: CheckReportSchema.document
            }
        print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
    }
}
