import Quantities

/// How a container writes its chunks down.
enum ChunkDialect {
    case riff
    case wave64
    case interchange
    case coreAudio

    var headerByteCount: Int {
        switch self {
        case .riff, .interchange: 8
        case .wave64: 24
        case .coreAudio: 12
        }
    }

    /// Where the first chunk begins.
    var firstOffset: Int {
        switch self {
        case .riff, .interchange: 12
        case .wave64: 40
        case .coreAudio: 8
        }
    }

    /// Chunks begin at multiples of it.
    var alignment: UInt64 {
        switch self {
        case .riff, .interchange: 2
        case .wave64: 8
        case .coreAudio: 1
        }
    }

    var audioID: String {
        switch self {
        case .riff, .wave64, .coreAudio: "data"
        case .interchange: "SSND"
        }
    }
}

/// Goes through the chunks of a file once and notes what it finds.
struct ChunkScan {
    private(set) var structure: SoundFileStructure
    private let stream: ByteStream
    private let dialect: ChunkDialect
    /// From a `ds64` chunk.
    private var wideAudioByteCount: UInt64?
    private var hasAudio = false

    init(stream: ByteStream, container: SoundContainer, dialect: ChunkDialect) {
        self.stream = stream
        self.dialect = dialect
        structure = SoundFileStructure(container: container, fileByteCount: stream.byteCount)
    }

    mutating func run() throws(SoundFileError) {
        try readAnnouncedSize()
        var offset = dialect.firstOffset
        while offset < stream.byteCount {
            guard structure.chunks.count < maximumChunkCount else {
                throw .malformed(stream.name, "has more than \(maximumChunkCount) chunks")
            }
            guard let next = try readChunk(at: offset) else { break }
            offset = next
        }
        structure.trailingByteCount = max(0, stream.byteCount - offset)
    }

    private mutating func readAnnouncedSize() throws(SoundFileError) {
        guard let start = try stream.bytes(at: 0, count: min(24, stream.byteCount)) else { return }
        switch dialect {
        case .riff: structure.announcedByteCount = start.littleEndian(4, 4) + 8
        case .interchange: structure.announcedByteCount = start.bigEndian(4, 4) + 8
        case .wave64: structure.announcedByteCount = start.count == 24 ? start.littleEndian(16, 8) : nil
        case .coreAudio: structure.announcedByteCount = nil
        }
    }

    /// Notes the chunk at `offset`; its end, or nil where no chunk is.
    private mutating func readChunk(at offset: Int) throws(SoundFileError) -> Int? {
        guard let header = try stream.bytes(at: offset, count: dialect.headerByteCount) else { return nil }
        let id = dialect == .wave64 ? wave64Name(header) : header.characters(0)
        guard dialect == .wave64 || Self.isPlausible(header) else { return nil }
        let bodyOffset = offset + dialect.headerByteCount
        let held = UInt64(stream.byteCount - bodyOffset)
        guard let byteCount = announcedByteCount(header, id, held) else { return nil }
        let isCut = byteCount > held
        let isAudio = id == dialect.audioID && !hasAudio
        // Behind the audio, what leaves the file is more likely to be no chunk at all.
        if isCut, hasAudio { return nil }
        let end = bodyOffset + Int(min(byteCount, held))
        let (padding, next) = try padding(byteCount, end: end)
        let isList = dialect == .riff && id == "LIST" && byteCount >= 4
        let listType = isList ? try stream.bytes(at: bodyOffset, count: 4)?.characters(0) : nil
        structure.chunks.append(
            SoundFileStructure.Chunk(
                id: id, listType: listType, offset: offset, byteCount: byteCount,
                place: isAudio ? .audio : (hasAudio ? .afterAudio : .beforeAudio), padding: padding, isCut: isCut))
        if isAudio { hasAudio = true }
        if !isCut { try readBody(id, bodyOffset, Int(byteCount)) }
        return next
    }

    /// The body's size that a header states; nil where it states none that can be.
    private func announcedByteCount(_ header: [UInt8], _ id: String, _ held: UInt64) -> UInt64? {
        switch dialect {
        case .riff:
            let byteCount = header.littleEndian(4, 4)
            return id == "data" && byteCount == 0xFFFF_FFFF ? wideAudioByteCount ?? byteCount : byteCount
        case .interchange: return header.bigEndian(4, 4)
        case .wave64:
            // A Wave64 chunk counts its own header.
            let byteCount = header.littleEndian(16, 8)
            return byteCount >= 24 ? byteCount - 24 : nil
        case .coreAudio:
            let byteCount = Int64(bitPattern: header.bigEndian(4, 8))
            // -1: the audio goes on to the end of the file.
            if byteCount == -1, id == "data" { return held }
            return byteCount >= 0 ? UInt64(byteCount) : nil
        }
    }

