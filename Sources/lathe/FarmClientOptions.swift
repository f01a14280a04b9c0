import ArgumentParser
import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import Terminal

/// Which farm a verb speaks to, and as whom.
struct FarmClientOptions: ParsableArguments {
    @Option(
        name: .customLong("farm"),
        help: ArgumentHelp(
            "The coordinator (default: $LATHE_FARM, else tcp://127.0.0.1:7700).", valueName: "endpoint"))
    var endpoint: String?
    @Option(help: ArgumentHelp("The folder of keys (default: ~/.config/lathe/keys).", valueName: "folder"))
    var keys: String?
    @Flag(help: "One JSON document on standard output.") var json = false

    func connect() throws -> FarmClient {
        let text = endpoint ?? ProcessInfo.processInfo.environment["LATHE_FARM"] ?? "tcp://127.0.0.1:7700"
        let endpoint = try parsedEndpoint(text)
        Signals.countInterrupts()
        return try orFail {
            try FarmClient(endpoint: endpoint, security: FarmSecurity.client(of: endpoint, keysDirectory: keys))
        }
    }

    /// Asks, and ends the command with the coordinator's reason where it says no.
    func ask(_ request: ClientRequest, of client: FarmClient) throws -> ClientReply {
        try orFail { try client.ask(request) }
    }
}

/// - Throws: a `Failure` with how an endpoint is written.
func parsedEndpoint(_ text: String) throws -> FarmEndpoint {
    guard let endpoint = FarmEndpoint(text) else {
        throw Failure(
            code: Exit.couldNotRun,
            message: "\"\(text)\" is no endpoint. Write tcp://HOST:PORT (7700 as a rule) or ipc:///PATH.")
    }
    return endpoint
}

/// Follows a job until it is over.
struct JobFollower {
    var client: FarmClient
    var display: ProgressDisplay
    private let start = Date()

    init(client: FarmClient, progress: ProgressDisplay.Choice) {
        self.client = client
        display = ProgressDisplay.standardError(progress, environment: ProcessInfo.processInfo.environment)
    }

    /// - Throws: `FarmClient.Interrupted` for a signal: the job goes on.
    func follow(_ id: String) throws -> JobStatus {
        // A coordinator that is started again takes its jobs up where they were.
        client.patienceMilliseconds = 120_000
        while true {
            guard let job = try client.ask(ClientRequest(.status, job: id)).job else {
                throw ServiceError("the farm does not know job \(id)")
            }
            display.update(model(job), now: Date().timeIntervalSince(start))
            if job.state.isOver {
                display.finish(now: Date().timeIntervalSince(start))
                return job
            }
            usleep(200_000)
        }
    }

    private func model(_ job: JobStatus) -> ProgressModel {
        let songs =
            job.songs.isEmpty
            ? [ProgressModel.Song(title: job.album, stage: job.waiting ?? job.stage)]
            : job.songs.map {
                ProgressModel.Song(
                    title: $0.title, stage: job.waiting ?? $0.stage, segmentsDone: $0.done, segmentCount: $0.total,
                    failure: $0.failure, isFinished: $0.stage == "done")
            }
        return ProgressModel(
            songs: songs, workersBusy: job.runningWorkers, workerCount: job.runningWorkers,
            reusedCount: job.tasksReused, retriedCount: job.tasksRetried, remainingSeconds: job.remainingSeconds)
    }
}

/// Ends a command by what became of its job.
func conclude(_ job: JobStatus, hasDocument: Bool) throws {
    for failure in job.failures { complain(failure) }
    switch job.state {
    case .done: return
    case .cancelled:
        throw Failure(
            code: Exit.notRendered, message: "job \(job.id) was cancelled; `lathe retry \(job.id)` takes it up again",
            hasDocument: hasDocument)
    default:
        let isAlarm = job.failures.contains { $0.contains("digest alarm") }
        throw Failure(code: isAlarm ? Exit.digestAlarm : Exit.notRendered, hasDocument: hasDocument)
    }
}
