/// What stands before the audio of a FLAC file (RFC 9639, section 8), an ID3v2 tag in front of it included.
struct FlacMetadata {
    struct Block {
        /// 0 is STREAMINFO, 1 PADDING, 2 APPLICATION, 3 SEEKTABLE, 4 VORBIS_COMMENT, 5 CUESHEET, 6 PICTURE.
        var type: Int
        /// Of its header of four bytes.
        var offset: Int
        var byteCount: Int
    }

    /// The bytes of the ID3v2 tags in front.
    var tagByteCount: Int
    var blocks: [Block] = []
    var audioOffset = 0
    var rate = 0
    var channelCount = 0
    var bitCount = 0
    /// Of its channel count, unless a comment names another (RFC 9639, section 8.6.2).
    var channelMask: UInt32?
    /// 0 where the stream does not state its length.
    var frameCount = 0
    /// The MD5 of the decoded samples; nil where it is all zeros, which says that it was not computed.
    var checksum: [UInt8]?

    /// - Parameter start: where the stream marker is: 0, or behind ID3v2 tags.
    init(_ stream: ByteStream, start: Int) throws(SoundFileError) {
        tagByteCount = start
        var offset = start + 4
        var isLast = false
        while !isLast {
            guard blocks.count < maximumChunkCount else {
                throw .malformed(stream.name, "has more than \(maximumChunkCount) metadata blocks")
            }
            guard let header = try stream.bytes(at: offset, count: 4) else {
                throw .malformed(stream.name, "ends within its metadata")
            }
            let block = Block(type: Int(header[0] & 0x7F), offset: offset, byteCount: Int(header.bigEndian(1, 3)))
            guard offset + 4 + block.byteCount <= stream.byteCount else {
                throw .malformed(stream.name, "ends within its metadata")
            }
            if blocks.isEmpty { try readStreamInfo(stream, block) }
            blocks.append(block)
            isLast = header[0] & 0x80 != 0
            offset += 4 + block.byteCount
        }
        audioOffset = offset
        channelMask = Self.channelMask(channelCount: channelCount)
        if let comments = blocks.first(where: { $0.type == 4 }), let named = try namedMask(stream, comments) {
            channelMask = named
        }
    }

    /// The mask in a comment `WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x60F`; nil where there is none.
    private func namedMask(_ stream: ByteStream, _ block: Block) throws(SoundFileError) -> UInt32? {
        let end = block.offset + 4 + block.byteCount
        // The encoder's name, then the number of comments: each a length and a text.
        guard let lead = try stream.bytes(at: block.offset + 4, count: 4) else { return nil }
        var offset = block.offset + 8 + Int(lead.littleEndian(0, 4)) + 4
        for _ in 0..<1_000 where offset + 4 <= end {
            guard let header = try stream.bytes(at: offset, count: 4) else { return nil }
            let byteCount = Int(header.littleEndian(0, 4))
            guard offset + 4 + byteCount <= end else { return nil }
            if (37...44).contains(byteCount), let comment = try stream.bytes(at: offset + 4, count: byteCount) {
                let fields = String(decoding: comment, as: UTF8.self).uppercased().split(separator: "=")
                if fields.count == 2, fields[0] == "WAVEFORMATEXTENSIBLE_CHANNEL_MASK", fields[1].hasPrefix("0X") {
                    return UInt32(fields[1].dropFirst(2), radix: 16)
                }
            }
            offset += 4 + byteCount
        }
        return nil
    }

    private mutating func readStreamInfo(_ stream: ByteStream, _ block: Block) throws(SoundFileError) {
        guard block.type == 0, block.byteCount == 34,
            let body = try stream.bytes(at: block.offset + 4, count: 34)
        else { throw .malformed(stream.name, "does not begin with a stream information block") }
        let packed = body.bigEndian(10, 8)
        rate = Int(packed >> 44)
        channelCount = Int(packed >> 41 & 7) + 1
        bitCount = Int(packed >> 36 & 31) + 1
        frameCount = Int(packed & 0xF_FFFF_FFFF)
        checksum = body[18...].contains { $0 != 0 } ? Array(body[18...]) : nil
    }

    /// The loudspeakers of a FLAC stream's channels (RFC 9639, section 9.1.3), as WAVE_FORMAT_EXTENSIBLE numbers them.
    static func channelMask(channelCount: Int) -> UInt32? {
        let masks: [UInt32] = [0x4, 0x3, 0x7, 0x33, 0x37, 0x3F, 0x70F, 0x63F]
        return masks.indices.contains(channelCount - 1) ? masks[channelCount - 1] : nil
    }

    /// Refuses before the library decodes: streams that it does not read, and lengths that the file cannot hold.
    func check(_ stream: ByteStream) throws(SoundFileError) {
        guard acceptedRates.contains(rate) else {
            throw .malformed(stream.name, "names \(channelCount) channels at \(rate) Hz")
        }
        guard [8, 16, 24].contains(bitCount) else {
            throw SoundFileError(
                .unsupported, stream.name,
                "holds \(bitCount)-bit samples. Save it as FLAC of 16 or 24 bits, or as WAV.")
        }
        if frameCount == 0 { throw unfinished(stream) }
        // The shortest frame has 9 bytes and at most 65,535 samples per channel (RFC 9639, section 9).
        let held = stream.byteCount - audioOffset
        guard frameCount <= (held / 9 + 1) * 65_535 else {
            throw SoundFileError(
                .truncated, stream.name,
                "is cut short: its header announces \(frameCount) frames, which \(held) bytes cannot hold. "
                    + "Copy or export it again.")
        }
    }
}

/// The ID3v2 tags that some programs write in front of a file that needs none.
enum LeadingTags {
    /// The bytes of the tags at the start of the stream; 0 where there are none.
    static func byteCount(_ stream: ByteStream) throws(SoundFileError) -> Int {
        var offset = 0
        // One is usual, two happen.
        for _ in 0..<16 {
            guard let header = try stream.bytes(at: offset, count: 10), header.holds("ID3", at: 0) else { break }
            // Four bytes of seven bits each; a footer repeats the header.
            let size = header[6...9].reduce(0) { $0 << 7 | Int($1 & 0x7F) }
            offset += 10 + size + (header[5] & 0x10 != 0 ? 10 : 0)
        }
        return offset
    }
}
