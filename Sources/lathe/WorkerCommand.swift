import ArgumentParser
import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import Logging
import Storage

/// A worker: of another machine's farm, or (hidden) a process of an embedded one.
struct WorkerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker", abstract: "Renders for a farm.",
        discussion: """
              lathe worker --connect tcp://mix-server:7700 --slots 8
            SIGTERM finishes the running segments, hands the rest back and leaves; a second one leaves at once. A worker
            that loses its coordinator keeps what it rendered and keeps trying.
            """)

    @Option(help: ArgumentHelp("The coordinator.", valueName: "endpoint")) var connect: String
    @Option(help: ArgumentHelp("The folder of keys (default: ~/.config/lathe/keys).", valueName: "folder"))
    var keys: String?
    @Option(help: ArgumentHelp("Its own store (default: $XDG_CACHE_HOME/lathe/worker).", valueName: "folder"))
    var store: String?
    @Option(help: ArgumentHelp("Processes (default: one per core).", valueName: "count")) var slots: Int?
    @Option(
        help: ArgumentHelp(
            "The `sources` folder of the coordinator's store, where this machine sees it too.", valueName: "folder"))
    var shared: String?

    // Of a slot's process, and of an embedded farm's workers.
    @Option(name: .customLong("configuration"), help: .hidden) var settings: String?
    @Option(help: .hidden) var parent: Int32?
    @Option(help: .hidden) var slot: Int?
    @Option(help: .hidden) var life: UInt64?

    func validate() throws {
        if let slots, !(1...1_024).contains(slots) { throw ValidationError("--slots goes from 1 to 1024.") }
    }

    func run() throws {
        if let settings, let parent {
            do {
                return try WorkerProcess.run(configurationPath: settings, endpoint: connect, parent: parent)
            } catch {
                throw Failure(code: Exit.couldNotRun, message: "worker: \(error)")
            }
        }
        guard Machine.hasKernelBaseline else {
            throw Failure(
                code: Exit.couldNotRun,
                message: "this processor (\(Machine.processorModel)) lacks AVX2 or FMA. Lathe needs x86-64-v3.")
        }
        FarmLog.bootstrap()
        let endpoint = try parsedEndpoint(connect)
        let directory = store.map(absolutePath) ?? defaultStoreDirectory() + "/worker"
        let logger = Logger(label: "worker")
        if let slot, let life {
            let code = try orFail {
                try WorkerSlot(
                    endpoint: endpoint, keysDirectory: keys, directory: directory,
                    sharedSources: shared.map(absolutePath),
                    slot: slot, life: life, parent: parent
                ).run(logger)
            }
            Foundation.exit(code)
        }
        try orFail {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            let supervisor = try WorkerSupervisor(
                endpoint: endpoint, keysDirectory: keys, directory: directory,
                slotCount: slots ?? ProcessInfo.processInfo.activeProcessorCount,
                command: command(directory), logger: logger)
            try supervisor.run()
        }
    }

    /// How a slot's process is started, but for its slot and life.
    private func command(_ directory: String) -> [String] {
        var words = [executablePath(), "worker", "--connect", connect, "--store", directory]
        if let keys { words += ["--keys", absolutePath(keys)] }
        if let shared { words += ["--shared", absolutePath(shared)] }
        return words
    }
}

/// This program, to be started again as a worker.
func executablePath() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
}
