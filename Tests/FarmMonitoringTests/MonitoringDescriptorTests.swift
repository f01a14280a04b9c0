import FarmMonitoring
import Foundation
import Glibc
import Testing

/// What happens to file descriptors: in a process of their own, as the others would disturb the count.
@Suite struct MonitoringDescriptorTests {
    static func openCount() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    static func startedServer() throws -> MonitoringServer {
        guard let endpoint = MonitoringEndpoint("127.0.0.1:0") else { throw CancellationError() }
        let server = try MonitoringServer(endpoint, sources: FarmState().sources)
        try server.start()
        return server
    }

    static let request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test func `nothing stays open after many clients, polite and rude`() async {
        await #expect(processExitsWith: .success) {
            let server = try Self.startedServer()
            let port = server.port ?? 0
            _ = try await RawClient.exchange(port: port, Self.request)
            let before = Self.openCount()
            for i in 0..<300 {
                let client = try RawClient(port: port)
                switch i % 3 {
                case 0:
                    client.write(Array(Self.request.utf8))
                    _ = await client.readToEnd()
                case 1: client.write(Array(Self.request.utf8.prefix(i % 40)))
                default: client.write(Array(Self.request.utf8))
                }
            }
            for _ in 0..<500 where Self.openCount() > before { try await Task.sleep(for: .milliseconds(10)) }
            precondition(Self.openCount() <= before, "\(Self.openCount()) open, \(before) before")
            await server.stop()
            precondition(Self.openCount() < before, "the listening socket is still open")
        }
    }

    @Test func `a process without descriptors serves again when there are some`() async {
        await #expect(processExitsWith: .success) {
            var limit = rlimit(rlim_cur: 128, rlim_max: 128)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let server = try Self.startedServer()
            let client = try RawClient(port: server.port ?? 0)
            _ = try await RawClient.exchange(port: server.port ?? 0, Self.request)
            var hoard: [Int32] = []
            while true {
                let descriptor = open("/dev/null", O_RDONLY)
                guard descriptor >= 0 else { break }
                hoard.append(descriptor)
            }
            close(hoard.removeLast())
            let late = try RawClient(port: server.port ?? 0)
            late.write(Array(Self.request.utf8))
            try await Task.sleep(for: .milliseconds(300))
            for descriptor in hoard { close(descriptor) }
            let answer = await late.readToEnd()
            precondition(answer?.hasPrefix("HTTP/1.1 200 ") == true, "\(answer ?? "nothing")")
            _ = client
            await server.stop()
        }
    }
}
