import ArgumentParser
import Foundation
import LoudnessChecks
import Measuring
import SessionFiles

extension DriftMode: ExpressibleByArgument {}
extension CalendarDay: ExpressibleByArgument {
    /// A day as `2026-11-21`.
    public init?(argument: String) { self.init(argument) }
}

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Measures and judges: a policy, delivery profiles, and a baseline.",
        discussion: """
              lathe check album.yaml                               its render against the album's own target
              lathe check masters/ --policy loudness.yaml --profile spotify
              lathe check masters/ --baseline loudness.lock        what drifted since it was accepted, and where
              lathe check masters/ --baseline loudness.lock --accept --reason "new mastering"
              lathe check masters/ --policy loudness.yaml --format junit=loudness.xml --format sarif=loudness.sarif
            Exit code 0: all passed; 1: something failed; 2: it could not run.
            """)

    @OptionGroup var flags: MeasuringFlags
    @Option(help: ArgumentHelp("Rules in YAML (docs/policies.md).", valueName: "file")) var policy: String?
    @Option(help: ArgumentHelp("A delivery profile; repeatable (docs/profiles.md).", valueName: "name"))
    var profile: [String] = []
    @Option(help: ArgumentHelp("The accepted figures, loudness.lock.", valueName: "file")) var baseline: String?
    @Option(help: "How the baseline is held: exact, engine or revision.") var mode: DriftMode = .revision
    @Flag(help: "Warnings fail, too.") var strict = false
    @Flag(help: "The files are a part of the release: what the baseline has besides is not missing.")
    var partial = false
    @Flag(help: "Write the baseline anew from what is measured.") var accept = false
    @Option(help: ArgumentHelp("With --accept: why.", valueName: "text")) var reason: String?
    @Option(help: ArgumentHelp("With --accept: who (default: $USER).", valueName: "name")) var by: String?
    @Option(
        help: ArgumentHelp("The day that waivers are judged by (default: today).", valueName: "YYYY-MM-DD"))
    var today: CalendarDay?

    func validate() throws {
        if accept, reason == nil { throw ValidationError("--accept needs --reason: why are the new figures right?") }
        if accept, flags.json || !flags.format.isEmpty {
            throw ValidationError("--accept writes no report: leave out --json and --format.")
        }
        if accept, flags.quick { throw ValidationError("--accept needs every figure: leave out --quick.") }
        if !accept, reason != nil || by != nil {
            throw ValidationError("--reason and --by belong to --accept.")
        }
        for name in profile where Profile.named(name) == nil {
            throw ValidationError(
                "there is no profile \(name). There are: \(Profile.all.map(\.id).joined(separator: ", ")).")
        }
    }

    func run() throws {
        let policy = try policy.map(readPolicy)
        let day = today ?? CalendarDay.today
        let lockPath = baseline ?? "loudness.lock"
        let lock = accept || baseline != nil ? try readLock(lockPath) : nil
        var plan = MeasuringPlan(flags, policy: policy)
        plan.options.hashesSamples = true
        let profiles = profile.compactMap(Profile.named)
        // A rule on overs counts what its own policy says; else every peak above a ceiling is listed with its place.
        let demands = Judge(policy: policy, profiles: profiles, today: day)
        plan.listsAboveCeilings = !demands.judges(.overs)
        if plan.listsAboveCeilings {
            plan.options.oversAbove = min(plan.options.oversAbove, demands.lowestCeiling ?? .infinity)
        }
        let job = MeasuringJob(flags: flags, plan: plan)
        var report = try job.report()
        if accept { return try accept(report, previous: lock, path: lockPath, day: day) }
        report.policy = self.policy
        report.isStrict = strict
        if let lock, let baseline {
            report.baseline = baseline
            report.findings = Drift.compare(lock, lockPath: baseline, with: report, mode: mode, isPartial: partial)
        }
        report.findings += job.renderFindings(report)
        let judge = Judge(
            policy: policy, profiles: profiles, extraRules: job.releaseRules, today: day,
            isPartial: partial)
        report = judge.judge(report)
        try job.write(report)
        if !report.passes { throw Failure(code: Exit.checkFailed, hasDocument: true) }
    }

    private func readPolicy(_ path: String) throws -> Policy {
        do { return try PolicyReader.read(path: absolutePath(path), as: path) } catch {
            note(error.description)
            throw Failure(code: Exit.couldNotRun, printed: error.diagnostics.map(\.description))
        }
    }

    /// nil where there is none yet, which only `--accept` allows.
    private func readLock(_ path: String) throws -> LoudnessLock? {
        guard FileManager.default.fileExists(atPath: path) else {
            if accept { return nil }
            throw Failure(
                code: Exit.couldNotRun,
                message: "\(path) does not exist. "
                    + "Write it: `lathe check ... --baseline \(path) --accept --reason ...`.")
        }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw Failure(code: Exit.couldNotRun, message: "\(path) cannot be read. Check its permissions.")
        }
        do { return try LoudnessLock.parse(String(decoding: bytes, as: UTF8.self), file: path) } catch {
            throw Failure(code: Exit.couldNotRun, message: "\(error)")
        }
    }

    private func accept(_ report: CheckReport, previous: LoudnessLock?, path: String, day: CalendarDay) throws {
        for item in report.items { if case .failed(let why) = item.outcome { note("\(item.id): \(why)") } }
        let who = by ?? ProcessInfo.processInfo.environment["USER"] ?? "unknown"
        let lock: LoudnessLock
        do {
            lock = try LoudnessLock.accepting(
                report, previous: previous, by: who, reason: reason ?? "", date: day.description, isPartial: partial,
                file: path)
        } catch { throw Failure(code: Exit.checkFailed, message: "\(error)") }
        try orFail { try writeFile(lock.text, to: path) }
        print(lock.summary(since: previous), terminator: "")
        print("Accepted into \(path): \(report.items.count) files. Commit it.")
    }
}

extension CalendarDay {
    /// In this machine's time zone.
    static var today: CalendarDay {
        let parts = Calendar(identifier: .gregorian).dateComponents([.year, .month, .day], from: Date())
        guard let day = CalendarDay(year: parts.year ?? 0, month: parts.month ?? 0, day: parts.day ?? 0) else {
            preconditionFailure("the calendar has no such day")
        }
        return day
    }
}
