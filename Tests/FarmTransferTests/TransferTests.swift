import FarmTransfer
import Foundation
import Hashing
import Quantities
import TestSupport
import Testing
import ZeroMQ

@Suite("Transfer over sockets", .serialized)
struct TransferTests {
    /// Blobs of mixed sizes, about `total` bytes together.
    static func mixed(_ seed: UInt64, total: Int) -> [[UInt8]] {
        var numbers = Numbers(seed)
        var blobs: [[UInt8]] = [[]]
        var rest = total
        while rest > 0 {
            let largest = [1_000, 64 << 10, 512 << 10, 524_288, 3 << 20].randomElement(using: &numbers)!
            let count = min(rest, Int.random(in: 1...largest, using: &numbers))
            blobs.append(numbers.bytes(count))
            rest -= count
        }
        return blobs
    }

    @Test(arguments: ["tcp", "ipc"])
    func `200 MB of mixed parts cross in both directions at once, equal and within the window`(
        kind: String
    ) async throws {
        let directory = try TemporaryDirectory("transfer")
        let endpoint = kind == "tcp" ? "tcp://127.0.0.1:*" : "ipc://\(directory.path)/data"
        let total = 100 << 20
        let up = Self.mixed(1, total: total)
        let down = Self.mixed(2, total: total)
        let bench = try HubBench(endpoint, source: MemorySource(down))
        let link = try bench.link("w1", source: MemorySource(up))
        let peer = bench.peer("w1")
        let failures = await withTaskGroup(of: Int.self) { group in
            for blob in up {
                group.addTask {
                    let name = BlobName.part(Digest.of(blob))
                    let sink = MemorySink(name)
                    let result = await bench.hub.fetch(name, byteCount: blob.count, from: [peer], into: sink)
                    return result.error == nil && sink.state.bytes == blob ? 0 : 1
                }
            }
            for blob in down {
                group.addTask {
                    let name = BlobName.part(Digest.of(blob))
                    let sink = MemorySink(name)
                    let result = await link.fetch(name, byteCount: blob.count, into: sink)
                    return result.error == nil && sink.state.bytes == blob ? 0 : 1
                }
            }
            return await group.reduce(0, +)
        }
        #expect(failures == 0)
        link.stop()
        bench.hub.stop()
        for counters in [link.counters, bench.hub.counters] {
            #expect(counters.peakOutstandingByteCount <= 8 << 20)
            #expect(counters.receivedByteCount == total)
            #expect(counters.malformedCount == 0)
            #expect(counters.unaskedCount == 0)
        }
    }
}
