internal import Dispatch
internal import FlyingSocks
internal import Synchronization

/// Serves `/metrics`, `/healthz`, `/readyz` and `/status.json` over HTTP, for Prometheus, Kubernetes and people.
///
/// It has no authentication and therefore binds loopback unless it is told that remote readers are wanted. Sockets and
/// the types of HTTP are FlyingFox's; requests are read by `RequestHead`, as FlyingFox's own server puts no bound on a
/// request's head or on the time it takes, and ends when a descriptor is missing. Each connection is one request.
package final class MonitoringServer: Sendable {
    /// What a client may do at most.
    package struct Limits: Sendable {
        /// Request line and header fields together.
        package var headByteCount = 8_192
        package var fieldCount = 64
        /// Connections at the same time; further ones are closed at once.
        package var connectionCount = 256
        /// From accept to the last byte of the answer.
        package var connectionSeconds = 5.0

        package init() {}
    }

    /// What it tells. All are called on any thread and must be cheap: read a snapshot under a lock.
    package struct Sources: Sendable {
        package var status: @Sendable () -> FarmStatus
        /// Why the coordinator cannot take work, one sentence each; empty when it can.
        package var notReady: @Sendable () -> [String]
        /// Seconds since the coordinator's loop turned last.
        package var secondsSinceTurn: @Sendable () -> Double

        package init(
            status: @escaping @Sendable () -> FarmStatus, notReady: @escaping @Sendable () -> [String],
            secondsSinceTurn: @escaping @Sendable () -> Double
        ) {
            self.status = status
            self.notReady = notReady
            self.secondsSinceTurn = secondsSinceTurn
        }
    }

    /// A loop that did not turn for so long is stuck.
    package static let turnLimitSeconds = 5.0

    private let endpoint: MonitoringEndpoint
    private let limits: Limits
    private let answers: MonitoringAnswers
    private let state = Mutex(State())

    private struct State {
        var task: Task<Void, Never>?
        var port: UInt16?
        var hasStarted = false
    }

    /// - Parameters:
    ///   - allowsRemote: the operator said that whoever reaches the address may read everything.
    ///   - limits: what a client may do at most.
    /// - Throws: `MonitoringError.notAllowed` for an address that others reach, without `allowsRemote`.
    package init(
        _ endpoint: MonitoringEndpoint, sources: Sources, allowsRemote: Bool = false, limits: Limits = Limits()
    ) throws(MonitoringError) {
        guard endpoint.isLoopback || allowsRemote else {
            throw MonitoringError(
                .notAllowed,
                "\(endpoint) can be reached from other machines, and monitoring has no password: bind 127.0.0.1 or "
                    + "[::1], or say explicitly that remote readers are allowed")
        }
        self.endpoint = endpoint
        self.limits = limits
        // A web page that a browser on this machine shows must not read the farm by way of a name it made up.
        answers = MonitoringAnswers(sources: sources, demandsLoopbackHost: endpoint.isLoopback)
    }

    /// Binds, listens and answers from now on. Once in a server's life.
    ///
    /// - Throws: `MonitoringError` with the remedy, where the address cannot be had.
    package func start() throws(MonitoringError) {
        let isFirst = state.withLock { state in
            defer { state.hasStarted = true }
            return !state.hasStarted
        }
        precondition(isFirst, "a monitoring server starts once")
        let socket = try endpoint.listeningSocket()
        let port: UInt16? =
            switch try? socket.sockname() {  // the socket is bound: it has a name
            case .ip4(_, let port)?, .ip6(_, let port)?: port
            default: nil
            }
        // Not on the threads that all tasks share: health must be told when these are stuck.
        let task = Task(executorPreference: MonitoringExecutor()) { [limits, answers] in
            await MonitoringListener(socket: socket, limits: limits, answers: answers).run()
        }
        state.withLock { state in
            state.task = task
            state.port = port
        }
    }

    /// The port it listens on; nil before `start()`.
    package var port: UInt16? { state.withLock { $0.port } }

    /// Stops listening, and drops the connections that are open. Returns when the port is free.
    package func stop() async {
        let task = state.withLock { state in
            defer { state.task = nil }
            return state.task
        }
        task?.cancel()
        await task?.value
    }

    /// The same from a thread that may block; never from a task.
    package func stopAndWait() {
        let done = DispatchSemaphore(value: 0)
        Task {
            await stop()
            done.signal()
        }
        done.wait()
    }
}
