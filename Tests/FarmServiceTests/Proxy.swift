import Foundation
import RenderHarness
import Synchronization

/// A bad network in front of a farm: forwards its ports, and can hold, delay, cut or swallow what passes.
final class Proxy: Sendable {
    enum Weather: Sendable {
        case clear
        /// Everything arrives so much later.
        case slow(milliseconds: Int)
        /// Nothing passes and nothing is closed. Connections made meanwhile are taken and never answered, not even
        /// when the weather clears: their peers have to notice.
        case silent
        /// Connections are closed, new ones too.
        case cut
    }

    private struct Shared {
        var weather = Weather.clear
        var mustDrop = false
        var isOver = false
    }

    private final class Direction {
        /// With the moment from which each may go on.
        var chunks: [(due: UInt64, bytes: [UInt8])] = []
        var byteCount = 0
        var hasEnded = false
    }

    private final class Pair {
        let near: Int32
        let far: Int32
        let isDead: Bool
        let toFar = Direction()
        let toNear = Direction()
        init(near: Int32, far: Int32, isDead: Bool) {
            self.near = near
            self.far = far
            self.isDead = isDead
        }
    }

    let firstPort: Int
    private let target: Int
    private let listeners: [Int32]
    private let shared = Mutex(Shared())
    private let done = DispatchSemaphore(value: 0)

    /// Forwards so many ports in a row to those of the target.
    init(to target: Int, count: Int = 2) throws {
        self.target = target
        let first = try FreePorts.first(of: count)
        firstPort = first
        listeners = try (0..<count).map { index in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            guard descriptor >= 0, FreePorts.bind(descriptor, loopback: first + index), listen(descriptor, 64) == 0
            else {
                throw HarnessError("the proxy cannot listen")
            }
            return descriptor
        }
        let thread = Thread { [self] in run() }
        thread.start()
    }

    func set(_ weather: Weather) { shared.withLock { $0.weather = weather } }
    /// Closes what is open; new connections are taken.
    func dropConnections() { shared.withLock { $0.mustDrop = true } }

    func stop() {
        shared.withLock { $0.isOver = true }
        done.wait()
    }

    // MARK: - The thread

    private func run() {
        var pairs: [Pair] = []
        while true {
            let (weather, mustDrop, isOver) = shared.withLock { shared in
                defer { shared.mustDrop = false }
                return (shared.weather, shared.mustDrop, shared.isOver)
            }
            var isCut = mustDrop || isOver
            if case .cut = weather { isCut = true }
            if isCut {
                for pair in pairs { close(pair) }
                pairs = []
            }
            if isOver { break }
            wait(for: pairs, weather)
            accept(&pairs, weather)
            if case .silent = weather { continue }
            let now = Self.milliseconds()
            var delay: UInt64 = 0
            if case .slow(let milliseconds) = weather { delay = UInt64(milliseconds) }
            pairs.removeAll { pair in
                if pair.isDead { return false }
                move(from: pair.near, to: pair.far, pair.toFar, now, delay)
                move(from: pair.far, to: pair.near, pair.toNear, now, delay)
                let isOver = [pair.toFar, pair.toNear].contains { $0.hasEnded && $0.chunks.isEmpty }
                if isOver { close(pair) }
                return isOver
            }
        }
        for listener in listeners { Glibc.close(listener) }
        done.signal()
    }

    private func wait(for pairs: [Pair], _ weather: Weather) {
        var polled = listeners.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        if case .silent = weather {
        } else {
            for pair in pairs where !pair.isDead {
                for (descriptor, inbound, outbound) in [
                    (pair.near, pair.toFar, pair.toNear), (pair.far, pair.toNear, pair.toFar),
                ] {
                    var events: Int16 = 0
                    if !inbound.hasEnded, inbound.byteCount < 4 << 20 { events |= Int16(POLLIN) }
                    if let first = outbound.chunks.first, first.due <= Self.milliseconds() { events |= Int16(POLLOUT) }
                    polled.append(pollfd(fd: descriptor, events: events, revents: 0))
                }
            }
        }
        poll(&polled, nfds_t(polled.count), 5)
    }

    private func accept(_ pairs: inout [Pair], _ weather: Weather) {
        for (index, listener) in listeners.enumerated() {
            while true {
                let near = Glibc.accept(listener, nil, nil)
                guard near >= 0 else { break }
                _ = fcntl(near, F_SETFL, O_NONBLOCK)
                switch weather {
                case .cut: Glibc.close(near)
                case .silent: pairs.append(Pair(near: near, far: -1, isDead: true))
                case .clear, .slow:
                    let far = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                    var address = FreePorts.loopbackAddress(target + index)
                    let status = withUnsafePointer(to: &address) {
                        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                            connect(far, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                        }
                    }
                    guard status == 0 else {
                        Glibc.close(far)
                        Glibc.close(near)
                        continue
                    }
                    _ = fcntl(far, F_SETFL, O_NONBLOCK)
                    pairs.append(Pair(near: near, far: far, isDead: false))
                }
            }
        }
    }

    private func move(from source: Int32, to sink: Int32, _ direction: Direction, _ now: UInt64, _ delay: UInt64) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while !direction.hasEnded, direction.byteCount < 4 << 20 {
            let got = recv(source, &buffer, buffer.count, 0)
            guard got > 0 else {
                if got == 0 || errno != EAGAIN && errno != EINTR { direction.hasEnded = true }
                break
            }
            direction.chunks.append((now + delay, Array(buffer[0..<got])))
            direction.byteCount += got
        }
        while let first = direction.chunks.first, first.due <= now {
            let sent = Glibc.send(sink, first.bytes, first.bytes.count, Int32(MSG_NOSIGNAL))
            guard sent > 0 else {
                if errno != EAGAIN && errno != EINTR {
                    direction.hasEnded = true
                    direction.chunks = []
                }
                return
            }
            direction.byteCount -= sent
            if sent == first.bytes.count {
                direction.chunks.removeFirst()
            } else {
                direction.chunks[0].bytes = Array(first.bytes[sent...])
            }
        }
    }

    private func close(_ pair: Pair) {
        Glibc.close(pair.near)
        if pair.far >= 0 { Glibc.close(pair.far) }
    }

    private static func milliseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
    }
}
