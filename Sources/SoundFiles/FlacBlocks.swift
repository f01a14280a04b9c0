import Quantities

/// The encoded blocks of a FLAC file (RFC 9639, section 9, calls them frames), of one length but for the last.
///
/// No block needs another to be decoded, nor, with the encoder's settings here, to be encoded: what sets the blocks of
/// a song apart from those of its second half alone is the number in each header, and the checksums over it. So a
/// song may be encoded in stretches, by anybody in any order, and be put together to the bytes of one encoder
/// (docs/decisions/0031-flac-in-stretches.md).
package enum FlacBlocks {
    /// The frames of audio in every block but a file's last.
    package static let frameCount = 4_096
    /// The encoder's effort. At 1 and 4 libFLAC keeps its choice of channels over several blocks, at 0 to 2 it makes
    /// shorter ones: a stretch would not be what one encoder makes.
    static let level = 5
    /// More than any block of one or two channels of up to 24 bits has, stored as it is.
    private static let largestByteCount = 32_768

    struct Block {
        /// Where it begins in the bytes that were scanned.
        var offset: Int
        var byteCount: Int
        var header: Header
    }

    struct Header {
        /// The block's place in the file.
        var number: Int
        /// The frames of audio in the block.
        var frameCount: Int
        /// Bytes of the number.
        var numberByteCount: Int
        /// All bytes, the checksum included.
        var byteCount: Int
    }

    /// The blocks that follow each other in `bytes`, with the checksums of each seen to hold.
    ///
    /// - Parameters:
    ///   - first: The number of the first block.
    ///   - name: What error messages call the file.
    /// - Throws: `.verificationFailed` where the bytes are anything else than whole blocks in order.
    static func scan(
        _ bytes: UnsafeRawBufferPointer, first: Int, name: String
    ) throws(SoundFileError) -> [Block] {
        var blocks: [Block] = []
        var offset = 0
        while offset < bytes.count {
            let number = first + blocks.count
            guard let header = header(bytes, at: offset), header.number == number,
                let end = end(of: number, bytes, from: offset, headerByteCount: header.byteCount)
            else { throw .wrongBlocks(name, "does not go on with block \(number)") }
            guard blocks.last.map({ $0.header.frameCount == frameCount }) ?? true, header.frameCount <= frameCount
            else {
                throw .wrongBlocks(name, "has a block of another length than \(frameCount) frames")
            }
            blocks.append(Block(offset: offset, byteCount: end - offset, header: header))
            offset = end
        }
        return blocks
    }

    /// The blocks with their numbers raised so that the first has `first`, one after the other.
    static func renumbered(_ blocks: [Block], of bytes: UnsafeRawBufferPointer, first: Int) -> [[UInt8]] {
        var renumbered: [[UInt8]] = []
        for (place, block) in blocks.enumerated() {
            let old = UnsafeRawBufferPointer(rebasing: bytes[block.offset..<block.offset + block.byteCount])
            var new: [UInt8] = []
            new.reserveCapacity(block.byteCount + 8)
            new += old[..<4]
            new += coded(first + place)
            // What stands behind the number: the block's own length and rate, where the codes say so.
            new += old[4 + block.header.numberByteCount..<block.header.byteCount - 1]
            new.append(new.withUnsafeBytes { Checksums.eight($0) })
            new += old[block.header.byteCount..<block.byteCount - 2]
            let sum = new.withUnsafeBytes { Checksums.sixteen($0) }
            new += [UInt8(sum >> 8), UInt8(sum & 0xFF)]
            renumbered.append(new)
        }
        return renumbered
    }

    // MARK: - Headers (RFC 9639, section 9.1)

    private static func header(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Header? {
        // Sync code, a bit that is 0, and a bit that says that all blocks have one length.
        guard offset + 6 <= bytes.count, bytes[offset] == 0xFF, bytes[offset + 1] == 0xF8,
            let (number, numberByteCount) = number(bytes, at: offset + 4)
        else { return nil }
        let sizeCode = bytes[offset + 2] >> 4
        let rateCode = bytes[offset + 2] & 0xF
        var next = offset + 4 + numberByteCount
        func field(_ count: Int) -> Int? {
            guard next + count <= bytes.count else { return nil }
            defer { next += count }
            return bytes[next..<next + count].reduce(0) { $0 << 8 | Int($1) }
        }
        let frameCount: Int
        switch sizeCode {
        case 1: frameCount = 192
        case 2...5: frameCount = 576 << Int(sizeCode - 2)
        case 6, 7:
            guard let last = field(Int(sizeCode) - 5) else { return nil }
            frameCount = last + 1
        case 8...15: frameCount = 256 << Int(sizeCode - 8)
        default: return nil
        }
        switch rateCode {
        case 12: guard field(1) != nil else { return nil }
        case 13, 14: guard field(2) != nil else { return nil }
        case 15: return nil
        default: break
        }
        guard next < bytes.count,
            Checksums.eight(UnsafeRawBufferPointer(rebasing: bytes[offset..<next])) == bytes[next]
        else { return nil }
        return Header(
            number: number, frameCount: frameCount, numberByteCount: numberByteCount, byteCount: next + 1 - offset)
    }

    /// Where a block ends: at the next one's header or with the bytes, where its checksum holds.
    private static func end(
        of number: Int, _ bytes: UnsafeRawBufferPointer, from offset: Int, headerByteCount: Int
    ) -> Int? {
        // Over a block with its checksum behind it the sum is 0. It goes on from candidate to candidate.
        var sum: UInt16 = 0
        var summed = offset
        func isWhole(_ end: Int) -> Bool {
            sum = Checksums.sixteen(UnsafeRawBufferPointer(rebasing: bytes[summed..<end]), from: sum)
            summed = end
            return sum == 0
        }
        let last = min(bytes.count, offset + largestByteCount)
        var end = offset + headerByteCount + 2
        while end + 6 <= last {
            if bytes[end] == 0xFF, bytes[end + 1] == 0xF8, let next = header(bytes, at: end), next.number == number + 1,
                isWhole(end)
            {
                return end
            }
            end += 1
        }
        return last == bytes.count && last >= offset + headerByteCount + 2 && isWhole(last) ? last : nil
    }

    /// A number of up to 31 bits, coded as UTF-8 codes characters (section 9.1.5).
    private static func number(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (Int, byteCount: Int)? {
        let first = bytes[offset]
        let count = (~first).leadingZeroBitCount
        guard count > 0 else { return (Int(first), 1) }
        guard (2...6).contains(count), offset + count <= bytes.count else { return nil }
        var number = Int(first & (0x7F >> UInt8(count)))
        for byte in bytes[offset + 1..<offset + count] {
            guard byte & 0xC0 == 0x80 else { return nil }
            number = number << 6 | Int(byte & 0x3F)
        }
        return (number, count)
    }

    private static func coded(_ number: Int) -> [UInt8] {
        precondition(number >= 0 && number < 1 << 31, "more blocks than a FLAC file holds")
        guard number >= 0x80 else { return [UInt8(number)] }
        var count = 2
        while number >= 1 << (5 * count + 1) { count += 1 }
        let lead = UInt8(truncatingIfNeeded: 0xFF00 >> count) | UInt8(number >> (6 * (count - 1)))
        return [lead] + (0..<count - 1).reversed().map { UInt8(0x80 | number >> (6 * $0) & 0x3F) }
    }
}

extension SoundFileError {
    /// Blocks of a FLAC file that are not those that belong there.
    static func wrongBlocks(_ name: String, _ reason: String) -> SoundFileError {
        SoundFileError(
            .verificationFailed, name, "\(reason): memory or the codec is at fault. Render it again.")
    }
}

/// The two cyclic redundancy checks of a block (RFC 9639, sections 9.1.8 and 9.3).
enum Checksums {
    /// Polynomial x^8 + x^2 + x + 1, from 0.
    static func eight(_ bytes: UnsafeRawBufferPointer) -> UInt8 {
        var sum: UInt8 = 0
        for byte in bytes { sum = eights[Int(sum ^ byte)] }
        return sum
    }

    /// Polynomial x^16 + x^15 + x^2 + 1; eight bytes at a time.
    static func sixteen(_ bytes: UnsafeRawBufferPointer, from before: UInt16 = 0) -> UInt16 {
        sixteens.withUnsafeBufferPointer { table in
            var sum = before
            var offset = 0
            while offset + 8 <= bytes.count {
                let word = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
                let mixed = word ^ UInt64(sum) << 48
                var next: UInt16 = 0
                for place in 0..<8 {
                    next ^= table[place << 8 | Int(mixed >> UInt64(8 * place) & 0xFF)]
                }
                sum = next
                offset += 8
            }
            while offset < bytes.count {
                sum = sum << 8 ^ table[Int(sum >> 8) ^ Int(bytes[offset])]
                offset += 1
            }
            return sum
        }
    }

    private static let eights: [UInt8] = (0..<256).map { byte in
        (0..<8).reduce(UInt8(byte)) { sum, _ in sum & 0x80 == 0 ? sum << 1 : sum << 1 ^ 0x07 }
    }

    /// At `place << 8 | byte` what a byte becomes when `place` bytes of zeros follow it.
    private static let sixteens: [UInt16] = {
        var table = (0..<256).map { byte in
            (0..<8).reduce(UInt16(byte) << 8) { sum, _ in sum & 0x8000 == 0 ? sum << 1 : sum << 1 ^ 0x8005 }
        }
        for place in 1..<8 {
            for byte in 0..<256 {
                let before = table[(place - 1) << 8 | byte]
                table.append(before << 8 ^ table[Int(before >> 8)])
            }
        }
        return table
    }()
}
