import ArgumentParser
import Foundation
import LoudnessChecks
import Measuring
import Metering
import Terminal

extension Oversampling: ExpressibleByArgument {
    /// The points of a sample, as `4`.
    public init?(argument: String) {
        guard let factor = UInt32(argument), let value = Oversampling(rawValue: factor) else { return nil }
        self = value
    }

    /// For usage texts.
    public static var allValueStrings: [String] { allCases.map { String($0.rawValue) } }
}

/// What is measured and how; the same for `measure` and `check`.
struct MeasuringFlags: ParsableArguments {
    enum Mono: String, ExpressibleByArgument, CaseIterable { case asIs = "as-is", dual }

    @Argument(
        help: """
            Sound files, folders, quoted globs, an album file, or the folder of a render.
            """) var paths: [String]
    @Option(help: ArgumentHelp("The mix that all other files are stems of.", valueName: "file")) var mix: String?
    @Option(
        help: ArgumentHelp(
            "How the channels lie: stereo, 5.1, 7.1, 0+5+0... (default: what the file says).", valueName: "layout"))
    var layout: String?
    @Option(help: "A mono file as one loudspeaker, as-is, or as two, dual: 3.01 LU louder.") var mono: Mono?
    @Option(
        name: .customLong("true-peak"),
        help: ArgumentHelp("Points per sample of the true-peak meter: 4, or 16 to be strict.", valueName: "factor"))
    var truePeak: Oversampling?
    @Flag(help: "Loudness and peaks only: no clipping, silence, correlation, spectrum, DR.") var quick = false
    @Option(help: "Threads (default: one per core).") var workers: Int?
    @Option(help: "How progress is shown: auto, plain, json or none.") var progress: ProgressDisplay.Choice = .auto
    @Flag(help: "The JSON document on standard output, and nothing else: `--format json`.") var json = false
    @Option(
        help: ArgumentHelp(
            """
            How results are written, repeatable: text, json, junit, sarif, github, gitlab, metrics, markdown, html or \
            csv; `junit=report.xml` writes a file, all else goes to standard output.
            """, valueName: "format[=file]"))
    var format: [ReportSink] = []
    @Option(name: .customLong("farm"), help: .hidden) var farmEndpoint: String?

    func validate() throws {
        if paths.isEmpty { throw ValidationError("Name files or folders to measure.") }
        if let workers, !(1...256).contains(workers) { throw ValidationError("--workers goes from 1 to 256.") }
        if farmEndpoint != nil { throw ValidationError("--farm is not part of version \(latheVersion).") }
        guard sinks.count(where: { $0.path == nil }) <= 1 else {
            throw ValidationError("Only one format can go to standard output: give the others a file.")
        }
    }

    /// Text on standard output unless something else is there.
    var sinks: [ReportSink] {
        let named = format + (json ? [ReportSink(format: .json)] : [])
        return named.contains { $0.path == nil } ? named : named + [ReportSink(format: .text)]
    }
}

/// A format and where it goes.
struct ReportSink: ExpressibleByArgument {
    var format: ReportFormat
    /// nil: standard output.
    var path: String?

    init(format: ReportFormat) { self.format = format }

    init?(argument: String) {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard let format = ReportFormat(rawValue: String(parts[0])), parts.count < 2 || !parts[1].isEmpty else {
            return nil
        }
        self.format = format
        path = parts.count == 2 ? String(parts[1]) : nil
    }
}

struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Measures loudness, peaks and what else can be heard in sound files.",
        discussion: """
              lathe measure master.wav
              lathe measure album-render/ --json
              lathe measure "mixes/**/*.wav" --format csv=mixes.csv --format html=mixes.html
              lathe measure stems/*.wav --mix mix.wav         do the stems sum to the mix?
            Exit code 0: all measured; 2: a file could not be read (the others are measured).
            """)

    @OptionGroup var flags: MeasuringFlags
    @Option(help: ArgumentHelp("Also draw loudness over time, one file only.", valueName: "file.svg")) var plot: String?

    func run() throws {
        let job = MeasuringJob(flags: flags, plan: MeasuringPlan(flags))
        var report = try job.report()
        report.isJudged = false
        if let plot { try job.plot(report, to: plot) }
        try job.write(report)
        let failed = report.items.filter { $0.measurement == nil }
        guard failed.isEmpty else {
            throw Failure(
                code: Exit.couldNotRun,
                message: "\(failed.count) of \(report.items.count) files could not be measured.", hasDocument: true)
        }
    }
}