    /// Whether the body is followed by what aligns the next chunk, and where that begins.
    private func padding(
        _ byteCount: UInt64, end: Int
    ) throws(SoundFileError) -> (SoundFileStructure.Chunk.Padding, Int) {
        let missing = Int((dialect.alignment - byteCount % dialect.alignment) % dialect.alignment)
        if missing == 0 { return (.notNeeded, end) }
        let padded = end + missing
        guard padded <= stream.byteCount else { return (.missing, end) }
        // A chunk that begins at once, where one that begins behind the pad does not look like one.
        if dialect == .riff || dialect == .interchange, try looksLikeChunk(at: end), try !looksLikeChunk(at: padded) {
            return (.missing, end)
        }
        return (.present, padded)
    }

    private func looksLikeChunk(at offset: Int) throws(SoundFileError) -> Bool {
        guard let header = try stream.bytes(at: offset, count: 8), Self.isPlausible(header) else { return false }
        let byteCount = dialect == .riff ? header.littleEndian(4, 4) : header.bigEndian(4, 4)
        return byteCount <= UInt64(stream.byteCount - offset - 8)
    }

    private mutating func readBody(_ id: String, _ offset: Int, _ byteCount: Int) throws(SoundFileError) {
        switch (dialect, id) {
        case (.riff, "ds64") where structure.container == .rf64 && byteCount >= 28:
            guard let body = try stream.bytes(at: offset, count: 28) else { return }
            let riffByteCount = body.littleEndian(0, 8).addingReportingOverflow(8)
            structure.announcedByteCount = riffByteCount.overflow ? UInt64.max : riffByteCount.partialValue
            wideAudioByteCount = body.littleEndian(8, 8)
        case (.riff, "fmt "), (.wave64, "fmt "):
            guard structure.formatTag == nil, byteCount >= 16,
                let body = try stream.bytes(at: offset, count: min(40, byteCount))
            else { return }
            readFormat(body)
        case (.riff, "bext") where byteCount >= 348 && structure.broadcastVersion == nil:
            // Behind three texts, date and time of origin and the time reference (EBU Tech 3285).
            guard let body = try stream.bytes(at: offset + 346, count: 2) else { return }
            structure.broadcastVersion = Int(body.littleEndian(0, 2))
        case (.interchange, "COMM"):
            guard structure.channelCount == nil, byteCount >= 18,
                let body = try stream.bytes(at: offset, count: min(22, byteCount))
            else { return }
            structure.channelCount = Int(body.bigEndian(0, 2))
            structure.bitCount = Int(body.bigEndian(6, 2))
            structure.rate = InterchangeHeader.integerRate(
                exponent: body.bigEndian(8, 2), mantissa: body.bigEndian(10, 8))
            if body.count == 22 { structure.codecID = body.characters(18) }
        case (.coreAudio, "desc"):
            guard structure.channelCount == nil, byteCount >= 32, let body = try stream.bytes(at: offset, count: 32)
            else { return }
            let rate = Double(bitPattern: body.bigEndian(0, 8))
            structure.rate = rate >= 1 && rate < 4_294_967_296 ? Int(rate.rounded()) : nil
            structure.codecID = body.characters(8)
            structure.blockAlign = Int(body.bigEndian(16, 4))
            structure.channelCount = Int(body.bigEndian(24, 4))
            structure.bitCount = Int(body.bigEndian(28, 4))
        default: break
        }
    }

    private mutating func readFormat(_ body: [UInt8]) {
        structure.formatTag = UInt16(body.littleEndian(0, 2))
        structure.channelCount = Int(body.littleEndian(2, 2))
        structure.rate = Int(body.littleEndian(4, 4))
        structure.byteRate = Int(body.littleEndian(8, 4))
        structure.blockAlign = Int(body.littleEndian(12, 2))
        structure.bitCount = Int(body.littleEndian(14, 2))
        guard structure.formatTag == 0xFFFE, body.count == 40 else { return }
        structure.validBitCount = Int(body.littleEndian(18, 2))
        structure.channelMask = UInt32(body.littleEndian(20, 4))
        if body[26...].elementsEqual(WaveHeader.subformatTail) {
            structure.subformatTag = UInt16(body.littleEndian(24, 2))
        }
    }

    private func wave64Name(_ header: [UInt8]) -> String {
        header[4..<16].elementsEqual(WaveHeader.wave64Tail) ? header.characters(0) : "?"
    }

    /// Chunks are called by four printable characters.
    private static func isPlausible(_ header: [UInt8]) -> Bool { header[..<4].allSatisfy { (32...126).contains($0) } }
}
