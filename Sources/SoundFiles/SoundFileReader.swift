import CSndFile
import CVector
package import Quantities

/// Reads a sound file at any frame: as canonical bytes, to be hashed or carried, or as planar floats.
///
/// PCM of 16 to 32 bits and Float32 in WAV, RF64, BW64, Wave64, AIFF and AIFF-C are read by our own code,
/// bit-equal to libsndfile's; everything else (8 bit, Float64, A-law, CAF, FLAC, Ogg Vorbis and Opus, MPEG
/// audio) by libsndfile. The file is read with `pread`, never mapped: a file that is cut while it is read is
/// an error, not a signal. Float64 files are decoded by arithmetic: read outside of the denormal guard, so
/// that the bytes are the same everywhere. One thread at a time.
package final class SoundFileReader {
    package let info: SoundFileInfo
    /// The path, or the name given with the descriptor or the bytes.
    package var name: String { stream.name }

    /// The MD5 of its samples that a FLAC file states; nil for every other file, and where it states none.
    package let storedMD5: [UInt8]?

    private let stream: ByteStream
    private let source: Source
    private var scratch = AlignedBytes()
    private var wideSamples = AlignedBytes()

    /// Opens a file and checks its header against its size.
    package convenience init(path: String) throws(SoundFileError) {
        try self.init(stream: ByteStream(reading: path))
    }

    /// Uses a descriptor that stays the caller's: it is not closed, and its offset is neither used nor moved.
    ///
    /// - Parameter name: what error messages call the file.
    package convenience init(descriptor: CInt, name: String) throws(SoundFileError) {
        try self.init(stream: ByteStream(descriptor: descriptor, name: name))
    }

    /// Reads a whole file that lies in memory.
    package convenience init(bytes: [UInt8], name: String) throws(SoundFileError) {
        try self.init(stream: ByteStream(memory: bytes, name: name))
    }

    /// Opens, checks (`checkEnd`) and closes a file.
    ///
    /// - Throws: `.truncated` where its header announces more than it holds, and the other codes by their
    ///   names.
    package static func probe(path: String) throws(SoundFileError) -> SoundFileInfo {
        let reader = try SoundFileReader(path: path)
        try reader.checkEnd()
        return reader.info
    }

    /// Whether the samples are taken from the file as they lie there, without a codec library.
    package var isDirect: Bool {
        if case .direct = source { true } else { false }
    }

    private init(stream: ByteStream) throws(SoundFileError) {
        self.stream = stream
        let found = try Source.find(stream)
        info = found.info
        source = found.source
        storedMD5 = found.checksum
        guard info.frameCount > 0 else {
            throw SoundFileError(
                .empty, stream.name,
                "holds no sound: its header announces no frame. Record or export it again.")
        }
    }

    /// The canonical bytes of `frames` (see `SampleLayout`), in a buffer that is valid during the call only.
    ///
    /// To hash a source, call it for `SampleLayout.partFrameCount` frames at a time; `info.layout.unpack`
    /// then turns the same bytes into floats, so they are read once.
    ///
    /// - Precondition: the frames lie in the file.
    package func withCanonicalBytes<Result>(
        _ frames: FrameRange, _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        let target = scratch.prefix(info.layout.byteCount(frames: frames.count))
        try readCanonicalBytes(frames, into: target)
        return try body(UnsafeRawBufferPointer(target))
    }

    /// Writes the canonical bytes of `frames` to a buffer of the caller's.
    ///
    /// - Precondition: the frames lie in the file; the buffer has exactly their size and is aligned to 4
    ///   bytes.
    package func readCanonicalBytes(
        _ frames: FrameRange, into target: UnsafeMutableRawBufferPointer
    ) throws(SoundFileError) {
        precondition(frames.start >= 0 && frames.end <= info.frameCount, "frames outside of the file")
        precondition(target.count == info.layout.byteCount(frames: frames.count), "another number of bytes")
        guard !frames.isEmpty, let start = target.baseAddress else { return }
        precondition(UInt(bitPattern: start) % 4 == 0, "samples are aligned to their size")
        switch source {
        case .direct(let dataOffset, let isBigEndian):
            let read = try stream.read(
                at: dataOffset + frames.start * info.layout.bytesPerFrame, into: target)
            guard read == target.count else {
                throw .shrunk(name)
            }
            if isBigEndian {
                let width = info.layout.format.bitCount / 8
                lathe_swap_bytes(start.assumingMemoryBound(to: UInt8.self), width, target.count / width)
            }
        case .library(let file, let order):
            try decode(file, frames, to: start)
            if let order { reorder(start, frames.count, order) }
        }
    }

    /// Reads `frames` to one plane per channel, scaled to ±1 full scale.
    ///
    /// - Parameter right: nil for mono files, and only then.
    /// - Precondition: the frames lie in the file, and the planes have room for them.
    /// - Throws: `.unsupported` for more than two channels, and whatever reading may come to.
    package func read(
        _ frames: FrameRange, left: UnsafeMutablePointer<Float>, right: UnsafeMutablePointer<Float>?
    ) throws(SoundFileError) {
        guard info.channelCount <= 2 else { throw .tooManyChannels(name, info.channelCount) }
        // Short enough that the bytes are still in the second-level cache when they are unpacked.
        let blockFrameCount = 16_384
        var frame = frames.start
        while frame < frames.end {
            let block = FrameRange(start: frame, count: min(blockFrameCount, frames.end - frame))
            let target = scratch.prefix(info.layout.byteCount(frames: block.count))
            try readCanonicalBytes(block, into: target)
            let offset = frame - frames.start
            info.layout.unpack(
                UnsafeRawBufferPointer(target), left: left + offset, right: right.map { $0 + offset })
            frame = block.end
        }
    }

    /// Reads `frames` of up to 64 channels to one plane per channel, scaled to ±1 full scale.
    ///
    /// - Parameter planes: one per channel, in the order of the file.
    /// - Precondition: the frames lie in the file, and the planes have room for them.
    /// - Throws: `.unsupported` for more channels, and whatever reading may come to.
    package func read(
        _ frames: FrameRange, planes: [UnsafeMutablePointer<Float>]
    ) throws(SoundFileError) {
        guard info.channelCount <= Self.maximumPlaneCount else { throw .tooManyPlanes(name, info.channelCount) }
        precondition(planes.count == info.channelCount, "as many planes as channels")
        let blockFrameCount = info.channelCount <= 2 ? 16_384 : max(512, 32_768 / info.channelCount)
        var frame = frames.start
        while frame < frames.end {
            let block = FrameRange(start: frame, count: min(blockFrameCount, frames.end - frame))
            let target = scratch.prefix(info.layout.byteCount(frames: block.count))
            try readCanonicalBytes(block, into: target)
            info.layout.unpack(UnsafeRawBufferPointer(target), planes: planes, at: frame - frames.start)
            frame = block.end
        }
    }

    /// The most channels that are read as planes: nothing that is measured has more.
    package static let maximumPlaneCount = 64

    /// Where the canonical bytes lie in the file as they are; nil where they have to be decoded or turned round.
    package var dataOffset: Int? {
        if case .direct(let dataOffset, isBigEndian: false) = source { dataOffset } else { nil }
    }

    /// Calls `body` with the canonical bytes of each part in order.
    package func forEachPart(_ body: (FrameRange, UnsafeRawBufferPointer) throws -> Void) throws {
        var frame = 0
        while frame < info.frameCount {
            let part = FrameRange(frame, min(info.frameCount, frame + SampleLayout.partFrameCount))
            try withCanonicalBytes(part) { try body(part, $0) }
            frame = part.end
        }
    }

    /// Decodes the last frames of a file whose header alone does not prove that it is whole (FLAC and lossy
    /// codecs).
    ///
    /// A cut MPEG file without a frame count cannot be told from a shorter one.
    package func checkEnd() throws(SoundFileError) {
        guard case .library = source else { return }
        if info.container == .ogg { try OggStream.checkEnd(stream) }
        let tail = FrameRange(max(0, info.frameCount - 4_608), info.frameCount)
        do throws(SoundFileError) {
            try readCanonicalBytes(tail, into: scratch.prefix(info.layout.byteCount(frames: tail.count)))
        } catch  where error.code == .malformed {
            throw SoundFileError(
                .truncated, name,
                "is cut short: its header announces \(info.frameCount) "
                    + "frames, but the last \(tail.count) cannot be "
                    + "decoded from \(stream.byteCount) bytes. Copy or export it again.")
        }
    }

    private func decode(
        _ file: SoundLibraryFile, _ frames: FrameRange, to start: UnsafeMutableRawPointer
    ) throws(SoundFileError) {
        let isSequential = file.position == frames.start
        do throws(SoundFileError) {
            try file.seek(toFrame: frames.start)
            try decodeNext(file, frames, to: start)
        } catch  where info.container == .ogg && !isSequential && error.code == .malformed {
            // libsndfile 1.2.0 ends early when it was sent to the last frames of a sound Vorbis stream.
            try skip(file, toFrame: frames.start)
            try decodeNext(file, frames, to: start)
        }
    }

    /// Decodes from the first frame on and keeps nothing.
    private func skip(_ file: SoundLibraryFile, toFrame frame: Int) throws(SoundFileError) {
        try file.seek(toFrame: 0)
        let blockFrameCount = 4_096
        let unwanted = wideSamples.prefix(4 * blockFrameCount * info.channelCount).baseAddress!
            .bindMemory(to: Float.self, capacity: blockFrameCount * info.channelCount)
        while file.position < frame { try file.read(unwanted, count: min(blockFrameCount, frame - file.position)) }
    }

    /// Moves the channels of float frames to where they belong.
    private func reorder(_ start: UnsafeMutableRawPointer, _ frameCount: Int, _ order: [Int]) {
        let samples = start.assumingMemoryBound(to: Float.self)
        var frame = [Float](repeating: 0, count: order.count)
        for first in stride(from: 0, to: frameCount * order.count, by: order.count) {
            for (channel, place) in order.enumerated() { frame[channel] = samples[first + place] }
            for (channel, sample) in frame.enumerated() { samples[first + channel] = sample }
        }
    }

    private func decodeNext(
        _ file: SoundLibraryFile, _ frames: FrameRange, to start: UnsafeMutableRawPointer
    ) throws(SoundFileError) {
        let sampleCount = frames.count * info.channelCount
        switch info.layout.format {
        case .integer16:
            try file.read(start.bindMemory(to: Int16.self, capacity: sampleCount), count: frames.count)
        case .integer32:
            try file.read(start.bindMemory(to: Int32.self, capacity: sampleCount), count: frames.count)
        case .float32:
            try file.read(start.bindMemory(to: Float.self, capacity: sampleCount), count: frames.count)
        case .integer24:
            let wide = wideSamples.prefix(4 * sampleCount).baseAddress!.bindMemory(
                to: Int32.self, capacity: sampleCount)
            try file.read(wide, count: frames.count)
            lathe_pack_high24(start.assumingMemoryBound(to: UInt8.self), wide, sampleCount)
        case .integer8, .float64: preconditionFailure("no packed layout has this format")
        }
    }
}

