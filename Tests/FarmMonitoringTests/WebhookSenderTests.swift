import FarmMonitoring
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@Suite struct WebhookSenderTests {
    static let secret = "the secret of the tests"

    private let folder: TemporaryDirectory
    private let outbox: String
    private let lines = LineList()

    private final class LineList: Sendable {
        let all = Mutex<[String]>([])
    }

    init() throws {
        folder = try TemporaryDirectory("webhooks")
        outbox = folder.path + "/outbox"
    }

    private var quick: WebhookPolicy {
        var policy = WebhookPolicy()
        policy.firstDelaySeconds = 0.02
        policy.longestDelaySeconds = 0.1
        // A machine that is busy otherwise answers late; that is not what these tests are about.
        policy.timeoutSeconds = 300
        return policy
    }

    private func sender(
        _ urls: [String], events: Set<WebhookEvent.Kind> = Set(WebhookEvent.Kind.allCases),
        policy: WebhookPolicy? = nil
    ) throws -> WebhookSender {
        let sink = LogSink(format: .text, clock: { 0 }) { line in lines.all.withLock { $0.append(line) } }
        let logger = Logger(label: "test") { FarmLogHandler(label: $0, level: .debug, sink: sink) }
        return try WebhookSender(
            webhooks: urls.map { try Webhook(url: $0, secret: Self.secret, events: events) },
            outboxDirectory: outbox, lathe: "1.4.0", logger: logger, policy: policy ?? quick)
    }

    private func event(_ album: String = "Night Ferry") throws -> WebhookEvent {
        var job = StatusFixture.jobs[2]
        job.album = album
        return try #require(WebhookEvent.end(of: job, atSeconds: 1_795_281_600.5))
    }

    private func letters() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: outbox).sorted()
    }

    /// Waits until something holds, for two minutes at most.
    private func wait(_ what: Comment, until holds: () throws -> Bool) async throws {
        for _ in 0..<12_000 {
            if try holds() { return }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record(what)
    }

    @Test func `the end of a job is delivered, signed, once`() async throws {
        let receiver = try await WebhookReceiver()
        let sender = try sender([receiver.url])
        sender.start()
        let event = try event("Größe \"A\"\n")
        sender.submit(event)
        try await wait("delivered") { sender.pendingCount == 0 }
        #expect(receiver.deliveries.count == 1)
        let delivery = try #require(receiver.deliveries.first)
        #expect(delivery.path == "/hook")
        #expect(delivery.headers["content-type"] == "application/json")
        #expect(delivery.headers["lathe-event"] == "job.done")
        #expect(delivery.headers["user-agent"] == "lathe/1.4.0")
        #expect(delivery.id == event.id)
        #expect(try JSONDecoder().decode(WebhookEvent.self, from: Data(delivery.body)) == event)
        let signature = try #require(delivery.headers["lathe-signature"])
        let now = Int(Date().timeIntervalSince1970)
        #expect(WebhookSignature.isValid(header: signature, secret: Self.secret, body: delivery.body, nowSeconds: now))
        #expect(!WebhookSignature.isValid(header: signature, secret: "another", body: delivery.body, nowSeconds: now))
        #expect(try letters() == [])
        #expect(!lines.all.withLock { $0 }.joined().contains("from=lathe"), "a receiver's query is in the log")
        sender.stop()
        await receiver.stop()
    }

    @Test func `an error is tried again with the same id and body until it is taken`() async throws {
        let receiver = try await WebhookReceiver([.status(500), .status(404), .status(503)])
        let sender = try sender([receiver.url])
        sender.start()
        let event = try event()
        sender.submit(event)
        #expect(try letters().count <= 1)
        try await wait("delivered") { sender.pendingCount == 0 }
        #expect(receiver.deliveries.map(\.id) == Array(repeating: event.id, count: 4))
        #expect(Set(receiver.deliveries.map(\.body)).count == 1)
        sender.stop()
        await receiver.stop()
    }

    @Test func `an event survives a restart`() async throws {
        let receiver = try await WebhookReceiver([.status(503)])
        var slow = quick
        slow.firstDelaySeconds = 1_000
        slow.longestDelaySeconds = 1_000
        let event = try event()
        do {
            let first = try sender([receiver.url], policy: slow)
            first.start()
            first.submit(event)
            #expect(try letters() == ["00000000000000000001.json"], "it is on disk before the first answer")
            try await wait("first try") { receiver.deliveries.count == 1 }
            first.stop()
        }
        let mode = try FileManager.default.attributesOfItem(atPath: outbox)[.posixPermissions] as? Int
        #expect(mode == 0o700)
        let second = try sender([receiver.url])
        #expect(second.pendingCount == 1)
        second.start()
        try await wait("second life") { second.pendingCount == 0 }
        #expect(receiver.deliveries.map(\.id) == [event.id, event.id])
        #expect(receiver.deliveries[0].body == receiver.deliveries[1].body)
        #expect(try letters() == [])
        // Numbers go on where they were: nothing is overwritten.
        second.stop()
        await receiver.stop()
    }

    @Test func `a receiver that never answers is left after the time, and tried again`() async throws {
        let receiver = try await WebhookReceiver([.never])
        var policy = quick
        policy.timeoutSeconds = 0.5
        let sender = try sender([receiver.url], policy: policy)
        sender.start()
        sender.submit(try event())
        try await wait("delivered") { sender.pendingCount == 0 }
        // On a busy machine the second answer may be late too.
        #expect(receiver.deliveries.count >= 2)
        #expect(lines.all.withLock { $0 }.contains { $0.contains("reason=\"no answer in time\"") })
        sender.stop()
        await receiver.stop()
    }

    @Test func `a redirection is an error and is not followed`() async throws {
        let receiver = try await WebhookReceiver([.redirect("/elsewhere")])
        let sender = try sender([receiver.url])
        sender.start()
        sender.submit(try event())
        try await wait("delivered") { sender.pendingCount == 0 }
        #expect(receiver.deliveries.map(\.path) == ["/hook", "/hook"])
        sender.stop()
        await receiver.stop()
    }

    @Test func `a long answer does no harm`() async throws {
        let receiver = try await WebhookReceiver([.large(byteCount: 8 << 20)])
        let sender = try sender([receiver.url])
        sender.start()
        sender.submit(try event())
        try await wait("delivered") { sender.pendingCount == 0 }
        #expect(receiver.deliveries.count == 1)
        sender.stop()
        await receiver.stop()
    }

    @Test func `an answer that never ends counts by its status, after the time`() async throws {
        let receiver = try DrippingReceiver()
        var policy = quick
        policy.timeoutSeconds = 0.5
        let sender = try sender(["http://127.0.0.1:\(receiver.port)/"], policy: policy)
        sender.start()
        sender.submit(try event())
        try await wait("delivered") { sender.pendingCount == 0 }
        sender.stop()
        receiver.stop()
        #expect(receiver.connectionCount == 1)
    }

    @Test func `a receiver hears of what it asked for, and each hears`() async throws {
        let one = try await WebhookReceiver()
        let two = try await WebhookReceiver()
        let sender = try sender([one.url, two.url], events: [.alarm])
        sender.start()
        sender.submit(try event())
        sender.submit(WebhookEvent(event: .alarm, atSeconds: 5, alarm: "attic/2 made other bits than cellar/0"))
        try await wait("delivered") { sender.pendingCount == 0 }
        for receiver in [one, two] { #expect(receiver.deliveries.map { $0.headers["lathe-event"] } == ["alarm"]) }
        #expect(one.deliveries.map(\.id) == two.deliveries.map(\.id))
        sender.stop()
        await one.stop()
        await two.stop()
    }

    @Test func `a dead receiver does not hold up another`() async throws {
        let dead = try await WebhookReceiver(Array(repeating: .never, count: 50))
        let live = try await WebhookReceiver()
        let sender = try sender([dead.url, live.url])
        sender.start()
        for i in 0..<20 { sender.submit(try event("album \(i)")) }
        try await wait("the live one has all") { live.deliveries.count == 20 }
        // Were they asked in turn, the dead one would have been waited for as often.
        #expect(dead.deliveries.count < 20)
        sender.stop()
        await dead.stop()
        await live.stop()
    }

    @Test func `a full outbox drops the oldest and says so`() async throws {
        let receiver = try await WebhookReceiver()
        var policy = quick
        policy.outboxLimit = 3
        let sender = try sender([receiver.url], policy: policy)
        let events = try (0..<5).map { try event("album \($0)") }
        for event in events { sender.submit(event) }
        #expect(sender.pendingCount == 3)
        #expect(try letters().count == 3)
        #expect(lines.all.withLock { $0 }.count { $0.contains("outbox is full") } == 2)
        sender.start()
        try await wait("delivered") { sender.pendingCount == 0 }
        #expect(Set(receiver.deliveries.map(\.id)) == Set(events.suffix(3).map(\.id)))
        sender.stop()
        await receiver.stop()
    }

    @Test func `after a day it gives up and says so`() async throws {
        let receiver = try await WebhookReceiver(Array(repeating: .status(500), count: 1_000))
        var policy = quick
        policy.giveUpSeconds = 0.3
        let sender = try sender([receiver.url], policy: policy)
        sender.start()
        sender.submit(try event())
        try await wait("given up") { sender.pendingCount == 0 }
        #expect(try letters() == [])
        #expect(lines.all.withLock { $0 }.contains { $0.contains("webhook given up") })
        sender.stop()
        await receiver.stop()
    }

    @Test func `what is no letter in the outbox is dropped, what is none of ours stays`() async throws {
        let receiver = try await WebhookReceiver()
        do {
            let first = try sender([receiver.url, "http://localhost:1/gone"])
            first.submit(try event())
        }
        #expect(try letters().count == 2)
        try folder.write("outbox/00000000000000000007.json", "{\"url\": \"htt")
        try folder.write("outbox/00000000000000000009.json.new", "half")
        try folder.write("outbox/notes.txt", "mine")
        let second = try sender([receiver.url])
        #expect(second.pendingCount == 1)
        #expect(try letters() == ["00000000000000000001.json", "notes.txt"])
        second.submit(try event())
        #expect(try letters().contains("00000000000000000008.json"), "numbers go on")
        second.start()
        try await wait("delivered") { second.pendingCount == 0 }
        #expect(receiver.deliveries.count == 2)
        second.stop()
        await receiver.stop()
    }

    @Test func `a disk that takes nothing is told, and the event is delivered all the same`() async throws {
        let receiver = try await WebhookReceiver([.status(500)])
        let sender = try sender([receiver.url])
        try FileManager.default.removeItem(atPath: outbox)
        sender.submit(try event())
        #expect(lines.all.withLock { $0 }.contains { $0.contains("cannot be written to disk") })
        sender.start()
        try await wait("delivered") { sender.pendingCount == 0 }
        #expect(receiver.deliveries.count == 2)
        sender.stop()
        await receiver.stop()
    }
}
