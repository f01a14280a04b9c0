import FarmTransfer
import Quantities
import Testing

@Suite("Transfer frames")
struct TransferFrameTests {
    static let frames: [TransferFrame] = [
        .get(number: 7, .part(Digest(high: 1, low: 2)), offset: 0, count: 1),
        .get(number: .max, .source(ContentHash(words: SIMD4(1, 2, 3, 4))), offset: 1 << 40, count: 1 << 20),
        .get(number: 0, .deliverable(job: .max, file: 4_294_967_295), offset: 9, count: 512),
        .data(number: 3, offset: 1 << 20, blobByteCount: 1 << 40),
        .none(number: 4, .unknown), .none(number: 4, .unreadable), .none(number: 4, .refused), .none(number: 4, .busy),
    ]

    @Test func `every frame is read as it was written`() throws {
        for frame in Self.frames { #expect(try TransferFrame(frame.bytes) == frame) }
    }

    @Test func `whatever is read of a mutated frame is written as the same bytes, and the rest is refused`() {
        var numbers = Numbers(5)
        var readCount = 0
        for _ in 0..<200_000 {
            var bytes = Self.frames.randomElement(using: &numbers)!.bytes
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                switch Int.random(in: 0..<4, using: &numbers) {
                case 0: bytes[.random(in: bytes.indices, using: &numbers)] = .random(in: .min ... .max, using: &numbers)
                case 1:
                    let bit = UInt8.random(in: 0..<8, using: &numbers)
                    bytes[.random(in: bytes.indices, using: &numbers)] ^= 1 << bit
                case 2: bytes = Array(bytes.prefix(.random(in: 1...bytes.count, using: &numbers)))
                default: bytes += numbers.bytes(.random(in: 1...40, using: &numbers))
                }
            }
            guard let frame = try? TransferFrame(bytes) else { continue }
            readCount += 1
            #expect(frame.bytes == bytes)
        }
        #expect(readCount > 1_000 && readCount < 150_000)
    }

    @Test func `sizes beyond the limits are refused`() {
        let beyond: [TransferFrame] = [
            .get(number: 1, .part(Digest(high: 1, low: 2)), offset: (1 << 40) + 1, count: 1),
            .get(number: 1, .part(Digest(high: 1, low: 2)), offset: 0, count: (1 << 20) + 1),
            .get(number: 1, .part(Digest(high: 1, low: 2)), offset: 0, count: 0),
            .data(number: 1, offset: 0, blobByteCount: (1 << 40) + 1),
            .data(number: 1, offset: .max, blobByteCount: 0),
        ]
        for frame in beyond { #expect(throws: MalformedFrame.self) { try TransferFrame(frame.bytes) } }
        #expect(throws: MalformedFrame.self) { try TransferFrame([]) }
        #expect(throws: MalformedFrame.self) { try TransferFrame([UInt8](repeating: 0xFF, count: 64)) }
    }
}
