import Foundation
import LoudnessChecks
import Measuring
import Metering
import Terminal

/// What the flags and the policy together ask of the meters.
struct MeasuringPlan {
    var options = MeasuringOptions()
    /// Whether overs are listed above the ceiling of an album's own session too.
    var listsAboveCeilings = false
    /// Which files are stems, and which are left out.
    var roles = FileRoles()

    /// Flags win over the policy.
    init(_ flags: MeasuringFlags, policy: Policy? = nil) {
        options.workerCount = flags.workers ?? ProcessInfo.processInfo.activeProcessorCount
        options.measuresSignal = !flags.quick
        options.oversampling =
            flags.truePeak ?? policy.flatMap { Oversampling(rawValue: UInt32($0.truePeakOversampling)) } ?? .quadruple
        options.isMonoDual = flags.mono.map { $0 == .dual } ?? (policy?.mono == .dual)
        options.oversAbove = policy?.oversAbove ?? -1
        let (layout, files) = (flags.layout, policy?.files)
        options.layout = { id in layout ?? files?.layout(of: id) }
        roles = policy?.files ?? FileRoles()
    }
}

/// Finds, measures and reports: what `measure` and `check` share.
final class MeasuringJob {
    private let flags: MeasuringFlags
    private let plan: MeasuringPlan
    private(set) var inputs = InputSet()

    init(flags: MeasuringFlags, plan: MeasuringPlan) {
        self.flags = flags
        self.plan = plan
    }

    /// Measures everything named; files that cannot be read are items with a reason.
    func report() throws -> CheckReport {
        let folder = FileManager.default.currentDirectoryPath
        do { inputs = try InputCollector.collect(flags.paths, in: folder, mix: flags.mix, roles: plan.roles) } catch {
            throw Failure(code: Exit.couldNotRun, message: error.description)
        }
        var options = plan.options
        if plan.listsAboveCeilings {
            let ceilings = inputs.groups.compactMap { $0.loudness?.ceiling }
            options.oversAbove = min(options.oversAbove, ceilings.min() ?? .infinity)
        }
        let pool = MeasuringPool(inputs.items, options: options)
        let display = ProgressDisplay.standardError(
            flags.progress, environment: ProcessInfo.processInfo.environment)
        let start = Date()
        let measured = pool.run { progress in
            let elapsed = Date().timeIntervalSince(start)
            display.update(model(progress, elapsed: elapsed), now: elapsed)
        }
        display.clear()
        return ReportAssembly.report(
            inputs, measured, identity: plan.options.identity(lathe: latheVersion))
    }

    private func model(_ progress: MeasuringProgress, elapsed: Double) -> ProgressModel {
        let done = progress.files.reduce(0) { $0 + $1.done }
        let total = progress.files.reduce(0) { $0 + $1.total }
        let fraction = total > 0 ? Double(done) / Double(total) : 0
        // Thousands of files are one line.
        let songs =
            progress.files.count <= 200
            ? zip(inputs.items, progress.files).map { item, file in
                ProgressModel.Song(
                    title: item.title, stage: file.done > 0 ? "measuring" : "waiting", segmentsDone: file.done,
                    segmentCount: file.total, failure: file.failure,
                    isFinished: file.done == file.total && file.failure == nil)
            }
            : [
                ProgressModel.Song(
                    title: "\(progress.files.count) files", stage: "measuring", segmentsDone: done,
                    segmentCount: total, isFinished: done == total)
            ]
        return ProgressModel(
            songs: songs, workersBusy: progress.busyWorkerCount, workerCount: plan.options.workerCount,
            timesRealTime: elapsed > 0.2 ? progress.soundSeconds / elapsed : nil,
            remainingSeconds: fraction > 0.05 && elapsed > 0.5 ? elapsed * (1 - fraction) / fraction : nil)
    }

    // MARK: What a render promised

    /// The album's own target and ceiling, and stems that sum to their mix, group by group.
    var releaseRules: [Rule] {
        inputs.groups.flatMap { group in
            var rules: [Rule] = []
            if let loudness = group.loudness {
                rules += Rule.release(
                    target: loudness.target, ceiling: loudness.ceiling, isForAlbum: loudness.isForAlbum,
                    group: group.id, anchor: group.anchor)
            }
            if group.mixID != nil { rules.append(.stems(group: group.id, anchor: group.anchor)) }
            return rules
        }
    }

    /// Files whose samples are no longer those that the render wrote down.
    func renderFindings(_ report: CheckReport) -> [Finding] {
        zip(inputs.items, report.items).compactMap { input, item in
            guard let recorded = input.recordedPCMSHA256, let found = item.measurement?.pcmSHA256 else { return nil }
            let isSame = recorded == found
            return Finding(
                rule: "render/samples", demand: "the samples are those that the render wrote", subject: item.id,
                subjectTitle: item.title, scope: item.scope, status: isSame ? .passed : .failed, severity: .error,
                message: isSame
                    ? "the samples are those of the render"
                    : "the samples are not those that render.json names: the file was changed since. Render again",
                anchor: item.anchor)
        }
    }

    // MARK: Writing

    /// Files first, then standard output.
    func write(_ report: CheckReport) throws {
        for sink in flags.sinks {
            guard let path = sink.path else { continue }
            try orFail { try writeFile(text(of: report, sink.format, isTerminal: false), to: path) }
        }
        for sink in flags.sinks where sink.path == nil {
            print(text(of: report, sink.format, isTerminal: isatty(STDOUT_FILENO) == 1), terminator: "")
            // The job summary belongs to the annotations and has a file of its own.
            let environment = ProcessInfo.processInfo.environment
            if sink.format == .github, let summary = environment["GITHUB_STEP_SUMMARY"], !summary.isEmpty {
                try orFail { try appendFile(GitHubSummary.markdown(report), to: summary) }
            }
        }
    }

    func plot(_ report: CheckReport, to path: String) throws {
        guard report.items.count == 1, let measurement = report.items[0].measurement else {
            throw Failure(code: Exit.couldNotRun, message: "--plot draws one file that can be measured.")
        }
        try orFail {
            try writeFile(LoudnessPlot(measurement, title: report.items[0].title).svg, to: path)
        }
    }

    private func text(of report: CheckReport, _ format: ReportFormat, isTerminal: Bool) -> String {
        var size = winsize()
        let isSized = isTerminal && ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        let columns = isSized ? Int(size.ws_col) : 120
        let usesColor = isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        switch format {
        case .html: return CheckPage(report).html
        case .text: return TextReport.document(report, style: .init(hasColour: usesColor, width: columns))
        default: return format.document(report)
        }
    }
}

/// Writes a whole file or none: what is there under the name is complete.
func writeFile(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
}

private func appendFile(_ text: String, to path: String) throws {
    guard let file = FileHandle(forWritingAtPath: path) else { return try writeFile(text, to: path) }
    defer { try? file.close() }
    try file.seekToEnd()
    try file.write(contentsOf: Data(text.utf8))
}
