internal import Dispatch
internal import Foundation
internal import FoundationNetworking
internal import Glibc
package import Logging

/// How often and how long a delivery is tried.
package struct WebhookPolicy: Sendable {
    package var firstDelaySeconds = 1.0
    package var longestDelaySeconds = 600.0
    /// After this the event is dropped, and the log says so.
    package var giveUpSeconds = 86_400.0
    package var timeoutSeconds = 10.0
    /// Letters that wait: the oldest gives way.
    package var outboxLimit = 10_000
    package var parallelCount = 8
    package var parallelCountPerReceiver = 2

    package init() {}

    /// The wait after so many failures in a row: doubled each time, and a fifth more or less so that a receiver that
    /// comes back is not met by all at once.
    ///
    /// - Parameters:
    ///   - failureCount: 1 or more.
    ///   - unit: a random number of 0 to 1.
    package func delaySeconds(failureCount: Int, unit: Double) -> Double {
        precondition(failureCount >= 1, "a delay follows a failure")
        var delay = firstDelaySeconds
        for _ in 1..<min(failureCount, 64) where delay < longestDelaySeconds { delay *= 2 }
        return min(delay, longestDelaySeconds) * (0.8 + 0.4 * unit)
    }
}

/// Tells receivers of events: at least once each, with the same id in every try, in no promised order.
///
/// An event is on disk before the first try, so that a restart still delivers it. Everything happens on a queue of its
/// own; all methods may be called on any thread.
package final class WebhookSender: @unchecked Sendable {
    // SAFETY: everything that changes is touched on `queue` only.
    private let queue = DispatchQueue(label: "lathe.webhooks")
    private let receivers: [String: Webhook]
    private let order: [Webhook]
    private let policy: WebhookPolicy
    private let logger: Logger
    private let agent: String
    private let delivery = WebhookDelivery()
    private let session: URLSession
    private let timer: any DispatchSourceTimer
    private var outbox: WebhookOutbox
    private var waiting: [UInt64: Waiting] = [:]
    private var inFlight: [String: Int] = [:]
    private var isRunning = false

    /// A letter on its way, without its body.
    private struct Waiting {
        var url: String
        var createdAtSeconds: Double
        /// By the clock that nobody sets.
        var nextAt: Double
        var failureCount = 0
        var task: URLSessionTask?
        /// Only where the disk took no letter.
        var unsaved: WebhookOutbox.Letter?
    }

    /// Reads what an earlier life left in the outbox; `start()` sends.
    ///
    /// - Parameters:
    ///   - webhooks: the receivers; letters of an earlier life to others are dropped.
    ///   - outboxDirectory: a directory of its own, made where it is not there.
    ///   - lathe: the version, for the receiver's log.
    package init(
        webhooks: [Webhook], outboxDirectory: String, lathe: String, logger: Logger, policy: WebhookPolicy = .init()
    ) throws {
        order = webhooks
        receivers = Dictionary(webhooks.map { ($0.url, $0) }) { first, _ in first }
        self.policy = policy
        self.logger = logger
        agent = "lathe/\(lathe)"
        outbox = try WebhookOutbox(directory: outboxDirectory)
        session = delivery.makeSession(timeoutSeconds: policy.timeoutSeconds)
        timer = DispatchSource.makeTimerSource(queue: queue)
        for number in try outbox.numbers() { take(number) }
        timer.setEventHandler { [weak self] in self?.send() }
        // Dispatch opens its timer's descriptor with the first deadline, and ends the process if there is none by then.
        timer.schedule(deadline: .now() + .milliseconds(1))
        timer.activate()
    }

    deinit {
        timer.cancel()
        session.invalidateAndCancel()
    }

    /// Begins to deliver.
    package func start() {
        queue.async {
            self.isRunning = true
            self.send()
        }
    }

    /// Writes an event down for every receiver that wants it, and returns when it is on disk. Never throws: where the
    /// disk takes nothing, the log says so, and the event is delivered if this process lives long enough.
    package func submit(_ event: WebhookEvent) {
        let wanted = order.filter { $0.events.contains(event.event) }
        guard !wanted.isEmpty else { return }
        do {
            let body = String(decoding: try event.body(), as: UTF8.self)
            queue.sync {
                for webhook in wanted {
                    add(
                        WebhookOutbox.Letter(
                            url: webhook.url, event: event.event.rawValue, id: event.id,
                            createdAtSeconds: Date().timeIntervalSince1970, body: body))
                }
                queue.async { self.send() }
            }
        } catch {
            logger.error("webhook event cannot be written as JSON", metadata: ["event": "\(event.event.rawValue)"])
        }
    }

    /// Ends the tries that run. What is not delivered stays on disk, for the next life.
    package func stop() {
        queue.sync {
            isRunning = false
            for entry in waiting.values { entry.task?.cancel() }
        }
    }

    /// Deliveries that wait or are being tried.
    package var pendingCount: Int { queue.sync { waiting.count } }

    // MARK: On the queue

    private func take(_ number: UInt64) {
        do {
            let letter = try outbox.letter(number)
            if receivers[letter.url] == nil {
                logger.warning("webhook is no longer configured, event dropped", metadata: facts(letter))
                outbox.remove(number)
            } else {
                waiting[number] = Waiting(url: letter.url, createdAtSeconds: letter.createdAtSeconds, nextAt: 0)
            }
        } catch {
            logger.warning("webhook letter cannot be read, dropped", metadata: ["number": "\(number)"])
            outbox.remove(number)
        }
    }

    private func add(_ letter: WebhookOutbox.Letter) {
        while waiting.count >= policy.outboxLimit, let oldest = waiting.keys.min() {
            logger.warning("webhook outbox is full, oldest event dropped", metadata: ["number": "\(oldest)"])
            forget(oldest)
        }
        var entry = Waiting(url: letter.url, createdAtSeconds: letter.createdAtSeconds, nextAt: 0)
        do {
            waiting[try outbox.add(letter)] = entry
        } catch {
            var facts = facts(letter)
            facts["reason"] = "\(error)"
            logger.error("webhook event cannot be written to disk", metadata: facts)
            entry.unsaved = letter
            // Far above all numbers of files.
            waiting[(waiting.keys.max() ?? 0) | 1 << 62 + 1] = entry
        }
    }

    private func forget(_ number: UInt64) {
        waiting.removeValue(forKey: number)?.task?.cancel()
        outbox.remove(number)
    }

    /// Starts what is due, and sets the timer for what is due next.
    private func send() {
        guard isRunning else { return }
        let now = Self.uptimeSeconds()
        let ready = waiting.filter { $0.value.task == nil }
        let due = ready.filter { $0.value.nextAt <= now }.sorted {
            ($0.value.nextAt, $0.key) < ($1.value.nextAt, $1.key)
        }
        for (number, entry) in due {
            guard inFlight.values.reduce(0, +) < policy.parallelCount else { break }
            guard inFlight[entry.url, default: 0] < policy.parallelCountPerReceiver else { continue }
            attempt(number, entry)
        }
        if let next = ready.values.map(\.nextAt).filter({ $0 > now }).min() {
            timer.schedule(deadline: .now() + (next - now), leeway: .milliseconds(5))
        }
    }

    private func attempt(_ number: UInt64, _ entry: Waiting) {
        let now = Date().timeIntervalSince1970
        guard let webhook = receivers[entry.url], let url = URL(string: entry.url) else { return forget(number) }
        let letter: WebhookOutbox.Letter
        do {
            letter = try entry.unsaved ?? outbox.letter(number)
        } catch {
            logger.warning("webhook letter cannot be read, dropped", metadata: ["number": "\(number)"])
            return forget(number)
        }
        guard now - entry.createdAtSeconds < policy.giveUpSeconds else {
            logger.warning("webhook given up", metadata: facts(letter))
            return forget(number)
        }
        var request = URLRequest(url: url, timeoutInterval: policy.timeoutSeconds.rounded(.up) + 1)
        let body = Array(letter.body.utf8)
        request.httpMethod = "POST"
        request.httpBody = Data(body)
        let signature = WebhookSignature.header(secret: webhook.secret, body: body, atSeconds: Int(now))
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue(signature, forHTTPHeaderField: WebhookSignature.headerName)
        request.setValue(letter.event, forHTTPHeaderField: "Lathe-Event")
        request.setValue(letter.id, forHTTPHeaderField: "Lathe-Event-Id")
        request.setValue(agent, forHTTPHeaderField: "User-Agent")
        inFlight[entry.url, default: 0] += 1
        let task = delivery.start(request, in: session) { outcome in
            self.queue.async { self.finish(number, letter, outcome) }
        }
        waiting[number]?.task = task
        // The session's own limit starts anew with every byte: this one is for the whole try.
        queue.asyncAfter(deadline: .now() + policy.timeoutSeconds) { task.cancel() }
    }

    private func finish(_ number: UInt64, _ letter: WebhookOutbox.Letter, _ outcome: WebhookDelivery.Outcome) {
        inFlight[letter.url, default: 1] -= 1
        if var entry = waiting[number] {
            if outcome.isDelivered {
                logger.debug("webhook delivered", metadata: facts(letter))
                forget(number)
            } else {
                entry.task = nil
                entry.failureCount += 1
                let delay = policy.delaySeconds(
                    failureCount: entry.failureCount, unit: Double.random(in: 0..<1))
                entry.nextAt = Self.uptimeSeconds() + delay
                waiting[number] = entry
                if isRunning { report(letter, outcome, entry.failureCount, delay) }
            }
        }
        send()
    }

    private func report(
        _ letter: WebhookOutbox.Letter, _ outcome: WebhookDelivery.Outcome, _ failureCount: Int, _ delay: Double
    ) {
        var facts = facts(letter)
        switch outcome {
        case .status(let code): facts["status"] = "\(code)"
        case .failed(let reason): facts["reason"] = "\(reason)"
        }
        facts["failures"] = "\(failureCount)"
        facts["again-in-seconds"] = "\(Int(delay.rounded(.up)))"
        logger.warning("webhook not delivered", metadata: facts)
    }

    /// The host only: paths and queries of receivers are often secrets.
    private func facts(_ letter: WebhookOutbox.Letter) -> Logger.Metadata {
        let host = URLComponents(string: letter.url)?.host ?? "?"
        return ["host": "\(host)", "event": "\(letter.event)", "id": "\(letter.id)"]
    }

    private static func uptimeSeconds() -> Double {
        Double(DispatchTime.now().uptimeNanoseconds) / 1e9
    }
}
