import Quantities
import RenderPlan
import Storage

/// What a frame held that no peer of ours can have sent. It is counted, logged and dropped.
package struct WireError: Error, CustomStringConvertible, Equatable {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// Appends little-endian integers: the raw payload of messages (digests and places, too many for JSON).
struct WireWriter {
    private(set) var bytes: [UInt8] = []

    mutating func put(_ value: UInt64) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ value: Int) { put(UInt64(bitPattern: Int64(value))) }

    mutating func put(_ digest: Digest) {
        put(digest.high)
        put(digest.low)
    }

    mutating func put(_ part: Part) {
        put(part.digest)
        put(part.byteCount)
    }

    mutating func put(_ result: TaskResult) {
        put(result.outputs.count)
        for parts in result.outputs {
            put(parts.count)
            for part in parts { put(part) }
        }
        put(result.snapshot == nil ? 0 : 1)
        if let snapshot = result.snapshot { put(snapshot) }
    }

    mutating func put(_ locations: Locations) {
        put(locations.count)
        // In the digests' order: a dictionary's own changes with the process.
        for (digest, range) in locations.sorted(by: { $0.key < $1.key }) {
            put(digest)
            put(range.pack.rawValue)
            put(range.offset)
            put(range.byteCount)
        }
    }
}

/// Reads what `WireWriter` wrote; every count is checked against its limit before anything is made of it.
struct WireReader {
    /// Of a part.
    static let partByteCount = 1 << 32
    /// Of a pack.
    static let packByteCount = 1 << 48

    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func word() throws -> UInt64 {
        guard offset + 8 <= bytes.count else { throw WireError("payload ends early") }
        defer { offset += 8 }
        return bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }

    mutating func count(limit: Int, _ what: String) throws -> Int {
        let value = try word()
        guard value <= UInt64(limit) else { throw WireError("\(what): \(value) is over the limit of \(limit)") }
        // No element takes less than eight bytes, so a count that the bytes cannot hold is a lie.
        guard Int(value) <= (bytes.count - offset) / 8 else { throw WireError("\(what): more than the payload holds") }
        return Int(value)
    }

    /// A size or an offset. The limits are far above what is real and low enough that sums of sizes do not overflow.
    mutating func size(limit: Int, _ what: String) throws -> Int {
        guard let value = Int(exactly: try word()), value <= limit else { throw WireError("\(what) is not a size") }
        return value
    }

    mutating func digest() throws -> Digest { Digest(high: try word(), low: try word()) }

    mutating func part() throws -> Part {
        Part(digest: try digest(), byteCount: try size(limit: Self.partByteCount, "a part's size"))
    }
}
