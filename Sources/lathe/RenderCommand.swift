import ArgumentParser
import Farm
import Foundation
import Release
import Terminal

extension StemsChoice: ExpressibleByArgument {}
extension OverwritePolicy: ExpressibleByArgument {}
extension ProgressDisplay.Choice: ExpressibleByArgument {}

/// Where and how the work is done: none of it changes a byte.
struct FarmOptions: ParsableArguments {
    @Option(help: "Worker processes (default: one per core; 0 renders in this process).") var workers: Int?
    @Option(help: "The store's directory (default: $XDG_CACHE_HOME/lathe).") var store: String?
    @Flag(help: "Look nothing up: render everything again, and record it.") var noCache = false
    @Flag(help: "Read every audio file again, though its size, time of change and inode are as remembered.")
    var rehash = false
    @Option(help: ArgumentHelp("Render so many percent twice and compare.", valueName: "percent")) var audit = 0
    @Option(help: "How progress is shown: auto, plain, json or none.") var progress: ProgressDisplay.Choice = .auto
    @Flag(help: "One JSON document (render.json) on standard output, and nothing else.") var json = false
    @Flag(help: ArgumentHelp("Test: every segment on another worker than the last.", visibility: .hidden))
    var scatter = false
    @Option(help: ArgumentHelp("Test: frames processed together.", visibility: .hidden)) var block = 512
    @Option(help: ArgumentHelp("Test: seconds in a segment; part of every key.", visibility: .hidden))
    var segmentSeconds = 10.0

    /// Whether albums that are whole and unchanged since their last revision are left as they are: by default, of
    /// several albums, where nothing asks for a render of them, or says that what is remembered is not to be believed.
    func leavesStanding(_ batch: SessionInputs, _ options: RenderOptions) -> Bool {
        batch.isBatch && options.overwrite == .fail && !noCache && !rehash && audit == 0 && !scatter
    }

    /// What a farm of several machines decides for itself.
    var ownAffairs: [(name: String, isGiven: Bool)] {
        [
            ("--workers", workers != nil), ("--store", store != nil), ("--no-cache", noCache), ("--rehash", rehash),
            ("--audit", audit != 0), ("--scatter", scatter), ("--block", block != 512),
        ]
    }

    func validate() throws {
        if let workers, !(0...256).contains(workers) { throw ValidationError("--workers goes from 0 to 256.") }
        guard (0...100).contains(audit) else { throw ValidationError("--audit goes from 0 to 100 percent.") }
        guard (1...1_048_576).contains(block) else { throw ValidationError("--block goes from 1 to 1048576 frames.") }
        guard (0.05...60).contains(segmentSeconds) else {
            throw ValidationError("--segment-seconds goes from 0.05 to 60.")
        }
    }
}

/// What is delivered, and where.
struct RenderOptions: ParsableArguments {
    @Option(
        name: .short,
        help: """
            The folder to write (default: ALBUM-render beside the file); with several albums the folder of their \
            folders.
            """)
    var output: String?
    @Option(help: ArgumentHelp("Deliver only this song (title or number); repeatable.", valueName: "song"))
    var only: [String] = []
    @Option(help: "Also deliver stems: none or pre-master.") var stems: StemsChoice = .none
    @Option(help: "What to do with files that are there: fail, replace or number.")
    var overwrite: OverwritePolicy = .fail
}

struct RenderCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "render", abstract: "Renders albums and songs on a farm of this machine's cores.",
        discussion: """
              lathe render album.yaml
              lathe render album.yaml --only Ferry --stems pre-master -o ~/out
              lathe render album.yaml --overwrite replace      after an edit: only what it touches
              lathe render album.yaml --overwrite replace -m "vocal up" --name "mix 3"     for `lathe log`
              lathe render album.yaml --only Ferry --range 1:02..1:30      a quick listen
              lathe render ep.yaml album.yaml revisions/ -o ~/out          many at once, each into its own folder
              lathe render album.yaml --farm tcp://mix-server:7700
            Of a folder its albums are rendered, and its songs that none of them names. What several albums share is
            rendered once. Ctrl-C stops cleanly; the same command again carries on: of several albums those that are
            whole and unchanged by then are left as they are.
            """)

    @Argument(help: "Album or song files, or folders of them.") var sessions: [String]
    @OptionGroup var options: RenderOptions
    @OptionGroup var revision: RevisionOptions
    @OptionGroup var farm: FarmOptions

    @Option(
        name: .customLong("farm"),
        help: ArgumentHelp("Render on this farm instead of this machine.", valueName: "endpoint"))
    var farmEndpoint: String?
    @Option(help: ArgumentHelp("With --farm: the folder of keys (default: ~/.config/lathe/keys).", valueName: "folder"))
    var keys: String?

    @Option(
        help: ArgumentHelp(
            "Only this stretch of each mix, as TITLE A-B.preview.wav (default folder: ALBUM-preview).",
            valueName: "A..B"))
    var range: String?

    // Flags of the interface that this version refuses by name.
    @Option(help: .hidden) var returns: String?
    @Option(name: .customLong("pass"), help: .hidden) var mixPass: String?

    func validate() throws {
        let refused = [("--returns", returns), ("--pass", mixPass)]
        for (name, value) in refused where value != nil {
            throw ValidationError("\(name) is not part of version \(latheVersion).")
        }
        guard farmEndpoint != nil else { return }
        for (name, isGiven) in farm.ownAffairs + [("--range", range != nil)] where isGiven {
            throw ValidationError(
                name == "--range"
                    ? "--range listens on this machine: leave it out with --farm."
                    : "\(name) is the farm's own affair: leave it out with --farm.")
        }
    }

    func run() throws {
        if let range { return try RangeJob(sessions: sessions, range: range, options: options, farm: farm).run() }
        let job = RenderJob(sessions: sessions, options: options, farm: farm, revision: revision.choice)
        guard let text = farmEndpoint else { return try job.run() }
        try FarmRender(job: job, endpoint: parsedEndpoint(text), keys: keys).run()
    }
}
