internal import Foundation

/// What a webhook is told of.
package struct WebhookEvent: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable, CaseIterable {
        case jobDone = "job.done"
        case jobIncomplete = "job.incomplete"
        case jobFailed = "job.failed"
        case jobCancelled = "job.cancelled"
        /// Something that somebody has to look at.
        case alarm
    }

    package var event: Kind
    /// 32 hexadecimal digits: the same in every try, so that a receiver can leave out what it had already.
    package var id: String
    /// When it happened, since 1970.
    package var atSeconds: Double
    package var job: JobStatus?
    /// What is wrong, in a sentence.
    package var alarm: String?

    /// A body is no longer than this: what a job says of its songs and files gives way first.
    package static let bodyByteLimit = 256 * 1024

    package init(
        event: Kind, id: String = WebhookEvent.freshID(), atSeconds: Double, job: JobStatus? = nil, alarm: String? = nil
    ) {
        self.event = event
        self.id = id
        self.atSeconds = atSeconds
        self.job = job
        self.alarm = alarm
    }

    /// The end of a job; nil while it is not over.
    package static func end(of job: JobStatus, atSeconds: Double) -> WebhookEvent? {
        let kind: Kind
        switch job.state {
        case .done: kind = .jobDone
        case .incomplete: kind = .jobIncomplete
        case .failed: kind = .jobFailed
        case .cancelled: kind = .jobCancelled
        case .uploading, .preparing, .rendering, .paused: return nil
        }
        return WebhookEvent(event: kind, atSeconds: atSeconds, job: job)
    }

    /// 128 random bits in hexadecimal digits.
    package static func freshID() -> String {
        var generator = SystemRandomNumberGenerator()
        let words = [generator.next(), generator.next()] as [UInt64]
        return words.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// The JSON that is sent: keys sorted, UTF-8, at most `bodyByteLimit`.
    package func body() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        var event = self
        event.alarm = alarm.map { String($0.prefix(2_000)) }
        let whole = try Array(encoder.encode(event))
        if whole.count <= Self.bodyByteLimit { return whole }
        event.job?.songs = []
        event.job?.files = []
        event.job?.failures = (job?.failures ?? []).prefix(20).map { String($0.prefix(500)) }
        for path in [\JobStatus.album, \.owner, \.stage, \.id] as [WritableKeyPath<JobStatus, String>] {
            event.job.map { event.job?[keyPath: path] = String($0[keyPath: path].prefix(500)) }
        }
        return try Array(encoder.encode(event))
    }
}
