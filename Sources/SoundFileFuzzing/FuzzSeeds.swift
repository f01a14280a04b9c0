internal import CSndFile
internal import Glibc
internal import SoundFiles

/// A small valid sound file that mutations start from.
package struct FuzzSeed: Sendable {
    package let name: String
    package let bytes: [UInt8]
    /// Where its chunks and metadata blocks begin, and where its audio does.
    let marks: [Int]

    init(_ name: String, _ bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
        // A seed that the reader refuses is still one: its damage is looked at without marks.
        let structure = try? SoundFileStructure.read(bytes: bytes, name: name)
        marks = (structure?.chunks.map(\.offset) ?? []) + (structure?.metadataBlocks.map(\.offset) ?? [])
    }

    /// One file of every container and codec that is read, always with the same bytes.
    package static func all() throws -> [FuzzSeed] {
        var seeds: [FuzzSeed] = []
        for (name, format, channelCount, frameCount) in shapes {
            var bytes = try encoded(format, channelCount, frameCount)
            if format & SF_FORMAT_TYPEMASK == SF_FORMAT_OGG { ContainerRepair.ogg(&bytes, serial: 7) }
            seeds.append(FuzzSeed(name, bytes))
        }
        let wave = seeds[0].bytes
        seeds.append(FuzzSeed("wav-chunks", decorated(wave)))
        for name in ["flac-16", "mp3"] {
            guard let seed = seeds.first(where: { $0.name == name }) else { continue }
            seeds.append(FuzzSeed("id3-" + name, leadingTag + seed.bytes))
        }
        return seeds
    }

    private static let shapes: [(String, Int, Int, Int)] = [
        ("wav-16", SF_FORMAT_WAV | SF_FORMAT_PCM_16, 2, 300), ("wav-8", SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 1, 301),
        ("wav-24", SF_FORMAT_WAV | SF_FORMAT_PCM_24, 1, 201), ("wav-f32", SF_FORMAT_WAV | SF_FORMAT_FLOAT, 2, 120),
        ("wav-f64", SF_FORMAT_WAV | SF_FORMAT_DOUBLE, 2, 60), ("wav-alaw", SF_FORMAT_WAV | SF_FORMAT_ALAW, 2, 200),
        ("wavex-24-6", SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, 6, 60),
        ("rf64-24", SF_FORMAT_RF64 | SF_FORMAT_PCM_24, 2, 150),
        ("w64-16", SF_FORMAT_W64 | SF_FORMAT_PCM_16, 2, 200), ("w64-ulaw", SF_FORMAT_W64 | SF_FORMAT_ULAW, 1, 200),
        ("aiff-24", SF_FORMAT_AIFF | SF_FORMAT_PCM_24, 2, 150), ("aifc-f32", SF_FORMAT_AIFF | SF_FORMAT_FLOAT, 1, 150),
        ("aifc-8", SF_FORMAT_AIFF | SF_FORMAT_ULAW, 1, 151),
        ("sowt-16", SF_FORMAT_AIFF | SF_ENDIAN_LITTLE | SF_FORMAT_PCM_16, 2, 150),
        ("caf-16", SF_FORMAT_CAF | SF_FORMAT_PCM_16, 2, 150), ("caf-f32", SF_FORMAT_CAF | SF_FORMAT_FLOAT, 2, 100),
        ("caf-alac", SF_FORMAT_CAF | SF_FORMAT_ALAC_16, 2, 5_000),
        ("flac-8", SF_FORMAT_FLAC | SF_FORMAT_PCM_S8, 1, 500), ("flac-16", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 2, 9_000),
        ("flac-24", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, 1, 1_000),
        ("flac-16-6", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 6, 300),
        ("vorbis", SF_FORMAT_OGG | SF_FORMAT_VORBIS, 2, 3_000), ("opus-6", SF_FORMAT_OGG | SF_FORMAT_OPUS, 6, 960),
        ("opus", SF_FORMAT_OGG | SF_FORMAT_OPUS, 2, 6_000),
        ("mp3", SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 2, 5_000),
    ]

    /// A file that libsndfile wrote, without the time that it notes in a PEAK chunk.
    private static func encoded(_ format: Int, _ channelCount: Int, _ frameCount: Int) throws -> [UInt8] {
        guard let store = tmpfile() else { throw FuzzError.noSeed }
        defer { fclose(store) }
        let descriptor = fileno(store)
        var info = SF_INFO()
        info.samplerate = 48_000
        info.channels = CInt(channelCount)
        info.format = CInt(truncatingIfNeeded: format)
        guard let file = sf_open_fd(descriptor, CInt(SFM_WRITE), &info, 0) else { throw FuzzError.noSeed }
        sf_command(file, CInt(SFC_SET_ADD_PEAK_CHUNK), nil, CInt(SF_FALSE))
        // A triangle with a little noise: compressible, but not empty.
        var numbers = FuzzNumbers(seed: 5, index: frameCount)
        let samples = (0..<channelCount * frameCount).map { i in
            Float((i / channelCount * 3) % 200 - 100) / 256 + Float(numbers.below(64)) / 1_024
        }
        let written = sf_writef_float(file, samples, sf_count_t(frameCount))
        sf_close(file)
        guard written == sf_count_t(frameCount) else { throw FuzzError.noSeed }
        var bytes = [UInt8](repeating: 0, count: Int(lseek(descriptor, 0, SEEK_END)))
        guard pread(descriptor, &bytes, bytes.count, 0) == bytes.count else { throw FuzzError.noSeed }
        return bytes
    }

    /// A WAV file with chunks before and behind its audio, one of an odd size.
    private static func decorated(_ wave: [UInt8]) -> [UInt8] {
        func chunk(_ id: StaticString, _ body: [UInt8]) -> [UInt8] {
            var bytes: [UInt8] = []
            id.withUTF8Buffer { bytes.append(contentsOf: $0) }
            for i in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: body.count >> (8 * i))) }
            return bytes + body + (body.count % 2 == 1 ? [0] : [])
        }
        var bext = [UInt8](repeating: 0, count: 602)
        bext[346] = 2
        let info = Array("INFOINAM".utf8) + [4, 0, 0, 0] + Array("Demo".utf8)
        let nested = Array("adtl".utf8) + chunk("LIST", Array("adtl".utf8) + chunk("labl", [1, 0, 0, 0, 65, 0]))
        var bytes = Array(wave[..<12]) + chunk("bext", bext) + chunk("odd ", [1, 2, 3]) + wave[12...]
        bytes += chunk("LIST", info) + chunk("LIST", nested) + chunk("id3 ", leadingTag)
        for i in 0..<4 { bytes[4 + i] = UInt8(truncatingIfNeeded: (bytes.count - 8) >> (8 * i)) }
        return bytes
    }

    /// An ID3v2 tag of 20 bytes.
    private static let leadingTag: [UInt8] =
        Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, 10] + [UInt8](repeating: 0, count: 10)
}

enum FuzzError: Error { case noSeed }
