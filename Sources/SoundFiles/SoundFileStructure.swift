/// How a sound file is put together, as written: for rules about formats and chunks.
///
/// Only headers are read, never the audio. What contradicts itself is told, not refused: an error is thrown only for
/// what is no sound file, cannot be read, or has more than 10,000 chunks.
package struct SoundFileStructure: Sendable, Hashable {
    /// One chunk of a RIFF, Wave64, AIFF or CAF file; nested ones belong to it.
    package struct Chunk: Sendable, Hashable {
        /// Where a chunk stands to the audio.
        package enum Place: Sendable, Hashable {
            case beforeAudio
            case audio
            case afterAudio
        }

        /// What follows a body whose length is no multiple of the container's alignment.
        package enum Padding: Sendable, Hashable {
            case notNeeded
            case present
            case missing
        }

        /// Four characters, trailing blanks included: `fmt `. A Wave64 chunk that is none of RIFF's is called `?`.
        package let id: String
        /// The type of a `LIST`: `INFO`, `adtl`.
        package let listType: String?
        /// Of its header in the file.
        package let offset: Int
        /// Of its body, as its header announces it (or `ds64` for it).
        package let byteCount: UInt64
        package let place: Place
        package let padding: Padding
        /// The file ends before the chunk does.
        package let isCut: Bool
    }

    /// A metadata block of a FLAC file.
    package struct MetadataBlock: Sendable, Hashable {
        /// 0 STREAMINFO, 1 PADDING, 2 APPLICATION, 3 SEEKTABLE, 4 VORBIS_COMMENT, 5 CUESHEET, 6 PICTURE.
        package let type: Int
        package let offset: Int
        /// Of its body.
        package let byteCount: Int
    }

    package internal(set) var container: SoundContainer
    package internal(set) var fileByteCount: Int
    /// ID3v2 tags in front of the file.
    package internal(set) var leadingTagByteCount = 0

    /// The format tag of a WAV file as written: 0x0001 PCM, 0x0003 float, 0xFFFE extensible.
    package internal(set) var formatTag: UInt16?
    /// The tag that an extensible format carries in its GUID; nil where the GUID is none of those.
    package internal(set) var subformatTag: UInt16?
    /// The codec of an AIFF-C file: `NONE`, `sowt`, `fl32`.
    package internal(set) var codecID: String?
    package internal(set) var channelCount: Int?
    package internal(set) var rate: Int?
    /// The bits of a sample as the header says: of its container in a WAV file.
    package internal(set) var bitCount: Int?
    /// The used bits that an extensible format states.
    package internal(set) var validBitCount: Int?
    /// The bytes of a frame, as written.
    package internal(set) var blockAlign: Int?
    /// Bytes per second, as written.
    package internal(set) var byteRate: Int?
    package internal(set) var channelMask: UInt32?

    /// In the order of the file.
    package internal(set) var chunks: [Chunk] = []
    /// Bytes behind the last chunk that are none, or the ID3v1 tag behind a FLAC file.
    package internal(set) var trailingByteCount = 0
    /// The bytes of the whole file, by the size that its first header states; nil for FLAC, CAF, Ogg and MPEG.
    package internal(set) var announcedByteCount: UInt64?
    /// The version of the Broadcast Wave extension; nil where there is no `bext` chunk.
    package internal(set) var broadcastVersion: Int?

    package internal(set) var metadataBlocks: [MetadataBlock] = []
    /// The MD5 of a FLAC file's samples; nil where it is all zeros.
    package internal(set) var storedMD5: [UInt8]?

    init(container: SoundContainer, fileByteCount: Int) {
        self.container = container
        self.fileByteCount = fileByteCount
    }

    /// Reads the headers of a file.
    package static func read(path: String) throws(SoundFileError) -> SoundFileStructure {
        try read(ByteStream(reading: path))
    }

    /// Reads the headers of a file by a descriptor, which stays the caller's.
    package static func read(descriptor: CInt, name: String) throws(SoundFileError) -> SoundFileStructure {
        try read(ByteStream(descriptor: descriptor, name: name))
    }

    /// Reads the headers of a file that lies in memory.
    package static func read(bytes: [UInt8], name: String) throws(SoundFileError) -> SoundFileStructure {
        try read(ByteStream(memory: bytes, name: name))
    }

    /// The first header states another size than the file has.
    package var isAnnouncedSizeWrong: Bool { announcedByteCount.map { $0 != UInt64(fileByteCount) } ?? false }

    /// A file with 64-bit sizes (EBU Tech 3306, ITU-R BS.2088).
    package var isRF64: Bool { container == .rf64 }

    /// The chunks that occur more than once, `LIST` by its type, in the order of the file.
    package var repeatedChunkIDs: [String] {
        var counts: [String: Int] = [:]
        return chunks.compactMap { chunk in
            let name = chunk.listType.map { "LIST/\($0)" } ?? chunk.id
            counts[name, default: 0] += 1
            return counts[name] == 2 ? name : nil
        }
    }

    /// The chunks that begin behind the audio.
    package var chunksAfterAudio: [Chunk] { chunks.filter { $0.place == .afterAudio } }

    private static func read(_ stream: ByteStream) throws(SoundFileError) -> SoundFileStructure {
        guard stream.byteCount > 0 else { throw .emptyFile(stream.name) }
        let start = try stream.bytes(at: 0, count: min(40, stream.byteCount)) ?? []
        let isWide = start.holds("RF64", at: 0) || start.holds("BW64", at: 0)
        let isRIFF = (start.holds("RIFF", at: 0) || isWide) && start.holds("WAVE", at: 8)
        if isRIFF { return try chunked(stream, isWide ? .rf64 : .wave, .riff) }
        if start.holds("riff", at: 0), start.holds("wave", at: 24) { return try chunked(stream, .wave64, .wave64) }
        if start.holds("FORM", at: 0), start.holds("AIFF", at: 8) || start.holds("AIFC", at: 8) {
            return try chunked(stream, .aiff, .interchange)
        }
        if start.holds("caff", at: 0) { return try chunked(stream, .caf, .coreAudio) }
        if start.holds("OggS", at: 0) { return SoundFileStructure(container: .ogg, fileByteCount: stream.byteCount) }
        let tagByteCount = try LeadingTags.byteCount(stream)
        let sound = try stream.bytes(at: tagByteCount, count: 4) ?? []
        if sound.holds("fLaC", at: 0) { return try flac(stream, tagByteCount) }
        guard sound.count == 4, sound[0] == 0xFF, sound[1] & 0xE0 == 0xE0 else { throw .notAudio(stream.name) }
        var structure = SoundFileStructure(container: .mpeg, fileByteCount: stream.byteCount)
        structure.leadingTagByteCount = tagByteCount
        return structure
    }

    private static func chunked(
        _ stream: ByteStream, _ container: SoundContainer, _ dialect: ChunkDialect
    ) throws(SoundFileError) -> SoundFileStructure {
        var scan = ChunkScan(stream: stream, container: container, dialect: dialect)
        try scan.run()
        return scan.structure
    }

    private static func flac(_ stream: ByteStream, _ tagByteCount: Int) throws(SoundFileError) -> SoundFileStructure {
        let metadata = try FlacMetadata(stream, start: tagByteCount)
        var structure = SoundFileStructure(container: .flac, fileByteCount: stream.byteCount)
        structure.leadingTagByteCount = tagByteCount
        structure.rate = metadata.rate
        structure.channelCount = metadata.channelCount
        structure.bitCount = metadata.bitCount
        structure.channelMask = metadata.channelMask
        structure.storedMD5 = metadata.checksum
        structure.metadataBlocks = metadata.blocks.map {
            MetadataBlock(type: $0.type, offset: $0.offset, byteCount: $0.byteCount)
        }
        // An ID3v1 tag is the last 128 bytes.
        let tail = stream.byteCount - 128
        if tail >= metadata.audioOffset, try stream.bytes(at: tail, count: 3)?.holds("TAG", at: 0) == true {
            structure.trailingByteCount = 128
        }
        return structure
    }
}
