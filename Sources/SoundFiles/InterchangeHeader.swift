import Quantities

/// Reads the headers of AIFF and AIFF-C (Apple, 1989 and 1991) and checks those of CAF.
enum InterchangeHeader {
    /// - Parameter start: the first 12 bytes, `FORM....AIFF` or `FORM....AIFC`.
    static func readAIFF(_ stream: ByteStream, start: [UInt8]) throws(SoundFileError) -> SoundHeader {
        var header: SoundHeader?
        var frameCount: UInt64 = 0
        var sound: (offset: Int, byteCount: UInt64)?
        var offset = 12
        for _ in 0..<maximumChunkCount where header == nil || sound == nil {
            guard let chunk = try stream.bytes(at: offset, count: 8) else { break }
            let byteCount = chunk.bigEndian(4, 4)
            if chunk.holds("COMM", at: 0), header == nil {
                let count = start.holds("AIFC", at: 8) ? 22 : 18
                guard byteCount >= UInt64(count), let body = try stream.bytes(at: offset + 8, count: count)
                else {
                    throw .malformed(stream.name, "has a damaged COMM chunk")
                }
                header = try common(stream, body)
                frameCount = body.bigEndian(2, 4)
            } else if chunk.holds("SSND", at: 0), sound == nil {
                guard byteCount >= 8, let body = try stream.bytes(at: offset + 8, count: 8) else {
                    throw .malformed(stream.name, "has a damaged SSND chunk")
                }
                let lead = body.bigEndian(0, 4)
                guard lead <= byteCount - 8 else { throw .malformed(stream.name, "has a damaged SSND chunk") }
                sound = (offset + 16 + Int(lead), byteCount - 8 - lead)
            }
            offset += 8 + Int(byteCount + byteCount % 2)
        }
        guard var header else { throw .malformed(stream.name, "has no COMM chunk") }
        guard let sound else {
            if frameCount == 0 { return header }
            throw .truncated(
                stream.name, announced: frameCount * UInt64(header.bytesPerFrame), held: 0)
        }
        let announced = frameCount * UInt64(header.bytesPerFrame)
        header.dataOffset = sound.offset
        header.frameCount = try checkedData(
            stream, offset: sound.offset, announced: announced, bytesPerFrame: header.bytesPerFrame)
        guard announced <= sound.byteCount else {
            throw .malformed(
                stream.name,
                "announces \(announced) bytes of audio, but its SSND chunk holds \(sound.byteCount)")
        }
        return header
    }

    /// Checks that a CAF file holds the data that it announces; the codec library reads the rest of the
    /// header.
    static func checkCAF(_ stream: ByteStream) throws(SoundFileError) {
        var offset = 8
        var hasData = false
        var isApple = false
        for _ in 0..<maximumChunkCount {
            guard let chunk = try stream.bytes(at: offset, count: 12) else { break }
            let byteCount = Int64(bitPattern: chunk.bigEndian(4, 8))
            let held = UInt64(max(0, stream.byteCount - offset - 12))
            if chunk.holds("data", at: 0), !hasData {
                if byteCount == -1 { throw unfinished(stream) }
                guard byteCount >= 4 else { throw .malformed(stream.name, "has a damaged data chunk") }
                if UInt64(byteCount) > held {
                    throw .truncated(stream.name, announced: UInt64(byteCount), held: held)
                }
                hasData = true
                // Only packets have a table, which may stand behind them.
                if !isApple { return }
            }
            guard byteCount >= 0, UInt64(byteCount) <= held else {
                if hasData { return }
                throw .malformed(stream.name, "has a damaged chunk")
            }
            if chunk.holds("desc", at: 0), byteCount >= 12, let body = try stream.bytes(at: offset + 12, count: 12) {
                isApple = body.holds("alac", at: 8)
            }
            if chunk.holds("pakt", at: 0) { try checkPacketTable(stream, offset + 12, Int(byteCount)) }
            offset += 12 + Int(byteCount)
        }
        if !hasData { throw .malformed(stream.name, "has no data chunk") }
    }

