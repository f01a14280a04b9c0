internal import CZeroMQ
internal import Glibc

/// Lets any thread wake a thread that waits in a `Poller`.
///
/// The waiting thread registers `descriptor` and calls `drain` when it is readable, **before** it looks at
/// whatever the other threads left for it; then no signal is lost. Signals between two drains count once.
package final class WakeUp: Sendable {
    /// For `Poller.add(descriptor:)`; open as long as this object.
    package let descriptor: CInt

    /// - Throws: `tooManyDescriptors`.
    package init() throws(ZeroMQError) {
        descriptor = lathe_eventfd_new()
        if descriptor < 0 { throw ZeroMQError(systemError: errno, operation: "eventfd") }
    }

    deinit { close(descriptor) }

    /// Wakes the waiting thread. Never blocks; safe on every thread and in a signal handler.
    package func signal() {
        var one: UInt64 = 1
        // EAGAIN means that 2^64 - 2 signals wait: it is readable all the same.
        while write(descriptor, &one, 8) < 0 && errno == EINTR {}
    }

    /// Forgets the signals so far.
    ///
    /// - Returns: whether there were any.
    @discardableResult
    package func drain() -> Bool {
        var count: UInt64 = 0
        var result = read(descriptor, &count, 8)
        while result < 0 && errno == EINTR { result = read(descriptor, &count, 8) }
        return result == 8
    }
}
