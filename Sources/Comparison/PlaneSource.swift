import Quantities
import SoundFiles

/// Reads a file as planes of Double, exact for every depth, with silence before and after it.
///
/// Frames are best read in rising order: lossy streams decode the same only from their start. One thread at a time.
final class PlaneSource {
    let info: SoundFileInfo
    private let reader: SoundFileReader
    private let floats: [UnsafeMutablePointer<Float>]
    private let capacity: Int
    private var bytes: UnsafeMutableRawBufferPointer?

    /// - Parameter capacity: the most frames that are read at once.
    init(path: String, capacity: Int) throws(SoundFileError) {
        let reader = try SoundFileReader(path: path)
        self.reader = reader
        info = reader.info
        guard info.channelCount <= SoundFileReader.maximumPlaneCount else {
            throw SoundFileError(
                .unsupported, path, "has \(info.channelCount) channels; at most 64 are compared. Split it.")
        }
        self.capacity = capacity
        floats = (0..<info.channelCount).map { _ in
            let plane = UnsafeMutablePointer<Float>.allocate(capacity: capacity)
            plane.initialize(repeating: 0, count: capacity)
            return plane
        }
        if info.layout.format == .integer32 {
            bytes = .allocate(byteCount: info.layout.byteCount(frames: capacity), alignment: 16)
        }
    }

    deinit {
        for plane in floats { plane.deallocate() }
        bytes?.deallocate()
    }

    /// Writes one plane per channel; frames outside of the file are silence.
    ///
    /// - Returns: whether all samples are numbers.
    @discardableResult
    func read(_ frames: FrameRange, into planes: [UnsafeMutablePointer<Double>]) throws -> Bool {
        precondition(frames.count <= capacity && planes.count == info.channelCount, "no room for these frames")
        let held = frames.intersection(FrameRange(0, info.frameCount))
        let first = held.start - frames.start
        for plane in planes {
            if held.isEmpty {
                plane.update(repeating: 0, count: frames.count)
            } else {
                plane.update(repeating: 0, count: first)
                (plane + (first + held.count)).update(repeating: 0, count: frames.count - first - held.count)
            }
        }
        guard !held.isEmpty else { return true }
        if let bytes {
            try readIntegers(held, bytes, planes, at: first)
            return true
        }
        try reader.read(held, planes: floats)
        var isFinite = true
        for (plane, source) in zip(planes, floats) {
            let target = plane + first
            var greatest: UInt32 = 0
            for i in 0..<held.count {
                greatest = max(greatest, source[i].bitPattern & 0x7fff_ffff)
                target[i] = Double(source[i])
            }
            if greatest >= 0x7f80_0000 { isFinite = false }
        }
        return isFinite
    }

    /// 32 bits have more digits than a Float.
    private func readIntegers(
        _ frames: FrameRange, _ bytes: UnsafeMutableRawBufferPointer, _ planes: [UnsafeMutablePointer<Double>],
        at offset: Int
    ) throws {
        let byteCount = info.layout.byteCount(frames: frames.count)
        try reader.readCanonicalBytes(frames, into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<byteCount]))
        guard let samples = bytes.baseAddress?.assumingMemoryBound(to: Int32.self) else { return }
        let channelCount = planes.count
        for (channel, plane) in planes.enumerated() {
            for i in 0..<frames.count {
                plane[offset + i] = Double(Int32(littleEndian: samples[i * channelCount + channel])) * 0x1p-31
            }
        }
    }
}

/// Reads long stretches of a few channels, without room for all of them.
final class ChannelSource {
    let channels: [Int]
    private let source: PlaneSource
    private let block: DoublePlanes

    private static let blockFrameCount = 16_384

    init(path: String, channels: [Int]) throws(SoundFileError) {
        self.channels = channels
        source = try PlaneSource(path: path, capacity: Self.blockFrameCount)
        block = DoublePlanes(channelCount: source.info.channelCount, frameCount: Self.blockFrameCount)
    }

    /// Writes a plane for each of the channels, with silence outside of the file and for what is no number.
    func read(_ frames: FrameRange, into planes: [UnsafeMutablePointer<Double>]) throws {
        var frame = frames.start
        while frame < frames.end {
            let piece = FrameRange(frame, min(frames.end, frame + Self.blockFrameCount))
            if try !source.read(piece, into: block.planes) { block.clean(frameCount: piece.count) }
            for (plane, channel) in zip(planes, channels) {
                (plane + (frame - frames.start)).update(from: block.planes[channel], count: piece.count)
            }
            frame = piece.end
        }
    }
}

/// Planes that live as long as this.
final class DoublePlanes {
    let planes: [UnsafeMutablePointer<Double>]

    init(channelCount: Int, frameCount: Int) {
        planes = (0..<channelCount).map { _ in
            let plane = UnsafeMutablePointer<Double>.allocate(capacity: frameCount)
            plane.initialize(repeating: 0, count: frameCount)
            return plane
        }
    }

    deinit { for plane in planes { plane.deallocate() } }

    /// Silence for what is no number.
    func clean(frameCount: Int) {
        for plane in planes {
            for i in 0..<frameCount where !plane[i].isFinite { plane[i] = 0 }
        }
    }
}
