/// What a file says of its form.
package struct FileForm: Sendable, Hashable {
    /// "WAV", "RF64", "FLAC"...
    package var container: String
    /// "24-bit PCM", "32-bit float", "MPEG audio".
    package var encoding: String
    /// Bits of one sample in the file; nil for lossy codecs.
    package var bits: Int?
    package var isFloat: Bool
    package var isLossy: Bool
    package var rateHertz: Int
    package var channelCount: Int
    package var frameCount: Int
    /// "stereo", "5.1"; how loudness weighted the channels.
    package var layout: String
    /// Names of the channels in order: "L", "R", "LFE".
    package var channelNames: [String]
    /// The tag of a WAV file's format chunk as written, 1, 3 or 0xFFFE; nil for other containers.
    package var waveFormatTag: Int?
    /// Chunks or metadata blocks in file order.
    package var chunks: [Chunk]
    package var byteCount: Int
    /// Bytes after the last chunk.
    package var trailingByteCount: Int

    package struct Chunk: Sendable, Hashable {
        /// "fmt ", "bext", "STREAMINFO".
        package var name: String
        package var byteCount: Int
        package var isAfterAudio: Bool

        package init(name: String, byteCount: Int, isAfterAudio: Bool) {
            self.name = name
            self.byteCount = byteCount
            self.isAfterAudio = isAfterAudio
        }
    }

    package init(
        container: String, encoding: String, bits: Int?, isFloat: Bool = false, isLossy: Bool = false, rateHertz: Int,
        channelCount: Int, frameCount: Int, layout: String, channelNames: [String], waveFormatTag: Int? = nil,
        chunks: [Chunk] = [], byteCount: Int, trailingByteCount: Int = 0
    ) {
        self.container = container
        self.encoding = encoding
        self.bits = bits
        self.isFloat = isFloat
        self.isLossy = isLossy
        self.rateHertz = rateHertz
        self.channelCount = channelCount
        self.frameCount = frameCount
        self.layout = layout
        self.channelNames = channelNames
        self.waveFormatTag = waveFormatTag
        self.chunks = chunks
        self.byteCount = byteCount
        self.trailingByteCount = trailingByteCount
    }

    package var durationSeconds: Double { Double(frameCount) / Double(rateHertz) }
}

/// A place in a file where something happens: an over, a clipped run.
package struct SoundEvent: Sendable, Hashable {
    package var frame: Int
    package var timeSeconds: Double
    package var channel: String
    /// dBTP of an over; frames of a clipped run.
    package var value: Double

    package init(frame: Int, timeSeconds: Double, channel: String, value: Double) {
        self.frame = frame
        self.timeSeconds = timeSeconds
        self.channel = channel
        self.value = value
    }
}

/// The peaks of one channel.
package struct ChannelPeak: Sendable, Hashable {
    package var name: String
    /// dBTP.
    package var truePeak: Double
    /// dBFS.
    package var samplePeak: Double

    package init(name: String, truePeak: Double, samplePeak: Double) {
        self.name = name
        self.truePeak = truePeak
        self.samplePeak = samplePeak
    }
}

/// What is heard over time. Levels of silence are `-.infinity`.
package struct LoudnessCurves: Sendable, Hashable {
    /// LUFS of the 400 ms from i * 0.1 s on.
    package var momentary: [Double] = []
    /// LUFS of the 3 s from i * 0.1 s on.
    package var shortTerm: [Double] = []
    /// One figure per whole or begun second: LUFS of that second without gates.
    package var second: [Double] = []
    /// Sample peak of the second, dBFS.
    package var peak: [Double] = []
    /// Brightness of the second (`Metric.brightness`), dB.
    package var brightness: [Double] = []

    package init() {}
}

/// Everything measured of one file.
package struct Measurement: Sendable, Hashable {
    package var form: FileForm
    package var values = MetricValues()
    package var channels: [ChannelPeak] = []
    /// In order of time; at most a thousand, `Metric.overs` counts all.
    package var overs: [SoundEvent] = []
    /// In order of time; at most a thousand, `Metric.clipRuns` counts all.
    package var clips: [SoundEvent] = []
    package var curves = LoudnessCurves()
    /// dBFS in the octaves from 31.5 Hz to 16 kHz; empty where not measured.
    package var octaveLevels: [Double] = []
    /// Set where the spectrum ends at a brick wall well below half the rate: where, in Hz.
    package var brickWallHertz: Double?
    /// Whether the spectrum looks upsampled or once lossy, by the meter's rule; false where it was not measured.
    package var isUpsamplingSuspected = false
    /// SHA-256 of the decoded samples as `render.json` has it; nil where not asked for.
    package var pcmSHA256: String?

    package init(form: FileForm) { self.form = form }

    /// Mid frequencies of `octaveLevels`, IEC 61260.
    package static let octaveHertz: [Double] = [31.5, 63, 125, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000]
}
