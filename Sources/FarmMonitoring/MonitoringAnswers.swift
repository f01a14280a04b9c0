internal import FlyingFox
internal import Foundation

/// What the monitoring server says to a request.
struct MonitoringAnswers: Sendable {
    let sources: MonitoringServer.Sources
    /// Only requests for a loopback host are answered: what a name made up by a web page points to is not one.
    let demandsLoopbackHost: Bool

    func answer(to request: HTTPRequest) -> Answer {
        if demandsLoopbackHost, let host = request.headers.values(for: .host).first, !Self.isLoopback(host: host) {
            return .text(.misdirectedRequest, "this server answers for localhost, 127.0.0.1 and [::1] only")
        }
        let path = request.target.path()
        guard let make = answers[path] else {
            return .text(.notFound, "there are /metrics, /healthz, /readyz and /status.json")
        }
        guard ["GET", "HEAD"].contains(request.method.rawValue) else {
            var answer = Answer.text(.methodNotAllowed, "GET or HEAD")
            answer.allow = "GET, HEAD"
            return answer
        }
        return make()
    }

    private var answers: [String: () -> Answer] {
        ["/metrics": metrics, "/healthz": health, "/readyz": readiness, "/status.json": status]
    }

    private func metrics() -> Answer {
        Answer(.ok, MetricsText.contentType, Array(MetricsText.document(sources.status()).utf8))
    }

    private func health() -> Answer {
        if let stuck { .text(.serviceUnavailable, stuck) } else { .text(.ok, "ok") }
    }

    private func readiness() -> Answer {
        let reasons = ([stuck].compactMap { $0 } + sources.notReady()).map(MetricsText.labelText)
        return reasons.isEmpty
            ? .text(.ok, "ready") : .text(.serviceUnavailable, reasons.joined(separator: "\n"))
    }

    private func status() -> Answer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        do {
            let body = try encoder.encode(sources.status())
            return Answer(.ok, "application/json", Array(body) + [10])
        } catch {
            return .text(.internalServerError, "the status could not be written as JSON")
        }
    }

    /// Nil while the coordinator's loop turns.
    private var stuck: String? {
        let seconds = sources.secondsSinceTurn()
        guard !(seconds <= MonitoringServer.turnLimitSeconds) else { return nil }
        let words = seconds.isFinite && seconds < 1e9 ? "\(Int(seconds)) s" : "unknown time"
        return "the coordinator's loop has not turned for \(words)"
    }

    /// `localhost`, `127.0.0.1` and `[::1]`, with or without a port.
    static func isLoopback(host: String) -> Bool {
        var name = host.lowercased()
        if let colon = name.lastIndex(of: ":"), name[name.index(after: colon)...].allSatisfy(\.isNumber) {
            name = String(name[..<colon])
        }
        if name == "localhost" || name == "[::1]" { return true }
        return MonitoringEndpoint(name + ":0").map { !$0.isVersion6 && $0.isLoopback } ?? false
    }

    /// A response whose body is known.
    struct Answer: Sendable {
        var status: HTTPStatusCode
        var contentType: String
        var body: [UInt8]
        var allow: String?

        init(_ status: HTTPStatusCode, _ contentType: String, _ body: [UInt8]) {
            self.status = status
            self.contentType = contentType
            self.body = body
        }

        static func text(_ status: HTTPStatusCode, _ text: String) -> Answer {
            Answer(status, "text/plain; charset=utf-8", Array((text + "\n").utf8))
        }

        /// The bytes to send. A HEAD request gets the same head and no body (RFC 9110, 9.3.2).
        func encoded(atSeconds seconds: Double, isHeadOnly: Bool) -> [UInt8] {
            var lines = [
                "HTTP/1.1 \(status.code) \(status.phrase)", "Date: \(CivilTime(seconds).httpDate)",
                "Content-Type: \(contentType)", "Content-Length: \(body.count)", "Cache-Control: no-store",
                "X-Content-Type-Options: nosniff", "Connection: close",
            ]
            if let allow { lines.append("Allow: \(allow)") }
            let head = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
            return isHeadOnly ? head : head + body
        }
    }
}