    /// Checks the sizes of packets, 7 bits to a byte, behind a header of 24 bytes.
    ///
    /// libsndfile writes to standard output when it meets a number that does not end.
    private static func checkPacketTable(
        _ stream: ByteStream, _ offset: Int, _ byteCount: Int
    ) throws(SoundFileError) {
        var next = 24
        var length = 0
        while next < byteCount {
            let count = min(4_096, byteCount - next)
            guard let bytes = try stream.bytes(at: offset + next, count: count) else { return }
            for byte in bytes {
                // A size of zero ends the table.
                if length == 0, byte == 0 { return }
                length += 1
                guard length <= 5 else { throw .malformed(stream.name, "has a damaged packet table") }
                if byte & 0x80 == 0 { length = 0 }
            }
            next += count
        }
        if length > 0 { throw .malformed(stream.name, "has a damaged packet table") }
    }

    private static func common(_ stream: ByteStream, _ body: [UInt8]) throws(SoundFileError) -> SoundHeader {
        let channelCount = Int(body.bigEndian(0, 2))
        let bitCount = Int(body.bigEndian(6, 2))
        guard let rate = integerRate(exponent: body.bigEndian(8, 2), mantissa: body.bigEndian(10, 8)),
            acceptedChannelCounts.contains(channelCount), acceptedRates.contains(rate)
        else { throw .malformed(stream.name, "names no usable rate or channel count") }
        let codec = body.count > 18 ? body.characters(18) : "NONE"
        let (format, isDirect, width) = try self.codec(stream, codec, bitCount)
        return SoundHeader(
            container: .aiff, rate: rate, channelCount: channelCount, format: format,
            isBigEndian: !["sowt", "42n1", "23ni"].contains(codec),
            isDirect: isDirect, bytesPerFrame: channelCount * width,
            validBitCount: ["NONE", "twos", "sowt"].contains(codec) && bitCount < format.bitCount ? bitCount : nil)
    }

    private static func codec(
        _ stream: ByteStream, _ name: String, _ bitCount: Int
    ) throws(SoundFileError) -> (SampleFormat, Bool, Int) {
        switch (name, bitCount) {
        case ("NONE", 1...8), ("twos", 1...8), ("sowt", 1...8): return (.integer8, false, 1)
        case ("NONE", 9...16), ("twos", 9...16), ("sowt", 9...16): return (.integer16, true, 2)
        case ("NONE", 17...24), ("twos", 17...24), ("sowt", 17...24): return (.integer24, true, 3)
        case ("NONE", 25...32), ("twos", 25...32), ("sowt", 25...32): return (.integer32, true, 4)
        // libsndfile's names for integers in the other byte order.
        case ("in24", _), ("42n1", _): return (.integer24, true, 3)
        case ("in32", _), ("23ni", _): return (.integer32, true, 4)
        case ("fl32", 32), ("FL32", 32): return (.float32, true, 4)
        case ("fl64", 64), ("FL64", 64): return (.float64, false, 8)
        case ("ulaw", _), ("ULAW", _), ("alaw", _), ("ALAW", _): return (.integer16, false, 1)
        default:
            throw SoundFileError(
                .unsupported, stream.name,
                "holds \(bitCount)-bit samples of codec \"\(name)\". Save it as PCM or float.")
        }
    }

    /// The 80-bit extended number of AIFF, rounded to the nearest integer; nil where it is no plausible rate.
    static func integerRate(exponent: UInt64, mantissa: UInt64) -> Int? {
        // Sign 0 and 1 <= rate < 2^32: the biased exponent lies between 16383 and 16414.
        guard (16_383...16_414).contains(exponent) else { return nil }
        let fractionBits = 16_383 + 63 - exponent
        let whole = mantissa >> fractionBits
        let half = mantissa >> (fractionBits - 1) & 1
        return Int(whole + half)
    }
}
