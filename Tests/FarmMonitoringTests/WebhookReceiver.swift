import FlyingFox
import FlyingSocks
import Foundation
import Glibc
import Synchronization

/// A receiver as anybody might write one: FlyingFox's server, a list of answers, and what came.
final class WebhookReceiver: Sendable {
    struct Delivery: Sendable, Equatable {
        var path: String
        var headers: [String: String]
        var body: [UInt8]

        var id: String { headers["lathe-event-id"] ?? "" }
    }

    enum Reply: Sendable {
        case status(Int)
        case redirect(String)
        case never
        case large(byteCount: Int)
    }

    private let server: HTTPServer
    private let task: Task<Void, any Error>
    private let log: Log
    let port: UInt16

    private final class Log: Sendable {
        let deliveries = Mutex<[Delivery]>([])
        let replies: Mutex<[Reply]>

        init(_ replies: [Reply]) { self.replies = Mutex(replies) }
    }

    /// - Parameter replies: one after the other; then 200 for ever.
    init(_ replies: [Reply] = []) async throws {
        let log = Log(replies)
        let address = try sockaddr_in.inet(ip4: "127.0.0.1", port: 0)
        let server = HTTPServer(config: .init(address: address, timeout: 30, logger: .disabled))
        await server.appendRoute("*") { request in
            var headers: [String: String] = [:]
            for (header, value) in request.headers { headers[header.rawValue.lowercased()] = value }
            let body = try await Array(request.bodyData)
            log.deliveries.withLock { $0.append(Delivery(path: request.path, headers: headers, body: body)) }
            switch log.replies.withLock({ $0.isEmpty ? .status(200) : $0.removeFirst() }) {
            case .status(let code): return HTTPResponse(statusCode: HTTPStatusCode(code, phrase: "as told"))
            case .redirect(let path): return HTTPResponse(statusCode: .found, headers: HTTPHeaders([.location: path]))
            case .never:
                try await Task.sleep(for: .seconds(20))
                return HTTPResponse(statusCode: .ok)
            case .large(let count): return HTTPResponse(statusCode: .ok, body: Data(count: count))
            }
        }
        // On threads of its own: those that all tests share may be taken by tests that wait for processes.
        task = Task(executorPreference: ReceiverExecutor.shared) { try await server.run() }
        try await server.waitUntilListening(timeout: 300)
        guard case .ip4(_, let port)? = await server.listeningAddress else { throw CancellationError() }
        self.server = server
        self.log = log
        self.port = port
    }

    var deliveries: [Delivery] { log.deliveries.withLock { $0 } }

    var url: String { "http://127.0.0.1:\(port)/hook?from=lathe" }

    func stop() async {
        await server.stop()
        task.cancel()
    }
}

/// Runs the receivers' tasks on a queue's threads.
private final class ReceiverExecutor: TaskExecutor {
    static let shared = ReceiverExecutor()
    private let queue = DispatchQueue(label: "receivers", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
