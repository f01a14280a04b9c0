import CSndFile
import Quantities
import SoundFiles
import Testing

@Suite struct ChecksumTests {
    @Test(
        arguments: [
            (SF_FORMAT_PCM_S8, 1), (SF_FORMAT_PCM_S8, 2), (SF_FORMAT_PCM_16, 1), (SF_FORMAT_PCM_16, 2),
            (SF_FORMAT_PCM_24, 2), (SF_FORMAT_PCM_24, 5),
        ])
    func `a FLAC file's own checksum is that of its samples`(codec: Int, channelCount: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.flac")
        // 70,001 frames: two parts, the last of an odd length.
        try writeWithLibrary(
            path, format: SF_FORMAT_FLAC | codec, channelCount: channelCount,
            samples: testSamples(count: channelCount * 70_001))
        let reader = try SoundFileReader(path: path)
        #expect(try reader.verifyChecksum() == .matches)
        // The same from parts that are read anyway, cut anywhere.
        for step in [1, 63, 64, 65, 100_003] {
            var check = reader.storedChecksumCheck()
            let frames = FrameRange(0, 70_001)
            try reader.withCanonicalBytes(frames) { bytes in
                var offset = 0
                while offset < bytes.count {
                    let end = min(bytes.count, offset + step * reader.info.layout.bytesPerFrame)
                    check.add(UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
                    offset = end
                }
            }
            #expect(check.finish() == .matches)
        }
    }

    @Test func `one changed bit in it is a difference, and zeros are none at all`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.flac")
        try writeWithLibrary(
            path, format: SF_FORMAT_FLAC | SF_FORMAT_PCM_16, channelCount: 2, samples: testSamples(count: 9_000))
        var whole = try bytes(of: path)
        whole[26] ^= 1
        #expect(try SoundFileReader(bytes: whole, name: "a").verifyChecksum() == .differs)
        for i in 26..<42 { whole[i] = 0 }
        let reader = try SoundFileReader(bytes: whole, name: "a")
        #expect(reader.storedMD5 == nil)
        #expect(try reader.verifyChecksum() == .absent)
    }

    @Test func `a WAV file has no checksum, and an odd number of bytes is read to its end`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAV | SF_FORMAT_PCM_24, channelCount: 1, samples: testSamples(count: 1_001))
        let whole = try bytes(of: path)
        #expect(whole.count % 2 == 0)
        // With its pad byte and without.
        for bytes in [whole, Array(whole.dropLast())] {
            let reader = try SoundFileReader(bytes: bytes, name: "a")
            #expect(reader.info.frameCount == 1_001)
            #expect(try reader.canonicalBytes().count == 3_003)
            #expect(try reader.verifyChecksum() == .absent)
        }
    }
}
