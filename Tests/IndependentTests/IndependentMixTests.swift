import Foundation
import Testing

/// `lathe render` against a mix computed elsewhere: Tests/Independent/mix.py, written in Python from docs/session.md.
@Suite struct IndependentMixTests {
    @Test("A song mixes as docs/session.md says, within -120 dBFS of an independent mix at 48 and 96 kHz")
    func mixAgrees() throws {
        let (status, output) = try run("python3", [script, try #require(lathe)])
        // 127: no such interpreter; `make test` installs python3 and its numpy.
        #expect(status == 0, "mix.py ended with \(status):\n\(output)")
        #expect(output.contains("10 of 10 comparisons hold"))
    }

    private var script: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Independent/mix.py").standardized.path
    }

    /// The executable that this test run built, beside the test bundle.
    private var lathe: String? {
        let folders =
            [Bundle.main.bundleURL, Bundle.main.executableURL?.deletingLastPathComponent()].compactMap { $0 }
            + CommandLine.arguments.map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
        return folders.lazy.map { $0.appendingPathComponent("lathe").path }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func run(_ program: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
