import CSndFile
import Glibc
import Quantities
import SoundFiles
import Testing

/// A format as libsndfile numbers it, with what Lathe must make of it.
struct FormatCase: Sendable, CustomTestStringConvertible {
    var name: String
    var code: Int
    var format: SampleFormat
    var container: SoundContainer
    var testDescription: String { name }
    /// Whether it says which loudspeakers the channels are for: the middle one, or left and right.
    var hasMask: Bool { container == .flac || container == .rf64 || name.hasPrefix("wavex") }

    init(_ name: String, _ code: Int, _ format: SampleFormat, _ container: SoundContainer) {
        self.name = name
        self.code = code
        self.format = format
        self.container = container
    }

    static let all: [FormatCase] = {
        var cases: [FormatCase] = []
        let containers: [(String, Int, SoundContainer)] = [
            ("wav", SF_FORMAT_WAV, .wave), ("wavex", SF_FORMAT_WAVEX, .wave), ("rf64", SF_FORMAT_RF64, .rf64),
            ("w64", SF_FORMAT_W64, .wave64), ("aiff", SF_FORMAT_AIFF, .aiff), ("caf", SF_FORMAT_CAF, .caf),
            ("sowt", SF_FORMAT_AIFF | SF_ENDIAN_LITTLE, .aiff),
        ]
        let codecs: [(String, Int, SampleFormat)] = [
            ("8", SF_FORMAT_PCM_S8, .integer8), ("16", SF_FORMAT_PCM_16, .integer16),
            ("24", SF_FORMAT_PCM_24, .integer24), ("32", SF_FORMAT_PCM_32, .integer32),
            ("f32", SF_FORMAT_FLOAT, .float32), ("f64", SF_FORMAT_DOUBLE, .float64),
            ("alaw", SF_FORMAT_ALAW, .integer16), ("ulaw", SF_FORMAT_ULAW, .integer16),
        ]
        for container in containers {
            for codec in codecs {
                if container.0 == "sowt", ![1, 2, 3].contains(codecs.firstIndex { $0.0 == codec.0 }!) {
                    continue
                }
                let isRIFF = ["wav", "wavex", "rf64", "w64"].contains(container.0)
                let code = codec.1 == SF_FORMAT_PCM_S8 && isRIFF ? SF_FORMAT_PCM_U8 : codec.1
                cases.append(.init("\(container.0)-\(codec.0)", container.1 | code, codec.2, container.2))
            }
        }
        cases.append(.init("flac-8", SF_FORMAT_FLAC | SF_FORMAT_PCM_S8, .integer8, .flac))
        cases.append(.init("flac-16", SF_FORMAT_FLAC | SF_FORMAT_PCM_16, .integer16, .flac))
        cases.append(.init("flac-24", SF_FORMAT_FLAC | SF_FORMAT_PCM_24, .integer24, .flac))
        cases.append(.init("alac-16", SF_FORMAT_CAF | SF_FORMAT_ALAC_16, .integer16, .caf))
        return cases
    }()
}

