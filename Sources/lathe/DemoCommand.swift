import ArgumentParser
import Demo
import Foundation

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo", abstract: "Writes a small original album and renders it.",
        discussion: """
            Every sound in it is made by Lathe from a seed. Open the session files: they are commented.
              lathe demo                 into ./lathe-demo
              lathe demo ~/Music/demo
            """)

    @Argument(help: "Where the album goes.") var directory = "lathe-demo"
    @OptionGroup var farm: FarmOptions

    func run() throws {
        let folder = absolutePath(directory)
        let start = Date()
        let files: [String]
        do {
            files = try writeDemoAlbum(to: folder, seed: 1)
        } catch {
            throw Failure(code: Exit.couldNotRun, message: "the demo album cannot be written: \(plainText(error))")
        }
        let seconds = String(format: "%.1f", Date().timeIntervalSince(start))
        note("Wrote \(files.count) files of the demo album to \(directory) in \(seconds) s.")
        note("Now what a user would type:  lathe render \(directory)/album.yaml --stems pre-master")
        // The demo is ours to write again.
        let render = try RenderOptions.parse(["--stems", "pre-master", "--overwrite", "replace"])
        try RenderJob(sessions: [folder + "/album.yaml"], options: render, farm: farm).run()
    }
}

/// A line for people, beside the results.
func note(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }
