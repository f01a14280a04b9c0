import CSndFile
import Quantities

/// Tags of an encoded file; nil is not written.
package struct SoundFileTags: Sendable, Hashable {
    package var title: String?
    package var artist: String?
    package var album: String?
    package var trackNumber: Int?

    package init(title: String? = nil, artist: String? = nil, album: String? = nil, trackNumber: Int? = nil) {
        self.title = title
        self.artist = artist
        self.album = album
        self.trackNumber = trackNumber
    }
}

/// Encodes a song to FLAC in memory, and decodes it again before it hands the bytes out.
///
/// The bytes are a function of the samples, the tags, the level and the codec libraries, whose names
/// (`SoundLibraries`) belong in the key of whoever keeps them. One thread at a time.
package final class FlacEncoder {
    package let layout: SampleLayout
    /// Frames encoded so far.
    package private(set) var frameCount = 0

    private let stream: ByteStream
    private var file: SoundLibraryFile?
    private let name: String
    private let rate: Int
    private var checksum = SampleChecksum()
    private var wideSamples = AlignedBytes()

    /// - Parameters:
    ///   - name: what error messages call the file.
    ///   - rate: frames per second, at most 655,350 (the format's limit).
    ///   - layout: 16 or 24 bits, one or two channels.
    ///   - level: the encoder's effort, 0 (fastest) to 8 (smallest).
    package init(
        name: String, rate: Int, layout: SampleLayout, tags: SoundFileTags = SoundFileTags(), level: Int = 5
    ) throws(SoundFileError) {
        precondition(
            layout.format == .integer16 || layout.format == .integer24, "FLAC holds 16 or 24 bits here")
        precondition(layout.channelCount <= 2, "mono and stereo files are written")
        precondition((1...655_350).contains(rate) && (0...8).contains(level), "beyond what FLAC knows")
        self.layout = layout
        self.name = name
        self.rate = rate
        stream = ByteStream(memory: [], name: name)
        let file = try SoundLibraryFile(
            writingFLAC: stream, rate: rate, channelCount: layout.channelCount,
            bitCount: layout.format.bitCount)
        self.file = file
        // libsndfile maps 0...1 to the levels 0...8 of libFLAC.
        try file.setCompression(Double(level) / 8)
        if let title = tags.title { try file.setTag(SF_STR_TITLE, title) }
        if let artist = tags.artist { try file.setTag(SF_STR_ARTIST, artist) }
        if let album = tags.album { try file.setTag(SF_STR_ALBUM, album) }
        if let trackNumber = tags.trackNumber { try file.setTag(SF_STR_TRACKNUMBER, String(trackNumber)) }
    }

    /// Encodes integer samples of the layout's depth.
    ///
    /// - Parameter right: nil for mono, and only then.
    /// - Precondition: every sample lies in the depth's range, and `finish` was not called.
    package func append(
        left: UnsafePointer<Int32>, right: UnsafePointer<Int32>?, count: Int
    ) throws(SoundFileError) {
        guard let file else { preconditionFailure("a finished file takes no more frames") }
        precondition(layout.channelCount == (right == nil ? 1 : 2), "as many planes as channels")
        let shift = Int32(32 - layout.format.bitCount)
        let range = (Int32.min >> shift)...(Int32.max >> shift)
        let blockFrameCount = 16_384
        var frame = 0
        while frame < count {
            let block = min(blockFrameCount, count - frame)
            let sampleCount = block * layout.channelCount
            let wide = wideSamples.prefix(4 * sampleCount).baseAddress!.bindMemory(
                to: Int32.self, capacity: sampleCount)
            var next = 0
            for i in frame..<frame + block {
                precondition(range.contains(left[i]), "a sample beyond the file's depth")
                wide[next] = left[i] << shift
                next += 1
                guard let right else { continue }
                precondition(range.contains(right[i]), "a sample beyond the file's depth")
                wide[next] = right[i] << shift
                next += 1
            }
            checksum.add(UnsafeBufferPointer(start: wide, count: sampleCount))
            try file.write(wide, count: block)
            frame += block
        }
        frameCount += count
    }

    /// Encodes frames that are packed in the encoder's layout.
    ///
    /// - Precondition: whole frames.
    package func append(packed bytes: UnsafeRawBufferPointer) throws(SoundFileError) {
        guard let file else { preconditionFailure("a finished file takes no more frames") }
        precondition(bytes.count % layout.bytesPerFrame == 0, "a frame in pieces")
        let width = layout.format.bitCount / 8
        let blockByteCount = 16_384 * layout.bytesPerFrame
        var offset = 0
        while offset < bytes.count {
            let sampleCount = min(blockByteCount, bytes.count - offset) / width
            let wide = wideSamples.prefix(4 * sampleCount).baseAddress!.bindMemory(
                to: Int32.self, capacity: sampleCount)
            Self.widen(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + sampleCount * width]), width, to: wide)
            checksum.add(UnsafeBufferPointer(start: wide, count: sampleCount))
            try file.write(wide, count: sampleCount / layout.channelCount)
            frameCount += sampleCount / layout.channelCount
            offset += sampleCount * width
        }
    }

    /// Puts little-endian samples of two or three bytes into the upper bits of wider ones.
    private static func widen(_ bytes: UnsafeRawBufferPointer, _ width: Int, to wide: UnsafeMutablePointer<Int32>) {
        var offset = 0
        if width == 2 {
            for i in 0..<bytes.count / 2 {
                wide[i] = Int32(UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8) << 16
                offset += 2
            }
        } else {
            for i in 0..<bytes.count / 3 {
                let high = UInt32(bytes[offset + 1]) << 16 | UInt32(bytes[offset + 2]) << 24
                wide[i] = Int32(bitPattern: UInt32(bytes[offset]) << 8 | high)
                offset += 3
            }
        }
    }

    /// Ends the stream and decodes it.
    ///
    /// - Returns: the whole file.
    /// - Throws: `.verificationFailed` where other samples come out than went in.
    /// - Precondition: at least one frame was appended, and this is called once.
    package func finish() throws(SoundFileError) -> [UInt8] {
        precondition(frameCount > 0 && file != nil, "an encoder is finished once, and not without a frame")
        file = nil  // closes it, which writes the header again with length and MD5
        if let error = stream.firstError { throw error }
        let bytes = stream.memory
        try verify(bytes)
        return bytes
    }

    private func verify(_ bytes: [UInt8]) throws(SoundFileError) {
        let decoder = try SoundLibraryFile(reading: ByteStream(memory: bytes, name: name))
        guard decoder.frameCount == frameCount, decoder.channelCount == layout.channelCount,
            decoder.rate == rate
        else {
            throw SoundFileError(
                .verificationFailed, name,
                "was encoded with \(frameCount) frames, but its header says \(decoder.frameCount). "
                    + "Render it again."
            )
        }
        var decoded = SampleChecksum()
        var frame = 0
        while frame < frameCount {
            let block = min(16_384, frameCount - frame)
            let sampleCount = block * layout.channelCount
            let wide = wideSamples.prefix(4 * sampleCount).baseAddress!.bindMemory(
                to: Int32.self, capacity: sampleCount)
            try decoder.read(wide, count: block)
            decoded.add(UnsafeBufferPointer(start: wide, count: sampleCount))
            frame += block
        }
        guard decoded == checksum else {
            throw SoundFileError(
                .verificationFailed, name,
                "does not decode to the samples that were encoded: memory or the codec is at fault. "
                    + "Render it again."
            )
        }
    }
}

