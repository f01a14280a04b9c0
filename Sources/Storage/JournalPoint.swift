internal import Glibc
internal import Synchronization

/// A moment between two steps of what a coordinator writes down for good: its ledger, its table of jobs.
///
/// `LATHE_TEST_KILL_AT=N` ends the process there, as `kill -9` would, the N-th time that any of them is reached. Unset
/// in production.
package enum JournalPoint {
    private static let last: Int? = getenv("LATHE_TEST_KILL_AT").flatMap { Int(String(cString: $0)) }
    private static let count = Atomic<Int>(0)

    /// Kills this process if it is the time.
    package static func reached() {
        guard let last else { return }
        if count.add(1, ordering: .relaxed).newValue == last { kill(getpid(), SIGKILL) }
    }
}
