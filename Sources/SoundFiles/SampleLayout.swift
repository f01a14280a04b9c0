import CVector
package import Quantities

/// Interleaved little-endian samples, packed: how source bytes are hashed and carried, and how PCM files
/// hold them.
///
/// The *canonical bytes* of a source are its decoded samples in this layout at the file's own depth: 16, 24
/// or 32 bit integers, Float32 for float files and lossy codecs. 8-bit samples become 16-bit ones (times
/// 256), Float64 ones are rounded to Float32. So a re-wrapped file (WAV, AIFF, FLAC of one depth) has the
/// same canonical bytes, and for a little-endian PCM file they are the very bytes of the file.
package struct SampleLayout: Sendable, Hashable {
    /// Frames in a part, the unit in which canonical bytes are hashed and carried; the last part is shorter.
    package static let partFrameCount = 65_536

    /// `integer16`, `integer24`, `integer32` or `float32`.
    package let format: SampleFormat
    package let channelCount: Int

    /// - Precondition: `format` is one of the four above, and there is a channel.
    package init(format: SampleFormat, channelCount: Int) {
        precondition(format != .integer8 && format != .float64, "no packed layout has this format")
        precondition(channelCount > 0, "a layout without channels")
        self.format = format
        self.channelCount = channelCount
    }

    /// The layout of the canonical bytes of a file whose samples are written as `fileFormat`.
    package init(canonicalFor fileFormat: SampleFormat, channelCount: Int) {
        let format: SampleFormat =
            switch fileFormat {
            case .integer8, .integer16: .integer16
            case .integer24: .integer24
            case .integer32: .integer32
            case .float32, .float64: .float32
            }
        self.init(format: format, channelCount: channelCount)
    }

    package var bytesPerFrame: Int { channelCount * format.bitCount / 8 }

    package func byteCount(frames: Int) -> Int { frames * bytesPerFrame }

    /// Writes the samples to one plane per channel, scaled to ±1 full scale.
    ///
    /// Integers are multiplied by 2^-15, 2^-23 or 2^-31: exact up to 24 bits, 32 bits round to nearest.
    /// Floats keep their bits. The planes must not overlap the bytes.
    ///
    /// - Parameter right: nil for mono, and only then.
    /// - Precondition: `bytes` holds whole frames of one or two channels, and the planes have room for them.
    package func unpack(
        _ bytes: UnsafeRawBufferPointer, left: UnsafeMutablePointer<Float>,
        right: UnsafeMutablePointer<Float>?
    ) {
        let frameCount = checkedFrameCount(bytes.count, isStereo: right != nil)
        guard let source = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        switch format {
        case .integer16: lathe_unpack_int16(source, left, right, frameCount)
        case .integer24: lathe_unpack_int24(source, left, right, frameCount)
        case .integer32: lathe_unpack_int32(source, left, right, frameCount)
        case .float32: lathe_unpack_float32(source, left, right, frameCount)
        case .integer8, .float64: preconditionFailure("no packed layout has this format")
        }
    }

    /// Writes the samples of any number of channels to one plane per channel, as `unpack(_:left:right:)` does.
    ///
    /// - Parameters:
    ///   - planes: one per channel, in the order of the file.
    ///   - offset: the index in the planes of the first frame.
    /// - Precondition: `bytes` holds whole frames, and the planes have room for them from `offset` on.
    package func unpack(
        _ bytes: UnsafeRawBufferPointer, planes: [UnsafeMutablePointer<Float>], at offset: Int = 0
    ) {
        precondition(planes.count == channelCount, "as many planes as channels")
        precondition(offset >= 0, "an index is not negative")
        if channelCount <= 2 {
            let right = channelCount == 2 ? planes[1] + offset : nil
            return unpack(bytes, left: planes[0] + offset, right: right)
        }
        precondition(bytes.count % bytesPerFrame == 0, "a frame in pieces")
        guard let source = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        let frameCount = bytes.count / bytesPerFrame
        planes.withUnsafeBufferPointer { planes in
            // A plane is never missing: C's pointers to pointers are optional all the same.
            let start = UnsafeRawPointer(planes.baseAddress!)
                .assumingMemoryBound(to: UnsafeMutablePointer<Float>?.self)
            switch format {
            case .integer16: lathe_unpack_planes_int16(source, start, channelCount, offset, frameCount)
            case .integer24: lathe_unpack_planes_int24(source, start, channelCount, offset, frameCount)
            case .integer32: lathe_unpack_planes_int32(source, start, channelCount, offset, frameCount)
            case .float32: lathe_unpack_planes_float32(source, start, channelCount, offset, frameCount)
            case .integer8, .float64: preconditionFailure("no packed layout has this format")
            }
        }
    }

    /// Packs integer samples of the format's depth; what lies beyond its range is clipped to it.
    ///
    /// - Parameter right: nil for mono, and only then.
    /// - Precondition: the format is `integer16` or `integer24`; `bytes` holds exactly the frames of the
    ///   planes.
    package func pack(
        left: UnsafePointer<Int32>, right: UnsafePointer<Int32>?, into bytes: UnsafeMutableRawBufferPointer
    ) {
        let frameCount = checkedFrameCount(bytes.count, isStereo: right != nil)
        guard let target = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        switch format {
        case .integer16: lathe_pack_int16(target, left, right, frameCount)
        case .integer24: lathe_pack_int24(target, left, right, frameCount)
        default: preconditionFailure("integer samples are packed to 16 or 24 bits")
        }
    }

    /// Packs float samples bit by bit.
    ///
    /// - Parameter right: nil for mono, and only then.
    /// - Precondition: the format is `float32`; `bytes` holds exactly the frames of the planes.
    package func pack(
        left: UnsafePointer<Float>, right: UnsafePointer<Float>?, into bytes: UnsafeMutableRawBufferPointer
    ) {
        precondition(format == .float32, "float samples are packed to float32")
        let frameCount = checkedFrameCount(bytes.count, isStereo: right != nil)
        guard let target = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self) else { return }
        lathe_pack_float32(target, left, right, frameCount)
    }

    private func checkedFrameCount(_ byteCount: Int, isStereo: Bool) -> Int {
        precondition(channelCount == (isStereo ? 2 : 1), "as many planes as channels")
        precondition(byteCount % bytesPerFrame == 0, "a frame in pieces")
        return byteCount / bytesPerFrame
    }
}
