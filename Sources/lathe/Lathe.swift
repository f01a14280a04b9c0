import ArgumentParser
import Comparison
import Foundation
import LoudnessChecks
import Measuring
import Release
import Revisions

/// The version that render.json and every ledger entry carry.
let latheVersion = "0.1.0"

/// Exit codes that scripts rely on (docs/ARCHITECTURE.md, "Exit codes").
enum Exit {
    static let checkFailed: Int32 = 1
    static let couldNotRun: Int32 = 2
    static let notRendered: Int32 = 3
    static let digestAlarm: Int32 = 4
    static func interrupted(bySignal signal: Int) -> Int32 { Int32(128 + signal) }
}

/// Ends the command with a code.
struct Failure: Error {
    var code: Int32
    /// Printed on standard error where there is one.
    var message: String?
    /// What was printed there already, line by line: for `failures[]` of the JSON document.
    var printed: [String] = []
    /// Whether the JSON document is on standard output already.
    var hasDocument = false
}

struct Lathe: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lathe",
        abstract: "Renders mixes and masters on a farm: the same bytes from one worker or fifty.",
        discussion: """
            A first run:
              lathe demo                      write a small album and render it
              lathe render album.yaml         render your own
              lathe plan album.yaml           what that would do, without doing it
              lathe check album.yaml          is the render as loud as it should be, under its ceiling, whole?
              lathe compare old/ new/         what differs between two releases, where, and how much
            `lathe help VERB` shows each verb with examples.
            """,
        version: latheVersion,
        subcommands: [
            DemoCommand.self, RenderCommand.self, WatchSessionCommand.self, PlanCommand.self, MeasureCommand.self,
            CheckCommand.self, CompareCommand.self, DiffCommand.self, LogCommand.self, ShowCommand.self,
            RestoreCommand.self, PinCommand.self, UnpinCommand.self,
            CoordinatorCommand.self, WorkerCommand.self, SubmitCommand.self, JobsCommand.self, StatusCommand.self,
            WatchCommand.self, FetchCommand.self, CancelCommand.self, RetryCommand.self, PauseCommand.self,
            ResumeCommand.self, WorkersCommand.self, DrainCommand.self, KeysCommand.self, StoreCommand.self,
            SchemaCommand.self,
            DoctorCommand.self,
        ])

    /// Verbs of the interface that this version does not have.
    static let laterVerbs: Set<String> = []
}

@main
enum Main {
    static func main() {
        // A reader that went away must not end a render.
        signal(SIGPIPE, SIG_IGN)
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let verb = arguments.first, Lathe.laterVerbs.contains(verb) {
            let message = "`lathe \(verb)` is not part of version \(latheVersion). `lathe help` lists what is."
            complain(message)
            document([message], ifAskedFor: arguments)
            exit(Exit.couldNotRun)
        }
        do {
            var command = try Lathe.parseAsRoot(arguments)
            try command.run()
        } catch let failure as Failure {
            if let message = failure.message { complain(message) }
            if !failure.hasDocument {
                document(failure.printed + [failure.message].compactMap { $0 }, ifAskedFor: arguments)
            }
            exit(failure.code)
        } catch let error as CocoaError {
            complain(plainText(error))
            document([plainText(error)], ifAskedFor: arguments)
            exit(Exit.couldNotRun)
        } catch {
            let code = Lathe.exitCode(for: error)
            let text = Lathe.fullMessage(for: error)
            if code == .success {
                print(text)
                exit(0)
            }
            try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
            document([Lathe.message(for: error)], ifAskedFor: arguments)
            // Bad usage and whatever else kept the command from running.
            exit(Exit.couldNotRun)
        }
    }

    /// A failed command's JSON document: a render.json in which nothing was rendered, or a report without files.
    private static func document(_ failures: [String], ifAskedFor arguments: [String]) {
        let isJSON = zip(arguments, arguments.dropFirst()).contains { $0 == "--format" && $1 == "json" }
        guard isJSON || arguments.contains("--json") || arguments.contains("--format=json") else { return }
        if let verb = arguments.first, ["measure", "check"].contains(verb) {
            let groups = failures.map { reason in
                var group = CheckedGroup(id: "lathe \(verb)", title: "lathe \(verb)", itemIDs: [])
                group.failure = reason
                return group
            }
            let identity = MeasuringOptions().identity(lathe: latheVersion)
            var report = CheckReport(identity: identity, items: [], groups: groups)
            report.isJudged = false
            print(ReportFormat.json.document(report), terminator: "")
            return
        }
        if arguments.first == "compare" {
            let names = arguments.dropFirst().filter { !$0.hasPrefix("-") }
            let report = ComparisonReport(
                lathe: latheVersion, nameA: names.first ?? "", nameB: names.dropFirst().first ?? "",
                options: ComparisonOptions(), failures: failures)
            print(ComparisonJSON.document(report), terminator: "")
            return
        }
        let document = RenderDocument(
            lathe: latheVersion, libraries: [:], album: nil, songs: [],
            failures: failures.map { RenderDocument.Failure(what: $0) })
        // It holds nothing but text, which always encodes.
        if let bytes = try? document.encoded() { print(String(decoding: bytes, as: UTF8.self), terminator: "") }
    }
}

/// An error line on standard error.
func complain(_ message: String) {
    try? FileHandle.standardError.write(contentsOf: Data("error: \(message)\n".utf8))
}

/// What an error says to people: Foundation's own would print their domain and number.
func plainText(_ error: any Error) -> String {
    guard let known = error as? CocoaError else { return "\(error)" }
    let details = (error as NSError).userInfo
    let path = details[NSFilePathErrorKey] as? String ?? (details[NSURLErrorKey] as? URL)?.path
    let cause = details[NSUnderlyingErrorKey] as? NSError
    let isSystem = cause?.domain == NSPOSIXErrorDomain
    let said = cause.map { isSystem ? String(cString: strerror(Int32($0.code))) : $0.localizedDescription }
    let number: Int32? =
        switch known.code {
        case .fileWriteVolumeReadOnly: EROFS
        case .fileWriteNoPermission, .fileReadNoPermission: EACCES
        case .fileWriteOutOfSpace: ENOSPC
        case .fileWriteFileExists: EEXIST
        case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
        default: nil
        }
    let reason = said ?? number.map { String(cString: strerror($0)) }
    return (path.map { "\($0): " } ?? "") + "cannot be read or written"
        + (reason.map { " (\($0))" } ?? "") + ". Check what lies there and its permissions, or choose another place."
}

/// An absolute path for one relative to the working directory, without `..`; `~` is the shell's affair.
func absolutePath(_ path: String) -> String {
    plainPath(path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path)
}
