import CSndFile
import Glibc
import Quantities
import SoundFiles
import Testing

@Suite struct StructureTests {
    @Test func `a plain WAV file is told as written`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAV | SF_FORMAT_PCM_16, rate: 44_100, channelCount: 2,
            samples: testSamples(count: 200))
        let structure = try SoundFileStructure.read(path: path)
        #expect(structure.container == .wave && !structure.isRF64)
        #expect(structure.formatTag == 1 && structure.subformatTag == nil && structure.channelMask == nil)
        #expect(structure.channelCount == 2 && structure.rate == 44_100 && structure.bitCount == 16)
        #expect(structure.blockAlign == 4 && structure.byteRate == 176_400)
        #expect(structure.chunks.map(\.id) == ["fmt ", "data"])
        #expect(structure.chunks.map(\.offset) == [12, 36])
        #expect(structure.chunks.map(\.byteCount) == [16, 400])
        #expect(structure.chunks.map(\.place) == [.beforeAudio, .audio])
        #expect(structure.chunks.allSatisfy { $0.padding == .notNeeded && !$0.isCut })
        #expect(structure.fileByteCount == 444 && structure.announcedByteCount == 444)
        #expect(!structure.isAnnouncedSizeWrong && structure.trailingByteCount == 0)
        #expect(structure.broadcastVersion == nil && structure.repeatedChunkIDs == [])
    }

    @Test func `an extensible format keeps both tags, its mask and its used bits`() throws {
        var file = Wave(channelCount: 6, bitCount: 24, frameCount: 10)
        file.extensible(validBitCount: 20, mask: 0x60F, tag: 1)
        let structure = try SoundFileStructure.read(bytes: file.bytes, name: "a")
        #expect(structure.formatTag == 0xFFFE && structure.subformatTag == 1)
        #expect(structure.bitCount == 24 && structure.validBitCount == 20 && structure.channelMask == 0x60F)
        let info = try SoundFileReader(bytes: file.bytes, name: "a").info
        #expect(info.channelMask == 0x60F && info.validBitCount == 20 && info.format == .integer24)
        // A codec that is none of the registered ones.
        file.bytes[12 + 8 + 30] ^= 1
        #expect(try SoundFileStructure.read(bytes: file.bytes, name: "a").subformatTag == nil)
    }

    @Test func `odd depths in whole bytes are told, full ones are not`() throws {
        for (bitCount, validBitCount) in [(16, nil), (24, nil), (20, 20), (12, 12)] as [(Int, Int?)] {
            let file = Wave(channelCount: 1, bitCount: bitCount, frameCount: 4)
            #expect(try SoundFileReader(bytes: file.bytes, name: "a").info.validBitCount == validBitCount)
        }
        var full = Wave(channelCount: 2, bitCount: 24, frameCount: 4)
        full.extensible(validBitCount: 24, mask: 3, tag: 1)
        #expect(try SoundFileReader(bytes: full.bytes, name: "a").info.validBitCount == nil)
        full.extensible(validBitCount: 0, mask: 0, tag: 1)
        let info = try SoundFileReader(bytes: full.bytes, name: "a").info
        #expect(info.validBitCount == nil && info.channelMask == 0)
    }

    @Test func `chunks before and behind the audio are told in order, with their versions and repetitions`() throws {
        var bext = [UInt8](repeating: 0, count: 602)
        bext[346] = 2
        var file = Wave(channelCount: 1, bitCount: 24, frameCount: 3, before: [("bext", bext), ("JUNK", [1, 2, 3])])
        file.append("LIST", Array("INFO".utf8))
        file.append("LIST", Array("adtl".utf8))
        file.append("LIST", Array("INFO".utf8))
        file.append("id3 ", [1])
        let structure = try SoundFileStructure.read(bytes: file.bytes, name: "a")
        #expect(structure.chunks.map(\.id) == ["bext", "JUNK", "fmt ", "data", "LIST", "LIST", "LIST", "id3 "])
        #expect(structure.chunks.map(\.listType) == [nil, nil, nil, nil, "INFO", "adtl", "INFO", nil])
        #expect(structure.chunksAfterAudio.map(\.id) == ["LIST", "LIST", "LIST", "id3 "])
        #expect(structure.chunks[1].padding == .present && structure.chunks[3].padding == .present)
        #expect(structure.chunks[7].padding == .present)
        #expect(structure.repeatedChunkIDs == ["LIST/INFO"] && structure.broadcastVersion == 2)
        #expect(structure.trailingByteCount == 0 && !structure.isAnnouncedSizeWrong)
    }

    @Test func `a missing pad byte, a wrong size and bytes behind the end are told`() throws {
        var file = Wave(channelCount: 1, bitCount: 16, frameCount: 4)
        file.bytes += Array("odd ".utf8) + [3, 0, 0, 0, 9, 9, 9]
        file.append("LIST", Array("INFO".utf8), isSizeKept: true)
        file.bytes += [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        var structure = try SoundFileStructure.read(bytes: file.bytes, name: "a")
        #expect(structure.chunks.map(\.id) == ["fmt ", "data", "odd ", "LIST"])
        #expect(structure.chunks[2].padding == .missing && structure.chunks[3].padding == .notNeeded)
        #expect(structure.trailingByteCount == 10)
        #expect(structure.isAnnouncedSizeWrong && structure.announcedByteCount == 52)
        // The last chunk may end the file without its pad.
        structure = try SoundFileStructure.read(
            bytes: Array(Wave(channelCount: 1, bitCount: 24, frameCount: 3).bytes.dropLast()), name: "a")
        #expect(structure.chunks.last?.padding == .missing && structure.trailingByteCount == 0)
        // Bytes that only look like a chunk.
        var tagged = Wave(channelCount: 1, bitCount: 16, frameCount: 4)
        tagged.bytes += Array("TAGSong and more text of a tag".utf8)
        structure = try SoundFileStructure.read(bytes: tagged.bytes, name: "a")
        #expect(structure.chunks.map(\.id) == ["fmt ", "data"] && structure.trailingByteCount == 30)
    }

    @Test func `audio that is cut is told, not refused`() throws {
        let file = Wave(channelCount: 2, bitCount: 16, frameCount: 100)
        let structure = try SoundFileStructure.read(bytes: Array(file.bytes.dropLast(150)), name: "a")
        #expect(structure.chunks.last?.isCut == true && structure.chunks.last?.byteCount == 400)
        #expect(structure.isAnnouncedSizeWrong && structure.trailingByteCount == 0)
    }

    @Test func `wide containers state their sizes in 64 bits`() throws {
        let folder = try TemporaryFolder()
        for (format, container) in [(SF_FORMAT_RF64, SoundContainer.rf64), (SF_FORMAT_W64, .wave64)] {
            let path = folder.file("a")
            try writeWithLibrary(
                path, format: format | SF_FORMAT_PCM_24, channelCount: 2, samples: testSamples(count: 303 * 2))
            let structure = try SoundFileStructure.read(path: path)
            #expect(structure.container == container && structure.isRF64 == (container == .rf64))
            let audio = try #require(structure.chunks.first { $0.place == .audio })
            #expect(audio.id == "data" && audio.byteCount == 303 * 6)
            #expect(audio.padding == (container == .rf64 ? .notNeeded : .missing) || audio.padding == .present)
            #expect(structure.bitCount == 24 && structure.channelCount == 2)
        }
    }

    @Test func `AIFF and CAF tell their codec and chunks`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        try writeWithLibrary(
            path, format: SF_FORMAT_AIFF | SF_ENDIAN_LITTLE | SF_FORMAT_PCM_16, rate: 96_000, channelCount: 2,
            samples: testSamples(count: 100))
        var structure = try SoundFileStructure.read(path: path)
        #expect(structure.container == .aiff && structure.codecID == "sowt" && structure.rate == 96_000)
        #expect(structure.channelCount == 2 && structure.bitCount == 16 && structure.formatTag == nil)
        #expect(structure.chunks.first { $0.place == .audio }?.id == "SSND")
        #expect(structure.chunks.contains { $0.id == "COMM" } && !structure.isAnnouncedSizeWrong)
        try writeWithLibrary(
            path, format: SF_FORMAT_CAF | SF_FORMAT_PCM_24, rate: 48_000, channelCount: 1,
            samples: testSamples(count: 101))
        structure = try SoundFileStructure.read(path: path)
        #expect(structure.container == .caf && structure.codecID == "lpcm" && structure.rate == 48_000)
        #expect(structure.channelCount == 1 && structure.bitCount == 24 && structure.blockAlign == 3)
        #expect(structure.chunks.first { $0.place == .audio }?.id == "data" && structure.announcedByteCount == nil)
    }

    @Test func `FLAC tells its metadata blocks, its checksum and tags around it`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.flac")
        try writeWithLibrary(
            path, format: SF_FORMAT_FLAC | SF_FORMAT_PCM_24, rate: 88_200, channelCount: 6,
            samples: testSamples(count: 6 * 900))
        var whole = try bytes(of: path)
        var structure = try SoundFileStructure.read(path: path)
        #expect(structure.container == .flac && structure.rate == 88_200 && structure.bitCount == 24)
        #expect(structure.channelCount == 6 && structure.channelMask == 0x3F && structure.chunks == [])
        #expect(structure.metadataBlocks.first?.type == 0 && structure.metadataBlocks.first?.byteCount == 34)
        #expect(structure.metadataBlocks.contains { $0.type == 4 })
        #expect(structure.storedMD5 == Array(whole[26..<42]))
        #expect(structure.leadingTagByteCount == 0 && structure.trailingByteCount == 0)
        #expect(try SoundFileReader(path: path).info.channelMask == 0x3F)
        for i in 26..<42 { whole[i] = 0 }
        let tag = Array("ID3".utf8) + [4, 0, 0, 0, 0, 1, 0] + [UInt8](repeating: 0, count: 128)
        let tail = Array("TAG".utf8) + [UInt8](repeating: 32, count: 125)
        structure = try SoundFileStructure.read(bytes: tag + whole + tail, name: "a")
        #expect(structure.leadingTagByteCount == 138 && structure.trailingByteCount == 128)
        #expect(structure.storedMD5 == nil && structure.metadataBlocks.first?.offset == 142)
    }

    @Test func `a FLAC comment names other loudspeakers`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.flac")
        try writeWithLibrary(
            path, format: SF_FORMAT_FLAC | SF_FORMAT_PCM_16, channelCount: 6, samples: testSamples(count: 6 * 900))
        let whole = try bytes(of: path)
        for (text, mask) in [
            ("WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0x60F", 0x60F), ("waveformatextensible_channel_mask=0x60f", 0x60F),
            ("WAVEFORMATEXTENSIBLE_CHANNEL_MASK=0xZZZ", 0x3F), ("WAVEFORMATEXTENSIBLE_CHANNEL_MASS=0x60F", 0x3F),
        ] {
            let size = { (count: Int) in (0..<4).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) } }
            let comments = size(3) + Array("enc".utf8) + size(2) + size(3) + Array("A=B".utf8) + size(text.count)
            let body = comments + Array(text.utf8)
            // Behind STREAMINFO, in front of the library's own comments.
            let file = Array(whole[..<42]) + [4, 0, 0, UInt8(body.count)] + body + whole[42...]
            #expect(try SoundFileStructure.read(bytes: file, name: "a").channelMask == UInt32(mask))
            #expect(try SoundFileReader(bytes: file, name: "a").info.channelMask == UInt32(mask))
        }
    }

    @Test func `the audio is not read: a hole of 8 GiB costs no time`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        let byteCount: UInt64 = 8 << 30
        var head = Array("RF64".utf8) + [0xFF, 0xFF, 0xFF, 0xFF] + Array("WAVEds64".utf8) + [28, 0, 0, 0]
        for value in [byteCount + 80 + 24 - 8, byteCount, byteCount / 4] {
            head += (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        }
        head +=
            [0, 0, 0, 0] + Wave(channelCount: 2, bitCount: 16, frameCount: 0).bytes[12..<40] + [255, 255, 255, 255]
        try write(head, to: path)
        #expect(truncate(path, off_t(head.count) + off_t(byteCount)) == 0)
        guard let file = fopen(path, "ab") else { throw FixtureError.file }
        _ = fwrite(Array("LIST".utf8) + [16, 0, 0, 0] + [UInt8](repeating: 65, count: 16), 1, 24, file)
        fclose(file)
        let structure = try SoundFileStructure.read(path: path)
        #expect(structure.isRF64 && structure.chunks.map(\.id) == ["ds64", "fmt ", "data", "LIST"])
        #expect(structure.chunks[2].byteCount == byteCount && structure.chunks[3].place == .afterAudio)
        #expect(!structure.isAnnouncedSizeWrong)
        #expect(try SoundFileReader.probe(path: path).frameCount == Int(byteCount / 4))
    }

    @Test func `lossy files and tags in front of them are known by their first bytes`() throws {
        let tag = Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4]
        let structure = try SoundFileStructure.read(bytes: tag + [0xFF, 0xFB, 0x90, 0x64, 0, 0], name: "a")
        #expect(structure.container == .mpeg && structure.leadingTagByteCount == 14 && structure.chunks == [])
        #expect(try SoundFileStructure.read(bytes: Array("OggS".utf8) + [0, 0], name: "a").container == .ogg)
        #expect(
            failure { _ = try SoundFileStructure.read(bytes: tag + Array("RIFF".utf8), name: "a") }?.code == .notAudio)
    }
}

