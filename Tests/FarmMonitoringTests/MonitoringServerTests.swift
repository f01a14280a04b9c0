import FarmMonitoring
import Foundation
import FoundationNetworking
import Synchronization
import TestSupport
import Testing

/// What the tests change while a server runs.
final class FarmState: Sendable {
    let notReady = Mutex<[String]>([])
    let idleSeconds = Mutex(0.5)

    var sources: MonitoringServer.Sources {
        MonitoringServer.Sources(
            status: { StatusFixture.farm() }, notReady: { self.notReady.withLock { $0 } },
            secondsSinceTurn: { self.idleSeconds.withLock { $0 } })
    }
}

@Suite struct MonitoringServerTests {
    private func withServer(
        _ state: FarmState = FarmState(), limits: MonitoringServer.Limits = .init(),
        _ body: (UInt16) async throws -> Void
    ) async throws {
        let server = try MonitoringServer(
            #require(MonitoringEndpoint("127.0.0.1:0")), sources: state.sources, limits: limits)
        try server.start()
        let result: Result<Void, any Error>
        do { result = .success(try await body(#require(server.port))) } catch { result = .failure(error) }
        await server.stop()
        try result.get()
    }

    private func get(_ port: UInt16, _ path: String, method: String = "GET") async throws -> (
        HTTPURLResponse, Data
    ) {
        var request = URLRequest(url: try #require(URL(string: "http://127.0.0.1:\(port)\(path)")))
        request.httpMethod = method
        let (data, response) = try await URLSession.shared.data(for: request)
        return (try #require(response as? HTTPURLResponse), data)
    }

    @Test func `each path has its type and its content`() async throws {
        try await withServer { port in
            let (metrics, text) = try await get(port, "/metrics?name=x")
            #expect(metrics.statusCode == 200)
            #expect(metrics.value(forHTTPHeaderField: "Content-Type") == MetricsText.contentType)
            #expect(String(decoding: text, as: UTF8.self) == MetricsText.document(StatusFixture.farm()))
            let (status, json) = try await get(port, "/status.json")
            #expect(status.value(forHTTPHeaderField: "Content-Type") == "application/json")
            #expect(status.value(forHTTPHeaderField: "Cache-Control") == "no-store")
            #expect(try JSONDecoder().decode(FarmStatus.self, from: json) == StatusFixture.farm())
            for (path, word) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
                let (response, body) = try await get(port, path)
                #expect(response.statusCode == 200)
                #expect(response.value(forHTTPHeaderField: "Content-Type") == "text/plain; charset=utf-8")
                #expect(String(decoding: body, as: UTF8.self) == word)
            }
        }
    }

    @Test func `health follows the loop, readiness has reasons`() async throws {
        let state = FarmState()
        try await withServer(state) { port in
            state.notReady.withLock { $0 = ["the store is full: 10 GB of 10 GB", "the ledger\nis read-only"] }
            let (ready, reasons) = try await get(port, "/readyz")
            #expect(ready.statusCode == 503)
            #expect(
                String(decoding: reasons, as: UTF8.self)
                    == "the store is full: 10 GB of 10 GB\nthe ledger?is read-only\n")
            #expect(try await get(port, "/healthz").0.statusCode == 200)
            state.idleSeconds.withLock { $0 = 5.5 }
            let (health, words) = try await get(port, "/healthz")
            #expect(health.statusCode == 503)
            #expect(String(decoding: words, as: UTF8.self) == "the coordinator's loop has not turned for 5 s\n")
            state.notReady.withLock { $0 = [] }
            #expect(try await get(port, "/readyz").0.statusCode == 503)
            for seconds in [Double.nan, .infinity, 1e300] {
                state.idleSeconds.withLock { $0 = seconds }
                #expect(try await get(port, "/healthz").0.statusCode == 503)
            }
            state.idleSeconds.withLock { $0 = 5 }
            #expect(try await get(port, "/healthz").0.statusCode == 200)
        }
    }

    @Test func `HEAD is GET without the body`() async throws {
        try await withServer { port in
            let whole = try #require(
                try await RawClient.exchange(port: port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            let head = try #require(
                try await RawClient.exchange(port: port, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            func withoutDate(_ text: String) -> [Substring] {
                text.split(separator: "\r\n").filter { !$0.hasPrefix("Date:") }
            }
            #expect(head.hasSuffix("\r\n\r\n"))
            #expect(withoutDate(whole).dropLast() == withoutDate(head)[...])
            #expect(whole.hasSuffix("# EOF\n"))
        }
    }

    static let requests: [(String, String, Int)] = [
        ("unknown path", "GET /secrets HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        ("path with dots", "GET /x/../metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        ("POST", "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", 405),
        ("unknown method", "BREW /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        ("small letters", "get /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        ("a body", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", 413),
        ("a chunked body", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        ("HTTP/1.0", "GET /healthz HTTP/1.0\r\n\r\n", 200),
        ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("HTTP/3", "GET / HTTP/3\r\nHost: localhost\r\n\r\n", 505),
        ("no host", "GET /metrics HTTP/1.1\r\n\r\n", 400),
        ("two hosts", "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        ("a name made up", "GET /status.json HTTP/1.1\r\nHost: evil.example:7780\r\n\r\n", 421),
        ("a name that looks local", "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n", 421),
        ("IPv6 host", "GET /healthz HTTP/1.1\r\nHost: [::1]:7780\r\n\r\n", 200),
        ("blank before colon", "GET /metrics HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
        ("folded field", "GET /metrics HTTP/1.1\r\nHost: localhost\r\n x\r\n\r\n", 400),
        ("bare line feed", "GET /metrics HTTP/1.1\nHost: localhost\r\n\r\n", 400),
        ("bare carriage return", "GET /metrics HTTP/1.1\r\nHost: local\rhost\r\n\r\n", 400),
        ("no version", "GET /metrics\r\n\r\n", 400),
        ("four words", "GET /metrics HTTP/1.1 x\r\nHost: localhost\r\n\r\n", 400),
        ("absolute", "GET http://localhost/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("only an end", "\r\n\r\n", 400),
        ("control character", "GET /\u{1} HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("TLS", "\u{16}\u{3}\u{1}\u{2}", 400),
        ("long line", "GET /" + String(repeating: "a", count: 9_000), 431),
        ("long field", "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 2_000_000), 431),
        ("many fields", "GET / HTTP/1.1\r\n" + String(repeating: "X: a\r\n", count: 65) + "\r\n", 431),
    ]

    @Test(arguments: requests.map(\.0)) func `a strange request gets its status`(name: String) async throws {
        let (_, request, status) = try #require(Self.requests.first { $0.0 == name })
        try await withServer { port in
            let answer = try #require(try await RawClient.exchange(port: port, request))
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer.prefix(60))")
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.contains("\r\nAllow: GET, HEAD\r\n") == (status == 405))
            #expect(try await get(port, "/healthz").0.statusCode == 200, "it serves on")
        }
    }

    @Test func `two hundred readers at once all get the whole document`() async throws {
        try await withServer { port in
            let expected = MetricsText.document(StatusFixture.farm())
            let right = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
                        let answer = (try? await RawClient.exchange(port: port, request)) ?? nil
                        return answer?.hasSuffix("\r\n\r\n" + expected) ?? false
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(right == 200)
        }
    }

    @Test func `a client that sends a byte now and then is dropped, and others are served meanwhile`() async throws {
        var limits = MonitoringServer.Limits()
        limits.connectionSeconds = 1.5
        try await withServer(limits: limits) { port in
            let slow = try RawClient(port: port)
            let request = Array("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Padding: ".utf8)
            var sentCount = 0
            for byte in request {
                guard slow.write([byte]) else { break }
                sentCount += 1
                if sentCount % 4 == 0 { #expect(try await get(port, "/healthz").0.statusCode == 200) }
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(sentCount < request.count, "it was never dropped")
            #expect(await slow.readToEnd() == "")
        }
    }

    @Test func `connections beyond the limit are closed, and room comes back`() async throws {
        var limits = MonitoringServer.Limits()
        limits.connectionCount = 2
        limits.connectionSeconds = 1
        try await withServer(limits: limits) { port in
            let first = try RawClient(port: port)
            let second = try RawClient(port: port)
            first.write([UInt8(ascii: "G")])
            second.write([UInt8(ascii: "G")])
            #expect(try await RawClient(port: port).readToEnd() == "")
            #expect(await first.readToEnd() == "")
            #expect(await second.readToEnd() == "")
            #expect(try await get(port, "/healthz").0.statusCode == 200)
        }
    }

    @Test func `a port in use is told with the remedy, and is free after the stop`() async throws {
        let sources = FarmState().sources
        let first = try MonitoringServer(#require(MonitoringEndpoint("127.0.0.1:0")), sources: sources)
        try first.start()
        let port = try #require(first.port)
        let same = try #require(MonitoringEndpoint("127.0.0.1:\(port)"))
        let second = try MonitoringServer(same, sources: sources)
        let error = try #require(throws: MonitoringError.self) { try second.start() }
        #expect(error.code == .portInUse)
        #expect(
            error.description
                == "127.0.0.1:\(port) is in use already: stop what listens there, or choose another port for monitoring"
        )
        let open = try RawClient(port: port)
        open.write([UInt8(ascii: "G")])
        await first.stop()
        #expect(await open.readToEnd() == "")
        #expect(throws: (any Error).self) { _ = try RawClient(port: port) }
        let third = try MonitoringServer(same, sources: sources)
        try third.start()
        #expect(try await get(port, "/healthz").0.statusCode == 200)
        await third.stop()
        await third.stop()
    }

    @Test func `IPv6 loopback is served where the machine has it`() async throws {
        let server = try MonitoringServer(#require(MonitoringEndpoint("[::1]:0")), sources: FarmState().sources)
        let start = Result { try server.start() }
        if case .failure(let error as MonitoringError) = start, error.code == .addressNotOfThisMachine { return }
        try start.get()
        #expect(server.port != nil)
        await server.stop()
    }

    @Test func `an address that others reach wants an explicit word`() throws {
        let sources = FarmState().sources
        for text in ["0.0.0.0:7780", "192.168.1.9:7780", "[::]:7780", "[fe80::1]:7780", "[::ffff:10.0.0.1]:1"] {
            let endpoint = try #require(MonitoringEndpoint(text))
            #expect(endpoint.description == text)
            let error = #expect(throws: MonitoringError.self) { try MonitoringServer(endpoint, sources: sources) }
            #expect(error?.code == .notAllowed)
            _ = try MonitoringServer(endpoint, sources: sources, allowsRemote: true)
        }
        for text in ["127.0.0.1:0", "127.8.9.1:65535", "[::1]:80", "[0:0:0:0:0:0:0:1]:80"] {
            #expect(MonitoringEndpoint(text)?.isLoopback == true, "\(text)")
        }
    }

    @Test(arguments: [
        "", ":", "7780", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1", "localhost:80",
        "127.1:80", "::1:80", "[::1]", "[::1:80", "[127.0.0.1]:80", "tcp://127.0.0.1:80", " 127.0.0.1:80",
        "[fe80::1%lo]:1",
    ])
    func `an address that is not one is refused`(text: String) { #expect(MonitoringEndpoint(text) == nil) }
}
