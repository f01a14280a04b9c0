internal import CZeroMQ
internal import Glibc

/// Waits for sockets and file descriptors at once, on one thread.
///
/// Readiness is by level: what was not taken is reported again by the next wait.
package struct Poller {
    /// What to wait for, or what has come.
    package struct Events: OptionSet, Sendable, Hashable {
        package let rawValue: Int16
        package init(rawValue: Int16) { self.rawValue = rawValue }
        /// There is something to receive or read.
        package static let readable = Events(rawValue: Int16(ZMQ_POLLIN))
        /// There is room to send or write.
        package static let writable = Events(rawValue: Int16(ZMQ_POLLOUT))
        /// The descriptor failed or was hung up. Always reported for descriptors, never for sockets.
        package static let failed = Events(rawValue: Int16(ZMQ_POLLERR))
    }

    /// Names one registration.
    package struct Registration: Hashable, Sendable {
        fileprivate let number: Int
    }

    private var items: [zmq_pollitem_t] = []
    private var numbers: [Int] = []
    private var sockets: [Socket?] = []
    private var nextNumber = 0

    package init() {}

    /// Adds a socket, which is kept open while it is registered.
    package mutating func add(_ socket: Socket, for events: Events = .readable) -> Registration {
        add(zmq_pollitem_t(socket: socket.handle, fd: -1, events: events.rawValue, revents: 0), socket)
    }

    /// Adds a file descriptor. It must stay open until it is removed.
    package mutating func add(descriptor: CInt, for events: Events = .readable) -> Registration {
        precondition(descriptor >= 0, "a closed descriptor cannot be polled")
        return add(zmq_pollitem_t(socket: nil, fd: descriptor, events: events.rawValue, revents: 0), nil)
    }

    /// Changes what is waited for; the empty set pauses the registration.
    package mutating func change(_ registration: Registration, to events: Events) {
        items[index(of: registration)].events = events.rawValue
    }

    /// Ends a registration.
    package mutating func remove(_ registration: Registration) {
        let index = index(of: registration)
        items.remove(at: index)
        numbers.remove(at: index)
        sockets.remove(at: index)
    }

    /// Waits until something is ready or the time is over, and returns what is ready in the order of
    /// registration.
    ///
    /// A signal does not end the wait. A negative time waits for ever.
    ///
    /// - Throws: `contextTerminated`, or `failed` for a descriptor that was closed.
    package mutating func wait(
        timeoutMilliseconds: Int
    ) throws(ZeroMQError) -> [(registration: Registration, events: Events)] {
        for socket in sockets { socket?.claim() }
        let deadline = timeoutMilliseconds < 0 ? nil : monotonicMilliseconds() + timeoutMilliseconds
        while true {
            let remaining = deadline.map { max(0, $0 - monotonicMilliseconds()) } ?? -1
            let count = zmq_poll(&items, CInt(items.count), remaining)
            if count >= 0 { break }
            let code = zmq_errno()
            if code == EINTR { continue }
            precondition(code != EFAULT, "zmq_poll: invalid items")
            throw ZeroMQError(systemError: code, operation: "zmq_poll")
        }
        return zip(numbers, items).compactMap { number, item in
            item.revents == 0 ? nil : (Registration(number: number), Events(rawValue: item.revents))
        }
    }

    private mutating func add(_ item: zmq_pollitem_t, _ socket: Socket?) -> Registration {
        items.append(item)
        sockets.append(socket)
        numbers.append(nextNumber)
        nextNumber += 1
        return Registration(number: nextNumber - 1)
    }

    private func index(of registration: Registration) -> Int {
        guard let index = numbers.firstIndex(of: registration.number) else {
            preconditionFailure("the registration was removed")
        }
        return index
    }
}

/// Milliseconds on the clock that nobody sets.
private func monotonicMilliseconds() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
}
