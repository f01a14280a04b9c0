import ArgumentParser
import Release
import Terminal

struct WatchSessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch-session", abstract: "Renders a session, and again whenever one of its files is saved.",
        discussion: """
            Every file of the session is watched, the audio too. A save stops the render that it made stale and begins
            the next; what was rendered stays in the store. A session that cannot be read is shown with its mistakes,
            and the last good render stays. Files of an earlier render are replaced, each when the new one is complete.
              lathe watch-session album.yaml
              lathe watch-session ferry.yaml salt.yaml -o ~/out       newest edit first
            Ctrl-C ends it.
            """)

    @Argument(help: "Album or song files, or folders of them.") var sessions: [String]
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
    @OptionGroup var farm: FarmOptions

    func run() throws {
        var options = try RenderOptions.parse([])
        options.output = output
        options.only = only
        options.stems = stems
        options.overwrite = .replace
        try WatchSession(sessions: sessions, options: options, farm: farm).run()
    }
}
