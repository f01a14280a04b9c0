internal import Foundation
internal import FoundationNetworking
internal import Synchronization

/// One try to deliver: POST, no redirect followed, the answer's body thrown away.
final class WebhookDelivery: NSObject, URLSessionDataDelegate, Sendable {
    enum Outcome: Sendable, Equatable {
        case status(Int)
        /// There was no answer, or it came too late.
        case failed(String)

        /// 2xx: the receiver has it.
        var isDelivered: Bool {
            if case .status(let code) = self { (200..<300).contains(code) } else { false }
        }
    }

    /// A receiver that answers with more than this is cut off; its status counts.
    static let bodyByteLimit = 64 * 1024

    private struct Try {
        var receivedCount = 0
        var done: @Sendable (Outcome) -> Void
    }

    private let tries = Mutex<[Int: Try]>([:])

    /// Sessions keep their delegate until they are invalidated.
    func makeSession(timeoutSeconds: Double) -> URLSession {
        let configuration = URLSessionConfiguration.ephemeral
        // Whole seconds there, and anew with every byte: the sender has the limit that counts.
        configuration.timeoutIntervalForRequest = timeoutSeconds.rounded(.up) + 1
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.urlCache = nil
        configuration.urlCredentialStorage = nil
        return URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    }

    /// Starts a try; `done` is called once, on any thread.
    func start(
        _ request: URLRequest, in session: URLSession, done: @escaping @Sendable (Outcome) -> Void
    ) -> URLSessionTask {
        let task = session.dataTask(with: request)
        tries.withLock { $0[task.taskIdentifier] = Try(done: done) }
        task.resume()
        return task
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        // What is meant for one receiver goes to no other.
        completionHandler(nil)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        let count = tries.withLock { tries in
            tries[dataTask.taskIdentifier]?.receivedCount += data.count
            return tries[dataTask.taskIdentifier]?.receivedCount ?? 0
        }
        if count > Self.bodyByteLimit { finish(dataTask, nil) }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        finish(task, error)
    }

    private func finish(_ task: URLSessionTask, _ error: (any Error)?) {
        guard let entry = tries.withLock({ $0.removeValue(forKey: task.taskIdentifier) }) else { return }
        if let response = task.response as? HTTPURLResponse {
            // The status is the answer; a body that does not end changes nothing.
            entry.done(.status(response.statusCode))
        } else if let error, (error as? URLError)?.code != .cancelled {
            entry.done(.failed(error.localizedDescription))
        } else {
            entry.done(.failed("no answer in time"))
        }
        task.cancel()
    }
}
