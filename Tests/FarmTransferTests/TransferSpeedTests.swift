import FarmTransfer
import Foundation
import Hashing
import Quantities
import RenderPlan
import Storage
import TestSupport
import Testing
import ZeroMQ

/// `LATHE_BENCH_TRANSFER=1 swift test -c release --filter TransferSpeedTests`: megabytes per second over tcp loopback,
/// libzmq alone against a hub that pulls from a link. The median of five, taken in turn.
@Suite("Transfer speed", .serialized, .enabled(if: ProcessInfo.processInfo.environment["LATHE_BENCH_TRANSFER"] != nil))
struct TransferSpeedTests {
    static let totalByteCount = 256 << 20

    struct Security {
        var server = SocketOptions()
        var client = SocketOptions()
        var authenticates = false

        static func curve() throws -> Security {
            let server = try CurveKeyPair.generate()
            var security = Security(authenticates: true)
            security.server.security = .curveServer(server, domain: "lathe")
            security.client.security = .curveClient(server: server.publicKey, own: try .generate())
            return security
        }

        func authenticator(_ context: Context) throws -> Authenticator? {
            authenticates ? try Authenticator(in: context) { _ in .allow(userID: "bench") } : nil
        }
    }

    @Test(arguments: [1 << 20, 512 << 10], [false, true])
    func `a hub pulls at 70 percent of what libzmq moves`(partByteCount: Int, isEncrypted: Bool) async throws {
        let security = try isEncrypted ? Security.curve() : Security()
        var raw: [Double] = []
        var pulled: [Double] = []
        var stored: [Double] = []
        for _ in 0..<5 {
            raw.append(try await Self.raw(partByteCount, security))
            pulled.append(try await Self.pulled(partByteCount, security))
            stored.append(try await Self.stored(partByteCount, security))
        }
        let medians = [raw, pulled, stored].map { $0.sorted()[2] }
        let kind = isEncrypted ? "CURVE" : "plain"
        print(
            "transfer, \(partByteCount >> 10) KiB parts, \(kind):",
            "raw \(Int(medians[0])) MB/s, pulled \(Int(medians[1])) (\(Int(100 * medians[1] / medians[0])) %),",
            "from store to store \(Int(medians[2])) (\(Int(100 * medians[2] / medians[0])) %)")
    }

    private static func rate(_ start: Date) -> Double {
        Double(totalByteCount) / 1e6 / Date().timeIntervalSince(start)
    }

    /// A DEALER sends as fast as the ROUTER takes.
    private static func raw(_ partByteCount: Int, _ security: Security) async throws -> Double {
        let context = try Context()
        let authenticator = try security.authenticator(context)
        defer { authenticator?.stop() }
        var options = security.server
        options.receiveHighWaterMark = 16
        let router = try Socket(.router, in: context, options: options)
        let endpoint = try router.bind("tcp://127.0.0.1:*")
        let count = totalByteCount / partByteCount
        let client = security.client
        let sender = Thread {
            var options = client
            options.sendHighWaterMark = 16
            guard let socket = try? Socket(.dealer, in: Context(), options: options),
                (try? socket.connect(to: endpoint)) != nil
            else { return }
            var poller = Poller()
            _ = poller.add(socket, for: .writable)
            let part = [UInt8](repeating: 7, count: partByteCount)
            let header = [UInt8](repeating: 1, count: 32)
            var sent = 0
            while sent <= count {
                _ = try? poller.wait(timeoutMilliseconds: 1_000)
                while sent <= count, (try? socket.send(frames: [header, part])) == .sent { sent += 1 }
            }
            // Until the router has closed, or long enough.
            Thread.sleep(forTimeInterval: 1)
        }
        sender.start()
        var poller = Poller()
        _ = poller.add(router)
        var received = 0
        var start = Date()
        while received <= count {
            _ = try poller.wait(timeoutMilliseconds: 1_000)
            while try router.receive() != nil {
                // The first one says that the connection stands.
                if received == 0 { start = Date() }
                received += 1
            }
        }
        return rate(start)
    }

    /// Runs the pulls, after one that says that the connection stands.
    private static func measure(
        _ security: Security, _ source: any BlobSource, _ first: (Part, any BlobSink), _ rest: [(Part, any BlobSink)]
    ) async throws -> Double {
        let context = try Context()
        let authenticator = try security.authenticator(context)
        defer { authenticator?.stop() }
        let hub = try TransferHub(
            context: context, endpoint: "tcp://127.0.0.1:*", options: security.server, rights: { _, _ in .worker },
            source: MemorySource())
        let link = try TransferLink(
            context: Context(), endpoint: hub.endpoint, options: security.client, routingID: [1], source: source)
        let peer = TransferPeer(routingID: [1])
        _ = await hub.fetch(.part(first.0.digest), byteCount: first.0.byteCount, from: [peer], into: first.1)
        let start = Date()
        let failures = await withTaskGroup(of: Int.self) { group in
            for (part, sink) in rest {
                group.addTask {
                    let name = BlobName.part(part.digest)
                    let result = await hub.fetch(name, byteCount: part.byteCount, from: [peer], into: sink)
                    return result.error == nil ? 0 : 1
                }
            }
            return await group.reduce(0, +)
        }
        let speed = rate(start)
        #expect(failures == 0)
        link.stop()
        hub.stop()
        return speed
    }

    private static func pulled(_ partByteCount: Int, _ security: Security) async throws -> Double {
        // One array under many names: the digest is computed, and not compared.
        let source = OneBlob(bytes: [UInt8](repeating: 7, count: partByteCount))
        let parts = (0...(totalByteCount / partByteCount)).map { index in
            (Part(digest: Digest(high: 1, low: UInt64(index)), byteCount: partByteCount), DigestSink())
        }
        return try await measure(security, source, parts[0], Array(parts[1...]))
    }

    private static func stored(_ partByteCount: Int, _ security: Security) async throws -> Double {
        let directory = try TemporaryDirectory("speed")
        let from = try Store(directory: directory.path + "/from")
        let into = try Store(directory: directory.path + "/into")
        var numbers = Numbers(1)
        var bytes = numbers.bytes(partByteCount)
        let parts = try (0...(totalByteCount / partByteCount)).map { index in
            withUnsafeBytes(of: index) { for (place, byte) in $0.enumerated() { bytes[place] = byte } }
            let part = try from.store(bytes)
            return (part, PartSink(part, store: into))
        }
        return try await measure(security, StoreSource(from), parts[0], Array(parts[1...]))
    }
}

private struct OneBlob: BlobSource {
    let bytes: [UInt8]

    func read(_ name: BlobName, at offset: Int, count: Int, for peer: TransferPeer) -> BlobAnswer {
        let end = min(bytes.count, offset + count)
        return .bytes(end - offset == bytes.count ? bytes : Array(bytes[offset..<end]), blobByteCount: bytes.count)
    }
}

private final class DigestSink: BlobSink {
    func begin(byteCount: Int) throws {}
    func write(_ bytes: [UInt8], at offset: Int) throws { _ = Digest.of(bytes) }
    func finish() throws -> Bool { true }
    func abandon() {}
}
