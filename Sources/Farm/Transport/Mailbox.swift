import Foundation
import Synchronization
package import ZeroMQ

/// A queue that one thread reads and any thread writes; the reader is woken through a descriptor it can poll.
package final class Mailbox<Element: Sendable>: Sendable {
    package let wakeUp: WakeUp
    private let items = Mutex<[Element]>([])

    /// - Parameter wakeUp: shared where one reader has several mailboxes.
    package init(wakeUp: WakeUp) { self.wakeUp = wakeUp }

    /// From any thread.
    package func post(_ element: Element) {
        items.withLock { $0.append(element) }
        wakeUp.signal()
    }

    /// Everything posted so far, in order.
    package func takeAll() -> [Element] {
        items.withLock { items in
            defer { items = [] }
            return items
        }
    }
}

/// A queue whose reader waits on it.
final class BlockingQueue<Element: Sendable>: Sendable {
    private let items = Mutex<[Element]>([])
    private let available = DispatchSemaphore(value: 0)

    func post(_ element: Element) {
        items.withLock { $0.append(element) }
        available.signal()
    }

    /// Waits for the next element.
    func take() -> Element {
        while true {
            available.wait()
            if let element = items.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return element }
        }
    }
}

/// A value that is only touched under its lock, whatever it is made of.
package final class Locked<Value>: @unchecked Sendable {
    // SAFETY: `value` is reached through `withLock` alone, one thread at a time.
    private var value: Value
    private let lock = NSLock()

    package init(_ value: Value) { self.value = value }

    /// The one way to the value.
    package func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}

/// Milliseconds of the monotonic clock: the farm's ticks.
package func monotonicMilliseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1000 + UInt64(time.tv_nsec) / 1_000_000
}

/// Starts a thread with room for deep stacks; it lives as long as `body` runs.
package func startThread(named name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread(block: body)
    thread.name = name
    thread.stackSize = 8 << 20
    thread.start()
}
