/// Makes damaged files consistent again, so that the damage gets past the first check.
enum ContainerRepair {
    /// Computes the checksums of all Ogg pages anew (RFC 3533, section 6), with one serial number where it is given.
    static func ogg(_ bytes: inout [UInt8], serial: UInt8? = nil) {
        var page = 0
        while page + 27 <= bytes.count {
            guard bytes[page..<page + 4].elementsEqual("OggS".utf8) else {
                page += 1
                continue
            }
            let segmentEnd = page + 27 + Int(bytes[page + 26])
            guard segmentEnd <= bytes.count else { return }
            let end = min(bytes.count, segmentEnd + bytes[page + 27..<segmentEnd].reduce(0) { $0 + Int($1) })
            if let serial { bytes.replaceSubrange(page + 14..<page + 18, with: [serial, 0, 0, 0]) }
            bytes.replaceSubrange(page + 22..<page + 26, with: [0, 0, 0, 0])
            var sum: UInt32 = 0
            for byte in bytes[page..<end] {
                sum ^= UInt32(byte) << 24
                for _ in 0..<8 { sum = sum << 1 ^ (sum >> 31 == 1 ? 0x04C1_1DB7 : 0) }
            }
            for i in 0..<4 { bytes[page + 22 + i] = UInt8(truncatingIfNeeded: sum >> UInt32(8 * i)) }
            page = end
        }
    }

    /// Computes the checksums of FLAC frame headers anew (RFC 9639, section 9.1.8).
    static func flac(_ bytes: inout [UInt8]) {
        var i = 0
        while i + 16 < bytes.count {
            defer { i += 1 }
            guard bytes[i] == 0xFF, bytes[i + 1] & 0xFE == 0xF8 else { continue }
            // A coded number of one to seven bytes, then block size and rate where the header defers them.
            let lead = (~bytes[i + 4]).leadingZeroBitCount
            var end = i + 4 + (lead == 0 ? 1 : lead)
            switch bytes[i + 2] >> 4 {
            case 6: end += 1
            case 7: end += 2
            default: break
            }
            switch bytes[i + 2] & 15 {
            case 12: end += 1
            case 13, 14: end += 2
            default: break
            }
            guard end < bytes.count else { return }
            var sum: UInt8 = 0
            for byte in bytes[i..<end] {
                sum ^= byte
                for _ in 0..<8 { sum = sum << 1 ^ (sum >> 7 == 1 ? 0x07 : 0) }
            }
            bytes[end] = sum
        }
    }
}
