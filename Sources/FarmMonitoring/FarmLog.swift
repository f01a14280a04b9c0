internal import Foundation
internal import Glibc
package import Logging
internal import Synchronization

/// The log of a daemon: one line for each record, to standard error.
package enum FarmLog {
    package enum Format: String, Sendable {
        /// `2026-11-21T17:20:00.123Z notice message key=value`
        case text
        /// One JSON object a line.
        case json
    }

    private static let standardError = LogSink(format: .text, clock: { Date().timeIntervalSince1970 }) { line in
        LogSink.write(line, to: STDERR_FILENO)
    }
    private static let json = LogSink(format: .json, clock: { Date().timeIntervalSince1970 }) { line in
        LogSink.write(line, to: STDERR_FILENO)
    }
    private static let isJSON = Atomic(false)

    /// Makes every `Logger` of this process write to standard error. Once in a process.
    ///
    /// - Parameters:
    ///   - level: what is written when `LATHE_LOG` says nothing.
    ///   - environment: `LATHE_LOG` is a level (trace, debug, info, notice, warning, error, critical), and
    ///     `LATHE_LOG_FORMAT` is `text` or `json`. What is neither is warned of, and the default taken.
    package static func bootstrap(
        level: Logger.Level = .notice, environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        let wantedLevel = environment["LATHE_LOG"].map { ($0, Logger.Level(rawValue: $0.lowercased())) }
        let wantedFormat = environment["LATHE_LOG_FORMAT"].map { ($0, Format(rawValue: $0.lowercased())) }
        let format = wantedFormat?.1 ?? .text
        isJSON.store(format == .json, ordering: .relaxed)
        let sink = format == .json ? json : standardError
        let chosen = wantedLevel?.1 ?? level
        LoggingSystem.bootstrap { label in FarmLogHandler(label: label, level: chosen, sink: sink) }
        let logger = Logger(label: "lathe.log")
        if case (let text, nil)? = wantedLevel {
            logger.warning("LATHE_LOG is no level", metadata: ["value": "\(text)", "taken": "\(chosen)"])
        }
        if case (let text, nil)? = wantedFormat {
            logger.warning("LATHE_LOG_FORMAT is neither text nor json", metadata: ["value": "\(text)"])
        }
    }

    /// Writes how often repeated messages were left out: at the end of a process, and now and then.
    package static func flush() { (isJSON.load(ordering: .relaxed) ? json : standardError).flush(all: true) }
}

/// What swift-log calls for each record. A value: each logger has its own metadata and level, and shares the sink.
package struct FarmLogHandler: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    package var logLevel: Logger.Level
    private let label: String
    private let sink: LogSink

    package init(label: String, level: Logger.Level, sink: LogSink) {
        self.label = label
        self.sink = sink
        logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// One line of the event with all metadata: the logger's, the provider's and its own, the latter first in rank.
    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(error)" }
        sink.record(level: event.level, label: label, message: event.message.description, metadata: all)
    }
}

/// Makes lines of records and writes each at once; leaves out what repeats too often. Any thread may call it.
package final class LogSink: Sendable {
    private let format: FarmLog.Format
    private let clock: @Sendable () -> Double
    private let write: @Sendable (String) -> Void
    private let state = Mutex(LogRepetition())

    /// - Parameters:
    ///   - format: text or JSON lines.
    ///   - clock: seconds since 1970.
    ///   - write: takes a line with its line feed; called by one thread at a time.
    package init(
        format: FarmLog.Format, clock: @escaping @Sendable () -> Double, write: @escaping @Sendable (String) -> Void
    ) {
        self.format = format
        self.clock = clock
        self.write = write
    }

    func record(level: Logger.Level, label: String, message: String, metadata: Logger.Metadata) {
        let now = clock()
        let line = self.line(now, level, label, message, metadata)
        let isLimited = level == .warning || level == .error
        state.withLock { state in
            summarize(state.takeExpired(at: now), at: now)
            if !isLimited || state.admits(level, label, message, at: now) { write(line) }
        }
    }

    /// Writes the summaries that are due, or all of them.
    package func flush(all: Bool = false) {
        let now = clock()
        state.withLock { summarize(all ? $0.takeAll() : $0.takeExpired(at: now), at: now) }
    }

    private func summarize(_ summaries: [LogRepetition.Summary], at now: Double) {
        for summary in summaries {
            let more: Logger.Metadata = ["more": "\(summary.count)"]
            write(line(now, summary.level, summary.label, summary.message, more))
        }
    }

    private func line(
        _ now: Double, _ level: Logger.Level, _ label: String, _ message: String, _ metadata: Logger.Metadata
    ) -> String {
        let time = CivilTime(now).timestamp
        return switch format {
        case .text: LogText.line(time: time, level: level.rawValue, message: message, metadata: metadata)
        case .json: LogText.json(time: time, level: level.rawValue, label: label, message: message, metadata: metadata)
        }
    }

    /// One call of the system for each line, so that lines of several processes do not mix.
    static func write(_ line: String, to descriptor: Int32) {
        var line = line
        line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                // A log that cannot be written must not stop the farm.
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
    }
}
