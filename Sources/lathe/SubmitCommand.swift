import ArgumentParser
import Farm
import FarmMonitoring
import FarmService
import Foundation
import Hashing
import Quantities
import Release
import Session
import SessionFiles
import Terminal

struct SubmitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit", abstract: "Hands an album or a song to a farm.",
        discussion: """
            The session is checked here first. Its audio is sent where the farm does not have it yet; once that is
            done this machine is not needed any more.
              lathe submit album.yaml
              lathe submit album.yaml --stems pre-master --priority -1 --wait
            The same album again is the same job: nothing is sent or rendered twice.
            """)

    @Argument(help: "An album or song file.") var session: String
    @OptionGroup var farm: FarmClientOptions
    @Option(help: ArgumentHelp("Deliver only this song (title or number); repeatable.", valueName: "song"))
    var only: [String] = []
    @Option(help: "Also deliver stems: none or pre-master.") var stems: StemsChoice = .none
    @Option(parsing: .unconditional, help: "From -100 to 100; smaller goes first.") var priority = 0
    @Option(help: ArgumentHelp("At most so many workers at once.", valueName: "count")) var workersAtMost: Int?
    @Flag(help: "A job of its own, even if the same album was rendered before.") var new = false
    @Flag(help: "Wait until the job is over; the exit code is then that of a render.") var wait = false
    @Option(help: "How progress is shown: auto, plain, json or none.") var progress: ProgressDisplay.Choice = .auto

    func run() throws {
        let request = JobRequest(
            session: session, only: only, stems: stems, priority: priority, workerLimit: workersAtMost, isNew: new)
        let client = try farm.connect()
        do {
            var job = try request.submit(to: client, progress: progress)
            if wait { job = try JobFollower(client: client, progress: progress).follow(job.id) }
            if farm.json {
                try printJSON(job)
            } else {
                print(job.id)
                note(
                    wait
                        ? "Job \(job.id): \(job.state.rawValue)."
                        : "`lathe watch \(job.id)` follows it, `lathe fetch \(job.id)` gets its files.")
            }
            if wait { try conclude(job, hasDocument: farm.json) }
        } catch is FarmClient.Interrupted {
            throw Failure(
                code: Exit.interrupted(bySignal: Signals.stopSignal), message: "Stopped. The same command carries on.")
        } catch let error as ServiceError {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
    }
}

/// What `submit` and `render --farm` ask of a farm.
struct JobRequest {
    var session: String
    var only: [String]
    var stems: StemsChoice
    var segmentSeconds = 10.0
    var priority = 0
    var workerLimit: Int?
    var isNew = false
    /// A session that is not as it lies on the disk: what it reads as, and the texts of its files by absolute path.
    var recorded: (album: Album, texts: [String: [UInt8]])?
    /// Called once the session was read.
    var hasRead: (Album, RecordedFiles) -> Void = { _, _ in }

    /// Checks the session, hashes its audio, hands both in, and stays until the farm has what it lacked.
    func submit(to client: FarmClient, progress: ProgressDisplay.Choice) throws -> JobStatus {
        let files = RecordedFiles()
        let album = try recorded?.album ?? readSession(session, files: files)
        hasRead(album, files)
        let songs = try chosenSongs(of: album, only)
        // What the farm would refuse is said here, before anything is sent.
        _ = try releasing {
            try ReleasePlan(album: album, stemNames: stemNames(album), stems: stems, songs: songs)
        }
        let bar = TransferBar(progress)
        let sources = try hash(album, bar)
        var texts: [Submission.Text] = []
        for (path, bytes) in (recorded?.texts ?? files.contents).sorted(by: { $0.key < $1.key }) {
            texts.append(Submission.Text(path: path, text: String(decoding: bytes, as: UTF8.self)))
        }
        var submission = Submission(
            id: JobName.text(0), root: absolutePath(session), title: album.title, texts: texts, sources: sources,
            songs: only.isEmpty ? nil : songs, stems: stems.rawValue, segmentSeconds: segmentSeconds,
            priority: priority,
            workerLimit: workerLimit)
        submission.id = name(submission, of: client)
        for source in sources { try orFail { try client.offer(source.hash, path: source.path) } }
        client.patienceMilliseconds = 120_000
        var request = ClientRequest(.submit)
        request.submission = submission
        guard var job = try client.ask(request).job else { throw ServiceError("the farm did not take the job") }
        let missing = job.missingBytes
        var stalled = 0
        var sent = 0
        while job.missingBytes > 0, !job.state.isOver {
            bar.show("sending audio", done: missing - job.missingBytes, of: missing, current: client.sentByteCount)
            usleep(100_000)
            stalled = client.sentByteCount == sent ? stalled + 1 : 0
            sent = client.sentByteCount
            // A farm that was started again does not know whom to ask: it is told again.
            let question = stalled % 30 == 29 ? request : ClientRequest(.status, job: job.id)
            guard let now = try client.ask(question).job else { break }
            job = now
        }
        bar.end()
        return job
    }

    private func hash(_ album: Album, _ bar: TransferBar) throws -> [Submission.Source] {
        var paths: Set<String> = []
        for entry in album.songs { for source in entry.song.sources { paths.insert(source.path) } }
        let total = paths.reduce(0) { sum, path in
            sum + (((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0)
        }
        var done = 0
        var sources: [Submission.Source] = []
        for path in paths.sorted() {
            let hashed = try orFail {
                try ContentHash.ofFile(path) { count in
                    done += count
                    bar.show("hashing audio", done: done, of: total, current: done)
                }
            }
            sources.append(Submission.Source(path: path, hash: hashed.hash, byteCount: hashed.byteCount))
        }
        return sources
    }

    /// The same session, audio and choices of one person have the same number.
    private func name(_ submission: Submission, of client: FarmClient) -> String {
        var same = submission
        same.priority = 0
        same.workerLimit = nil
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        var bytes = (try? encoder.encode(same)).map { [UInt8]($0) } ?? []
        bytes += Array(client.identity.utf8)
        if isNew { bytes += (0..<16).map { _ in UInt8.random(in: 0...255) } }
        return JobName.text(TaskKey.of(bytes).words[0])
    }
}

/// One line about bytes under way, where standard error is a terminal.
final class TransferBar {
    private let isShown: Bool
    private var lastShown = Date.distantPast

    init(_ choice: ProgressDisplay.Choice) { isShown = choice == .auto && isatty(2) == 1 }

    func show(_ what: String, done: Int, of total: Int, current: Int) {
        guard isShown, Date().timeIntervalSince(lastShown) > 0.1 else { return }
        lastShown = Date()
        let text = "\r\(what): \(sizeText(max(done, min(current, total)))) of \(sizeText(total))\u{1B}[K"
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    func end() {
        if isShown, lastShown != .distantPast {
            try? FileHandle.standardError.write(contentsOf: Data("\r\u{1B}[K".utf8))
        }
    }
}
