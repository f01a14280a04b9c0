import FarmTransfer
import Foundation
import Hashing
import Quantities
import Synchronization
import TestSupport
import Testing
import ZeroMQ

/// Runs something that uses a bare socket on a thread of its own.
private func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
        Thread { continuation.resume(with: Result { try body() }) }.start()
    }
}

/// A bare DEALER at a hub: it says whatever a test wants.
private func rawDealer(_ endpoint: String, _ name: String, receiveMark: Int = 100) throws -> Socket {
    var options = SocketOptions()
    options.routingID = Array(name.utf8)
    options.receiveHighWaterMark = receiveMark
    let socket = try Socket(.dealer, in: Context(), options: options)
    try socket.connect(to: endpoint)
    return socket
}

private func send(_ socket: Socket, _ frames: [[UInt8]]) throws {
    for _ in 0..<500 {
        if try socket.send(frames: frames) == .sent { return }
        usleep(10_000)
    }
    throw CancellationError()
}

/// The next message, for at most 5 s.
private func receive(_ socket: Socket) throws -> [[UInt8]]? {
    for _ in 0..<500 {
        if let frames = try socket.receive() { return frames }
        usleep(10_000)
    }
    return nil
}

@Suite("Transfer with faults", .serialized)
struct TransferFaultTests {
    private func blob(_ seed: UInt64, _ count: Int) -> ([UInt8], BlobName) {
        var numbers = Numbers(seed)
        let bytes = numbers.bytes(count)
        return (bytes, .part(Digest.of(bytes)))
    }

    private var quick: TransferLimits {
        var limits = TransferLimits()
        limits.silenceMilliseconds = 200
        limits.patienceMilliseconds = 2_000
        return limits
    }

    @Test func `a link that dies in the middle and comes back is asked for the rest`() async throws {
        let (bytes, name) = blob(1, 40 << 20)
        let source = MemorySource([bytes])
        var limits = quick
        limits.patienceMilliseconds = 300_000
        let bench = try HubBench(limits: limits)
        let first = try bench.link("w1", source: source)
        let sink = MemorySink(name, openByteCount: 8 << 20)
        async let outcome = bench.hub.fetch(name, byteCount: bytes.count, from: [bench.peer("w1")], into: sink)
        #expect(await eventually { bench.hub.counters.receivedByteCount > 4 << 20 })
        first.stop()
        #expect(bench.hub.counters.finishedCount == 0)
        let second = try bench.link("w1", source: source)
        sink.open()
        #expect(await outcome.error == nil)
        #expect(sink.state.bytes == bytes)
        #expect(sink.state.beginCount == 1)
        second.stop()
        bench.hub.stop()
    }

