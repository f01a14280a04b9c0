internal import Foundation
internal import Glibc

/// Where events are sent, as `webhooks.json` in the coordinator's directory has it:
///
///     {"webhooks": [
///       {"url": "https://studio.example/lathe", "secret": "at least 16 characters", "events": ["job.done", "alarm"]}
///     ]}
package struct Webhook: Sendable, Equatable {
    /// `https`, or `http` to this machine; `http` to others only with `"plain-http": true`.
    package let url: String
    package let secret: String
    /// All of them where the file names none.
    package let events: Set<WebhookEvent.Kind>

    package static let countLimit = 32
    static let fileByteLimit = 1 << 20

    /// - Throws: `WebhookListError` without a line.
    package init(
        url: String, secret: String, events: Set<WebhookEvent.Kind> = Set(WebhookEvent.Kind.allCases),
        allowsPlainHTTP: Bool = false
    ) throws(WebhookListError) {
        if let reason = Self.fault(ofURL: url, allowsPlainHTTP: allowsPlainHTTP) ?? Self.fault(ofSecret: secret) {
            throw WebhookListError(line: nil, reason: reason)
        }
        self.url = url
        self.secret = secret
        self.events = events
    }

    /// The webhooks of a file; none where there is no file.
    ///
    /// The file holds secrets: it must belong to this user (or root), and nobody else may read it.
    /// - Throws: `WebhookListError` with the line and the remedy.
    package static func list(atPath path: String) throws(WebhookListError) -> [Webhook] {
        guard let bytes = try privateFile(atPath: path) else { return [] }
        do throws(PlacedJSON.Fault) {
            return try list(PlacedJSON.read(bytes))
        } catch {
            throw WebhookListError(line: error.line, reason: error.message)
        }
    }

    // MARK: The file

    private static func privateFile(atPath path: String) throws(WebhookListError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        if descriptor < 0, errno == ENOENT { return nil }
        guard descriptor >= 0 else {
            throw WebhookListError(line: nil, reason: "cannot be read: \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw WebhookListError(line: nil, reason: "is not a file")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw WebhookListError(line: nil, reason: "can be read by others, and holds secrets: chmod 600 it")
        }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw WebhookListError(line: nil, reason: "belongs to another user: chown it to the coordinator's")
        }
        guard status.st_size <= fileByteLimit else {
            throw WebhookListError(line: nil, reason: "is longer than 1 MiB")
        }
        do {
            return try Array(handle.read(upToCount: fileByteLimit) ?? Data())
        } catch {
            throw WebhookListError(line: nil, reason: "cannot be read: \(error)")
        }
    }

    private static func list(_ json: PlacedJSON) throws(PlacedJSON.Fault) -> [Webhook] {
        guard case .object(let members, _) = json else {
            throw PlacedJSON.Fault(line: json.line, message: "the file must be {\"webhooks\": [...]}")
        }
        var webhooks: [Webhook] = []
        for member in members {
            guard member.name == "webhooks" else { throw unknown(member) }
            guard case .array(let elements, _) = member.value, elements.count <= countLimit else {
                throw PlacedJSON.Fault(
                    line: member.line, message: "\"webhooks\" must be an array of at most \(countLimit)")
            }
            for element in elements {
                let webhook = try Webhook(element)
                guard !webhooks.contains(where: { $0.url == webhook.url }) else {
                    throw PlacedJSON.Fault(line: element.line, message: "this url is there already")
                }
                webhooks.append(webhook)
            }
        }
        return webhooks
    }

    private init(_ json: PlacedJSON) throws(PlacedJSON.Fault) {
        guard case .object(let members, let line) = json else {
            throw PlacedJSON.Fault(line: json.line, message: "a webhook must be {\"url\": ..., \"secret\": ...}")
        }
        var texts: [String: (text: String, line: Int)] = [:]
        var events = Set(WebhookEvent.Kind.allCases)
        var allowsPlainHTTP = false
        for member in members {
            switch (member.name, member.value) {
            case ("url", .string(let text, let line)), ("secret", .string(let text, let line)):
                texts[member.name] = (text, line)
            case ("url", _), ("secret", _):
                throw PlacedJSON.Fault(line: member.line, message: "\"\(member.name)\" must be a text")
            case ("events", let value): events = try Self.events(value)
            case ("plain-http", .word("true", _)): allowsPlainHTTP = true
            case ("plain-http", .word("false", _)): allowsPlainHTTP = false
            case ("plain-http", _):
                throw PlacedJSON.Fault(line: member.line, message: "\"plain-http\" must be true or false")
            default: throw Self.unknown(member)
            }
        }
        guard let url = texts["url"] else { throw PlacedJSON.Fault(line: line, message: "\"url\" is missing") }
        guard let secret = texts["secret"] else { throw PlacedJSON.Fault(line: line, message: "\"secret\" is missing") }
        if let reason = Self.fault(ofURL: url.text, allowsPlainHTTP: allowsPlainHTTP) {
            throw PlacedJSON.Fault(line: url.line, message: reason)
        }
        if let reason = Self.fault(ofSecret: secret.text) {
            throw PlacedJSON.Fault(line: secret.line, message: reason)
        }
        (self.url, self.secret, self.events) = (url.text, secret.text, events)
    }

    private static func events(_ json: PlacedJSON) throws(PlacedJSON.Fault) -> Set<WebhookEvent.Kind> {
        let known = WebhookEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
        guard case .array(let elements, _) = json, !elements.isEmpty else {
            throw PlacedJSON.Fault(line: json.line, message: "\"events\" must be an array of some of \(known)")
        }
        var events: Set<WebhookEvent.Kind> = []
        for element in elements {
            guard case .string(let text, _) = element, let kind = WebhookEvent.Kind(rawValue: text) else {
                throw PlacedJSON.Fault(line: element.line, message: "an event must be one of \(known)")
            }
            events.insert(kind)
        }
        return events
    }

    private static func unknown(_ member: PlacedJSON.Member) -> PlacedJSON.Fault {
        PlacedJSON.Fault(line: member.line, message: "\"\(member.name.prefix(40))\" is not known here")
    }

    // MARK: Rules

    private static func fault(ofURL text: String, allowsPlainHTTP: Bool) -> String? {
        guard text.utf8.count <= 2_048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let parts = URLComponents(string: text), URL(string: text) != nil,
            let scheme = parts.scheme?.lowercased(), let host = parts.host, !host.isEmpty
        else { return "the url must be like https://host/path, in ASCII" }
        guard parts.user == nil, parts.password == nil else {
            return "the url must not hold a password: the signature shows who sends"
        }
        guard parts.fragment == nil else { return "the url must not have a #" }
        switch scheme {
        case "https": return nil
        case "http" where allowsPlainHTTP || MonitoringAnswers.isLoopback(host: host) || host == "::1": return nil
        case "http":
            return "http is readable on the way: use https, or say \"plain-http\": true if the network is yours"
        default: return "the url must begin with https:// or http://"
        }
    }

    private static func fault(ofSecret secret: String) -> String? {
        (16...256).contains(secret.utf8.count) ? nil : "the secret must have 16 to 256 characters"
    }
}

/// What is wrong with `webhooks.json`: `webhooks.json:7: the secret must have 16 to 256 characters`.
package struct WebhookListError: Error, Equatable, CustomStringConvertible {
    package let line: Int?
    package let reason: String

    package var description: String {
        line.map { "webhooks.json:\($0): \(reason)" } ?? "webhooks.json \(reason)"
    }
}
