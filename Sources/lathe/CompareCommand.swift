import ArgumentParser
import Comparison
import Foundation
import Metering
import Terminal

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Says what differs between two files or releases, where, and how much.",
        discussion: """
              lathe compare old/ferry.wav new/ferry.wav
              lathe compare v3-render v4-render --html changes.html     two releases, with an A/B player
              lathe compare a.wav b.wav --tolerance -90                 a null test for scripts
              lathe compare a.wav b.flac --json
              lathe compare album@6 latest --store /big/store           revisions; files that are gone come from there
            Folders are paired file by file; what only one of them has is named.
            Exit code 0: the same, or within the tolerance; 1: different; 2: it could not run.
            """)

    @Argument(help: "A sound file, a folder, or an album file, which stands for its render.") var a: String
    @Argument(help: "What it is compared with.") var b: String
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Pass while no sample of the residual exceeds this many dBFS, such as -90 (default: samples are equal).",
            valueName: "dBFS")) var tolerance: Double?
    @Flag(
        name: .customLong("allow-offset"),
        help: "With --tolerance: judge after B was moved to where A has the same sound.")
    var allowsOffset = false
    @Flag(name: .customLong("allow-gain"), help: "With --tolerance: judge after B was brought to A's level.")
    var allowsGain = false
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "What counts as a change (default: the tolerance, else -90 dBFS or what the coarser file's dither leaves).",
            valueName: "dBFS")) var threshold: Double?
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Changes nearer than this are one.", valueName: "seconds"))
    var gap: Double = 0.5
    @Option(help: ArgumentHelp("Also write a page with curves and an A/B player.", valueName: "file.html"))
    var html: String?
    @Option(
        name: .customLong("audio-limit"),
        help: ArgumentHelp("What the sound in the page may take, 0 for none.", valueName: "MB"))
    var audioLimit: Int = 64
    @Flag(help: "The JSON document on standard output, and nothing else.") var json = false
    @Option(help: "For revisions whose files are gone: the store's directory (default: $XDG_CACHE_HOME/lathe).")
    var store: String?
    @Option(help: "Threads (default: one per core).") var workers: Int?
    @Option(help: "How progress is shown: auto, plain, json or none.") var progress: ProgressDisplay.Choice = .auto

    func validate() throws {
        for (name, value) in [("--tolerance", tolerance), ("--threshold", threshold)] {
            if let value, !(-400...40).contains(value) {
                throw ValidationError("\(name) is a level in dBFS from -400 to 40, such as -90.")
            }
        }
        if allowsOffset || allowsGain, tolerance == nil {
            let flag = allowsOffset ? "--allow-offset" : "--allow-gain"
            throw ValidationError("\(flag) goes with --tolerance: name one, such as --tolerance -90.")
        }
        if !(0...3600).contains(gap) { throw ValidationError("--gap goes from 0 to 3600 seconds.") }
        if let workers, !(1...256).contains(workers) { throw ValidationError("--workers goes from 1 to 256.") }
        if !(0...2000).contains(audioLimit) { throw ValidationError("--audio-limit goes from 0 to 2000 MB.") }
    }

    func run() throws {
        let scratch = FileManager.default.temporaryDirectory.path + "/lathe-compare-\(UUID().uuidString)"
        // A revision that was restored to be compared; what cannot be removed is the system's to clean.
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        let report = try compared(scratch)
        print(json ? ComparisonJSON.document(report) : ComparisonText.document(report, width: columns), terminator: "")
        if let html { try writePage(report, to: html) }
        if report.exitCode == Exit.couldNotRun {
            let count = report.failures.count
            throw Failure(
                code: report.exitCode,
                message: "\(count) \(count == 1 ? "file" : "files") could not be compared; the report says why.",
                hasDocument: true)
        }
        if report.exitCode != 0 { throw Failure(code: report.exitCode, hasDocument: true) }
    }

    /// The report is out already, so that it is not lost with the page.
    private func writePage(_ report: ComparisonReport, to path: String) throws {
        fflush(nil)
        let page = ComparisonPage(report, audioByteLimit: audioLimit * 1_000_000).html
        do { try writeFile(page, to: path) } catch {
            throw Failure(
                code: Exit.couldNotRun,
                message: "The page could not be written to \(path): \(error.localizedDescription) "
                    + "Check the disk, or name another file.",
                hasDocument: true)
        }
    }

    private var options: ComparisonOptions {
        var options = ComparisonOptions()
        options.toleranceDecibels = tolerance
        options.allowsOffset = allowsOffset
        options.allowsGain = allowsGain
        options.thresholdDecibels = threshold
        options.gapSeconds = gap
        options.workerCount = workers ?? ProcessInfo.processInfo.activeProcessorCount
        return options
    }

    private func compared(_ scratch: String) throws -> ComparisonReport {
        let pairs: FilePairs
        do {
            let (first, second) = (try argument(a, scratch), try argument(b, scratch))
            if store != nil, !isRevision(a), !isRevision(b) {
                note("--store is not used: neither \(a) nor \(b) is a revision.")
            }
            let folder = FileManager.default.currentDirectoryPath
            pairs = try FilePairs(first, second, in: folder)
            if let html { try PageDestination.check(html, arguments: [first, second], pairs: pairs, in: folder) }
        } catch let error as ComparisonError {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
        let display = ProgressDisplay.standardError(progress, environment: ProcessInfo.processInfo.environment)
        let start = Date()
        var songs = pairs.pairs.map { ProgressModel.Song(title: $0.title, segmentCount: 100) }
        let report = ComparisonReport(pairs, nameA: a, nameB: b, lathe: latheVersion, options) { index, stage, share in
            songs[index].stage = stage
            songs[index].segmentsDone = Int(100 * share)
            songs[index].isFinished = stage == "done"
            songs[index].failure = stage == "failed" ? "could not be compared" : nil
            let elapsed = Date().timeIntervalSince(start)
            let done = songs.reduce(0) { $0 + Double($1.segmentsDone) } / Double(100 * songs.count)
            display.update(
                ProgressModel(
                    songs: songs, workersBusy: options.workerCount, workerCount: options.workerCount,
                    remainingSeconds: done > 0.05 && elapsed > 0.5 ? elapsed * (1 - done) / done : nil,
                    countsSegments: false),
                now: elapsed)
        }
        display.clear()
        return report
    }

    // MARK: Where an argument becomes a file or a folder

    private func isRevision(_ text: String) -> Bool {
        !FileManager.default.fileExists(atPath: absolutePath(text)) && isRevisionReference(text)
    }

    /// What an argument stands for: whatever exists is a path, and only what does not may be a revision, whose files
    /// are those in its folder while they are there, and restored where not.
    private func argument(_ text: String, _ scratch: String) throws -> ComparedArgument {
        if FileManager.default.fileExists(atPath: absolutePath(text)) { return ComparedArgument(text) }
        if isRevision(text) {
            let place = store.map { ["--store", $0] } ?? []
            let farm = try FarmOptions.parse(["--progress", progress.rawValue] + place)
            return ComparedArgument(
                name: text, path: try deliverableFolder(of: findRevision(text), farm: farm, scratch: scratch))
        }
        throw ComparisonError("\(text) does not exist. Check the path; quote it if it holds blanks.")
    }

    private var columns: Int {
        var size = winsize()
        guard isatty(STDOUT_FILENO) == 1, ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return 100
        }
        return min(120, Int(size.ws_col))
    }
}
