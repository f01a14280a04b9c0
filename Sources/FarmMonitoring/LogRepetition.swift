internal import Logging

/// Which warnings and errors repeat too often to be written: the first 20 of a minute are, the rest are counted.
///
/// Messages are constants, and what differs is metadata: a hostile client makes one message many times, not many.
struct LogRepetition {
    static let admittedCount = 20
    static let windowSeconds = 60.0
    /// Further messages share one count: memory is bounded even where a message is not constant.
    static let messageLimit = 500

    /// So many more of a message in its minute.
    struct Summary: Equatable {
        var level: Logger.Level
        var label: String
        var message: String
        var count: Int
    }

    private struct Window {
        var start: Double
        var admitted = 0
        var summary: Summary
    }

    private struct Key: Hashable {
        var level: Logger.Level
        var label: String
        var message: String
    }

    private var windows: [Key: Window] = [:]
    private var nextEnd = Double.infinity
    private var latestStart = -Double.infinity

    /// Counts a record; true when it is to be written.
    mutating func admits(_ level: Logger.Level, _ label: String, _ message: String, at now: Double) -> Bool {
        var key = Key(level: level, label: label, message: message)
        if windows[key] == nil, windows.count >= Self.messageLimit {
            key = Key(level: .warning, label: "lathe.log", message: "other messages")
        }
        var window =
            windows[key]
            ?? Window(start: now, summary: Summary(level: key.level, label: key.label, message: key.message, count: 0))
        window.admitted += 1
        let isAdmitted = window.admitted <= Self.admittedCount
        if !isAdmitted { window.summary.count += 1 }
        windows[key] = window
        nextEnd = min(nextEnd, window.start + Self.windowSeconds)
        latestStart = max(latestStart, window.start)
        return isAdmitted
    }

    /// Forgets the minutes that are over; those with something left out are answered, in the order they began.
    mutating func takeExpired(at now: Double) -> [Summary] {
        // A clock set back ends all minutes: they would last for hours otherwise.
        let isBack = latestStart > now
        guard isBack || now >= nextEnd else { return [] }
        let over = windows.filter { isBack || now >= $0.value.start + Self.windowSeconds }
        for key in over.keys { windows[key] = nil }
        nextEnd = windows.values.map { $0.start + Self.windowSeconds }.min() ?? .infinity
        if isBack { latestStart = now }
        return Self.summaries(Array(over.values))
    }

    mutating func takeAll() -> [Summary] {
        defer { (windows, nextEnd) = ([:], .infinity) }
        return Self.summaries(Array(windows.values))
    }

    private static func summaries(_ windows: [Window]) -> [Summary] {
        windows.filter { $0.summary.count > 0 }
            .sorted { ($0.start, $0.summary.message) < ($1.start, $1.summary.message) }
            .map(\.summary)
    }
}
