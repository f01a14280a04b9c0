import Foundation
import RenderHarness
import Testing
import Yams

/// What `deploy/` and the runbook say holds for this version of Lathe.
@Suite struct DeployTests {
    @Test func `every YAML file can be read`() throws {
        let files = try Deployment.all().filter { $0.hasSuffix(".yaml") }
        #expect(files.count >= 10)
        for file in files { #expect(try !Deployment.documents(file).isEmpty, "\(file)") }
    }

    @Test func `calls are found in text`() {
        let text = "run `lathe worker --connect X \\\n  --slots 3` | --not, then: \"$lathe\" keys new --keys D # --no"
        let calls = LatheCall.inText(text, file: "x", verbs: ["worker", "keys"])
        #expect(calls.map(\.verb) == [["worker"], ["keys", "new"]])
        #expect(calls.first?.flags == ["--connect", "--slots"])
        #expect(calls.last?.flags == ["--keys"])
    }

    @Test func `every verb and every flag that is written down exists`() throws {
        let verbs = try Verbs.subcommands([])
        var calls: Set<LatheCall> = []
        for file in try Deployment.all() {
            calls.formUnion(LatheCall.inText(try Deployment.text(file), file: file, verbs: verbs))
            guard file.hasSuffix(".yaml") else { continue }
            for node in try Deployment.documents(file).flatMap(\.everything) {
                let words = node.sequence.map { $0.compactMap { $0.scalar?.string } } ?? []
                if let call = LatheCall.call(words, file: file, verbs: verbs) { calls.insert(call) }
            }
        }
        for verb in ["coordinator", "worker", "drain", "submit", "status"] {
            #expect(calls.contains { $0.verb == [verb] }, "nothing in deploy/ or the runbook calls lathe \(verb)")
        }
        for (verb, group) in Dictionary(grouping: calls, by: \.verb).sorted(by: { "\($0.key)" < "\($1.key)" }) {
            if verb.count == 2, let name = verb.last {
                #expect(try Verbs.subcommands([verb[0]]).contains(name), "\(group.map(\.description))")
            }
            let known = try Verbs.flags(verb)
            for call in group {
                #expect(call.flags.subtracting(known) == [], "\(call)")
            }
        }
    }

    @Test func `a farm has four ports and no other`() throws {
        let ports: Set<String> = ["7700", "7701", "7702", "7780"]
        var unknown: [String] = []
        for file in try Deployment.all() {
            let numbers = try Deployment.text(file).matches(of: /\b77\d\d\b/).map { String($0.0) }
            unknown += numbers.filter { !ports.contains($0) }.map { "\(file): \($0)" }
        }
        #expect(unknown == [])
        for file in [
            "deploy/systemd/lathe-coordinator.service", "deploy/docker/compose.yaml", "deploy/docker/Dockerfile",
            "deploy/kubernetes/base/coordinator.yaml",
        ] {
            let text = try Deployment.text(file)
            #expect(text.contains("7700") && text.contains("7702") && text.contains("7780"), "\(file)")
        }
    }

    @Test func `metrics that are written down are served`() throws {
        let sources = try Deployment.files(under: "Sources/FarmMonitoring").map { try Deployment.text($0) }.joined()
        var asked: Set<String> = []
        for file in try Deployment.all() {
            let names = try Deployment.text(file).matches(of: /\blathe_farm_([a-z_]+)/)
            asked.formUnion(names.map { String($0.1) })
        }
        #expect(asked.contains("pending_seconds"))
        for name in asked {
            // OpenMetrics puts _total and _info behind a family's name.
            let family = name.replacing(/_(total|info)$/, with: "")
            #expect(sources.contains("\"\(family)\""), "lathe_farm_\(name)")
        }
    }

    @Test func `every warning of the log has its place in the runbook`() throws {
        let runbook = try Deployment.text("docs/runbook.md")
        let call = /\b\w*[lL]og(?:ger)?\??\.(?:warning|error|critical)\(\s*"([^"\\]+)"/
        var messages: Set<String> = []
        for target in ["Farm", "FarmService", "FarmKeys", "FarmTransfer", "FarmMonitoring"] {
            for file in try Deployment.files(under: "Sources/\(target)") where file.hasSuffix(".swift") {
                for match in try Deployment.text(file).matches(of: call) { messages.insert(String(match.1)) }
            }
        }
        #expect(messages.count >= 10)
        let missing = messages.filter { !runbook.contains("`\($0)`") }.sorted()
        #expect(missing == [], "give each a line in docs/runbook.md: what it means, and what to do")
    }

    @Test func `shell scripts are well formed`() throws {
        let scripts = try Deployment.all().filter { $0.hasSuffix(".sh") || $0.hasSuffix(".sbatch") }
        #expect(scripts.count >= 3)
        for script in scripts {
            let (status, output) = try Deployment.run(["bash", "-n", Deployment.path(script)])
            #expect(status == 0, "\(script): \(output)")
        }
    }

    @Test func `the image holds what the executable is linked with, and runs as nobody`() throws {
        let file = try Deployment.text("deploy/docker/Dockerfile")
        let stages = file.components(separatedBy: "\nFROM ")
        let last = try #require(stages.last)
        #expect(stages.count == 3)
        // Of each system library in Package.swift, the package without headers.
        let package = try Deployment.text("Package.swift")
        for (headers, library) in [
            ("libzmq3-dev", "libzmq5"), ("libsndfile1-dev", "libsndfile1"), ("libssl-dev", "libssl3"),
        ] {
            #expect(package.contains(headers) && stages[1].contains(headers) && last.contains(library), "\(library)")
        }
        #expect(last.contains("libsqlite3-0") && last.contains("libcurl4"))
        #expect(last.contains("\nUSER 10001:10001\n"))
        #expect(last.contains("/healthz"))
        #expect(last.contains("STOPSIGNAL SIGTERM"))
        for match in stages[1].matches(of: /\nCOPY ([A-Z]\w+)\s/) {
            #expect(FileManager.default.fileExists(atPath: Deployment.path(String(match.1))), "\(match.1)")
        }
    }

    @Test func `containers of the compose file may do nothing that they need not`() throws {
        let document = try #require(try Deployment.documents("deploy/docker/compose.yaml").first)
        for name in ["keys", "coordinator", "enrol", "worker"] {
            let service = try #require(document.at(["services", name])?.mapping, "\(name)")
            // Merged by `<<`, which Yams leaves as it is; x-step merges x-lathe.
            #expect(service[Node("<<")] != nil, "\(name)")
        }
        for anchor in ["x-lathe"] {
            #expect(document.text(anchor, "read_only") == "true")
            #expect(document.text(anchor, "user") == "10001:10001")
            #expect(document.text(anchor, "cap_drop", "0") == "ALL")
            #expect(document.text(anchor, "security_opt", "0") == "no-new-privileges:true")
        }
        let volumes = Set(document.at(["volumes"])?.mapping?.keys.compactMap { $0.scalar?.string } ?? [])
        for name in ["keys", "coordinator", "enrol", "worker"] {
            for volume in document.list("services", name, "volumes").compactMap({ $0.scalar?.string }) {
                guard let source = volume.split(separator: ":").first, !source.hasPrefix("/") else { continue }
                #expect(volumes.contains(String(source)), "\(name): \(volume)")
            }
        }
    }
}
