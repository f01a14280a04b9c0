internal import Dispatch
internal import FlyingFox
internal import FlyingSocks
internal import Foundation
internal import Glibc
internal import Synchronization

/// Accepts connections, gives each its time, and answers one request on each.
struct MonitoringListener: Sendable {
    let socket: Socket
    let limits: MonitoringServer.Limits
    let answers: MonitoringAnswers

    /// Until the task is cancelled; closes the listening socket then.
    func run() async {
        // A socket that cannot be made non-blocking is no socket: there is nothing to serve on.
        guard let listening = try? AsyncSocket(socket: socket, pool: DispatchSocketPool()) else { return }
        // Dispatch opens its timer's descriptor with the first sleep, and ends the process if there is none: now
        // there is.
        try? await Task.sleep(for: .milliseconds(1))  // only cancellation ends it early
        let open = OpenConnections()
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                do {
                    let connection = try await listening.accept()
                    guard open.enter(atMost: limits.connectionCount) else {
                        try? connection.close()  // refused anyway
                        continue
                    }
                    group.addTask {
                        await serve(connection)
                        open.leave()
                    }
                } catch {
                    // No descriptor left, or the client has gone already: neither ends the service.
                    try? await Task.sleep(for: .milliseconds(50))  // only cancellation ends it early
                }
            }
            group.cancelAll()
        }
        try? socket.close()  // nothing can be done about a socket that does not close
    }

    private func serve(_ connection: AsyncSocket) async {
        _ = fcntl(connection.socket.file.rawValue, F_SETFD, FD_CLOEXEC)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // A client that goes away, or is dropped, needs no answer.
                try? await exchange(connection)
            }
            group.addTask {
                try? await Task.sleep(for: .seconds(limits.connectionSeconds))  // cancelled when all is said
            }
            await group.next()
            group.cancelAll()
        }
        try? connection.close()  // nothing can be done about a socket that does not close
    }

    private func exchange(_ connection: AsyncSocket) async throws {
        var bytes: [UInt8] = []
        var verdict = RequestHead.Verdict.incomplete
        while case .incomplete = verdict {
            bytes += try await connection.read(atMost: 4_096)
            verdict = RequestHead.read(bytes, limits: limits)
        }
        let answer: MonitoringAnswers.Answer
        let isHeadOnly: Bool
        switch verdict {
        case .request(let request):
            answer = answers.answer(to: request)
            isHeadOnly = request.method == .HEAD
        case .refused(let status):
            answer = .text(status, status.phrase)
            isHeadOnly = false
        case .incomplete:
            return
        }
        let now = Date().timeIntervalSince1970
        try await connection.write(Data(answer.encoded(atSeconds: now, isHeadOnly: isHeadOnly)))
        try await linger(connection)
    }

    /// Reads on for a moment: a socket closed with bytes unread is reset, and the client might lose the answer.
    private func linger(_ connection: AsyncSocket) async throws {
        shutdown(connection.socket.file.rawValue, Int32(SHUT_WR))
        var room = 64 * 1024
        while room > 0 { room -= try await connection.read(atMost: 4_096).count }
    }
}

/// Runs tasks on a queue of their own, one at a time.
final class MonitoringExecutor: TaskExecutor {
    private let queue = DispatchQueue(label: "lathe.monitoring.tasks")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// How many connections are being served.
private final class OpenConnections: Sendable {
    private let count = Atomic(0)

    func enter(atMost limit: Int) -> Bool {
        if count.add(1, ordering: .relaxed).newValue <= limit { return true }
        leave()
        return false
    }

    func leave() { count.subtract(1, ordering: .relaxed) }
}

/// Waits for sockets by Dispatch.
///
/// FlyingSocks' own pools resume a waiter before they forget its descriptor: one closed and given out again in between
/// would never be heard of again. Here a waiter goes on only when the descriptor is forgotten.
struct DispatchSocketPool: AsyncSocketPool {
    private let queue = DispatchQueue(label: "lathe.monitoring.sockets")

    func prepare() async throws {}

    /// Nothing runs but the queue.
    func run() async throws {}

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        let descriptor = socket.file.rawValue
        let source: any DispatchSourceProtocol =
            events.contains(.write)
            ? DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: queue)
            : DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        let wait = SocketWait(source)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait.begin($0) }
        } onCancel: {
            wait.giveUp()
        }
    }
}

/// One waiting of one task for one socket.
private final class SocketWait: @unchecked Sendable {
    // SAFETY: a source's `cancel` may be called on any thread; everything else of it happens in `begin`, before the
    // source is active.
    private let source: any DispatchSourceProtocol
    private let wasGivenUp = Atomic(false)

    init(_ source: any DispatchSourceProtocol) { self.source = source }

    func begin(_ continuation: CheckedContinuation<Void, any Error>) {
        source.setEventHandler { [source] in source.cancel() }
        source.setCancelHandler { [self] in
            if wasGivenUp.load(ordering: .acquiring) {
                continuation.resume(throwing: CancellationError())
            } else {
                continuation.resume()
            }
        }
        source.activate()
    }

    func giveUp() {
        wasGivenUp.store(true, ordering: .releasing)
        source.cancel()
    }
}