/// Who decodes the samples.
private enum Source {
    struct Found {
        var info: SoundFileInfo
        var source: Source
        var checksum: [UInt8]?
    }

    /// They lie in the file as they are, but for the byte order.
    case direct(dataOffset: Int, isBigEndian: Bool)
    /// - channelOrder: where each channel is in a frame of the library's, if not where it belongs.
    case library(SoundLibraryFile, channelOrder: [Int]?)

    /// Only what is known by its first bytes reaches a parser: the library would try twenty more formats.
    static func find(_ stream: ByteStream) throws(SoundFileError) -> Found {
        guard stream.byteCount > 0 else {
            throw .emptyFile(stream.name)
        }
        let start = try stream.bytes(at: 0, count: min(40, stream.byteCount)) ?? []
        let isRIFF = start.holds("RIFF", at: 0) || start.holds("RF64", at: 0) || start.holds("BW64", at: 0)
        if isRIFF && start.holds("WAVE", at: 8) || start.holds("riff", at: 0) && start.holds("wave", at: 24) {
            return try resolve(stream, WaveHeader.read(stream, start: start))
        }
        if start.holds("FORM", at: 0), start.holds("AIFF", at: 8) || start.holds("AIFC", at: 8) {
            return try resolve(stream, InterchangeHeader.readAIFF(stream, start: start))
        }
        if start.holds("caff", at: 0) {
            try InterchangeHeader.checkCAF(stream)
            return try openLibrary(stream, header: nil)
        }
        if start.holds("OggS", at: 0) { return try openLibrary(stream, header: nil) }
        // Behind a tag the library would try every format it knows: only these two carry one.
        let tagByteCount = try LeadingTags.byteCount(stream)
        let sound = try stream.bytes(at: tagByteCount, count: 4) ?? []
        if sound.holds("fLaC", at: 0) {
            let metadata = try FlacMetadata(stream, start: tagByteCount)
            try metadata.check(stream)
            var found = try openLibrary(stream, header: nil, channelMask: metadata.channelMask)
            found.checksum = metadata.checksum
            return found
        }
        if sound.count == 4, sound[0] == 0xFF, sound[1] & 0xE0 == 0xE0 {
            return try openLibrary(stream, header: nil)
        }
        throw .notAudio(stream.name)
    }

