import FarmCoordination
import FarmProtocol
import Foundation
import Storage

/// Worker processes of an embedded farm: direct children that are started again with a growing delay when they die.
///
/// Used from the thread that spawned it, which lives as long as the process: a child asks the kernel to be killed
/// when that thread ends, and leaves by itself when its parent is another process than the one it was told.
final class EmbeddedWorkers {
    private let store: Store
    private let executable: String
    private let directory: String
    private let endpoint: String
    private let template: WorkerConfiguration
    private var children: [Child] = []
    private var lastIncarnation: UInt64 = 0
    private(set) var restartCount = 0

    private struct Child {
        var worker: UInt64
        var peer: Peer?
        var process: pid_t = 0
        var pack: PackID?
        var failures = 0
        /// Monotonic milliseconds at which it may be started (again).
        var startsAt: UInt64 = 0
        var startedAt: UInt64 = 0
    }

    /// - Parameters:
    ///   - directory: A directory of this process's own, for configurations.
    ///   - template: What all workers share; each life gets its own name and pack.
    init(
        count: Int, store: Store, executable: String, directory: String, endpoint: String,
        template: WorkerConfiguration
    ) {
        self.store = store
        self.executable = executable
        self.directory = directory
        self.endpoint = endpoint
        self.template = template
        children = (1...max(1, count)).map { Child(worker: UInt64($0)) }
    }

    /// Starts what is due and reports the ends of processes.
    func poll(_ report: (Peer, ProcessEnd) -> Void) throws {
        for index in children.indices {
            if children[index].process != 0 { try reap(index, report) }
            if children[index].process == 0, monotonicMilliseconds() >= children[index].startsAt { try start(index) }
        }
    }

    /// Ends a worker's process by force.
    func kill(_ peer: Peer) {
        for child in children where child.peer == peer && child.process != 0 { Foundation.kill(child.process, SIGKILL) }
    }

    /// Asks all to leave, waits a little, then insists.
    func stop() {
        for child in children where child.process != 0 { Foundation.kill(child.process, SIGTERM) }
        let deadline = monotonicMilliseconds() + 1500
        while children.contains(where: { $0.process != 0 }), monotonicMilliseconds() < deadline {
            for index in children.indices where children[index].process != 0 { _ = reaped(index) }
            usleep(5000)
        }
        for index in children.indices where children[index].process != 0 {
            Foundation.kill(children[index].process, SIGKILL)
            var status: CInt = 0
            waitpid(children[index].process, &status, 0)
            children[index].process = 0
        }
    }

    private func reaped(_ index: Int) -> ProcessEnd? {
        var status: CInt = 0
        let ended = waitpid(children[index].process, &status, WNOHANG)
        guard ended == children[index].process else { return nil }
        children[index].process = 0
        let signal = status & 0x7f
        return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
    }

    private func reap(_ index: Int, _ report: (Peer, ProcessEnd) -> Void) throws {
        guard let end = reaped(index) else { return }
        if let peer = children[index].peer { report(peer, end) }
        if let pack = children[index].pack { try store.retirePack(pack) }
        children[index].pack = nil
        // A worker that lived a while starts afresh; one that keeps dying waits longer each time, up to 10 s.
        let lived = monotonicMilliseconds() - children[index].startedAt
        children[index].failures = lived > 10_000 ? 0 : children[index].failures + 1
        let delay = UInt64(min(10_000, 50 << min(8, children[index].failures - (lived > 10_000 ? 0 : 1))))
        children[index].startsAt = monotonicMilliseconds() + delay
        restartCount += 1
    }

    private func start(_ index: Int) throws {
        lastIncarnation += 1
        let pack = try store.createPack()
        var configuration = template
        configuration.worker = children[index].worker
        configuration.incarnation = lastIncarnation
        configuration.pack = pack.rawValue
        configuration.crashPoints = CrashPlan.points(life: Int(lastIncarnation))
        let path = "\(directory)/worker-\(lastIncarnation).json"
        try JSONEncoder().encode(configuration).write(to: URL(fileURLWithPath: path))
        let process = try spawn([
            executable, "worker", "--configuration", path, "--connect", endpoint,
            "--parent", "\(getpid())",
        ])
        children[index].process = process
        children[index].pack = pack
        children[index].peer = configuration.peer
        children[index].startedAt = monotonicMilliseconds()
    }

    private func spawn(_ arguments: [String]) throws -> pid_t {
        var process: pid_t = 0
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        // posix_spawn, never fork: the child must not use this process's ZeroMQ context.
        let status = posix_spawn(&process, arguments[0], nil, nil, pointers, environ)
        guard status == 0 else {
            throw FarmError("worker \(arguments[0]) cannot be started: \(String(cString: strerror(status)))")
        }
        return process
    }
}

/// Kill points of the crash tests, from the environment: `LATHE_TEST_CRASH=mid-segment,after-result,after-send`
/// ends the first lives of workers at these places, one each. Unset in production.
enum CrashPlan {
    static func points(life: Int) -> [CrashPoint] {
        guard let text = ProcessInfo.processInfo.environment["LATHE_TEST_CRASH"] else { return [] }
        let points = text.split(separator: ",").compactMap { CrashPoint(rawValue: String($0)) }
        return points.indices.contains(life - 1) ? [points[life - 1]] : []
    }
}

/// Why a farm could not run.
package struct FarmError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
