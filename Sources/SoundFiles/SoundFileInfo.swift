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
    /// 1 or more; only 1 and 2 can be read.
    package let channelCount: Int
    package let frameCount: Int
    /// How the samples lie in the file; `float32` for lossy codecs.
    package let format: SampleFormat
    package let container: SoundContainer
    /// Vorbis, Opus, MPEG audio: decoded once, never on a worker (docs/determinism.md).
    package let isLossy: Bool

    package init(
        rate: Int, channelCount: Int, frameCount: Int, format: SampleFormat, container: SoundContainer,
        isLossy: Bool
    ) {
        self.rate = rate
        self.channelCount = channelCount
        self.frameCount = frameCount
        self.format = format
        self.container = container
        self.isLossy = isLossy
    }

    /// The layout of the file's canonical bytes: see `SampleLayout`.
    package var layout: SampleLayout { SampleLayout(canonicalFor: format, channelCount: channelCount) }

    /// The bytes that all frames come to in that layout.
    package var canonicalByteCount: Int { layout.byteCount(frames: frameCount) }
}