    private static func resolve(
        _ stream: ByteStream, _ header: SoundHeader
    ) throws(SoundFileError) -> Found {
        guard header.isDirect || header.frameCount == 0 else {
            return try openLibrary(stream, header: header)
        }
        let info = SoundFileInfo(
            rate: header.rate, channelCount: header.channelCount, frameCount: header.frameCount,
            format: header.format, container: header.container, isLossy: false, channelMask: header.channelMask,
            validBitCount: header.validBitCount)
        return Found(
            info: info, source: .direct(dataOffset: header.dataOffset, isBigEndian: header.isBigEndian))
    }

    /// - Parameters:
    ///   - header: what our own parser found, which the library must find as well.
    ///   - channelMask: from a parser that leaves the rest to the library.
    private static func openLibrary(
        _ stream: ByteStream, header: SoundHeader?, channelMask: UInt32? = nil
    ) throws(SoundFileError) -> Found {
        let file = try SoundLibraryFile(reading: stream)
        guard let container = header?.container ?? container(file.majorFormat),
            let codec = codec(file.minorFormat)
        else {
            throw SoundFileError(
                .unsupported, stream.name, "holds a codec that Lathe does not read. Save it as PCM or float.")
        }
        guard acceptedChannelCounts.contains(file.channelCount), acceptedRates.contains(file.rate),
            file.frameCount >= 0
        else {
            throw .malformed(stream.name, "names \(file.channelCount) channels at \(file.rate) Hz")
        }
        // The library says 2^63 - 1 where a FLAC stream does not state its length.
        guard file.frameCount < 1 << 48 else { throw unfinished(stream) }
        if let header {
            // The library may take a pad byte for a frame.
            guard file.frameCount >= header.frameCount, file.channelCount == header.channelCount else {
                throw .malformed(stream.name, "has a header that two readers understand differently")
            }
        }
        let isOggLossy = container == .ogg && codec.isLossy
        let order = isOggLossy ? try OggStream.channelOrder(stream, channelCount: file.channelCount) : nil
        let usualMask = FlacMetadata.channelMask(channelCount: file.channelCount)
        let isAssigned = order != nil || container == .ogg && !codec.isLossy
        let info = SoundFileInfo(
            rate: file.rate, channelCount: file.channelCount,
            frameCount: header?.frameCount ?? file.frameCount,
            format: codec.format, container: container, isLossy: codec.isLossy,
            channelMask: channelMask ?? header?.channelMask ?? (isAssigned ? usualMask : nil),
            validBitCount: header?.validBitCount)
        return Found(info: info, source: .library(file, channelOrder: order == order?.sorted() ? nil : order))
    }

