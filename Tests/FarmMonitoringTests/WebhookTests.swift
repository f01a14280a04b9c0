import FarmMonitoring
import Foundation
import Logging
import TestSupport
import Testing

@Suite struct WebhookSignatureTests {
    private func bytes(_ hexadecimal: String) -> [UInt8] {
        var result: [UInt8] = []
        var digits = hexadecimal[...]
        while !digits.isEmpty {
            result.append(UInt8(digits.prefix(2), radix: 16) ?? 0)
            digits = digits.dropFirst(2)
        }
        return result
    }

    // RFC 4231, 4.2 to 4.4, 4.7.
    @Test(arguments: [
        (
            String(repeating: "0b", count: 20), "4869205468657265",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            String(repeating: "aa", count: 131),
            "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d2048617368204b6579204669727374",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
    ])
    func `the code is that of the standard's examples`(key: String, message: String, code: String) {
        #expect(WebhookSignature.code(secret: bytes(key), message: bytes(message)) == bytes(code))
    }

    @Test func `a signature holds for its body, secret and time only`() {
        let (secret, body) = ("a secret of the studio", Array("{\"event\":\"job.done\"}".utf8))
        let header = WebhookSignature.header(secret: secret, body: body, atSeconds: 1_795_281_600)
        // Computed with Python's hmac.
        #expect(header == "t=1795281600,v1=dcdb2a2202e2a40bfef4276c08ac355453bc33f28301d15c174c1533387863c0")
        func isValid(_ header: String, secret: String = secret, body: [UInt8] = body, now: Int = 1_795_281_600) -> Bool
        {
            WebhookSignature.isValid(header: header, secret: secret, body: body, nowSeconds: now)
        }
        #expect(isValid(header))
        #expect(isValid(header, now: 1_795_281_900))
        #expect(!isValid(header, now: 1_795_281_901))
        #expect(!isValid(header, now: 1_795_281_299))
        #expect(!isValid(header, secret: "a secret of the studi0"))
        #expect(!isValid(header, body: body + [10]))
        #expect(!isValid(header.replacingOccurrences(of: "1795281600", with: "1795281601")))
        for broken in [
            "", "t=,v1=", "v1=" + header, header + ",v1=00", String(header.dropLast()), header + "0",
            header.uppercased(),
            "t=99999999999999999999,v1=00", "t=-5,v1=00",
        ] { #expect(!isValid(broken), "\(broken)") }
    }
}

@Suite struct WebhookListTests {
    private func list(_ text: String, mode: Int = 0o600) throws -> [Webhook] {
        let folder = try TemporaryDirectory("webhooks")
        let path = try folder.write("webhooks.json", text)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return try Webhook.list(atPath: path)
    }

    @Test func `a file names receivers, secrets and events`() throws {
        let webhooks = try list(
            """
            {"webhooks": [
              {"url": "https://studio.example/lathe?x=1", "secret": "0123456789abcdef"},
              {"url": "http://127.0.0.1:8080/", "secret": "\\u00fc bung 0123456789", "events": ["alarm", "job.failed"]},
              {"url": "http://nas.local/hook", "secret": "0123456789abcdef", "plain-http": true}
            ]}
            """)
        #expect(
            webhooks.map(\.url) == [
                "https://studio.example/lathe?x=1", "http://127.0.0.1:8080/", "http://nas.local/hook",
            ])
        #expect(webhooks[0].events == Set(WebhookEvent.Kind.allCases))
        #expect(webhooks[1].events == [.alarm, .jobFailed])
        #expect(webhooks[1].secret == "ü bung 0123456789")
        #expect(try Webhook.list(atPath: "/nonexistent/webhooks.json") == [])
    }

    @Test(arguments: [0o644, 0o640, 0o604, 0o660]) func `a file that others can read is refused`(mode: Int) {
        let error = #expect(throws: WebhookListError.self) { try list("{\"webhooks\": []}", mode: mode) }
        #expect(error?.description == "webhooks.json can be read by others, and holds secrets: chmod 600 it")
    }

    static let faults: [(String, String)] = [
        ("", "1: a value is missing"),
        ("{\"webhooks\": [\n]\n", "3: a comma or a } is missing"),
        ("[]", "1: the file must be {\"webhooks\": [...]}"),
        ("{\n\"hooks\": []}", "2: \"hooks\" is not known here"),
        ("{\"webhooks\": [\n{\"url\": \"https://a.example/\"}]}", "2: \"secret\" is missing"),
        (
            "{\"webhooks\": [{\n\"secret\": \"short\",\n\"url\": \"https://a.example/\"}]}",
            "2: the secret must have 16 to 256 characters"
        ),
        ("{\"webhooks\": [{\n\n\"url\": 5}]}", "3: \"url\" must be a text"),
        (
            "{\"webhooks\": [{\"secret\": \"0123456789abcdef\",\n\"url\": \"http://a.example/\"}]}",
            "2: http is readable on the way: use https, or say \"plain-http\": true if the network is yours"
        ),
        (
            "{\"webhooks\": [{\"secret\": \"0123456789abcdef\",\n\"url\": \"ftp://a.example/\"}]}",
            "2: the url must begin with https:// or http://"
        ),
        (
            "{\"webhooks\": [{\"secret\": \"0123456789abcdef\",\n\"url\": \"file:///etc/passwd\"}]}",
            "2: the url must be like https://host/path, in ASCII"
        ),
        (
            "{\"webhooks\": [{\"secret\": \"0123456789abcdef\",\n\"url\": \"https://u:p@a.example/\"}]}",
            "2: the url must not hold a password: the signature shows who sends"
        ),
        (
            "{\"webhooks\": [{\"url\": \"https://a.example/\",\n\"url\": \"https://b.example/\"}]}",
            "2: \"url\" is there twice"
        ),
        (
            "{\"webhooks\": [{\"events\":\n[\"job.exploded\"]}]}",
            "2: an event must be one of job.done, job.incomplete, job.failed, job.cancelled, alarm"
        ),
        (
            "{\"webhooks\": [{\"events\":\n[]}]}",
            "2: \"events\" must be an array of some of job.done, job.incomplete, job.failed, job.cancelled, alarm"
        ),
        (
            "{\"webhooks\": [{\"url\": \"https://a.example/\", \"secret\": \"0123456789abcdef\"},\n"
                + "{\"url\": \"https://a.example/\", \"secret\": \"0123456789abcdef\"}]}",
            "2: this url is there already"
        ),
        ("{\"webhooks\": [\"\n\"]}", "1: a line ends inside quotation marks"),
        ("{\"webhooks\": [\"\\ud800\"]}", "1: half a character after \\u"),
        ("{\"webhooks\": [01]}", "1: a value is missing"),
        (String(repeating: "[", count: 10_000), "1: nested too deeply"),
        ("{\"webhooks\": []}\nx", "2: something follows the end"),
    ]

    @Test(arguments: faults.indices) func `a fault is told with its line`(index: Int) {
        let (text, message) = Self.faults[index]
        let error = #expect(throws: WebhookListError.self) { try list(text) }
        #expect(error?.description == "webhooks.json:" + message)
    }
}

@Suite struct WebhookEventTests {
    @Test func `only the end of a job is an event`() throws {
        for state in JobStatus.State.allCases {
            let job = JobStatus(id: "a1", album: "A", owner: "o", state: state, submittedAtSeconds: 0)
            let event = WebhookEvent.end(of: job, atSeconds: 1)
            #expect((event != nil) == state.isOver)
            if let event { #expect(event.event.rawValue == "job.\(state.rawValue)") }
        }
    }

    @Test func `ids differ and have 32 digits`() {
        let ids = (0..<1_000).map { _ in WebhookEvent.freshID() }
        #expect(Set(ids).count == 1_000)
        #expect(ids.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
    }

    @Test func `a body is bounded whatever the job holds`() throws {
        var job = StatusFixture.jobs[2]
        job.files = (0..<20_000).map { .init(path: "song \($0).wav", byteCount: $0, sha256: "ab") }
        job.failures = [String(repeating: "x", count: 1_000_000)]
        job.album = String(repeating: "y", count: 1_000_000)
        let event = try #require(WebhookEvent.end(of: job, atSeconds: 2))
        let body = try event.body()
        #expect(body.count <= WebhookEvent.bodyByteLimit)
        let read = try JSONDecoder().decode(WebhookEvent.self, from: Data(body))
        #expect(read.id == event.id)
        #expect(read.job?.id == job.id)
        #expect(read.job?.state == .done)
    }

    @Test func `waits double up to ten minutes, a fifth more or less`() {
        let policy = WebhookPolicy()
        let waits = (1...12).map { policy.delaySeconds(failureCount: $0, unit: 0.5) }
        #expect(waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600])
        #expect(policy.delaySeconds(failureCount: 3, unit: 0) == 3.2)
        #expect(abs(policy.delaySeconds(failureCount: 3, unit: 1) - 4.8) < 1e-9)
        #expect(policy.delaySeconds(failureCount: .max, unit: 0.5) == 600)
    }
}
