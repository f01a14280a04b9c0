import Foundation

/// Prints how fast a coordinator hands out work, and what idle workers cost it:
///
///     FarmDispatch dispatch [--tasks N] [--workers N] [--chained PROGRAMS] [--rounds N] [--curve 1]
///     FarmDispatch idle [--workers N] [--seconds N] [--curve 1]
///
/// The coordinator is this process: one thread of Swift, one of libzmq, the ledger in a store in a temporary folder.
/// The workers are DEALER sockets of a second process, over TCP on the loopback interface.
@main
struct FarmDispatch {
    static func main() throws {
        let arguments = Arguments(CommandLine.arguments.dropFirst())
        switch arguments.verb {
        case "dispatch": try dispatch(arguments)
        case "idle": try idle(arguments)
        // What this program starts itself as.
        case "workers": try WorkerSwarm(arguments).run()
        case "echoes": try RawEchoes(arguments).run()
        default: FileHandle.standardError.write(Data("usage: FarmDispatch dispatch|idle [--option N]...\n".utf8))
        }
    }

    private static func dispatch(_ arguments: Arguments) throws {
        let tasks = arguments.number("tasks", 50_000)
        let workers = arguments.number("workers", 4)
        let chained = arguments.number("chained", 0)
        let isEncrypted = arguments.number("curve", 0) != 0
        print("| run | tasks/s | tasks per CPU s, thread | the same, process | us a task, thread | process | load |")
        print("|---|---|---|---|---|---|---|")
        for round in 1...arguments.number("rounds", 3) {
            let farm = try DispatchRun(
                taskCount: tasks, workerCount: workers, chainedPrograms: chained, isEncrypted: isEncrypted
            ).run()
            print(farm.row("farm \(round)"))
            let raw = try RawPingPong(taskCount: tasks, workerCount: workers).run()
            print(raw.row("raw \(round)"))
            print("  wall \(text(raw.wallSeconds / farm.wallSeconds)), process CPU", terminator: " ")
            print(text(raw.processSeconds / farm.processSeconds), "of raw libzmq")
        }
    }

    private static func idle(_ arguments: Arguments) throws {
        let workers = arguments.number("workers", 500)
        let cost = try IdleRun(
            workerCount: workers, seconds: arguments.number("seconds", 20),
            isEncrypted: arguments.number("curve", 0) != 0
        ).run()
        let share = { text(100 * $0 / cost.wallSeconds) + " %" }
        print("\(workers) idle workers, \(text(cost.wallSeconds)) s: thread \(share(cost.threadSeconds)) of a core,")
        print("process \(share(cost.processSeconds)), load \(loadAverage())")
    }
}

/// `verb --name number ...`.
struct Arguments {
    let verb: String
    private var values: [String: String] = [:]

    init(_ words: some Collection<String>) {
        verb = words.first ?? ""
        var name: String?
        for word in words.dropFirst() {
            if word.hasPrefix("--") { name = String(word.dropFirst(2)) } else if let key = name { values[key] = word }
        }
    }

    func number(_ name: String, _ other: Int) -> Int { values[name].flatMap { Int($0) } ?? other }
    func word(_ name: String) -> String { values[name] ?? "" }
}

/// What a run took.
struct Cost {
    var taskCount = 0
    var wallSeconds = 0.0
    /// CPU time of the thread that turns the coordinator.
    var threadSeconds = 0.0
    /// CPU time of the coordinator's process: with libzmq's thread and the one that syncs.
    var processSeconds = 0.0

    func row(_ name: String) -> String {
        let count = Double(taskCount)
        let figures = [
            count / wallSeconds, count / threadSeconds, count / processSeconds, threadSeconds * 1e6 / count,
            processSeconds * 1e6 / count,
        ]
        return "| \(name) | \(figures.map(text).joined(separator: " | ")) | \(loadAverage()) |"
    }
}

/// Measures from its creation on.
struct Stopwatch {
    private let wall = seconds(CLOCK_MONOTONIC)
    private let thread = seconds(CLOCK_THREAD_CPUTIME_ID)
    private let process = seconds(CLOCK_PROCESS_CPUTIME_ID)

    func cost(taskCount: Int) -> Cost {
        Cost(
            taskCount: taskCount, wallSeconds: seconds(CLOCK_MONOTONIC) - wall,
            threadSeconds: seconds(CLOCK_THREAD_CPUTIME_ID) - thread,
            processSeconds: seconds(CLOCK_PROCESS_CPUTIME_ID) - process)
    }
}

func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

func text(_ value: Double) -> String { String(format: value < 100 ? "%.2f" : "%.0f", value) }

func loadAverage() -> String {
    var loads = [0.0, 0.0, 0.0]
    _ = getloadavg(&loads, 3)
    return text(loads[0])
}

/// This program once more, with other arguments.
func startAgain(_ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
    process.arguments = arguments
    try process.run()
    return process
}
