import Foundation

/// A place in a worker's life at which the crash tests end it, as `kill -9` would.
///
/// `afterResult`: rendered and said, COMMIT not heard. `afterSend`: right after the result went out. `midSegment`:
/// while a segment is rendered.
package enum CrashPoint: String, Sendable, Codable {
    case midSegment = "mid-segment"
    case afterResult = "after-result"
    case afterSend = "after-send"

    /// Kills this process if its configuration says so.
    func reached(_ configuration: WorkerConfiguration, unless isSpared: Bool = false) {
        guard !isSpared, configuration.crashPoints.contains(self) else { return }
        kill(getpid(), SIGKILL)
    }
}
