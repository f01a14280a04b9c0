import Farm
package import FarmKeys
import Foundation
package import Logging
import Storage

/// One process of `lathe worker`: a slot, for one life.
package struct WorkerSlot {
    let endpoint: FarmEndpoint
    let keysDirectory: String?
    let directory: String
    let sharedSources: String?
    let slot: Int
    let life: UInt64
    let parent: Int32?

    package init(
        endpoint: FarmEndpoint, keysDirectory: String?, directory: String, sharedSources: String?, slot: Int,
        life: UInt64, parent: Int32?
    ) {
        self.endpoint = endpoint
        self.keysDirectory = keysDirectory
        self.directory = directory
        self.sharedSources = sharedSources
        self.slot = slot
        self.life = life
        self.parent = parent
    }

    /// Works until told to leave.
    ///
    /// - Returns: the exit code: 0 left, `SlotExit` otherwise.
    package func run(_ logger: Logger) throws -> Int32 {
        let identity = try FarmSecurity.worker(
            of: endpoint, keysDirectory: keysDirectory, directory: directory, slot: slot)
        let space = try DiskSpace(ofDirectory: directory)
        let options = RemoteWorkerOptions(
            endpoint: endpoint, security: identity.security, number: identity.number, life: life,
            storeDirectory: directory, partLimitBytes: Self.limit("LATHE_STORE_LIMIT") ?? space.availableByteCount / 4,
            sourceLimitBytes: Self.limit("LATHE_SOURCE_LIMIT") ?? space.availableByteCount / 4,
            sharedSources: sharedSources)
        switch try RemoteWorker.run(options, parent: parent, logger: logger) {
        case .left: return 0
        case .lostLink: return SlotExit.lostLink
        case .hung: return SlotExit.hung
        case .refused(let reason):
            logger.error("refused by the coordinator", metadata: ["reason": "\(reason)"])
            return SlotExit.refused
        }
    }

    private static func limit(_ name: String) -> Int? {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
    }
}

/// How a slot's process ends when it was not told to.
enum SlotExit {
    static let lostLink: Int32 = 75
    static let hung: Int32 = 76
    static let refused: Int32 = 77
}

/// `lathe worker`: keeps a process in each slot, tells the coordinator at once when one ends.
///
/// Used from the thread that made it, which lives as long as the process: its children die with it.
package final class WorkerSupervisor {
    private let endpoint: FarmEndpoint
    private let directory: String
    private let command: [String]
    private let logger: Logger
    private let client: FarmClient
    private let numbers: [UInt64]
    private var slots: [Slot]
    private var isLeaving = false

    private struct Slot {
        var process: pid_t = 0
        var life: UInt64 = 0
        var failures = 0
        var startedAt: UInt64 = 0
        /// Monotonic milliseconds at which it may be started (again).
        var startsAt: UInt64 = 0
        /// It was asked to leave and has left.
        var isOver = false
    }

    /// - Parameter command: how a slot is started, but for `--slot`, `--life` and `--parent`.
    package init(
        endpoint: FarmEndpoint, keysDirectory: String?, directory: String, slotCount: Int, command: [String],
        logger: Logger
    ) throws {
        self.endpoint = endpoint
        self.directory = directory
        self.command = command
        self.logger = logger
        var numbers: [UInt64] = []
        for slot in 0..<slotCount {
            numbers.append(
                try FarmSecurity.worker(
                    of: endpoint, keysDirectory: keysDirectory, directory: directory, slot: slot
                ).number)
        }
        self.numbers = numbers
        client = try FarmClient(
            endpoint: endpoint, security: FarmSecurity.client(of: endpoint, keysDirectory: keysDirectory))
        client.patienceMilliseconds = 1_000
        slots = Array(repeating: Slot(), count: slotCount)
    }

    /// Runs until SIGTERM or SIGINT: the slots then hand back what they have.
    package func run() throws {
        Signals.countInterrupts()
        logger.notice("worker started", metadata: ["endpoint": "\(endpoint)", "slots": "\(slots.count)"])
        var signalsSeen = 0
        while !slots.allSatisfy(\.isOver) {
            let signals = Signals.terminationCount
            if signals > signalsSeen {
                isLeaving = true
                logger.notice(signals == 1 ? "leaving: finishing the running segments" : "leaving at once")
                for slot in slots where slot.process != 0 {
                    kill(slot.process, signals == 1 ? SIGTERM : SIGUSR1)
                }
                for index in slots.indices where slots[index].process == 0 { slots[index].isOver = true }
                signalsSeen = signals
            }
            for index in slots.indices {
                if slots[index].process != 0 { try reap(index) }
                if slots[index].process == 0, !isLeaving, !slots[index].isOver,
                    monotonicMilliseconds() >= slots[index].startsAt
                {
                    try start(index)
                }
            }
            usleep(20_000)
        }
    }

    private func start(_ index: Int) throws {
        slots[index].life = try Lives.nextNumber(in: "\(directory)/slot-\(index).life")
        slots[index].startedAt = monotonicMilliseconds()
        slots[index].process = try spawn(
            command + ["--slot", "\(index)", "--life", "\(slots[index].life)", "--parent", "\(getpid())"])
    }

    private func reap(_ index: Int) throws {
        var status: CInt = 0
        guard waitpid(slots[index].process, &status, WNOHANG) == slots[index].process else { return }
        slots[index].process = 0
        let signal = status & 0x7f
        let code = (status >> 8) & 0xff
        tell(index, code: signal == 0 ? code : nil, signal: signal == 0 ? nil : signal)
        if signal == 0, code == 0 {
            // Drained by the operator: it stays away until somebody starts a worker here again.
            slots[index].isOver = true
            if !isLeaving { logger.notice("slot drained", metadata: ["slot": "\(index)"]) }
            return
        }
        if isLeaving { slots[index].isOver = true }
        let lived = monotonicMilliseconds() - slots[index].startedAt
        slots[index].failures = lived > 10_000 ? 1 : slots[index].failures + 1
        let isRefused = signal == 0 && code == SlotExit.refused
        let delay = UInt64(
            min(isRefused ? 60_000 : 10_000, (isRefused ? 5_000 : 50) << min(8, slots[index].failures - 1)))
        slots[index].startsAt = monotonicMilliseconds() + delay
        if signal != 0 || code != SlotExit.lostLink {
            logger.warning(
                "slot ended",
                metadata: ["slot": "\(index)", "signal": "\(signal)", "code": "\(code)", "again-in-ms": "\(delay)"])
        }
    }

    /// The coordinator need not wait for the silence. Where it does not hear this, it hears the silence.
    private func tell(_ index: Int, code: Int32?, signal: Int32?) {
        var request = ClientRequest(.exited)
        // A slot that was refused or lost its link says nothing about the work it had.
        let isHarmless = code == SlotExit.lostLink || code == SlotExit.refused
        request.exit = WorkerExit(
            number: numbers[index], life: slots[index].life, code: isHarmless ? 0 : code, signal: signal)
        _ = try? client.ask(request)
    }

    private func spawn(_ arguments: [String]) throws -> pid_t {
        var process: pid_t = 0
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        // posix_spawn, never fork: the child must not use this process's ZeroMQ context.
        let status = posix_spawn(&process, arguments[0], nil, nil, pointers, environ)
        guard status == 0 else {
            throw ServiceError("\(arguments[0]) cannot be started: \(String(cString: strerror(status)))")
        }
        return process
    }
}
