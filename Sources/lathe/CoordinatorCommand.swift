import ArgumentParser
import Farm
import FarmKeys
import FarmMonitoring
import FarmService
import Foundation
import Logging
import Storage

struct CoordinatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "coordinator", abstract: "Runs a farm: takes jobs, gives work to workers, keeps the results.",
        discussion: """
              lathe coordinator                                                this machine only
              lathe keys new && lathe coordinator --bind tcp://0.0.0.0:7700    other machines, with keys
            The port after the one named carries bytes, the one after that takes new keys. SIGTERM stops it; jobs go on
            when it is started again.
            """)

    @Option(help: ArgumentHelp("Where it listens (default: tcp://127.0.0.1:7700).", valueName: "endpoint"))
    var bind = "tcp://127.0.0.1:7700"
    @Option(help: ArgumentHelp("The folder of keys (default: ~/.config/lathe/keys).", valueName: "folder"))
    var keys: String?
    @Option(help: ArgumentHelp("Its directory (default: $XDG_STATE_HOME/lathe/farm).", valueName: "folder"))
    var store: String?
    @Option(help: ArgumentHelp("Metrics and health over HTTP; `none` for nothing.", valueName: "address:port"))
    var http = "127.0.0.1:7780"
    @Flag(help: "Let other machines read the metrics; whoever reaches the address may.") var httpRemote = false
    @Option(help: ArgumentHelp("Render so many percent twice and compare.", valueName: "percent")) var audit = 0
    @Option(help: ArgumentHelp("Remove jobs that ended so many days ago (default: never).", valueName: "days"))
    var keep: Double?

    func validate() throws {
        guard (0...100).contains(audit) else { throw ValidationError("--audit goes from 0 to 100 percent.") }
        if let keep, !(keep > 0 && keep <= 36_500) { throw ValidationError("--keep goes to 36500 days.") }
    }

    func run() throws {
        let endpoint = try parsedEndpoint(bind)
        let directory = store.map(absolutePath) ?? defaultFarmDirectory()
        try orFail {
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        Machine.raiseDescriptorLimit()
        Signals.countInterrupts()
        FarmLog.bootstrap()
        let logger = Logger(label: "coordinator")
        let security = try orFail { try FarmSecurity.server(of: endpoint, keysDirectory: keys) }
        let space = try orFail { try DiskSpace(ofDirectory: directory) }
        var options = DaemonOptions(
            endpoint: endpoint, directory: directory, storeLimitBytes: try limit("LATHE_STORE_LIMIT", space),
            sourceLimitBytes: try limit("LATHE_SOURCE_LIMIT", space), version: latheVersion, keys: security)
        options.auditPercent = audit
        options.retentionSeconds = keep.map { $0 * 86_400 }
        let daemon = try orFail { try FarmDaemon(options, logger: logger) }
        let monitoring = try orFail {
            try FarmMonitor(
                daemon, address: http, allowsRemote: httpRemote, directory: directory, logger: logger)
        }
        defer { monitoring.stop() }
        logger.notice(
            "listening",
            metadata: [
                "endpoint": "\(endpoint)", "store": "\(directory)", "http": "\(http)",
                "keys": "\(security == nil ? "none: this machine only" : "required")",
            ])
        defer { FarmLog.flush() }
        try orFail { try daemon.run() }
    }

    /// Half of what the disk can hold now, unless the environment says otherwise.
    private func limit(_ name: String, _ space: DiskSpace) throws -> Int {
        guard let text = ProcessInfo.processInfo.environment[name] else {
            return max(1 << 30, space.availableByteCount / 3)
        }
        guard let bytes = Int(text), bytes > 0 else {
            throw Failure(code: Exit.couldNotRun, message: "\(name) is \"\(text)\": give a size in bytes.")
        }
        return bytes
    }

    private func defaultFarmDirectory() -> String {
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/lathe/farm" }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/.local/state/lathe/farm"
    }
}
