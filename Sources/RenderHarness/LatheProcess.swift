internal import Foundation

/// One run of the `lathe` command that the build put beside this test program: a real process with its own
/// standard streams, as a shell would start it.
package final class LatheProcess {
    /// What a run came to.
    package struct Finished: Sendable {
        /// The exit code; 128 + N where signal N ended the process.
        package let status: Int32
        package let output: String
        package let errors: String
        /// Whether it had to be killed for taking too long.
        package let isOverdue: Bool
    }

    /// The process; with a wrapper such as `faketime` the wrapper's, which becomes the command.
    package let identifier: Int32
    private let outputPath: String
    private let errorPath: String
    private var ended: Finished?

    /// Starts the command in a process group of its own.
    ///
    /// - Parameters:
    ///   - wrapper: A command line that is put before, such as `faketime "2031-05-06"`.
    ///   - folder: Where its streams go and which is its working directory's place for temporary files.
    package init(
        _ arguments: [String], environment: [String: String] = [:], under wrapper: [String] = [],
        folder: String
    ) throws {
        let name = UUID().uuidString
        outputPath = "\(folder)/\(name).out"
        errorPath = "\(folder)/\(name).err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, outputPath, flags, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errorPath, flags, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Test threads may block signals, which a child would inherit.
        let flagged = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        posix_spawnattr_setflags(&attributes, Int16(flagged))
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&signals, number) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        let words = wrapper + [try Self.executable()] + arguments
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        var process: pid_t = 0
        let status = withCStrings(words) { argv in
            withCStrings(variables.map { "\($0)=\($1)" }) { envp in
                posix_spawnp(&process, words[0], &actions, &attributes, argv, envp)
            }
        }
        guard status == 0 else {
            throw HarnessError("\(words[0]) does not start: \(String(cString: strerror(status)))")
        }
        identifier = process
    }

    deinit { if ended == nil { end() } }

    /// The executable beside the test program.
    package static func executable() throws -> String {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: tests).deletingLastPathComponent().appendingPathComponent("lathe")
            .path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw HarnessError("\(path) is missing: the package's build makes it")
        }
        return path
    }

    /// Waits for the end; past the limit the process is killed and the run counts as overdue.
    package func wait(seconds: Double = 120) -> Finished {
        if let ended { return ended }
        let deadline = Date().addingTimeInterval(seconds)
        var isOverdue = false
        var status: Int32 = 0
        while waitpid(identifier, &status, WNOHANG) != identifier {
            if !isOverdue, Date() > deadline {
                isOverdue = true
                kill(-identifier, SIGKILL)
            }
            usleep(2000)
        }
        let signal = status & 0x7f
        let finished = Finished(
            status: signal == 0 ? (status >> 8) & 0xff : 128 + signal, output: text(outputPath),
            errors: text(errorPath),
            isOverdue: isOverdue)
        ended = finished
        return finished
    }

    /// Whether it ended by itself or by a signal.
    package var hasEnded: Bool {
        if ended != nil { return true }
        var info = siginfo_t()
        // Looked at only: `wait` collects it.
        waitid(P_PID, id_t(identifier), &info, WEXITED | WNOHANG | WNOWAIT)
        return info.si_signo == SIGCHLD
    }

    /// What it wrote to standard error so far.
    package var errorsSoFar: String { text(errorPath) }

    /// How many segments its `--progress json` has told of so far.
    package var segmentsDone: Int {
        let lines = errorsSoFar.split(separator: "\n").reversed()
        for line in lines {
            if let count = (try? JSON(Array(line.utf8)))?["segmentsDone"].int { return count }
        }
        return 0
    }

    package func send(_ signal: Int32) { kill(identifier, signal) }
    /// To the process and its children, as a terminal's Ctrl-C does.
    package func sendToGroup(_ signal: Int32) { kill(-identifier, signal) }

    /// Waits until `condition` holds or the process has ended; false when neither happened in time.
    @discardableResult
    package func wait(seconds: Double = 60, until condition: () -> Bool) -> Bool {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if condition() { return true }
            if hasEnded { return condition() }
            usleep(2000)
        }
        return false
    }

    /// Its live children: the workers.
    package var children: [Int32] {
        let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return entries.compactMap(Int32.init).filter { Self.parent(of: $0) == identifier }.sorted()
    }

    /// Whether a process of this number is at work; one that nobody has collected yet is not.
    package static func isAlive(_ process: Int32) -> Bool { parent(of: process) != nil }

    private static func parent(of process: Int32) -> Int32? {
        // "12 (name) S 1 ...": the name may hold anything, so what follows its last parenthesis counts.
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let close = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[text.index(after: close)...].split(separator: " ")
        guard fields.count > 1, fields[0] != "Z", fields[0] != "X" else { return nil }
        return Int32(fields[1])
    }

    private func end() {
        kill(-identifier, SIGKILL)
        var status: Int32 = 0
        waitpid(identifier, &status, 0)
    }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }
}

/// Why a test could not be set up.
package struct HarnessError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

private func withCStrings<Result>(
    _ words: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let pointers = words.map { strdup($0) }
    defer { for pointer in pointers { free(pointer) } }
    return body(pointers + [nil])
}
