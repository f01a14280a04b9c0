import CSndFile
import Quantities
import SoundFiles
import Testing

@Suite struct FlacEncoderTests {
    @Test(
        "What is encoded is decoded, sample for sample",
        arguments: [SampleFormat.integer16, .integer24], [1, 2])
    func roundTrips(format: SampleFormat, channelCount: Int) throws {
        let layout = SampleLayout(format: format, channelCount: channelCount)
        let (left, right) = song(format, count: 50_001)
        let flac = try encode(layout, left, right, block: 50_001)
        let reader = try SoundFileReader(bytes: flac, name: "song.flac")
        #expect(
            reader.info
                == SoundFileInfo(
                    rate: 96_000, channelCount: channelCount, frameCount: 50_001, format: format,
                    container: .flac,
                    isLossy: false, channelMask: channelCount == 1 ? 4 : 3))
        var packed = [UInt8](repeating: 0, count: layout.byteCount(frames: 50_001))
        packed.withUnsafeMutableBytes {
            layout.pack(left: left, right: channelCount == 2 ? right : nil, into: $0)
        }
        #expect(try reader.canonicalBytes() == packed)

        let encoder = try FlacEncoder(name: "packed", rate: 96_000, layout: layout, tags: tags)
        try packed.withUnsafeBytes { try encoder.append(packed: $0) }
        #expect(encoder.frameCount == 50_001)
        #expect(try encoder.finish() == flac)
    }

    @Test("The bytes do not depend on the blocks in which the samples came, nor on the run")
    func isDeterministic() throws {
        let layout = SampleLayout(format: .integer24, channelCount: 2)
        let (left, right) = song(.integer24, count: 30_000)
        let first = try encode(layout, left, right, block: 30_000)
        #expect(try encode(layout, left, right, block: 777) == first)
        #expect(try encode(layout, left, right, block: 4_096) == first)
    }

    @Test("Tags are what libsndfile reads")
    func writesTags() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.flac")
        let (left, right) = song(.integer16, count: 5_000)
        try write(
            try encode(SampleLayout(format: .integer16, channelCount: 2), left, right, block: 5_000), to: path
        )
        var info = SF_INFO()
        let file = try #require(sf_open(path, CInt(SFM_READ), &info))
        defer { sf_close(file) }
        let text = { (kind: Int) in sf_get_string(file, CInt(kind)).map { String(cString: $0) } }
        #expect(text(SF_STR_TITLE) == "Große Fuge")
        #expect(text(SF_STR_ARTIST) == "Quartet")
        #expect(text(SF_STR_ALBUM) == "Late Works")
        #expect(text(SF_STR_TRACKNUMBER) == "7")
        #expect(text(SF_STR_DATE) == nil && text(SF_STR_SOFTWARE) == nil)
    }

    @Test("A higher level makes a smaller file of the same samples")
    func obeysLevels() throws {
        let layout = SampleLayout(format: .integer16, channelCount: 2)
        let (left, right) = song(.integer16, count: 40_000)
        let fast = try encode(layout, left, right, block: 40_000, level: 0)
        let small = try encode(layout, left, right, block: 40_000, level: 8)
        #expect(small.count < fast.count)
        #expect(
            try SoundFileReader(bytes: small, name: "8").canonicalBytes()
                == SoundFileReader(bytes: fast, name: "0").canonicalBytes())
    }

    @Test("The codec libraries have names")
    func namesLibraries() throws {
        #expect(SoundLibraries.soundFile.hasPrefix("libsndfile-"))
        #expect(try SoundLibraries.flacEncoder().hasPrefix("reference libFLAC"))
    }

    private let tags = SoundFileTags(
        title: "Große Fuge", artist: "Quartet", album: "Late Works", trackNumber: 7)

    private func encode(
        _ layout: SampleLayout, _ left: [Int32], _ right: [Int32], block: Int, level: Int = 5
    ) throws -> [UInt8] {
        let encoder = try FlacEncoder(
            name: "song.flac", rate: 96_000, layout: layout, tags: tags, level: level)
        var frame = 0
        while frame < left.count {
            let end = min(frame + block, left.count)
            try encoder.append(
                left: Array(left[frame..<end]),
                right: layout.channelCount == 2 ? Array(right[frame..<end]) : nil,
                count: end - frame)
            frame = end
        }
        return try encoder.finish()
    }

    /// A resonance driven by noise, which compresses, with the extremes at the start.
    private func song(_ format: SampleFormat, count: Int) -> ([Int32], [Int32]) {
        let top = Double(1 << (format.bitCount - 1)) - 1
        func channel(_ seed: UInt64) -> [Int32] {
            var numbers = TestNumbers(state: seed)
            var a = 0.0
            var b = 0.0
            var samples = (0..<count).map { _ in
                let y = 1.95 * a - 0.96 * b + 0.003 * Double.random(in: -1...1, using: &numbers)
                (a, b) = (y, a)
                return Int32((max(-1, min(1, y)) * top).rounded())
            }
            samples[0] = Int32(top)
            samples[1] = -Int32(top) - 1
            return samples
        }
        return (channel(1), channel(2))
    }
}
