package import Quantities

/// The wrapping of a sound file.
package enum SoundContainer: String, Sendable, Hashable, CaseIterable {
    case wave = "WAV"
    case rf64 = "RF64"
    case wave64 = "W64"
    case aiff = "AIFF"
    case caf = "CAF"
    case flac = "FLAC"
    case ogg = "Ogg"
    case mpeg = "MPEG"
}

/// What a sound file says of itself, checked against what it holds.
package struct SoundFileInfo: Sendable, Hashable {
    /// Frames per second.
    package let rate: Int
    /// 1 or more; up to `SoundFileReader.maximumPlaneCount` can be read as planes.
    package let channelCount: Int
    package let frameCount: Int
    /// How the samples lie in the file; `float32` for lossy codecs.
    package let format: SampleFormat
    package let container: SoundContainer
    /// Vorbis, Opus, MPEG audio: decoded once, never on a worker (docs/determinism.md).
    package let isLossy: Bool
    /// Which loudspeakers the channels are for, as WAVE_FORMAT_EXTENSIBLE numbers them; the channels are read in the
    /// order of its bits.
    ///
    /// For FLAC, Vorbis and Opus the assignment that belongs to the channel count (RFC 9639, section 9.1.3), or what a
    /// FLAC comment names. Nil where the file does not say; 0 where it says that its channels have no positions.
    package let channelMask: UInt32?
    /// The bits of a sample that its header calls used, where that is fewer than `format` has: 20 in 24.
    package let validBitCount: Int?

    package init(
        rate: Int, channelCount: Int, frameCount: Int, format: SampleFormat, container: SoundContainer,
        isLossy: Bool, channelMask: UInt32? = nil, validBitCount: Int? = nil
    ) {
        self.rate = rate
        self.channelCount = channelCount
        self.frameCount = frameCount
        self.format = format
        self.container = container
        self.isLossy = isLossy
        self.channelMask = channelMask
        self.validBitCount = validBitCount
    }

    /// The layout of the file's canonical bytes: see `SampleLayout`.
    package var layout: SampleLayout { SampleLayout(canonicalFor: format, channelCount: channelCount) }

    /// The bytes that all frames come to in that layout.
    package var canonicalByteCount: Int { layout.byteCount(frames: frameCount) }
}
