import Quantities

/// Reads the header of RIFF WAVE, RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088) and Sony Wave64.
enum WaveHeader {
    /// The sub-format of an extensible format is a GUID: the old tag in 16 bits, then 0000-0000-0010-8000-00AA00389B71.
    static let subformatTail: [UInt8] = [0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
    /// The GUIDs of Wave64 carry the old names and end alike.
    static let wave64Tail: [UInt8] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A]

    /// - Parameter start: the first 12 bytes, which name one of these containers.
    static func read(_ stream: ByteStream, start: [UInt8]) throws(SoundFileError) -> SoundHeader {
        let isWave64 = start.holds("riff", at: 0)
        var walker = RIFFWalker(stream: stream, isWave64: isWave64)
        let is64Bit = start.holds("RF64", at: 0) || start.holds("BW64", at: 0)
        var wideDataByteCount: UInt64?
        var header: SoundHeader?
        while let chunk = try walker.next() {
            switch chunk.name {
            case "ds64" where is64Bit:
                guard chunk.byteCount >= 28, let body = try stream.bytes(at: chunk.offset, count: 28) else {
                    throw .malformed(stream.name, "has a damaged ds64 chunk")
                }
                wideDataByteCount = body.littleEndian(8, 8)
            case "fmt " where header == nil:
                header = try format(stream, chunk, isWave64 ? .wave64 : (is64Bit ? .rf64 : .wave))
            case "data":
                guard var header else { throw .malformed(stream.name, "has its data before its format") }
                var announced = chunk.byteCount
                if !isWave64, announced == 0xFFFF_FFFF {
                    guard let wideDataByteCount else { throw unfinished(stream) }
                    announced = wideDataByteCount
                }
                header.dataOffset = chunk.offset
                header.frameCount = try checkedData(
                    stream, offset: chunk.offset, announced: announced, bytesPerFrame: header.bytesPerFrame)
                return header
            default: break
            }
        }
        throw .malformed(stream.name, header == nil ? "has no format chunk" : "has no data chunk")
    }

    private static func format(
        _ stream: ByteStream, _ chunk: RIFFWalker.Chunk, _ container: SoundContainer
    ) throws(SoundFileError) -> SoundHeader {
        let count = Int(min(chunk.byteCount, 40))
        guard count >= 16, let body = try stream.bytes(at: chunk.offset, count: count) else {
            throw .malformed(stream.name, "has a damaged format chunk")
        }
        var tag = Int(body.littleEndian(0, 2))
        var channelMask: UInt32?
        var validBitCount = Int(body.littleEndian(14, 2))
        if tag == 0xFFFE {
            guard count == 40, body[26...].elementsEqual(subformatTail) else {
                throw SoundFileError(
                    .unsupported, stream.name,
                    "has an extensible format without a known codec. Save it as PCM.")
            }
            tag = Int(body.littleEndian(24, 2))
            channelMask = UInt32(body.littleEndian(20, 4))
            // The field is a union with a block size: 0 and what cannot be say nothing.
            let written = Int(body.littleEndian(18, 2))
            if written > 0, written < validBitCount { validBitCount = written }
        }
        let channelCount = Int(body.littleEndian(2, 2))
        let rate = Int(body.littleEndian(4, 4))
        let bytesPerFrame = Int(body.littleEndian(12, 2))
        let bitCount = Int(body.littleEndian(14, 2))
        guard acceptedChannelCounts.contains(channelCount), acceptedRates.contains(rate) else {
            throw .malformed(stream.name, "names \(channelCount) channels at \(rate) Hz")
        }
        let (format, isDirect, width) = try codec(stream, tag, bitCount)
        guard bytesPerFrame == channelCount * width else {
            throw SoundFileError(
                .unsupported, stream.name,
                "puts \(bitCount)-bit samples of \(channelCount) channels into "
                    + "frames of \(bytesPerFrame) bytes. "
                    + "Save it as plain PCM.")
        }
        return SoundHeader(
            container: container, rate: rate, channelCount: channelCount, format: format, isDirect: isDirect,
            bytesPerFrame: bytesPerFrame, channelMask: channelMask,
            validBitCount: !format.isFloat && tag == 1 && validBitCount < format.bitCount
                ? validBitCount : nil)
    }

    /// The samples' format, whether Lathe reads it itself, and the bytes of one sample in the file.
    private static func codec(
        _ stream: ByteStream, _ tag: Int, _ bitCount: Int
    ) throws(SoundFileError) -> (SampleFormat, Bool, Int) {
        switch (tag, bitCount) {
        // Odd depths are left-justified in whole bytes, so they are read as the next depth.
        case (1, 1...8): return (.integer8, false, 1)
        case (1, 9...16): return (.integer16, true, 2)
        case (1, 17...24): return (.integer24, true, 3)
        case (1, 25...32): return (.integer32, true, 4)
        case (3, 32): return (.float32, true, 4)
        case (3, 64): return (.float64, false, 8)
        case (6, 8), (7, 8): return (.integer16, false, 1)
        default:
            throw SoundFileError(
                .unsupported, stream.name,
                "holds \(bitCount)-bit samples of codec \(tag). Save it as PCM or float.")
        }
    }
}

/// Goes from chunk to chunk; reads headers only, so a chunk's announced size costs nothing.
private struct RIFFWalker {
    struct Chunk {
        var name: String
        var offset: Int
        /// The bytes of its body.
        var byteCount: UInt64
    }

    private let stream: ByteStream
    private let isWave64: Bool
    private var offset: Int
    private var remainingChunks = maximumChunkCount

    init(stream: ByteStream, isWave64: Bool) {
        self.stream = stream
        self.isWave64 = isWave64
        offset = isWave64 ? 40 : 12
    }

    /// The next chunk that starts within the stream, or nil at its end.
    mutating func next() throws(SoundFileError) -> Chunk? {
        remainingChunks -= 1
        guard remainingChunks >= 0 else {
            throw .malformed(stream.name, "has more than \(maximumChunkCount) chunks")
        }
        let headerByteCount = isWave64 ? 24 : 8
        guard let header = try stream.bytes(at: offset, count: headerByteCount) else { return nil }
        var byteCount = header.littleEndian(isWave64 ? 16 : 4, isWave64 ? 8 : 4)
        if isWave64 {
            // A Wave64 chunk counts its own header.
            guard byteCount >= 24 else { throw .malformed(stream.name, "has a damaged chunk") }
            byteCount -= 24
        }
        let chunk = Chunk(name: name(header), offset: offset + headerByteCount, byteCount: byteCount)
        let alignment: UInt64 = isWave64 ? 8 : 2
        let padded = byteCount.addingReportingOverflow((alignment - byteCount % alignment) % alignment)
        let next = padded.partialValue.addingReportingOverflow(UInt64(chunk.offset))
        // A chunk that leaves the stream is the last; `Int.max` is beyond every file.
        offset = padded.overflow || next.overflow ? Int.max : Int(min(next.partialValue, UInt64(Int.max)))
        return chunk
    }

    private func name(_ header: [UInt8]) -> String {
        isWave64 && !header[4..<16].elementsEqual(WaveHeader.wave64Tail) ? "?" : header.characters(0)
    }
}