    private static func container(_ major: Int) -> SoundContainer? {
        switch major {
        case SF_FORMAT_CAF: .caf
        case SF_FORMAT_FLAC: .flac
        case SF_FORMAT_OGG: .ogg
        case SF_FORMAT_MPEG: .mpeg
        default: nil
        }
    }

    private static func codec(_ minor: Int) -> (format: SampleFormat, isLossy: Bool)? {
        switch minor {
        case SF_FORMAT_PCM_S8, SF_FORMAT_PCM_U8: (.integer8, false)
        // A-law and mu-law decode to exact 16-bit integers.
        case SF_FORMAT_PCM_16, SF_FORMAT_ALAC_16, SF_FORMAT_ULAW, SF_FORMAT_ALAW: (.integer16, false)
        // Not ALAC of 20, 24 and 32 bits: libsndfile 1.2.0 decodes its uncompressed packets to other samples.
        case SF_FORMAT_PCM_24: (.integer24, false)
        case SF_FORMAT_PCM_32: (.integer32, false)
        case SF_FORMAT_FLOAT: (.float32, false)
        case SF_FORMAT_DOUBLE: (.float64, false)
        case SF_FORMAT_VORBIS, SF_FORMAT_OPUS, SF_FORMAT_MPEG_LAYER_I, SF_FORMAT_MPEG_LAYER_II,
            SF_FORMAT_MPEG_LAYER_III:
            (.float32, true)
        default: nil
        }
    }
}