/// A WAV file made by hand.
struct Wave {
    var bytes: [UInt8]

    init(channelCount: Int, bitCount: Int, frameCount: Int, before: [(String, [UInt8])] = []) {
        let blockAlign = channelCount * ((bitCount + 7) / 8)
        bytes = Array("RIFF____WAVE".utf8)
        for (id, body) in before { append(id, body) }
        var format: [UInt8] = []
        for (value, width) in [
            (1, 2), (channelCount, 2), (48_000, 4), (48_000 * blockAlign, 4), (blockAlign, 2), (bitCount, 2),
        ] {
            format += (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        append("fmt ", format)
        append("data", (0..<frameCount * blockAlign).map { UInt8(truncatingIfNeeded: $0) })
    }

    /// Adds a chunk with its pad byte, and counts it unless the size is kept.
    mutating func append(_ id: String, _ body: [UInt8], isSizeKept: Bool = false) {
        bytes += Array(id.utf8) + (0..<4).map { UInt8(truncatingIfNeeded: body.count >> (8 * $0)) } + body
        if body.count % 2 == 1 { bytes.append(0) }
        if !isSizeKept { count() }
    }

    /// Turns the format, which is the first chunk, into an extensible one.
    mutating func extensible(validBitCount: Int, mask: Int, tag: Int) {
        let plain = Array(bytes[20..<36])
        let isExtensible = bytes[16] == 40
        var format = [0xFE, 0xFF] + plain[2...] + [22, 0]
        for (value, width) in [(validBitCount, 2), (mask, 4), (tag, 2)] {
            format += (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        format += [0, 0, 0, 0, 16, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]
        bytes.replaceSubrange(16..<(isExtensible ? 60 : 36), with: [40, 0, 0, 0] + format)
        count()
    }

    private mutating func count() {
        for i in 0..<4 { bytes[4 + i] = UInt8(truncatingIfNeeded: (bytes.count - 8) >> (8 * i)) }
    }
}
