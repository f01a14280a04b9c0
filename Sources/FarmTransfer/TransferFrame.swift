internal import Quantities

/// The three messages of the data socket.
///
/// A header of fixed size, little-endian; the bytes of DATA are a frame of their own, so that they are copied once.
///
///     0  magic "LTD1"        4  version   5  kind   6  reason or kind of name   7  zero
///     8  number              16 offset    24 count (GET) or the blob's size (DATA)
///     32 name: 32 bytes (GET only)
package enum TransferFrame: Hashable, Sendable {
    case get(number: UInt64, BlobName, offset: Int, count: Int)
    /// The bytes follow in the next frame.
    case data(number: UInt64, offset: Int, blobByteCount: Int)
    case none(number: UInt64, Unavailability)

    static let version: UInt8 = 1
    /// Of a range, in bytes: what one frame may hold.
    package static let rangeByteCount = 1 << 20
    private static let magic: UInt32 = 0x3144_544c

    private enum Kind: UInt8 {
        case get = 1
        case data = 2
        case none = 3

        var byteCount: Int {
            switch self {
            case .get: 64
            case .data: 32
            case .none: 16
            }
        }
    }

    /// Reads a header. Sizes, offsets and counts beyond the limits are refused, so that sums of them do not overflow.
    ///
    /// - Throws: `MalformedFrame` for anything that no peer of ours can have sent.
    package init(_ bytes: [UInt8]) throws(MalformedFrame) {
        guard bytes.count >= 16, bytes.count <= 64 else { throw MalformedFrame("a header of \(bytes.count) bytes") }
        let fields = Fields(bytes)
        guard UInt32(truncatingIfNeeded: fields.word(0)) == Self.magic else { throw MalformedFrame("no header") }
        guard bytes[4] == Self.version else { throw MalformedFrame("version \(bytes[4])") }
        guard let kind = Kind(rawValue: bytes[5]), bytes[7] == 0 else { throw MalformedFrame("kind \(bytes[5])") }
        guard bytes.count == kind.byteCount else { throw MalformedFrame("a header of \(bytes.count) bytes") }
        let number = fields.word(8)
        switch kind {
        case .get:
            let offset = try fields.size(16, limit: TransferLimits.blobByteCount)
            let count = try fields.size(24, limit: Self.rangeByteCount)
            guard count > 0 else { throw MalformedFrame("a range of no bytes") }
            self = .get(number: number, try fields.name(kind: bytes[6]), offset: offset, count: count)
        case .data:
            guard bytes[6] == 0 else { throw MalformedFrame("a reason with data") }
            let offset = try fields.size(16, limit: TransferLimits.blobByteCount)
            self = .data(
                number: number, offset: offset,
                blobByteCount: try fields.size(24, limit: TransferLimits.blobByteCount))
        case .none:
            guard let reason = Unavailability(rawValue: bytes[6]) else { throw MalformedFrame("reason \(bytes[6])") }
            self = .none(number: number, reason)
        }
    }

    /// The header.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func put(_ value: UInt64) { withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) } }
        func start(_ kind: Kind, _ detail: UInt8, _ number: UInt64) {
            bytes.reserveCapacity(kind.byteCount)
            withUnsafeBytes(of: Self.magic.littleEndian) { bytes.append(contentsOf: $0) }
            bytes += [Self.version, kind.rawValue, detail, 0]
            put(number)
        }
        switch self {
        case .get(let number, let name, let offset, let count):
            let (kind, words) = name.words
            start(.get, kind, number)
            put(UInt64(offset))
            put(UInt64(count))
            for index in 0..<4 { put(words[index]) }
        case .data(let number, let offset, let blobByteCount):
            start(.data, 0, number)
            put(UInt64(offset))
            put(UInt64(blobByteCount))
        case .none(let number, let reason):
            start(.none, reason.rawValue, number)
        }
        return bytes
    }
}

/// What a message held that no peer of ours can have sent.
package struct MalformedFrame: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

private struct Fields {
    let bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    func word(_ offset: Int) -> UInt64 {
        bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }

    func size(_ offset: Int, limit: Int) throws(MalformedFrame) -> Int {
        let value = word(offset)
        guard value <= UInt64(limit) else { throw MalformedFrame("\(value) is over the limit of \(limit)") }
        return Int(value)
    }

    func name(kind: UInt8) throws(MalformedFrame) -> BlobName {
        let words = SIMD4(word(32), word(40), word(48), word(56))
        switch kind {
        case 1:
            guard words[2] == 0, words[3] == 0 else { throw MalformedFrame("a name with something behind") }
            return .part(Digest(high: words[0], low: words[1]))
        case 2: return .source(ContentHash(words: words))
        case 3:
            guard words[2] == 0, words[3] == 0, words[1] <= UInt64(UInt32.max) else {
                throw MalformedFrame("a name with something behind")
            }
            return .deliverable(job: words[0], file: Int(words[1]))
        default: throw MalformedFrame("a name of kind \(kind)")
        }
    }
}

extension BlobName {
    fileprivate var words: (kind: UInt8, SIMD4<UInt64>) {
        switch self {
        case .part(let digest): (1, SIMD4(digest.high, digest.low, 0, 0))
        case .source(let hash): (2, hash.words)
        case .deliverable(let job, let file): (3, SIMD4(job, UInt64(file), 0, 0))
        }
    }
}
