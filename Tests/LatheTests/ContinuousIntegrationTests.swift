import Foundation
import RenderHarness
import Testing

/// The files of deploy/ci: their shell steps are run as GitHub, GitLab and pre-commit run them.
@Suite struct ContinuousIntegrationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private func text(_ relative: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(fileURLWithPath: "\(Self.root)/\(relative)")), as: UTF8.self)
    }

    /// The block scalars below lines that end in `key: |`, or `- |`, without their indentation.
    private func scripts(_ yaml: String, _ key: String) -> [String] {
        var found: [String] = []
        let lines = yaml.components(separatedBy: "\n")
        for (index, line) in lines.enumerated() where line.trimmingCharacters(in: .whitespaces) == key {
            let indent = line.prefix { $0 == " " }.count
            let body = lines[(index + 1)...].prefix { $0.isEmpty || $0.prefix { $0 == " " }.count > indent }
            let depth = body.filter { !$0.isEmpty }.map { $0.prefix { $0 == " " }.count }.min() ?? 0
            found.append(body.map { String($0.dropFirst(depth)) }.joined(separator: "\n"))
        }
        return found
    }

    private struct Ended {
        var status: Int32
        var output: String
    }

    private func bash(_ script: String, _ environment: [String: String], in folder: String) throws -> Ended {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-eo", "pipefail", "-c", script]
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Ended(status: process.terminationStatus, output: String(decoding: output, as: UTF8.self))
    }

    private func repository() throws -> Workshop {
        let workshop = try Workshop()
        try workshop.sound("masters/good.wav", Sounds.chord, seconds: 3)
        try workshop.sound("masters/ hot one.wav", { f, r in (2.2 * Sounds.chord(f, r).0, 0) }, seconds: 3)
        try workshop.write(
            "loudness.yaml",
            """
            lathe-policy: 1
            name: CI
            rules:
              - {id: peak, scope: song, metric: true-peak, at-most: -1 dBTP}
            """)
        return workshop
    }

    @Test func `the GitHub action annotates, summarises, writes reports and fails with the check`() throws {
        let workshop = try repository()
        let steps = scripts(try text("deploy/ci/github/action.yml"), "run: |")
        #expect(steps.count == 2)
        var environment = [
            "RUNNER_TEMP": workshop.path, "LATHE_EXECUTABLE": try LatheProcess.executable(), "LATHE_SOURCE": Self.root,
            "LATHE_PATHS": "masters\n", "LATHE_POLICY": "loudness.yaml", "LATHE_PROFILES": "spotify youtube",
            "LATHE_BASELINE": "", "LATHE_MODE": "revision", "LATHE_STRICT": "false", "LATHE_REPORTS": "out/loudness",
            "GITHUB_STEP_SUMMARY": workshop.path("summary.md"),
        ]
        try workshop.write("summary.md", "before\n")
        #expect(try bash(steps[0], environment, in: workshop.path).status == 0)
        let check = try bash(steps[1], environment, in: workshop.path)
        #expect(check.status == 1 && check.output.contains("::error "), "\(check.output)")
        let summary = String(decoding: try workshop.bytes("summary.md"), as: UTF8.self)
        #expect(summary.hasPrefix("before\n") && summary.contains("good.wav"))
        for file in ["loudness.sarif", "junit.xml", "report.html", "report.json"] {
            #expect(workshop.exists("out/loudness/\(file)"))
        }
        environment["LATHE_PATHS"] = "masters/good.wav"
        environment["LATHE_PROFILES"] = ""
        let good = try bash(steps[1], environment, in: workshop.path)
        #expect(good.status == 0, "\(good.output)")
    }

    @Test func `the GitLab job writes its three reports and fails with the check`() throws {
        let workshop = try repository()
        let yaml = try text("deploy/ci/gitlab/loudness.gitlab-ci.yml")
        let script = try #require(scripts(yaml, "- |").first)
        var environment = [
            "LATHE_EXECUTABLE": try LatheProcess.executable(), "LATHE_PATHS": "masters",
            "LATHE_POLICY": "loudness.yaml",
            "LATHE_PROFILES": "", "LATHE_BASELINE": "", "LATHE_MODE": "revision", "LATHE_STRICT": "false",
        ]
        let bad = try bash(script, environment, in: workshop.path)
        #expect(bad.status == 1, "\(bad.output)")
        for file in ["junit.xml", "code-quality.json", "metrics.txt", "report.html"] {
            #expect(workshop.exists("loudness/\(file)"))
        }
        for report in [
            "junit: loudness/junit.xml", "codequality: loudness/code-quality.json", "metrics: loudness/metrics.txt",
        ] {
            #expect(yaml.contains(report))
        }
        environment["LATHE_PATHS"] = "masters/good.wav"
        #expect(try bash(script, environment, in: workshop.path).status == 0)
    }

    @Test func `the pre-commit hook judges the files it is given`() throws {
        let workshop = try repository()
        let hook = "\(Self.root)/deploy/ci/pre-commit/lathe-loudness"
        #expect(FileManager.default.isExecutableFile(atPath: hook))
        #expect(try text(".pre-commit-hooks.yaml").contains("entry: deploy/ci/pre-commit/lathe-loudness"))
        let environment = ["LATHE_EXECUTABLE": try LatheProcess.executable()]
        func run(_ arguments: String) throws -> Ended {
            try bash("'\(hook)' \(arguments)", environment, in: workshop.path)
        }
        #expect(try run("").status == 0)
        let good = try run("masters/good.wav")
        #expect(good.status == 0, "\(good.output)")
        let bad = try run("masters/good.wav 'masters/ hot one.wav'")
        #expect(bad.status == 1 && bad.output.contains("hot one.wav"), "\(bad.output)")
        try workshop.sound("-x.wav", Sounds.chord, seconds: 1)
        let dashed = try run("-x.wav")
        #expect(dashed.status == 0, "\(dashed.output)")
        let typo = try bash(
            "'\(hook)' masters/good.wav", environment.merging(["LATHE_POLICY": "loudnes.yaml"]) { $1 },
            in: workshop.path)
        #expect(typo.status == 2 && typo.output.contains("does not exist"), "\(typo.output)")
        let absent = try bash("'\(hook)' masters/good.wav", ["LATHE_EXECUTABLE": "/nowhere/lathe"], in: workshop.path)
        #expect(absent.status == 2 && absent.output.contains("make build"))
    }
}
