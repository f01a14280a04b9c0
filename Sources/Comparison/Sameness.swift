import Foundation
import Quantities
import SoundFiles

/// Whether two files are the same bytes, or hold the same samples.
enum Sameness {
    /// Whether the files are equal byte for byte.
    static func hasEqualBytes(_ a: String, _ b: String) throws -> Bool {
        let (first, second) = (try Descriptor(a), try Descriptor(b))
        guard first.byteCount == second.byteCount else { return false }
        if first.identity == second.identity { return true }
        return try hasEqualBytes(first, 0..<first.byteCount, second, 0..<second.byteCount)
    }

    /// Whether two files hold the same samples, bit by bit. Of 64-bit floats, which are read as 32-bit floats, the
    /// bytes of a WAV file's audio are compared as they lie there; in other containers nobody knows, and the answer
    /// is no.
    static func hasSameSamples(_ a: String, _ b: String) throws -> Bool {
        let (x, y) = (try SoundFileReader(path: a).info, try SoundFileReader(path: b).info)
        guard x.format == .float64 || y.format == .float64 else { return try hasEqualSamples(a, b) }
        guard x.format == y.format, x.rate == y.rate, x.channelCount == y.channelCount,
            x.frameCount == y.frameCount, let first = try waveAudio(a), let second = try waveAudio(b)
        else { return false }
        return try hasEqualBytes(try Descriptor(a), first, try Descriptor(b), second)
    }

    /// Where the bytes of a WAV file's audio lie; nil for other files.
    private static func waveAudio(_ path: String) throws -> Range<Int>? {
        let structure = try SoundFileStructure.read(path: path)
        guard [.wave, .rf64].contains(structure.container),
            let chunk = structure.chunks.first(where: { $0.place == .audio }), !chunk.isCut
        else { return nil }
        // Behind the chunk's name and size.
        return chunk.offset + 8..<chunk.offset + 8 + Int(chunk.byteCount)
    }

    private static func hasEqualBytes(
        _ first: Descriptor, _ a: Range<Int>, _ second: Descriptor, _ b: Range<Int>
    ) throws -> Bool {
        guard a.count == b.count else { return false }
        let size = 1 << 20
        var (x, y) = ([UInt8](repeating: 0, count: size), [UInt8](repeating: 0, count: size))
        var offset = 0
        while offset < a.count {
            let count = min(size, a.count - offset)
            try first.read(at: a.lowerBound + offset, count: count, into: &x)
            try second.read(at: b.lowerBound + offset, count: count, into: &y)
            guard x[..<count] == y[..<count] else { return false }
            offset += count
        }
        return true
    }

    /// Whether two files of one form hold the same canonical bytes (`SampleLayout`), NaN's bits included; false where
    /// rate, channels, length or depth differ.
    private static func hasEqualSamples(_ a: String, _ b: String) throws -> Bool {
        let (first, second) = (try SoundFileReader(path: a), try SoundFileReader(path: b))
        let (x, y) = (first.info, second.info)
        guard x.rate == y.rate, x.frameCount == y.frameCount, x.layout == y.layout else { return false }
        var frame = 0
        while frame < x.frameCount {
            let frames = FrameRange(frame, min(x.frameCount, frame + SampleLayout.partFrameCount))
            let isEqual = try first.withCanonicalBytes(frames) { one in
                try second.withCanonicalBytes(frames) { two in one.elementsEqual(two) }
            }
            guard isEqual else { return false }
            frame = frames.end
        }
        return true
    }

    /// An open file.
    private final class Descriptor {
        let byteCount: Int
        let identity: SIMD2<UInt64>
        private let descriptor: CInt
        private let path: String

        init(_ path: String) throws {
            self.path = path
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                throw ComparisonError("is not a file that can be read. Check the path")
            }
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw ComparisonError("cannot be opened. Check its permissions") }
            byteCount = Int(status.st_size)
            identity = SIMD2(UInt64(status.st_dev), UInt64(status.st_ino))
        }

        deinit { close(descriptor) }

        func read(at offset: Int, count: Int, into bytes: inout [UInt8]) throws {
            var done = 0
            while done < count {
                let got = bytes.withUnsafeMutableBytes { buffer in
                    pread(descriptor, buffer.baseAddress.map { $0 + done }, count - done, off_t(offset + done))
                }
                if got < 0, errno == EINTR { continue }
                guard got > 0 else { throw ComparisonError("became shorter while it was read. Leave it alone") }
                done += got
            }
        }
    }
}