/// The names of the codec libraries, for keys and reports.
package enum SoundLibraries {
    /// Names and versions by library, as reports and revisions state them; without an encoder that cannot be named, for
    /// then no FLAC is written.
    package static var versions: [String: String] {
        var versions = ["libsndfile": soundFile]
        if let flac = try? flacEncoder() { versions["flac"] = flac }
        return versions
    }

    /// libsndfile's name and version, such as `libsndfile-1.2.0`.
    package static var soundFile: String { SoundLibraryFile.versionText }

    /// The vendor string that the FLAC encoder writes into its files, such as `reference libFLAC 1.4.2
    /// 20221022`.
    package static func flacEncoder() throws(SoundFileError) -> String {
        let encoder = try FlacEncoder(
            name: "FLAC encoder", rate: 48_000, layout: SampleLayout(format: .integer16, channelCount: 1))
        var sample: Int32 = 0
        try encoder.append(left: &sample, right: nil, count: 1)
        let bytes = try encoder.finish()
        // Metadata blocks (RFC 9639, section 8): type and 24-bit length; type 4 starts with the vendor
        // string.
        var offset = 4
        while offset + 8 <= bytes.count {
            let length = Int(bytes.bigEndian(offset + 1, 3))
            if bytes[offset] & 0x7F == 4 {
                let vendorByteCount = Int(bytes.littleEndian(offset + 4, 4))
                guard vendorByteCount <= length, offset + 8 + vendorByteCount <= bytes.count else { break }
                return String(decoding: bytes[offset + 8..<offset + 8 + vendorByteCount], as: UTF8.self)
            }
            if bytes[offset] & 0x80 != 0 { break }
            offset += 4 + length
        }
        throw SoundFileError(.malformed, "FLAC encoder", "writes no vendor string")
    }
}

/// Tells two sequences of samples apart, order included.
///
/// It guards against faults, not against an adversary.
private struct SampleChecksum: Equatable {
    private var state: UInt64 = 0x9E37_79B9_7F4A_7C15

    mutating func add(_ samples: UnsafeBufferPointer<Int32>) {
        var state = state
        for sample in samples {
            // Both steps are invertible, so one differing sample always changes the state for good.
            state = (state ^ UInt64(UInt32(bitPattern: sample))) &* 0x9FB2_1C65_1E98_DF25
            state ^= state >> 32
        }
        self.state = state
    }
}