@Suite struct ReaderTests {
    @Test("Every lossless format is read bit for bit as libsndfile reads it", arguments: FormatCase.all)
    func equalsLibrary(_ sample: FormatCase) throws {
        let folder = try TemporaryFolder()
        let shapes = [(1, 1, 44_100), (2, 7, 48_000), (1, 20_011, 96_000), (2, 40_003, 192_000)]
        for (channelCount, writtenFrameCount, rate) in shapes {
            // libsndfile's ALAC encoder calls a packet of a few frames of noise too big, and leaves it
            // damaged.
            if sample.name.hasPrefix("alac"), writtenFrameCount < 1_000 { continue }
            let path = folder.file("\(channelCount)-\(writtenFrameCount)")
            let samples = testSamples(count: channelCount * writtenFrameCount)
            try writeWithLibrary(
                path, format: sample.code, rate: rate, channelCount: channelCount, samples: samples)
            let expected = try readWithLibrary(path)
            // Its AIFF writer counts the pad byte of an odd number of 8-bit samples.
            let frameCount = Int(expected.info.frames)
            let isPadded = ["aiff-8", "aiff-alaw", "aiff-ulaw"].contains(sample.name)
            #expect(frameCount - writtenFrameCount == (isPadded ? channelCount * writtenFrameCount % 2 : 0))
            let reader = try SoundFileReader(path: path)
            try reader.checkEnd()
            #expect(
                reader.info
                    == SoundFileInfo(
                        rate: rate, channelCount: channelCount, frameCount: frameCount, format: sample.format,
                        container: sample.container, isLossy: false,
                        channelMask: sample.hasMask ? (channelCount == 1 ? 4 : 3) : nil))
            let read = try reader.interleaved(FrameRange(0, frameCount))
            #expect(read.map(\.bitPattern) == expected.samples.map(\.bitPattern))
            // Any range, in any order.
            for (start, end) in [
                (frameCount / 2, frameCount), (0, frameCount / 3), (frameCount - 1, frameCount),
            ] {
                let part = try reader.interleaved(FrameRange(start, end))
                let wanted = expected.samples[start * channelCount..<end * channelCount]
                #expect(part.map(\.bitPattern) == wanted.map(\.bitPattern))
            }
        }
    }

    @Test(
        "A file that was wrapped again has the same canonical bytes",
        arguments: [(2, 16), (1, 24), (2, 24), (2, 32)])
    func canonicalBytesSurviveWrapping(channelCount: Int, bitCount: Int) throws {
        let folder = try TemporaryFolder()
        let frameCount = 70_001
        let samples = testSamples(count: channelCount * frameCount)
        let codec = [16: SF_FORMAT_PCM_16, 24: SF_FORMAT_PCM_24, 32: SF_FORMAT_PCM_32][bitCount]!
        let expected = samples.flatMap { sample in
            (0..<bitCount / 8).map { UInt8(truncatingIfNeeded: sample >> Int32(32 - bitCount + 8 * $0)) }
        }
        var containers = [
            SF_FORMAT_WAV, SF_FORMAT_WAVEX, SF_FORMAT_RF64, SF_FORMAT_W64, SF_FORMAT_AIFF, SF_FORMAT_CAF,
            SF_FORMAT_AIFF | SF_ENDIAN_LITTLE,
        ]
        if bitCount < 32 { containers.append(SF_FORMAT_FLAC) }
        for container in containers {
            let path = folder.file("source")
            try writeWithLibrary(
                path, format: container | codec, channelCount: channelCount, samples: samples)
            let reader = try SoundFileReader(path: path)
            var whole: [UInt8] = []
            var parts: [Int] = []
            try reader.forEachPart { frames, bytes in
                parts.append(frames.count)
                whole += bytes
            }
            #expect(parts == [65_536, 4_465])
            #expect(whole == expected)
            #expect(reader.info.canonicalByteCount == expected.count)
        }
    }

    @Test("Canonical bytes of a little-endian PCM file are its own bytes")
    func canonicalBytesAreFileBytes() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAV | SF_FORMAT_PCM_24, channelCount: 2,
            samples: testSamples(count: 2_000))
        let file = try bytes(of: path)
        #expect(try SoundFileReader(path: path).canonicalBytes() == Array(file.suffix(6_000)))
    }

    @Test("A descriptor and bytes in memory are read like the path, and the descriptor's offset stays")
    func readsDescriptorsAndMemory() throws {
        let folder = try TemporaryFolder()
        for (name, code) in [("a.wav", SF_FORMAT_WAV), ("a.flac", SF_FORMAT_FLAC)] {
            let path = folder.file(name)
            try writeWithLibrary(
                path, format: code | SF_FORMAT_PCM_16, channelCount: 2, samples: testSamples(count: 20_000))
            let expected = try SoundFileReader(path: path).canonicalBytes()
            let inMemory = try SoundFileReader(bytes: try bytes(of: path), name: "memory")
            #expect(try inMemory.canonicalBytes() == expected)
            try withDescriptor(path) { descriptor in
                // Two readers of one descriptor do not disturb each other.
                let first = try SoundFileReader(descriptor: descriptor, name: "first")
                let second = try SoundFileReader(descriptor: descriptor, name: "second")
                let half = first.info.layout.byteCount(frames: 5_000)
                #expect(try first.canonicalBytes(FrameRange(0, 5_000)) == Array(expected[..<half]))
                #expect(try second.canonicalBytes() == expected)
                #expect(try first.canonicalBytes(FrameRange(5_000, 10_000)) == Array(expected[half...]))
                #expect(offset(of: descriptor) == 0)
            }
        }
    }

    @Test(
        "Lossy files say so, and decode to floats as libsndfile does", arguments: ["vorbis", "opus", "mp3"])
    func readsLossyFiles(_ kind: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.\(kind)")
        let code =
            switch kind {
            case "vorbis": SF_FORMAT_OGG | SF_FORMAT_VORBIS
            case "opus": SF_FORMAT_OGG | SF_FORMAT_OPUS
            default: SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III
            }
        let samples = testSamples(count: 96_000).map { $0 >> 3 }
        try writeWithLibrary(path, format: code, channelCount: 2, samples: samples)
        let reader = try SoundFileReader(path: path)
        try reader.checkEnd()
        #expect(reader.info.isLossy && reader.info.format == .float32 && reader.info.rate == 48_000)
        let expected = try readWithLibrary(path)
        let sequential = try SoundFileReader(path: path)
        #expect(
            try sequential.interleaved(FrameRange(0, sequential.info.frameCount)).map(\.bitPattern)
                == expected.samples.map(\.bitPattern))
    }

    @Test("The last frames of a Vorbis or Opus file are read by themselves", arguments: ["vorbis", "opus"])
    func readsLossyTails(_ kind: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.ogg")
        let codec = kind == "vorbis" ? SF_FORMAT_VORBIS : SF_FORMAT_OPUS
        for frameCount in [3_000, 9_600, 48_000, 144_000] {
            try writeWithLibrary(
                path, format: SF_FORMAT_OGG | codec, channelCount: 2,
                samples: testSamples(count: 2 * frameCount).map { $0 >> 3 })
            let whole = try SoundFileReader(path: path).interleaved(FrameRange(0, frameCount))
            for count in [1, 100, 300, 1_000, 2_900] {
                let tail = try SoundFileReader(path: path).interleaved(FrameRange(frameCount - count, frameCount))
                #expect(tail.count == 2 * count)
                // Vorbis decodes to the same samples wherever it begins; Opus needs a while to settle.
                if kind == "vorbis" { #expect(tail == Array(whole.suffix(2 * count)), "\(count) of \(frameCount)") }
            }
        }
    }

    @Test("Vorbis and Opus have an order of channels of their own, and are read in that of WAV", arguments: 1...8)
    func ordersChannels(channelCount: Int) throws {
        // Written: left, centre, right, ... (Vorbis I, section 4.3.9). Read: left, right, centre, LFE, back, side.
        let written: [[String]] = [
            ["M"], ["L", "R"], ["L", "C", "R"], ["L", "R", "BL", "BR"], ["L", "C", "R", "BL", "BR"],
            ["L", "C", "R", "BL", "BR", "LFE"], ["L", "C", "R", "SL", "SR", "BC", "LFE"],
            ["L", "C", "R", "SL", "SR", "BL", "BR", "LFE"],
        ]
        let bits = ["L": 0, "R": 1, "C": 2, "M": 2, "LFE": 3, "BL": 4, "BR": 5, "BC": 8, "SL": 9, "SR": 10]
        let names = written[channelCount - 1]
        let wanted = names.sorted { bits[$0]! < bits[$1]! }
        let folder = try TemporaryFolder()
        for codec in [SF_FORMAT_VORBIS, SF_FORMAT_OPUS] {
            let path = folder.file("a.ogg")
            // Each channel is a tone as loud as its name's place in the order of WAV says; the LFE's is deep.
            let samples = (0..<24_000).flatMap { i in
                names.map { name in
                    let level = 0.08 * Double(wanted.firstIndex(of: name)! + 1)
                    return Int32(level * 0x1p31 * sin(Double(i) * (name == "LFE" ? 0.005 : 0.05)))
                }
            }
            try writeWithLibrary(path, format: SF_FORMAT_OGG | codec, channelCount: channelCount, samples: samples)
            let reader = try SoundFileReader(path: path)
            let mask = names.reduce(0) { $0 | 1 << bits[$1]! }
            #expect(reader.info.channelMask == UInt32(mask))
            var levels = [Float](repeating: 0, count: channelCount)
            var changes = [Int](repeating: 0, count: channelCount)
            try reader.withCanonicalBytes(FrameRange(8_000, 20_000)) { bytes in
                let floats = bytes.bindMemory(to: Float.self)
                for i in floats.indices {
                    levels[i % channelCount] = max(levels[i % channelCount], floats[i].magnitude)
                    if i >= channelCount, (floats[i] < 0) != (floats[i - channelCount] < 0) {
                        changes[i % channelCount] += 1
                    }
                }
            }
            for (channel, level) in levels.enumerated() {
                // The LFE is coded coarsely, but it is the one that swings slowly.
                if wanted[channel] == "LFE" {
                    #expect(changes[channel] * 4 < changes[0], "in \(codec)")
                } else {
                    #expect((level - 0.08 * Float(channel + 1)).magnitude < 0.04, "\(wanted[channel]) in \(codec)")
                }
            }
        }
    }

    @Test("More than two channels are known, and refused by planar reading")
    func refusesManyChannels() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, channelCount: 6,
            samples: testSamples(count: 600))
        let reader = try SoundFileReader(path: path)
        #expect(reader.info.channelCount == 6 && reader.info.frameCount == 100)
        #expect(try reader.canonicalBytes().count == 1_800)
        var plane = [Float](repeating: 0, count: 100)
        let error = failure { try reader.read(FrameRange(0, 100), left: &plane, right: nil) }
        #expect(error?.code == .unsupported)
    }

    @Test(
        "Apple Lossless above 16 bits is refused: libsndfile returns other samples than went in",
        arguments: [SF_FORMAT_ALAC_20, SF_FORMAT_ALAC_24, SF_FORMAT_ALAC_32])
    func refusesDeepALAC(_ codec: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.caf")
        try writeWithLibrary(
            path, format: SF_FORMAT_CAF | codec, channelCount: 2, samples: testSamples(count: 20_000))
        #expect(failure { _ = try SoundFileReader.probe(path: path) }?.code == .unsupported)
    }
}
