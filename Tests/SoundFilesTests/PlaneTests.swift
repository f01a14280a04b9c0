import CSndFile
import CVector
import Quantities
import SoundFiles
import Testing

@Suite struct PlaneTests {
    private static let channelCounts = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16, 24, 63, 64]

    @Test(arguments: channelCounts)
    func `planes of many channels have the plain loop's bits, and nothing beyond the frames is touched`(
        channelCount: Int
    ) {
        for count in Array(0...19) + [64, 65, 100] {
            for width in 2...5 {
                let byteCount = min(width, 4) * channelCount * count
                let source = GuardedBytes(byteCount)
                var numbers = TestNumbers(state: UInt64(width * 100 + count))
                for i in 0..<byteCount { source.start[i] = UInt8.random(in: 0...255, using: &numbers) }
                let offset = count % 3
                let fast = planes(channelCount, offset + count + 1) { planes in
                    switch width {
                    case 2: lathe_unpack_planes_int16(source.start, planes, channelCount, offset, count)
                    case 3: lathe_unpack_planes_int24(source.start, planes, channelCount, offset, count)
                    case 4: lathe_unpack_planes_int32(source.start, planes, channelCount, offset, count)
                    default: lathe_unpack_planes_float32(source.start, planes, channelCount, offset, count)
                    }
                }
                let plain = planes(channelCount, offset + count + 1) { planes in
                    switch width {
                    case 2: lathe_unpack_planes_int16_plain(source.start, planes, channelCount, offset, 0, count)
                    case 3: lathe_unpack_planes_int24_plain(source.start, planes, channelCount, offset, 0, count)
                    case 4: lathe_unpack_planes_int32_plain(source.start, planes, channelCount, offset, 0, count)
                    default: lathe_unpack_planes_float32_plain(source.start, planes, channelCount, offset, 0, count)
                    }
                }
                #expect(fast == plain, "\(count) frames of width \(width)")
                let untouched = fast.allSatisfy { plane in
                    plane[..<offset].allSatisfy { $0 == Self.mark } && plane.last == Self.mark
                }
                #expect(untouched, "\(count) frames of width \(width)")
            }
        }
    }

    @Test(arguments: channelCounts)
    func `files of up to 64 channels are read as libsndfile reads them`(channelCount: Int) throws {
        let folder = try TemporaryFolder()
        let formats = [
            SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, SF_FORMAT_WAV | SF_FORMAT_PCM_32,
            SF_FORMAT_WAV | SF_FORMAT_FLOAT, SF_FORMAT_AIFF | SF_FORMAT_PCM_24, SF_FORMAT_W64 | SF_FORMAT_DOUBLE,
            SF_FORMAT_CAF | SF_FORMAT_PCM_16, SF_FORMAT_FLAC | SF_FORMAT_PCM_24,
        ]
        for format in formats {
            let isFLAC = format & SF_FORMAT_TYPEMASK == SF_FORMAT_FLAC
            if isFLAC, channelCount > 8 { continue }
            let path = folder.file("a")
            let frameCount = 1_237
            try writeWithLibrary(
                path, format: format, channelCount: channelCount, samples: testSamples(count: channelCount * frameCount)
            )
            let expected = try readWithLibrary(path).samples.map(\.bitPattern)
            let reader = try SoundFileReader(path: path)
            #expect(reader.info.channelCount == channelCount)
            for (start, end) in [(0, frameCount), (frameCount / 3, frameCount - 5), (frameCount - 1, frameCount)] {
                let found = try readPlanes(reader, FrameRange(start, end))
                for (channel, plane) in found.enumerated() {
                    let wanted = stride(from: start * channelCount + channel, to: end * channelCount, by: channelCount)
                    #expect(plane == wanted.map { expected[$0] }, "channel \(channel) of \(format)")
                }
            }
        }
    }

    @Test func `planes and bytes to be hashed come from one reading`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAVEX | SF_FORMAT_PCM_24, channelCount: 6, samples: testSamples(count: 6 * 70_000))
        let reader = try SoundFileReader(path: path)
        let whole = try readPlanes(reader, FrameRange(0, 70_000))
        var digested: [UInt8] = []
        let inParts = try planes(6, 70_000) { planes in
            let pointers = (0..<6).map { planes[$0]! }
            try reader.forEachPart { frames, bytes in
                digested += bytes
                reader.info.layout.unpack(bytes, planes: pointers, at: frames.start)
            }
        }
        #expect(inParts == whole)
        #expect(try reader.canonicalBytes() == digested)
    }

    @Test func `more than 64 channels are refused with a remedy`() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("a.wav")
        try writeWithLibrary(
            path, format: SF_FORMAT_WAVEX | SF_FORMAT_PCM_16, channelCount: 65, samples: testSamples(count: 650))
        let reader = try SoundFileReader(path: path)
        let error = failure { try reader.read(FrameRange(0, 10), planes: []) }
        #expect(error?.code == .unsupported)
        #expect(error?.message == "has 65 channels; at most 64 are read. Split it into such files.")
    }

    private static let mark: UInt32 = 0x7FC1_2345

    /// What a body writes into planes that are marked all over.
    private func planes(
        _ channelCount: Int, _ count: Int, _ body: (UnsafePointer<UnsafeMutablePointer<Float>?>) throws -> Void
    ) rethrows -> [[UInt32]] {
        let storage: [UnsafeMutablePointer<Float>?] = (0..<channelCount).map { _ in
            let plane = UnsafeMutablePointer<Float>.allocate(capacity: count)
            plane.initialize(repeating: Float(bitPattern: Self.mark), count: count)
            return plane
        }
        defer { storage.forEach { $0?.deallocate() } }
        try storage.withUnsafeBufferPointer { try body($0.baseAddress!) }
        return storage.map { UnsafeBufferPointer(start: $0, count: count).map(\.bitPattern) }
    }

    private func readPlanes(_ reader: SoundFileReader, _ frames: FrameRange) throws -> [[UInt32]] {
        try planes(reader.info.channelCount, frames.count) { planes in
            try reader.read(frames, planes: (0..<reader.info.channelCount).map { planes[$0]! })
        }
    }
}
