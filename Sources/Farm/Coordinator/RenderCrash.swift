import Foundation
import Synchronization

/// A place in a render's own life at which the crash tests end it, as `kill -9` would:
/// `LATHE_TEST_CRASH_RENDER=commit:7` ends it the seventh time it gets to `commit`. Unset in production.
package enum RenderCrash: String, Sendable {
    /// A COMMIT went out; the ledger is not synced.
    case commit
    /// A window lies in a file that has no final name yet.
    case window
    /// A deliverable got its final name, and nothing else happened since.
    case publish
    /// Every deliverable has its name; render.json is not written.
    case report
    /// The record of a revision is on the disk; it has no number yet.
    case revision

    private static let plan: (place: RenderCrash, count: Int)? = {
        guard let text = ProcessInfo.processInfo.environment["LATHE_TEST_CRASH_RENDER"] else { return nil }
        let words = text.split(separator: ":")
        guard words.count == 2, let place = RenderCrash(rawValue: String(words[0])), let count = Int(words[1])
        else { return nil }
        return (place, count)
    }()
    private static let count = Atomic<Int>(0)

    /// Kills this process if this is the place and the time.
    package func reached() {
        guard let plan = Self.plan, plan.place == self else { return }
        if Self.count.add(1, ordering: .relaxed).newValue == plan.count { kill(getpid(), SIGKILL) }
    }
}
