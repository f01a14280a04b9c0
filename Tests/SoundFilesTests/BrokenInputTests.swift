import CSndFile
import Glibc
import Quantities
import SoundFiles
import Testing

/// Every way in which a file can be no sound file: a clear verdict with a remedy, at no cost.
@Suite struct BrokenInputTests {
    private func verdict(_ path: String) -> SoundFileError? {
        let structure = failure { _ = try SoundFileStructure.read(path: path) }
        let error = failure { _ = try SoundFileReader.probe(path: path) }
        if let structure { #expect(structure == error, "two readers, two verdicts") }
        return error
    }

    private func expect(
        _ error: SoundFileError?, _ code: SoundFileError.Code, _ words: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(error?.code == code, sourceLocation: sourceLocation)
        let message = error?.message ?? ""
        #expect(message.contains(words), "\(message)", sourceLocation: sourceLocation)
        // What happened, then what to do.
        #expect(message.hasSuffix(".") && message.contains(". "), "\(message)", sourceLocation: sourceLocation)
    }

    @Test func `what is no regular file is refused without waiting for it`() throws {
        let folder = try TemporaryFolder()
        expect(verdict(folder.file("no.wav")), .notFound, "Check the path")
        expect(verdict(folder.path), .notAFile, "Name a sound file in it")
        #expect(mkfifo(folder.file("pipe.wav"), 0o600) == 0)
        expect(verdict(folder.file("pipe.wav")), .notAFile, "Save the sound to a file")
        expect(verdict("/dev/zero"), .notAFile, "Save the sound to a file")
        #expect(symlink("loop.wav", folder.file("loop.wav")) == 0)
        expect(verdict(folder.file("loop.wav")), .notFound, "Mend the link")
        expect(verdict(folder.file(String(repeating: "a", count: 300))), .notFound, "Shorten the path")
        try write(Wave(channelCount: 1, bitCount: 16, frameCount: 4).bytes, to: folder.file("a.wav"))
        expect(verdict(folder.file("a.wav/b.wav")), .notFound, "Check the path")
        #expect(symlink(folder.file("a.wav"), folder.file("link.wav")) == 0)
        #expect(verdict(folder.file("link.wav")) == nil)
        guard geteuid() != 0 else { return }
        #expect(chmod(folder.file("a.wav"), 0) == 0)
        expect(verdict(folder.file("a.wav")), .notPermitted, "Change its permissions")
    }

    @Test func `a socket is refused`() throws {
        let folder = try TemporaryFolder()
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = folder.file("s")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        // A long temporary path does not fit into a socket's address.
        guard isBound else { return }
        expect(verdict(path), .notAFile, "Save the sound to a file")
    }

    @Test func `headers that cannot be true are refused by name`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        let good = Wave(channelCount: 2, bitCount: 16, frameCount: 100).bytes
        func changed(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
            var copy = good
            copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
            return copy
        }
        let cases: [([UInt8], SoundFileError.Code, String)] = [
            ([], .empty, "is an empty file"),
            (Array("GIF89a".utf8) + good, .notAudio, "Use WAV"),
            ([UInt8](repeating: 0, count: 4_096), .notAudio, "Use WAV"),
            (Array("RIFF".utf8), .notAudio, "Use WAV"),
            (Array(good[..<12]), .malformed, "has no format chunk"),
            (Array(good[..<36]), .malformed, "has no data chunk"),
            (changed(22, [0, 0]), .malformed, "names 0 channels at 48000 Hz"),
            (changed(24, [0, 0, 0, 0]), .malformed, "names 2 channels at 0 Hz"),
            (changed(24, [0, 0, 0, 0x7F]), .malformed, "2130706432 Hz"),
            (changed(24, [0, 0, 0, 0x80]), .malformed, "names 2 channels"),
            (changed(22, [0xFF, 0xFF]), .malformed, "names 65535 channels"),
            (changed(40, [0, 0, 0, 0]), .empty, "announces no frame"),
            (changed(40, [1, 0, 0, 0]), .empty, "announces no frame"),
            (changed(40, [0, 0, 0, 0x80]), .truncated, "announces 2147483648 bytes of audio, but only 400"),
            (changed(40, [0xFE, 0xFF, 0xFF, 0xFF]), .truncated, "announces 4294967294 bytes"),
            (changed(40, [0xFF, 0xFF, 0xFF, 0xFF]), .truncated, "does not state its length"),
            (changed(16, [0xFF, 0xFF, 0xFF, 0xFF]), .malformed, "has no data chunk"),
            (changed(16, [4, 0, 0, 0]), .malformed, "has a damaged format chunk"),
            (changed(20, [0x55, 0]), .unsupported, "codec 85"),
            (changed(34, [0, 0]), .unsupported, "holds 0-bit samples"),
        ]
        for (bytes, code, words) in cases {
            try write(bytes, to: path)
            expect(verdict(path), code, words)
        }
    }

