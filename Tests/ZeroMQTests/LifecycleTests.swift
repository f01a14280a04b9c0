import Foundation
import Testing
import ZeroMQ

@Suite(.serialized) struct LifecycleTests {
    @Test("The context ends while sockets hold unsent messages, without hanging")
    func termination() throws {
        let directory = try EndpointDirectory()
        let start = Date()
        do {
            let context = try Context()
            let router = try Socket(.router, in: context)
            let endpoint = try router.bind(directory.endpoint())
            let dealer = try Socket(
                .dealer, in: context,
                options: options {
                    $0.receiveHighWaterMark = 1
                    $0.routingID = bytes("w")
                })
            try dealer.connect(to: endpoint)
            #expect(try sendEventually(router, [bytes("w"), [1]]) == .sent)
            let block = [UInt8](repeating: 1, count: 500_000)
            while try router.send(frames: [bytes("w"), block]) == .sent {}
        }
        #expect(Date().timeIntervalSince(start) < 5)
    }

    @Test("A socket keeps its context, and after a shutdown it throws instead of blocking")
    func shutdown() throws {
        var context: Context? = try Context()
        let socket = try Socket(.dealer, in: #require(context))
        context?.shutdown()
        context = nil
        func isTerminated(_ error: any Error) -> Bool {
            (error as? ZeroMQError)?.code == .contextTerminated
        }
        #expect { try socket.receive() } throws: { isTerminated($0) }
        #expect { try socket.send(frames: [[1]]) } throws: { isTerminated($0) }
        var poller = Poller()
        _ = poller.add(socket)
        #expect { try poller.wait(timeoutMilliseconds: 1000) } throws: { isTerminated($0) }
    }

    @Test("A shutdown from another thread ends a wait without end")
    func shutdownEndsWait() throws {
        let context = try Context()
        let socket = try Socket(.dealer, in: context)
        var poller = Poller()
        _ = poller.add(socket)
        Thread.detachNewThread {
            usleep(100_000)
            context.shutdown()
        }
        #expect(throws: ZeroMQError.self) { try poller.wait(timeoutMilliseconds: -1) }
    }

    @Test("Another thread's signal wakes the poller; drained, it sleeps again")
    func wakeUp() throws {
        let wakeUp = try WakeUp()
        var poller = Poller()
        let registration = poller.add(descriptor: wakeUp.descriptor)
        #expect(try poller.wait(timeoutMilliseconds: 0).isEmpty)
        Thread.detachNewThread {
            usleep(50_000)
            wakeUp.signal()
            wakeUp.signal()
        }
        let ready = try poller.wait(timeoutMilliseconds: 5000)
        #expect(ready.map(\.registration) == [registration])
        #expect(ready.map(\.events) == [.readable])
        usleep(50_000)
        #expect(wakeUp.drain())
        #expect(!wakeUp.drain())
        #expect(try poller.wait(timeoutMilliseconds: 0).isEmpty)
    }

    @Test("A poller reports sockets and descriptors together, and forgets what was removed")
    func poller() throws {
        let context = try Context()
        let left = try Socket(.pair, in: context)
        let right = try Socket(.pair, in: context)
        try left.bind("inproc://poller")
        try right.connect(to: "inproc://poller")
        let wakeUp = try WakeUp()
        var poller = Poller()
        let first = poller.add(left)
        let second = poller.add(descriptor: wakeUp.descriptor)
        wakeUp.signal()
        _ = try right.send(frames: [[1]])
        let both = try eventually {
            try poller.wait(timeoutMilliseconds: 10).map(\.registration) == [first, second]
        }
        #expect(both)
        poller.remove(first)
        #expect(try poller.wait(timeoutMilliseconds: 10).map(\.registration) == [second])
        poller.change(second, to: [])
        #expect(try poller.wait(timeoutMilliseconds: 10).isEmpty)
        poller.change(second, to: .writable)
        #expect(try poller.wait(timeoutMilliseconds: 10).map(\.events) == [.writable])
    }

    @Test("Signals neither end nor prolong a wait")
    func interruptedWait() throws {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        var previous = sigaction()
        #expect(sigaction(SIGUSR2, &action, &previous) == 0)
        defer { sigaction(SIGUSR2, &previous, nil) }
        let context = try Context()
        let socket = try Socket(.dealer, in: context)
        var poller = Poller()
        _ = poller.add(socket)
        let waiting = pthread_self()
        let done = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            for _ in 0..<10 {
                usleep(20_000)
                pthread_kill(waiting, SIGUSR2)
            }
            done.signal()
        }
        let start = Date()
        #expect(try poller.wait(timeoutMilliseconds: 400).isEmpty)
        let elapsed = Date().timeIntervalSince(start)
        done.wait()
        #expect(elapsed >= 0.38 && elapsed < 3)
    }

    @Test("Use by a second thread traps")
    func confinement() async {
        await #expect(processExitsWith: .failure) {
            let context = try Context()
            nonisolated(unsafe) let socket = try Socket(.dealer, in: context)
            _ = try socket.receive()
            let done = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                _ = try? socket.receive()
                done.signal()
            }
            done.wait()
        }
    }

    @Test("A peer that answers no heartbeat is dropped")
    func silentPeer() throws {
        let context = try Context()
        let router = try Socket(
            .router, in: context,
            options: options {
                $0.heartbeatIntervalMilliseconds = 100
                $0.heartbeatTimeoutMilliseconds = 200
            })
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let port = try #require(endpoint.split(separator: ":").last.flatMap { UInt16($0) })
        // A peer in ZMTP 3.0 by hand: it shakes hands as a dealer called "mute", then says nothing, as a
        // machine without power would.
        let peer = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(peer) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(peer, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        #expect(connected == 0)
        var greeting: [UInt8] = [0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 3, 0] + bytes("NULL")
        greeting += [UInt8](repeating: 0, count: 64 - greeting.count)
        func property(_ name: String, _ value: String) -> [UInt8] {
            [UInt8(name.utf8.count)] + bytes(name) + [0, 0, 0, UInt8(value.utf8.count)] + bytes(value)
        }
        let ready = [5] + bytes("READY") + property("Socket-Type", "DEALER") + property("Identity", "mute")
        let handshake = greeting + [4, UInt8(ready.count)] + ready
        #expect(write(peer, handshake, handshake.count) == handshake.count)
        #expect(try sendEventually(router, [bytes("mute"), [1]]) == .sent)
        #expect(try eventually { try router.send(frames: [bytes("mute"), [1]]) == .unroutable })
    }

    @Test("The library says what it is")
    func version() {
        #expect(Context.libraryVersion.split(separator: ".").count == 3)
        #expect(Context.has("ipc"))
        #expect(!Context.has("telepathy"))
    }
}
