import ArgumentParser
import Farm

/// One worker process of an embedded farm. Started by `lathe render`, never by hand.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "A worker of an embedded farm (started by lathe render).",
        shouldDisplay: false)

    @Option(name: .customLong("configuration")) var settings: String
    @Option var connect: String
    @Option var parent: Int32

    func run() throws {
        do {
            try WorkerProcess.run(configurationPath: settings, endpoint: connect, parent: parent)
        } catch {
            throw Failure(code: Exit.couldNotRun, message: "worker: \(error)")
        }
    }
}
