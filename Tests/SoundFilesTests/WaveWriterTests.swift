import CSndFile
import Glibc
import Quantities
import SoundFiles
import Testing

@Suite struct WaveWriterTests {
    @Test(
        "What is written is read back by both readers",
        arguments: [SampleFormat.integer16, .integer24, .float32], [1, 2])
    func roundTrips(format: SampleFormat, channelCount: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        let layout = SampleLayout(format: format, channelCount: channelCount)
        let frameCount = 30_001
        var seen: [UInt8] = []
        var frame = 0
        let writer = try WaveWriter(path: path, rate: 96_000, layout: layout)
        for count in [1, 7, 65_536] {
            let count = min(count, frameCount - frame)
            seen += try append(to: writer, frame: frame, count: count)
            frame += count
        }
        #expect(writer.frameCount == frameCount)
        let fileByteCount = try writer.finish()
        #expect(try bytes(of: path).count == fileByteCount)
        #expect(fileByteCount % 2 == 0)

        let reader = try SoundFileReader(path: path)
        #expect(
            reader.info
                == SoundFileInfo(
                    rate: 96_000, channelCount: channelCount, frameCount: frameCount, format: format,
                    container: .wave, isLossy: false))
        #expect(try reader.canonicalBytes() == seen)
        let library = try readWithLibrary(path)
        #expect(library.info.frames == sf_count_t(frameCount))
        #expect(Int(library.info.format) & SF_FORMAT_TYPEMASK == SF_FORMAT_WAV)
        #expect(try reader.interleaved(FrameRange(0, frameCount)) == library.samples)
    }

    @Test("The bytes are a function of the samples alone")
    func isDeterministic() throws {
        let folder = try TemporaryFolder()
        var files: [[UInt8]] = []
        for (name, block) in [("a", 1_000), ("b", 333)] {
            let path = folder.file(name)
            let writer = try WaveWriter(
                path: path, rate: 48_000, layout: .init(format: .float32, channelCount: 2))
            var frame = 0
            while frame < 5_000 {
                _ = try append(to: writer, frame: frame, count: min(block, 5_000 - frame))
                frame = writer.frameCount
            }
            try writer.finish(isSynchronised: true)
            files.append(try bytes(of: path))
        }
        #expect(files[0] == files[1])
    }

    @Test("The header holds the fields of the standards, byte by byte")
    func writesTheHeader() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        let writer = try WaveWriter(
            path: path, rate: 44_100, layout: .init(format: .integer24, channelCount: 1))
        try writer.append(left: [1, -1, 0x7F_FFFF] as [Int32], right: nil, count: 3)
        try writer.finish()
        var expected: [UInt8] = Array("RIFF".utf8) + [82, 0, 0, 0] + Array("WAVEJUNK".utf8) + [28, 0, 0, 0]
        expected += [UInt8](repeating: 0, count: 28)
        expected +=
            Array("fmt ".utf8) + [
                16, 0, 0, 0, 1, 0, 1, 0, 0x44, 0xAC, 0, 0, 0xCC, 0x04, 0x02, 0, 3, 0, 24, 0,
            ]
        expected += Array("data".utf8) + [9, 0, 0, 0, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0]
        #expect(try bytes(of: path) == expected)
    }

    @Test(
        "Beyond the limit of RIFF the file is RF64 with its sizes in ds64",
        arguments: [SampleFormat.integer16, .float32])
    func promotesToRF64(format: SampleFormat) throws {
        let folder = try TemporaryFolder()
        let layout = SampleLayout(format: format, channelCount: 2)
        let frameCount = 1_000
        let headerByteCount = format.isFloat ? 94 : 80
        let riffByteCount = headerByteCount - 8 + layout.byteCount(frames: frameCount)
        for (limit, container) in [(riffByteCount, SoundContainer.wave), (riffByteCount - 1, .rf64)] {
            let path = folder.file("\(limit)")
            try write([], to: path)
            var seen: [UInt8] = []
            try withDescriptor(path, flags: O_RDWR) { descriptor in
                let writer = try WaveWriter(
                    descriptor: descriptor, name: path, rate: 48_000, layout: layout,
                    riffByteCountLimit: limit)
                seen = try append(to: writer, frame: 0, count: frameCount)
                try writer.finish()
            }
            let file = try bytes(of: path)
            #expect(file.count == riffByteCount + 8)
            let reader = try SoundFileReader(path: path)
            #expect(reader.info.container == container && reader.info.frameCount == frameCount)
            #expect(try reader.canonicalBytes() == seen)
            let library = try readWithLibrary(path)
            let major = container == .rf64 ? SF_FORMAT_RF64 : SF_FORMAT_WAV
            #expect(Int(library.info.format) & SF_FORMAT_TYPEMASK == major)
            #expect(library.info.frames == sf_count_t(frameCount))
            if container == .rf64 {
                #expect(Array(file[0..<8]) == Array("RF64".utf8) + [255, 255, 255, 255])
                #expect(Array(file[12..<16]) == Array("ds64".utf8))
                #expect(littleEndian(file, 20) == riffByteCount)
                #expect(littleEndian(file, 28) == layout.byteCount(frames: frameCount))
                #expect(littleEndian(file, 36) == frameCount)
            }
        }
    }

    @Test("A file of more than 4 GiB is RF64 and is read at its end")
    func writesLargeFiles() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("large.wav")
        try write([], to: path)
        let layout = SampleLayout(format: .float32, channelCount: 2)
        let frameCount = (1 << 32) / 8 + 100
        // Written by hand with a hole, so that no disk holds 4 GiB: the header of a small RF64, with larger
        // sizes.
        try withDescriptor(path, flags: O_RDWR) { descriptor in
            let writer = try WaveWriter(
                descriptor: descriptor, name: path, rate: 48_000, layout: layout, riffByteCountLimit: 0)
            _ = try append(to: writer, frame: 0, count: 10)
            try writer.finish()
            var sizes = [UInt8]()
            for value in [
                86 + layout.byteCount(frames: frameCount), layout.byteCount(frames: frameCount), frameCount,
            ] {
                for i in 0..<8 { sizes.append(UInt8(truncatingIfNeeded: value >> (8 * i))) }
            }
            #expect(pwrite(descriptor, sizes, 24, 20) == 24)
            #expect(ftruncate(descriptor, off_t(94 + layout.byteCount(frames: frameCount))) == 0)
            let mark: [Float] = [0.25, -0.5]
            #expect(pwrite(descriptor, mark, 8, off_t(94 + layout.byteCount(frames: frameCount - 1))) == 8)
        }
        let reader = try SoundFileReader(path: path)
        #expect(reader.info.frameCount == frameCount && reader.info.container == .rf64)
        #expect(try reader.interleaved(FrameRange(frameCount - 2, frameCount)) == [0, 0, 0.25, -0.5])
    }

    @Test("A cut file ends there, and goes on from there")
    func truncates() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        let layout = SampleLayout(format: .integer24, channelCount: 2)
        let writer = try WaveWriter(path: path, rate: 48_000, layout: layout)
        let first = try append(to: writer, frame: 0, count: 5_000)
        try writer.truncate(toFrames: 1_234)
        let second = try append(to: writer, frame: 77, count: 100)
        try writer.truncate(toFrames: 1_300)
        try writer.finish()
        let reader = try SoundFileReader(path: path)
        #expect(reader.info.frameCount == 1_300)
        #expect(try reader.canonicalBytes() == Array(first[..<(6 * 1_234)] + second[..<(6 * 66)]))
        #expect(try bytes(of: path).count == 80 + 6 * 1_300)
    }

    @Test("A disk that is full is an error that says so")
    func reportsFullDisks() async {
        // A limit on the size of files, in a process of its own, stands in for the disk.
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let writer = try WaveWriter(
                path: folder.file("a.wav"), rate: 48_000, layout: .init(format: .float32, channelCount: 1))
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 1 << 20, rlim_max: 1 << 20)
            setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
            let silence = [Float](repeating: 0, count: 1 << 17)
            let error = failure {
                for _ in 0..<3 { try writer.append(left: silence, right: nil, count: silence.count) }
            }
            #expect(error?.code == .noSpace)
        }
    }

    /// Appends test samples and returns what the writer packed.
    private func append(to writer: WaveWriter, frame: Int, count: Int) throws -> [UInt8] {
        var seen: [UInt8] = []
        let isStereo = writer.layout.channelCount == 2
        let shift = Int32(32 - writer.layout.format.bitCount)
        let left = testSamples(count: frame + count, seed: 5)[frame...].map { $0 >> shift }
        let right = testSamples(count: frame + count, seed: 6)[frame...].map { $0 >> shift }
        if writer.layout.format.isFloat {
            let scaled = { (samples: [Int32]) in samples.map { Float($0) * 0x1p-31 } }
            try writer.append(
                left: scaled(left), right: isStereo ? scaled(right) : nil, count: count,
                packed: { seen += $0 })
        } else {
            try writer.append(left: left, right: isStereo ? right : nil, count: count, packed: { seen += $0 })
        }
        return seen
    }

    private func littleEndian(_ bytes: [UInt8], _ offset: Int) -> Int {
        (0..<8).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
    }
}
