import ArgumentParser
import Farm
import FarmMonitoring
import FarmService
import Foundation
import Quantities
import Release
import Terminal

struct JobsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "jobs", abstract: "Lists the jobs of a farm.")
    @OptionGroup var farm: FarmClientOptions
    @Flag(help: "Finished ones too.") var all = false

    func run() throws {
        let status = try farm.ask(ClientRequest(.status), of: farm.connect()).status
        guard var jobs = status?.jobs else { return }
        if !all { jobs.removeAll { $0.state.isOver && $0.endedAtSeconds ?? 0 < Date().timeIntervalSince1970 - 86_400 } }
        if farm.json { return try printJSON(jobs) }
        if jobs.isEmpty { return note(all ? "There are no jobs." : "There are no jobs; --all lists older ones too.") }
        printTable(
            ["JOB", "STATE", "DONE", "PRIORITY", "OWNER", "ALBUM"],
            jobs.map { [$0.id, $0.state.rawValue, share($0), "\($0.priority)", $0.owner, $0.album] })
    }
}

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Says how a job stands, and why it waits.")
    @Argument(help: "A job's number, or its first digits.") var job: String
    @OptionGroup var farm: FarmClientOptions
    @Flag(help: "What happened to it, task by task.") var history = false

    func run() throws {
        let client = try farm.connect()
        var request = ClientRequest(history ? .events : .status, job: job)
        let reply = try farm.ask(request, of: client)
        guard let job = reply.job else { return }
        var events = reply.events?.events ?? []
        var page = reply.events
        while let last = page, last.hasMore {
            request.after = last.next
            page = try farm.ask(request, of: client).events
            events += page?.events ?? []
        }
        if farm.json {
            guard history, var whole = reply.events else { return try printJSON(job) }
            whole.events = events
            whole.next = page?.next ?? whole.next
            whole.hasMore = false
            return try printJSON(whole)
        }
        print("job        \(job.id)  \(job.album)")
        print("state      \(job.state.rawValue)\(job.stage == job.state.rawValue ? "" : ", \(job.stage)")")
        if let waiting = job.waiting { print("waiting    \(waiting)") }
        print(
            "segments   \(job.tasksDone) of \(job.tasksTotal); \(job.tasksRendered) rendered,"
                + " \(job.tasksReused) reused, \(job.tasksRetried) retried"
        )
        print("workers    \(job.runningWorkers)\(job.workerLimit.map { " of at most \($0)" } ?? "")")
        if let remaining = job.remainingSeconds { print("left       about \(Int(remaining.rounded())) s") }
        if job.missingBytes > 0 { print("audio      \(sizeText(job.missingBytes)) to come") }
        for song in job.songs {
            print("song       \(song.title): \(song.failure ?? song.stage), \(song.done) of \(song.total)")
        }
        for failure in job.failures { print("failure    \(failure)") }
        for file in job.files { print("file       \(file.path)  \(sizeText(file.byteCount))") }
        if history { for event in events { print(line(event)) } }
    }
}

/// One event on one line.
private func line(_ event: TaskEvent) -> String {
    let time = Date(timeIntervalSince1970: event.atSeconds).formatted(.iso8601.time(includingFractionalSeconds: true))
    return [time, event.kind.rawValue, event.task, event.worker.map { "on \($0)" } ?? "", event.detail ?? ""]
        .filter { !$0.isEmpty }.joined(separator: "  ")
}

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follows a job until it is over. The exit code is that of a render.",
        discussion: "Ctrl-C stops watching; the job goes on.")
    @Argument(help: "A job's number, or its first digits.") var job: String
    @OptionGroup var farm: FarmClientOptions
    @Option(help: "How progress is shown: auto, plain, json or none.") var progress: ProgressDisplay.Choice = .auto
    @Flag(help: "What happens, task by task, a line each.") var events = false

    func run() throws {
        let client = try farm.connect()
        do {
            let job = events ? try follow(client) : try JobFollower(client: client, progress: progress).follow(job)
            if farm.json { try printJSON(job) } else { note("Job \(job.id): \(job.state.rawValue).") }
            try conclude(job, hasDocument: farm.json)
        } catch is FarmClient.Interrupted {
            throw Failure(
                code: Exit.interrupted(bySignal: Signals.stopSignal), message: "Stopped watching. The job goes on.")
        } catch let error as ServiceError {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
    }

    private func follow(_ client: FarmClient) throws -> JobStatus {
        // A coordinator that is started again takes its jobs up where they were.
        client.patienceMilliseconds = 120_000
        var request = ClientRequest(.events, job: job)
        while true {
            let reply = try client.ask(request)
            guard let job = reply.job, let page = reply.events else {
                throw ServiceError("the farm does not know job \(self.job)")
            }
            for event in page.events {
                if farm.json {
                    let encoder = JSONEncoder()
                    encoder.outputFormatting = [.sortedKeys]
                    try? FileHandle.standardError.write(contentsOf: try encoder.encode(event) + Data("\n".utf8))
                } else {
                    print(line(event))
                }
            }
            request.after = page.next
            if job.state.isOver, !page.hasMore { return job }
            if !page.hasMore { usleep(250_000) }
        }
    }
}

struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Gets the files of a job. Each is whole and checked before it has its name.")
    @Argument(help: "A job's number, or its first digits.") var job: String
    @Option(name: .short, help: "The folder to write (default: the album's title).") var output: String?
    @Option(help: "What to do with files that are there: fail, replace or number.") var overwrite: OverwritePolicy =
        .fail
    @OptionGroup var farm: FarmClientOptions

    func run() throws {
        let client = try farm.connect()
        guard let job = try farm.ask(ClientRequest(.status, job: job), of: client).job else { return }
        do {
            let folder = try JobDelivery(job: job, overwrite: overwrite).fetch(
                from: client, to: absolutePath(output ?? FileManager.default.currentDirectoryPath + "/" + job.id))
            if farm.json { return try printJSON(job) }
            print("\(job.files.count) files in \(folder)")
        } catch is FarmClient.Interrupted {
            throw Failure(
                code: Exit.interrupted(bySignal: Signals.stopSignal), message: "Stopped. The same command carries on.")
        } catch let error as ServiceError {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
    }
}

/// Writes a finished job's files into a folder of this machine.
struct JobDelivery {
    var job: JobStatus
    var overwrite: OverwritePolicy

    /// - Returns: the folder, which the policy may have numbered.
    func fetch(from client: FarmClient, to wanted: String) throws -> String {
        guard job.state.isOver else {
            throw ServiceError("job \(job.id) is not over: `lathe watch \(job.id)` follows it")
        }
        guard !job.files.isEmpty else {
            throw ServiceError("job \(job.id) has no files: `lathe status \(job.id)` says why")
        }
        let (folder, open) = try survey(wanted)
        var paths: [Int: String] = [:]
        for number in open {
            let path = folder + "/" + job.files[number].path
            do {
                try ReleaseFolder.make((path as NSString).deletingLastPathComponent)
            } catch let error as ReleaseError {
                throw ServiceError(error.description)
            }
            paths[number] = path
            removeLeftovers(of: path)
        }
        let total = open.reduce(0) { $0 + job.files[$1].byteCount }
        let bar = TransferBar(.auto)
        let failures = try client.fetch(job, to: paths) {
            bar.show("fetching", done: 0, of: total, current: client.receivedByteCount)
        }
        bar.end()
        guard failures.isEmpty else {
            let lines = failures.sorted { $0.key < $1.key }.map { "\(job.files[$0.key].path): \($0.value)" }
            throw ServiceError(
                "\(failures.count) of \(job.files.count) files were not fetched. The same command carries on; where"
                    + " the farm has lost a file, `lathe retry \(job.id)` writes it again.\n"
                    + lines.joined(separator: "\n"))
        }
        return folder
    }

    /// The folder to use, and the numbers of the files that are not there yet.
    private func survey(_ wanted: String) throws -> (folder: String, open: [Int]) {
        guard job.files.allSatisfy({ isSafe($0.path) }) else {
            throw ServiceError("the farm names files outside of the release folder: nothing was written")
        }
        var number = 1
        while true {
            let folder = number == 1 ? wanted : "\(wanted) \(number)"
            var open: [Int] = []
            var others: [String] = []
            for (index, file) in job.files.enumerated() {
                let path = folder + "/" + file.path
                guard FileManager.default.fileExists(atPath: path) else {
                    open.append(index)
                    continue
                }
                if let there = try? ContentHash.ofFile(path), "\(there.hash)" == file.sha256 { continue }
                open.append(index)
                others.append(path)
            }
            switch overwrite {
            case .replace: return (folder, open)
            case .fail where others.isEmpty, .number where others.isEmpty: return (folder, open)
            case .number where number < 9_999: number += 1
            case .fail, .number:
                throw ServiceError(
                    "\(others[0]) is there already, and is another file (\(others.count) in all)."
                        + " Give --overwrite replace or number, or another folder with -o.")
            }
        }
    }

    /// What a fetch that was killed left beside a file.
    private func removeLeftovers(of path: String) {
        let (folder, name) = ((path as NSString).deletingLastPathComponent, (path as NSString).lastPathComponent)
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            guard entry.hasPrefix(".\(name.prefix(100))."), entry.hasSuffix(".part") else { continue }
            let process = entry.dropLast(5).split(separator: ".").last.flatMap { Int32($0) }
            // Of a process that is still there, it is being written.
            guard let process, kill(process, 0) != 0, errno == ESRCH else { continue }
            try? FileManager.default.removeItem(atPath: folder + "/" + entry)
        }
    }

    /// A name within the folder, whatever the coordinator says.
    private func isSafe(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.isEmpty
            && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
                !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0")
            }
    }
}

