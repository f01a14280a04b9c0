import Farm
import FarmMonitoring
import Foundation
package import Logging
import Synchronization

/// What the coordinator shows and tells: metrics and health over HTTP, webhooks when a job ends.
package final class FarmMonitor {
    private let server: MonitoringServer?
    private let sender: WebhookSender?

    /// - Parameters:
    ///   - address: `ADDRESS:PORT`, or `none`.
    ///   - allowsRemote: whoever reaches the address may read everything.
    ///   - directory: the coordinator's own, with `webhooks.json` if there are any.
    package init(
        _ daemon: FarmDaemon, address: String, allowsRemote: Bool, directory: String, logger: Logger
    ) throws {
        if address == "none" {
            server = nil
        } else {
            guard let endpoint = MonitoringEndpoint(address) else {
                throw ServiceError("\"\(address)\" is no address for HTTP: write 127.0.0.1:7780, or none")
            }
            let pulse = daemon.pulse
            let server = try MonitoringServer(
                endpoint,
                sources: MonitoringServer.Sources(
                    status: daemon.status, notReady: daemon.notReady,
                    secondsSinceTurn: { Double(monotonicMilliseconds() - pulse.milliseconds) / 1000 }),
                allowsRemote: allowsRemote)
            try server.start()
            self.server = server
        }
        let list = directory + "/webhooks.json"
        guard FileManager.default.fileExists(atPath: list) else {
            sender = nil
            return
        }
        let sender = try WebhookSender(
            webhooks: try Webhook.list(atPath: list), outboxDirectory: directory + "/outbox",
            lathe: daemon.options.version, logger: logger)
        sender.start()
        self.sender = sender
        // An event is synced to disk before it counts as told: not on the coordinator's thread.
        let letters = WorkQueue(named: "webhooks")
        daemon.announce = { job, alarm in
            let now = Date().timeIntervalSince1970
            letters.post {
                if let job, let event = WebhookEvent.end(of: job, atSeconds: now) { sender.submit(event) }
                guard let alarm else { return }
                sender.submit(WebhookEvent(event: .alarm, atSeconds: now, job: job, alarm: alarm))
            }
        }
    }

    /// Closes the server; what is in the outbox waits for the next start.
    package func stop() {
        server?.stopAndWait()
        sender?.stop()
    }
}

/// When the coordinator's loop turned last.
package final class Pulse: Sendable {
    private let last = Atomic<UInt64>(monotonicMilliseconds())
    package var milliseconds: UInt64 { last.load(ordering: .relaxed) }
    func beat() { last.store(monotonicMilliseconds(), ordering: .relaxed) }
}
