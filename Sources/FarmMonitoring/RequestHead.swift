internal import FlyingFox

/// What the reader of request heads says of bytes, in a word: for whoever tries it with hostile ones.
package enum RequestHeadVerdict {
    /// "incomplete", "refused 400", or "request" with its path.
    package static func of(_ bytes: [UInt8]) -> String {
        switch RequestHead.read(bytes, limits: MonitoringServer.Limits()) {
        case .incomplete: "incomplete"
        case .refused(let status): "refused \(status.code)"
        case .request(let request): "request \(request.path)"
        }
    }
}

/// Reads the head of an HTTP/1 request (RFC 9112, 2 to 5), strictly and within limits. Requests have no body here.
enum RequestHead {
    enum Verdict {
        /// Nothing wrong so far, and not yet all.
        case incomplete
        case request(HTTPRequest)
        case refused(HTTPStatusCode)
    }

    /// - Parameters:
    ///   - bytes: all that came so far.
    ///   - limits: of the head.
    static func read(_ bytes: [UInt8], limits: MonitoringServer.Limits) -> Verdict {
        guard let end = endOfHead(bytes.prefix(limits.headByteCount)) else {
            // TLS and other protocols show in their first bytes: no need to wait for their end.
            if !bytes.allSatisfy(isTextByte) { return .refused(.badRequest) }
            return bytes.count < limits.headByteCount ? .incomplete : .refused(.requestHeaderFieldsTooLarge)
        }
        let head = bytes[..<end]
        guard head.allSatisfy(isTextByte), var lines = lines(head) else { return .refused(.badRequest) }
        let first = lines.removeFirst()
        guard lines.count <= limits.fieldCount else { return .refused(.requestHeaderFieldsTooLarge) }
        let words = first.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map(text)
        guard words.count == 3, isToken(words[0]), words[0].utf8.count <= 16, words[1].hasPrefix("/") else {
            return .refused(.badRequest)
        }
        guard words[2] == "HTTP/1.1" || words[2] == "HTTP/1.0" else {
            return .refused(words[2].hasPrefix("HTTP/") ? .httpVersionNotSupported : .badRequest)
        }
        var headers = HTTPHeaders()
        for line in lines {
            guard let (name, value) = field(line) else { return .refused(.badRequest) }
            headers.addValue(value, for: HTTPHeader(name))
        }
        let hosts = headers.values(for: .host)
        guard hosts.count == 1 || hosts.isEmpty && words[2] == "HTTP/1.0" else { return .refused(.badRequest) }
        let lengths = headers.values(for: .contentLength)
        guard lengths.allSatisfy({ $0 == "0" }), headers.values(for: .transferEncoding).isEmpty else {
            return .refused(.payloadTooLarge)
        }
        let parts = words[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = HTTPRequest(
            method: HTTPMethod(rawValue: words[0]), version: HTTPVersion(words[2]),
            target: HTTPRequest.Target(path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : ""),
            headers: headers, body: HTTPBodySequence())
        // A second slash (what follows would be a host) or a broken escape leaves nothing of the path.
        return request.path.hasPrefix("/") ? .request(request) : .refused(.badRequest)
    }

    /// Where the empty line after the fields begins.
    private static func endOfHead(_ bytes: ArraySlice<UInt8>) -> Int? {
        let mark = Array("\r\n\r\n".utf8)
        guard bytes.count >= mark.count else { return nil }
        return (bytes.startIndex...bytes.endIndex - mark.count).first { at in
            bytes[at] == mark[0] && bytes[at..<at + mark.count].elementsEqual(mark)
        }
    }

    /// The lines between CR LF pairs; nil where CR or LF stands alone (request smuggling begins there).
    private static func lines(_ head: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        var lines: [ArraySlice<UInt8>] = []
        for (index, part) in head.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            let isLast = part.endIndex == head.endIndex
            guard isLast || part.last == 13 else { return nil }
            let line = isLast ? part : part.dropLast()
            guard !line.contains(13), !line.isEmpty else { return nil }
            precondition(lines.count == index, "each part is one line")
            lines.append(line)
        }
        return lines
    }

    /// `name: value`, without blanks at the value's ends.
    private static func field(_ line: ArraySlice<UInt8>) -> (name: String, value: String)? {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let name = text(line[..<colon])
        guard isToken(name) else { return nil }
        let isBlank: (UInt8) -> Bool = { $0 == 32 || $0 == 9 }
        var value = line[line.index(after: colon)...].drop(while: isBlank)
        while let last = value.last, isBlank(last) { value.removeLast() }
        return (name, text(value))
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
    }

    /// Printable ASCII, blank, tab, CR and LF.
    private static func isTextByte(_ byte: UInt8) -> Bool {
        (0x20...0x7e).contains(byte) || byte == 9 || byte == 10 || byte == 13
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