/// Verbs that change a job and say how it then stands.
protocol SteeringCommand: ParsableCommand {
    var job: String { get }
    var farm: FarmClientOptions { get }
    static var verb: ClientRequest.Verb { get }
}

extension SteeringCommand {
    func run() throws {
        let reply = try farm.ask(ClientRequest(Self.verb, job: job), of: farm.connect())
        guard let job = reply.job else { return }
        if farm.json { return try printJSON(job) }
        note("Job \(job.id): \(job.state.rawValue).")
    }
}

struct CancelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel", abstract: "Ends a job. What is rendered stays in the store.")
    @Argument(help: "A job's number, or its first digits.") var job: String
    @OptionGroup var farm: FarmClientOptions
    @Flag(help: "Also delete the record and the files of a job that is over.") var remove = false

    func run() throws {
        let client = try farm.connect()
        let reply = try farm.ask(ClientRequest(remove ? .remove : .cancel, job: job), of: client)
        if farm.json {
            if let job = reply.job { try printJSON(job) }
        } else {
            note(remove ? "Removed." : "Job \(reply.job?.id ?? job) is being cancelled.")
        }
    }
}

struct PauseCommand: SteeringCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Stops a job at the next segments; nothing of it is lost.")
    static var verb: ClientRequest.Verb { .pause }
    @Argument(help: "A job's number, or its first digits.") var job: String
    @OptionGroup var farm: FarmClientOptions
}

struct ResumeCommand: SteeringCommand {
    static let configuration = CommandConfiguration(commandName: "resume", abstract: "Lets a paused job go on.")
    static var verb: ClientRequest.Verb { .resume }
    @Argument(help: "A job's number, or its first digits.") var job: String
    @OptionGroup var farm: FarmClientOptions
}

struct RetryCommand: SteeringCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Tries a job again that failed or was cancelled: only what is missing.")
    static var verb: ClientRequest.Verb { .retry }
    @Argument(help: "A job's number, or its first digits.") var job: String
    @OptionGroup var farm: FarmClientOptions
}

struct WorkersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "workers", abstract: "Lists the workers of a farm.")
    @OptionGroup var farm: FarmClientOptions
    @Option(help: ArgumentHelp("Give this worker no more work, whatever life of it comes.", valueName: "worker"))
    var quarantine: String?
    @Option(help: ArgumentHelp("Let a worker in again that was shut out.", valueName: "worker")) var pardon: String?

    func run() throws {
        let client = try farm.connect()
        for (verb, name) in [(ClientRequest.Verb.quarantine, quarantine), (.pardon, pardon)] where name != nil {
            var request = ClientRequest(verb)
            request.worker = name
            _ = try farm.ask(request, of: client)
        }
        guard let status = try farm.ask(ClientRequest(.status), of: client).status else { return }
        if farm.json { return try printJSON(status.workers) }
        if status.workers.isEmpty {
            return note("No worker is connected: `lathe worker --connect ENDPOINT` starts one.")
        }
        printTable(
            ["WORKER", "STATE", "SEGMENTS", "FAILED", "RENDERS"],
            status.workers.map {
                [$0.name, $0.state.rawValue, "\($0.committedTasks)", "\($0.failedAttempts)", $0.task ?? ""]
            })
    }
}

struct DrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain", abstract: "Lets a worker finish its segment, hand the rest back, and leave.")
    @Argument(help: "A worker's name, with or without its slot (`lathe workers`).") var worker: String
    @OptionGroup var farm: FarmClientOptions

    func run() throws {
        var request = ClientRequest(.drain)
        request.worker = worker
        let reply = try farm.ask(request, of: farm.connect())
        if farm.json, let status = reply.status { return try printJSON(status.workers) }
        note("\(worker) hands back what it has and leaves.")
    }
}

private func share(_ job: JobStatus) -> String {
    guard job.tasksTotal > 0 else { return job.state == .done ? "100 %" : "" }
    return "\(100 * job.tasksDone / job.tasksTotal) %"
}

/// Columns as wide as what is in them; the last one is not padded.
func printTable(_ head: [String], _ rows: [[String]]) {
    var widths = head.map(\.count)
    for row in rows { for (column, text) in row.enumerated() { widths[column] = max(widths[column], text.count) } }
    for row in [head] + rows {
        let cells = row.enumerated().map { column, text in
            column == row.count - 1 ? text : text.padding(toLength: widths[column], withPad: " ", startingAt: 0)
        }
        print(cells.joined(separator: "  "))
    }
}