    @Test func `chunks within chunks and chunks without end cost neither stack nor time`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        let good = Wave(channelCount: 2, bitCount: 16, frameCount: 100).bytes
        // 5,000 empty chunks are read over, 20,000 are refused.
        let empty = Array("JUNK".utf8) + [0, 0, 0, 0]
        for (count, code) in [(5_000, nil), (20_000, .malformed)] as [(Int, SoundFileError.Code?)] {
            try write(good[..<12] + [UInt8](repeatElement(empty, count: count).joined()) + good[12...], to: path)
            #expect(verdict(path)?.code == code)
        }
        var nested: [UInt8] = []
        for depth in 0..<50_000 {
            let byteCount = 12 * (50_000 - depth) - 8
            nested += Array("LIST".utf8) + (0..<4).map { UInt8(truncatingIfNeeded: byteCount >> (8 * $0)) }
            nested += Array("adtl".utf8)
        }
        try write(good[..<12] + nested + good[12...], to: path)
        #expect(verdict(path) == nil)
        #expect(try SoundFileStructure.read(path: path).chunks.count == 3)
    }

    @Test func `sizes that go below zero are refused in every container`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        let formats = [SF_FORMAT_RF64, SF_FORMAT_W64, SF_FORMAT_AIFF, SF_FORMAT_CAF]
        for format in formats {
            try writeWithLibrary(
                path, format: format | SF_FORMAT_PCM_16, channelCount: 2, samples: testSamples(count: 200))
            let whole = try bytes(of: path)
            for chunk in try SoundFileStructure.read(path: path).chunks {
                let (ahead, width) = [SF_FORMAT_W64: (16, 8), SF_FORMAT_CAF: (4, 8)][format] ?? (4, 4)
                for size: UInt64 in [.max, .max - 1, 1 << 63, (1 << 63) - 1, 0xFFFF_FFFF_8000_0000] {
                    var copy = whole
                    for i in 0..<width {
                        let place = format == SF_FORMAT_W64 || format == SF_FORMAT_RF64 ? i : width - 1 - i
                        copy[chunk.offset + ahead + place] = UInt8(truncatingIfNeeded: size >> UInt64(8 * i))
                    }
                    try write(copy, to: path)
                    let error = verdict(path)
                    // RF64 takes the size of its audio from ds64, AIFF from COMM.
                    let isWide = format == SF_FORMAT_RF64 && UInt32(truncatingIfNeeded: size) == .max
                    let isNeeded = ["fmt ", "COMM", "desc"].contains(chunk.id) || chunk.id == "data" && !isWide
                    if isNeeded { #expect(error != nil, "\(chunk.id) of \(size) bytes in \(format)") }
                }
            }
        }
    }

    @Test func `a FLAC header that cannot be true is refused before anything is decoded`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.flac")
        try writeWithLibrary(
            path, format: SF_FORMAT_FLAC | SF_FORMAT_PCM_16, channelCount: 2, samples: testSamples(count: 4_000))
        let whole = try bytes(of: path)
        func changed(_ offset: Int, _ change: (UInt8) -> UInt8) -> [UInt8] {
            var copy = whole
            copy[offset] = change(copy[offset])
            return copy
        }
        // Bits of STREAMINFO from byte 18 on: 20 of rate, 3 of channels, 5 of depth, 36 of length.
        var endless = whole
        for i in 22..<26 { endless[i] = 0xFF }
        endless[21] |= 0x0F
        var silent = whole
        for i in 18..<21 { silent[i] &= i == 20 ? 0x0F : 0 }
        var deeper = whole
        deeper[20] |= 1
        deeper[21] = deeper[21] & 0x0F | 0x30
        var lengthless = whole
        for i in 22..<26 { lengthless[i] = 0 }
        lengthless[21] &= 0xF0
        let cases: [([UInt8], SoundFileError.Code, String)] = [
            (endless, .truncated, "announces 68719476735 frames"),
            (lengthless, .truncated, "does not state its length"),
            (silent, .malformed, "at 0 Hz"),
            (changed(21) { $0 & 0x0F | 0x30 }, .unsupported, "holds 4-bit samples"),
            (deeper, .unsupported, "Save it as FLAC of 16 or 24 bits"),
            (changed(4) { $0 & 0x80 | 1 }, .malformed, "does not begin with a stream information block"),
            (changed(5) { _ in 0xFF }, .malformed, "ends within its metadata"),
            (Array(whole[..<20]), .malformed, "ends within its metadata"),
            (Array(whole[..<4]), .malformed, "ends within its metadata"),
        ]
        for (bytes, code, words) in cases {
            try write(bytes, to: path)
            let error = failure { _ = try SoundFileReader.probe(path: path) }
            expect(error, code, words)
        }
    }

    @Test func `a damaged packet table is refused before the library sees it`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.caf")
        try writeWithLibrary(
            path, format: SF_FORMAT_CAF | SF_FORMAT_ALAC_16, channelCount: 2, samples: testSamples(count: 40_000))
        var whole = try bytes(of: path)
        #expect(verdict(path) == nil)
        let table = try #require(SoundFileStructure.read(path: path).chunks.first { $0.id == "pakt" })
        // A number that does not end.
        for i in 0..<5 { whole[table.offset + 12 + 24 + i] |= 0x80 }
        try write(whole, to: path)
        expect(failure { _ = try SoundFileReader.probe(path: path) }, .malformed, "damaged packet table")
    }

    @Test func `a tag hides no other format from its checks`() throws {
        let tag = Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, 0]
        let good = Wave(channelCount: 2, bitCount: 16, frameCount: 100).bytes
        expect(failure { _ = try SoundFileReader(bytes: tag + good, name: "a") }, .notAudio, "Use WAV")
        expect(failure { _ = try SoundFileReader(bytes: tag, name: "a") }, .notAudio, "Use WAV")
        // A tag that announces 256 MiB.
        let huge = Array("ID3".utf8) + [4, 0, 0, 0x7F, 0x7F, 0x7F, 0x7F]
        expect(failure { _ = try SoundFileReader(bytes: huge + good, name: "a") }, .notAudio, "Use WAV")
    }

    @Test(arguments: ["wav", "aiff", "caf", "flac", "ogg"])
    func `a file that becomes shorter while it is read is said to have changed`(kind: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a")
        let format = [
            "wav": SF_FORMAT_WAV | SF_FORMAT_PCM_24, "aiff": SF_FORMAT_AIFF | SF_FORMAT_PCM_24,
            "caf": SF_FORMAT_CAF | SF_FORMAT_PCM_16, "flac": SF_FORMAT_FLAC | SF_FORMAT_PCM_24,
            "ogg": SF_FORMAT_OGG | SF_FORMAT_VORBIS,
        ][kind]!
        try writeWithLibrary(
            path, format: format, channelCount: 2, samples: testSamples(count: 400_000).map { $0 >> 3 })
        let reader = try SoundFileReader(path: path)
        _ = try reader.canonicalBytes(FrameRange(0, 100))
        #expect(truncate(path, 9_000) == 0)
        let error = failure { _ = try reader.canonicalBytes(FrameRange(100_000, 200_000)) }
        expect(error, .changed, "Leave it alone")
    }
}
