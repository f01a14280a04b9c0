import Foundation
import RenderHarness
import TestSupport
import Testing
import Yams

/// What lies in `deploy/`, as the tests read it.
enum Deployment {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    static func path(_ relative: String) -> String { root.appending(path: relative).path }

    static func text(_ relative: String) throws -> String {
        try String(contentsOf: root.appending(path: relative), encoding: .utf8)
    }

    /// Files under a folder, as paths from the root, in order.
    static func files(under folder: String) throws -> [String] {
        let top = root.appending(path: folder).resolvingSymlinksInPath()
        let keys: [URLResourceKey] = [.isRegularFileKey]
        let walk = try #require(FileManager.default.enumerator(at: top, includingPropertiesForKeys: keys))
        var found: [String] = []
        for case let url as URL in walk {
            guard try url.resourceValues(forKeys: Set(keys)).isRegularFile == true else { continue }
            found.append(folder + url.path.dropFirst(top.path.count))
        }
        return found.sorted()
    }

    /// What people start a farm from: everything but deploy/ci, which has its own tests.
    static func all() throws -> [String] {
        try files(under: "deploy").filter { !$0.hasPrefix("deploy/ci/") } + ["docs/runbook.md"]
    }

    /// The documents of a YAML file.
    static func documents(_ relative: String) throws -> [Node] {
        try Array(Yams.compose_all(yaml: text(relative)))
    }

    static func manifests() throws -> [String] {
        try files(under: "deploy/kubernetes").filter { $0.hasSuffix(".yaml") }
    }

    /// Runs a program and waits, a minute at most.
    ///
    /// - Returns: the exit code (124: it took longer), and what it wrote to both streams.
    static func run(
        _ words: [String], environment: [String: String] = [:], folder: String? = nil
    ) throws -> (status: Int32, output: String) {
        let streams = try TemporaryDirectory("deploy-run")
        let path = try streams.write("output", "")
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, path, O_WRONLY | O_APPEND, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The test program's threads block signals, which a child would inherit; these scripts live by them.
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        let merged = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let variables = merged.map { "\($0)=\($1)" }
        var argv =
            (["timeout", "60"] + (folder.map { ["env", "--chdir=\($0)"] } ?? []) + words).map { strdup($0) } + [nil]
        var envp = variables.map { strdup($0) } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var process: pid_t = 0
        let failure = posix_spawnp(&process, "timeout", &actions, &attributes, &argv, &envp)
        try #require(failure == 0, "\(words[0]): \(String(cString: strerror(failure)))")
        var status: Int32 = 0
        while waitpid(process, &status, 0) != process {}
        let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        return (code, try String(contentsOfFile: path, encoding: .utf8))
    }
}

extension Node {
    /// The text of a scalar below, by keys and indices; nil where the path leads nowhere.
    func text(_ path: String...) -> String? { at(path)?.scalar?.string }

    func at(_ path: [String]) -> Node? {
        var node: Node? = self
        for step in path {
            if let index = Int(step), let items = node?.sequence {
                node = items.indices.contains(index) ? items[index] : nil
            } else {
                node = node?.mapping?[Node(step)]
            }
        }
        return node
    }

    func list(_ path: String...) -> [Node] { at(path)?.sequence.map(Array.init) ?? [] }

    /// Every node in it, itself first.
    var everything: [Node] {
        switch self {
        case .mapping(let mapping): [self] + mapping.flatMap { $0.key.everything + $0.value.everything }
        case .sequence(let items): [self] + items.flatMap(\.everything)
        default: [self]
        }
    }
}

/// A call of the command as a document, a script or a manifest has it.
struct LatheCall: Hashable, CustomStringConvertible {
    var file: String
    /// One word, or two for `keys new`.
    var verb: [String]
    var flags: Set<String>

    var description: String { "\(file): lathe \(verb.joined(separator: " ")) \(flags.sorted().joined(separator: " "))" }

    static let groups: Set<String> = ["keys", "store"]

    /// Calls in running text: after the word `lathe`, up to where a shell's command or a piece of code ends.
    static func inText(_ text: String, file: String, verbs: Set<String>) -> [LatheCall] {
        let joined = text.replacing(/\\\n\s*/, with: " ")
        let pattern = /(?:\blathe|\$lathe"|\$\{?LATHE\}?"?)\s+((?:[a-z]+)(?:\s[^\n|;&`>#]*)?)/
        return joined.matches(of: pattern).compactMap { match in
            call(match.1.split(whereSeparator: { " \t\"')}".contains($0) }).map(String.init), file: file, verbs: verbs)
        }
    }

    /// The arguments of a container.
    static func call(_ words: [String], file: String, verbs: Set<String>) -> LatheCall? {
        guard let first = words.first, verbs.contains(first) else { return nil }
        var verb = [first]
        if groups.contains(first), words.count > 1, !words[1].hasPrefix("-") { verb.append(words[1]) }
        let flags = words.compactMap { $0.prefixMatch(of: /--[a-z][a-z-]*/).map { String($0.0) } }
        return LatheCall(file: file, verb: verb, flags: Set(flags))
    }
}

/// What the command that was built can do.
enum Verbs {
    /// The verbs that a help page lists.
    static func subcommands(_ verb: [String]) throws -> Set<String> {
        let page = try help(verb)
        guard let list = page.range(of: "SUBCOMMANDS:") else { return [] }
        let lines = page[list.upperBound...].split(separator: "\n").map(String.init)
        return Set(lines.compactMap { $0.prefixMatch(of: /\x20\x20([a-z]+)(?:\s|$)/).map { String($0.1) } })
    }

    static func flags(_ verb: [String]) throws -> Set<String> {
        // A line of help is wrapped between words only.
        Set(try help(verb).matches(of: /--[a-z][a-z-]*/).map { String($0.0) })
    }

    private static func help(_ verb: [String]) throws -> String {
        let lathe = try LatheProcess.executable()
        let (status, output) = try Deployment.run([lathe, "help"] + verb)
        try #require(status == 0, "lathe help \(verb.joined(separator: " ")): \(output)")
        return output
    }
}