    @Test func `pulls of a link survive a restart of the hub, even one that does not know it yet`() async throws {
        let (bytes, name) = blob(2, 40 << 20)
        let first = try HubBench(source: MemorySource([bytes]))
        let link = try first.link("w1")
        let sink = MemorySink(name, openByteCount: 8 << 20)
        async let outcome = link.fetch(name, byteCount: bytes.count, into: sink)
        #expect(await eventually { link.counters.receivedByteCount > 4 << 20 })
        first.hub.stop()
        sink.open()
        let isKnown = Mutex(false)
        // libzmq gives the port back a moment later.
        var again: HubBench?
        #expect(
            await eventually {
                again = try? HubBench(
                    first.hub.endpoint, source: MemorySource([bytes]),
                    rights: { _, _ in isKnown.withLock { $0 } ? .worker : nil })
                return again != nil
            })
        let second = try #require(again)
        #expect(await eventually { second.hub.counters.refusedCount > 0 })
        isKnown.withLock { $0 = true }
        #expect(await outcome.error == nil)
        #expect(sink.state.bytes == bytes)
        #expect(second.hub.counters.servedRequestCount < 45)
        link.stop()
        second.hub.stop()
    }

    @Test func `wrong bytes are asked for once more, then of another peer`() async throws {
        let (bytes, name) = blob(3, 3 << 20)
        let bench = try HubBench(limits: quick)
        let liar = MemorySource([bytes]) { _, answer in
            guard case .bytes(var range, let size) = answer else { return answer }
            range[0] ^= 1
            return .bytes(range, blobByteCount: size)
        }
        let honest = try bench.link("w2", source: MemorySource([bytes]))
        let lying = try bench.link("w1", source: liar)
        let alone = await bench.hub.fetch(
            name, byteCount: bytes.count, from: [bench.peer("w1")], into: MemorySink(name))
        #expect(alone.error == .wrongBytes([bench.peer("w1")]))
        #expect(liar.readCount >= 6)
        #expect(bench.events.all.contains(.wrongBytes(bench.peer("w1"), name)))
        let sink = MemorySink(name)
        let both = await bench.hub.fetch(
            name, byteCount: bytes.count, from: [bench.peer("w1"), bench.peer("w2")], into: sink)
        #expect(both.error == nil)
        #expect(sink.state.bytes == bytes)
        #expect(sink.state.beginCount == 3)
        lying.stop()
        honest.stop()
        bench.hub.stop()
    }

    @Test func `a peer that sends too much, or what was never asked, is counted and harms nobody`() async throws {
        let (bytes, name) = blob(4, 1_000)
        let bench = try HubBench(limits: quick)
        let endpoint = bench.hub.endpoint
        let honest = try bench.link("w2", source: MemorySource([bytes]))
        async let raw: Bool = onThread {
            let socket = try rawDealer(endpoint, "evil")
            // Nothing was asked.
            let stray = TransferFrame.data(number: 12, offset: 0, blobByteCount: 1 << 40).bytes
            try send(socket, [stray, [UInt8](repeating: 0, count: 9)])
            // A frame over the limit ends the connection; libzmq connects again.
            guard let request = try receive(socket),
                case .get(let number, _, _, let count) = try TransferFrame(request[0])
            else { return false }
            let header = TransferFrame.data(number: number, offset: 0, blobByteCount: count).bytes
            try send(socket, [header, [UInt8](repeating: 0, count: count + 1)])
            try send(socket, [header, [UInt8](repeating: 0, count: 3 << 20)])
            return true
        }
        #expect(await eventually { bench.hub.counters.unaskedCount == 1 })
        let sink = MemorySink(name)
        let outcome = await bench.hub.fetch(
            name, byteCount: bytes.count, from: [bench.peer("evil"), bench.peer("w2")], into: sink)
        #expect(outcome.error == nil)
        #expect(sink.state.bytes == bytes)
        #expect(try await raw)
        honest.stop()
        bench.hub.stop()
    }

    @Test func `answers after a cancel are dropped`() async throws {
        let (bytes, name) = blob(5, 8 << 20)
        let bench = try HubBench(limits: quick)
        let slow = MemorySource([bytes]) { _, answer in
            usleep(50_000)
            return answer
        }
        let link = try bench.link("w1", source: slow)
        let sink = MemorySink(name)
        let ended = EventCount()
        let pull = bench.hub.pull(name, byteCount: bytes.count, from: [bench.peer("w1")], into: sink) { result in
            ended.add(result.error == .cancelled ? 1 : 100)
        }
        #expect(await eventually { slow.readCount >= 2 })
        bench.hub.cancel(pull)
        #expect(await eventually { ended.count == 1 && sink.state.abandonCount == 1 })
        #expect(await eventually { bench.hub.counters.lateCount >= 1 })
        #expect(ended.count == 1)
        link.stop()
        bench.hub.stop()
    }

    @Test func `a peer that stops reading holds up nobody, and its queue stays short`() async throws {
        let (bytes, name) = blob(6, 200 << 20)
        let bench = try HubBench(source: MemorySource([bytes]))
        let endpoint = bench.hub.endpoint
        let done = EventCount()
        async let raw: Bool = onThread {
            let socket = try rawDealer(endpoint, "deaf", receiveMark: 1)
            for index in 0..<1_000 {
                try send(
                    socket,
                    [TransferFrame.get(number: UInt64(index), name, offset: (index % 200) << 20, count: 1 << 20).bytes])
            }
            while done.count == 0 { usleep(10_000) }
            return true
        }
        #expect(await eventually { bench.hub.counters.blockedCount > 0 })
        let (other, otherName) = blob(7, 20 << 20)
        bench.source.add(other)
        let link = try bench.link("w2")
        let sink = MemorySink(otherName)
        #expect(await link.fetch(otherName, byteCount: other.count, into: sink).error == nil)
        // 16 messages in libzmq's queue, one here, and what the kernel's buffers take.
        #expect(bench.hub.counters.servedRequestCount < 20 + 17 + 32)
        // All but what waits (512) were answered with `busy`, or wait in the socket.
        #expect(bench.hub.counters.unavailableCount <= 1_000 - 512)
        done.add(1)
        #expect(try await raw)
        link.stop()
        bench.hub.stop()
    }

    @Test func `64 links at once`() async throws {
        let bench = try HubBench()
        var links: [TransferLink] = []
        var wanted: [(BlobName, [UInt8], TransferPeer)] = []
        for index in 0..<64 {
            let (bytes, name) = blob(100 + UInt64(index), 1 << 20)
            links.append(try bench.link("w\(index)", source: MemorySource([bytes])))
            wanted.append((name, bytes, bench.peer("w\(index)")))
        }
        let (common, commonName) = blob(99, 700_000)
        bench.source.add(common)
        let failures = await withTaskGroup(of: Int.self) { group in
            for (name, bytes, peer) in wanted {
                group.addTask {
                    let sink = MemorySink(name)
                    let result = await bench.hub.fetch(name, byteCount: bytes.count, from: [peer], into: sink)
                    return result.error == nil && sink.state.bytes == bytes ? 0 : 1
                }
            }
            for link in links {
                group.addTask {
                    let sink = MemorySink(commonName)
                    let result = await link.fetch(commonName, byteCount: common.count, into: sink)
                    return result.error == nil && sink.state.bytes == common ? 0 : 1
                }
            }
            return await group.reduce(0, +)
        }
        #expect(failures == 0)
        for link in links { link.stop() }
        bench.hub.stop()
    }

    @Test func `rights decide what a peer gets`() async throws {
        let (bytes, name) = blob(8, 1_000)
        let bench = try HubBench(
            source: MemorySource([bytes]),
            rights: { _, id in
                switch id.first {
                case UInt8(ascii: "w"): .worker
                case UInt8(ascii: "c"): .client { job, file in job == 1 && file == 2 }
                default: nil
                }
            })
        let worker = try bench.link("w")
        let client = try bench.link("c")
        let stranger = try bench.link("x")
        #expect(await worker.fetch(name, byteCount: 1_000, into: MemorySink(name)).error == nil)
        #expect(
            await client.fetch(name, byteCount: 1_000, into: MemorySink(name)).error
                == .unavailable(.refused, .coordinator))
        for (job, reason) in [(UInt64(1), Unavailability.unknown), (2, .refused)] {
            let file = BlobName.deliverable(job: job, file: 2)
            #expect(
                await client.fetch(file, byteCount: 1_000, into: MemorySink(file)).error
                    == .unavailable(reason, .coordinator))
        }
        // A stranger is told to wait; it is for the control protocol to send it away.
        let pull = stranger.pull(name, byteCount: 1_000, into: MemorySink(name)) { _ in }
        #expect(await eventually { bench.hub.counters.refusedCount >= 4 })
        stranger.cancel(pull)
        #expect(bench.events.all.contains(.refused(bench.peer("c"), name)))
        for link in [worker, client, stranger] { link.stop() }
        bench.hub.stop()
    }

    @Test func `mutated messages are counted and dropped`() async throws {
        let (bytes, name) = blob(9, 1_000)
        let bench = try HubBench(source: MemorySource([bytes]))
        let endpoint = bench.hub.endpoint
        let done = EventCount()
        async let raw: Bool = onThread {
            let socket = try rawDealer(endpoint, "fuzz")
            var numbers = Numbers(11)
            for _ in 0..<5_000 {
                var frames = [TransferFrameTests.frames.randomElement(using: &numbers)!.bytes]
                for _ in 0..<Int.random(in: 0...2, using: &numbers) {
                    frames.append(numbers.bytes(.random(in: 0...80, using: &numbers)))
                }
                let which = Int.random(in: frames.indices, using: &numbers)
                if !frames[which].isEmpty, numbers.next() % 4 > 0 {
                    frames[which][.random(in: frames[which].indices, using: &numbers)] = .random(
                        in: .min ... .max, using: &numbers)
                }
                try send(socket, frames)
                while try socket.receive() != nil {}
            }
            // Closing would throw away what is still on its way.
            while done.count == 0 { usleep(10_000) }
            return true
        }
        #expect(await eventually { bench.hub.counters.malformedCount > 1_000 })
        done.add(1)
        #expect(try await raw)
        let link = try bench.link("w1")
        #expect(await link.fetch(name, byteCount: 1_000, into: MemorySink(name)).error == nil)
        #expect(bench.events.all.count <= 1_000)
        link.stop()
        bench.hub.stop()
    }

    @Test func `another peer is asked where the first has nothing, and a gone one is not waited for`() async throws {
        let (bytes, name) = blob(10, 100_000)
        let bench = try HubBench(limits: quick)
        let empty = try bench.link("w1")
        let full = try bench.link("w2", source: MemorySource([bytes]))
        let peers = [bench.peer("w1"), bench.peer("nobody"), bench.peer("w2")]
        #expect(
            await bench.hub.fetch(name, byteCount: bytes.count, from: peers, into: MemorySink(name)).error == nil)
        let dropped = bench.hub.counters.droppedCount
        async let gone = bench.hub.fetch(
            name, byteCount: bytes.count, from: [bench.peer("nobody")], into: MemorySink(name))
        #expect(await eventually { bench.hub.counters.droppedCount > dropped })
        bench.hub.forget(bench.peer("nobody"))
        #expect(await gone.error == .gone(bench.peer("nobody")))
        empty.stop()
        full.stop()
        bench.hub.stop()
    }

    @Test func `wishes for one name share a transfer, and a cancelled first wish does not end it`() async throws {
        let (bytes, name) = blob(11, 200_000)
        let isCancelled = EventCount()
        let source = MemorySource([bytes]) { _, answer in
            while isCancelled.count == 0 { usleep(10_000) }
            return answer
        }
        let bench = try HubBench(source: source)
        let link = try bench.link("w1")
        let first = MemorySink(name)
        let ended = EventCount()
        let pull = link.pull(name, byteCount: bytes.count, into: first) { result in
            ended.add(result.error == .cancelled ? 1 : 100)
        }
        let second = MemorySink(name)
        async let outcome = link.fetch(name, byteCount: bytes.count, into: second)
        #expect(await eventually { source.readCount == 1 })
        link.cancel(pull)
        #expect(await eventually { ended.count == 1 })
        isCancelled.add(1)
        #expect(await outcome.error == nil)
        #expect(ended.count == 1)
        #expect(source.readCount == 1)
        #expect(first.state.isFinished && second.state.joinCount == 1 && second.state.beginCount == 0)
        #expect(await eventually { first.state.abandonCount == 1 })
        link.stop()
        bench.hub.stop()
    }

    @Test func `a sink that has no room fails the pull with the reason, and a stop ends all`() async throws {
        let (bytes, name) = blob(12, 5 << 20)
        let bench = try HubBench(source: MemorySource([bytes]))
        let link = try bench.link("w1")
        let full = FullSink()
        let outcome = await link.fetch(name, byteCount: bytes.count, into: full)
        guard case .sink(let message, false) = outcome.error else {
            Issue.record("\(String(describing: outcome.error))")
            return
        }
        #expect(message.contains("CancellationError"))
        let nothing = try bench.link("w2")
        bench.hub.stop()
        async let last = nothing.fetch(name, byteCount: bytes.count, into: MemorySink(name))
        try await Task.sleep(nanoseconds: 20_000_000)
        nothing.stop()
        #expect(await last.error == .stopped)
        #expect(await nothing.fetch(name, byteCount: 1, into: MemorySink(name)).error == .stopped)
        link.stop()
    }

    @Test func `over CURVE the rights know whose key it is`() async throws {
        let (bytes, name) = blob(13, 5 << 20)
        let server = try CurveKeyPair.generate()
        let own = try CurveKeyPair.generate()
        let context = try Context()
        let authenticator = try Authenticator(in: context) { .allow(userID: $0.key.z85) }
        var options = SocketOptions()
        options.security = .curveServer(server, domain: "lathe")
        let allowed = own.publicKey.z85
        let hub = try TransferHub(
            context: context, endpoint: "tcp://127.0.0.1:*", options: options,
            rights: { user, _ in user == allowed ? .worker : nil }, source: MemorySource([bytes]))
        options.security = .curveClient(server: server.publicKey, own: own)
        let link = try TransferLink(
            context: Context(), endpoint: hub.endpoint, options: options, routingID: [1, 2, 3],
            source: MemorySource([bytes]))
        let sink = MemorySink(name)
        #expect(await link.fetch(name, byteCount: bytes.count, into: sink).error == nil)
        #expect(sink.state.bytes == bytes)
        let back = MemorySink(name)
        let peer = TransferPeer(routingID: [1, 2, 3])
        #expect(await hub.fetch(name, byteCount: bytes.count, from: [peer], into: back).error == nil)
        link.stop()
        hub.stop()
        authenticator.stop()
    }
}

private final class FullSink: BlobSink {
    func begin(byteCount: Int) throws { throw CancellationError() }
    func write(_ bytes: [UInt8], at offset: Int) throws { Issue.record("written after a failure") }
    func finish() throws -> Bool { false }
    func abandon() {}
}

private final class EventCount: Sendable {
    private let held = Mutex(0)
    func add(_ value: Int) { held.withLock { $0 += value } }
    var count: Int { held.withLock { $0 } }
}
